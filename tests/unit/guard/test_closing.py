# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play has left open is closed, run by run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError, GuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.guard import record
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.closing import close_open


def begun(folder: Path, name: str, decision: str = "") -> None:
    run = record.Run(name, record.now(), {}, "policy.yml", {}, ["fw1"], ["app08"], 300, True, False, True)
    run.decision = decision
    (folder / name).mkdir()
    run.write(folder / name)


def test_runs_without_a_decision_are_restored_once(tmp_path: Path) -> None:
    begun(tmp_path, "r1", "confirmed")
    begun(tmp_path, "r2")
    assert close_open(["r1", "r2", "r2"], tmp_path, lambda run_id: f"{run_id} is back") == ["r2 is back"]
    assert close_open([], tmp_path, str) == []


def test_a_run_that_is_damaged_does_not_keep_the_others_from_being_restored(tmp_path: Path) -> None:
    for name in ("r1", "r2", "r3", "r4"):
        begun(tmp_path, name)
    (tmp_path / "r1" / "run.json").write_text("{")
    restored: list[str] = []

    def restore(run_id: str) -> None:
        if run_id == "r3":
            raise GatherError("no login", "fw1", "look")
        restored.append(run_id)

    with pytest.raises(GuardError) as caught:
        close_open(["r1", "r2", "r3", "r4"], tmp_path, restore)
    assert restored == ["r2", "r4"]
    assert caught.value.what.startswith(
        "2 of 4 runs that were left open could not be closed: run r1: the run's record"
    )
    assert caught.value.what.endswith("run r3: no login")
    assert "timers" in caught.value.todo
