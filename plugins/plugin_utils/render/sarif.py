# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as SARIF 2.1.0 (OASIS), for code scanning: a rule for each path, a result for each violation."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from . import words
from .clean import listed

Entry = dict[str, Any]
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}


def sarif(report: Entry) -> Entry:
    broken = [path for path in report["paths"] if path["satisfied"] != "yes"]
    facts = [item for item in report["findings"] if item["kind"] == "configuration"]
    results = [_of_path(report, path) for path in broken] + [_of_fact(report, item) for item in facts]
    rules = [
        {"id": path["name"], "shortDescription": {"text": f"{path['kind']} path {path['name']}"}}
        for path in report["paths"]
    ]
    rules += [{"id": item["where"], "shortDescription": {"text": "configuration fact"}} for item in facts]
    driver = {"name": "PathGuard", "rules": list({rule["id"]: rule for rule in rules}.values())}
    run = {"tool": {"driver": driver}, "results": results}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _of_path(report: Entry, path: Entry) -> Entry:
    part = words.bad_part(path)
    text = f"{path['status']}, {words.share(path)}"
    if part:
        text += "; " + listed([words.piece_text(piece) for piece in words.pieces(path, part)], 4)
    result: Entry = {
        "ruleId": path["name"],
        "level": "warning" if path["satisfied"] == "unknown" else _LEVELS.get(path["severity"], "error"),
        "message": {"text": text},
        "locations": [
            _location(report, path["where"], [words.decision(entry) for entry in path["deciding"]])
        ],
    }
    if path["waived"]:
        result["suppressions"] = [{"kind": "external", "justification": path["waiver"]["reason"]}]
    return result


def _of_fact(report: Entry, item: Entry) -> Entry:
    return {
        "ruleId": item["where"],
        "level": _LEVELS.get(item["severity"], "warning"),
        "message": {"text": item["message"]},
        "locations": [_location(report, item["where"], [item["at"]])],
    }


def _location(report: Entry, where: str, names: list[str]) -> Entry:
    return {
        "physicalLocation": {"artifactLocation": {"uri": quote(report["policy"]["name"], safe="/:")}},
        "logicalLocations": [{"fullyQualifiedName": name} for name in [where, *names]],
    }
