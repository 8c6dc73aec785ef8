# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts let pass unchanged, of all that many paths will ask about, worked out once for all of them.

A walk that comes to a host with flows that are all among these goes on at once to where the host sends them; every
other one asks the host as if there were no survey. So a survey changes how long an answer takes, never the answer:
which flows are looked at together is a guess, and only what is certain about each of them is used.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from ..errors import FlowError
from ..model.flowset import FlowSet
from ..model.match import Range, Ranges, merge_ranges
from .errors_back import errors_to
from .evaluate import SIDES
from .glance import Exit, Lane, Sink, View
from .intervals import cut
from .journey import DENY, NEW, REPLY, Delivery, Hop, Journey, plain
from .network import Network
from .outcome import Outcome
from .packets import Arrival, Packets
from .reach import union
from .replies import Heard, Running, answers
from .routes import Leg
from .walk import Start, Walk

# A place is looked at when so many questions have come to it.
_WORTHWHILE = 2
# Of flows with more ranges of addresses than this, the hull is taken.
_MOST = 1_000
_ENDS = ("src", "dst")
# Which of the ends of what is asked about sends packets.
_SENDERS = {NEW: (0,), REPLY: (1,)}
# Who sends to more than so many may send to anybody.
_FEW = 64
# With more ranges of addresses than this, it takes longer to find out who sends to whom than to take all for it.
_MOST_ENDS = 100_000
# (host, interface by which packets come, whether they are for an address of the host)
Place = tuple[str, str, bool]


