# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis on one screen: the symptom, the verdict, the evidence, when, the revert, what else, what not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import jinja2

from ..guard.detail import hosts
from ..guard.probes import REACHABLE, ProbeRow, grouped
from ..guard.text import LINES, WIDTH
from ..render import words
from ..render.clean import printable
from ..render.screen import wrapped
from .case import Case, Entry, lost_tries, of_path, tries
from .cause import Cause
from .checks import FINE, SKIPPED, UNKNOWN, Check
from .run import Diagnosis

DOCUMENT = "diagnosis.json"
TEMPLATES = Path(__file__).with_name("templates")
PATHS_TOLD, CAUSES_TOLD, EVIDENCE_TOLD, NOTES_TOLD = 3, 4, 6, 3
# Lines of one thing that was folded; of a rule, the beginning says which it is.
INDENT = "          "


def text(found: Diagnosis) -> str:
    environment = jinja2.Environment(  # noqa: S701 - plain text, no HTML
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    told = environment.get_template("diagnosis.txt.j2").render(
        id=found.id,
        label=found.case.question.label,
        verdict=found.verdict.text,
        symptom=_first_of(symptom(found.case)),
        first=_cause(found.causes[0]) if found.causes else [],
        others=_others(found.causes),
        odd=contradictions(found.case, found.causes)[:NOTES_TOLD],
        checked=_looked_at(found.checks),
        notes=list(found.case.notes)[:NOTES_TOLD],
        unread=_unread(found.case),
        seconds=found.seconds,
        folder=found.folder,
    )
    lines = [part for line in told.splitlines() for part in wrapped(line.rstrip(), WIDTH)]
    return printable("\n".join(_on_one_screen(lines)) + "\n")


def _on_one_screen(lines: list[str]) -> list[str]:
    """The last lines say where the rest is, so what is in the middle goes."""
    return lines if len(lines) <= LINES else [*lines[: LINES - 3], "  ...", *lines[-2:]]


def _first_of(lines: Sequence[str]) -> list[str]:
    more = len(lines) - PATHS_TOLD
    return list(lines) if more <= 0 else [*lines[:PATHS_TOLD], f"and {more} more paths, in {DOCUMENT}"]


def symptom(case: Case) -> list[str]:
    """A line for each path: what of it is open, what new connections did, what pools hide."""
    found = []
    for path in sorted(case.paths, key=lambda entry: entry["status"] == "open"):
        line = f"'{path['name']}' is {path['status']} by rules and routes ({words.short_share(path)})"
        rows = [row for row in of_path(case.rows, path["name"]) if row.result != "not_probed"]
        bad = [row for row in rows if row.result != REACHABLE]
        if rows and not bad:
            line += f"; all {tries(rows)} new connections get through"
        elif bad:
            results = ", ".join(dict.fromkeys(row.result for row in bad))
            line += (
                f"; {lost_tries(rows)} of {tries(rows)} new connections fail ({results}), from {_from(bad)}"
            )
            line += pooled(bad)
        found.append(line)
    for path in case.forbidden:
        if path["permitted"]["flows"]:
            found.append(f"'{path['name']}' is to be closed, and is {path['status']} by rules and routes")
    return found


def _from(rows: Iterable[ProbeRow]) -> str:
    return hosts(dict.fromkeys(row.host for row in rows))


def pooled(rows: Sequence[ProbeRow]) -> str:
    held, alive = sum(row.pooled for row in rows), sum(row.pooled_alive for row in rows)
    if not held:
        return ""
    return f"; {alive} of their {held} pooled connections live on" + (", which hides it" if alive else "")


def _cause(cause: Cause) -> list[str]:
    lines = [f"now       {cause.now}"] if cause.now else []
    lines += [f"before    {cause.before}"] if cause.before and cause.before != cause.now else []
    for item in cause.evidence[:EVIDENCE_TOLD]:
        word, _colon, rest = item.partition(": ")
        lines.append(f"{word:<9} {rest}" if len(word) < 10 else f"evidence  {item}")
    lines += [f"when      {item}" for item in cause.when]
    lines += [f"next      {item}" for item in cause.next]
    return lines + put_back(cause)


def put_back(cause: Cause) -> list[str]:
    """A line for each command; they are for the host's own console."""
    return [f"{words.COMMAND_ON}{cause.host}: {command}" for command in cause.commands]


def _others(causes: Sequence[Cause]) -> list[str]:
    shown = causes[1 : 1 + CAUSES_TOLD]
    lines = []
    for cause in shown:
        lines.append(f"{cause.confidence}: {cause.what}")
        lines += [f"  {line}" for line in put_back(cause)]
    more = len(causes) - 1 - len(shown)
    return lines + ([f"and {more} more, in {DOCUMENT}"] if more > 0 else [])


def contradictions(case: Case, causes: Sequence[Cause]) -> list[str]:
    """Connections that fare otherwise than the proof says, and that no cause explains."""
    explained = {
        (path, host)
        for cause in causes
        if cause.accounts or not cause.firewall
        for path in cause.paths
        for host in cause.hosts or (case.sources if cause.accounts else ())
    }
    left = [row for row in case.odd if (row.path, row.host) not in explained or row.result == REACHABLE]
    return grouped(left, lambda row: f"the proof says {row.proof}")


def _looked_at(checks: Sequence[Check]) -> list[str]:
    """What is fine in a line each; what is not known or was left out, together."""
    lines = [f"{check.name} are fine: {check.detail}" for check in checks if check.state == FINE]
    lines = [line.replace(" are fine", " is fine") if _single(line) else line for line in lines]
    for state, word in ((UNKNOWN, "not known"), (SKIPPED, "not looked at")):
        rest: dict[str, list[str]] = {}
        for check in checks:
            if check.state == state:
                rest.setdefault(check.detail, []).append(check.name)
        lines += [f"{word}: {', '.join(names)}: {detail}" for detail, names in rest.items()]
    return lines


def _single(line: str) -> bool:
    return line.startswith(("name resolution", "translation", "listener", "service"))


def _unread(case: Case) -> list[str]:
    return [f"{host}: {error.what}" for host, error in {**case.silent, **case.deaf}.items()][:NOTES_TOLD]


def summary(found: Diagnosis, files: dict[str, Path]) -> str:
    """At most five lines."""
    lines = [found.verdict.text, *symptom(found.case)[:1]]
    if found.causes:
        lines += put_back(found.causes[0])[:1]
    return printable("\n".join([*lines[:4], f"report: {files['text']}"]))


def short_paths(document: Entry) -> list[dict[str, str]]:
    return [
        {"name": path["name"], "status": path["status"], "share": words.short_share(path)}
        for path in document["paths"]
    ]
