# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulation of docs/scaling.md: beside the real queue of workers, by its own laws, and what the page says of it."""

from __future__ import annotations

import math
import random
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather import pool
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from tests.benchmarks import simulate
from tests.benchmarks.simulate import Costs, Fleet, Job, fleet, reading, run

COSTS = Costs.read()
NEAR = 0.25
TRIES = 3  # of a measurement on a machine that does other things, too


class _Host:
    """A channel to a host that takes its time to answer."""

    def __init__(self, access: HostAccess) -> None:
        self.host = access.name
        time.sleep(float(access.address))

    def close(self) -> None:
        """Nothing is open."""


# It mostly waits, and knows nothing of Ansible.
@pytest.mark.device
@pytest.mark.parametrize("workers", [4, 20])
def test_the_queue_of_workers_is_as_the_real_one(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setattr(pool, "open_channel", _Host)
    costs = replace(COSTS, login=0.04 * workers, parse=0.002)
    hosts, one_core = 60, threading.Lock()
    pick = random.Random(7)
    middle = math.log(costs.login) - simulate.SPREAD**2 / 2
    waits = [pick.lognormvariate(middle, simulate.SPREAD) for _host in range(hosts)]

    def parse(_channel: object) -> None:
        with one_core:
            time.sleep(costs.parse)

    said = reading(Job(hosts, workers=workers), costs, random.Random(7)).clock
    ratios = []
    for _try in range(TRIES):
        start = time.monotonic()
        pool.on_hosts(
            [HostAccess(f"h{n}", str(wait)) for n, wait in enumerate(waits)], parse, workers=workers
        )
        ratios.append(said / (time.monotonic() - start))
        if abs(ratios[-1] - 1) <= NEAR:
            break
    assert abs(ratios[-1] - 1) <= NEAR, ratios


def test_one_worker_waits_for_each_host_and_many_for_the_core() -> None:
    alone = reading(Job(500, workers=1), COSTS, random.Random(1)).clock
    assert alone == pytest.approx(500 * (COSTS.login + COSTS.parse), rel=0.1)
    many = reading(Job(20_000, workers=20_000), replace(COSTS, parse=0.01), random.Random(1)).clock
    assert many == pytest.approx(20_000 * 0.01, rel=0.1)


def test_what_a_job_computes_is_the_sum_of_its_parts() -> None:
    job = Job(100, live=False, paths=50)
    done = run(job, COSTS, random.Random(1))
    hosts = COSTS.load + COSTS.examine + COSTS.index + COSTS.report
    assert done.core == pytest.approx(COSTS.start + 100 * hosts + 50 * (COSTS.prove + COSTS.tell))
    assert done.clock == done.core
    assert done.memory == COSTS.memory_base + 100 * COSTS.memory


def test_slots_divide_the_time_and_not_the_work() -> None:
    one = fleet(Fleet(4_000, 400, 8, 1, 1), COSTS)
    four = fleet(Fleet(4_000, 400, 8, 1, 4), COSTS)
    assert four["clock"] == pytest.approx(one["clock"] / 4, rel=0.05)
    assert four["core"] == pytest.approx(one["core"])
    assert (one["jobs"], four["jobs"]) == (8, 8)


def test_a_join_waits_for_its_last_slice() -> None:
    wanted = Fleet(1_000, 1_000, 1, 4, 4)
    done = fleet(wanted, COSTS)
    slices = reading(Job(250), COSTS, random.Random(simulate.SEED)).clock
    join = run(Job(1_000, live=False, examined=False, paths=1_000), COSTS, random.Random(1)).clock
    assert done["clock"] > slices + join
    assert done["jobs"] == 5


def test_the_page_says_what_the_simulation_says_now(root: Path) -> None:
    page = (root / "docs" / "scaling.md").read_text(encoding="utf-8")
    for found in simulate.document(COSTS).split("\n\n"):
        assert found.strip() in page, f"write this into docs/scaling.md:\n{found}"
