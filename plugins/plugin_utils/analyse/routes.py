# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one host sends packets: policy rules, tables, longest prefix, exactly and over sets.

Sources: ip-rule(8) (rules by priority; ``throw`` and a table without a route go on to the next rule),
ip-route(8) (kinds, metrics, next hops), Linux ``fib_select_default``.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ..model import text
from ..model.fields import PROTOCOLS, PROTOCOLS_WITH_PORTS
from ..model.flowset import FlowSet
from ..model.match import Range, merge_ranges
from ..model.state import Interface, NextHop, Route, RouteRule, State
from . import sources
from .intervals import Intervals
from .journey import destinations
from .tables import FROM, Table, of_some, taken

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
# A rule's selector as ``ip -j rule`` tells it: for packets of VRFs, the VRF's own table.
_OF_VRFS = "l3mdev"
_OTHER_MASTERS = ("bridge", "bond", "team", "hsr", "openvswitch")
_ANYWHERE = ("", "all", "default", "any")
_ROOT = 0
_PORTED = tuple((number, number) for number in PROTOCOLS_WITH_PORTS)
_ICMP = tuple((PROTOCOLS[name],) * 2 for name in ("icmp", "icmpv6"))
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
    flags: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        return text.WIDTH[self.family] - (self.high - self.low).bit_length()


@lru_cache(maxsize=65536)
def _own(address: str, interface: str, flags: tuple[str, ...] = ()) -> Own:
    found = ipaddress.ip_interface(address)
    ends = int(found.network.network_address), int(found.network.broadcast_address)
    return Own(found.version, int(found.ip), *ends, interface, flags)


def own_addresses(interfaces: Iterable[Interface]) -> list[Own]:
    return [
        _own(address, interface.name, tuple(interface.address_flags.get(address, ())))
        for interface in interfaces
        for address in interface.addresses
    ]


def is_global(own: Own) -> bool:
    """Neither loopback nor link-local: an address that others may use."""
    return not any(low <= own.value <= high for low, high in (LOOPBACK[own.family], _LINK_LOCAL[own.family]))


def _selects(rule: RouteRule) -> bool:
    plain = replace(rule, table="", action="", suppress_length=None)
    return plain != RouteRule(rule.family, rule.priority, "", "")


def _holds(prefix: str, address: int) -> bool:
    _family, low, high = text.address_range(prefix)
    return low <= address <= high


def _by_ports(rule: RouteRule, flows: FlowSet, own: bool) -> FlowSet:
    """Those with a rule's ports. Of other protocols, none are looked at (``__skb_flow_dissect``), but of a host's own
    ICMP packets type and code stand where the destination port does (``struct flowi_uli``)."""
    found = flows.only("protocol", _PORTED)
    for field, numbers in (("src_port", rule.src_port), ("dst_port", rule.dst_port)):
        if numbers:
            found = found.only(field, (text.number_range(numbers),))
    icmp = flows.only("protocol", _ICMP) if own and not rule.src_port else flows.space.nothing
    low, high = text.number_range(rule.dst_port) if icmp else (0, -1)
    for kind in range(low >> 8, (high >> 8) + 1):
        codes = max(low, kind << 8) & 255, min(high, kind << 8 | 255) & 255
        found = found | icmp.only("icmp_type", ((kind, kind),)).only("icmp_code", (codes,))
    return found


def _counting(routes: list[Route] | None, rule: RouteRule) -> list[Route] | None:
    """The routes that a rule's look-up found, if they count (``fib_rules_lookup``: an error, as of a route that
    refuses, is never suppressed)."""
    if not routes or rule.suppress_length is None or routes[0].kind in _REFUSALS or of_some(routes[0]):
        return routes
    length = int(routes[0].destination.rpartition("/")[2])
    return None if length <= rule.suppress_length else routes


