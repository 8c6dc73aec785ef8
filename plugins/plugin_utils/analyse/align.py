# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two lists of rules laid side by side by what the rules do, not by how they are written.

Any common subsequence will do for what rests on this: a flow that no rule beside it matches meets the same
rules in the same order, before and after. Patience diff finds a long one in n log n: what is the same at both
ends, then the rules that are unique in both lists, in their longest common order, then again between these.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..model.rules import CONTINUE, Rule


@dataclass(frozen=True, slots=True)
class Aligned:
    """Indexes: ``kept`` pairs in the order of both lists, and what has no partner in the other list."""

    kept: list[tuple[int, int]]
    removed: list[int]
    added: list[int]


def doings(rules: Sequence[Rule]) -> list[tuple[object, ...]]:
    """What each rule does with flows, comparable; one that follows another does it after that one."""
    found: list[tuple[object, ...]] = []
    for rule in rules:
        before = found[-1] if rule.follows and found else None
        found.append((rule.match, rule.verdict, rule.effects, before))
    return found


def inert(rule: Rule) -> bool:
    """A rule that decides nothing and changes nothing about a packet: it counts, logs, or feeds a set."""
    return rule.verdict == CONTINUE and not rule.effects


def align(before: Sequence[Rule], after: Sequence[Rule]) -> Aligned:
    old, new = doings(before), doings(after)
    kept: list[tuple[int, int]] = []
    todo = [(0, len(old), 0, len(new))]
    while todo:
        first_old, end_old, first_new, end_new = todo.pop()
        while first_old < end_old and first_new < end_new and old[first_old] == new[first_new]:
            kept.append((first_old, first_new))
            first_old, first_new = first_old + 1, first_new + 1
        while first_old < end_old and first_new < end_new and old[end_old - 1] == new[end_new - 1]:
            end_old, end_new = end_old - 1, end_new - 1
            kept.append((end_old, end_new))
        if first_old == end_old or first_new == end_new:
            continue
        same = anchors(old, new, range(first_old, end_old), range(first_new, end_new))
        if same:
            kept += same
            last = (first_old - 1, first_new - 1)
            for anchor in [*same, (end_old, end_new)]:
                todo.append((last[0] + 1, anchor[0], last[1] + 1, anchor[1]))
                last = anchor
    kept.sort()
    old_kept, new_kept = {pair[0] for pair in kept}, {pair[1] for pair in kept}
    return Aligned(
        kept,
        [index for index in range(len(old)) if index not in old_kept],
        [index for index in range(len(new)) if index not in new_kept],
    )


def anchors(
    old: Sequence[object], new: Sequence[object], old_span: range, new_span: range
) -> list[tuple[int, int]]:
    """Pairs of rules that are unique on both sides, as many as stand in the same order on both."""
    in_old, in_new = _unique(old, old_span), _unique(new, new_span)
    pairs = [(index, in_new[key]) for key, index in in_old.items() if key in in_new]
    # Longest increasing subsequence of the second index, by patience.
    tops: list[int] = []
    piles: list[int] = []
    previous: list[int] = []
    for at, (_old, index) in enumerate(pairs):
        pile = bisect_left(tops, index)
        previous.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(index)
            piles.append(at)
        else:
            tops[pile], piles[pile] = index, at
    found, at = [], piles[-1] if piles else -1
    while at >= 0:
        found.append(pairs[at])
        at = previous[at]
    return found[::-1]


def _unique(doings: Sequence[object], span: range) -> dict[object, int]:
    """What occurs once -> where, in order."""
    counted = Counter(doings[index] for index in span)
    return {doings[index]: index for index in span if counted[doings[index]] == 1}
