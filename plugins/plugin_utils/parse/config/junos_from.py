# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions of a term of a Junos firewall filter.

Sources: Juniper, "Routing Policies, Firewall Filters, and Traffic Policers User Guide": "Firewall Filter Match
Conditions for IPv4 Traffic", "... for IPv6 Traffic", "... for Protocol-Independent Traffic", "Firewall Filter Match
Conditions Based on Bit-Field Values". All conditions of a term must hold; of several values of one, any. A condition on
ports, TCP flags or ICMP messages does not look at the protocol: the documents ask for ``protocol`` beside it. Where
that is missing, what the bytes of another protocol in that place are is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from ...model.fields import PROTOCOLS_WITH_PORTS
from ...model.match import ALWAYS, BEYOND, In, Match, Named, Not, Range, Unknown, both, merge_ranges, protocol
from . import asks, junos_names
from .braces import Node
from .junos_address import AddressCondition, Prefixes
from .words import NotUnderstoodError, Words

_ENDS = {"source": ("src",), "destination": ("dst",), "": ("src", "dst")}
# Conditions on addresses by their names in the families of filters: which ends, and whether they name lists.
_ADDRESSES: dict[str, tuple[str, bool]] = {
    f"{prefix}{end}{'-' if end else ''}{kind}": (end, kind == "prefix-list")
    for prefix in ("", "ip-", "ip6-")
    for end in _ENDS
    for kind in ("address", "prefix-list")
}
_PORTS = {f"{end}{'-' if end else ''}port": end for end in _ENDS}
_PROTOCOLS = ("protocol", "next-header", "payload-protocol", "ip-protocol")
_ICMP = ("icmp-type", "icmp-code")
_SAID = ("interface", "interface-set", "tcp-flags", "fragment-offset")
_FLAGS = frozenset(
    (
        "tcp-established",
        "tcp-initial",
        "is-fragment",
        "first-fragment",
        "source-port-range-optimize",
        "destination-port-range-optimize",
    )
)
# Values of a packet, or of its way through the device, that a flow does not tell.
_UNTOLD = frozenset(
    (
        "ah-spi",
        "destination-class",
        "destination-mac-address",
        "dscp",
        "esp-spi",
        "ether-type",
        "exp",
        "extension-header",
        "flexible-match-mask",
        "flexible-match-range",
        "forwarding-class",
        "fragment-flags",
        "gre-key",
        "hop-limit",
        "interface-group",
        "ip-options",
        "learn-vlan-id",
        "loss-priority",
        "packet-length",
        "policy-map",
        "precedence",
        "rat-type",
        "redirect-reason",
        "service-filter-hit",
        "source-class",
        "source-mac-address",
        "traffic-class",
        "ttl",
        "user-vlan-id",
        "vlan",
    )
)
_EXCEPT = "-except"
_COUNTED = {**dict.fromkeys(_PORTS, 0xFFFF), **dict.fromkeys(_PROTOCOLS, 255), **dict.fromkeys(_ICMP, 255)}
_TCP = (6,)


@dataclass
class Context:
    """What the conditions of a filter's terms may name. ``family``: 4, 6, or 0 for both."""

    prefixes: Prefixes
    interface_sets: Node
    family: int


def conditions(node: Node, context: Context) -> tuple[Match, list[str]]:
    """What the statements under ``from`` ask for, and why that is not all they do, if it is not."""
    return _Conditions(context).read(node)


