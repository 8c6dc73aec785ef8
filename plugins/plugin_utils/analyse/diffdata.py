# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences and unreachable rules in plain data, of bounded size: what the filters give back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, product
from math import prod
from typing import Any

from ..errors import FlowError
from ..model.flowset import FlowSet
from ..model.state import State
from .diff import Entry, differences, simplest

# Parts of a set of flows, and rules, that are listed; all others are counted.
MOST = 50
# Counting parts takes its time, too; beyond this many it is given up, and said so.
MOST_COUNTED = 5_000
_MOST_VALUES = 100


def most_from(limit: Any) -> int:
    """How many parts and rules are listed. FlowError for what is no such number."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_COUNTED:
        raise FlowError(f"limit is {limit!r}", "firewall_diff", f"give a number from 1 to {MOST_COUNTED}")
    return limit


def firewall_difference(
    before: State, after: State, ruleset: str | None = None, most: int = MOST
) -> list[dict[str, Any]]:
    """An entry for each hook and kind of connection with a difference; none for none. See the filter's docs."""
    return [_entry(entry, after.host, most) for entry in differences(before, after, ruleset)]


def _entry(entry: Entry, host: str, most: int) -> dict[str, Any]:
    moved = entry.moved

    def bucket(flows: FlowSet) -> dict[str, Any]:
        return listed(simplest(flows, entry.asked), most)

    def apart(parts: Mapping[str, FlowSet]) -> dict[str, Any]:
        return {verdict: bucket(flows) for verdict, flows in parts.items()}

    found: dict[str, Any] = {"host": host, "hook": entry.hook, "connection": entry.connection}
    if entry.ruleset:
        found["ruleset"] = entry.ruleset
    return {
        **found,
        "gained": bucket(moved.gained),
        "lost": bucket(moved.lost),
        "became_unknown": apart(moved.to_unknown),
        "became_known": apart(moved.from_unknown),
        "still_unknown": bucket(moved.unknown),
        "rewritten": bucket(moved.rewritten),
        "reasons": entry.reasons,
        "rules": [culprit.to_dict() for culprit in entry.culprits[:most]],
        "more_rules": max(len(entry.culprits) - most, 0),
    }


def listed(flows: FlowSet, most: int) -> dict[str, Any]:
    """``{flows, more, counted}``: at most so many parts, how many there are beside them, and whether all of
    those were counted. A part with very many values of one field is several."""
    pieces = flows.pieces(limit=MOST_COUNTED + 1)
    shown: list[dict[str, list[str]]] = []
    total = 0
    for piece in pieces[:MOST_COUNTED]:
        counts = [-(-len(values) // _MOST_VALUES) for values in piece.values()]
        total += prod(counts)
        if len(shown) < most:
            shown += islice(_split(piece), most - len(shown))
    return {"flows": shown, "more": total - len(shown), "counted": len(pieces) <= MOST_COUNTED}


def _split(piece: Mapping[str, list[str]]) -> Iterator[dict[str, list[str]]]:
    """The part as parts with few values each."""
    chunks = [
        [values[start : start + _MOST_VALUES] for start in range(0, len(values), _MOST_VALUES)]
        for values in piece.values()
    ]
    for combination in product(*chunks):
        yield dict(zip(piece, combination))
