# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces and zones of PAN-OS.

Source: Palo Alto Networks, "PAN-OS Administrator's Guide", "Segment Your Network Using Interfaces and Zones" (an
interface processes no traffic before it is in a zone), "Virtual Systems" (traffic between virtual systems passes
external zones of both).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ...model.match import Match, Named, Not, Unknown, both
from . import asks, prefixes
from .device import Device
from .panos_objects import Objects
from .panos_tree import Node

# Kinds of interfaces that forward packets, and those that have no part in it.
_MODES = ("layer3", "layer2", "virtual-wire", "tap", "ha", "decrypt-mirror", "log-card", "aggregate-group")
_INTERFACE = {"in_zone": "in_interface", "out_zone": "out_interface"}
_MEMBERS = ("layer3", "layer2", "virtual-wire", "tap", "tunnel")


def interfaces(device: Device, network: Node, objects: Objects) -> None:
    """Adds the interfaces of ``network`` to the state, with units."""
    table = network.at("interface")
    for kind in ("ethernet", "aggregate-ethernet"):
        for name, node in table.at(kind).children.items():
            mode = next((mode for mode in _MODES if node.has(mode)), "")
            if not mode:
                continue
            one = device.interface(name)
            one.kind = mode
            one.up = node.at("link-state").children.keys() != {"down"}
            _addresses(device, name, node.at(mode), objects)
            for unit, inner in node.at(mode, "units").children.items():
                device.interface(unit).kind = mode
                device.interface(unit).up = one.up
                _addresses(device, unit, inner, objects)
    for kind in ("loopback", "tunnel", "vlan"):
        inner = table.at(kind)
        if inner.has("ip") or inner.has("ipv6"):
            device.interface(kind).kind = kind
            _addresses(device, kind, inner, objects)
        for unit, node in inner.at("units").children.items():
            device.interface(unit).kind = kind
            _addresses(device, unit, node, objects)


def _addresses(device: Device, name: str, node: Node, objects: Objects) -> None:
    said = [*node.values("ip"), *node.values("ipv6", "address")]
    for value in said:
        address = _literal(value, objects)
        if address:
            device.interface(name).addresses.append(address)
        else:
            device.not_understood(f"interface {name}", value, "its address is not in the configuration")


def _literal(value: str, objects: Objects) -> str:
    """An interface's address may be that of an address object."""
    found = objects.find("address", value)
    if found is not None:
        value = next(iter(found.values("ip-netmask")), "")
    return prefixes.with_length([value])


@dataclass
class Zones:
    """Zones of one virtual system. ``named``: by their own names, as they are called in the state. ``members``: their
    interfaces. ``external``: zones that lead to other virtual systems and shared gateways, and to which; ``beyond``:
    the zones and interfaces that are reached by these."""

    named: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    external: dict[str, list[str]] = field(default_factory=dict)
    beyond: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, vsys: Node) -> Zones:
        found = cls()
        for name, node in vsys.at("zone").children.items():
            if node.at("network").has("external"):
                found.external[name] = node.values("network", "external")
                continue
            found.named[name] = name
            found.members[name] = [one for kind in _MEMBERS for one in node.values("network", kind)]
        return found

    def names(self, given: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.named.get(name, name) for name in given if name not in self.external)

    def match(self, end: str, given: Iterable[str]) -> Match:
        """Packets from or to these zones. ``end``: in_zone or out_zone."""
        led = [self.beyond.get(name, ((), ())) for name in given if name in self.external]
        zones = (*self.names(given), *(zone for zones, _interfaces in led for zone in zones))
        interfaces = tuple(one for _zones, interfaces in led for one in interfaces)
        found: list[Match] = [Named(end, zones)] if zones else []
        return asks.either([*found, Named(_INTERFACE[end], interfaces)] if interfaces else found)

    def add(self, given: Iterable[str]) -> None:
        """Zones that rules name and the configuration does not tell of."""
        for name in given:
            if name != "any" and name not in self.external:
                self.named.setdefault(name, name)

    def inside(self, given: Iterable[str] = ()) -> Match:
        """From a zone to the same one: one of those ``given``, or any."""
        names = self.names(given) if given else tuple(self.named.values())
        pairs = [both(Named("in_zone", (name,)), Named("out_zone", (name,))) for name in names]
        if given:
            return asks.either(pairs)
        why = "whether both zones are the same one is not known: the configuration does not tell them"
        others = [Not(Named(end, names)) for end in ("in_zone", "out_zone") if names]
        return asks.either([*pairs, both(*others, Unknown(why, why))])

    def without(self, device: Device, mine: Iterable[str]) -> Iterator[str]:
        """Interfaces of the state that are in no zone, where the configuration tells the zones of any."""
        if any(self.members.values()):
            inside = {name for names in self.members.values() for name in names}
            yield from (name for name in mine if name in device.state.interfaces and name not in inside)
