# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of an access list in the grammar that Cisco IOS, IOS XR, NX-OS and Arista EOS share.

``permit|deny PROTOCOL SOURCE [PORTS] DESTINATION [PORTS] [OPTIONS]``. What differs between platforms, in names,
addresses and options, is in their ``Dialect``. Words that the entry has beyond what is modelled narrow it in a way
that is not known: it may match any part of what the rest of it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...model.fields import PROTOCOLS_WITH_PORTS
from ...model.match import ALWAYS, BEYOND, Match, Not, Range, Unknown, both, protocol
from ...model.rules import ACCEPT, DROP, REJECT, Rule, Verdict
from . import asks, cisco_names
from .device import unknown_rule
from .words import NotUnderstoodError, Words

# Routers answer what a list refuses by ICMP (RFC 1812, 5.2.7.1), unless they are told not to; switches are silent.
ANSWERING: dict[str, Verdict] = {"permit": ACCEPT, "deny": REJECT}
SILENT: dict[str, Verdict] = {"permit": ACCEPT, "deny": DROP}
_LAST = 0xFFFF
PORT_WORDS = ("eq", "neq", "lt", "gt", "range")
# Options that say what else happens to packets, and nothing about which.
_NO_MATTER = frozenset(("log", "log-input", "logging", "counters", "capture", "count"))
# Options with one value, of things that a flow does not tell.
_NOT_TOLD = ("dscp", "precedence", "tos", "time-range", "option", "flow-label")


@dataclass(frozen=True)
class Entry:
    """What an option can know of its entry: the protocol's number, None for any."""

    protocol: int | None
    family: int


Reader = Callable[[Words, str], Match]
Option = Callable[[Words, Entry], Match]


@dataclass(frozen=True)
class Dialect:
    """``address``: reads a source or destination (``src``, ``dst``) from the words. ``any_protocol``: words for all
    protocols. ``port_group``, ``service``: read what may stand instead of ports, and of a protocol; they give None
    where there is no such thing.
    ``options``: by their first word. ``actions``: what the platform does with packets that a rule refuses."""

    family: int
    address: Reader
    any_protocol: tuple[str, ...] = ("ip",)
    protocols: Mapping[str, int] = field(default_factory=lambda: cisco_names.PROTOCOLS)
    tcp_ports: Mapping[str, int] = field(default_factory=lambda: cisco_names.TCP_PORTS)
    udp_ports: Mapping[str, int] = field(default_factory=lambda: cisco_names.UDP_PORTS)
    port_group: Callable[[Words, str], Match | None] = lambda _words, _field: None
    service: Callable[[Words], Match | None] = lambda _words: None
    options: Mapping[str, Option] = field(default_factory=dict)
    actions: Mapping[str, Verdict] = field(default_factory=lambda: SILENT)

    def port(self, number: int | None, word: str) -> int:
        """A port's number or name; ValueError for what is neither."""
        if word.isdecimal():
            if int(word) > _LAST:
                raise ValueError(word)
            return int(word)
        names = {6: (self.tcp_ports,), 17: (self.udp_ports,)}.get(
            number or 0, (self.tcp_ports, self.udp_ports)
        )
        for known in names:
            if word in known:
                return known[word]
        raise ValueError(word)


def rule(dialect: Dialect, words: Words, position: int, text: str, line: int | None = None) -> Rule:
    """The rule of an entry; what can't be read makes it unknown, with the words that were not understood."""
    try:
        action = words.value("action", lambda word: dialect.actions[word])
        service = dialect.service(words)
        number = None if service is not None else protocol_of(dialect, words)
    except NotUnderstoodError as error:
        return unknown_rule(position, text, str(error), line)
    asked: list[Match] = [service] if service is not None else [] if number is None else [protocol(number)]
    try:
        for end in ("src", "dst"):
            asked.append(dialect.address(words, end))
            asked.append(ports_of(dialect, words, f"{end}_port", number))
        asked.append(_options(dialect, words, Entry(number, dialect.family)))
        words.end()
    except NotUnderstoodError as error:
        why = str(error)
        asked.append(Unknown(text, why))
        return Rule(position, both(*asked), action, text, line=line, not_understood=(why,))
    return Rule(position, both(*asked), action, text, line=line)


