# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard tells of one path that got worse: what is cut off, which change did it, who decides now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..analyse.rulechanges import MOVED, settled
from ..render import words
from .probes import CUT, OPEN, REACHABLE, ProbeRow

# How many of a kind are told; the JSON report has all.
PARTS_TOLD, RULES_TOLD, ADDRESSES_TOLD, HOSTS_TOLD = 3, 3, 6, 10
# Changes of what is no rule (analyse/undo.py, OF_ROUTING), for people.
PLACES = {
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
# Changes of a default action: a ruleset may come and go with it.
_CHANGED = {"default_action": "changed", "created": "made", "deleted": "deleted"}

# Backends whose name stands where nft's rulesets have the family.
_TABLES = ("iptables", "ip6tables")

Entry = Mapping[str, Any]


@dataclass
class Telling:
    """What a report says of its paths. ``changes``: by host, all that was changed in rules. ``restored``: the hosts
    that are as they were again. ``told``: the changes that were named already, with their places."""

    changes: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    restored: Collection[str] = ()
    told: dict[str, str] = field(default_factory=dict)


def path_lines(entry: Entry, rows: Sequence[ProbeRow], telling: Telling) -> list[str]:
    return [
        *_cut_off(entry),
        *_way(entry),
        *_too_big(entry),
        *(f"cause     {item['message']}" for item in entry.get("names_moved", ())),
        *_unsaved(entry),
        *_causes(entry, telling),
        *_unknown(entry),
        *_evidence(entry["name"], rows),
    ]


def _cut_off(entry: Entry) -> list[str]:
    required = entry["kind"] == "required"
    return _part(
        entry, entry["cut"] if required else entry["permitted"], "cut off " if required else "opened  "
    )


def _unsaved(entry: Entry) -> list[str]:
    """The hosts of which the path requires that boot loads what runs, and does not."""
    found = (entry.get("persistent") or {"hosts": ()})["hosts"]
    return [
        f"at boot   {item['host']} would load something else: {item['reason']}"
        for item in found
        if item["matches"] == "differs"
    ]


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


def _causes(entry: Entry, telling: Telling) -> list[str]:
    """What was changed, in the rules' own words, and who decides because of it; without a change, who decides."""
    causes: Sequence[Entry] = entry["remedy"]
    new = [cause for cause in causes if _key(cause) not in telling.told]
    lines = _told_above(causes, new, telling.told)
    telling.told.update((_key(cause), _at(cause)) for cause in causes)
    for cause in new[:RULES_TOLD]:
        lines += _cause(entry, cause, telling.restored)
    if len(new) > RULES_TOLD:
        lines.append(f"          and {len(new) - RULES_TOLD} more changes")
    if not causes:
        return lines + [
            line for decision in entry["deciding"][:2] for line in _decision(decision, "rule    ")
        ]
    places = {(cause["host"], cause["chain"]) for cause in causes}
    deciding = [decision for decision in entry["deciding"] if _elsewhere(decision, places)]
    also = [decision for decision in deciding[1:] if _changed_too(decision, telling.changes)]
    return lines + [
        line
        for decision in [*deciding[:1], *also][:RULES_TOLD]
        for line in _because(decision, causes, telling.changes)
    ]


def _told_above(causes: Sequence[Entry], new: Sequence[Entry], told: Mapping[str, str]) -> list[str]:
    """Which of the changes that were named already are this path's, too."""
    known = [cause for cause in causes if cause not in new]
    if not known:
        return []
    word = "rule " if any(cause["chain"] for cause in causes) else "cause"
    which = (
        "" if len(known) == len(told) else f": {'; '.join(some([_at(cause) for cause in known], RULES_TOLD))}"
    )
    return [f"{word}     the same as above{which}{', and:' if new else ''}"]


def _at(cause: Entry) -> str:
    return where(cause["host"], cause["chain"] or PLACES[cause["change"]], cause["now"] or cause["before"])


def _cause(entry: Entry, cause: Entry, restored: Collection[str]) -> list[str]:
    word = "rule " if cause["chain"] else "cause"
    lines = [f"{word}     {_at(cause)}: {cause['note']}{words.cost(entry, cause)}"]
    now, before = rule_text(cause["now"]), rule_text(cause["before"])
    lines.append(f"  now     {now}")
    if cause["before"] and before != now:
        lines.append(f"  before  {before}")
    # A checkpoint holds rules, and nothing of routing.
    if cause["chain"] and cause["host"] in restored:
        return lines
    return lines + [f"  {words.COMMAND}{command}" for command in cause["commands"]]


def _key(cause: Entry) -> str:
    return repr([cause[name] for name in ("host", "chain", "change", "before", "now", "note")])


def _elsewhere(decision: Entry, places: set[tuple[str, str]]) -> bool:
    """Whether a decision was taken in another chain than was changed, or is not about new connections. What is not
    known is told by its reasons."""
    if decision["verdict"] == "unknown" and not decision["rules"]:
        return False
    chains = {(rule["host"], rule["chain"]) for rule in decision["rules"][-1:]}
    return not chains & places or decision["direction"] != "new"


def _because(decision: Entry, causes: Sequence[Entry], changes: Mapping[str, Sequence[Entry]]) -> list[str]:
    """A rule that was told as changed is not told again; one that was changed as well, as a peer of it, is told so."""
    last = decision["rules"][-1] if decision["rules"] else None
    changed = [
        (cause["host"], cause["chain"], cause["now"]["position"], cause["now"]["text"])
        for cause in causes
        if cause["now"]
    ]
    if last and (last["host"], last["chain"], last["position"], last["text"]) in changed:
        return [f"decides   it itself, for {_DIRECTIONS[decision['direction']]}"]
    lines, change = _decision(decision, "so that "), _changed_too(decision, changes)
    if change is None:
        return lines
    before = change["before"]
    was = "" if not before or change["change"] == MOVED else f"; before: {_words(before)}"
    return [*lines, f"          which was {_CHANGED.get(change['change'], change['change'])} as well{was}"]


def _changed_too(decision: Entry, changes: Mapping[str, Sequence[Entry]]) -> Entry | None:
    """What was changed of the rule, or the default action, that decides."""
    if not decision["rules"]:
        return None
    last = decision["rules"][-1]
    for change in changes.get(last["host"], ()):
        if (change.get("ruleset") or change.get("chain")) != last["chain"]:
            continue
        now = change["after"]
        if isinstance(now, Mapping):
            if last["position"] and (now["position"], now["text"]) == (last["position"], last["text"]):
                return change
        elif not last["position"] and change["change"] in _CHANGED:
            return change
    return None


def _words(side: Any) -> str:
    return rule_text(side) if isinstance(side, Mapping) else f"default action: {side}"


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
    return settled(place["text"]) if place else "(gone)"


def where(host: str, chain: str, place: Entry | None) -> str:
    family, _slash, rest = chain.partition("/")
    table, _slash, name = rest.partition("/")
    if family == "interfaces" and table:  # of a device, see parse/config/device.py
        chain = f"lists at interfaces ({table})"
    if name:
        owner = f"{family} table" if family.startswith(_TABLES) else f"table {family}"
        chain = f"{owner} {table}, chain {name}"
    found = f"{host}, {chain}"
    if place and place.get("handle") is not None:
        found += f", handle {place['handle']}"
    elif place and place.get("position"):
        found += f", rule {place['position']}"
    return found


def _evidence(name: str, rows: Sequence[ProbeRow]) -> list[str]:
    """New connections beside those that live on: why an outage like this goes unnoticed at first. And where none
    fails of those that the proof calls cut off, or can't judge: that speaks against an outage, and proves nothing."""
    asked = [row for row in rows if row.path == name and row.proof != OPEN]
    failed = [row for row in asked if row.result != REACHABLE]
    if not failed:
        through = [row for row in asked if row.proof != CUT]  # which can't be: told as a disagreement
        tries = sum(row.attempts for row in through)
        who = hosts(dict.fromkeys(row.host for row in through))
        return (
            [f"probes    all of {tries} new connections from {who} got through all the same"]
            if through
            else []
        )
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
    return ", ".join(some(words.shorter([str(item) for item in items], ADDRESSES_TOLD), ADDRESSES_TOLD))


def some(items: Sequence[str], limit: int) -> list[str]:
    more = len(items) - limit
    return list(items) if more <= 0 else [*items[:limit], f"and {more} more"]
