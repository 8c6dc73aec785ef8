# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules of devices ask for, as matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...model import text
from ...model.fields import PROTOCOLS
from ...model.match import (
    ALWAYS,
    NEVER,
    Always,
    Either,
    In,
    Masked,
    Match,
    Named,
    Not,
    Range,
    both,
    merge_ranges,
    protocol,
)

IPV4, IPV6 = Named("family", ("ipv4",)), Named("family", ("ipv6",))
FAMILY = {4: IPV4, 6: IPV6}
_ACK, _RST = 0x10, 0x04


def either(matches: Iterable[Match]) -> Match:
    """Any of these; ``NEVER`` for none, as an empty group has no member."""
    asked = tuple(dict.fromkeys(matches))
    if any(isinstance(match, Always) for match in asked):
        return ALWAYS
    return NEVER if not asked else asked[0] if len(asked) == 1 else Either(_joined(asked))


def _joined(matches: Sequence[Match]) -> tuple[Match, ...]:
    """Ranges of the same field become one match."""
    ranges: dict[tuple[str, int], list[Range]] = {}
    others: list[Match] = []
    for match in matches:
        if isinstance(match, In):
            ranges.setdefault((match.field, match.family), []).extend(match.ranges)
        else:
            others.append(match)
    joined = [In(field, merge_ranges(found), family) for (field, family), found in ranges.items()]
    return (*joined, *others)


def address(field: str, value: str) -> In:
    """An address, prefix or ``a-b`` range. ValueError for host bits beyond the mask, and for what is none."""
    family, low, high = text.address_range(value)
    return In(field, ((low, high),), family)


def network(field: str, value: str) -> In:
    """A prefix whose host bits the device ignores. ValueError for what is none."""
    head, slash, length = value.partition("/")
    family, low, _high = text.address_range(head)
    width = text.WIDTH[family]
    if slash and not length.isdecimal():
        raise ValueError(f"{value!r} is no prefix")
    free = width - int(length) if slash else 0
    if not 0 <= free <= width:
        raise ValueError(f"{value!r} is no prefix")
    low = low >> free << free
    return In(field, ((low, low | ((1 << free) - 1)),), family)


def wildcard(field: str, value: str, free: str) -> In | Masked:
    """An IPv4 address and a wildcard mask, whose ones are bits that may be anything, contiguous or not."""
    return _masked(field, value, ~_ipv4(free) & 0xFFFFFFFF)


def netmask(field: str, value: str, mask: str) -> In | Masked:
    """An IPv4 address and a mask whose ones are bits that count, contiguous or not."""
    return _masked(field, value, _ipv4(mask))


def _masked(field: str, value: str, mask: int) -> In | Masked:
    number, free = _ipv4(value) & mask, ~mask & 0xFFFFFFFF
    if free & (free + 1) == 0:
        return In(field, ((number, number | free),), 4)
    return Masked(field, number, mask, 4)


def _ipv4(value: str) -> int:
    family, low, high = text.address_range(value)
    if family != 4 or low != high:
        raise ValueError(f"{value!r} is no IPv4 address")
    return low


TCP, UDP = protocol(PROTOCOLS["tcp"]), protocol(PROTOCOLS["udp"])
ICMP, ICMPV6 = protocol(PROTOCOLS["icmp"]), protocol(PROTOCOLS["icmpv6"])


def ports(field: str, *ranges: Range) -> Match:
    """Ports of any protocol: the protocol is asked for beside it."""
    return In(field, merge_ranges(ranges))


def other_ports(field: str, *ranges: Range) -> Match:
    return Not(ports(field, *ranges))


def flags(mask: int, value: int) -> Match:
    """TCP flags under a mask, in the bits of RFC 9293."""
    return Masked("tcp_flags", value, mask)


def established() -> Match:
    """TCP packets with ACK or RST: no connection begins with them (Cisco, "established"; Junos, "tcp-established")."""
    return Either((flags(_ACK, _ACK), flags(_RST, _RST)))


def icmp(number: int, code: int | None = None, family: int = 4) -> Match:
    asked = In("icmp_type", ((number, number),))
    found = asked if code is None else both(asked, In("icmp_code", ((code, code),)))
    return both(ICMP if family == 4 else ICMPV6, found)
