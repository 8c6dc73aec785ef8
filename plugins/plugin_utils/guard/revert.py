# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the firewalls back, and prove it: fingerprints, paths, probes."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..checkpoint.run import Answer, RunOutcome, answer_dict, restore_all, status_all
from ..checkpoint.status import CheckpointStatus, Holder
from ..errors import CheckpointError, PathGuardError
from ..gather.several import some
from ..policy.paths import Policy
from ..policy.probes import Target
from . import record
from .compare import PathView, compare
from .names import kept, resolver
from .probes import REACHABLE, back_to, grouped
from .probing import from_dicts, probe_rows
from .proof import prove
from .seldom import Say, Seldom
from .site import Site

REVERTED, UNPROVEN, FAILED = "reverted", "unproven", "failed"
# Routing and neighbours may need a moment after rules were loaded; seconds.
PATIENCE = 20.0
RETRY_EVERY = 2.0
# After a timer's end: restoring takes a moment, and clocks differ.
TIMER_GRACE = 20.0
# States of a checkpoint that has put the rules back.
ENDED = ("restored", "fired")
STILL_WORSE, BEFORE_THROUGH = "still worse than before: ", "got through before"


@dataclass
class Revert:
    """``changed``: hosts whose rules were put back, with what (``fw1``: ``inet filter``). ``fingerprint``,
    ``paths``, ``probes``: whether each proves the old state; None where there was nothing to ask.
    ``by_timer``: hosts where the checkpoint's own timer was first. ``trouble``: what is not proven.
    ``manual``: what to do by hand then. ``notes``: what else is worth knowing."""

    decision: str = FAILED
    changed: dict[str, list[str]] = field(default_factory=dict)
    by_timer: list[str] = field(default_factory=list)
    fingerprint: bool | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)
    paths: bool | None = None
    paths_back: int = 0
    probes: bool | None = None
    probes_through: int = 0
    probes_asked: int = 0
    trouble: list[str] = field(default_factory=list)
    manual: list[str] = field(default_factory=list)
    checkpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {
            "changed": dict(self.changed),
            "by_timer": list(self.by_timer),
            "fingerprint": self.fingerprint,
            "fingerprints": dict(self.fingerprints),
            "paths": self.paths,
            "probes": self.probes,
            "trouble": list(self.trouble),
            "manual": list(self.manual),
        }


def thing(name: str) -> str:
    """``nft/inet/filter`` and ``file/etc/nftables.conf`` as people call them."""
    kind, _slash, rest = name.partition("/")
    return (
        f"/{rest}"
        if kind == "file"
        else f"table {rest.replace('/', ' ')}"
        if kind == "nft"
        else name.replace("/", " ")
    )


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether rules and configuration files are equal; rules of dynamic owners may come and go."""
    return all(one.get(part) == other.get(part) for part in ("static", "saved"))


def _taken(name: str, answer: CheckpointStatus) -> str:
    by = Holder.read({"id": answer.id, **answer.holder})
    return (
        f"{name}: {by.run} has taken its checkpoint over ({answer.state}), and decides about it: restore that run "
        f"(firewall_checkpoint, id {answer.id}, state restored)"
    )


def _merged(old: RunOutcome, new: RunOutcome) -> RunOutcome:
    return RunOutcome(
        new.decision, {**old.hosts, **new.hosts}, _without(new.hosts, old.messages) + new.messages
    )


def _without(names: Collection[str], messages: Sequence[str]) -> list[str]:
    """Messages that are not about these hosts; each begins with its host's name, which may be an IPv6 address."""
    return [text for text in messages if not text.startswith(tuple(f"{name}: " for name in names))]


def silent(outcome: RunOutcome) -> list[str]:
    """Hosts that gave no answer at all; one that refuses has answered."""
    return [name for name, error in outcome.failed.items() if not isinstance(error, CheckpointError)]


