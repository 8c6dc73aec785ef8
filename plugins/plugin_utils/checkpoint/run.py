# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkpoints of a run's hosts together: all are armed or none, all are confirmed or all are restored.

The protocol, and what it can't promise, is told in docs/checkpoint.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import CheckpointError, PathGuardError
from ..gather.access import HostAccess
from ..gather.channel import Channel
from ..gather.pool import Progress, on_hosts
from ..gather.several import some
from . import control
from .bundle import agent_source
from .driver import Driver, Order, can_hold, driver_of
from .status import CheckpointStatus, HeldError, Holder

Answer = CheckpointStatus | PathGuardError
# Given a channel and what its host's checkpoint is asked by.
Ask = Callable[[Channel, Driver], CheckpointStatus]
# Runs an Ask on each of the named hosts, concurrently. The answer has every name.
Each = Callable[[Sequence[str], Ask], Mapping[str, Answer]]

HOLD_MARGIN = 60.0
HELD_TODO = (
    "wait for that run to end; if it died, restore it by its id with the role's entry point revert, or take its "
    "checkpoint over with firewall_checkpoint, take_over and a reason"
)


@dataclass(frozen=True)
class RunOutcome:
    """What became of a run's checkpoints.

    ``decision``: ``armed``, ``confirmed``, ``restored`` (every host is proven to be as it was), ``refused``
    (nothing was armed) or ``unproven`` (at least one host could not be proven; ``messages`` says which, and
    what becomes of it). ``hosts``: each host's last answer.
    """

    decision: str
    hosts: dict[str, Answer]
    messages: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether another run's checkpoint is in the way."""
        return any(isinstance(answer, HeldError) for answer in self.hosts.values())

    @property
    def failed(self) -> dict[str, PathGuardError]:
        return {name: answer for name, answer in self.hosts.items() if isinstance(answer, PathGuardError)}


def answer_dict(name: str, answer: Answer) -> dict[str, Any]:
    """Plain data; a host without a status has ``{host, state: unknown, error}``."""
    if isinstance(answer, PathGuardError):
        return {"host": name, "state": "unknown", "error": str(answer)}
    return answer.to_dict()


