# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences in plain data, of bounded size: what the filter gives back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import FlowError
from ..model.state import State
from .bucket import MOST, MOST_COUNTED, Bucket
from .diff import Entry, differences


def most_from(limit: Any) -> int:
    """How many parts and rules are listed. FlowError for what is no such number."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_COUNTED:
        raise FlowError(f"limit is {limit!r}", "firewall_diff", f"give a number from 1 to {MOST_COUNTED}")
    return limit


def firewall_difference(
    before: State, after: State, ruleset: str | None = None, most: int = MOST
) -> list[dict[str, Any]]:
    """An entry for each hook and kind of connection with a difference; none for none. See the filter's docs."""
    return [entry_of(entry, after.host, most) for entry in differences(before, after, ruleset, most)]


def entry_of(entry: Entry, host: str, most: int) -> dict[str, Any]:
    """One entry as plain data; ``most``: rules that are listed."""
    finding = entry.finding
    culprits = finding.case.culprits()
    found: dict[str, Any] = {"host": host, "hook": entry.hook, "connection": finding.connection}
    if entry.ruleset:
        found["ruleset"] = entry.ruleset
    return {
        **found,
        "gained": finding.gained.to_dict(),
        "lost": finding.lost.to_dict(),
        "became_unknown": _apart(finding.became_unknown),
        "became_known": _apart(finding.became_known),
        "still_unknown": finding.still_unknown.to_dict(),
        "rewritten": finding.rewritten.to_dict(),
        "reasons": finding.case.reasons(),
        "rules": [culprit.to_dict() for culprit in culprits[:most]],
        "more_rules": max(len(culprits) - most, 0),
    }


def _apart(buckets: Mapping[str, Bucket]) -> dict[str, Any]:
    return {verdict: bucket.to_dict() for verdict, bucket in buckets.items()}
