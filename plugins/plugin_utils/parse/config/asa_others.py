# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else decides about packets on Cisco ASA and is not modelled: the flows concerned are unknown.

Source: Cisco ASA Series Command Reference, "firewall transparent", "bridge-group", "sysopt connection permit-vpn" (on
unless the configuration says otherwise: what comes out of a tunnel passes no list of its interface), "crypto map match
address", "ip local pool", "ip verify reverse-path", "established", "aaa authentication match", "filter url", "shun".
"""

from __future__ import annotations

from collections.abc import Iterable

from ...model import text
from ...model.match import ALWAYS, Fib, Match, Named, Not, Unknown, both
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from . import asks
from .asa_interfaces import NamedInterface
from .asa_lists import AccessList, rules
from .asa_objects import Objects
from .asa_sessions import NEW
from .blocks import Line, starting
from .device import Device

_ANY_ADDRESS = text.address_text(4, 0)
_IN, _OUT = "in_interface", "out_interface"
# Commands by which a log-in or a server decides, with the word after them.
_ASKING = {
    ("aaa", "authentication"): ("match", "include"),
    ("aaa", "authorization"): ("match", "include"),
    ("filter",): ("url", "https", "ftp"),
}


class Others:
    def __init__(
        self,
        device: Device,
        config: list[Line],
        interfaces: list[NamedInterface],
        objects: Objects,
        lists: dict[str, AccessList],
        *,
        old: list[Line],
        routed: bool,
    ) -> None:
        """``old``: lines of translations before 8.3. ``routed``: the routes of IPv4 are known beside the
        configuration."""
        self._device = device
        self._config = config
        self._interfaces = interfaces
        self._objects = objects
        self._lists = lists
        self._old = old
        self._routed = routed
        self._found: list[Rule] = []
        self._known_routes = _Routes(config, interfaces, objects.names)

    def rules(self) -> list[Rule]:
        """A rule for each, that comes before any list."""
        for line in starting(self._config, "firewall", "transparent"):
            self._unknown(ALWAYS, line, "a transparent firewall is not modelled")
        for line in (*starting(self._config, "mode", "multiple"), *starting(self._config, "context")):
            self._unknown(ALWAYS, line, "the configurations of its contexts are not part of this one")
        for line in self._old:
            self._unknown(ALWAYS, line, "translations before 8.3 are not modelled")
        for one in self._interfaces:
            if one.unclear:
                sides = [Named(side, (one.name,)) for side in (_IN, _OUT)]
                self._unknown(asks.either(sides), None, f"interface {one.name}: {one.unclear}")
        self._reverse_path()
        self._tunnels()
        for line in starting(self._config, "shun"):
            if len(line.words) > 1:
                self._maybe(both(NEW, self._address(line.words[1])), DROP, line, "who is shunned may change")
        for line in starting(self._config, "established"):
            self._maybe(NEW, ACCEPT, line, "it lets in connections beside those that are open")
        for start, following in _ASKING.items():
            for line in starting(self._config, *start):
                if line.words[len(start) : len(start) + 1] and line.words[len(start)] in following:
                    self._maybe(both(NEW, *self._by(line)), DROP, line, "what a server says is not known")

        return self._found

    def _rule(self, asked: Match, verdict: Verdict, said: str, line: Line | None, why: str = "") -> None:
        number = None if line is None else line.number
        self._found.append(Rule(0, asked, verdict, said, line=number, not_understood=(why,) if why else ()))
        if why:
            self._device.not_understood("interfaces" if line is None else f"line {line.number}", said, why)

    def _by(self, line: Line) -> list[Match]:
        names = tuple(one.name for one in self._interfaces if one.name in line.words)
        return [Named(_IN, names)] if names else []

    def _address(self, word: str) -> Match:
        try:
            return asks.network("src", self._objects.names.get(word, word))
        except ValueError:
            return ALWAYS

    def _unknown(self, asked: Match, line: Line | None, why: str) -> None:
        self._rule(asked, Verdict("unknown", detail=why), line.text if line is not None else why, line, why)

    def _maybe(self, asked: Match, verdict: Verdict, line: Line, why: str) -> None:
        """Some of these packets have the verdict, and others go on."""
        self._rule(both(asked, Unknown(line.text, why)), verdict, line.text, line, why)

    def _reverse_path(self) -> None:
        """Packets whose source is not routed back by where they come in are dropped. Which those are, the routes tell;
        without these, sources are taken for right to which the configuration itself has a route by this interface."""
        for line in starting(self._config, "ip", "verify", "reverse-path", "interface"):
            name = line.words[4] if len(line.words) > 4 else ""
            came = both(Named(_IN, (name,)), NEW)
            if self._routed:
                back = Fib("src", (name,), hook="prerouting")
                self._rule(both(came, asks.IPV4, Not(back)), DROP, line.text, line)
                came = both(came, asks.IPV6)
            why = "which sources are routed back by this interface is not known"
            self._maybe(both(came, Not(self._known_routes.by(name))), DROP, line, why)

    def policy_routes(self) -> None:
        """Packets by an interface with a route map: it may send them elsewhere, or away ("policy-route")."""
        why = "where a route map sends the packets is not modelled"
        rules: list[Rule] = []
        for one in self._interfaces:
            for line in starting(self._config, "interface", *one.hardware.split()):
                for inner in line.starting("policy-route", "route-map"):
                    self._device.not_understood(f"interface {one.name}", inner.text, why)
                    asked, place = both(NEW, Named(_IN, (one.name,))), len(rules) + 1
                    unknown = Verdict("unknown", detail=why)
                    rules.append(
                        Rule(place, asked, unknown, inner.text, line=inner.number, not_understood=(why,))
                    )
        if rules:
            self._device.hook("policy routing", "forward", 60, rules, "permit")

    def _tunnels(self) -> None:
        """Packets that come out of a tunnel pass no list, unless ``no sysopt connection permit-vpn`` says so: those
        from the networks of a ``crypto map``, by an interface that is a tunnel, and from pools of addresses for
        clients."""
        if list(starting(self._config, "no", "sysopt", "connection", "permit-vpn")):
            return
        why = "whether these packets come out of a tunnel, and so pass no list, is not known"
        pools = [
            *starting(self._config, "ip", "local", "pool"),
            *starting(self._config, "ipv6", "local", "pool"),
        ]
        for line in pools:
            self._unknown(both(NEW, self._pool(line)), line, why)
        for one in self._interfaces:
            if one.hardware.startswith("Tunnel"):
                self._unknown(both(NEW, Named(_IN, (one.name,))), None, why)
        for line in starting(self._config, "crypto", "map"):
            if len(line.words) != 5 or line.words[3] != "interface":
                continue
            came = both(NEW, Named(_IN, (line.words[4],)))
            for entry in starting(self._config, "crypto", "map", line.words[2]):
                if entry.words[4:6] == ["match", "address"] and len(entry.words) > 6:
                    for asked in self._protected(entry.words[6]):
                        self._unknown(both(came, asked), entry, why)
                elif "dynamic" in entry.words[4:] and not pools:
                    self._maybe(came, ACCEPT, entry, why)

    @staticmethod
    def _pool(line: Line) -> Match:
        """``ip local pool NAME A-B``, ``ipv6 local pool NAME PREFIX NUMBER``: a packet from one of its addresses."""
        span = line.words[4] if len(line.words) > 4 else ""
        try:
            return asks.network("src", span) if "/" in span else asks.address("src", span)
        except ValueError:
            return ALWAYS

    def _protected(self, name: str) -> Iterable[Match]:
        """What a list permits, for packets of the other direction."""
        one = self._lists.get(name)
        if one is None:
            return [ALWAYS]
        listed = rules(one, self._objects, swapped=True)
        return [rule.match for rule in listed if rule.verdict is not DROP]


class _Routes:
    """The routes that a configuration has itself: of networks at interfaces, and static ones."""

    def __init__(
        self, config: list[Line], interfaces: Iterable[NamedInterface], names: dict[str, str]
    ) -> None:
        self._known: list[tuple[int, str, Match]] = []  # length of the prefix, interface, sources
        for one in interfaces:
            for address in one.addresses:
                self._add(one.name, address)
        for line in (*starting(config, "route"), *starting(config, "ipv6", "route")):
            words = [names.get(word, word) for word in line.words[1 if line.words[0] == "route" else 2 :]]
            if len(words) > 3 and "track" not in words:
                self._add(words[0], words[1] if "/" in words[1] else f"{words[1]} {words[2]}")

    def _add(self, interface: str, network: str) -> None:
        """``network``: ``A/N`` or ``A MASK``; ``0`` is short for 0.0.0.0."""
        value, _space, mask = network.partition(" ")
        try:
            if mask:
                value, mask = (_ANY_ADDRESS if word == "0" else word for word in (value, mask))
                asked = asks.netmask("src", value, mask)
                length = sum(bin(int(part)).count("1") for part in mask.split("."))
            else:
                asked = asks.network("src", value)
                length = int(value.partition("/")[2])
        except ValueError:
            return
        self._known.append((length, interface, asked))

    def by(self, interface: str) -> Match:
        """Sources to which the longest prefix leads by this interface."""
        found = []
        for length, name, asked in self._known:
            if name == interface:
                longer = [
                    other
                    for bits, elsewhere, other in self._known
                    if bits > length and elsewhere != interface
                ]
                found.append(both(asked, Not(asks.either(longer))) if longer else asked)
        return asks.either(found)
