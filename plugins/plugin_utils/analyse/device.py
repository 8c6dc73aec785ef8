# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows through one whole host: its hooks, in the order in which a packet passes them, and its routes.

Source: nftables wiki, "Netfilter hooks": what is for the host passes prerouting and input, what it
forwards passes prerouting, forward and postrouting, its own packets pass output and postrouting.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model.flowset import FlowSet
from .evaluate import HostFirewall
from .outcome import Part
from .routes import Leg, Routing


@dataclass
class Answer:
    """``permit``, ``deny`` and ``unknown`` partition the flows that were asked about."""

    permit: FlowSet
    deny: FlowSet
    unknown: FlowSet
    parts: list[Part] = field(default_factory=list)


def through(firewall: HostFirewall, routing: Routing, flows: FlowSet) -> Answer:
    """What the host does with ``flows``: sent by itself, delivered to itself, or forwarded.

    Flows all of whose sources are the host's own addresses, and that name no ``in_interface``, are its own
    packets; others come from outside. Where ``out_interface`` is given, it stands; else the routes choose.
    """
    nothing = flows.space.nothing
    found = _Found(nothing, flows)
    own = nothing
    for address in routing.addresses:
        own = own | flows.only("src", ((address.value, address.value),), address.family)
    mine = flows if flows <= own and flows.forget("in_interface") == flows else nothing
    for sent, legs in _lookup(routing, mine) if mine else ():
        here = _Travelling(sent, sent)
        for leg in legs:
            if leg.kind in ("forward", "local"):
                for part in found.hook(firewall, "output", here.leaving(leg, flows)):
                    found.hook(firewall, "postrouting", part)
            else:
                found.stop(leg, here)
    for part in found.hook(firewall, "prerouting", _Travelling(flows - mine, flows - mine)):
        for then, legs in _lookup(routing, part.now):
            here = part.narrowed(then)
            for leg in legs:
                if leg.kind == "local":
                    found.hook(firewall, "input", here)
                elif leg.kind == "forward":
                    for last in found.hook(firewall, "forward", here.leaving(leg, flows)):
                        found.hook(firewall, "postrouting", last)
                else:
                    found.stop(leg, here)
    return found.answer()


@dataclass(frozen=True)
class _Travelling:
    """``asked``: the flows as the question has them; ``now``: as they are by now."""

    asked: FlowSet
    now: FlowSet
    changed: tuple[str, ...] = ()

    def narrowed(self, now: FlowSet) -> _Travelling:
        return _Travelling(self.origin(now), now, self.changed)

    def origin(self, now: FlowSet) -> FlowSet:
        """Those of the question's flows that are by now in ``now``."""
        return self.asked & (now.forget(*self.changed) if self.changed else now)

    def leaving(self, leg: Leg, question: FlowSet) -> _Travelling:
        if question.forget("out_interface") != question or not leg.interface:
            return self
        changed = tuple({*self.changed, "out_interface"})
        return _Travelling(self.asked, self.now.assign_name("out_interface", leg.interface), changed)


class _Found:
    """The verdicts as they come in. A flow with several ways is permitted only if all let it pass."""

    def __init__(self, nothing: FlowSet, flows: FlowSet) -> None:
        self.flows = flows
        self.denied = nothing
        self.unknown = nothing
        self.parts: list[Part] = []

    def hook(self, firewall: HostFirewall, hook: str, part: _Travelling) -> list[_Travelling]:
        if not part.now:
            return []
        outcome = firewall.hooks((hook,), part.now)
        self.denied = self.denied | part.origin(outcome.deny)
        self.unknown = self.unknown | part.origin(outcome.unknown)
        for one in outcome.parts:
            origin = part.origin(one.flows)
            if origin and (one.verdict != "permit" or one.rules):
                self.parts.append(Part(one.verdict, origin, one.rules, one.reason))
        found = []
        for passed in outcome.passed:
            changed = tuple({*part.changed, *passed.rewrites})
            found.append(_Travelling(part.origin(passed.flows), passed.after, changed))
        return found

    def stop(self, leg: Leg, part: _Travelling) -> None:
        if leg.kind == "deny":
            self.denied = self.denied | part.asked
        else:
            self.unknown = self.unknown | part.asked
        self.parts.append(Part(leg.kind, part.asked, (), leg.reason))

    def answer(self) -> Answer:
        unknown = self.unknown - self.denied
        permit = self.flows - self.denied - unknown
        kept = {"deny": self.denied, "unknown": unknown, "permit": permit}
        parts = [
            Part(part.verdict, part.flows & kept[part.verdict], part.rules, part.reason)
            for part in self.parts
        ]
        return Answer(permit, self.denied, unknown, [part for part in parts if part.flows])


def _lookup(routing: Routing, flows: FlowSet) -> list[tuple[FlowSet, tuple[Leg, ...]]]:
    """The routes' choice; where a host's routes were not gathered, all ways out stay possible."""
    state = routing.state
    if not state.routes and not state.interfaces:
        return [(flows, (Leg("forward"),))]
    return routing.lookup(flows)
