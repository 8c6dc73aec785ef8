# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rest of a connection: replies on their own way back, and packets of the open connection forward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from ..model.fields import PROTOCOLS
from ..model.flowset import FlowSet
from .dress import ANSWER, FURTHER, STRAY_ANSWERS, STRAY_FURTHER
from .evaluate import AFTER_NAT, BEFORE_NAT
from .glance import View
from .journey import (
    CONTEXT,
    DENY,
    ESTABLISHED,
    REPLY,
    UNKNOWN,
    Change,
    Delivery,
    Event,
    Hop,
    Journey,
    Travelled,
    plain,
)
from .network import Network
from .outcome import Outcome
from .packets import Arrival, Packets, not_known, surely
from .routes import Leg
from .walk import Start, Walk

_ICMP = tuple((PROTOCOLS[name],) * 2 for name in ("icmp", "icmpv6"))
_TCP = ((PROTOCOLS["tcp"],) * 2,)
_ZONES = "rules of {} choose the zone of connection tracking in which it looks for their connection"
_UNCONFIRMED = "whether the connection is confirmed is not followed where its replies are not seen"
_TO_THE_BLIND = View(REPLY, ANSWER, blind=True)
_ANSWERED = ((1, 8, 0), (1, 13, 14), (1, 15, 16), (1, 17, 18), (58, 128, 129))


def answers(flows: FlowSet) -> FlowSet:
    """The replies to ``flows``: ends exchanged; ICMP requests become their answers (RFC 792, RFC 4443)."""
    return _turned(flows, True)


def questions(flows: FlowSet) -> FlowSet:
    """The inverse of ``answers``."""
    return _turned(flows, False)


def _turned(flows: FlowSet, answer: bool) -> FlowSet:
    memo = flows.space.turned
    found = memo.get((flows.node, answer))
    if found is None:
        found = flows.reversed()
        if found.only("protocol", _ICMP):
            for protocol, request, reply in _ANSWERED:
                found = (
                    _retyped(found, protocol, request, reply)
                    if answer
                    else _retyped(found, protocol, reply, request)
                )
        memo[flows.node, answer] = found
        memo[found.node, not answer] = flows
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
    status = one.status if one.status == other.status else ""
    return replace(
        one,
        came=one.came | other.came,
        routed=one.routed | other.routed,
        untracked=one.untracked | other.untracked,
        marks=marks,
        status=status,
    )


def loose_at(network: Network, hop: Hop) -> frozenset[str]:
    """The connection mark, where what the way there left of it is not known (as after translations)."""
    unknown = hop.marks is None and network.effects[hop.host].uses_connection_marks
    return frozenset(("ct_mark",)) if unknown else frozenset()


@dataclass(frozen=True, slots=True)
class Heard:
    """What answers did on hosts, by host, for the flows that they answer as these were delivered. ``untracked``:
    whose answers the host did not track. ``marks``: the flows with the connection mark that the answers left,
    where rules look at it; None: it is not known."""

    untracked: dict[str, FlowSet]
    marks: dict[str, FlowSet | None]


