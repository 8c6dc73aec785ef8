# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of Cisco ASA, their security levels, and what lets packets from one to another.

Sources: Cisco ASA Series Command Reference, "nameif" (inside has level 100, all others 0), "security-level",
"same-security-traffic", "management-only", "access-group" (it "cannot reference empty access lists or access lists that
contain only a remark"); Cisco ASA Series Firewall CLI Configuration Guide, "Access Rules": "Implicit Permits"
(connections from a higher to a lower level, where no list says otherwise), "Implicit Deny" (behind the global rules,
where there are any), "Interface Access Rules and Global Access Rules" (an interface's come first), "Outbound", and
that rules for traffic through the device don't apply to traffic to it or from it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ...model import text
from ...model.match import ALWAYS, Match, Named, Not, both
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from . import asks
from .asa_names import whole
from .blocks import Line
from .device import Device

_HIGHEST = 100
_BRIDGED = "interfaces of a bridge group are not modelled"
_IN, _OUT = "in_interface", "out_interface"
_VERSIONS = {"ip": asks.IPV4, "ip6": asks.IPV6}


@dataclass
class NamedInterface:
    """An interface with a name; without one, no packet passes it. ``told``: whether its addresses are in the text.
    ``unclear``: why it is not known what passes it."""

    name: str
    hardware: str
    level: int = 0
    addresses: list[str] = field(default_factory=list)
    told: bool = True
    up: bool = True
    management: bool = False
    unclear: str = ""
    line: int = 0


@dataclass
class Binding:
    """``interface``: empty for the global one."""

    name: str
    direction: str
    interface: str
    text: str
    line: int


def named(block: Line, names: dict[str, str]) -> NamedInterface | None:
    """The interface of an ``interface …`` block; None for one without a name. ``names``: aliases of addresses."""
    found = NamedInterface("", " ".join(block.words[1:]), line=block.number)
    level: int | None = None
    for line in block.children:
        words = line.words
        if words[0] == "nameif" and len(words) == 2:
            found.name = words[1]
        elif words[0] == "security-level":
            level = whole(" ".join(words[1:]), _HIGHEST)
            if level is None:
                found.unclear = f"{line.text!r} is not understood"
        elif words == ["shutdown"]:
            found.up = False
        elif words[0] == "management-only":
            found.management = True
        elif words[0] == "bridge-group":
            found.unclear = _BRIDGED
        elif words[:2] == ["ip", "address"]:
            _address4([names.get(word, word) for word in words[2:4]], found)
        elif words[:2] == ["ipv6", "address"]:
            _address6(words[2:], found)
    if not found.name:
        return None
    if found.hardware.startswith("BVI"):
        found.unclear = _BRIDGED
    found.level = level if level is not None else _HIGHEST if found.name == "inside" else 0
    return found


def _address4(words: list[str], found: NamedInterface) -> None:
    try:
        family, value, _same = text.address_range(words[0])
        _family, mask, _same = text.address_range(words[1])
    except (ValueError, IndexError):
        found.told = False  # dhcp, pppoe
        return
    if family == 4:
        found.addresses.append(f"{text.address_text(4, value)}/{bin(mask).count('1')}")


def _address6(words: list[str], found: NamedInterface) -> None:
    """``A/N``, with ``eui-64`` or ``standby``; or a link-local address; others come from routers."""
    address, _slash, length = words[0].partition("/") if words else ("", "", "")
    try:
        family, value, _same = text.address_range(address)
    except ValueError:
        found.told = False
        return
    if family != 6 or whole(length, 128) is None or "eui-64" in words:
        found.told = False
    else:
        found.addresses.append(f"{text.address_text(6, value)}/{length}")


class Passing:
    """What may pass from which interface to which."""

    def __init__(
        self, device: Device, interfaces: Iterable[NamedInterface], *, inter: bool, intra: bool
    ) -> None:
        """``inter``, ``intra``: ``same-security-traffic permit`` of interfaces with the same level, and of one."""
        self._device = device
        self._interfaces = {one.name: one for one in interfaces}
        self._inter, self._intra = inter, intra
        self._bindings: dict[tuple[str, str], list[Binding]] = {}
        self._between: list[Rule] = []

    def bind(self, binding: Binding) -> None:
        """A later one of the same kind takes the place of an earlier one, but for lists of IPv6."""
        listed = self._bindings.setdefault((binding.interface, binding.direction), [])
        family = self._family(binding)
        listed[:] = [other for other in listed if self._family(other) != family]
        listed.append(binding)

    def _family(self, binding: Binding) -> str:
        ruleset = self._device.state.rulesets.get(binding.name)
        return ruleset.family if ruleset is not None else "inet"

    def lists(self) -> None:
        """Lists of interfaces, and the global one behind those for what comes in."""
        every = self._bindings.get(("", "global"), [])
        own = [
            asks.network("dst", one.partition("/")[0])
            for port in self._interfaces.values()
            for one in port.addresses
        ]
        through = Not(asks.either(own)) if own else ALWAYS
        bound = {interface for interface, direction in self._bindings if direction == "in"}
        for name in {**self._interfaces, **dict.fromkeys(bound)}:
            came = both(Named(_IN, (name,)), through)
            self._listed("in", came, [*self._bindings.get((name, "in"), []), *every])
        if every:
            others = Not(Named(_IN, tuple(self._interfaces))) if self._interfaces else ALWAYS
            self._listed("in", both(others, through), every)
        for (name, direction), listed in self._bindings.items():
            if direction == "out":
                self._listed("out", Named(_OUT, (name,)), listed)

    def levels(self, before: Iterable[Rule]) -> None:
        """What the levels of interfaces say where no list does. ``before``: rules that come before."""
        for rule in before:
            self._between.append(replace(rule, position=len(self._between) + 1))
        self._never()
        if ("", "global") not in self._bindings:
            for one in self._interfaces.values():
                packets = self._unlisted(one)
                if packets is not None:
                    self._by_level(one, packets)
            listed = {interface for interface, direction in self._bindings if direction == "in"}
            known = tuple({**self._interfaces, **dict.fromkeys(listed)})
            why = "the security level of the interface is not known"
            asked = Not(Named(_IN, known)) if known else ALWAYS
            self._add(
                asked,
                Verdict("unknown", detail=why),
                "an interface that the configuration does not tell",
                why,
            )
        self._device.hook("security levels", "forward", 0, self._between, "permit")

    def _add(self, asked: Match, verdict: Verdict, said: str, why: str = "", line: int | None = None) -> None:
        position = len(self._between) + 1
        self._between.append(
            Rule(position, asked, verdict, said, line=line, not_understood=(why,) if why else ())
        )

    def _never(self) -> None:
        """What no list can permit."""
        management = tuple(one.name for one in self._interfaces.values() if one.management)
        for side in (_IN, _OUT) if management else ():
            self._add(Named(side, management), DROP, "management-only: nothing passes through this interface")
        for one in self._interfaces.values():
            came = Named(_IN, (one.name,))
            if not self._intra:
                back = "no same-security-traffic permit intra-interface: nothing leaves by where it came in"
                self._add(both(came, Named(_OUT, (one.name,))), DROP, back)
            same = self._at(one, operator.eq)
            if same and not self._inter:
                alike = f"no same-security-traffic permit inter-interface: security-level {one.level} is that of both"
                self._add(both(came, Named(_OUT, same)), DROP, alike)

    def _at(self, one: NamedInterface, fits: Callable[[int, int], bool]) -> tuple[str, ...]:
        """Other interfaces, by how their level compares with that of this one."""
        others = (other for other in self._interfaces.values() if other.name != one.name)
        return tuple(other.name for other in others if fits(other.level, one.level))

    def _listed(self, direction: str, packets: Match, bindings: list[Binding]) -> None:
        """The lists, and what no entry of them decides is denied."""
        endings: list[tuple[Match, Binding]] = []
        for binding in bindings:
            ruleset = self._device.state.rulesets.get(binding.name)
            if ruleset is None or not ruleset.rules:
                why = f"there is no access list {binding.name} with entries"
                verdict = Verdict("unknown", detail=why)
                self._device.bound(direction, packets, verdict, binding.text, binding.line, (why,))
                continue
            of_family = _VERSIONS.get(ruleset.family)
            asked = packets if of_family is None else both(packets, of_family)
            self._device.bound(direction, asked, Verdict("jump", binding.name), binding.text, binding.line)
            endings.append((asked, binding))
        for asked, binding in endings:
            ending = f"deny at the end of {binding.name}, for what none of its entries decides"
            self._device.bound(direction, asked, DROP, ending, None)

    def _unlisted(self, one: NamedInterface) -> Match | None:
        """Packets about which no list of the interface decides; None where there are none."""
        came = Named(_IN, (one.name,))
        families = {self._family(binding) for binding in self._bindings.get((one.name, "in"), [])}
        if "inet" in families or families >= set(_VERSIONS):
            return None
        others = [match for family, match in _VERSIONS.items() if family not in families]
        return both(came, *others) if families else came

    def _by_level(self, one: NamedInterface, packets: Match) -> None:
        said = f"security-level {one.level} of {one.name}"
        same = (*(self._at(one, operator.eq) if self._inter else ()), *((one.name,) if self._intra else ()))
        for names, verdict, does in (
            (self._at(one, operator.lt), ACCEPT, "lets connections to lower levels"),
            (same, ACCEPT, "lets connections to the same level, by same-security-traffic"),
            (self._at(one, operator.gt), DROP, "lets no connections to higher levels"),
        ):
            if names:
                self._add(both(packets, Named(_OUT, names)), verdict, f"{said} {does}", line=one.line)
        why = "the security level of the interface is not known"
        rest = both(packets, Not(Named(_OUT, tuple(self._interfaces))))
        self._add(
            rest, Verdict("unknown", detail=why), "an interface that the configuration does not tell", why
        )
