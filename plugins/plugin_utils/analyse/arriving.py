# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a question about one ruleset leaves open: with which marks, and translated how, packets come to it.

The flow is an attempt to connect, as it comes to the host: of a new connection, without a mark and untranslated. What
it has when it comes to the ruleset, the rules before gave it; whether these let it pass is not asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ..model.flowset import FlowSet
from ..model.rules import Effect, Ruleset
from ..model.state import State
from .evaluate import HostFirewall
from .outcome import Outcome, Part, Passed
from .overlay import HIDDEN

_MARKS = ("mark", "ct_mark")
_CARRIED = (*_MARKS, *HIDDEN)
TRANSLATED_AWAY = (
    "an earlier rule translates these packets, so they may not come here: ask about the whole host"
)
OF_NO_CONNECTION = ("new", "invalid", "untracked")
_SEVERAL_WAYS = ("postrouting", "egress")
_ENDS = {
    "dnat": ("dst", "dst_port"),
    "redirect": ("dst", "dst_port"),
    "snat": ("src", "src_port"),
    "masquerade": ("src", "src_port"),
}


@dataclass(frozen=True)
class Arrived:
    """``asked``: flows as the question has them; ``now``: the same with what they come with. ``loose``: what of that
    is not told by the question. The ``asked`` of several may overlap: which one it is, is not known then."""

    asked: FlowSet
    now: FlowSet
    loose: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrivals:
    """``gone``: flows of which it is not known whether they come."""

    come: tuple[Arrived, ...]
    gone: tuple[Part, ...] = ()


class Arriving:
    """Of one host's packets; what its rules may do before each hook is worked out once."""

    def __init__(self, firewall: HostFirewall) -> None:
        self._firewall = firewall
        self._ways: dict[str, _Before] = {}

    def at(self, name: str, flows: FlowSet, given: Collection[str]) -> Arrivals:
        """``flows`` as they come to a ruleset. ``given``: the fields that the question tells."""
        way = self._ways.get(name) or self._ways.setdefault(name, _Before.of(self._firewall, name))
        first = flows.named("connection", OF_NO_CONNECTION)
        # What no rule asks for makes no difference to any.
        plain = not way.rulesets and self._firewall.asked.isdisjoint(_CARRIED)
        if plain or not first or not way.told or {*_MARKS} & {*given}:
            return Arrivals((Arrived(flows, flows),))
        later = flows - first
        come = [Arrived(later, later)] if later else []
        begins = flows.space.everything.named("ct_status", ("none",)).named("direction", ("original",))
        for mark in _MARKS:
            begins = begins.only(mark, ((0, 0),))
        begun = first & begins
        if not way.rulesets:
            return Arrivals((*come, Arrived(first, begun, _CARRIED)))
        found = way.past(first, begun, _CARRIED if "connection" in given else (*_CARRIED, "connection"))
        return Arrivals((*come, *found.come), found.gone)


@dataclass(frozen=True)
class _Before:
    """The rulesets before one of a hook. ``told``: whether what they do to packets is known; ``ends``: the ends that
    they may translate."""

    firewall: HostFirewall
    hook: str
    rulesets: tuple[Ruleset, ...]
    told: bool
    ends: tuple[str, ...]

    @classmethod
    def of(cls, firewall: HostFirewall, name: str) -> _Before:
        state, before = firewall.state, firewall.before(name)
        hook = state.rulesets[name].hook if name in state.rulesets else ""
        effects = _effects(state, before)
        computed = any(effect.kind == "unknown" or effect.field not in ("", *_MARKS) for effect in effects)
        told = state.firewall_known and not computed and not (effects and hook in _SEVERAL_WAYS)
        kinds = sorted({effect.kind for effect in effects})
        ends = tuple(dict.fromkeys(end for kind in kinds for end in _ENDS.get(kind, ())))
        before = [] if hook in _SEVERAL_WAYS else before
        return cls(firewall, hook, tuple(before), told, ends)

    def past(self, first: FlowSet, begun: FlowSet, loose: tuple[str, ...]) -> Arrivals:
        outcome = self.firewall.passing(self.rulesets, begun, self.rulesets[0].hook)
        come = list(self._kept(outcome, first, loose))
        away = list(self._away(outcome, first, loose))
        dropped = first & outcome.deny.forget(*loose)
        for one in (*come, *away):
            dropped = dropped - one.asked
        if dropped:
            come.append(Arrived(dropped, begun & dropped, _CARRIED))
        if self.hook == "forward":
            return Arrivals((*come, *away))
        return Arrivals(tuple(come), tuple(Part("unknown", one.asked, (), TRANSLATED_AWAY) for one in away))

    def _translated(self, passed: Passed) -> bool:
        return bool(passed.rewrites.keys() & {*self.ends})

    def _kept(self, outcome: Outcome, first: FlowSet, loose: tuple[str, ...]) -> Iterator[Arrived]:
        """Flows that keep their ends."""
        for passed in outcome.passed:
            asked = first & passed.after.forget(*loose)
            if asked and not self._translated(passed):
                yield Arrived(asked, passed.after & asked.forget(*loose), loose)

    def _away(self, outcome: Outcome, first: FlowSet, loose: tuple[str, ...]) -> Iterator[Arrived]:
        """Flows that come with other ends."""
        for passed in outcome.passed:
            asked = first & passed.flows.forget(*loose)
            if asked and self._translated(passed):
                yield Arrived(asked, passed.after, tuple({*loose, *passed.rewrites}))


def _effects(state: State, rulesets: Sequence[Ruleset]) -> set[Effect]:
    """Those that rules may have on packets that pass ``rulesets``; of their tables' other chains, all."""
    tables = {ruleset.key.rpartition("/")[0] + "/" for ruleset in rulesets}
    lists = [ruleset.rules for ruleset in rulesets]
    lists += [chain.rules for key, chain in state.chains.items() if key.rpartition("/")[0] + "/" in tables]
    return {effect for rules in lists for rule in rules for effect in rule.effects}
