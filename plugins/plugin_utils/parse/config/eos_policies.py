# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic policies of Arista EOS.

Sources: Arista EOS User Manual and TOI "Traffic policies": the matches of a policy are tried in the order of the
configuration; all lines of one match must hold, and of several lines that begin with ``protocol`` one; what a match
without the action ``drop`` fits is forwarded. A policy ends with ``ipv4-all-default`` and ``ipv6-all-default``, which
match all that is left, and have no action, which forwards it, unless they are given one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ...model.fields import PROTOCOLS_WITH_PORTS
from ...model.match import ALWAYS, BEYOND, In, Match, Member, Range, Unknown, both, merge_ranges, protocol
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from ...model.state import NamedSet
from . import asks, cisco_names, eos_names
from .blocks import Line
from .device import unknown_rule
from .entries import beneath
from .words import NotUnderstoodError, Words

_FAMILIES = {"ipv4": 4, "ipv6": 6}
WAYS = ("input", "output")
# What policies have by the names of IANA, and lists by other ones.
_PORTS = {"http": 80}
_LAST = ("ipv4-all-default", "ipv6-all-default")
_NUMBERS = re.compile(r"^\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*,?$")
_SYN, _ACK = 2, 16
# Actions that say what else happens to packets that are let through.
_NO_MATTER = ("count", "log", "set", "sample", "mirror", "no")
_ACTIONS = (*_NO_MATTER, "drop", "goto", "next-hop", "next-hop-group", "police", "redirect")
_NOT_TOLD = ("ttl", "dscp", "ip", "packet", "vlan", "cos")


def _numbers(words: Words, what: str, most: int) -> list[Range]:
    """``1,10-20``, ``1 10-20`` or ``1, 10-20``, up to the first word that is no such list."""
    found: list[Range] = []
    while _NUMBERS.match(words.peek()):
        for part in words.next().strip(",").split(","):
            low, _dash, high = part.partition("-")
            if int(high or low) > most or int(low) > int(high or low):
                raise NotUnderstoodError(f"{part!r} is no {what}")
            found.append((int(low), int(high or low)))
    if not found:
        raise NotUnderstoodError(f"{what} is expected before {words.rest()[:60]!r}")
    return found


@dataclass
class FieldSets:
    """``found``: by kind (ipv4, ipv6, l4-port) and name. ``gaps``: why the members of some are not known.
    ``services``: the lines of each."""

    found: dict[tuple[str, str], NamedSet] = field(default_factory=dict)
    gaps: dict[tuple[str, str], str] = field(default_factory=dict)
    services: dict[str, list[list[str]]] = field(default_factory=dict)
    _members: dict[tuple[str, str], list[Range]] = field(default_factory=dict)
    _excepted: dict[tuple[str, str], list[Range]] = field(default_factory=dict)

    def begin(self, words: list[str]) -> tuple[str, str] | None:
        """The set that ``field-set ipv4 prefix NAME`` names. Those of services are not sets of values, and kept as
        the conditions that they stand for."""
        fields: tuple[str, ...]
        if words[1:2] == ["service"] and len(words) == 3:
            self.services.setdefault(words[-1], [])
            return ("service", words[-1])
        if words[1:2] == ["l4-port"] and len(words) == 3:
            kind, fields = "l4-port", ("port",)
        elif words[1:2] and words[1] in _FAMILIES and words[2:3] == ["prefix"] and len(words) == 4:
            kind, fields = words[1], (f"address{_FAMILIES[words[1]]}",)
        else:
            return None
        key = (kind, words[-1])
        self.found.setdefault(key, NamedSet(f"field-set {kind} {words[-1]}", fields))
        return key

    def read(self, key: tuple[str, str], line: Line) -> None:
        """Members of a set, and what is excepted from it."""
        if key[0] == "service":
            self.services[key[1]].append(line.words)
            return
        one, words = self.found[key], Words(line.words)
        apart = bool(words.take("except"))
        try:
            if key[0] == "l4-port":
                ranges = _numbers(words, "port", 0xFFFF)
            else:
                ranges = []
                while words.more():
                    ranges.append(words.value("prefix", lambda word: _prefix(word, _FAMILIES[key[0]])))
            words.end()
        except NotUnderstoodError as error:
            self.gaps[key] = f"{one.key}: {error}"
            return
        if apart:
            self._excepted.setdefault(key, []).extend(ranges)
        else:
            self._members.setdefault(key, []).extend(ranges)

    def finish(self) -> Mapping[str, NamedSet]:
        for key, one in self.found.items():
            ranges = _without(self._members.get(key, []), self._excepted.get(key, []))
            one.elements = [(part,) for part in ranges]
            if not ranges:
                self.gaps.setdefault(key, f"{one.key} has no member")
            one.complete = key not in self.gaps
        return {one.key: one for one in self.found.values()}

    def match(self, kind: str, name: str, of_field: str) -> Match:
        """NotUnderstoodError for a set whose members are not known."""
        key = (kind, name)
        if key not in self.found or key in self.gaps:
            raise NotUnderstoodError(self.gaps.get(key, f"field-set {kind} {name} is not defined"))
        return Member(self.found[key].key, (of_field,))

    def service(self, name: str, family: int) -> Match:
        """``protocol service field-set NAME``: one of the lines of the set holds."""
        asked: list[Match] = []
        for line in self.services.get(name, []):
            words = Words(line)
            words.expect("protocol")
            asked.append(_protocol(words, family, self))
            words.end()
        if not asked:
            raise NotUnderstoodError(f"field-set service {name} is not defined, or empty")
        return asks.either(asked)


