# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The left side of an nft match: which field of a flow an expression reads, and what must hold for that.

nft reads a header only from packets that have it: ``tcp dport`` holds for no UDP packet, not even negated
(nft(8), "payload expressions": implicit dependencies).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..model.fields import PROTOCOLS, PROTOCOLS_WITH_PORTS
from ..model.match import ALWAYS, Match, Named, both, protocol

Json = Any
IPV4 = Named("family", ("ipv4",))
IPV6 = Named("family", ("ipv6",))
SOCKET = Named("origin", ("socket",))
TRACKED = Named("connection", ("new", "established", "related"))


@dataclass(frozen=True, slots=True)
class Operand:
    """``field``: of the flow; empty if none tells it. ``kind``: how values are written (``nft_values``), or
    how they are compared: name, index, group, family, fib_type, fib_interface, ct_status, direction. ``needs``:
    what holds for every packet that the expression can be read from. ``text``: as nft writes it. ``way``:
    ``original`` or ``reply``, for what is asked of the connection's packet in that direction; for routes, the
    field of the interface that they must be of. ``anywhere``: read from any transport header, whatever its
    protocol has in that place. ``marked``: with the packet's mark."""

    field: str
    kind: str
    needs: Match
    text: str
    family: int = 0
    way: str = ""
    anywhere: bool = False
    marked: bool = False


_TRANSPORT: dict[str, Match] = {
    name: protocol(PROTOCOLS[name]) for name in ("tcp", "udp", "udplite", "sctp", "dccp")
}
PORTS = protocol(*PROTOCOLS_WITH_PORTS)
_TRANSPORT["th"] = ALWAYS
_ICMP = both(IPV4, protocol(PROTOCOLS["icmp"]))
_ICMPV6 = both(IPV6, protocol(PROTOCOLS["icmpv6"]))
_HEADER: dict[str, Match] = {
    "ip": IPV4,
    "ip6": IPV6,
    "icmp": _ICMP,
    "icmpv6": _ICMPV6,
    "igmp": protocol(PROTOCOLS["igmp"]),
    "esp": protocol(PROTOCOLS["esp"]),
    "ah": protocol(PROTOCOLS["ah"]),
    "comp": protocol(PROTOCOLS["comp"]),
    **_TRANSPORT,
}


def _payload() -> dict[tuple[str, str], Operand]:
    table = {
        ("ip", "saddr"): Operand("src", "address4", IPV4, "ip saddr", 4),
        ("ip", "daddr"): Operand("dst", "address4", IPV4, "ip daddr", 4),
        ("ip", "protocol"): Operand("protocol", "protocol", IPV4, "ip protocol"),
        ("ip6", "saddr"): Operand("src", "address6", IPV6, "ip6 saddr", 6),
        ("ip6", "daddr"): Operand("dst", "address6", IPV6, "ip6 daddr", 6),
        ("ip6", "nexthdr"): Operand("protocol", "protocol", IPV6, "ip6 nexthdr"),
        ("tcp", "flags"): Operand("tcp_flags", "tcp_flags", _TRANSPORT["tcp"], "tcp flags"),
        ("icmp", "type"): Operand("icmp_type", "icmp_type", _ICMP, "icmp type"),
        ("icmp", "code"): Operand("icmp_code", "icmp_code", _ICMP, "icmp code"),
        ("icmpv6", "type"): Operand("icmp_type", "icmpv6_type", _ICMPV6, "icmpv6 type"),
        ("icmpv6", "code"): Operand("icmp_code", "icmpv6_code", _ICMPV6, "icmpv6 code"),
        ("ether", "type"): Operand("family", "family", ALWAYS, "ether type"),
    }
    for name, needs in _TRANSPORT.items():
        for port, field in (("sport", "src_port"), ("dport", "dst_port")):
            table[name, port] = Operand(field, "port", needs, f"{name} {port}", anywhere=name == "th")
    return table


PAYLOAD = _payload()
META = {
    "iifname": Operand("in_interface", "name", ALWAYS, "iifname"),
    "oifname": Operand("out_interface", "name", ALWAYS, "oifname"),
    "iif": Operand("in_interface", "index", ALWAYS, "iif"),
    "oif": Operand("out_interface", "index", ALWAYS, "oif"),
    "iifgroup": Operand("in_interface", "group", ALWAYS, "iifgroup"),
    "oifgroup": Operand("out_interface", "group", ALWAYS, "oifgroup"),
    "l4proto": Operand("protocol", "protocol", ALWAYS, "meta l4proto"),
    "nfproto": Operand("family", "family", ALWAYS, "meta nfproto"),
    "protocol": Operand("family", "family", ALWAYS, "meta protocol"),
    "mark": Operand("mark", "mark", ALWAYS, "meta mark"),
    "pkttype": Operand("dst", "packet_type", ALWAYS, "meta pkttype"),
}
CT = {
    "state": Operand("connection", "state", ALWAYS, "ct state"),
    "mark": Operand("ct_mark", "mark", TRACKED, "ct mark"),
    "status": Operand("", "ct_status", TRACKED, "ct status"),
    "direction": Operand("", "direction", TRACKED, "ct direction"),
    "protocol": Operand("protocol", "protocol", TRACKED, "ct protocol"),
    "l3proto": Operand("family", "family", TRACKED, "ct l3proto"),
}

