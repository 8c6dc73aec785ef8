# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows through one whole host: its hooks, in the order in which a packet passes them, and its routes.

Source: nftables wiki, "Netfilter hooks": what is for the host passes ingress, prerouting and input, what
it forwards passes ingress, prerouting, forward, postrouting and egress, its own packets pass output,
postrouting and egress. A packet to itself leaves by ``lo`` and comes in there again; its connection has
been translated by then, so the nat chains of the second way are not asked (kernel, ``nf_nat_inet_fn``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..model.flowset import FlowSet
from ..model.state import State
from . import entry
from .arriving import TRANSLATED_AWAY, Arrivals
from .effects import at_output
from .evaluate import AFTER_NAT, NAT, HostFirewall, side_of
from .evidence import permitted, together
from .outcome import Outcome, Part
from .routes import FAMILY_NAME, LOOPBACK, Leg, Routing

_LOOPBACK = Leg("local", "lo")
_TRANSLATED = (
    "whether the connection of these packets was translated is not known: ask about its first packet"
)
# What a connection's first packet may have had otherwise than a later one with the same ends.
_OF_ONE_PACKET = ("connection", "tcp_flags", "mark", "ct_mark", "ct_status", "direction")
# Of a related packet, an ICMP error by some router for one, no more than the destination is the connection's.
_UNLIKE_THE_FIRST = {
    "established": _OF_ONE_PACKET,
    "related": (*_OF_ONE_PACKET, "src", "protocol", "src_port", "dst_port", "icmp_type", "icmp_code"),
}
# An answer may take another way, and an echo reply is not of the type that was asked with.
_OF_AN_ANSWER = ("in_interface", "out_interface", "in_zone", "out_zone", "icmp_type", "icmp_code")
# By which a packet has come from outside, where the question says one of them.
_ARRIVAL = ("in_interface", "in_zone")
# Where what answers a translated connection is translated back: which end of the first packet was changed, and where.
_BACK = {
    "prerouting": ("src", ("postrouting", "input")),
    "output": ("src", ("postrouting", "input")),
    "postrouting": ("dst", ("prerouting", "output")),
    "input": ("dst", ("prerouting", "output")),
}
# The ways by which packets come to a hook.
_IN: tuple[str, ...] = ("ingress", "prerouting")
_WAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ingress": ((),),
    "prerouting": (("ingress",),),
    "input": (_IN,),
    "forward": (_IN,),
    "output": ((),),
    "postrouting": ((*_IN, "forward"), ("output",)),
    "egress": ((*_IN, "forward", "postrouting"), ("output", "postrouting")),
}
_NOT_KNOWN = "it depends on a value that an earlier rule changed in a way that is not known"

