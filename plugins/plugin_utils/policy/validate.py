# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's entry: policy and states in, report out."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..analyse.network import Network
from ..errors import PolicyError
from ..model.flowset import FlowSet
from ..model.garbage import no_garbage
from ..model.state import State
from .changes import ChangeReport
from .complain import unknown_name
from .ends import EndFinder, Ends, Resolver
from .expected import Expected
from .inventory import Groups, check_against_inventory
from .moved import moved_names
from .names import asked
from .paths import Path, Policy
from .prove import Proof, prove, prove_between
from .remedy import Remedies
from .report import ReportBuilder
from .siblings import siblings_entry
from .situation import Situation
from .vocabulary import check

Progress = Callable[[str], None]


class Validation:
    """Proofs of a policy's paths on one network, each worked out once, when first asked for."""

    def __init__(
        self, policy: Policy, network: Network, finder: EndFinder, progress: Progress | None = None
    ) -> None:
        self.policy = policy
        self.network = network
        self.finder = finder
        self.progress = progress
        self._proofs: dict[str, Proof] = {}
        self._ends: dict[str, Ends] = {}

    def find(self) -> None:
        """Find the ends of all paths. PolicyError for one that resolves to nothing."""
        self._ends = {path.name: self.finder.find(path) for path in self.policy.paths}

    @property
    def asked(self) -> list[FlowSet]:
        """What the paths ask about whose ends are found."""
        return [ends.asked for ends in self._ends.values()]

    def proof(self, name: str) -> Proof:
        if name not in self._proofs:
            path = self.policy.path(name)
            if path is None:
                raise PolicyError(
                    f"there is no path {name!r}", self.policy.name, "name one of the policy's paths"
                )
            ends = self._ends.get(name) or self.finder.find(path)
            self._proofs[name] = prove_between(
                self.network, ends, self.finder.boundaries, path, self.progress
            )
            if self.progress is not None:
                self.progress(f"proven {len(self._proofs)} of {len(self.policy.paths)} paths")
        return self._proofs[name]


@no_garbage()
def validate(
    policy: Policy,
    states: Mapping[str, State],
    groups: Groups,
    baseline: Mapping[str, State] | None = None,
    resolver: Resolver | None = None,
    progress: Progress | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Prove all paths and check all configuration facts of a policy; the report by its schema.

    ``groups``: the inventory's, name -> hosts; a host without a state makes its part unknown. ``baseline``: the states
    of before, for what was open then and which rule to put back. ``resolver``: what names stand for. ``more``: as
    ``judged`` has it. PolicyError for names that do not exist and ends that resolve to nothing."""
    situation = Situation(states, baseline)
    now = prepared(policy, situation, groups, resolver, progress)
    situation.survey(now.asked)
    return judged(now, situation, **more)


def prepared(
    policy: Policy,
    situation: Situation,
    groups: Groups,
    resolver: Resolver | None = None,
    progress: Progress | None = None,
) -> Validation:
    """The ends of a policy's paths, found. The situation may serve other policies as well."""
    if not situation.states:
        raise PolicyError(
            "there is no snapshot of any host", policy.name, "gather the hosts with firewall_info first"
        )
    check_against_inventory(policy, groups, situation.states)
    _check_boundaries(policy, situation.states)
    finder = EndFinder(situation.network, groups, policy.boundaries, resolver, situation.earlier)
    found = Validation(policy, situation.network, finder, progress)
    found.find()
    return found


@no_garbage()
def judged(
    now: Validation,
    situation: Situation,
    snapshots: Mapping[str, str] | None = None,
    today: datetime.date | None = None,
    explain: bool = True,
    names_before: Resolver | None = None,
    planned: Mapping[str, list[str]] | None = None,
    expected: Expected | None = None,
) -> dict[str, Any]:
    """The report of what was ``prepared``.

    Without ``explain`` the baseline counts only for the choice of addresses, which takes a fraction of the time.
    ``snapshots``: host -> file, for the report. ``names_before``: what names stood for at the baseline. ``planned``:
    host -> the candidates that were applied to its state. ``expected``: what the change since the baseline is meant to
    alter."""
    policy, states, network, earlier = now.policy, situation.states, now.network, situation.earlier
    groups, resolver = now.finder.groups, now.finder.resolver
    today = today or datetime.datetime.now(datetime.timezone.utc).date()
    proofs = [now.proof(path.name) for path in policy.paths]
    breaches = check(policy, _document(policy, states, groups), now.proof) if policy.configuration else []
    before: dict[str, Proof] = {}
    remedies = None
    if earlier is not None and explain:
        remedies = Remedies(
            network,
            earlier,
            lambda other: EndFinder(other, groups, policy.boundaries, resolver, earlier),
            planned or (),
        )
        same = earlier is network and not asked(policy, groups, states)
        before = (
            {proof.path.name: proof for proof in proofs}
            if same
            else _before(policy, earlier, groups, names_before or resolver)
        )
    moved = _moved(now, proofs, before, names_before) if names_before is not None else {}
    siblings = [siblings_entry(item, states, groups) for item in policy.siblings]
    report = ReportBuilder(policy, network, today, moved, siblings).build(
        proofs, breaches, remedies, before, snapshots or {}
    )
    for host, candidates in (planned or {}).items():
        report["hosts"][host]["candidates"] = list(candidates)
    if earlier is not None and explain:
        pairs = ((proof, before.get(proof.path.name)) for proof in proofs)
        changes = ChangeReport(network, earlier, pairs, expected or Expected(), planned=planned or ())
        report["changes"] = changes.build()
    return report


def _check_boundaries(policy: Policy, states: Mapping[str, State]) -> None:
    """PolicyError for a boundary's interface that its gathered host lacks."""
    for index, boundary in enumerate(policy.boundaries):
        known = list(states[boundary.host].interfaces) if boundary.host in states else []
        if known and boundary.interface not in known:
            where = f"$.boundaries[{index}].interface"
            raise unknown_name(f"interface of {boundary.host}", boundary.interface, known, where)


def _before(policy: Policy, earlier: Network, groups: Groups, resolver: Resolver | None) -> dict[str, Proof]:
    finder = EndFinder(earlier, groups, policy.boundaries, resolver)
    found: dict[str, Proof] = {}
    for path in policy.paths:
        proof = _proof_or_none(earlier, finder, path)
        if proof is not None:
            found[path.name] = proof
    return found


def _proof_or_none(network: Network, finder: EndFinder, path: Path) -> Proof | None:
    """The baseline may lack a path's ends; that is no mistake of the policy."""
    try:
        return prove(network, finder, path)
    except PolicyError:
        return None


def _moved(
    now: Validation, proofs: Sequence[Proof], before: Mapping[str, Proof], earlier: Resolver
) -> dict[str, list[dict[str, Any]]]:
    """By path, its names that have moved."""
    found = {}
    for proof in proofs:

        def with_names(resolver: Resolver, path: Path = proof.path) -> Proof | None:
            ends = now.finder
            finder = EndFinder(now.network, ends.groups, ends.boundaries, resolver, ends.reference)
            return _proof_or_none(now.network, finder, path)

        found[proof.path.name] = moved_names(proof, before.get(proof.path.name), earlier, with_names)
    return found


def _document(policy: Policy, states: Mapping[str, State], groups: Groups) -> dict[str, Any]:
    """The instance that the policy's JSON Schema keywords see."""
    return {
        "hosts": {name: state.to_dict() for name, state in states.items()},
        "groups": {name: list(hosts) for name, hosts in groups.items()},
    }
