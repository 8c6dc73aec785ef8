# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and address groups of FortiOS.

Sources: Fortinet, "FortiOS CLI Reference", "config firewall address" (type ipmask and subnet 0.0.0.0 0.0.0.0 by
default; the ones of a wildcard's mask are bits that count), "config firewall address6" (type ipprefix, ::/0 by
default), "config firewall addrgrp" (``exclude-member`` counts while ``exclude`` is enabled).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...model.match import ALWAYS, In, Match, Not, both
from . import asks
from .fortios_tree import Block
from .found import Found
from .words import NotUnderstoodError

_NO_MATTER = frozenset(
    (
        "allow-routing", "associated-interface", "cache-ttl", "category", "clearpass-spt", "color", "comment",
        "country", "dirty", "display-name", "epg-name", "fabric-object", "filter", "fqdn", "fsso-group",
        "global-object", "hw-model", "hw-vendor", "macaddr", "node-ip-only", "obj-id", "obj-tag", "obj-type",
        "organization", "os", "passive-fqdn-learning", "policy-group", "route-tag", "sdn", "sdn-addr-type", "sdn-tag",
        "sub-type", "subnet-name", "sw-version", "tag-detection-level", "tag-type", "tenant", "type", "uuid",
        "visibility", "wildcard-fqdn",
    )
)  # fmt: skip
_OF_TYPE = frozenset(("subnet", "start-ip", "end-ip", "wildcard", "interface", "ip6", "host", "template"))
_GROUP_KEYS = frozenset(
    (
        "allow-routing", "category", "color", "comment", "exclude", "exclude-member", "fabric-object",
        "global-object", "member", "tagging", "type", "uuid", "visibility",
    )
)  # fmt: skip
# Tables in an address that say nothing about which addresses it has.
_HARMLESS_TABLES = frozenset(("tagging", "list"))


# The address of the object "none".
_NONE = {4: "0.0.0.0/32", 6: "::/128"}


class Addresses:
    """Addresses of one family, by name. ``interfaces``: the network of each interface, where it has one address."""

    def __init__(self, config: Block, family: int, interfaces: Mapping[str, str]) -> None:
        ending = "" if family == 4 else "6"
        self._family = family
        self._single = config.table(f"firewall address{ending}")
        self._multicast = config.table(f"firewall multicast-address{ending}")
        self._groups = config.table(f"firewall addrgrp{ending}")
        self._interfaces = interfaces
        self._found = Found()

    def match(self, field: str, name: str) -> Match:
        """``field``: src or dst. What can't be decided is an ``Unknown``."""
        return self._found.match(field, f"address {name}", lambda: self._read(field, name))

    def _read(self, field: str, name: str) -> Match:
        if name in self._single:
            return self._address(field, self._single[name])
        if name in self._groups:
            return self._group(field, self._groups[name])
        if name in self._multicast:
            return self._range(field, self._multicast[name])
        if name == "all":
            return asks.FAMILY[self._family]
        if name == "none":
            return asks.network(field, _NONE[self._family])
        raise NotUnderstoodError("it is not defined")

    def _address(self, field: str, block: Block) -> Match:
        _known(block, _NO_MATTER | _OF_TYPE)
        kind = block.value("type", "ipmask" if self._family == 4 else "ipprefix")
        read = _KINDS[self._family].get(kind)
        if kind == "interface-subnet":
            return self._interface(field, block)
        if read is None:
            raise NotUnderstoodError(f"a configuration does not tell the addresses of type {kind}")
        return read(self, field, block)

    def _subnet(self, field: str, block: Block) -> Match:
        words = block.settings.get("subnet", ["0.0.0.0/0"])
        found: Match
        try:
            if len(words) == 1:
                found = asks.network(field, words[0])
            elif len(words) == 2:
                found = asks.netmask(field, *words)
            else:
                raise ValueError
        except ValueError:
            raise NotUnderstoodError(f"subnet {' '.join(words)!r}") from None
        if not isinstance(found, In):
            raise NotUnderstoodError(f"subnet {' '.join(words)!r} has gaps in its mask")
        return found

    def _prefix(self, field: str, block: Block) -> Match:
        said = block.value("ip6", "::/0")
        return asks.IPV6 if said == "::/0" else _network(field, said, 6)

    def _range(self, field: str, block: Block) -> Match:
        if "start-ip" not in block.settings or "end-ip" not in block.settings:
            raise NotUnderstoodError("a range without its ends")
        return between(field, f"{block.value('start-ip')}-{block.value('end-ip')}", self._family)

    def _wildcard(self, field: str, block: Block) -> Match:
        words = block.settings.get("wildcard", [])
        try:
            return asks.netmask(field, *words)
        except (ValueError, TypeError):
            raise NotUnderstoodError(f"wildcard {' '.join(words)!r}") from None

    def _interface(self, field: str, block: Block) -> Match:
        """The network of an interface; what the address says of it itself was true when it was last saved."""
        said = self._subnet(field, block) if "subnet" in block.settings else None
        network = self._interfaces.get(block.value("interface"))
        found = asks.network(field, network) if network else None
        if said is None and found is None:
            raise NotUnderstoodError(f"the network of interface {block.value('interface')!r} is not known")
        if said is not None and found is not None and said != found:
            raise NotUnderstoodError("its subnet is not the one of its interface")
        return found or said or ALWAYS

    def _group(self, field: str, block: Block) -> Match:
        _known(block, _GROUP_KEYS)
        if block.value("category", "default") != "default":
            raise NotUnderstoodError(
                f"the members of category {block.value('category')} are not in the configuration"
            )
        members = block.settings.get("member", [])
        if not members:
            raise NotUnderstoodError("a group without members")
        found = asks.either(self.match(field, member) for member in members)
        if block.enabled("exclude", False):
            excluded = block.settings.get("exclude-member", [])
            if not excluded:
                raise NotUnderstoodError("it excludes members and names none")
            found = both(found, Not(asks.either(self.match(field, member) for member in excluded)))
        return found


_Read = Callable[[Addresses, str, Block], Match]
_KINDS: dict[int, dict[str, _Read]] = {
    4: {
        "ipmask": Addresses._subnet,
        "iprange": Addresses._range,
        "multicastrange": Addresses._range,
        "broadcastmask": Addresses._subnet,
        "wildcard": Addresses._wildcard,
    },
    6: {"ipprefix": Addresses._prefix, "iprange": Addresses._range},
}


def _known(block: Block, keys: frozenset[str]) -> None:
    unknown = [f"set {key}" for key, words in block.settings.items() if key not in keys and words != [""]]
    unknown += [f"config {key}" for key in block.blocks if key not in _HARMLESS_TABLES]
    told = block.unread or unknown
    if told:
        raise NotUnderstoodError(f"{told[0]!r} is not understood")


def between(field: str, said: str, family: int) -> In:
    """An address or ``first-last``. NotUnderstoodError for what is none of this family."""
    try:
        found = asks.address(field, said)
    except ValueError:
        raise NotUnderstoodError(f"{said!r} is no range of addresses") from None
    if found.family != family:
        raise NotUnderstoodError(f"{said!r} is no range of IPv{family} addresses")
    return found


def _network(field: str, said: str, family: int) -> Match:
    try:
        found = asks.network(field, said)
    except ValueError:
        raise NotUnderstoodError(f"{said!r} is no prefix") from None
    if found.family != family:
        raise NotUnderstoodError(f"{said!r} is no prefix of IPv{family}")
    return found
