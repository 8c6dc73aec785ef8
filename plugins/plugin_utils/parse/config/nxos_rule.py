# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of access lists, and object groups, of Cisco NX-OS.

Sources: Cisco Nexus 7000 Series NX-OS Security Command Reference, "permit (IPv4)", "permit (IPv6)", "object-group ip
address", "object-group ip port"; Cisco Nexus 9000 Series NX-OS Security Configuration Guide, "Configuring IP ACLs".
"""

from __future__ import annotations

from collections.abc import Mapping

from ...model.match import ALWAYS, Match
from . import asks, cisco_names, cisco_rule
from .cisco_options import FLAGS, PROTOCOLS, PROTOCOLS6, of_family, ports, untold, untold_of
from .groups import Groups
from .words import NotUnderstoodError, Words

# Kinds of object groups, as their definitions name them.
ADDRESSES4, ADDRESSES6, PORTS = "ip address", "ipv6 address", "ip port"
_IGMP = ("dvmrp", "host-query", "host-report", "pim", "trace", *map(str, range(16)))


def _capture(words: Words, _entry: cisco_rule.Entry) -> Match:
    if words.take("session"):
        words.next("the number of a capture session")
    return ALWAYS


def _nve(words: Words, entry: cisco_rule.Entry) -> Match:
    words.expect("vni")
    return untold("nve vni")(words, entry)


_OPTIONS: Mapping[str, cisco_rule.Option] = {
    **FLAGS,
    **untold_of(2, _IGMP, "IGMP message type"),
    **{name: untold(name) for name in ("dscp", "precedence", "packet-length", "ttl", "flow-label")},
    **{name: untold(name) for name in ("http-method", "tcp-option-length", "vlan", "time-range")},
    "capture": _capture,
    "nve": _nve,
}


def dialect(family: int, groups: Groups) -> cisco_rule.Dialect:
    """The grammar of lists for IPv4 (4) or IPv6 (6)."""
    kind = ADDRESSES4 if family == 4 else ADDRESSES6

    def address(words: Words, end: str) -> Match:
        if words.take("any"):
            return ALWAYS
        if words.take("addrgroup"):
            return groups.match(kind, words.next("a group's name"), end)
        return one_address(words, end, family)

    def port_group(words: Words, field: str) -> Match | None:
        if not words.take("portgroup"):
            return None
        return groups.match(PORTS, words.next("a group's name"), field)

    return cisco_rule.Dialect(
        family,
        address,
        ("ip",) if family == 4 else ("ipv6",),
        PROTOCOLS if family == 4 else PROTOCOLS6,
        port_group=port_group,
        options=_OPTIONS,
        actions=cisco_rule.SILENT,
    )


def one_address(words: Words, end: str, family: int) -> Match:
    """``host A``, a prefix, or an address with a wildcard mask."""
    if words.take("host"):
        return words.value("address", of_family(family, lambda word: asks.address(end, word)))
    first = words.next("an address")
    if "/" in first:
        return Words([first]).value("prefix", of_family(family, lambda word: asks.network(end, word)))
    if family == 4 and words.peek().count(".") == 3:
        free = words.next()
        try:
            return asks.wildcard(end, first, free)
        except ValueError:
            raise NotUnderstoodError(f"'{first} {free}' is no address with a wildcard mask") from None
    if family == 6:
        return Words([first]).value("address", of_family(6, lambda word: asks.address(end, word)))
    raise NotUnderstoodError(f"{first!r} has neither a prefix length nor a wildcard mask")


def member(_groups: Groups, kind: str, words: Words, field: str) -> Match:
    """One member of an object group."""
    if kind == PORTS:
        return ports(words, field, cisco_names.TCP_PORTS, cisco_names.UDP_PORTS)
    return one_address(words, field, 4 if kind == ADDRESSES4 else 6)
