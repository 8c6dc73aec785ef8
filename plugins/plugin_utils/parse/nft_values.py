# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values on the right side of an nft match -> inclusive ranges of integers, or names.

The forms are those of libnftables-json(5): a string or number, ``{"prefix": {"addr", "len"}}``,
``{"range": [low, high]}``, ``{"set": [...]}``, ``{"elem": {"val": ...}}``, ``{"|": [...]}`` and, for bits,
a list of names.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from ..model.fields import TCP_FLAGS
from ..model.match import Range
from ..model.shape import is_whole
from . import names

Json = Any
# linux/netfilter/nf_conntrack_common.h: NF_CT_STATE_BIT and its neighbours.
STATE_BITS = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}
_FLAG = {name: 1 << at for at, name in enumerate(TCP_FLAGS)} | {"ecn": 1 << 6}
_ICMP = {name: kind for name, (kind, code) in names.ICMP.items() if code is None}
_ICMPV6 = {name: kind for name, (kind, code) in names.ICMPV6.items() if code is None}


class NotModelled(Exception):
    """A value or expression that this reader does not know; the text says which."""


def address4(value: Json) -> int:
    return int.from_bytes(socket.inet_pton(socket.AF_INET, value), "big")


def address6(value: Json) -> int:
    return int.from_bytes(socket.inet_pton(socket.AF_INET6, value), "big")


def _number(maximum: int, words: dict[str, int] | None = None) -> Callable[[Json], int]:
    known = words or {}

    def read(value: Json) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, str):
            found = known.get(value)
            number = int(value, 0) if found is None else found
        else:
            raise NotModelled(f"value {value!r}")
        if not 0 <= number <= maximum:
            raise NotModelled(f"value {value!r}")
        return number

    return read


def _port(value: Json) -> int:
    if isinstance(value, str) and not value.isdigit():
        return socket.getservbyname(value)
    return _PORT(value)


_PORT = _number(65535)
SCALARS: dict[str, Callable[[Json], int]] = {
    "address4": address4,
    "address6": address6,
    "port": _port,
    "protocol": names.protocol_number,
    "icmp_type": _number(255, _ICMP),
    "icmpv6_type": _number(255, _ICMPV6),
    "icmp_code": _number(255, names.ICMP_CODES),
    "icmpv6_code": _number(255, names.ICMPV6_CODES),
    "tcp_flags": _number(255, _FLAG),
    "mark": _number((1 << 32) - 1),
    "state": _number(127, STATE_BITS),
}
WIDTHS = {
    "address4": 32,
    "address6": 128,
    "port": 16,
    "protocol": 8,
    "icmp_type": 8,
    "icmpv6_type": 8,
    "icmp_code": 8,
    "icmpv6_code": 8,
    "tcp_flags": 8,
    "mark": 32,
    "state": 7,
}


def scalar(kind: str, value: Json) -> int:
    """One value. NotModelled if it is not of this kind."""
    try:
        if isinstance(value, list):
            return bits(kind, value)
        if isinstance(value, dict):
            if len(value) != 1:
                raise NotModelled(f"value {value!r}")
            if "|" in value:
                return bits(kind, value["|"])
            if "elem" in value:
                return scalar(kind, value["elem"]["val"])
            raise NotModelled(f"value {value!r}")
        return SCALARS[kind](value)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise NotModelled(f"value {value!r}") from error


def bits(kind: str, values: list[Json]) -> int:
    found = 0
    for value in values:
        found |= scalar(kind, value)
    return found


def prefix(kind: str, value: Json) -> Range | None:
    """The values of a prefix; None where nft writes a mask and a value with bits outside of it as one
    (``meta mark & 0xffffff00 == 1``): the kernel compares what is left under the mask, so nothing equals it."""
    width, length = WIDTHS[kind], value["len"]
    if len(value) != 2 or not is_whole(length) or not 0 <= length <= width:
        raise NotModelled(f"prefix {value!r}")
    host = (1 << (width - length)) - 1
    low = scalar(kind, value["addr"])
    return (low, low | host) if not low & host else None


def ranges(kind: str, value: Json) -> list[Range]:
    """All values that the right side stands for, in its order, unmerged. NotModelled for other forms."""
    if isinstance(value, (str, int)) and value != "*":
        number = scalar(kind, value)
        return [(number, number)]
    if isinstance(value, dict) and len(value) == 1:
        if "prefix" in value:
            found = prefix(kind, value["prefix"])
            return [found] if found is not None else []
        if "range" in value:
            low, high = (scalar(kind, end) for end in value["range"])
            if low > high:
                raise NotModelled(f"range {value['range']!r}")
            return [(low, high)]
        if "set" in value and isinstance(value["set"], list):
            return [part for item in value["set"] for part in ranges(kind, item)]
        if "elem" in value:
            return ranges(kind, value["elem"]["val"])
    if value == "*":
        return [(0, (1 << WIDTHS[kind]) - 1)]
    number = scalar(kind, value)
    return [(number, number)]


def words(value: Json) -> list[str]:
    """Names on the right side: interface names, states, families. NotModelled for other forms."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [word for item in value for word in words(item)]
    if isinstance(value, dict) and len(value) == 1:
        if isinstance(value.get("set"), list):
            return words(value["set"])
        if "elem" in value:
            return words(value["elem"]["val"])
    raise NotModelled(f"value {value!r}")
