# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's first step: prove the paths as they are, and arm the firewalls' checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..checkpoint.driver import can_hold, check_id
from ..checkpoint.run import HELD_TODO, answer_dict, arm_all, status_all
from ..checkpoint.status import CheckpointStatus, no_checkpoint
from ..errors import GuardError, PathGuardError
from ..gather import snapshot
from ..gather.several import several, some
from ..model.state import State
from ..parse.candidate.given import Candidate
from ..policy.complain import naming
from ..policy.expected import check_hosts, expected_from
from ..policy.inventory import hosts_needed
from ..policy.probes import probe_targets
from ..policy.read import load_policy
from . import record
from .compare import as_dict
from .names import resolver
from .planned import Planned, prove_planned
from .probes import ProbeRow, disagreements, texts
from .probing import probe_rows
from .proof import Proof, prove
from .seldom import Say
from .site import Site

TOLD = 3
FOLDER = "path_guard_snapshot_dir"
# Of every host at most, when it was read once: after, once more when settled, and after a revert; and the reports.
MORE_READINGS = 4


@dataclass(frozen=True)
class Start:
    """What ``pre`` is asked for. ``hops``, ``protect``: None where the guard chooses. ``change_tasks``: a
    file, None where the user runs the change. ``batch``: the hosts of the play that the change is for;
    ``lost``: those of the batch that are gone already. ``candidates``: by
    host, what the change is going to apply. Times in seconds."""

    policy: Any
    folder: Path
    snapshot_dir: Path
    groups: Mapping[str, Sequence[str]]
    hosts: Sequence[str]
    batch: Sequence[str]
    lost: Sequence[str] = ()
    hops: Sequence[str] | None = None
    protect: Sequence[str] | None = None
    run_id: str = ""
    timeout: int = 300
    accept_violations: bool = False
    expected_changes: Sequence[Any] = ()
    candidates: Mapping[str, list[Candidate]] = field(default_factory=dict)
    probe: bool = True
    probe_timeout: float = 2.0
    markers: bool = False
    check_mode: bool = False


@dataclass
class Before:
    """What ``pre`` found. ``planned``: the same with the candidates applied, if there are any.
    ``stopped``: why the change must not begin, empty if it may; ``todo``: what to do then."""

    run: record.Run
    folder: Path
    proof: Proof
    states: dict[str, State]
    rows: list[ProbeRow]
    checkpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    stopped: str = ""
    todo: str = ""
    notes: list[str] = field(default_factory=list)
    planned: Planned | None = None