class Reverter:
    """``before``: the paths as ``pre`` saw them."""

    def __init__(
        self,
        run: record.Run,
        folder: Path,
        site: Site,
        policy: Policy,
        before: Sequence[PathView],
        say: Say,
    ) -> None:
        self._run = run
        self._folder = folder
        self._site = site
        self._policy = policy
        self._before = before
        self._say = say
        self._targets = [Target(**target) for target in run.before["targets"]]
        self._rows = from_dicts(run.before["probes"])

    def run(self, reason: str) -> Revert:
        """Restore every protected host that changed, then prove that all is as ``pre`` saw it."""
        found = Revert()
        names = self._run.protected
        if not names:
            found.trouble.append("no host is protected by a checkpoint: nothing was put back")
            return found
        self._fingerprints(found, self._look_closer(found, self._restore(names, reason)))
        self._prove(found)
        if found.fingerprint is False or (found.changed and found.trouble):
            found.decision = UNPROVEN
        elif found.changed:
            found.decision = REVERTED
        return found

    def _restore(self, names: Sequence[str], reason: str) -> RunOutcome:
        """Ask all hosts; those that can't be reached are asked again until their own timers have done it."""
        outcome = restore_all(self._site.each(names), names, self._run.id, reason)
        late = silent(outcome)
        told = Seldom(self._say)
        while late:
            left = max(self._run.timers_end.get(name, 0.0) for name in late) + TIMER_GRACE - record.epoch()
            if left <= 0:
                break
            told(
                f"PathGuard: {some(late)} can't be reached; its own timer puts its rules back: waiting "
                f"{left:.0f} s at most"
            )
            time.sleep(RETRY_EVERY)
            outcome = _merged(outcome, restore_all(self._site.each(late), late, self._run.id, reason))
            late = silent(outcome)
        return outcome

    def _look_closer(self, found: Revert, outcome: RunOutcome) -> RunOutcome:
        """A host that refuses may be as it was all the same: another run has taken its checkpoint over, and
        restored it. What was recorded when this run was armed tells."""
        names = [name for name, error in outcome.failed.items() if isinstance(error, CheckpointError)]
        hosts: dict[str, Answer] = {}
        taken: dict[str, str] = {}
        for name, answer in status_all(self._site.each(names), names).items():
            recorded = self._run.fingerprints.get(name)
            if not isinstance(answer, CheckpointStatus) or not recorded:
                continue
            if not _same(answer.fingerprint, recorded):
                if answer.held and answer.id != self._run.id:
                    taken[name] = _taken(name, answer)
                continue
            ours = answer.state in ENDED and _same(answer.armed_fingerprint, recorded)
            tables = answer.changed_tables if ours else []
            hosts[name] = replace(answer, proven=True, changed_tables=tables)
            if ours and answer.id != self._run.id:
                found.notes.append(
                    f"{name}: {answer.state} by run {answer.id}, which had taken its checkpoint over"
                )
        if not hosts and not taken:
            return outcome
        kept = _without([*hosts, *taken], outcome.messages)
        return RunOutcome(outcome.decision, {**outcome.hosts, **hosts}, [*kept, *taken.values()])

    def _fingerprints(self, found: Revert, outcome: RunOutcome) -> None:
        found.checkpoints = {name: answer_dict(name, answer) for name, answer in outcome.hosts.items()}
        found.fingerprint = True
        for name, answer in outcome.hosts.items():
            if isinstance(answer, CheckpointStatus) and answer.proven:
                if answer.changed_tables:
                    found.changed[name] = list(answer.changed_tables)
                    found.fingerprints[name] = answer.fingerprint.get("static", "")
                if answer.state == "fired":
                    found.by_timer.append(name)
            else:
                found.fingerprint = False
                found.manual += self._by_hand(name, answer)
        found.trouble += outcome.messages

    def _by_hand(self, name: str, answer: CheckpointStatus | PathGuardError) -> list[str]:
        if isinstance(answer, CheckpointStatus) and answer.manual:
            return [f"{name}: {step}" for step in answer.manual]
        script = self._run.scripts.get(name)
        root = ", as root" if script and script.startswith("/") else ""  # else it is a device's command
        return [f"{name}: on its own console{root}, run: {script}"] if script else []

    def _prove(self, found: Revert) -> None:
        """Read, prove and probe until all is back, or patience ends."""
        deadline = time.monotonic() + PATIENCE
        trouble = self._look(found)
        while trouble and found.changed and time.monotonic() < deadline:
            time.sleep(RETRY_EVERY)
            trouble = self._look(found)
        found.trouble += trouble

    def _look(self, found: Revert) -> list[str]:
        run, folder = self._run, self._folder / "revert"
        states, errors = self._site.read(run.hops, folder, run.id)
        if errors:
            found.paths = False
            return [f"{name} can't be read after the revert: {error.what}" for name, error in errors.items()]
        names = resolver(self._policy, run.groups, states, self._site, folder)
        try:
            before = kept(self._folder / "pre")
            proof = prove(self._policy, states, run.groups, folder, resolver=names, names_before=before)
        except PathGuardError as error:
            found.paths = False
            return [f"the paths can't be proven after the revert: {error.what}"]
        worse = [change for change in compare(self._before, proof.paths) if change.fails]
        found.paths = not worse
        found.paths_back = len(proof.paths) - len(worse)
        trouble = [f"{STILL_WORSE}{change.text()}" for change in worse]
        new = [fact["text"] for fact in proof.facts if fact not in run.before["facts"]]
        trouble += [f"the configuration is still worse than before: {fact}" for fact in new]
        if self._targets:
            rows = probe_rows(self._site, proof, self._targets, run.probe_timeout)
            lost = back_to(rows, self._rows)
            found.probes = not lost
            found.probes_through = sum(row.result == REACHABLE for row in rows)
            found.probes_asked = len(rows)
            trouble += grouped(lost, lambda _row: BEFORE_THROUGH)
        return trouble
