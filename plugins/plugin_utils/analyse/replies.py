# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rest of a connection: replies on their own way back, and packets of the open connection forward.

Sources: nf_conntrack_proto_tcp.c (the table ``tcp_conntracks``: a SYN ACK without its SYN is invalid, an
ACK in SYN_SENT is invalid, a lone ACK is picked up as new while ``nf_conntrack_tcp_loose`` is 1, its
default); nf_conntrack_proto_icmp.c (an answer without its request is invalid).
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..model.fields import PROTOCOLS
from ..model.flowset import FlowSet
from .journey import DENY, ESTABLISHED, REPLY, UNKNOWN, Change, Delivery, Event, Hop, Journey, plain
from .network import Network
from .routes import Leg
from .walk import ACK, SYN, Start, Walk, split_tcp, with_state

_ICMP = tuple((PROTOCOLS[name],) * 2 for name in ("icmp", "icmpv6"))


def answers(flows: FlowSet) -> FlowSet:
    """The replies to ``flows``: ends exchanged; ICMP requests become their answers (RFC 792, RFC 4443)."""
    found = flows.reversed()
    for protocol, request, reply in ((1, 8, 0), (1, 13, 14), (1, 15, 16), (1, 17, 18), (58, 128, 129)):
        found = _retyped(found, protocol, request, reply)
    return found


def questions(flows: FlowSet) -> FlowSet:
    """The inverse of ``answers``."""
    found = flows.reversed()
    for protocol, request, reply in ((1, 8, 0), (1, 13, 14), (1, 15, 16), (1, 17, 18), (58, 128, 129)):
        found = _retyped(found, protocol, reply, request)
    return found


def _retyped(flows: FlowSet, protocol: int, old: int, new: int) -> FlowSet:
    some = flows.only("protocol", ((protocol, protocol),)).only("icmp_type", ((old, old),))
    return flows - some | some.assign("icmp_type", new) if some else flows


@dataclass(frozen=True, slots=True)
class Undo(Change):
    """Translations of the way there, undone for replies by the host that made them."""

    way: Journey | None = None
    low: int = 0
    high: int = 0

    def back(self, flows: FlowSet, surely: bool = False) -> FlowSet:
        there = questions(flows)
        for change in self.way.changes[self.low : self.high] if self.way else ():
            there = change.forth(there)
        return answers(there) & self.before


def _together(one: Hop, other: Hop) -> Hop:
    """Two visits of one host as one: a host begins flows of both families, and of each of its addresses."""
    marks = one.marks | other.marks if one.marks is not None and other.marks is not None else None
    return replace(
        one,
        came=one.came | other.came,
        routed=one.routed | other.routed,
        left=one.left | other.left,
        untracked=one.untracked | other.untracked,
        marks=marks,
    )


