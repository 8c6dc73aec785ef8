# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's last step: prove the paths anew, compare, then confirm all checkpoints or restore all.

One decision for the whole batch, from every host's outcome; see docs/guard.md for the table of decisions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ..checkpoint.run import answer_dict, confirm_all, renew_all, status_all
from ..checkpoint.status import CheckpointStatus
from ..errors import CheckpointError, PathGuardError
from ..gather.several import some
from ..model.state import State
from ..policy.expected import expected_from
from ..policy.paths import Policy
from ..policy.probes import Target
from ..policy.read import load_policy
from . import record, revert
from .compare import PathChange, PathView, compare
from .names import kept, resolver
from .outcomes import HostFailure
from .planned import deviations
from .probes import UNKNOWN, Disagreement, ProbeRow, back_to, disagreements, grouped, texts
from .probing import from_dicts, probe_rows, targets_now
from .proof import Proof, load_states, prove
from .revert import Revert
from .seldom import Say, Seldom
from .site import Site

CONFIRMED, REVERTED, UNPROVEN, FAILED = "confirmed", "reverted", "unproven", "failed"
NOT_TESTED = "not tested"
# Left of a checkpoint's time when reading is given up: restoring and proving it takes that long.
MARGIN = 30.0
RETRY_EVERY = 3.0
# What a host's own record of the restore holds of the reasons, in characters.
REASON = 500


@dataclass
class After:
    """What ``post`` found and did. ``reasons``: why the change was not kept, empty if it was. ``before``:
    the paths as ``pre`` saw them. ``proof``: the paths after the change, None if they could not be proven.
    ``unread``: hosts that could not be read after the change at least once, and why; ``cut_off``:
    those of them whose timers had fired when they could be."""

    run: record.Run
    folder: Path
    failures: list[HostFailure]
    before: list[PathView]
    decision: str = ""
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proof: Proof | None = None
    states: dict[str, State] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    cut_off: list[str] = field(default_factory=list)
    changes: list[PathChange] = field(default_factory=list)
    rows_before: list[ProbeRow] = field(default_factory=list)
    rows: list[ProbeRow] = field(default_factory=list)
    odd: list[Disagreement] = field(default_factory=list)
    checkpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    revert: Revert | None = None

    @property
    def good(self) -> bool:
        return self.decision == CONFIRMED or (self.decision == NOT_TESTED and not self.failures)


