# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a way through the network is made of: starts, hops, translations, and what happened there.

Flow sets here are *plain*: addresses, protocol, ports. What belongs to one host's view of a packet
(interfaces, marks, connection state, TCP flags) is put on before a firewall is asked, and taken off after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ..model.fields import FIELDS
from ..model.flowset import FlowSet
from ..model.match import Ranges
from .outcome import Outcome, Part
from .trail import Step

CONTEXT = (
    "in_interface",
    "out_interface",
    "in_zone",
    "out_zone",
    "connection",
    "mark",
    "ct_mark",
    "tcp_flags",
    "ct_status",
    "direction",
    "origin",
)
# These fields come after all others.
_FIRST_OF_CONTEXT = min(FIELDS[name].first for name in CONTEXT)
# Large routing tables leave many.
_MOST_ADDRESSES = 2_000_000
NEW, ESTABLISHED, REPLY = "new", "established", "reply"
DENY, UNKNOWN = "deny", "unknown"


def plain(flows: FlowSet) -> FlowSet:
    """The flows without what belongs to one host's view."""
    if flows.space.diagrams.deepest[flows.node] < _FIRST_OF_CONTEXT:
        return flows
    found = flows.space.plain.get(flows.node)
    if found is None:
        found = flows.space.plain[flows.node] = flows.forget(*CONTEXT)
    return found


def addresses_at(flows: FlowSet, end: str, family: int) -> Ranges:
    """The addresses at one end of the flows, ``src`` or ``dst``."""
    return flows.ranges(end, family, most=_MOST_ADDRESSES)


def destinations(flows: FlowSet, family: int) -> Ranges:
    """The destination addresses of the flows."""
    return addresses_at(flows, "dst", family)


@dataclass(frozen=True, slots=True)
class Change:
    """A translation: ``before`` -> ``after``, with these fields set to a constant, or to a value not known (None)."""

    host: str
    before: FlowSet
    after: FlowSet
    fields: Mapping[str, int | None]

    @property
    def exact(self) -> bool:
        return all(value is not None for value in self.fields.values())

    def back(self, flows: FlowSet, surely: bool = False) -> FlowSet:
        """Those that may become one of ``flows``; with ``surely``, those that become one whatever the value."""
        if surely and not self.exact:
            return self.before - self.back(self.after - flows)
        return self.before & flows.forget(*self.fields)

    def forth(self, flows: FlowSet) -> FlowSet:
        """What ``flows`` become."""
        return (flows & self.before).forget(*self.fields) & self.after


@dataclass(slots=True, unsafe_hash=True)
class Hop:
    """One host that flows passed. The sets are the flows as they came, and while they were routed (after a
    destination was translated); the levels count the translations in force then, and when they left.
    ``untracked``: those, as they came, that connection tracking did not see. ``marks``: the flows, as they
    left, with the connection mark that they left behind, where rules look at it. ``status``: what of the
    connection the host translated; empty where that is not known."""

    host: str
    in_interface: str
    out_interface: str
    came: FlowSet
    routed: FlowSet
    level_came: int
    level_routed: int
    level_left: int
    untracked: FlowSet
    marks: FlowSet | None = None
    status: str = ""


@dataclass(slots=True, unsafe_hash=True)
class Journey:
    """A way so far. ``starts``: the hosts where its flows began, or none where they came from outside by
    ``entry`` (host, interface). ``hops``: the routers since. ``changes``: translations, in order. ``steps``: all that
    was done on it, where that was noted."""

    starts: tuple[Hop, ...] = ()
    entry: tuple[str, str] | None = None
    hops: tuple[Hop, ...] = ()
    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()

    def route(self) -> tuple[str, ...]:
        """The routers passed, in order."""
        return tuple(hop.host for hop in self.hops)

    def changed(self, change: Change) -> Journey:
        return replace(self, changes=(*self.changes, change))

    def noted(self, step: Step) -> Journey:
        return replace(self, steps=(*self.steps, step))

    def to_origin(self, flows: FlowSet, level: int | None = None, surely: bool = False) -> FlowSet:
        """Plain flows at a level -> as they were when they began."""
        for change in reversed(self.changes[: len(self.changes) if level is None else level]):
            flows = change.back(flows, surely)
        return flows

    def at_level(self, flows: FlowSet, level: int) -> FlowSet:
        """Plain flows at the last level -> as they were at an earlier one."""
        for change in reversed(self.changes[level:]):
            flows = change.back(flows)
        return flows

    def marked_at(self, hop: Hop, level: int) -> FlowSet | None:
        """``hop.marks`` for the flows as they are at another level on that host."""
        if hop.marks is None:
            return None
        flows = hop.marks
        for change in reversed(self.changes[level : hop.level_left]):
            flows = change.back(flows)
        return flows

    def visits(self) -> tuple[Hop, ...]:
        return (*self.starts, *self.hops)


@dataclass(slots=True, unsafe_hash=True)
class Delivery:
    """Flows that reached their destination: ``end`` is the last host, None where they left what was gathered."""

    journey: Journey
    flows: FlowSet
    end: Hop | None


@dataclass(slots=True, unsafe_hash=True)
class Event:
    """Flows that certainly or possibly end somewhere. ``flows``: as they were when they began.

    ``hook``: output, prerouting, forward, ... or ``route``. ``route``: the routers up to here, itself
    included if it is one. ``outcome`` and ``origin`` tell the rules, when asked (see ``parts``). ``asked``:
    the packets as the firewall saw them, interfaces and state included. ``journey``: the way up to here.
    ``there``: of replies and later packets, the way that the first ones took."""

    verdict: str
    direction: str
    host: str
    hook: str
    flows: FlowSet
    route: tuple[str, ...]
    reason: str = ""
    outcome: Outcome | None = None
    origin: Callable[[FlowSet], FlowSet] | None = None
    asked: FlowSet | None = None
    journey: Journey | None = None
    there: Journey | None = None

    def parts(self, within: FlowSet) -> list[Part]:
        """Who decided, for those of the flows that are in ``within``."""
        wanted = self.flows & within
        if self.outcome is None or self.origin is None:
            return [Part(self.verdict, wanted, (), self.reason)] if wanted else []
        found = []
        for part in self.outcome.parts:
            if part.verdict == self.verdict:
                there = self.origin(part.flows) & wanted
                if there:
                    found.append(Part(part.verdict, there, part.rules, part.reason or self.reason))
        return found


@dataclass(slots=True)
class Travelled:
    """All that became of the flows of one walk."""

    deliveries: list[Delivery] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
