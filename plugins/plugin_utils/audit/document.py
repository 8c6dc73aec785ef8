# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit as its document (schemas/audit.schema.json): put together, counted, and judged by what it may fail on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..analyse.scope import rules_by_chain
from ..errors import AuditError
from ..render.audit_words import NO_RULES
from .collect import FAILED, MISSING, READ, HostRead
from .drift import SAME
from .hygiene import HIGH, LOW, MEDIUM, SEVERITIES

Entry = dict[str, Any]
FORMAT = 1
STATUS = ("open", "partial", "blocked", "unknown")
SATISFIED = ("yes", "no", "unknown")
HOST_STATUS = (READ, FAILED, MISSING)
VIOLATION, DRIFT, NOT_EXAMINED, NEVER = "violation", "drift", "not_examined", "never"
_HYGIENE = {"hygiene_low": (LOW, MEDIUM, HIGH), "hygiene_medium": (MEDIUM, HIGH), "hygiene_high": (HIGH,)}
FAIL_ON = (VIOLATION, DRIFT, *_HYGIENE, NOT_EXAMINED, NEVER)
# How many names stand in a reason.
_NAMED = 3


@dataclass(frozen=True)
class Slice:
    """Which part of the hosts, from 1."""

    number: int
    count: int

    def to_dict(self) -> dict[str, int]:
        return {"number": self.number, "count": self.count}


def slice_from(number: int, count: int) -> Slice | None:
    """None where the hosts are not cut into slices (AWX says 0 of 1 then). AuditError for what can't be."""
    if count <= 1 and number <= 1:
        return None
    if not 1 <= number <= count:
        raise AuditError(
            f"there is no slice {number} of {count}",
            "path_audit_slice_number, path_audit_slice_count",
            "give both, the number from 1 to the count",
        )
    return Slice(number, count)


@dataclass
class Parts:
    """What a document is made of; each as its schema has it. ``fail_on``: of FAIL_ON."""

    id: str
    generated_at: str
    name: str = ""
    slice: Slice | None = None
    hosts: list[Entry] = field(default_factory=list)
    policies: list[Entry] = field(default_factory=list)
    baseline: Entry | None = None
    drift: list[Entry] = field(default_factory=list)
    hygiene: list[Entry] = field(default_factory=list)
    not_examined: list[Entry] = field(default_factory=list)
    missing_slices: list[int] = field(default_factory=list)
    fail_on: Sequence[str] = (VIOLATION,)


def host_entry(one: HostRead, folder: Path | None = None) -> Entry:
    """``folder``: the document's own."""
    state = one.state
    found: Entry = {
        "name": one.name,
        "platform": one.platform,
        "status": one.status,
        "snapshot": _relative(one.snapshot, folder),
        "fingerprint": "",
        "error": one.error,
        "rules": 0,
        "not_understood": 0,
        "unreadable": [],
    }
    if state is not None:
        found["platform"] = state.platform
        found["fingerprint"] = state.fingerprint.get("static", "")
        found["rules"] = sum(
            len({(rule.position, rule.text) for rule in rules}) for rules in rules_by_chain(state).values()
        )
        found["not_understood"] = len(state.not_understood)
        found["unreadable"] = [f"{item['what']}: {item['reason']}" for item in state.unreadable]
    return found


def _relative(path: Path | None, folder: Path | None) -> str:
    if path is None:
        return ""
    return str(path.relative_to(folder) if folder is not None and path.is_relative_to(folder) else path)


def checked_fail_on(given: Sequence[str]) -> list[str]:
    """AuditError for what is none of FAIL_ON, or 'never' beside others."""
    wrong = [name for name in given if name not in FAIL_ON]
    if wrong or not given:
        raise AuditError(
            f"{wrong[0]!r} is nothing to fail on" if wrong else "it is not said what to fail on",
            "path_audit_fail_on",
            f"use some of {', '.join(FAIL_ON)}",
        )
    if NEVER in given and len(given) > 1:
        raise AuditError("never goes with nothing else", "path_audit_fail_on", "leave never out, or the rest")
    return list(given)


