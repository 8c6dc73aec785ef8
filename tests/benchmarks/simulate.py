# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits of more hosts than any machine here has, from measured costs: ``python -m tests.benchmarks.simulate``.

A discrete-event model. A node has slots; a slot runs one job, which is one process and uses one core. A job reads its
hosts by some workers that wait for the hosts side by side, while what they computes is done one after the other (Python's
lock); then it examines each host, judges, and writes. Slices wait for slots, a join for all slices of its part.
tests/benchmarks/costs.json has the costs, which test_audit.py measures; docs/scaling.md has the tables that this prints.
"""

from __future__ import annotations

import heapq
import json
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

COSTS = Path(__file__).resolve().parent / "costs.json"
SEED = 20231012
# Of a host of the network that was measured, on average; and what grows with them.
RULES = 161
OF_RULES = ("parse", "load", "examine", "index")
# Of a log-normal distribution; most hosts answer in about the usual time, and a few take several times as long.
SPREAD = 0.6


@dataclass(frozen=True)
class Costs:
    """Seconds of one core, but for ``login``, which is waiting; ``memory``: MiB, ``stored``: KiB.

    ``start``: of a job until its first host. ``login``: a host's login and commands. ``parse``: a host's output into
    rules, and its snapshot. ``load``: a saved snapshot. ``examine``: drift and hygiene of a host. ``index``: a host's part of
    proving anything. ``prove``: a path. ``report``: a host's part of all reports, ``tell`` a path's. ``memory_base``: a
    process without hosts.
    """

    start: float
    login: float
    parse: float
    load: float
    examine: float
    index: float
    prove: float
    report: float
    tell: float
    memory_base: float
    memory: float
    stored: float

    @classmethod
    def read(cls, path: Path = COSTS) -> Costs:
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{item.name: float(document["costs"][item.name]) for item in fields(cls)})


@dataclass(frozen=True)
class Job:
    """``hosts``: how many it reads. ``live``: by login, else from snapshots. ``examined``: whether it does that for them.
    ``paths``: how many it proves."""

    hosts: int
    live: bool = True
    examined: bool = True
    paths: int = 0
    workers: int = 10


@dataclass
class Ran:
    """Seconds on the clock, seconds of a core, MiB."""

    clock: float
    core: float
    memory: float


def reading(job: Job, costs: Costs, pick: random.Random) -> Ran:
    """All hosts read: a host waits for a worker, then for itself, then for the one core."""
    if not job.live:
        taken = job.hosts * costs.load
        return Ran(taken, taken, 0.0)
    # The mean is that of the costs: a log-normal's is exp(mu + sigma squared / 2).
    middle = math.log(costs.login) - SPREAD**2 / 2
    begun = min(job.workers, job.hosts)
    answers = [pick.lognormvariate(middle, SPREAD) for _worker in range(begun)]
    heapq.heapify(answers)
    core = 0.0
    while answers:
        # Who answered first is parsed first; then the worker turns to its next host.
        core = max(core, heapq.heappop(answers)) + costs.parse
        if begun < job.hosts:
            begun += 1
            heapq.heappush(answers, core + pick.lognormvariate(middle, SPREAD))
    return Ran(core, job.hosts * costs.parse, 0.0)


def run(job: Job, costs: Costs, pick: random.Random) -> Ran:
    """One job on a core of its own."""
    read = reading(job, costs, pick)
    rest = costs.start
    if job.examined:
        rest += job.hosts * costs.examine
    if job.paths:
        rest += job.hosts * costs.index + job.paths * costs.prove
    rest += job.hosts * costs.report + job.paths * costs.tell
    return Ran(rest + read.clock, rest + read.core, costs.memory_base + job.hosts * costs.memory)


@dataclass(frozen=True)
class Fleet:
    """``parts``: of the policies, each proven by a job of its own on the hosts of its paths (a region, an application).
    ``slices``: jobs that read the hosts of a part. ``shared``: hosts that each part needs besides (the core)."""

    hosts: int
    paths: int
    parts: int
    slices: int
    slots: int
    workers: int = 10
    shared: int = 0


def fleet(wanted: Fleet, costs: Costs, seed: int = SEED) -> dict[str, Any]:
    """The whole audit: slices first come, first served; the join of a part when its last slice has ended."""
    pick = random.Random(seed)
    own = _spread(wanted.hosts, wanted.parts)
    paths = _spread(wanted.paths, wanted.parts)
    slots = [0.0] * wanted.slots
    heapq.heapify(slots)
    ready: list[tuple[float, int]] = []
    ran: list[Ran] = []
    for part in range(wanted.parts):
        ends = []
        for hosts in _spread(own[part], wanted.slices):
            job = Job(hosts, workers=wanted.workers, paths=paths[part] if wanted.slices == 1 else 0)
            done = run(job, costs, pick)
            ran.append(done)
            ends.append(_on(slots, 0.0, done.clock))
        if wanted.slices > 1:
            heapq.heappush(ready, (max(ends), part))
        else:
            heapq.heappush(ready, (max(ends), -1))
    last = 0.0
    while ready:
        when, part = heapq.heappop(ready)
        last = max(last, when)
        if part >= 0:
            job = Job(own[part] + wanted.shared, live=False, examined=False, paths=paths[part])
            done = run(job, costs, pick)
            ran.append(done)
            last = max(last, _on(slots, when, done.clock))
    return {
        "clock": last,
        "core": sum(item.core for item in ran),
        "jobs": len(ran),
        "memory": max(item.memory for item in ran),
        "stored": wanted.hosts * costs.stored / 1024,
    }


def _spread(total: int, parts: int) -> list[int]:
    return [total // parts + (number < total % parts) for number in range(parts)]


def _on(slots: list[float], ready: float, takes: float) -> float:
    """The next free slot runs it; when it ends."""
    ends = max(heapq.heappop(slots), ready) + takes
    heapq.heappush(slots, ends)
    return ends


# One machine with all hosts at once; then slices, then parts as well.
SCENARIOS: Mapping[str, Fleet] = {
    "1,000 hosts, one job": Fleet(1_000, 1_000, 1, 1, 1),
    "1,000 hosts, 4 slices on 4 slots": Fleet(1_000, 1_000, 1, 4, 4),
    "5,000 hosts, one job": Fleet(5_000, 5_000, 1, 1, 1),
    "5,000 hosts, 8 slices on 8 slots": Fleet(5_000, 5_000, 1, 8, 8),
    "50,000 hosts, one job": Fleet(50_000, 50_000, 1, 1, 1),
    "50,000 hosts, 50 slices on 20 slots, one join": Fleet(50_000, 50_000, 1, 50, 20),
    "50,000 hosts, 50 parts on 20 slots": Fleet(50_000, 50_000, 50, 1, 20, shared=20),
    "50,000 hosts, 50 parts of 4 slices on 20 slots": Fleet(50_000, 50_000, 50, 4, 20, shared=20),
    "50,000 hosts, 50 parts of 4 slices on 100 slots": Fleet(50_000, 50_000, 50, 4, 100, shared=20),
}
HEAD = ("", "time", "cores' time", "jobs", "largest job", "snapshots")


def rows(costs: Costs) -> list[Sequence[str]]:
    found = []
    for name, wanted in SCENARIOS.items():
        done = fleet(wanted, costs)
        found.append(
            (
                name,
                duration(done["clock"]),
                duration(done["core"]),
                f"{done['jobs']}",
                f"{done['memory'] / 1024:.1f} GiB",
                f"{done['stored'] / 1024:.1f} GiB",
            )
        )
    return found


def duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def table(head: Sequence[str], found: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _cell in head[1:])], *found]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def document(costs: Costs) -> str:
    """The tables of docs/scaling.md."""
    units = json.loads(COSTS.read_text(encoding="utf-8"))["units"]
    listed = [
        (f"`{item.name}`", units[item.name], f"{getattr(costs, item.name):.3g}") for item in fields(costs)
    ]
    return f"{table(('cost', 'of', 'value'), listed)}\n\n{table(HEAD, rows(costs))}\n"


if __name__ == "__main__":
    print(document(Costs.read()))
