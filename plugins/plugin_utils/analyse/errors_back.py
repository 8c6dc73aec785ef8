# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a sender learns that its packets are too big: the way back of the ICMP errors about an open flow.

A router that can't send a packet on in one piece says so to its sender: ICMP type 3 code 4 (RFC 792, RFC 1191)
or ICMPv6 type 2 (RFC 4443, RFC 8201). Where that is dropped, small packets get through and big ones never do.
Each router of a way is asked as one that makes such errors, and as one that passes on those of a router beyond
it. Linux sees an error about a connection that it tracks as related, and in the direction of that connection
that the error goes; about any other, as invalid; no nat chain is asked (nf_conntrack_proto_icmp.c, the function
nf_conntrack_inet_error; nf_nat_proto.c). An address that a router translates in the connection, it translates
in the errors, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ..model.fields import PROTOCOLS, PROTOCOLS_WITH_PORTS
from ..model.flowset import FlowSet, Space
from ..model.match import Ranges
from .dress import ERROR_BACK, ERROR_ON
from .glance import View as Seen
from .journey import (
    DENY,
    UNKNOWN,
    Change,
    Delivery,
    Event,
    Hop,
    Journey,
    Travelled,
    addresses_at,
    destinations,
    plain,
)
from .network import Network
from .outcome import Outcome
from .packets import Packets
from .reach import Reach, union
from .replies import Undo, questions
from .routes import Leg
from .walk import Start, Walk

SOURCE, DESTINATION = "source", "destination"
# family -> (protocol, type, code) of the error
_ERROR = {4: (PROTOCOLS["icmp"], 3, 4), 6: (PROTOCOLS["icmpv6"], 2, 0)}
_SENDS = {SOURCE: "src", DESTINATION: "dst"}  # the end of a flow that learns of it
_TO_THE_BLIND = Seen("error", ERROR_BACK, blind=True)
# Whether a connection may be tracked and may not be, and what of it may be translated.
View = tuple[()] | tuple[tuple[bool, bool], frozenset[str]]
_Note = tuple[str, str, str, Packets, str, "Outcome | None", str]
_PORTED: Ranges = tuple((number, number) for number in PROTOCOLS_WITH_PORTS)


def errors_about(flows: FlowSet) -> FlowSet:
    """All errors, whoever makes them, that flows may cause at either end; addresses as they are at the ends."""
    found = flows.space.nothing
    for family in flows.families():
        for end in _SENDS.values():
            found = found | errors_to(flows.space, family, addresses_at(flows, end, family))
    return found


def errors_to(space: Space, family: int, addresses: Ranges) -> FlowSet:
    found = space.everything.only("dst", addresses, family)
    for name, value in zip(("protocol", "icmp_type", "icmp_code"), _ERROR[family]):
        found = found.only(name, ((value, value),))
    return found


@dataclass(frozen=True, slots=True)
class Moved(Change):
    """The end of the connection that an error is sent to, as one host translates it; ``level``: that of the
    connection's translations after it."""

    level: int = 0


