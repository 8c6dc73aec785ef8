# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook failover_rehearsal: nothing is promoted that is not proven, and what is promoted is written on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.pathguard_lab.failover import PATTERNS, REHEARSAL, Failover
from lab.pathguard_lab.state import State
from tests.integration.lab_fixture import INVENTORY, Lab


@pytest.mark.long
def test_a_rehearsal_in_the_lab(fresh_lab: Lab, tmp_path: Path) -> None:
    """Each step checks itself, and raises LabError for what is not as told."""
    fresh_lab.run("ctl", "true", check=True)  # the fixture knows that the lab was used
    failover = Failover(State(fresh_lab.state_dir), tmp_path, say=lambda _text: None)
    failover.proven()
    failover.refused()
    failover.reset()
    failover.promoted()
    failover.restored()
    assert failover.expect.count == 17


@pytest.mark.long
def test_replication_that_is_cut_one_way_only_is_refused(fresh_lab: Lab, tmp_path: Path) -> None:
    """The standby follows still; after the failover the old primary could not."""
    fresh_lab.run(
        "db2", "nft insert rule inet filter input ip saddr 10.20.1.10 tcp dport 5432 drop", check=True
    )
    fresh_lab.run(
        "db2", "nft insert rule inet filter input ip6 saddr fd00:20:1::a tcp dport 5432 drop", check=True
    )
    failover = Failover(State(fresh_lab.state_dir), tmp_path, say=lambda _text: None)
    done = failover.promote()
    assert done.code == 2
    assert "nothing was promoted. It is the firewall: db2" in done.output
    assert failover.in_recovery("db2")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"failover_from": None}, "Name the hosts: -e failover_from=app", marks=pytest.mark.long),
        pytest.param(
            {"failover_standby": "db_stanby"},
            "No host of the inventory matches failover_standby (db_stanby)",
            marks=pytest.mark.long,
        ),
        ({"failover_tasks": "promote.yml"}, "promote.yml (failover_tasks)"),
    ],
)
def test_mistakes_change_nothing(tmp_path: Path, given: dict[str, str | None], says: str) -> None:
    variables = {name: value for name, value in {**PATTERNS, **given}.items() if value is not None}
    done = subprocess.run(
        [f"{sys.prefix}/bin/ansible-playbook", "-i", INVENTORY, REHEARSAL, "-e", json.dumps(variables)],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    said = " ".join((done.stdout + done.stderr).split())
    assert says in said
    assert "Nothing was changed." in said
    assert "PLAY [Fail over" not in said
    assert list(tmp_path.iterdir()) == []