def _prefix(word: str, family: int) -> Range:
    asked = asks.network("src", word)
    if not isinstance(asked, In) or asked.family != family:
        raise ValueError(word)
    return asked.ranges[0]


def _without(ranges: list[Range], excepted: list[Range]) -> list[Range]:
    found: list[Range] = []
    apart = merge_ranges(excepted)
    for low, high in merge_ranges(ranges):
        for first, last in apart:
            if last < low or first > high:
                continue
            if first > low:
                found.append((low, first - 1))
            low = last + 1
        if low <= high:
            found.append((low, high))
    return found


@dataclass
class _Match:
    """One match of a policy, with the lines that belong to it. ``family``: 4 or 6, or 0 where it is not known."""

    name: str
    family: int
    line: int
    text: list[str]
    lines: list[list[str]] = field(default_factory=list)
    actions: list[list[str]] = field(default_factory=list)
    unclear: str = ""

    def astray(self) -> str:
        """A line that is neither a condition nor an action: it may have been either, or the beginning of another
        match, to which the lines below it belong then."""
        strange = [words for words in self.lines if words[0] not in _LINES]
        strange += [words for words in self.actions if words[0] not in _ACTIONS]
        return " ".join(strange[0]) if strange else ""


@dataclass
class Policy:
    name: str
    matches: dict[str, _Match] = field(default_factory=dict)

    def rules(self, sets: FieldSets) -> Iterator[Rule]:
        ordered = [one for one in self.matches.values() if one.name not in _LAST]
        ordered += [self.matches[name] for name in _LAST if name in self.matches]
        for position, one in enumerate(ordered, 1):
            yield _rule(one, position, sets)


def _rule(one: _Match, position: int, sets: FieldSets) -> Rule:
    text = "; ".join(one.text)
    astray = one.astray()
    if astray or not one.family:
        return unknown_rule(position, text, one.unclear or f"{astray!r} is not understood", one.line)
    asked: list[Match] = [asks.FAMILY[one.family]]
    reasons = [one.unclear] if one.unclear else []
    protocols: list[Match] = []
    for words in one.lines:
        line = " ".join(words)
        reader = _LINES.get(words[0])
        try:
            if reader is None:
                raise NotUnderstoodError(f"{line!r} is not understood")
            cursor = Words(words)
            cursor.next()
            found = reader(cursor, one.family, sets)
            cursor.end()
        except NotUnderstoodError as error:
            reasons.append(str(error))
            found = Unknown(line, str(error))
        (protocols if words[0] == "protocol" else asked).append(found)
    if protocols:
        asked.append(asks.either(protocols))
    verdict = _verdict(one.actions, reasons)
    if one.unclear:
        asked.append(Unknown(text, one.unclear))
    return Rule(position, both(*asked), verdict, text, line=one.line, not_understood=tuple(reasons))


def _verdict(actions: list[list[str]], reasons: list[str]) -> Verdict:
    strange = [" ".join(words) for words in actions if words[0] not in (*_NO_MATTER, "drop")]
    if ["drop"] in actions:
        return DROP
    if strange or any(words[0] == "drop" for words in actions):
        why = f"the action {(strange or ['drop'])[0]!r} is not modelled"
        reasons.append(why)
        return Verdict("unknown", detail=why)
    return ACCEPT


