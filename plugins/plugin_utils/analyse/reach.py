# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole proof for a set of flows: there, back, and on, over every combination of legs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..model.flowset import FlowSet
from .journey import DENY, UNKNOWN, Delivery, Event
from .network import Network
from .replies import Replies, Running
from .walk import Start, Walk

Progress = Callable[[str], None]


@dataclass(slots=True)
class Leg:
    """One combination of ways: ``there`` and ``back`` are the routers; ``flows`` all that may take it."""

    there: tuple[str, ...]
    back: tuple[str, ...] | None
    flows: FlowSet
    denied: FlowSet
    unknown: FlowSet

    @property
    def opened(self) -> FlowSet:
        return self.flows - self.denied - self.unknown


@dataclass(slots=True)
class Reach:
    """``denied``, ``unknown``, ``open`` partition the flows that were asked about: certainly cut on some
    leg; not known on some leg and certainly cut on none; open on every leg. ``some``: open on some leg.
    ``answers``: where the answers to each of the ``deliveries`` went."""

    open: FlowSet
    denied: FlowSet
    unknown: FlowSet
    some: FlowSet
    events: list[Event] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    answers: list[list[Delivery]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Question:
    """``outside``: flows whose destination may lie where nothing is gathered. ``replies``: whether the
    flows are open only if answers come back. ``same_leg``: replies take the leg of their flow.
    ``goals``: host -> the flows that are meant for it; None: whoever takes them is right. ``recording``: whether
    journeys keep their steps."""

    outside: FlowSet
    boundaries: frozenset[tuple[str, str]] = frozenset()
    replies: bool = True
    same_leg: bool = False
    goals: Mapping[str, FlowSet] | None = None
    recording: bool = False


def reach(
    network: Network, starts: Sequence[Start], question: Question, progress: Progress | None = None
) -> Reach:
    """Follow the flows of all starts. A flow that begins at several of them, as one from outside may come in by several
    interfaces, is denied or unknown if it is from one of them, and open on some leg if it is from one."""
    batches = _apart(starts)
    found = _reach(network, batches[0] if batches else [], question, progress)
    for batch in batches[1:]:
        found = _beside(found, _reach(network, batch, question, progress))
    return found


def _apart(starts: Sequence[Start]) -> list[list[Start]]:
    """The starts in batches within which each flow begins once."""
    batches: list[tuple[list[Start], FlowSet]] = []
    for start in starts:
        for at, (batch, flows) in enumerate(batches):
            if not flows & start.flows:
                batch.append(start)
                batches[at] = batch, flows | start.flows
                break
        else:
            batches.append(([start], start.flows))
    return [batch for batch, _flows in batches]


def _beside(one: Reach, other: Reach) -> Reach:
    asked = one.open | one.denied | one.unknown | other.open | other.denied | other.unknown
    denied = one.denied | other.denied
    unknown = (one.unknown | other.unknown) - denied
    return Reach(
        asked - denied - unknown,
        denied,
        unknown,
        one.some | other.some,
        one.events + other.events,
        one.legs + other.legs,
        one.deliveries + other.deliveries,
        one.answers + other.answers,
    )


def _reach(network: Network, starts: Sequence[Start], question: Question, progress: Progress | None) -> Reach:
    """Each flow begins at one of the starts."""
    nothing = network.space.nothing
    asked = union(nothing, (start.flows for start in starts))
    follower = Walk(network, question.outside, question.boundaries, progress, question.goals)
    follower.recording = question.recording
    walk = follower.run(starts)
    events, legs = list(walk.events), _dead_ends(walk.events, nothing)
    answers: list[list[Delivery]] = []
    for delivery in walk.deliveries:
        if question.replies:
            back = _back(network, delivery, question, progress)
            events += back.events
            legs += back.legs
            answers.append(back.deliveries)
        else:
            flows = delivery.journey.to_origin(delivery.flows)
            legs.append(Leg(delivery.journey.route(), None, flows, nothing, nothing))
            answers.append([])
    legs = _merged(legs, walk.events)
    denied = union(nothing, (event.flows for event in events if event.verdict == DENY)) & asked
    unknown = union(nothing, (event.flows for event in events if event.verdict == UNKNOWN)) & asked - denied
    some = union(nothing, (leg.opened for leg in legs)) & asked
    seen = union(nothing, (leg.flows for leg in legs))
    lost = asked - denied - unknown - seen
    if lost:
        events.append(
            Event(UNKNOWN, "new", "", "route", lost, (), "these flows could not be followed to an end")
        )
        unknown = unknown | lost
    return Reach(
        asked - denied - unknown, denied, unknown, some - lost, events, legs, walk.deliveries, answers
    )


def union(nothing: FlowSet, sets: Iterable[FlowSet]) -> FlowSet:
    nodes = {one.node for one in sets}
    if not nodes:
        return nothing
    space = nothing.space
    return FlowSet(space, nodes.pop() if len(nodes) == 1 else space.diagrams.union_all(nodes))


def _back(network: Network, delivery: Delivery, question: Question, progress: Progress | None) -> Reach:
    """Replies and running packets of one delivery, per way back."""
    nothing = network.space.nothing
    origin = delivery.journey.to_origin(delivery.flows)
    events: list[Event] = []
    legs: list[Leg] = []
    there = delivery.journey.route()
    if not all(change.exact for change in delivery.journey.changes):
        reason = f"what {delivery.journey.changes[-1].host} translates to is not known, so replies can't be followed"
        event = Event(UNKNOWN, "reply", delivery.journey.changes[-1].host, "route", origin, there, reason)
        events.append(replace(event, there=delivery.journey))
        return Reach(nothing, nothing, origin, nothing, events, [Leg(there, None, origin, nothing, origin)])
    walk = Replies(network, delivery, question.boundaries, question.same_leg, progress)
    walk.recording = question.recording
    found = walk.run([walk.start()])
    events += found.events
    legs += [
        Leg(there, leg.back, leg.flows & origin, leg.denied, leg.unknown)
        for leg in _dead_ends(found.events, nothing, there)
    ]
    ways: dict[tuple[str, ...], FlowSet] = {}
    together: dict[tuple[tuple[str, ...], tuple[int, ...]], list[Delivery]] = {}
    for answer in found.deliveries:
        key = (answer.journey.route(), tuple(id(change) for change in answer.journey.changes))
        together.setdefault(key, []).append(answer)
    arrived: dict[frozenset[str], list[Delivery]] = {}
    for (route, _changes), same in together.items():
        arrived.setdefault(frozenset(route), []).extend(same)
        flows = walk.origin(union(nothing, (answer.flows for answer in same)), same[0].journey) & origin
        ways[route] = ways.get(route, nothing) | flows
    running: dict[frozenset[str], FlowSet] = {}
    for route, flows in ways.items():
        running[frozenset(route)] = running.get(frozenset(route), nothing) | flows
    checks = Running(network, delivery, progress)
    stops: dict[frozenset[str], list[Event]] = {}
    for hosts, flows in running.items():
        delivered = _as_delivered(delivery, flows)
        stops[hosts] = checks.events(delivered, hosts, walk.heard(arrived[hosts]))
        events += stops[hosts]
    for route, flows in ways.items():
        mine = stops[frozenset(route)]
        denied = union(nothing, (event.flows for event in mine if event.verdict == DENY)) & flows
        unknown = union(nothing, (event.flows for event in mine if event.verdict == UNKNOWN)) & flows - denied
        waiting = union(
            nothing, (event.flows for event in found.events if event.verdict == UNKNOWN and _on(event, route))
        )
        legs.append(Leg(there, route, flows, denied, unknown | waiting & flows - denied))
    return Reach(nothing, nothing, nothing, nothing, events, legs, found.deliveries)


def _on(event: Event, route: tuple[str, ...]) -> bool:
    return route[: len(event.route)] == event.route


def _as_delivered(delivery: Delivery, origin: FlowSet) -> FlowSet:
    for change in delivery.journey.changes:
        origin = change.forth(origin)
    return origin & delivery.flows


def _dead_ends(events: Iterable[Event], nothing: FlowSet, there: tuple[str, ...] | None = None) -> list[Leg]:
    """A leg for each way on which flows certainly end."""
    found: dict[tuple[str, ...], FlowSet] = {}
    for event in events:
        if event.verdict == DENY:
            found[event.route] = found.get(event.route, nothing) | event.flows
    if there is None:
        return [Leg(route, None, flows, flows, nothing) for route, flows in found.items()]
    return [Leg(there, route, flows, flows, nothing) for route, flows in found.items()]


def _merged(legs: list[Leg], events: list[Event]) -> list[Leg]:
    """One entry for each combination of ways; what was not known on the way there stays so."""
    by_way: dict[tuple[tuple[str, ...], tuple[str, ...] | None], Leg] = {}
    for leg in legs:
        held = by_way.get((leg.there, leg.back))
        if held is None:
            by_way[leg.there, leg.back] = leg
        else:
            held.flows = held.flows | leg.flows
            held.denied = held.denied | leg.denied
            held.unknown = held.unknown | leg.unknown
    for event in events:
        if event.verdict != UNKNOWN:
            continue
        mine = [leg for leg in by_way.values() if _on(event, leg.there)]
        for leg in mine:
            leg.unknown = leg.unknown | event.flows & leg.flows - leg.denied
        if not mine:
            key = (event.route, None)
            nothing = event.flows.space.nothing
            held = by_way.setdefault(key, Leg(event.route, None, nothing, nothing, nothing))
            held.flows, held.unknown = held.flows | event.flows, held.unknown | event.flows
    return [leg for leg in by_way.values() if leg.flows]