class Judge:
    """Comes to a decision about one run."""

    def __init__(self, run: record.Run, folder: Path, site: Site, say: Say, settle: float) -> None:
        self.run = run
        self.folder = folder
        self.site = site
        self.say = say
        self.settle = settle
        self.policy: Policy = load_policy(run.policy)
        self.expected = expected_from(run.expected_changes, self.policy, "path_guard_expected_changes")
        self.before = [PathView(**view) for view in run.before["paths"]]
        self.targets = [Target(**target) for target in run.before["targets"]]
        self._explain: Callable[[], Proof] | None = None

    @cached_property
    def baseline(self) -> dict[str, State]:
        """The hosts as ``pre`` read them. Raises StateError; nothing of it is needed to put the firewalls back."""
        return load_states(self.folder / "pre", self.run.hops)

    def decide(self, failures: Sequence[HostFailure]) -> After:
        found = After(self.run, self.folder, list(failures), self.before)
        found.rows_before = from_dicts(self.run.before["probes"])
        if self.run.check_mode:
            found.decision = NOT_TESTED
            found.reasons += [failure.text() for failure in failures]
            found.notes.append("the change was not tested: nothing is changed in check mode")
            return found
        found.reasons += [failure.text() for failure in failures]
        deadline = self._renew(found)
        if found.reasons:
            deadline = time.monotonic()  # the change is not kept anyway: waiting would only prolong an outage
        self._look(found, "post", deadline)
        if not found.reasons and self.settle > 0:
            time.sleep(self.settle)
            self._look(found, "settled", deadline)
        if not found.reasons:
            self._confirm(found)
        else:
            self._restore(found)
        self._tell_causes(found)
        found.notes += deviations(self.folder, found.states)
        return found

    def _renew(self, found: After) -> float:
        """Give the checkpoints their full time anew; until when (time.monotonic) reading may be retried."""
        run, began = self.run, record.epoch()
        answers = renew_all(self.site.each(run.protected), run.protected, run.id, float(run.timeout))
        took = began - run.armed_at
        refused = {}
        for name, answer in answers.items():
            if isinstance(answer, CheckpointError):
                refused[name] = answer
            elif isinstance(answer, CheckpointStatus):
                found.notes += _of_its_commit(name, answer)
                if name in run.timers_end:
                    run.timers_end[name] = began + (
                        answer.remaining or run.timeout
                    )  # some can't be given more time
        if refused:
            found.reasons += self._too_late(refused, took)
        elif run.protected and took > run.timeout / 2:
            found.notes.append(f"the change took {took:.0f} s; the timers were renewed for {run.timeout} s")
        ends = min(run.timers_end.values(), default=began + run.timeout)
        return time.monotonic() + ends - began - min(MARGIN, run.timeout / 4)

    def _too_late(self, refused: Mapping[str, CheckpointError], took: float) -> list[str]:
        """Why checkpoints are not held any more: mostly their timers have ended during the change."""
        names = list(refused)
        answers = status_all(self.site.each(names), names)
        fired = [name for name in names if _has_fired(answers[name], self.run.id)]
        reasons = [f"{name}: {error.what}" for name, error in refused.items() if name not in fired]
        if fired:
            reasons.insert(
                0,
                f"the change took {took:.0f} s, longer than path_guard_timeout ({self.run.timeout} s), and meanwhile "
                f"{some(fired)} put the rules back by the timer: set path_guard_timeout to {_enough(took)} or more; "
                "if a task hung on a connection that the change had cut, let ssh notice sooner (docs/guard.md)",
            )
        return reasons

    def _look(self, found: After, name: str, deadline: float) -> None:
        """Read, prove, probe and compare; what speaks against the change goes to ``reasons``."""
        found.states, errors = self._read(found, name, deadline)
        found.reasons += [_unread_text(host, error.what) for host, error in errors.items()]
        found.reasons += self._cut_off(found)
        if errors or found.cut_off:
            return
        names = resolver(self.policy, self.run.groups, found.states, self.site, self.folder / name)
        try:
            proven = partial(
                prove,
                self.policy,
                found.states,
                self.run.groups,
                self.folder / name,
                baseline=self.baseline,
                resolver=names,
                names_before=kept(self.folder / "pre"),
                expected=self.expected,
            )
            found.proof = proven(explain=False)
        except PathGuardError as error:  # such as a path whose ends are nobody any more
            found.proof, found.changes = None, []
            found.reasons.append(f"the paths can't be proven after the change: {error.what}")
            return
        self._explain = proven
        found.changes = compare(self.before, found.proof.paths, self.expected)
        bad = [change for change in found.changes if change.fails]
        found.reasons += [change.text() for change in bad]
        found.reasons += [f"the configuration: {fact}" for fact in self._new_facts(found.proof)]
        if self.targets:
            targets = targets_now(self.policy, self.targets, found.states, self.run.groups, names)
            found.rows = probe_rows(self.site, found.proof, targets, self.run.probe_timeout)
            found.odd = disagreements(found.rows, found.rows_before)
            found.reasons += texts(
                item for item in found.odd if item.new and item.row.path not in _expected(found)
            )
            found.reasons += self._lost(found)
            found.notes += [f"as before the change, {line}" for line in texts(_old(found.odd))]

    def _tell_causes(self, found: After) -> None:
        """Which change did it, in the report. Looked for last: it takes longer than all proofs, and while it does
        the paths must not stay cut."""
        if found.proof is None or self._explain is None:
            return
        try:
            found.proof = self._explain()
        except PathGuardError as error:
            found.notes.append(f"what the change did can't be told: {error.what}")

    @staticmethod
    def _lost(found: After) -> list[str]:
        """Connections that got through before and fail now, where the rules can't say why."""
        lost = (
            row
            for row in back_to(found.rows, found.rows_before)
            if row.proof == UNKNOWN and row.path not in _expected(found)
        )
        return grouped(lost, lambda _row: "got through before; whether a rule cuts it is not known")

    def _new_facts(self, proof: Proof) -> list[str]:
        """What the configuration lacks now and did not before; one that is not known any more is new, too."""
        return [fact["text"] for fact in proof.facts if fact not in self.run.before["facts"]]

    def _cut_off(self, found: After) -> list[str]:
        """What was read when the timer had put back the rules that kept the guard out shows nothing of the change."""
        names = [name for name in found.unread if name in self.run.protected and name not in found.cut_off]
        reasons = []
        for name, answer in status_all(self.site.each(names), names).items() if names else ():
            if isinstance(answer, CheckpointStatus) and _has_fired(answer, self.run.id):
                found.cut_off.append(name)
                reasons.append(_cut_text(name, found.unread[name], answer.changed_tables))
        return reasons

    def _read(
        self, found: After, name: str, deadline: float
    ) -> tuple[dict[str, State], dict[str, PathGuardError]]:
        """All hosts of the run; those that don't answer again and again until the deadline."""
        folder = self.folder / name
        states, errors = self.site.read(self.run.hops, folder, self.run.id)
        told = Seldom(self.say)
        found.unread.update({host: error.what for host, error in errors.items()})
        while errors and time.monotonic() < deadline:
            told(
                f"PathGuard: can't read {some(sorted(errors))}; trying again for {deadline - time.monotonic():.0f} s"
            )
            time.sleep(RETRY_EVERY)
            more, errors = self.site.read(sorted(errors), folder, self.run.id)
            states.update(more)
            found.unread.update({host: error.what for host, error in errors.items()})
        return {host: states[host] for host in self.run.hops if host in states}, errors

    def _confirm(self, found: After) -> None:
        names = self.run.protected
        outcome = confirm_all(self.site.each(names), names, self.run.id)
        found.checkpoints = {name: answer_dict(name, answer) for name, answer in outcome.hosts.items()}
        if outcome.decision == "confirmed":
            found.decision = CONFIRMED
            found.notes += [*outcome.messages, *_touched(outcome.hosts)]
            return
        found.reasons += outcome.messages
        self._restore(found)

    def give_up(self, reason: str) -> After:
        """Restore without looking at the paths first."""
        found = After(self.run, self.folder, [], self.before, reasons=[reason])
        found.rows_before = from_dicts(self.run.before["probes"])
        self._restore(found)
        return found

    def _restore(self, found: After) -> None:
        reason = "; ".join(found.reasons)[:REASON]
        reverter = revert.Reverter(self.run, self.folder, self.site, self.policy, self.before, self.say)
        back = found.revert = reverter.run(reason)
        found.checkpoints = back.checkpoints
        found.decision = back.decision
        found.notes += back.notes
        late = [name for name in back.by_timer if name in found.unread and name not in found.cut_off]
        gone = [_unread_text(name, found.unread[name]) for name in late]
        found.reasons = [reason for reason in found.reasons if reason not in gone]
        found.reasons[:0] = [_cut_text(name, found.unread[name], back.changed.get(name, [])) for name in late]