class About:
    """Open flows that go the same way, and what hosts on it know of them."""

    def __init__(
        self,
        network: Network,
        deliveries: Sequence[Delivery],
        flows: Sequence[FlowSet],
        boundaries: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        """``flows``: as they were delivered, for each of the deliveries, which are several only where nothing is
        translated."""
        self.network = network
        self.deliveries = deliveries
        self.flows = flows
        self.way = deliveries[0].journey
        self._hops: dict[str, list[Hop]] = {}
        for hop in self._visited():
            self._hops.setdefault(hop.host, []).append(hop)
        exits = set(boundaries)
        if self.way.entry is not None:
            exits.add(self.way.entry)
        if deliveries[0].end is None and self.way.visits():
            last = self.way.visits()[-1]
            exits.add((last.host, last.out_interface))
        self.exits = frozenset(exits)
        self._levels: dict[int, FlowSet] = {}
        self._ends: dict[tuple[int, str], dict[int, Ranges]] = {}
        self._inside: dict[object, FlowSet] = {}
        self._tracking: dict[str, tuple[bool, bool]] = {}
        self._views: dict[str, View] = {}

    def _visited(self) -> Iterable[Hop]:
        for one in self.deliveries:
            yield from one.journey.visits()
            if one.end is not None:
                yield one.end

    def hop(self, host: str) -> Hop | None:
        """The first visit of a host."""
        found = self._hops.get(host)
        return found[0] if found else None

    def statuses(self, host: str) -> tuple[str, ...]:
        """What of the connection the host translated; empty where that is not known."""
        found = {hop.status for hop in self._hops.get(host, ())}
        return () if "" in found else tuple(sorted(found))

    def at(self, level: int) -> FlowSet:
        """The flows with so many of their translations."""
        found = self._levels.get(level)
        if found is None:
            found = self._levels[level] = union(
                self.flows[0].space.nothing,
                (one.journey.at_level(flows, level) for one, flows in zip(self.deliveries, self.flows)),
            )
        return found

    def ends(self, level: int, to: str) -> dict[int, Ranges]:
        """By family: the addresses of one end of the flows."""
        found = self._ends.get((level, to))
        if found is None:
            packets = self.at(level)
            found = {family: addresses_at(packets, _SENDS[to], family) for family in packets.families()}
            self._ends[level, to] = found
        return found

    def inside(self, errors: FlowSet, level: int, to: str) -> FlowSet:
        """The flows that errors to this end are about."""
        wanted = tuple((family, destinations(errors, family)) for family in errors.families())
        found = self._inside.get((level, to, wanted))
        if found is None:
            packets, found = self.at(level), errors.space.nothing
            for family, ranges in wanted:
                found = found | packets.only(_SENDS[to], ranges, family)
            self._inside[level, to, wanted] = found
        return found

    def tracking(self, host: str) -> tuple[bool, bool]:
        """Whether the connection may be tracked on a host, and may not be. A host that the flows do not pass may
        have seen their replies; one whose rules choose zones may look for the connection in another."""
        found = self._tracking.get(host)
        if found is None:
            hops = self._hops.get(host, ())
            found = (True, True)
            if hops and not self.network.effects[host].zones:
                found = (
                    any(hop.came - hop.untracked for hop in hops),
                    any(bool(hop.untracked) for hop in hops),
                )
            self._tracking[host] = found
        return found

    def view(self, host: str) -> View:
        """What of a host's view of the errors depends on what they are about."""
        found = self._views.get(host)
        if found is None:
            found = ()
            if self.network.asks_connections(host):
                found = self.tracking(host), frozenset(hop.status for hop in self._hops.get(host, ()))
            self._views[host] = found
        return found

    def seen(self, views: Mapping[str, View]) -> bool:
        """Whether these hosts see errors about these flows so."""
        return all(self.view(host) == view for host, view in views.items())


class Maker(NamedTuple):
    """``beyond``: an unknown router behind ``interface`` makes the error, else ``host`` itself. ``level``: that of
    the connection's translations on the packet that is too big."""

    host: str
    interface: str
    level: int
    beyond: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """Errors to one end (``source``, ``destination``) that surely or possibly get lost, as the event tells; its
    flows are those that the errors are about."""

    to: str
    maker: Maker
    event: Event


class Errors(Walk):
    """The walk of the errors that one maker sends to one end."""

    direction = "error"

    def __init__(
        self,
        network: Network,
        about: About,
        to: str,
        maker: Maker,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(network, network.space.nothing, about.exits, progress)
        self.about = about
        self.to = to
        self.maker = maker
        self.views: dict[str, View] = {}
        # All errors, as they begin, if there are some to each address of that end.
        self._begun: FlowSet | None = None
        self._met: list[_Note] = []

    def run(self, starts: Sequence[Start]) -> Travelled:
        """The same errors meet the same on their way, whatever they are about, where the hosts on it see them alike."""
        if self.about.way.changes:
            return super().run(starts)
        key = (self.to, self.boundaries, *((one.host, one.interface, one.flows.node) for one in starts))
        known = self.network.errors_met.setdefault(key, [])
        for views, met in known:
            if self.about.seen(views):
                self.views = views
                for note in met:
                    super().note(*note)
                return self.found
        found = super().run(starts)
        known.append((self.views, self._met))
        return found

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
        self._met.append((verdict, host, hook, packets, reason, outcome, at))
        super().note(verdict, host, hook, packets, reason, outcome, at)

    def start(self) -> Start:
        """The errors, and where they begin."""
        about, maker, found, whole = self.about, self.maker, self.network.space.nothing, True
        other = DESTINATION if self.to == SOURCE else SOURCE
        beyond = about.ends(maker.level, other) if maker.beyond else {}
        for family, ranges in about.ends(maker.level, self.to).items():
            for towards in ranges:
                key = (maker.host, family, towards, beyond.get(family, ()))
                errors = self.network.errors_made.get(key)
                if errors is None:
                    sources = beyond.get(family, ()) or self._own(family, towards[0])
                    errors = errors_to(self.network.space, family, (towards,)).only("src", sources, family)
                    self.network.errors_made[key] = errors
                found, whole = found | errors, whole and bool(errors)
        self._begun = found if whole else None
        return Start(maker.host, maker.interface if maker.beyond else "", found)

    def _own(self, family: int, towards: int) -> Ranges:
        """The address that the maker writes from; any of its own where no route tells which."""
        value, _gateway = self.network.routing[self.maker.host].source_for(family, towards)
        if value is not None:
            return ((value, value),)
        return tuple((own.value, own.value) for own in self.network.addresses(self.maker.host, family))

    # What a walk of errors sees differently.

    def dressed(self, host: str, packets: Packets, in_interface: str, out_interface: str) -> FlowSet:
        dress, marked = self.network.dresser.dress, self.network.effects[host].uses_connection_marks
        self.views[host] = self.about.view(host)
        tracked, untracked = self.about.tracking(host)
        kind = ERROR_BACK if self.to == SOURCE else ERROR_ON
        seen = related = dress(packets.flows, kind, in_interface, out_interface, marked)
        if statuses := self.about.statuses(host):
            seen = seen.named("ct_status", statuses)
        if untracked:
            stray = seen.forget("connection").named("connection", ("invalid",))
            seen = seen | stray if tracked else stray
        # Whatever they are taken for, they are the same packets.
        known = self.network.space.plain
        if related.node in known:
            known.setdefault(seen.node, known[related.node])
        return seen

    def view(self, host: str, flows: FlowSet) -> Seen | None:
        if self.about.way.changes:
            return None
        if not self.network.asks_connections(host):
            return _TO_THE_BLIND
        self.views[host] = self.about.view(host)
        kind = ERROR_BACK if self.to == SOURCE else ERROR_ON
        return Seen(self.direction, kind, self.about.statuses(host), *self.about.tracking(host))

    def loose(self, host: str) -> frozenset[str]:
        found = ["ct_mark"] if self.network.effects[host].uses_connection_marks else []
        return frozenset([*found, "connection"] if all(self.about.tracking(host)) else found)

    def origin(self, flows: FlowSet, journey: Journey, surely: bool = False) -> FlowSet:
        """The flows that errors are about, as they began."""
        level = self._level(journey)
        if self._begun is not None and not journey.changes and plain(flows) == self._begun:
            return self.about.way.to_origin(self.about.at(level), level)
        return self.about.way.to_origin(self.about.inside(plain(flows), level, self.to), level)

    def _level(self, journey: Journey) -> int:
        done = [change.level for change in journey.changes if isinstance(change, Moved)]
        return done[-1] if done else self.maker.level

    def translated(self, host: str, packets: Packets, hook: str) -> list[Packets]:
        hop = self.about.hop(host)
        if not self.about.way.changes or hop is None or not packets.flows:
            return [packets]
        if packets.seen is not None and packets.seen.named("connection", ("untracked", "invalid")):
            return [packets]
        level = self._level(packets.journey)
        ends = (hop.level_left, hop.level_came) if self.to == SOURCE else (hop.level_came, hop.level_left)
        first = hook in ("prerouting", "output")
        source, target = (ends[0], hop.level_routed) if first else (hop.level_routed, ends[1])
        if level != source or source == target:
            return [packets]
        journey = packets.journey
        here = self._readdressed(packets.flows, level, target)
        seen = self._readdressed(packets.seen, level, target) if packets.seen is not None else None
        moved = Moved(host, packets.flows, here, {}, target)
        return [Packets(here, seen, journey.changed(moved), packets.loose)]

    def _readdressed(self, errors: FlowSet, level: int, target: int) -> FlowSet:
        """Errors with the end of their connection as it is at another level."""
        packets, changes = self.about.inside(errors, level, self.to), self.about.way.changes
        if target < level:
            for change in reversed(changes[target:level]):
                packets = change.back(packets)
        else:
            for change in changes[level:target]:
                packets = change.forth(packets)
        found, rest = errors.space.nothing, errors.forget("dst")
        for family in packets.families():
            found = found | rest.only("dst", addresses_at(packets, _SENDS[self.to], family), family)
        return found

    def leaves(self, host: str, leg: Leg, flows: FlowSet, journey: Journey) -> tuple[FlowSet, str]:
        if (host, leg.interface) in self.boundaries:
            return self.arrived("", flows, journey), "nothing gathered is there"
        return flows.space.nothing, "errors leave what is gathered by another way than the flows go"

    def arrived(self, host: str, flows: FlowSet, journey: Journey) -> FlowSet:
        goal = 0 if self.to == SOURCE else len(self.about.way.changes)
        if self._level(journey) == goal:
            return flows
        reason = "the error does not come back through the translation of its connection"
        at = host or self.maker.host
        self.note(UNKNOWN, at, "route", Packets(flows, None, journey), reason)
        return flows.space.nothing


@dataclass
class ErrorsBack:
    """The errors about ``opened``, flows as they began; worked out when first asked for.

    ``blocked``: those about which an error surely gets lost; ``unknown``: possibly. ``stops``: where."""

    network: Network
    reached: Sequence[Reach]
    opened: FlowSet
    boundaries: frozenset[tuple[str, str]] = frozenset()
    progress: Callable[[str], None] | None = field(default=None, repr=False)

    @cached_property
    def asked(self) -> FlowSet:
        """Those of the open flows that can grow: of protocols with ports."""
        return self.opened.only("protocol", _PORTED)

    @cached_property
    def stops(self) -> list[Stop]:
        found: list[Stop] = []
        walked: dict[object, list[Mapping[str, View]]] = {}
        for to, routes in ((SOURCE, self._there()), (DESTINATION, self._back())):
            for about, makers in self._together(routes):
                for maker in makers:
                    key = (to, maker, about.exits, about.at(maker.level).node)
                    alike = walked.setdefault(key, [])
                    # Of flows that take several ways, the errors of one maker are the same on each.
                    if not about.way.changes and any(about.seen(views) for views in alike):
                        continue
                    walk = Errors(self.network, about, to, maker, self.progress)
                    found += [Stop(to, maker, event) for event in walk.run([walk.start()]).events]
                    alike.append(walk.views)
        return found

    @cached_property
    def blocked(self) -> FlowSet:
        return self._of(DENY)

    @cached_property
    def unknown(self) -> FlowSet:
        return self._of(UNKNOWN) - self.blocked

    def _of(self, verdict: str) -> FlowSet:
        nothing = self.network.space.nothing
        return self.opened & union(
            nothing, (stop.event.flows for stop in self.stops if stop.event.verdict == verdict)
        )

    def _there(self) -> list[_Route]:
        """Ways of the flows."""
        found = []
        for delivery, flows, _answers in self._ways():
            hops = [
                (hop.host, hop.out_interface, hop.level_routed, hop.level_left)
                for hop in delivery.journey.hops
            ]
            found.append(_Route(delivery, flows, tuple(hops)))
        return found

    def _back(self) -> list[_Route]:
        """Ways of their answers, with the levels of the flows' own translations."""
        found = []
        for delivery, flows, answers in self._ways():
            for answer in answers:
                way = answer.journey
                hops = [
                    (
                        hop.host,
                        hop.out_interface,
                        _level_of_flows(delivery, way, hop.level_routed),
                        _level_of_flows(delivery, way, hop.level_left),
                    )
                    for hop in way.hops
                ]
                mine = flows & questions(way.to_origin(plain(answer.flows)))
                if mine:
                    found.append(_Route(delivery, mine, tuple(hops)))
        return found

    def _together(self, routes: Iterable[_Route]) -> Iterator[tuple[About, Iterator[Maker]]]:
        """Routes that one walk does for: those of flows that went the same way, without translations or as one."""
        found: dict[object, list[_Route]] = {}
        for route in routes:
            way = route.delivery.journey
            alone = id(route.delivery) if way.changes else 0
            key = (route.hops, way.route(), way.entry, route.delivery.end is None, alone)
            found.setdefault(key, []).append(route)
        for same in found.values():
            deliveries, flows = [route.delivery for route in same], [route.flows for route in same]
            yield About(self.network, deliveries, flows, self.boundaries), same[0].makers()

    def _ways(self) -> Iterator[tuple[Delivery, FlowSet, list[Delivery]]]:
        """Deliveries with their open flows, as they were delivered, and where the answers went."""
        for one in self.reached:
            for delivery, answers in zip(one.deliveries, one.answers):
                flows = self.asked
                for change in delivery.journey.changes:
                    flows = change.forth(flows)
                flows = flows & delivery.flows
                if flows and all(change.exact for change in delivery.journey.changes):
                    yield delivery, flows, answers


@dataclass(frozen=True, slots=True)
class _Route:
    """``hops``: the routers, each as its name, the interface that packets leave by, and the levels of the
    translations on them when they are found too big there, and when they have left."""

    delivery: Delivery
    flows: FlowSet
    hops: tuple[tuple[str, str, int, int], ...]

    def makers(self) -> Iterator[Maker]:
        for host, _interface, routed, _left in self.hops:
            yield Maker(host, "", routed, False)
        if self.hops:
            host, interface, _routed, left = self.hops[-1]
            yield Maker(host, interface, left, True)


def _level_of_flows(delivery: Delivery, answers: Journey, level: int) -> int:
    """The level of the flows' own translations on their answers at a level of the answers' translations."""
    undone = [change.low for change in answers.changes[:level] if isinstance(change, Undo)]
    return undone[-1] if undone else len(delivery.journey.changes)
