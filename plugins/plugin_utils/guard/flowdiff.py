# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What --diff shows of a guarded change: flows gained and lost on each host, and the rules that did it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..analyse.diffdata import firewall_difference
from ..analyse.rulechanges import settled
from ..errors import PathGuardError
from ..model.state import State
from ..render.clean import printable

# A screen; what is beyond is counted, and the filter firewall_diff tells all from the run's snapshots.
MOST_LINES = 40
MOST_PARTS = 4
LATER = "compare the run's snapshots with firewall_diff"
WIDTH = 160
_VALUES = 6
_KINDS = {"new": "new connections", "established": "open connections and replies", "other": "other packets"}
# (path into an entry, sign, words after the flows)
_PARTS = (
    ("lost", "-", ""),
    ("gained", "+", ""),
    ("became_unknown.permit", "?", " (was permitted, is not known any more)"),
    ("became_unknown.deny", "?", " (was denied, is not known any more)"),
    ("became_known.permit", "+", " (was not known)"),
    ("became_known.deny", "-", " (was not known)"),
    ("still_unknown", "?", " (not known, and not as before)"),
    ("rewritten", "~", " (translated or marked otherwise)"),
)


def flow_diff(before: Mapping[str, State], after: Mapping[str, State]) -> str:
    """The text for Ansible's ``diff``; empty if no packet fares otherwise on a host that both have."""
    lines = [
        line
        for host, state in after.items()
        if host in before and _may_differ(before[host], state)
        for line in _host(before[host], state)
    ]
    more = len(lines) - MOST_LINES
    if more > 0:
        lines = [
            *lines[:MOST_LINES],
            f"and {more} more lines: {LATER}",
        ]
    return printable("".join(f"{line}\n" for line in lines))


def flow_diff_within(
    seconds: float, before: Callable[[], Mapping[str, State]], after: Mapping[str, State]
) -> str:
    """The same, or that it was not worked out in that time: the decision is taken, and whoever reads it waits for this.
    ``before``: reads the states from before the change."""
    found: list[str] = []

    def work() -> None:
        try:
            found.append(flow_diff(before(), after))
        except PathGuardError as error:
            found.append(f"what the change did can't be shown: {error.what}\n")

    # When nobody waits for it any more, it ends with the process: Ansible has one for each task.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    late = f"which flows were gained and lost was not worked out within {seconds:.0f} s: {LATER}\n"
    return found[0] if found else late


def _may_differ(before: State, after: State) -> bool:
    """A fingerprint leaves out members of sets that come and go by themselves, and so do we here."""
    return before.fingerprint != after.fingerprint or not (before.firewall_known and after.firewall_known)


def _host(before: State, after: State) -> Iterator[str]:
    try:
        entries = firewall_difference(before, after, most=MOST_PARTS)
    except PathGuardError as error:  # the decision is taken: what can't be shown must not hide it
        yield _cut(f"{after.host}: {error.what}")
        return
    for entry in entries:
        yield from entry_lines(entry)


def entry_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    """An entry of ``firewall_difference`` as lines."""
    yield f"{entry['host']}, {entry['hook']}, {_KINDS[entry['connection']]}:"
    for path, sign, words in _PARTS:
        bucket: Any = entry
        for name in path.split("."):
            bucket = bucket[name]
        for flows in bucket["flows"]:
            yield _cut(f"  {sign} {_flow(flows)}{words}")
        if bucket["more"]:
            at_least = "" if bucket["counted"] else "at least "
            yield f"  {sign} and {at_least}{bucket['more']} more parts{words}"
    for rule in entry["rules"]:
        yield from _rule(rule)
    if entry["more_rules"]:
        yield f"  by {entry['more_rules']} more changes"


def _flow(flows: Mapping[str, list[str]]) -> str:
    return " ".join(f"{name} {_some(values)}" for name, values in flows.items()) or "everything"


def _some(values: list[str]) -> str:
    if values[:1] == ["!"]:
        return f"not {_some(values[1:])}"
    more = len(values) - _VALUES
    return ",".join(values[:_VALUES]) + (f" and {more} more" if more > 0 else "")


def _rule(rule: Mapping[str, Any]) -> Iterable[str]:
    if "set" in rule:
        yield f"  by {rule['change']} of {rule['set']}"
        yield from (_cut(f"    {sign} {_some(rule[name])}") for name, sign in _SIGNS if rule.get(name))
        return
    place = f", handle {rule['handle']}" if rule.get("handle") is not None else ""
    yield f"  by {rule['change']}: {rule['ruleset']}{place}"
    for name, sign in (("before", "-"), ("after", "+")):
        value = rule.get(name)
        if value is not None:
            yield _cut(f"    {sign} {settled(value['text']) if isinstance(value, Mapping) else value}")


_SIGNS = (("removed", "-"), ("added", "+"))


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."
