# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a device shows of its routes to the state's routes, routing rules and addresses.

A table counts as read only if each line of it was understood: else a longer prefix may be missing, and packets seem to
go where they do not. An interface of a VRF asks the VRF's table alone; without a route there, packets go nowhere.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping

from ...model import text
from ...model.raw import RawOutput
from ...model.state import Interface, NextHop, Route, RouteRule, State
from .. import outputs as raw
from . import route_junos, route_nxos, route_panos, route_text
from .route_entry import BLACKHOLE, LOCAL, MAIN, UNICAST, UNRESOLVED, Entry, Hop, NotReadError

_READERS: dict[str, Callable[[str], list[Entry]]] = {
    "cisco_nxos": route_nxos.read,
    "juniper_junos": route_junos.read,
    "paloalto_panos": route_panos.read,
}
_BOTH_FAMILIES = ("juniper_junos", "paloalto_panos")  # one command shows them
# Answers of devices to a command that they do not have, or do not let this user run.
_REFUSED = re.compile(
    r"^\s*(% ?(?:Invalid|Incomplete|Ambiguous|Unrecognized|Permission|Authorization|Bad|Unknown|VRF).*|ERROR: .*"
    r"|syntax error.*|unknown command.*|error: .*|Command fail.*|Unknown action.*|Invalid (?:command|syntax).*"
    r"|Server error.*|Command authorization failed.*|command parse error.*)",
    re.MULTILINE | re.IGNORECASE,
)
# Arista EOS says so at the head of a table that it does not use for packets of others ("show ip route").
_NOT_ROUTING = re.compile(r"^! IP(?:v6)? routing not enabled", re.MULTILINE)
_RULES_FROM, _MAIN_RULE = 10, 32766
_NOT_GIVEN = "not gathered, so which way out packets take is not known"
_DEEPEST = 8  # next hops that are reached over others


def add(state: State, outputs: Mapping[str, RawOutput]) -> None:
    """Puts into ``state`` what ``routes4`` and ``routes6`` show (and ``routes4_vrf``, ``routes6_vrf``, of VRFs alone).
    What can't be read is named in ``unreadable``."""
    if "routes4" not in outputs and "routes6" not in outputs:
        state.unreadable += [{"what": f"routes{family}", "reason": _NOT_GIVEN} for family in (4, 6)]
        return
    for family in (4, 6):
        name = f"routes{family}"
        if name not in outputs and state.platform in _BOTH_FAMILIES:
            name = "routes4"
        entries, why = _read(state.platform, outputs, name, family)
        if why:
            state.unreadable.append({"what": f"routes{family}", "reason": why})
            continue
        if _NOT_ROUTING.search(raw.text(outputs, name)):
            state.forwarding[f"ipv{family}"] = False
        of_vrfs, why = _read(state.platform, outputs, f"routes{family}_vrf", family)
        entries += [one for one in of_vrfs if one.table != MAIN]
        _place(state, family, entries)
        if why and any(interface.master for interface in state.interfaces.values()):
            state.unreadable.append({"what": f"routes{family}_vrf", "reason": why})


def _read(platform: str, outputs: Mapping[str, RawOutput], name: str, family: int) -> tuple[list[Entry], str]:
    """The entries of one family, or why they are not known."""
    if name.endswith("_vrf") and name not in outputs:
        return [], ""
    why = raw.problem(outputs, name)
    shown = raw.text(outputs, name)
    refused = _REFUSED.search(shown)
    if not why and refused is not None:
        why = refused[1].strip()[:200]
    if not why:
        try:
            return [one for one in _reader(platform)(shown) if one.family == family], ""
        except NotReadError as error:
            why = str(error)
    return [], why


def _reader(platform: str) -> Callable[[str], list[Entry]]:
    form = route_text.FORMATS.get(platform)
    return _READERS[platform] if form is None else lambda shown: route_text.read(form, shown)


def _place(state: State, family: int, entries: list[Entry]) -> None:
    names = Names(state.interfaces)
    for one in entries:
        one.hops = tuple(Hop(names.long(hop.interface), hop.via) for hop in one.hops)
    _interfaces(state, entries)
    tables = _Tables(entries)
    state.routes += tables.routes()
    held = set(tables.by_table)
    vrfs = [one for one in state.interfaces.values() if one.master and one.master not in state.interfaces]
    if not vrfs:
        return
    state.route_rules += _rules(family, vrfs, held)
    for interface in vrfs:
        if interface.master in held:
            state.routes += _own(family, interface, tables)


def _rules(family: int, vrfs: Iterable[Interface], held: set[str]) -> list[RouteRule]:
    rules = []
    for priority, interface in enumerate(vrfs, start=_RULES_FROM):
        name, vrf = interface.name, interface.master
        if vrf in held:
            rules.append(RouteRule(family, priority, vrf, in_interface=name))
            rules.append(RouteRule(family, priority, vrf, "unreachable", in_interface=name))
        else:
            why = [f"the routes of VRF {vrf}, to which {name} belongs, were not read"]
            rules.append(RouteRule(family, priority, vrf, in_interface=name, not_understood=why))
    return [*rules, RouteRule(family, _MAIN_RULE - 1, "local"), RouteRule(family, _MAIN_RULE, MAIN)]


