# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's reports for people: on one screen what matters, and where the rest is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from .after import CONFIRMED, FAILED, NOT_TESTED, REVERTED, UNPROVEN, After
from .before import Before
from .compare import SAME, PathChange, PathView
from .probes import OPEN, REACHABLE, ProbeRow
from .revert import thing

TEMPLATES = Path(__file__).with_name("templates")
# How many of a kind are told; the JSON report has all.
PATHS_TOLD, DETAILS_TOLD, NOTES_TOLD, ADDRESSES_TOLD, RULES_TOLD = 12, 3, 5, 6, 2
NAME_WIDTH = 44
# Characters of a digest that people compare.
DIGEST = 12
COUNTED = re.compile(r"\bcounter packets \d+ bytes \d+")

HEADLINES = {
    CONFIRMED: "the change is kept; all paths are as before or better",
    NOT_TESTED: "change not tested (check mode): nothing was changed, nothing was armed",
    REVERTED: "the change was not kept: REVERTED, and the revert is PROVEN",
    UNPROVEN: "the change was not kept, and THE REVERT IS NOT PROVEN: act by hand, see below",
    FAILED: "the change failed and what it did is STILL IN PLACE; NOTHING WAS REVERTED, because no protected "
    "firewall has changed",
}


def _render(name: str, **values: Any) -> str:
    environment = jinja2.Environment(  # noqa: S701 - plain text, no HTML
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return printable(environment.get_template(name).render(**values))


def printable(text: str) -> str:
    """Without what would steer a terminal: a rule's comment may hold anything."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def before(found: Before) -> str:
    run = found.run
    if found.stopped:
        headline = f"STOPPED before the change: {found.stopped}"
    elif run.check_mode:
        headline = "check mode: the paths are proven, nothing is armed"
    else:
        headline = f"ready for the change on {_hosts(run.batch)}"
    rows = [
        (view.name, _state(view), "" if view.satisfied == "yes" else _demand(view))
        for view in found.proof.paths
    ]
    return _render(
        "before.txt.j2",
        run_id=run.id,
        headline=headline,
        table=_table(rows),
        probes=_probe_line(found.rows),
        protection=_protection(found),
        notes=_some(found.notes, NOTES_TOLD),
    )


def _protection(found: Before) -> str:
    run = found.run
    if run.check_mode:
        return "protected: nothing (check mode)"
    if found.stopped:
        return "protected: nothing; the change does not begin"
    if not run.protected:
        return "protected: NOTHING; no host here can put its rules back by itself"
    return f"protected for {run.timeout} s: {_hosts(run.protected)}"


def after(found: After, files: Mapping[str, Path], diff: bool) -> str:
    changes = found.changes
    bad = [change for change in changes if change.fails]
    told: set[str] = set()
    return _render(
        "after.txt.j2",
        run_id=found.run.id,
        headline=HEADLINES[found.decision],
        table=_changes_table(found),
        details=[_detail(found, change, told) for change in bad[:DETAILS_TOLD]],
        reasons=_some(_reasons(found, bad), NOTES_TOLD),
        flows=_flows(found, bad, diff),
        ending=[*_ending(found), f"files     {files['text']}, {files['json'].name}"],
        notes=_some(list(dict.fromkeys(found.notes)), NOTES_TOLD),
    )


def summary(found: After, files: Mapping[str, Path]) -> str:
    """At most five lines: what happened, why, and where to read on."""
    lines = [f"PathGuard {found.run.id}: {HEADLINES[found.decision]}"]
    lines += _some(found.reasons, 2)
    return printable("\n".join([*lines[:4], f"report: {files['text']}"]))


def _reasons(found: After, bad: Sequence[PathChange]) -> list[str]:
    """Those that the details do not tell."""
    told = {change.text() for change in bad[:DETAILS_TOLD]}
    return [reason for reason in dict.fromkeys(found.reasons) if reason not in told]


def _changes_table(found: After) -> list[str]:
    if not found.changes:
        return _table(
            [
                (view.name, _state(view), "after the change: not known" if not found.good else "")
                for view in found.before
            ]
        )
    rows = [
        (
            change.name,
            _state(change.before),
            "-> " + _state(change.after),
            "" if change.what == SAME else change.what.upper() if change.fails else change.what,
        )
        for change in found.changes
    ]
    return _table(rows)


def _state(view: PathView) -> str:
    if view.kind == "forbidden":
        return {"blocked": "closed, as it must be"}.get(view.status, view.status)
    return f"{view.status}, {view.share}"


def _demand(view: PathView) -> str:
    return "VIOLATED" if view.satisfied == "no" else "not known whether satisfied"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned columns; the first is cut to a bearable width."""
    shown = [[_cut(row[0]), *row[1:]] for row in rows[:PATHS_TOLD]]
    widths = [max(len(row[column]) for row in shown) for column in range(len(shown[0]))] if shown else []
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in shown]
    return lines + ([f"and {len(rows) - PATHS_TOLD} more paths"] if len(rows) > PATHS_TOLD else [])