def document(parts: Parts) -> Entry:
    """The document; lists in the order that their schema gives them, whatever order they were found in."""
    found: Entry = {
        "format": FORMAT,
        "generated_at": parts.generated_at,
        "id": parts.id,
        "name": parts.name,
        "slice": parts.slice.to_dict() if parts.slice is not None else None,
        "hosts": sorted(parts.hosts, key=lambda one: str(one["name"])),
        "policies": parts.policies,
        "baseline": parts.baseline,
        "drift": sorted(parts.drift, key=lambda one: str(one["host"])),
        "hygiene": sorted(parts.hygiene, key=_rank),
        "not_examined": sorted(parts.not_examined, key=lambda one: (one["host"], one["what"], one["reason"])),
        "missing_slices": sorted(parts.missing_slices),
    }
    return {**found, "summary": _summary(found, parts.fail_on)}


def _rank(one: Entry) -> tuple[int, str, str, int, str, str]:
    severity = SEVERITIES.index(one["severity"])
    return -severity, one["host"], one["ruleset"], one["position"], one["kind"], one["text"]


def _summary(found: Entry, fail_on: Sequence[str]) -> Entry:
    reports = [item["report"]["summary"] for item in found["policies"] if item["report"] is not None]
    failed = [item for item in found["policies"] if item["error"]]
    summary: Entry = {
        "paths": sum(report["paths"] for report in reports),
        "status": {name: sum(report["status"][name] for report in reports) for name in STATUS},
        "satisfied": {name: sum(report["satisfied"][name] for report in reports) for name in SATISFIED},
        "violations": sum(report["violations"] for report in reports) + len(failed),
        "waived": sum(report["waived"] for report in reports),
        "drifted": sum(item["status"] != SAME for item in found["drift"]),
        "hygiene": len(found["hygiene"]),
        "hygiene_by_severity": {
            name: sum(item["severity"] == name for item in found["hygiene"]) for name in SEVERITIES
        },
        "not_examined": len(found["not_examined"]),
        "hosts": {name: sum(item["status"] == name for item in found["hosts"]) for name in HOST_STATUS},
    }
    reasons = _reasons(found, summary, fail_on)
    verdict = "fail" if reasons else "pass"
    return {"verdict": verdict, "fail_on": list(fail_on), "reasons": reasons, **summary}


def _reasons(found: Entry, summary: Entry, fail_on: Collection[str]) -> list[str]:
    reasons: list[str] = []
    if VIOLATION in fail_on:
        unread = [item["name"] for item in found["hosts"] if item["status"] != READ]
        if unread:
            reasons.append(f"{_count(len(unread), 'host')} could not be read: {_named(unread)}")
        blind = [item["host"] for item in found["not_examined"] if item["reason"] == NO_RULES]
        if blind:
            reasons.append(f"the rules of {_count(len(blind), 'host')} could not be read: {_named(blind)}")
        if found["missing_slices"]:
            reasons.append(f"no report of slice {', '.join(map(str, found['missing_slices']))}")
        reasons += [f"{item['file']} could not be judged" for item in found["policies"] if item["error"]]
        reasons += [
            f"{item['file']}: {_count(item['report']['summary']['violations'], 'violation')}"
            for item in found["policies"]
            if item["report"] is not None and item["report"]["summary"]["violations"]
        ]
    if DRIFT in fail_on and summary["drifted"]:
        moved = [item["host"] for item in found["drift"] if item["status"] != SAME]
        reasons.append(f"{_count(len(moved), 'host')} not as in the baseline: {_named(moved)}")
    wanted = {severity for name, some in _HYGIENE.items() if name in fail_on for severity in some}
    bad = sum(count for name, count in summary["hygiene_by_severity"].items() if name in wanted)
    if bad:
        reasons.append(
            f"{_count(bad, 'finding')} of hygiene ({', '.join(sorted(wanted, key=SEVERITIES.index))})"
        )
    if NOT_EXAMINED in fail_on and summary["not_examined"]:
        reasons.append(f"{_count(summary['not_examined'], 'thing')} not examined")
    return reasons


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def summary_of(found: Mapping[str, Any]) -> Entry:
    """The summary that goes through Ansible's variables and becomes an artifact of an AWX job."""
    summary = found["summary"]
    return {
        "id": found["id"],
        "name": found["name"],
        "verdict": summary["verdict"],
        "reasons": summary["reasons"][:5],
        "paths": summary["paths"],
        "satisfied": dict(summary["satisfied"]),
        "violations": summary["violations"],
        "waived": summary["waived"],
        "drifted": summary["drifted"],
        "hygiene": dict(summary["hygiene_by_severity"]),
        "not_examined": summary["not_examined"],
        "hosts": dict(summary["hosts"]),
        "slice": found["slice"],
    }
