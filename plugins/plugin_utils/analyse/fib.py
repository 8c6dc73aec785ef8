# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules ask of the routes (``model.match.Fib``) -> the flows for which the answer is so.

Sources: nft(8), "FIB EXPRESSIONS"; nft_fib_ipv4.c, nft_fib_ipv6.c; iptables-extensions(8), "rpfilter";
ipt_rpfilter.c, ip6t_rpfilter.c. An address is looked up as for a packet of the host's own, with the ends of the
packet exchanged for its source; in the hook forward as for one that came in by where this one goes out. A route to
the host itself is none, and neither is one that refuses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

from ..model import text
from ..model.flowset import FlowSet, Space
from ..model.match import Fib, Range, Ranges
from ..model.state import Route, State
from .routes import FAMILY_NAME, Leg, Routing

_LINK_LOCAL: Ranges = (text.address_range("fe80::/10")[1:],)
_UNSPECIFIED: Ranges = ((0, 0),)
# What IPv4 hosts without an address send (ipv4_is_zeronet, ipv4_is_lbcast, ipv4_is_local_multicast).
_NOWHERE: Ranges = ((0, (1 << 24) - 1),)
_TO_ALL: Ranges = (text.address_range("224.0.0.0/24")[1:], ((1 << 32) - 1, (1 << 32) - 1))
# Neither unicast nor to be followed here (ipv6_addr_type).
_NOT_UNICAST: Ranges = tuple(text.address_range(one)[1:] for one in ("::", "::ffff:0:0/96", "ff00::/8"))
_LOOPBACK, _ANY = "lo", "*"
_HOOKS = ("prerouting", "input", "forward")  # where a route may be asked for
_FIRST_HOOKS = ("ingress", "prerouting")
_REFUSED = {
    "the route is a blackhole": "blackhole",
    "the route says prohibited": "prohibit",
    "the address is an anycast address": "anycast",
}
_MULTICAST = "the address is a multicast address"
_NO_MULTICAST = "routes of multicast addresses are not followed"
_SIBLINGS = "which of several equal IPv6 routes the kernel compares is not followed"
_BASES = "whether the first address of a network counts as anycast is not followed"
_NOT_ALWAYS = "packets from lo or of open connections are looked up here by some kernels only"
_NO_HOOK = "at which hook the routes are asked is not followed"


@dataclass(slots=True)
class _Found:
    """``itself``: the flows whose look-up says the interface by which they came in. ``others``: by an interface
    that it says, ``*`` for whichever. ``maybe``: those for which it is not known; ``reasons``: why."""

    itself: FlowSet
    maybe: FlowSet
    others: dict[str, FlowSet] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    def add(self, interface: str, flows: FlowSet) -> None:
        self.others[interface] = self.others[interface] | flows if interface in self.others else flows

    def doubt(self, flows: FlowSet, reason: str) -> None:
        if flows:
            self.maybe = self.maybe | flows
            self.reasons = list(dict.fromkeys([*self.reasons, reason]))

    def surely(self, flows: FlowSet) -> None:
        """These are not looked up: the answer is the interface by which they came in."""
        self.itself, self.maybe = self.itself | flows, self.maybe - flows
        self.others = {name: held - flows for name, held in self.others.items()}

    def some(self) -> FlowSet:
        found = self.itself
        for flows in self.others.values():
            found = found | flows
        return found

    def says(self, interface: str) -> FlowSet:
        if interface == _ANY:
            return self.some()
        found = self.itself.named("in_interface", (interface,))
        for name, flows in self.others.items():
            if name == interface or (interface.endswith("*") and name.startswith(interface[:-1])):
                found = found | flows
        return found


def _compared(state: State) -> Iterator[Route]:
    """The routes of which one may be found: of equal IPv4 routes the first, default routes, too (``fib_table_lookup``;
    ``fib_select_default`` is not asked)."""
    met = set()
    for route in state.routes:
        key = route.destination, route.table, route.metric, route.tos
        if state.platform != "linux" or route.family != 4 or key not in met:
            yield route
        met.add(key)