class Replies(Walk):
    """The walk of the replies to what one delivery brought."""

    direction = REPLY

    def __init__(
        self, network: Network, delivery: Delivery, boundaries: frozenset[tuple[str, str]], same_leg: bool,
        progress: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(network, network.space.nothing, boundaries, progress)
        self.way = delivery.journey
        self.delivery = delivery
        self.same_leg = same_leg
        self._hops: dict[str, Hop] = {}
        for hop in (*self.way.visits(), *((delivery.end,) if delivery.end else ())):
            held = self._hops.get(hop.host)
            self._hops[hop.host] = hop if held is None else _together(held, hop)
        self._routers = {hop.host for hop in self.way.hops}

    def start(self) -> Start:
        flows = answers(self.delivery.flows)
        if self.delivery.end is not None:
            return Start(self.delivery.end.host, "", flows)
        last = self.way.visits()[-1] if self.way.visits() else None
        host, interface = (last.host, last.out_interface) if last else (self.way.entry or ("", ""))
        return Start(host, interface, flows)

    def origin(self, flows: FlowSet, journey: Journey, surely: bool = False) -> FlowSet:
        return self.way.to_origin(questions(journey.to_origin(plain(flows), surely=surely)), surely=surely)

    def context(self, host: str, flows: FlowSet, journey: Journey) -> FlowSet:
        hop = self._hops.get(host)
        if hop is None:
            return self._never_seen(flows)
        unseen = flows & answers(hop.untracked) if hop.untracked and hop.level_came == hop.level_left else flows.space.nothing
        seen = with_state(flows - unseen, "established", (SYN | ACK, ACK))
        if hop.marks is not None:
            seen = seen & answers(hop.marks)
        return seen | self._never_seen(unseen) if unseen else seen

    @staticmethod
    def _never_seen(flows: FlowSet) -> FlowSet:
        tcp, other = split_tcp(flows)
        icmp = other.only("protocol", _ICMP)
        found = with_state(tcp, "invalid", (SYN | ACK,)) | with_state(tcp, "new", (ACK,))
        return (found | with_state(icmp, "invalid", ()) | with_state(other - icmp, "new", ())).only("ct_mark", ((0, 0),))

    def _level(self, journey: Journey) -> int:
        done = [change.low for change in journey.changes if isinstance(change, Undo)]
        return done[-1] if done else len(self.way.changes)

    def translated(self, host: str, flows: FlowSet, journey: Journey, stage: str) -> tuple[FlowSet, Journey]:
        hop = self._hops.get(host)
        level = self._level(journey)
        if hop is None or not flows:
            return flows, journey
        router = host in self._routers
        target = hop.level_routed if stage == "routed" and router else hop.level_came
        source = hop.level_left if stage == "routed" or not router else hop.level_routed
        if level != source or target == level:
            return flows, journey
        there = questions(flows)
        for change in reversed(self.way.changes[target:level]):
            there = change.back(there)
        here = answers(there)
        return here, journey.changed(Undo(host, flows, here, {}, self.way, target, level))

    def legs(self, legs: tuple[Leg, ...], family: int, host: str) -> tuple[Leg, ...]:
        if not self.same_leg or len(legs) < 2:
            return legs
        wanted = self._routers
        kept = tuple(leg for leg in legs if any(owner.host in wanted for owner in self.network.gateway_of(family, leg, host)))
        return kept or legs

    def leaves(self, host: str, leg: Leg, flows: FlowSet, journey: Journey) -> tuple[FlowSet, str]:
        if self.way.entry == (host, leg.interface) or (self.way.entry and (host, leg.interface) in self.boundaries):
            return self.arrived("", flows, journey), "nothing gathered is there"
        return flows.space.nothing, "replies leave what is gathered by another way than the flows came"

    def arrived(self, host: str, flows: FlowSet, journey: Journey) -> FlowSet:
        nothing = flows.space.nothing
        if self._level(journey) != 0:
            changed = ", ".join(dict.fromkeys(change.host for change in self.way.changes))
            self._note(DENY, host or changed, "route", flows, journey, f"replies do not come back through the translation on {changed}")
            return nothing
        if self.way.entry is not None:
            mine = nothing if host else flows
        else:
            mine = nothing
            for hop in self.way.starts:
                if hop.host == host:
                    mine = mine | flows & answers(hop.came)
        rest = flows - mine
        if rest:
            self._note(DENY, host or "outside", "route", rest, journey, f"replies reach {host or 'the outside'}, which did not ask")
        return mine


class Running:
    """Packets of the open connection on the way that its first packet took."""

    def __init__(self, network: Network, delivery: Delivery, progress: Callable[[str], None] | None = None) -> None:
        self.network = network
        self.delivery = delivery
        self.progress = progress

    def events(self, flows: FlowSet, answered_by: frozenset[str]) -> list[Event]:
        """What stops ``flows`` (as delivered) once replies have passed the hosts ``answered_by``."""
        journey, found = self.delivery.journey, []
        for hop in journey.starts:
            found += self._hop(hop, flows, True, (("output", hop.level_came), ("postrouting", hop.level_routed)))
        for hop in journey.hops:
            hooks = (("prerouting", hop.level_came), ("forward", hop.level_routed), ("postrouting", hop.level_routed))
            found += self._hop(hop, flows, hop.host in answered_by, hooks)
        if self.delivery.end is not None:
            hop = self.delivery.end
            found += self._hop(hop, flows, True, (("prerouting", hop.level_came), ("input", hop.level_routed)))
        return found

    def _hop(self, hop: Hop, flows: FlowSet, answered: bool, hooks: tuple[tuple[str, int], ...]) -> list[Event]:
        state = self.network.states[hop.host]
        found: list[Event] = []
        current, level = self._packets(hop, flows, answered, hooks[0][1]), hooks[0][1]
        for hook, wanted in hooks:
            if wanted != level:
                current, level = self._packets(hop, flows, answered, wanted), wanted
            if state.firewall_known and hook not in self.network.hooks[hop.host] or not current:
                continue
            out = hop.out_interface if hook not in ("prerouting", "input") else ""
            asked = current.assign_name("in_interface", hop.in_interface).assign_name("out_interface", out)
            outcome = self.network.firewall(hop.host, self.progress).hooks((hook,), asked)
            for verdict, part in ((DENY, outcome.deny), (UNKNOWN, outcome.unknown)):
                if part:
                    found.append(self._event(verdict, hop, hook, part, level, outcome))
            current = flows.space.nothing
            for passed in outcome.passed:
                current = current | passed.after
        return found

    def _packets(self, hop: Hop, flows: FlowSet, answered: bool, level: int) -> FlowSet:
        there = self.delivery.journey.at_level(flows, level) & (hop.came if level == hop.level_came else hop.routed)
        if not answered:
            tcp, other = split_tcp(there)
            return (with_state(tcp, "invalid", (ACK,)) | with_state(other, "new", ())).only("ct_mark", ((0, 0),))
        found = with_state(there, "established", (ACK,))
        return found & hop.marks if hop.marks is not None else found

    def _event(self, verdict: str, hop: Hop, hook: str, part: FlowSet, level: int, outcome: object) -> Event:
        journey = self.delivery.journey
        router = hop.host in journey.route()
        route = journey.route()[: journey.route().index(hop.host) + 1] if router else journey.route()

        def origin(flows: FlowSet) -> FlowSet:
            return journey.to_origin(plain(flows), level)

        return Event(verdict, ESTABLISHED, hop.host, hook, origin(part), route, "", outcome, origin, part)  # type: ignore[arg-type]
