# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two lists of rules laid side by side by what the rules do, not by how they are written.

Any common subsequence will do for what rests on this: a flow that no rule beside it matches meets the same
rules in the same order, before and after. Patience diff finds a long one in n log n: what is the same at both
ends, then the rules that are unique in both lists, in their longest common order, then again between these.
Rules in a row that do the same to all they match may stand in any order among themselves, so they are compared
in one that both lists share.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..model.rules import CONTINUE, Rule, VerdictMap

# Rules that deny do so at once or in silence: for the flows it is the same.
_DECIDES = {"accept": "permit", "drop": "deny", "reject": "deny", "return": "return"}

Bound = Callable[[Rule], bool]


@dataclass(frozen=True, slots=True)
class Aligned:
    """Indexes: ``kept`` pairs in the order of both lists, and what has no partner in the other list."""

    kept: list[tuple[int, int]]
    removed: list[int]
    added: list[int]


def _nowhere(_rule: Rule) -> bool:
    return False


def inert(rule: Rule) -> bool:
    """A rule that decides nothing and changes nothing about a packet: it counts, logs, or feeds a set."""
    return rule.verdict == CONTINUE and not rule.effects


def align(
    before: Sequence[Rule], after: Sequence[Rule], bound: tuple[Bound, Bound] = (_nowhere, _nowhere)
) -> Aligned:
    """``bound``: of each list, the rules that must stay where they are among the others."""
    first, last = _ends(before, after)
    old_end, new_end = len(before) - last, len(after) - last
    numbers: dict[object, int] = {}
    old_order, old = _settled(before[first:old_end], numbers, bound[0])
    new_order, new = _settled(after[first:new_end], numbers, bound[1])
    pairs = [(first + old_order[one], first + new_order[other]) for one, other in _common(old, new)]
    old_kept, new_kept = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    ends = [(index, index) for index in range(first)]
    ends += zip(range(old_end, len(before)), range(new_end, len(after)))
    return Aligned(
        sorted([*ends, *pairs]),
        [index for index in range(first, old_end) if index not in old_kept],
        [index for index in range(first, new_end) if index not in new_kept],
    )


def _does(rule: Rule) -> tuple[object, ...]:
    return rule.match, rule.verdict, rule.effects, rule.follows


def _ends(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[int, int]:
    """How many rules at the start and at the end do the same; one that follows another is not cut off from it."""
    shorter = min(len(before), len(after))
    first = next((at for at in range(shorter) if _does(before[at]) != _does(after[at])), shorter)
    while any(0 < first < len(rules) and rules[first].follows for rules in (before, after)):
        first -= 1
    rest = shorter - first
    last = next((at for at in range(rest) if _does(before[-1 - at]) != _does(after[-1 - at])), rest)
    while last and any(rules[len(rules) - last].follows for rules in (before, after)):
        last -= 1
    return first, last


def _settled(rules: Sequence[Rule], numbers: dict[object, int], bound: Bound) -> tuple[list[int], list[int]]:
    """An order of the rules that does the same, and a number for what each does in that order: one that follows
    another does it after that one. ``numbers``: of both lists."""
    doing: list[int] = []
    for rule in rules:
        before = doing[-1] if rule.follows and doing else None
        doing.append(numbers.setdefault((*_does(rule), before), len(numbers)))
    order: list[int] = []
    for kind, run in groupby(range(len(rules)), lambda at: _alike(rules, at, bound)):
        same = list(run)
        order += sorted(same, key=doing.__getitem__) if kind else same
    return order, [doing[at] for at in order]


def _alike(rules: Sequence[Rule], at: int, bound: Bound) -> str:
    """What a rule does to all that it matches, if this is all that it does; neighbours that do the same may change
    places."""
    rule = rules[at]
    if rule.effects or rule.follows or isinstance(rule.verdict, VerdictMap):
        return ""
    kind = _DECIDES.get(rule.verdict.kind, "")
    return "" if not kind or bound(rule) or (at + 1 < len(rules) and rules[at + 1].follows) else kind


def _common(old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """A long common subsequence, as pairs of indexes."""
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
    return kept


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