class Routing:
    """The routing of one state."""

    def __init__(self, state: State, every: bool = False) -> None:
        """``every``: whether all of several equal routes count, whichever the kernel would take."""
        self.state = state
        self._every = every or state.platform != "linux"
        self.addresses = own_addresses(state.interfaces.values())
        self._tables: dict[tuple[int, str], Table] = {}
        self._unknown: dict[int, str] = {}
        self._own: dict[int, list[Own]] = {}
        self._ways: dict[tuple[int, str, int | None, str], Intervals[tuple[Leg, ...]]] = {}
        self._rules = {family: self._rules_of(family) for family in (4, 6)}
        # Whether packets for the host's own addresses stay here whatever else the rules say.
        self.local_first = all(
            rules[0].table == "local" and rules[0].action in _LOOKUPS and not _selects(rules[0])
            for rules in self._rules.values()
        ) and not any(self._without_entry())
        self.follows_marks = any(rule.mark for rules in self._rules.values() for rule in rules)
        # Whether the host's own packets go by their destination alone.
        self.by_destination = not any(_selects(rule) for rules in self._rules.values() for rule in rules)
        listed = [rule for rules in self._rules.values() for rule in rules]
        self.by_source = any(rule.src not in _ANYWHERE for rule in listed)
        self.by_service = any(rule.protocol or rule.src_port or rule.dst_port for rule in listed)
        # What belongs to a VRF has its addresses there: of devices, what a rule sends to another table.
        self._of_vrfs = {
            rule.in_interface for rule in state.route_rules if state.platform != "linux" and rule.in_interface
        }
        vrfs = {name for name, item in state.interfaces.items() if item.kind == "vrf"}
        self._of_vrfs |= {name for name, item in state.interfaces.items() if {item.master, name} & vrfs}

    def _rules_of(self, family: int) -> list[RouteRule]:
        rules = sorted(
            (rule for rule in self.state.route_rules if rule.family == family), key=lambda rule: rule.priority
        )
        if not rules:
            return [RouteRule(family, priority, table) for priority, table in _DEFAULT_RULES]
        return [replace(rule, table=_TABLE_NAMES.get(rule.table, rule.table)) for rule in rules]

    def _shows_local(self, family: int) -> bool:
        """Whether the table of local addresses was gathered: then an address without an entry in it is nobody's."""
        return self.state.platform == "linux" and bool(self._entries(family))

    def _entries(self, family: int) -> list[Range]:
        return [
            text.address_range(route.destination)[1:]
            for route in self.state.routes
            if route.family == family and route.kind == "local" and route.table in ("local", "255")
        ]

    def _without_entry(self) -> Iterator[Own]:
        for family in (4, 6):
            entries = merge_ranges(self._entries(family))
            starts = [low for low, _high in entries]
            for own in self.addresses if self._shows_local(family) else ():
                at = bisect_right(starts, own.value) - 1
                if own.family == family and (at < 0 or entries[at][1] < own.value):
                    yield own

    def _table(self, family: int, name: str) -> Table:
        key = (family, name)
        if key not in self._tables:
            routes = [
                route
                for route in self.state.routes
                if route.family == family and _TABLE_NAMES.get(route.table, route.table) == name
            ]
            if name == "local" and not self._shows_local(family):
                width = text.WIDTH[family]
                routes += [
                    Route(family, f"{text.address_text(family, own.value)}/{width}", "local", "local")
                    for own in self.addresses
                    if own.family == family and own.interface not in self._of_vrfs
                ]
            self._tables[key] = Table(routes)
        return self._tables[key]

    def why_unknown(self, family: int) -> str:
        """Why this family's routes are not known; empty if they are."""
        if family not in self._unknown:
            self._unknown[family] = self._why_unknown(family)
        return self._unknown[family]

    def _why_unknown(self, family: int) -> str:
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

    def _selected(self, rule: RouteRule, flows: FlowSet, in_interface: str) -> FlowSet:
        """Those that a rule is for, or may be for where it is not decided."""
        if _OF_VRFS in rule.not_understood and not rule.negated:
            flows = self._in_vrfs(flows, in_interface)
        if not rule.negated:
            return self._described(rule, flows, in_interface)
        if self._undecided(rule, in_interface):
            return flows
        return flows - self._described(rule, flows, in_interface)

    def _in_vrfs(self, flows: FlowSet, in_interface: str) -> FlowSet:
        """Those that a rule ``l3mdev`` may be for: what came in by a VRF, and the host's own packets from addresses
        there. A socket that is bound to none has none of these addresses, and one that is bound has no other (vrf.rst,
        ``fib_rule_match``)."""
        items = self.state.interfaces
        if any(item["what"].startswith("links") for item in self.state.unreadable):
            return flows
        # Without its details a master is no VRF only if it is something else.
        kinds = {name: item.kind for name, item in items.items()}
        of_vrfs = self._of_vrfs | {
            name
            for name, item in items.items()
            if item.master and kinds.get(item.master, "") not in _OTHER_MASTERS
        }
        if in_interface:
            return flows if in_interface in of_vrfs or in_interface not in items else flows.space.nothing
        found = flows.space.nothing
        for own in self.addresses:
            if own.interface in of_vrfs:
                found = found | flows.only("src", ((own.value, own.value),), own.family)
        return found

    def _why_of_vrfs(self, rule: RouteRule, in_interface: str) -> str:
        item = self.state.interfaces.get(in_interface)
        of_all = (
            one.master or one.name for name, one in self.state.interfaces.items() if name in self._of_vrfs
        )
        names = [item.master or item.name] if item is not None else sorted(set(of_all))
        which = f"{'VRF' if len(names) == 1 else 'VRFs'} {', '.join(names)}".rstrip()
        by = f"(ip rule {rule.priority}: {_OF_VRFS})"
        return f"{self.state.host}: {which} of a Linux host: its routes are not followed {by}"

    @staticmethod
    def _described(rule: RouteRule, flows: FlowSet, in_interface: str) -> FlowSet:
        """Those that a rule's selectors describe (``fib_rule_match``), as far as flows tell."""
        if rule.in_interface and rule.in_interface != (in_interface or "lo"):
            return flows.space.nothing
        # What comes in belongs to no bound socket, and counts as root's (``ip_route_input_slow``).
        if in_interface and (rule.out_interface or (rule.users and text.number_range(rule.users)[0] > _ROOT)):
            return flows.space.nothing
        for field, prefix in (("src", rule.src), ("dst", rule.dst)):
            if prefix and prefix not in _ANYWHERE:
                family, low, high = text.address_range(prefix)
                flows = flows.only(field, ((low, high),), family)
        if rule.protocol:
            flows = flows.only("protocol", (text.number_range(rule.protocol),))
        if rule.src_port or rule.dst_port:
            flows = _by_ports(rule, flows, own=not in_interface)
        if rule.mark:
            value, _slash, mask = rule.mark.partition("/")
            number, bits = int(value, 0), int(mask, 0) if mask else 0xFFFFFFFF
            space = flows.space
            flows = flows & FlowSet(space, space.masked("mark", number & bits, bits))
        return flows

    @staticmethod
    def _undecided(rule: RouteRule, in_interface: str) -> list[str]:
        """The selectors of a rule of which flows don't tell whether they hold."""
        found = list(rule.not_understood)
        if not in_interface:
            found += [f"uidrange {rule.users}"] if rule.users else []
            found += [f"oif {rule.out_interface}"] if rule.out_interface else []
        return found

    def everywhere(self, family: int) -> Iterator[tuple[Range, tuple[Leg, ...]]]:
        """Where the host's own packets to any address go, if they go by their destination alone."""
        if self.why_unknown(family):
            return
        rest: list[Range] = [(0, (1 << text.WIDTH[family]) - 1)]
        for rule in self._rules[family]:
            if self._stop(rule, "") is not None:
                return
            ways, left = self._ways_of(rule, family, ""), rest
            rest = []
            for low, high in left:
                for first, last, legs in ways.within(low, high):
                    if legs:
                        yield (first, last), legs
                    else:
                        rest.append((first, last))

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
        stop = self._stop(rule, in_interface)
        if stop is not None:
            if flows:
                yield Choice(flows, rule, (), (stop,))
            return
        for low, high in destinations(flows, family):
            for first, last, routes in self._table(family, rule.table).within(low, high):
                legs = self._legs(_counting(routes, rule), family, in_interface)
                if legs and routes:
                    won = tuple(self._won(routes, in_interface))
                    yield Choice(flows.only("dst", ((first, last),), family), rule, won, legs)

    def _stop(self, rule: RouteRule, in_interface: str) -> Leg | None:
        """What a policy rule says that looks up no table."""
        undecided = self._undecided(rule, in_interface)
        if undecided == [_OF_VRFS] and not rule.negated:
            return Leg("unknown", reason=self._why_of_vrfs(rule, in_interface))
        if undecided:
            why = "not understood" if rule.not_understood else "for some sockets only"
            reason = f"{self.state.host}: ip rule {rule.priority} is {why}: {', '.join(undecided)}"
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
        stop = self._stop(rule, in_interface)
        if stop is not None:
            yield flows, (stop,)
            return
        by_legs: dict[tuple[Leg, ...], list[Range]] = {}
        ways = self._ways_of(rule, family, in_interface)
        whole = destinations(flows, family)
        for low, high in whole:
            for first, last, legs in ways.within(low, high):
                if legs:
                    by_legs.setdefault(legs, []).append((first, last))
        for legs, ranges in by_legs.items():
            all_of_it = len(by_legs) == 1 and merge_ranges(ranges) == whole
            yield flows if all_of_it else flows.only("dst", tuple(ranges), family), legs

    def _ways_of(self, rule: RouteRule, family: int, in_interface: str) -> Intervals[tuple[Leg, ...]]:
        """The table that a rule looks up, by legs: where many routes lead one way, these are fewer."""
        table = self._table(family, rule.table)
        came = in_interface if table.tied and family == 6 else "*" if in_interface else ""
        key = (family, rule.table, rule.suppress_length, came)
        if key not in self._ways:
            self._ways[key] = Intervals(
                (low, high, self._legs(_counting(routes, rule), family, in_interface))
                for low, high, routes in table.listed
            )
        return self._ways[key]

    def _won(self, routes: list[Route], in_interface: str) -> list[Route]:
        return routes if self._every or len(routes) == 1 else taken(routes, in_interface)

    def _legs(self, routes: list[Route] | None, family: int, in_interface: str = "") -> tuple[Leg, ...]:
        """The legs of the routes that won; empty: go on to the next rule."""
        if not routes:
            return ()
        routes = self._won(routes, in_interface)
        kind = routes[0].kind
        if routes[0].tos:
            only = f"{routes[0].destination} is for packets with tos {routes[0].tos} alone"
            return (Leg("unknown", reason=f"{self.state.host}: the route to {only}, and flows tell none"),)
        if kind.startswith(FROM):
            only = f"{routes[0].destination} is for packets {kind} alone"
            return (Leg("unknown", reason=f"{self.state.host}: the route to {only}, which is not followed"),)
        if kind == "throw":
            return ()
        # ip_route_input_slow: what comes in for a broadcast address is for this host; what it sends goes out.
        if kind == "local" or (kind == "broadcast" and in_interface):
            return (Leg("local"),)
        if kind in _REFUSALS:
            return (Leg("deny", reason=_REFUSALS[kind]),)
        if kind.startswith("by nhid "):
            return (
                Leg("unknown", reason=f"{self.state.host}: which next hop {kind[3:]} is was not gathered"),
            )
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
        item = self.state.interfaces.get(hop.interface)
        if item is not None and item.up and not item.carrier:
            # The route stays (ignore_routes_with_linkdown, ip-sysctl.rst), and so does its share of several next hops.
            return Leg("deny", hop.interface, reason=f"{hop.interface} has no carrier")
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

    def own(self, family: int) -> list[Own]:
        """The host's addresses that others may use, in the order of its interfaces."""
        if family not in self._own:
            self._own[family] = [own for own in self.addresses if own.family == family and is_global(own)]
        return self._own[family]

    def route_to(self, family: int, address: int, source: int = 0) -> tuple[Route | None, Leg | None]:
        """The route and first leg of a socket's packets to one address, by default while it has none of its own: what
        asks for a protocol, ports or users is taken not to be for it."""
        for rule in self._rules[family]:
            if not self._for_socket(rule, address, source):
                continue
            if rule.action in _REFUSALS:
                return None, None
            for _low, _high, routes in self._table(family, rule.table).within(address, address):
                legs = self._legs(_counting(routes, rule), family)
                if legs and routes:
                    return self._won(routes, "")[0], legs[0]
        return None, None

    def _for_socket(self, rule: RouteRule, address: int, source: int) -> bool:
        if self._undecided(rule, "") or rule.protocol or rule.src_port or rule.dst_port:
            return False
        value, _slash, mask = (rule.mark or "0/0").partition("/")
        described = (
            rule.in_interface in ("", "lo")
            and not int(value, 0) & (int(mask, 0) if mask else 0xFFFFFFFF)
            and (rule.src in _ANYWHERE or _holds(rule.src, source))
            and (rule.dst in _ANYWHERE or _holds(rule.dst, address))
        )
        return described != rule.negated

    def source_for(self, family: int, address: int) -> tuple[int | None, bool]:
        """``(own address, whether over a gateway)`` for packets to ``address``; None without a route."""
        mine, settings = self.own(family), self.state.settings
        route, leg = self.route_to(family, address)
        found = None
        if route is None and family == 6:
            # Asked again from the best of all addresses (``ip6_dst_lookup_tail``).
            found = sources.ipv6(mine, "", address, settings)
            route, leg = self.route_to(family, address, found.value) if found is not None else (None, None)
        if route is None or leg is None or leg.kind != "forward":
            return None, False
        gateway = leg.gateway is not None
        if found is None and route.source:
            return text.address_range(route.source)[1], gateway
        if found is None and family == 6:
            found = sources.ipv6(mine, leg.interface, address, settings)
        elif found is None:
            found = sources.ipv4(mine, leg.interface, leg.gateway)
        return (found.value if found is not None else None), gateway
