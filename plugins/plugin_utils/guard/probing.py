# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the new connections that a proof's paths speak of, and put the proof's word beside each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..model.state import State
from ..policy.ends import Resolver
from ..policy.paths import Policy
from ..policy.probes import Target, probe_targets
from .probes import CUT, SOME_WAYS, ProbeRow, proof_of
from .proof import Proof
from .site import Site

NOT_PROBED = "not_probed"
DNS = "dns"


def targets_now(
    policy: Policy,
    targets: Sequence[Target],
    states: Mapping[str, State],
    groups: Mapping[str, Sequence[str]],
    names: Resolver,
) -> list[Target]:
    """The targets from before the change; of paths that end at names, what these stand for now."""
    named = {path.name for path in policy.paths if DNS in (path.source.kind, path.destination.kind)}
    if not named:
        return list(targets)
    again = probe_targets(policy, states, groups, names)
    return [target for target in targets if target.path not in named] + [
        target for target in again if target.path in named
    ]


def probe_rows(site: Site, proof: Proof, targets: Sequence[Target], timeout: float) -> list[ProbeRow]:
    """One row for each target, in their order."""
    wanted: dict[str, dict[tuple[str, str, int, str], None]] = {}
    for target in targets:
        wanted.setdefault(target.host, {})[target.job] = None
    answers, errors = asked(site, {host: list(jobs) for host, jobs in wanted.items()}, timeout)
    found = {
        (host, str(row["source"]), row["address"], row["port"]): row
        for host, answer in answers.items()
        for row in answer["paths"]
    }
    views = {view.name: view for view in proof.paths}
    rows = []
    for target in targets:
        view = views[target.path]
        word = proof_of((target.source, target.address, target.port), view.bad, view.unknown)
        if word == CUT and target.path in proof.several_ways:
            word = SOME_WAYS
        row = found.get((target.host, target.source, target.address, target.port))
        rows.append(_row(target, word, row, str(errors.get(target.host, ""))))
    return rows


def asked(site: Site, jobs: dict[str, list[Any]], timeout: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """A host that could not be asked is asked once more: one login that failed is no reason to revert."""
    answers, errors = site.probe(jobs, timeout)
    if not errors:
        return answers, errors
    more, errors = site.probe({host: jobs[host] for host in errors}, timeout)
    return {**answers, **more}, errors


def _row(target: Target, word: str, row: Mapping[str, Any] | None, error: str) -> ProbeRow:
    place = (target.path, target.host, target.source, target.address, target.port)
    if row is None:
        return ProbeRow(*place, NOT_PROBED, word, error=error or f"the host has no address {target.source}")
    pooled = row["pooled"]
    return ProbeRow(
        *place,
        row["result"],
        word,
        row["reachable"],
        row["attempts"],
        pooled["established"],
        pooled["alive"],
        row["error"],
    )


def from_dicts(rows: Sequence[Mapping[str, Any]]) -> list[ProbeRow]:
    return [ProbeRow(**row) for row in rows]
