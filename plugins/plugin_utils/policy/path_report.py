# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One path's proof as plain data: the part of the report that is about it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..analyse.journey import DENY, NEW, UNKNOWN, Event, addresses_at
from ..analyse.network import Network
from ..analyse.permits import openings
from ..analyse.reach import Leg, union
from ..analyse.routes import FAMILY_NAME
from ..model import text
from ..model.flowset import FlowSet
from .ends import hosts_of
from .paths import ASSUMPTIONS, Path
from .persistence import persistent_entry
from .prove import BLOCKED, NO, NOT_KNOWN, OPEN, PARTIAL, YES, Proof, deciding_events
from .remedy import Remedies
from .stages import stages
from .too_big import too_big_entry

Entry = dict[str, Any]


def share(proof: Proof) -> Entry:
    """``{pairs, hosts, families}``: how many are open, cut, not known, and asked about. ``hosts``: source hosts;
    None where the sources are plain addresses. A host without a snapshot counts as one address.
    ``families``: the pairs of each family, of the hosts that have a snapshot.

    Of a required path, a pair or host is open if all of it is, and cut if any of it certainly is. Of a
    forbidden one, it is open if anything of it certainly gets through.
    """
    ends = proof.ends
    if proof.path.required:
        worst, doubtful = proof.denied, proof.unknown
    else:
        worst, doubtful = proof.permitted, proof.unknown
    targets = max(sum(len(addresses) for addresses in ends.destinations.values()), 1) + len(
        ends.missing_destinations
    )
    not_seen = len(ends.missing_sources) * targets + len(ends.missing_destinations) * len(ends.sources)
    found: Entry = {
        "pairs": _pairs(proof, proof.asked, not_seen),
        "hosts": None,
        "families": {
            FAMILY_NAME[family]: _pairs(proof, proof.asked.named("family", (FAMILY_NAME[family],)), 0)
            for family in proof.asked.families()
        },
    }
    if ends.sources or ends.missing_sources:
        hit = set(hosts_of(ends.sources, worst, "src"))
        if proof.path.required:
            hit |= {host for host, _family in ends.lacking if host in ends.sources}
        unsure = set(hosts_of(ends.sources, doubtful, "src")) - hit
        found["hosts"] = _tally(proof, len(hit), len(unsure), len(ends.sources), len(ends.missing_sources))
    return found


def _pairs(proof: Proof, asked: FlowSet, not_seen: int) -> dict[str, int]:
    worst = (proof.denied if proof.path.required else proof.permitted) & asked
    certain, affected = worst.pairs(), (worst | proof.unknown & asked).pairs()
    return _tally(proof, certain, affected - certain, asked.pairs(), not_seen)


def _tally(proof: Proof, worst: int, unsure: int, total: int, not_seen: int) -> dict[str, int]:
    rest = total - worst - unsure
    opened, cut = (rest, worst) if proof.path.required else (worst, rest)
    return {"open": opened, "cut": cut, "unknown": unsure + not_seen, "total": total + not_seen}


def flows_entry(proof: Proof, flows: FlowSet) -> Entry:
    """A set of flows, exactly and for people."""
    return {
        "flows": flows.pieces(),
        "pairs": flows.pairs(),
        "hosts": hosts_of(proof.ends.sources, flows, "src"),
        "from": _addresses(flows, "src"),
        "to": _addresses(flows, "dst"),
    }


def _addresses(flows: FlowSet, name: str) -> list[str]:
    return [
        item
        for family in flows.families()
        for item in text.ranges_to_text(name, addresses_at(flows, name, family), family)
    ]


@dataclass(slots=True)
class _Decision:
    event: Event
    flows: FlowSet
    reason: str
    rules: list[Entry]
    verdict: str


