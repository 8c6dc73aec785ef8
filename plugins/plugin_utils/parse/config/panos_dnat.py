# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Destinations that NAT rules of PAN-OS translate, and what security rules make of such packets.

Source: Palo Alto Networks, "PAN-OS Administrator's Guide", "NAT Policy Overview" and "Destination NAT" (the zone
``to`` of a NAT rule is the one that the route to the untranslated address leads to; security rules name the
untranslated address, and the zone in which the translated one lies). Security rules are asked when the destination is
translated already: what a rule says of an untranslated address is said here of the translated one.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...model.match import (
    ALWAYS,
    NEVER,
    All,
    Always,
    Either,
    In,
    Masked,
    Match,
    Named,
    Not,
    Range,
    Unknown,
    both,
    merge_ranges,
)
from ...model.rules import Effect
from ...model.state import Interface
from . import asks

TRANSLATED = Named("ct_status", ("dnat", "both"))
# A range that is mapped one to one is taken apart into its addresses up to this many.
_MOST = 1024
_ALL_PORTS = (0, 0xFFFF)
_FAMILIES = {asks.IPV4: 4, asks.IPV6: 6}


@dataclass(frozen=True)
class Translation:
    """``before``: the addresses that it translates, of ``family``; ``after``: to what. ``came``: what else it asks
    for, but for the service; ``service``: of the packet as it came; ``port``: the one it is given, if any."""

    family: int
    before: Range
    after: Range
    came: Match
    service: Match
    port: int | None = None

    def inside(self) -> Match:
        """The packets that it translated, as security rules see them."""
        to_port = self.service if self.port is None else asks.ports("dst_port", (self.port, self.port))
        return both(self.came, In("dst", (self.after,), self.family), to_port)

    def steps(self) -> Iterator[tuple[Match, tuple[Effect, ...]]]:
        """What it translates to what; one to one where it has as many addresses before as after."""
        port = None if self.port is None else (self.port, self.port)
        (low, high), (to, last) = self.before, self.after
        if to == last or high - low != last - to or high - low >= _MOST:
            effect = Effect("dnat", family=self.family, address=self.after, port=port)
            yield both(self.came, In("dst", (self.before,), self.family), self.service), (effect,)
            return
        for address in range(low, high + 1):
            mapped = to + address - low
            effect = Effect("dnat", family=self.family, address=(mapped, mapped), port=port)
            yield both(self.came, In("dst", ((address, address),), self.family), self.service), (effect,)


def zone_of(interfaces: Iterable[Interface], family: int, addresses: Range) -> str:
    """The zone of the interface that has all of these in its network; empty if there is none."""
    found: tuple[int, str] = (-1, "")
    for interface in interfaces:
        for own in interface.addresses:
            network = ipaddress.ip_interface(own).network
            low, high = int(network.network_address), int(network.broadcast_address)
            there = network.version == family and low <= addresses[0] and addresses[1] <= high
            if there and network.prefixlen > found[0]:
                found = (network.prefixlen, interface.zone)
    return found[1]


class Translated:
    """The matches of security rules, of packets whose destination was translated and of others."""

    def __init__(self, translations: Sequence[Translation]) -> None:
        self._all = translations
        self._inside = [one.inside() for one in translations]
        self._beside = _beside(translations)
        self._others_moved: dict[int, Match] = {}
        self._ports_before: dict[int, frozenset[tuple[Range, ...]]] = {}
        self._order = sorted(range(len(translations)), key=lambda at: translations[at].before)
        self._starts = [translations[at].before[0] for at in self._order]
        self._longest = max((one.before[1] - one.before[0] for one in translations), default=0)

    def match(self, ends: Match, destination: Match, carried: Match) -> Match:
        """``ends``: zones and sources; ``destination``: by the untranslated address; ``carried``: service and
        application, by the untranslated port."""
        plain = both(ends, destination, carried)
        if not self._all:
            return plain
        return asks.either(
            (both(Not(TRANSLATED), plain), both(TRANSLATED, ends, self._there(destination, carried)))
        )

    def _there(self, destination: Match, carried: Match) -> Match:
        """Packets that were translated, by where they were for and what they carried before."""
        answers = self._answers(destination)
        why = "which address the destination had before it was translated is not known"
        doubt = Unknown(f"translated: {destination!r}"[:300], why)
        found: dict[Match, list[Match]] = {}
        by_port: dict[frozenset[tuple[Range, ...]], Match] = {}
        for at, answer in answers.items():
            if answer is False:
                continue
            inside = self._inside[at]
            if answer is None:
                part = both(inside, doubt)
            else:
                others = asks.either(
                    self._inside[other] for other in self._beside[at] if answers.get(other) is not True
                )
                part = inside if others == NEVER else both(inside, asks.either((Not(others), doubt)))
            found.setdefault(self._carried(at, carried, by_port), []).append(part)
        return asks.either(both(asked, asks.either(parts)) for asked, parts in found.items())

    def _answers(self, asked: Match) -> dict[int, bool | None]:
        """Whether the match holds for each; those that are left out are none of it."""
        some: Iterable[int] = range(len(self._all))
        if isinstance(asked, In):
            first = min((low for low, _high in asked.ranges), default=0) - self._longest
            last = max((high for _low, high in asked.ranges), default=0)
            some = self._order[bisect_left(self._starts, first) : bisect_right(self._starts, last)]
        return {at: _holds(asked, self._all[at].family, self._all[at].before) for at in some}

    def _carried(self, at: int, asked: Match, by_port: dict[frozenset[tuple[Range, ...]], Match]) -> Match:
        """What a rule asks of the service, for packets that the translation ``at`` may have made. ``by_port``: what was
        found for the same ports; many translations may have led to one place."""
        if isinstance(asked, Always):
            return asked
        if self._all[at].port is None:
            moved = self._moved(at)
            if moved == NEVER:
                return asked
            return asks.either((both(Not(moved), asked), both(moved, _doubt(asked))))
        ports = self._came_by(at)
        if ports not in by_port:
            found = {_before(asked, one) for one in ports}
            by_port[ports] = found.pop() if len(found) == 1 else _doubt(asked)
        return by_port[ports]

    def _moved(self, at: int) -> Match:
        """Packets where those of the translation ``at`` are, to which others have given a port."""
        if at not in self._others_moved:
            others = (other for other in self._beside[at] if self._all[other].port is not None)
            self._others_moved[at] = asks.either(self._inside[other] for other in others)
        return self._others_moved[at]

    def _came_by(self, at: int) -> frozenset[tuple[Range, ...]]:
        """The ports that packets had before they came to where the translation ``at`` leads, by all that lead there."""
        if at not in self._ports_before:
            port = self._all[at].port or 0
            there = (self._all[other] for other in (at, *self._beside[at]))
            self._ports_before[at] = frozenset(
                ((port, port),) if one.port is None else _ports(one.service)
                for one in there
                if one.port in (None, port)
            )
        return self._ports_before[at]