def _end(words: Words, family: int, sets: FieldSets, end: str) -> Match:
    """``source prefix 10.0.0.0/8 192.0.2.1/32``, ``source prefix field-set NAME …``."""
    words.expect("prefix")
    kind = f"ipv{family}"
    asked: list[Match] = []
    if words.take("field-set"):
        while words.more():
            asked.append(sets.match(kind, words.next(), end))
    else:
        while words.more():
            low_high = words.value("prefix", lambda word: _prefix(word, family))
            asked.append(In(end, (low_high,), family))
    if not asked:
        raise NotUnderstoodError("a prefix is missing at the end")
    return asks.either(asked)


def _protocol(words: Words, family: int, sets: FieldSets) -> Match:
    if words.take("service"):
        words.expect("field-set")
        asked_of = [sets.service(words.next("the name of a field-set"), family)]
        while words.more():
            asked_of.append(sets.service(words.next(), family))
        return asks.either(asked_of)
    numbers: list[Range] = []
    while word := words.peek():
        if word in eos_names.PROTOCOLS:
            number = eos_names.PROTOCOLS[words.next()]
            numbers.append((number, number))
        elif _NUMBERS.match(word):
            numbers += _numbers(words, "protocol", 255)
        else:
            break
    if not numbers:
        raise NotUnderstoodError(f"{words.rest()!r} is no protocol that is known")
    several = {number for low, high in numbers for number in range(low, high + 1)}
    asked: list[Match] = [protocol(*several)]
    if several <= {1, 58} and words.more():
        asked.append(_icmp(words, several, family))
    if several == {6} and words.take("flags"):
        asked.append(_flags(words))
    if several <= set(PROTOCOLS_WITH_PORTS):
        for end in ("source", "destination"):
            if words.take(end):
                words.expect("port")
                asked.append(_ports(words, sets, "src_port" if end == "source" else "dst_port", several))
    return both(*asked)


def _ports(words: Words, sets: FieldSets, name: str, protocols: set[int]) -> Match:
    if words.take("all"):
        return ALWAYS
    if not words.take("field-set"):
        return asks.ports(name, *_port_list(words, protocols))
    asked = [sets.match("l4-port", words.next("the name of a field-set"), name)]
    while words.more() and words.peek() != "destination":
        asked.append(sets.match("l4-port", words.next(), name))
    return asks.either(asked)


def _port_list(words: Words, protocols: set[int]) -> list[Range]:
    """``domain``, ``http, https``, ``22, 8000-8010``. Only names that mean the same port for all the protocols."""
    tables = [eos_names.TCP_PORTS if number == 6 else eos_names.UDP_PORTS for number in sorted(protocols)]
    found: list[Range] = []
    while word := words.peek().rstrip(","):
        named = {table.get(word, _PORTS.get(word)) for table in tables}
        port = named.pop() if len(named) == 1 else None
        if port is not None:
            words.next()
            found.append((port, port))
        elif _NUMBERS.match(word):
            found += _numbers(words, "port", 0xFFFF)
        else:
            break
    return found or _numbers(words, "port", 0xFFFF)


def _flags(words: Words) -> Match:
    named: list[str] = []
    while words.more() and words.peek() not in ("source", "destination"):
        named.append(words.next())
    if named == ["established"]:
        return asks.established()
    if named == ["initial"]:
        return asks.flags(_SYN | _ACK, _SYN)
    said = f"flags {' '.join(named)}"
    return Unknown(said, f"{said!r} is not understood")


def _icmp(words: Words, several: set[int], family: int) -> Match:
    """``type 3,11 code all``, numbers or names."""
    if len(several) != 1:
        raise NotUnderstoodError(f"{words.rest()!r} of two protocols")
    words.expect("type")
    names = cisco_names.ICMP if several == {1} else cisco_names.ICMPV6
    types: list[Match] = []
    while (word := words.peek()) and word != "code":
        if word in names:
            types.append(asks.icmp(*names[words.next()], family=4 if several == {1} else 6))
        else:
            types.append(In("icmp_type", merge_ranges(_numbers(words, "ICMP type", 255))))
    if not types:
        raise NotUnderstoodError("an ICMP type is missing")
    if not words.take("code") or words.take("all"):
        return asks.either(types)
    return both(asks.either(types), In("icmp_code", merge_ranges(_numbers(words, "ICMP code", 255))))


def _fragment(words: Words, _family: int, _sets: FieldSets) -> Match:
    """Fragments, by their offset or not: no packet that opens a connection is one."""
    if words.take("offset"):
        _numbers(words, "offset", 0xFFFF)
    return BEYOND


