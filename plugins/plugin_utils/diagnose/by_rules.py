# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules and routes certainly, or perhaps, do to the paths: the proof's word, with connections and counters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..guard.detail import PLACES, addresses, hosts, rule_text, where
from ..guard.probes import CUT, REACHABLE, UNKNOWN, ProbeRow
from ..render import words
from .case import Case, Entry, lost_tries, of_path, tries
from .cause import CERTAIN, DESTINATION, FIREWALL, LIKELY, NAT, OF_FIREWALLS, POSSIBLE, ROUTE, SOURCE, Cause

_DIRECTIONS = {
    "new": "",
    "established": " (packets of open connections)",
    "reply": " (replies)",
    "error": " (ICMP errors)",
}
_LAYER_OF = {"source": SOURCE, "destination": DESTINATION, "way": FIREWALL}
PARTS_TOLD, REASONS_TOLD = 2, 2


def causes(case: Case) -> list[Cause]:
    """One for each change, or each rule that denies, whichever paths it breaks."""
    found = join([cause for entry in case.paths for cause in [*_denied(case, entry), *_unknown(case, entry)]])
    changed = [_rule_of(cause) for cause in found if cause.changed and cause.rule]
    return [cause for cause in found if cause.changed or not cause.may or _rule_of(cause) not in changed]


def _rule_of(cause: Cause) -> tuple[Any, ...]:
    rule = cause.rule or {}
    return cause.host, cause.chain, rule.get("position"), rule.get("text")


def join(causes: list[Cause]) -> list[Cause]:
    """What is the same for several paths, once."""
    found: dict[tuple[str, ...], Cause] = {}
    for cause in causes:
        held = found.setdefault(
            (cause.layer, cause.place or cause.host, cause.what, cause.now, cause.before), cause
        )
        if held is not cause:
            _join(held, cause)
    return list(found.values())


def _join(held: Cause, more: Cause) -> None:
    held.paths += [name for name in more.paths if name not in held.paths]
    held.hosts += [name for name in more.hosts if name not in held.hosts]
    held.evidence += [line for line in more.evidence if line not in held.evidence]
    held.pairs += more.pairs


def _denied(case: Case, entry: Entry) -> Iterator[Cause]:
    denials = [item for item in entry["deciding"] if item["verdict"] == "deny"]
    if entry["remedy"]:
        if entry["status"] == "open":
            return  # nothing is cut off: what got worse are errors about large packets
        for cure in entry["remedy"]:
            yield _changed(case, entry, cure, denials)
        return
    for item in denials:
        yield _denial(case, entry, item)


def _changed(case: Case, entry: Entry, cure: Entry, denials: Sequence[Entry]) -> Cause:
    """A change since it was open last. Where it only made something unknown, connections tell more than the proof."""
    chain = cure["chain"]
    place = where(cure["host"], chain or PLACES[cure["change"]], cure["now"] or cure["before"])
    alone = len(entry["remedy"]) == 1
    unsure = not entry["cut"]["flows"] and entry["status"] == "unknown"
    rows = [row for row in case.rows if row.proof == UNKNOWN] if unsure else case.closed
    rows = [row for row in of_path(rows, entry["name"]) if alone or row.host in cure["hosts"]]
    evidence = [*_part(entry, entry["cut"]), *said_by_probes(rows)]
    doubted = [item for item in entry["deciding"] if item["verdict"] == "unknown" and item["rules"]]
    for item in doubted if unsure else denials:
        evidence += _decides(case, item, chain) + counted(case, item, rows)
    return Cause(
        layer=layer(case, cure["host"], chain) if chain else ROUTE,
        host=cure["host"],
        what=f"{place}: {cure['note']}; it {'may cut' if unsure else 'cuts'} off {_who(case, cure)}",
        confidence=_of_unknown(rows) if unsure else _confidence(rows),
        evidence=list(dict.fromkeys(evidence)),
        firewall=bool(chain) and layer(case, cure["host"], chain) in OF_FIREWALLS,
        place=place,
        chain=chain,
        rule=dict(cure["now"] or cure["before"] or {}) or None,
        before=rule_text(cure["before"]) if cure["before"] else "",
        now=rule_text(cure["now"]) if cure["now"] else "",
        commands=list(cure["commands"]),
        paths=[entry["name"]],
        pairs=cure["pairs"],
        hosts=list(cure["hosts"]),
        changed=True,
    )


