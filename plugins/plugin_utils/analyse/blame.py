# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the changed rules made flows fare otherwise.

A changed rule is named if it decides about some of the flows, before or after, or if it sends them elsewhere
or rewrites them. Beside rules: members of sets, default actions, whole rulesets, and what feeds a condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..model.flowset import FlowSet
from ..model.match import Member
from ..model.rules import Rule, Ruleset
from . import shadow
from .outcome import Part
from .pair import ChainChange, Pair, ShadowFirewall
from .rulechanges import ADDED, CHANGED, MOVED, REMOVED, changes_between
from .rulediff import as_dict, set_diff
from .scope import verdicts

if TYPE_CHECKING:
    from .diff import Ask

_FINAL = ("accept", "drop", "reject", "continue")
_MOST_REASONS = 5


@dataclass(frozen=True)
class Culprit:
    """``kind``: added, removed, changed, moved; members of a set; default_action, created, deleted, hook,
    priority, type or family of a ruleset. ``before``, ``after``: the rule or the value, None where there is
    none. ``place``: the ruleset or chain, or the set."""

    host: str
    place: str
    kind: str
    before: Rule | str | None = None
    after: Rule | str | None = None
    members: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"host": self.host, "change": self.kind}
        if self.members is not None:
            return {**found, "set": self.place, **self.members}
        found["ruleset"] = self.place
        if not isinstance(self.before, Rule) and not isinstance(self.after, Rule):
            return {**found, "before": self.before, "after": self.after}
        here = self.after if isinstance(self.after, Rule) else self.before
        if isinstance(here, Rule):
            found.update(as_dict(here))
        for name, rule in (("before", self.before), ("after", self.after)):
            found[name] = as_dict(rule) if isinstance(rule, Rule) else None
        return found


