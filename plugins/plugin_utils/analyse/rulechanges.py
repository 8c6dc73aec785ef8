# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two lists of rules side by side, as they are written: what stayed, and each change, which can be undone alone."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ..model.match import All, Either, In, Masked, Match, Named, Not
from ..model.rules import Rule
from .align import anchors

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
# A rule that is as it was, and does something else: a named map that it looks up has changed.
LOOKS_UP = "looks up"

# How alike the texts of a rule and what it became are at least (difflib's ratio); one that was replaced in place
# by another that is less like it was removed, and the other added.
_SIMILAR = 0.6
# Of the rules that a rule may have become, so many of the nearest are looked at.
_NEAREST = 16
# What a host counts changes with the traffic, and is no part of a rule (nft(8) counter, quota, set timeouts).
_COUNTED = re.compile(
    r"(?<=counter) packets \d+ bytes \d+|(?<= )used \d+ [kmg]?bytes|\bexpires \w+|^\[\d+:\d+\] "
)
# The named maps that a rule of nft looks up (nft(8), "Verdict maps", "map" and "vmap" expressions).
_MAP = re.compile(r"\bv?map @(\S+)")
# difflib's effort grows with the product of both lengths; longer lists are split at rules that occur once.
_MOST_ALIGNED = 2_000

# The model's rules that one rule of the host became: it may do several things in order.
Group = tuple[Rule, ...]
_Span = tuple[int, int, int, int]


@lru_cache(maxsize=65536)
def settled(text: str) -> str:
    """A rule's text without what traffic changes in it."""
    return (
        _COUNTED.sub("", text)
        if "counter" in text or "used" in text or "expires" in text or text[:1] == "["
        else text
    )


def maps_of(chain: str, text: str) -> list[str]:
    """The keys of the named maps that a rule of a chain looks up, by its text."""
    if "map @" not in text:
        return []
    return [f"{chain.rpartition('/')[0]}/{name}" for name in _MAP.findall(text)]


@dataclass(frozen=True, eq=False, slots=True)
class RuleChange:
    """``kind``: added, removed, changed, moved (the same rule at another place among those that stayed), or looks
    up."""

    kind: str
    before: Group
    after: Group


@dataclass(frozen=True, slots=True)
class _Slot:
    before: Group
    after: Group
    change: RuleChange | None


@dataclass(slots=True)
class Changes:
    """``changes``: in the order of the old list, then what was added, then what was moved. ``looking_up``: rules that
    only do what a map says that has changed."""

    head: list[Rule]
    slots: list[_Slot]
    tail: list[Rule]
    changes: list[RuleChange] = field(default_factory=list)
    looking_up: list[RuleChange] = field(default_factory=list)

    def rules(self, undone: Collection[RuleChange]) -> list[Rule]:
        """The new list with some of the changes undone: with all of them, it says what the old one said."""
        middle = [
            rule
            for slot in self.slots
            for rule in (slot.before if slot.change is not None and slot.change in undone else slot.after)
        ]
        return [*self.head, *middle, *self.tail]


def changes_between(old: Sequence[Rule], new: Sequence[Rule]) -> Changes:
    first, last = _ends(old, new)
    head, tail = list(new[:first]), list(new[len(new) - last :])
    olds, news = _groups(old[first : len(old) - last]), _groups(new[first : len(new) - last])
    spans = list(_differing(_texts(olds), _texts(news), 0, 0))
    changes, of_old, of_new = _paired(olds, news, spans)
    slots = list(_slots(olds, news, spans, of_old, of_new))
    looking_up = [slot.change for slot in slots if slot.change is not None and slot.change.kind == LOOKS_UP]
    return Changes(head, slots, tail, changes, looking_up)


def _ends(old: Sequence[Rule], new: Sequence[Rule]) -> tuple[int, int]:
    """How many rules at the start and at the end are the same; no group is cut."""
    shorter = min(len(old), len(new))
    first = next((index for index in range(shorter) if not _same(old[index], new[index])), shorter)
    while _within(old, first) or _within(new, first):
        first -= 1
    rest = shorter - first
    last = next((index for index in range(rest) if not _same(old[-1 - index], new[-1 - index])), rest)
    while _within(old, len(old) - last) or _within(new, len(new) - last):
        last -= 1
    return first, last


def _within(rules: Sequence[Rule], place: int) -> bool:
    """Whether the rules before and at a place are of one group."""
    return 0 < place < len(rules) and _of_one(rules[place - 1], rules[place])


def _of_one(first: Rule, second: Rule) -> bool:
    return (first.position, first.text) == (second.position, second.text)


def _same(old: Rule, new: Rule) -> bool:
    return settled(old.text) == settled(new.text) and ("map @" not in new.text or _does(old) == _does(new))


def _does(rule: Rule) -> tuple[object, ...]:
    return rule.match, rule.verdict, rule.effects


def _groups(rules: Sequence[Rule]) -> list[Group]:
    found: list[list[Rule]] = []
    for rule in rules:
        if found and _of_one(found[-1][0], rule):
            found[-1].append(rule)
        else:
            found.append([rule])
    return [tuple(group) for group in found]


def _texts(groups: Sequence[Group]) -> list[str]:
    return [settled(group[0].text) for group in groups]


def _differing(old: list[str], new: list[str], at: int, there: int) -> Iterator[_Span]:
    """``(a, b, c, d)``: old[a:b] became new[c:d]; what lies between the spans is the same."""
    if max(len(old), len(new)) <= _MOST_ALIGNED:
        for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                yield at + a, at + b, there + c, there + d
        return
    same = anchors(old, new, range(len(old)), range(len(new)))
    if not same:
        yield at, at + len(old), there, there + len(new)
        return
    a = c = 0
    for b, d in [*same, (len(old), len(new))]:
        if (a, c) != (b, d):
            yield from _differing(old[a:b], new[c:d], at + a, there + c)
        a, c = b + 1, d + 1


