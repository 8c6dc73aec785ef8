# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's planned hosts and changes in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from .words import shorter

Entry = Mapping[str, Any]
# In the order in which they are told.
CLASSES = {
    "violations": "VIOLATION",
    "touching": "of a path, no worse",
    "expected": "expected",
    "harmless": "harmless",
}
_COLUMN = {"lost": "lost", "gained": "gained", "unknown": "unknown", "known": "known", "rewritten": "other"}
_WORDS = {
    "unknown": ", not known now",
    "known": ", was not known",
    "rewritten": ", translated or marked otherwise",
}
_CONNECTIONS = {"new": "new connections", "established": "open connections", "other": "other packets"}
_USUAL_PORTS = ["1024-65535"]
_TOLD = ("src", "dst", "protocol", "dst_port")
_FIELDS = {"src_port": "from port"}
_MOST_HOSTS = 4
_MOST_VALUES = 4


def planned(report: Entry) -> str:
    """``fw1 as by fw1.nft``: the hosts that were judged by their candidates; empty if none was."""
    found = [
        f"{host} as by {', '.join(_name(source) for source in item['candidates'])}"
        for host, item in report["hosts"].items()
        if item.get("candidates")
    ]
    more = len(found) - _MOST_HOSTS
    return "; ".join(found[:_MOST_HOSTS]) + (f"; and {more} more hosts" if more > 0 else "")


def _name(source: str) -> str:
    return PurePath(source).name if "/" in source else source


def head(report: Entry) -> list[str]:
    """What was planned, and whether the change touches required paths."""
    judged = planned(report)
    found = [f"planned {judged}: judged as they would be, nothing was changed"] if judged else []
    changes = report.get("changes")
    return [*found, f"change  {changes['statement']}", *not_seen(changes)] if changes else found


def not_seen(changes: Entry) -> list[str]:
    """What was expected, and did not happen: the change may not have done what it was made for."""
    found = changes.get("not_seen", ())
    more = len(found) - _MOST_VALUES
    tail = f"; and {more} more" if more > 0 else ""
    return [f"change  expected, and not seen: {'; '.join(found[:_MOST_VALUES])}{tail}"] if found else []


def flows(report: Entry) -> list[str]:
    """The flows that fare otherwise, violations first, a line for each part."""
    changes = report.get("changes") or {"entries": []}
    found: list[str] = []
    for name in CLASSES:
        for entry in changes["entries"]:
            found += _of(entry, name)
    return found


def _of(entry: Entry, name: str) -> Iterator[str]:
    place = f"{entry['host']} {entry['ruleset'] or entry['hook']}, {_CONNECTIONS[entry['connection']]}"
    for kind, parts in entry["flows"].get(name, {}).items():
        head = f"{_COLUMN[kind]:<7} {CLASSES[name]}: {place}{_WORDS.get(kind, '')}"
        for flow in parts["flows"]:
            yield ": ".join([", ".join([head, *_beside(flow)]), _ends(flow)])
        if parts["more"]:
            yield f"{head}: {'' if parts['counted'] else 'at least '}{parts['more']} more parts"


def flow_text(flow: Mapping[str, list[str]]) -> str:
    """``10.10.1.66 -> 10.20.1.10, tcp 5432``; what else there is comes behind."""
    return ", ".join([_ends(flow), *_beside(flow)])


def _ends(flow: Mapping[str, list[str]]) -> str:
    ends = " -> ".join(_addresses(flow.get(end, ["any"])) for end in ("src", "dst"))
    service = " ".join(_some(flow[name]) for name in ("protocol", "dst_port") if name in flow)
    return ", ".join([ends, *([service] if service else [])])


def _beside(flow: Mapping[str, list[str]]) -> list[str]:
    """What else there is. Of two parts with the same ends it is all that tells them apart: a line that may be cut off
    says it first."""
    return [
        f"{_FIELDS.get(name, name)} {_some(values)}"
        for name, values in flow.items()
        if name not in _TOLD and not (name == "src_port" and values == _USUAL_PORTS)
    ]


def _addresses(values: list[str]) -> str:
    """Most of a family as what is missing of it."""
    return _some(values if values[0] == "!" else shorter(values, _MOST_VALUES))


def _some(values: list[str]) -> str:
    if values[:1] == ["!"]:
        return f"not {_some(values[1:])}"
    more = len(values) - _MOST_VALUES
    return ",".join(values[:_MOST_VALUES]) + (f" and {more} more" if more > 0 else "")
