# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of VyOS: names for several addresses, networks, ports or interfaces.

Source: VyOS documentation, "Firewall groups": a group may include others of its kind; a name with ``!`` before it asks
for what is not in the group. They are sets of ipset or nftables, so nothing is in one without members.
"""

from __future__ import annotations

from collections.abc import Callable

from ...model.match import In, Match, Member, Named, Not, Range, Unknown, merge_ranges
from ...model.state import NamedSet
from .. import nft_values
from . import asks
from .vyos_tree import Node
from .words import NotUnderstoodError

_LAST = 0xFFFF


def port_range(word: str) -> Range:
    """A number, a name of a service or ``a-b``. NotUnderstoodError for what is none."""
    low, dash, high = word.partition("-")
    try:
        if low.isdecimal() and (high.isdecimal() or not dash):
            found = int(low), int(high or low)
        else:
            found = (nft_values.SCALARS["port"](word),) * 2
        if not found[0] <= found[1] <= _LAST:
            raise ValueError(word)
    except (ValueError, OSError):
        raise NotUnderstoodError(f"{word!r} is no port") from None
    return found


def address_range(word: str, family: int) -> Range:
    """An address, a prefix (bits beyond it don't count) or ``a-b``."""
    try:
        found = asks.network("src", word) if "/" in word else asks.address("src", word)
    except ValueError:
        raise NotUnderstoodError(f"{word!r} is no address") from None
    if not isinstance(found, In) or found.family != family:
        raise NotUnderstoodError(f"{word!r} is no address of IPv{family}")
    return found.ranges[0]


def _addresses(family: int) -> Callable[[str], Range]:
    return lambda word: address_range(word, family)


# kind -> the key of its members, what its elements are, and how one is read
_KINDS: dict[str, tuple[str, str, Callable[[str], Range]]] = {
    "address-group": ("address", "address4", _addresses(4)),
    "network-group": ("network", "address4", _addresses(4)),
    "ipv6-address-group": ("address", "address6", _addresses(6)),
    "ipv6-network-group": ("network", "address6", _addresses(6)),
    "port-group": ("port", "port", port_range),
}
_OF_INTERFACES = "interface-group"
_NO_MATTER = ("description",)
_OTHERS = ("domain-group", "mac-group", "dynamic-group", "remote-group")


class Groups:
    """All groups of a configuration, as sets of the state by ``kind name``. ``gaps``: why some are not known."""

    def __init__(self, node: Node) -> None:
        self.sets: dict[str, NamedSet] = {}
        self.gaps: dict[str, str] = {}
        self._interfaces: dict[str, tuple[str, ...]] = {}
        for kind, groups in node.children.items():
            for name in groups.children:
                if kind in _KINDS:
                    self._set(groups, kind, name)
                elif kind == _OF_INTERFACES:
                    self._names(groups, name)
                elif kind in _OTHERS:
                    key, lines = f"{kind} {name}", groups.at(name).leaves()
                    self.sets[key] = NamedSet(key, ("other",), [(line,) for line in lines], called=name)
                else:
                    self.gaps[f"{kind} {name}"] = f"a {kind} is not modelled"

    def _set(self, groups: Node, kind: str, name: str) -> None:
        member, field, read = _KINDS[kind]
        key = f"{kind} {name}"
        ranges: list[Range] = []
        complete = True
        for word in self._members(groups, kind, name, member):
            try:
                ranges.append(read(word))
            except NotUnderstoodError as error:
                self.gaps[key] = f"{key}: {error}"
                complete = False
        elements: list[tuple[Range | str, ...]] = [(part,) for part in merge_ranges(ranges)]
        self.sets[key] = NamedSet(key, (field,), elements, complete=complete and key not in self.gaps)

    def _names(self, groups: Node, name: str) -> None:
        key = f"{_OF_INTERFACES} {name}"
        names = tuple(dict.fromkeys(self._members(groups, _OF_INTERFACES, name, "interface")))
        self._interfaces[name] = names
        self.sets[key] = NamedSet(key, ("name",), [(one,) for one in names], complete=key not in self.gaps)

    def _members(self, groups: Node, kind: str, name: str, member: str) -> list[str]:
        """Of the group and of all that it includes; what can't be told is a gap."""
        key = f"{kind} {name}"
        found: list[str] = []
        seen = {name}
        waiting = [name]
        while waiting:
            node = groups.at(waiting.pop())
            for word in node.children:
                if word not in (member, "include", *_NO_MATTER):
                    self.gaps[key] = f"{key}: {word!r} is not understood"
            try:
                found += node.values(member)
                included = node.values("include")
            except NotUnderstoodError as error:
                self.gaps[key] = f"{key}: {error}"
                continue
            for other in included:
                if other not in groups.children:
                    self.gaps[key] = f"{key}: the {kind} {other}, which it includes, is not defined"
                elif other in seen and other == name:
                    self.gaps[key] = f"{key} includes itself"
                elif other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return found

    def match(self, kind: str, said: str, field: str, family: int) -> Match:
        """``said``: the name, or ``!`` and the name. NotUnderstoodError for what is not defined, or not modelled."""
        name = said.removeprefix("!")
        known = f"ipv6-{kind}" if family == 6 and kind in ("address-group", "network-group") else kind
        key = f"{known} {name}"
        if known not in _KINDS:
            raise NotUnderstoodError(f"which packets are of the {kind} {name} is not modelled")
        if key not in self.sets:
            raise NotUnderstoodError(f"the {known} {name} is not defined")
        asked: Match = Member(key, (field,))
        return Not(asked) if said.startswith("!") else asked

    def interfaces(self, said: str, field: str) -> Match:
        name = said.removeprefix("!")
        key = f"{_OF_INTERFACES} {name}"
        if name not in self._interfaces or key in self.gaps:
            raise NotUnderstoodError(self.gaps.get(key, f"the {key} is not defined"))
        names = self._interfaces[name]
        asked: Match = Named(field, names) if names else asks.either(())
        return Not(asked) if said.startswith("!") else asked


def negated(asked: Match, said: str) -> Match:
    return Not(asked) if said.startswith("!") else asked


def unknown(where: str, said: str, why: str, assumption: str = "") -> Match:
    """A condition with a memory, or of things that a flow does not have; each rule has its own. ``assumption``: under
    which it is true."""
    return Unknown(f"{where} {said}", f"{said}: {why}", assumption)
