# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard on what paths ask beside being open: boot, the standby, siblings, waivers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.guard.after import CONFIRMED, REVERTED
from tests.support.guard_scene import NARROW, PATH, POLICY, WIDE, Scene

SAVED = {"matches": "same", "reason": "", "sources": []}
FORGOTTEN = {"matches": "differs", "reason": "inet/filter runs, and is not saved", "sources": []}
[PRIMARY] = POLICY["requiredPaths"]


def asking(**changes: Any) -> dict[str, Any]:
    return {"requiredPaths": [{**PRIMARY, **changes}]}


def scene(folder: Path) -> Scene:
    found = Scene(folder)
    for host in found.site.hosts.values():
        host.state.boot = dict(SAVED)
    return found


def test_fault_21_a_change_that_is_not_saved_is_put_back_where_the_path_must_outlast_a_reboot(
    tmp_path: Path,
) -> None:
    run = scene(tmp_path)
    assert not run.begin(policy=asking(persistent="required")).stopped
    run.change(WIDE)
    run.site.hosts["fw1"].state.boot = dict(FORGOTTEN)
    found = run.end()
    assert found.decision == REVERTED or found.decision == "unproven"
    assert any("boot would not load what runs on fw1" in reason for reason in found.reasons)


def test_fault_18_a_standby_that_was_cut_off_before_does_not_stop_a_change(tmp_path: Path) -> None:
    run = scene(tmp_path)
    run.change(copy.deepcopy(NARROW))
    begun = run.begin(policy=asking(standby=True))
    assert not begun.stopped
    assert [item["kind"] for item in begun.proof.document["findings"] if item["severity"] == "high"] == [
        "standby"
    ]
    assert run.end().decision == CONFIRMED


def test_a_standby_that_the_change_cuts_off_is_put_back(tmp_path: Path) -> None:
    run = scene(tmp_path)
    run.begin(policy=asking(standby=True))
    run.change(NARROW)
    assert run.end().decision == REVERTED


def test_a_waived_violation_does_not_stop_a_change_and_an_expired_one_does(tmp_path: Path) -> None:
    waiver = {"reason": "moves next year", "expires": "2099-12-31"}
    for expires, stops in (("2099-12-31", False), ("2020-01-01", True)):
        run = scene(tmp_path / expires)
        run.change(copy.deepcopy(NARROW))
        begun = run.begin(policy=asking(waiver={**waiver, "expires": expires}))
        assert bool(begun.stopped) is stops


def test_siblings_that_part_ways_are_put_back(tmp_path: Path) -> None:
    run = scene(tmp_path)
    both = {"siblings": [{"hosts": ["fw1", "fw2"]}]}
    assert not run.begin(policy=both).stopped
    run.change(WIDE)
    found = run.end()
    assert found.decision == REVERTED
    assert any("fw1, fw2 must decide alike" in reason for reason in found.reasons)
    assert PATH not in " ".join(found.reasons)
