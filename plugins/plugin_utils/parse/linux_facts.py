# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not rules: addresses, links, routes (``ip -j``, ip-address(8)), sysctl(8), sockets (ss(8))."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ParseError
from ..model import shape, text
from ..model.match import Range, merge_ranges
from ..model.raw import RawOutput
from ..model.state import Interface, Listener, NextHop, Route, RouteRule, State
from . import outputs as raw
from .host_facts import HostFacts
from .names import protocol_number

Json = Any
_FAMILY = {"inet": 4, "inet6": 6}
_ADDRESS_FLAGS = ("deprecated", "temporary", "secondary", "tentative", "dadfailed")
_RULE_KEYS = {
    "priority",
    "src",
    "srclen",
    "dst",
    "dstlen",
    "iif",
    "fwmark",
    "fwmask",
    "table",
    "action",
    "protocol",
    "not",
    "ipproto",
    *(f"{name}{end}" for name in ("sport", "dport", "uid") for end in ("", "_start", "_end")),
    "oif",
    "suppress_prefixlen",
}


def read(state: State, outputs: Mapping[str, RawOutput]) -> HostFacts:
    """Fill the state; what can't be read goes to ``unreadable``."""
    facts = HostFacts()
    _os(state, raw.text(outputs, "os"))
    steps: tuple[tuple[str, bool, Callable[[State, HostFacts, str], None]], ...] = (
        ("links", False, _links),
        ("addresses", False, _addresses),
        ("routes4", True, lambda s, f, t: _routes(s, t, 4)),
        ("routes6", True, lambda s, f, t: _routes(s, t, 6)),
        ("rules4", True, lambda s, f, t: _rules(s, t, 4)),
        ("rules6", True, lambda s, f, t: _rules(s, t, 6)),
        ("sysctl", False, _sysctl),
        ("listeners", True, _listeners),
    )
    for name, may_be_empty, step in steps:
        why = raw.problem(outputs, name, may_be_empty=may_be_empty)
        if not why:
            try:
                step(state, facts, raw.text(outputs, name))
            except ParseError as error:
                why = error.what
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                why = f"not in the form that ip -j, sysctl or ss print: {error!r}"
        if why:
            state.unreadable.append({"what": name, "reason": why})
    _local_addresses(state, facts)
    return facts


def _array(content: str, what: str) -> list[Json]:
    """A JSON array of objects. Nothing at all is an empty one: ``ip -j`` prints nothing for no routes."""
    if not content.strip():
        return []
    # What encapsulates packets comes behind the route, and has a destination and more of its own.
    first = _first_of_each if '"encap"' in content else None
    try:
        found = json.loads(content, object_pairs_hook=first)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{what} is not JSON (output cut short?): {error}") from error
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ParseError(f"{what} is no JSON array of objects")
    return [item for item in found if item]


def _first_of_each(pairs: list[tuple[str, Json]]) -> Json:
    found: dict[str, Json] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def _os(state: State, content: str) -> None:
    values = dict(line.split("=", 1) for line in content.splitlines() if "=" in line)
    state.hostname = values.get("hostname", "").strip()
    state.boot_id = values.get("boot_id", "").strip()


def _interface(state: State, item: Json) -> Interface:
    name = str(item.get("ifname", ""))
    return state.interfaces.setdefault(name, Interface(name))