def _unread_text(name: str, why: str) -> str:
    return f"{name} can't be read after the change: {why}"


def _cut_text(name: str, why: str, tables: Sequence[str]) -> str:
    things = some([revert.thing(table) for table in tables]) or "nothing"
    return (
        f"{name} could not be read after the change ({why}) until its own timer had put back {things}: "
        "the change had cut the guard off"
    )


def _has_fired(answer: CheckpointStatus | PathGuardError, run_id: str) -> bool:
    return isinstance(answer, CheckpointStatus) and answer.state == "fired" and answer.id == run_id


def _enough(took: float) -> int:
    """Twice what the change took, in whole minutes."""
    return 60 * math.ceil(2 * took / 60)


def _of_its_commit(name: str, answer: CheckpointStatus) -> list[str]:
    """What became of a change whose own commit was to begin the timer."""
    return [f"{name}: {text}" for text in answer.messages] if answer.protection == "wraps_commit" else []


def _touched(answers: Mapping[str, CheckpointStatus | PathGuardError]) -> list[str]:
    """What a kept change did to the firewalls; rules in memory and files for the next boot may part ways."""
    notes = []
    for name, answer in answers.items():
        changed = answer.changed_tables if isinstance(answer, CheckpointStatus) else []
        files = [table for table in changed if table.startswith("file/") or table == "startup-config"]
        listed = ", ".join(map(revert.thing, changed))
        if files and len(files) == len(changed):
            notes.append(
                f"{name}: changed on disk only ({listed}): it takes effect at the next reload or reboot, "
                "and was not proven"
            )
        elif changed and not files and _can_part(answer):
            notes.append(f"{name}: changed in memory only ({listed}): a reboot loses it")
        elif changed:
            notes.append(f"{name}: changed {listed}")
    return notes


def _can_part(answer: CheckpointStatus | PathGuardError) -> bool:
    """Whether the host has rules in memory and others on disk: on some devices, what is committed is saved."""
    return isinstance(answer, CheckpointStatus) and "saved" in answer.fingerprint


def _old(odd: Sequence[Disagreement]) -> list[Disagreement]:
    return [item for item in odd if not item.new]


def _expected(found: After) -> set[str]:
    return {change.name for change in found.changes if not change.fails and change.what == "expected"}
