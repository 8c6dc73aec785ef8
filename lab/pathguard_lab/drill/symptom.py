# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users see: the application's own new connections and its pools, watched for a while."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .. import topology
from ..process import Identity
from ..services import app_status
from .catalogue import Fault

# A failing application tries again every five seconds: three seconds for the attempt, two between them.
WATCH_SECONDS = 12.0
LOOK_SECONDS = 0.2
# Pieces of libpq's messages -> what a user would say.
KINDS = {
    "timeout": "time out",
    "refused": "are refused",
    "No route": "find no way",
    "unreachable": "find no way",
    "translate host": "find no name",
}


@dataclass(frozen=True)
class Attempt:
    """One new connection of an application host; ``at``: when it ended, in seconds since the epoch."""

    host: str
    at: float
    ok: bool
    error: str


def watch(
    inits: Mapping[str, Identity], since: float, seconds: float = WATCH_SECONDS
) -> tuple[list[Attempt], dict[str, dict[str, Any]]]:
    """All attempts that ended after ``since``, and each host's pool (size, alive) at the end."""
    seen: dict[tuple[str, float], Attempt] = {}
    pools: dict[str, dict[str, Any]] = {}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for name in topology.APP_HOSTS:
            status = app_status(inits[name])
            new = status["new_connection"] if status else {"at": None}
            if status:
                pools[name] = status["pool"]
            if new["at"] and new["at"] > since:
                seen[name, new["at"]] = Attempt(name, new["at"], bool(new["ok"]), str(new["error"] or ""))
        time.sleep(LOOK_SECONDS)
    return sorted(seen.values(), key=lambda one: one.at), pools


def lines(attempts: Iterable[Attempt], pools: Mapping[str, Mapping[str, Any]], fault: Fault) -> list[str]:
    """The symptom as the shop's monitoring tells it; where that sees nothing, as somebody who calls tells it."""
    attempts = list(attempts)
    failed = [one for one in attempts if not one.ok]
    alive, size = (sum(pool[key] for pool in pools.values()) for key in ("alive", "size"))
    pooled = f"of {size} connections in the pools {alive} work"
    if not failed:
        seen = f"The shop's monitoring sees nothing: all {len(attempts)} new connections worked; {pooled}."
        return [seen, f"But somebody calls: {fault.symptom}"]
    hosts = {one.host for one in failed}
    since = datetime.fromtimestamp(failed[0].at, timezone.utc).strftime("%H:%M:%S")
    share = f"{len(failed)} of {len(attempts)} new connections to the database {_kind(failed)} (since {since} UTC)"
    hides = "; so most pages still work, some only slowly" if alive and len(hosts) < len(pools) else ""
    return [
        f"{share}, on {len(hosts)} of {len(pools)} shop servers.",
        f"But {pooled}{hides}." if alive else f"And {pooled}.",
    ]


def _kind(failed: list[Attempt]) -> str:
    """What befalls most of them."""
    for piece, words in KINDS.items():
        if sum(piece in one.error for one in failed) * 2 > len(failed):
            return words
    return "fail"