def _links(state: State, facts: HostFacts, content: str) -> None:
    indexes: dict[int, str] = {}
    groups: dict[str, list[str]] = {}
    links = _array(content, "the list of links")
    for item in links:
        group = str(item.get("group", "default"))
        found = Interface(
            str(item.get("ifname", "")),
            up="UP" in item.get("flags", ()),
            kind=item.get("linkinfo", {}).get("info_kind", "") or item.get("link_type", ""),
            master=item.get("master", ""),
            mtu=item.get("mtu"),
            groups=[group],
            carrier="NO-CARRIER" not in item.get("flags", ()),
        )
        state.interfaces[found.name] = shape.sound(found, shape.INTERFACE)
        groups.setdefault(group, []).append(found.name)
        if isinstance(item.get("ifindex"), int):
            indexes[item["ifindex"]] = found.name
    facts.interfaces = indexes
    facts.groups = {group: tuple(names) for group, names in groups.items()}
    facts.above = _above(links)
    masters = {link.master for link in state.interfaces.values()}
    # Without `ip -d` there are no kinds: what has ports may be a bridge.
    bridges = [
        link.name
        for link in state.interfaces.values()
        if link.kind == "bridge" or (link.kind == "ether" and link.name in masters)
    ]
    facts.bridges = tuple(sorted({*bridges, *(name for one in bridges for name in facts.above.get(one, ()))}))


# Kinds of links whose packets are frames of the link that they name (ip-link(8)).
_STACKED = ("vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec")


def _above(links: list[Json]) -> dict[str, tuple[str, ...]]:
    """By interface those that stand on it, directly or not: as its master, or as a VLAN and the like."""
    direct: dict[str, set[str]] = {}
    for item in links:
        name = str(item.get("ifname", ""))
        if item.get("master"):
            direct.setdefault(name, set()).add(str(item["master"]))
        if item.get("link") and item.get("linkinfo", {}).get("info_kind", "") in _STACKED:
            direct.setdefault(str(item["link"]), set()).add(name)
    found = {}
    for name in direct:
        reached, todo = {name}, [name]
        while todo:
            new = direct.get(todo.pop(), set()) - reached
            reached |= new
            todo += new
        found[name] = tuple(sorted(reached - {name}))
    return found


def _addresses(state: State, facts: HostFacts, content: str) -> None:
    local: dict[int, list[Range]] = {4: [(127 << 24, (128 << 24) - 1)], 6: [(1, 1)]}
    broadcast: list[Range] = [(0, (1 << 24) - 1), ((1 << 32) - 1, (1 << 32) - 1)]
    for item in _array(content, "the list of addresses"):
        found = _interface(state, item)
        for address in item.get("addr_info", ()):
            family = _FAMILY.get(address.get("family", ""))
            if not family or "local" not in address:
                continue
            version, low, high = _range(address["local"])
            length = int(address.get("prefixlen", text.WIDTH[family]))
            if version != family or not 0 <= length <= text.WIDTH[family]:
                raise ValueError(f"{address['local']}/{length} as an address of IPv{family}")
            found.addresses.append(f"{address['local']}/{length}")
            flags = [flag for flag in _ADDRESS_FLAGS if address.get(flag)]
            flags += [scope for scope in ("link", "host") if family == 4 and address.get("scope") == scope]
            if flags:
                found.address_flags[found.addresses[-1]] = flags
            local[family].append((low, high))
            _on_link(facts, family, found.name, "local").append((low, high))
            if family == 4 and "broadcast" in address:
                broadcast.append(_range(address["broadcast"])[1:])
                _on_link(facts, family, found.name, "broadcast").append(broadcast[-1])
    facts.local = {family: merge_ranges(ranges) for family, ranges in local.items()}
    facts.broadcast = merge_ranges(broadcast)


def _range(value: str) -> tuple[int, int, int]:
    try:
        return text.address_range(value)
    except ValueError as error:
        raise ParseError(f"{value!r} is no address: {error}") from error


def _on_link(facts: HostFacts, family: int, link: str, kind: str) -> list[Range]:
    links = facts.by_link = facts.by_link or {}
    return links.setdefault(family, {}).setdefault(link, {}).setdefault(kind, [])


def _local_addresses(state: State, facts: HostFacts) -> None:
    """The routing table ``local`` is what the kernel asks; the interfaces' addresses stand in for it."""
    for family in (4, 6):
        routes = [route for route in state.routes if route.family == family and route.table == "local"]
        if facts.local is None or not routes:
            continue
        kinds = {
            kind: [_range(r.destination)[1:] for r in routes if r.kind == kind]
            for kind in ("local", "broadcast")
        }
        if family == 4:
            _links_of_table(facts, routes)
            facts.broadcast = merge_ranges([*facts.broadcast, *kinds["broadcast"]])
            facts.local[4] = _without(merge_ranges([*facts.local[4], *kinds["local"]]), facts.broadcast)
        else:
            facts.local[6] = merge_ranges([*facts.local[6], *kinds["local"]])


