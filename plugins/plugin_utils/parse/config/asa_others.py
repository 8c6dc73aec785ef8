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

from ...model.match import ALWAYS, Match, Named, Not, Unknown, both
from ...model.rules import ACCEPT, DROP, Verdict
from . import asks
from .asa_interfaces import NamedInterface
from .asa_lists import AccessList, rules
from .asa_objects import Objects
from .asa_sessions import NEW
from .blocks import Line, starting
from .device import Device

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
    ) -> None:
        self._device = device
        self._config = config
        self._interfaces = interfaces
        self._objects = objects
        self._lists = lists

    def rules(self) -> None:
        """Before any list: a rule for each."""
        for line in starting(self._config, "firewall", "transparent"):
            self._unknown(ALWAYS, line, "a transparent firewall is not modelled")
        for line in (*starting(self._config, "mode", "multiple"), *starting(self._config, "context")):
            self._unknown(ALWAYS, line, "the configurations of its contexts are not part of this one")
        bridged = tuple(one.name for one in self._interfaces if one.bridged)
        if bridged:
            asked = asks.either([Named(_IN, bridged), Named(_OUT, bridged)])
            self._unknown(asked, None, "interfaces of a bridge group are not modelled")
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

    def _by(self, line: Line) -> list[Match]:
        names = tuple(one.name for one in self._interfaces if one.name in line.words)
        return [Named(_IN, names)] if names else []

    def _address(self, word: str) -> Match:
        try:
            return asks.network("src", self._objects.names.get(word, word))
        except ValueError:
            return ALWAYS

    def _unknown(self, asked: Match, line: Line | None, why: str) -> None:
        text = line.text if line is not None else why
        self._device.bound("in", asked, Verdict("unknown", detail=why), text, self._number(line), (why,))
        self._device.not_understood(self._where(line), text, why)

    def _maybe(self, asked: Match, verdict: Verdict, line: Line, why: str) -> None:
        """Some of these packets have the verdict, and others go on."""
        maybe = both(asked, Unknown(line.text, why))
        self._device.bound("in", maybe, verdict, line.text, line.number, (why,))
        self._device.not_understood(self._where(line), line.text, why)

    @staticmethod
    def _number(line: Line | None) -> int | None:
        return None if line is None else line.number

    @staticmethod
    def _where(line: Line | None) -> str:
        return "interfaces" if line is None else f"line {line.number}"

    def _reverse_path(self) -> None:
        """Packets whose source is not routed back by where they come in are dropped; of networks at an interface it
        is known which these are."""
        here = {one.name: _networks([one]) for one in self._interfaces}
        for line in starting(self._config, "ip", "verify", "reverse-path", "interface"):
            name = line.words[4] if len(line.words) > 4 else ""
            came = Named(_IN, (name,))
            mine = asks.either(here.get(name, []))
            why = "which sources are routed back by this interface is not known"
            self._maybe(both(came, Not(mine)), DROP, line, why)

    def _tunnels(self) -> None:
        """Packets that come out of a tunnel pass no list, unless ``no sysopt connection permit-vpn`` says so: those
        from the networks of a ``crypto map``, and from pools of addresses for clients."""
        ends = [
            line
            for line in starting(self._config, "crypto", "map")
            if len(line.words) == 5 and line.words[3] == "interface"
        ]
        for line in ends:
            came = Named(_IN, (line.words[4],))
            for entry in starting(self._config, "crypto", "map", line.words[2]):
                if entry.words[4:6] == ["match", "address"] and len(entry.words) > 6:
                    for asked in self._protected(entry.words[6]):
                        why = "whether these packets come out of a tunnel is not known"
                        self._maybe_either(both(NEW, came, asked), entry, why)
        for line in starting(self._config, "ip", "local", "pool"):
            why = "whether these packets come out of a client's tunnel is not known"
            span = line.words[4] if len(line.words) > 4 else ""
            try:
                pool = asks.address("src", span)
            except ValueError:
                pool = ALWAYS
            self._maybe_either(both(NEW, pool), line, why)

    def _maybe_either(self, asked: Match, line: Line, why: str) -> None:
        self._device.bound("in", asked, Verdict("unknown", detail=why), line.text, line.number, (why,))
        self._device.not_understood(self._where(line), line.text, why)

    def _protected(self, name: str) -> Iterable[Match]:
        """What a list permits, for packets of the other direction."""
        one = self._lists.get(name)
        if one is None:
            return [ALWAYS]
        listed = rules(one, self._objects, swapped=True)
        return [rule.match for rule in listed if rule.verdict is not DROP]


def _networks(interfaces: Iterable[NamedInterface]) -> list[Match]:
    return [asks.network("src", address) for one in interfaces for address in one.addresses]
