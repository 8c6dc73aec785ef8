# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the changed rules made flows fare otherwise.

A changed rule is named if it decides about some of the flows, before or after, or if it sends them elsewhere
or rewrites them. Beside rules: members of sets, default actions, whole rulesets, and what feeds a condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..model.flowset import FlowSet
from ..model.match import Member
from ..model.rules import Rule, Ruleset
from ..model.state import Interface
from . import shadow
from .objects import Objects
from .pair import ChainChange, Pair, ShadowFirewall
from .rulechanges import ADDED, CHANGED, MOVED, REMOVED, changes_between
from .rulediff import as_dict, set_diff
from .scope import verdicts

if TYPE_CHECKING:
    from .diff import Ask

ZONE = "zone"
_FINAL = ("accept", "drop", "reject", "continue")
_MOST_REASONS = 5


@dataclass(frozen=True)
class Culprit:
    """``kind``: added, removed, changed, moved; members of a set; zone of an interface; default_action, created,
    deleted, hook, priority, type or family of a ruleset. ``before``, ``after``: the rule or the value, None where there
    is none. ``place``: the ruleset or chain, the set, or the interface."""

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
        self._members: dict[str, list[Culprit]] = {}

    @cached_property
    def _objects(self) -> Objects:
        return Objects((side.side.real for side in self.pair.sides), self.pair.sets)

    @cached_property
    def rezoned(self) -> dict[str, Culprit]:
        """Interfaces that are in another zone than before."""
        before, after = (side.side.real.interfaces for side in self.pair.sides)
        return {
            name: Culprit(self.hosts[1], f"interface {name}", ZONE, _zone(before, name), _zone(after, name))
            for name in dict.fromkeys((*before, *after))
            if _zone(before, name) != _zone(after, name)
        }

    def case(self, ask: Ask, hook: str, ruleset: str) -> Case:
        return Case(self, ask, self.pair.base(hook, ruleset))

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

    def feeders(self) -> Iterator[Culprit]:
        """Changed rules that feed a condition which no longer is the same."""
        for change in self.pair.changes.values() if self.pair.stale else ():
            for culprit in self.listed(change):
                rules = [rule for rule in (culprit.before, culprit.after) if isinstance(rule, Rule)]
                if any(
                    name in self.pair.stale for rule in rules for name in shadow.feeds(change.chain, rule)
                ):
                    yield culprit

    def members(self, name: str) -> list[Culprit]:
        """What changed of a set; where that is what an object holds, of the object."""
        found = self._members.get(name)
        if found is None:
            before, after = (side.side.real for side in self.pair.sides)
            found = self._members[name] = [
                Culprit(self.hosts[1], key, entry["change"], members=entry)
                for key in self._objects.behind(name) or [name]
                for entry in set_diff(before.sets.get(key), after.sets.get(key))
            ]
        return found

    def told(self, culprit: Culprit) -> list[Culprit]:
        """What is to be told: of a rule that says what it said, the objects that it names, where they changed."""
        before, after = culprit.before, culprit.after
        if culprit.kind != CHANGED or not isinstance(before, Rule) or not isinstance(after, Rule):
            return [culprit]
        if shadow.lasting(before) != shadow.lasting(after):
            return [culprit]
        objects = [one for key in self._objects.behind(after.text) for one in self.members(key)]
        return objects or [culprit]


