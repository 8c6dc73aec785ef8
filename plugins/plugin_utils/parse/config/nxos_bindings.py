# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets pass which lists of Cisco NX-OS.

Source: Cisco Nexus 9000 Series NX-OS Security Configuration Guide, "Order of ACL Application": port list, VLAN list and
router list of the way in, router list and VLAN list of the way out; a packet passes all of those that there are. A
question may name the port or the interface of its VLAN: of the lists at the one that it does not name, only what they
permit is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...model.match import Match, Unknown, both
from ...model.rules import DROP, Rule, Verdict
from .device import Device, ends_all
from .nxos_ports import Bound, Port
from .nxos_vlans import AccessMap
from .perhaps import perhaps

_HOOKS = {"in": ("prerouting", -1), "out": ("postrouting", 1)}
# Before the router lists of the way in, and behind those of the way out (device.py).
_PORTS, _VLANS = 152, 151
_UNDEFINED = "the list is not defined here, and some lines of the text belong to nothing that is"
_BY_PORT = "whether the packet comes or goes by a port with this list is not known"
_BY_VLAN = "whether the packet is routed, and so passes the list of the VLAN's interface, is not known"
_ROUTABLE = "what 'ignore routable' leaves out is not modelled"
_ROUTED_PORT = "what a port list does at a routed interface is not known"


