# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of Junos, and the filters that packets meet at them.

Sources: Juniper, "Routing Policies, Firewall Filters, and Traffic Policers User Guide": "Guidelines for Applying
Standard Firewall Filters" (an output filter sees the device's own packets too), "Multiple Firewall Filters Applied as a
List" (what no filter of a list decides is discarded at its end), "Applying Firewall Filters to the Loopback Interface"
(lo0: all packets to the Routing Engine; a routing instance with a loopback of its own is not filtered by lo0.0),
"Applying Filters to Forwarding Tables". "Junos OS Interfaces Fundamentals": interface ranges, and "Management
Ethernet Interfaces", which forward nothing. A filter that is applied
and not defined, no device takes ("Referenced filter is not defined"): what it would do is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...model.match import Match, Named, Not, Unknown, both
from ...model.rules import DROP, Rule, Verdict
from ...model.state import Interface
from . import asks, junos_flow_routes, virtual_gateways
from .braces import Node
from .device import Device
from .junos_filter import Filters

_VERSIONS = {"inet": asks.IPV4, "inet6": asks.IPV6}
_SIDES = {"input": "in", "output": "out"}
_FIELD = {"in": "in_interface", "out": "out_interface"}
# Instances that have a forwarding table of their own for packets of IP.
_TABLES = ("virtual-router", "vrf", "mpls-internet-multicast")
# What else packets of a family may meet at an interface, and what is not known of them then.
_OTHERS = {
    "input-hierarchical-policer": "in",
    "layer2-policer": "",
    "policer": "",
    "rpf-check": "in",
    "sampling": None,
    "service": "",
    "simple-filter": "",
}
_FAMILIES = frozenset(
    (
        "any",
        "bridge",
        "ccc",
        "ethernet-switching",
        "inet",
        "inet6",
        "iso",
        "mlfr-end-to-end",
        "mpls",
        "tcc",
        "vpls",
    )
)
# What stands for a filter wherever it is: beside the statements that are known, nothing may hold it.
_FILTERING = frozenset(("family", "filter", "input", "input-list", "output", "output-list"))
_RANGE = re.compile(r"^(.*?)(\d+)$")
_END = "discard at the end, for what no term decides"
# Statements of a family that hold an address.
_WITH_ADDRESSES = ("address", "location-pool-address", "preferred-source-address", "unnumbered-address")
_GROUPS = ("vrrp-group", "vrrp-inet6-group")
_VIRTUAL = ("virtual-address", "virtual-inet6-address")
_LEARNT = ("dhcp", "dhcp-client", "dhcpv6-client", "negotiate-address", "unnumbered-address")
_MANAGEMENT = ("em0", "em1", "fxp0", "me0", "vme")
_OF_SWITCHING = ("irb", "vlan")

# The names of interfaces that have no number.
_UNNUMBERED = ("irb", "jsrv", "vlan", "vme")


