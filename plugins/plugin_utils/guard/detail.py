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
_PLACES = {
    "routes": "routing",
    "route_rules": "policy routing",
    "interfaces": "interfaces",
    "forwarding": "forwarding",
    "settings": "kernel settings",
}
_DIRECTIONS = {
    "new": "new connections",
    "established": "packets of open connections",
    "reply": "replies",
    "error": "ICMP errors about packets that are too big",
}

Entry = Mapping[str, Any]


def path_lines(entry: Entry, rows: Sequence[ProbeRow], told: set[str]) -> list[str]:
    """``told``: the changes that the report has named already; those of this path are added."""
    return [
        *_cut_off(entry),
        *_way(entry),
        *_too_big(entry),
        *_causes(entry, told),
        *_unknown(entry),
        *_evidence(entry["name"], rows),
    ]


def _cut_off(entry: Entry) -> list[str]:
    required = entry["kind"] == "required"
    return _part(
        entry, entry["cut"] if required else entry["permitted"], "cut off " if required else "opened  "
    )


def _part(entry: Entry, part: Entry, word: str) -> list[str]:
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


def _way(entry: Entry) -> list[str]:
    """Where one of several ways is cut, some connections get through, as if nothing were wrong."""
    told = words.one_way_only(entry)
    return [f"way       {told}"] if told else []


def _too_big(entry: Entry) -> list[str]:
    """The flows of which what is too big for its way vanishes, and who drops the errors about it."""
    found = entry["too_big"]
    if found is None or found["errors"] != "blocked":
        return []
    return [
        *_part(entry, found["blocked"], "too big "),
        *_decision({**found["stops"][0], "direction": "error"}, "dropped "),
    ]


def _unknown(entry: Entry) -> list[str]:
    lines, reasons = (
        _part(entry, entry["unknown"], "unknown "),
        "; ".join(some(entry["unknown"]["reasons"], 2)),
    )
    if not lines or not reasons:
        return lines or ([f"unknown   {reasons}"] if reasons else [])
    return [f"{lines[0]}: {reasons}"] if len(lines) == 1 else [*lines, f"          {reasons}"]


def _of_hosts(part: Entry, pieces: Sequence[Entry]) -> str:
    return f" ({hosts(part['hosts'])})" if part["hosts"] and len(pieces) == 1 else ""


def _causes(entry: Entry, told: set[str]) -> list[str]:
    """What was changed, in the rules' own words, and who decides because of it; without a change, who decides."""
    causes: Sequence[Entry] = entry["remedy"]
    new = [cause for cause in causes if _key(cause) not in told]
    told.update(_key(cause) for cause in causes)
    lines: list[str] = []
    if len(new) < len(causes):
        word = "rule " if any(cause["chain"] for cause in causes) else "cause"
        lines.append(f"{word}     the same as above" + (", and:" if new else ""))
    for cause in new[:RULES_TOLD]:
        lines += _cause(entry, cause)
    if len(new) > RULES_TOLD:
        lines.append(f"          and {len(new) - RULES_TOLD} more changes")
    if not causes:
        return lines + [
            line for decision in entry["deciding"][:2] for line in _decision(decision, "rule    ")
        ]
    places = {(cause["host"], cause["chain"]) for cause in causes}
    deciding = [decision for decision in entry["deciding"] if _elsewhere(decision, places)]
    return lines + [line for decision in deciding[:1] for line in _because(decision, causes)]


def _cause(entry: Entry, cause: Entry) -> list[str]:
    at = where(cause["host"], cause["chain"] or _PLACES[cause["change"]], cause["now"] or cause["before"])
    lines = [f"{'rule ' if cause['chain'] else 'cause'}     {at}: {cause['note']}{words.cost(entry, cause)}"]
    now, before = rule_text(cause["now"]), rule_text(cause["before"])
    lines.append(f"  now     {now}")
    if cause["before"] and before != now:
        lines.append(f"  before  {before}")
    return lines + [f"  put it back: {command}" for command in cause["commands"]]


def _key(cause: Entry) -> str:
    return repr([cause[name] for name in ("host", "chain", "change", "before", "now", "note")])


def _elsewhere(decision: Entry, places: set[tuple[str, str]]) -> bool:
    """Whether a decision was taken in another chain than was changed, or is not about new connections. What is not
    known is told by its reasons."""
    if decision["verdict"] == "unknown" and not decision["rules"]:
        return False
    chains = {(rule["host"], rule["chain"]) for rule in decision["rules"][-1:]}
    return not chains & places or decision["direction"] != "new"


def _because(decision: Entry, causes: Sequence[Entry]) -> list[str]:
    """A rule that was told as changed is not told again."""
    last = decision["rules"][-1] if decision["rules"] else None
    changed = [
        (cause["host"], cause["chain"], cause["now"]["position"], cause["now"]["text"])
        for cause in causes
        if cause["now"]
    ]
    if last and (last["host"], last["chain"], last["position"], last["text"]) in changed:
        return [f"decides   it itself, for {_DIRECTIONS[decision['direction']]}"]
    return _decision(decision, "so that ")


def _decision(decision: Entry, word: str) -> list[str]:
    if not decision["rules"]:
        host, reason = decision["host"] or "network", decision["reason"]
        about = reason if reason.startswith((f"{host}: ", f"{host} ")) else f"{host}: {reason}"
        return [f"{word if word != 'rule    ' else 'cause   '}  {about}"]
    last = decision["rules"][-1]
    about = "" if decision["direction"] == "new" else f" ({_DIRECTIONS[decision['direction']]})"
    return [f"{word}  {where(decision['host'], last['chain'], last)}{about}: {rule_text(last)}"]


def rule_text(place: Entry | None) -> str:
    """Verbatim, but for what its counter has counted."""
    return COUNTED.sub("counter", place["text"]) if place else "(gone)"


def where(host: str, chain: str, place: Entry | None) -> str:
    family, _slash, rest = chain.partition("/")
    table, _slash, name = rest.partition("/")
    found = f"{host}, table {family} {table}, chain {name}" if name else f"{host}, {chain}"
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
