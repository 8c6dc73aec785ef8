# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of what entries of access lists ask for, for the ``Dialect`` of a platform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...model import fields, text
from ...model.match import Match, Unknown, both
from . import asks, cisco_names
from .cisco_rule import Entry, Option
from .words import NotUnderstoodError, Words

# Names of protocols: those of the platforms, and those of IANA that generators of lists write.
PROTOCOLS: Mapping[str, int] = {**fields.PROTOCOLS, **cisco_names.PROTOCOLS, "hbh": 0, "hopopt": 0}
PROTOCOLS6: Mapping[str, int] = {**PROTOCOLS, "icmp": fields.PROTOCOLS["icmpv6"]}
_OPERATORS = ("eq", "neq", "lt", "gt")


def untold(name: str, values: int = 1) -> Option:
    """``name`` and its values, perhaps behind an operator: something that a flow does not tell."""

    def read(words: Words, _entry: Entry) -> Match:
        said = [name]
        wanted = values
        if operator := words.take(*_OPERATORS, "range"):
            said.append(operator)
            wanted = 2 if operator == "range" else 1
        said += [words.next(f"the value of {name}") for _count in range(wanted)]
        shown = " ".join(said)
        return Unknown(shown, f"{shown}: a flow does not tell it")

    return read


def untold_of(protocol: int, names: Iterable[str], what: str) -> Mapping[str, Option]:
    """Words of one protocol that a flow does not tell, such as the types of IGMP messages."""

    def one(name: str) -> Option:
        def read(_words: Words, entry: Entry) -> Match:
            if entry.protocol != protocol:
                raise NotUnderstoodError(f"{name!r} is not understood")
            return Unknown(f"{what} {name}", f"{what} {name}: a flow does not tell it")

        return read

    return {name: one(name) for name in names}


def flag(name: str) -> Option:
    """A TCP flag, and those behind it. What several ask for is in no document of the vendor's: packets with all of
    them surely match, and those with none surely don't. ``tcp-flags-mask``, on NX-OS, says which don't count."""

    def read(words: Words, entry: Entry) -> Match:
        if entry.protocol != 6:
            raise NotUnderstoodError(f"{name!r} is not understood")
        bits = [cisco_names.TCP_FLAGS[name]]
        while words.peek() in cisco_names.TCP_FLAGS:
            bits.append(cisco_names.TCP_FLAGS[words.next()])
        value = sum(set(bits))
        if words.take("tcp-flags-mask"):
            counts = ~words.value("mask of flags", _six_bits) & 0x3F
            return asks.flags(counts, value & counts)
        every = asks.flags(value, value)
        if len(bits) == 1:
            return every
        either = Unknown(f"any of tcp flags {value}", "whether several flags mean all of them, or any")
        some = asks.either(asks.flags(bit, bit) for bit in bits)
        return both(some, asks.either((every, either)))

    return read


def _six_bits(word: str) -> int:
    if not word.isdecimal() or len(word) > 2 or int(word) > 0x3F:
        raise ValueError(word)
    return int(word)


FLAGS: Mapping[str, Option] = {name: flag(name) for name in cisco_names.TCP_FLAGS}


def of_family(family: int, read: Callable[[str], Match]) -> Callable[[str], Match]:
    """``read``, with a ValueError for addresses of the other family."""

    def checked(word: str) -> Match:
        if text.address_range(word.partition("/")[0])[0] != family:
            raise ValueError(word)
        return read(word)

    return checked


def ports(words: Words, field: str, *names: Mapping[str, int]) -> Match:
    """A member of a group of ports: ``eq``, ``neq``, ``lt``, ``gt`` or ``range``, of either protocol. ``names``: of the
    ports of each protocol."""

    def read(word: str) -> int:
        return _port(word, names)

    how = words.expect("eq", "neq", "lt", "gt", "range")
    low = words.value("port", read)
    if how == "range":
        high = words.value("port", read)
        return asks.ports(field, (min(low, high), max(low, high)))
    if how == "neq":
        return asks.other_ports(field, (low, low))
    if how == "eq":
        return asks.ports(field, (low, low))
    if how == "lt":
        return asks.ports(field, *(((0, low - 1),) if low else ()))
    return asks.ports(field, *(((low + 1, 0xFFFF),) if low < 0xFFFF else ()))


def _port(word: str, names: Iterable[Mapping[str, int]]) -> int:
    """A number, or a name that does not mean two things; else ValueError."""
    if word.isdecimal():
        if len(word) > 5 or int(word) > 0xFFFF:
            raise ValueError(word)
        return int(word)
    numbers = {known[word] for known in names if word in known}
    if len(numbers) != 1:
        raise ValueError(word)
    return numbers.pop()
