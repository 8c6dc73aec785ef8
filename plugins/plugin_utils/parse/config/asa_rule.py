# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of an access list of Cisco ASA.

Source: Cisco ASA Series Command Reference, "access-list extended", "access-list standard", "ipv6 access-list" (before
9.0). ``permit|deny PROTOCOL [USER] [TAG] SOURCE [PORTS] [TAG] DESTINATION [PORTS|MESSAGE] [log …] [time-range …]
[inactive]``; an object or group of services may stand instead of the protocol, and a group of ports or of ICMP
messages instead of these. Masks are netmasks. What the entry has beyond what is modelled narrows it in a way that is
not known: it may match any part of what the rest of it says.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...model.match import ALWAYS, NEVER, In, Match, Unknown, both, protocol
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from . import asa_names as names
from . import asks
from .asa_objects import ICMP_TYPE, NETWORK, NOT_TOLD, PROTOCOL, SERVICE, Objects
from .asa_service import icmp_message, message, ports
from .device import unknown_rule
from .words import NotUnderstoodError, Words

ACTIONS: dict[str, Verdict] = {"permit": ACCEPT, "deny": DROP}
_USERS = ("user", "user-group", "object-group-user")
_TAGS = ("security-group", "object-group-security")
_NOT_TOLD = "a flow does not tell it"


@dataclass(frozen=True)
class Meant:
    """What an entry says of a packet: ``asked``, and the words of it that are not understood."""

    asked: Match
    not_understood: str = ""


class Reader:
    """Reads entries. ``family``: what ``any`` stands for: 4 or 6, None for both (since 9.0). ``swapped``: the entry is
    asked about packets of the other direction."""

    def __init__(self, objects: Objects, family: int | None = None, *, swapped: bool = False) -> None:
        self._objects = objects
        self._any = () if family is None else (asks.FAMILY[family],)
        self._ends = ("dst", "src") if swapped else ("src", "dst")

    def rule(self, words: Words, position: int, text: str, line: int | None) -> Rule:
        """The rule of ``permit …`` or ``deny …``; what can't be read makes it unknown."""
        try:
            action = words.value("action", lambda word: ACTIONS[word])
            meant = self._extended(words, text)
        except NotUnderstoodError as error:
            return unknown_rule(position, text, str(error), line)
        why = (meant.not_understood,) if meant.not_understood else ()
        return Rule(position, meant.asked, action, text, line=line, not_understood=why)

    def standard(self, words: Words, position: int, text: str, line: int | None) -> Rule:
        """``permit|deny any4|host A|A MASK``: of destinations ("Standard ACLs identify traffic by destination address
        only", Cisco ASA Series Firewall CLI Configuration Guide, "Access Control Lists")."""
        try:
            action = words.value("action", lambda word: ACTIONS[word])
            alone = words.peek() not in ("any", "any4", "host") and not words.peek(1)
            if alone:  # before 9.0, an address without a mask is a host's
                words = Words(["host", words.next("an address")])
            asked = self._objects.address(words, self._ends[1])
            words.end()
        except NotUnderstoodError as error:
            return unknown_rule(position, text, str(error), line)
        return Rule(position, both(asks.IPV4, asked), action, text, line=line)

    def _extended(self, words: Words, text: str) -> Meant:
        protocols, service = self._protocol(words)
        asked: list[Match] = [*self._any, service]
        try:
            asked.append(self._who(words, text))
            for end in self._ends:
                asked.append(self._objects.address(words, end))
                asked.append(self._ports(words, end, protocols))
                if end == self._ends[0]:
                    asked.append(self._tag(words))
            asked.append(self._message(words, protocols))
            asked.append(self._options(words))
            words.end()
        except NotUnderstoodError as error:
            return Meant(both(*asked, Unknown(text, str(error))), str(error))
        return Meant(NEVER if NEVER in asked else both(*asked))

    def _protocol(self, words: Words) -> tuple[tuple[int, ...], Match]:
        """The protocols whose ports or messages may follow, and the match of the word."""
        how = words.take("object", "object-group")
        if how:
            name = words.next("a name")
            of_protocols = how == "object-group" and self._objects.kind(name) == PROTOCOL
            return (self._objects.protocols(name) if of_protocols else ()), self._services(how, name)
        if words.take("tcp-udp"):
            return names.TCP_UDP, protocol(*names.TCP_UDP)
        number = words.value("protocol", names.protocol)
        return (() if number is None else (number,)), (ALWAYS if number is None else protocol(number))

    def _services(self, how: str, name: str) -> Match:
        kind = self._objects.kind(name) if how == "object-group" else SERVICE
        if kind not in (SERVICE, PROTOCOL):
            why = f"object-group {name} holds no services" if kind else f"there is no object-group {name}"
            raise NotUnderstoodError(why)
        if self._ends[0] == "dst":  # of the other direction, more is not asked
            return ALWAYS
        return self._objects.services(how, name)

    def _who(self, words: Words, text: str) -> Match:
        """Whose packets: users, groups of them, and the tags of TrustSec."""
        asked: list[Match] = []
        how = words.take(*_USERS)
        if how:
            name = words.next("a user")
            if not (how == "user" and name == "any"):
                asked.append(Unknown(f"{how} {name}", f"{how} {name}: {_NOT_TOLD}"))
        return both(*asked, self._tag(words))

    def _tag(self, words: Words) -> Match:
        how = words.take(*_TAGS)
        if not how:
            return ALWAYS
        said = [how, words.next("a security group")]
        if how == "security-group":
            if said[1] == "any":
                return ALWAYS
            said.append(words.next("a security group"))
        told = " ".join(said)
        return Unknown(f"{told} before {len(words.rest().split())}", f"{told}: {_NOT_TOLD}")

    def _ports(self, words: Words, end: str, protocols: tuple[int, ...]) -> Match:
        if not protocols or any(number not in names.PORTS for number in protocols):
            return ALWAYS
        found = ports(words, protocols)
        if found is not None:
            return In(f"{end}_port", found)
        if words.peek() != "object-group":
            return ALWAYS
        kind = self._objects.kind(words.peek(1))
        # After the source, a group may be of its ports or the destination.
        if kind == NETWORK or kind in NOT_TOLD or (not kind and end == self._ends[0]):
            return ALWAYS
        words.next()
        return self._objects.ports(words.next("a name"), end, protocols)

    def _message(self, words: Words, protocols: tuple[int, ...]) -> Match:
        if len(protocols) != 1 or protocols[0] not in names.MESSAGES:
            return ALWAYS
        if words.peek() == "object-group" and self._objects.kind(words.peek(1)) == ICMP_TYPE:
            words.next()
            return self._objects.messages(words.next("a name"), protocols[0])
        return icmp_message(message(words, protocols[0]))

    def _options(self, words: Words) -> Match:
        asked: list[Match] = [self._tag(words)]
        while words.more():
            if words.take("log"):
                words.take(*names.LOG_LEVELS)
            elif words.take("interval"):
                words.value("number of seconds", int)
            elif words.take("inactive"):
                asked = [NEVER]
            elif words.take("time-range"):
                said = f"time-range {words.next('the name of a time range')}"
                asked.append(Unknown(said, f"{said}: {_NOT_TOLD}"))
            else:
                break
        return NEVER if NEVER in asked else both(*asked)
