# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's reports for people: on one screen what matters, and where the rest is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from ..render import change_words
from ..render.clean import clipped, printable
from ..render.screen import wrapped
from . import ending, suspects
from .after import CONFIRMED, FAILED, NOT_TESTED, REVERTED, UNPROVEN, After
from .before import Before
from .compare import SAME, PathChange, PathView
from .detail import Telling, addresses, hosts, path_lines, rule_text, some
from .probes import ProbeRow

TEMPLATES = Path(__file__).with_name("templates")
# One screen of a terminal, whatever happened; the JSON report has all.
LINES, WIDTH = 40, 120
# The headline, the probes and the protection before a change, folded.
LINES_AROUND = 6
# How many of a kind are told, where there is room; and lines of a path, or nothing of it but its row.
PATHS_TOLD, DETAILS_TOLD, NOTES_TOLD, PIECES_TOLD = 12, 3, 5, 2
SHORTEST = 3
REASONS_AT_LEAST, NOTES_AT_LEAST, OTHERS_AT_LEAST = 3, 2, 5
NAME_WIDTH, LEAST_NAME_WIDTH = 44, 16
# How lines of a path begin that tell what of it is affected, and by what.
EFFECTS = ("cut off ", "opened ", "too big ", "unknown ")
CAUSES = ("rule ", "cause ", "dropped ")
SERIOUS = ("critical", "high", "medium")

HEADLINES = {
    CONFIRMED: "the change is kept; all paths are as before or better",
    NOT_TESTED: "change not tested (check mode): nothing was changed, nothing was armed",
    REVERTED: "the change was not kept: REVERTED, and the revert is PROVEN",
    UNPROVEN: "the change was not kept, and THE REVERT IS NOT PROVEN: act by hand, see below",
    FAILED: "the change failed and what it did is STILL IN PLACE; NOTHING WAS REVERTED, because the rules of no "
    "protected firewall have changed (a checkpoint holds rules, not routes)",
}
HARMLESS = (
    "the change FAILED; no protected firewall's rules have changed and all paths are as before, so nothing was put "
    "back: what its tasks did elsewhere stays"
)


def headline(found: After) -> str:
    """A task that failed before it did anything is no outage."""
    back = found.revert
    harmless = found.decision == FAILED and back is not None and not back.trouble
    if harmless and found.failures and not any(change.fails for change in found.changes):
        return HARMLESS
    return HEADLINES[found.decision]


