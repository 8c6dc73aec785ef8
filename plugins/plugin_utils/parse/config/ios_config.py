# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Cisco IOS configuration, line by line: lists, groups, interfaces, zones and translations.

A candidate may take away what it defines anew (``no ip access-list extended X``), so lines count in their order.
"""

from __future__ import annotations

from collections.abc import Callable

from ...model.match import ALWAYS, Match, Unknown, both
from ...model.rules import Rule, Verdict
from . import asks, ios_binding, ios_interfaces, ios_ports, ios_sets, ios_strays, mqc
from .blocks import Line
from .device import Device, unknown_rule
from .entries import beneath
from .ios_classes import Classes
from .ios_groups import ObjectGroups
from .ios_interfaces import Settings
from .ios_lists import AccessList, Grammar, kind_of
from .ios_nat import Translations
from .ios_reflexive import Reflexive
from .ios_vlans import VlanMaps
from .ios_zones import ZonePolicies

_VERSIONS = {"ip": asks.IPV4, "ip6": asks.IPV6}
_FAMILY = {"ip": "ip", "ipv6": "ip6"}
# Lines behind ``ip access-list`` that are about no list's entries.
_ABOUT_LISTS = ("logging", "log-update", "persistent", "helper", "resequence")
# Numbers of lists of other protocols than IP: types, DECnet, AppleTalk, MAC, IPX.
_OTHER_LISTS = frozenset(map(str, range(200, 1300)))
_REMARKS = "of a list that has remarks alone, no document says whether it lets packets pass"
# At the top: what decides about packets, and is not modelled.
_STRANGE = (
    ("ip", "access-list"), ("ipv6", "access-list"), ("access-list",), ("object-group",), ("zone-pair",),
    ("policy-map", "type", "inspect"), ("ip", "local", "policy"), ("parameter-map", "type", "urlfilter"),
    ("ip", "tcp", "intercept", "list"),
    ("ipv6", "local", "policy"), ("platform", "inspect"),
)  # fmt: skip


def _brings_rules(line: Line) -> bool:
    """Security groups, and what BGP brings (flowspec), filter by rules that are in no configuration; and lines of VLAN
    maps that were not understood."""
    if line.words[0] == "flowspec":
        return any("local-install" in one.words for one in line.children)
    vlan_map = line.words[:2] in (["vlan", "filter"], ["vlan", "access-map"])
    return vlan_map or line.words[:3] == ["cts", "role-based", "enforcement"]


class Configuration:
    """Reads lines, and then makes the rulesets of a device by ``apply``."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._groups = ObjectGroups()
        self._grammar = Grammar(self._groups)
        self._lists: dict[tuple[str, str], AccessList] = {}
        self._rules: dict[tuple[str, str], list[Rule]] = {}
        self._interfaces: dict[str, Settings] = {}
        self._known: dict[str, Match] = {}
        self._crypto_maps: dict[str, list[str]] = {}
        self._vlan_maps = VlanMaps()
        self._policed = False
        self._strays: Rule | None = None
        self._lines: list[Line] = []
        self._terminals: dict[str, list[str | None]] = {"ip": [], "ip6": []}
        self._zones = ZonePolicies(Classes(self._permitted))
        self._translations = Translations(self._permitted)

    def read(self, lines: list[Line]) -> None:
        self._lines = lines
        mapped = {
            line.words[2] for line in lines if line.words[:2] == ["ip", "port-map"] and len(line.words) > 2
        }
        self._zones.classes.mapped = frozenset(mapped)
        readers: dict[str, Callable[[Line], bool]] = {
            "access-list": self._numbered,
            "ip": self._of_family,
            "ipv6": self._of_family,
            "object-group": self._groups.read,
            "interface": self._interface,
            "line": self._line,
            "hostname": self._hostname,
            "control-plane": self._control_plane,
            "crypto": self._crypto,
            "vlan": self._vlan_maps.read,
        }
        for line in lines:
            first = line.words[0]
            if line.words == ["no", "ip", "routing"]:
                self._device.state.forwarding["ipv4"] = None  # but between ports of one VLAN packets pass
            if first in ("no", "default"):
                self._taken_away(line.words[1:])
                continue
            if readers.get(first, self._zones.read)(line):
                continue
            words = line.words
            if ios_strays.decides(line) or _brings_rules(line):
                self._unread(line)
            elif any(tuple(words[: len(one)]) == one for one in _STRANGE):
                self._device.not_understood(f"line {line.number}", line.text, "is not modelled")

    def _unread(self, line: Line) -> None:
        """Entries or bindings of lists may be lost: nothing that passes is sure to."""
        why = f"line {line.number} is not understood, and may decide about packets"
        self._device.not_understood(f"line {line.number}", line.text, why)
        if self._strays is None:
            self._strays = Rule(
                1, ALWAYS, Verdict("unknown", detail=why), line.text, line=line.number, not_understood=(why,)
            )

    def _numbered(self, line: Line) -> bool:
        words = line.words
        kind = kind_of(words[1]) if len(words) > 2 else ""
        if kind:
            self._list("ip", words[1], kind == "standard").add(line, words[2:])
        # Lists of other protocols than IP, and settings for all lists, have numbers or words of their own.
        return not line.children and (bool(kind) or len(words) < 3 or words[1][:4] in _OTHER_LISTS)

    def _of_family(self, line: Line) -> bool:
        words, family = line.words, _FAMILY[line.words[0]]
        if words[1:2] != ["access-list"]:
            return words[:2] == ["ip", "port-map"] or self._translations.read(line)
        if family == "ip" and words[2:3] and words[2] in _ABOUT_LISTS:
            return True
        if family == "ip" and (len(words) != 4 or words[2] not in ("standard", "extended")):
            return False
        if family == "ip6" and len(words) != 3:
            return words[2:3] == ["log-update"]
        one = self._list(family, words[-1], words[2] == "standard" and family == "ip")
        for inner in line.children:
            one.add(inner, inner.words)
            for deeper in inner.children:
                one.add(deeper, deeper.words)
        return True

    def _list(self, family: str, name: str, standard: bool) -> AccessList:
        return self._lists.setdefault((family, name), AccessList(name, family, standard))

    def _interface(self, line: Line) -> bool:
        name = " ".join(line.words[1:])
        if not name or line.words[1] == "range":
            return False
        settings = self._interfaces.setdefault(name, Settings(name))
        ios_interfaces.read(self._device, line, settings)
        return True

    def _line(self, line: Line) -> bool:
        if line.words[1:2] == ["vty"]:
            for family, wanted in (("ip", "access-class"), ("ip6", "ipv6 access-class")):
                found = [
                    one.words
                    for one in line.children
                    if one.text.startswith(wanted + " ") and "in" in one.words
                ]
                self._terminals[family].append(
                    found[-1][-1 - found[-1][::-1].index("in") - 1] if found else None
                )
        return True

    def _crypto(self, line: Line) -> bool:
        if line.words[1:2] == ["map"] and len(line.words) > 3:
            lists = [one.words[2] for one in line.starting("match", "address") if len(one.words) == 3]
            self._crypto_maps.setdefault(line.words[2], []).extend(lists or [""])
        return True

    def _control_plane(self, line: Line) -> bool:
        for inner in beneath(line):
            if inner.words[0] != "no":
                self._policed = True
                why = "what the control plane lets in is not modelled"
                self._device.not_understood(f"line {inner.number}", inner.text, why)
        return True

    def _hostname(self, line: Line) -> bool:
        self._device.state.hostname = " ".join(line.words[1:])
        return True

    def _taken_away(self, words: list[str]) -> None:
        """What ``no`` or ``default`` takes away, if it is a whole thing of its own."""
        if words[:1] == ["access-list"] and len(words) == 2:
            self._lists.pop(("ip", words[1]), None)
        elif words[1:2] == ["access-list"] and words[0] in _FAMILY and len(words) > 2:
            self._lists.pop((_FAMILY[words[0]], words[-1]), None)
        elif words[:1] == ["object-group"]:
            self._groups.remove(words[1:])
        elif words[:1] == ["interface"]:
            name = " ".join(words[1:])
            self._interfaces.pop(name, None)
            self._device.state.interfaces.pop(name, None)
        elif words[:2] == ["ip", "nat"]:
            self._translations.remove(words)
        elif words[:1] == ["vlan"]:
            self._vlan_maps.remove(words)

    def apply(self) -> None:
        """Makes lists, bindings, zones and translations of what was read, and what the device lets in to itself."""
        device, keys = self._device, {}
        self._reflexive = Reflexive(self._lists, self._interfaces.values(), self._without_evaluate)
        for place, one in self._lists.items():
            family, name = place
            key = name if name not in device.state.rulesets else f"ipv6 access-list {name}"
            keys[place] = key
            default = "permit" if one.empty else "deny"
            device.access_list(key, family, self._of_list(place), default)
        interfaces = list(self._interfaces.values())
        undecided = [
            *ios_ports.port_lists(interfaces, self._let_pass),
            *ios_ports.tunnels(device, interfaces, self._crypto_maps, self._permitted_of),
        ]
        served = (place for one in interfaces for place in one.served.values())
        mqc.bind(device, self._lines, served, self._permitted)
        self._vlan_maps.bind(device, interfaces, keys)
        ios_binding.bind(device, interfaces, keys, undecided)
        to_self = self._zones.apply(device)
        to_self += ios_binding.terminals(device, self._terminals, keys)
        to_self += ios_binding.everything_else(self._policed)
        device.hook("to the device itself", "input", 0, ios_binding.placed(to_self), "permit")
        self._translations.apply(device, interfaces)
        self._policy_routes()
        if self._strays is not None:
            device.hook("unread lines", "prerouting", -140, [self._strays], "permit")
            device.hook("unread lines, out", "postrouting", 140, [self._strays], "permit")

    def _of_list(self, place: tuple[str, str]) -> list[Rule]:
        if place not in self._rules:
            one = self._lists[place]
            found = list(one.rules(self._grammar, self._reflexive.of(one)))
            if not found and not one.empty:
                found = [unknown_rule(1, f"remarks of {one.name}", _REMARKS)]
            self._rules[place] = found
        return self._rules[place]

    def _without_evaluate(self, one: AccessList) -> list[Rule]:
        """The rules of a list that fills reflexive ones; what it evaluates itself is not followed a second time."""

        def again(name: str) -> Match:
            return Unknown(
                f"evaluate {name} in {one.name}", f"what {name} lets in, in {one.name}, is not followed"
            )

        return list(one.rules(self._grammar, again))

    def _permitted(self, name: str) -> Match:
        """What a list of IPv4, or of IPv6 with this name, permits."""
        if name not in self._known:
            families = [family for family in _VERSIONS if (family, name) in self._lists]
            self._known[name] = self._permitted_of(families[0] if families else "ip", name)
        return self._known[name]

    def _let_pass(self, family: str, name: str) -> Match:
        """What a list lets pass where it is bound."""
        one = self._lists.get((family, name))
        return ALWAYS if one is None or one.empty else self._permitted_of(family, name)

    def _permitted_of(self, family: str, name: str) -> Match:
        one = self._lists.get((family, name))
        if one is None or one.empty:
            return Unknown(f"permitted by {name}", f"the list {name} is not defined, or empty")
        return both(_VERSIONS[family], ios_sets.permitted(self._of_list((family, name)), name))

    def _policy_routes(self) -> None:
        """Packets that a route map may send elsewhere than the routes do."""
        rules: list[Rule] = []
        for settings in self._interfaces.values():
            for family, line in settings.policies:
                rules.append(ios_binding.policy_routed(self._device, settings.name, family, line))
        if rules:
            self._device.hook("policy routing", "forward", 50, ios_binding.placed(rules), "permit")
