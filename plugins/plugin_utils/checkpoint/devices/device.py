# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkpoint of a network device: a copy of its configuration on the device, and the device's own timer.

The copy's name says whose it is: ``pathguard-RUN--USER--CONTROLLER``; one more with ``--confirmed`` at the end says
that the change is kept and may still be taken back. State is worked out from the copies, the timer, and whether the
running configuration is as it was. The claim is the device's: whoever first ends its timer has won.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import CheckpointError
from ...gather.channel import Channel
from ..status import CheckpointStatus, HeldError, Holder
from .console import Console, console
from .means import Means, digest, plain

if TYPE_CHECKING:
    from ..driver import Order

PREFIX = "pathguard-"
_CONFIRMED = "--confirmed"
_ID = re.compile(r"^[A-Za-z0-9._]+(?:-[A-Za-z0-9._]+)*$")
_UNFIT = re.compile(r"[^A-Za-z0-9.]+")
_LONGEST = 60
_WHOLE = "running-config"


@dataclass(frozen=True)
class _Kept:
    """A checkpoint's copy on a device."""

    name: str
    run_id: str
    user: str = ""
    controller: str = ""
    confirmed: bool = False


@dataclass(frozen=True)
class _Found:
    """``kept``: None where there is no checkpoint. ``pending`` in seconds."""

    kept: _Kept | None
    pending: float | None
    running: str
    recorded: str

    @property
    def changed(self) -> bool:
        return self.kept is not None and plain(self.running) != plain(self.recorded)


def name_of(run_id: str, by: Mapping[str, str]) -> str:
    """The name of a run's copy. CheckpointError for an id that no file can have as its name."""
    if not _ID.match(run_id) or len(run_id) > _LONGEST // 2:
        raise CheckpointError(
            f"{run_id!r} can't be part of a file's name on a device",
            "id",
            f"use letters, digits, dots and single hyphens, {_LONGEST // 2} at most",
        )
    words = [_UNFIT.sub(".", by.get(key, "")) for key in ("user", "controller")]
    return "--".join([PREFIX + run_id, *words])[:_LONGEST].rstrip("-.")


def _kept(names: list[str]) -> _Kept | None:
    """The checkpoint that a device holds, by the names of its copies."""
    found = [name for name in names if name.startswith(PREFIX) and not name.endswith(_CONFIRMED)]
    if not found:
        return None
    name = sorted(found)[-1]
    words = [*name[len(PREFIX) :].split("--"), "", ""]
    return _Kept(name, words[0], words[1], words[2], name + _CONFIRMED in names)


@dataclass(frozen=True)
class DeviceDriver:
    """``means``: the platform's commands."""

    means: Means

    def status(self, channel: Channel) -> CheckpointStatus:
        device = console(channel)
        return self._status(device, self._look(device))

    def arm(self, channel: Channel, order: Order) -> CheckpointStatus:
        device, name = console(channel), name_of(order.run_id, order.by)
        found = self._look(device)
        if found.kept is not None and found.kept.run_id == order.run_id:
            return self.renew(channel, order.run_id, order.timeout)
        if found.kept is not None and self._state(found) in ("armed", "confirmed", "failed"):
            if not order.take_over:
                raise self._held(device, found)
            return self._taken_over(device, found, name, order)
        if found.kept is not None:
            self._forget(device, found.kept)
        if found.pending is not None:
            raise CheckpointError(
                "somebody's confirmed commit is pending on the device",
                device.host,
                "confirm it, or wait until it is rolled back",
            )
        self.means.save(device, name)
        if digest(self.means.text(device, name)) != digest(found.running):
            self.means.delete(device, name)
            raise CheckpointError(
                "the copy of the configuration is not like the configuration",
                device.host,
                "look whether the device's flash is full, or somebody else configures it now",
            )
        try:
            self.means.start(device, order.timeout)
        except BaseException:
            self.means.delete(device, name)
            raise
        return replace(self._status(device, self._look(device)), newly_armed=True)

    def _taken_over(self, device: Console, found: _Found, name: str, order: Order) -> CheckpointStatus:
        """The other run's copy stays what is gone back to; it gets another name."""
        if found.kept is not None:
            self.means.copy(device, found.kept.name, name)
            self._forget(device, found.kept)
        self.means.start(device, order.timeout)
        return replace(self._status(device, self._look(device)), newly_armed=True)

    def renew(self, channel: Channel, run_id: str, timeout: float) -> CheckpointStatus:
        device = console(channel)
        self._armed(device, run_id)
        self.means.start(device, timeout)
        return self._status(device, self._look(device))

    def hold(self, channel: Channel, run_id: str, margin: float) -> CheckpointStatus:
        device = console(channel)
        found = self._armed(device, run_id)
        if found.pending is not None and found.pending < margin:
            self.means.start(device, margin)
            found = self._look(device)
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
        if not kept.confirmed:
            if found.pending is not None:
                self.means.keep(device)
            self.means.save(device, kept.name + _CONFIRMED)
        return self._status(device, self._look(device))

    def release(self, channel: Channel, run_id: str) -> CheckpointStatus:
        device = console(channel)
        found = self._look(device)
        if found.kept is not None and found.kept.run_id == run_id:
            if not found.kept.confirmed:
                raise CheckpointError(
                    "the checkpoint is not confirmed", device.host, "confirm it, or restore it"
                )
            self._forget(device, found.kept)
        return self._status(device, self._look(device))

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
        told = self._status(device, found)
        if found.changed:
            return replace(
                told, state="failed", proven=False, changed_tables=[_WHOLE], manual=self._manual(kept)
            )
        self._forget(device, kept)
        state = "fired" if by_timer else "restored"
        changed = [_WHOLE] if before.changed or by_timer else []
        return replace(told, state=state, proven=True, changed_tables=changed, remaining=0.0)

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
        return self._status(device, self._look(device))

    def _look(self, device: Console) -> _Found:
        kept = _kept(self.means.names(device))
        recorded = self.means.text(device, kept.name) if kept else ""
        return _Found(kept, self.means.pending(device), self.means.running(device), recorded)

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
        recorded = {"static": digest(found.recorded)} if kept else {}
        return CheckpointStatus(
            device.host,
            state,
            kept.run_id if kept else "",
            found.pending or 0.0,
            {"static": digest(found.running)},
            recorded,
            self.means.protection,
            self.means.disruption,
            self.means.by_hand.format(name=kept.name) if kept else "",
            {"user": kept.user, "controller": kept.controller} if kept else {},
            changed_tables=[_WHOLE] if found.changed else [],
            timer="the device's own" if found.pending is not None else "",
            messages=self._messages(found, state),
            manual=self._manual(kept) if kept and state == "failed" else [],
        )

    def _messages(self, found: _Found, state: str) -> list[str]:
        if state == "failed":
            return ["the device's timer is gone, and its configuration is not as it was recorded"]
        if state != "armed" or self.means.protection == "arm_before":
            return []
        if self.means.protection == "wraps_commit":
            if found.pending is None and found.changed:
                return ["the change was committed for good: no timer of the device puts it back"]
            return ["the timer is that of the change's own commit: it must be a confirmed one"]
        return ["no timer of the device puts its rules back: only a revert from a controller does"]

    def _manual(self, kept: _Kept) -> list[str]:
        return [f"on the device's console: {self.means.by_hand.format(name=kept.name)}"]

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
        kept = found.kept or _Kept("", "")
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

    def _forget(self, device: Console, kept: _Kept) -> None:
        self.means.delete(device, kept.name)
        if kept.confirmed:
            self.means.delete(device, kept.name + _CONFIRMED)
