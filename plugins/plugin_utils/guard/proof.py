# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy's paths on the hosts as they were read: the report, and what the guard compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from ..gather import snapshot
from ..model.state import State
from ..policy.ends import Resolver
from ..policy.expected import Expected
from ..policy.paths import Policy
from ..policy.validate import validate
from ..render import words
from .compare import PathView


@dataclass
class Proof:
    """``document``: the report by schemas/report.schema.json. ``paths``: what is compared, in the policy's
    order. ``facts``: what the configuration lacks that the policy's other keywords ask for, each as
    ``{text, satisfied}``. ``several_ways``: paths whose flows or replies may take one of several ways."""

    document: dict[str, Any]
    paths: list[PathView] = field(default_factory=list)
    facts: list[dict[str, str]] = field(default_factory=list)
    several_ways: frozenset[str] = frozenset()


def prove(
    policy: Policy,
    states: Mapping[str, State],
    groups: Mapping[str, Sequence[str]],
    folder: FilePath,
    baseline: Mapping[str, State] | None = None,
    resolver: Resolver | None = None,
    explain: bool = True,
    names_before: Resolver | None = None,
    planned: Mapping[str, list[str]] | None = None,
    expected: Expected | None = None,
) -> Proof:
    """Raises PolicyError where an end of a path is nobody. ``folder``: where the states' snapshots are. ``explain``:
    whether the document tells what has changed since the baseline, and which change did it. ``planned``: host -> its
    candidates, in force in ``states``. ``expected``: what the change is meant to alter."""
    files = {name: str(snapshot.path_of(folder, name)) for name in states}
    document = validate(
        policy,
        states,
        groups,
        baseline=baseline,
        resolver=resolver,
        snapshots=files,
        explain=explain,
        names_before=names_before,
        planned=planned,
        expected=expected,
    )
    return of_document(document)


def of_document(document: dict[str, Any]) -> Proof:
    """The proof that a report tells of."""
    entries = document["paths"]
    several = frozenset(entry["name"] for entry in entries if _ways(entry) > 1)
    return Proof(document, [view(entry) for entry in entries], _facts(document), several)


def _facts(document: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"text": f"{item['at']}: {item['message']}", "satisfied": item["satisfied"]}
        for item in document["findings"]
        if item["kind"] == "configuration"
    ]


def _ways(entry: Mapping[str, Any]) -> int:
    ways = {(tuple(leg["hops"]), tuple(back)) for leg in entry["legs"] for back in leg["replies"] or [[]]}
    return len(ways)


def view(entry: Mapping[str, Any]) -> PathView:
    """A report's path as the guard compares it."""
    bad = entry["cut"] if entry["kind"] == "required" else entry["permitted"]
    return PathView(
        name=entry["name"],
        kind=entry["kind"],
        status=entry["status"],
        satisfied=entry["satisfied"],
        share=words.short_share(entry),
        bad=list(bad["flows"]),
        unknown=list(entry["unknown"]["flows"]),
        too_big=list(entry["too_big"]["blocked"]["flows"]) if entry["too_big"] else [],
        deciding=[{"host": item["host"], "flows": item["flows"]} for item in entry["deciding"]],
        moved=[item["message"] for item in entry.get("names_moved", ())],
        unsaved=[item["host"] for item in _unsaved(entry) if item["matches"] == "differs"],
        accepted=bool(entry["waived"] or entry.get("standby")),
    )


def _unsaved(entry: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    found: Sequence[Mapping[str, str]] = (entry.get("persistent") or {"hosts": ()})["hosts"]
    return found


def load_states(folder: FilePath, hosts: Sequence[str]) -> dict[str, State]:
    """The states of snapshots that a run has written."""
    return {
        name: State.from_dict(snapshot.read(snapshot.path_of(folder, name), name).state) for name in hosts
    }
