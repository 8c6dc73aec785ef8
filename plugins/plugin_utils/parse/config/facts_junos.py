# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of Junos firewall filters, as set commands.

Sources: the documentation of junipernetworks.junos.junos_acls and junos_acl_interfaces. Their facts leave out what a
term does where the module does not know it; then it is not known here, either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .facts_cisco import NO_ACTION, NOT_IN_FACTS, afi_of, direction_of, named, nothing_left
from .facts_reader import Facts, listed

_FAMILY = {"ipv4": "inet", "ipv6": "inet6"}
_ACTIONS = {"permit": "accept", "deny": "discard"}
_WAYS = {"in": "input", "out": "output"}


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    known: set[tuple[str, str]] = set()
    for family in listed(facts.get("acls"), "acls"):
        afi = afi_of(family)
        for acl in family.each("acls"):
            name = named(acl)
            known.add((afi, name))
            entries = list(acl.each("aces"))
            for left in acl.left() or ([] if entries else ["aces"]):
                yield f"set firewall family {_FAMILY[afi]} filter {name} term {NOT_IN_FACTS} from {left}"
            for ace in entries:
                yield from _term(ace, f"set firewall family {_FAMILY[afi]} filter {name} term ")
        nothing_left(family)
    bound = list(_bindings(listed(facts.get("acl_interfaces"), "acl_interfaces")))
    for afi, name, line in bound:
        yield line
        if (afi, name) not in known:
            known.add((afi, name))
            yield f"set firewall family {_FAMILY[afi]} filter {name} term {NOT_IN_FACTS} then {NO_ACTION}"


def _term(ace: Facts, begin: str) -> Iterator[str]:
    term = f"{begin}{named(ace)}"
    protocols = ace.words("protocol")
    for protocol in protocols:
        yield f"{term} from protocol {protocol}"
    for side in ("source", "destination"):
        yield from (f"{term} from {side}-{words}" for words in _end(ace, side))
    yield from (f"{term} from icmp-type {name}" for name in _messages(ace))
    grant = ace.word("grant")
    yield f"{term} then {_ACTIONS.get(grant, grant) or NO_ACTION}"
    for left in ace.left():
        yield f"{term} from {left}"


def _end(ace: Facts, side: str) -> Iterator[str]:
    end = ace.sub(side)
    end.flag("any")
    for address in end.words("address"):
        yield f"address {address}"
    for listed_prefixes in end.each("prefix_list"):
        yield f"prefix-list {named(listed_prefixes)}"
        nothing_left(listed_prefixes)
    ports = end.sub("port_protocol")
    for port in ports.words("eq"):
        yield f"port {port}"
    between = ports.sub("range")
    start, last = between.word("start"), between.word("end")
    if start or last:
        yield f"port {start}-{last}"


def _messages(ace: Facts) -> list[str]:
    icmp = ace.sub("protocol_options").sub("icmp")
    return [name.replace("_", "-") for name in icmp.names() if icmp.flag(name)]


def _bindings(interfaces: Iterator[Facts]) -> Iterator[tuple[str, str, str]]:
    for interface in interfaces:
        name, _dot, unit = named(interface).partition(".")
        for group in interface.each("access_groups"):
            afi = afi_of(group)
            for acl in group.each("acls"):
                filtered, way = named(acl), _WAYS[direction_of(acl)]
                nothing_left(acl)
                where = f"set interfaces {name} unit {unit or '0'} family {_FAMILY[afi]} filter"
                yield afi, filtered, f"{where} {way} {filtered}"
            nothing_left(group)
        nothing_left(interface)
