# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else decides about packets of an interface of Cisco IOS: lists at switched ports, encryption.

Sources: Cisco IOS Security Configuration Guide for Catalyst switches, "Port ACLs" (a port's list is
asked before that of its VLAN's interface; by which port a packet comes a flow through the VLAN does not tell), Security
Command Reference, "crypto map" (what a list of a crypto map permits goes through a tunnel, and comes by it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ...model.match import ALWAYS, Match, Named, Not, both
from ...model.rules import Rule, Verdict
from . import asks, ios_sets
from .blocks import Line
from .device import Device
from .ios_interfaces import Settings

_ETHERNET = re.compile(r"Ethernet|Port-channel|GigE")
_SIDES = {"in": "in_interface", "out": "out_interface"}
_VERSIONS = {"ip": asks.IPV4, "ip6": asks.IPV6}
_BY_PORT = "by which port these packets come or go is not known"
_TUNNEL = "what goes through a tunnel is not modelled"
# What the list of a family and name permits.
Permitted = Callable[[str, str], Match]
Undecided = Iterator[tuple[str, Rule]]


def is_switched(settings: Settings) -> bool:
    """Whether it is a port of a switch: said so, or an Ethernet interface that has no address."""
    if settings.switched is not None:
        return settings.switched
    return not settings.routed and "." not in settings.name and bool(_ETHERNET.search(settings.name))


def port_lists(interfaces: Sequence[Settings], permitted: Permitted) -> Undecided:
    """Packets by the interfaces of VLANs that a port's list may refuse, and those by ports that a VLAN's may."""
    vlans = {one.name: one for one in interfaces if one.name.startswith("Vlan")}
    ports = [(one, _vlans_of(one)) for one in interfaces if vlans and is_switched(one)]
    for port, its in ports:
        yield from _refused([name for name in vlans if its is None or name in its], port, permitted)
    for name, vlan in vlans.items():
        there = [port.name for port, its in ports if its is None or name in its]
        yield from _refused(there, vlan, permitted)


def _vlans_of(port: Settings) -> frozenset[str] | None:
    """The interfaces of its VLANs; None where these are not told."""
    numbers = port.vlans
    return None if numbers is None else frozenset(f"Vlan{number}" for number in numbers)


def _refused(names: list[str], by: Settings, permitted: Permitted) -> Undecided:
    """Packets by these interfaces that a list at another one may refuse."""
    for (family, direction), bound in by.lists.items() if names else ():
        let_pass = asks.either(permitted(family, name) for name in (bound.common, bound.name) if name)
        packets = both(
            Named(_SIDES[direction], tuple(names)), _VERSIONS[family], Named("origin", ("network",))
        )
        yield direction, _unknown(both(packets, Not(let_pass)), bound.line, _BY_PORT)


def tunnels(
    device: Device, interfaces: Sequence[Settings], maps: dict[str, list[str]], permitted: Permitted
) -> Undecided:
    """``maps``: by name of a crypto map its lists; an empty one for an entry without."""
    for settings in interfaces:
        for line in settings.crypto:
            names = maps.get(line.words[-1], [""])
            chosen = asks.either(permitted("ip", name) if name else ALWAYS for name in names)
            for direction, asked in (("out", chosen), ("in", ios_sets.answers(chosen))):
                packets = device.packets(settings.name, direction, "inet")
                yield direction, _unknown(both(packets, asked), line, _TUNNEL)


def _unknown(asked: Match, line: Line, why: str) -> Rule:
    return Rule(1, asked, Verdict("unknown", detail=why), line.text, line=line.number, not_understood=(why,))