class Interfaces:
    """The interfaces of a configuration, with the filters bound to them."""

    def __init__(self, device: Device, root: Node, filters: Filters) -> None:
        self._device = device
        self._root = root
        self._filters = filters
        self._itself: dict[str, list[Rule]] = {"in": [], "out": []}
        self.filters_itself = False
        _spread(device, root.find("interfaces") or Node(""))
        self._instances()
        for physical in root.each("interfaces"):
            if physical.word != "interface-range":
                self._physical(physical)
        self._of_routing()
        self._of_tables()
        junos_flow_routes.hook(device, root)
        self._others()
        self._management()
        for side, rules in self._itself.items():
            if rules:
                hook = "input" if side == "in" else "output"
                device.hook(f"lo0/{side}", hook, 0, rules, "permit")
                self.filters_itself = self.filters_itself or side == "in"

    def _instances(self) -> None:
        for instance in self._root.each("routing-instances"):
            kind = instance.value("instance-type")
            for name in instance.names("interface"):
                found = self._device.interface(with_unit(name))
                if kind in _TABLES:
                    found.master = instance.word

    def _physical(self, physical: Node) -> None:
        if (
            physical.word not in _UNNUMBERED
            and not any(map(str.isdigit, physical.word))
            and _holds(physical, 6)
        ):
            why = f"{physical.word!r} is no name of an interface"
            self._unknown("*", "", "any", f"interfaces {physical.word}", why)
        up = physical.find("disable") is None
        odd = [node for node in physical.each() if node.word not in ("unit", *_OTHERS) and _holds(node, 3)]
        odd += [unit for unit in physical.each("unit") if not unit.word.isdecimal()]
        for unit in physical.each("unit"):
            odd += [node for node in unit.each() if node.word not in ("family", *_OTHERS) and _holds(node, 2)]
            for family in unit.each("family"):
                known = family.word in _FAMILIES
                odd += [node for node in family.each() if node.word not in _OTHERS and _holds(node, 1)]
                odd += [] if known else [family]
        for node in odd:
            if node.word != "filter":
                why = f"{node.word!r} is not understood"
                self._unknown(
                    f"{physical.word}.*", "", "any", f"interfaces {physical.word} {node.text()}", why
                )
        for unit in physical.each("unit"):
            name = f"{physical.word}.{unit.word}"
            found = self._device.interface(name)
            found.up = up and unit.find("disable") is None
            doubt = next(unit.doubts(), "")
            if doubt:
                for side in _FIELD:
                    self._device.bind_unknown(name, side, "inet", f"interfaces {name}", doubt)
            self._policed(name, unit)
            for family in unit.each("family"):
                found.addresses += self._addresses(name, family)
                self._family(name, family)
            _share(found, unit)
            self._bind(name, "any", unit)
        self._bind_all_units(physical)

    def _policed(self, name: str, unit: Node) -> None:
        policer = unit.find("layer2-policer")
        if policer is not None:
            for side in _FIELD:
                self._may_drop(name, side, "any", f"interfaces {name} {policer.text()}", policer.line)

    def _addresses(self, name: str, family: Node) -> list[str]:
        found: list[str] = []
        if family.word not in _VERSIONS:
            return found
        for child in family.each():
            if child.word not in _WITH_ADDRESSES and any(map(_is_address, (child.word, *child.names()))):
                self._device.not_understood(f"interfaces {name}", child.text(), "not understood")
        for word in _LEARNT:
            if family.find(word) is not None:
                why = "its address is not in the configuration"
                self._device.not_understood(f"interfaces {name}", f"family {family.word} {word}", why)
        for child in family.each("address"):
            if _is_address(child.word):
                whole = 32 if family.word == "inet" else 128
                found.append(child.word if "/" in child.word else f"{child.word}/{whole}")
            else:
                self._device.not_understood(f"interfaces {name}", f"address {child.word}", "no address")
        return found

    def _bind_all_units(self, physical: Node) -> None:
        """A filter of a whole port sees the packets of all its units ("physical-interface-filter")."""
        for side, _names, text, _line in _bindings(physical):
            why = "a filter of a whole port is not modelled"
            self._unknown(f"{physical.word}.*", side, "any", text, why)

    def _family(self, name: str, family: Node) -> None:
        self._bind(name, family.word, family)
        if family.word not in (*_VERSIONS, "ethernet-switching"):
            return
        for word, side in _OTHERS.items():
            node = family.find(word)
            if node is None or side is None:
                continue
            text = f"interfaces {name} family {family.word} {node.text()}"
            for one in _FIELD if not side else (side,):
                self._may_drop(name, one, family.word, text, node.line)

    def _may_drop(self, name: str, side: str, family: str, text: str, line: int) -> None:
        why = f"{text}: what it drops is not modelled"
        self._device.not_understood(f"line {line}", text, why)
        asked = both(self._packets(name, side, family), Unknown(text, why))
        self._device.bound(side, asked, Verdict("unknown", detail=why), text, line, (why,))

    def _bind(self, name: str, family: str, node: Node) -> None:
        for side, names, text, line in _bindings(node):
            if side not in _FIELD or not names:
                for one in _FIELD:
                    self._unknown(name, one, family, text, f"{text!r} is not understood")
                continue
            if family not in _VERSIONS and family not in ("any", "ethernet-switching"):
                continue
            keys = [self._filters.key(family, one) for one in names]
            missing = [one for one, key in zip(names, keys) if key is None]
            if missing:
                self._unknown(name, side, family, text, f"filter {missing[0]} is not defined")
                continue
            if family == "ethernet-switching":
                self._switched(name, side, text)
            self._filtered(name, side, family, [key for key in keys if key], text, line)

    def _switched(self, name: str, side: str, text: str) -> None:
        why = "which packets of the VLANs' own interfaces pass this port is not modelled"
        self._device.not_understood(f"interfaces {name}", text, why)
        for routed in self._root.each("interfaces"):
            if routed.word in _OF_SWITCHING:
                self._unknown(f"{routed.word}.*", side, "any", text, why)

    def _filtered(self, name: str, side: str, family: str, keys: list[str], text: str, line: int) -> None:
        verdicts: list[tuple[Verdict, str, int | None]] = [(Verdict("jump", key), text, line) for key in keys]
        verdicts.append((DROP, f"{text}: {_END}", None))
        if name.partition(".")[0] == "lo0":
            versions = (_VERSIONS[family],) if family in _VERSIONS else ()
            asked = both(*self._of_loopback(name, side), *versions)
            rules = self._itself[side]
            for verdict, said, place in verdicts:
                rules.append(Rule(len(rules) + 1, asked, verdict, said, line=place))
            return
        asked = self._packets(name, side, family)
        for verdict, said, place in verdicts:
            self._device.bound(side, asked, verdict, said, place)

    def _of_loopback(self, name: str, side: str) -> tuple[Match, ...]:
        """The packets to the device itself that a loopback's filter sees."""
        state = self._device.state
        loopbacks = [one for one in state.interfaces.values() if one.name.startswith("lo0.")]
        loopbacks += [state.interfaces[one] for one in (name,) if one not in state.interfaces]
        master = next((one.master for one in loopbacks if one.name == name), "")
        members = tuple(one.name for one in state.interfaces.values() if one.master == master)
        if master:
            return (Named(_FIELD[side], members),)
        instances = {one.master for one in loopbacks if one.master}
        others = tuple(one.name for one in state.interfaces.values() if one.master in instances)
        return (Not(Named(_FIELD[side], others)),) if others else ()

    def _unknown(self, name: str, side: str, family: str, text: str, why: str) -> None:
        self._device.not_understood(f"interfaces {name}", text, why)
        unknown = Verdict("unknown", detail=why)
        if name.partition(".")[0] == "lo0":
            for one in (side,) if side in _FIELD else _FIELD:
                rules = self._itself[one]
                rules.append(Rule(len(rules) + 1, both(), unknown, text, not_understood=(why,)))
            return
        for one in (side,) if side in _FIELD else _FIELD:
            self._device.bound(one, self._packets(name, one, family), unknown, text, None, (why,))

    @staticmethod
    def _packets(name: str, side: str, family: str) -> Match:
        versions = (_VERSIONS[family],) if family in _VERSIONS else ()
        return both(Named(_FIELD[side], (name,)), *versions)

    def _of_routing(self) -> None:
        """Filters of forwarding tables: what comes in by any interface of the instance, or leaves."""
        places = [("", self._root.find("forwarding-options"))]
        for instance in self._root.each("routing-instances"):
            places.append((instance.word, instance.find("forwarding-options")))
        for master, options in places:
            for family in options.each("family") if options is not None else ():
                for side, names, text, line in _bindings(family):
                    said = f"forwarding-options {text}"
                    keys = [self._filters.key(family.word, one) for one in names]
                    if side not in _FIELD or not all(keys) or family.word not in _VERSIONS:
                        for one in _FIELD:
                            self._unknown("*", one, family.word, said, f"{said!r} is not understood")
                        continue
                    asked = both(*self._of_instance(master, side), _VERSIONS[family.word])
                    origin = (Named("origin", ("network",)),) if side == "out" else ()
                    for key in keys:
                        self._device.bound(side, both(asked, *origin), Verdict("jump", str(key)), said, line)
                    self._device.bound(side, both(asked, *origin), DROP, f"{said}: {_END}", None)

    def _of_instance(self, master: str, side: str) -> tuple[Match, ...]:
        interfaces = self._device.state.interfaces.values()
        if master:
            return (Named(_FIELD[side], tuple(one.name for one in interfaces if one.master == master)),)
        others = tuple(one.name for one in interfaces if one.master)
        return (Not(Named(_FIELD[side], others)),) if others else ()

    def _of_tables(self) -> None:
        for place in ("vlans", "bridge-domains"):
            for vlan in self._root.each(place):
                options = vlan.find("forwarding-options") or vlan
                for _side, _names, text, _line in _bindings(options):
                    why = "filters of VLANs are not modelled"
                    for name in _OF_SWITCHING:
                        for side in _FIELD:
                            self._unknown(f"{name}.*", side, "any", f"{place} {vlan.word} {text}", why)

    def _management(self) -> None:
        """The management ports and those of the packets that pass the router do not forward to one another."""
        ports = tuple(name for name in self._device.state.interfaces if name.partition(".")[0] in _MANAGEMENT)
        if ports:
            asked = asks.either(Named(field, ports) for field in _FIELD.values())
            rule = Rule(1, asked, DROP, f"{', '.join(ports)}: management ports forward nothing")
            self._device.hook("management ports", "forward", -10, [rule], "permit")

    def _others(self) -> None:
        """Routers within the router, whose configuration stands apart."""
        for place in ("logical-systems", "tenants"):
            for inner in self._root.each(place):
                why = f"{place} are not modelled"
                self._device.not_understood("configuration", f"{place} {inner.word}", why)
                for physical in inner.each("interfaces"):
                    for unit in physical.names("unit"):
                        for side in _FIELD:
                            name = f"{physical.word}.{unit}"
                            self._unknown(name, side, "any", f"{place} {inner.word} interfaces {name}", why)


