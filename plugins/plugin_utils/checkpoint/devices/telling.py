# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a device's checkpoint: its status, and the steps by hand."""

from __future__ import annotations

import re

from ..status import CheckpointStatus, HeldError, Holder
from .copies import ENDS, Kept, copies
from .found import Found
from .means import Means, digest

AS_BEFORE = (
    "its configuration is as it was recorded: nothing was changed, or the device's own timer has put it back"
)


def status(means: Means, host: str, found: Found) -> CheckpointStatus:
    kept, state = found.kept, found.state(means.traits.protection)
    running = {"static": digest(found.running), **({"saved": found.saved} if found.saved else {})}
    recorded = {"static": digest(found.recorded)} if kept else {}
    if kept and kept.saved:
        recorded["saved"] = kept.saved
    return CheckpointStatus(
        host,
        state,
        kept.run_id if kept else "",
        found.pending or 0.0,
        running,
        recorded,
        means.traits.protection,
        disruption(means, found),
        means.traits.by_hand.format(name=kept.name) if kept else "",
        {"user": kept.user, "controller": kept.controller} if kept else {},
        changed_tables=ENDS[kept.ended][1] if kept and kept.ended else found.differs,
        timer="the device's own" if found.pending is not None else "",
        messages=messages(means, found),
        manual=manual(means, found) if state == "failed" else [],
    )


def disruption(means: Means, found: Found) -> str:
    """Of going back by the device's own timer, as this device is configured."""
    if means.traits.calm and re.search(means.traits.calm, found.running, re.M):
        return "none"
    return means.traits.disruption


def messages(means: Means, found: Found) -> list[str]:
    more = _more(found)
    state = found.state(means.traits.protection)
    if state == "failed":
        what = "the device's timer is gone (a reload ends it, and so can anybody)"
        return [f"{what}, and its configuration is not as it was recorded", *more]
    if found.kept and found.kept.confirmed and not found.kept.held_for:
        return ["confirmed and never released; its time is up, so that another run may arm", *more]
    if state != "armed" or means.traits.protection == "arm_before":
        return more
    if means.traits.protection == "none":
        return ["no timer of the device puts its rules back: only a revert from a controller does", *more]
    if found.pending is not None:
        return [means.traits.waits[0], *more] if means.traits.waits[0] else more
    if found.changed:
        return ["the change was committed for good: no timer of the device puts it back", *more]
    told = [
        f"the timer is that of the change's own commit, which must be a confirmed one: {means.traits.asks}"
    ]
    if disruption(means, found) != "none":
        told.append(means.traits.warns)
    return [*told, *more]


def _more(found: Found) -> list[str]:
    left = [one.name for one in copies(found.names) if found.kept and one.name != found.kept.name]
    more = [f"another run's copy is left on the device: {name}" for name in left]
    if found.rewritten:
        more.append("the startup configuration was written since: a reload loads what was written")
    return more


def manual(means: Means, found: Found) -> list[str]:
    """What to do by hand where a restore is not proven."""
    steps = []
    if found.kept and (found.changed or not found.rewritten):
        steps.append(f"on the device's console: {means.traits.by_hand.format(name=found.kept.name)}")
    if found.rewritten:
        steps.append(
            "save the running configuration as the startup configuration, once it is as it was"
            if found.was_saved
            else "look at the startup configuration, and write it anew: what it was is not kept"
        )
    return steps


def held(means: Means, host: str, found: Found) -> HeldError:
    """The refusal for whoever is not the run that holds the device."""
    kept = found.kept or Kept("", "")
    holder = Holder.read(
        {
            "id": kept.run_id,
            "user": kept.user,
            "controller": kept.controller,
            "remaining": kept.held_for if kept.confirmed else found.pending,
            "state": found.state(means.traits.protection),
        }
    )
    return HeldError(f"{holder.run} holds the device", host, "wait for that run to end", holder)
