# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One diagnosis: read all hosts, prove the paths, try connections with an eye on the counters, ask the hosts, compare
with earlier, and rank what may be the cause."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..gather import snapshot
from ..guard import record
from ..guard.names import resolver
from ..guard.probes import REACHABLE, ProbeRow
from ..guard.probing import probe_rows
from ..guard.proof import Proof, prove
from ..guard.seldom import Say
from ..model.raw import RawOutput
from ..model.state import State
from ..policy.complain import naming
from ..policy.ends import Resolver
from ..policy.inventory import hosts_needed, members
from ..policy.probes import Target, probe_targets
from ..render import words
from . import (
    asking,
    by_limits,
    by_names,
    by_nat,
    by_network,
    by_open,
    by_rules,
    by_service,
    device_counters,
    history,
    saved,
    timeline,
)
from .case import Case, Limit
from .cause import Cause, ranked, without_idle_guesses
from .checks import Check, checks
from .counting import Counted, chains_of
from .history import Earlier, Judge
from .question import read_question
from .site import COUNTERS, FACTS, STOPPED, DiagnoseSite, Gathered, Wanted, add_routers, gather
from .verdict import Verdict, verdict

NOW = "now"
PREFIX = "diagnosis"
# Files of a host whose times are told.
MOST_FILES = 2


@dataclass(frozen=True)
class Order:
    """What is asked for. ``options``: of the question, see read_question. ``hops``: None where they are to be found.
    ``history``, ``baseline``: folders, None for none. ``probe_timeout`` in seconds."""

    options: Mapping[str, Any]
    folder: Path
    directory: Path
    groups: Mapping[str, Sequence[str]]
    hosts: Sequence[str]
    hops: Sequence[str] | None = None
    history: Path | None = None
    baseline: Path | None = None
    probe: bool = True
    probe_timeout: float = 2.0
    run_id: str = ""


@dataclass
class Diagnosis:
    """``seconds``: by step. ``folder``: where all of it is kept."""

    id: str
    folder: Path
    case: Case
    causes: list[Cause]
    verdict: Verdict
    checks: list[Check]
    started: str
    seconds: dict[str, float] = field(default_factory=dict)