def _holds(node: Node, depth: int) -> bool:
    """Whether there is a word of filters a few levels below."""
    return any(child.word in _FILTERING or (depth > 1 and _holds(child, depth - 1)) for child in node.each())


def with_unit(name: str) -> str:
    """A logical interface; without a unit it is unit 0."""
    return name if "." in name else f"{name}.0"


def _bindings(node: Node) -> Iterator[tuple[str, list[str], str, int]]:
    """(in, out or another word; filters in order; text; line) of each way by which ``filter`` binds. A filter and a
    list of them exclude each other: the one that was set last counts."""
    ways = sorted(node.each("filter"), key=lambda way: way.touched)
    last = {
        way.word.removesuffix("-list"): way
        for way in ways
        if any(way.each()) or not (way.children or way.emptied)
    }
    for base, way in last.items():
        if base == "group":
            continue
        text = f"filter {way.text()}"
        side = _SIDES.get(base, "")
        names = [child.word for child in sorted(way.each(), key=lambda child: child.touched)]
        deeper = any(set(child.names()) - {"precedence"} for child in way.each())
        if deeper or not side:
            yield way.word, [], text, way.line
        else:
            yield side, names if way.word != base else names[-1:], text, way.line


def _share(interface: Interface, unit: Node) -> None:
    for address in (node for family in unit.each("family") for node in family.each("address")):
        said = list(address.names("virtual-gateway-address"))
        for group in _GROUPS:
            said += (one for node in address.each(group) for word in _VIRTUAL for one in node.names(word))
        for one in said:
            virtual_gateways.share(interface, one)