def _links_of_table(facts: HostFacts, routes: list[Route]) -> None:
    """What the table has by which link."""
    facts.by_link = {**(facts.by_link or {}), 4: {}}
    for route in routes:
        span = _range(route.destination)[1:]
        if route.kind == "anycast":
            facts.anycast = merge_ranges([*facts.anycast, span])
        for hop in route.next_hops[:1]:
            _on_link(facts, 4, hop.interface, route.kind).append(span)


def _without(ranges: tuple[Range, ...], holes: tuple[Range, ...]) -> tuple[Range, ...]:
    for low, high in holes:
        rest = []
        for first, last in ranges:
            if first <= min(last, low - 1):
                rest.append((first, min(last, low - 1)))
            if max(first, high + 1) <= last:
                rest.append((max(first, high + 1), last))
        ranges = tuple(sorted(set(rest)))
    return ranges


def _destination(value: str, family: int) -> str:
    if value == "default":
        return "0.0.0.0/0" if family == 4 else "::/0"
    return value if "/" in value else f"{value}/{32 if family == 4 else 128}"


def _hop(item: Json) -> NextHop:
    via = item.get("gateway") or item.get("via", {}).get("host", "")
    return NextHop(str(item.get("dev", "")), str(via), int(item.get("weight", 1)))


def _kind(item: Json, hops: list[Json]) -> str:
    """The route's type; what it does besides, or for whom alone it is, where that is not followed."""
    if item.get("from", "all") not in ("all", "default"):
        return f"from {item['from']}"
    wrapped = next((part["encap"] for part in (item, *hops) if "encap" in part), "")
    if wrapped:
        return f"encap {wrapped}"
    # Where the kernel names next hops by number alone (nexthop_compat_mode, ip-sysctl.rst), ip shows no more.
    unnamed = "nhid" in item and not any(part.keys() & {"dev", "gateway", "via"} for part in hops)
    return f"by nhid {item['nhid']}" if unnamed and "type" not in item else str(item.get("type", "unicast"))


def _routes(state: State, content: str, family: int) -> None:
    for item in _array(content, f"the list of IPv{family} routes"):
        if "dst" not in item or "cloned" in item.get("flags", ()):
            continue
        hops = [part for part in item.get("nexthops", (item,)) if "dead" not in part.get("flags", ())]
        route = Route(
            family,
            _destination(str(item["dst"]), family),
            _kind(item, hops),
            str(item.get("table", "main")),
            int(item.get("metric", 0)),
            item.get("prefsrc", ""),
            [_hop(part) for part in hops if part.get("dev") or part.get("gateway") or part.get("via")],
            "" if "encap" in item else str(item.get("tos", "")),
        )
        shape.sound(route, shape.ROUTE)
        if hops:
            state.routes.append(route)


def _rules(state: State, content: str, family: int) -> None:
    for item in _array(content, f"the list of IPv{family} routing rules"):
        if "nop" in item:
            continue
        mark = str(item.get("fwmark", ""))
        suppressed = item.get("suppress_prefixlen")
        rule = RouteRule(
            family,
            int(item.get("priority", 0)),
            str(item.get("table", "")),
            str(item.get("action", "lookup")).replace("to_tbl", "lookup"),
            _selector(item, "src"),
            _selector(item, "dst"),
            item.get("iif", ""),
            f"{mark}/{item['fwmask']}" if "fwmask" in item else mark,
            [
                f"{key} {value}" if value is not None else key
                for key, value in item.items()
                if key not in _RULE_KEYS
            ],
            "not" in item,
            str(protocol_number(item["ipproto"])) if "ipproto" in item else "",
            _span(item, "sport"),
            _span(item, "dport"),
            _span(item, "uid"),
            str(item.get("oif", "")),
            None if suppressed is None else int(suppressed),
        )
        state.route_rules.append(shape.sound(rule, shape.ROUTE_RULE))


