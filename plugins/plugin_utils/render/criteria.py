# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's violations as ``ansible.utils.validate`` tells errors: one mapping each, as its engine jsonschema does.

``message``; ``data_path`` and ``json_path``: where in the data; ``schema_path``: where in the policy, parts joined by
dots; ``relative_schema``: what the policy says there; ``expected``, ``validator`` (the keyword) and ``found``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..policy.complain import json_path, json_path_parts
from ..policy.paths import KEYWORDS
from . import words
from .clean import listed

Entry = dict[str, Any]
_PIECES = 4  # of what is cut off, told in the message; ``found`` has all


def criteria_errors(report: Entry, schema: Mapping[str, Any], document: Mapping[str, Any]) -> list[Entry]:
    """``schema``: the policy as written. ``document``: the network state that it was asked of, ``{hosts, groups}``."""
    errors = [_of_path(path, schema) for path in words.worst_first(report["paths"]) if _counts(path)]
    facts = [item for item in report["findings"] if item["kind"] == "configuration"]
    return errors + [_of_fact(item, schema, document) for item in facts]


def _counts(path: Entry) -> bool:
    return path["satisfied"] != "yes" and not path["waived"]


def _of_path(path: Entry, schema: Mapping[str, Any]) -> Entry:
    where = json_path_parts(path["where"])
    deciding = path["deciding"][0] if path["deciding"] else None
    data: list[str | int] = ["hosts", deciding["host"]] if deciding else []
    part = words.bad_part(path)
    text = f"the {path['kind']} path {path['name']!r} is {path['status']}, {words.share(path)}"
    if part:
        what = "cut off" if path["kind"] == "required" else "open"
        text += f"; {what}: {listed([words.piece_text(one) for one in words.pieces(path, part)], _PIECES)}"
    if path["unknown"]["reasons"]:
        text += f"; not known: {path['unknown']['reasons'][0]}"
    for line in words.unmet(path):
        text += f"; {line}"
    if deciding:
        text += f"; by {words.decision(deciding)}"
        text += "".join(f": {rule['text']}" for rule in deciding["rules"][-1:])
    found = {
        "status": path["status"],
        "satisfied": path["satisfied"],
        "share": path["share"]["pairs"],
        "flows": part["flows"] if part else [],
        "unknown": path["unknown"]["flows"],
        "rules": [rule for entry in path["deciding"] for rule in entry["rules"][-1:]],
    }
    expected = "open" if path["kind"] == "required" else "closed"
    return _error(text, data, where, _at(schema, where), expected, KEYWORDS[path["kind"]], found)


def _of_fact(item: Entry, schema: Mapping[str, Any], document: Mapping[str, Any]) -> Entry:
    where, data = json_path_parts(item["where"]), json_path_parts(item["at"])
    said = _at(schema, where)
    keyword = next((str(part) for part in reversed(where) if isinstance(part, str)), "")
    return _error(
        item["message"], data, where, _at(schema, where[:-1]), said, keyword, _small(_at(document, data))
    )


def _error(
    message: str,
    data: list[str | int],
    where: list[str | int],
    schema: Any,
    expected: Any,
    keyword: str,
    found: Any,
) -> Entry:
    return {
        "message": message,
        "data_path": ".".join(map(str, data)),
        "json_path": json_path(data),
        "schema_path": ".".join(map(str, where)),
        "relative_schema": schema,
        "expected": expected,
        "validator": keyword,
        "found": found,
    }


def _at(document: Any, parts: list[str | int]) -> Any:
    """What stands there; None where nothing does."""
    for part in parts:
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, (list, tuple)) and isinstance(part, int) and part < len(document):
            document = document[part]
        else:
            return None
    return document


def _small(value: Any) -> Any:
    """A value as it is, of a container only what kind it is: a whole state in a result costs more than proving it."""
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)}"
    return f"a list of {len(value)}" if isinstance(value, (list, tuple)) else value