class Clock:
    """How long each step took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._begin = self._last = time.monotonic()

    def lap(self, step: str) -> None:
        now = time.monotonic()
        self.seconds[step] = round(now - self._last, 2)
        self._last = now
        self.seconds["total"] = round(now - self._begin, 2)


def diagnose(order: Order, site: DiagnoseSite, say: Say) -> Diagnosis:
    """Raises PathGuardError where nothing can be found out: a bad question, no source host that can be read."""
    clock, started = Clock(), record.now()
    question = read_question(order.options, order.groups, order.hosts, order.folder)
    policy = question.policy
    with naming(policy.name):
        needed = hosts_needed(policy, order.groups, order.hosts)
    past = _past(order)
    snapshot.prepare(order.directory, 1, "path_diagnose_dir")
    stamp = started.replace("-", "").replace(":", "").split("+")[0].replace("T", "-")
    folder = record.new_folder(order.directory, order.run_id or f"{PREFIX}-{stamp}", "path_diagnose_run_id")
    sources = [host for path in policy.paths if path.required for host in members(path.source, order.groups)]
    others = [name for name in order.hosts if name not in needed and name != "localhost"]
    wanted = Wanted(list(dict.fromkeys(sources)), needed, order.hops, others)
    gathered = gather(site, wanted, folder / NOW, folder.name)
    with naming(policy.name):
        names = resolver(policy, order.groups, gathered.states, site)
    tried = asking.with_addresses(policy, order.groups, names)
    add_routers(site, wanted, gathered, asking.far(tried), folder / NOW, folder.name)
    clock.lap("read")
    with naming(policy.name):
        proof = prove(policy, gathered.states, order.groups, folder / NOW, resolver=names)
        limits = by_limits.limits_of(policy, gathered.states, order.groups, folder / NOW, names)
        asked = asking.to_try(policy, order.groups, names) if order.probe else None
        targets = probe_targets(asked, gathered.states, order.groups, names) if asked and asked.paths else []
    clock.lap("prove")
    read, proven = words.counted(len(gathered.states), "host"), words.counted(len(proof.paths), "path")
    say(f"PathGuard {folder.name}: {read} read, {proven} proven")
    rows, counted = _connections(site, gathered, proof, limits, targets, order.probe_timeout)
    clock.lap("probe")
    case = Case(
        question=question,
        states=gathered.states,
        document=proof.document,
        silent=gathered.silent,
        rows=rows,
        counted=counted,
        sources=[host for host in wanted.sources if host in gathered.states],
        destinations=asking.destinations(tried, gathered.states, order.groups),
        raw=_raw(folder / NOW, gathered),
        gateways=gathered.gateways,
        limits=limits,
    )
    case.facts, case.deaf = site.ask(FACTS, asking.requests(case, targets, order.probe))
    case.stopped = _stopped(case, site)
    by_names.keep(case, folder / NOW)
    clock.lap("ask")
    of_nat = _compare(case, order, past, names, folder, say)
    clock.lap("compare")
    found = ranked(
        without_idle_guesses(
            [
                *by_rules.causes(case),
                *by_limits.causes(case),
                *by_open.causes(case),
                *of_nat,
                *by_names.causes(case, past),
                *by_service.causes(case),
                *by_network.causes(case),
            ]
        ),
        failing=bool(case.failed()) or not case.proven_open,
    )
    for cause in found:
        _date(case, cause)
    if case.proven_open:
        case.notes = [*case.notes, *_after_a_reload(case, order, names)]
    judged = verdict(case, found)
    clock.lap("judge")
    return Diagnosis(folder.name, folder, case, found, judged, checks(case, found), started, clock.seconds)


def _past(order: Order) -> list[history.Moment]:
    """Looked at before anything is gathered: a folder that is not there is told at once."""
    return history.moments(order.history) if order.history is not None else []


def _connections(
    site: DiagnoseSite,
    gathered: Gathered,
    proof: Proof,
    limits: Sequence[Limit],
    targets: Sequence[Target],
    timeout: float,
) -> tuple[list[ProbeRow], Counted]:
    """New connections from every source, between two looks at what the hosts on the way count."""
    states = gathered.states
    deciding = by_rules.decided([*_deciding(proof.document), *(limit.item for limit in limits)])
    sources = {target.host for target in targets}
    watched = [name for name in states if name in deciding or name not in sources]
    requests = {
        name: {"chains": chains_of(states[name], deciding.get(name, ()))}
        for name in watched
        if states[name].platform == "linux"
    }
    devices = {
        name: states[name].platform
        for name in watched
        if name in deciding and states[name].platform in device_counters.SHOWN and targets
    }
    before, deaf = site.ask(COUNTERS, requests)
    counted = {**before, **site.hits(devices)} if devices else before
    rows = probe_rows(site, proof, targets, timeout) if targets else []
    again = {name: request for name, request in requests.items() if name not in deaf} if targets else {}
    after = site.ask(COUNTERS, again)[0]
    if devices and any(row.result != REACHABLE for row in rows):
        after = {**after, **site.hits({name: devices[name] for name in devices if name in counted})}
    return rows, Counted(states, counted, after)


def _deciding(document: Mapping[str, Any]) -> list[Any]:
    return [item for entry in document["paths"] for item in entry["deciding"]]


def _stopped(case: Case, site: DiagnoseSite) -> dict[str, dict[str, Any]]:
    """Asked of destinations on which nobody listens."""
    silent = {
        host: [
            int(port)
            for port, server in case.facts.get(host, {}).get("servers", {}).items()
            if server["queue"] is None
        ]
        for host in case.destinations
    }
    requests = {host: {"ports": ports} for host, ports in silent.items() if ports}
    answers = site.ask(STOPPED, requests)[0] if requests else {}
    return {host: answer["ports"] for host, answer in answers.items()}


def _raw(folder: Path, gathered: Gathered) -> dict[str, dict[str, RawOutput]]:
    """What the hosts' commands printed, from the snapshots that were just written."""
    return {
        name: {output.name: output for output in snapshot.read(snapshot.path_of(folder, name), name).raw}
        for name in gathered.states
    }