# Of a socket (nft_meta.c): a packet that no socket of the host sent has none to ask, negated or not.
_OF_SOCKETS = ("skuid", "skgid", "cgroup")
# What is asked of a connection's packets: key -> (field, kind, family).
_TUPLE = {
    "ip saddr": ("src", "address4", 4),
    "ip daddr": ("dst", "address4", 4),
    "ip6 saddr": ("src", "address6", 6),
    "ip6 daddr": ("dst", "address6", 6),
    "proto-src": ("src_port", "port", 0),
    "proto-dst": ("dst_port", "port", 0),
}

_FIELD_KEYS = {"protocol", "field"}
_FIB_ENDS = {"saddr": "src", "daddr": "dst"}
_FIB_BY = {"iif": "in_interface", "oif": "out_interface"}
_FIB_RESULTS = {"type": "fib_type", "oif": "fib_interface", "oifname": "fib_interface"}


def operand(expression: Json) -> Operand:
    """What a single expression reads; one with an empty field if no field of a flow tells it."""
    if isinstance(expression, dict) and len(expression) == 1:
        ((kind, value),) = expression.items()
        if kind == "payload" and isinstance(value, dict):
            # More keys ask for more: `tunnel` reads the header of the packet within.
            if value.keys() != _FIELD_KEYS:
                return _unknown(expression, ALWAYS)
            found = PAYLOAD.get((value["protocol"], value["field"]))
            return found or _unknown(expression, _HEADER.get(value["protocol"], ALWAYS))
        if kind == "meta" and isinstance(value, dict) and value.keys() != {"key"}:
            return _unknown(expression, ALWAYS)
        if kind == "meta" and isinstance(value, dict) and value["key"] in META:
            return META[value["key"]]
        if kind == "meta" and isinstance(value, dict) and value["key"] in _OF_SOCKETS:
            return _unknown(expression, SOCKET)
        if kind == "ct" and isinstance(value, dict):
            return _of_connection(expression, value)
        if kind == "fib" and isinstance(value, dict):
            return _of_routes(expression, value)
        if kind == "tcp option":
            return _unknown(expression, _TRANSPORT["tcp"])
    return _unknown(expression, ALWAYS)


def _of_connection(expression: Json, value: Json) -> Operand:
    key, way = str(value.get("key")), value.get("dir", "")
    if not {"key", "dir", "family"}.issuperset(value):
        return _unknown(expression, ALWAYS)
    if not way:
        return CT.get(key) or _unknown(expression, ALWAYS)
    if key not in _TUPLE:
        return _unknown(expression, TRACKED)
    field, kind, family = _TUPLE[key]
    needs = both(TRACKED, {4: IPV4, 6: IPV6}[family]) if family else both(TRACKED, PORTS)
    return Operand(field, kind, needs, words_of(expression), family, way)


def _of_routes(expression: Json, value: Json) -> Operand:
    flags, kind = value.get("flags"), _FIB_RESULTS.get(value.get("result"))
    if value.keys() != {"result", "flags"} or kind is None or not isinstance(flags, list):
        return _unknown(expression, ALWAYS)
    ends = [_FIB_ENDS[flag] for flag in flags if flag in _FIB_ENDS]
    links = [_FIB_BY[flag] for flag in flags if flag in _FIB_BY]
    marks = flags.count("mark")
    if len(ends) != 1 or len(links) > 1 or marks > 1 or len(flags) > len(ends) + len(links) + marks:
        return _unknown(expression, ALWAYS)
    # Where a route may be asked for at all, no packet has an interface to leave by.
    way = links[0] if links and (kind == "fib_type" or links[0] == "in_interface") else ""
    return Operand(ends[0], kind, ALWAYS, words_of(expression), way=way, marked=bool(marks))


def _unknown(expression: Json, needs: Match) -> Operand:
    return Operand("", "", needs, words_of(expression))


def words_of(expression: Json) -> str:
    """An expression in words, the same for equal expressions; close to nft's own."""
    if isinstance(expression, dict) and len(expression) == 1:
        ((kind, value),) = expression.items()
        if kind == "payload" and isinstance(value, dict) and value.keys() == _FIELD_KEYS:
            return f"{value['protocol']} {value['field']}"
        if kind == "payload" and isinstance(value, dict) and "base" in value:
            return f"@{value['base']},{value['offset']},{value['len']}"
        if kind == "meta" and isinstance(value, dict) and len(value) == 1:
            return f"meta {value.get('key')}"
        if kind == "ct" and isinstance(value, dict):
            return " ".join(str(part) for part in ("ct", value.get("dir"), value.get("key")) if part)
        if kind == "concat":
            return " . ".join(words_of(part) for part in value)
        if kind == "fib":
            return f"fib {' . '.join(value.get('flags', ()))} {value.get('result')}"
        if kind == "range":
            return "-".join(words_of(part) for part in value)
        if kind == "set" and isinstance(value, list):
            return "{ " + ", ".join(words_of(part) for part in value) + " }"
        if kind == "prefix" and isinstance(value, dict):
            return f"{value.get('addr')}/{value.get('len')}"
    if isinstance(expression, str):
        return expression
    return json.dumps(expression, sort_keys=True)
