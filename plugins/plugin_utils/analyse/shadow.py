# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A state rewritten so that an undecidable condition has one name before and after a change.

Two conditions with the same name are true or false together, so they cancel in a comparison. A rule's own
memory (a rate limit) goes by what the rule does and asks, wherever it stands by now. A condition that others
feed (a `recent` list, a set that packets fill, members that could not be read) keeps its name only if what
feeds it is the same too; else it is ``stale`` and gets another one on the changed side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ..model.match import All, Either, Fib, Match, Member, Named, Not, Unknown
from ..model.rules import Outcome, Rule, Verdict, VerdictMap
from ..model.state import State
from .outcome import RuleRef
from .rulechanges import settled
from .scope import rules_by_chain

# What feeds a condition: ("set", key), ("recent", list), ("routes", "").
Input = tuple[str, str]
ROUTES: Input = ("routes", "")
STALE = " (after the change)"
# A comment is no part of what a rule does (nft(8) comment, xt_comment).
_COMMENT = re.compile(r' comment "(?:\\.|[^"\\])*"| -m comment --comment (?:"(?:\\.|[^"\\])*"|\S+)')
_RECENT = re.compile(r"-m recent\b(?:.*? --name (\S+))?")
_RECENT_FEEDS = re.compile(r"--(?:set|update|remove)\b")
_NFT_FEEDS = re.compile(r"\b(?:add|update|delete) @([\w./-]+)|\bmeter ([\w./-]+)")
_XT_FEEDS = re.compile(r"--(?:add|del)-set (\S+)")
_ROUTED = re.compile(r"\bfib\b|\brpfilter\b|\baddrtype\b|address type|packet type")
_IPSET_KEY = re.compile(r"^ipset (\S+) ")
# No position of a real rule is that high.
_FIRST_SLOT = 1 << 40


def recent_list(words: str) -> str:
    """The list that `-m recent` speaks of (xt_recent: DEFAULT unless named); empty for other words."""
    found = _RECENT.search(words)
    return (found[1] or "DEFAULT") if found else ""


def feeds(chain: str, rule: Rule) -> Iterable[Input]:
    """What this rule writes to as packets pass."""
    words = rule.text
    if "@" in words or "meter" in words:
        place = chain.rpartition("/")[0]
        for found in _NFT_FEEDS.finditer(words):
            yield "set", f"{place}/{found[1] or found[2]}"
    if "-set " in words:
        for found in _XT_FEEDS.finditer(words):
            yield "set", f"ipset/{found[1]}"
    if "-m recent" in words and _RECENT_FEEDS.search(words):
        yield "recent", recent_list(words)


def unsettled(rule: Rule) -> Iterable[bool]:
    """For each effect whether it gives a field a value that is not known."""
    for effect in rule.effects:
        ranged = effect.address is not None and effect.address[0] != effect.address[1]
        yield (
            effect.kind not in ("set", "notrack", "zone")
            or (effect.kind == "set" and effect.value is None)
            or ranged
        )


def lasting(rule: Rule) -> str:
    """The text without counters and comment."""
    return _COMMENT.sub("", settled(rule.text))


def unknowns(match: Match) -> Iterable[Unknown | Member]:
    """The conditions within that may be undecidable."""
    if isinstance(match, (Unknown, Member)):
        yield match
    elif isinstance(match, Not):
        yield from unknowns(match.match)
    elif isinstance(match, (All, Either)):
        for part in match.matches:
            yield from unknowns(part)


def outcome_matches(verdict: Outcome) -> Iterable[Match]:
    return (case for case, _verdict in verdict.cases) if isinstance(verdict, VerdictMap) else ()


def asks(match: Match, fields: Iterable[str]) -> bool:
    """Whether a match asks for one of these fields by name."""
    if isinstance(match, Named):
        return match.field in fields
    if isinstance(match, Not):
        return asks(match.match, fields)
    return isinstance(match, (All, Either)) and any(asks(part, fields) for part in match.matches)


def conditions(rule: Rule) -> Iterable[Unknown | Member]:
    """Those of a rule's match and of its verdict's cases."""
    for match in (rule.match, *outcome_matches(rule.verdict)):
        yield from unknowns(match)


def inputs(condition: Unknown | Member, sets: Mapping[str, object]) -> Iterable[Input]:
    """What a condition depends on beside the packet; ``sets``: those whose members are not settled."""
    if isinstance(condition, Member):
        if condition.name in sets:
            yield "set", condition.name
        return
    if "-m recent" in condition.reason:
        yield "recent", recent_list(condition.reason)
    listed = _IPSET_KEY.match(condition.key)
    if listed:
        yield "set", f"ipset/{listed[1]}"
    if _ROUTED.search(condition.reason):
        yield ROUTES


def asks_routes(rule: Rule) -> bool:
    """Whether what the rule matches follows from the routes."""
    return any(_asks_routes(match) for match in (rule.match, *outcome_matches(rule.verdict)))


def _asks_routes(match: Match) -> bool:
    if isinstance(match, Not):
        return _asks_routes(match.match)
    if isinstance(match, (All, Either)):
        return any(_asks_routes(part) for part in match.matches)
    return isinstance(match, Fib)


