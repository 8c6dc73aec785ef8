# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow sets on their way through the gathered hosts: routes, hooks, translations, until they end.

Sources: the packet flow of Netfilter (nftables wiki, "Netfilter hooks"): a router passes prerouting,
routing, forward, postrouting; a host's own packets pass routing, output, postrouting; what is for the
host passes prerouting, routing, input. Connection tracking belongs to each host, so does the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..model import text
from ..model.flowset import FlowSet
from . import entry, unbound
from .dress import FIRST
from .effects import MAYBE_REROUTED, OTHER_CHAINS, ROUTE_CHAINS
from .evaluate import AFTER_NAT, BEFORE_NAT, NAT, SIDES
from .given import resolved
from .glance import View, glance
from .journey import (
    CONTEXT,
    DENY,
    NEW,
    UNKNOWN,
    Change,
    Delivery,
    Event,
    Hop,
    Journey,
    Travelled,
    destinations,
    plain,
)
from .marks import Bits
from .network import Neighbour, Network
from .outcome import Outcome
from .packets import Arrival, Packets, going_round, not_known, surely
from .routes import FAMILY_NAME, Leg
from .trail import CAME, ROUTE, SENT, Step

_OF_ROUTERS = ("ingress", "prerouting", "forward", "postrouting", "egress")
_OF_DEVICES = ("ingress", "egress")
_OF_NEW = View(NEW, FIRST)


@dataclass(frozen=True, slots=True)
class Start:
    """Flows that begin: at ``host`` as its own packets, or coming from outside on its ``interface``."""

    host: str
    interface: str
    flows: FlowSet


