# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof of one path: what the network does with its flows, and whether that is what the policy wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..analyse.errors_back import ErrorsBack
from ..analyse.journey import DENY, UNKNOWN, Event
from ..analyse.network import Network
from ..analyse.reach import Leg, Question, Reach, reach, union
from ..analyse.walk import Start
from ..model.fields import PROTOCOLS_WITH_PORTS
from ..model.flowset import FlowSet
from .ends import EndFinder, Ends
from .paths import REPLIES_TAKE_SAME_LEG, Boundary, Path
from .persistence import DIFFERS, Unsaved, unsaved
from .translated import followed

OPEN, PARTIAL, BLOCKED, NOT_KNOWN = "open", "partial", "blocked", "unknown"
YES, NO = "yes", "no"
# Request types that ask for an answer (RFC 792, RFC 4443): echo, timestamp, information, address mask.
_REQUESTS = ((1, (8, 13, 15, 17)), (58, (128,)))


@dataclass(slots=True)
class Proof:
    """``denied``, ``unknown`` and ``open`` partition ``asked``. ``permitted``: open on some leg at least.
    ``missed``: flows that do not pass a host of ``via``. ``errors``: those about open flows of a required path
    whose packets are too big. ``unsaved``: hosts on the way whose boot would not surely load what runs, of a path that
    requires it. ``status`` and ``satisfied`` as in DESIGN."""

    path: Path
    ends: Ends
    asked: FlowSet
    open: FlowSet
    denied: FlowSet
    unknown: FlowSet
    permitted: FlowSet
    missed: FlowSet
    events: list[Event] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    reached: list[Reach] = field(default_factory=list)
    errors: ErrorsBack | None = None
    unsaved: list[Unsaved] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """Hosts of the path without a snapshot."""
        return list(
            dict.fromkeys(
                [*self.ends.missing_sources, *self.ends.missing_destinations, *self.ends.missing_entries]
            )
        )

    @property
    def not_known(self) -> bool:
        return bool(self.unknown or self.missing or self.ends.unresolved or self._doubts)

    @property
    def _doubts(self) -> list[str]:
        return self.ends.detours.doubts if self.ends.detours is not None else []

    @property
    def status(self) -> str:
        if self.path.required:
            if not self.denied and not self.ends.lacking:
                return NOT_KNOWN if self.not_known else OPEN
            return PARTIAL if self.permitted else BLOCKED
        if self.permitted:
            return OPEN if self.permitted == self.asked and not self.not_known else PARTIAL
        return NOT_KNOWN if self.not_known else BLOCKED

    @property
    def satisfied(self) -> str:
        violated = (self.denied or self.ends.lacking or self.missed) if self.path.required else self.permitted
        if violated:
            return NO
        wanted = self.errors if self.path.too_big else None
        if (wanted is not None and wanted.blocked) or any(item.matches == DIFFERS for item in self.unsaved):
            return NO
        doubtful = self.not_known or self.unsaved or (wanted is not None and wanted.unknown)
        return NOT_KNOWN if doubtful else YES


def prove(
    network: Network, finder: EndFinder, path: Path, progress: Callable[[str], None] | None = None
) -> Proof:
    """Prove one path; PolicyError if an end resolves to nothing."""
    return prove_between(network, finder.find(path), finder.boundaries, path, progress)


def prove_between(
    network: Network,
    ends: Ends,
    outer: Sequence[Boundary],
    path: Path,
    progress: Callable[[str], None] | None = None,
    recording: bool = False,
) -> Proof:
    """Prove one path whose ends are known. ``outer``: the policy's boundaries. ``recording``: whether journeys keep
    their steps."""
    nothing = network.space.nothing
    boundaries = frozenset((item.host, item.interface) for item in outer)

    same_leg = REPLIES_TAKE_SAME_LEG in path.assume
    network = network.under(path.assume)

    def follow(starts: Sequence[Start], answered: bool) -> Reach:
        return reach(
            network,
            starts,
            Question(ends.outside, boundaries, answered, same_leg, ends.goals, recording),
            progress,
        )

    def detour(starts: Sequence[Start], outside: FlowSet) -> Reach:
        return reach(network, starts, Question(outside, boundaries, False, same_leg), progress)

    reached: list[Reach] = []
    for starts, answered in _by_answer(path, ends.starts):
        reached.append(follow(starts, answered))
    for starts, answered in _by_answer(path, ends.entries):
        alternatives = [follow([start], answered) for start in starts]
        reached.append(_whichever(alternatives, nothing))
    missed = nothing
    for one in reached:
        for delivery in one.deliveries:
            passed = {*delivery.journey.route(), *((delivery.end.host,) if delivery.end else ())}
            if not passed.issuperset(path.via):
                missed = missed | delivery.journey.to_origin(delivery.flows)
    permitted = union(nothing, (one.some for one in reached))
    denied = union(nothing, (one.denied for one in reached))
    unknown = union(nothing, (one.unknown for one in reached))
    events = [event for one in reached for event in one.events]
    of_ends = _of_ends(ends)
    events += of_ends
    denied, unknown = denied | _stopped(of_ends, DENY, nothing), unknown | _stopped(of_ends, UNKNOWN, nothing)
    if ends.doubtful is not None:
        doubtful = (denied | missed if path.required else permitted) & ends.doubtful
        if doubtful:
            events.append(Event(UNKNOWN, "new", "", "route", doubtful, (), "; ".join(ends.doubts)))
            unknown = unknown | doubtful
            if path.required:
                denied, missed = denied - doubtful, missed - doubtful
            else:
                permitted = permitted - doubtful
    if path.required:
        unknown = unknown - denied
        opened = ends.asked - denied - unknown
    else:
        # A flow that may take several ways is permitted if one of them lets it pass, and closed if all of them are.
        unsure = union(nothing, (leg.unknown for one in reached for leg in one.legs))
        unknown = (unknown | unsure & ends.asked) - permitted
        denied = ends.asked - permitted - unknown
        opened = permitted
    legs = [leg for one in reached for leg in one.legs]
    errors = ErrorsBack(network, reached, opened, boundaries, progress) if path.required else None
    missed = missed & ends.asked
    proof = Proof(
        path, ends, ends.asked, opened, denied, unknown, permitted, missed, events, legs, reached, errors
    )
    proof.unsaved = _unsaved(proof, network)
    return _with_detours(proof, detour)


