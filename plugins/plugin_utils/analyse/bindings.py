# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules of a chain packets of one interface, or of ICMP alone, can match, as far as a glance tells.

A device may bind lists to hundreds of interfaces; and of a list for TCP and UDP the ICMP errors match little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..model.fields import PROTOCOLS
from ..model.flowset import FlowSet
from ..model.match import All, In, Match, Named
from ..model.rules import Rule

_FIELD = "in_interface"
_ICMP = tuple((PROTOCOLS[name],) * 2 for name in ("icmp", "icmpv6"))
# So many bindings at least make it worth to look; with more rules about ICMP in a chain, an index finds them quicker.
_FEWEST, _MOST_OF_ICMP = 6, 200


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of all packets of a question. An empty interface: that it is not worth to know, or several."""

    interface: str = ""
    icmp: bool = False


class Bindings:
    """Of the chains of one state."""

    def __init__(self, chains: Mapping[str, Sequence[Rule]]) -> None:
        self._interfaces: dict[str, list[frozenset[str] | None]] = {}
        self._of_icmp: dict[str, list[int]] = {}
        for key, rules in chains.items():
            # A rule that follows another is asked about what that one has sent on.
            follows = [rule.follows for rule in rules]
            tied = [one or other for one, other in zip(follows, [*follows[1:], False])]
            listed = [None if bound else _interfaces(rule.match) for rule, bound in zip(rules, tied)]
            if sum(names is not None for names in listed) >= _FEWEST:
                self._interfaces[key] = listed
            self._of_icmp[key] = [
                at for at, (rule, bound) in enumerate(zip(rules, tied)) if bound or _may_be_icmp(rule.match)
            ]
        self._few = all(len(listed) <= _MOST_OF_ICMP for listed in self._of_icmp.values())
        self._orders: dict[tuple[str, Kind], Sequence[int]] = {}

    def kind(self, flows: FlowSet) -> Kind:
        names = flows.values(_FIELD) if self._interfaces else ()
        icmp = self._few and flows <= flows.space.everything.only("protocol", _ICMP)
        return Kind(names[0] if len(names) == 1 and names[0] != "!" else "", icmp)

    def order(self, key: str, size: int, kind: Kind) -> Sequence[int]:
        """The positions of a chain's rules that packets of a kind may match."""
        found = self._orders.get((key, kind))
        if found is None:
            found = self._of_icmp[key] if kind.icmp else range(size)
            listed = self._interfaces.get(key)
            if listed is not None and kind.interface:
                names = kind.interface
                found = [at for at in found if listed[at] is None or names in (listed[at] or ())]
            self._orders[key, kind] = found
        return found


def _parts(match: Match) -> Sequence[Match]:
    return match.matches if isinstance(match, All) else (match,)


def _interfaces(match: Match) -> frozenset[str] | None:
    """The interfaces outside of which a match is surely false; None where it does not tell."""
    for part in _parts(match):
        if isinstance(part, Named) and part.field == _FIELD and not any("*" in name for name in part.names):
            return frozenset(part.names)
    return None


def _may_be_icmp(match: Match) -> bool:
    return not any(
        isinstance(part, In)
        and part.field == "protocol"
        and not any(low <= number <= high for low, high in part.ranges for number, _same in _ICMP)
        for part in _parts(match)
    )
