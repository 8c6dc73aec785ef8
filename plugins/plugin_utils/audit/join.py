# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The slices of an audit put together: what each has read and examined, so that what is left are the policies.

The report is that of one audit of all hosts. A slice that has left no report, or a broken one, has hosts that are
missing: what depends on them is unknown, and the audit fails.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..errors import AuditError
from . import slices
from .collect import MISSING, READ, SNAPSHOTS, Collected, HostRead, from_snapshot
from .files import NAMES

Entry = dict[str, Any]
REPORT = NAMES["json"]
NO_REPORT = "its slice left no report"
# Between the reports of two slices of one audit, at most: an id that is used each night is of another audit each night.
APART = timedelta(hours=12)


@dataclass
class Joined:
    """``hosts``: each host of the audit's entry, missing ones too. ``missing``: numbers of slices without a report."""

    collected: Collected = field(default_factory=Collected)
    hosts: dict[str, Entry] = field(default_factory=dict)
    drift: dict[str, Entry] = field(default_factory=dict)
    hygiene: list[Entry] = field(default_factory=list)
    not_examined: list[Entry] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """``folder``: where the slices have left what they have found. ``count``: how many there are; 0 if they say so.
    ``joins``: of joined audits, None if nobody knows of any."""

    folder: Path
    count: int = 0
    joins: Path | None = None


def joined(
    source: Source, audit_id: str, hosts: Sequence[str], into: Path | None, with_baseline: bool
) -> Joined:
    """What the slices of an audit have found out about ``hosts``.

    ``into``: the folder of the joined audit, for those snapshots that lie in the slices' own; None where none could be
    made. Raises AuditError where the slices and this are not parts of one audit.
    """
    parts = _parts(source, audit_id)
    count = _count(source, parts)
    found = Joined()
    whose: dict[str, int] = {}
    for number, (path, document) in sorted(parts.items()):
        _check(path, document, hosts, with_baseline)
        for entry in document["hosts"]:
            # A host that is pinned to all slices is in each of them: one that has read it is believed.
            before = found.hosts.get(entry["name"])
            if before is None or (before["status"] != READ and entry["status"] == READ):
                found.hosts[entry["name"]] = entry
                whose[entry["name"]] = number
    for number, (_path, document) in sorted(parts.items()):
        _take(found, document, {name for name, owner in whose.items() if owner == number})
    for name in hosts:
        found.collected.hosts[name] = _host(found.hosts.get(name), name, parts, whose, into)
    found.missing = _missing(parts, count, hosts, found.hosts)
    return found


def _parts(source: Source, audit_id: str) -> dict[int, tuple[Path, Entry]]:
    """The last sound report of each slice, with its folder. One that is much older than another is no part of the same
    audit, and counts as missing; so does one from before the last join that was whole, if others came after it."""
    found: dict[int, tuple[Path, Entry]] = {}
    for number, paths in slices.folders(source.folder, audit_id).items():
        for path in paths:
            document = _document(path / REPORT, number)
            if document is not None:
                found[number] = (path, document)
                break
    if not found:
        raise AuditError(
            f"no slice of the audit {audit_id} has left a report",
            str(source.folder),
            "see why the slices failed; path_audit_slices_dir and path_audit_id say where they are looked for",
        )
    made = {number: slices.moment(document) for number, (_path, document) in found.items()}
    oldest = max(made.values()) - APART
    before = slices.last_joined(source.joins, audit_id, REPORT) if source.joins is not None else None
    if before is not None and max(made.values()) > before:
        oldest = max(oldest, before)
    return {number: part for number, part in found.items() if made[number] >= oldest}


def _document(path: Path, number: int) -> Entry | None:
    """None for one that is not there, or is no report of that slice: it counts as missing."""
    try:
        found: Entry = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    part = found.get("slice") if isinstance(found, dict) else None
    if not isinstance(part, dict) or part.get("number") != number:
        return None
    try:
        slices.moment(found)
    except (KeyError, AttributeError, ValueError):
        return None
    report: Entry = found
    return report


def _count(source: Source, parts: Mapping[int, tuple[Path, Entry]]) -> int:
    counts = sorted({document["slice"]["count"] for _path, document in parts.values()} | {source.count} - {0})
    if len(counts) > 1:
        raise AuditError(
            f"the slices are not of one audit: it has {' or '.join(map(str, counts))} of them",
            str(source.folder),
            "give each audit an id of its own by path_audit_id, and the join the same path_audit_slice_count",
        )
    return int(counts[0])


def _check(path: Path, document: Entry, hosts: Sequence[str], with_baseline: bool) -> None:
    more = sorted({entry["name"] for entry in document["hosts"]} - {*hosts})
    if more:
        raise AuditError(
            f"a slice is about {more[0]}{f' and {len(more) - 1} more' if len(more) > 1 else ''}, and the join is not",
            str(path),
            "give the join the inventory and the hosts that the slices were cut from",
        )
    if (document["baseline"] is not None) != with_baseline:
        given, other = ("the join", "a slice") if with_baseline else ("a slice", "the join")
        raise AuditError(
            f"{given} has a baseline, and {other} has none",
            str(path),
            "give path_audit_baseline to all of them, or to none",
        )


def _take(found: Joined, document: Entry, names: set[str]) -> None:
    found.drift.update({entry["host"]: entry for entry in document["drift"] if entry["host"] in names})
    found.hygiene += [entry for entry in document["hygiene"] if entry["host"] in names]
    found.not_examined += [entry for entry in document["not_examined"] if entry["host"] in names]


def _host(
    entry: Entry | None,
    name: str,
    parts: Mapping[int, tuple[Path, Entry]],
    whose: Mapping[str, int],
    into: Path | None,
) -> HostRead:
    if entry is None:
        return HostRead(name, error=NO_REPORT, unread=MISSING)
    if entry["status"] != READ:
        return HostRead(name, entry["platform"], error=entry["error"])
    folder, _document_of_it = parts[whose[name]]
    if not entry["snapshot"]:
        return HostRead(name, error="its slice could not keep a snapshot of it")
    path = folder / entry["snapshot"]
    own = into is not None and not Path(entry["snapshot"]).is_absolute()
    return from_snapshot(name, _beside(path, into) if own and into is not None else path, folder)


def _beside(path: Path, into: Path) -> Path:
    """The snapshot in the joined audit's own folder, by a link if they are on one disk. One that can't be there is read
    where it is."""
    target = into / SNAPSHOTS / path.name
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            os.link(path, target)
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(path, target)
            target.chmod(0o600)
    except OSError:
        return path
    return target


def _missing(
    parts: Mapping[int, tuple[Path, Entry]], count: int, hosts: Sequence[str], known: Mapping[str, Entry]
) -> list[int]:
    """The numbers of slices without a report. AWX tells a slice no number, so they go by their hosts: as many slices as
    have no report, and of these the ones of which the fewest hosts are known."""
    there_are = min(count, len(hosts))
    by_number = [number for number in range(1, there_are + 1) if number not in parts]
    if not by_number:
        return []

    def unknown(number: int) -> float:
        own = sorted(hosts)[number - 1 :: count]
        return sum(name not in known for name in own) / len(own) if own else 0.0

    worst = sorted(range(1, there_are + 1), key=lambda number: (-unknown(number), number))
    return sorted(worst[: len(by_number)])
