# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask one host's checkpoint agent to do one thing, over an open channel.

Every function sends the agent over stdin, runs it as root, and returns the host's ``CheckpointStatus``.
All raise CheckpointError when the agent refuses (the message says why and what to do) and pass on the
channel's GatherError when there is no answer.
"""

from __future__ import annotations

import base64
import getpass
import json
import shlex
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import CheckpointError
from ..gather.agents import MISSING, no_python
from ..gather.channel import Channel, Reply
from .bundle import agent_source
from .status import CheckpointStatus, HeldError, Holder

DEFAULT_TIMEOUT = 300.0
# A ruleset of 100,000 rules is read, written and proved loadable in about 20 s on a slow core.
CALL_TIMEOUT = 120.0

# The agent reads its own text, so that it can install itself. -I: nothing from the login user's folders
# is imported, because this runs as root.
_LAUNCH = (
    "import sys; s = sys.stdin.read(); "
    "exec(compile(s, 'checkpoint_agent', 'exec'), {'__name__': '__main__', 'PROGRAM': s})"
)


def holder() -> dict[str, str]:
    """Who asks: the local user and this machine's name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return {"user": user, "controller": socket.gethostname()}


def call(
    channel: Channel, request: Mapping[str, Any], *, python: str = "python3", timeout: float = CALL_TIMEOUT
) -> CheckpointStatus:
    """Send one request ``{do: verb, ...}`` to the host's agent and read its answer."""
    words = base64.b64encode(json.dumps(request).encode()).decode()
    command = f"{shlex.quote(python)} -I -c {shlex.quote(_LAUNCH)} {words}"
    reply = channel.run(command, stdin=agent_source(), become=True, timeout=timeout)
    if reply.rc in MISSING:
        raise CheckpointError(*no_python(channel.host, python, "a checkpoint"))
    return _read(channel.host, str(request.get("do", "")), reply)


def _read(host: str, verb: str, reply: Reply) -> CheckpointStatus:
    line = reply.stdout.strip().rpartition("\n")[2]
    try:
        answer = json.loads(line)
        document, error = dict(answer["checkpoint"]), answer.get("error")
    except (ValueError, KeyError, TypeError):
        said = (reply.stderr.strip() or reply.stdout.strip() or "nothing")[-300:]
        raise CheckpointError(
            f"no answer from the checkpoint agent ({verb}, exit status {reply.rc}): {said}",
            host,
            "look whether python3 (3.8 or later) is there and the login may become root",
        ) from None
    if error:
        told = str(error.get("what", "")), host, str(error.get("todo", ""))
        if error.get("held"):
            raise HeldError(*told, Holder.read(error["held"]))
        raise CheckpointError(*told)
    return CheckpointStatus.read(host, document)


def arm(
    channel: Channel,
    run_id: str,
    timeout: float = DEFAULT_TIMEOUT,
    *,
    by: Mapping[str, str] | None = None,
    take_over: str = "",
    owners: Sequence[str] | None = None,
    boot_hook: str = "auto",
    python: str = "python3",
) -> CheckpointStatus:
    """Record the firewall as it is now and start the timer that puts it back after ``timeout`` seconds.

    Refused while another run holds the host's checkpoint. ``take_over``: a reason; the other run's
    checkpoint, with what *it* recorded, becomes this run's. ``owners``: dynamic owners whose rules are left
    alone, by default all that are known. The same run may arm again: that renews the timer and records
    nothing anew.
    """
    request: dict[str, Any] = {
        "do": "arm",
        "id": run_id,
        "timeout": timeout,
        "by": dict(by or holder()),
        "take_over": take_over,
        "boot_hook": boot_hook,
    }
    if owners is not None:
        request["owners"] = list(owners)
    return call(channel, request, python=python)


def renew(
    channel: Channel, run_id: str, timeout: float = DEFAULT_TIMEOUT, *, python: str = "python3"
) -> CheckpointStatus:
    """Let the timer run for ``timeout`` seconds from now."""
    return call(channel, {"do": "renew", "id": run_id, "timeout": timeout, "by": holder()}, python=python)


def hold(channel: Channel, run_id: str, margin: float = 60.0, *, python: str = "python3") -> CheckpointStatus:
    """Make sure that the checkpoint is still armed, and stays so for at least ``margin`` seconds."""
    return call(channel, {"do": "hold", "id": run_id, "timeout": margin, "by": holder()}, python=python)


def confirm(channel: Channel, run_id: str, *, python: str = "python3") -> CheckpointStatus:
    """Keep the change on this host; it can still be restored until ``release``. Refused if the timer was
    first.
    """
    return call(channel, {"do": "confirm", "id": run_id, "by": holder()}, python=python)


def release(channel: Channel, run_id: str, *, python: str = "python3") -> CheckpointStatus:
    """Forget a confirmed checkpoint, because all peers of its run are confirmed."""
    return call(channel, {"do": "release", "id": run_id, "by": holder()}, python=python)


def restore(channel: Channel, run_id: str, reason: str = "", *, python: str = "python3") -> CheckpointStatus:
    """Put back what changed since arming, now. Where nothing changed, nothing is touched.

    ``state`` is then ``restored`` (or ``fired``, where the timer was first) with ``proven`` true, or
    ``failed`` with ``manual`` steps.
    """
    return call(channel, {"do": "restore", "id": run_id, "reason": reason, "by": holder()}, python=python)


def absent(
    channel: Channel, run_id: str, *, take_over: str = "", python: str = "python3"
) -> CheckpointStatus:
    """Drop a checkpoint without restoring. ``take_over``: a reason, if it belongs to another run."""
    return call(
        channel, {"do": "absent", "id": run_id, "take_over": take_over, "by": holder()}, python=python
    )


def status(channel: Channel, *, python: str = "python3") -> CheckpointStatus:
    """Who holds the host's checkpoint; never an error where there is none."""
    return call(channel, {"do": "status"}, python=python)
