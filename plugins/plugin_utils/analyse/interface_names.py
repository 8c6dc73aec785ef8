# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interfaces that a question names, as a network device calls them.

Devices understand abbreviations (Cisco, "Gi0/0"), and people write an interface for its only unit (Junos). Taken as it
stands, such a name would be one without any list, and everything that comes by it permitted. What comes by a name that
is like none of them is unknown for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import FlowError
from ..model.match import All, Either, Match, Named, Not
from ..model.state import State
from .scope import asked_by, rules_by_chain

_FIELDS = ("in_interface", "out_interface")
# A kind of interface and its number: "Gi0/0", "Vlan 10".
_PARTS = re.compile(r"([A-Za-z][A-Za-z-]*) ?(\d[\d/.:]*)")
_SHOWN = 10  # of a device's interfaces, where a question named none of them


@dataclass(frozen=True)
class Strange:
    """Names in one field of a question that are like none of the device's, and why nothing is known of them."""

    field: str
    names: list[str]
    reason: str


class InterfaceNames:
    """Of one state. A Linux host is not asked: interfaces come and go there, and rules name those to come."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: tuple[str, ...] | None = None

    def resolved(self, flow: Mapping[str, Any]) -> Mapping[str, Any]:
        """The question with the device's own names. FlowError for one that may be several of them."""
        if self._state.platform == "linux" or not self._state.interfaces:
            return flow
        given = {field: flow[field] for field in _FIELDS if flow.get(field) is not None}
        if not given:
            return flow
        return {**flow, **{field: self._names(field, value) for field, value in given.items()}}

    def strange(self, flow: Mapping[str, Any]) -> Iterator[Strange]:
        """What a resolved question names that the device is not known to have."""
        if self._state.platform == "linux" or not self._state.interfaces:
            return
        for field in _FIELDS:
            names = [name for name in _each(flow.get(field)) if name and name not in self.known()]
            if names:
                yield Strange(field, names, self._none_of(names))

    def _none_of(self, names: list[str]) -> str:
        known = sorted(self._state.interfaces)
        others = f" and {len(known) - _SHOWN} others" if len(known) > _SHOWN else ""
        return (
            f"the configuration has no interface {', '.join(names[:_SHOWN])}: it has "
            f"{', '.join(known[:_SHOWN])}{others}"
        )

    def _names(self, field: str, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [self._names(field, one) for one in value]
        if not isinstance(value, str):
            return value
        return ",".join(self._name(field, part.strip()) for part in value.split(","))

    def _name(self, field: str, name: str) -> str:
        """A name that is like none of the device's stays: a saved part of a configuration has not all of them."""
        known = self.known()
        if name in known or not name:
            return name
        if name.endswith("*"):
            return ",".join(one for one in known if one.lower().startswith(name[:-1].lower())) or name
        found = (
            [one for one in known if one.lower() == name.lower()]
            or [one for one in known if _abbreviates(name, one)]
            or [one for one in known if one.startswith(f"{name}.")]
        )
        if len(found) > 1:
            raise FlowError(
                f"there is no interface {name!r}",
                f"{field} of a flow, host {self._state.host}",
                f"name one of: {', '.join(found[:_SHOWN])}",
            )
        return found[0] if found else name

    def known(self) -> tuple[str, ...]:
        """The interfaces of the configuration, and those that rules name."""
        if self._known is None:
            rules = rules_by_chain(self._state).values()
            named = {
                name
                for some in rules
                for rule in some
                for match in asked_by(rule)
                for name in _interfaces_of(match)
            }
            self._known = tuple(sorted({*self._state.interfaces, *named}))
        return self._known


def _each(value: Any) -> Iterator[str]:
    """The names in what a question gives for an interface."""
    for one in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(one, (list, tuple)):
            yield from _each(one)
        elif isinstance(one, str):
            yield from (part.strip() for part in one.split(","))


def _abbreviates(short: str, name: str) -> bool:
    one, other = _PARTS.fullmatch(short), _PARTS.fullmatch(name)
    if one is None or other is None:
        return False
    initials = "".join(re.findall(r"[A-Z]", other[1])).lower()  # IOS XR: BE for Bundle-Ether
    said = one[1].lower()
    return one[2] == other[2] and (other[1].lower().startswith(said) or (len(said) > 1 and said == initials))


def _interfaces_of(match: Match) -> Iterable[str]:
    if isinstance(match, Named):
        return match.names if match.field in _FIELDS else ()
    if isinstance(match, Not):
        return _interfaces_of(match.match)
    if isinstance(match, (All, Either)):
        return [name for part in match.matches for name in _interfaces_of(part)]
    return ()
