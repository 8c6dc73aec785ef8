# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transition as a notice: plain data by schemas/notice.schema.json, for people and programs far away."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..guard.probes import ProbeRow, grouped
from ..guard.probing import NOT_PROBED
from ..policy.paths import Policy
from ..render import words
from ..render.clean import clean, cleaned, clipped, listed
from .condition import FACTS, FAILING, Condition, Entry
from .transitions import FLAP_QUIET, FLAPPING, NOT_KNOWN, RECOVERED, SETTLED, Transition

FORMAT = 1
_MOST = 4
_LONGEST = 400
_FAILING = "rules and routes that were read let them pass"
_PASSING = "rules that were read cut them off"


@dataclass(frozen=True)
class Scene:
    """What a notice is made from. ``name``: of the monitor. ``source``: the policy's file. ``entries``: the report's
    paths, explained where they could be; ``facts``: what the configuration lacks; ``rows``: connections; ``errors``:
    hosts that could not be read, with the reason; ``why``: why nothing is known."""

    name: str
    policy: Policy
    source: str
    entries: Mapping[str, Entry] = field(default_factory=dict)
    facts: Sequence[str] = ()
    rows: Sequence[ProbeRow] = ()
    errors: Sequence[str] = ()
    why: str = ""


def notice(scene: Scene, change: Transition, number: str, now: float) -> dict[str, Any]:
    """``number``: what no other notice has."""
    entry = scene.entries.get(change.path)
    path = scene.policy.path(change.path)
    rows = [row for row in scene.rows if row.path == change.path]
    told: dict[str, Any] = {
        "format": FORMAT,
        "source": "pathguard",
        "id": number,
        "at": moment(now),
        "monitor": scene.name,
        "policy": scene.policy.title or scene.policy.name,
        "event": change.event,
        "path": change.path,
        "kind": path.kind if path is not None else "configuration",
        "severity": "info"
        if change.event in (RECOVERED, SETTLED)
        else path.severity
        if path is not None
        else "high",
        "owner": path.owner if path is not None else "",
        "ticket": path.ticket if path is not None else "",
        "before": _condition(change.before),
        "now": _condition(change.now),
        "share": words.short_share(dict(entry)) if entry is not None else "",
        "since": moment(change.since),
        "last_good": moment(change.good_at) if change.good_at else "",
        "held": change.held,
        "cut_off": [],
        "hosts": [],
        "rules": [],
        "connections": [],
        "reasons": [],
        "diagnose": "",
    }
    if change.event not in (RECOVERED, SETTLED) or not change.now.good:
        told |= _bad(scene, change, entry, rows)
    told["summary"] = _summary(change, told)
    found: dict[str, Any] = cleaned_values(told)
    return found


def cleaned_values(value: Any) -> Any:
    """All texts without what steers a terminal, and none longer than a message bears."""
    if isinstance(value, str):
        return clipped(clean(value), _LONGEST)
    if isinstance(value, Mapping):
        return {name: cleaned_values(item) for name, item in value.items()}
    if isinstance(value, list):
        return [cleaned_values(item) for item in value]
    return cleaned(value)


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _condition(found: Condition | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "status": found.status,
        "satisfied": found.satisfied,
        "connections": found.probes,
        "text": found.text,
    }


def _bad(scene: Scene, change: Transition, entry: Entry | None, rows: Sequence[ProbeRow]) -> dict[str, Any]:
    if change.path == FACTS:
        return {"reasons": [*scene.facts[:_MOST], *([scene.why] if scene.why else [])]}
    found: dict[str, Any] = {
        "connections": _connections(change.now, rows),
        "diagnose": diagnose_command(scene, change.path),
        "reasons": [scene.why] if scene.why else [],
    }
    if entry is None:
        return found
    part = words.bad_part(entry)
    if part is not None:
        pieces = words.pieces(entry, part)
        more = [f"and {len(pieces) - _MOST} more parts"] if len(pieces) > _MOST else []
        found["cut_off"] = [words.piece_text(piece) for piece in pieces[:_MOST]] + more
        found["hosts"] = part["hosts"]
    if change.now.satisfied == "unknown":
        found["reasons"] += [*scene.errors, *entry["unknown"]["reasons"]][:_MOST]
    found["reasons"] += words.unmet(dict(entry))
    found["rules"] = _rules(entry)
    return found


