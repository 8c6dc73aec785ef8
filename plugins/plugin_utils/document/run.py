# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One documentation: read the hosts or what was saved of them, work out what rests on what, write what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..audit.collect import READ, AuditSite, Collected, HostRead, from_files, from_snapshots, inner
from ..audit.given import Given, check, read_policies
from ..errors import DocumentError, PathGuardError
from ..gather.names_file import read as read_names
from ..guard.names import resolver as ask_names
from ..policy.names import Names
from ..policy.paths import Policy
from . import files
from .files import Change, changes, write
from .pages import FORMATS, pages
from .site import Known, Say, SiteDocument, site_document

OPTION = "path_document_policies"
RUN = "document"
# How an error begins what to do about it.
_ADVICE = "what to do: "


@dataclass(frozen=True)
class Order:
    """What is asked for. ``policies``: as given, see read_policies. ``folder``: that relative paths start from.
    ``directory``: for the pages. ``snapshots``, ``files``: folders to read instead of hosts; ``platforms``: of those
    hosts, or why one has none. ``keep``: whether to write nothing (check mode)."""

    title: str
    policies: Any
    folder: Path
    directory: Path
    hosts: Sequence[str]
    groups: Mapping[str, Sequence[str]]
    inventory: Sequence[str]
    snapshots: Path | None = None
    files: Path | None = None
    platforms: Mapping[str, str | PathGuardError] = field(default_factory=dict)
    formats: Sequence[str] = FORMATS
    keep: bool = False


@dataclass(frozen=True)
class Documented:
    site: SiteDocument
    changes: list[Change]


def document(order: Order, site: AuditSite | None, say: Say) -> Documented:
    """``site``: None where saved files are read. Mistakes in what is asked for are told before any host is read.

    Raises PathGuardError where there is nothing to tell, and OSError's reasons as one where pages can't be written.
    """
    formats = _formats(order.formats)
    given = read_policies(order.policies, order.folder, OPTION)
    if not order.hosts:
        raise DocumentError("there is no host to document", "path_document_hosts", "correct the host pattern")
    if order.snapshots is not None and order.files is not None:
        raise DocumentError(
            "both snapshots and saved outputs are named",
            "path_document_snapshots, path_document_files",
            "name one of them",
        )
    check(given, order.groups, order.inventory, OPTION)
    if not order.keep:
        files.check(order.directory)
    collected = _collect(order, site)
    if not collected.states:
        raise _nobody(next(iter(collected.hosts.values())))
    say(f"{len(collected.states)} of {len(order.hosts)} hosts read")
    found = site_document(order.title, given, _known(order, given, collected, site), say)
    changed = changes(order.directory, pages(found, formats))
    if not order.keep:
        write(order.directory, changed)
    return Documented(found, changed)


def _nobody(first: HostRead) -> DocumentError:
    """No host could be read: what the first of them says, and what to do about that."""
    what, *rest = first.error.splitlines()
    told = [line.partition(_ADVICE)[2] for line in rest if line.startswith(_ADVICE)]
    return DocumentError(
        f"no host could be read, so no page was changed; {first.name}: {what}",
        f"host {first.name}",
        told[0] if told else "see that the hosts can be reached, or that the saved files are there",
    )


def _formats(given: Sequence[str]) -> tuple[str, ...]:
    wrong = [name for name in given if name not in FORMATS]
    if wrong or not given:
        what = f"there is no form {wrong[0]!r}" if wrong else "no form is named"
        raise DocumentError(what, "path_document_formats", f"use some of {', '.join(FORMATS)}")
    return tuple(given)


def _collect(order: Order, site: AuditSite | None) -> Collected:
    if site is not None:
        return site.collect(order.hosts, None, RUN, True)
    if order.files is not None:
        return from_files(order.files, order.hosts, order.platforms, None, RUN, "path_document_files")
    return from_snapshots(order.snapshots or order.folder, order.hosts)


def _known(order: Order, given: Sequence[Given], collected: Collected, site: AuditSite | None) -> Known:
    states = collected.states
    kept = Names(read_names(inner(order.snapshots))) if order.snapshots is not None else None

    def resolver(policy: Policy) -> Names | None:
        if site is not None:
            return ask_names(policy, order.groups, states, site)
        return kept

    return Known(
        states=states,
        groups=order.groups,
        platforms={name: one.platform for name, one in collected.hosts.items()},
        errors={name: one.error for name, one in collected.hosts.items() if one.status != READ},
        resolver=resolver,
    )