class Bindings:
    """``keys``: rulesets by family and name. ``routable``: the lists that say ``ignore routable``. ``partial``: whether
    the text may lack lists that there are."""

    def __init__(
        self,
        device: Device,
        ports: Mapping[str, Port],
        keys: dict[tuple[str, str], str],
        routable: set[tuple[str, str]],
        partial: bool,
    ) -> None:
        self._device = device
        self._ports = ports
        self._keys = keys
        self._routable = routable
        self._partial = partial
        self._hooks: dict[tuple[str, int], list[Rule]] = {}

    def add(self, maps: Mapping[str, AccessMap], filters: Mapping[str, list[tuple[int, int]]]) -> None:
        for port in self._ports.values():
            self._interface(port)
        for port in self._ports.values():
            self._doubts(port)
            for (kind, _family, _direction), bound in port.bound.items():
                if kind == "router":
                    if not port.inactive:
                        self._router(port, bound)
                else:
                    self._port(port, bound)
        for name, ranges in filters.items():
            self._vlans(name, maps.get(name), ranges)
        for (direction, distance), rules in self._hooks.items():
            hook, sign = _HOOKS[direction]
            name = "ports" if distance == _PORTS else "vlans"
            self._device.hook(f"{name}/{direction}", hook, sign * distance, rules, "permit")

    def _interface(self, port: Port) -> None:
        found = self._device.interface(port.name)
        found.addresses, found.up = port.addresses, port.up
        found.master, found.mtu = port.master, port.mtu

    def _key(self, bound: Bound) -> str | None:
        """The ruleset of a list; one that is not defined permits everything. None where it is not known."""
        asked = bound.family, bound.name
        if asked not in self._keys:
            if self._partial:
                return None
            key = (
                bound.name
                if bound.name not in self._device.state.rulesets
                else f"{bound.family} {bound.name}"
            )
            self._device.access_list(key, bound.family, [], "permit")
            self._keys[asked] = key
        return self._keys[asked]

    def _doubts(self, port: Port) -> None:
        for directions, line, reason in port.doubts:
            self._device.not_understood(f"interface {port.name}", line.text, reason)
            for direction in directions.split():
                asked = self._device.packets(port.name, direction, "inet")
                why = Unknown(f"{port.name} {direction} {line.text}", reason)
                self._device.bound(direction, both(asked, why), DROP, line.text, line.number, (reason,))

    def _router(self, port: Port, bound: Bound) -> None:
        key = self._key(bound)
        if key is None or (bound.family, bound.name) in self._routable:
            self._unknown(port.name, bound, _UNDEFINED if key is None else _ROUTABLE)
            return
        text, number = bound.line.text, bound.line.number
        for name in (port.name, *self._members(port.name)):
            self._device.bind(name, bound.direction, key, text, number)
        others = self._carrying(vlan_of(port.name))
        if others and self._device.state.rulesets[key].rules:
            asked = self._device.packets(others, bound.direction, bound.family)
            self._device.bound(
                bound.direction, asked, perhaps(self._device, key, "VLAN", _BY_VLAN), text, number
            )

    def _unknown(self, interface: str, bound: Bound, reason: str) -> None:
        self._device.not_understood(f"interface {interface}", bound.line.text, reason)
        self._device.bind_unknown(interface, bound.direction, bound.family, bound.line.text, reason)

    def _members(self, name: str) -> list[str]:
        """Ports of a channel: their packets are the channel's."""
        return [port.name for port in self._ports.values() if port.master == name]

    def _carrying(self, vlan: int | None) -> tuple[str, ...]:
        """Ports that carry a VLAN."""
        if vlan is None:
            return ()
        return tuple(port.name for port in self._ports.values() if port.switched and port.carries(vlan))

    def _carried(self, port: Port) -> tuple[str, ...]:
        """Interfaces of the VLANs that a port carries."""
        vlans = ((other.name, vlan_of(other.name)) for other in self._ports.values())
        return tuple(name for name, vlan in vlans if vlan is not None and port.carries(vlan))

    def _port(self, port: Port, bound: Bound) -> None:
        key = self._key(bound)
        ignored = (bound.family, bound.name) in self._routable
        if key is None or ignored or port.routed:
            reason = _UNDEFINED if key is None else _ROUTABLE if ignored else _ROUTED_PORT
            self._unknown(port.name, bound, reason)
            return
        text, number = bound.line.text, bound.line.number
        ruleset = self._device.state.rulesets[key]
        if not ruleset.rules:
            return
        for name in (port.name, *self._members(port.name)):
            asked = self._device.packets(name, bound.direction, bound.family)
            self._hook(bound.direction, _PORTS, asked, Verdict("jump", key), text, number)
            if not ends_all(ruleset.rules):
                self._hook(bound.direction, _PORTS, asked, DROP, f"deny at the end of {key}", None)
        others = self._carried(port)
        if others:
            asked = self._device.packets(others, bound.direction, bound.family)
            self._hook(
                bound.direction, _PORTS, asked, perhaps(self._device, key, "port", _BY_PORT), text, number
            )

    def _hook(
        self, direction: str, distance: int, asked: Match, verdict: Verdict, text: str, line: int | None
    ) -> None:
        rules = self._hooks.setdefault((direction, distance), [])
        rules.append(Rule(len(rules) + 1, asked, verdict, text, line=line))

    def _vlans(self, name: str, found: AccessMap | None, ranges: list[tuple[int, int]]) -> None:
        text = f"vlan filter {name}"
        if found is None:
            self._device.not_understood(text, text, "the access map is not defined")
        for port in self._ports.values():
            vlan = vlan_of(port.name)
            inside = vlan is not None and any(low <= vlan <= high for low, high in ranges)
            carries = port.switched and any(
                port.carries(one) for low, high in ranges for one in range(low, high + 1)
            )
            if not inside and not carries:
                continue
            for direction in _HOOKS:
                asked = self._device.packets(port.name, direction, "inet")
                if found is None or not inside:
                    verdict = Verdict("unknown", detail="the lists of the VLANs of a port are not modelled")
                else:
                    verdict = found.chain(self._device, self._keys)
                self._hook(direction, _VLANS, asked, verdict, text, None)


def vlan_of(name: str) -> int | None:
    """The VLAN whose interface it is."""
    number = name[4:] if name.startswith("Vlan") else ""
    return int(number) if number.isdecimal() and len(number) < 5 else None