def _cut(text: str) -> str:
    return text if len(text) <= NAME_WIDTH else text[: NAME_WIDTH - 3] + "..."


def _detail(found: After, change: PathChange, told: set[str]) -> dict[str, Any]:
    entry = _entry(found, change.name)
    lines = [*_cut_off(entry), *_rules(entry, told), *_evidence(found, change.name)]
    return {"title": f"{change.text()}", "lines": lines}


def _entry(found: After, name: str) -> Mapping[str, Any]:
    entries: Sequence[Mapping[str, Any]] = found.proof.document["paths"] if found.proof else []
    return next(entry for entry in entries if entry["name"] == name)


def _cut_off(entry: Mapping[str, Any]) -> list[str]:
    required = entry["kind"] == "required"
    part = entry["cut"] if required else entry["permitted"]
    lines = []
    if part["flows"]:
        word = "cut off " if required else "opened  "
        hosts = f" ({_hosts(part['hosts'])})" if part["hosts"] else ""
        services = ", ".join(_service(service) for service in entry["services"])
        lines.append(f"{word}  {_addresses(part['from'])}{hosts} to {_addresses(part['to'])}, {services}")
    if entry["unknown"]["reasons"]:
        lines.append(f"unknown   {'; '.join(_some(entry['unknown']['reasons'], 2))}")
    return lines


def _service(service: Mapping[str, Any]) -> str:
    return " ".join(
        [service["protocol"], ",".join(service.get("ports") or service.get("types") or [])]
    ).strip()


def _rule(place: Mapping[str, Any] | None) -> str:
    """Verbatim, but for what its counter has counted."""
    return COUNTED.sub("counter", place["text"]) if place else "(gone)"


def _rules(entry: Mapping[str, Any], told: set[str]) -> list[str]:
    """What was changed, in the rules' own words; without a change, who decides."""
    lines: list[str] = []
    for cure in entry["remedy"][:RULES_TOLD]:
        where = _where(cure["host"], cure["chain"] or cure["ruleset"], cure["now"] or cure["before"])
        if where in told:
            lines.append(f"rule      {where}: the same as above")
            continue
        told.add(where)
        lines.append(f"rule      {where}: {cure['note']}")
        lines.append(f"  now     {_rule(cure['now'])}")
        if cure["before"]:
            lines.append(f"  before  {_rule(cure['before'])}")
    if lines:
        return lines
    for decision in entry["deciding"][:RULES_TOLD]:
        last = decision["rules"][-1] if decision["rules"] else None
        if last:
            lines.append(f"rule      {_where(decision['host'], last['chain'], last)}: {_rule(last)}")
        else:
            lines.append(f"cause     {decision['host'] or 'network'}: {decision['reason']}")
    return lines


def _where(host: str, chain: str, place: Mapping[str, Any] | None) -> str:
    family, _slash, rest = chain.partition("/")
    table, _slash, name = rest.partition("/")
    found = f"{host}, table {family} {table}, chain {name}" if name else f"{host}, {chain or 'routing'}"
    if place and place.get("handle") is not None:
        found += f", handle {place['handle']}"
    elif place and place.get("position"):
        found += f", rule {place['position']}"
    return found


def _evidence(found: After, name: str) -> list[str]:
    """New connections beside those that live on: why an outage like this goes unnoticed at first."""
    rows = [row for row in found.rows if row.path == name and row.proof != OPEN]
    failed = [row for row in rows if row.result != REACHABLE]
    if not failed:
        return []
    results = ", ".join(dict.fromkeys(row.result for row in failed))
    hosts = list(dict.fromkeys(row.host for row in failed))
    line = f"probes    new connections from {_hosts(hosts)}: {results}"
    pooled, alive = sum(row.pooled for row in failed), sum(row.pooled_alive for row in failed)
    if pooled:
        line += f"; of their pooled connections {alive} of {pooled} still live"
        line += ", which hides it" if alive else ""
    return [line]


