# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists of Cisco IOS and IOS-XE: numbered, named, standard, extended, and of IPv6.

Sources: Cisco IOS Security Command Reference ("access-list (IP extended)", "access-list (IP standard)", "ip
access-list", "ipv6 access-list", "permit (IP)", "permit (IPv6)", "dynamic", "reflect", "evaluate"); Security
Configuration Guide: Access Control Lists, "IP Access List Entry Sequence Numbering" (a number that is taken is
refused), "ACL Syslog Correlation" (a word behind ``log``), "Creating an IP Access List to Filter TCP Flags" (of several
flags any, unless ``match-all``); IPv6 Configuration Guide, "Implementing Traffic Filters for IPv6 Security" (each
list ends by permitting neighbour discovery, and then denies).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...model.match import ALWAYS, BEYOND, In, Match, Unknown, both
from ...model.rules import ACCEPT, Rule
from ...model.text import address_range
from . import asks, cisco_names, cisco_options, cisco_rule
from .blocks import Line
from .cisco_rule import Dialect
from .device import unknown_rule
from .entries import Entries, Entry
from .ios_groups import PROTOCOLS6, ObjectGroups
from .words import NotUnderstoodError, Words

_STANDARD = (range(1, 100), range(1300, 2000))
_EXTENDED = (range(100, 200), range(2000, 2700))
# Words of entries that hold for packets with headers of which flows don't tell.
_HEADERS = ("auth", "dest-option", "hbh", "mobility", "routing", "undetermined-transport")
_HEADER_TYPES = ("dest-option-type", "mobility-type", "routing-type")
_LOGS = ("log", "log-input")
_IGMP = ("dvmrp", "host-query", "host-report", "pim", "trace", "v2-leave", "v2-report", "v3-report")
_NEIGHBOURS = ("nd-na", "nd-ns")
Evaluate = Callable[[str], Match]


def kind_of(number: str) -> str:
    """standard or extended, by the number of a list; empty for lists of other protocols."""
    value = int(number) if number.isdecimal() and len(number) < 5 else 0
    for kind, ranges in (("standard", _STANDARD), ("extended", _EXTENDED)):
        if any(value in numbers for numbers in ranges):
            return kind
    return ""


class AccessList:
    """``family``: ip or ip6. ``name``: as it is bound by."""

    def __init__(self, name: str, family: str, standard: bool = False) -> None:
        self.name = name
        self.family = family
        self.standard = standard
        self.entries = Entries()
        self._remarks = False

    def add(self, line: Line, words: list[str]) -> None:
        """``words``: of the line, from the number or action on. Remarks have no number unless they say one."""
        if words[0] == "remark":
            self._remarks = True
            return
        if self.family == "ip6" and len(words) > 2:
            words = _numbered(words)
        self.entries.add(Line(line.number, line.text, [], words))

    @property
    def empty(self) -> bool:
        """Whether it decides nothing: then it lets everything pass where it is bound ("IP Access List Overview")."""
        return not self._remarks and not any(True for _entry in self.entries)

    def reflecting(self) -> Iterator[str]:
        """The names of the reflexive lists that its entries fill."""
        for entry in self.entries:
            if "reflect" in entry.words[:-1]:
                yield entry.words[entry.words.index("reflect") + 1]

    def evaluating(self) -> bool:
        return any(entry.words[:1] == ["evaluate"] for entry in self.entries)

    def rules(self, grammar: Grammar, evaluate: Evaluate) -> Iterator[Rule]:
        """``evaluate``: what the entries of a reflexive list let in."""
        position = 0
        for entry in self.entries:
            if entry.words[:1] == ["remark"]:
                continue
            position += 1
            rule = grammar.rule(self, entry, position, evaluate)
            if entry.twice:
                why = f"two entries have the number {entry.number}"
                rule = unknown_rule(position, entry.text, why, entry.number)
            yield rule
        if self.family == "ip6" and position:
            for name in _NEIGHBOURS:
                position += 1
                message = cisco_names.ICMPV6[name][0]
                asked = asks.icmp(message, None, 6)
                yield Rule(position, asked, ACCEPT, f"implicit: permit icmp any any {name}")


def _numbered(words: list[str]) -> list[str]:
    """With the number in front, as IPv4 lists have it; IPv6 ones write ``sequence N`` before or behind."""
    if words[0] == "sequence":
        return words[1:]
    if words[-2] == "sequence" and words[-1].isdecimal():
        return [words[-1], *words[:-2]]
    return words


class Grammar:
    """Reads entries; ``groups`` are the object groups that they name."""

    def __init__(self, groups: ObjectGroups) -> None:
        self._dialects = {family: _dialect(family, groups) for family in (4, 6)}

    def rule(self, one: AccessList, entry: Entry, position: int, evaluate: Evaluate) -> Rule:
        words, text, number = entry.words, entry.text, entry.number
        if words[:1] == ["evaluate"] and len(words) == 2:
            asked = evaluate(words[1])
            return Rule(position, asked, ACCEPT, text, line=number)
        if words[:1] == ["dynamic"] and len(words) > 2:
            return self._dynamic(words[2:], position, text, number)
        if one.standard:
            return _standard(Words(words), position, text, number)
        dialect = self._dialects[6 if one.family == "ip6" else 4]
        return cisco_rule.rule(dialect, Words(words), position, text, number)

    def _dynamic(self, words: list[str], position: int, text: str, number: int) -> Rule:
        """Lock-and-key: it holds for those who have logged in, for as long as that counts."""
        if words[0] == "timeout":
            words = words[2:]
        rule = cisco_rule.rule(self._dialects[4], Words(words), position, text, number)
        why = "who has logged in (lock-and-key) is not known"
        asked = both(rule.match, Unknown(text, why))
        return replace(rule, match=asked, not_understood=(*rule.not_understood, why))


def _standard(words: Words, position: int, text: str, line: int) -> Rule:
    """``permit|deny SOURCE``; an address without a mask is a host."""
    try:
        action = words.value("action", lambda word: cisco_rule.ANSWERING[word])
        if words.peek() in ("any", "host") or words.peek(1)[:1].isdigit():
            asked = _address4(words, "src")
        else:
            asked = _host(words, "src", 4)
        if words.take("log"):
            _cookie(words)
        words.end()
    except NotUnderstoodError as error:
        return unknown_rule(position, text, str(error), line)
    return Rule(position, both(asked), action, text, line=line)


def _dialect(family: int, groups: ObjectGroups) -> Dialect:
    plain = _address4 if family == 4 else _address6

    def address(words: Words, end: str) -> Match:
        if words.take("object-group", "addrgroup", "net-group"):
            return groups.addresses(family, words.next("the name of an object group"), end)
        return plain(words, end)

    def ports(words: Words, end: str) -> Match | None:
        return (
            groups.ports(words.next("the name of an object group"), end)
            if words.take("portgroup", "port-group")
            else None
        )

    def service(words: Words) -> Match | None:
        if words.take("object-group"):
            return groups.service(words.next("the name of an object group"))
        return None

    return Dialect(
        family,
        address,
        ("ip",) if family == 4 else ("ipv6",),
        cisco_names.PROTOCOLS if family == 4 else PROTOCOLS6,
        port_group=ports,
        service=service,
        options=_OPTIONS,
        actions=cisco_rule.ANSWERING,
    )


def _address4(words: Words, end: str) -> Match:
    """``any``, ``host A``, or ``A WILDCARD``."""
    if words.take("any"):
        return ALWAYS
    if words.take("host"):
        return _host(words, end, 4)
    first, free = words.next("an address"), words.next("a wildcard mask")
    try:
        return asks.wildcard(end, first, free)
    except ValueError:
        raise NotUnderstoodError(f"'{first} {free}' is no address with a wildcard mask") from None


def _address6(words: Words, end: str) -> Match:
    """``any``, ``host A``, or a prefix."""
    if words.take("any"):
        return ALWAYS
    if words.take("host"):
        return _host(words, end, 6)
    return words.value("prefix", lambda word: _prefix6(end, word))


def _host(words: Words, end: str, family: int) -> Match:
    word = words.next("an address")
    try:
        found, low, high = address_range(word)
        if found == family and low == high:
            return In(end, ((low, high),), family)
    except ValueError:
        pass
    raise NotUnderstoodError(f"{word!r} is no IPv{family} address")


def _prefix6(end: str, word: str) -> Match:
    if ":" not in word or "/" not in word:
        raise ValueError(word)
    return asks.network(end, word)


def _reflect(words: Words, _entry: cisco_rule.Entry) -> Match:
    words.next("the name of a reflexive list")  # what answers is let in elsewhere, by evaluate
    if words.take("timeout"):
        words.next("a number of seconds")
    return ALWAYS


def _log(words: Words, _entry: cisco_rule.Entry) -> Match:
    _cookie(words)
    return ALWAYS


def _cookie(words: Words) -> None:
    """A word of the operator's, by which messages are told apart; it ends the line."""
    if words.more() and not words.peek(1) and words.peek() not in _NO_COOKIES:
        words.next()


def _shown(words: Words, _entry: cisco_rule.Entry) -> Match:
    name = words.next("the name of a time range")
    said = f"time-range {name}"
    words.take("(active)", "(inactive)")
    return Unknown(said, f"{said}: a flow does not tell it")


def _beyond(words: Words, entry: cisco_rule.Entry) -> Match:
    if entry.family != 6:
        raise NotUnderstoodError(f"{words.rest()!r} is not understood")
    return BEYOND


_OPTIONS: dict[str, cisco_rule.Option] = {
    "reflect": _reflect,
    "time-range": _shown,
    "ttl": cisco_options.untold("ttl"),
    **dict.fromkeys(_LOGS, _log),
    **dict.fromkeys(_HEADERS, _beyond),
    **{name: cisco_options.untold(name) for name in _HEADER_TYPES},
    **cisco_options.untold_of(2, _IGMP, "IGMP message"),
}
_NO_COOKIES = frozenset(
    (
        *_OPTIONS,
        *cisco_names.TCP_FLAGS,
        "established",
        "fragments",
        "match-all",
        "match-any",
        "dscp",
        "tos",
        "precedence",
    )
)
