# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules of a chain packets of one interface can match: a device may bind lists to hundreds of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..model.flowset import FlowSet
from ..model.match import All, Match, Named
from ..model.rules import Rule

_FIELD = "in_interface"
# So many bindings at least make it worth to look.
_FEWEST = 6


class Bindings:
    """Of the chains of one state."""

    def __init__(self, chains: Mapping[str, Sequence[Rule]]) -> None:
        self._chains: dict[str, list[frozenset[str] | None]] = {}
        for key, rules in chains.items():
            listed = [
                None if rule.follows or (then is not None and then.follows) else _interfaces(rule.match)
                for rule, then in zip(rules, (*rules[1:], None))
            ]
            if sum(names is not None for names in listed) >= _FEWEST:
                self._chains[key] = listed
        self._orders: dict[tuple[str, str], list[int]] = {}

    def interface(self, flows: FlowSet) -> str:
        """The interface by which all of the flows come in, where that is worth to know; else nothing."""
        names = flows.values(_FIELD) if self._chains else ()
        return names[0] if len(names) == 1 and names[0] != "!" else ""

    def order(self, key: str, size: int, interface: str) -> Sequence[int]:
        """The positions of a chain's rules that packets of an interface may match; all, where it is not known."""
        listed = self._chains.get(key)
        if listed is None or not interface:
            return range(size)
        found = self._orders.get((key, interface))
        if found is None:
            found = [index for index, names in enumerate(listed) if names is None or interface in names]
            self._orders[key, interface] = found
        return found


def _interfaces(match: Match) -> frozenset[str] | None:
    """The interfaces outside of which a match is surely false; None where it does not tell."""
    for part in match.matches if isinstance(match, All) else (match,):
        if isinstance(part, Named) and part.field == _FIELD and not any("*" in name for name in part.names):
            return frozenset(part.names)
    return None
