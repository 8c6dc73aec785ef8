# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit's hosts, drift, hygiene and what was left out as cases of JUnit. What the verdict is not about is skipped,
and still told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import audit_words as words

Entry = dict[str, Any]


def _case(kind: str, name: str, result: str, message: str = "", lines: Sequence[str] = ()) -> Entry:
    text = "\n".join(lines) or message
    return {"kind": kind, "name": name, "result": result, "message": message, "text": text}


def of_policy(policy: Mapping[str, Any]) -> list[Entry]:
    """Of one without a report: it could not be judged, or is to be judged by the join of all slices."""
    if policy["error"]:
        return [_case("policy", policy["file"], "error", policy["error"])]
    return [_case("policy", policy["file"], "skipped", "to be judged when the slices are joined")]


def suites(audit: Entry) -> list[Entry]:
    bad = "error" if words.fails_on_violation(audit) else "skipped"
    hosts = [
        _case("host", host["name"], "" if host["status"] == "read" else bad, host["error"])
        for host in audit["hosts"]
    ]
    hosts += [
        _case("slice", f"slice {number}", bad, f"slice {number} left no report")
        for number in audit["missing_slices"]
    ]
    found = [{"name": "hosts", "cases": hosts}]
    if audit["baseline"] is not None:
        found.append({"name": "drift", "cases": [_drift(audit, one) for one in audit["drift"]]})
    if audit["hygiene"]:
        found.append({"name": "hygiene", "cases": [_hygiene(audit, one) for one in audit["hygiene"]]})
    left_out = [
        _case(
            "not examined",
            f"{one['what']} of {one['where']}",
            "error" if one["fails"] else "skipped",
            one["reason"],
        )
        for one in words.not_examined(audit)
    ]
    if left_out:
        found.append({"name": "not examined", "cases": left_out})
    return found


def _drift(audit: Entry, one: Entry) -> Entry:
    if one["status"] == "same":
        return _case("drift", one["host"], "")
    result = "failure" if words.fails_on_drift(audit) else "skipped"
    lines = [*words.drift_flows(one)]
    for what, before, now in words.drift_rules(one):
        lines += [what, *([f"- {before}"] if before else []), *([f"+ {now}"] if now else [])]
    return _case("drift", one["host"], result, words.drift_head(one), [*lines, *one["evidence"]])


def _hygiene(audit: Entry, one: Entry) -> Entry:
    result = "failure" if words.fails_on(audit, one) else "skipped"
    name = f"{words.place(one)}: {one['kind']}"
    return _case("hygiene", name, result, one["message"], [one["message"], one["text"]])
