# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow sets on their way through the gathered hosts: routes, hooks, translations, until they end.

Sources: the packet flow of Netfilter (nftables wiki, "Netfilter hooks"): a router passes prerouting,
routing, forward, postrouting; a host's own packets pass routing, output, postrouting; what is for the
host passes prerouting, routing, input. Connection tracking belongs to each host, so does the mark.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..model import text
from ..model.fields import PROTOCOLS
from ..model.flowset import FlowSet
from .journey import CONTEXT, DENY, NEW, UNKNOWN, Change, Delivery, Event, Hop, Journey, Travelled, plain
from .network import Neighbour, Network
from .outcome import Passed
from .routes import FAMILY_NAME, Leg

_TCP = PROTOCOLS["tcp"]
SYN, ACK = 0x02, 0x10
_MOST_HOPS = 32  # the kernel's default time to live is 64; real paths have a handful
_LOOPBACK = "lo"


@dataclass(frozen=True, slots=True)
class Start:
    """Flows that begin: at ``host`` as its own packets, or coming from outside on its ``interface``."""

    host: str
    interface: str
    flows: FlowSet


@dataclass(frozen=True, slots=True)
class _Arrival:
    host: str
    interface: str
    flows: FlowSet
    journey: Journey


def split_tcp(flows: FlowSet) -> tuple[FlowSet, FlowSet]:
    tcp = flows.only("protocol", ((_TCP, _TCP),))
    return tcp, flows - tcp


def with_state(flows: FlowSet, connection: str, flags: Iterable[int]) -> FlowSet:
    """Plain flows with a connection state, with these TCP flags where they are TCP, and without a mark."""
    tcp, other = split_tcp(flows)
    tcp = tcp.only("tcp_flags", tuple((value, value) for value in flags))
    return (tcp | other).named("connection", (connection,)).only("mark", ((0, 0),))


