# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkpoint of a network device: a copy of its configuration on the device, and the device's own timer.

The copy's name says whose it is: ``pathguard-RUN--USER--CONTROLLER``, and after that, where the platform has one, what
the startup configuration was (a digest); one more with ``--confirmed`` at the end says that the change is kept and may
still be taken back. State is worked out from the copies, the timer, and whether the running configuration is as it was.
The claim is the device's: whoever first ends its timer has won.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import CheckpointError, PathGuardError
from ...gather.channel import Channel
from ..status import CheckpointStatus, HeldError, Holder
from .console import Console, console
from .copies import CONFIRMED, OF_DIGEST, Kept, copies, name_of
from .means import Means, digest, plain

if TYPE_CHECKING:
    from ..driver import Order

_WHOLE, _STARTUP = "running-config", "startup-config"
_AS_BEFORE = (
    "its configuration is as it was recorded: nothing was changed, or the device's own timer has put it back"
)


@dataclass(frozen=True)
class _Found:
    """``kept``: None where there is no checkpoint. ``pending`` in seconds. ``saved``: digest of the startup
    configuration, empty where there is none of its own. ``names``: of all copies."""

    kept: Kept | None
    pending: float | None
    running: str
    recorded: str
    saved: str
    names: list[str]

    @property
    def changed(self) -> bool:
        return self.kept is not None and plain(self.running) != plain(self.recorded)

    @property
    def rewritten(self) -> bool:
        """Whether the startup configuration is another one now."""
        return (
            self.kept is not None and bool(self.saved and self.kept.saved) and self.saved != self.kept.saved
        )

    @property
    def was_saved(self) -> bool:
        """Whether what ran was what is loaded at boot, when this was armed."""
        return self.kept is not None and _short(self.recorded) == self.kept.saved

    @property
    def differs(self) -> list[str]:
        return [_WHOLE] * self.changed + [_STARTUP] * self.rewritten