def _rules(entry: Entry) -> list[dict[str, Any]]:
    """The changes that did it where they are known; else who decides."""
    cures = [
        {
            "host": cure["host"],
            "place": words.cure_place(cure),
            "text": (cure["now"] or {}).get("text", ""),
            "before": (cure["before"] or {}).get("text", ""),
            "note": cure["note"],
            "commands": list(cure["commands"]),
        }
        for cure in entry["remedy"][:_MOST]
    ]
    if cures:
        return cures
    return [
        {
            "host": item["host"],
            "place": words.decision(item),
            "text": item["rules"][-1]["text"] if item["rules"] else "",
            "before": "",
            "note": item["reason"]
            or "; ".join(f"the rest passes by {at}: {text}" for at, text in words.beside(item)),
            "commands": [],
        }
        for item in entry["deciding"][:_MOST]
    ]


def _connections(now: Condition, rows: Sequence[ProbeRow]) -> list[str]:
    tried = [row for row in rows if row.result != NOT_PROBED]
    if now.probes:
        odd = [row for row in tried if not row.agrees]
        found = grouped(odd, lambda _row: _FAILING if now.probes == FAILING else _PASSING)
    else:
        found = grouped([row for row in tried if row.result != "reachable"], lambda _row: "as the rules say")
    pooled = sum(row.pooled_alive for row in tried if row.result != "reachable")
    if pooled:
        found.append(f"{pooled} open connections of these live on, which hides it")
    return found[: _MOST + 1]


def diagnose_command(scene: Scene, name: str) -> str:
    """The first step of whoever is called: what a shell takes, word by word. Empty for what it can't ask about."""
    path = scene.policy.path(name)
    if path is None or not path.required:
        return ""
    if scene.source:
        asked = {"path_diagnose_policy": scene.source, "path_diagnose_paths": [name]}
    else:
        ends = [_end(end) for end in (path.source, path.destination)]
        if not all(ends):
            return ""
        asked = {
            "path_diagnose_from": ends[0],
            "path_diagnose_to": ends[1],
            "path_diagnose_service": [service.name or _service(service) for service in path.services],
        }
    return (
        f"ansible-playbook pathguard.network.diagnose -e {shlex.quote(json.dumps(asked, ensure_ascii=False))}"
    )


def _end(end: Any) -> Any:
    if end.excepted or end.kind == "any":
        return ""
    return end.group or list(end.hosts) or list(end.names) or [item.text for item in end.addresses]


def _service(service: Any) -> str:
    entry = service.to_dict()
    return f"{','.join(entry.get('ports') or [])}/{entry['protocol']}"


def _summary(change: Transition, told: Mapping[str, Any]) -> str:
    """One line: ``'app to primary' is partial (7 of 10 app hosts), it was open``."""
    name = f"'{change.path}'" if change.path != FACTS else "what the policy asks of the configuration"
    was = f", it was {change.before.text}" if change.before is not None else ""
    share = f" ({told['share']})" if told["share"] else ""
    if change.event == RECOVERED:
        return f"{name} is in order again: {change.now.text}{share}{was}"
    if change.event == FLAPPING:
        quiet = f"told again when it stays for {FLAP_QUIET:.0f} s"
        return f"{name} changes again and again, now {change.now.text}{share}: {quiet}"
    if change.event == SETTLED:
        return f"{name} stays as it is now: {change.now.text}{share}; {change.held} changes were not told"
    if change.event == NOT_KNOWN:
        return f"whether {name} is in order is not known any more{was}"
    hosts = f": {listed(words.runs(told['hosts']), _MOST)}" if told["hosts"] else ""
    wrong = " although it must not be" if told["kind"] == "forbidden" and change.now.satisfied == "no" else ""
    return f"{name} is {change.now.text}{share}{wrong}{was}{hosts}"
