# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where nobody listens on a port: the server of this host that should, and since when it is down. It only reads.

Run as ``python3 - ARGUMENT < stopped_agent.py``, where ARGUMENT is base64 of ``{"ports": [5432]}``. It answers with one
JSON document on stdout::

    {"ports": {port: null or {"name", "state", "since": seconds since 1970 or null, "said"}}}

``name``: a unit of systemd, or the folder of PostgreSQL's data where there is none; ``said``: what the newest log says
of the server's end. Null where nothing of the kind is found.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import time

PATIENCE = 10.0
POSTGRESQL = 5432
# Port -> units that serve it, as systemctl(1) takes patterns.
UNITS = {
    POSTGRESQL: ("postgresql*.service", "patroni*.service"),
    6432: ("pgbouncer*.service",),
    3306: ("mysql*.service", "mariadb*.service"),
    6379: ("redis*.service",),
}
SHOWN = "--property=Id,ActiveState,Result,InactiveEnterTimestampMonotonic"
SINCE = "InactiveEnterTimestampMonotonic"  # microseconds, 0 for a unit that never ran
# Where packages keep data and logs of PostgreSQL (Debian's postgresql-common, the RPMs of PostgreSQL).
ROOT = pathlib.Path("/")
DATA = ("var/lib/postgresql/*/*", "var/lib/postgresql/*", "var/lib/pgsql/*/data", "var/lib/pgsql/data")
LOGS = ("var/log/postgresql/*.log", "var/lib/pgsql/*/data/log/*.log", "var/lib/pgsql/data/log/*.log")
# What a server says of its own end; other lines may hold what nobody else is to read.
ENDING = re.compile(
    r"received (?:fast|smart|immediate) shutdown request|database system is shut down|terminated by signal \d+"
    r"|could not bind [^\"\n]{0,60}|No space left on device|out of memory"
)
LAST_BYTES = 8192


def units(patterns):
    """What systemd says of units that are loaded and do not run; none where there is no systemd."""
    try:
        done = subprocess.run(
            ["systemctl", "show", SHOWN, *patterns],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    parts = done.stdout.decode(errors="replace").split("\n\n") if done.returncode == 0 else []
    found = [dict(line.split("=", 1) for line in part.splitlines() if "=" in line) for part in parts]
    return [
        unit
        for unit in found
        if unit.get("Id")
        and unit.get("ActiveState") in ("inactive", "failed")
        and unit.get(SINCE, "").isdigit()
    ]


def of_systemd(port):
    """The unit that stopped last."""
    down = [unit for unit in units(UNITS[port]) if int(unit[SINCE])] if port in UNITS else []
    if not down:
        return None
    unit = max(down, key=lambda one: int(one[SINCE]))
    result = unit.get("Result", "success")
    state = unit["ActiveState"] + (f" ({result})" if result != "success" else "")
    booted = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
    return {"name": unit["Id"], "state": state, "since": booted + int(unit[SINCE]) / 1e6, "said": ""}


def of_data():
    """PostgreSQL's data that was written last: pg_control is, when a server stops (PostgreSQL, xlog.c)."""
    controls = [path / "global" / "pg_control" for pattern in DATA for path in ROOT.glob(pattern)]
    newest = max(
        (path for path in controls if path.exists()), key=lambda path: path.stat().st_mtime, default=None
    )
    if newest is None:
        return None
    folder = newest.parent.parent
    found = {"name": str(folder), "state": "closed", "since": newest.stat().st_mtime, "said": ""}
    if (folder / "postmaster.pid").exists():
        found.update(state="not closed (postmaster.pid is left of a server that died)", since=None)
    return found


def last_words():
    """The file, and what it says of the server's end last; empty where nothing of the kind is in its last lines."""
    logs = [path for pattern in LOGS for path in ROOT.glob(pattern)]
    newest = max(logs, key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        return ""
    with newest.open("rb") as file:
        file.seek(max(0, newest.stat().st_size - LAST_BYTES))
        found = ENDING.findall(file.read().decode(errors="replace"))
    return f"{newest}: {found[-1]}" if found else ""


def stopped(port):
    found = of_systemd(port)
    if port != POSTGRESQL:
        return found
    try:
        found = found or of_data()
        if found:
            found["said"] = last_words()
    except OSError:  # what can't be read tells nothing
        return found
    return found


def main():
    request = json.loads(base64.b64decode(sys.argv[1]))
    json.dump({"ports": {str(port): stopped(port) for port in request["ports"]}}, sys.stdout)
    print()  # pylint: disable=ansible-bad-function  # a program, no module


if __name__ == "__main__":
    main()
