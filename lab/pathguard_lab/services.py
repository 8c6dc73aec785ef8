# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on the hosts: the databases, the applications, and a look at what has changed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import topology
from .errors import LabError
from .process import HOST_ENVIRONMENT, Identity, in_parallel, inside, run

APP_WAIT_SECONDS = 20.0


def on_host(host: Identity, *command: str, what: str) -> str:
    """Run as root on a host, in a session of its own, and return what it said."""
    return run(inside(host.pid, ["setsid", "--wait", *command]), what=what, env=HOST_ENVIRONMENT)


def make_primary(host: Identity) -> None:
    on_host(host, "/usr/local/sbin/lab-postgresql", "make-primary", what="making the primary database on db1")


def make_standby(host: Identity) -> None:
    on_host(
        host,
        "/usr/local/sbin/lab-postgresql",
        "make-standby",
        "db1",
        what="making the standby database on db2",
    )


def app_status(host: Identity) -> dict[str, Any] | None:
    """The application's status.json (see app.py), None when there is none yet."""
    try:
        status: dict[str, Any] = json.loads(
            Path(f"/proc/{host.pid}/root/run/pathguard-app/status.json").read_text(encoding="utf-8")
        )
    except FileNotFoundError:
        return None
    return status


def await_apps(inits: dict[str, Identity], names: Iterable[str] = topology.APP_HOSTS) -> None:
    """Wait until the pools are full and a new connection works, on each of these app hosts."""
    since, deadline = time.time(), time.monotonic() + APP_WAIT_SECONDS
    waiting, last = list(names), "it does not even write its status"
    while waiting:
        if time.monotonic() > deadline:
            raise LabError(
                f"the application on {', '.join(waiting)} has no database after "
                f"{APP_WAIT_SECONDS:.0f} s\n{last}"
            )
        for name in list(waiting):
            status = app_status(inits[name])
            if status is None:
                continue
            new, pool = status["new_connection"], status["pool"]
            last = str(new["error"])
            if new["ok"] and new["at"] >= since and pool["alive"] == pool["size"]:
                waiting.remove(name)
        time.sleep(0.05)


def fingerprints(inits: dict[str, Identity], names: Iterable[str] = tuple(topology.HOSTS)) -> dict[str, str]:
    """What can be changed on each host, as text that stays the same while nothing has."""
    texts = in_parallel(
        lambda name: on_host(inits[name], "/usr/local/sbin/lab-fingerprint", what=f"looking at {name}"), names
    )
    return {name: str(text) for name, text in texts.items()}
