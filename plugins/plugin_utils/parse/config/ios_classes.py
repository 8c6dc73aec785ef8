# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes of packets that Cisco IOS inspects: ``class-map type inspect``.

Sources: Cisco IOS Security Command Reference, "class-map type inspect" (``match-all`` where nothing is said), "match
access-group", "match protocol (zone)", "match class-map"; Security Configuration Guide: Zone-Based Policy Firewall
(protocols are told by their ports, ``ip port-map``); IANA's registry for the ports.
"""

from __future__ import annotations

from collections.abc import Callable

from ...model.fields import PROTOCOLS
from ...model.match import Match, Not, Unknown, both, protocol
from . import asks
from .blocks import Line
from .words import NotUnderstoodError, Words

_TCP, _UDP = PROTOCOLS["tcp"], PROTOCOLS["udp"]
# Protocols by name: those of IP, and port numbers by TCP and UDP.
_OF_IP = {
    "tcp": (_TCP,), "udp": (_UDP,), "icmp": (PROTOCOLS["icmp"], PROTOCOLS["icmpv6"]),
    "gre": (47,), "esp": (50,), "ah": (51,), "ospf": (89,),
}  # fmt: skip
_PORTS: dict[str, tuple[tuple[int, int], ...]] = {
    "bgp": ((_TCP, 179),),
    "bootpc": ((_UDP, 68),),
    "bootps": ((_UDP, 67),),
    "dns": ((_TCP, 53), (_UDP, 53)),
    "finger": ((_TCP, 79),),
    "ftp": ((_TCP, 21),),
    "gopher": ((_TCP, 70),),
    "http": ((_TCP, 80),),
    "https": ((_TCP, 443),),
    "imap": ((_TCP, 143),),
    "imaps": ((_TCP, 993),),
    "isakmp": ((_UDP, 500),),
    "kerberos": ((_TCP, 88), (_UDP, 88)),
    "ldap": ((_TCP, 389),),
    "ldaps": ((_TCP, 636),),
    "mysql": ((_TCP, 3306),),
    "nntp": ((_TCP, 119),),
    "ntp": ((_UDP, 123),),
    "pop3": ((_TCP, 110),),
    "pop3s": ((_TCP, 995),),
    "radius": ((_UDP, 1645), (_UDP, 1646), (_UDP, 1812), (_UDP, 1813)),
    "smtp": ((_TCP, 25),),
    "snmp": ((_UDP, 161),),
    "snmptrap": ((_UDP, 162),),
    "ssh": ((_TCP, 22),),
    "syslog": ((_UDP, 514),),
    "telnet": ((_TCP, 23),),
    "tftp": ((_UDP, 69),),
}
_DEEPEST = 8
# What an access list permits, by its name.
Permitted = Callable[[str], Match]


class Classes:
    """``permitted``: of lists. ``mapped``: protocols that ``ip port-map`` gives other ports."""

    def __init__(self, permitted: Permitted) -> None:
        self.mapped: frozenset[str] = frozenset()
        self._permitted = permitted
        self._blocks: dict[str, list[Line]] = {}
        self._any: set[str] = set()
        self._open: list[str] = []
        self._known: dict[str, Match] = {}

    def read(self, block: Line) -> None:
        """``class-map type inspect [match-any|match-all] NAME``; those of single applications are left out."""
        words = block.words[3:]
        how = words[0] if words[0] in ("match-any", "match-all") else ""
        name = words[1:] if how else words
        if len(name) != 1:
            return
        if how == "match-any":
            self._any.add(name[0])
        self._blocks.setdefault(name[0], []).extend(block.children)

    def match(self, name: str) -> Match:
        """What is of this class."""
        if name not in self._known:
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> Match:
        if name not in self._blocks:
            return Unknown(f"class {name}", f"the class {name} is not defined")
        if name in self._open or len(self._open) == _DEEPEST:
            return Unknown(f"class {name}", f"the class {name} contains itself, or too many levels of others")
        self._open.append(name)
        found = [self._line(name, line) for line in self._blocks[name] if line.words[0] != "description"]
        self._open.pop()
        if not found:
            return Unknown(f"class {name}", f"the class {name} asks for nothing")
        return asks.either(found) if name in self._any else both(*found)

    def _line(self, name: str, line: Line) -> Match:
        words = Words(line.words)
        try:
            words.expect("match")
            other = words.take("not")
            found = self._asked(words)
            words.end()
        except NotUnderstoodError as error:
            return Unknown(f"class {name} {line.text}", str(error))
        return Not(found) if other else found

    def _asked(self, words: Words) -> Match:
        what = words.expect("access-group", "protocol", "class-map")
        if what == "class-map":
            return self.match(words.next("the name of a class"))
        if what == "access-group":
            words.take("name")
            return self._permitted(words.next("the name of a list"))
        name = words.next("a protocol")
        if name in _OF_IP:
            return protocol(*_OF_IP[name])
        if name in _PORTS and name not in self.mapped:
            return asks.either(
                both(protocol(number), asks.ports("dst_port", (port, port))) for number, port in _PORTS[name]
            )
        raise NotUnderstoodError(f"which packets are of the protocol {name!r} is not known")