class Blame:
    """The culprits of one pair of states."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.hosts = tuple(side.side.real.host for side in pair.sides)
        self._listed: dict[str, list[Culprit]] = {}

    def of(
        self, parts: Sequence[FlowSet], ask: Ask, hook: str, ruleset: str
    ) -> tuple[list[Culprit], dict[str, list[str]]]:
        """The culprits, and why flows are not known, by ``before`` and ``after``. ``parts``: the flows that
        fare otherwise, in parts that are quick to ask about."""
        flows = self.pair.space.nothing
        for part in parts:
            flows = flows | part
        bases = self.pair.base(hook, ruleset)
        changes = self.pair.changes_from(bases)
        answers = [
            [one for part in parts if part for one in ask(side, part).parts] for side in self.pair.sides
        ]
        deciders = [
            {(ref.chain, side.side.ref(ref).position) for part in parts for ref in part.rules}
            for side, parts in zip(self.pair.sides, answers)
        ]
        found = [culprit for change in changes for culprit in self._rules(change, deciders, flows)]
        found += self._members(changes, flows)
        found += self._bases(bases, answers, every=False)
        found += self._feeders()
        if not found:  # a chain of causes: name all that touches the flows
            found = [culprit for change in changes for culprit in self.listed(change)]
            found += self._bases(bases, answers, every=True)
        reasons = {
            name: _reasons(part for part in parts if part.verdict == "unknown")
            for name, parts in zip(("before", "after"), answers)
        }
        return list({id(culprit): culprit for culprit in found}.values()), reasons

    def listed(self, change: ChainChange) -> list[Culprit]:
        """A chain's changed rules, each with what it became."""
        found = self._listed.get(change.chain)
        if found is None:
            found = self._listed[change.chain] = list(self._paired(change))
        return found

    def _paired(self, change: ChainChange) -> Iterator[Culprit]:
        before, after = self.pair.sides
        old = _distinct((before.side.rule(change.chain, rule), rule) for rule in change.removed)
        new = _distinct((after.side.rule(change.chain, rule), rule) for rule in change.added)
        by_words: dict[str, list[tuple[Rule, Rule]]] = {}
        for one in new:
            by_words.setdefault(shadow.lasting(one[0]), []).append(one)
        left: list[Rule] = []
        gone: set[int] = set()
        for rule, its_shadow in old:
            alike = by_words.get(shadow.lasting(rule))
            if not alike:
                left.append(rule)
                continue
            now, now_shadow = alike.pop(0)
            gone.add(id(now))
            if _doing(its_shadow) == _doing(now_shadow):
                yield Culprit(self.hosts[1], change.chain, MOVED, rule, now)
            elif _doing(rule) != _doing(now):  # else what feeds it has changed, not the rule
                yield Culprit(self.hosts[1], change.chain, CHANGED, rule, now)
        new_left = [rule for rule, _shadow in new if id(rule) not in gone]
        yield from self._written(change.chain, left, new_left)

    def _written(self, chain: str, old: list[Rule], new: list[Rule]) -> Iterator[Culprit]:
        """Rules that came or went: what one became, by the way in which they are written."""
        before, after = (side.side.real_rules.get(chain, []) for side in self.pair.sides)
        pairs = {
            id(rule): (change.before[0], change.after[0])
            for change in changes_between(before, after).changes
            if change.kind == CHANGED
            for rule in (change.before[0], change.after[0])
        }
        known = {id(rule) for rule in (*old, *new)}
        told: set[int] = set()
        for rule in (*old, *new):
            ends = pairs.get(id(rule))
            if ends is not None and known.issuperset(map(id, ends)) and id(ends[0]) not in told:
                told.add(id(ends[0]))
                yield Culprit(self.hosts[1], chain, CHANGED, *ends)
        for rule in old:
            if id(rule) not in told:
                yield Culprit(self.hosts[0], chain, REMOVED, rule)
        became = {id(pairs[one][1]) for one in told}
        for rule in new:
            if id(rule) not in became:
                yield Culprit(self.hosts[1], chain, ADDED, None, rule)

    def _rules(
        self, change: ChainChange, deciders: list[set[tuple[str, int]]], flows: FlowSet
    ) -> Iterator[Culprit]:
        steering = {
            id(side.side.rule(change.chain, rule))
            for side, rules in zip(self.pair.sides, (change.removed, change.added))
            for rule in rules
            if self._steers(rule) and self._meets(side, rule, flows)
        }
        for culprit in self.listed(change):
            for known, rule in zip(deciders, (culprit.before, culprit.after)):
                if isinstance(rule, Rule) and (
                    (change.chain, rule.position) in known or id(rule) in steering
                ):
                    yield culprit
                    break

    @staticmethod
    def _steers(rule: Rule) -> bool:
        """Whether the rule does something else to flows than to decide about them."""
        return bool(rule.effects) or any(one.kind not in _FINAL for one in verdicts(rule))

    def _meets(self, side: ShadowFirewall, rule: Rule, flows: FlowSet) -> bool:
        node = self.pair.space.certain(side.node(rule.match))
        return bool(self.pair.loosened(node) & flows)

    def _members(self, changes: Iterable[ChainChange], flows: FlowSet) -> Iterator[Culprit]:
        """Sets whose members changed, where rules that name them see the flows."""
        before, after = (side.side.real for side in self.pair.sides)
        for name in self.pair.sets:
            users = (
                (side, rule)
                for change in changes
                for side, rules in zip(
                    self.pair.sides,
                    (
                        [*change.removed, *(old for old, _new in change.affected)],
                        [*change.added, *(new for _old, new in change.affected)],
                    ),
                )
                for rule in rules
                if any(_names(one, name) for one in shadow.conditions(rule))
            )
            if any(self._meets(side, rule, flows) for side, rule in users):
                for entry in set_diff(before.sets.get(name), after.sets.get(name)):
                    yield Culprit(self.hosts[1], name, entry["change"], members=entry)

    def _bases(self, bases: Iterable[str], answers: list[list[Part]], every: bool) -> Iterator[Culprit]:
        asked = {ref.ruleset for parts in answers for part in parts for ref in part.rules}
        default = {
            ref.ruleset for parts in answers for part in parts for ref in part.rules if ref.position == 0
        }
        for key in bases:
            old, new = (side.side.real.rulesets.get(key) for side in self.pair.sides)
            if old is None or new is None:
                if key in asked:
                    kind = "created" if old is None else "deleted"
                    yield Culprit(
                        self.hosts[0 if new is None else 1], key, kind, _default(old), _default(new)
                    )
                continue
            for name in ("default_action", "hook", "priority", "type", "family"):
                was, now = str(getattr(old, name)), str(getattr(new, name))
                if was != now and (every or name != "default_action" or key in default):
                    yield Culprit(self.hosts[1], key, name, was, now)

    def _feeders(self) -> Iterator[Culprit]:
        """Changed rules that feed a condition which no longer is the same."""
        for change in self.pair.changes.values() if self.pair.stale else ():
            for culprit in self.listed(change):
                rules = [rule for rule in (culprit.before, culprit.after) if isinstance(rule, Rule)]
                if any(
                    name in self.pair.stale for rule in rules for name in shadow.feeds(change.chain, rule)
                ):
                    yield culprit


def _default(ruleset: Ruleset | None) -> str | None:
    return f"default action: {ruleset.default_action}" if ruleset else None


def _names(condition: Any, name: str) -> bool:
    return isinstance(condition, Member) and condition.name.removesuffix(shadow.STALE) == name


def _distinct(rules: Iterable[tuple[Rule, Rule]]) -> list[tuple[Rule, Rule]]:
    """(rule, shadow) pairs; one rule of a device may be several here, at one position."""
    return list({(rule.position, rule.text): (rule, its_shadow) for rule, its_shadow in rules}.values())


def _doing(rule: Rule) -> tuple[object, ...]:
    return rule.match, rule.verdict, rule.effects


def _reasons(parts: Iterable[Part]) -> list[str]:
    return list(dict.fromkeys(part.reason for part in parts if part.reason))[:_MOST_REASONS]
