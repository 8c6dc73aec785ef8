# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one host sends packets: policy rules, tables, longest prefix, exactly and over sets.

Sources: ip-rule(8) (rules by priority; ``throw`` and a table without a route go on to the next rule),
ip-route(8) (kinds, metrics, next hops), Linux ``fib_select_default`` and ``inet_select_addr`` for the
source address, RFC 6724 (rules 5 and 8) for that of IPv6.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ..model import text
from ..model.flowset import FlowSet
from ..model.match import Range, merge_ranges
from ..model.state import Interface, NextHop, Route, RouteRule, State
from .journey import destinations

FAMILY_NAME = {4: "ipv4", 6: "ipv6"}
LOOPBACK = {4: text.address_range("127.0.0.0/8")[1:], 6: text.address_range("::1")[1:]}
_LINK_LOCAL = {4: text.address_range("169.254.0.0/16")[1:], 6: text.address_range("fe80::/10")[1:]}
_REFUSALS = {
    "blackhole": "the route is a blackhole",
    "unreachable": "the route says unreachable",
    "prohibit": "the route says prohibited",
    "multicast": "the address is a multicast address",
    "anycast": "the address is an anycast address",
}
_LOOKUPS = ("lookup", "table", "to_tbl", "")
_DEFAULT_RULES = ((0, "local"), (32766, "main"), (32767, "default"))
_TABLE_NAMES = {"255": "local", "254": "main", "253": "default", "": "main"}


@dataclass(frozen=True, slots=True)
class Leg:
    """One way on. ``kind``: forward, local, deny, unknown. ``gateway``: an address (integer), None on-link."""

    kind: str
    interface: str = ""
    gateway: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What sends flows where they go: the policy rule and the routes that were chosen, where it was these; ``legs``
    are empty where the rule's table says nothing."""

    flows: FlowSet
    rule: RouteRule | None
    routes: tuple[Route, ...]
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Own:
    """An address of the host: ``low`` to ``high`` is its connected network."""

    family: int
    value: int
    low: int
    high: int
    interface: str

    @property
    def length(self) -> int:
        return text.WIDTH[self.family] - (self.high - self.low).bit_length()


@lru_cache(maxsize=65536)
def _own(address: str, interface: str) -> Own:
    found = ipaddress.ip_interface(address)
    network = found.network
    return Own(
        found.version, int(found.ip), int(network.network_address), int(network.broadcast_address), interface
    )


def own_addresses(interfaces: Iterable[Interface]) -> list[Own]:
    return [_own(address, interface.name) for interface in interfaces for address in interface.addresses]


def is_global(own: Own) -> bool:
    """Neither loopback nor link-local: an address that others may use."""
    return not any(low <= own.value <= high for low, high in (LOOPBACK[own.family], _LINK_LOCAL[own.family]))


def _selects(rule: RouteRule) -> bool:
    return bool(rule.src or rule.dst or rule.mark or rule.in_interface or rule.not_understood)


class _Table:
    """One table of one family as disjoint, sorted intervals, each with the routes that win there."""

    def __init__(self, routes: Iterable[Route]) -> None:
        best: dict[Range, list[Route]] = {}
        for route in routes:
            _family, low, high = text.address_range(route.destination)
            held = best.get((low, high))
            if held is None or route.metric < held[0].metric:
                best[low, high] = [route]
            elif route.metric == held[0].metric:
                held.append(route)  # siblings of one multipath route, as older iproute2 lists them for IPv6
        self.starts: list[int] = []
        self.intervals: list[tuple[int, int, list[Route]]] = []
        for low, high, found in _nested(best):
            self.starts.append(low)
            self.intervals.append((low, high, found))

    def within(self, low: int, high: int) -> Iterator[tuple[int, int, list[Route] | None]]:
        """The parts of ``low`` to ``high`` with their routes; None where there is none."""
        at = low
        for index in range(max(bisect_right(self.starts, low) - 1, 0), bisect_left(self.starts, high + 1)):
            first, last, routes = self.intervals[index]
            if last < low:
                continue
            if first > at:
                yield at, first - 1, None
            yield max(first, low), min(last, high), routes
            at = last + 1
            if at > high:
                return
        if at <= high:
            yield at, high, None


def _nested(prefixes: dict[Range, list[Route]]) -> Iterator[tuple[int, int, list[Route]]]:
    """Prefixes nest or are disjoint: cut each by those inside it."""
    stack: list[tuple[int, list[Route]]] = []
    at = 0
    for low, high in sorted(prefixes, key=lambda item: (item[0], -item[1])):
        while stack and stack[-1][0] < low:
            end, routes = stack.pop()
            if at <= end:
                yield at, end, routes
                at = end + 1
        if stack and at < low:
            yield at, low - 1, stack[-1][1]
        at = low
        stack.append((high, prefixes[low, high]))
    while stack:
        end, routes = stack.pop()
        if at <= end:
            yield at, end, routes
            at = end + 1


