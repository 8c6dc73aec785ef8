# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A walk's look at what a survey of the hosts already tells about flows that come to one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..model.flowset import FlowSet
from .journey import DENY, Delivery, Hop, Journey
from .outcome import Outcome, Part
from .packets import Arrival, Packets

if TYPE_CHECKING:
    from .walk import Walk


class View(NamedTuple):
    """How a host sees the packets of a walk. ``direction``: the walk's; ``kind``: as ``Dresser`` has it; ``statuses``:
    what connection tracking may have translated of them, empty where that is open; ``known``, ``strays``: whether their
    connection may be tracked there, and may not be. ``blind``: its rules don't ask for any of that."""

    direction: str
    kind: str
    statuses: tuple[str, ...] = ()
    known: bool = True
    strays: bool = False
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Exit:
    """Where a host sends flows: who takes them, and by which interfaces; no taker for those that stay on the host.
    ``own``: all of them are for an address of the taker."""

    out_interface: str
    taker: str = ""
    interface: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Sink:
    """Where a host surely drops flows: by the rules of a hook. ``at``: the host, if it counts as a router there;
    ``outcome``: what the hook does with all that a survey expects."""

    hook: str
    in_interface: str
    out_interface: str
    at: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Lane:
    """Flows that take all of the exits, or end in all of the sinks; or of which each takes the exits of its own of
    these lanes, over one network to which they are all sent."""

    flows: FlowSet
    exits: tuple[Exit, ...] = ()
    sinks: tuple[Sink, ...] = ()
    lanes: tuple[Lane, ...] = ()

    def of(self, flows: FlowSet) -> Iterator[tuple[FlowSet, Exit]]:
        """The exits that some of its flows take."""
        for way in self.exits:
            yield flows, way
        for lane in self.lanes:
            part = flows & lane.flows
            if part:
                yield from lane.of(part)


def glance(walk: Walk, arrival: Arrival, start: bool = False) -> list[Arrival] | None:
    """What a host does with an arrival, or with flows that ``start`` there, as ``Walk`` finds it; None where the host
    has to be asked."""
    survey, journey = walk.network.survey, arrival.journey
    if survey is None or journey.changes or walk.recording:
        return None
    host, flows = arrival.host, arrival.flows
    view = walk.view(host, flows)
    lane = survey.lane((host, arrival.interface, arrival.own), view, flows) if view is not None else None
    if lane is None or (lane.sinks and walk.loose(host)):
        return None
    dropped = [
        (sink, walk.dressed(host, Packets(flows, None, journey), sink.in_interface, sink.out_interface))
        for sink in lane.sinks
    ]
    if not all(seen <= sink.outcome.deny for sink, seen in dropped):
        return None
    for sink, seen in dropped:
        walk.note(DENY, host, sink.hook, Packets(flows, seen, journey), "", _of(sink.outcome, seen), sink.at)
    found, nothing = [], flows.space.nothing
    hop, out_interface = None, ""
    for part, way in lane.of(flows):
        if hop is None or way.out_interface != out_interface:
            out_interface = way.out_interface
            hop = Hop(host, arrival.interface, out_interface, flows, flows, 0, 0, 0, nothing, None, "none")
        if way.taker:
            visits = ((hop,), ()) if start else (journey.starts, (*journey.hops, hop))
            further = Journey(visits[0], journey.entry, visits[1])
            found.append(Arrival(way.taker, way.interface, part, further, way.own))
        elif done := walk.arrived(host, part, journey):
            walk.found.deliveries.append(Delivery(journey, done, hop))
    return found


def _of(whole: Outcome, denied: FlowSet) -> Outcome:
    """Of an outcome: what it is for flows that it denies."""

    def explained() -> tuple[Part, ...]:
        cut = ((part, part.flows & denied) for part in whole.parts)
        return tuple(Part(part.verdict, flows, part.rules, part.reason) for part, flows in cut if flows)

    nothing = denied.space.nothing
    return Outcome(nothing, denied, nothing, (), explained)
