# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a path would outlast a reboot: on each firewall on its way, boot loads what runs (``boot`` of a state)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..analyse.reach import Leg
from ..model.state import State

SAME, DIFFERS, NOT_KNOWN = "same", "differs", "unknown"


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A host on the way whose boot would not surely load what runs. ``matches``: differs or unknown."""

    host: str
    matches: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        return {"host": self.host, "matches": self.matches, "reason": self.reason}

    def text(self) -> str:
        surely = "is not" if self.matches == DIFFERS else "may not be"
        return (
            f"{self.host}: what boot would load {surely} what runs: {self.reason or 'no reason was recorded'}"
        )


def unsaved(states: Mapping[str, State], ends: Iterable[str], legs: Iterable[Leg]) -> list[Unsaved]:
    """Of the two ends' hosts and all routers that flows or replies may pass. A host without rules, in memory or on
    disk, has none to lose."""
    names = dict.fromkeys(ends)
    for leg in legs:
        names.update(dict.fromkeys((*leg.there, *(leg.back or ()))))
    found = []
    for name in names:
        state = states.get(name)
        if state is None or not _has_rules(state):
            continue
        matches = str(state.boot["matches"])
        if matches != SAME:
            found.append(Unsaved(name, matches, str(state.boot["reason"])))
    return found


def _has_rules(state: State) -> bool:
    return bool(state.rulesets or state.chains or state.boot["sources"] or not state.firewall_known)


def persistent_entry(found: Iterable[Unsaved]) -> dict[str, Any]:
    """The report's part, of a path that requires it."""
    listed = list(found)
    worst = {item.matches for item in listed}
    return {
        "matches": DIFFERS if DIFFERS in worst else NOT_KNOWN if worst else SAME,
        "hosts": [item.to_dict() for item in listed],
    }