def _not_told(words: Words, _family: int, _sets: FieldSets) -> Match:
    raise NotUnderstoodError(f"{words.rest()!r}: a flow does not tell it")


def _negated(words: Words, _family: int, _sets: FieldSets) -> Match:
    """``no protocol`` and the like, in a candidate: there is nothing yet that it could delete."""
    words.expect("protocol", "source", "destination", "actions", *_NOT_TOLD, "fragment")
    while words.more():
        words.next()
    return ALWAYS


_LINES: dict[str, Callable[[Words, int, FieldSets], Match]] = {
    "source": lambda words, family, sets: _end(words, family, sets, "src"),
    "destination": lambda words, family, sets: _end(words, family, sets, "dst"),
    "protocol": _protocol,
    "fragment": _fragment,
    "no": _negated,
    **dict.fromkeys(_NOT_TOLD, _not_told),
}


class TrafficPolicies:
    """All that stands under ``traffic-policies``. ``strange``: lines that were not understood. ``everywhere``: the
    lines that bind a policy at ports of a VRF, with its name; that of all is ``ALL``."""

    def __init__(self) -> None:
        self.policies: dict[str, Policy] = {}
        self.sets = FieldSets()
        self.strange: list[Line] = []
        self.everywhere: list[tuple[str, Line]] = []
        self._vrf = ""
        self._policy: Policy | None = None
        self._match: _Match | None = None
        self._set: tuple[str, str] | None = None
        self._acting = False

    def read(self, block: Line) -> None:
        """The lines below are told apart by their words: what generators write is not indented by its meaning."""
        self._leave()
        for line in beneath(block):
            self._line(line)

    def _leave(self) -> None:
        self._policy = self._match = self._set = None
        self._acting = False
        self._vrf = ""

    def _line(self, line: Line) -> None:
        words = line.words
        if words[0] == "field-set":
            self._leave()
            self._set = self.sets.begin(words)
            if self._set is None:
                self.strange.append(line)
        elif words[0] == "vrf" and len(words) == 2:
            self._leave()
            self._vrf = words[1]
        elif words[0] == "traffic-policy" and words[1:2] and words[1] in WAYS and len(words) in (3, 4):
            self.everywhere.append((self._vrf, line))
        elif words[0] == "traffic-policy" and len(words) == 2:
            self._leave()
            self._policy = self.policies.setdefault(words[1], Policy(words[1]))
        elif words[:2] == ["no", "traffic-policy"] and len(words) == 3:
            self._leave()
            self.policies.pop(words[2], None)
        elif words[0] == "transforms":  # how the hardware is told
            self._leave()
        elif words[0] in ("counter", "exit") or words[:2] == ["no", "counter"]:
            pass
        elif self._policy is not None:
            self._of_policy(self._policy, line)
        elif self._set is not None:
            self.sets.read(self._set, line)
        else:
            self.strange.append(line)

    def _of_policy(self, policy: Policy, line: Line) -> None:
        words = line.words
        if words[0] == "match" and len(words) >= 3 and words[2] in _FAMILIES:
            self._begin(policy, line)
        elif words[:2] == ["no", "match"] and len(words) in (3, 4):
            policy.matches.pop(words[2], None)
            self._match = None
        elif words[0] == "description" and self._match is None:
            pass
        elif words[0] == "match" or self._match is None:
            why = f"{line.text!r} is not understood"
            self._acting = False
            self._match = _Match(line.text, 0, line.number, [line.text], unclear=why)
            policy.matches[f"{line.text} ({line.number})"] = self._match
        elif words == ["actions"]:
            self._match.text.append(line.text)
            self._acting = True
        else:
            self._match.text.append(line.text)
            (self._match.actions if self._acting else self._match.lines).append(words)

    def _begin(self, policy: Policy, line: Line) -> None:
        _word, name, version, *where = line.words
        self._acting = False
        self._match = policy.matches.get(name)
        if self._match is not None and not where:
            self._match.unclear = f"the match {name} is there twice"
            return
        made = self._match = _Match(name, _FAMILIES[version], line.number, [line.text])
        if len(where) == 2 and where[0] in ("before", "after") and where[1] in policy.matches:
            names = [one for one in policy.matches if one != name]
            names.insert(names.index(where[1]) + (where[0] == "after"), name)
            policy.matches = {one: made if one == name else policy.matches[one] for one in names}
            return
        if where:  # it may stand anywhere: before all others it leaves none of them certain
            made.unclear = f"{' '.join(where)!r} is not understood"
            policy.matches = {name: made, **policy.matches}
        else:
            policy.matches[name] = made