class Survey:
    """Of one network."""

    def __init__(self, network: Network, asked: Iterable[FlowSet], worthwhile: int = _WORTHWHILE) -> None:
        """``asked``: what the paths ask about."""
        self.network = network
        self.worthwhile = worthwhile
        space, sets = network.space, list(asked)
        self._nothing = space.nothing
        self._sources = {family: _values(sets, "src", family) for family in (4, 6)}
        self._destinations = {family: _values(sets, "dst", family) for family in (4, 6)}
        self._services = union(space.nothing, (flows.forget("src", "dst", "family") for flows in sets))
        self._ends = [
            {family: tuple(_values((flows,), name, family) for name in _ENDS) for family in (4, 6)}
            for flows in {flows.node: flows for flows in sets}.values()
        ]
        if sum(len(ranges) for ends in self._ends for both in ends.values() for ranges in both) > _MOST_ENDS:
            self._ends = []
        # For each end: which of these have it in an interval.
        self._with_end = [
            {
                family: cut(
                    ((*one, number) for number, ends in enumerate(self._ends) for one in ends[family][end]),
                    _FEW + 1,
                )
                for family in (4, 6)
            }
            for end in range(len(_ENDS))
        ]
        self._all = {
            family: merge_ranges(
                (*self._sources[family], *self._destinations[family], *network.owned_ranges(family))
            )
            for family in (4, 6)
        }
        self._expected: dict[str, FlowSet] = {}
        self._sides: dict[tuple[str, str], tuple[FlowSet, FlowSet]] = space.cache()
        self._routes: dict[str, dict[tuple[str, int], Ranges]] = {}
        self._lanes: dict[tuple[Place, View, int], _Lanes] = space.cache()
        self._running: dict[object, FlowSet | None] = space.cache()
        self._visits: dict[object, int] = {}

    def of(self, network: Network) -> Survey:
        """The same, of a network in which other assumptions hold."""
        found = Survey(network, (), self.worthwhile)
        found._sources, found._destinations = self._sources, self._destinations
        found._services, found._all, found._routes = self._services, self._all, self._routes
        found._ends, found._with_end = self._ends, self._with_end
        return found

    def lane(self, place: Place, view: View, flows: FlowSet) -> Lane | None:
        """What becomes of all of ``flows`` at a place; None where that is not known at a glance."""
        key = (place, view, self.network.space.names_known)
        lanes = self._lanes.get(key)
        if lanes is None:
            if not self._worth(key):
                return None
            lanes = self._lanes[key] = self._at(place, view)
        return lanes.of(flows) if lanes.listed else None

    def keeps(self, hop: Hop, place: str, heard: bool, flows: FlowSet) -> bool:
        """Whether packets of open connections, ``flows``, surely pass a host. ``place``: as ``Running`` has it;
        ``heard``: whether answers came by."""
        told = (heard, hop.status) if self.network.asks_connections(hop.host) else ()
        ways = (hop.host, hop.in_interface, hop.out_interface)
        key = (ways, place, told, self.network.space.names_known)
        if key not in self._running:
            if not self._worth(key):
                return False
            self._running[key] = self._kept(hop, place, heard)
        found = self._running[key]
        return found is not None and flows <= found

    def _worth(self, key: object) -> bool:
        visits = self._visits[key] = self._visits.get(key, 0) + 1
        return visits >= self.worthwhile

    # What may come to a place.

    def _coming(self, host: str, interface: str, direction: str) -> FlowSet:
        """Of all that is expected: what comes from where the host would send answers, and goes elsewhere."""
        expected = self._expected.get(direction)
        if expected is None:
            expected = self._expected[direction] = self._of_direction(direction)
        sources, destinations = self._near(host, interface)
        if not interface:
            return expected & sources
        # Routers send errors from whichever address they have.
        coming = expected & sources if direction in (NEW, REPLY) else expected
        return (coming & self._wanted(host, interface, direction)) - destinations

    def _wanted(self, host: str, interface: str, direction: str) -> FlowSet:
        """To whom anybody behind an interface sends, at least; errors are about what went either way."""
        found, behind = self._nothing, self._behind(host)
        if not self._ends:
            return self.network.space.everything
        for family in (4, 6):
            met: set[tuple[int, int]] = set()
            for low, high in behind.get((interface, family), ()):
                for end in _SENDERS.get(direction, (0, 1)):
                    for _first, _last, numbers in self._with_end[end][family].within(low, high):
                        met.update((end, number) for number in numbers or ())
                        if len(met) > _FEW:
                            return self.network.space.everything
            to = merge_ranges(one for end, number in met for one in self._ends[number][family][1 - end])
            found = found | self.network.space.everything.only("dst", to, family) if to else found
        return found

    def _near(self, host: str, interface: str) -> tuple[FlowSet, FlowSet]:
        """All from the addresses behind an interface, and all to them; of no interface: the host's own."""
        found = self._sides.get((host, interface))
        if found is None:
            behind = self._behind(host) if interface else {}
            everything, ends = self.network.space.everything, []
            for name in ("src", "dst"):
                flows = self._nothing
                for family in (4, 6):
                    own = self.network.addresses(host, family) if not interface else ()
                    near = behind.get((interface, family)) or tuple((one.value, one.value) for one in own)
                    flows = flows | everything.only(name, near, family) if near else flows
                ends.append(flows)
            found = self._sides[host, interface] = (ends[0], ends[1])
        return found

    def _of_direction(self, direction: str) -> FlowSet:
        space, found = self.network.space, self._nothing
        for family in (4, 6):
            sources, destinations = self._sources[family], self._destinations[family]
            if not sources or not destinations:
                continue
            if direction == NEW:
                part = space.everything.only("src", sources, family).only("dst", destinations, family)
                part = part & self._services
            elif direction == REPLY:
                part = space.everything.only("src", destinations, family).only("dst", sources, family)
                part = part & answers(self._services)
            else:
                part = errors_to(space, family, merge_ranges((*sources, *destinations)))
                part = part.only("src", self._all[family], family)
            found = found | part
        return found

    def _behind(self, host: str) -> dict[tuple[str, int], Ranges]:
        """(interface, family) -> the addresses behind it, as its routes have it; at least those asked about."""
        if host not in self._routes:
            found: dict[tuple[str, int], list[Range]] = {}
            routing = self.network.routing[host]
            for family, ranges in self._all.items():
                if not ranges:
                    continue
                if routing.by_destination:
                    ways = routing.everywhere(family)
                else:
                    there = self.network.space.everything.only("dst", ranges, family)
                    ways = (
                        (one, legs)
                        for part, legs in routing.lookup(there)
                        for one in part.hulls("dst", family, _MOST)
                    )
                for one, legs in ways:
                    for leg in legs:
                        if leg.kind == "forward":
                            found.setdefault((leg.interface, family), []).append(one)
            self._routes[host] = {key: merge_ranges(ranges) for key, ranges in found.items()}
        return self._routes[host]

    # What a host does with it.

    def _at(self, place: Place, view: View) -> _Lanes:
        host, interface, own = place
        if self.network.effects[host].uses_connection_marks:
            return _Lanes(())
        try:
            coming = self._coming(host, interface, view.direction)
            if own:
                mine = self._nothing
                for family in (4, 6):
                    values = tuple((one.value, one.value) for one in self.network.addresses(host, family))
                    mine = mine | coming.only("dst", values, family) if values else mine
                coming = mine
            return _Lanes(_Scout(self.network, view).lanes(place, coming)) if coming else _Lanes(())
        except FlowError:  # more separate values than can be listed
            return _Lanes(())

    def _kept(self, hop: Hop, place: str, heard: bool) -> FlowSet | None:
        effects = self.network.effects[hop.host]
        if effects.uses_connection_marks or effects.asks_confirmed:
            return None
        try:
            coming = self._coming(hop.host, hop.in_interface, NEW)
        except FlowError:
            return None
        if not coming:
            return None
        alike = Hop(
            hop.host,
            hop.in_interface,
            hop.out_interface,
            coming,
            coming,
            0,
            0,
            0,
            self._nothing,
            None,
            hop.status,
        )
        running = Running(self.network, Delivery(Journey(), coming, None))
        events = running.stopped(alike, coming, Heard({}, {}) if heard else None, place)
        return coming - union(self._nothing, (event.flows for event in events))


