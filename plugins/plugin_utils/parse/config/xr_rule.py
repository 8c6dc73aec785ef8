# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of access lists, and object groups, of Cisco IOS XR.

Sources: Cisco ASR 9000 Series IP Addresses and Services Command Reference, "permit (IPv4)", "permit (IPv6)", "deny
(IPv4)", "object-group network", "object-group port"; the same series' Configuration Guide, "Implementing Access Lists
and Prefix Lists", on ACL-based forwarding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...model import text
from ...model.match import ALWAYS, In, Masked, Match
from ...model.rules import ACCEPT, DROP, REJECT, Rule, Verdict
from . import asks, cisco_names, cisco_rule
from .cisco_options import FLAGS, PROTOCOLS, PROTOCOLS6, of_family, ports, untold, untold_of
from .device import unknown_rule
from .entries import Entry
from .groups import Groups
from .words import NotUnderstoodError, Words

# Kinds of object groups, as their definitions name them.
ADDRESSES4, ADDRESSES6, PORTS = "network ipv4", "network ipv6", "port"
_IGMP = (
    "dvmrp",
    "host-query",
    "host-report",
    "mtrace",
    "mtrace-response",
    "pim",
    "trace",
    *map(str, range(256)),
)
_TCP_PORTS = {**cisco_names.TCP_PORTS, "https": 443, "ldp": 646, "ssh": 22}
_UDP_PORTS = {**cisco_names.UDP_PORTS, "ldp": 646}
_HEADERS = ("authen", "destopts", "hop-by-hop", "routing")  # extension headers of IPv6
_NUMBERS = (
    "dscp",
    "precedence",
    "packet-length",
    "ttl",
    "fragment-type",
    "fragment-offset",
    "cos",
    "hop-limit",
)
_ELSEWHERE = "permitted packets go to the next hop of this entry, instead of where routes lead"
_POLICED = "permitted packets are dropped above a rate"


def _value(words: Words, _entry: cisco_rule.Entry) -> Match:
    words.next("a name")
    return ALWAYS


def _set(words: Words, entry: cisco_rule.Entry) -> Match:
    words.next("what is set")
    return _value(words, entry)


_OPTIONS: Mapping[str, cisco_rule.Option] = {
    **FLAGS,
    **untold_of(2, _IGMP, "IGMP message type"),
    **{name: untold(name) for name in _NUMBERS},
    **{name: untold(name, 0) for name in _HEADERS},
    "counter": _value,
    "set": _set,
    **dict.fromkeys(("icmp-off", "icmp-on"), lambda _words, _entry: ALWAYS),
}


def dialect(family: int, groups: Groups) -> cisco_rule.Dialect:
    """The grammar of lists for IPv4 (4) or IPv6 (6)."""
    kind = ADDRESSES4 if family == 4 else ADDRESSES6

    def address(words: Words, end: str) -> Match:
        if words.take("any"):
            return ALWAYS
        if words.take("net-group"):
            return groups.match(kind, words.next("a group's name"), end)
        return _one_address(words, end, family)

    def port_group(words: Words, field: str) -> Match | None:
        if not words.take("port-group"):
            return None
        return groups.match(PORTS, words.next("a group's name"), field)

    return cisco_rule.Dialect(
        family,
        address,
        ("ipv4", "ip") if family == 4 else ("ipv6",),
        PROTOCOLS if family == 4 else PROTOCOLS6,
        _TCP_PORTS,
        _UDP_PORTS,
        port_group=port_group,
        options=_OPTIONS,
        actions=cisco_rule.ANSWERING,
    )


def _one_address(words: Words, end: str, family: int) -> Match:
    """``host A``, a prefix, or an address with a wildcard mask."""
    if words.take("host"):
        return words.value("address", of_family(family, lambda word: asks.address(end, word)))
    first = words.next("an address")
    if "/" in first:
        return Words([first]).value("prefix", of_family(family, lambda word: asks.network(end, word)))
    free = words.next("a wildcard mask")
    try:
        return asks.wildcard(end, first, free) if family == 4 else _wildcard6(end, first, free)
    except ValueError:
        raise NotUnderstoodError(f"'{first} {free}' is no address with a wildcard mask") from None


def _wildcard6(end: str, value: str, free: str) -> Match:
    (family, number, _last), (mask_family, wild, _end) = text.address_range(value), text.address_range(free)
    if family != 6 or mask_family != 6 or "/" in free or "-" in value + free:
        raise ValueError(value)
    counts = ~wild & ((1 << 128) - 1)
    if wild & (wild + 1) == 0:
        return In(end, ((number & counts, number | wild),), 6)
    return Masked(end, number & counts, counts, 6)


def member(groups: Groups, kind: str, words: Words, field: str) -> Match:
    """One member of an object group, which may be another group."""
    if words.take("object-group"):
        return groups.match(kind, words.next("a group's name"), field)
    if kind == PORTS:
        return ports(words, field, _TCP_PORTS, _UDP_PORTS)
    family = 4 if kind == ADDRESSES4 else 6
    if words.take("range"):
        low, high = words.next("an address"), words.next("an address")
        ends = Words([f"{low}-{high}"])
        return ends.value("range", lambda word: _range(field, word, family))
    if words.peek() != "host" and "/" not in words.peek():
        # Whether the second word of two is a netmask or a wildcard mask, the documents don't agree on.
        raise NotUnderstoodError(f"{words.rest()!r} is neither a host nor a prefix")
    return _one_address(words, field, family)


def _range(field: str, word: str, family: int) -> Match:
    found = asks.address(field, word)
    if not isinstance(found, In) or found.family != family:
        raise ValueError(word)
    return found


def rule(grammar: cisco_rule.Dialect, entry: Entry, position: int) -> Rule:
    """The rule of an entry. ACL-based forwarding and rate limits make unknown what becomes of the packets."""
    if (
        entry.twice
    ):  # as in a candidate, where the later one counts, and in what is shown expanded, where both do
        return unknown_rule(position, entry.text, "two entries have this sequence number", entry.number)
    words = _both_ends(entry.words, grammar.family)
    cut, why = _cut(words)
    if not why or words[0] != "permit":
        found = cisco_rule.rule(grammar, Words(words), position, entry.text, entry.number)
        if found.verdict == REJECT and "icmp-off" in words:
            return replace(found, verdict=DROP)
        return found
    found = cisco_rule.rule(grammar, Words(words[:cut]), position, entry.text, entry.number)
    if found.verdict != ACCEPT:
        return found
    return replace(found, verdict=Verdict("unknown", detail=why), not_understood=(*found.not_understood, why))


def _cut(words: list[str]) -> tuple[int, str]:
    """Where a next hop or a rate limit begins, and what it means; for neither, nothing."""
    for at, word in enumerate(words):
        if word.startswith("nexthop") or (
            word == "default" and words[at + 1 : at + 2] and _hop(words[at + 1])
        ):
            return at, _ELSEWHERE
        if word == "police":
            return at, _POLICED
    return len(words), ""


def _hop(word: str) -> bool:
    return word.startswith("nexthop")


def _both_ends(words: list[str], family: int) -> list[str]:
    """``permit SOURCE ...``, which names neither protocol nor destination, as an entry that names both."""
    first = words[1] if len(words) > 1 else ""
    if first in ("host", "net-group"):
        end = 3
    elif first == "any" or "/" in first:
        end = 2
    elif "." in first or ":" in first:
        end = 3
    else:
        return words
    return [words[0], "ipv4" if family == 4 else "ipv6", *words[1:end], "any", *words[end:]]