def over(
    accesses: Sequence[HostAccess],
    workers: int = 10,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> Each:
    """An ``Each`` that logs in to these hosts."""
    known = {access.name: access for access in accesses}
    # Here, not in the hosts' threads: Python 3.11 can't parse in several threads at once (gh-106905).
    agent_source()

    def each(names: Sequence[str], ask: Ask) -> Mapping[str, Answer]:
        def one(channel: Channel) -> CheckpointStatus:
            return ask(channel, driver_of(known[channel.host]))

        return on_hosts([known[name] for name in names], one, workers, timeout, progress)

    return each


def protectable(accesses: Sequence[HostAccess]) -> tuple[list[str], list[str]]:
    """Hosts that can get a checkpoint, and hosts whose platform has none."""
    yes = [access.name for access in accesses if can_hold(access.platform)]
    return yes, [access.name for access in accesses if access.name not in yes]


def arm_all(
    each: Each,
    names: Sequence[str],
    run_id: str,
    timeout: float = control.DEFAULT_TIMEOUT,
    *,
    take_over: str = "",
    owners: Sequence[str] | None = None,
    boot_hook: str = "auto",
) -> RunOutcome:
    """Arm every host, or none: where one refuses, those that this call armed are dropped again."""
    order = Order(run_id, timeout, control.holder(), take_over, owners, boot_hook)

    def ask(channel: Channel, driver: Driver) -> CheckpointStatus:
        return driver.arm(channel, order)

    answers = dict(each(names, ask))
    refused = _errors(answers)
    if not refused:
        return RunOutcome("armed", answers)
    # A host whose answer was lost may be armed; one that refused is not, and one that was before stays so.
    drop = [name for name in names if not isinstance(refused.get(name), CheckpointError)]
    drop = [name for name in drop if name in refused or not _was_armed(answers[name])]
    dropped = absent_all(each, drop, run_id)
    messages = [*holders(refused), *_told(refused)]
    messages += [
        f"{name}: may be armed, and could not be dropped: {error.what}; its timer would put back what changed"
        for name, error in _errors(dropped).items()
    ]
    return RunOutcome("refused", {**answers, **dropped, **refused}, messages)


def holders(refused: Mapping[str, PathGuardError]) -> list[str]:
    """Who is in the way: one line for each run, however many hosts it holds."""
    found: dict[str, list[tuple[str, Holder]]] = {}
    for name, error in refused.items():
        if isinstance(error, HeldError):
            found.setdefault(error.holder.run, []).append((name, error.holder))
    return [_held(run, held) for run, held in found.items()]


def _held(run: str, held: Sequence[tuple[str, Holder]]) -> str:
    since = min(holder.since for _name, holder in held)
    left = max(holder.remaining for _name, holder in held)
    states = ", ".join(sorted({holder.state for _name, holder in held}))
    return (
        f"{run} holds {some([name for name, _holder in held])} ({states}) since {since}"
        f"{f', {left:.0f} s left' if left else ''}"
    )


def _told(refused: Mapping[str, PathGuardError]) -> list[str]:
    """The others' reasons; those that say the same, once."""
    found: dict[str, list[str]] = {}
    for name, error in refused.items():
        if not isinstance(error, HeldError):
            found.setdefault(error.what, []).append(name)
    return [f"{some(names)}: {what}" for what, names in found.items()]


def _was_armed(answer: Answer) -> bool:
    return isinstance(answer, CheckpointStatus) and not answer.newly_armed


def renew_all(
    each: Each, names: Sequence[str], run_id: str, timeout: float = control.DEFAULT_TIMEOUT
) -> dict[str, Answer]:
    return dict(each(names, lambda channel, driver: driver.renew(channel, run_id, timeout)))


def status_all(each: Each, names: Sequence[str]) -> dict[str, Answer]:
    return dict(each(names, lambda channel, driver: driver.status(channel)))


def absent_all(each: Each, names: Sequence[str], run_id: str, *, take_over: str = "") -> dict[str, Answer]:
    return dict(each(names, lambda channel, driver: driver.absent(channel, run_id, take_over)))


def confirm_all(each: Each, names: Sequence[str], run_id: str, *, margin: float = HOLD_MARGIN) -> RunOutcome:
    """Confirm every host; if one can't be, restore all."""
    steps: list[tuple[str, Ask]] = [
        ("hold", lambda channel, driver: driver.hold(channel, run_id, margin)),
        ("confirm", lambda channel, driver: driver.confirm(channel, run_id)),
    ]
    answers: dict[str, Answer] = {}
    for verb, ask in steps:
        answers = dict(each(names, ask))
        failed = _errors(answers)
        if failed:
            reason = "; ".join(f"{name} could not {verb}: {error.what}" for name, error in failed.items())
            outcome = restore_all(each, names, run_id, f"not all peers could be confirmed: {reason}")
            return RunOutcome(outcome.decision, outcome.hosts, [reason, *outcome.messages])
    released = each(names, lambda channel, driver: driver.release(channel, run_id))
    notes = [
        f"{name}: confirmed, but its record could not be removed ({error.what}); "
        "a host's own ends by itself when its time is up; it holds a network device for an hour, or until state absent"
        for name, error in _errors(released).items()
    ]
    return RunOutcome("confirmed", answers, notes)


def restore_all(each: Each, names: Sequence[str], run_id: str, reason: str = "") -> RunOutcome:
    """Put back every host whose rules changed, whether armed, confirmed or fired already.

    A host that did not answer is asked twice.
    """

    def ask(channel: Channel, driver: Driver) -> CheckpointStatus:
        return driver.restore(channel, run_id, reason)

    answers = dict(each(names, ask))
    again = [name for name, error in _errors(answers).items() if not isinstance(error, CheckpointError)]
    if again:
        answers.update(each(again, ask))
    messages = []
    for name, answer in answers.items():
        if isinstance(answer, PathGuardError):
            messages.append(
                f"{name}: not proven to be restored: {answer.what}; "
                "if its timer runs, its own timer puts it back"
            )
        elif not answer.proven:
            messages.append(f"{name}: NOT RESTORED; " + "; ".join([*answer.messages, *answer.manual]))
    return RunOutcome("unproven" if messages else "restored", answers, messages)


def _errors(answers: Mapping[str, Answer]) -> dict[str, PathGuardError]:
    return {name: answer for name, answer in answers.items() if isinstance(answer, PathGuardError)}
