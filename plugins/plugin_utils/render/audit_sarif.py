# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit as SARIF 2.1.0 (OASIS): all policies' paths, drift, hygiene and hosts that could not be read in one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from . import audit_words as words
from .sarif import sarif

Entry = dict[str, Any]
_LEVELS = {"high": "error", "medium": "warning", "low": "note"}
DRIFT, UNREAD, POLICY = "drift", "unread_host", "policy_error"


def audit_sarif(audit: Entry) -> Entry:
    rules: dict[str, Entry] = {}
    results: list[Entry] = []
    for policy in audit["policies"]:
        if policy["report"] is None:
            if policy["error"]:
                results.append(_result(POLICY, "error", policy["error"], policy["file"], []))
            continue
        run = sarif(policy["report"])["runs"][0]
        for rule in run["tool"]["driver"]["rules"]:
            rules[_own(policy, rule["id"])] = {**rule, "id": _own(policy, rule["id"])}
        results += [{**result, "ruleId": _own(policy, result["ruleId"])} for result in run["results"]]
    results += [_result(UNREAD, "error", host["error"], host["name"], []) for host in words.unread(audit)]
    results += [
        _result(UNREAD, "error", f"{one['what']}: {one['reason']}", one["where"], [one["where"]])
        for one in words.not_examined(audit)
        if one["fails"]
    ]
    for one in words.drifts(audit):
        text = "; ".join([words.drift_head(one), *words.drift_flows(one)])
        level = "error" if words.fails_on_drift(audit) else "warning"
        results.append(_result(DRIFT, level, text, one["host"], [one["host"]]))
    for one in audit["hygiene"]:
        text = f"{one['message']}{': ' + one['text'] if one['text'] else ''}"
        results.append(
            _result(one["kind"], _LEVELS[one["severity"]], text, one["host"], [words.place(one)], one["line"])
        )
    shown = {
        DRIFT: "a host is not as in the baseline",
        UNREAD: "a host could not be read, or not all of it examined",
    }
    shown[POLICY] = "a policy could not be judged"
    for name, text in {**shown, **words.KINDS}.items():
        if any(result["ruleId"] == name for result in results):
            rules.setdefault(name, {"id": name, "shortDescription": {"text": text}})
    driver = {"name": "PathGuard", "rules": list(rules.values())}
    run = {"tool": {"driver": driver}, "results": results}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _own(policy: Mapping[str, Any], name: str) -> str:
    """Policies may have paths of the same name."""
    return f"{policy['file']}: {name}"


def _result(rule: str, level: str, text: str, uri: str, names: list[str], line: int | None = None) -> Entry:
    physical: Entry = {"artifactLocation": {"uri": quote(uri, safe="/:")}}
    if line:
        physical["region"] = {"startLine": line}
    location = {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": name} for name in names],
    }
    return {"ruleId": rule, "level": level, "message": {"text": text}, "locations": [location]}
