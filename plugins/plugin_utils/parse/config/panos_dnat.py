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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...model.match import All, Always, Either, In, Masked, Match, Named, Not, Range, Unknown, both
from ...model.rules import Effect
from ...model.state import Interface
from . import asks

TRANSLATED = Named("ct_status", ("dnat", "both"))
# A range that is mapped one to one is taken apart into its addresses up to this many.
_MOST = 1024
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
        self._moved = asks.either(one.inside() for one in translations if one.port is not None)

    def match(self, ends: Match, destination: Match, carried: Match) -> Match:
        """``ends``: zones and sources; ``destination``: by the untranslated address; ``carried``: service and
        application, by the untranslated port."""
        plain = both(ends, destination, carried)
        if not self._all:
            return plain
        there = both(TRANSLATED, ends, self._destination(destination), self._carried(carried))
        return asks.either((both(Not(TRANSLATED), plain), there))

    def _destination(self, asked: Match) -> Match:
        holds = [(one.inside(), _holds(asked, one.family, one.before)) for one in self._all]
        sure, never, maybe = (
            asks.either(inside for inside, answer in holds if answer is wanted)
            for wanted in (True, False, None)
        )
        why = "which address the destination had before it was translated is not known"
        doubt = Unknown(f"translated: {holds!r}"[:200], why)
        both_ways = both(sure, asks.either((never, maybe)), doubt)
        return asks.either((both(sure, Not(never), Not(maybe)), both_ways, both(maybe, doubt)))

    def _carried(self, asked: Match) -> Match:
        if isinstance(asked, Always) or not any(one.port is not None for one in self._all):
            return asked
        why = "which port the destination had before it was translated is not known"
        return asks.either(
            (both(Not(self._moved), asked), both(self._moved, Unknown(f"port: {asked!r}"[:200], why)))
        )


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
