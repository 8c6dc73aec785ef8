# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the small parts of a state's document must look like, by key (schemas/state.schema.json).

A state may come from a file that somebody changed; what analyses take for granted is checked when it is read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from . import text

Check = Callable[[Any], bool]


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_whole(value: Any) -> bool:
    return is_a(value, int)


def is_a(value: Any, wanted: type) -> bool:
    """Of this type or one below it; a truth value is no number."""
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def _parsed(read: Callable[[str], object]) -> Check:
    def check(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        try:
            read(value)
        except ValueError:
            return False
        return True

    return check


_is_interface_address = _parsed(ipaddress.ip_interface)
_is_range = _parsed(text.address_range)
_is_address = _parsed(ipaddress.ip_address)


def _or_empty(check: Check) -> Check:
    return lambda value: value == "" or check(value)


def _is_family(value: Any) -> bool:
    return is_whole(value) and value in text.WIDTH


def _is_selector(value: Any) -> bool:
    return value in ("", "all", "default", "any") or _is_range(value)


def _mark(value: str) -> None:
    for part in value.split("/", 1):
        if not 0 <= int(part, 0) <= 0xFFFFFFFF:
            raise ValueError(f"{value!r} is no mark")


def _up_to(most: int) -> Callable[[str], None]:
    def check(value: str) -> None:
        low, high = text.number_range(value)
        if not 0 <= low <= high <= most:
            raise ValueError(f"{value!r} is no range up to {most}")

    return check


INTERFACE: dict[str, Check] = {
    "name": is_text,
    "addresses": lambda value: is_texts(value) and all(map(_is_interface_address, value)),
    "up": is_flag,
    "kind": is_text,
    "master": is_text,
    "mtu": lambda value: value is None or is_whole(value),
    "groups": is_texts,
    "zone": is_text,
    "carrier": is_flag,
    "address_flags": lambda value: isinstance(value, Mapping) and all(map(is_texts, value.values())),
}
NEXT_HOP: dict[str, Check] = {"interface": is_text, "via": _or_empty(_is_address), "weight": is_whole}
ROUTE: dict[str, Check] = {
    "family": _is_family,
    "destination": _parsed(ipaddress.ip_network),
    "kind": is_text,
    "table": is_text,
    "metric": is_whole,
    "source": _or_empty(_is_address),
    "next_hops": lambda value: isinstance(value, list) and all(_fits(item, NEXT_HOP) for item in value),
    "tos": is_text,
}
ROUTE_RULE: dict[str, Check] = {
    "family": _is_family,
    "priority": is_whole,
    "table": is_text,
    "action": is_text,
    "src": _is_selector,
    "dst": _is_selector,
    "in_interface": is_text,
    "mark": _or_empty(_parsed(_mark)),
    "not_understood": is_texts,
    "negated": is_flag,
    "protocol": _or_empty(_parsed(_up_to(0xFF))),
    "src_port": _or_empty(_parsed(_up_to(0xFFFF))),
    "dst_port": _or_empty(_parsed(_up_to(0xFFFF))),
    "users": _or_empty(_parsed(_up_to(0xFFFFFFFF))),
    "out_interface": is_text,
    "suppress_length": lambda value: value is None or is_whole(value),
}
LISTENER: dict[str, Check] = {
    "protocol": is_text,
    "address": is_text,
    "port": lambda value: is_whole(value) and 0 <= value <= 0xFFFF,
    "process": is_text,
    "interface": is_text,
    "v6_only": is_flag,
}
T = TypeVar("T")


def _fits(item: Any, shape: Mapping[str, Check]) -> bool:
    return all(check(getattr(item, name)) for name, check in shape.items())


def sound(item: T, shape: Mapping[str, Check]) -> T:
    """The item itself. ValueError for the first of its attributes that is of another form."""
    for name, check in shape.items():
        if not check(getattr(item, name)):
            raise ValueError(f"{name} is {getattr(item, name)!r}")
    return item


def every(value: Mapping[str, Any], checks: Mapping[str, Check]) -> None:
    """ValueError for the first of these keys whose value is of another form, KeyError where it is missing."""
    for name, check in checks.items():
        if not check(value[name]):
            raise ValueError(f"{name} is {value[name]!r}")