def begin(start: Start, site: Site, say: Say) -> Before:
    """Raises PathGuardError where nothing could be judged: a bad policy, a host that can't be read."""
    policy = load_policy(start.policy, start.folder)
    with naming(policy.name):
        needed = hosts_needed(policy, start.groups, start.hosts)
    try:
        expected = expected_from(list(start.expected_changes), policy, "path_guard_expected_changes")
        check_hosts(expected, start.hosts, "path_guard_expected_changes")
    except PathGuardError as error:
        raise GuardError(error.what, error.where, error.todo) from None
    strangers = [name for name in start.candidates if name not in start.hosts]
    if strangers:
        raise GuardError(
            f"there is no host {strangers[0]!r} in the inventory", "path_guard_candidates", "correct its name"
        )
    if start.lost:
        raise GuardError(
            f"{some(start.lost)} failed or went away before the guard began",
            "the play's hosts",
            "mend these hosts, or leave them out with --limit: the guard must know what becomes of every host",
        )
    snapshot.prepare(start.snapshot_dir, 1, FOLDER)
    folder = record.new_folder(start.snapshot_dir, start.run_id)
    run_id = folder.name
    _check_id(start, site, needed, folder)
    states, errors = _read(start, site, needed, folder / "pre", run_id)
    if not start.accept_violations:
        errors = {**errors, **_without_rules(states)}
    if errors:
        raise several(errors, len({*errors, *states}), "read; nothing was changed, nothing is armed")
    snapshot.prepare_more(folder, folder / "pre", MORE_READINGS, FOLDER)
    with naming(policy.name):
        names = resolver(policy, start.groups, states, site, folder / "pre")
        proof = prove(policy, states, start.groups, folder / "pre", resolver=names)
    say(f"PathGuard {run_id}: {len(states)} hosts read, {len(proof.paths)} paths proven")
    run = record.Run(
        id=run_id,
        started=record.now(),
        policy=policy.schema,
        policy_name=policy.name,
        groups={name: list(members) for name, members in start.groups.items()},
        hops=list(states),
        batch=list(start.batch),
        timeout=start.timeout,
        markers=start.markers,
        check_mode=start.check_mode,
        probe=start.probe,
        probe_timeout=start.probe_timeout,
        expected_changes=list(start.expected_changes),
    )
    aims = probe_targets(policy, states, start.groups, names) if start.probe else []
    rows = probe_rows(site, proof, aims, start.probe_timeout)
    found_plan = None
    if start.candidates:
        with naming(policy.name):
            found_plan = prove_planned(
                policy, start.groups, states, start.candidates, folder, proof, names, expected
            )
        run.planned = found_plan.sources
        say(
            f"PathGuard {run_id}: the same paths proven with what is planned for {some(list(start.candidates))}"
        )
    run.before = {
        "paths": [as_dict(path) for path in proof.paths],
        "facts": proof.facts,
        "targets": [target.to_dict() for target in aims],
        "probes": [row.to_dict() for row in rows],
    }
    found = Before(run, folder, proof, states, rows, planned=found_plan)
    found.notes += [f"before the change, {line}" for line in texts(disagreements(rows, rows))]
    found.stopped = _violated(proof, start.accept_violations)
    if found.stopped:
        found.todo = "mend it first, or set path_guard_accept_violations"
        found.stopped += _held(start, site, states, run_id)
    elif found_plan is not None and found_plan.stopped:
        found.stopped = found_plan.stopped
        found.todo = "mend what is planned, or say in path_guard_expected_changes what is meant to change"
    else:
        _arm(start, site, found)
    run.decision = "stopped" if found.stopped else ""
    run.write(folder)
    return found


def _check_id(start: Start, site: Site, needed: Sequence[str], folder: Path) -> None:
    """Raises CheckpointError for an id that a network device among those that may be armed could not hold."""
    if start.protect is not None:
        names = list(start.protect)
    else:
        found = [*needed, *start.candidates, *(start.hosts if start.hops is None else start.hops)]
        names = [name for name in dict.fromkeys(found) if name != "localhost"]
    try:
        check_id(folder.name, lambda: site.accesses(names), "path_guard_run_id")
    except PathGuardError:
        folder.rmdir()
        raise


def _read(
    start: Start, site: Site, needed: Sequence[str], folder: Path, run_id: str
) -> tuple[dict[str, State], dict[str, PathGuardError]]:
    protect = list(start.protect or ())
    if start.hops is not None:
        named = [*needed, *start.hops, *protect, *start.candidates]
        return site.read(list(dict.fromkeys(named)), folder, run_id)
    wanted = list(dict.fromkeys([*needed, *protect]))
    others = [name for name in start.hosts if name not in wanted and name != "localhost"]
    # A planned host is no reason to look for fewer routers than without the plan: it is read besides.
    states, errors = site.read_with_routers(wanted, others, folder, run_id)
    besides = [name for name in start.candidates if name not in states and name not in errors]
    if not besides:
        return states, errors
    more, silent = site.read(besides, folder, run_id)
    return {**states, **more}, {**errors, **silent}


def _without_rules(states: Mapping[str, State]) -> dict[str, PathGuardError]:
    """Hosts that answered, but whose rules could not be read: nothing could be proven, before or after."""
    found: dict[str, PathGuardError] = {}
    for name, state in states.items():
        if not state.firewall_known:
            why = "; ".join(f"{item['what']}: {item['reason']}" for item in state.unreadable)
            found[name] = GuardError(
                f"the firewall rules of {name} can't be read: {why}",
                name,
                "see that nft (and iptables) is there and that the login becomes root; nothing was changed",
            )
    return found