class RouteQuestions:
    """Of the rules of one state; each is worked out once."""

    def __init__(self, state: State, space: Space) -> None:
        self._state = state
        self._space = space
        # These look-ups have no ports (nft_fib4_eval, rpfilter_mt): what rules that ask for some do is not followed.
        rules = [
            replace(rule, not_understood=[*rule.not_understood, "ports"])
            if rule.protocol or rule.src_port or rule.dst_port
            else rule
            for rule in state.route_rules
        ]
        state = replace(state, route_rules=rules, routes=list(_compared(state)))
        self._routing = Routing(state, every=True)
        self._known: dict[Fib, _Found] = space.cache()
        # By whose link: a link-local address is looked up among the routes of one link.
        self._of_link = cache(self._routing_of_link)

    def node(self, match: Fib) -> int:
        """The flows for which one of the answers is given; a free variable says where that is not known."""
        if match.hook or match.check != "fib":
            return self._answered(match).node
        nodes = [self._answered(replace(match, hook=hook)) for hook in _HOOKS]
        every, some = nodes[0] & nodes[1] & nodes[2], nodes[0] | nodes[1] | nodes[2]
        return (every | (some & self._unknown(match, _NO_HOOK))).node if some != every else every.node

    def _answered(self, match: Fib) -> FlowSet:
        asked = replace(match, answers=())
        found = self._known.get(asked)
        if found is None:
            found = self._types(asked) if match.result == "type" else self._looked_up(asked)
            self._known[asked] = found
        flows = self._space.nothing
        for answer in match.answers:
            flows = flows | found.says(answer)
        if not found.maybe:
            return flows
        return (flows - found.maybe) | (found.maybe & self._unknown(match, "; ".join(found.reasons)))

    def _unknown(self, match: Fib, reason: str) -> FlowSet:
        # Asked of other routes it is another condition, also where the answer is not known.
        key = f"{self._state.host}: {match} {self._digest}"
        return FlowSet(self._space, self._space.unknown(key, reason))

    @cached_property
    def _digest(self) -> str:
        routes = repr((self._state.routes, self._state.route_rules, self._state.interfaces))
        return hashlib.sha256(routes.encode()).hexdigest()

    def _looked_up(self, match: Fib) -> _Found:
        nothing, everything = self._space.nothing, self._space.everything
        found = _Found(nothing, nothing)
        for family in (4, 6):
            packets = everything.named("family", (FAMILY_NAME[family],))
            unknown = self._routing.why_unknown(family)
            if unknown:
                found.doubt(packets, unknown)
                continue
            if family == 6:
                packets = packets - packets.only(match.end, _LINK_LOCAL, 6)
                for here, routing in self._near(match):
                    self._follow(match, 6, routing, here, found)
            strict = family == 6 and match.check != "fib" and match.by
            self._follow(match, family, self._any_metric if strict else self._routing, packets, found)
        self._not_looked_up(match, found)
        return found

    def _near(self, match: Fib) -> Iterator[tuple[FlowSet, Routing]]:
        """The packets with a link-local address, and the routes of the link that they came by."""
        near = self._space.everything.only(match.end, _LINK_LOCAL, 6)
        for name in self._state.interfaces:
            yield near.named("in_interface", (name,)), self._of_link(name)

    def _follow(self, match: Fib, family: int, routing: Routing, packets: FlowSet, found: _Found) -> None:
        for flows, legs in self._parts(match, routing, packets):
            unknown = next((leg.reason for leg in legs if leg.kind == "unknown"), "")
            if unknown:
                found.doubt(flows, unknown)
            elif legs[0].kind == "local":
                self._local(match, family, flows, found)
            elif legs[0].kind == "deny":
                if legs[0].reason == _MULTICAST:
                    found.doubt(flows, _NO_MULTICAST)
            else:
                self._leads(match, family, flows, tuple(dict.fromkeys(leg.interface for leg in legs)), found)

    def _parts(
        self, match: Fib, routing: Routing, packets: FlowSet
    ) -> Iterator[tuple[FlowSet, tuple[Leg, ...]]]:
        """The packets by what the look-up finds."""
        if not match.mark:
            packets = packets.only("mark", ((0, 0),))
        source = match.end == "src"
        for asked, came_by in self._came_by(match, packets):
            for part, legs in routing.lookup(asked.reversed() if source else asked, came_by):
                flows = part.reversed() if source else part
                yield flows if match.mark else flows.forget("mark"), legs

    def _came_by(self, match: Fib, packets: FlowSet) -> Iterator[tuple[FlowSet, str]]:
        """The packets by the interface that the look-up takes them to have come in by; empty for none."""
        if match.hook == "forward" and match.by == "in_interface" and match.end == "src":
            for name in sorted({rule.in_interface for rule in self._state.route_rules} - {"", _LOOPBACK}):
                there = packets.named("out_interface", (name,))
                packets = packets - there
                yield there, name
        yield packets, ""

    def _leads(self, match: Fib, family: int, flows: FlowSet, ways: tuple[str, ...], found: _Found) -> None:
        """Routes that lead on by these interfaces."""
        if match.check != "fib" and family == 4:  # a source may not be a broadcast address
            spans = tuple((low, high) for low, high, _name in self._broadcasts)
            flows = flows - flows.only(match.end, spans, 4)
        by = match.by == "in_interface"
        if match.check != "fib" and not by:
            found.add(_ANY, flows)
        elif family == 6 and match.check == "fib" and len(ways) > 1:
            found.doubt(flows.named("in_interface", ways) if by else flows, _SIBLINGS)
        elif by:
            found.itself = found.itself | flows.named("in_interface", ways)
        else:
            found.add(ways[0], flows)

    def _local(self, match: Fib, family: int, flows: FlowSet, found: _Found) -> None:
        """Addresses of the host itself, which rpfilter accepts if it is told to; to routing, what comes in for a
        broadcast address is for the host, too."""
        for low, high, name in self._broadcasts if match.check == "fib" and family == 4 else ():
            self._leads(match, 4, flows.only(match.end, ((low, high),), 4), (name,), found)
        if match.check != "rpfilter_local":
            return
        if family == 6 or match.by != "in_interface":
            found.add(_ANY, flows)
            return
        for name, ranges in self._own_by_link.items():
            here = flows.only(match.end, tuple(ranges), 4)
            found.itself = found.itself | here.named("in_interface", (name,))

    def _not_looked_up(self, match: Fib, found: _Found) -> None:
        everything = self._space.everything
        found.surely(everything.only("src", _NOWHERE, 4).only("dst", _TO_ALL, 4))
        unspecified = everything.only("src", _UNSPECIFIED, 6)
        if match.check == "fib":
            unspecified = unspecified.only("dst", _LINK_LOCAL, 6).only("protocol", ((58, 58),))
        found.surely(unspecified)
        looped = everything.named("in_interface", (_LOOPBACK,))
        if match.check != "fib" or match.hook in _FIRST_HOOKS:
            found.surely(looped)
        elif match.hook == "input":
            doubtful = looped | everything.named("connection", ("established",))
            found.doubt(doubtful - found.itself, _NOT_ALWAYS)

    def _types(self, match: Fib) -> _Found:
        """The kinds of routes to IPv6 addresses: ``others`` holds them in place of interfaces."""
        packets = self._space.everything.named("family", ("ipv6",))
        found = _Found(self._space.nothing, self._space.nothing)
        parts: list[tuple[FlowSet, tuple[Leg, ...]]] = []
        for here, routing in self._near(match):
            packets = packets - here
            parts += self._parts(match, routing, here)
        for flows, legs in [*parts, *self._parts(match, self._routing, packets)]:
            unknown = next((leg.reason for leg in legs if leg.kind == "unknown"), "")
            if unknown:
                found.doubt(flows, unknown)
            elif legs[0].kind == "deny" and legs[0].reason != _MULTICAST:
                found.add(_REFUSED.get(legs[0].reason, "unreachable"), flows)
            elif legs[0].kind == "forward" or match.by:
                rest = flows - flows.only(match.end, _NOT_UNICAST, 6)
                for own in self._routing.addresses if match.by else ():
                    if own.family == 6:
                        mine = rest.only(match.end, ((own.value, own.value),), 6)
                        rest = rest - mine.named(match.by, (own.interface,))
                found.add("unicast", rest)
                found.doubt(rest.only(match.end, self._bases, 6), _BASES)
        return found

    @cached_property
    def _any_metric(self) -> Routing:
        """A strict check takes the route by the packet's interface among those of one prefix (rt6_device_match)."""
        routes = [replace(route, metric=0) for route in self._state.routes]
        return Routing(replace(self._state, routes=routes), every=True)

    def _routing_of_link(self, name: str) -> Routing:
        routes = [
            replace(route, next_hops=hops)
            for route in self._state.routes
            if route.family == 6 and (hops := [hop for hop in route.next_hops if hop.interface == name])
        ]
        links = {name: self._state.interfaces[name]}
        return Routing(replace(self._state, routes=routes, interfaces=links), every=True)

    @cached_property
    def _broadcasts(self) -> list[tuple[int, int, str]]:
        """Ranges of broadcast addresses, and their interface."""
        return [
            (*text.address_range(route.destination)[1:], hop.interface)
            for route in self._state.routes
            if route.family == 4 and route.kind == "broadcast"
            for hop in route.next_hops[:1]
        ]

    @cached_property
    def _bases(self) -> Ranges:
        """The first address of each network on a link, which routers answer to (RFC 4291, section 2.6.1)."""
        found = [
            text.address_range(route.destination)[1]
            for route in self._state.routes
            if route.family == 6
            and route.kind == "unicast"
            and not any(hop.via for hop in route.next_hops)
            and int(route.destination.rpartition("/")[2]) < 127
        ]
        return tuple((value, value) for value in found)

    @cached_property
    def _own_by_link(self) -> dict[str, list[Range]]:
        """The IPv4 addresses that are local by an interface's entry in the table ``local``."""
        found: dict[str, list[Range]] = {}
        for own in self._routing.addresses:
            if own.family == 4:
                found.setdefault(own.interface, []).append((own.value, own.value))
        for route in self._state.routes:
            if route.family == 4 and route.kind == "local":
                for hop in route.next_hops:
                    found.setdefault(hop.interface, []).append(text.address_range(route.destination)[1:])
        return found