_WHOSE = "whether these packets are for the host, from it, or neither is not known: its addresses were not gathered"


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
    Of a host whose addresses were not gathered, each way that the interfaces allow is possible: in, through, out.
    """
    own = flows.space.nothing
    for address in routing.addresses:
        own = own | flows.only("src", ((address.value, address.value),), address.family)
    way = _Way(firewall, routing, flows, _addresses(flows.space.everything, routing))
    start = _Travelling(flows, flows)
    from_outside = flows.forget(*_ARRIVAL) != flows
    if flows <= own and not from_outside:
        return way.answer(way.sent(start))
    fates = [way.hooks(("ingress", "prerouting"), start, way.came)]
    if not way.gathered and not from_outside:
        fates.append(way.sent(start))
    return way.answer(_one_of(flows, flows.space.nothing, flows.space.nothing, fates))


def at_hook(firewall: HostFirewall, routing: Routing, name: str, flows: FlowSet) -> Answer:
    """What becomes of ``flows``, which come to the host, up to and through a hook."""
    ways = _WAYS[name]
    if flows.forget(*_ARRIVAL) != flows:
        ways = tuple(way for way in ways if "output" not in way) or ways
    way = _Way(firewall, routing, flows, flows)
    start = _Travelling(flows, flows)
    fates = [
        way.hooks(before, start, lambda part: way.beyond(name, part)) if before else way.beyond(name, start)
        for before in ways
    ]
    return way.answer(_one_of(flows, flows.space.nothing, flows.space.nothing, fates))


def plainly(outcome: Outcome) -> Answer | None:
    """The answer where nothing but the outcome matters; None where something is not known, or changed."""
    if outcome.unknown or any(passed.rewrites for passed in outcome.passed):
        return None
    return Answer(outcome.permit, outcome.deny, outcome.unknown, list(outcome.parts))


def at_ruleset(
    firewall: HostFirewall, routing: Routing, name: str, flows: FlowSet, found: Arrivals
) -> Answer:
    """What one ruleset does with ``flows``. ``found``: as what they come there.

    FlowError for a name that the host does not have.
    """
    outcomes = [firewall.ruleset(name, one.now) for one in found.come]
    if not found.gone and all(one.now is flows for one in found.come) and (answer := plainly(outcomes[0])):
        return answer
    way, nothing = _Way(firewall, routing, flows, flows), flows.space.nothing
    fates = [
        way.outcome(outcome, _Travelling(one.asked, one.now, one.loose), _done)
        for one, outcome in zip(found.come, outcomes)
    ]
    for part in found.gone:
        way.stages.append([part])
        fates.append(_Fate(part.flows, nothing, part.flows))
    return way.answer(_one_of(flows, nothing, nothing, fates))


@dataclass(frozen=True)
class _Travelling:
    """``asked``: the flows as the question has them; ``now``: as they are by now. ``of_interface``: what became the
    address of an interface at the last hooks."""

    asked: FlowSet
    now: FlowSet
    changed: tuple[str, ...] = ()
    of_interface: frozenset[str] = frozenset()

    def narrowed(self, now: FlowSet) -> _Travelling:
        return _Travelling(self.origin(now), now, self.changed)

    def origin(self, now: FlowSet) -> FlowSet:
        """Those of the question's flows that are by now, or may be, in ``now``."""
        return self.asked & (now.forget(*self.changed) if self.changed else now)

    def surely(self, now: FlowSet) -> FlowSet:
        """Those that are in ``now``, whatever the values that are not known."""
        found = self.origin(now)
        return found - self.origin(self.now - now) if self.changed and found else found

    def on(self, name: str, interface: str) -> _Travelling:
        return _Travelling(self.asked, self.now.assign_name(name, interface), tuple({*self.changed, name}))


@dataclass(frozen=True)
class _Fate:
    """What becomes of the flows ``asked``: denied for certain, not known; the rest is let through."""

    asked: FlowSet
    denied: FlowSet
    unknown: FlowSet


_Then = Callable[[_Travelling], _Fate]


def _one_of(asked: FlowSet, denied: FlowSet, unknown: FlowSet, fates: Iterable[_Fate]) -> _Fate:
    """Flows that meet one of several fates, which one not being known where they overlap: denied if it is so
    in all of them. ``denied`` and ``unknown`` meet none, or may meet none."""
    passed = stopped = asked.space.nothing
    for fate in fates:
        passed = passed | (fate.asked - fate.denied)
        stopped = stopped | fate.denied
        unknown = unknown | fate.unknown
    denied = denied | (stopped - passed)
    return _Fate(asked, denied, (unknown | stopped) - denied)


def _all_of(asked: FlowSet, fates: Iterable[_Fate]) -> _Fate:
    """Flows with several ways are permitted only if all let them pass."""
    denied = unknown = asked.space.nothing
    for fate in fates:
        denied, unknown = denied | fate.denied, unknown | fate.unknown
    return _Fate(asked, denied, unknown - denied)


def _done(part: _Travelling) -> _Fate:
    nothing = part.asked.space.nothing
    return _Fate(part.asked, nothing, nothing)


