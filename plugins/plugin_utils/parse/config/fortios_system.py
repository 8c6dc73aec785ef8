# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces and zones of FortiOS.

Sources: Fortinet, "FortiOS CLI Reference", "config system interface", "config system zone" (intrazone is deny by
default), "config system sdwan" (a member without a zone is in virtual-wan-link).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...model.match import ALWAYS, Match, Named, Not
from . import asks, prefixes, virtual_gateways
from .device import Device
from .fortios_tree import Block
from .words import NotUnderstoodError

_ZONE = {"in_interface": "in_zone", "out_interface": "out_zone"}
_SDWAN = "virtual-wan-link"
# What an interface without an address shows.
_NO_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (nothing is bound)


def interfaces(device: Device, config: Block) -> dict[str, list[str]]:
    """Adds the interfaces to the state; those of each VDOM, by its name."""
    found: dict[str, list[str]] = {}
    for name, block in config.table("system interface").items():
        one = device.interface(name)
        one.up = block.settings.get("status") != ["down"]
        one.kind = " ".join(block.settings.get("type", []))
        said = [block.settings.get("ip", [])]
        said += [entry.settings.get("ip", []) for entry in block.table("secondaryip").values()]
        of_ipv6 = block.blocks.get("ipv6")
        if of_ipv6 is not None:
            said.append(of_ipv6.settings.get("ip6-address", []))
            said += [[key] for key in of_ipv6.table("ip6-extra-addr")]
        for words in said:
            address = _address(words)
            if address:
                one.addresses.append(address)
            elif words and words[0].split("/")[0] not in _NO_ADDRESS:
                device.not_understood(f"interface {name}", " ".join(words), "no address with its length")
        for group in block.table("vrrp").values():
            if group.settings.get("status") != ["disable"]:
                virtual_gateways.share(one, " ".join(group.settings.get("vrip", [])))
        number = " ".join(block.settings.get("vrf", []))
        if number not in ("", "0"):
            one.master = f"vrf {number}"
        found.setdefault(" ".join(block.settings.get("vdom", ["root"])), []).append(name)
        if block.unread:
            where = f"config system interface, edit {name}"
            device.not_understood(where, beginning(block.unread[0]), "not understood")
    return found


def beginning(line: str) -> str:
    """The first words of a line that was not understood: what follows may be a secret."""
    return " ".join(line.split()[:2])


def _address(words: list[str]) -> str:
    """``10.0.1.1 255.255.255.0`` or ``10.0.1.1/24`` with a length; empty for none, and for what is no address."""
    if not words or words[0].split("/")[0] in _NO_ADDRESS:
        return ""
    return prefixes.with_length(words) if len(words) == 2 or "/" in words[0] else ""


def networks(config: Block) -> dict[str, str]:
    """The network of each interface that has one configured address."""
    found = {}
    for name, block in config.table("system interface").items():
        said = _address(block.settings.get("ip", []))
        if said and not block.table("secondaryip"):
            found[name] = said
    return found


@dataclass
class Zones:
    """Zones of one VDOM. ``inner``: those between whose interfaces packets pass without a policy."""

    members: dict[str, list[str]] = field(default_factory=dict)
    inner: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, config: Block) -> Zones:
        found = cls()
        for name, block in config.table("system zone").items():
            found.members[name] = list(block.settings.get("interface", []))
            if block.settings.get("intrazone") == ["allow"]:
                found.inner.append(name)
        for table in ("system sdwan", "system virtual-wan-link"):
            wan = config.blocks.get(table)
            if wan is None:
                continue
            for name in wan.table("zone"):
                found.members.setdefault(name, [])
            for block in wan.table("members").values():
                zone = " ".join(block.settings.get("zone", [_SDWAN]))
                found.members.setdefault(zone, []).extend(block.settings.get("interface", []))
        return found

    def interfaces(self, names: list[str]) -> frozenset[str] | None:
        """The interfaces that these are or hold; None for all."""
        if "any" in names:
            return None
        return frozenset(one for name in names for one in self.members.get(name, (name,)))

    def match(self, at: str, names: list[str]) -> Match:
        """``at``: in_interface or out_interface. NotUnderstoodError for an empty list."""
        if not names:
            raise NotUnderstoodError("no interface is named")
        if "any" in names:
            return ALWAYS
        of_zone = tuple(name for name in names if name in self.members)
        others = tuple(name for name in names if name not in self.members)
        found: list[Match] = [Named(_ZONE[at], of_zone)] if of_zone else []
        return asks.either([*found, Named(at, others)] if others else found)


def elsewhere(names: Iterable[str]) -> Match:
    """Packets that come in by none of these interfaces."""
    return Not(Named("in_interface", tuple(names)))
