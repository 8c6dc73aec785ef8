# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones of a device, and the interfaces in them.

A rule that asks for a zone asks for its interfaces, where these are known; a saved policy may name zones whose
interfaces it does not tell, and then a question has to name the zone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import FlowError
from ..model.flowset import FlowSet
from ..model.match import All, Either, Match, Named, Not
from ..model.state import State
from .scope import asked_by, rules_by_chain

_INTERFACE = {"in_zone": "in_interface", "out_zone": "out_interface"}
ZONES = tuple(_INTERFACE)


def interfaces_in(state: State) -> dict[str, tuple[str, ...]]:
    """Zone -> its interfaces."""
    found: dict[str, tuple[str, ...]] = {}
    for interface in state.interfaces.values():
        if interface.zone:
            found[interface.zone] = (*found.get(interface.zone, ()), interface.name)
    return found


class Zones:
    """The zones of one state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._members = interfaces_in(state)

    def asked(self, field: str, names: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
        """What a match on a name asks for, as fields and their names, any of which will do."""
        if field not in _INTERFACE or not self._members:
            return [(field, names)]
        inside = tuple(one for name in names for one in self._members.get(name, ()))
        others = tuple(name for name in names if name not in self._members)
        found = [(_INTERFACE[field], inside)] if inside else []
        return [*found, (field, others)] if others or not found else found

    def narrowed(self, flows: FlowSet, flow: Mapping[str, Any]) -> FlowSet:
        """The flows of a question that names zones: those by interfaces of these. FlowError for a zone that the
        device does not have."""
        for field, interface in _INTERFACE.items():
            if flow.get(field) is None:
                continue
            for name in flows.values(field):
                self._must_be_known(field, name)
            for name, members in self._members.items():
                there = flows.named(field, (name,))
                flows = flows - (there - there.named(interface, members))
        return flows

    def _must_be_known(self, field: str, name: str) -> None:
        known = {*self._members, *self._in_rules()}
        if name in known or (not known and not self._state.interfaces):  # rules of Panorama, for any zone
            return
        near = difflib.get_close_matches(name, known, 1)
        raise FlowError(
            f"there is no zone {name!r}",
            f"{field} of a flow, host {self._state.host}",
            f"did you mean {near[0]!r}?" if near else f"its zones: {', '.join(sorted(known)) or 'none'}",
        )

    def _in_rules(self) -> set[str]:
        rules = rules_by_chain(self._state).values()
        return {
            name for some in rules for rule in some for match in asked_by(rule) for name in _zones_of(match)
        }


def _zones_of(match: Match) -> Iterable[str]:
    if isinstance(match, Named):
        return match.names if match.field in _INTERFACE else ()
    if isinstance(match, Not):
        return _zones_of(match.match)
    if isinstance(match, (All, Either)):
        return [name for part in match.matches for name in _zones_of(part)]
    return ()
