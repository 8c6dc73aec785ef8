# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trace in words: a line for each hop, and one for each way of what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..policy.trace_ways import some_of_each
from .clean import listed
from .words import place

Entry = Mapping[str, Any]
_VERDICT = {"permit": "permitted", "deny": "denied", "unknown": "not known", "mixed": "mixed"}
_WAY = {
    "new": "new connections",
    "reply": "replies",
    "established": "packets of the open connection",
}
_MOST, _MOST_PIECES = 4, 3
MOST_WAYS = 12


def verdict(entry: Entry) -> str:
    return _VERDICT[entry["verdict"]]


def flows(pieces: list[Entry]) -> str:
    """``10.10.1.5 -> 10.20.1.10, tcp 5432``; what may be anything is left out."""
    shown = [_piece(piece) for piece in pieces[:_MOST_PIECES]]
    more = len(pieces) - _MOST_PIECES
    return "; ".join([*shown, *([f"and {more} more parts"] if more > 0 else [])]) or "no flows"


def _piece(piece: Entry) -> str:
    ends = [listed(piece.get(name, ["any"]), _MOST) for name in ("src", "dst")]
    service = " ".join(
        listed(piece[name], _MOST) for name in ("protocol", "dst_port", "icmp_type") if name in piece
    )
    sources = piece.get("src_port", [])
    from_ports = f"source ports {listed(sources, _MOST)}" if sources and sources != ["1024-65535"] else ""
    return ", ".join(part for part in (" -> ".join(ends), service, from_ports) if part)


def way(entry: Entry) -> str:
    """``way 2, replies of way 1: db1 -> fw1 -> app01: permitted``."""
    about = _WAY[entry["direction"]]
    if entry["answers"] is not None:
        about += f" of way {entry['answers']}"
    return f"way {entry['way']}, {about}: {' -> '.join(entry['hosts'])}: {verdict(entry)}"


def end(entry: Entry) -> str:
    """Where and why flows end: ``fw1 inet/filter/forward rule 3 handle 12 (forward): ip saddr ... drop``."""
    of = "" if entry["direction"] == "new" else f"{_WAY[entry['direction']]}: "
    host = entry.get("host") or (entry["hosts"][-1] if entry.get("hosts") else "")
    if not entry["rules"]:
        named = entry["reason"].startswith(f"{host}:") or not host
        return f"{of}{entry['reason']}" if named else f"{of}{host}: {entry['reason']}"
    rule = entry["rules"][-1]
    said = f"{of}{place(rule['host'], rule['chain'], rule)} ({entry['hook']}): {rule['text']}"
    return f"{said} [{entry['reason']}]" if entry["reason"] else said


def left_out(trace: Entry) -> int:
    """Ways that the text does not tell."""
    return int(trace["ways_left_out"]) + max(len(trace["ways"]) - MOST_WAYS, 0)


def shown(trace: Entry) -> list[Entry]:
    """The ways that are told: of each verdict some."""
    ways = trace["ways"]
    return [ways[index] for index in some_of_each([way["verdict"] for way in ways], MOST_WAYS)]


def hop(entry: Entry) -> str:
    """One line: ``fw1, app0 to db0: forward permits by ...; route ...; to db1``."""
    ends = (entry["in_interface"], entry["out_interface"])
    between = " to ".join(end for end in ends if end)
    if entry["in_interface"] and not entry["out_interface"]:
        between = f"in by {entry['in_interface']}"
    elif not entry["in_interface"] and between:
        between = f"out by {between}"
    head = f"{entry['host']}, {between}" if between else entry["host"]
    said = [*_rules(entry), *_translations(entry), *_routes(entry), *_ends(entry)]
    return f"{head}: {'; '.join(said)}" if said else head


def _rules(entry: Entry) -> Iterator[str]:
    words = {"permit": "permits", "deny": "denies", "unknown": "is not known"}
    for decision in entry["decisions"]:
        by = [f"{place('', rule['chain'], rule)}: {rule['text']}" for rule in decision["rules"][-1:]]
        reason = f" [{decision['reason']}]" if decision["reason"] else ""
        yield f"{decision['hook']} {words[decision['verdict']]}{' by ' + by[0] if by else ''}{reason}"


def _translations(entry: Entry) -> Iterator[str]:
    for item in entry["nat"]:
        changes = [
            f"{name} {listed(item['before'][name], _MOST)} becomes {listed(item['after'][name], _MOST)}"
            for name in item["before"]
        ]
        by = [f" by {place('', rule['chain'], rule)}: {rule['text']}" for rule in item["rules"][-1:]]
        known = "" if item["known"] else ", which of them is not known"
        what = f"nat ({item['hook']})" if item["hook"] else "nat undone"
        yield f"{what}: {', '.join(changes) or 'nothing changes'}{known}{by[0] if by else ''}"


def _routes(entry: Entry) -> Iterator[str]:
    for item in entry["route"]:
        reasons = [leg["reason"] for leg in item["legs"] if leg["reason"]]
        said = item["route"] or (f"rule {item['rule']}" if item["rule"] else "")
        yield ": ".join(part for part in (f"route {said}" if said else "", "; ".join(reasons)) if part)


def _ends(entry: Entry) -> Iterator[str]:
    if entry["next"] is not None:
        onward = entry["next"]
        to = f"{onward['host']} ({onward['interface']})" if onward["host"] else "nothing that was gathered"
        yield f"to {to}{' by ' + onward['gateway'] if onward['gateway'] else ''}"
    if entry["listening"] is not None and entry["listening"]["text"]:
        yield entry["listening"]["text"]
    if (
        entry["verdict"] != "permit"
        and entry["reason"]
        and not any(decision["reason"] == entry["reason"] for decision in entry["decisions"])
    ):
        yield f"ends here: {entry['reason']}"