def decisions(proof: Proof, network: Network) -> list[Entry]:
    """Who decides, with the flows that each decides about, the largest first."""
    found: dict[Any, _Decision] = {}
    pairs = deciding_events(proof)
    if not proof.path.required and proof.permitted:
        pairs = [*_openings(proof, network), *pairs]
    for event, flows in pairs:
        for part in event.parts(flows):
            key = (event.host, event.hook, event.direction, event.verdict, part.rules, part.reason)
            held = found.get(key)
            if held is None:
                found[key] = _Decision(
                    event, part.flows, part.reason, [ref.to_dict() for ref in part.rules], event.verdict
                )
            else:
                held.flows = held.flows | part.flows
    order = {"permit": 0, DENY: 1, UNKNOWN: 2}
    ranked = sorted(found.values(), key=lambda item: (order[item.verdict], -item.flows.pairs()))
    beside = _beside(proof, network, ranked)
    return [_decision_entry(item, beside.get((item.event.host, item.event.hook), [])) for item in ranked]


def _by_default(item: _Decision) -> bool:
    return (
        item.verdict == DENY
        and item.event.direction == NEW
        and bool(item.rules)
        and not item.rules[-1]["position"]
    )


def _beside(proof: Proof, network: Network, found: Iterable[_Decision]) -> dict[tuple[str, str], list[Entry]]:
    """(host, hook) whose default action stops a part -> the rules that let the rest of the path pass there: one of them
    has most likely become too narrow."""
    places = {(item.event.host, item.event.hook) for item in found if _by_default(item)}
    if not places or not proof.path.required or not proof.permitted:
        return {}
    rules: dict[tuple[str, str], dict[tuple[str, int], Entry]] = {place: {} for place in places}
    for event, flows in _openings(proof, network):
        if (event.host, event.hook) in places:
            for part in event.parts(flows):
                last = part.rules[-1] if part.rules else None
                if last is not None and last.position:
                    rules[event.host, event.hook].setdefault((last.chain, last.position), last.to_dict())
    return {place: list(some.values()) for place, some in rules.items()}


def _decision_entry(item: _Decision, beside: list[Entry]) -> Entry:
    return {
        "host": item.event.host,
        "hook": item.event.hook,
        "direction": item.event.direction,
        "verdict": item.verdict,
        "reason": item.reason,
        "rules": item.rules,
        "flows": item.flows.pieces(),
        "pairs": item.flows.pairs(),
        "beside": beside if _by_default(item) else [],
    }


def _openings(proof: Proof, network: Network) -> list[tuple[Event, FlowSet]]:
    assumed = network.under(proof.path.assume)
    found = []
    for one in proof.reached:
        for delivery in one.deliveries:
            flows = delivery.journey.to_origin(delivery.flows) & proof.permitted
            found += [(item.event, item.flows) for item in openings(assumed, delivery, flows)]
    return found


@dataclass(frozen=True, slots=True)
class _Way:
    there: tuple[str, ...]
    replies: list[list[str]]
    flows: FlowSet
    denied: FlowSet
    unknown: FlowSet


def legs(proof: Proof) -> list[Entry]:
    """Per way there: how many pairs may take it and are open on it, and by which ways replies come."""
    ways = list(_ways(proof))
    found = []
    for way in ways:
        nothing = proof.asked.space.nothing
        elsewhere = union(nothing, (one.flows - one.denied - one.unknown for one in ways if one is not way))
        pairs = {
            "open": _opened(proof, way.flows, way.denied, way.unknown),
            "cut": way.denied.pairs(),
            "spared": (way.denied & elsewhere).pairs(),
            "total": way.flows.pairs(),
        }
        status = _leg_status(way.flows, way.denied, way.unknown)
        found.append(
            {
                "hops": list(way.there),
                "stages": stages(proof, way.there),
                "replies": way.replies,
                "status": status,
                "pairs": pairs,
            }
        )
    return found


def _ways(proof: Proof) -> Iterator[_Way]:
    nothing = proof.asked.space.nothing
    by_way: dict[tuple[str, ...], list[Leg]] = {}
    for leg in proof.legs:
        by_way.setdefault(leg.there, []).append(leg)
    for there, same in by_way.items():
        flows = union(nothing, (leg.flows for leg in same)) & proof.asked
        denied = union(nothing, (leg.denied for leg in same)) & proof.asked
        if not proof.path.required:  # what gets in by one of several interfaces is open on this way
            denied = denied - union(nothing, (leg.opened for leg in same))
        unknown = union(nothing, (leg.unknown for leg in same)) & proof.asked - denied
        if flows:
            yield _Way(
                there, [list(leg.back) for leg in same if leg.back is not None], flows, denied, unknown
            )


