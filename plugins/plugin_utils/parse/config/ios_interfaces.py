# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of Cisco IOS: what their lines say about packets, by family and direction.

Sources: Cisco IOS Interface and Hardware Component Command Reference ("interface", "shutdown"), IP Addressing
Services Command Reference ("ip address", "ip nat"), Security Command Reference ("ip access-group", "ip inspect", "ip
verify unicast source reachable-via", "zone-member security"); Security Configuration Guide: Access Control Lists, "IPv4
ACL Chaining Support" (``ip access-group common``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from ...model.state import Interface
from . import ios_strays, mqc
from .blocks import Line
from .device import Device
from .entries import beneath


@dataclass
class Bound:
    """A list at an interface, behind the one that is common to several, if there is such."""

    name: str
    line: Line
    common: str = ""


@dataclass
class Settings:
    """``lists``: by family (ip, ip6) and direction. ``nat``: inside, outside, or enable. ``inspects``, ``sources``
    (unicast reverse path forwarding), ``policies`` (policy routing): the lines that say so, by family. ``unread``:
    lines that may decide about packets, by direction. ``served``: policies of quality of
    service. ``crypto``: those that bind a crypto map. ``switched``: whether
    it says that it is a port of a switch, with its ``vlan`` and that of its telephone (``voice``), or one of several
    (``trunk``); ``routed``: it has an address."""

    name: str
    lists: dict[tuple[str, str], Bound] = field(default_factory=dict)
    nat: str = ""
    inspects: list[tuple[str, Line]] = field(default_factory=list)
    sources: list[tuple[str, Line]] = field(default_factory=list)
    policies: list[tuple[str, Line]] = field(default_factory=list)
    unread: list[tuple[str, Line]] = field(default_factory=list)
    served: dict[str, mqc.Place] = field(default_factory=dict)
    crypto: list[Line] = field(default_factory=list)
    switched: bool | None = None
    routed: bool = False
    vlan: str = "1"
    voice: str = ""
    trunk: bool = False

    @property
    def vlans(self) -> frozenset[int] | None:
        """Those that packets by a port of a switch may be of; None where its configuration does not tell."""
        said = [self.vlan, *([] if self.voice in _NO_VLAN else [self.voice])]
        known = not self.trunk and all(word.isdecimal() and len(word) < 5 for word in said)
        return frozenset(map(int, said)) if known else None


_FAMILIES = {"ip": "ip", "ipv6": "ip6"}
# What stands for the VLAN of a telephone that has none of its own.
_NO_VLAN = ("", "dot1p", "none", "untagged")
# Ports of which the packets are of several VLANs.
_SEVERAL = frozenset(("trunk", "private-vlan", "dot1q-tunnel"))
# What decides about packets at an interface, and is not modelled.
_STRANGE = (
    ("ip", "admission"), ("ip", "auth-proxy"), ("ip", "wccp"), ("mac", "access-group"),
    ("bridge-group",), ("ip", "ips"), ("ip", "access-list"), ("ipv6", "virtual-reassembly", "drop-fragments"),
    ("service-policy", "type"), ("ip", "traffic-export"), ("cts", "role-based", "enforcement"),
    ("xconnect",), ("authentication", "port-control", "auto"), ("access-session", "port-control", "auto"),
    ("dot1x", "port-control", "auto"),
)  # fmt: skip


def read(device: Device, block: Line, settings: Settings) -> None:
    """Adds what the lines of one interface say. A later line replaces an earlier one, ``no`` takes it away."""
    found = device.interface(settings.name)
    for line in beneath(block):
        words = line.words
        given = words[0] not in ("no", "default")
        said = _Said(words if given else words[1:], given, line)
        for depth in (3, 2, 1):
            reader = _READERS.get(tuple(said.words[:depth]))
            if reader is not None:
                reader(found, settings, said)
                break
        else:
            if given:
                _unread(device, settings, line)


def _unread(device: Device, settings: Settings, line: Line) -> None:
    sides = ios_strays.at_interface(line.words)
    if not sides and any(tuple(line.words[: len(one)]) == one for one in _STRANGE):
        sides = ("in", "out")
    settings.unread += [(side, line) for side in sides]
    if sides:
        where = f"interface {settings.name}, line {line.number}"
        device.not_understood(where, line.text, "is not modelled")


@dataclass(frozen=True)
class _Said:
    """A line of an interface: its words without ``no``, and whether it says so, or takes it away."""

    words: list[str]
    given: bool
    line: Line

    @property
    def family(self) -> str:
        return _FAMILIES[self.words[0]]

    @property
    def last(self) -> str:
        """The last word, if the line says something."""
        return self.words[-1] if self.given else ""


def _shutdown(interface: Interface, _settings: Settings, said: _Said) -> None:
    interface.up = not said.given


def _zone(interface: Interface, settings: Settings, said: _Said) -> None:
    if len(said.words) == 3 or not said.given:
        interface.zone = said.last
    else:
        settings.unread += [("in", said.line), ("out", said.line)]


def _vrf(interface: Interface, _settings: Settings, said: _Said) -> None:
    interface.master = said.last


def _nat(_interface: Interface, settings: Settings, said: _Said) -> None:
    if said.words[2:] in (["inside"], ["outside"], ["enable"]):
        settings.nat = said.last
    elif said.given:
        settings.unread += [("in", said.line), ("out", said.line)]


def _several(lines: list[tuple[str, Line]], said: _Said) -> None:
    if said.given:
        lines.append((said.family, said.line))
    else:
        lines[:] = [one for one in lines if one[0] != said.family]


def _bound(_interface: Interface, settings: Settings, said: _Said) -> None:
    words = said.words[2:]
    direction = words.pop() if words else ""
    if direction not in ("in", "out") or not words:
        if said.given:
            settings.unread += [("in", said.line), ("out", said.line)]
        return
    place = said.family, direction
    if not said.given:
        settings.lists.pop(place, None)
    elif words[:1] == ["common"] and len(words) in (2, 3):
        settings.lists[place] = Bound("".join(words[2:]), said.line, words[1])
    elif words[1:2] == ["common"] and len(words) == 3:
        settings.lists[place] = Bound(words[0], said.line, words[2])
    elif len(words) == 1:
        settings.lists[place] = Bound(words[0], said.line)
    else:
        settings.unread.append((direction, said.line))


def _served(_interface: Interface, settings: Settings, said: _Said) -> None:
    bound = mqc.binding(said.words)
    if bound is not None and said.given:
        settings.served[bound[0]] = mqc.Place(settings.name, *bound, said.line)
    elif bound is not None:
        settings.served.pop(bound[0], None)
    elif said.given:
        settings.unread += [("in", said.line), ("out", said.line)]


def _crypto(_interface: Interface, settings: Settings, said: _Said) -> None:
    settings.crypto = [said.line] if said.given else []


def _switched(_interface: Interface, settings: Settings, said: _Said) -> None:
    words = said.words
    if len(words) == 1:
        settings.switched = said.given
    elif words[1:3] == ["access", "vlan"]:
        settings.vlan = said.last or "1"
    elif words[1:3] == ["voice", "vlan"]:
        settings.voice = said.last
    elif said.given:
        # A word about VLANs that is not known may put the port into others.
        strange = "vlan" in words and words[1] != "port-security"
        settings.trunk = settings.trunk or strange or not _SEVERAL.isdisjoint(words)
    if len(words) > 1 and said.given:
        settings.switched = True


def _unnumbered(_interface: Interface, settings: Settings, _said: _Said) -> None:
    settings.routed = True


def _address(interface: Interface, settings: Settings, said: _Said) -> None:
    words, addresses = said.words, interface.addresses
    settings.routed = settings.routed or said.given
    found = _with_length(words[2], words[3]) if len(words) > 3 else ""
    if not said.given:
        addresses[:] = [one for one in addresses if ":" in one or (found and one != found)]
        return
    if found and words[4:] != ["secondary"]:  # it replaces the first one
        first = next((one for one in addresses if ":" not in one), None)
        if first is not None:
            addresses.remove(first)
        addresses.insert(0, found)
    elif found:
        addresses.append(found)


def _with_length(address: str, mask: str) -> str:
    try:
        bits = int(ipaddress.IPv4Address(mask))
        plain = ipaddress.IPv4Address(address)
    except ValueError:
        return ""
    free = ~bits & 0xFFFFFFFF
    return f"{plain}/{32 - free.bit_length()}" if free & (free + 1) == 0 else ""


def _address6(interface: Interface, settings: Settings, said: _Said) -> None:
    words, addresses = said.words, interface.addresses
    settings.routed = settings.routed or said.given
    text = words[2] if len(words) > 2 else ""
    if words[3:4] == ["link-local"] and "/" not in text:
        text += "/64"
    try:
        found = str(ipaddress.IPv6Interface(text)) if "/" in text and "eui-64" not in words else ""
    except ValueError:
        found = ""
    if not said.given:
        addresses[:] = [one for one in addresses if ":" not in one or (found and one != found)]
    elif found:
        addresses.append(found)


Read = Callable[[Interface, Settings, _Said], None]
_READERS: dict[tuple[str, ...], Read] = {
    ("shutdown",): _shutdown,
    ("ip", "address"): _address,
    ("ipv6", "address"): _address6,
    ("ip", "access-group"): _bound,
    ("ipv6", "traffic-filter"): _bound,
    ("zone-member", "security"): _zone,
    ("vrf", "forwarding"): _vrf,
    ("ip", "vrf", "forwarding"): _vrf,
    ("ip", "nat"): _nat,
    ("ip", "unnumbered"): _unnumbered,
    ("crypto", "map"): _crypto,
    ("service-policy", "input"): _served,
    ("service-policy", "output"): _served,
    ("switchport",): _switched,
}
for _family in _FAMILIES:
    _READERS[_family, "verify", "unicast"] = lambda _interface, settings, said: _several(
        settings.sources, said
    )
    _READERS[_family, "policy", "route-map"] = lambda _interface, settings, said: _several(
        settings.policies, said
    )
    _READERS[_family, "inspect"] = lambda _interface, settings, said: _several(settings.inspects, said)