def _is_address(word: str) -> bool:
    try:
        asks.network("src", word)
    except ValueError:
        return False
    return True


def _spread(device: Device, interfaces: Node) -> None:
    """What an interface range says, said of each of its members."""
    for one in interfaces.each("interface-range"):
        members = [name for name in one.names("member") if not re.search(r"[*?\[]", name)]
        if len(members) < len(one.names("member")):
            why = "members of an interface range that are no names are not modelled"
            device.not_understood(f"line {one.line}", f"interface-range {one.word}", why)
        for leaf in one.leaves():
            if leaf[0] == "member-range" and len(leaf) == 4:
                members += _between(leaf[1], leaf[3])
        for member in members:
            node = interfaces.children.setdefault(member, Node(member, one.line))
            _merge(node, one)


def _between(first: str, last: str) -> list[str]:
    low, high = _RANGE.match(first), _RANGE.match(last)
    if low is None or high is None or low[1] != high[1] or int(high[2]) - int(low[2]) > 4096:
        return [first, last]
    return [f"{low[1]}{number}" for number in range(int(low[2]), int(high[2]) + 1)]


def _merge(node: Node, other: Node) -> None:
    for child in other.each():
        if child.word in ("member", "member-range", "description"):
            continue
        mine = node.children.get(child.word)
        if mine is None:
            node.children[child.word] = child.copy()
        else:
            _merge(mine, child)