def _who(case: Case, cure: Entry) -> str:
    """``app08-app10``, ``all 10 hosts``, or pairs where the sources are no hosts."""
    names = cure["hosts"]
    if not names:
        return f"{words.number(cure['pairs'])} pairs"
    return f"all {len(names)} hosts" if len(names) == len(case.sources) > 1 else hosts(names)


def _denial(case: Case, entry: Entry, item: Entry) -> Cause:
    """What denies now, where nothing is known to compare with."""
    rows = of_path(case.closed, entry["name"])
    evidence = [
        *_part(entry, entry["cut"]),
        *_beside(item),
        *said_by_probes(rows),
        *counted(case, item, rows),
    ]
    last = item["rules"][-1] if item["rules"] else None
    about = _DIRECTIONS[item["direction"]]
    if last is None:
        what = _reason(item)
        at, place, firewall = ROUTE, item["host"], False
    else:
        place = where(last["host"], last["chain"], last)
        at = layer(case, last["host"], last["chain"])
        firewall = True
        part = "a part of it" if entry["status"] == "partial" else "it"
        if last["position"]:
            what = f"{place}: this rule denies {part}{about}"
        else:
            what = f"{place}: no rule accepts {part}{about}, and the default action denies it"
    return Cause(
        layer=at,
        host=item["host"],
        what=what,
        confidence=_confidence(rows),
        evidence=list(dict.fromkeys(evidence)),
        firewall=firewall,
        place=place,
        chain=last["chain"] if last else "",
        rule=dict(last) if last else None,
        now=rule_text(last) if last else "",
        paths=[entry["name"]],
        pairs=item["pairs"],
        hosts=list(entry["cut"]["hosts"]) if entry["cut"] else [],
        next=_next(case, entry, item),
    )


def _next(case: Case, entry: Entry, item: Entry) -> list[str]:
    """What a person may do who has nothing to compare with."""
    if not item["rules"]:
        return []
    last, beside = item["rules"][-1], words.beside(item)
    if not last["position"] and beside:
        return [
            f"on {last['host']}: see whether the rule that lets the rest pass became too narrow: {beside[0][1]}"
        ]
    if not last["position"]:
        return [
            f"on {last['host']}: see which rule for this was lost, or never made: nothing lets it pass there"
        ]
    return [
        f"on {last['host']}: see who made this rule, and for what; a folder of earlier snapshots "
        "(path_diagnose_history) would tell what was there before"
    ]


def _unknown(case: Case, entry: Entry) -> Iterator[Cause]:
    """What the rules may do to flows that can't be judged; where their connections get through, they do not."""
    part = entry["unknown"]
    rows = [row for row in of_path(case.rows, entry["name"]) if row.proof == UNKNOWN]
    failed = [row for row in rows if row.result != REACHABLE]
    if not (part["flows"] or part["reasons"]) or (rows and not failed):
        return
    items = [item for item in entry["deciding"] if item["verdict"] == "unknown" and item["rules"]]
    for item in items:
        last = item["rules"][-1]
        place = where(last["host"], last["chain"], last)
        yield Cause(
            layer=layer(case, last["host"], last["chain"]),
            host=last["host"],
            what=f"{place}, may deny it{_DIRECTIONS[item['direction']]}: {item['reason']}",
            confidence=_of_unknown(failed),
            evidence=[*said_by_probes(failed), *counted(case, item, failed)],
            firewall=True,
            place=place,
            chain=last["chain"],
            rule=dict(last),
            now=rule_text(last),
            paths=[entry["name"]],
            pairs=item["pairs"],
            may=True,
        )
    if not items and failed and not (case.gateways and case.silent):
        yield Cause(
            layer=FIREWALL,
            host="",
            what=f"what is not known: {'; '.join(part['reasons'][:REASONS_TOLD])}",
            confidence=POSSIBLE,
            evidence=said_by_probes(failed),
            paths=[entry["name"]],
            pairs=part["pairs"],
        )


