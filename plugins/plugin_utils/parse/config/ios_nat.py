# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network address translation of Cisco IOS, between interfaces ``inside`` and ``outside``.

Source: Cisco IOS IP Addressing Services Command Reference ("ip nat inside source", "ip nat pool", "ip nat outside
source") and "NAT Order of Operation": from outside to inside, addresses are translated before routing, and behind the
incoming list; from inside to outside behind routing, before the outgoing list. Static entries come before dynamic
ones. Whatever goes from inside to outside is translated, also what answers a connection that somebody outside opened
to the address inside. ``overload`` keeps the source port, and takes another one only where a connection has it already.
What is not modelled makes the flows unknown that cross from one side to the other.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...model.fields import PROTOCOLS
from ...model.match import NEVER, In, Match, Named, Unknown, both, protocol
from ...model.rules import ACCEPT, DROP, Effect, Rule
from . import asks
from .blocks import Line
from .device import Device
from .ios_binding import placed
from .ios_interfaces import Settings
from .words import NotUnderstoodError, Words

_FIRST, _LAST = -100, 100
_CHANGES = {"dnat": "dst,dst_port", "snat": "src,src_port"}
# Options of static entries that change nothing about which packets are translated, and to what.
_NO_MATTER = ("extendable", "no-alias", "no-payload", "add-route", "reversible")
# What ``ip nat`` sets besides, for all translations.
_SETTINGS = (
    "translation",
    "log",
    "service",
    "portmap",
    "settings",
    "stateful",
    "create",
    "switchover",
    "alg",
    "sip-sbc",
)
_OPEN = Named("connection", ("established",))
Address = tuple[int, int]


@dataclass
class Translations:
    """What a configuration translates. ``permitted``: what a list permits, by name."""

    permitted: Callable[[str], Match]
    _lines: list[Line] = field(default_factory=list)
    _pools: dict[str, Address] = field(default_factory=dict)

    def read(self, line: Line) -> bool:
        """Whether the line, of those without indentation, is about translation."""
        words = line.words
        if words[:2] != ["ip", "nat"]:
            return False
        if words[2:3] == ["pool"]:
            self._pool(words[3:])
        elif words[2:4] in (["inside", "source"], ["outside", "source"], ["inside", "destination"]) or words[
            2:3
        ] == ["source"]:
            self._lines.append(line)
        return True

    def remove(self, words: Sequence[str]) -> None:
        """``words``: behind ``no``."""
        self._lines = [line for line in self._lines if line.words != words]

    def _pool(self, words: list[str]) -> None:
        found = [word for word in words if word != "prefix-length"]
        try:
            low, high = (int(ipaddress.IPv4Address(word)) for word in found[1:3])
        except ValueError:
            return
        if low <= high and words[0] not in self._pools:
            self._pools[words[0]] = (low, high)
        else:  # several ranges, or none
            self._pools[words[0]] = (0, 0)

    def apply(self, device: Device, interfaces: Sequence[Settings]) -> None:
        sides = {
            side: tuple(one.name for one in interfaces if one.nat == side)
            for side in ("inside", "outside", "enable")
        }
        rules: dict[str, list[Rule]] = {"dnat": [], "snat": []}
        ordered = sorted(self._lines, key=lambda line: "static" not in line.words)
        for line in ordered:
            here = _Line(self, device.state.interfaces, line, sides)
            for kind, rule in here.rules():
                rules[kind].append(rule)
        for kind, hook, priority in (("dnat", "prerouting", _FIRST), ("snat", "postrouting", _LAST)):
            if rules[kind]:
                device.hook(f"nat/{hook}", hook, priority, placed(rules[kind]), "permit")
                ruleset = device.state.rulesets[f"nat/{hook}"]
                ruleset.type, ruleset.family = "nat", "ip"
        if rules["snat"]:
            answers = [
                replace(one, match=_untranslated(one), verdict=DROP, effects=()) for one in rules["snat"]
            ]
            device.hook("nat/answers", "postrouting", _LAST - 10, placed(answers), "permit")

    def pool(self, name: str) -> Address:
        """NotUnderstoodError for one that is not a single range."""
        found = self._pools.get(name)
        if not found or found == (0, 0):
            raise NotUnderstoodError(f"the pool {name} is not defined as one range of addresses")
        return found


def _untranslated(rule: Rule) -> Match:
    """Answers that this rule translates although the connection is by the address that it translates: whoever opened
    it awaits them from there."""
    unknown = (Unknown(rule.text, why) for why in rule.not_understood)
    return both(rule.match, _OPEN, Named("ct_status", ("none",)), *unknown)


class _Line:
    """One line that translates, as rules for both directions."""

    def __init__(
        self,
        all_lines: Translations,
        interfaces: Mapping[str, object],
        line: Line,
        sides: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._all = all_lines
        self._interfaces = interfaces
        self._line = line
        self._sides = sides

    def rules(self) -> list[tuple[str, Rule]]:
        words = Words(self._line.words[2:])
        try:
            if words.take("inside") and words.take("source"):
                found = self._static(words) if words.take("static") else self._dynamic(words)
                words.end()
                return found
            raise NotUnderstoodError("translation of this kind is not modelled")
        except NotUnderstoodError as error:
            return self._not_known(str(error))

    def _crossing(self, kind: str) -> Match:
        """Packets that this kind of translation may be about: from outside before routing, from inside behind."""
        if kind == "dnat":
            return both(asks.IPV4, self._by("in_interface", "outside"))
        return both(asks.IPV4, self._by("in_interface", "inside"), self._by("out_interface", "outside"))

    def _by(self, field: str, side: str) -> Match:
        names = self._sides[side]
        return Named(field, names) if names else NEVER

    def _not_known(self, why: str) -> list[tuple[str, Rule]]:
        found = []
        enabled = self._line.words[2] == "source"
        for kind in ("dnat", "snat"):
            side = self._by("in_interface" if kind == "dnat" else "out_interface", "enable")
            asked = both(asks.IPV4, side) if enabled else self._crossing(kind)
            effect = Effect("unknown", field=_CHANGES[kind], detail=why)
            found.append((kind, self._rule(asked, effect, (why,))))
        return found

    def _rule(self, asked: Match, effect: Effect, not_understood: tuple[str, ...] = ()) -> Rule:
        text, number = self._line.text, self._line.number
        return Rule(0, asked, ACCEPT, text, (effect,), line=number, not_understood=not_understood)

    def _static(self, words: Words) -> list[tuple[str, Rule]]:
        """``LOCAL GLOBAL``, or ``tcp|udp LOCAL PORT GLOBAL PORT``."""
        name = words.take("tcp", "udp")
        ports: list[int] = []
        local = words.value("address", _address)
        if name:
            ports.append(words.value("port", _port))
        global_ = (
            self._of_interface(words.next("an interface"))
            if words.take("interface")
            else words.value("address", _address)
        )
        if name:
            ports.append(words.value("port", _port))
        while words.take(*_NO_MATTER):
            pass
        number = (protocol(PROTOCOLS[name]),) if name else ()
        found = []
        for kind, end, old, new in (("dnat", "dst", global_, local), ("snat", "src", local, global_)):
            asked = [self._crossing(kind), In(end, ((old, old),), 4), *number]
            given: tuple[int, int] | None = None
            if ports:
                before, after = (ports[1], ports[0]) if kind == "dnat" else (ports[0], ports[1])
                asked.append(asks.ports(f"{end}_port", (before, before)))
                given = (after, after)
            found.append(
                (kind, self._rule(both(*asked), Effect(kind, family=4, address=(new, new), port=given)))
            )
        return found

    def _dynamic(self, words: Words) -> list[tuple[str, Rule]]:
        """``list L pool P|interface I [overload]``: an address of the pool, or that of the interface."""
        words.expect("list")
        asked = self._all.permitted(words.next("the name of a list"))
        if words.expect("pool", "interface") == "interface":
            address = self._of_interface(words.next("an interface"))
            given, shared = (address, address), True
        else:
            given, shared = self._all.pool(words.next("the name of a pool")), False
        shared = bool(words.take("overload")) or shared
        effect = Effect("snat", family=4, address=given)
        found = [("snat", self._rule(both(self._crossing("snat"), asked), effect))]
        if not shared:  # whoever has an address of the pool by now is reached by it
            why = "who has this address of the pool is not known"
            to_pool = both(self._crossing("dnat"), In("dst", (given,), 4))
            found.append(
                ("dnat", self._rule(to_pool, Effect("unknown", field=_CHANGES["dnat"], detail=why), (why,)))
            )
        return found

    def _of_interface(self, name: str) -> int:
        found = self._interfaces.get(name)
        for address in getattr(found, "addresses", ()):
            if ":" not in address:
                return int(ipaddress.IPv4Interface(address).ip)
        raise NotUnderstoodError(f"the address of {name} is not known")


def _address(word: str) -> int:
    return int(ipaddress.IPv4Address(word))


def _port(word: str) -> int:
    if not word.isdecimal() or not 0 < int(word) < 0x10000:
        raise ValueError(word)
    return int(word)