class _Conditions:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._why: list[str] = []
        self._addresses: dict[str, AddressCondition] = {}
        self._values: dict[str, list[str]] = {}
        self._flags: list[str] = []
        self._untold: dict[str, list[str]] = {}
        self._protocols: set[int] | None = None

    def read(self, node: Node) -> tuple[Match, list[str]]:
        asked: list[Match] = []
        for leaf in node.leaves():
            words = Words(leaf)
            try:
                while words.more():
                    self._one(words)
            except NotUnderstoodError as error:
                self._why.append(str(error))
                asked.append(Unknown(f"{' '.join(leaf)}", str(error)))
        asked += self._protocol()
        asked += [self._address(end, found) for end, found in self._addresses.items()]
        for name, values in self._values.items():
            if name.removesuffix(_EXCEPT) not in _PROTOCOLS:
                asked.append(self._tried(name, partial(self._value, name, values)))
        asked += [self._flag(name) for name in dict.fromkeys(self._flags)]
        for name, said in self._untold.items():
            key = f"{name} {'; '.join(sorted(said))}"
            asked.append(Unknown(key, f"{key}: a flow does not tell it"))
        return both(*asked), self._why

    def _one(self, words: Words) -> None:
        name = words.next("a condition")
        plain = name.removesuffix(_EXCEPT)
        if name in _ADDRESSES:
            end, listed = _ADDRESSES[name]
            condition = self._addresses.setdefault(end, AddressCondition(self._context.family))
            value = words.next("an address")
            condition.add(value, not words.take("except"), self._context.prefixes if listed else None)
        elif plain in _COUNTED or name in _SAID or name == "fragment-offset-except":
            self._values.setdefault(name, []).append(words.next(f"the value of {name}"))
        elif name in _FLAGS:
            self._flags.append(name)
        elif plain in _UNTOLD:
            self._untold.setdefault(name, []).append(words.rest())
            while words.more():
                words.next()
        else:
            raise NotUnderstoodError(f"the condition {name!r} is not understood")

    def _tried(self, name: str, build: Callable[[], Match]) -> Match:
        try:
            return build()
        except NotUnderstoodError as error:
            self._why.append(str(error))
            return Unknown(f"{name} {' '.join(self._values.get(name, ()))}", str(error))

    def _address(self, end: str, condition: AddressCondition) -> Match:
        self._why += condition.not_understood
        ends = [condition.match(field) for field in _ENDS[end]]
        if len(ends) == 1 or not condition.excepts:
            return asks.either(ends)
        why = (
            "whether an address of one end that is excepted counts more than one of the other that is listed"
        )
        unsure = Unknown(f"either end of {condition.key}", f"{why} is not known")
        sure = [
            both(listed, Not(condition.excepted(other)))
            for listed, other in zip(ends, reversed(_ENDS[end]), strict=True)
        ]
        return asks.either((*sure, both(*ends), both(asks.either(ends), unsure)))

    def _protocol(self) -> list[Match]:
        found = []
        for name, values in self._values.items():
            if name.removesuffix(_EXCEPT) in _PROTOCOLS:
                found.append(self._tried(name, partial(self._of, name, values)))
        return found

    def _of(self, name: str, values: list[str]) -> Match:
        ranges = _ranges(values, junos_names.PROTOCOLS, 255)
        if name.endswith(_EXCEPT):
            return Not(In("protocol", ranges))
        numbers = {number for low, high in ranges for number in range(low, high + 1)}
        self._protocols = numbers if self._protocols is None else self._protocols & numbers
        return In("protocol", ranges)

    def _value(self, name: str, values: list[str]) -> Match:
        plain = name.removesuffix(_EXCEPT)
        if plain in _PORTS:
            ranges = _ranges(values, junos_names.PORTS, 0xFFFF)
            found = asks.either(asks.ports(f"{end}_port", *ranges) for end in _ENDS[_PORTS[plain]])
            return self._within(PROTOCOLS_WITH_PORTS, Not(found) if plain != name else found, name, values)
        if plain in _ICMP:
            return self._icmp(name, plain, values)
        if plain == "fragment-offset":
            first = any(low == 0 for low, _high in _ranges(values, {}, 8191))
            return ALWAYS if first != (plain != name) else BEYOND
        if name == "tcp-flags":
            asked = both(*(flag_expression(value) for value in values[:1]))
            if len(values) > 1:
                raise NotUnderstoodError(f"several values of tcp-flags: {', '.join(values)}")
            return self._within(_TCP, asked, name, values)
        return asks.either(found for value in values for found in self._interfaces(name, value))

    def _icmp(self, name: str, plain: str, values: list[str]) -> Match:
        found: list[Match] = []
        families = (self._context.family,) if self._context.family else (4, 6)
        for family in families:
            types = junos_names.ICMP if family == 4 else junos_names.ICMPV6
            codes = junos_names.ICMP_CODES if family == 4 else junos_names.ICMPV6_CODES
            ranges = _ranges(values, types if plain == "icmp-type" else codes, 255)
            asked: Match = In(plain.replace("-", "_"), ranges)
            asked = Not(asked) if plain != name else asked
            found.append(asked if len(families) == 1 else both(protocol(1 if family == 4 else 58), asked))
        return self._within(
            tuple(1 if family == 4 else 58 for family in families), asks.either(found), name, values
        )

    def _interfaces(self, name: str, value: str) -> Iterable[Match]:
        listed = [value]
        if name == "interface-set":
            if self._context.interface_sets.find(value) is None:
                raise NotUnderstoodError(f"interface set {value} is not defined")
            listed = self._context.interface_sets.names(value)
        for one in listed:
            if re.search(r"[*?\[<]", one.removesuffix("*")):
                raise NotUnderstoodError(
                    f"{one!r} stands for names of interfaces in a way that is not understood"
                )
            names = (one,) if "." in one or one.endswith("*") else (one, f"{one}.*")
            yield Named("in_interface", names)

    def _flag(self, name: str) -> Match:
        if name == "tcp-established":
            return self._within(_TCP, asks.established(), name, ())
        if name == "tcp-initial":
            return self._within(_TCP, asks.flags(0x12, 0x02), name, ())
        if name == "is-fragment":
            return BEYOND  # fragments but the first: no packet that opens a connection is one
        if name == "first-fragment":
            return Unknown(name, f"{name}: a flow does not tell it")
        return ALWAYS

    def _within(self, numbers: tuple[int, ...], match: Match, name: str, values: Iterable[str]) -> Match:
        if self._protocols is not None and self._protocols <= set(numbers):
            return match
        said = " ".join((name, *values))
        unsure = Unknown(
            said, f"{said}: of packets of other protocols it is not known, and protocol is not asked for"
        )
        of = protocol(*numbers)
        return asks.either((both(of, match), both(Not(of), unsure)))


