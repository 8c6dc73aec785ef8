# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of Cisco NX-OS: their names, modes and VLANs, and the lists that are bound to them.

Sources: Cisco Nexus 7000 Series NX-OS Security Command Reference, "ip access-group" (a list on a layer 2 interface is
inactive), "ip port access-group", "ipv6 traffic-filter"; NX-OS Interfaces Configuration Guide, on access and trunk
interfaces (VLAN 1 and all VLANs are the defaults) and on ranges of interfaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .blocks import Line
from .entries import beneath
from .prefixes import with_length

_TYPES = {
    "ethernet": "Ethernet",
    "eth": "Ethernet",
    "e": "Ethernet",
    "vlan": "Vlan",
    "port-channel": "port-channel",
    "po": "port-channel",
    "mgmt": "mgmt",
    "loopback": "loopback",
    "lo": "loopback",
    "tunnel": "Tunnel",
    "nve": "nve",
}
_NAME = re.compile(r"^([A-Za-z][A-Za-z-]*?)\s*(\d[\d/.]*)$")
_MANY = re.compile(r"^(.*?)(\d+)\s*-\s*(\d+)$")
_LAST_VLAN = 4094
_MOST = 4096
_BINDING = ("access-group", "traffic-filter")
# Other lists and filters that are bound by the same words: of groups that hosts join, and of neighbours.
_OTHERS = ("igmp", "pim", "mld")
# What else decides about packets at an interface, by the words it begins with, and in which directions.
DOUBTS: dict[tuple[str, ...], tuple[str, str]] = {
    ("ip", "verify"): ("in", "the check of source addresses is not modelled"),
    ("ipv6", "verify"): ("in", "the check of source addresses is not modelled"),
    ("ip", "policy", "route-map"): ("in", "policy routing is not modelled"),
    ("ipv6", "policy", "route-map"): ("in", "policy routing is not modelled"),
    ("epbr",): ("in", "policy based redirection is not modelled"),
    ("dot1x", "port-control", "auto"): ("in out", "what hosts that log in may send is not modelled"),
    ("ip", "wccp"): ("in out", "redirection to caches is not modelled"),
    ("ip", "nat"): ("in out", "translation of addresses is not modelled"),
    ("mac", "packet-classify"): ("in", "lists for MAC addresses that also see IP packets are not modelled"),
    ("cts",): ("in out", "lists of security groups are not modelled"),
}
# Settings of a port of a switch that name VLANs, and put it into none; and telephones without one of their own.
_SAY_NO_VLAN = ("trunk", "port-security", "autostate")
_NO_VOICE = (["dot1p"], ["untagged"], ["none"])


@dataclass(slots=True)
class Bound:
    """A list that an interface names."""

    name: str
    family: str
    direction: str
    line: Line


@dataclass(slots=True)
class Port:
    """``routed``: whether it is a layer 3 interface; None where its lines don't tell. ``bound``: by what filters
    (``router`` or ``port``), family and direction. ``access``: its VLAN where it is no trunk, None where that is not
    known; ``voice``: that of its telephone. ``doubts``: directions, line and reason."""

    name: str
    routed: bool | None = None
    up: bool = True
    addresses: list[str] = field(default_factory=list)
    master: str = ""
    mtu: int | None = None
    trunk: bool = False
    access: int | None = 1
    voice: int | None = None
    allowed: list[tuple[int, int]] = field(default_factory=lambda: [(1, _LAST_VLAN)])
    bound: dict[tuple[str, str, str], Bound] = field(default_factory=dict)
    doubts: list[tuple[str, Line, str]] = field(default_factory=list)

    @property
    def switched(self) -> bool:
        """Whether it may be a port of VLANs. On most switches it is one unless its lines say otherwise."""
        if not self.name.startswith(("Ethernet", "port-channel")) or "." in self.name:
            return False
        return self.routed is False or (self.routed is None and not self._has_router_list)

    @property
    def inactive(self) -> bool:
        """Whether router lists at it do nothing."""
        return self.switched and self.routed is False

    @property
    def _has_router_list(self) -> bool:
        return any(kind == "router" for kind, _family, _direction in self.bound)

    def carries(self, vlan: int) -> bool:
        if not self.trunk:
            return self.access is None or vlan in (self.access, self.voice)
        return any(low <= vlan <= high for low, high in self.allowed)


def names(words: list[str]) -> Iterator[str]:
    """The interfaces that ``interface ...`` opens, by their long names: one, several, or a range."""
    for part in " ".join(words).split(","):
        many = _MANY.match(part.strip())
        if many is None:
            yield long_name(part.strip())
            continue
        first, last = many[2], many[3]
        if len(first) > 5 or len(last) > 5 or int(last) - int(first) > _MOST:
            yield long_name(part.strip())
            continue
        for number in range(int(first), int(last) + 1):
            yield long_name(f"{many[1]}{number}")


def long_name(name: str) -> str:
    found = _NAME.match(name)
    kind = _TYPES.get(found[1].lower()) if found else None
    return f"{kind}{found[2]}" if found and kind else name


