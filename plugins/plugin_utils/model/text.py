# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as people write them: addresses, prefixes, ports, protocols, and back."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from .fields import PROTOCOL_NAMES, PROTOCOLS

WIDTH = {4: 32, 6: 128}
_OCTETS = {str(number): number for number in range(256)}
_LENGTHS = {str(number): number for number in range(33)}


def _ipv4_quickly(value: str) -> tuple[int, int, int] | None:
    """A plain IPv4 address or prefix, in a third of the time; None for all else.

    What it does not take, or what is wrong, is left to ``ipaddress`` and its messages.
    """
    address, slash, length = value.partition("/")
    octets = [_OCTETS.get(part, -1) for part in address.split(".")]
    free = 32 - _LENGTHS.get(length, 33) if slash else 0
    if len(octets) != 4 or min(octets) < 0 or free < 0:
        return None
    low = octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3]
    rest = (1 << free) - 1
    return None if low & rest else (4, low, low | rest)


@lru_cache(maxsize=65536)
def address_range(value: str) -> tuple[int, int, int]:
    """``10.0.1.0/24``, ``::1`` or ``10.0.0.1-10.0.0.9`` -> (family, low, high).

    ValueError for host bits beyond the mask, a backward range, or anything that is no address.
    """
    found = _ipv4_quickly(value)
    if found is not None:
        return found
    if "-" in value:
        first, last = (ipaddress.ip_address(part.strip()) for part in value.split("-", 1))
        if first.version != last.version or int(first) > int(last):
            raise ValueError(f"{value!r} is not an ascending range of one family")
        return first.version, int(first), int(last)
    if "/" in value:
        network = ipaddress.ip_network(value)
        return network.version, int(network.network_address), int(network.broadcast_address)
    address = ipaddress.ip_address(value)
    return address.version, int(address), int(address)


def address_text(family: int, value: int) -> str:
    if family == 6:
        return str(ipaddress.IPv6Address(value))
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def prefixes(family: int, low: int, high: int) -> list[str]:
    """The fewest prefixes that make up ``low`` to ``high``; a single address has no ``/32``."""
    width, found = WIDTH[family], []
    while low <= high:
        size = (low & -low).bit_length() - 1 if low else width
        size = min(size, (high - low + 1).bit_length() - 1)
        length = width - size
        found.append(address_text(family, low) + ("" if length == width else f"/{length}"))
        low += 1 << size
    return found


@lru_cache(maxsize=65536)
def number_range(value: str) -> tuple[int, int]:
    """``5432`` or ``1024-65535`` -> (low, high). ValueError if it is not that."""
    low, dash, high = value.partition("-")
    first = int(low, 0)
    last = int(high, 0) if dash else first
    if first < 0 or last < first:
        raise ValueError(f"{value!r} is not an ascending range")
    return first, last


def number_text(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def protocol_number(value: str | int) -> int:
    """A name or a number 0 to 255. ValueError otherwise."""
    name = str(value).lower()
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    if name in ("ipv6-icmp", "icmp6"):
        return PROTOCOLS["icmpv6"]
    if not name.isdecimal() or int(name) > 255:
        raise ValueError(f"{value!r} is neither the name of a protocol nor a number from 0 to 255")
    return int(name)


def protocol_text(number: int) -> str:
    return PROTOCOL_NAMES.get(number, str(number))


def ranges_to_text(field: str, ranges: Iterable[tuple[int, int]], family: int = 0) -> list[str]:
    """How a state, a report or a flow writes the values of a field."""
    if field in ("src", "dst"):
        return [prefix for low, high in ranges for prefix in prefixes(family, low, high)]
    if field == "protocol":
        return [protocol_text(low) if low == high else f"{low}-{high}" for low, high in ranges]
    return [number_text(low, high) for low, high in ranges]


def ranges_from_text(field: str, values: Iterable[str], family: int = 0) -> tuple[tuple[int, int], ...]:
    """The inverse of ``ranges_to_text``. ValueError for a value of another family or a malformed one."""
    found = []
    for value in values:
        if field in ("src", "dst"):
            version, low, high = address_range(value)
            if version != family:
                raise ValueError(f"{value!r} is not of IPv{family}")
            found.append((low, high))
        elif field == "protocol" and not value[:1].isdigit():
            number = protocol_number(value)
            found.append((number, number))
        else:
            found.append(number_range(value))
    return tuple(found)