def _compare(
    case: Case, order: Order, past: list[history.Moment], names: Resolver, folder: Path, say: Say
) -> list[Cause]:
    """Prove the paths again beside the last time that they were open, where they are not now. Where nothing of that is
    known, the translations that are the cause."""
    if all(path["satisfied"] == "yes" and not history.hangs(path) for path in case.document["paths"]):
        return []
    judge = Judge(case.question.policy, case.states, order.groups, names)
    case.earlier = _earlier(case, order, past, judge, say)
    if case.earlier is None:
        return by_nat.causes(case, judge)
    proof = prove(
        case.question.policy,
        case.states,
        order.groups,
        folder / NOW,
        baseline=case.earlier.states,
        resolver=names,
    )
    case.document = proof.document
    return []


def _earlier(case: Case, order: Order, past: list[history.Moment], judge: Judge, say: Say) -> Earlier | None:
    """A baseline that was given, the newest good snapshots, or what the hosts have saved on their disks."""
    needed = history.deciding(case.document["paths"]) & set(case.states)
    if order.baseline is not None:
        good = history.given(order.baseline, case.states, needed)
        if good is not None:
            return good
        case.notes = [
            *case.notes,
            f"not compared with {order.baseline}, which lacks a host that decides: of {', '.join(sorted(needed))}",
        ]
    found = history.last_open(past, judge, say, needed) if past else None
    if found is not None and found.whole:
        return found
    disks = _disks(case)
    if disks:
        states = {**case.states, **disks}
        regained = judge.regained(states)
        if regained or (regained is None and found is None):
            what = f"the rules that {', '.join(disks)} {'has' if len(disks) == 1 else 'have'} saved"
            return Earlier(what, "", states, whole=bool(regained))
    return found


def _disks(case: Case) -> dict[str, State]:
    """Hosts whose saved rules are others than those that run."""
    return {
        name: state for name in case.states if (state := saved.saved_state(case.states[name], case.raw[name]))
    }


def _after_a_reload(case: Case, order: Order, names: Resolver) -> list[str]:
    """What would be cut off if the saved rules ran, where that is not so now."""
    disks = _disks(case)
    if not disks:
        return []
    forbidden = {path["name"] for path in case.forbidden}
    then = Judge(case.question.policy, {**case.states, **disks}, order.groups, names)
    return [
        f"path '{name}' would be cut off by the rules that {', '.join(disks)} {'has' if len(disks) == 1 else 'have'} "
        "saved: a reload or a reboot brings them"
        for name, cut in then.cut.items()
        if name not in forbidden and (cut is None or cut)
    ]


def _then(earlier: Earlier) -> str:
    return f"{timeline.moment(earlier.at)} ({earlier.what})" if earlier.at else f"in {earlier.what}"


def _date(case: Case, cause: Cause) -> None:
    """What is known of when it came about, and by whom; and whether the disk has it, too."""
    earlier = case.earlier
    if cause.rule is None or cause.host not in case.states:
        return
    if earlier is not None and not (cause.changed or earlier.whole):
        cause.when.append(f"it was so already {_then(earlier)}: no rule for it is known to be lost")
    elif earlier is not None and earlier.at:
        then, now = ("closed", "open") if cause.opens else ("open", "cut off")
        state = case.states[cause.host]
        seen = earlier.bad_at and earlier.had(cause.host, cause.chain, cause.now, cause.before, state)
        until = f"was first seen {now} {timeline.moment(earlier.bad_at)}" if seen else f"is {now} now"
        cause.when.append(f"it was {then} {_then(earlier)}, and {until}")
    elif earlier is not None:
        verb = "keep it closed" if cause.opens else "let it pass"
        cause.when.append(f"{earlier.what} would {verb}: the change is in memory only")
    if not cause.chain:
        return
    told = timeline.told_by_device(case.raw.get(cause.host, {}))
    cause.when += [told] if told else []
    files = case.facts.get(cause.host, {}).get("files", {})
    cause.when += timeline.told_by_files(files, earlier.at if earlier is not None else "")[:MOST_FILES]
    kept = [file for file in saved.saved_same(case.states[cause.host], cause.chain) if file in files]
    if cause.commands and kept:
        cause.evidence.append(
            f"on disk: {', '.join(kept)} has it as it is now: mend it there, too, or a reload brings it back"
        )