def _own(family: int, interface: Interface, tables: _Tables) -> list[Route]:
    """The addresses of a VRF's interface, where its table does not list them."""
    found = []
    for address in interface.addresses:
        value = ipaddress.ip_interface(address)
        host = f"{value.ip}/{text.WIDTH[family]}"
        if value.version == family and not tables.has(interface.master, host):
            found.append(Route(family, host, LOCAL, interface.master, next_hops=[NextHop(interface.name)]))
    return found


class Names:
    """Names of interfaces as the configuration has them: ``Gi0/1`` is ``GigabitEthernet0/1``."""

    _PARTS = re.compile(r"(?P<kind>[A-Za-z-]+?)[ -]?(?P<rest>\d.*)?")

    def __init__(self, interfaces: Mapping[str, Interface]) -> None:
        self._by_rest: dict[str, list[tuple[str, str]]] = {}
        self._known: dict[str, str] = {}
        for name in interfaces:
            self._known[name] = name
            parts = self._PARTS.fullmatch(name)
            if parts is not None:
                self._by_rest.setdefault(parts["rest"] or "", []).append((parts["kind"].lower(), name))

    def long(self, name: str) -> str:
        if name not in self._known:
            parts = self._PARTS.fullmatch(name)
            near = []
            if parts is not None:
                kind, same = parts["kind"].lower(), self._by_rest.get(parts["rest"] or "", ())
                near = [one for known, one in same if known == kind] or [
                    one for known, one in same if known.startswith(kind)
                ]
            self._known[name] = near[0] if len(near) == 1 else name
        return self._known[name]


def _interfaces(state: State, entries: Iterable[Entry]) -> None:
    """What a table tells of interfaces: the VRF that they belong to, and addresses that they were given by DHCP or
    the like, which the configuration does not have."""
    networks: dict[str, list[str]] = {}
    for one in entries:
        for hop in one.hops if one.own else ():
            if not hop.interface:
                continue
            interface = state.interfaces.setdefault(hop.interface, Interface(hop.interface))
            if one.table != MAIN and not interface.master:
                interface.master = one.table
            if one.kind == UNICAST and not hop.via:
                networks.setdefault(hop.interface, []).append(one.destination)
    for one in entries:
        if one.kind != LOCAL or not one.own:
            continue
        address = ipaddress.ip_interface(one.destination)
        for hop in one.hops:
            if not hop.interface or address.network.num_addresses != 1 or address.ip.is_multicast:
                continue
            known = state.interfaces[hop.interface].addresses
            if not any(ipaddress.ip_interface(other).ip == address.ip for other in known):
                near = [ipaddress.ip_network(network) for network in networks.get(hop.interface, ())]
                around = [network.prefixlen for network in near if address.ip in network]
                known.append(f"{address.ip}/{max(around, default=address.max_prefixlen)}")


class _Tables:
    """The entries of one family by table and destination."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.by_table: dict[str, dict[str, Entry]] = {}
        for one in entries:
            table = self.by_table.setdefault(one.table, {})
            same = table.get(one.destination)
            if same is not None and same.kind == one.kind == UNICAST:
                one = Entry(
                    one.table, one.destination, UNICAST, tuple(dict.fromkeys((*same.hops, *one.hops)))
                )
            table[one.destination] = one
        self._lengths = {
            name: sorted({int(network.rpartition("/")[2]) for network in table}, reverse=True)
            for name, table in self.by_table.items()
        }

    def has(self, table: str, destination: str) -> bool:
        return destination in self.by_table.get(table, ())

    def routes(self) -> list[Route]:
        return [self._route(one) for table in self.by_table.values() for one in table.values()]

    def _route(self, one: Entry) -> Route:
        kind, hops = one.kind, list(one.hops)
        if kind == UNICAST and not all(hop.interface for hop in hops):
            kind, hops = self._resolved(one)
        return Route(
            one.family,
            one.destination,
            kind,
            one.table,
            next_hops=[NextHop(hop.interface, hop.via) for hop in hops],
        )

    def _resolved(self, one: Entry) -> tuple[str, list[Hop]]:
        """The ways over gateways whose interface the table does not name, which are looked up in it themselves."""
        found: list[Hop] = []
        for hop in one.hops:
            kind, ways = self._way(one.table, hop, _DEEPEST)
            if kind == BLACKHOLE and len(one.hops) == 1:
                return BLACKHOLE, []
            if kind != UNICAST:
                return UNRESOLVED, []
            found += ways
        return UNICAST, list(dict.fromkeys(found))

    def _way(self, table: str, hop: Hop, depth: int) -> tuple[str, list[Hop]]:
        if hop.interface:
            return UNICAST, [hop]
        over = self._longest(table, hop.via) if hop.via and depth else None
        if over is None:
            return UNRESOLVED, []
        if over.kind != UNICAST:
            return over.kind if over.kind == BLACKHOLE else UNRESOLVED, []
        found: list[Hop] = []
        for further in over.hops:
            on_link = further.interface and not further.via
            kind, ways = (
                (UNICAST, [Hop(further.interface, hop.via)])
                if on_link
                else self._way(table, further, depth - 1)
            )
            if kind != UNICAST:
                return kind, []
            found += ways
        return UNICAST, found

    def _longest(self, table: str, address: str) -> Entry | None:
        value = ipaddress.ip_address(address)
        for length in self._lengths[table]:
            if length <= value.max_prefixlen:
                network = str(ipaddress.ip_network((value, length), strict=False))
                if network in self.by_table[table]:
                    return self.by_table[table][network]
        return None
