# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard tells of one path that got worse: what is cut off, which change did it, who decides now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..render import words
from .probes import OPEN, REACHABLE, ProbeRow

# How many of a kind are told; the JSON report has all.
PARTS_TOLD, RULES_TOLD, ADDRESSES_TOLD, HOSTS_TOLD = 3, 3, 6, 10
COUNTED = re.compile(r"\bcounter packets \d+ bytes \d+")
_DIRECTIONS = {"new": "new connections", "established": "packets of open connections", "reply": "replies"}

Entry = Mapping[str, Any]


def path_lines(entry: Entry, rows: Sequence[ProbeRow], told: set[str]) -> list[str]:
    """``told``: the changes that the report has named already; those of this path are added."""
    return [*_cut_off(entry), *_causes(entry, told), *_unknown(entry), *_evidence(entry["name"], rows)]


def _cut_off(entry: Entry) -> list[str]:
    required = entry["kind"] == "required"
    part = entry["cut"] if required else entry["permitted"]
    word = "cut off " if required else "opened  "
    pieces = words.pieces(entry, part)
    lines = [
        f"{word}  {addresses(piece['from'])}{_of_hosts(part, pieces)} to {addresses(piece['to'])}, {piece['service']}"
        for piece in pieces[:PARTS_TOLD]
    ]
    if len(pieces) > PARTS_TOLD:
        lines.append(f"          and {len(pieces) - PARTS_TOLD} more parts")
    if len(pieces) > 1 and part["hosts"]:
        lines.append(f"          of {hosts(part['hosts'])}")
    return lines


def _unknown(entry: Entry) -> list[str]:
    reasons = entry["unknown"]["reasons"]
    return [f"unknown   {'; '.join(some(reasons, 2))}"] if reasons else []


def _of_hosts(part: Entry, pieces: Sequence[Entry]) -> str:
    return f" ({hosts(part['hosts'])})" if part["hosts"] and len(pieces) == 1 else ""


def _causes(entry: Entry, told: set[str]) -> list[str]:
    """What was changed, in the rules' own words, and who decides because of it; without a change, who decides."""
    causes: Sequence[Entry] = entry["remedy"]
    new = [cause for cause in causes if _key(cause) not in told]
    told.update(_key(cause) for cause in causes)
    lines: list[str] = []
    if len(new) < len(causes):
        lines.append("rule      the same as above" + (", and:" if new else ""))
    for cause in new[:RULES_TOLD]:
        at = where(cause["host"], cause["chain"], cause["now"] or cause["before"])
        word = "rule " if cause["chain"] else "cause"
        lines.append(f"{word}     {at}: {cause['note']}{words.cost(entry, cause)}")
        lines.append(f"  now     {rule_text(cause['now'])}")
        if cause["before"] and cause["before"] != cause["now"]:
            lines.append(f"  before  {rule_text(cause['before'])}")
    if len(new) > RULES_TOLD:
        lines.append(f"          and {len(new) - RULES_TOLD} more changes")
    places = {(cause["host"], cause["chain"]) for cause in causes}
    if not causes:
        return lines + [
            line for decision in entry["deciding"][:2] for line in _decision(decision, "rule    ")
        ]
    deciding = [decision for decision in entry["deciding"] if _elsewhere(decision, places)]
    return lines + [line for decision in deciding[:1] for line in _decision(decision, "so that ")]


def _key(cause: Entry) -> str:
    return repr([cause[name] for name in ("host", "chain", "change", "before", "now", "note")])


def _elsewhere(decision: Entry, places: set[tuple[str, str]]) -> bool:
    """Whether a decision was taken in another chain than was changed, or is not about new connections. What is not
    known is told by its reasons."""
    if decision["verdict"] == "unknown" and not decision["rules"]:
        return False
    chains = {(rule["host"], rule["chain"]) for rule in decision["rules"][-1:]}
    return not chains & places or decision["direction"] != "new"


def _decision(decision: Entry, word: str) -> list[str]:
    if not decision["rules"]:
        return [
            f"{word if word != 'rule    ' else 'cause   '}  {decision['host'] or 'network'}: {decision['reason']}"
        ]
    last = decision["rules"][-1]
    about = "" if decision["direction"] == "new" else f" ({_DIRECTIONS[decision['direction']]})"
    return [f"{word}  {where(decision['host'], last['chain'], last)}{about}: {rule_text(last)}"]


def rule_text(place: Entry | None) -> str:
    """Verbatim, but for what its counter has counted."""
    return COUNTED.sub("counter", place["text"]) if place else "(gone)"


def where(host: str, chain: str, place: Entry | None) -> str:
    family, _slash, rest = chain.partition("/")
    table, _slash, name = rest.partition("/")
    found = f"{host}, table {family} {table}, chain {name}" if name else f"{host}, {chain or 'routing'}"
    if place and place.get("handle") is not None:
        found += f", handle {place['handle']}"
    elif place and place.get("position"):
        found += f", rule {place['position']}"
    return found


def _evidence(name: str, rows: Sequence[ProbeRow]) -> list[str]:
    """New connections beside those that live on: why an outage like this goes unnoticed at first."""
    failed = [row for row in rows if row.path == name and row.proof != OPEN and row.result != REACHABLE]
    if not failed:
        return []
    results = ", ".join(dict.fromkeys(row.result for row in failed))
    line = f"probes    new connections from {hosts(dict.fromkeys(row.host for row in failed))}: {results}"
    pooled, alive = sum(row.pooled for row in failed), sum(row.pooled_alive for row in failed)
    if pooled:
        line += f"; of their pooled connections {alive} of {pooled} still live"
        line += ", which hides it" if alive else ""
    return [line]


def hosts(names: Iterable[str]) -> str:
    return ", ".join(some(words.runs(list(names)), HOSTS_TOLD))


def addresses(items: Sequence[str]) -> str:
    return ", ".join(some([str(item) for item in items], ADDRESSES_TOLD))


def some(items: Sequence[str], limit: int) -> list[str]:
    more = len(items) - limit
    return list(items) if more <= 0 else [*items[:limit], f"and {more} more"]