def protocol_of(dialect: Dialect, words: Words) -> int | None:
    """The number of the protocol that comes next; None for any."""
    if words.take(*dialect.any_protocol):
        return None

    def read(word: str) -> int:
        number = int(word) if word.isdecimal() else dialect.protocols[word]
        if number > 255:
            raise ValueError(word)
        return number

    return words.value("protocol", read)


def ports_of(dialect: Dialect, words: Words, name: str, number: int | None) -> Match:
    """What comes next of ports, for ``src_port`` or ``dst_port``; ``ALWAYS`` for nothing."""
    group = dialect.port_group(words, name)
    if group is not None:
        return group
    how = words.peek()
    if how not in PORT_WORDS or number not in PROTOCOLS_WITH_PORTS:
        return ALWAYS
    words.next()

    def one() -> int:
        return words.value("port", lambda word: dialect.port(number, word))

    if how == "range":
        low, high = one(), one()
        return asks.ports(name, (min(low, high), max(low, high)))
    if how in ("lt", "gt"):
        end = one()
        below: tuple[Range, ...] = ((0, end - 1),) if end else ()
        above: tuple[Range, ...] = ((end + 1, _LAST),) if end < _LAST else ()
        return asks.ports(name, *(below if how == "lt" else above))
    several = [one()]
    while words.more() and _is_port(dialect, number, words.peek()):
        several.append(one())
    listed = asks.ports(name, *((port, port) for port in several))
    return listed if how == "eq" else Not(listed)


def _is_port(dialect: Dialect, number: int | None, word: str) -> bool:
    try:
        dialect.port(number, word)
    except ValueError:
        return False
    return True


def _options(dialect: Dialect, words: Words, entry: Entry) -> Match:
    asked: list[Match] = []
    flags: list[Match] = []
    if entry.protocol in (1, 58):
        asked.append(message_of(words, entry))
    while words.more():
        word = words.peek()
        if word in dialect.options:
            words.next()
            asked.append(dialect.options[word](words, entry))
        elif word in _NO_MATTER:
            words.next()
        elif word in _NOT_TOLD:
            words.next()
            said = f"{word} {words.next(f'the value of {word}')}"
            asked.append(Unknown(said, f"{said}: a flow does not tell it"))
        elif word == "fragments":
            words.next()
            asked.append(BEYOND)  # fragments but the first: no packet that opens a connection is one
        elif entry.protocol == 6 and word == "established":
            words.next()
            asked.append(asks.established())
        elif entry.protocol == 6 and word in cisco_names.TCP_FLAGS:
            bit = cisco_names.TCP_FLAGS[words.next()]
            flags.append(asks.flags(bit, bit))
        elif entry.protocol == 6 and word in ("match-any", "match-all"):
            asked.append(_signed_flags(words))
        else:
            break
    return both(*asked, *([asks.either(flags)] if flags else []))


def _signed_flags(words: Words) -> Match:
    """``match-any +syn -ack``: flags that are set, or not ("ACL TCP Flags Filtering")."""
    how, listed = words.next(), []
    while words.peek()[:1] in ("+", "-") and words.peek()[1:] in cisco_names.TCP_FLAGS:
        word = words.next()
        bit = cisco_names.TCP_FLAGS[word[1:]]
        listed.append(asks.flags(bit, bit if word[0] == "+" else 0))
    if not listed:
        raise NotUnderstoodError(f"flags are missing after {how}")
    return asks.either(listed) if how == "match-any" else both(*listed)


def message_of(words: Words, entry: Entry) -> Match:
    """The ICMP message that comes next, by name or numbers; ``ALWAYS`` for nothing."""
    names = cisco_names.ICMP if entry.family == 4 else cisco_names.ICMPV6
    word = words.peek()
    if word in names:
        words.next()
        number, code = names[word]
        return asks.icmp(number, code, entry.family)
    if _is_byte(word):
        words.next()
        code = int(words.next()) if _is_byte(words.peek()) else None
        return asks.icmp(int(word), code, entry.family)
    return ALWAYS


def _is_byte(word: str) -> bool:
    return word.isdecimal() and len(word) < 4 and int(word) < 256
