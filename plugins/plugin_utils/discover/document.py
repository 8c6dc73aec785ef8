# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proposed policy as a file to edit: YAML, with the evidence as comments."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import yaml

from ..policy.read import load_policy
from ..render.clean import clean, clipped, listed
from .propose import Proposal
from .usage import Usage

SCHEMA = "urn:pathguard:schema:path-policy:1"
_TEMPLATES = Path(__file__).resolve().parent / "templates"
_WIDTH = 110
_LISTED = 6  # hosts, programs, addresses


def evidence(proposal: Proposal, usage: Usage) -> dict[str, Any]:
    """What was seen, as plain data."""
    found = list(proposal.uses.values())
    return {
        "connections": sum(len(one.connections) for one in found),
        "from": _ends((use.source for use in proposal.uses), usage),
        "to": _ends((use.destination for use in proposal.uses), usage),
        "sockets_of": sorted(set().union(*(one.sockets for one in found))),
        "tracked_by": sorted(set().union(*(one.tracked for one in found))),
        "client_programs": sorted(set().union(*(one.clients for one in found))),
        "server_programs": sorted(set().union(*(one.servers for one in found))),
        "translated_to": sorted(set().union(*(one.translated for one in found))),
        "not_seen": list(proposal.missing),
        "family": f"ipv{proposal.only}" if proposal.only else None,
    }


def _ends(addresses: Iterable[str], usage: Usage) -> list[str]:
    return sorted({usage.owners.get(address, address) for address in addresses})


def policy_text(
    proposals: Sequence[Proposal],
    usage: Usage,
    title: str,
    about: Sequence[str],
) -> str:
    """The file's text; it is read back as a policy, so what is written is one. ``about``: lines for its head.

    PolicyError if there is nothing to propose.
    """
    environment = jinja2.Environment(  # noqa: S701 - YAML, no HTML
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["flow"] = flow
    paths = [{**proposal.path(), "comments": _comments(evidence(proposal, usage))} for proposal in proposals]
    text = environment.get_template("policy.yml.j2").render(
        schema=SCHEMA, title=title, paths=paths, about=[_comment(line) for line in about]
    )
    load_policy(text)
    return text


def flow(value: Any) -> str:
    """A mapping, list or scalar in YAML's flow style."""
    text: str = yaml.safe_dump(
        [value], default_flow_style=True, sort_keys=False, allow_unicode=True, width=sys.maxsize
    )
    return text.strip()[1:-1]


def _comments(seen: Mapping[str, Any]) -> list[str]:
    lines = [
        f"seen: {_count(seen['connections'], 'connection')} from {_some(seen['from'])} to {_some(seen['to'])}"
    ]
    if seen["client_programs"] or seen["server_programs"]:
        clients, servers = (_some(seen[name]) or "?" for name in ("client_programs", "server_programs"))
        lines.append(f"programs: {clients} -> {servers}")
    ways = [
        f"{what} of {_some(seen[name])}"
        for what, name in (("sockets", "sockets_of"), ("connection tracking", "tracked_by"))
        if seen[name]
    ]
    lines.append(f"by: {', '.join(ways)}")
    if seen["translated_to"]:
        lines.append(f"translated on the way to {_some(seen['translated_to'])}")
    if seen["not_seen"]:
        lines.append(f"not seen, although of that group: {_some(seen['not_seen'])}")
    if seen["family"]:
        lines.append("the other address family was not seen: without 'families', both are asked for")
    return [_comment(line) for line in lines]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(values: list[str]) -> str:
    return listed(values, _LISTED)


def _comment(line: str) -> str:
    """One line, whatever a program is called."""
    return clipped(clean(line), _WIDTH)