def _opened(proof: Proof, flows: FlowSet, denied: FlowSet, unknown: FlowSet) -> int:
    if proof.path.required:
        return flows.pairs() - (denied | unknown).pairs()
    return (flows - denied - unknown).pairs()


def _leg_status(flows: FlowSet, denied: FlowSet, unknown: FlowSet) -> str:
    if not denied:
        return NOT_KNOWN if unknown else OPEN
    return BLOCKED if flows <= denied else PARTIAL


def path_entry(
    proof: Proof, network: Network, remedies: Remedies | None, before: Proof | None, today: datetime.date
) -> Entry:
    """The report's entry of one path."""
    path, violated = proof.path, proof.satisfied != YES
    waived = violated and path.waiver is not None and path.waiver.active(today)
    bad = proof.denied if path.required else proof.permitted
    entry: Entry = {
        "name": path.name,
        "kind": path.kind,
        "where": path.where,
        "from": path.source.label(),
        "to": path.destination.label(),
        "services": [service.to_dict() for service in path.services],
        "families": [FAMILY_NAME[family] for family in proof.asked.families()],
        "source_ports": text.ranges_to_text("src_port", path.source_ports),
        "severity": path.severity,
        "owner": path.owner,
        "ticket": path.ticket,
        "description": path.description,
        "via": list(path.via),
        "status": proof.status,
        "satisfied": proof.satisfied,
        "waived": waived,
        "waiver": _waiver(path),
        "assumptions": [{"name": name, "meaning": ASSUMPTIONS[name]} for name in path.assume],
        "share": share(proof),
        "cut": flows_entry(proof, proof.denied) if path.required else None,
        "permitted": flows_entry(proof, proof.permitted) if not path.required else None,
        "unknown": {
            **flows_entry(proof, proof.unknown),
            "missing": proof.missing,
            "reasons": _reasons(proof),
        },
        "too_big": too_big_entry(proof.errors, path.too_big, lambda flows: flows_entry(proof, flows))
        if proof.errors is not None and proof.errors.asked
        else None,
        "persistent": persistent_entry(proof.unsaved) if path.persistent else None,
        "standby": path.standby,
        "missed_via": proof.missed.pieces() if path.required else [],
        "witness": bad.witness() or proof.unknown.witness() or None,
        "deciding": decisions(proof, network) + _lacking(proof),
        "legs": legs(proof),
        "before": {"status": before.status, "satisfied": before.satisfied, "share": share(before)}
        if before is not None
        else None,
        "remedy": remedies.of(proof, before) if remedies is not None and before is not None else [],
    }
    return entry


def _waiver(path: Path) -> Entry | None:
    if path.waiver is None:
        return None
    return {
        "reason": path.waiver.reason,
        "expires": path.waiver.expires.isoformat(),
        "approved_by": path.waiver.approved_by,
    }


def _reasons(proof: Proof) -> list[str]:
    reasons: Iterable[str] = [
        *(f"{host} was not gathered" for host in proof.missing),
        *proof.ends.unresolved,
        *(proof.ends.detours.doubts if proof.ends.detours else ()),
        *(
            part.reason
            for event, flows in deciding_events(proof)
            if event.verdict == UNKNOWN
            for part in event.parts(flows)
        ),
    ]
    return [reason for reason in dict.fromkeys(reasons) if reason]


def _lacking(proof: Proof) -> list[Entry]:
    found = []
    for host, family in dict.fromkeys(proof.ends.lacking):
        what = (
            f"{FAMILY_NAME[family]} address" if family else "address that the other end can be spoken to with"
        )
        found.append(
            {
                "host": host,
                "hook": "route",
                "direction": "new",
                "verdict": DENY,
                "reason": f"{host} has no {what}",
                "rules": [],
                "flows": [],
                "pairs": 0,
                "beside": [],
            }
        )
    return found


def broken(entry: Entry) -> bool:
    """Whether a path's entry counts as a violation."""
    return entry["satisfied"] in (NO, NOT_KNOWN) and not entry["waived"]
