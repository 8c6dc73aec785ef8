# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one line that people wait for: is it the firewall, and if not, what is it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..guard.probes import REACHABLE
from .case import Case
from .cause import CERTAIN, LIKELY, NAME, POSSIBLE, Cause

REASONS_TOLD = 2
FIREWALL, OTHER, NOTHING, UNKNOWN = "firewall", "not_firewall", "nothing", "unknown"


@dataclass(frozen=True)
class Verdict:
    """``kind``: firewall, not_firewall (it is something else), nothing (all works now), unknown. ``certain``: whether
    that is proven or measured. ``cleared``: whether no firewall rule that was read can be the cause."""

    kind: str
    text: str
    certain: bool
    cleared: bool

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text, "certain": self.certain, "cleared": self.cleared}


def verdict(case: Case, causes: Sequence[Cause]) -> Verdict:
    """``causes``: the likeliest first."""
    unasked = any(cause.layer == NAME and not cause.host for cause in causes)  # the way to the name server
    guilty = any(cause.firewall and not cause.opens for cause in causes)
    cleared = case.proven_open and not unasked and not guilty
    if not causes:
        return _without(case, cleared)
    first = causes[0]
    certain = first.confidence == CERTAIN
    if first.confidence == POSSIBLE and not case.closed and _all_through(case):
        text = f"{_works(case)}; what may matter: {first.what}"
        return Verdict(NOTHING, text[0].upper() + text[1:], False, cleared)
    if first.opens:
        text = f"{_sure('It is the firewall', certain)}, which lets pass what must be closed: {first.what}"
        return Verdict(FIREWALL, text, certain, False)
    if first.firewall:
        return Verdict(FIREWALL, f"{_sure('It is the firewall', certain)}: {first.what}", certain, False)
    if cleared and not certain and not first.host:
        # Nobody's doing that was read: what was not read may be a firewall.
        return Verdict(UNKNOWN, f"It is no firewall rule that was read: {first.what}", False, True)
    if cleared:
        return Verdict(OTHER, f"It is not the firewall: {first.what}", certain, True)
    if certain:
        return Verdict(OTHER, f"{_beside(first, causes)}: {first.what}", True, False)
    return Verdict(UNKNOWN, f"It may be: {first.what}", False, False)


def _beside(first: Cause, causes: Sequence[Cause]) -> str:
    """Where a name leads to the wrong place, what happens to packets there is no matter."""
    beside = {
        cause.confidence for cause in causes if cause.firewall and not cause.opens and first.layer != NAME
    }
    if CERTAIN in beside:
        return "It is not the firewall alone"
    return "It may be the firewall, too; certain is" if LIKELY in beside else "It is not the firewall"


def _sure(words: str, certain: bool) -> str:
    return words if certain else words.replace("It is", "It may be")


def _without(case: Case, cleared: bool) -> Verdict:
    if cleared and (_all_through(case) or not case.rows):
        tail = "" if case.rows else " (no new connection was tried)"
        return Verdict(NOTHING, f"It is not the firewall: {_works(case)}{tail}", bool(case.rows), True)
    if case.proven_open:
        return Verdict(
            UNKNOWN, "It is no firewall rule that was read; the cause was not found", False, cleared
        )
    reasons = [reason for path in case.paths for reason in path["unknown"]["reasons"]][:REASONS_TOLD]
    if _all_through(case):
        text = f"{_works(case)}; it is not proven for all of it: {'; '.join(reasons)}"
        return Verdict(NOTHING, text[0].upper() + text[1:], False, False)
    return Verdict(UNKNOWN, "The cause was not found: some of what is on the way is not known", False, False)


def _all_through(case: Case) -> bool:
    return bool(case.rows) and all(row.result == REACHABLE for row in case.rows)


def _works(case: Case) -> str:
    if not case.rows:
        return "nothing is cut off now; rules and routes let all of it pass"
    found = f"nothing is cut off now; all {len(case.rows)} ways that were tried get through"
    return f"{found}, and rules and routes let all of it pass" if case.proven_open else found
