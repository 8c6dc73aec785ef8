# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of ours that run on a managed host: sent over stdin, a JSON document back, no file left."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import GatherError
from .channel import Channel

FOLDER = Path(__file__).resolve().parents[2] / "module_utils"


# What a shell says of a program that is not there, or that can't be run (sh(1)).
MISSING = (126, 127)


def no_python(host: str, python: str, what_for: str) -> tuple[str, str, str]:
    """What, where and what to do of an error, where a host's shell does not find its Python."""
    return (
        f"there is no Python at {python}, and {what_for} needs 3.8 or later on the host",
        host,
        "install python3 there, or set ansible_python_interpreter; firewall_info works without it",
    )


@cache
def source(name: str) -> str:
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def run_agent(
    channel: Channel,
    name: str,
    request: Mapping[str, Any],
    *,
    python: str = "python3",
    become: bool = False,
    timeout: float | None = None,
) -> dict[str, Any]:
    """``name``: a file of module_utils. The request is seen in the host's process list: no secrets in it.

    Raises GatherError if there is no Python, or the agent does not answer with JSON.
    """
    argument = base64.b64encode(json.dumps(request).encode()).decode()
    command = f"exec {shlex.quote(python)} - {argument}"
    reply = channel.run(command, stdin=source(name), become=become, timeout=timeout)
    if reply.rc in MISSING:
        raise GatherError(*no_python(channel.host, python, name))
    try:
        answer = json.loads(reply.stdout)
    except json.JSONDecodeError:
        lines = [line for line in reply.stderr.splitlines() if line.strip()]
        raise GatherError(
            f"{name} gives no answer (exit status {reply.rc}): {' / '.join(lines[-2:]) or 'it says nothing'}",
            channel.host,
            f"Python 3.8 or later is needed there; {python} was used: see ansible_python_interpreter",
        ) from None
    if not isinstance(answer, dict):
        raise GatherError(
            f"{name} gives a strange answer", channel.host, f"see what {python} is on this host"
        )
    return answer