def _short(text: str) -> str:
    return digest(text)[:OF_DIGEST] if text else ""


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
        kept, state = found.kept, self._state(found)
        if kept is not None and state == "armed":
            if kept.run_id == order.run_id:
                return self.renew(channel, order.run_id, order.timeout)
            if not order.take_over:
                raise self._held(device, found)
            return self._taken_over(device, kept, order)
        if kept is not None:
            if state != "fired" and not order.take_over:
                raise self._held(device, found)
            self._forget(device, kept)
            names = [name for name in found.names if not name.startswith(kept.name)]
            found = replace(found, kept=None, names=names)
        if found.pending is not None:
            raise CheckpointError(
                "somebody's confirmed commit is pending on the device",
                device.host,
                "confirm it, or wait until it is rolled back",
            )
        return self._newly_armed(device, found, order)

    def _newly_armed(self, device: Console, found: _Found, order: Order) -> CheckpointStatus:
        name = name_of(order.run_id, order.by, found.saved)
        if name + CONFIRMED in found.names:  # left by a run of this name whose end was cut short
            self.means.delete(device, name + CONFIRMED)
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
            if one.name != name:
                raise self._held(device, _Found(one, None, "", "", "", []))
            ours.append(one)
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
            self.means.keep(device)
            now = self._look(device)
            # Some devices confirm without a word when nothing waits any more.
            if now.pending is not None or (found.changed and not now.changed):
                raise CheckpointError(
                    "the device was first: its timer put the configuration back before it was confirmed",
                    device.host,
                    "make the change again under a new checkpoint",
                )
            found = now
        self.means.save(device, kept.name + CONFIRMED)
        return self._after_change(device, replace(found, kept=replace(kept, confirmed=True)))

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
        before = found
        by_timer = self._state(found) == "fired"
        if found.pending is not None:
            by_timer = self._end_timer(device, found)
            found = self._look(device)
        if found.changed:
            self.means.replace(device, kept.name)
            found = self._look(device)
        if found.rewritten and not found.changed and found.was_saved:
            with suppress(CheckpointError):  # what runs is back all the same; that this is not, is told below
                self.means.write(device)
            found = self._look(device)
        told = self._status(device, found)
        if found.differs:
            return replace(told, state="failed", proven=False, manual=self._manual(found))
        self._forget(device, kept)
        changed = [_WHOLE] * (before.changed or by_timer) + [_STARTUP] * before.rewritten
        state = "fired" if by_timer else "restored"
        return replace(told, state=state, proven=True, changed_tables=changed, remaining=0.0, messages=[])

    def _end_timer(self, device: Console, found: _Found) -> bool:
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
        if found.kept is not None and found.kept.run_id != run_id and not take_over:
            raise self._held(device, found)
        if found.kept is not None:
            if found.pending is not None:
                self.means.keep(device)
            self._forget(device, found.kept)
            found = self._again(device, replace(found, kept=None))
        return self._status(device, found)

    def _look(self, device: Console) -> _Found:
        names = self.means.names(device)
        kept = next(iter(copies(names)[::-1]), None)
        recorded = self.means.text(device, kept.name) if kept else ""
        pending, running = self.means.pending(device), self.means.running(device)
        return _Found(kept, pending, running, recorded, _short(self.means.startup(device)), names)

    def _again(self, device: Console, found: _Found) -> _Found:
        """What was found, and the timer as it is now."""
        return replace(found, pending=self.means.pending(device))

    def _state(self, found: _Found) -> str:
        if found.kept is None:
            return "none"
        if found.kept.confirmed:
            return "confirmed"
        if found.pending is not None or self.means.protection != "arm_before":
            return "armed"
        return "failed" if found.changed else "fired"

    def _status(self, device: Console, found: _Found) -> CheckpointStatus:
        kept, state = found.kept, self._state(found)
        running = {"static": digest(found.running), **({"saved": found.saved} if found.saved else {})}
        recorded = {"static": digest(found.recorded)} if kept else {}
        if kept and kept.saved:
            recorded["saved"] = kept.saved
        return CheckpointStatus(
            device.host,
            state,
            kept.run_id if kept else "",
            found.pending or 0.0,
            running,
            recorded,
            self.means.protection,
            self.means.disruption,
            self.means.by_hand.format(name=kept.name) if kept else "",
            {"user": kept.user, "controller": kept.controller} if kept else {},
            changed_tables=found.differs,
            timer="the device's own" if found.pending is not None else "",
            messages=self._messages(found, state),
            manual=self._manual(found) if state == "failed" else [],
        )

    def _after_change(self, device: Console, found: _Found) -> CheckpointStatus:
        """The status, for those who made a change in between."""
        told = self._status(device, found)
        if self.means.protection == "wraps_commit" and found.pending is None and not found.changed:
            return replace(told, messages=[_AS_BEFORE])
        return told

    def _messages(self, found: _Found, state: str) -> list[str]:
        found_more = [one.name for one in copies(found.names) if found.kept and one.name != found.kept.name]
        more = [f"another run's copy is left on the device: {name}" for name in found_more]
        if found.rewritten:
            more.append("the startup configuration was written since: a reload loads what was written")
        if state == "failed":
            what = "the device's timer is gone (a reload ends it, and so can anybody)"
            return [f"{what}, and its configuration is not as it was recorded", *more]
        if state != "armed" or self.means.protection == "arm_before":
            return more
        if self.means.protection == "none":
            return ["no timer of the device puts its rules back: only a revert from a controller does", *more]
        if found.pending is not None:
            return more
        if found.changed:
            return ["the change was committed for good: no timer of the device puts it back", *more]
        asked = (
            f"the timer is that of the change's own commit, which must be a confirmed one: {self.means.asks}"
        )
        return [asked, *more]

    def _manual(self, found: _Found) -> list[str]:
        steps = []
        if found.kept and (found.changed or not found.rewritten):
            steps.append(f"on the device's console: {self.means.by_hand.format(name=found.kept.name)}")
        if found.rewritten:
            steps.append(
                "save the running configuration as the startup configuration, once it is as it was"
                if found.was_saved
                else "look at the startup configuration, and write it anew: what it was is not kept"
            )
        return steps

    def _ours(self, device: Console, run_id: str) -> _Found:
        found = self._look(device)
        if found.kept is None:
            raise CheckpointError(
                "the device holds no checkpoint", device.host, f"arm one first (id {run_id})"
            )
        if found.kept.run_id != run_id:
            raise self._held(device, found)
        return found

    def _armed(self, device: Console, run_id: str) -> _Found:
        found = self._ours(device, run_id)
        if self._state(found) != "armed":
            raise CheckpointError(
                f"the device's checkpoint is {self._state(found)}", device.host, "look at what is running now"
            )
        return found

    def _held(self, device: Console, found: _Found) -> HeldError:
        kept = found.kept or Kept("", "")
        holder = Holder.read(
            {
                "id": kept.run_id,
                "user": kept.user,
                "controller": kept.controller,
                "remaining": found.pending,
                "state": self._state(found),
            }
        )
        return HeldError(f"{holder.run} holds the device", device.host, "wait for that run to end", holder)

    def _forget(self, device: Console, kept: Kept) -> None:
        self.means.delete(device, kept.name)
        if kept.confirmed:
            self.means.delete(device, kept.name + CONFIRMED)
