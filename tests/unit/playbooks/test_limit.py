# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of which --limit or --tags leave nothing: Ansible ends with 0 then, unless something before fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
NAMES = sorted(path.stem for path in PLAYBOOKS.glob("*.yml"))
# Hosts are asked for by a pattern, which --limit makes narrower.
BY_PATTERN = {
    "audit": "audit_hosts",
    "audit_join": "audit_hosts",
    "guarded_update": "guarded_update_hosts",
}


def plays(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_whatever_limit_leaves_it_leaves_a_host_of_the_first_play(name: str) -> None:
    first = plays(PLAYBOOKS / f"{name}.yml")[0]
    assert first["hosts"] == ["localhost", "all"]
    [task, *more] = first["tasks"]
    assert all((one["tags"], one["run_once"]) == ("always", True) for one in more)
    told = task.get("ansible.builtin.import_tasks")
    [task] = plays(PLAYBOOKS / told) if told else [task]
    assert (task["tags"], task["run_once"]) == ("always", True)
    asked = task["ansible.builtin.assert"]["that"]
    assert (
        ("ansible_limit" in asked)
        if name in BY_PATTERN
        else (asked == "'localhost' in ansible_play_hosts_all")
    )


@pytest.mark.parametrize("name", ["audit", "audit_join", "diagnose", "document", "monitor"])
def test_no_choice_of_tags_leaves_the_work_out(name: str) -> None:
    for play in plays(PLAYBOOKS / f"{name}.yml"):
        for task in play["tasks"]:
            assert task.get("tags") == "always" or "ansible.builtin.import_tasks" in task, task["name"]


def test_an_update_is_closed_by_whoever_is_left() -> None:
    """All hosts may be lost, and --limit may leave localhost out: the first that is there does it, once."""
    *_before, update, close = plays(PLAYBOOKS / "guarded_update.yml")
    assert close["hosts"] == ["localhost", update["hosts"]]
    assert "connection" not in close, "the hosts' own logins are not to be replaced"
    [task] = close["tasks"]
    role = task["ansible.builtin.import_role"]
    assert (role["tasks_from"], role["rolespec_validate"]) == ("close", False)
    warning = plays(PLAYBOOKS / "guarded_update.yml")[0]["tasks"][1]
    assert warning["when"] == "'localhost' not in ansible_play_hosts_all"
    assert "path_guard_timeout" in warning["ansible.builtin.debug"]["msg"]


def test_an_update_without_hosts_is_told_and_no_error_of_a_template() -> None:
    [look, *_more] = plays(PLAYBOOKS / "guarded_update.yml")[0]["tasks"]
    asked = look["ansible.builtin.assert"]
    assert "guarded_update_hosts | default('guarded_update_hosts_is_not_set')" in asked["that"]
    assert "({{ guarded_update_hosts | default('not set') }})" in asked["fail_msg"]


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_limit_that_leaves_nobody_is_no_success(name: str, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("all: {children: {app: {hosts: {a1: {}}}, db: {hosts: {d1: {}}}}}\n")
    variable = BY_PATTERN.get(name)
    wanted = ["-e", f"{variable}=app"] if variable else []
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            str(inventory),
            "--limit",
            "d1",
            *wanted,
            str(PLAYBOOKS / f"{name}.yml"),
        ],
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "(d1)" in done.stdout + done.stderr
    assert "nothing was" in done.stdout + done.stderr


def test_a_drill_that_could_not_begin_says_why() -> None:
    """A command that fails is told by its return code alone, and what it said stands in a heap of JSON."""
    drill = plays(PLAYBOOKS / "drill.yml")[1]
    _look, run, proven, last = drill["tasks"]
    assert run["failed_when"] is False
    assert "stdout" in proven["when"], "what was proven is told of a failure, too"
    assert last["ansible.builtin.assert"]["that"] == "drill_result.rc == 0"
    assert last["ansible.builtin.assert"]["fail_msg"].startswith("{{ drill_result.stderr")
