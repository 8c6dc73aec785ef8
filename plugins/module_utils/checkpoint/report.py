# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of its checkpoint. The state is worked out from files, never stored."""

from __future__ import annotations

import os
import time
from typing import Any

from .host import VOLATILE, AgentError, Moment, file_system, namespace
from .owners import OWNERS, Owned
from .rules import Firewall, changed_all, fingerprint, from_record, observe
from .store import Folder, Slot
from .timer import Deadline, timer_alive

# What was recorded in the form that the tools themselves read; sets before the rules that name them.
RAW_SCRIPTS = (
    ("ipset.restore", "ipset -exist restore -file {}"),
    ("nft.restore", "nft -f {}"),
    ("iptables.rules", "iptables-nft-restore -c {}"),
    ("ip6tables.rules", "ip6tables-nft-restore -c {}"),
    ("iptables-legacy.rules", "iptables-legacy-restore -c {}"),
    ("ip6tables-legacy.rules", "ip6tables-legacy-restore -c {}"),
)


def state_of(slot: Slot, folder: Folder | None) -> str:
    """none, armed, confirmed, restoring, restored, fired or failed."""
    if folder is None:
        return "none"
    claim = folder.claim
    if claim is None:
        return "armed"
    if claim["verb"] == "confirm":
        return "confirmed"
    outcome = folder.outcome
    if outcome is None:
        return "restoring" if slot.busy() else "failed"
    if not outcome["proven"]:
        return "failed"
    return "fired" if claim["verb"] == "fire" else "restored"


def remaining_of(folder: Folder, moment: Moment) -> float:
    return Deadline.from_json(folder.read("deadline.json")).remaining(moment)


def is_held(state: str, folder: Folder, moment: Moment) -> bool:
    """Whether another run may not arm. A confirmed checkpoint that nobody released ends when its time is up:
    by then every peer is confirmed too, or has fired."""
    return state in ("armed", "restoring", "failed") or (
        state == "confirmed" and remaining_of(folder, moment) > 0
    )


def stamp(wall: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall))


def who(meta: dict[str, Any]) -> str:
    by = meta["by"]
    name = f"{by.get('user', 'unknown')} on {by.get('controller', 'unknown')}"
    return f"run {meta['id']} of {name}, since {stamp(meta['armed']['wall'])}"


def owned_of(meta: dict[str, Any]) -> Owned:
    return Owned(name for name in meta["owners"] if name in OWNERS)


def record_of(folder: Folder) -> Firewall:
    return from_record(folder.read("record.json"), owned_of(folder.meta))


def wrong_place(meta: dict[str, Any], moment: Moment) -> str:
    """Why this is not the network namespace that was recorded; "" if it is.

    An inode names a namespace only as long as the kernel runs. After a reboot it must be the namespace of the
    host's init, and must have been that when it was armed.
    """
    own, init = namespace(), namespace("/proc/1/ns/net")
    if moment.boot_id == meta["armed"]["boot_id"]:
        if own == meta["netns"]:
            return ""
        return f"this is another network namespace ({own}) than the one that was recorded ({meta['netns']})"
    if not meta["init_netns"]:
        return "the host was rebooted, and the network namespace that was recorded is gone with it"
    return "" if own == init else "the host was rebooted, and this is not the network namespace of its init"


def manual_steps(folder: Folder) -> list[str]:
    steps = [f"as root on the host's console: {folder.path('restore-now')}"]
    raw = [form.format(folder.path(name)) for name, form in RAW_SCRIPTS if os.path.exists(folder.path(name))]
    if raw:
        steps.append("if that fails, load what was recorded as it is: " + " && ".join(raw))
    return steps


def document(slot: Slot, moment: Moment, look: bool = True) -> dict[str, Any]:
    """The host's answer. ``look``: also read the firewall as it is now, and compare."""
    folder = slot.held()
    state = state_of(slot, folder)
    answer: dict[str, Any] = {
        "state": state,
        "protection": "arm_before",
        "disruption": "none",
        "messages": [],
    }
    live: Firewall | None = None
    recorded: Firewall | None = None
    if folder is not None:
        answer.update(_held_part(slot, folder, state, moment))
        answer["armed_fingerprint"] = folder.meta["fingerprint"]
    if look:
        recorded = record_of(folder) if folder is not None else None
        owned = owned_of(folder.meta) if folder is not None else Owned(OWNERS)
        try:
            live = observe(owned, recorded)
        except AgentError as error:
            answer["messages"].append(f"the firewall can't be read now: {error.what}")
    if live is not None:
        answer["fingerprint"] = fingerprint(live)
        if recorded is not None and "changed_tables" not in answer:
            answer["changed_tables"] = changed_all(recorded, live)
    return answer


def _held_part(slot: Slot, folder: Folder, state: str, moment: Moment) -> dict[str, Any]:
    meta, claim, outcome = folder.meta, folder.claim, folder.outcome
    messages: list[str] = []
    if not is_held(state, folder, moment) and state == "confirmed":
        messages.append("confirmed and never released; its time is up, so that another run may arm")
    left = remaining_of(folder, moment) if state in ("armed", "confirmed") else 0.0
    if state == "armed":
        messages += _armed_messages(folder, meta, left, moment)
    if claim is not None:
        messages.append(f"{claim['verb']} by {claim['by']} at {stamp(claim['at'])}")
    part: dict[str, Any] = {
        "id": meta["id"],
        "remaining": round(left, 1),
        "holder": meta["by"],
        "since": stamp(meta["armed"]["wall"]),
        "script": folder.path("restore-now"),
        "timer": meta["timer"].get("kind", ""),
        "survives_reboot": bool(meta["boot_hook"]) and file_system(slot.root) not in VOLATILE,
    }
    if state == "failed":
        messages.append("a restore was begun and is not proven: the firewall may be in neither state")
        part["manual"] = manual_steps(folder)
        part["proven"] = False
    if outcome is not None:
        part["proven"] = outcome["proven"]
        part["changed_tables"] = outcome["changed"]
        messages += outcome["messages"]
    part["messages"] = messages
    return part


def _armed_messages(folder: Folder, meta: dict[str, Any], left: float, moment: Moment) -> list[str]:
    messages: list[str] = []
    place = wrong_place(meta, moment)
    if place:
        messages.append(f"{place}: nothing would be restored from here")
    if moment.boot_id != meta["armed"]["boot_id"]:
        messages.append("the host was rebooted since it was armed")
    if not timer_alive(folder.folder):
        overdue = "it is overdue" if left <= 0 else "nothing will restore by itself"
        messages.append(
            f"the timer does not run: {overdue}; renew it, restore, or run `{folder.path('agent.py')} resume`"
        )
    return messages