class _Way:
    """The way through one host, and who decided what on it."""

    def __init__(self, firewall: HostFirewall, routing: Routing, flows: FlowSet, own: FlowSet) -> None:
        self.firewall = firewall
        self.own = own
        self.routing = routing
        self.state = routing.state
        self.flows = flows
        self.gathered = bool(self.state.routes or self.state.interfaces)
        self.chooses_out = flows.forget("out_interface", "out_zone") == flows
        # Who decided at each place that some of the flows came to, in the order of their ways.
        self.stages: list[list[Part]] = []

    def hooks(
        self, names: Sequence[str], part: _Travelling, then: _Then, firewall: HostFirewall | None = None
    ) -> _Fate:
        """``part`` through all chains of these hooks, and then on."""
        asked, firewall = part.asked, firewall or self.firewall
        moved = self._translated_before(firewall, names, part.now)
        doubtful = part.origin(moved)
        if moved:
            self.stages.append([Part("unknown", doubtful, (), _TRANSLATED)])
            part = part.narrowed(part.now - moved)
        fate = self.outcome(firewall.hooks(names, part.now), part, then)
        unsure = _Fate(doubtful, asked.space.nothing, doubtful)
        return _one_of(asked, asked.space.nothing, asked.space.nothing, (unsure, fate))

    def outcome(self, outcome: Outcome, part: _Travelling, then: _Then) -> _Fate:
        """What becomes of ``part``, which had this outcome; ``then``: of what is let through."""
        there = (Part(one.verdict, part.origin(one.flows), one.rules, one.reason) for one in outcome.parts)
        self.stages.append([one for one in there if one.flows])
        denied = part.surely(outcome.deny)
        unknown = part.origin(outcome.deny | outcome.unknown) - denied
        fates = []
        for one in outcome.passed:
            changed = tuple({*part.changed, *one.rewrites})
            here = _Travelling(part.origin(one.flows), one.after, changed, one.of_interface)
            fates.append(then(here))
        return _one_of(part.asked, denied, unknown, fates)

    def beyond(self, name: str, part: _Travelling) -> _Fate:
        """``part``, which came to a hook, through it."""
        if name == "input" and "dst" in part.changed:
            return self._stop(Leg("unknown", reason=TRANSLATED_AWAY), part)
        return self.hooks((name,), part, _done)

    def _translated_before(self, firewall: HostFirewall, names: Sequence[str], flows: FlowSet) -> FlowSet:
        """Packets of open connections that may be translated here, as the first one was or back again, where
        something comes after that: routes, or chains of the same hook."""
        found = flows.space.nothing
        for state, unlike in _UNLIKE_THE_FIRST.items():
            later = flows.named("connection", (state,))
            for hook in names if later else ():
                sides = {side_of(ruleset) for ruleset in firewall.rulesets_of(hook)}
                if hook in ("prerouting", "output") or (hook in _BACK and AFTER_NAT in sides):
                    found = found | _as_the_first(firewall, hook, later, unlike)
                    found = found | self._as_answers(firewall, hook, later, unlike)
        return found

    def _as_answers(
        self, firewall: HostFirewall, hook: str, later: FlowSet, unlike: tuple[str, ...]
    ) -> FlowSet:
        """Packets that may answer a connection one end of which is translated at the hooks of the other kind: those
        are translated back at this one (kernel, ``nf_nat_packet``)."""
        found = later.space.nothing
        end, hooks = _BACK[hook]
        unlike = (*unlike, *_OF_AN_ANSWER)
        # The first packet, but for what was translated.
        first = later.forget(*unlike).reversed().forget(end, f"{end}_port")
        for name in (name for name in hooks if _translates(firewall, name)):
            for passed in firewall.hooks((name,), first.named("connection", ("new",)), (NAT,)).passed:
                if not passed.rewrites.keys() & {end, f"{end}_port"}:
                    continue
                given = passed.after
                if end == "src" and "src" in passed.of_interface and self.state.interfaces:
                    given = self._masqueraded(given)
                found = found | later & given.reversed().forget(*unlike)
        return found

    def _masqueraded(self, flows: FlowSet) -> FlowSet:
        """Those from an address of the interface by which they leave, or any, where that has none
        (``inet_select_addr``)."""
        found = flows.space.nothing
        for family in flows.families():
            mine = [own for own in self.routing.addresses if own.family == family]
            there = {own.interface for own in mine}
            for own in mine:
                elsewhere = [name for name in self.state.interfaces if name not in there]
                by = flows.named("out_interface", (own.interface, *elsewhere))
                found = found | by.only("src", ((own.value, own.value),), family)
        return found

    def came(self, part: _Travelling) -> _Fate:
        """From outside: routed by the interface that it came in by."""
        rest, found = part.now, []
        if "dst" in part.of_interface and self.state.interfaces:
            rest = rest & self.own  # redirect gives the address of the interface (nft(8), "redirect")
            part = replace(part, now=rest)
        names = {rule.in_interface for rule in self.state.route_rules} - {"", "lo"}
        for name in sorted(names):
            there = rest.named("in_interface", (name,))
            rest = rest - there
            if there:
                found += self._lookup(there, name)
        if rest:
            found += self._lookup(rest, entry.ELSEWHERE)
        fates = []
        for now, legs in found:
            here = part.narrowed(now)
            fates.append(_all_of(here.asked, [self._onward(leg, here) for leg in legs]))
            if not self.gathered and self.chooses_out:
                fates.append(self._onward(_LOOPBACK, here))
        return _one_of(part.asked, self.flows.space.nothing, self.flows.space.nothing, fates)

    def _onward(self, leg: Leg, part: _Travelling) -> _Fate:
        if leg.kind == "local":
            return self.hooks(("input",), part, _done)
        if leg.kind != "forward":
            return self._stop(leg, part)
        fates = []
        for family in part.now.values("family"):
            here = part.narrowed(part.now.named("family", (family,)))
            for name in entry.not_forwarding(self.state) if self.gathered and family == "ipv4" else ():
                if there := here.now.named("in_interface", (name,)):
                    why = Leg("deny", reason=f"forwarding is off on {name}")
                    fates.append(self._stop(why, here.narrowed(there)))
                    here = here.narrowed(here.now - there)
            if not here.now:
                continue
            does = self.state.forwarding.get(family) if self.gathered else True
            if does is False:
                fates.append(self._stop(Leg("deny", reason=f"the host does not forward {family}"), here))
                continue
            fate = self.hooks(("forward", "postrouting", "egress"), self._leaving(leg, here), _done)
            if does is None:
                why = Leg("unknown", reason=f"whether the host forwards {family} is not known")
                fate = _all_of(here.asked, [fate, self._stop(why, here)])
            fates.append(fate)
        return _one_of(part.asked, self.flows.space.nothing, self.flows.space.nothing, fates)

    def sent(self, part: _Travelling) -> _Fate:
        """The host's own packets: routed, filtered, and routed again if that changed what routes go by."""
        return self._routed(
            part, lambda here, leg: self.hooks(("output",), here, lambda after: self._again(after, leg))
        )

    def _routed(self, part: _Travelling, then: Callable[[_Travelling, Leg], _Fate]) -> _Fate:
        fates = []
        for now, legs in self._lookup(part.now, ""):
            here, ways = part.narrowed(now), []
            for leg in legs:
                if leg.kind not in ("forward", "local"):
                    ways.append(self._stop(leg, here))
                    continue
                out = _LOOPBACK if leg.kind == "local" else leg
                ways.append(then(self._leaving(out, here), out))
            fates.append(_all_of(here.asked, ways))
        return _one_of(part.asked, self.flows.space.nothing, self.flows.space.nothing, fates)

    def _again(self, part: _Travelling, leg: Leg) -> _Fate:
        if not {"src", "dst", "mark"}.intersection(part.changed):
            return self._out(part, leg)
        routes, others = _changing(self.state)
        fates = [self._routed(part, self._out)] if routes else []
        if others or not routes:
            fates.append(self._out(part, leg))
        return _one_of(part.asked, self.flows.space.nothing, self.flows.space.nothing, fates)

    def _out(self, part: _Travelling, leg: Leg) -> _Fate:
        then = self._looped if leg.kind == "local" else _done
        return self.hooks(("postrouting", "egress"), part, then)

    def _looped(self, part: _Travelling) -> _Fate:
        back = part.on("in_interface", "lo")
        back = replace(
            back,
            now=back.now.forget("out_interface"),
            changed=tuple({*back.changed, "out_interface"}),
        )
        return self.hooks(("ingress", "prerouting", "input"), back, _done, _untranslated(self.firewall))

    def _leaving(self, leg: Leg, part: _Travelling) -> _Travelling:
        return part.on("out_interface", leg.interface) if self.chooses_out and leg.interface else part

    def _lookup(self, flows: FlowSet, in_interface: str) -> list[tuple[FlowSet, tuple[Leg, ...]]]:
        """The routes' choice; where a host's routes were not gathered, all ways out stay possible."""
        if not self.gathered:
            return [(flows, (Leg("forward"),))]
        if self.state.platform == "linux":
            return self._split(flows, in_interface)
        found: list[tuple[FlowSet, tuple[Leg, ...]]] = []
        shown = {route.family for route in self.state.routes}
        for family in flows.families():
            here = flows.named("family", (FAMILY_NAME[family],))
            if family in shown:
                found += self._split(here, in_interface)
                continue
            mine = here & self.own  # of a device whose routes were not shown, the configuration says no more
            found += [
                (part, (leg,)) for part, leg in ((mine, Leg("local")), (here - mine, Leg("forward"))) if part
            ]
        return found

    def _split(self, flows: FlowSet, in_interface: str) -> list[tuple[FlowSet, tuple[Leg, ...]]]:
        return [(part, legs) for part, legs, _family in entry.split(self.routing, flows, in_interface)]

    def _stop(self, leg: Leg, part: _Travelling) -> _Fate:
        self.stages.append([Part(leg.kind, part.asked, (), leg.reason)])
        nothing = self.flows.space.nothing
        if leg.kind == "deny":
            return _Fate(part.asked, part.asked, nothing)
        return _Fate(part.asked, nothing, part.asked)

    def answer(self, fate: _Fate) -> Answer:
        permit = self.flows - fate.denied - fate.unknown
        parts = [
            *together(fate.denied, "deny", self._decided("deny")),
            *permitted(permit, self._decided("permit")),
        ]
        untold, why = self.flows.space.nothing, _NOT_KNOWN if self.gathered else _WHOSE
        for part in together(fate.unknown, "unknown", self._decided("unknown")):
            if part.rules or part.reason:
                parts.append(part)
            else:
                untold = untold | part.flows
        # The rules between which it is not known.
        for part in together(untold, "unknown", self._decided("deny")):
            parts.append(replace(part, reason=part.reason or why))
        return Answer(permit, fate.denied, fate.unknown, parts)

    def _decided(self, verdict: str) -> list[list[Part]]:
        return [[part for part in stage if part.verdict == verdict] for stage in self.stages]