def _span(item: Json, name: str) -> str:
    """A number, or ``low-high``; empty where the rule has none."""
    if f"{name}_start" in item:
        return f"{item[f'{name}_start']}-{item[f'{name}_end']}"
    return str(item.get(name, ""))


def _selector(item: Json, end: str) -> str:
    value = str(item.get(end, "all"))
    if value == "all":
        return ""
    length = item.get(f"{end}len")
    # The kernel keeps bits beyond the prefix, and compares none of them.
    return str(ipaddress.ip_network(f"{value}/{length}", strict=False)) if length is not None else value


# ``default`` counts for interfaces to come.
_SETTING = re.compile(
    r"net\.ipv4\.conf\.(?!default\.)[^.]+\.(rp_filter|src_valid_mark|accept_local|route_localnet)"
    r"|net\.ipv6\.conf\.(?!default\.)[^.]+\.use_tempaddr|net\.netfilter\.nf_conntrack_tcp_loose"
)
_FORWARDING = re.compile(r"net\.ipv4\.conf\.(?!(?:default|all)\.)[^.]+\.forwarding")


def _sysctl(state: State, facts: HostFacts, content: str) -> None:
    values = {}
    for line in content.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            values[name.strip()] = value.strip()
    if "net.ipv4.ip_forward" not in values:
        raise ParseError("net.ipv4.ip_forward is not among the settings")
    state.forwarding["ipv4"] = values["net.ipv4.ip_forward"] != "0"
    six = values.get("net.ipv6.conf.all.forwarding")
    if six is not None:
        state.forwarding["ipv6"] = six != "0"
    elif not any(name.startswith("net.ipv6.") for name in values):
        state.forwarding["ipv6"] = False
    state.settings = {name: int(value) for name, value in values.items() if _SETTING.fullmatch(name)}
    if state.forwarding["ipv4"]:  # else it is said by that alone
        off = (name for name, value in values.items() if _FORWARDING.fullmatch(name) and value == "0")
        state.settings.update(dict.fromkeys(off, 0))
    if not any(name.endswith(".rp_filter") for name in state.settings):
        why = "not among the settings: taken as off, so that no packet is dropped for its source"
        state.unreadable.append({"what": "rp_filter", "reason": why})


_SOCKET = re.compile(r"(?P<address>.+?)(?:%(?P<interface>[^:\]]+))?:(?P<port>\d+)$")
_PROCESS = re.compile(r'users:\(\("((?:[^"\\]|\\.)*)"')


def _of_ipv4(address: str) -> str:
    """What comes for an IPv4 address goes to sockets of IPv6 that are bound to the mapped one (ipv6(7))."""
    if not address.lower().startswith("::ffff:"):
        return address
    mapped = ipaddress.IPv6Address(address).ipv4_mapped
    return str(mapped) if mapped is not None else address


def _listeners(state: State, facts: HostFacts, content: str) -> None:
    for line in content.splitlines():
        words = line.split()
        if len(words) < 6 or words[0] not in ("tcp", "udp", "sctp", "dccp"):
            if words:
                raise ParseError(f"a line of ss is not understood: {line[:120]!r}")
            continue
        found = _SOCKET.match(words[4])
        if not found:
            continue
        address = _of_ipv4(found["address"].strip("[]"))
        process = _PROCESS.search(line)
        listener = Listener(
            words[0],
            "::" if address == "*" else address,
            int(found["port"]),
            process[1] if process else "",
            found["interface"] or "",
            # ss prints `*` for a wildcard socket of both families, `[::]` for one of IPv6 alone.
            address != "*",
        )
        state.listeners.append(shape.sound(listener, shape.LISTENER))
