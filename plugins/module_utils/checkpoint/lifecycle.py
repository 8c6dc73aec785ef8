# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a checkpoint: armed, renewed, confirmed, released, dropped, taken over."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shlex
import shutil
import syslog
from typing import Any, Dict

from .fire import restore_now
from .host import INIT_NETNS, VOLATILE, AgentError, file_system, namespace, now, write_text
from .ipset import ipset_refill
from .nft import nft_replacing
from .owners import OWNERS, Owned
from .report import RAW_SCRIPTS, is_held, remaining_of, stamp, state_of, who
from .restore import prove
from .rules import Firewall, fingerprint, read_texts, require_tools, to_record, understand
from .saved import read_saved
from .store import Folder, Slot
from .timer import Deadline, install_boot, interpreter, remove_boot, start_timer, timer_alive
from .xtables import BACKENDS, save_format

LONGEST = 7 * 86400.0  # seconds
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_RESTORE_NOW = """\
#!/bin/sh
# Puts this host's firewall back as it was on {since}, before run {id}.
# Run it as root; it needs no Ansible and no network. It prints what it does; the log is beside it.
if [ -x {python} ]; then
    exec {python} -I {folder}/agent.py console {folder}
fi
echo "{python} is gone: loading what was recorded as it is"
{raw}
"""

Request = Dict[str, Any]


def _wanted_id(request: Request) -> str:
    name = str(request.get("id", ""))
    if not _ID.fullmatch(name):
        raise AgentError(
            f"{name!r} can't be a checkpoint's id",
            "use at most 64 letters, digits, dots, dashes and underscores",
        )
    return name


def _timeout(request: Request) -> float:
    timeout = float(request.get("timeout", 0))
    if not 1 <= timeout <= LONGEST:
        raise AgentError(f"a timer of {timeout:g} s is not possible", f"use 1 to {LONGEST:.0f} seconds")
    return timeout


def _by(request: Request) -> dict[str, str]:
    return _strings(request.get("by") or {})


def _strings(by: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in by.items()}


def _name(request: Request) -> str:
    by = _by(request)
    return f"{by.get('user', 'unknown')} on {by.get('controller', 'unknown')}"


def _mine(slot: Slot, request: Request) -> Folder:
    """The checkpoint that this host holds, if it is the request's."""
    wanted, folder = _wanted_id(request), slot.held()
    if folder is None:
        raise AgentError(f"no checkpoint {wanted} is held on this host", "arm one first")
    if folder.meta["id"] != wanted:
        raise AgentError(
            f"the checkpoint of this host is not {wanted}: it belongs to {who(folder.meta)}",
            "use its id, or take it over",
        )
    return folder


def _refuse(folder: Folder, state: str) -> AgentError:
    left = remaining_of(folder, now()) if state in ("armed", "confirmed") else 0.0
    seconds = f", {left:.0f} s left" if left else ""
    meta = folder.meta
    return AgentError(
        f"this host's checkpoint is {state} for {who(meta)}{seconds}",
        "wait for that run to end, or take the checkpoint over by hand, with a reason",
        held={
            "id": meta["id"],
            "state": state,
            "since": stamp(meta["armed"]["wall"]),
            "remaining": round(left, 1),
            **_strings(meta["by"]),
        },
    )


def _lost(folder: Folder, verb: str) -> AgentError:
    claim = folder.claim or {"verb": "?", "by": "?", "at": 0.0}
    return AgentError(
        f"too late to {verb}: {claim['verb']} by {claim['by']} was first, at {stamp(claim['at'])}",
        "look at what was restored, and begin again",
    )


def arm(slot: Slot, request: Request, program: str) -> list[str]:
    """Record the firewall, prove that it can be restored, start the timer. Any failure leaves nothing
    behind.
    """
    wanted, timeout = _wanted_id(request), _timeout(request)
    owners = list(request.get("owners", OWNERS))
    unknown = sorted(set(owners) - set(OWNERS))
    if unknown:
        raise AgentError(
            f"no dynamic owner is called {', '.join(unknown)}", f"use some of {', '.join(sorted(OWNERS))}"
        )
    slot.prepare()
    there = _there(slot, request, wanted, timeout)
    if there is not None:
        return there
    require_tools()
    texts, files = read_texts(), read_saved()
    recorded = understand(texts, files, Owned(owners))
    prove(recorded)
    draft: Folder | None = None
    try:
        draft = slot.draft()
        _write(slot, draft, request, recorded, to_record(texts, files), owners, program, wanted, timeout)
        with slot.lock():
            held = slot.held()
            if held is not None and _blocks(slot, held, request):
                raise _refuse(held, state_of(slot, held))
            folder = slot.take(draft, wanted)
            draft = None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise AgentError(
                f"no room in {slot.root} to record the firewall; nothing was armed",
                "free some megabytes there",
            ) from None
        raise
    finally:
        if draft is not None:
            shutil.rmtree(draft.folder, ignore_errors=True)
    messages = _start(slot, folder, request)
    request["newly_armed"] = True
    return messages


