# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that no packet comes to, with those that stand before them, and chains that nothing jumps to.

Only what is certain is told: what may reach a rule is taken too wide (an undecidable condition may hold or
not, a field that rules write may have any value), and what earlier rules decide too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from ..errors import FlowError
from ..model.flowset import FlowSet, Space
from ..model.match import Member, asks_beyond
from ..model.rules import Rule, Ruleset, Verdict, VerdictMap
from ..model.state import State
from . import sample
from .endings import EndingFirewall
from .index import wanted, wanted_of
from .late import TooLateError
from .rulediff import as_dict
from .scope import asked_by, chains_from, jumps, rules_by_chain, verdicts, written
from .shadow import unknowns
from .wording import Wording

# The rules that keep packets from another are named up to so many.
MOST_NAMED = 10
# What longer rulesets let pass to the next one of their hook is not worked out: all may.
_MOST_PASSED_ON = 1_500
# What was worked out about so many rules is forgotten before the next ones.
_AT_ONCE = 500
# So many packets of a rule are tried before what may come to it is worked out.
_SAMPLES = 2
# Jumps that a packet is followed through.
_DEEPEST = 16
# Rules of tables that see frames besides IP packets: what others leave them is not what flows are left.
_OF_FRAMES = ("bridge/", "netdev/")
_SEES = {"ip": ("ipv4",), "ip6": ("ipv6",)}

MATCHES_NOTHING = "it matches nothing"
DECIDED_BEFORE = "earlier rules decide about all that it matches"
NOT_SENT = "no packet that it matches is sent to its chain"
STOPPED_BEFORE = "an earlier ruleset of its hook stops all that it matches"
NEVER_JUMPED_TO = "no rule jumps to it"
JUMPS_UNREACHABLE = "no packet comes to the rules that jump to it"


@dataclass
class _Visit:
    """What may come to a chain. ``callers``: the rules that send it there, as (chain, rule)."""

    flows: FlowSet
    callers: list[tuple[str, Rule]] = field(default_factory=list)


def unreachable(state: State, ruleset: str | None = None) -> list[dict[str, Any]]:
    """Entries ``{host, kind, ruleset, reason, ...}``, rules and chains in the order in which the state has them.

    ``kind``: rule (with position, text, handle, line, ``by`` and ``more_by``) or chain (with the number of
    its ``rules``). FlowError for an unknown ruleset; StateError never: a firewall that could not be read has
    no rules to tell of, and is an error, too."""
    rules = rules_by_chain(state)
    if not state.firewall_known:
        raise FlowError(
            f"the firewall of {state.host} could not be read, so nothing is known of its rules",
            f"host {state.host}",
            "see unreadable in the result of firewall_info, and gather it again",
        )
    bases = {key for key, item in state.rulesets.items() if ruleset in (None, key, item.hook)}
    if ruleset is not None and not bases and ruleset not in state.chains:
        known = ", ".join(sorted(rules)) or "none"
        raise FlowError(
            f"there is no ruleset {ruleset!r}", f"host {state.host}", f"use a hook's name or one of: {known}"
        )
    wanted_chains = set(rules) if ruleset is None else {*chains_from(rules, bases), *({ruleset} & set(rules))}
    survey = Survey(state)
    found: list[dict[str, Any]] = []
    for chain in rules:
        if chain in wanted_chains:
            found += survey.chain(chain)
    return found


