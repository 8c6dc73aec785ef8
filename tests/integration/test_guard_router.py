# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guarded update that breaks the access list of an IOS router on the path: caught, named, and put back by the router."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import yaml

from tests.integration.guard_play import ENVIRONMENT, Guarded
from tests.integration.lab_fixture import Lab
from tests.integration.router import POLICY, Router, lines_for_a_third_less, router

_SETTINGS = {"policy": "policy.yml", "hops": "r1", "protect": "r1", "probe": True}


def _ready(found: Router) -> Guarded:
    (found.folder / "policy.yml").write_text(yaml.safe_dump(POLICY))
    assert found.lab.query("app09").returncode == 0, "the router lets the application through"
    assert found.lab.run("app09", "nc -z -w 2 10.20.1.10 22").returncode != 0, "and nothing else"
    return Guarded(found.lab, found.folder)


def test_the_routers_own_timer_puts_it_back(fresh_lab: Lab, tmp_path: Path) -> None:
    """Ansible is killed right after the change: nobody is left but the router."""
    with router(fresh_lab, tmp_path, minute=5.0) as found:
        guarded = _ready(found)
        before = found.config()
        done = tmp_path / "changed"
        tasks = [
            found.typing(*lines_for_a_third_less()),
            {
                "name": "Say so, and go on with something long",
                "ansible.builtin.shell": f"touch {done}; sleep 120",
                "delegate_to": "localhost",
                "vars": {"ansible_connection": "local", "ansible_become": False},
                "run_once": True,
                "changed_when": True,
            },
        ]
        _run_until(guarded, found, tasks, done)
        assert found.config() != before
        assert fresh_lab.query("app09").returncode != 0, "the application is cut off"
        deadline = time.monotonic() + 40
        while found.config() != before:
            assert time.monotonic() < deadline, "the router's timer never ended"
            time.sleep(0.5)
        assert fresh_lab.query("app09").returncode == 0
        assert "configure revert now" not in found.commands()


def _run_until(guarded: Guarded, found: Router, tasks: list[dict[str, object]], done: Path) -> None:
    """Start the guarded play, and kill it as soon as the file ``done`` is there."""
    guarded.write("change.yml", tasks)
    settings = {"change_tasks": "change.yml", "settle": 0, "timeout": 200, **_SETTINGS}
    play = {
        "name": "Update",
        "hosts": "app01,app09",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Update behind the guard",
                "ansible.builtin.import_role": {"name": "pathguard.network.path_guard"},
                "vars": {f"path_guard_{name}": value for name, value in settings.items()},
            }
        ],
    }
    guarded.write("play.yml", [play])
    command = ["ansible-playbook", *found.inventories, str(found.folder / "play.yml")]
    told = found.folder / "output"
    with told.open("w") as output:  # no pipe: what outlives ansible-playbook would keep it open
        process = found.lab.start_in_controller(
            command, env=ENVIRONMENT, stdout=output, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + 90
    try:
        while not done.exists():
            assert process.poll() is None, told.read_text()
            assert time.monotonic() < deadline, told.read_text()
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