def _render(name: str, **values: Any) -> str:
    environment = jinja2.Environment(  # noqa: S701 - plain text, no HTML
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return printable(environment.get_template(name).render(**values))


def before(found: Before) -> str:
    run = found.run
    if found.stopped:
        headline = f"STOPPED before the change: {found.stopped}"
    elif run.check_mode:
        headline = "check mode: the paths are proven, nothing is armed"
    else:
        headline = f"ready for the change on {hosts(run.batch)}"
    notes = some([*_plan(found), *_findings(found.proof.document), *found.notes], NOTES_TOLD)
    titles = _planned_titles(found) or {
        view.name: f"path '{view.name}' is {view.status}{f' ({view.share})' if view.share else ''}: {_demand(view)}"
        for view in found.proof.paths
        if view.satisfied != "yes"
    }
    room = LINES - min(len(found.proof.paths), PATHS_TOLD + 1) - len(notes) - LINES_AROUND
    worse = found.planned is not None and bool(found.planned.worse)
    details, shown = _details(
        found.planned.proof.document if found.planned is not None and worse else found.proof.document,
        found.rows,
        titles,
        room,
        "that would get worse" if worse else "that are not satisfied",
        Telling(),
    )
    told = list(titles)[:shown]
    rows = [
        (view.name, _state(view), "" if view.satisfied == "yes" else _demand(view))
        for view in found.proof.paths
        if view.name not in told
    ]
    return _render(
        "before.txt.j2",
        run_id=run.id,
        headline=headline,
        table=_table(rows),
        details=details,
        probes=ending.probe_line(found.rows),
        protection=_protection(found),
        notes=notes,
    )


def _plan(found: Before) -> list[str]:
    """What is planned, and what that means for the paths."""
    if found.planned is None:
        return []
    document = found.planned.proof.document
    told = [f"planned: {change_words.planned(document)}; {document['changes']['statement']}"]
    if not found.planned.stopped:
        told[0] += "; every path would be as before or better, or is expected to change"
    absent = [line.replace("change  ", "planned: ", 1) for line in change_words.not_seen(document["changes"])]
    return told + absent + [f"planned: {line}" for line in found.planned.facts]


def _planned_titles(found: Before) -> dict[str, str]:
    """What to say first of the paths that the change would make worse."""
    if found.planned is None:
        return {}
    return {
        change.name: f"path '{change.name}' is {_state(change.before)}, and as planned it would be "
        f"{_state(change.after)}"
        for change in found.planned.worse
    }


def _protection(found: Before) -> str:
    run = found.run
    if run.check_mode:
        return "protected: nothing (check mode)"
    if found.stopped:
        return "protected: nothing; the change does not begin"
    if not run.protected:
        return "protected: NOTHING; no host here can put its rules back by itself"
    told = []
    for protection, how in _HOW.items():
        names = [name for name in run.protected if _protection_of(found, name) == protection]
        told += [f"{how.format(run.timeout)}: {hosts(names)}"] if names else []
    return f"protected {'; '.join(told)}"


# What puts a host's rules back, by what its platform can do.
_HOW = {
    "arm_before": "for {} s",
    "wraps_commit": "from the change's own commit on, if that is a confirmed one",
    "none": "by this controller alone",
}


def _protection_of(found: Before, name: str) -> str:
    return str(found.checkpoints.get(name, {}).get("protection", "arm_before"))


def after(found: After, files: Mapping[str, Path], diff: bool) -> str:
    """What did it comes first; what is as it was, last."""
    bad = [change for change in found.changes if change.fails]
    last = _folded([*ending.told(found), f"files     {files['text']}, {files['json'].name}"])
    reasons = _folded([f"  reason: {reason}" for reason in some(_reasons(found), NOTES_TOLD)])
    notes = _folded([f"  note: {note}" for note in some(_notes(found), NOTES_TOLD)])
    heading = _folded([f"PathGuard {found.run.id}: {headline(found)}"])
    room = LINES - len(heading) - len(last)
    least = min(len(reasons), REASONS_AT_LEAST), min(len(notes), NOTES_AT_LEAST)
    for_others = min(max(len(found.before) - DETAILS_TOLD, 1), OTHERS_AT_LEAST) + sum(least)
    details, shown = _at_most(_folded(suspects.told(found)), room - for_others), 0
    if found.proof and bad:
        titles = {change.name: change.text() for change in bad}
        telling = Telling(found.proof.document["rule_changes"], found.revert.changed if found.revert else ())
        details, shown = _details(
            found.proof.document, found.rows, titles, room - for_others, "that got worse", telling
        )
    told = {change.name for change in bad[:shown]}
    table = _changes_table(found, told, room - len(details) - sum(least))
    room -= len(details) + len(table)
    reasons = _at_most(reasons, room - least[1])
    return _render(
        "after.txt.j2",
        lines=[
            *heading,
            *details,
            *reasons,
            *(f"  {row}" for row in table),
            *(f"  {line}" for line in _flows(found, bad, diff)),
            *last,
            *_at_most(notes, room - len(reasons)),
        ],
    )


def _folded(lines: Sequence[str]) -> list[str]:
    return [part for line in lines for part in wrapped(line, WIDTH)]


def _at_most(lines: list[str], room: int) -> list[str]:
    """So many lines, and that there are more."""
    return lines if len(lines) <= room else [*lines[: room - 1], "  ..."] if room > 0 else []


def _details(
    document: Mapping[str, Any],
    rows: Sequence[ProbeRow],
    titles: Mapping[str, str],
    room: int,
    rest: str,
    telling: Telling,
) -> tuple[list[str], int]:
    """``titles``: path -> what to say of it first. The first path in full, as far as it goes; others while there
    is room for all of each. ``rest``: what the others are. The lines, and how many paths they tell."""
    entries = {entry["name"]: entry for entry in document["paths"]}
    lines: list[str] = []
    shown = 0
    for name, title in list(titles.items())[:DETAILS_TOLD]:
        more = 1 if shown + 1 < len(titles) else 0
        block = _folded([title, *(f"  {line}" for line in path_lines(entries[name], rows, telling))])
        if room - more < SHORTEST or (lines and len(lines) + len(block) + more > room):
            break
        lines += _at_most(block, room - more)
        shown += 1
    if shown < len(titles):
        lines.append(f"and {len(titles) - shown} more paths {rest}, as the table and the JSON report tell")
    return lines, shown


def summary(found: After, files: Mapping[str, Path]) -> str:
    """At most five lines: what happened, why, and where to read on."""
    lines = [f"PathGuard {found.run.id}: {headline(found)}", *(_first_cause(found) or some(found.reasons, 2))]
    return printable("\n".join([*lines[:4], f"report: {files['text']}"]))


def _first_cause(found: After) -> list[str]:
    """The first path that got worse: what of it, and the change that did it."""
    bad = [change for change in found.changes if change.fails]
    if not bad or found.proof is None:
        return []
    more = f"; and {len(bad) - 1} more paths" if len(bad) > 1 else ""
    [entry] = [entry for entry in found.proof.document["paths"] if entry["name"] == bad[0].name]
    lines = path_lines(entry, [], Telling())
    # The first line of each: what is cut off, opened or not known, and the rule or cause.
    told = [next((line for line in lines if line.startswith(words)), "") for words in (EFFECTS, CAUSES)]
    return [bad[0].text() + more, *(clipped(line, WIDTH) for line in told if line)]


def _reasons(found: After) -> list[str]:
    """Those that the table does not tell."""
    told = {change.text() for change in found.changes}
    return [reason for reason in dict.fromkeys(found.reasons) if reason not in told]


def _notes(found: After) -> list[str]:
    document: Mapping[str, Any] = found.proof.document if found.proof else {"findings": []}
    told = suspects.listeners(found) if suspects.unexplained(found) else []
    changes = document.get("changes")
    moved = [changes["statement"]] if changes and changes["hosts"] else []
    moved += [line.partition("  ")[2] for line in change_words.not_seen(changes or {})]
    proven = _findings(document)
    if found.decision == REVERTED:
        proven = [f"before the revert: {note}" for note in proven if note not in told]
    return [note for note in dict.fromkeys([*moved, *proven, *found.notes]) if note not in told]


def _findings(document: Mapping[str, Any]) -> list[str]:
    """What the proof found beside the paths: a port on which nobody listens, what could not be read."""
    return [
        f"{item.get('host') or item.get('path') or 'policy'}: {item['message']}"
        for item in document["findings"]
        if item["severity"] in SERIOUS and item["kind"] != "configuration"
    ]


def _changes_table(found: After, told: Collection[str], room: int) -> list[str]:
    """The paths that were not told in full."""
    if not found.changes:
        return _table(
            [
                (view.name, _state(view), "after the change: not known" if not found.good else "")
                for view in found.before
            ],
            room,
        )

    def same(change: PathChange) -> bool:
        return _state(change.before) == _state(change.after)

    rows = [
        (
            change.name,
            _state(change.before),
            "as before" if change.what == SAME and same(change) else "-> " + _state(change.after),
            "" if change.what == SAME else change.what.upper() if change.fails else change.what,
        )
        for change in sorted(found.changes, key=lambda change: not change.fails)
        if change.name not in told
    ]
    return _table(rows, room)


def _state(view: PathView) -> str:
    if view.kind == "forbidden":
        return {"blocked": "closed, as it must be"}.get(view.status, view.status)
    return f"{view.status}, {view.share}"


def _demand(view: PathView) -> str:
    return "VIOLATED" if view.satisfied == "no" else "not known whether satisfied"


def _table(rows: Sequence[Sequence[str]], room: int = PATHS_TOLD + 1) -> list[str]:
    """Aligned columns; the first is cut to a bearable width."""
    most = min(PATHS_TOLD, max(room - 1, 1))
    shown = [list(row) for row in (rows if len(rows) <= min(most + 1, PATHS_TOLD) else rows[:most])]
    widths = [max(len(row[column]) for row in shown) for column in range(len(shown[0]))] if shown else []
    if widths:
        rest = sum(widths[1:]) + 2 * len(widths)
        widths[0] = min(widths[0], NAME_WIDTH, max(WIDTH - rest, LEAST_NAME_WIDTH))
    lines = [
        "  ".join(clipped(cell, width).ljust(width) for cell, width in zip(row, widths)).rstrip()
        for row in shown
    ]
    return lines + ([f"and {len(rows) - len(shown)} more paths"] if len(rows) > len(shown) else [])


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
    return rule_text(place) if isinstance(place, Mapping) else str(place or "")


def _pieces(pieces: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        " ".join(
            f"{key} {addresses(value if isinstance(value, list) else [value])}"
            for key, value in piece.items()
        )
        for piece in pieces[:PIECES_TOLD]
    ]


def short_paths(views: Sequence[PathView]) -> list[dict[str, str]]:
    """Small enough for a variable."""
    return [
        {"name": view.name, "status": view.status, "satisfied": view.satisfied, "share": view.share}
        for view in views
    ]