class Survey:
    """What may come to each chain of one host, worked out from the hooks on."""

    def __init__(self, state: State, late: Callable[[], bool] = lambda: False) -> None:
        """``late``: whether to give up, asked before each rule; TooLateError then."""
        self.state = state = _as_it_may_be(state)
        self._late = late
        self.space = Space()
        self.firewall = EndingFirewall(state, self.space)
        self.rules = self.firewall.rules
        self.visits: dict[str, _Visit] = {}
        self.dead: dict[str, list[int]] = {}
        self._wording = Wording(state)
        self._told: set[Hashable] = set()
        self.starts: dict[str, FlowSet] = {}
        for hook in dict.fromkeys(item.hook for item in state.rulesets.values()):
            self._enter(hook)
        for chain in self._callers_first():
            self._visit(chain)
        self._alive = self._living() if any(self.dead.values()) else set()

    def _living(self) -> set[Hashable]:
        """What somebody wrote of which something is reached: one rule of a host may be several here."""
        found: set[Hashable] = set()
        for chain, visit in self.visits.items():
            dead = set(self.dead.get(chain, ())) if visit.flows else range(len(self.rules[chain]))
            found.update(
                self._wording.of(chain, rule)
                for index, rule in enumerate(self.rules[chain])
                if index not in dead
            )
        return found

    def _enter(self, hook: str) -> None:
        """What may come to the rulesets of a hook, each in turn. Lists of a device have no hook, and each is asked
        alone."""
        coming = self.space.everything
        listed = self.firewall.rulesets_of(hook)
        for ruleset in listed:
            self.starts[ruleset.key] = scope = self._scope(ruleset)
            self.visits[ruleset.key] = _Visit(coming & scope)
            if not hook or ruleset is listed[-1]:
                continue  # nothing comes after it
            chains = chains_from(self.rules, (ruleset.key,))
            rewriting = written(rule for chain in chains for rule in self.rules[chain])
            if sum(len(self.rules[chain]) for chain in chains) <= _MOST_PASSED_ON:
                coming = coming - self.firewall.stopped(ruleset, coming & scope)
            coming = coming.forget(*rewriting) if rewriting else coming

    def _scope(self, ruleset: Ruleset) -> FlowSet:
        names = _SEES.get(ruleset.family)
        return self.space.everything.named("family", names) if names else self.space.everything

    def _callers_first(self) -> list[str]:
        """The chains that packets come to, each after all that jump to it; those of a loop in any order."""
        order: list[str] = []
        state: dict[str, int] = {}
        for start in self.visits:
            stack = [(start, iter(self._targets(start)))]
            if state.setdefault(start, 1) == 2:
                continue
            while stack:
                chain, targets = stack[-1]
                target = next((one for one in targets if state.get(one) != 2), None)
                if target is None:
                    stack.pop()
                    state[chain] = 2
                    order.append(chain)
                elif state.get(target) == 1:  # a loop, which the kernel would not load
                    self.visits[target] = _Visit(self.space.everything)
                else:
                    state[target] = 1
                    stack.append((target, iter(self._targets(target))))
        return order[::-1]

    def _targets(self, chain: str) -> list[str]:
        return [target for rule in self.rules[chain] for target in jumps(rule) if target in self.rules]

    def _visit(self, chain: str) -> None:
        """Find the chain's rules that nothing comes to, and send on what the others may send."""
        visit = self.visits.setdefault(chain, _Visit(self.space.nothing))
        loose = self.firewall.loose(chain)
        coming = visit.flows.forget(*loose) if loose else visit.flows
        dead = self.dead[chain] = []
        alone = []
        for index, rule in enumerate(self.rules[chain]):
            if not any(True for _target in jumps(rule)):
                alone.append(index)
            elif not self._send_on(chain, index, coming, loose):
                dead.append(index)
        for run in self._neighbours(chain, alone):
            with self.space.scratch():
                dead += [index for index in run if not self._reached(chain, index, coming)]
        dead.sort()

    def _neighbours(self, chain: str, indexes: list[int]) -> Iterator[list[int]]:
        """The rules, so many at once: those about neighbouring addresses together, as they have to do with the same
        rules before them."""
        if len(indexes) > _AT_ONCE:
            self.firewall.prepare()
            indexes = sorted(indexes, key=lambda index: self.firewall.first_source(chain, index))
        for start in range(0, len(indexes), _AT_ONCE):
            yield indexes[start : start + _AT_ONCE]

    def _send_on(self, chain: str, index: int, coming: FlowSet, loose: tuple[str, ...]) -> bool:
        """False if nothing comes to the rule."""
        self._go_on()
        rule = self.rules[chain][index]
        left = self._left(chain, index, coming)
        for target, flows in self._sent(chain, rule, left) if left else ():
            there = self.visits.setdefault(target, _Visit(self.space.nothing))
            there.flows = there.flows | (flows.forget(*loose) if loose else flows)
            there.callers.append((chain, rule))
        return bool(left)

    def _sent(self, chain: str, rule: Rule, flows: FlowSet) -> Iterator[tuple[str, FlowSet]]:
        if isinstance(rule.verdict, VerdictMap):
            for case, verdict in rule.verdict.cases:
                if verdict.kind in ("jump", "goto") and verdict.chain in self.rules:
                    yield verdict.chain, flows & self.firewall.maybe(case)
            return
        for target in jumps(rule):
            if target in self.rules:
                yield target, flows

    def _left(self, chain: str, index: int, coming: FlowSet) -> FlowSet:
        """What may come to a rule and match it: not what rules before it surely take away. Any may that comes to
        the chain, where a rule asks for packets that are no flows."""
        if any(map(asks_beyond, asked_by(self.rules[chain][index]))):
            return coming
        left = coming & self.firewall.possible(chain, index)
        for before in self._before(chain, index, left):
            if not left:
                break
            # What a chain decides that the rule jumps to takes long to work out, and mostly is of other packets.
            if left & self.firewall.possible(chain, before):
                left = left - self.firewall.leaving(chain, before)
        return left

    def _reached(self, chain: str, index: int, coming: FlowSet) -> bool:
        """Whether anything is left (``_left``): a point is, unless a rule before it takes it; then all goes that this
        rule takes, and another point is tried."""
        self._go_on()
        if any(map(asks_beyond, asked_by(self.rules[chain][index]))):
            return bool(coming)
        lookup = self.firewall.lookup(chain)
        draw = Random(index)  # noqa: S311 - which point is tried is a matter of speed
        if any(self._comes(chain, index, coming, draw) for _sample in range(_SAMPLES)):
            return True
        left = coming & self.firewall.possible(chain, index)
        while left:
            point = left.point(draw)
            near = range(index) if lookup is None else lookup.candidates(wanted_of(point, draw))
            takes = (
                self.firewall.leaving(chain, before)
                for before in near
                if before < index and self.firewall.possible(chain, before).holds(point)
            )
            taken = next((flows for flows in takes if flows.holds(point)), None)
            if taken is None:
                return True
            left = left - taken
        return False

    def _comes(self, chain: str, index: int, coming: FlowSet, draw: Random) -> bool:
        """Whether a packet that comes to mind surely reaches a rule; False where that is not seen at a glance."""
        rules = self.rules[chain]
        packet = None if rules[index].follows else sample.drawn(rules[index].match, draw)
        if packet is None:
            return False
        point = sample.point_of(packet)
        if not coming.holds(point) or sample.settles_names(point):
            return False
        return self._passes(chain, index, packet, 0)

    def _passes(self, chain: str, end: int, packet: sample.Packet, depth: int) -> bool:
        """Whether a packet surely comes past all rules of a chain before one. ``depth``: of jumps."""
        rules, lookup = self.rules[chain], self.firewall.lookup(chain)
        near = range(end) if lookup is None else lookup.candidates(sample.wanted_by(packet))
        return all(
            sample.holds(rules[before].match, packet) is False
            or self._comes_back(rules[before], packet, depth + 1)
            for before in near
            if before < end
        )

    def _comes_back(self, rule: Rule, packet: sample.Packet, depth: int) -> bool:
        """Whether a rule surely does no more to a packet than to send it to a chain that lets it pass unchanged."""
        verdict = rule.verdict
        return (
            isinstance(verdict, Verdict)
            and verdict.kind == "jump"
            and not rule.effects
            and depth <= _DEEPEST
            and verdict.chain in self.rules
            and self._passes(verdict.chain, len(self.rules[verdict.chain]), packet, depth)
        )

    def _go_on(self) -> None:
        if self._late():
            raise TooLateError

    def _before(self, chain: str, index: int, flows: FlowSet) -> Iterable[int]:
        """The rules before this one that may have to do with the flows."""
        lookup = self.firewall.lookup(chain)
        if lookup is None or not flows:
            return range(index)
        return (before for before in lookup.candidates(wanted(flows)) if before < index)

    # What is told.

    def chain(self, chain: str) -> Iterator[dict[str, Any]]:
        rules = self.rules[chain]
        visit = self.visits.get(chain)
        if chain.startswith(_OF_FRAMES):
            return
        if chain in self.state.chains and (visit is None or not visit.flows):
            named = any(chain in jumps(rule) for listed in self.rules.values() for rule in listed)
            if self._wording.is_own(chain) and (named or not self._may_hide_jumps(chain)):
                reason = JUMPS_UNREACHABLE if named else NEVER_JUMPED_TO
                yield {
                    "host": self.state.host,
                    "kind": "chain",
                    "ruleset": chain,
                    "rules": len({(rule.position, rule.text) for rule in rules}),
                    "reason": reason,
                }
            return
        for index in self.dead.get(chain, ()):
            written = self._wording.of(chain, rules[index])
            if written is None or written in self._alive or written in self._told:
                continue
            self._told.add(written)
            yield self._rule(chain, index)

    def _may_hide_jumps(self, chain: str) -> bool:
        """Whether a rule of the chain's table was not understood: it may jump anywhere in it."""
        table = chain.rpartition("/")[0] + "/"
        return any(
            verdict.kind == "unknown"
            for key, rules in self.rules.items()
            if key.startswith(table)
            for rule in rules
            for verdict in verdicts(rule)
        )

    def _rule(self, chain: str, index: int) -> dict[str, Any]:
        self._go_on()
        rule = self.rules[chain][index]
        with self.space.scratch():
            reason, by = self._why(chain, index)
        return {
            "host": self.state.host,
            "kind": "rule",
            "ruleset": chain,
            **as_dict(rule),
            "reason": reason,
            "by": [{"ruleset": key, **as_dict(one)} for key, one in by[:MOST_NAMED]],
            "more_by": max(len(by) - MOST_NAMED, 0),
        }

    def _why(self, chain: str, index: int) -> tuple[str, list[tuple[str, Rule]]]:
        rule, visit = self.rules[chain][index], self.visits[chain]
        matched = self.firewall.possible(chain, index)
        if not matched:
            return self._nothing(rule), []
        loose = self.firewall.loose(chain)
        left = matched & (visit.flows.forget(*loose) if loose else visit.flows)
        if not left and chain in self.starts and matched & self.starts[chain]:
            return STOPPED_BEFORE, self._stoppers(chain, matched & self.starts[chain])
        if not left:
            return NOT_SENT, _once(visit.callers)
        by = []
        for before in self._before(chain, index, left):
            taken = left & self.firewall.leaving(chain, before)
            if taken:
                by.append((chain, self.rules[chain][before]))
                left = left - taken
        return DECIDED_BEFORE, _once(by)

    def _nothing(self, rule: Rule) -> str:
        sets = (self.state.sets.get(one.name) for one in unknowns(rule.match) if isinstance(one, Member))
        known = (one for one in sets if one is not None and one.complete and not one.dynamic)
        empty = dict.fromkeys(one.key for one in known if not one.elements)
        return f"{MATCHES_NOTHING}: {', '.join(empty)} is empty" if empty else MATCHES_NOTHING

    def _stoppers(self, chain: str, flows: FlowSet) -> list[tuple[str, Rule]]:
        found = []
        for ruleset in self.firewall.rulesets_of(self.state.rulesets[chain].hook):
            if ruleset.key == chain:
                break
            for part in self.firewall.ruleset(ruleset.key, flows).parts:
                found += [self.firewall.at(ref) for ref in part.rules if part.verdict == "deny"]
        return _once(found)


def _as_it_may_be(state: State) -> State:
    """The state with sets whose members time out as sets that may hold anything: what they hold right now is what a
    program has found lately, and says nothing of the rules that ask them."""
    comers = {
        key: replace(item, dynamic=True) for key, item in state.sets.items() if item.timed or item.expiring
    }
    return replace(state, sets={**state.sets, **comers}) if comers else state


def _once(rules: Sequence[tuple[str, Rule]]) -> list[tuple[str, Rule]]:
    return list({(chain, rule.position, rule.text): (chain, rule) for chain, rule in rules}.values())
