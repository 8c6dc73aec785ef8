# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring: by the timer, by a controller, by hand, or taken up again after a crash or reboot."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import Any, Callable

from .host import AgentError, now
from .report import manual_steps, owned_of, record_of, remaining_of, stamp, state_of, wrong_place
from .restore import put_back
from .store import LOCK, WORK, Folder, Slot
from .timer import announce, announced_as, interpreter, remove_boot, start_timer, timer_alive

WORK_LIMIT = 110.0  # seconds; another restore at work is waited for this long
ATTEMPTS = 3  # of the timer, which nobody can ask to try again
PAUSE = 1.0

Say = Callable[[str], None]


def restore_now(
    slot: Slot, folder: Folder, verb: str, by: str, reason: str = "", say: Say | None = None
) -> dict[str, Any]:
    """Claim the checkpoint for a restore, and do it; returns the outcome.

    ``verb``: ``fire`` by the timer, ``restore`` by anybody else. Raises AgentError if the timer comes too
    late, or this is not the place that was recorded. A restore that was claimed before is done again: it is
    only then nothing to do when nothing differs.
    """
    moment, meta = now(), folder.meta
    place = wrong_place(meta, moment)
    if place:
        folder.log(f"refused to {verb}: {place}", moment)
        raise AgentError(
            f"refused to restore: {place}", "run the restore in the host's own network namespace"
        )
    with slot.lock(LOCK):
        _claim(folder, verb, by)
    with slot.lock(WORK, WORK_LIMIT):
        with contextlib.suppress(OSError):
            folder.free_reserve()
        outcome = _restore(folder, by, reason)
    remove_boot()
    for line in _told(folder, outcome):
        (say or _quiet)(line)
    return outcome


def _quiet(_line: str) -> None:
    return None


def _claim(folder: Folder, verb: str, by: str) -> None:
    try:
        winner = folder.make_claim(verb, by, now())
    except OSError as error:
        if folder.claim is not None:
            raise
        # Where the timer can't write its claim (a disk gone read-only), nobody can write a confirmation either.
        folder.log(f"{verb} without a claim: {error.strerror}", now())
        return
    if winner is None or winner["verb"] in ("fire", "restore"):
        return
    if winner["verb"] == "confirm" and verb == "restore":
        folder.replace_claim(verb, by, now())
        return
    raise AgentError(
        f"too late to {verb}: {winner['verb']} by {winner['by']} was first, at {stamp(winner['at'])}",
        "nothing was restored",
    )


def _restore(folder: Folder, by: str, reason: str) -> dict[str, Any]:
    owned = owned_of(folder.meta)
    before = folder.outcome or {"changed": []}
    try:
        done = put_back(record_of(folder), owned, folder.path("removed"))
        changed, left, messages = done.changed, done.left, done.messages
        proven = not left
    except AgentError as error:
        changed, left, messages, proven = [], [], [f"the restore failed: {error.what}"], False
    if left:
        messages = [*messages, f"NOT as recorded after the restore: {', '.join(left)}"]
    outcome: dict[str, Any] = {
        "proven": proven,
        "changed": sorted({*changed, *before["changed"]}),
        "left": left,
        "messages": messages,
        "by": by,
        "at": now().wall,
    }
    folder.log(f"restored by {by}{f' ({reason})' if reason else ''}: {outcome}", now())
    with contextlib.suppress(OSError):  # the rules are back; a full disk must not say otherwise
        folder.write("outcome.json", outcome)
    return outcome


def _told(folder: Folder, outcome: dict[str, Any]) -> list[str]:
    """For a person at the console."""
    lines = [f"was changed since arming: {name}" for name in outcome["changed"]] or [
        "nothing was changed since arming"
    ]
    lines += outcome["messages"]
    if outcome["proven"]:
        return [*lines, "the firewall is as it was recorded (compared: rules, sets, configuration files)"]
    return [*lines, "THE FIREWALL IS NOT AS IT WAS RECORDED.", *manual_steps(folder)]


def guard(slot: Slot, folder: Folder) -> None:
    """The timer: wait for the deadline, and restore unless somebody ended the checkpoint before."""
    announce(folder.folder)
    # Another guard may have taken its place, or another checkpoint the folder's name.
    while os.path.exists(folder.path("meta.json")) and announced_as(folder.folder) == os.getpid():
        claim = folder.claim
        if claim is not None:
            if claim["verb"] in ("fire", "restore"):
                _take_up(slot, folder)
            return
        left = remaining_of(folder, now())
        if left <= 0:
            _fire(slot, folder)
            return
        time.sleep(min(left, 1.0))


def _fire(slot: Slot, folder: Folder) -> None:
    for _attempt in range(ATTEMPTS):
        try:
            with slot.lock(LOCK):  # a renewal that was just being written is seen
                if remaining_of(folder, now()) > 0 and folder.claim is None:
                    break
            if restore_now(slot, folder, "fire", "timer")["proven"]:
                return
        except (AgentError, OSError) as error:
            folder.log(f"the timer: {error}", now())
            if folder.claim is not None and folder.claim["verb"] == "confirm":
                return
        time.sleep(PAUSE)
    if folder.claim is None and remaining_of(folder, now()) > 0:
        guard(slot, folder)


def _take_up(slot: Slot, folder: Folder) -> None:
    """A restore was begun; whoever did so may have died with it."""
    time.sleep(PAUSE)
    while slot.busy():
        time.sleep(PAUSE)
    if folder.outcome is None:
        claim = folder.claim or {"verb": "restore"}
        restore_now(slot, folder, claim["verb"], "timer, taking up an interrupted restore")


def resume(slot: Slot) -> list[str]:
    """At boot, or by hand: let the timer of an armed checkpoint run again, and end a restore that was
    interrupted.
    """
    folder = slot.held()
    state = state_of(slot, folder)
    if folder is None:
        return []
    if state == "armed" and not timer_alive(folder.folder):
        start_timer(interpreter(), folder.path("agent.py"), folder.folder)
        return ["the timer runs again"]
    if state == "failed" and folder.outcome is None:
        restore_now(slot, folder, "restore", "resume")
        return ["an interrupted restore was done again"]
    return []


def console(slot: Slot, folder: Folder) -> int:
    """What ``restore-now`` runs: says what it does, and returns an exit status."""

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")

    held = slot.held()
    if held is None or os.path.realpath(held.folder) != os.path.realpath(folder.folder):
        say(f"{folder.folder} is not the checkpoint of this host any more; nothing was done")
        return 1
    meta = folder.meta
    say(f"putting the firewall back as it was on {stamp(meta['armed']['wall'])}, before run {meta['id']}")
    try:
        return 0 if restore_now(slot, folder, "restore", "console", say=say)["proven"] else 1
    except AgentError as error:
        say(error.what)
        say(error.todo)
        return 1