def layer(case: Case, host: str, chain: str) -> str:
    """Of LAYERS, by where the host stands and what its chain does."""
    state = case.states.get(host)
    ruleset = state.rulesets.get(chain) if state is not None else None
    return NAT if ruleset is not None and ruleset.type == "nat" else _LAYER_OF[case.place_of(host)]


def _confidence(rows: Sequence[ProbeRow]) -> str:
    """The proof is sure. Connections that get through all the same say that it does not know everything."""
    against = [row for row in rows if row.result == REACHABLE and row.proof == CUT]
    return POSSIBLE if rows and len(against) == len(rows) else CERTAIN


def _of_unknown(rows: Sequence[ProbeRow]) -> str:
    return LIKELY if any(row.result != REACHABLE for row in rows) else POSSIBLE


def _part(entry: Entry, part: Entry | None) -> list[str]:
    if not part or not part["flows"]:
        return []
    pieces = words.pieces(dict(entry), dict(part))
    found = []
    for piece in pieces[:PARTS_TOLD]:
        who = f" ({hosts(part['hosts'])})" if part["hosts"] and len(pieces) == 1 else ""
        found.append(
            f"proof: cuts off {addresses(piece['from'])}{who} to {addresses(piece['to'])}, {piece['service']}"
        )
    if len(pieces) > PARTS_TOLD:
        found.append(f"proof: and {len(pieces) - PARTS_TOLD} more parts, of {hosts(part['hosts'])}")
    return [
        *found,
        *([f"proof: {words.one_way_only(dict(entry))}"] if words.one_way_only(dict(entry)) else []),
    ]


def _beside(item: Entry) -> list[str]:
    """The rules that let the rest of the path pass, where this part meets the default action."""
    return [f"the rest: passes by {at}: {text}" for at, text in words.beside(item)]


def said_by_probes(rows: Sequence[ProbeRow]) -> list[str]:
    if not rows:
        return []
    results = ", ".join(dict.fromkeys(row.result for row in rows if row.result != REACHABLE))
    lost, asked = lost_tries(rows), tries(rows)
    if not lost and any(row.proof != CUT for row in rows):
        return [f"probes: all {asked} new connections of these went over another way"]
    if not lost:
        return [f"probes: all {asked} new connections of these got through, which the proof says can't be"]
    return [f"probes: {lost} of {asked} new connections of these failed ({results})"]


def _decides(case: Case, item: Entry, chain: str) -> list[str]:
    """Who denies because of a change elsewhere."""
    if not item["rules"]:
        return [f"so that: {_reason(item)}"] if item["reason"] else []
    last = item["rules"][-1]
    if last["chain"] == chain and last["position"]:
        return []
    about = _DIRECTIONS[item["direction"]]
    return [f"so that: {where(last['host'], last['chain'], last)}{about}: {rule_text(last)}"]


def counted(case: Case, item: Entry, rows: Sequence[ProbeRow]) -> list[str]:
    """Whether the rule that decides has counted packets while connections were tried."""
    if not item["rules"] or not rows or not lost_tries(rows):
        return []
    last = item["rules"][-1]
    packets = case.counted.rule(last["host"], last["chain"], last["position"])
    place = where(last["host"], last["chain"], last)
    if packets is None:
        return []
    if not packets and case.states[last["host"]].platform != "linux":
        return []  # what hardware forwards or drops, no entry may have counted
    if not packets:
        return [f"counter: {place} counted no packet meanwhile, which speaks against it"]
    failed = f"{lost_tries(rows)} of {tries(rows)} new connections failed"
    return [f"counter: {place} counted {packets} packets while {failed}"]


def _reason(item: Entry) -> str:
    host, reason = item["host"] or "the network", str(item["reason"])
    return reason if reason.startswith((f"{host}: ", f"{host} ")) else f"{host}: {reason}"


def decided(deciding: Iterable[Entry]) -> dict[str, list[str]]:
    """Host -> chains whose rules decide, by what the report says is deciding."""
    found: dict[str, list[str]] = {}
    for item in deciding:
        for rule in item["rules"]:
            chains = found.setdefault(rule["host"], [])
            if rule["chain"] not in chains:
                chains.append(rule["chain"])
    return found
