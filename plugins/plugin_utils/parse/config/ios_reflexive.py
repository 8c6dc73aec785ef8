# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reflexive access lists: what ``evaluate`` lets in.

Source: Cisco IOS Security Configuration Guide: Access Control Lists, "Configuring IP Session Filtering (Reflexive
Access Lists)": an entry with ``reflect`` that lets a packet out makes an entry for what answers it, of the same
protocol with ends exchanged; ``evaluate`` in the list for the other direction asks these. So it lets in no packet that
opens a connection. That the entry is still there (``timeout``) is taken for granted where a connection is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...model.match import Match, Named, Unknown, both
from ...model.rules import Rule
from . import asks, ios_sets
from .ios_interfaces import Settings
from .ios_lists import AccessList, Evaluate

_OPPOSITE = {"in": "out", "out": "in"}
_ANSWERS = Named("connection", ("established",))
Rules = Callable[[AccessList], list[Rule]]


class Reflexive:
    """The reflexive lists of one configuration. ``rules``: those of a list."""

    def __init__(
        self, lists: Mapping[tuple[str, str], AccessList], interfaces: Iterable[Settings], rules: Rules
    ) -> None:
        self._interfaces = list(interfaces)
        self._rules = rules
        self._filled: dict[tuple[str, str], list[AccessList]] = {}
        for one in lists.values():
            for name in dict.fromkeys(one.reflecting()):
                self._filled.setdefault((one.family, name), []).append(one)

    def of(self, asking: AccessList) -> Evaluate:
        def evaluate(name: str) -> Match:
            found: list[Match] = [
                self._let_in(one, name, asking) for one in self._filled.get((asking.family, name), ())
            ]
            return both(_ANSWERS, asks.either(found))

        return evaluate

    def _let_in(self, filling: AccessList, name: str, asking: AccessList) -> Match:
        rules = self._rules(filling)
        found: list[Match] = []
        for index, rule in enumerate(rules):
            words = rule.text.split()
            if "reflect" in words and words[words.index("reflect") + 1 :][:1] == [name]:
                found.append(ios_sets.answers(ios_sets.first_match(rules, index, filling.name)))
        passed = asks.either(found)
        if self._face_each_other(filling, asking):
            return passed
        why = f"whether what comes here has gone out by {filling.name} is not known"
        return both(passed, Unknown(f"evaluate {name} {asking.name}", why))

    def _face_each_other(self, filling: AccessList, asking: AccessList) -> bool:
        """Whether each interface that asks for entries makes them in the other direction."""
        places = [
            (settings, direction)
            for settings in self._interfaces
            for (family, direction), bound in settings.lists.items()
            if family == asking.family and asking.name in (bound.name, bound.common)
        ]
        return bool(places) and all(
            (other := settings.lists.get((asking.family, _OPPOSITE[direction]))) is not None
            and filling.name == other.name
            and not other.common
            for settings, direction in places
        )