def _flows(found: After, bad: Sequence[PathChange], diff: bool) -> list[str]:
    """What --diff shows: flows gained and lost, path by path."""
    lines = []
    for change in found.changes if diff else ():
        if change in bad[:DETAILS_TOLD] or change.what == SAME:
            continue
        lines.append(f"{change.what}: {change.text()}")
        lines += [f"  - {flow}" for flow in _pieces(change.after.bad)]
        lines += [f"  + {flow}" for flow in _pieces(change.before.bad)]
    if diff and found.proof:
        for host, entries in found.proof.document["rule_changes"].items():
            for entry in entries[:PATHS_TOLD]:
                place = entry.get("ruleset") or entry.get("chain") or entry.get("set")
                lines.append(f"{host} {place}: {entry['change']}")
                lines += [
                    f"  {sign} {text}"
                    for sign, text in (("-", _text(entry.get("before"))), ("+", _text(entry.get("after"))))
                    if text
                ]
                lines += [f"  - {', '.join(entry['removed'])}"] if entry.get("removed") else []
                lines += [f"  + {', '.join(entry['added'])}"] if entry.get("added") else []
    return lines or (["no rule has changed"] if diff and found.proof else [])


def _text(place: Any) -> str:
    return str(place["text"]) if isinstance(place, Mapping) else str(place or "")


def _pieces(pieces: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        " ".join(
            f"{key} {_addresses(value if isinstance(value, list) else [value])}"
            for key, value in piece.items()
        )
        for piece in pieces[:RULES_TOLD]
    ]


def _ending(found: After) -> list[str]:
    lines = []
    if found.decision == CONFIRMED:
        keepers = _hosts(found.run.protected) or "nobody: nothing was protected"
        lines.append(f"kept      by {keepers}; {_probe_line(found.rows) or 'no probes'}")
    back = found.revert
    if back is not None:
        for host, tables in back.changed.items():
            by = "its own timer was first" if host in back.by_timer else "put back"
            digest = back.fingerprints.get(host, "")[:DIGEST]
            proven = f"fingerprint {digest}, equal to the checkpoint's" if back.fingerprint else "NOT PROVEN"
            lines.append(f"reverted  {host} ({', '.join(thing(table) for table in tables)}): {by}; {proven}")
        lines += _proof_of_revert(found)
        lines += [f"TROUBLE   {item}" for item in _some(back.trouble, NOTES_TOLD)]
        lines += [f"BY HAND   {item}" for item in _some(back.manual, NOTES_TOLD)]
    return lines


def _proof_of_revert(found: After) -> list[str]:
    back = found.revert
    if back is None or back.paths is None:
        return []
    word = "proven   " if back.changed else "now      "
    line = f"{word} paths {back.paths_back} of {len(found.before)} as before"
    if back.probes is not None:
        line += f"; probes {back.probes_through} of {back.probes_asked} through"
    return [line]


def _probe_line(rows: Sequence[ProbeRow]) -> str:
    if not rows:
        return ""
    through = sum(row.result == REACHABLE for row in rows)
    return f"{through} of {len(rows)} new connections get through"


def _hosts(names: Iterable[str]) -> str:
    return ", ".join(_some(_runs(list(names)), ADDRESSES_TOLD + 4))


def _runs(names: Sequence[str]) -> list[str]:
    """Names that differ in a number alone, and follow each other, as one: ``app01-app10``."""
    found: list[list[str]] = []
    for name in names:
        if found and _next_of(found[-1][-1]) == name:
            found[-1].append(name)
        else:
            found.append([name])
    return [item for run in found for item in (run if len(run) < 3 else [f"{run[0]}-{run[-1]}"])]


def _next_of(name: str) -> str:
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    return f"{stem}{int(digits) + 1:0{len(digits)}d}" if digits else ""


def _addresses(items: Sequence[str]) -> str:
    return ", ".join(_some([str(item) for item in items], ADDRESSES_TOLD))


def _some(items: Sequence[str], limit: int) -> list[str]:
    more = len(items) - limit
    return list(items) if more <= 0 else [*items[:limit], f"and {more} more"]


def short_paths(views: Sequence[PathView]) -> list[dict[str, str]]:
    """Small enough for a variable."""
    return [
        {"name": view.name, "status": view.status, "satisfied": view.satisfied, "share": view.share}
        for view in views
    ]
