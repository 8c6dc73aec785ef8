# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ASA objects and entries say of protocols, ports and ICMP messages.

Source: Cisco ASA Series Command Reference, "service (object service)", "service-object", "port-object",
"access-list extended".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ...model.match import ALWAYS, In, Match, Ranges, Unknown, both, merge_ranges, protocol
from . import asa_names as names
from . import asks
from .words import NotUnderstoodError, Words

PORT_WORDS = ("eq", "neq", "lt", "gt", "range")
_LAST = 0xFFFF
_ALL: Ranges = ((0, _LAST),)


@dataclass(frozen=True)
class Service:
    """``protocols``: None for any. ``source``, ``destination``: ranges of ports, None for any. ``icmp``: type, and code
    or None, of the message; None for any."""

    protocols: tuple[int, ...] | None
    source: Ranges | None = None
    destination: Ranges | None = None
    icmp: tuple[int, int | None] | None = None

    def match(self) -> Match:
        asked: list[Match] = [] if self.protocols is None else [protocol(*self.protocols)]
        for name, ranges in (("src_port", self.source), ("dst_port", self.destination)):
            if ranges is not None:
                asked.append(In(name, ranges))
        return both(*asked, icmp_message(self.icmp))


@dataclass
class Services:
    """Any of ``known``, and what is not known to be one."""

    known: list[Service] = field(default_factory=list)
    unknown: dict[Unknown, None] = field(default_factory=dict)

    def match(self) -> Match:
        return asks.either([*(one.match() for one in joined(self.known)), *self.unknown])


def joined(services: Iterable[Service]) -> list[Service]:
    """The same services, those that differ in their destination ports alone as one."""
    found: dict[Service, list[Ranges | None]] = {}
    for one in services:
        found.setdefault(replace(one, destination=None), []).append(one.destination)
    return [
        replace(
            alike,
            destination=None
            if None in listed
            else merge_ranges(span for ranges in listed for span in ranges or ()),
        )
        for alike, listed in found.items()
    ]


def icmp_message(asked: tuple[int, int | None] | None) -> Match:
    if asked is None:
        return ALWAYS
    number, code = asked
    found = In("icmp_type", ((number, number),))
    return found if code is None else both(found, In("icmp_code", ((code, code),)))


def ports(words: Words, protocols: tuple[int, ...]) -> Ranges | None:
    """``eq P``, ``neq P``, ``lt P``, ``gt P`` or ``range P Q``; None, and nothing read, where none of these comes."""
    if words.peek() == "range" and _is_address(words.peek(1)):
        return None  # "show access-list" writes the range of addresses of an object so
    how = words.take(*PORT_WORDS)
    if not how:
        return None

    def one() -> int:
        return words.value("port", lambda word: names.port(protocols, word))

    number = one()
    if how == "range":
        last = one()
        if last < number:
            raise NotUnderstoodError(f"the range of ports {number} to {last} ends before it begins")
        return ((number, last),)
    if how == "eq":
        return ((number, number),)
    below: Ranges = ((0, number - 1),) if number else ()
    above: Ranges = ((number + 1, _LAST),) if number < _LAST else ()
    return {"neq": (*below, *above), "lt": below, "gt": above}[how]


def _is_address(word: str) -> bool:
    return "." in word or ":" in word


def service(words: Words) -> Service:
    """All that is left of ``service …`` and ``service-object …``: a protocol, and what it has of ports or messages.

    Where ports come without ``source`` or ``destination``, they are destination ports."""
    if words.take("tcp-udp"):
        found = _with_ports(words, names.TCP_UDP)
    else:
        number = words.value("protocol", names.protocol)
        if number in names.PORTS:
            found = _with_ports(words, (number,))
        elif number in names.MESSAGES:
            found = Service((number,), icmp=message(words, number))
        else:
            found = Service(None if number is None else (number,))
    words.end()
    return found


def _with_ports(words: Words, protocols: tuple[int, ...]) -> Service:
    source = None
    if words.take("source"):
        source = _expected(words, protocols)
    if words.take("destination"):
        return Service(protocols, source, _expected(words, protocols))
    return Service(protocols, source, ports(words, protocols))


def _expected(words: Words, protocols: tuple[int, ...]) -> Ranges:
    found = ports(words, protocols)
    if found is None:
        raise NotUnderstoodError(f"{', '.join(PORT_WORDS)} is expected before {words.rest()[:60]!r}")
    return found


def message(words: Words, number: int) -> tuple[int, int | None] | None:
    """``[TYPE [CODE]]`` of ICMP messages."""
    try:
        kind = names.message(number, words.peek())
    except ValueError:
        return None
    words.next()
    code = names.whole(words.peek(), 255)
    if code is not None:
        words.next()
    return kind, code
