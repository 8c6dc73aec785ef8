# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists of Arista EOS.

Sources: Arista EOS User Manual, "ACLs and Route Maps": "ip access-list", "ip access-list standard", "ipv6
access-list", "permit (IPv4 ACL)", "permit (IPv6 ACL)", "permit (Standard IPv4 ACL)", "no <sequence number> (ACLs)".
A list ends with an implicit deny. What a list without a rule does the manual does not say, so it is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ...model.match import ALWAYS, In, Match, Named, Unknown, both
from ...model.rules import ACCEPT, Rule, Verdict
from . import asks, cisco_names, cisco_rule, eos_names
from .blocks import Line
from .device import unknown_rule
from .entries import Entries, beneath, is_number
from .words import NotUnderstoodError, Words

_SILENT = cisco_rule.SILENT
# "show ip access-lists" prints these instead of the words by which a list is configured.
_SHOWN = re.compile(
    r"^(?P<standard>Standard )?(?P<family>IP|IPV6|IPv6) Access List (?P<name>\S+)(?: \[readonly\])?$", re.I
)
# What a list has besides entries: counters, and rules for fragments that come after the first.
_COUNTS = (["counters", "per-entry"], ["statistics", "per-entry"], ["fragment-rules"])
# Neighbour solicitation and advertisement (RFC 4861), which Cisco's IPv6 lists permit before they deny all else.
_NEIGHBOURS = (135, 136)
_AT_THE_END = (
    "whether a list lets neighbour discovery pass that none of its entries decides is not documented"
)
# Numbers of standard lists, where a line names its list itself.
_STANDARD = (range(1, 100), range(1300, 2000))
_NAT_REPLIES = ["permit", "response", "traffic", "nat"]
_OPEN = Named("connection", ("established", "related"))


def _address(words: Words, end: str) -> Match:
    """``any``, ``host A``, a prefix, or an IPv4 address and a wildcard mask."""
    if words.take("any"):
        return ALWAYS
    if words.take("host"):
        return words.value("address", lambda word: asks.address(end, word))
    if "/" in words.peek():
        return words.value("prefix", lambda word: asks.network(end, word))
    first, free = words.next("an address"), words.next("a wildcard mask")
    try:
        return asks.wildcard(end, first, free)
    except ValueError:
        raise NotUnderstoodError(f"'{first} {free}' is no address with a wildcard mask") from None


def _of_family(family: int) -> cisco_rule.Reader:
    def read(words: Words, end: str) -> Match:
        said = words.peek(1) if words.peek() == "host" else words.peek()
        if said != "any" and (":" in said) != (family == 6):
            raise NotUnderstoodError(f"{said!r} is no address of IPv{family}")
        return _address(words, end)

    return read


def _compared(name: str) -> cisco_rule.Option:
    """``ttl eq 255``: a field that flows don't have."""

    def read(words: Words, _entry: cisco_rule.Entry) -> Match:
        how = words.expect("eq", "neq", "lt", "gt")
        said = f"{name} {how} {words.value('number', int)}"
        return Unknown(said, f"{said}: a flow does not tell it")

    return read


def _tracked(_words: Words, _entry: cisco_rule.Entry) -> Match:
    return _OPEN  # "filters packets in existing ICMP, UDP, or TCP connections"


def _next_hops(words: Words, _entry: cisco_rule.Entry) -> Match:
    said = f"nexthop-group {words.next('the name of a group')}"
    return Unknown(said, f"{said}: which packets take it is not modelled")


def _flags(first: str) -> cisco_rule.Option:
    """One TCP flag that is set. The manual does not say whether several must all be set or any of them."""

    def read(words: Words, entry: cisco_rule.Entry) -> Match:
        if entry.protocol != 6:
            raise NotUnderstoodError(f"{first} of a protocol that is not TCP")
        named = [first]
        while word := words.take(*cisco_names.TCP_FLAGS):
            named.append(word)
        asked = [asks.flags(cisco_names.TCP_FLAGS[name], cisco_names.TCP_FLAGS[name]) for name in named]
        if len(named) == 1:
            return asked[0]
        said = " ".join(named)
        return both(asks.either(asked), Unknown(said, f"whether {said} means all of them is not documented"))

    return read


_OPTIONS: dict[str, cisco_rule.Option] = {
    "ttl": _compared("ttl"),
    "hop-limit": _compared("hop-limit"),
    "tracked": _tracked,
    "nexthop-group": _next_hops,
    **{name: _flags(name) for name in cisco_names.TCP_FLAGS},
}


def _dialect(family: int, any_protocol: str) -> cisco_rule.Dialect:
    return cisco_rule.Dialect(
        family,
        _of_family(family),
        (any_protocol,),
        {**eos_names.PROTOCOLS, "icmpv6": 58},
        eos_names.TCP_PORTS,
        eos_names.UDP_PORTS,
        options=_OPTIONS,
        actions=_SILENT,
    )


