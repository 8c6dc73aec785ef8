# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object groups of Cisco IOS: addresses, services, and the ports and addresses of the Catalyst 6500's.

Sources: Cisco IOS Security Configuration Guide, "Object Groups for ACLs" (members; a group in use can't be removed
or emptied), Security Command Reference, "object-group (Catalyst 6500 series switches)". ``object-group protocol``
is in no document of IOS; it is read as on ASA, and what a second definition adds is unknown. Other groups that are
entered again get further members.
"""

from __future__ import annotations

from ...model.fields import PROTOCOLS
from ...model.match import ALWAYS, In, Match, Unknown, both, protocol
from . import asks, cisco_names, cisco_rule
from .blocks import Line
from .cisco_rule import Dialect
from .groups import Groups
from .words import NotUnderstoodError, Words

ADDRESSES = {4: "network", 6: "v6-network"}
_AGAIN = "\n"  # no word of a text
_SERVICES = ("service", "v6-service", "protocol")
_FAMILY = {"network": 4, "v6-network": 6, "service": 4, "v6-service": 6}
# How the Catalyst 6500 and IOS XR call them; generators (capirca, aerleon) write the latter for IOS as well.
_KINDS = {
    "ip address": "network",
    "ipv6 address": "v6-network",
    "ip port": "port",
    "network ipv4": "network",
    "network ipv6": "v6-network",
}
_TCP_UDP = protocol(PROTOCOLS["tcp"], PROTOCOLS["udp"])
# Protocols that have names in IPv6 lists alone, or other numbers there.
PROTOCOLS6 = {**cisco_names.PROTOCOLS, "icmp": PROTOCOLS["icmpv6"], "hbh": 0}


def _nowhere(_words: Words, _end: str) -> Match:
    return ALWAYS


_DIALECTS = {4: Dialect(4, _nowhere), 6: Dialect(6, _nowhere, ("ipv6",), PROTOCOLS6)}
_NAMES = {**cisco_names.UDP_PORTS, **cisco_names.TCP_PORTS}
_BOTH = Dialect(4, _nowhere, tcp_ports=_NAMES)  # for ``tcp-udp``


class ObjectGroups:
    """The groups of one configuration."""

    def __init__(self) -> None:
        self._groups = Groups(self._member)
        self._kinds: dict[str, str] = {}

    def read(self, block: Line) -> bool:
        """Lines that begin with ``object-group``. Whether it is a kind of groups that is modelled."""
        kind, name = self._kind(block.words[1:])
        if not name:
            return False
        again = [_AGAIN] if kind == "protocol" and name in self._kinds else []
        self._kinds[name] = kind
        entries = self._groups.define(kind, name)
        for line in block.children:
            if line.words[0] == "no":
                entries.add(line)
            else:  # members have no numbers, and protocols may be numbers
                entries.add(Line(line.number, line.text, [], [str(line.number), *again, *line.words]))
        return kind in ("port", *_SERVICES, *ADDRESSES.values())

    def remove(self, words: list[str]) -> None:
        """``words``: behind ``no object-group``."""
        kind, name = self._kind(words)
        self._kinds.pop(name, None)
        self._groups.remove(kind, name)

    @staticmethod
    def _kind(words: list[str]) -> tuple[str, str]:
        if len(words) == 3:
            said = " ".join(words[:2])
            return _KINDS.get(said, said), words[2]
        return (words[0], words[1]) if len(words) == 2 else ("", "")

    def addresses(self, family: int, name: str, end: str) -> Match:
        return self._in(ADDRESSES[family], name, end)

    def ports(self, name: str, end: str) -> Match:
        return self._in("port", name, end)

    def service(self, name: str) -> Match:
        """The protocols, ports and messages of a group that stands in a protocol's place."""
        kind = self._kinds.get(name, "")
        return self._in(kind if kind in _SERVICES else "service", name, "")

    def _in(self, kind: str, name: str, end: str) -> Match:
        """A group that is not known may match anything; what else an entry asks for is known nevertheless."""
        try:
            return self._groups.match(kind, name, end)
        except NotUnderstoodError as error:
            return Unknown(f"object-group {kind} {name} {end}", str(error))

    def _member(self, groups: Groups, kind: str, words: Words, end: str) -> Match:
        if words.take(_AGAIN):
            why = "what a second definition of a group of protocols does, no document says"
            return both(
                self._member(groups, kind, words, end), Unknown("a second object-group protocol", why)
            )
        if words.take("group-object"):
            return groups.match(kind, words.next("a name"), end)
        if kind in ADDRESSES.values():
            return _address(_FAMILY[kind], words, end)
        if kind == "port":
            return _ports(words, _BOTH, end, PROTOCOLS["tcp"])
        if kind == "protocol":
            words.expect("protocol-object")
            number = _protocol(words, 4)
            return ALWAYS if number is None else protocol(number)
        return _service(words, _FAMILY[kind])


def _address(family: int, words: Words, end: str) -> Match:
    """``host A``, ``A MASK``, ``A /LENGTH``, ``range A B``, ``any``."""
    if words.take("any"):
        return ALWAYS
    if words.take("range"):
        return words.value("range", lambda first: asks.address(end, f"{first}-{words.next('an address')}"))
    if words.take("host"):
        return words.value("address", lambda word: asks.address(end, word))
    if words.peek(1).startswith("/"):
        return words.value("prefix", lambda word: asks.network(end, word + words.next()))
    if family == 6 or "/" in words.peek():
        return words.value("prefix", lambda word: asks.network(end, word))
    return words.value("address with a mask", lambda word: _masked(end, word, words.next("a mask")))


def _masked(end: str, address: str, mask: str) -> Match:
    found = asks.netmask(end, address, mask)
    if not isinstance(found, In):  # such as a wildcard, of which no document tells what a group makes
        raise ValueError(mask)
    return found


def _protocol(words: Words, family: int) -> int | None:
    return cisco_rule.protocol_of(_DIALECTS[family], words)


def _service(words: Words, family: int) -> Match:
    """``PROTOCOL``, ``tcp|udp|tcp-udp [source PORTS] [PORTS]``, ``icmp [MESSAGE]``. ``eq`` may be left out."""
    if words.take("tcp-udp"):
        return both(_TCP_UDP, _ends(words, _BOTH, PROTOCOLS["tcp"]))
    number = _protocol(words, family)
    if number is None:
        return ALWAYS
    if number in (PROTOCOLS["tcp"], PROTOCOLS["udp"]):
        return both(protocol(number), _ends(words, _DIALECTS[family], number))
    if number in (PROTOCOLS["icmp"], PROTOCOLS["icmpv6"]):
        return both(protocol(number), cisco_rule.message_of(words, cisco_rule.Entry(number, family)))
    return protocol(number)


def _ends(words: Words, dialect: Dialect, number: int) -> Match:
    source = _ports(words, dialect, "src_port", number) if words.take("source") else ALWAYS
    return both(source, _ports(words, dialect, "dst_port", number))


def _ports(words: Words, dialect: Dialect, end: str, number: int) -> Match:
    if not words.more() or words.peek() in ("source", *cisco_rule.PORT_WORDS):
        return cisco_rule.ports_of(dialect, words, end, number)
    port = words.value("port", lambda word: dialect.port(number, word))
    return asks.ports(end, (port, port))