def _paired(
    olds: Sequence[Group], news: Sequence[Group], spans: Sequence[_Span]
) -> tuple[list[RuleChange], dict[int, RuleChange], dict[int, RuleChange]]:
    """What became of each rule that is not where it was."""
    gone = [index for a, b, _c, _d in spans for index in range(a, b)]
    come = {index: None for _a, _b, c, d in spans for index in range(c, d)}
    partner = _moved(olds, news, gone, come)
    moved = list(partner)
    handles = {news[index][0].handle: index for index in come}
    for a, b, c, d in spans:
        for index in (index for index in range(a, b) if index not in partner):
            found = _same_handle(olds[index][0], news, handles, come)
            if found is None:
                found = _most_alike(olds[index][0], news, [other for other in range(c, d) if other in come])
            if found is not None:
                partner[index] = found
                del come[found]
    of_old: dict[int, RuleChange] = {}
    for index in gone:
        if index not in partner:
            of_old[index] = RuleChange(REMOVED, olds[index], ())
        else:
            kind = MOVED if settled(olds[index][0].text) == settled(news[partner[index]][0].text) else CHANGED
            of_old[index] = RuleChange(kind, olds[index], news[partner[index]])
    added = {index: RuleChange(ADDED, (), news[index]) for index in come}
    changes = [change for change in of_old.values() if change.kind != MOVED]
    changes += [*added.values(), *(of_old[index] for index in moved)]
    return changes, of_old, {other: of_old[index] for index, other in partner.items()} | added


def _moved(
    olds: Sequence[Group], news: Sequence[Group], gone: Sequence[int], come: dict[int, None]
) -> dict[int, int]:
    """Old index -> new index of rules that say the same elsewhere; takes the latter out of ``come``."""
    waiting: dict[str, list[int]] = {}
    for index in reversed(come):
        waiting.setdefault(settled(news[index][0].text), []).append(index)
    found = {}
    for index in gone:
        same = waiting.get(settled(olds[index][0].text))
        if same:
            found[index] = same.pop()
            del come[found[index]]
    return found


def _same_handle(
    rule: Rule, news: Sequence[Group], handles: dict[int | None, int], come: Container[int]
) -> int | None:
    """What a rule became that was replaced: ``nft replace`` keeps the handle. A table that is loaded anew counts its
    handles from the start, so that another rule may have come by it: one of the other family surely did."""
    found = handles.get(rule.handle) if rule.handle is not None else None
    if found is None or found not in come or _of_other_family(rule, news[found][0]):
        return None
    return found


def _most_alike(rule: Rule, news: Sequence[Group], there: Sequence[int]) -> int | None:
    """What a rule became that was written anew: the most alike of those at its place; never one of the other family."""
    text, best, found = settled(rule.text), _SIMILAR, None
    kin = [other for other in there if not _of_other_family(rule, news[other][0])]
    nearest = sorted(kin, key=lambda other: abs(news[other][0].position - rule.position))[:_NEAREST]
    for other in nearest:
        matcher = difflib.SequenceMatcher(None, text, settled(news[other][0].text))
        if matcher.real_quick_ratio() >= best and matcher.quick_ratio() >= best:
            ratio = matcher.ratio()
            if ratio > best or (found is None and ratio >= best):
                best, found = ratio, other
    return found


def _of_other_family(old: Rule, new: Rule) -> bool:
    was, now = frozenset(_families(old.match)), frozenset(_families(new.match))
    return bool(was and now) and was.isdisjoint(now)


def _families(match: Match) -> Iterator[str]:
    """``ipv4``, ``ipv6``: of the addresses that a match speaks of, and as it names them; none where it is of both."""
    if isinstance(match, (In, Masked)) and match.family:
        yield f"ipv{match.family}"
    elif isinstance(match, Named) and match.field == "family":
        yield from match.names
    elif isinstance(match, Not) and not isinstance(match.match, Named):
        yield from _families(match.match)
    elif isinstance(match, (All, Either)):
        for part in match.matches:
            yield from _families(part)


def _beside(old: Group, new: Group) -> _Slot:
    """Two rules of the same text at the same place."""
    if "map @" not in new[0].text or [_does(rule) for rule in old] == [_does(rule) for rule in new]:
        return _Slot(old, new, None)
    return _Slot(old, new, RuleChange(LOOKS_UP, old, new))


def _slots(
    olds: Sequence[Group],
    news: Sequence[Group],
    spans: Sequence[_Span],
    of_old: dict[int, RuleChange],
    of_new: dict[int, RuleChange],
) -> Iterator[_Slot]:
    """All rules in an order that is right for both lists."""
    at = 0
    places = {id(change): index for index, change in of_new.items()}
    for a, b, c, d in [*spans, (len(olds), len(olds), len(news), len(news))]:
        for index in range(at, a):
            yield _beside(olds[index], news[index + c - a])
        there = c
        for index in range(a, b):
            change = of_old[index]
            other = places.get(id(change), -1)
            if not there <= other < d:
                yield _Slot(olds[index], (), change)
                continue
            for number in range(there, other):
                yield _Slot((), news[number], of_new[number])
            yield _Slot(olds[index], news[other], change)
            there = other + 1
        for number in range(there, d):
            yield _Slot((), news[number], of_new[number])
        at = b