def _values(sets: Iterable[FlowSet], field: str, family: int) -> Ranges:
    nodes = {flows.node: flows for flows in sets}
    return merge_ranges(one for flows in nodes.values() for one in flows.hulls(field, family, _MOST))


class _Lanes:
    """What comes to one place, by what becomes of it."""

    def __init__(self, listed: Sequence[Lane]) -> None:
        self.listed = listed
        # family -> the destinations at which a lane begins or ends, and the lanes from there on
        self._starts: dict[int, list[int]] = {}
        self._there: dict[int, list[list[Lane]]] = {}
        for family in (4, 6):
            spans = [
                (low, high, one) for one in listed for low, high in one.flows.hulls("dst", family, _MOST)
            ]
            starts = sorted({edge for low, high, _one in spans for edge in (low, high + 1)})
            there: list[list[Lane]] = [[] for _start in starts]
            for low, high, one in spans:
                for at in range(bisect_left(starts, low), bisect_right(starts, high)):
                    there[at].append(one)
            self._starts[family], self._there[family] = starts, there

    def of(self, flows: FlowSet) -> Lane | None:
        family, value = flows.some_destination()
        at = bisect_right(self._starts[family], value) - 1
        for lane in self._there[family][at] if at >= 0 else ():
            if flows <= lane.flows:
                return lane
        return None