def _ranges(values: list[str], names: dict[str, int], most: int) -> tuple[Range, ...]:
    found = []
    for value in values:
        try:
            found.append(junos_names.numbers(value, names, most))
        except ValueError:
            raise NotUnderstoodError(f"{value!r} is no value that is known") from None
    return merge_ranges(found)


_PART = re.compile(r"\s*(?:([()!&|+,])|(0x[0-9a-f]+|[a-z]+))", re.IGNORECASE)


def flag_expression(said: str) -> Match:
    """``(syn & !ack)`` and the like: ``!`` binds most, then ``&`` (or ``+``), then ``|`` (or ``,``)."""
    parts, at = [], 0
    said = said.strip()
    while at < len(said):
        found = _PART.match(said, at)
        if found is None:
            raise NotUnderstoodError(f"the flags {said!r} are not understood")
        parts.append(found.group().strip())
        at = found.end()
    words = Words(parts)
    match = _any_of(words, 0)
    words.end()
    return match


def _any_of(words: Words, depth: int) -> Match:
    found = [_all_of(words, depth)]
    while words.take("|", ","):
        found.append(_all_of(words, depth))
    return asks.either(found)


def _all_of(words: Words, depth: int) -> Match:
    found = [_flag(words, depth)]
    while words.take("&", "+"):
        found.append(_flag(words, depth))
    return both(*found)


def _flag(words: Words, depth: int) -> Match:
    if depth > 30:
        raise NotUnderstoodError("flags are nested too deeply")
    if words.take("!"):
        return Not(_flag(words, depth + 1))
    if words.take("("):
        found = _any_of(words, depth + 1)
        words.expect(")")
        return found

    def read(word: str) -> int:
        number = int(word, 16) if word.startswith("0x") else junos_names.TCP_FLAGS[word.lower()]
        if not 0 < number < 256:
            raise ValueError(word)
        return number

    bits = words.value("TCP flag", read)
    return asks.flags(bits, bits)
