# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change did to flows, sorted: each flow that fares otherwise is of the first class that has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..model.flowset import FlowSet, Space
from .blame import Case
from .bucket import Bucket
from .diff import Finding, MakeFinding, Moved
from .late import TooLateError
from .pair import ChainChange

GAINED, LOST, UNKNOWN, KNOWN, REWRITTEN = "gained", "lost", "unknown", "known", "rewritten"
KINDS = (LOST, GAINED, UNKNOWN, KNOWN, REWRITTEN)
REST = "rest"


@dataclass(frozen=True)
class Class:
    """``flows``: what is in it, by how the flows fare otherwise; a kind that is not there has none."""

    name: str
    flows: Mapping[str, FlowSet]


@dataclass
class Sorting:
    """``classes``: in the order of their rank; what is in none is in ``REST``. ``watched``: flows by name, of which is
    asked whether anything of them fares otherwise: ``touched`` of the findings holds the answer. ``late``: whether
    to give up, asked before each part of the work."""

    classes: Sequence[Class]
    watched: Mapping[str, FlowSet]
    late: Callable[[], bool] = lambda: False
    findings: list[SortedFinding] = field(default_factory=list)

    def __call__(self, connection: str, asked: FlowSet, case: Case, most: int) -> SortedFinding:
        self.findings.append(SortedFinding(self, connection, asked, case, most))
        return self.findings[-1]


# Of a space and a hook.
Sort = Callable[[Space, str], Sorting]


class SortedFinding(Finding):
    """A finding that keeps the flows of each class apart, each kind in a bucket of its own."""

    def __init__(self, sorting: Sorting, connection: str, asked: FlowSet, case: Case, most: int) -> None:
        super().__init__(connection, asked, case, most)
        self._sorting = sorting
        self.touched: set[str] = set()
        names = [*(one.name for one in sorting.classes), REST]
        self.sorted = {name: {kind: Bucket(most) for kind in KINDS} for name in names}

    def add(self, moved: Moved, parts: Sequence[FlowSet], changes: Sequence[ChainChange]) -> None:
        if self._sorting.late():
            raise TooLateError
        everything = moved.all
        if not everything:
            return
        self.found = True
        self.case.see([part & everything for part in parts], changes)
        for name, flows in self._sorting.watched.items():
            if name not in self.touched and everything & flows:
                self.touched.add(name)
        for kind, flows in _kinds(moved):
            for one in self._sorting.classes:
                mine = flows & one.flows[kind] if flows and kind in one.flows else None
                if mine:
                    self.sorted[one.name][kind].add(mine, self.simplest)
                    flows = flows - mine
            if flows:
                self.sorted[REST][kind].add(flows, self.simplest)

    def sorted_flows(self) -> dict[str, Any]:
        """Class -> kind -> flows; classes and kinds without any are left out."""
        found: dict[str, Any] = {}
        for name, buckets in self.sorted.items():
            told = {kind: bucket.to_dict() for kind, bucket in buckets.items()}
            told = {kind: one for kind, one in told.items() if one["flows"]}
            if told:
                found[name] = told
        return found


def _kinds(moved: Moved) -> list[tuple[str, FlowSet]]:
    unknown = moved.unknown | moved.to_unknown["permit"] | moved.to_unknown["deny"]
    known = moved.from_unknown["permit"] | moved.from_unknown["deny"]
    return [
        (GAINED, moved.gained),
        (LOST, moved.lost),
        (UNKNOWN, unknown),
        (KNOWN, known - unknown),
        (REWRITTEN, moved.rewritten),
    ]


def noting(sort: Sort) -> tuple[Callable[[Space, str], MakeFinding], Callable[[], set[str]]]:
    """For ``differences``: what makes the findings; and, when they are made, the names of what was touched."""
    made: list[Sorting] = []

    def make(space: Space, hook: str) -> MakeFinding:
        made.append(sort(space, hook))
        return made[-1]

    return make, lambda: {name for one in made for finding in one.findings for name in finding.touched}
