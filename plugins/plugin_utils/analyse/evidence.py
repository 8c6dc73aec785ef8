# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who decided about flows: a partition of them, with the rules of every ruleset that a part has passed.

What is let through owes that to a rule in each ruleset on its way, so all of these are named, in the order of the way:
a policy as well as the translation after it. What is stopped owes it to the rule that stops it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..model.diagrams import EMPTY
from ..model.flowset import FlowSet, Space
from ..model.match import Match
from ..model.rules import Rule, Ruleset
from .outcome import Part, RuleRef

# Where two rulesets would have to be told apart by more pairs of rules than this, the later one is left out.
_MOST_PAIRS = 200_000
_MOST_REASONS = 5
_BETWEEN = "; "
NO_RULE = "no rule is asked"


@dataclass(frozen=True, slots=True)
class Decision:
    """``flows`` met these rules of a chain, one after the other, and all that fit one had its verdict.

    No rule stands for the default action, a single one for exactly ``flows``."""

    flows: int
    ruleset: Ruleset
    chain: str
    rules: Sequence[Rule] = ()
    reason: str = ""


@dataclass(slots=True)
class Tally:
    """What was decided in one ruleset so far, in the order of decisions."""

    accepted: list[Decision] = field(default_factory=list)
    denied: list[Decision] = field(default_factory=list)
    undecided: list[Decision] = field(default_factory=list)


def together(flows: FlowSet, verdict: str, stages: Iterable[Sequence[Part]]) -> list[Part]:
    """``flows`` in parts that differ by who decided: each has the rules, and the reasons, of all the parts in which it
    lies, in the order of the stages. The parts of one stage may overlap; those of the result don't."""
    found = [Part(verdict, flows)] if flows else []
    for stage in stages:
        if len(found) * len(stage) > _MOST_PAIRS:
            continue
        for part in stage:
            if part.flows:
                found = list(_split(found, part))
    return found


def permitted(flows: FlowSet, stages: Sequence[Sequence[Part]]) -> list[Part]:
    """``flows``, which all of these stages permit, by the rules that let them pass; default actions only where no rule
    did, and then the last one."""
    by_rules = [[part for part in stage if any(rule.position for rule in part.rules)] for stage in stages]
    found = together(flows, "permit", by_rules)
    bare = [part.flows for part in found if not part.rules]
    found = [part for part in found if part.rules]
    for left in bare:
        for part in (part for stage in reversed(stages) for part in stage if part.rules):
            inside = part.flows & left if left else left
            if inside:
                found.append(Part("permit", inside, part.rules, part.reason))
                left = left - inside
        if left:
            found.append(Part("permit", left, (), NO_RULE))
    return found


def _split(parts: Iterable[Part], by: Part) -> Iterator[Part]:
    left = by.flows
    for part in parts:
        inside = part.flows & left if left else left
        if not inside:
            yield part
            continue
        yield Part(part.verdict, inside, _all(part.rules, by.rules), _reasons(part.reason, by.reason))
        outside = part.flows - inside
        if outside:
            yield Part(part.verdict, outside, part.rules, part.reason)
        left = left - inside


def _all(rules: tuple[RuleRef, ...], more: tuple[RuleRef, ...]) -> tuple[RuleRef, ...]:
    return (*rules, *(rule for rule in more if rule not in rules))


def _reasons(reason: str, more: str) -> str:
    said = reason.split(_BETWEEN) if reason else []
    if not more or more in reason or len(said) >= _MOST_REASONS:
        return reason
    return _BETWEEN.join((*said, more))


class Evidence:
    """What was decided in the rulesets that flows passed, in this order."""

    def __init__(
        self, space: Space, host: str, node: Callable[[Match], int], tallies: Sequence[Tally]
    ) -> None:
        """``node``: a match as a diagram."""
        self._space = space
        self._host = host
        self._node = node
        self._tallies = tallies

    def undecided(self) -> bool:
        return any(tally.undecided for tally in self._tallies)

    def stopped(self) -> FlowSet:
        """What is denied for some outcome of what is not known."""
        nodes = (
            self._space.certain(node)
            for tally in self._tallies
            for decision in tally.denied
            for _rule, node in self._expand(decision)
        )
        return FlowSet(self._space, self._space.diagrams.union_all(nodes))

    def _expand(self, decision: Decision) -> Iterator[tuple[Rule | None, int]]:
        """The rules of a decision and the flows that came to each (a superset where several overlap)."""
        if len(decision.rules) < 2:
            yield (decision.rules[0] if decision.rules else None), decision.flows
            return
        for rule in decision.rules:
            node = self._space.diagrams.intersection(decision.flows, self._node(rule.match))
            if node != EMPTY:
                yield rule, node

    def explain(self, permit: FlowSet, deny: FlowSet, unknown: FlowSet) -> tuple[Part, ...]:
        """A partition of the three. A default action is named where no rule let the flows pass."""
        parts, _left = self._attribute("deny", deny, (one for tally in self._tallies for one in tally.denied))
        stages = [
            self._attribute("permit", permit, filter(_tells, tally.accepted))[0] for tally in self._tallies
        ]
        bare = self._space.nothing
        for part in together(permit, "permit", stages):
            if part.rules:
                parts.append(part)
            else:
                bare = bare | part.flows
        for ruled in (True, False):
            for tally in reversed(self._tallies):
                decisions = (one for one in tally.accepted if bool(one.rules) is ruled)
                found, bare = self._attribute("permit", bare, decisions)
                parts += found
        if bare:
            parts.append(Part("permit", bare, (), NO_RULE))
        undecided = (one for tally in self._tallies for one in tally.undecided)
        found, left = self._attribute("unknown", unknown, undecided)
        parts += found
        if left:
            parts.append(Part("unknown", left, (), "rules that can't be decided"))
        return tuple(parts)

    def _attribute(
        self, verdict: str, flows: FlowSet, decisions: Iterable[Decision]
    ) -> tuple[list[Part], FlowSet]:
        """Split ``flows`` by who decided, first come, first served, but rules of which it is certain that they match
        before others: they decide whether or not those do. And what nobody decided."""
        found: list[Part] = []
        listed = ((one, rule, node) for one in decisions for rule, node in self._expand(one)) if flows else ()
        ordered = sorted(listed, key=lambda one: self._unsure(one[1])) if self.undecided() else listed
        for decision, rule, node in ordered:
            part = flows & FlowSet(self._space, self._space.certain(node)) if flows else flows
            if part:
                flows = flows - part
                found.append(Part(verdict, part, (self._ref(decision, rule),), decision.reason))
        return found, flows

    def _unsure(self, rule: Rule | None) -> bool:
        return rule is not None and self._space.undecided(self._node(rule.match))

    def _ref(self, decision: Decision, rule: Rule | None) -> RuleRef:
        where = (self._host, decision.ruleset.key, decision.chain)
        if rule is None:
            return RuleRef(*where, 0, f"default action: {decision.ruleset.default_action}")
        return RuleRef(*where, rule.position, rule.text, rule.handle, rule.line, rule.comment)


def _tells(decision: Decision) -> bool:
    """Whether an acceptance is worth telling beside those of other rulesets: a rule's, which translates if that is
    what the ruleset is for."""
    if decision.ruleset.type != "nat":
        return bool(decision.rules)
    return any(rule.effects for rule in decision.rules)
