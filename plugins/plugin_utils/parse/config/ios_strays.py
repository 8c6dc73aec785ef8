# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a Cisco IOS configuration that nobody reads, and that look as if they decided about packets.

A word that is wrong, or of a release that nobody has seen here, must not unbind a list in silence: of what such a line
may be about, nothing is known then.
"""

from __future__ import annotations

from .blocks import Line
from .entries import beneath

_ACTIONS = ("permit", "deny", "evaluate", "dynamic")
# Lines that permit and deny something else than packets, by their first words.
_HARMLESS = (
    ("ip", "prefix-list"), ("ipv6", "prefix-list"), ("route-map",), ("ip", "as-path"), ("ip", "community-list"),
    ("ip", "extcommunity-list"), ("ip", "policy-list"), ("mac", "access-list"), ("arp", "access-list"),
    ("ip", "access-list", "role-based"), ("ip", "access-list", "fqdn"), ("event", "manager"), ("archive",),
    ("ip", "dhcp"), ("key", "chain"), ("shown",), ("ipv6", "dhcp"), ("ipv6", "nd"), ("aaa",), ("tacacs",), ("radius",),
)  # fmt: skip
# Lines of interfaces that decide about packets.
_AT_INTERFACES = (
    ("ip", "access-group"), ("ipv6", "traffic-filter"), ("zone-member",), ("ip", "verify"), ("ip", "inspect"),
    ("ipv6", "verify"), ("ip", "nat", "inside"), ("ip", "nat", "outside"),
)  # fmt: skip
_SUSPICIOUS = frozenset(
    (
        "access-group",
        "traffic-filter",
        "zone-member",
        "security",
        "verify",
        "access-list",
        "inspect",
        "common",
    )
)
# Filters of multicast groups and of routers, and queues: not filters of packets.
_OTHERS = (
    ("ip", "igmp"),
    ("ipv6", "mld"),
    ("ip", "multicast"),
    ("ip", "pim"),
    ("ipv6", "pim"),
    ("hold-queue",),
)
_SIDES = ("in", "out")


def decides(line: Line) -> bool:
    """Of a line without indentation: whether it, or what belongs to it, looks like entries or bindings of lists."""
    if _begins(line.words, _HARMLESS):
        return False
    if _is_numbered(line.words):
        return True
    return any(_is_entry(inner.words) or _begins(inner.words, _AT_INTERFACES) for inner in beneath(line))


def at_interface(words: list[str]) -> tuple[str, ...]:
    """Of a line of an interface: the directions in which it may decide about packets."""
    if _begins(words, _OTHERS):
        return ()
    if words[-1] in _SIDES:
        return (words[-1],)
    return _SIDES if _SUSPICIOUS.intersection(words) else ()


def _is_numbered(words: list[str]) -> bool:
    """Whether it is like an entry of a numbered list: the action stands behind a number, or near its command."""
    for at, word in enumerate(words[:4]):
        if word in _ACTIONS[:2]:
            return "access-list" in words[:at] or (at > 0 and words[at - 1].isdecimal())
    return False


def _is_entry(words: list[str]) -> bool:
    if words[0].isdecimal():
        words = words[1:]
    return words[:1] != [] and words[0] in _ACTIONS


def _begins(words: list[str], table: tuple[tuple[str, ...], ...]) -> bool:
    return any(tuple(words[: len(one)]) == one for one in table)