def _doubt(asked: Match) -> Unknown:
    why = "which port the destination had before it was translated is not known"
    return Unknown(f"port: {asked!r}"[:200], why)


def _ports(service: Match) -> tuple[Range, ...]:
    """All destination ports that a service may have."""
    if isinstance(service, In) and service.field == "dst_port":
        return service.ranges
    if isinstance(service, Either):
        return merge_ranges(port for part in service.matches for port in _ports(part))
    if isinstance(service, All):
        return min((_ports(part) for part in service.matches), key=_size)
    return (_ALL_PORTS,)


def _size(ranges: tuple[Range, ...]) -> int:
    return sum(high - low + 1 for low, high in ranges)


def _before(asked: Match, ports: tuple[Range, ...]) -> Match:
    """``asked`` of a packet whose destination port was one of these, before it was another."""
    if isinstance(asked, In) and asked.field == "dst_port":
        inside = [any(first <= low and high <= last for first, last in asked.ranges) for low, high in ports]
        if all(inside):
            return ALWAYS
        if not any(first <= high and low <= last for first, last in asked.ranges for low, high in ports):
            return NEVER
        why = "which port the destination had before it was translated is not known"
        return Unknown(f"port: {asked!r} of {ports!r}"[:300], why)
    if isinstance(asked, Not):
        found = _before(asked.match, ports)
        return NEVER if found == ALWAYS else ALWAYS if found == NEVER else Not(found)
    if isinstance(asked, All):
        parts = [_before(part, ports) for part in asked.matches]
        return NEVER if NEVER in parts else both(*parts)
    if isinstance(asked, Either):
        return asks.either(part for part in (_before(one, ports) for one in asked.matches) if part != NEVER)
    return asked


def _beside(translations: Sequence[Translation]) -> list[list[int]]:
    """Of each, the others that may give the same address."""
    found: list[list[int]] = [[] for _one in translations]
    order = sorted(range(len(translations)), key=lambda at: (translations[at].family, translations[at].after))
    for place, at in enumerate(order):
        one = translations[at]
        for other in order[place + 1 :]:
            two = translations[other]
            if two.family != one.family or two.after[0] > one.after[1]:
                break
            found[at].append(other)
            found[other].append(at)
    return found


def _holds(match: Match, family: int, addresses: Range) -> bool | None:
    """Whether a match on the destination holds for all of these addresses, for none, or it is not known."""
    if isinstance(match, Always):
        return True
    if isinstance(match, Named):
        return _FAMILIES.get(match) == family if match in _FAMILIES else None
    if isinstance(match, Not):
        found = _holds(match.match, family, addresses)
        return None if found is None else not found
    if isinstance(match, (All, Either)):
        answers = [_holds(part, family, addresses) for part in match.matches]
        decides = isinstance(match, Either)
        if decides in answers:
            return decides
        return None if None in answers else not decides
    if isinstance(match, (In, Masked)) and match.field == "dst":
        return _in_ranges(match, family, addresses)
    return None


def _in_ranges(match: In | Masked, family: int, addresses: Range) -> bool | None:
    if match.family != family:
        return False
    low, high = addresses
    if isinstance(match, Masked):
        return low & match.mask == match.value if low == high else None
    if any(first <= low and high <= last for first, last in match.ranges):
        return True
    return None if any(first <= high and low <= last for first, last in match.ranges) else False


NOTHING_TRANSLATED = Translated(())