def read(port: Port, block: Line, lists: set[str]) -> None:
    """The lines under one ``interface``. ``lists``: the names of all lists."""
    for line in beneath(block):
        words = line.words
        positive = words[1:] if words[0] == "no" else words
        if words[0] == "no":
            _taken_back(port, positive)
        elif not _filter(port, words, line) and not _property(port, words):
            _doubt(port, words, line, lists)


def _filter(port: Port, words: list[str], line: Line) -> bool:
    found = _filter_of(words)
    if found is None:
        return False
    kind, family, name, direction = found
    port.bound[kind, family, direction] = Bound(name, family, direction, line)
    return True


def _filter_of(words: list[str]) -> tuple[str, str, str, str] | None:
    """What filters, family, list and direction; None for a line that binds none."""
    kind, family = "router", {"ip": "ip", "ipv6": "ip6"}.get(words[0], "")
    rest = words[1:]
    if rest[:1] == ["port"]:
        kind, rest = "port", rest[1:]
    if len(rest) != 3 or rest[2] not in ("in", "out") or (kind == "port" and rest[2] == "out"):
        return None
    if (family, rest[0]) not in (("ip", "access-group"), ("ip6", "traffic-filter")):
        return None
    return kind, family, rest[1], rest[2]


def _property(port: Port, words: list[str]) -> bool:
    """What it says about the interface itself; whether it was such a line."""
    if words == ["shutdown"]:
        port.up = False
    elif words[0] in ("description", "inherit"):
        pass
    elif words[:2] in (["ip", "address"], ["ipv6", "address"]):
        _address(port, words[2:])
    elif words[:2] == ["vrf", "member"] and len(words) == 3:
        port.master = words[2]
    elif words[0] == "channel-group" and len(words) > 1 and not port.master:
        port.master = f"port-channel{words[1]}"
    elif words[0] == "mtu" and words[1:2] and words[1].isdecimal() and len(words[1]) < 7:
        port.mtu = int(words[1])
    elif words[0] == "switchport":
        _switchport(port, words[1:])
    else:
        return False
    return True


def _address(port: Port, words: list[str]) -> None:
    found = with_length(words)
    if found:
        port.addresses.append(found)
        if port.routed is None:
            port.routed = True


def _switchport(port: Port, words: list[str]) -> None:
    port.routed = False
    if words[:1] == ["mode"]:
        port.trunk = words[1:2] != ["access"]
    elif words[:2] == ["access", "vlan"]:
        port.access = int(words[2]) if len(words) == 3 and _is_vlan(words[2]) else None
    elif words[:2] == ["voice", "vlan"]:
        port.voice = int(words[2]) if _is_vlan("".join(words[2:])) else None
        if port.voice is None and words[2:] not in _NO_VOICE:
            port.access = None
    elif words[:3] == ["trunk", "allowed", "vlan"]:
        rest = words[3:]
        add = rest[:1] == ["add"]
        ranges = vlans(rest[1:] if add else rest)
        # What is not read keeps all VLANs: then more is unknown, and nothing is passed over.
        read = ranges if ranges or rest == ["none"] else [(1, _LAST_VLAN)]
        port.allowed = [*port.allowed, *read] if add else read
    elif "vlan" in words and words[0] not in _SAY_NO_VLAN:
        port.access = None


def _is_vlan(word: str) -> bool:
    return word.isdecimal() and len(word) < 5


def vlans(words: list[str]) -> list[tuple[int, int]]:
    """``1,5-10`` as ranges; empty where any of it is none."""
    found = []
    for part in "".join(words).split(","):
        low, _dash, high = part.partition("-")
        if not _is_vlan(low) or not _is_vlan(high or low):
            return []
        found.append((int(low), int(high or low)))
    return found


def _taken_back(port: Port, words: list[str]) -> None:
    found = _filter_of(words) if words else None
    if found is not None:
        kind, family, name, direction = found
        if (kind, family, direction) in port.bound and port.bound[kind, family, direction].name == name:
            del port.bound[kind, family, direction]
    elif words == ["shutdown"]:
        port.up = True
    elif words == ["switchport"]:
        port.routed = True
    elif words[:3] == ["switchport", "access", "vlan"]:
        port.access = 1
    elif words[:3] == ["switchport", "voice", "vlan"]:
        port.voice = None
    elif words[:4] == ["switchport", "trunk", "allowed", "vlan"]:
        port.allowed = [(1, _LAST_VLAN)]


def _doubt(port: Port, words: list[str], line: Line, lists: set[str]) -> None:
    for begins, (directions, reason) in DOUBTS.items():
        if tuple(words[: len(begins)]) == begins:
            port.doubts.append((directions, line, reason))
            return
    # Lists for MAC addresses see no IP packets, unless mac packet-classify says so.
    if words[:3] == ["mac", "port", "access-group"] or (words[1:2] and words[1] in _OTHERS):
        return
    if any(word in _BINDING for word in words) or any(
        word in lists and not word.isdecimal() for word in words
    ):
        port.doubts.append(("in out", line, "what this line does to packets is not understood"))