def _with_detours(proof: Proof, follow: Callable[[Sequence[Start], FlowSet], Reach]) -> Proof:
    """The proof with the flows that translations lead to a forbidden destination under other addresses."""
    ends = proof.ends
    found = (
        followed([*ends.starts, *ends.entries], ends.asked, ends.detours, follow) if ends.detours else None
    )
    if found is None or not (found.permitted or found.unknown):
        return proof
    return replace(
        proof,
        asked=proof.asked | found.permitted | found.unknown,
        open=proof.open | found.permitted,
        unknown=proof.unknown | found.unknown,
        permitted=proof.permitted | found.permitted,
        events=[*proof.events, *found.doubtful],
        reached=[*proof.reached, found.reached],
    )


def _unsaved(proof: Proof, network: Network) -> list[Unsaved]:
    if not proof.path.persistent:
        return []
    return unsaved(network.states, (*proof.ends.sources, *proof.ends.destinations), proof.legs)


def _of_ends(ends: Ends) -> list[Event]:
    """What is so before any packet is sent: ends that are gone, and flows that nobody knows the way in of."""
    found = [Event(DENY, "new", host, "route", flows, (), why) for host, flows, why in ends.gone]
    if ends.unentered is not None:
        why = "no gathered router has a route to their source, so where they come in is not known"
        found.append(Event(UNKNOWN, "new", "", "route", ends.unentered, (), why))
    return found


def _stopped(events: Sequence[Event], verdict: str, nothing: FlowSet) -> FlowSet:
    return union(nothing, (event.flows for event in events if event.verdict == verdict))


def _by_answer(path: Path, starts: Sequence[Start]) -> list[tuple[list[Start], bool]]:
    """Starts whose flows need replies to be open, and those that do not."""
    if not starts:
        return []
    if not path.required:
        return [(list(starts), False)]
    if all(service.protocol in PROTOCOLS_WITH_PORTS for service in path.services):
        return [(list(starts), True)]
    asking: list[Start] = []
    silent: list[Start] = []
    for start in starts:
        flows = start.flows.only("protocol", tuple((number, number) for number in PROTOCOLS_WITH_PORTS))
        for protocol, types in _REQUESTS:
            some = start.flows.only("protocol", ((protocol, protocol),))
            flows = flows | some.only("icmp_type", tuple((number, number) for number in types))
        for kept, group in ((flows, asking), (start.flows - flows, silent)):
            if kept:
                group.append(Start(start.host, start.interface, kept))
    return [(group, answered) for group, answered in ((asking, True), (silent, False)) if group]


def _whichever(alternatives: list[Reach], nothing: FlowSet) -> Reach:
    """Flows that come in by one of several routers, nobody knows which: sure is what holds for each."""
    if len(alternatives) == 1:
        return alternatives[0]
    asked = union(nothing, (one.open | one.denied | one.unknown for one in alternatives))
    may_open = union(nothing, (one.open | one.unknown for one in alternatives))
    may_fail = union(nothing, (one.denied | one.unknown for one in alternatives))
    unknown = may_open & may_fail
    events = [event for one in alternatives for event in one.events]
    disputed = unknown - union(nothing, (one.unknown for one in alternatives))
    if disputed:
        events.append(
            Event(
                UNKNOWN,
                "new",
                "",
                "route",
                disputed,
                (),
                "by which router these flows come in is not known, and the routers differ",
            )
        )
    some = union(nothing, (one.some for one in alternatives))
    legs = [leg for one in alternatives for leg in one.legs]
    deliveries = [delivery for one in alternatives for delivery in one.deliveries]
    answers = [back for one in alternatives for back in one.answers]
    return Reach(asked - may_fail, asked - may_open, unknown, some, events, legs, deliveries, answers)


def deciding_events(proof: Proof) -> list[tuple[Event, FlowSet]]:
    """The events that make the path what it is, with the flows that each is about."""
    wanted = (
        ((DENY, proof.denied), (UNKNOWN, proof.unknown))
        if proof.path.required
        else ((UNKNOWN, proof.unknown),)
    )
    return [
        (event, event.flows & within)
        for verdict, within in wanted
        for event in proof.events
        if event.verdict == verdict and event.flows & within
    ]