class Replies(Walk):
    """The walk of the replies to what one delivery brought."""

    direction = REPLY

    def __init__(
        self, network: Network, delivery: Delivery, boundaries: frozenset[tuple[str, str]], same_leg: bool,
        progress: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(network, network.space.nothing, boundaries, progress)
        self.way = self.there = delivery.journey
        self.delivery = delivery
        self.same_leg = same_leg
        self._views: dict[str, object] = {}
        self._hops: dict[str, Hop] = {}
        for hop in (*self.way.visits(), *((delivery.end,) if delivery.end else ())):
            held = self._hops.get(hop.host)
            self._hops[hop.host] = hop if held is None else _together(held, hop)
        self._routers = {hop.host for hop in self.way.hops}

    def run(self, starts: Sequence[Start]) -> Travelled:
        """Replies to the same flows fare alike, whichever way these came, where hosts on their way see them alike."""
        if self.recording or self.same_leg or self.way.changes:
            return super().run(starts)
        asking = tuple((hop.host, hop.came.node) for hop in self.way.starts)
        begun = tuple((one.host, one.interface, one.flows.node) for one in starts)
        known = self.network.replies_met.setdefault((self.way.entry, self.boundaries, asking, begun), [])
        for views, found in known:
            if all(self._view(host) == view for host, view in views.items()):
                events = [replace(event, there=self.there) for event in found.events]
                return Travelled(found.deliveries, events)
        found = super().run(starts)
        known.append((self._views, found))
        return found

    def _view(self, host: str) -> object:
        """What of a host's view of the replies depends on the way of their flows."""
        if not self.network.asks_connections(host):
            return None
        hop = self._hops.get(host)
        if hop is None:
            return ()
        came = 0 if host in self._routers else hop.came.node
        return came, hop.untracked.node, hop.marks.node if hop.marks is not None else None, hop.status

    def start(self) -> Start:
        flows = answers(self.delivery.flows)
        if self.delivery.end is not None:
            return Start(self.delivery.end.host, "", flows)
        last = self.way.visits()[-1] if self.way.visits() else None
        host, interface = (last.host, last.out_interface) if last else (self.way.entry or ("", ""))
        return Start(host, interface, flows)

    def origin(self, flows: FlowSet, journey: Journey, surely: bool = False) -> FlowSet:
        return self.way.to_origin(questions(journey.to_origin(plain(flows), surely=surely)), surely=surely)

    def dressed(self, host: str, packets: Packets, in_interface: str, out_interface: str) -> FlowSet:
        hop, dress, flows = self._hops.get(host), self.network.dresser.dress, packets.flows
        self._views[host] = self._view(host)
        stray = STRAY_ANSWERS[self.network.picks_up(host)]
        if hop is None:
            return dress(flows, stray, in_interface, out_interface)
        known = flows
        if not self.way.changes and host not in self._routers:
            known = known & answers(
                hop.came
            )  # a host where other flows of this delivery began saw only those
        if hop.untracked:
            known = known - answers(hop.untracked)
        seen = dress(
            known, ANSWER, in_interface, out_interface, self.network.effects[host].uses_connection_marks
        )
        if hop.status:
            seen = seen.named("ct_status", (hop.status,))
        if self.network.effects[host].zones:
            return seen | dress(flows, stray, in_interface, out_interface)
        marked = self.way.marked_at(hop, self._level(packets.journey))
        if marked is not None:
            seen = seen & answers(marked)
        if known == flows:
            return seen
        return seen | dress(flows - known, stray, in_interface, out_interface)

    def view(self, host: str, flows: FlowSet) -> View | None:
        if self.way.changes or self.same_leg:
            return None
        if not self.network.asks_connections(host):
            return _TO_THE_BLIND
        if self.network.effects[host].zones:
            return None
        hop = self._hops.get(host)
        self._views[host] = self._view(host)
        if hop is None:
            return View(REPLY, STRAY_ANSWERS[self.network.picks_up(host)])
        # A host where other flows of this delivery began saw only those.
        if hop.untracked or (host not in self._routers and not flows <= answers(hop.came)):
            return None
        return View(REPLY, ANSWER, (hop.status,) if hop.status else ())

    def loose(self, host: str) -> frozenset[str]:
        hop = self._hops.get(host)
        found = loose_at(self.network, hop) if hop is not None else frozenset()
        if self.network.effects[host].zones:
            return found | {"connection", "ct_mark", "ct_status", "direction"}
        return found if self.network.picks_up(host) is not None else found | {"connection"}

    def _arrive(self, arrival: Arrival) -> list[Arrival]:
        host = arrival.host
        if self.network.effects[host].zones and self.network.asks_connections(host):
            came = Packets(arrival.flows, None, arrival.journey)
            self.note(UNKNOWN, host, "prerouting", came, _ZONES.format(host))
        return super()._arrive(arrival)

    def _begin(self, start: Start) -> list[Arrival]:
        if self.network.effects[start.host].zones and self.network.asks_connections(start.host):
            self.note(
                UNKNOWN,
                start.host,
                "output",
                Packets(start.flows, None, Journey()),
                _ZONES.format(start.host),
            )
        return super()._begin(start)

    def _level(self, journey: Journey) -> int:
        done = [change.low for change in journey.changes if isinstance(change, Undo)]
        return done[-1] if done else len(self.way.changes)

    def translated(self, host: str, packets: Packets, hook: str) -> list[Packets]:
        """The later translation of the way there is undone at the first hook, the earlier one at the last."""
        hop = self._hops.get(host)
        level = self._level(packets.journey)
        if hop is None or not packets.flows:
            return [packets]
        first = hook in ("prerouting", "output")
        source, target = (hop.level_left, hop.level_routed) if first else (hop.level_routed, hop.level_came)
        if level != source or target == level:
            return [packets]
        left_alone, known = self._tracked(host, packets)

        def undone(flows: FlowSet) -> FlowSet:
            there = questions(flows)
            for change in reversed(self.way.changes[target:level]):
                there = change.back(there)
            return answers(there)

        if not known.flows:
            return left_alone
        here = undone(known.flows)
        journey = known.journey.changed(Undo(host, known.flows, here, {}, self.way, target, level))
        seen = undone(known.seen) if known.seen is not None else None
        return [*left_alone, replace(known, flows=here, seen=seen, journey=journey)]

    def _tracked(self, host: str, packets: Packets) -> tuple[list[Packets], Packets]:
        """Packets that connection tracking does not know, which nothing is done to, and the others."""
        if packets.seen is None:
            return [], packets
        strange = packets.seen.named("connection", ("untracked", "invalid"))
        if not strange:
            return [], packets
        known = packets.seen - strange
        either = plain(strange) & plain(known)
        if either:
            reason = f"whether {host} tracks these packets is not known"
            self.note(UNKNOWN, host, "route", replace(packets, flows=either, seen=None), reason)
        alone = replace(packets, flows=plain(strange), seen=strange)
        return [alone], replace(packets, flows=plain(known), seen=known)

    def unchanged_marks(self, host: str, packets: Packets) -> FlowSet | None:
        hop = self._hops.get(host)
        if hop is None:
            return super().unchanged_marks(host, packets)
        marked = self.way.marked_at(hop, self._level(packets.journey))
        return packets.flows & answers(marked) if marked is not None else None

    def heard(self, arrived: Iterable[Delivery]) -> Heard:
        """What answers that arrived have left on the hosts of their way."""
        found = Heard({}, {})
        nothing = self.network.space.nothing
        for answer in arrived:
            hops = answer.journey.visits()
            for hop in (*hops, answer.end) if answer.end is not None else hops:
                if hop.untracked:
                    asked = questions(answer.journey.to_origin(hop.untracked, hop.level_left))
                    found.untracked[hop.host] = found.untracked.get(hop.host, nothing) | asked
                if not self.network.effects[hop.host].uses_connection_marks:
                    continue
                held = found.marks.get(hop.host, nothing)
                if hop.marks is None or held is None:
                    found.marks[hop.host] = None
                else:
                    asked = questions(answer.journey.to_origin(hop.marks, hop.level_left))
                    found.marks[hop.host] = held | asked
        return found

    def legs(self, legs: tuple[Leg, ...], family: int, host: str) -> tuple[Leg, ...]:
        if not self.same_leg or len(legs) < 2:
            return legs
        wanted = self._routers
        kept = tuple(
            leg
            for leg in legs
            if any(owner.host in wanted for owner in self.network.gateway_of(family, leg, host))
        )
        return kept or legs

    def leaves(self, host: str, leg: Leg, flows: FlowSet, journey: Journey) -> tuple[FlowSet, str]:
        if self.way.entry == (host, leg.interface) or (
            self.way.entry and (host, leg.interface) in self.boundaries
        ):
            return self.arrived("", flows, journey), "nothing gathered is there"
        return flows.space.nothing, "replies leave what is gathered by another way than the flows came"

    def arrived(self, host: str, flows: FlowSet, journey: Journey) -> FlowSet:
        nothing = flows.space.nothing
        if self._level(journey) != 0:
            changed = ", ".join(dict.fromkeys(change.host for change in self.way.changes))
            self.note(
                DENY,
                host or changed,
                "route",
                Packets(flows, None, journey),
                f"replies do not come back through the translation on {changed}",
            )
            return nothing
        anew = [
            change
            for change in journey.changes
            if not isinstance(change, Undo) and change.before - change.after
        ]
        if anew:
            sure = all(change.exact and not change.before & change.after for change in anew)
            changed = ", ".join(dict.fromkeys(change.host for change in anew))
            reason = (
                f"{changed} does not know the connection and translates its replies, so nobody awaits them"
            )
            self.note(DENY if sure else UNKNOWN, anew[0].host, "route", Packets(flows, None, journey), reason)
            return nothing if sure else flows
        if self.way.entry is not None:
            mine = nothing if host else flows
        else:
            mine = nothing
            for hop in self.way.starts:
                if hop.host == host:
                    mine = mine | flows & answers(hop.came)
        rest = flows - mine
        if rest:
            self.note(
                DENY,
                host or "outside",
                "route",
                Packets(rest, None, journey),
                f"replies reach {host or 'the outside'}, which did not ask",
            )
        return mine


_START, _ROUTER, _END = "start", "router", "end"
_CAME, _ROUTED, _LEFT = "came", "routed", "left"
# By what a host is to a flow: its hooks in order, each with the level before its translation and after it.
_HOOKS = {
    _START: (("output", _CAME, _ROUTED), ("postrouting", _ROUTED, _LEFT), ("egress", _LEFT, _LEFT)),
    _ROUTER: (
        ("ingress", _CAME, _CAME),
        ("prerouting", _CAME, _ROUTED),
        ("forward", _ROUTED, _ROUTED),
        ("postrouting", _ROUTED, _LEFT),
        ("egress", _LEFT, _LEFT),
    ),
    _END: (("ingress", _CAME, _CAME), ("prerouting", _CAME, _ROUTED), ("input", _ROUTED, _LEFT)),
}


def _sides(
    hooks: Iterable[tuple[str, int, int]], after_nat: AbstractSet[str]
) -> Iterator[tuple[str, int, str]]:
    """Each hook with the level at which its rules are asked, and on which side of its translation they are."""
    for hook, before, after in hooks:
        yield hook, before, BEFORE_NAT
        if hook in after_nat:
            yield hook, after, AFTER_NAT


class Running:
    """Packets of the open connection on the way that its first packet took."""

    def __init__(
        self, network: Network, delivery: Delivery, progress: Callable[[str], None] | None = None
    ) -> None:
        self.network = network
        self.delivery = delivery
        self.progress = progress

    def events(self, flows: FlowSet, answered_by: frozenset[str], heard: Heard) -> list[Event]:
        """What stops ``flows`` (as delivered) once replies have passed the routers ``answered_by``."""
        journey, found = self.delivery.journey, []
        for hop in journey.starts:
            found += self._hop(hop, flows, heard, _START)
        for hop in journey.hops:
            found += self._hop(hop, flows, heard if hop.host in answered_by else None, _ROUTER)
        if self.delivery.end is not None:
            found += self._hop(self.delivery.end, flows, heard, _END)
        return found

    def _hop(self, hop: Hop, flows: FlowSet, heard: Heard | None, place: str) -> list[Event]:
        survey = self.network.survey
        if survey is not None and not self.delivery.journey.changes:
            alone = heard is not None and (hop.host in heard.untracked or hop.host in heard.marks)
            # Of the flows, those that came by: where several hosts begin some, each has its own.
            if not alone and survey.keeps(hop, place, heard is not None, flows & hop.came):
                return []
        seen = self._seen(hop, flows, heard)
        if seen in self.network.running_passed:
            return []
        found = self.stopped(hop, flows, heard, place)
        if seen is not None and not found:
            self.network.running_passed[seen] = True
        return found

    def stopped(self, hop: Hop, flows: FlowSet, heard: Heard | None, place: str) -> list[Event]:
        """``heard``: None where answers did not come by. Nat chains are not asked about packets of a connection that
        has been through them."""
        levels = {_CAME: hop.level_came, _ROUTED: hop.level_routed, _LEFT: hop.level_left}
        hooks = [(hook, levels[before], levels[after]) for hook, before, after in _HOOKS[place]]
        known = self.network.states[hop.host].firewall_known
        found: list[Event] = []
        current: FlowSet | None = (
            None  # as earlier hooks left the packets, where they changed what is seen of them
        )
        level_of_current = -1
        unsure = self._unsure(hop, flows, heard)
        if unsure:
            origin, route = self.delivery.journey.to_origin(unsure), self._route(hop)
            event = Event(UNKNOWN, ESTABLISHED, hop.host, "route", origin, route, _UNCONFIRMED)
            found.append(replace(event, there=self.delivery.journey))
            flows = flows - unsure
        loose = self._loose(hop, heard)
        for hook, level, side in _sides(hooks, self.network.after_nat[hop.host] if known else frozenset()):
            if (known or hook in ("ingress", "egress")) and hook not in self.network.hooks[hop.host]:
                continue
            out = hop.out_interface if hook not in ("ingress", "prerouting", "input") else ""
            if current is None:
                asked = self._packets(hop, flows, heard, level, out)
            else:
                for change in self.delivery.journey.changes[level_of_current:level]:
                    current = change.forth(current)
                level_of_current = level
                asked = current.assign_name("out_interface", out)
            if not asked:
                break
            outcome = self.network.ask(hop.host, hook, asked, (side,), self.progress)
            denied, doubtful = surely(outcome.deny, asked, loose)
            for verdict, part in ((DENY, denied), (UNKNOWN, outcome.unknown)):
                if part:
                    found.append(self._event(verdict, hop, hook, part, level, outcome))
            if doubtful:
                event = self._event(UNKNOWN, hop, hook, doubtful, level, outcome)
                found.append(replace(event, outcome=None, reason=not_known(hop.host, loose)))
            if any(passed.rewrites for passed in outcome.passed):
                current, level_of_current = flows.space.nothing, level
                for passed in outcome.passed:
                    current = current | passed.after
                    loose |= {
                        name for name in CONTEXT if name in passed.rewrites and passed.rewrites[name] is None
                    }
        return found

    def _seen(self, hop: Hop, flows: FlowSet, heard: Heard | None) -> object:
        """All that tells what a host does with packets; None where that is not to be kept."""
        if self.delivery.journey.changes or self.network.effects[hop.host].asks_confirmed:
            return None
        place = "end" if hop is self.delivery.end else any(hop is one for one in self.delivery.journey.starts)
        where = (
            hop.host,
            hop.in_interface,
            hop.out_interface,
            place,
            hop.came.node,
            hop.routed.node,
            flows.node,
        )
        if not self.network.asks_connections(hop.host):
            return where
        ways = (hop.status, hop.marks.node if hop.marks is not None else None)
        if heard is None:
            return where, ways
        stray = heard.untracked.get(hop.host)
        marks = heard.marks.get(hop.host, False)
        left = marks.node if isinstance(marks, FlowSet) else marks
        return where, ways, stray.node if stray is not None else 0, left

    def _loose(self, hop: Hop, heard: Heard | None) -> frozenset[str]:
        found = loose_at(self.network, hop)
        if heard is not None and hop.host in heard.marks and heard.marks[hop.host] is None:
            return found | {"ct_mark"}
        return found

    def _unsure(self, hop: Hop, flows: FlowSet, heard: Heard | None) -> FlowSet:
        """Later packets that are new to the host, as the first was, where rules may tell these apart."""
        if not self.network.effects[hop.host].asks_confirmed:
            return flows.space.nothing
        stray = flows if heard is None else heard.untracked.get(hop.host, flows.space.nothing) & flows
        return stray - stray.only("protocol", _TCP)

    def _packets(self, hop: Hop, flows: FlowSet, heard: Heard | None, level: int, out: str) -> FlowSet:
        journey, nothing = self.delivery.journey, flows.space.nothing
        marked = journey.marked_at(hop, level)
        if heard is None:
            return self._dressed(hop, STRAY_FURTHER, flows, level, out, marked)
        stray = heard.untracked.get(hop.host, nothing) & flows
        found = self._dressed(hop, STRAY_FURTHER, stray, level, out, marked) if stray else nothing
        if hop.host in heard.marks:
            left = heard.marks[hop.host]
            marked = journey.at_level(left, level) if left is not None else None
        return found | self._dressed(hop, FURTHER, flows - stray, level, out, marked)

    def _dressed(
        self, hop: Hop, kind: str, flows: FlowSet, level: int, out: str, marked: FlowSet | None
    ) -> FlowSet:
        there = self.delivery.journey.at_level(flows, level)
        if level in (hop.level_came, hop.level_routed):
            there = there & (hop.came if level == hop.level_came else hop.routed)
        marks = self.network.effects[hop.host].uses_connection_marks
        found = self.network.dresser.dress(there, kind, hop.in_interface, out, marks)
        if hop.status:
            found = found.named("ct_status", (hop.status,))
        return found & marked if marked is not None else found

    def _event(self, verdict: str, hop: Hop, hook: str, part: FlowSet, level: int, outcome: Outcome) -> Event:
        journey, route = self.delivery.journey, self._route(hop)

        def origin(flows: FlowSet) -> FlowSet:
            return journey.to_origin(plain(flows), level)

        first = Event(verdict, ESTABLISHED, hop.host, hook, origin(part), route, "", outcome, origin, part)
        return replace(first, there=journey)

    def _route(self, hop: Hop) -> tuple[str, ...]:
        """The routers up to this one."""
        route = self.delivery.journey.route()
        return route[: route.index(hop.host) + 1] if hop.host in route else route