def rewritten(match: Match, change: Callable[[Unknown | Member], Match]) -> Match:
    """The match with each of its conditions replaced; the very same object where none is."""
    if isinstance(match, (Unknown, Member)):
        return change(match)
    if isinstance(match, Not):
        inner = rewritten(match.match, change)
        return match if inner is match.match else Not(inner)
    if isinstance(match, (All, Either)):
        parts = tuple(rewritten(part, change) for part in match.matches)
        if all(part is old for part, old in zip(parts, match.matches)):
            return match
        return type(match)(parts)
    return match


@dataclass(frozen=True)
class Slots:
    """Names that both sides share: what a rule is (and the how-manieth of its kind) -> a number."""

    numbers: dict[object, int]

    def number(self, identity: object) -> int:
        return self.numbers.setdefault(identity, _FIRST_SLOT + len(self.numbers))


class Shadow:
    """``state``: the rewritten state. Its rules have other positions; ``rule`` finds the real one."""

    def __init__(
        self, real: State, slots: Slots, everywhere: bool, open_sets: Mapping[str, object], stale: set[Input]
    ) -> None:
        """``everywhere``: every rule gets a shared number, because what packets have become asks for it.
        ``open_sets``: names of sets whose members are not settled. ``stale``: inputs that have changed."""
        self.real = real
        self._slots = slots
        self._everywhere = everywhere
        self._open = open_sets
        self._stale = stale
        self._origin: dict[tuple[str, int], Rule] = {}
        self._own: dict[str, str] = {}
        self.real_rules = rules_by_chain(real)
        self.rules = {key: self._chain(key, listed) for key, listed in self.real_rules.items()}
        self.state = replace(
            real,
            rulesets={
                key: replace(item, rules=self.rules[key]) if self.rules[key] is not item.rules else item
                for key, item in real.rulesets.items()
            },
            chains={
                key: replace(item, rules=self.rules[key]) if self.rules[key] is not item.rules else item
                for key, item in real.chains.items()
            },
            sets={key + STALE if ("set", key) in stale else key: named for key, named in real.sets.items()},
        )

    def rule(self, chain: str, shadow: Rule) -> Rule:
        """The real rule of a shadow."""
        return self._origin.get((chain, shadow.position), shadow)

    def ref(self, ref: RuleRef) -> RuleRef:
        """The same evidence in the real rule's words."""
        found = self._origin.get((ref.chain, ref.position))
        if found is None:
            return ref
        return replace(
            ref,
            position=found.position,
            text=found.text,
            handle=found.handle,
            line=found.line,
            comment=found.comment,
        )

    def _chain(self, key: str, rules: list[Rule]) -> list[Rule]:
        seen: dict[object, int] = {}
        found = [
            self._shadow(key, rule, seen) if self._everywhere or self._undecided(rule) else rule
            for rule in rules
        ]
        return rules if all(one is other for one, other in zip(found, rules)) else found

    def _undecided(self, rule: Rule) -> bool:
        verdicts = (
            [verdict for _case, verdict in rule.verdict.cases]
            if isinstance(rule.verdict, VerdictMap)
            else [rule.verdict]
        )
        return any(verdict.kind in ("unknown", "jump", "goto") for verdict in verdicts) or any(
            isinstance(one, Unknown) or one.name in self._open for one in conditions(rule)
        )

    def _shadow(self, key: str, rule: Rule, seen: dict[object, int]) -> Rule:
        owns = (f"{key}: ", f"{key.rpartition('/')[0]}: ")

        def blank(condition: Unknown | Member) -> Match:
            if isinstance(condition, Unknown) and condition.key.startswith(owns):
                return replace(condition, key="")
            return condition

        verdict = _mapped(rule.verdict, blank)
        identity = (key, rewritten(rule.match, blank), verdict, rule.effects)
        seen[identity] = count = seen.get(identity, 0) + 1
        slot = self._slots.number((identity, count))
        number = 0

        def name(condition: Unknown | Member) -> Match:
            nonlocal number
            if isinstance(condition, Unknown) and condition.key.startswith(owns):
                number += 1
                key_now = self._own.setdefault(condition.key, f"{key} {slot} {number}")
            else:
                key_now = condition.key if isinstance(condition, Unknown) else condition.name
            if not self._stale.isdisjoint(inputs(condition, self._open)):
                key_now += STALE
            if isinstance(condition, Member):
                return condition if key_now == condition.name else Member(key_now, condition.fields)
            return condition if key_now == condition.key else replace(condition, key=key_now)

        shadow = replace(
            rule,
            position=slot,
            match=rewritten(rule.match, name),
            verdict=_mapped(rule.verdict, name),
            text="",
        )
        self._origin[(key, slot)] = rule
        return shadow


def _mapped(verdict: Outcome, change: Callable[[Unknown | Member], Match]) -> Outcome:
    if isinstance(verdict, Verdict):
        return verdict
    return VerdictMap(tuple((rewritten(case, change), one) for case, one in verdict.cases))
