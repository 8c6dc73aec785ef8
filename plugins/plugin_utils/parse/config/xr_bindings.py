# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets pass which lists of Cisco IOS XR.

Sources: Cisco ASR 9000 Series IP Addresses and Services Command Reference, "ipv4 access-group" (a list that
does not exist passes all packets); IP Addresses Configuration Guide for Cisco NCS 5500, "Chained
ACLs": a packet that no entry of the common list is for goes on to the list of the interface.
"""

from __future__ import annotations

from ...model.match import Unknown, both
from ...model.rules import DROP, Chain, Verdict
from .blocks import Line
from .device import Device
from .perhaps import perhaps
from .xr_ports import Bound, Port

_UNDEFINED = "the list is not defined here, and some lines of the text belong to nothing that is"
_BRIDGED = "whether the packet is routed, and so passes the list of the bridge's interface, is not known"
_LAYER2 = "what a list does at an interface that is bridged is not known"
Keys = dict[tuple[str, str], str]


def add(device: Device, ports: dict[str, Port], keys: Keys, partial: bool) -> None:
    """``keys``: rulesets by family and name. ``partial``: whether the text may lack lists that there are."""
    for port in ports.values():
        found = device.interface(port.name)
        found.addresses, found.up, found.master, found.mtu = port.addresses, port.up, port.master, port.mtu
    for port in ports.values():
        for line, reason in port.doubts:
            _doubt(device, port.name, line, reason)
        # Packets by a member of a bundle are the bundle's.
        same = [port.name, *(other.name for other in ports.values() if other.master == port.name)]
        bridged = (
            [other.name for other in ports.values() if other.bridged] if port.name.startswith("BVI") else []
        )
        for (family, direction), bound in port.bound.items():
            missing = [name for name in bound.names if (family, name) not in keys]
            if port.bridged or (missing and partial):
                _unknown(device, port, family, direction, bound)
                continue
            for name in missing:
                key = keys[family, name] = free_key(device, family, name)
                device.access_list(key, family, [], "permit")
            lists = [keys[family, name] for name in bound.names]
            _pass(device, same, direction, lists, bound.line)
            for other in bridged:
                asked = device.packets(other, direction, family)
                for key in lists:
                    verdict = perhaps(device, key, "bridge", _BRIDGED)
                    device.bound(direction, asked, verdict, bound.line.text, bound.line.number)


def free_key(device: Device, family: str, name: str) -> str:
    """The key of a list: its name, unless a list of the other family has that."""
    return name if name not in device.state.rulesets else f"{'ipv6' if family == 'ip6' else 'ipv4'} {name}"


def _pass(device: Device, interfaces: list[str], direction: str, lists: list[str], line: Line) -> None:
    """Packets by these interfaces pass the lists in order; where the last one ends, its default action applies."""
    *before, last = lists
    family = device.state.rulesets[last].family
    for interface in interfaces:
        for key in before:
            asked = device.packets(interface, direction, family)
            device.bound(direction, asked, Verdict("jump", _common(device, key)), line.text, line.number)
        device.bind(interface, direction, last, line.text, line.number)


def _common(device: Device, name: str) -> str:
    """The list as one that others follow: what is implicit stands at the end of the last one only."""
    rules = device.state.rulesets[name].rules
    written = [rule for rule in rules if rule.line is not None or rule.not_understood]
    if len(written) == len(rules):
        return name
    key = f"{name}, followed by others"
    device.state.chains[key] = Chain(key, written)
    return key


def _unknown(device: Device, port: Port, family: str, direction: str, bound: Bound) -> None:
    reason = _LAYER2 if port.bridged else _UNDEFINED
    device.not_understood(f"interface {port.name}", bound.line.text, reason)
    device.bind_unknown(port.name, direction, family, bound.line.text, reason)


def _doubt(device: Device, interface: str, line: Line, reason: str) -> None:
    device.not_understood(f"interface {interface}", line.text, reason)
    for direction in ("in", "out"):
        why = Unknown(f"{interface} {direction} {line.text}", reason)
        asked = both(device.packets(interface, direction, "inet"), why)
        device.bound(direction, asked, DROP, line.text, line.number, (reason,))
