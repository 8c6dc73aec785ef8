# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about flows, answered in plain data: what filters and tests give back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..model.flow import flows_from
from ..model.flowset import FlowSet, Space
from ..model.state import State
from .arriving import OF_NO_CONNECTION, Arriving
from .device import Answer, at_hook, at_ruleset, plainly, through
from .evaluate import HOOKS, HostFirewall
from .interface_names import InterfaceNames, Strange
from .outcome import Part
from .overlay import HIDDEN
from .routes import Routing
from .zones import Zones

# A flow that nobody gave a connection state or flags is a new connection's first packet; what that
# implies is left out of answers.
_IMPLIED = ("connection", "tcp_flags")
# The kernel gives a packet that comes in, and a new connection, the mark 0; rules of this host set others.
_UNMARKED = ("mark", "ct_mark")

_AT_ONCE = 500


class Questions:
    """Questions to one state."""

    def __init__(self, state: State) -> None:
        self.space = Space()
        self.state = state
        self.firewall = HostFirewall(state, self.space)
        self._routing = Routing(state)
        self._arriving = Arriving(self.firewall)
        self._zones = Zones(state)
        self._interfaces = InterfaceNames(state)

    def ask(self, flow: Mapping[str, Any], ruleset: str | None = None) -> Answer:
        """One flow set through ``ruleset``, or through the whole host. FlowError for a malformed question."""
        flow = self._interfaces.resolved(flow)
        flows = self._zones.narrowed(flows_from(self.space, flow), flow)
        strange = [] if self._stands_alone(ruleset) else list(self._interfaces.strange(flow))
        return self._beside(strange, flow, flows, ruleset) if strange else self._answer(flow, flows, ruleset)

    def _beside(
        self, strange: Sequence[Strange], flow: Mapping[str, Any], flows: FlowSet, ruleset: str | None
    ) -> Answer:
        """The answer where some flows go by interfaces that are not known: of these, what is denied by every
        interface is denied, and the rest unknown."""
        doubtful = self.space.nothing
        for one in strange:
            doubtful = doubtful | flows.named(one.field, one.names)
        wide = doubtful
        for one in strange:
            wide = wide | wide.forget(one.field).named(one.field, (*self._interfaces.known(), *one.names))
        fields = [one.field for one in strange]
        anywhere = self._answer(flow, wide, ruleset)
        rest = self._answer(flow, flows - doubtful, ruleset)
        maybe = anywhere.permit | anywhere.unknown
        doubtful = doubtful & (maybe | anywhere.deny)  # unmarked, as the others are
        denied = doubtful - maybe.forget(*fields)
        unknown = doubtful - denied
        parts = [*rest.parts]
        parts += [replace(part, flows=part.flows & denied) for part in anywhere.parts]
        for one in strange:
            there = unknown.named(one.field, one.names)
            parts.append(Part("unknown", there, (), one.reason))
            unknown = unknown - there
        found = [part for part in parts if part.flows]
        return Answer(rest.permit, rest.deny | denied, rest.unknown | (doubtful - denied), found)

    def _stands_alone(self, ruleset: str | None) -> bool:
        """Whether a question is about a list by itself, wherever it is bound."""
        found = self.state.rulesets.get(ruleset or "")
        return found is not None and not found.hook

    def _answer(self, flow: Mapping[str, Any], flows: FlowSet, ruleset: str | None) -> Answer:
        if ruleset is None:
            return through(self.firewall, self._routing, _unmarked(flows, flow))
        if ruleset not in HOOKS:
            found = self._arriving.at(ruleset, flows, flow)
            return at_ruleset(self.firewall, self._routing, ruleset, flows, found)
        if not self.firewall.before(ruleset) and self.firewall.asked.isdisjoint((*_UNMARKED, *HIDDEN)):
            # What no rule asks for makes no difference to any; by far the most frequent case.
            answer = plainly(self.firewall.ruleset(ruleset, flows))
            if answer is not None:
                return answer
        return at_hook(self.firewall, self._routing, ruleset, _unmarked(flows, flow))

    def verdict(self, flow: Mapping[str, Any], ruleset: str | None = None) -> dict[str, Any]:
        """``{verdict, parts, rules}``: verdict is permit, deny, unknown or mixed; parts are disjoint, each
        with its verdict, its flows as prefixes and ports, and the rules that decide it."""
        answer = self.ask(flow, ruleset)
        implied = [*HIDDEN, *(name for name in _IMPLIED if name not in flow)]
        if "connection" not in flow:
            implied += [name for name in _UNMARKED if name not in flow]
        found = [name for name in ("permit", "deny", "unknown") if getattr(answer, name)]
        parts = [_part(part, implied) for part in answer.parts]
        rules = {repr(rule): rule for part in parts for rule in part["rules"]}
        return {
            "verdict": found[0] if len(found) == 1 else "mixed",
            "parts": parts,
            "rules": list(rules.values()),
        }

    def verdicts(
        self, flows: Sequence[Mapping[str, Any]], ruleset: str | None = None
    ) -> list[dict[str, Any]]:
        """The answers in the order asked. What many questions have worked out is forgotten from time to time: it
        would take more memory than it saves time."""
        if len(flows) <= _AT_ONCE:
            return [self.verdict(flow, ruleset) for flow in flows]
        self.firewall.prepare()
        found: list[dict[str, Any]] = []
        for start in range(0, len(flows), _AT_ONCE):
            with self.space.scratch():
                found += [self.verdict(flow, ruleset) for flow in flows[start : start + _AT_ONCE]]
        return found


def verdicts(
    state: State, flows: Iterable[Mapping[str, Any]], ruleset: str | None = None
) -> list[dict[str, Any]]:
    """The answers in the order asked."""
    return Questions(state).verdicts(list(flows), ruleset)


def _unmarked(flows: FlowSet, flow: Mapping[str, Any]) -> FlowSet:
    """What belongs to no connection yet, or to none, comes to the host without a mark, unless the question gives it."""
    new = flows.named("connection", OF_NO_CONNECTION)
    known = flows - new
    for name in _UNMARKED:
        if name not in flow:
            new = new.only(name, ((0, 0),))
    return known | new


def _part(part: Part, implied: list[str]) -> dict[str, Any]:
    flows: FlowSet = part.flows.forget(*implied) if implied else part.flows
    found: dict[str, Any] = {
        "verdict": part.verdict,
        "flows": flows.pieces(),
        "rules": [rule.to_dict() for rule in part.rules],
    }
    if part.reason:
        found["reason"] = part.reason
    return found