def _changing(state: State) -> tuple[bool, bool]:
    """Whether chains at output change packets: those after which the kernel routes again (types ``route`` and
    ``nat``, nft(8)), and others."""
    kinds = {
        ruleset.type in ("route", "nat")
        for ruleset, effect in at_output(state)
        if effect.kind not in ("notrack", "zone") and effect.field != "ct_mark"
    }
    return True in kinds, False in kinds


def _translates(firewall: HostFirewall, hook: str) -> bool:
    return any(side_of(ruleset) == NAT for ruleset in firewall.rulesets_of(hook))


def _as_the_first(firewall: HostFirewall, hook: str, later: FlowSet, unlike: tuple[str, ...]) -> FlowSet:
    """Packets of open connections that nat chains of this hook may have translated when they were asked about the
    first one, with the same ends."""
    found = later.space.nothing
    if not _translates(firewall, hook):
        return found
    first = later.forget(*unlike).named("connection", ("new",))
    for passed in firewall.hooks((hook,), first, (NAT,)).passed:
        if passed.rewrites:
            found = found | later & passed.flows.forget(*unlike)
    return found


def _untranslated(firewall: HostFirewall) -> HostFirewall:
    """The firewall without the nat chains that a packet from ``lo`` does not ask."""
    state = firewall.state
    kept = {
        key: ruleset
        for key, ruleset in state.rulesets.items()
        if ruleset.type != "nat" or ruleset.hook not in ("prerouting", "input")
    }
    if len(kept) == len(state.rulesets):
        return firewall
    return HostFirewall(replace(state, rulesets=kept), firewall.space)


def _addresses(flows: FlowSet, routing: Routing) -> FlowSet:
    """The flows to the host's own addresses: to loopback ones only where it has no other."""
    found = flows.space.nothing
    for family, (low, high) in LOOPBACK.items():
        mine = [address for address in routing.addresses if address.family == family]
        for address in [one for one in mine if not low <= one.value <= high] or mine:
            found = found | flows.only("dst", ((address.value, address.value),), family)
    return found
