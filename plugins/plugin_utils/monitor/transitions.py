# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a path's condition is told: once for each change, when it is confirmed, and no more often.

A condition that differs from the one that was told last counts when it was seen ``confirm`` times in a row. One that
never stays the same is told all the same after UNSETTLED rounds: a path of which some connections fail now and then is
not in order. A path that has changed ``FLAPS`` times within FLAP_WINDOW is told to be flapping, and then no more before
it has been the same for FLAP_QUIET.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .condition import Condition

# Rounds in a row in which something else was seen than what was told, without any of it being confirmed.
UNSETTLED = 3
FLAP_WINDOW, FLAP_QUIET = 900.0, 300.0

PROBLEM, CHANGED, RECOVERED, NOT_KNOWN, FLAPPING, SETTLED = (
    "problem",
    "changed",
    "recovered",
    "unknown",
    "flapping",
    "settled",
)


@dataclass
class Told:
    """Of one path. ``condition``: told last; None before the first round. ``since``: when it was first seen so.
    ``good_at``: when it was last seen in order. ``doubts``: rounds in a row in which it was not seen so. ``changes``:
    when it changed, lately. ``held``: while it flaps: how many changes were not told. Times in seconds since 1970."""

    condition: Condition | None = None
    since: float = 0.0
    good_at: float = 0.0
    doubts: int = 0
    changes: list[float] = field(default_factory=list)
    held: int = 0
    flapping: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "condition": self.condition.to_list() if self.condition else None,
            "since": self.since,
            "good_at": self.good_at,
            "doubts": self.doubts,
            "changes": self.changes,
            "held": self.held,
            "flapping": self.flapping,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Told:
        """Raises TypeError, ValueError, KeyError for what is none."""
        return cls(
            Condition.from_list(value["condition"]) if value["condition"] is not None else None,
            float(value["since"]),
            float(value["good_at"]),
            int(value["doubts"]),
            [float(item) for item in value["changes"]],
            int(value["held"]),
            bool(value["flapping"]),
        )


@dataclass(frozen=True)
class Transition:
    """``before``: None where nothing was known. ``held``: changes that were not told while it flapped."""

    path: str
    event: str
    before: Condition | None
    now: Condition
    since: float
    good_at: float
    held: int = 0


def differs(told: Told | None, seen: Condition) -> bool:
    """Whether there may be something to tell. A first sight is only told if it is not in order."""
    if told is None or told.condition is None:
        return not seen.good
    return told.condition != seen


def unsettled(told: Told | None) -> bool:
    """Whether it was seen otherwise so often that nothing is waited for any more."""
    return told is not None and told.doubts >= UNSETTLED - 1


def seen_again(told: Told, seen: Condition, now: float) -> None:
    """The condition is what was told."""
    told.condition, told.doubts = seen, 0
    told.since = told.since or now
    if seen.good:
        told.good_at = now


def tell(
    path: str, told: Told, seen: Condition, first_seen: float, now: float, flaps: int
) -> Transition | None:
    """Take a confirmed condition for the path's. None where it is not to be told: it flaps.

    ``flaps``: the changes within FLAP_WINDOW that make it flap; 0: never."""
    before, good_at = told.condition, told.good_at
    told.condition, told.since, told.doubts = seen, first_seen, 0
    if seen.good:
        told.good_at = now
    told.changes = [moment for moment in told.changes if moment > now - FLAP_WINDOW] + [now]
    if told.flapping:
        told.held += 1
        return None
    event = event_of(before, seen)
    if flaps and len(told.changes) > flaps:
        told.flapping = True
        event = FLAPPING
    return Transition(path, event, before, seen, first_seen, good_at)


def calm(path: str, told: Told, now: float) -> Transition | None:
    """The end of flapping, when nothing has changed for FLAP_QUIET."""
    if not told.flapping or told.condition is None or told.changes[-1] > now - FLAP_QUIET:
        return None
    found = Transition(path, SETTLED, None, told.condition, told.since, told.good_at, told.held)
    told.flapping, told.held, told.changes = False, 0, []
    return found


def event_of(before: Condition | None, now: Condition) -> str:
    if now.good:
        return RECOVERED
    if before is not None and not before.good and before.satisfied == now.satisfied:
        return CHANGED
    return NOT_KNOWN if now.satisfied == "unknown" and not now.probes else PROBLEM
