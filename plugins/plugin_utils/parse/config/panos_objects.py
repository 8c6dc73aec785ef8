# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and services that rules of PAN-OS name.

Sources: Palo Alto Networks, "PAN-OS Web Interface Help", "Objects > Addresses" (IP netmask, range, wildcard mask,
FQDN), "Objects > Address Groups" (static; dynamic: address objects with tags that fit, and registered addresses),
"Objects > Regions", "Objects > External Dynamic Lists",
"Objects > Services" (service-http is TCP 80 and 8080, service-https TCP 443), "Objects > Service Groups"; "Panorama
Administrator's Guide", "Device Group Objects" (the nearest of several objects of one name stands).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ...model.match import ALWAYS, Match, Unknown, both, protocol
from . import asks, numbers, panos_tags
from .found import Found
from .panos_tree import Node
from .words import NotUnderstoodError

_PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
_LITERAL = re.compile(r"^[0-9A-Fa-f.:]+(?:/\d+|-[0-9A-Fa-f.:]+)?$")
_COUNTRY = re.compile(r"^[A-Z][A-Z0-9]$")
_TOLD_ELSEWHERE = "its members are not in the configuration"
_PREDEFINED = {"service-http": ((80, 80), (8080, 8080)), "service-https": ((443, 443),)}
_SAYS_NOTHING = frozenset(("description", "tag", "disable-override", "color", "comments"))
_KINDS = ("address", "address-group", "region", "external-list")


class Objects:
    """``scopes``: where objects are looked up, the nearest first."""

    def __init__(self, scopes: Sequence[Node]) -> None:
        self.scopes = scopes
        self._found = Found()

    def find(self, kind: str, name: str) -> Node | None:
        for scope in self.scopes:
            found = scope.at(kind).children.get(name)
            if found is not None:
                return found
        return None

    def address(self, field: str, name: str) -> Match:
        """What a source or destination asks for; what can't be decided is an ``Unknown``."""
        return self._found.match(field, f"address {name}", lambda: self._address(field, name))

    def service(self, name: str) -> Match:
        """Protocol and ports of a service or a group of services."""
        return self._found.match("", f"service {name}", lambda: self._service(name))

    def _address(self, field: str, name: str) -> Match:
        if name == "any":
            return ALWAYS
        for scope in self.scopes:
            for kind in _KINDS:
                node = scope.at(kind).children.get(name)
                if node is not None:
                    return _READERS[kind](self, field, node)
        if _LITERAL.match(name):
            return _netmask(field, name)
        if _COUNTRY.match(name):
            raise NotUnderstoodError("a region, whose addresses are not in the configuration")
        raise NotUnderstoodError("it is not defined")

    def _object(self, field: str, node: Node) -> Match:
        said = {name: node.value(name) for name in node.children if name not in _SAYS_NOTHING}
        if len(said) != 1:
            raise NotUnderstoodError(f"an address of {len(said)} kinds")
        ((kind, value),) = said.items()
        if kind in ("ip-netmask", "ip-range"):
            return _netmask(field, value)
        if kind == "ip-wildcard":
            first, _slash, free = value.partition("/")
            try:
                return asks.wildcard(field, first, free)
            except ValueError:
                raise NotUnderstoodError(f"{value!r} is no address with a wildcard mask") from None
        if kind == "fqdn":
            raise NotUnderstoodError(f"the addresses of {value} are not in the configuration")
        raise NotUnderstoodError(f"{kind!r} is not understood")

    def _group(self, field: str, node: Node) -> Match:
        strange = [name for name in node.children if name not in _SAYS_NOTHING | {"static"}]
        if strange == ["dynamic"]:
            return self._tagged(field, node.at("dynamic").value("filter"))
        if strange:
            raise NotUnderstoodError(f"{strange[0]!r} is not understood")
        members = node.values("static")
        if not members:
            raise NotUnderstoodError("a group without members, which a device does not accept")
        return asks.either(self.address(field, member) for member in members)

    def _tagged(self, field: str, asked: str) -> Match:
        """Address objects whose tags fit, and the addresses that other systems register with tags."""
        why = f"a dynamic group of {asked}: members that are registered are not in the configuration"
        known: list[Match] = []
        seen: set[str] = set()
        for scope in self.scopes:
            for name, node in scope.at("address").children.items():
                if name not in seen and panos_tags.fits(asked, node.values("tag")):
                    known.append(self.address(field, name))
                seen.add(name)
        return asks.either((*known, Unknown(f"{field} {why}", why)))

    def _region(self, field: str, node: Node) -> Match:
        members = node.values("address")
        if not members:
            raise NotUnderstoodError("a region without addresses")
        return asks.either(_netmask(field, member) for member in members)

    def _external(self, _field: str, _node: Node) -> Match:
        raise NotUnderstoodError(f"an external list: {_TOLD_ELSEWHERE}")

    def _service(self, name: str) -> Match:
        if name == "any":
            return ALWAYS
        for scope in self.scopes:
            node = scope.at("service").children.get(name)
            if node is not None:
                return service(node)
            group = scope.at("service-group").children.get(name)
            if group is not None:
                return self._services_of(group)
        if name in _PREDEFINED:
            return both(asks.TCP, asks.ports("dst_port", *_PREDEFINED[name]))
        raise NotUnderstoodError("it is not defined")

    def _services_of(self, group: Node) -> Match:
        strange = [name for name in group.children if name not in _SAYS_NOTHING | {"members"}]
        members = group.values("members")
        if strange or not members:
            raise NotUnderstoodError(
                f"{strange[0]!r} is not understood" if strange else "a group without members"
            )
        known = [member for member in members if self._is_service(member)]
        found = [self.service(member) for member in known]
        missing = [member for member in members if member not in known]
        if missing:
            why = f"service {missing[0]} is not defined"
            found.append(Unknown(why, why))
        return asks.either(found)

    def _is_service(self, name: str) -> bool:
        named = any(self.find(kind, name) is not None for kind in ("service", "service-group"))
        return named or name in _PREDEFINED or name == "any"


_READERS: dict[str, Callable[[Objects, str, Node], Match]] = {
    "address": Objects._object,
    "address-group": Objects._group,
    "region": Objects._region,
    "external-list": Objects._external,
}


def _netmask(field: str, said: str) -> Match:
    try:
        return asks.address(field, said) if "-" in said else asks.network(field, said)
    except ValueError:
        raise NotUnderstoodError(f"{said!r} is no address, prefix or range") from None


def service(node: Node) -> Match:
    """One service object. NotUnderstoodError for what it has beyond a protocol and ports."""
    strange = [name for name in node.children if name not in _SAYS_NOTHING | {"protocol"}]
    protocols = node.at("protocol")
    if strange or len(protocols.children) != 1:
        raise NotUnderstoodError(
            f"{strange[0]!r} is not understood" if strange else "it has not one protocol"
        )
    ((name, ports),) = protocols.children.items()
    if name not in _PROTOCOLS or any(
        key not in ("port", "source-port", "override") for key in ports.children
    ):
        raise NotUnderstoodError(f"protocol {name} {ports.shown()!r} is not understood")
    asked: list[Match] = [protocol(_PROTOCOLS[name])]
    for key, field in (("port", "dst_port"), ("source-port", "src_port")):
        if ports.has(key):
            asked.append(asks.ports(field, *port_ranges(",".join(ports.values(key)))))
    return both(*asked)


def port_ranges(said: str) -> list[tuple[int, int]]:
    """``80,443,8000-8010``. NotUnderstoodError for what is none."""
    return [numbers.ports(part.strip()) for part in said.split(",")]
