# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft statements change about a packet: marks, addresses, ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..model.rules import Effect
from . import nft_values
from .nft_operands import words_of
from .nft_values import NotModelled

Json = Any
_FAMILIES = {"ip": 4, "ip6": 6}
_FULL = 0xFFFFFFFF
_MARKS = {"meta": "mark", "ct": "ct_mark"}
# Header fields that a flow is made of; writing any other one changes no verdict that is modelled.
_HEADERS = {
    ("ip", "saddr"): ("src", 4),
    ("ip", "daddr"): ("dst", 4),
    ("ip6", "saddr"): ("src", 6),
    ("ip6", "daddr"): ("dst", 6),
    ("ip", "protocol"): ("protocol", 0),
    ("ip6", "nexthdr"): ("protocol", 0),
    ("tcp", "flags"): ("tcp_flags", 0),
    **{
        (name, port): (field, 0)
        for name in ("tcp", "udp", "udplite", "sctp", "dccp", "th")
        for port, field in (("sport", "src_port"), ("dport", "dst_port"))
    },
}
_EXACT = {"src", "dst", "src_port", "dst_port"}
# What a write to bytes at some offset may change.
_ANYTHING = "src,dst,protocol,src_port,dst_port,icmp_type,icmp_code,tcp_flags"
_NAT_KEYS = {"family", "addr", "port", "flags", "type_flags"}
_TRANSLATED = {
    "dnat": "dst,dst_port",
    "redirect": "dst,dst_port",
    "snat": "src,src_port",
    "masquerade": "src,src_port",
}


def mark_effect(target: Json, value: Json) -> Effect | None:
    """``meta mark set``, ``ct mark set``, a header rewritten; None for what no flow tells."""
    ((kind, key),) = target.items()
    if kind in _MARKS and key.get("key") == "mark":
        made = mark_bits(value) if len(key) == 1 else None
        if made is None:
            return Effect("set", field=_MARKS[kind], value=None)
        constant, bits = made
        return Effect("set", field=_MARKS[kind], value=constant, bits=tuple(sorted(bits.items())))
    if kind == "ct" and key.get("key") == "zone":
        return Effect("zone")
    if kind != "payload":
        return None
    detail = f"{words_of(target)} set {words_of(value)}"
    if "base" in key:
        return Effect("unknown", field=_ANYTHING, detail=detail)
    field, family = _HEADERS.get((key.get("protocol"), key.get("field")), ("", 0))
    if not field:
        return None
    written = _constant(f"address{family}" if family else "port", value) if field in _EXACT else None
    if written is None:
        return Effect("unknown", field=field, detail=detail)
    return Effect("set", field=field, value=written, family=family)


def mark_bits(value: Json) -> tuple[int, dict[str, int]] | None:
    """An expression over marks as a constant and the masks of the marks that are added to it without carry;
    None for one that is not of this form (shifts, maps, other keys)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return (value, {}) if 0 <= value <= _FULL else None
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((name, inner),) = value.items()
    if name in _MARKS and isinstance(inner, dict) and inner.get("key") == "mark" and "dir" not in inner:
        return 0, {_MARKS[name]: _FULL}
    if name not in _JOINED or not isinstance(inner, list) or not inner:
        return None
    parts = [mark_bits(part) for part in inner]
    found = parts[0]
    for part in parts[1:]:
        found = _JOINED[name](found, part) if found is not None and part is not None else None
    return found


_Bits = tuple[int, dict[str, int]]


def _added(one: _Bits, other: _Bits) -> _Bits:
    bits = {name: one[1].get(name, 0) ^ other[1].get(name, 0) for name in sorted({*one[1], *other[1]})}
    return one[0] ^ other[0], {name: mask for name, mask in bits.items() if mask}


def _kept(one: _Bits, mask: int) -> _Bits:
    return one[0] & mask, {name: bits & mask for name, bits in one[1].items() if bits & mask}


def _and(one: _Bits, other: _Bits) -> _Bits | None:
    for first, second in ((one, other), (other, one)):
        if not second[1]:
            return _kept(first, second[0])
    return None


def _or(one: _Bits, other: _Bits) -> _Bits | None:
    """``a | b`` is ``a ^ b`` where no bit can be in both."""
    for first, second in ((one, other), (other, one)):
        if not second[1]:
            return _added(_kept(first, _FULL & ~second[0]), second)
    spans = []
    for constant, bits in (one, other):
        spans.append(constant)
        for mask in bits.values():
            spans[-1] |= mask
    return _added(one, other) if not spans[0] & spans[1] else None


_JOINED: dict[str, Callable[[_Bits, _Bits], _Bits | None]] = {"&": _and, "|": _or, "^": _added}


def _constant(kind: str, value: Json) -> int | None:
    try:
        found = nft_values.ranges(kind, value)
    except (NotModelled, OSError, ValueError, TypeError, KeyError):
        return None
    return found[0][0] if len(found) == 1 and found[0][0] == found[0][1] else None


def not_known(kind: str, detail: str) -> Effect:
    """A NAT statement whose target can't be told: the fields that it changes get some value."""
    return Effect("unknown", field=_TRANSLATED[kind], detail=detail)


@dataclass(frozen=True, slots=True)
class NatTarget:
    """A NAT statement: its constants, or the map that gives them."""

    kind: str
    family: int
    address: tuple[int, int] | None
    port: tuple[int, int] | None
    map: Json = None
    maps: str = ""


def nat_targets(kind: str, value: Json, table_family: str) -> NatTarget:
    """Read a snat, dnat, masquerade or redirect statement. NotModelled for a target that is computed."""
    if not _NAT_KEYS.issuperset(value):
        raise NotModelled(f"by {words_of(value)}")
    family = _FAMILIES.get(value.get("family", table_family), 0)
    address, port = value.get("addr"), value.get("port")
    for part, other, name in ((address, port, "address"), (port, address, "port")):
        if isinstance(part, dict) and "map" in part:
            if len(part) != 1 or (isinstance(other, dict) and "map" in other):
                raise NotModelled(f"by {words_of(value)}")
            return NatTarget(
                kind,
                family,
                None if name == "address" else _address(address, family),
                None if name == "port" else _port(port),
                part["map"],
                name,
            )
    return NatTarget(kind, family, _address(address, family), _port(port))


def nat_effect(target: NatTarget, data: Json) -> Effect:
    """The effect; ``data`` is what the map gave, if there is one."""
    address, port = target.address, target.port
    if target.maps == "port":
        port = _port(data)
    elif target.maps == "address":
        if isinstance(data, dict) and "concat" in data and len(data["concat"]) == 2:
            address, port = _address(data["concat"][0], target.family), _port(data["concat"][1])
        else:
            address = _address(data, target.family)
    return Effect(target.kind, family=target.family if address else 0, address=address, port=port)


def _address(value: Json, family: int) -> tuple[int, int] | None:
    if value is None:
        return None
    if not family:
        raise NotModelled("without a family")
    found = nft_values.ranges(f"address{family}", value)
    if len(found) != 1:
        raise NotModelled(f"to {words_of(value)}")
    return found[0]


def _port(value: Json) -> tuple[int, int] | None:
    if value is None:
        return None
    found = nft_values.ranges("port", value)
    if len(found) != 1:
        raise NotModelled(f"to port {words_of(value)}")
    return found[0]
