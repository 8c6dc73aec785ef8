# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo checks: firewalls, connections, and that nothing is left of a lab."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import topology
from .errors import LabError
from .process import HOST_ENVIRONMENT, Identity, in_parallel, inside, run
from .state import State

NAMESPACES = ("net", "mnt", "pid", "uts", "ipc")
# A new, authenticated connection and one query. It gives up after two seconds.
QUERY = (
    "import json, psycopg2; c = json.load(open('/etc/pathguard-app/app.json'));"
    "s = psycopg2.connect(host=c['host'], dbname=c['database'], user=c['user'], password=c['password'],"
    " connect_timeout=2); q = s.cursor(); q.execute('SELECT 1'); print(q.fetchone()[0])"
)


class Expect:
    """Says what was checked; raises LabError for the first thing that is not as told."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.count = 0

    def __call__(self, what: str, good: bool, found: str = "") -> None:
        if not good:
            raise LabError(f"NOT AS TOLD: {what}" + (f" ({found})" if found else ""))
        self.count += 1
        self._say(f"  ok: {what}")


def firewall_rules(host: Identity) -> str:
    """The rules in force, without what counters have counted (nft -s)."""
    return run(
        inside(host.pid, ["nft", "-s", "list", "ruleset"]), what="reading the rules", env=HOST_ENVIRONMENT
    )


def saved_rules(host: Identity) -> str:
    return Path(f"/proc/{host.pid}/root/etc/nftables.conf").read_text(encoding="utf-8")


def reaching(inits: dict[str, Identity]) -> list[str]:
    """The app hosts that get an answer to a query over a new connection."""

    def ask(name: str) -> bool:
        command = ["setsid", "--wait", "/usr/bin/python3", "-c", QUERY]
        try:
            return run(inside(inits[name].pid, command), what="asking", env=HOST_ENVIRONMENT) == "1\n"
        except LabError:
            return False

    answers = in_parallel(ask, topology.APP_HOSTS)
    return [name for name in topology.APP_HOSTS if answers[name]]


@dataclass(frozen=True)
class Remains:
    """What a lab consists of, noted while it runs, to be looked for when it is gone."""

    state: State
    inits: tuple[Identity, ...]
    namespaces: frozenset[str]

    @staticmethod
    def of(state: State) -> Remains:
        inits = tuple(state.running().inits.values())
        own = {_namespace("self", kind) for kind in NAMESPACES}
        found = {_namespace(str(one.pid), kind) for one in inits for kind in NAMESPACES}
        return Remains(state, inits, frozenset(found - own - {""}))

    def look(self) -> dict[str, list[str]]:
        """Kind -> what is still there."""
        folder = str(self.state.folder)
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
        return {
            "processes": [str(pid) for pid in _pids() if self._belongs(pid)],
            "namespaces": sorted(self._held()),
            "mounts": [line.split()[1] for line in mounts if folder in line],
            "files": [folder] if self.state.folder.exists() else [],
        }

    def _belongs(self, pid: str) -> bool:
        return any(one.pid == int(pid) and one.alive() for one in self.inits) or any(
            _namespace(pid, kind) in self.namespaces for kind in NAMESPACES
        )

    def _held(self) -> set[str]:
        return {_namespace(pid, kind) for pid in _pids() for kind in NAMESPACES} & self.namespaces


def _pids() -> list[str]:
    """Of processes that live: one that has ended and waits for init to notice holds nothing."""
    return [name for name in os.listdir("/proc") if name.isdigit() and Identity.of(int(name)) is not None]


def _namespace(pid: str, kind: str) -> str:
    """Its kind and number (namespaces(7)), empty for a process that has just ended."""
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