class Walk:
    """One walk: of new flows here; ``replies`` makes another of it."""

    direction = NEW

    def __init__(self, network: Network, outside: FlowSet, boundaries: frozenset[tuple[str, str]] = frozenset(), progress: Callable[[str], None] | None = None) -> None:
        """``outside``: flows whose destination may lie where nothing is gathered (a policy named the address)."""
        self.network = network
        self.outside = outside
        self.boundaries = boundaries
        self.progress = progress
        self.found = Travelled()

    # What a subclass may see differently.

    def context(self, host: str, flows: FlowSet, journey: Journey) -> FlowSet:
        """The flows as connection tracking on ``host`` sees them."""
        return with_state(flows, "new", (SYN,)).only("ct_mark", ((0, 0),))

    def origin(self, flows: FlowSet, journey: Journey, surely: bool = False) -> FlowSet:
        return journey.to_origin(plain(flows), surely=surely)

    def translated(self, host: str, flows: FlowSet, journey: Journey, stage: str) -> tuple[FlowSet, Journey]:
        """What connection tracking does to packets of known connections; nothing to new ones."""
        return flows, journey

    def legs(self, legs: tuple[Leg, ...], family: int, host: str) -> tuple[Leg, ...]:
        return legs

    def leaves(self, host: str, leg: Leg, flows: FlowSet, journey: Journey) -> tuple[FlowSet, str]:
        """Of flows that leave what was gathered: those that are at their goal, and why the rest is not."""
        if (host, leg.interface) in self.boundaries:
            return flows, ""
        if leg.gateway is not None:
            return flows.space.nothing, f"the next hop after {host} is not gathered"
        return flows & self.outside, "nothing gathered has the address"

    def arrived(self, host: str, flows: FlowSet, journey: Journey) -> FlowSet:
        """Of flows that were delivered on ``host``: those that are at their goal."""
        return flows

    # The walk.

    def run(self, starts: Sequence[Start]) -> Travelled:
        merged: dict[tuple[str, str], _Arrival] = {}
        work: list[_Arrival] = []
        for start in starts:
            if start.interface:
                work.append(_Arrival(start.host, start.interface, start.flows, Journey(entry=(start.host, start.interface))))
                continue
            for arrival in self._begin(start):
                if arrival.journey.changes:
                    work.append(arrival)
                    continue
                key = (arrival.host, arrival.interface)
                held = merged.get(key)
                if held is not None:
                    journey = replace(held.journey, starts=(*held.journey.starts, *arrival.journey.starts))
                    arrival = _Arrival(*key, held.flows | arrival.flows, journey)
                merged[key] = arrival
        work += merged.values()
        while work:
            work = [then for arrival in work for then in self._arrive(arrival)]
        return self.found

    def _begin(self, start: Start) -> list[_Arrival]:
        host, journey = start.host, Journey()
        found: list[_Arrival] = []
        for part, legs in self._lookup(host, start.flows, ""):
            for leg in legs:
                if leg.kind != "forward":
                    self._stop(leg, host, part, journey, own=True)
                    continue
                flows = self._on(self.context(host, part, journey), "", leg.interface)
                for after, journey_out in self._hook(host, "output", flows, journey):
                    for last, journey_left in self._hook(host, "postrouting", after, journey_out):
                        left, journey_left = self.translated(host, plain(last), journey_left, "left")
                        hop = self._hop(host, "", leg.interface, part, plain(after), last, journey, journey_out, journey_left, after)
                        found += self._onward(host, leg, left, replace(journey_left, starts=(hop,)))
        return found

    def _arrive(self, arrival: _Arrival) -> list[_Arrival]:
        host, interface, journey = arrival.host, arrival.interface, arrival.journey
        if len(journey.hops) > _MOST_HOPS or any(hop.host == host and hop.in_interface == interface for hop in journey.hops):
            self._note(DENY, host, "route", arrival.flows, journey, f"routing loop at {host}")
            return []
        found: list[_Arrival] = []
        flows = self._on(self.context(host, arrival.flows, journey), interface, "")
        for came, journey_in in self._hook(host, "prerouting", flows, journey):
            here, journey_in = self.translated(host, plain(came), journey_in, "routed")
            marked = came if journey_in.changes == journey.changes and here == plain(came) else self._on(self.context(host, here, journey_in), interface, "")
            for part, legs in self._lookup(host, marked, interface):
                for leg in legs:
                    if leg.kind == "local":
                        self._deliver(host, interface, part, arrival, journey_in)
                    elif leg.kind == "forward":
                        found += self._forward(host, interface, leg, part, arrival, journey_in)
                    else:
                        self._stop(leg, host, part, journey_in)
        return found

    def _deliver(self, host: str, interface: str, flows: FlowSet, arrival: _Arrival, journey: Journey) -> None:
        for last, journey_end in self._hook(host, "input", flows, journey):
            done = self.arrived(host, plain(last), journey_end)
            if done:
                hop = self._hop(host, interface, "", arrival.flows, plain(flows), last, arrival.journey, journey, journey_end, flows)
                self.found.deliveries.append(Delivery(journey_end, done, hop))

    def _forward(self, host: str, interface: str, leg: Leg, flows: FlowSet, arrival: _Arrival, journey: Journey) -> list[_Arrival]:
        flows = self._forwarding(host, flows, journey)
        found: list[_Arrival] = []
        if not flows:
            return found
        for after, journey_on in self._hook(host, "forward", self._on(flows, interface, leg.interface), journey):
            for last, journey_out in self._hook(host, "postrouting", after, journey_on, leg):
                left, journey_left = self.translated(host, plain(last), journey_out, "left")
                hop = self._hop(host, interface, leg.interface, arrival.flows, plain(after), last, arrival.journey, journey_on, journey_left, flows)
                found += self._onward(host, leg, left, replace(journey_left, hops=(*journey_left.hops, hop)))
        return found

    def _forwarding(self, host: str, flows: FlowSet, journey: Journey) -> FlowSet:
        for family in flows.families():
            forwards = self.network.forwards(host, family)
            part = flows.named("family", (FAMILY_NAME[family],))
            if forwards is False:
                self._note(DENY, host, "route", part, journey, f"{host} does not forward {FAMILY_NAME[family]}", at=host)
                flows = flows - part
            elif forwards is None:
                self._note(UNKNOWN, host, "route", part, journey, f"whether {host} forwards {FAMILY_NAME[family]} is not known", at=host)
        return flows

    def _onward(self, host: str, leg: Leg, flows: FlowSet, journey: Journey) -> list[_Arrival]:
        """Who takes the packets that ``host`` sends out on a leg."""
        found: list[_Arrival] = []
        for family in flows.families():
            part = flows.named("family", (FAMILY_NAME[family],))
            if leg.gateway is not None:
                takers: list[tuple[FlowSet, Neighbour]] = [(part, taker) for taker in self.network.gateway_of(family, leg, host)]
            else:
                takers = [
                    (part.only("dst", ((value, value),), family), taker)
                    for low, high in part.ranges("dst", family)
                    for value, taker in self.network.owned_within(family, low, high)
                    if taker.host != host
                ]
            rest = part
            for mine, taker in takers:
                rest = rest - mine
                if mine:
                    found.append(_Arrival(taker.host, taker.interface, mine, journey))
            if rest:
                self._outside(host, leg, rest, journey, family)
        return found

    def _outside(self, host: str, leg: Leg, flows: FlowSet, journey: Journey, family: int) -> None:
        done, why = self.leaves(host, leg, flows, journey)
        if done:
            self.found.deliveries.append(Delivery(journey, done, None))
        rest = flows - done
        if rest:
            gateway = f" ({text.address_text(family, leg.gateway)})" if leg.gateway is not None else ""
            self._note(UNKNOWN, host, "route", rest, journey, f"{why}{gateway}, behind {leg.interface} of {host}")

    # Asking one host.

    def _lookup(self, host: str, flows: FlowSet, interface: str) -> list[tuple[FlowSet, tuple[Leg, ...]]]:
        found = []
        for part, legs in self.network.routing[host].lookup(flows, interface):
            for family in part.families():
                found.append((part.named("family", (FAMILY_NAME[family],)), self.legs(legs, family, host)))
        return found

    @staticmethod
    def _on(flows: FlowSet, in_interface: str, out_interface: str) -> FlowSet:
        """The flows at these interfaces; an empty name is no interface at all."""
        return flows.assign_name("in_interface", in_interface).assign_name("out_interface", out_interface)

    def _hook(self, host: str, hook: str, flows: FlowSet, journey: Journey, leg: Leg | None = None) -> list[tuple[FlowSet, Journey]]:
        """The flows that may get through a hook, and their journeys; what does not is noted."""
        state = self.network.states[host]
        if state.firewall_known and hook not in self.network.hooks[host]:
            return [(flows, journey)]
        outcome = self.network.firewall(host, self.progress).hooks((hook,), flows)
        for verdict, part in ((DENY, outcome.deny), (UNKNOWN, outcome.unknown)):
            if part:
                self._note(verdict, host, hook, part, journey, outcome=outcome, at=host if hook in ("prerouting", "forward", "postrouting") else "")
        untouched = flows.space.nothing
        found: list[tuple[FlowSet, Journey]] = []
        for passed in outcome.passed:
            fields = {name: value for name, value in passed.rewrites.items() if name not in CONTEXT}
            if not fields:
                untouched = untouched | passed.after
                continue
            for one, values in self._resolved(host, passed, fields, leg):
                change = Change(host, plain(passed.flows) & plain(one).forget(*values), plain(one), values)
                found.append((one, journey.changed(change)))
        if untouched:
            found.append((untouched, journey))
        return found

    def _resolved(self, host: str, passed: Passed, fields: dict[str, int | None], leg: Leg | None) -> list[tuple[FlowSet, dict[str, int | None]]]:
        """Masquerading takes the address of the interface; other values that are not known stay so."""
        if fields.get("src", 0) is not None or leg is None or not self._only_masquerades(host):
            return [(passed.after, fields)]
        found = []
        for family in passed.flows.families():
            mine = [own for own in self.network.addresses(host, family) if own.interface == leg.interface]
            near = [own for own in mine if leg.gateway is not None and own.low <= leg.gateway <= own.high] or mine
            after = passed.after.named("family", (FAMILY_NAME[family],))
            if near:
                found.append((after.assign("src", near[0].value, family), {**fields, "src": near[0].value}))
            else:
                found.append((after, fields))
        return found

    def _only_masquerades(self, host: str) -> bool:
        state = self.network.states[host]
        listed = [*(ruleset.rules for ruleset in state.rulesets.values()), *(chain.rules for chain in state.chains.values())]
        kinds = {effect.kind for rules in listed for rule in rules for effect in rule.effects}
        return "masquerade" in kinds and "snat" not in kinds

    def _hop(
        self, host: str, in_interface: str, out_interface: str, came: FlowSet, routed: FlowSet, last: FlowSet,
        before: Journey, middle: Journey, after: Journey, tracked: FlowSet,
    ) -> Hop:  # fmt: skip
        levels = (len(before.changes), len(middle.changes), len(after.changes))
        untracked = plain(tracked.named("connection", ("untracked",)))
        marks = last.forget(*(name for name in CONTEXT if name != "ct_mark")) if levels[0] == levels[2] else None
        return Hop(host, in_interface, out_interface, came, routed, plain(last), *levels, untracked, marks)

    def _stop(self, leg: Leg, host: str, flows: FlowSet, journey: Journey, own: bool = False) -> None:
        if leg.kind == "local":  # a host's own packet to itself never leaves it
            self._note(UNKNOWN, host, "route", flows, journey, f"the destination is {host} itself")
        else:
            verdict = DENY if leg.kind == DENY else UNKNOWN
            reason = leg.reason if leg.kind == UNKNOWN else f"{host}: {leg.reason}"
            self._note(verdict, host, "route", flows, journey, reason, at="" if own else host)

    def _note(
        self, verdict: str, host: str, hook: str, flows: FlowSet, journey: Journey, reason: str = "", outcome: object = None, at: str = ""
    ) -> None:
        route = journey.route() if not at or at in {hop.host for hop in journey.starts} else (*journey.route(), at)
        origin = self.origin(flows, journey, surely=verdict == DENY)

        def to_origin(part: FlowSet) -> FlowSet:
            return self.origin(part, journey)

        if origin:
            self.found.events.append(Event(verdict, self.direction, host, hook, origin, route, reason, outcome, to_origin, flows))  # type: ignore[arg-type]
        if verdict == DENY and any(not change.exact for change in journey.changes):
            rest = self.origin(flows, journey) - origin
            if rest:
                reason = f"what {journey.changes[-1].host} translates to is not known"
                self.found.events.append(Event(UNKNOWN, self.direction, host, hook, rest, route, reason))