def _there(slot: Slot, request: Request, wanted: str, timeout: float) -> list[str] | None:
    """What to say if no new checkpoint is needed: the same run arms again, or takes over an armed one."""
    folder = slot.held()
    if folder is None:
        return None
    state, moment = state_of(slot, folder), now()
    if folder.meta["id"] == wanted and state == "armed":
        renew(slot, request)
        return [
            f"was armed already, since {stamp(folder.meta['armed']['wall'])}; "
            "that record stays, the timer is renewed"
        ]
    if not is_held(state, folder, moment):
        return None
    if not request.get("take_over"):
        raise _refuse(folder, state)
    if state == "restoring":
        raise AgentError("a restore is at work on this host", "wait for its end")
    return _take_over(slot, folder, request, timeout) if state == "armed" else None


def _blocks(slot: Slot, held: Folder, request: Request) -> bool:
    state = state_of(slot, held)
    return is_held(state, held, now()) and not (request.get("take_over") and state in ("confirmed", "failed"))


def _take_over(slot: Slot, folder: Folder, request: Request, timeout: float) -> list[str]:
    """The checkpoint becomes another run's, with what was recorded: that is the last state known to be
    good.
    """
    with slot.lock():
        if folder.claim is not None:
            raise _lost(folder, "take over")
        old = who(folder.meta)
        line = f"taken over from {old} by run {request['id']} of {_name(request)}: {request['take_over']}"
        folder.log(line, now())
        syslog.syslog(syslog.LOG_NOTICE, f"pathguard: checkpoint {line}")
        folder.write("meta.json", dict(folder.meta, id=str(request["id"]), by=_by(request)))
        folder.write("deadline.json", Deadline.after(timeout, now()).to_json())
    _keep_timer(folder)
    return [
        f"{line}; what is recorded is the firewall of {stamp(folder.meta['armed']['wall'])}, before that run"
    ]


def _write(
    slot: Slot,
    draft: Folder,
    request: Request,
    recorded: Firewall,
    record: dict[str, Any],
    owners: list[str],
    program: str,
    wanted: str,
    timeout: float,
) -> None:
    moment = now()
    draft.reserve()
    draft.write("record.json", record)
    _write_raw(draft, recorded)
    draft.write("deadline.json", Deadline.after(timeout, moment).to_json())
    draft.write(
        "meta.json",
        {
            "format": 1,
            "id": wanted,
            "by": _by(request),
            "armed": moment._asdict(),
            "fingerprint": fingerprint(recorded),
            "netns": namespace(),
            "init_netns": namespace() == namespace(INIT_NETNS),
            "owners": sorted(owners),
            "timer": {},
            "boot_hook": "",
            "wants_boot_hook": str(request.get("boot_hook", "auto")),
        },
    )
    draft.install("agent.py", program)
    draft.log(f"armed for {timeout:g} s by run {wanted} of {_name(request)}", moment)
    if request.get("take_over"):
        held = slot.held()
        if held is not None:
            draft.log(
                f"in place of {who(held.meta)} ({state_of(slot, held)}): {request['take_over']}", moment
            )


def _write_raw(draft: Folder, recorded: Firewall) -> None:
    """The record in the form that the tools themselves read, for a person without this program."""
    if recorded.nft:
        write_text(draft.path("nft.restore"), nft_replacing(list(recorded.nft.values()), []))
    if recorded.ipsets:
        write_text(draft.path("ipset.restore"), ipset_refill(list(recorded.ipsets.values())))
    for backend in BACKENDS:
        tables = list(recorded.tables[backend.key].values())
        if tables:
            write_text(draft.path(f"{backend.key}.rules"), save_format(tables))