def _violated(proof: Proof, accepted: bool) -> str:
    bad = [path.name for path in proof.paths if path.satisfied == "no" and not path.accepted]
    bad += [fact["text"] for fact in proof.facts if fact["satisfied"] == "no"]
    if not bad or accepted:
        return ""
    return f"already violated before the change: {some(bad)}; nothing was changed, nothing is armed"


def _held(start: Start, site: Site, states: Mapping[str, State], run_id: str) -> str:
    """Whether another run's checkpoint is about to mend what is violated."""
    names = _protectable(start, site, states)[0]
    for name, answer in status_all(site.each(names), names).items() if names else ():
        if isinstance(answer, CheckpointStatus) and answer.state == "armed" and answer.id != run_id:
            return (
                f". Run {answer.id} holds a checkpoint on {name} and puts its rules back in "
                f"{answer.remaining or 0:.0f} s unless it is confirmed: wait for that first"
            )
    return ""


def _arm(start: Start, site: Site, found: Before) -> None:
    run = found.run
    wanted, run.unprotected = _protectable(start, site, found.states)
    found.notes += [f"{name} is not protected: {why}" for name, why in run.unprotected.items()]
    if start.check_mode or not wanted:
        return
    # Written before the first checkpoint is armed: whatever happens now, `revert` finds the run.
    run.protected = wanted
    run.armed_at = record.epoch()
    run.write(found.folder)
    outcome = arm_all(site.each(wanted), wanted, run.id, float(start.timeout))
    found.checkpoints = {name: answer_dict(name, answer) for name, answer in outcome.hosts.items()}
    if outcome.decision != "armed":
        told = "; ".join(outcome.messages[:TOLD])
        if outcome.held:
            found.stopped = f"another run is not over: {told}; nothing was changed"
            found.todo = HELD_TODO
        else:
            found.stopped = f"no checkpoint stays armed, nothing was changed: {told}"
        run.protected = []
        return
    run.fingerprints = {
        name: answer.armed_fingerprint
        for name, answer in outcome.hosts.items()
        if isinstance(answer, CheckpointStatus)
    }
    for name, answer in outcome.hosts.items():
        if not isinstance(answer, CheckpointStatus):
            continue
        if answer.protection != "arm_before":
            found.notes += [f"{name}: {message}" for message in answer.messages]
        if answer.protection != "none":
            # A device may count in whole minutes; where the change's own commit begins the timer, it is yet to come.
            run.timers_end[name] = record.epoch() + max(start.timeout, answer.remaining)
    run.scripts = {
        name: answer.script for name, answer in outcome.hosts.items() if isinstance(answer, CheckpointStatus)
    }


def _protectable(start: Start, site: Site, states: Mapping[str, State]) -> tuple[list[str], dict[str, str]]:
    """Hosts to arm, and why others can't be. Raises GuardError if one was asked for and can't be."""
    accesses = {access.name: access for access in site.accesses(list(states))}
    can: list[str] = []
    cannot: dict[str, str] = {}
    for name, state in states.items():
        why = _why_not(state, accesses[name].become or accesses[name].user == "root")
        if why:
            cannot[name] = why
        else:
            can.append(name)
    if start.protect is None:
        return can, {name: why for name, why in cannot.items() if why != NO_RULES}
    for name in start.protect:
        if name in cannot and cannot[name] != NO_RULES:
            raise GuardError(cannot[name], name, "take it out of path_guard_protect, or make it possible")
    return list(start.protect), {}


NO_RULES = "it has no firewall rules"


def _why_not(state: State, root: bool) -> str:
    if not can_hold(state.platform):
        return no_checkpoint(state.platform)
    if not root and state.platform == "linux":
        return "its login does not become root (set become)"
    if not state.firewall_known:
        return "its rules could not be read"
    return "" if state.rulesets or state.chains else NO_RULES
