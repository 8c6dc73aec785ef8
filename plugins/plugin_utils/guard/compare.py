# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths before and after: which got worse. Nothing that is not known passes for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..model.flow import flows_from
from ..model.flowset import FlowSet, Space
from ..policy.expected import Expected

SAME, BETTER, WORSE = "same", "better", "worse"
VIOLATED, UNKNOWN, EXPECTED = "newly violated", "newly unknown", "expected"
FAILING = frozenset({WORSE, VIOLATED, UNKNOWN})

Piece = Mapping[str, Any]

# (satisfied before, satisfied after) -> what happened; where it is None, the flow sets decide.
TRANSITIONS: dict[tuple[str, str], str | None] = {
    ("yes", "yes"): SAME,
    ("yes", "no"): VIOLATED,
    ("yes", "unknown"): UNKNOWN,
    ("no", "yes"): BETTER,
    ("no", "no"): None,
    ("no", "unknown"): UNKNOWN,
    ("unknown", "yes"): BETTER,
    ("unknown", "no"): VIOLATED,
    ("unknown", "unknown"): None,
}


@dataclass(frozen=True)
class PathView:
    """What the guard needs of a path in a report.

    ``kind``: required or forbidden. ``bad``: the flows that certainly violate the policy (a required path's
    cut-off part, a forbidden one's open part), ``unknown``: those that can't be judged, as pieces
    ``{src: [...], dst: [...], ...}``. ``share``: short, for people ("7 of 10 app hosts"). ``too_big``: the open
    flows of which packets that are too big surely vanish, because the ICMP errors about them get lost.
    ``deciding``: ``{host, flows}``, who decides about these.
    ``moved``: what is to be said of its names that have moved. ``unsaved``: hosts where boot would surely not load what
    runs, of a path that requires it. ``accepted``: whether a violation from before the change does not stop it: it is
    waived, or of a standby's path.
    """

    name: str
    kind: str
    status: str
    satisfied: str
    share: str = ""
    bad: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, Any]] = field(default_factory=list)
    too_big: list[dict[str, Any]] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    unsaved: list[str] = field(default_factory=list)
    accepted: bool = False
    deciding: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class PathChange:
    """``hangs``: whether it got worse in that packets that are too big vanish now."""

    name: str
    before: PathView
    after: PathView
    what: str
    hangs: bool = False

    @property
    def fails(self) -> bool:
        return self.what in FAILING

    def text(self) -> str:
        """One line, for people."""
        was, now = self.before, self.after
        if was.kind == "forbidden":
            found = f"path '{self.name}' is forbidden and was {was.status}, is {now.status}"
            more = f", and boot would not load what runs on {', '.join(now.unsaved)}" if now.unsaved else ""
            return found + more
        found = f"path '{self.name}' was {was.status} ({was.share}), is {now.status} ({now.share})"
        if self.hangs:
            found += ", but what is too big for its way hangs: ICMP errors get lost"
        if now.unsaved:
            found += f", but boot would not load what runs on {', '.join(now.unsaved)}"
        return "; ".join([found, *now.moved])

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.after.kind,
            "change": self.what,
            "before": _side(self.before),
            "after": _side(self.after),
        }


def as_dict(view: PathView) -> dict[str, Any]:
    return asdict(view)


def _side(view: PathView) -> dict[str, str]:
    return {"status": view.status, "satisfied": view.satisfied, "share": view.share}


def compare(
    before: Sequence[PathView], after: Sequence[PathView], expected: Expected | None = None
) -> list[PathChange]:
    """In the order of the policy. ``expected``: what the change is meant to alter."""
    old = {view.name: view for view in before}
    return [_change(old[view.name], view, expected or Expected()) for view in after]


def _change(before: PathView, after: PathView, expected: Expected) -> PathChange:
    what = TRANSITIONS[before.satisfied, after.satisfied] or _by_flows(before, after)
    hangs = what not in (WORSE, BETTER) and _hangs(before, after)
    forgotten = set(after.unsaved) - set(before.unsaved)
    if (hangs or forgotten) and what == SAME:
        what = WORSE
    if what in FAILING and (
        after.name in expected.paths
        or (not hangs and not forgotten and _only_expected(before, after, expected))
    ):
        what = EXPECTED
    return PathChange(after.name, before, after, what, hangs)


def _only_expected(before: PathView, after: PathView, expected: Expected) -> bool:
    """Whether all that got worse is of flows that are meant to fare otherwise: anywhere, or on hosts that decide."""
    if not expected.flows:
        return False
    space = Space()
    worse = _set(space, after.bad) - _set(space, before.bad)
    worse = worse | (_set(space, after.unknown) - _set(space, before.unknown) - _set(space, before.bad))
    meant = expected.anywhere(space)
    for one in after.deciding:
        meant = meant | (expected.at(space, one["host"]) & _set(space, one["flows"]))
    return bool(worse) and worse <= meant


def _hangs(before: PathView, after: PathView) -> bool:
    space = Space()
    return bool(_set(space, after.too_big) - _set(space, before.too_big) - _set(space, before.bad))


def _by_flows(before: PathView, after: PathView) -> str:
    space = Space()
    worse = _set(space, after.bad) - _set(space, before.bad)
    if worse:
        return WORSE
    old_unknown, new_unknown = _set(space, before.unknown), _set(space, after.unknown)
    if new_unknown - old_unknown - _set(space, before.bad):
        return UNKNOWN
    if _set(space, before.bad) - _set(space, after.bad) or old_unknown - new_unknown:
        return BETTER
    return SAME


def _set(space: Space, pieces: Iterable[Piece]) -> FlowSet:
    found = space.nothing
    for piece in pieces:
        found = found | flows_from(space, piece)
    return found
