# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkpoint of a network device: a copy of its configuration on the device, and the device's own timer.

The copy's name says whose it is and what became of it (``copies``). State is worked out from the copies, the timer, and
whether the running configuration is as it was (``found``). The claim is the device's: whoever first ends its timer has
won.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import CheckpointError, PathGuardError
from ...gather.channel import Channel
from ..status import CheckpointStatus
from . import telling
from .console import Console, console
from .copies import ENDS, STARTUP, WHOLE, Kept, copies, mark_of, marks, name_of
from .found import Found, short
from .means import Means, digest

if TYPE_CHECKING:
    from ..driver import Order


@dataclass(frozen=True)
class DeviceDriver:
    """``means``: the platform's commands."""

    means: Means

    def status(self, channel: Channel) -> CheckpointStatus:
        device = console(channel)
        return self._status(device, self._look(device))

    def arm(self, channel: Channel, order: Order) -> CheckpointStatus:
        device = console(channel)
        name_of(order.run_id, order.by)
        found = self._look(device)
        kept = found.kept
        if kept is not None and self._state(found) == "armed":
            if kept.run_id == order.run_id:
                return self.renew(channel, order.run_id, order.timeout)
            if not order.take_over:
                raise telling.held(self.means, device.host, found)
            return self._taken_over(device, kept, order)
        if found.holds(self.means.traits.protection) and not order.take_over:
            raise telling.held(self.means, device.host, found)
        if kept is not None:
            found = self._without_ended(device, found, kept)
        if found.pending is not None:
            raise _somebodys(device)
        return self._newly_armed(device, found, order)

    def _without_ended(self, device: Console, found: Found, kept: Kept) -> Found:
        """Without the copy that is to be replaced, and without those of runs that are over."""
        gone = [kept, *(one for one in copies(found.names) if one.ended and one.name != kept.name)]
        for one in gone:
            self._forget(device, one)
        names = [
            name
            for name in found.names
            if not any(name == one.name or name.startswith(f"{one.name}--c") for one in gone)
        ]
        return replace(found, kept=None, names=names)

    def _newly_armed(self, device: Console, found: Found, order: Order) -> CheckpointStatus:
        name = name_of(order.run_id, order.by, found.saved)
        for mark in marks(name, found.names):  # left by a run of this name whose end was cut short
            self.means.delete(device, mark)
        self.means.save(device, name)
        try:
            kept = self._alone(device, name)
            recorded = self.means.text(device, name)
            if digest(recorded) != digest(found.running):
                raise CheckpointError(
                    "the copy of the configuration is not like the configuration",
                    device.host,
                    "look whether the device's flash is full, or somebody else configures it now",
                )
            self.means.start(device, order.timeout)
        except BaseException:
            with suppress(PathGuardError):  # the first failure is the one to be told
                self.means.delete(device, name)
            raise
        found = self._again(device, replace(found, kept=kept, recorded=recorded))
        return replace(self._status(device, found), newly_armed=True)

    def _alone(self, device: Console, name: str) -> Kept:
        """Two runs may both have found the device free: now at least one of them sees the other's copy."""
        ours: list[Kept] = []
        for one in copies(self.means.names(device)):
            if one.name == name:
                ours.append(one)
            elif not one.ended:
                raise telling.held(self.means, device.host, Found(one, None, "", "", "", []))
        if not ours:
            raise CheckpointError(
                "the copy of the configuration is not there", device.host, "look whether the flash is full"
            )
        return ours[0]

    def _taken_over(self, device: Console, kept: Kept, order: Order) -> CheckpointStatus:
        """The other run's copy stays what is gone back to; it gets another name."""
        self.means.copy(device, kept.name, name_of(order.run_id, order.by, kept.saved))
        self._forget(device, kept)
        self.means.start(device, order.timeout)
        return replace(self._status(device, self._look(device)), newly_armed=True)

    def renew(self, channel: Channel, run_id: str, timeout: float) -> CheckpointStatus:
        device = console(channel)
        found = self._armed(device, run_id)
        self.means.start(device, timeout)
        return self._after_change(device, self._again(device, found))

    def hold(self, channel: Channel, run_id: str, margin: float) -> CheckpointStatus:
        device = console(channel)
        found = self._armed(device, run_id)
        if found.pending is not None and found.pending < margin:
            self.means.start(device, margin)
            found = self._again(device, found)
            if found.pending is not None and found.pending < margin / 2:
                what, todo = self.means.traits.waits
                raise CheckpointError(
                    what or f"the device's timer ends in {found.pending:.0f} s, and can't be given more time",
                    device.host,
                    todo or "make the change again, and let it commit with more time",
                )
        return self._status(device, found)

    def confirm(self, channel: Channel, run_id: str) -> CheckpointStatus:
        device = console(channel)
        found = self._ours(device, run_id)
        kept = found.kept
        if kept is None or self._state(found) not in ("armed", "confirmed"):
            raise CheckpointError(
                f"the device was first: its checkpoint is {self._state(found)}",
                device.host,
                "look at what is running; make the change again under a new checkpoint",
            )
        if kept.confirmed:
            return self._status(device, found)
        if found.pending is not None:
            found = self._kept(device, found)
        mark = mark_of(kept.name)
        self.means.save(device, mark)
        return self._after_change(device, replace(found, kept=replace(kept, mark=mark)))

    def _kept(self, device: Console, found: Found) -> Found:
        """What is there once the change is confirmed. Where nothing waits any more, some devices confirm without a
        word, and others refuse it (VyOS: "No confirm pending")."""
        refused: CheckpointError | None = None
        try:
            self.means.keep(device)
        except CheckpointError as error:
            refused = error
        now = self._look(device)
        back = found.changed and not now.changed
        if back or (now.pending is not None and refused is None):
            raise CheckpointError(
                "the device was first: its timer put the configuration back before it was confirmed",
                device.host,
                "make the change again under a new checkpoint",
            )
        if refused is not None:
            raise refused
        return now

    def release(self, channel: Channel, run_id: str) -> CheckpointStatus:
        device = console(channel)
        found = self._look(device)
        if found.kept is not None and found.kept.run_id == run_id:
            if not found.kept.confirmed:
                raise CheckpointError(
                    "the checkpoint is not confirmed", device.host, "confirm it, or restore it"
                )
            self._forget(device, found.kept)
            found = replace(found, kept=None)
        return self._status(device, found)

    def restore(self, channel: Channel, run_id: str, reason: str) -> CheckpointStatus:
        """``reason`` is for Linux hosts' logs; a device logs whoever configures it."""
        device = console(channel)
        found = self._ours(device, run_id)
        kept = found.kept
        if kept is None:
            return self._status(device, found)
        done = kept if kept.ended else _done_before(found, kept)
        if done is not None:
            if done is not kept:
                self._forget(device, kept)
            return self._restored_before(device, replace(found, kept=done))
        before = found
        by_timer = self._state(found) == "fired"
        if found.pending is not None:
            by_timer = self._end_timer(device, found)
            found = self._look(device)
            by_timer = by_timer and not found.changed  # it was not the timer that ended it
        if found.changed:
            found = self._put_back(device, kept)
        if found.rewritten and not found.changed and found.was_saved:
            with suppress(CheckpointError):  # what runs is back all the same; that this is not, is told below
                self.means.write(device)
            found = self._look(device)
        told = self._status(device, found)
        if found.differs:
            return replace(told, state="failed", proven=False, manual=telling.manual(self.means, found))
        changed = [WHOLE] * (before.changed or by_timer) + [STARTUP] * before.rewritten
        end = "fired" if by_timer else "restored" if before.changed else "resaved" if changed else "untouched"
        self._end(device, kept, end)
        state = ENDS[end][0]
        return replace(told, state=state, proven=True, changed_tables=changed, remaining=0.0, messages=[])

    def _put_back(self, device: Console, kept: Kept) -> Found:
        """What counts is what runs then: a device may complain, and have done it."""
        try:
            self.means.replace(device, kept.name)
        except CheckpointError:
            found = self._look(device)
            if found.changed or found.pending is not None:
                raise
            return found
        return self._look(device)

    def _restored_before(self, device: Console, found: Found) -> CheckpointStatus:
        """The answer to a restore that was made: whoever asks again did not get it. What somebody changed since then
        is nobody's to put back."""
        told = self._status(device, found)
        if found.differs:
            raise CheckpointError(
                f"its checkpoint is {told.state}, and its {' and '.join(found.differs)} changed since then",
                device.host,
                "look at who changed it; to go back from here, arm it anew",
            )
        return replace(told, proven=True)

    def _end(self, device: Console, kept: Kept, end: str) -> None:
        """The copy tells from now on what became of it. Without room for another name, it is gone."""
        with suppress(CheckpointError):
            self.means.copy(device, kept.name, f"{kept.name}--{end}")
        self._forget(device, kept)

    def _end_timer(self, device: Console, found: Found) -> bool:
        """Go back, or drop the timer where nothing changed. True if the timer ended in between by itself."""
        try:
            if found.changed:
                self.means.back(device)
            else:
                self.means.keep(device)
        except CheckpointError:
            if self.means.pending(device) is not None:
                raise
            return True
        return False

    def absent(self, channel: Channel, run_id: str, take_over: str) -> CheckpointStatus:
        device = console(channel)
        found = self._look(device)
        kept = found.kept
        if kept is not None and kept.run_id != run_id and not take_over:
            if kept.ended:
                return self._status(device, found)
            raise telling.held(self.means, device.host, found)
        if kept is not None:
            if found.pending is not None and not kept.ended:
                self.means.keep(device)
            self._forget(device, kept)
            found = self._again(device, replace(found, kept=None))
        return self._status(device, found)

    def _look(self, device: Console) -> Found:
        names = self.means.names(device)
        kept = next(iter(copies(names)[::-1]), None)
        recorded = self.means.text(device, kept.name) if kept else ""
        pending, running = self.means.pending(device), self.means.running(device)
        return Found(kept, pending, running, recorded, short(self.means.startup(device)), names)

    def _again(self, device: Console, found: Found) -> Found:
        """What was found, and the timer as it is now."""
        return replace(found, pending=self.means.pending(device))

    def _state(self, found: Found) -> str:
        return found.state(self.means.traits.protection)

    def _status(self, device: Console, found: Found) -> CheckpointStatus:
        return telling.status(self.means, device.host, found)

    def _after_change(self, device: Console, found: Found) -> CheckpointStatus:
        """The status, for those who made a change in between."""
        told = self._status(device, found)
        if self.means.traits.protection == "wraps_commit" and found.pending is None and not found.changed:
            return replace(told, messages=[telling.AS_BEFORE])
        return told

    def _ours(self, device: Console, run_id: str) -> Found:
        found = self._look(device)
        kept = found.kept
        if kept is None or (kept.ended and kept.run_id != run_id):
            raise CheckpointError(
                "the device holds no checkpoint", device.host, f"arm one first (id {run_id})"
            )
        if kept.run_id != run_id:
            raise telling.held(self.means, device.host, found)
        return found

    def _armed(self, device: Console, run_id: str) -> Found:
        found = self._ours(device, run_id)
        if self._state(found) != "armed":
            raise CheckpointError(
                f"the device's checkpoint is {self._state(found)}", device.host, "look at what is running now"
            )
        return found

    def _forget(self, device: Console, kept: Kept) -> None:
        self.means.delete(device, kept.name)
        if kept.mark:
            self.means.delete(device, kept.mark)


def _done_before(found: Found, kept: Kept) -> Kept | None:
    """The copy that says that this restore was made, where the connection was lost before the other was deleted."""
    ended = (one for one in copies(found.names) if one.ended and one.name.startswith(f"{kept.name}--"))
    return None if found.differs else next(ended, None)


def _somebodys(device: Console) -> CheckpointError:
    return CheckpointError(
        "somebody's confirmed commit is pending on the device",
        device.host,
        "confirm it, or wait until it is rolled back",
    )