class Walk:
    """One walk: of new flows here; ``replies`` makes another of it."""

    direction = NEW
    # Whether journeys keep all their steps.
    recording = False
    # Of replies: the way that their flows took.
    there: Journey | None = None

    def __init__(
        self,
        network: Network,
        outside: FlowSet,
        boundaries: frozenset[tuple[str, str]] = frozenset(),
        progress: Callable[[str], None] | None = None,
        goals: Mapping[str, FlowSet] | None = None,
    ) -> None:
        """``outside``: flows whose destination may lie where nothing is gathered (a policy named the address).

        ``goals``: host -> the flows, as they began, that are meant for it; None: any host may take them."""
        self.network = network
        self.outside = outside
        self.boundaries = boundaries
        self.progress = progress
        self.goals = goals
        self.found = Travelled()

    # What a subclass may see differently.

    def dressed(self, host: str, packets: Packets, in_interface: str, out_interface: str) -> FlowSet:
        """Plain flows as connection tracking on ``host`` sees them."""
        return self.network.dresser.dress(packets.flows, FIRST, in_interface, out_interface)

    def origin(self, flows: FlowSet, journey: Journey, surely: bool = False) -> FlowSet:
        return journey.to_origin(plain(flows), surely=surely)

    def translated(self, host: str, packets: Packets, hook: str) -> list[Packets]:
        """What connection tracking does at a hook to packets of known connections; nothing to new ones."""
        return [packets]

    def legs(self, legs: tuple[Leg, ...], family: int, host: str) -> tuple[Leg, ...]:
        return legs

    def leaves(self, host: str, leg: Leg, flows: FlowSet, journey: Journey) -> tuple[FlowSet, str]:
        """Of flows that leave what was gathered: those that are at their goal, and why the rest is not."""
        if (host, leg.interface) in self.boundaries:
            return flows, ""
        if leg.gateway is not None:
            return flows.space.nothing, f"the next hop after {host} is not gathered"
        return flows & self.outside, "nothing gathered has the address"

    def loose(self, host: str) -> frozenset[str]:
        """Fields of packets on ``host`` whose value is not known when they come in."""
        return frozenset()

    def arrived(self, host: str, flows: FlowSet, journey: Journey) -> FlowSet:
        """Of flows that were delivered on ``host``: those that are at their goal.

        Where a translation brought them to a host that they are not meant for, they are not."""
        if self.goals is None or not any("dst" in change.fields for change in journey.changes):
            return flows
        began = journey.to_origin(flows)
        astray = began - self.goals.get(host, flows.space.nothing)
        if not astray:
            return flows
        changed = ", ".join(
            dict.fromkeys(change.host for change in journey.changes if "dst" in change.fields)
        )
        reason = f"{changed} translates the destination, and {host} takes the flows instead"
        sure = astray
        if any(not change.exact for change in journey.changes):
            sure = astray & journey.to_origin(flows, surely=True)
        for verdict, part in ((DENY, sure), (UNKNOWN, astray - sure)):
            if part:
                self.found.events.append(
                    Event(
                        verdict, self.direction, host, "route", part, journey.route(), reason, journey=journey
                    )
                )
        right = began - astray
        for change in journey.changes:
            right = change.forth(right)
        return flows & right

    def unchanged_marks(self, host: str, packets: Packets) -> FlowSet | None:
        """The packets with the mark of their connection, where no rule changed what is seen of them."""
        return packets.flows.only("ct_mark", ((0, 0),))  # as a new connection has it

    def view(self, host: str, flows: FlowSet) -> View | None:
        """How ``host`` sees these packets; None where no survey tells what it does with them."""
        return _OF_NEW

    # The walk.

    def run(self, starts: Sequence[Start]) -> Travelled:
        begun: dict[tuple[str, str, bool], list[Arrival]] = {}
        work: list[Arrival] = []
        for start in starts:
            if start.interface:
                entry = (start.host, start.interface)
                work.append(Arrival(*entry, start.flows, Journey(entry=entry)))
                continue
            for arrival in self._begin(start):
                if arrival.journey.changes or self.recording:
                    work.append(arrival)
                else:
                    begun.setdefault((arrival.host, arrival.interface, arrival.own), []).append(arrival)
        for (host, interface, own), same in begun.items():
            flows = self._union([arrival.flows for arrival in same])
            hops = tuple(hop for arrival in same for hop in arrival.journey.starts)
            work.append(Arrival(host, interface, flows, Journey(starts=hops), own))
        while work:
            work = [then for arrival in work for then in self._arrive(arrival)]
        return self.found

    def _union(self, sets: Sequence[FlowSet]) -> FlowSet:
        space = self.network.space
        return FlowSet(space, space.diagrams.union_all(flows.node for flows in sets))

    def _begin(self, start: Start) -> list[Arrival]:
        host = start.host
        doubts = unbound.doubts(self.network.routing[host], start.flows)
        for doubtful, why in doubts if self.direction == NEW else ():
            self.note(UNKNOWN, host, "route", Packets(doubtful, None, Journey()), why)
        found = glance(self, Arrival(host, "", start.flows, Journey()), start=True)
        if found is not None:
            return found
        found = []
        begun = self._noted(Journey(), host, CAME, start.flows)
        for part, legs, family in self._lookup(host, Packets(start.flows, None, begun), ""):
            for leg in legs:
                if leg.kind == "forward":
                    found += self._send(host, leg, part, family)
                else:
                    self._stop(leg, host, part, own=True)
        return found

    def _send(self, host: str, leg: Leg, packets: Packets, family: int) -> list[Arrival]:
        found: list[Arrival] = []
        for after in self._around_nat(host, "output", packets, "", leg.interface):
            for way, then in self._again(host, leg, after, packets, family):
                for last in self._out(host, then, "", way):
                    hop = self._hop(host, "", way.interface, packets, then, last)
                    journey = replace(last.journey, starts=(hop,))
                    found += self._onward(host, way, last.flows, journey, family)
        return found

    def _out(self, host: str, packets: Packets, in_interface: str, leg: Leg) -> list[Packets]:
        """What the last hooks let out on a leg."""
        return [
            last
            for after in self._around_nat(host, "postrouting", packets, in_interface, leg.interface, leg)
            for last in self._hook(host, "egress", after, "", leg.interface, leg)
        ]

    def _again(
        self, host: str, leg: Leg, after: Packets, before: Packets, family: int
    ) -> list[tuple[Leg, Packets]]:
        """A host's own packets are routed again when a translation changed their destination, or a chain of type
        ``route`` their mark (nft(8), "CHAINS"; ``nf_route_table_hook4``)."""
        translated = after.journey.changes != before.journey.changes
        marks = self.network.effects[host].output_marks
        marked = after.seen is not None and self.network.routing[host].follows_marks and ROUTE_CHAINS in marks
        if not translated and not marked:
            return [(leg, after)]
        found: list[tuple[Leg, Packets]] = []
        for part, legs, _family in self._lookup(host, after, ""):
            if not translated and OTHER_CHAINS in marks and legs != (leg,):
                self.note(UNKNOWN, host, "output", part, f"{host}: {MAYBE_REROUTED}")
                continue
            for way in legs:
                if way.kind == "forward":
                    found.append((way, part))
                else:
                    self._stop(way, host, part, own=True)
        return found

    def _noted(self, journey: Journey, host: str, what: str, flows: FlowSet, **more: Any) -> Journey:
        """The journey with one more step, where steps are kept."""
        if not self.recording:
            return journey
        return journey.noted(Step(host, what, flows, len(journey.changes), **more))

    def _arrive(self, arrival: Arrival) -> list[Arrival]:
        host, interface = arrival.host, arrival.interface
        journey = self._noted(arrival.journey, host, CAME, arrival.flows, in_interface=interface)
        came = Packets(arrival.flows, None, journey)
        stop = going_round(arrival)
        if stop is not None:
            self.note(stop[0], host, "route", came, stop[1])
            return []
        found = glance(self, arrival)
        if found is not None:
            return found
        found = []
        entered = self._hook(host, "ingress", came, interface, "")
        for here in [
            part for one in entered for part in self._around_nat(host, "prerouting", one, interface, "")
        ]:
            if (
                arrival.own
                and here.journey.changes is journey.changes
                and self.network.routing[host].local_first
            ):
                for valid in self._validated(host, interface, "", here):
                    self._deliver(host, interface, valid, came)
                continue
            for part, legs, family in self._lookup(host, here, interface):
                for leg in legs:
                    if leg.kind == "local":
                        for valid in self._validated(host, interface, "", part):
                            self._deliver(host, interface, valid, came)
                    elif leg.kind == "forward":
                        found += self._forward(host, interface, leg, part, came, family)
                    else:
                        self._stop(leg, host, part)
        return found

    def _deliver(self, host: str, interface: str, packets: Packets, came: Packets) -> None:
        for last in self._around_nat(host, "input", packets, interface, ""):
            done = self.arrived(host, last.flows, last.journey)
            if done:
                hop = self._hop(host, interface, "", came, packets, last)
                self.found.deliveries.append(Delivery(last.journey, done, hop))

    def _forward(
        self, host: str, interface: str, leg: Leg, packets: Packets, came: Packets, family: int
    ) -> list[Arrival]:
        if family == 4 and interface in entry.not_forwarding(self.network.states[host]):
            self.note(DENY, host, "route", packets, f"{host}: forwarding is off on {interface}", at=host)
            return []
        forwards = self.network.forwards(host, family)
        if forwards is False:
            self.note(DENY, host, "route", packets, f"{host} does not forward {FAMILY_NAME[family]}", at=host)
            return []
        if forwards is None:
            why = f"whether {host} forwards {FAMILY_NAME[family]} is not known"
            self.note(UNKNOWN, host, "route", packets, why, at=host)
        found: list[Arrival] = []
        valid = self._validated(host, interface, leg.interface, packets)
        for after in [
            one for part in valid for one in self._hook(host, "forward", part, interface, leg.interface)
        ]:
            for last in self._out(host, after, interface, leg):
                hop = self._hop(host, interface, leg.interface, came, packets, last)
                journey = replace(last.journey, hops=(*last.journey.hops, hop))
                found += self._onward(host, leg, last.flows, journey, family)
        return found

    def _onward(self, host: str, leg: Leg, flows: FlowSet, journey: Journey, family: int) -> list[Arrival]:
        """Who takes the packets that ``host`` sends out on a leg."""
        takers: list[tuple[FlowSet, Neighbour]] = []
        taken: list[FlowSet] = []
        for part, value in self._addressed(leg, flows, family):
            near, far = self.network.takers(family, value, leg.interface, host)
            lost = self.network.not_found(host, leg.interface, part, value, near) if family == 6 else ""
            if lost:
                self.note(UNKNOWN, host, "route", Packets(part, None, journey), lost)
            if not near and not far:
                continue
            for taker, verdict, why in self.network.hearing(family, value, near, host, leg):
                if why:
                    self.note(verdict, host, "route", Packets(part, None, journey), why)
                if verdict != DENY:
                    takers.append((part, taker))
            taken.append(part)
            if not near:
                owner, address = far[0].host, text.address_text(family, value)
                behind = f"from behind {leg.interface} of {host}"
                reason = f"{owner} has {address}, but whether it takes packets for it {behind} is not known"
                self.note(UNKNOWN, host, "route", Packets(part, None, journey), reason)
        rest = flows - self._union(taken) if taken else flows
        if rest:
            self._outside(host, leg, rest, journey)
        own = leg.gateway is None
        return [
            Arrival(taker.host, taker.interface, mine, self._sent(journey, host, leg, mine, taker), own)
            for mine, taker in takers
        ]

    def _sent(
        self, journey: Journey, host: str, leg: Leg, flows: FlowSet, taker: Neighbour | None = None
    ) -> Journey:
        to = (taker.host, taker.interface) if taker is not None else ("", "")
        more = {"out_interface": leg.interface, "gateway": leg.gateway, "taker": to}
        return self._noted(journey, host, SENT, flows, **more)

    def _addressed(self, leg: Leg, flows: FlowSet, family: int) -> Iterator[tuple[FlowSet, int]]:
        """Flows on a leg by the address that takes them: the gateway's, or their own that gathered hosts have."""
        if leg.gateway is not None:
            yield flows, leg.gateway
            return
        ranges = destinations(flows, family)
        single = len(ranges) == 1 and ranges[0][0] == ranges[0][1]
        for low, high in ranges:
            for value in dict.fromkeys(
                value for value, _owner in self.network.owned_within(family, low, high)
            ):
                mine = flows if single else flows.only("dst", ((value, value),), family)
                if mine:
                    yield mine, value

    def _outside(self, host: str, leg: Leg, flows: FlowSet, journey: Journey) -> None:
        done, why = self.leaves(host, leg, flows, journey)
        journey = self._sent(journey, host, leg, flows)
        if done:
            self.found.deliveries.append(Delivery(journey, done, None))
        rest = flows - done
        if rest:
            family = rest.families()[0]
            gateway = f" ({text.address_text(family, leg.gateway)})" if leg.gateway is not None else ""
            self.note(
                UNKNOWN,
                host,
                "route",
                Packets(rest, None, journey),
                f"{why}{gateway}, behind {leg.interface} of {host}",
            )

    # Asking one host.

    def _lookup(
        self, host: str, packets: Packets, interface: str
    ) -> list[tuple[Packets, tuple[Leg, ...], int]]:
        routing = self.network.routing[host]
        undecided = self.network.space.nothing
        if not routing.follows_marks:
            found = entry.split(routing, packets.flows, interface)
        else:
            seen = packets.seen if packets.seen is not None else self.dressed(host, packets, interface, "")
            found = [
                (plain(part), legs, family) for part, legs, family in entry.split(routing, seen, interface)
            ]
            if "mark" in packets.loose:
                for index, (one, _legs, _family) in enumerate(found):
                    for other, _others, _same in found[index + 1 :]:
                        undecided = undecided | one & other
                found = [(part - undecided, legs, family) for part, legs, family in found if part - undecided]
                if undecided:
                    reason = f"which route they take on {host} depends on a mark whose value is not known"
                    leg = Leg("unknown", reason=reason)
                    found.append((undecided, (leg,), undecided.families()[0]))
        parts = []
        for flows, legs, family in found:
            same = flows == packets.flows
            seen_part = packets.seen & flows if packets.seen is not None and not same else packets.seen
            journey = self._noted(packets.journey, host, ROUTE, flows, in_interface=interface)
            part = replace(packets, flows=flows, seen=seen_part, journey=journey)
            parts.append((part, self.legs(legs, family, host), family))
        return parts

    def _validated(self, host: str, interface: str, out_interface: str, packets: Packets) -> list[Packets]:
        """What source validation leaves of packets that came in; what it drops is noted."""
        check, flows = self.network.source_check, packets.flows
        by_mark = check.looks_at_marks(host, interface)
        if by_mark:
            seen = packets.seen
            flows = seen if seen is not None else self.dressed(host, packets, interface, "")
        dropped = check.dropped(host, interface, out_interface, flows)
        gone = flows.space.nothing
        for one in dropped:
            sure = one.verdict == DENY and not (by_mark and "mark" in packets.loose)
            part = replace(packets, flows=plain(one.flows), seen=packets.seen and packets.seen & one.flows)
            at = host if out_interface else ""
            self.note(DENY if sure else UNKNOWN, host, "route", part, one.reason, at=at)
            gone = gone | part.flows if sure else gone
        if not gone:
            return [packets]
        left = packets.flows - gone
        return [replace(packets, flows=left, seen=packets.seen and packets.seen - gone)] if left else []

    def _around_nat(
        self,
        host: str,
        hook: str,
        packets: Packets,
        in_interface: str,
        out_interface: str,
        leg: Leg | None = None,
    ) -> list[Packets]:
        """What may get through a hook in which packets of known connections are translated: the rules before that
        see them as they came, the rules after it as they are then (nf_nat_inet_fn, nf_nat_core.c)."""

        def passed(some: Packets, *sides: str) -> list[Packets]:
            return self._hook(host, hook, some, in_interface, out_interface, leg, sides)

        if self.direction == NEW:
            return passed(packets, *SIDES)
        if not self.network.states[host].firewall_known or hook not in self.network.after_nat[host]:
            return [then for one in passed(packets, *SIDES) for then in self.translated(host, one, hook)]
        return [
            last
            for one in passed(packets, BEFORE_NAT)
            for then in self.translated(host, one, hook)
            for last in passed(then, NAT, AFTER_NAT)
        ]

    def _hook(
        self,
        host: str,
        hook: str,
        packets: Packets,
        in_interface: str,
        out_interface: str,
        leg: Leg | None = None,
        sides: tuple[str, ...] = SIDES,
    ) -> list[Packets]:
        """What may get through a hook; what does not is noted."""
        known = self.network.states[host].firewall_known or hook in _OF_DEVICES
        if known and hook not in self.network.hooks[host]:
            return [packets]
        if packets.seen is None:
            seen = self.dressed(host, packets, in_interface, out_interface)
            packets = replace(packets, loose=packets.loose | self.loose(host))
        else:
            seen = packets.seen.assign_name("in_interface", in_interface).assign_name(
                "out_interface", out_interface
            )
        outcome = self.network.ask(host, hook, seen, sides, self.progress)
        ways = {"in_interface": in_interface, "out_interface": out_interface}
        journey = self._noted(packets.journey, host, hook, seen, outcome=outcome, **ways)
        packets = replace(packets, journey=journey)
        at = host if hook in _OF_ROUTERS else ""
        denied, doubtful = surely(outcome.deny, seen, packets.loose)
        for verdict, part in ((DENY, denied), (UNKNOWN, outcome.unknown)):
            if part:
                self.note(verdict, host, hook, replace(packets, seen=part), outcome=outcome, at=at)
        if doubtful:
            reason = not_known(host, packets.loose)
            self.note(UNKNOWN, host, hook, replace(packets, seen=doubtful), reason, at=at)
        return self._through(host, packets, outcome, in_interface, leg)

    def _through(
        self, host: str, packets: Packets, outcome: Outcome, in_interface: str, leg: Leg | None
    ) -> list[Packets]:
        if all(not passed.rewrites for passed in outcome.passed):
            if not outcome.deny:
                return [packets]
            left = self._union([passed.after for passed in outcome.passed])
            return [replace(packets, flows=plain(left), seen=packets.seen and left)] if left else []
        found: list[Packets] = []
        loose = frozenset(
            name
            for passed in outcome.passed
            for name in CONTEXT
            if passed.rewrites.get(name, None if name in packets.loose else 0) is None
        )
        kept: list[FlowSet] = []
        for passed in outcome.passed:
            fields = {
                name: value
                for name, value in passed.rewrites.items()
                if name not in CONTEXT and not isinstance(value, Bits)
            }
            if not fields:
                kept.append(passed.after)
                continue
            if self.network.effects[host].writes_ends:
                came = Packets(plain(passed.flows), None, packets.journey)
                reason = (
                    f"rules of {host} write addresses or ports into packets, which tracking does not undo"
                )
                self.note(UNKNOWN, host, "route", came, reason)
                continue
            for one, values in resolved(self.network, host, passed, fields, in_interface, leg):
                change = Change(host, plain(passed.flows) & plain(one).forget(*values), plain(one), values)
                found.append(Packets(plain(one), one, packets.journey.changed(change), loose))
        if kept:
            left = self._union(kept)
            found.append(Packets(plain(left), left, packets.journey, loose))
        return found

    def _hop(
        self,
        host: str,
        in_interface: str,
        out_interface: str,
        came: Packets,
        routed: Packets,
        last: Packets,
    ) -> Hop:
        levels = (len(came.journey.changes), len(routed.journey.changes), len(last.journey.changes))
        untracked, marks, status = came.flows.space.nothing, None, "none"
        if last.seen is not None and levels[0] == levels[2]:
            untracked = plain(last.seen.named("connection", ("untracked",)))
        if self.network.effects[host].uses_connection_marks and "ct_mark" not in last.loose:
            marks = self.unchanged_marks(host, last)
            if last.seen is not None:
                marks = last.seen.forget(*(name for name in CONTEXT if name != "ct_mark"))
        if last.seen is not None:
            statuses = last.seen.values("ct_status")
            status = statuses[0] if len(statuses) == 1 else ""
        flows = (came.flows, routed.flows)
        return Hop(host, in_interface, out_interface, *flows, *levels, untracked, marks, status)

    def _stop(self, leg: Leg, host: str, packets: Packets, own: bool = False) -> None:
        if leg.kind == "local":  # a host's own packet to itself never leaves it
            self.note(UNKNOWN, host, "route", packets, f"the destination is {host} itself")
        else:
            verdict = DENY if leg.kind == DENY else UNKNOWN
            reason = leg.reason if leg.kind == UNKNOWN else f"{host}: {leg.reason}"
            self.note(verdict, host, "route", packets, reason, at="" if own else host)

    def note(
        self,
        verdict: str,
        host: str,
        hook: str,
        packets: Packets,
        reason: str = "",
        outcome: Outcome | None = None,
        at: str = "",
    ) -> None:
        journey = packets.journey
        flows = packets.seen if packets.seen is not None else packets.flows
        route = (
            journey.route()
            if not at or at in {hop.host for hop in journey.starts}
            else (*journey.route(), at)
        )
        origin = self.origin(flows, journey, surely=verdict == DENY)

        def to_origin(part: FlowSet) -> FlowSet:
            return self.origin(part, journey)

        if origin:
            self.found.events.append(
                Event(
                    verdict, self.direction, host, hook, origin, route, reason, outcome, to_origin, flows,
                    journey, self.there,
                )
            )  # fmt: skip
        if verdict == DENY and any(not change.exact for change in journey.changes):
            rest = self.origin(flows, journey) - origin
            if rest:
                reason = f"what {journey.changes[-1].host} translates to is not known"
                event = Event(UNKNOWN, self.direction, host, hook, rest, route, reason)
                self.found.events.append(replace(event, journey=journey, there=self.there))