class Case:
    """What was seen of flows that fare otherwise at one place, and who did it. It keeps no set of flows."""

    def __init__(self, blame: Blame, ask: Ask, bases: Sequence[str]) -> None:
        self._blame = blame
        self._pair = blame.pair
        self._ask = ask
        self._bases = bases
        # Before and after: (chain, position) of the rules that decided, rulesets that did, or by their default action.
        self._deciders: tuple[set[tuple[str, int]], ...] = (set(), set())
        self._asked: set[str] = set()
        self._by_default: set[str] = set()
        self._steering: set[int] = set()
        self._sets: set[str] = set()
        self._rezoned: set[str] = set()
        self._reasons: tuple[dict[str, None], ...] = ({}, {})

    def see(self, parts: Sequence[FlowSet], changes: Sequence[ChainChange]) -> None:
        """``parts``: flows that fare otherwise, in parts that are quick to ask about; ``changes``: those that may
        have to do with them."""
        for part in parts:
            if part:
                self._see_part(part)
        flows = self._pair.space.nothing
        for part in parts:
            flows = flows | part
        self._see_steering(changes, flows)
        self._see_sets(changes, flows)
        self._rezoned |= {
            name
            for name in self._blame.rezoned
            if any(flows.named(field, (name,)) for field in ("in_interface", "out_interface"))
        }

    def _see_part(self, flows: FlowSet) -> None:
        """Of rules that let the flows pass on one side, those count that stand where the other side stops them."""
        sides = [self._ask(side, flows).parts for side in self._pair.sides]
        stopping = {
            ref.ruleset for parts in sides for one in parts if one.verdict != "permit" for ref in one.rules
        }
        for side, parts, deciders, reasons in zip(self._pair.sides, sides, self._deciders, self._reasons):
            for one in parts:
                if one.verdict == "unknown" and one.reason and len(reasons) < _MOST_REASONS:
                    reasons[one.reason] = None
                there = [ref for ref in one.rules if ref.ruleset in stopping]
                for ref in there or one.rules:
                    deciders.add((ref.chain, side.side.ref(ref).position))
                    self._asked.add(ref.ruleset)
                    if ref.position == 0:
                        self._by_default.add(ref.ruleset)

    def _see_steering(self, changes: Iterable[ChainChange], flows: FlowSet) -> None:
        for change in changes:
            for side, rules in zip(self._pair.sides, (change.removed, change.added)):
                for rule in rules:
                    real = id(side.side.rule(change.chain, rule))
                    if real not in self._steering and self._steers(rule) and self._meets(side, rule, flows):
                        self._steering.add(real)

    @staticmethod
    def _steers(rule: Rule) -> bool:
        """Whether the rule does something else to flows than to decide about them."""
        return bool(rule.effects) or any(one.kind not in _FINAL for one in verdicts(rule))

    def _meets(self, side: ShadowFirewall, rule: Rule, flows: FlowSet) -> bool:
        node = self._pair.space.certain(side.node(rule.match))
        return bool(self._pair.loosened(node) & flows)

    def _see_sets(self, changes: Iterable[ChainChange], flows: FlowSet) -> None:
        """Sets whose members changed, where rules that name them see the flows."""
        left = {name for name in self._pair.sets if name not in self._sets}
        for change in changes if left else ():
            for side, rules in zip(
                self._pair.sides,
                (
                    [*change.removed, *(old for old, _new in change.affected)],
                    [*change.added, *(new for _old, new in change.affected)],
                ),
            ):
                for rule in rules:
                    named = left.intersection(_named(rule))
                    if named and self._meets(side, rule, flows):
                        self._sets |= named
                        left -= named

    def culprits(self) -> list[Culprit]:
        changes = self._pair.changes_from(self._bases)
        found = [culprit for change in changes for culprit in self._rules(change)]
        found += (one for name in self._pair.sets if name in self._sets for one in self._blame.members(name))
        found += self._of_bases(every=False)
        found += self._blame.feeders()
        found += (self._blame.rezoned[name] for name in sorted(self._rezoned))
        if not found:  # a chain of causes: name all that touches the flows
            found = [culprit for change in changes for culprit in self._blame.listed(change)]
            found += self._of_bases(every=True)
        told = (one for culprit in found for one in self._blame.told(culprit))
        return list({id(culprit): culprit for culprit in told}.values())

    def reasons(self) -> dict[str, list[str]]:
        """Why flows are not known, by ``before`` and ``after``."""
        return {name: list(found) for name, found in zip(("before", "after"), self._reasons)}

    def _rules(self, change: ChainChange) -> Iterator[Culprit]:
        for culprit in self._blame.listed(change):
            for known, rule in zip(self._deciders, (culprit.before, culprit.after)):
                if isinstance(rule, Rule) and (
                    (change.chain, rule.position) in known or id(rule) in self._steering
                ):
                    yield culprit
                    break

    def _of_bases(self, every: bool) -> Iterator[Culprit]:
        hosts = self._blame.hosts
        for key in self._bases:
            old, new = (side.side.real.rulesets.get(key) for side in self._pair.sides)
            if old is None or new is None:
                if key in self._asked:
                    kind = "created" if old is None else "deleted"
                    yield Culprit(hosts[0 if new is None else 1], key, kind, _default(old), _default(new))
                continue
            for name in ("default_action", "hook", "priority", "type", "family"):
                was, now = str(getattr(old, name)), str(getattr(new, name))
                if was != now and (every or name != "default_action" or key in self._by_default):
                    yield Culprit(hosts[1], key, name, was, now)


def _zone(interfaces: Mapping[str, Interface], name: str) -> str:
    zone = interfaces[name].zone if name in interfaces else ""
    return f"zone {zone}" if zone else "no zone"


def _default(ruleset: Ruleset | None) -> str | None:
    return f"default action: {ruleset.default_action}" if ruleset else None


def _named(rule: Rule) -> set[str]:
    """The sets that a rule asks about."""
    return {one.name.removesuffix(shadow.STALE) for one in shadow.conditions(rule) if isinstance(one, Member)}


def _distinct(rules: Iterable[tuple[Rule, Rule]]) -> list[tuple[Rule, Rule]]:
    """(rule, shadow) pairs; one rule of a device may be several here, at one position."""
    return list({(rule.position, rule.text): (rule, its_shadow) for rule, its_shadow in rules}.values())


def _doing(rule: Rule) -> tuple[object, ...]:
    return rule.match, rule.verdict, rule.effects