DIALECTS = {"ip": _dialect(4, "ip"), "ip6": _dialect(6, "ipv6")}


@dataclass
class AccessList:
    """``family``: ip or ip6. ``text``: the line that begins it."""

    family: str
    name: str
    standard: bool
    text: str
    entries: Entries = field(default_factory=Entries)
    answers_nat: str = ""

    def read(self, block: Line) -> None:
        """What stands under a line that begins the list, or goes on with it."""
        for line in beneath(block):
            gone = line.words[0] == "no"
            words = line.words[1:] if gone else line.words
            if words == _NAT_REPLIES:
                self.answers_nat = "" if gone else line.text
            elif words not in _COUNTS and words[:1] != ["exit"]:
                self.entries.add(line)

    def rules(self) -> Iterator[Rule]:
        """In the order of their sequence numbers, which are their lines."""
        position = 0
        if self.answers_nat:
            position += 1
            why = "which connections are translated is not modelled"
            asked = both(_OPEN, Unknown(self.answers_nat, why))
            yield Rule(position, asked, ACCEPT, self.answers_nat, not_understood=(why,))
        for entry in self.entries:
            if entry.words[:1] == ["remark"]:
                continue
            position += 1
            if entry.twice:
                why = f"the sequence number {entry.number} is there twice"
                yield unknown_rule(position, entry.text, why, entry.number)
            else:
                yield self._rule(entry.words, position, entry.text, entry.number)
        if not position:
            why = "the list has no rule, and what EOS makes of that is not documented"
            yield unknown_rule(1, self.text, why)
        elif self.family == "ip6" and not self.standard:
            asked = both(asks.ICMPV6, In("icmp_type", (_NEIGHBOURS,)))
            unknown = Verdict("unknown", detail=_AT_THE_END)
            yield Rule(position + 1, asked, unknown, "neighbour discovery at the end of the list")

    def _rule(self, words: list[str], position: int, text: str, line: int) -> Rule:
        dialect = DIALECTS[self.family]
        if self.standard:
            return _standard(dialect, Words(words), position, text, line)
        if words[1:2] != ["vlan"]:
            return cisco_rule.rule(dialect, Words(words), position, text, line)
        inner = 1 if words[2:3] == ["inner"] else 0
        said = " ".join(words[1 : 4 + inner])
        found = cisco_rule.rule(dialect, Words([words[0], *words[4 + inner :]]), position, text, line)
        why = f"{said}: a flow does not tell its VLAN tags"
        return replace(found, match=both(found.match, Unknown(said, why)))


def _standard(dialect: cisco_rule.Dialect, words: Words, position: int, text: str, line: int) -> Rule:
    """``permit|deny SOURCE [log]``."""
    try:
        action = words.value("action", lambda word: dialect.actions[word])
        asked = dialect.address(words, "src")
        words.take("log")
        words.end()
    except NotUnderstoodError as error:
        return unknown_rule(position, text, str(error), line)
    return Rule(position, both(asked), action, text, line=line)


def access_lists(config: list[Line]) -> dict[tuple[str, str], AccessList]:
    """By family and name, in their order. A list that is named again goes on; ``no ip access-list`` ends it."""
    found: dict[tuple[str, str], AccessList] = {}
    for line in config:
        words = line.words
        if words[0] == "access-list" and is_number(words[1:]) and len(words) > 2:
            standard = any(int(words[1]) in numbers for numbers in _STANDARD)
            one = found.setdefault(("ip", words[1]), AccessList("ip", words[1], standard, line.text))
            one.entries.add(Line(line.number, line.text, [], words[2:]))
            continue
        gone = words[0] == "no"
        named = _named(words[1:], line.text) if gone else _named(words, line.text)
        if named is None:
            continue
        if gone:
            found.pop((named.family, named.name), None)
            continue
        found.setdefault((named.family, named.name), named).read(line)
    return found


def _named(words: list[str], text: str) -> AccessList | None:
    """The list that a line begins, without its entries."""
    if words[:1] == ["access-list"] and len(words) == 2:
        words = ["ip", *words]
    if words[:2] in (["ip", "access-list"], ["ipv6", "access-list"]):
        standard = words[2:3] == ["standard"]
        rest = words[3:] if standard else words[2:]
        family = "ip" if words[0] == "ip" else "ip6"
        return AccessList(family, rest[0], standard, text) if len(rest) == 1 else None
    shown = _SHOWN.match(text)
    if shown is None:
        return None
    family = "ip" if shown["family"].lower() == "ip" else "ip6"
    return AccessList(family, shown["name"], bool(shown["standard"]), text)