def _start(slot: Slot, folder: Folder, request: Request) -> list[str]:
    try:
        raw = [
            form.format(shlex.quote(folder.path(name)))
            for name, form in RAW_SCRIPTS
            if os.path.exists(folder.path(name))
        ]
        meta = folder.meta
        folder.install(
            "restore-now",
            _RESTORE_NOW.format(
                since=stamp(meta["armed"]["wall"]),
                id=meta["id"],
                python=interpreter(),
                folder=folder.folder,
                raw="\n".join(raw),
            ),
        )
        meta["timer"] = start_timer(interpreter(), folder.path("agent.py"), folder.folder)
        meta["boot_hook"] = install_boot(
            meta["wants_boot_hook"], interpreter(), folder.path("agent.py"), folder.folder
        )
        folder.write("meta.json", meta)
    except (AgentError, OSError) as error:
        remove_boot()
        with contextlib.suppress(OSError):
            slot.drop(folder)
        if isinstance(error, OSError):
            raise AgentError(
                f"the timer could not be started; nothing was armed: {error.strerror}", f"look at {slot.root}"
            ) from None
        raise
    messages: list[str] = []
    if not meta["boot_hook"]:
        messages.append(
            "nothing starts the timer again at boot; "
            f"have the host's init run: {interpreter()} -I {folder.path('agent.py')} resume"
        )
    if file_system(slot.root) in VOLATILE:
        messages.append(f"{slot.root} lies on a {file_system(slot.root)}: a reboot would lose the checkpoint")
    if not meta["init_netns"]:
        messages.append("this is not the network namespace of the host's init: a reboot would end it")
    return messages


def _keep_timer(folder: Folder) -> list[str]:
    if timer_alive(folder.folder):
        return []
    start_timer(interpreter(), folder.path("agent.py"), folder.folder)
    return ["the timer did not run any more (reboot?) and was started again"]


def renew(slot: Slot, request: Request, least: bool = False) -> list[str]:
    """Move the deadline to ``timeout`` seconds from now; with ``least``, only if it is nearer."""
    folder, timeout = _mine(slot, request), _timeout(request)
    with slot.lock():
        if folder.claim is not None:
            raise _lost(folder, "renew")
        if not least or remaining_of(folder, now()) < timeout:
            folder.write("deadline.json", Deadline.after(timeout, now()).to_json())
    return _keep_timer(folder)


def confirm(slot: Slot, request: Request) -> list[str]:
    """Keep the change. The record stays until it is released, so that a peer's failure can still undo
    this.
    """
    folder = _mine(slot, request)
    with slot.lock():
        winner = folder.make_claim("confirm", _name(request), now())
    if winner is not None and winner["verb"] != "confirm":
        raise _lost(folder, "confirm")
    folder.log(f"confirmed by {_name(request)}", now())
    remove_boot()
    return []


def release(slot: Slot, request: Request) -> list[str]:
    """Forget a confirmed checkpoint: all peers are confirmed."""
    if slot.held() is None:
        return ["nothing was held"]
    folder = _mine(slot, request)
    with slot.lock():
        state = state_of(slot, folder)
        if state != "confirmed":
            raise AgentError(f"checkpoint {request['id']} is {state}, not confirmed", "confirm it first")
        slot.drop(folder)
    return []


def absent(slot: Slot, request: Request) -> list[str]:
    """Drop a checkpoint without restoring."""
    folder = slot.held()
    if folder is None:
        return ["nothing was held"]
    if not request.get("take_over"):
        folder = _mine(slot, request)
    with slot.lock():
        winner = folder.make_claim("absent", _name(request), now())
        if winner is not None and state_of(slot, folder) == "restoring":
            raise _lost(folder, "drop")
        reason = request.get("take_over") or "its own run"
        line = f"checkpoint of {who(folder.meta)} dropped by {_name(request)}: {reason}"
        syslog.syslog(syslog.LOG_NOTICE, f"pathguard: {line}")
        slot.drop(folder)
    remove_boot()
    return [line]


def restore(slot: Slot, request: Request) -> list[str]:
    """Put back what changed, also from ``confirmed`` and, if something changed again, after a restore."""
    folder = _mine(slot, request)
    restore_now(slot, folder, "restore", _name(request), str(request.get("reason", "")))
    return []
