# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change as it is planned: proven before anything is changed, and compared with what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..analyse.diffdata import firewall_difference
from ..errors import PathGuardError
from ..gather import snapshot
from ..gather.candidates import planned_states, told
from ..gather.several import some
from ..model.state import State
from ..parse.candidate.given import Candidate
from ..policy.ends import Resolver
from ..policy.expected import Expected
from ..policy.paths import Policy
from .compare import PathChange, compare
from .flowdiff import entry_lines
from .proof import Proof, prove

FOLDER = "planned"
# Parts of flows of one host that are told where it is not as it was planned.
_MOST_PARTS = 1
_MOST_LINES = 4


@dataclass
class Planned:
    """``proof``: of the paths, with the candidates applied. ``states``: of the hosts that have candidates.
    ``sources``: host -> what its candidates are. ``changes``: what becomes of the paths. ``facts``: what the
    configuration would lack, and did not before."""

    proof: Proof
    states: dict[str, State]
    sources: dict[str, list[str]]
    changes: list[PathChange]
    facts: list[str] = field(default_factory=list)

    @property
    def worse(self) -> list[PathChange]:
        return [change for change in self.changes if change.fails]

    @property
    def stopped(self) -> str:
        """Why the change must not begin; empty if nothing speaks against it."""
        bad = [*(f"path '{change.name}'" for change in self.worse), *self.facts]
        return (
            f"as planned, the change would make worse: {some(bad)}; nothing was changed, nothing is armed"
            if bad
            else ""
        )


def prove_planned(
    policy: Policy,
    groups: Mapping[str, Sequence[str]],
    states: Mapping[str, State],
    candidates: Mapping[str, list[Candidate]],
    folder: Path,
    before: Proof,
    resolver: Resolver,
    expected: Expected,
) -> Planned:
    """``folder``: of the run; the snapshots are in its ``pre``, and the planned states are kept beside. Raises
    PathGuardError for a candidate that can't be followed."""
    snapshots = {
        host: snapshot.read(snapshot.path_of(folder / "pre", host), host)
        for host in candidates
        if host in states
    }
    planned = planned_states(snapshots, candidates, states)
    sources = told(candidates)
    for host, state in planned.items():
        old = snapshots[host]
        snapshot.write(
            folder / FOLDER,
            snapshot.Snapshot(host, old.platform, old.gathered_at, state.to_dict(), [], old.run_id),
        )
    proof = prove(
        policy,
        {**states, **planned},
        groups,
        folder / "pre",
        baseline=states,
        resolver=resolver,
        planned=sources,
        expected=expected,
    )
    changes = compare(before.paths, proof.paths, expected)
    new = [fact["text"] for fact in proof.facts if fact not in before.facts]
    return Planned(proof, planned, sources, changes, new)


def deviations(folder: Path, states: Mapping[str, State]) -> list[str]:
    """For each host that had candidates: how it is otherwise than planned, after the change. ``folder``: of the run."""
    if not (folder / FOLDER).is_dir():
        return []
    found = []
    for host, path in snapshot.files_in(folder / FOLDER).items():
        if host in states:
            planned = State.from_dict(snapshot.read(path, host).state)
            found += _of(host, planned, states[host])
    return found


def _of(host: str, planned: State, state: State) -> list[str]:
    try:
        entries = firewall_difference(planned, state, most=_MOST_PARTS)
    except PathGuardError as error:
        return [f"whether {host} is as planned can't be told: {error.what}"]
    if not entries:
        return []
    lines = [line.strip() for entry in entries for line in entry_lines(entry)]
    more = len(lines) - _MOST_LINES
    return [
        f"{host} is not as it was planned: {'; '.join(lines[:_MOST_LINES])}"
        + (f"; and {more} more lines (compare the run's snapshots with firewall_diff)" if more > 0 else "")
    ]