class Routing:
    """The routing of one state."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.addresses = own_addresses(state.interfaces.values())
        self._tables: dict[tuple[int, str], _Table] = {}
        self._rules = {family: self._rules_of(family) for family in (4, 6)}
        # Whether packets for the host's own addresses stay here whatever else the rules say.
        self.local_first = all(
            rules[0].table == "local" and rules[0].action in _LOOKUPS and not _selects(rules[0])
            for rules in self._rules.values()
        )
        self.follows_marks = any(rule.mark for rules in self._rules.values() for rule in rules)
        # Whether the host's own packets go by their destination alone.
        self.by_destination = not any(_selects(rule) for rules in self._rules.values() for rule in rules)
        # A device's interface whose packets ask the table of a VRF has its addresses there.
        self._of_vrfs = {
            rule.in_interface for rule in state.route_rules if state.platform != "linux" and rule.in_interface
        }

    def _rules_of(self, family: int) -> list[RouteRule]:
        rules = sorted(
            (rule for rule in self.state.route_rules if rule.family == family), key=lambda rule: rule.priority
        )
        if not rules:
            return [RouteRule(family, priority, table) for priority, table in _DEFAULT_RULES]
        return [replace(rule, table=_TABLE_NAMES.get(rule.table, rule.table)) for rule in rules]

    def _table(self, family: int, name: str) -> _Table:
        key = (family, name)
        if key not in self._tables:
            routes = [
                route
                for route in self.state.routes
                if route.family == family and _TABLE_NAMES.get(route.table, route.table) == name
            ]
            if name == "local":
                width = text.WIDTH[family]
                routes += [
                    Route(family, f"{text.address_text(family, own.value)}/{width}", "local", "local")
                    for own in self.addresses
                    if own.family == family and own.interface not in self._of_vrfs
                ]
            self._tables[key] = _Table(routes)
        return self._tables[key]

    def why_unknown(self, family: int) -> str:
        """Why this family's routes are not known; empty if they are."""
        wanted = (f"routes{family}", f"rules{family}", "routes", "addresses")
        for item in self.state.unreadable:
            if any(
                item["what"] == name or item["what"].startswith((f"{name} ", f"{name}:")) for name in wanted
            ):
                return f"the routes of {self.state.host} could not be read: {item['reason']}"
        if not any(route.family == family for route in self.state.routes):
            mine = any(own.family == family and is_global(own) for own in self.addresses)
            if mine or not self.state.interfaces:
                return f"no {FAMILY_NAME[family]} route of {self.state.host} is known"
        return ""

    def lookup(self, flows: FlowSet, in_interface: str = "") -> list[tuple[FlowSet, tuple[Leg, ...]]]:
        """Split ``flows`` by where they go, as ``split`` does, without the family."""
        return [(part, legs) for part, legs, _family in self.split(flows, in_interface)]

    def split(self, flows: FlowSet, in_interface: str = "") -> list[tuple[FlowSet, tuple[Leg, ...], int]]:
        """Split ``flows`` by where they go: each part with all the legs that it may take, and its family.

        ``in_interface``: where they came in; empty for the host's own packets.
        """
        found: list[tuple[FlowSet, tuple[Leg, ...], int]] = []
        for family in flows.families():
            rest = flows.named("family", (FAMILY_NAME[family],))
            unknown = self.why_unknown(family)
            if unknown:
                found.append((rest, (Leg("unknown", reason=unknown),), family))
                continue
            for rule in self._rules[family]:
                part = self._selected(rule, rest, in_interface)
                if not part:
                    continue
                for there, legs in self._by_rule(rule, family, part, in_interface):
                    found.append((there, legs, family))
                    rest = rest - there
                if not rest:
                    break
            if rest:
                found.append((rest, (Leg("deny", reason="no route"),), family))
        return found

    @staticmethod
    def _selected(rule: RouteRule, flows: FlowSet, in_interface: str) -> FlowSet:
        if rule.in_interface and rule.in_interface != (in_interface or "lo"):
            return flows.space.nothing
        for field, prefix in (("src", rule.src), ("dst", rule.dst)):
            if prefix and prefix not in ("all", "default", "any"):
                family, low, high = text.address_range(prefix)
                flows = flows.only(field, ((low, high),), family)
        if rule.mark:
            value, _slash, mask = rule.mark.partition("/")
            number, bits = int(value, 0), int(mask, 0) if mask else 0xFFFFFFFF
            space = flows.space
            flows = flows & FlowSet(space, space.masked("mark", number & bits, bits))
        return flows

    def choices(self, flows: FlowSet, in_interface: str = "") -> Iterator[Choice]:
        """As ``split``, by what decides."""
        for family in flows.families():
            rest = flows.named("family", (FAMILY_NAME[family],))
            unknown = self.why_unknown(family)
            for rule in () if unknown else self._rules[family]:
                for choice in self._chosen(
                    rule, family, self._selected(rule, rest, in_interface), in_interface
                ):
                    yield choice
                    rest = rest - choice.flows
            if rest:
                leg = Leg("unknown", reason=unknown) if unknown else Leg("deny", reason="no route")
                yield Choice(rest, None, (), (leg,))

    def _chosen(self, rule: RouteRule, family: int, flows: FlowSet, in_interface: str) -> Iterator[Choice]:
        stop = self._stop(rule)
        if stop is not None:
            if flows:
                yield Choice(flows, rule, (), (stop,))
            return
        for low, high in destinations(flows, family):
            for first, last, routes in self._table(family, rule.table).within(low, high):
                legs = self._legs(routes, family, in_interface)
                if legs and routes:
                    yield Choice(flows.only("dst", ((first, last),), family), rule, tuple(routes), legs)

    def _stop(self, rule: RouteRule) -> Leg | None:
        """What a policy rule says that looks up no table."""
        if rule.not_understood:
            reason = f"{self.state.host}: ip rule {rule.priority} is not understood: {', '.join(rule.not_understood)}"
            return Leg("unknown", reason=reason)
        if rule.action in _REFUSALS:
            return Leg("deny", reason=_REFUSALS[rule.action])
        if rule.action not in _LOOKUPS:
            reason = f"{self.state.host}: ip rule {rule.priority} has the action {rule.action!r}"
            return Leg("unknown", reason=reason)
        return None

    def _by_rule(
        self, rule: RouteRule, family: int, flows: FlowSet, in_interface: str
    ) -> Iterator[tuple[FlowSet, tuple[Leg, ...]]]:
        stop = self._stop(rule)
        if stop is not None:
            yield flows, (stop,)
            return
        by_legs: dict[tuple[Leg, ...], list[Range]] = {}
        table = self._table(family, rule.table)
        whole = destinations(flows, family)
        for low, high in whole:
            for first, last, routes in table.within(low, high):
                legs = self._legs(routes, family, in_interface)
                if legs:
                    by_legs.setdefault(legs, []).append((first, last))
        for legs, ranges in by_legs.items():
            all_of_it = len(by_legs) == 1 and merge_ranges(ranges) == whole
            yield flows if all_of_it else flows.only("dst", tuple(ranges), family), legs

    def _legs(self, routes: list[Route] | None, family: int, in_interface: str = "") -> tuple[Leg, ...]:
        """The legs of the routes that won; empty: go on to the next rule."""
        if not routes or routes[0].kind == "throw":
            return ()
        kind = routes[0].kind
        # ip_route_input_slow: what comes in for a broadcast address is for this host; what it sends goes out.
        if kind == "local" or (kind == "broadcast" and in_interface):
            return (Leg("local"),)
        if kind in _REFUSALS:
            return (Leg("deny", reason=_REFUSALS[kind]),)
        if kind not in ("unicast", "broadcast"):
            return (Leg("unknown", reason=f"{self.state.host}: the route's kind {kind!r} is not understood"),)
        legs = tuple(dict.fromkeys(self._leg(hop, family) for route in routes for hop in route.next_hops))
        alive = tuple(leg for leg in legs if self._is_up(leg.interface))
        if alive:
            return alive
        return (
            (Leg("deny", reason="the route's interface is down"),)
            if legs
            else (Leg("deny", reason="the route has no next hop"),)
        )

    def _leg(self, hop: NextHop, family: int) -> Leg:
        if not hop.via:
            return Leg("forward", hop.interface)
        version, gateway, _high = text.address_range(hop.via)
        if version != family:  # RFC 5549: an IPv6 gateway for IPv4
            return Leg(
                "unknown",
                hop.interface,
                reason=f"{self.state.host}: the gateway {hop.via} is of the other family",
            )
        return Leg("forward", hop.interface, gateway)

    def _is_up(self, interface: str) -> bool:
        found = self.state.interfaces.get(interface)
        return found is None or found.up

    def route_to(self, family: int, address: int) -> tuple[Route | None, Leg | None]:
        """The route and first leg of the host's own packets to one address, by rules without selectors."""
        for rule in self._rules[family]:
            if (
                rule.src
                or rule.dst
                or rule.mark
                or rule.in_interface
                or rule.not_understood
                or rule.action in _REFUSALS
            ):
                continue
            for _low, _high, routes in self._table(family, rule.table).within(address, address):
                legs = self._legs(routes, family)
                if legs and routes:
                    return routes[0], legs[0]
        return None, None

    def source_for(self, family: int, address: int) -> tuple[int | None, bool]:
        """``(own address, whether over a gateway)`` for packets to ``address``; None without a route."""
        route, leg = self.route_to(family, address)
        if route is None or leg is None or leg.kind != "forward":
            return None, False
        gateway = leg.gateway is not None
        if route.source:
            return text.address_range(route.source)[1], gateway
        mine = [own for own in self.addresses if own.family == family and is_global(own)]
        there = [own for own in mine if own.interface == leg.interface]
        target = leg.gateway if leg.gateway is not None else address
        near = [own for own in there if own.low <= target <= own.high]
        best = near or there or mine
        if not best:
            return None, gateway
        if family == 6:
            best = sorted(best, key=lambda own: (own.value ^ address).bit_length())
        return best[0].value, gateway
