# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is so of one path now: what rules and routes do with it, and whether new connections agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..guard.probes import CUT, OPEN, ProbeRow
from ..guard.probing import NOT_PROBED

Entry = Mapping[str, Any]
# The configuration facts that a policy asks for, as one more thing that can be in order or not.
FACTS = "configuration facts"
FAILING, PASSING = "failing", "passing"


@dataclass(frozen=True)
class Condition:
    """``status`` and ``satisfied``: as the report has them. ``accepted``: a violation that a waiver covers. ``part``:
    which flows violate the policy, as a digest. ``probes``: FAILING where new connections fail that rules let pass,
    PASSING where some get through that rules cut off; else empty."""

    status: str
    satisfied: str
    accepted: bool = False
    part: str = ""
    probes: str = ""

    @property
    def good(self) -> bool:
        return (self.satisfied == "yes" or self.accepted) and not self.probes

    @property
    def proven(self) -> tuple[str, str, bool, str]:
        """Without what connections say."""
        return self.status, self.satisfied, self.accepted, self.part

    @property
    def text(self) -> str:
        """For people: ``partial``, ``open, but new connections fail``."""
        if self.probes == FAILING:
            return f"{self.status}, but new connections fail"
        if self.probes == PASSING:
            return f"{self.status}, but new connections get through"
        return f"{self.status} (waived)" if self.accepted else self.status

    def to_list(self) -> list[Any]:
        return [self.status, self.satisfied, self.accepted, self.part, self.probes]

    @classmethod
    def from_list(cls, value: Sequence[Any]) -> Condition:
        status, satisfied, accepted, part, probes = value
        if not (
            isinstance(accepted, bool) and all(isinstance(item, str) for item in (status, satisfied, part))
        ):
            raise TypeError("no condition")
        return cls(status, satisfied, accepted, part, str(probes))


def conditions(document: Entry, rows: Iterable[ProbeRow]) -> dict[str, Condition]:
    """Of every path of a report, in its order, and of the configuration facts where any is asked for.

    ``rows``: the connections of the same time."""
    by_path: dict[str, list[ProbeRow]] = {}
    for row in rows:
        by_path.setdefault(row.path, []).append(row)
    found = {
        entry["name"]: Condition(
            entry["status"],
            entry["satisfied"],
            bool(entry["waived"]),
            _part(entry),
            word(by_path.get(entry["name"], ())),
        )
        for entry in document["paths"]
    }
    facts = [item for item in document["findings"] if item["kind"] == "configuration"]
    if facts:
        worst = "no" if any(item["satisfied"] == "no" for item in facts) else "unknown"
        texts = sorted(f"{item['satisfied']} {item['at']} {item['message']}" for item in facts)
        found[FACTS] = Condition(
            "not as wanted" if worst == "no" else "unknown", worst, False, _digest(texts)
        )
    else:
        found[FACTS] = Condition("as wanted", "yes")
    return found


def word(rows: Iterable[ProbeRow]) -> str:
    """What connections say against the proof. Those that could not be tried say nothing."""
    odd = [row for row in rows if row.result != NOT_PROBED and not row.agrees]
    if any(row.proof == OPEN for row in odd):
        return FAILING
    return PASSING if any(row.proof == CUT for row in odd) else ""


def _part(entry: Entry) -> str:
    """Which flows are certainly not as wanted; what is not known changes its words too often to be a sign."""
    if entry["satisfied"] != "no":
        return ""
    bad = entry["cut"] if entry["kind"] == "required" else entry["permitted"]
    return _digest(bad["flows"] if bad else [])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
