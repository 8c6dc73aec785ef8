# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One flow, or a set of them, followed through the gathered network: where each part of it ends, and why.

The walk is that of every proof; here its steps are told: hosts, interfaces, routes, translations, rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..analyse.journey import DENY, UNKNOWN, Event
from ..analyse.network import Network
from ..analyse.outcome import Part
from ..analyse.routes import FAMILY_NAME
from ..errors import StateError
from ..model.flowset import FlowSet, Space
from ..model.state import State
from .inventory import Groups
from .prove import Proof, deciding_events, prove_between
from .trace_flow import Asked, asked_by
from .trace_ways import Way, some_of_each, ways_of

Entry = dict[str, Any]
Progress = Callable[[str], None]
PERMIT, MIXED = "permit", "mixed"
_MOST_WAYS = 50
_MOST_PIECES = 100


@dataclass(slots=True)
class _Cell:
    """Flows that end in the same places."""

    verdict: str
    flows: FlowSet
    ends: list[Entry] = field(default_factory=list)


def trace(
    states: Mapping[str, State],
    groups: Groups,
    flow: Mapping[str, Any],
    host: str = "",
    in_interface: str = "",
    progress: Progress | None = None,
) -> Entry:
    """``{verdict, flows, parts, ways, hops, ways_left_out, notes}``, plain data; see the module path_trace.

    ``groups``: the inventory's. PathGuardError for a flow that is malformed or whose ends are nobody."""
    if not states:
        raise StateError(
            "there is no snapshot of any host", "snapshots", "gather the hosts with firewall_info first"
        )
    network = Network(states, Space())
    asked = asked_by(network, groups, flow, host, in_interface)
    proof = prove_between(network, asked.ends, (), asked.path, progress, recording=True)
    ways = ways_of(network, proof)
    shown = [ways[index] for index in some_of_each([way.verdict for way in ways], _MOST_WAYS)]
    return {
        "verdict": _verdict(proof),
        "flows": proof.asked.pieces(_MOST_PIECES),
        "parts": _parts(proof, ways),
        "ways": [way.entry(number) for number, way in enumerate(shown, 1)],
        "hops": [hop for number, way in enumerate(shown, 1) for hop in way.hops(network, number)],
        "ways_left_out": len(ways) - len(shown),
        "notes": _notes(asked, proof),
    }


def _verdict(proof: Proof) -> str:
    found = [
        name
        for name, flows, more in (
            (PERMIT, proof.open, False),
            (DENY, proof.denied, bool(proof.ends.lacking)),
            (UNKNOWN, proof.unknown, bool(proof.missing)),
        )
        if flows or more
    ]
    return found[0] if len(found) == 1 else MIXED


def _parts(proof: Proof, ways: Iterable[Way]) -> list[Entry]:
    """Disjoint parts by where they end, those that are cut off first."""
    cells: list[_Cell] = []
    for verdict, flows in ((DENY, proof.denied), (UNKNOWN, proof.unknown)):
        cells += _refined(_Cell(verdict, flows), _stops(proof, verdict)) if flows else []
    if proof.open:
        cells += _refined(_Cell(PERMIT, proof.open), _arrivals(ways))
    found = [
        {
            "verdict": cell.verdict,
            "flows": cell.flows.pieces(_MOST_PIECES),
            "pairs": cell.flows.pairs(),
            "ends": cell.ends,
        }
        for cell in cells
    ]
    for name in proof.missing:
        found.append(_nowhere(UNKNOWN, name, f"{name} was not gathered"))
    for name, family in dict.fromkeys(proof.ends.lacking):
        what = FAMILY_NAME[family] if family else "own"
        reason = f"{name} has no {what} address that the other end can be spoken to with"
        found.append(_nowhere(DENY, name, reason))
    return found


def _nowhere(verdict: str, host: str, reason: str) -> Entry:
    end = {
        "host": host,
        "hook": "route",
        "direction": "new",
        "verdict": verdict,
        "reason": reason,
        "rules": [],
    }
    return {"verdict": verdict, "flows": [], "pairs": 0, "ends": [end]}


def _refined(whole: _Cell, ends: Iterable[tuple[FlowSet, Entry]]) -> list[_Cell]:
    cells = [whole]
    for flows, end in ends:
        split: list[_Cell] = []
        for cell in cells:
            inside, outside = cell.flows & flows, cell.flows - flows
            if inside:
                ends_there = cell.ends if end in cell.ends else [*cell.ends, end]
                split.append(_Cell(cell.verdict, inside, ends_there))
            if outside:
                split.append(_Cell(cell.verdict, outside, cell.ends))
        cells = split
    return cells


def _stops(proof: Proof, verdict: str) -> Iterable[tuple[FlowSet, Entry]]:
    merged: dict[Any, tuple[Event, Part, FlowSet]] = {}
    for event, flows in deciding_events(proof):
        if event.verdict != verdict:
            continue
        for part in event.parts(flows):
            key = (event.host, event.hook, event.direction, part.rules, part.reason)
            held = merged.get(key)
            merged[key] = (event, part, part.flows if held is None else held[2] | part.flows)
    for event, part, flows in merged.values():
        yield (
            flows,
            {
                "host": event.host,
                "hook": event.hook,
                "direction": event.direction,
                "verdict": verdict,
                "reason": part.reason,
                "rules": [ref.to_dict() for ref in part.rules],
            },
        )


def _arrivals(ways: Iterable[Way]) -> Iterable[tuple[FlowSet, Entry]]:
    merged: dict[tuple[str, str], FlowSet] = {}
    for way in ways:
        if way.direction == "new" and way.verdict == PERMIT:
            key = (way.end_host, way.end_interface)
            merged[key] = merged[key] | way.flows if key in merged else way.flows
    for (host, interface), flows in merged.items():
        reason = "delivered" if host else f"leaves what is gathered by {interface}"
        yield (
            flows,
            {
                "host": host,
                "hook": "input" if host else "route",
                "direction": "new",
                "verdict": PERMIT,
                "reason": reason,
                "rules": [],
            },
        )


def _notes(asked: Asked, proof: Proof) -> list[str]:
    return [*asked.ends.notes, *(f"{name} was not gathered" for name in proof.missing)]
