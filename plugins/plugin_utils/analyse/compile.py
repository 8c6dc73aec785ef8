# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A match -> the set of flows that it is true for, on one host.

What can't be decided becomes a free variable (see ``diagrams``), scoped to the host: the same unknown
on the same host is one variable.
"""

from __future__ import annotations

from ..model.diagrams import EMPTY, FULL
from ..model.flowset import Space
from ..model.match import All, Always, Either, Fib, In, Masked, Match, Member, Named, Not, Ranges, Unknown
from ..model.state import NamedSet, State
from .fib import RouteQuestions
from .index import IPV6_AT, few
from .routes import FAMILY_NAME
from .zones import Zones

# Which parts of a set's elements a field of a flow can be compared with.
_KINDS = {
    "address4": ("src", "dst"),
    "address6": ("src", "dst"),
    "port": ("src_port", "dst_port"),
    "protocol": ("protocol",),
    "mark": ("mark", "ct_mark"),
    "name": ("in_interface", "out_interface"),
}
_FAMILY = {"address4": 4, "address6": 6}


class Compiler:
    """Compiles the matches of one state; equal matches share their work."""

    def __init__(self, state: State, space: Space, assumed: frozenset[str] = frozenset()) -> None:
        """``assumed``: the names of assumptions that hold, and settle conditions that are unknown without."""
        self.state = state
        self.space = space
        self._assumed = assumed
        self._cache: dict[Match, int] = space.cache()
        self._reasons: dict[Match, list[str]] = {}
        self._spans: dict[tuple[str, tuple[str, ...], str], Ranges | None] = {}
        self._names_known = space.names_known
        self._routes: RouteQuestions | None = None
        self._zones = Zones(state)

    def node(self, match: Match) -> int:
        if self._names_known != self.space.names_known:
            self.space.empty(self._cache)
            self._routes = None
            self._reasons.clear()  # a wildcard may cover a name that has become known since
            self._names_known = self.space.names_known
        found = self._cache.get(match)
        if found is None:
            found = self._cache[match] = self._build(match)
        return found

    def reasons(self, match: Match) -> list[str]:
        """Why the match can't be decided; empty if it can."""
        node = self.node(match)
        if not self.space.undecided(node):
            return []
        found = self._reasons.get(match)
        if found is None:
            found = self._reasons[match] = self.space.reasons(node)
        return found

    def _build(self, match: Match) -> int:
        diagrams = self.space.diagrams
        if isinstance(match, All):
            found = FULL
            for part in reversed(match.matches):
                found = diagrams.intersection(self.node(part), found)
            return found
        if isinstance(match, In):
            return self.space.in_ranges(match.field, match.ranges, match.family)
        if isinstance(match, Named):
            return self._named(match)
        if isinstance(match, Not):
            return diagrams.complement(self.node(match.match))
        if isinstance(match, Either):
            return diagrams.union_all(self.node(part) for part in match.matches)
        if isinstance(match, Member):
            return self._member(match)
        if isinstance(match, Masked):
            return self.space.masked(match.field, match.value, match.mask, match.family)
        return self._other(match)

    def _named(self, match: Named) -> int:
        asked = self._zones.asked(match.field, match.names)
        if len(asked) == 1:
            return self.space.named(*asked[0])
        return self.space.diagrams.union_all(self.space.named(*one) for one in asked)

    def _other(self, match: Match) -> int:
        if isinstance(match, Unknown):
            if match.assumption in self._assumed:
                return FULL if match.then else EMPTY
            return self._unknown(match.key, match.reason)
        if isinstance(match, Fib):
            if self._routes is None:
                self._routes = RouteQuestions(self.state, self.space)
            return self._routes.node(match)
        if isinstance(match, Always):
            return FULL
        raise TypeError(f"no such match: {match!r}")

    def _unknown(self, key: str, reason: str) -> int:
        return self.space.unknown(f"{self.state.host}: {key}", reason)

    def _member(self, match: Member) -> int:
        named = self.state.sets.get(match.name)
        if named is None:
            return self._unknown(_key(match), f"the members of set {match.name} were not gathered")
        if not named.complete:
            return self._may_be_in(named, match, "could not be read in full")
        leaving = set(named.expiring)
        staying = self.elements(
            named, match.fields, [i for i in range(len(named.elements)) if i not in leaving]
        )
        if staying is None:
            return self._unknown(_key(match), f"set {match.name} holds values that a flow does not tell")
        if named.dynamic:
            return self.space.diagrams.union(
                staying, self._may_be_in(named, match, "change with the traffic")
            )
        if not leaving:
            return staying
        listed = self.elements(named, match.fields, named.expiring) or EMPTY
        maybe = self.space.diagrams.intersection(listed, self._may_be_in(named, match, "time out"))
        return self.space.diagrams.union(staying, maybe)

    def _may_be_in(self, named: NamedSet, match: Member, why: str) -> int:
        """Flows that may be members: whatever these are, a set of addresses holds those of its family only."""
        maybe = self._unknown(_key(match), f"the members of set {match.name} {why}")
        for kind in _FAMILY.keys() & named.fields:
            of_family = self.space.named("family", (FAMILY_NAME[_FAMILY[kind]],))
            maybe = self.space.diagrams.intersection(of_family, maybe)
        return maybe

    def elements(self, named: NamedSet, fields: tuple[str, ...], which: list[int]) -> int | None:
        """The flows whose ``fields`` are one of these elements; None if a part of them has no field."""
        if len(fields) != len(named.fields) or any(
            field not in _KINDS.get(kind, ()) for kind, field in zip(named.fields, fields)
        ):
            return None
        diagrams = self.space.diagrams
        if len(fields) == 1 and named.fields[0] != "name":
            ranges = tuple(part for index in which if not isinstance(part := named.elements[index][0], str))
            return self.space.in_ranges(fields[0], ranges, _FAMILY.get(named.fields[0], 0))
        found = []
        for index in which:
            node = FULL
            for kind, field, part in zip(named.fields, fields, named.elements[index]):
                one = (
                    self.space.named(field, (part,))
                    if isinstance(part, str)
                    else self.space.in_ranges(field, (part,), _FAMILY.get(kind, 0))
                )
                node = diagrams.intersection(node, one)
            found.append(node)
        return diagrams.union_all(found)

    def set_spans(self, match: Member, field: str) -> Ranges | None:
        """The values of ``field`` in a set that is known, on the lines of the index; None where it is not."""
        key = (match.name, match.fields, field)
        if key not in self._spans:
            self._spans[key] = self._spans_of(match, field)
        return self._spans[key]

    def _spans_of(self, match: Member, field: str) -> Ranges | None:
        named = self.state.sets.get(match.name)
        if (
            named is None
            or not named.complete
            or named.dynamic
            or match.fields.index(field) >= len(named.fields)
        ):
            return None
        at = match.fields.index(field)
        kind = named.fields[at]
        if field not in _KINDS.get(kind, ()):
            return None
        parts = [part for element in named.elements if not isinstance(part := element[at], str)]
        if not parts:
            return None
        shift = IPV6_AT if kind == "address6" else 0
        return few((low + shift, high + shift) for low, high in parts)


def _key(match: Member) -> str:
    return f"set {match.name} {','.join(match.fields)}"