class _Scout(Walk):
    """Goes to one place with all that may come there."""

    def __init__(self, network: Network, view: View) -> None:
        super().__init__(network, network.space.nothing)
        self.direction = view.direction
        self._view = view
        self._asking = ("", "", False)
        self._sunk: list[tuple[FlowSet, Sink]] = []

    def view(self, host: str, flows: FlowSet) -> View | None:
        return None

    def dressed(self, host: str, packets: Packets, in_interface: str, out_interface: str) -> FlowSet:
        view = self._view
        seen = self.network.dresser.dress(packets.flows, view.kind, in_interface, out_interface)
        if view.statuses:
            seen = seen.named("ct_status", view.statuses)
        if view.blind:
            return seen.forget("connection", "ct_status", "direction")
        if not view.strays:
            return seen
        stray = seen.forget("connection").named("connection", ("invalid",))
        return seen | stray if view.known else stray

    def leaves(self, host: str, leg: Leg, flows: FlowSet, journey: Journey) -> tuple[FlowSet, str]:
        return flows.space.nothing, "a survey goes no further"

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
        self._asking = (in_interface, out_interface, packets.seen is None)
        return super()._hook(host, hook, packets, in_interface, out_interface, leg, sides)

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
        in_interface, out_interface, untouched = self._asking
        flows = packets.seen if packets.seen is not None else packets.flows
        plainly = untouched and not packets.journey.changes and not reason
        if verdict == DENY and outcome is not None and plainly:
            self._sunk.append((plain(flows), Sink(hook, in_interface, out_interface, at, outcome)))
        else:
            super().note(verdict, host, hook, packets, reason, outcome, at)

    def lanes(self, place: Place, coming: FlowSet) -> list[Lane]:
        """Flows by all that becomes of them, where that is certain and leaves them as they are."""
        host, interface, own = place
        if interface:
            arrivals = self._arrive(Arrival(host, interface, coming, Journey(), own))
        else:
            arrivals = self._begin(Start(host, "", coming))
        spoiled = union(self.network.space.nothing, (event.flows for event in self.found.events))
        met: list[tuple[FlowSet, Journey, Hop | None, Exit]] = []
        for one in arrivals:
            hop = one.journey.visits()[-1]
            met.append(
                (one.flows, one.journey, hop, Exit(hop.out_interface, one.host, one.interface, one.own))
            )
        met += [(one.flows, one.journey, one.end, Exit("")) for one in self.found.deliveries]
        exits: dict[FlowSet, list[Exit]] = {}
        sinks: dict[FlowSet, list[Sink]] = {}
        for flows, journey, passed, way in met:
            plainly = (
                passed is not None
                and passed.status == "none"
                and passed.marks is None
                and not passed.untracked
            )
            if journey.changes or not plainly:
                spoiled = spoiled | journey.to_origin(flows)
            else:
                exits.setdefault(flows, []).append(way)
        for flows, sink in self._sunk:
            sinks.setdefault(flows, []).append(sink)
        seen = self.network.space.nothing
        for flows in (*exits, *sinks):
            spoiled, seen = spoiled | seen & flows, seen | flows
        found = [Lane(flows - spoiled, tuple(ways)) for flows, ways in exits.items()]
        found += [Lane(flows - spoiled, (), tuple(ends)) for flows, ends in sinks.items()]
        found = [lane for lane in found if lane.flows]
        return [*found, *_fans(found, self.network.space.nothing)]


def _fans(lanes: Sequence[Lane], nothing: FlowSet) -> Iterator[Lane]:
    """Lanes over one network together, for flows to several of its hosts; a walk takes these by their addresses."""
    near: dict[tuple[str, int], dict[int, Lane]] = {}
    for lane in lanes:
        if len(lane.exits) != 1 or not lane.exits[0].own:
            continue
        families = lane.flows.families()
        ranges = lane.flows.hulls("dst", families[0])
        if len(families) == 1 and len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
            by_address = near.setdefault((lane.exits[0].out_interface, families[0]), {})
            by_address.setdefault(ranges[0][0], lane)
    for by_address in near.values():
        some = tuple(by_address[value] for value in sorted(by_address))
        if len(some) > 1:
            yield Lane(union(nothing, (lane.flows for lane in some)), lanes=some)
