# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkpoint modules from real playbooks, over real SSH, on the lab's firewalls."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gather_play import Played, play
from tests.integration.lab_fixture import Lab

MODULE = "pathguard.network.firewall_checkpoint"
INFO = "pathguard.network.firewall_checkpoint_info"
BREAK = "nft delete table inet filter"
FOLDER = "/var/lib/pathguard"


@pytest.fixture(autouse=True)
def _clean(lab: Lab) -> Iterator[None]:
    yield
    for host in ("fw1", "fw2"):
        lab.run(host, f"pkill -KILL -f '{FOLDER}/[^ ]*/agent.py guard'; rm -rf {FOLDER}")
        lab.run(host, "test ! -e /etc/nftables.conf || nft -f /etc/nftables.conf")
    lab.reset()


def _task(name: str, **options: Any) -> dict[str, Any]:
    return {
        "name": name,
        MODULE: {"hosts": ["fw1", "fw2"], "id": "run-1", **options},
        "become": True,
        "run_once": True,
    }


def _run(lab: Lab, folder: Path, *tasks: dict[str, Any], arguments: tuple[str, ...] = ()) -> Played:
    return play(lab, folder, tasks, *arguments, hosts="fw1")


def test_armed_told_refused_and_restored(lab: Lab, tmp_path: Path) -> None:
    before = lab.run("fw1", "nft -s list ruleset").stdout
    played = _run(
        lab,
        tmp_path,
        _task("arm", timeout=120),
        {"name": "who", INFO: {"hosts": ["fw1", "fw2"]}, "become": True},
        {"name": "break", "ansible.builtin.command": BREAK, "become": True},
        {**_task("another", id="run-2"), "ignore_errors": True},
        _task("restore", state="restored", reason="a test"),
        _task("restore again", state="restored"),
        _task("drop", state="absent"),
    )
    assert played.rc == 0, played.text
    armed = played.of("arm")
    assert (armed["changed"], armed["decision"]) == (True, "armed")
    one = armed["checkpoints"]["fw1"]
    assert (one["state"], one["id"], one["protection"], one["disruption"]) == (
        "armed",
        "run-1",
        "arm_before",
        "none",
    )
    assert 100 < one["remaining"] <= 120
    told = played.of("who")
    assert told["changed"] is False
    assert {name: found["state"] for name, found in told["checkpoints"].items()} == {
        "fw1": "armed",
        "fw2": "armed",
    }
    refused = played.of("another")
    assert refused["failed"] is True
    assert refused["decision"] == "refused"
    lines = refused["msg"].splitlines()
    assert lines[0] == "the checkpoints are refused, not armed"
    assert lines[1].startswith("run run-1 of root on ctl holds fw1, fw2 (armed) since 20")
    assert lines[1].endswith(" s left")
    assert lines[2].startswith("what to do: wait for that run to end; if it died, ")
    assert len(lines) == 3
    assert sorted(refused["errors"]) == ["fw1", "fw2"]
    restored = played.of("restore")
    assert (restored["changed"], restored["decision"]) == (True, "restored")
    assert restored["checkpoints"]["fw1"]["changed_tables"] == ["nft/inet/filter"]
    assert restored["checkpoints"]["fw1"]["fingerprint"] == one["fingerprint"]
    assert restored["checkpoints"]["fw2"]["changed_tables"] == []
    assert lab.run("fw1", "nft -s list ruleset").stdout == before
    assert played.of("drop")["checkpoints"]["fw1"]["state"] == "none"


def test_confirmed_together(lab: Lab, tmp_path: Path) -> None:
    played = _run(
        lab,
        tmp_path,
        _task("arm"),
        {"name": "change", "ansible.builtin.command": "nft add table inet extra", "become": True},
        _task("confirm", state="confirmed"),
        {"name": "who", INFO: {"hosts": ["fw1", "fw2"]}, "become": True},
    )
    assert played.rc == 0, played.text
    assert played.of("confirm")["decision"] == "confirmed"
    assert {found["state"] for found in played.of("who")["checkpoints"].values()} == {"none"}
    assert "table inet extra" in lab.run("fw1", "nft list tables").stdout
    assert lab.run("fw1", f"ls -A {FOLDER}").stdout.split() == ["lock", "work"]


def test_one_that_cannot_be_confirmed_has_all_restored(lab: Lab, tmp_path: Path) -> None:
    played = _run(
        lab,
        tmp_path,
        _task("arm"),
        {"name": "change", "ansible.builtin.command": "nft add table inet extra", "become": True},
        {
            "name": "fw2's own administrator",
            "ansible.builtin.command": f"{FOLDER}/restore-now",
            "become": True,
            "delegate_to": "fw2",
        },
        _task("confirm", state="confirmed"),
    )
    assert played.rc != 0
    confirmed = played.of("confirm")
    assert confirmed["decision"] == "restored"
    assert "fw2 could not hold: too late to renew: restore by console was first" in confirmed["msg"]
    assert "table inet extra" not in lab.run("fw1", "nft list tables").stdout


def test_check_mode_arms_nothing(lab: Lab, tmp_path: Path) -> None:
    played = _run(lab, tmp_path, _task("arm"), arguments=("--check",))
    assert played.rc == 0, played.text
    assert played.of("arm")["changed"] is False
    assert played.of("arm")["decision"] == "checked"
    assert lab.run("fw1", f"ls {FOLDER}").returncode != 0


BAD = {
    "no root": (
        {**_task("bad", hosts=["fw1"]), "vars": {"ansible_become": False}},
        "only root may read and restore a firewall",
    ),
    "a platform that has none": (
        _task("bad", platform="nokia_sros"),
        "the platform 'nokia_sros' can't be gathered",
    ),
    "no reason": (_task("bad", take_over=True), "a take-over needs a reason"),
    "a strange id": (_task("bad", id="../../etc"), "can't be a checkpoint's id"),
    "no time": (_task("bad", timeout=0), "a timer of 0 s is not possible"),
    "no such owner": (_task("bad", dynamic_owners=["nobody"]), "no dynamic owner is called nobody"),
    "no such host": (_task("bad", hosts=["fw9"]), "the inventory has no host 'fw9'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_message(lab: Lab, tmp_path: Path, case: str) -> None:
    task, words = BAD[case]
    played = _run(lab, tmp_path, task)
    message = played.of("bad")["msg"]
    assert played.rc != 0
    assert words in message
    assert len(message.splitlines()) <= 5
    assert "Traceback" not in played.text


def test_the_controller_killed_and_sshd_too(lab: Lab, tmp_path: Path) -> None:
    """Everything that belongs to the login dies; the timer does not."""
    before = lab.run("fw1", "nft -s list ruleset").stdout
    flag = tmp_path / "broken"
    book = tmp_path / "killed.yml"
    tasks = [
        _task("arm", timeout=6),
        {"name": "break", "ansible.builtin.command": BREAK, "become": True},
        {
            "name": "tell",
            "ansible.builtin.copy": {"content": "x", "dest": str(flag)},
            "delegate_to": "localhost",
        },
        {"name": "wait", "ansible.builtin.command": "sleep 60", "become": True},
    ]
    book.write_text(json.dumps([{"hosts": "fw1", "gather_facts": False, "tasks": tasks}]))
    controller = lab.start_in_controller(["ansible-playbook", "-i", "lab/inventory", str(book)])
    try:
        until = time.monotonic() + 60
        while not flag.exists():
            assert time.monotonic() < until
            assert controller.poll() is None, "the play has ended"
            time.sleep(0.1)
    finally:
        controller.kill()
        controller.wait()
    lab.run("fw1", "pkill -KILL sshd")
    assert "inet filter" not in lab.run("fw1", "nft list tables").stdout
    until = time.monotonic() + 30
    while "inet filter" not in lab.run("fw1", "nft list tables").stdout:
        assert time.monotonic() < until, lab.run("fw1", f"cat {FOLDER}/held/log; ps -ef").stdout
        time.sleep(0.2)
    assert lab.run("fw1", "nft -s list ruleset").stdout == before


def test_a_reboot_and_the_line_that_its_init_runs(lab: Lab, tmp_path: Path) -> None:
    played = _run(lab, tmp_path, _task("arm", hosts=["fw1"], timeout=20))
    assert played.rc == 0, played.text
    before = played.of("arm")["checkpoints"]["fw1"]["fingerprint"]
    saved = lab.run("fw1", "cat /etc/nftables.conf").stdout
    lab.run("fw1", "sed -i 's,10.10.1.0/24,10.10.1.0/26,' /etc/nftables.conf", check=True)
    lab.reboot("fw1")
    lab.run("fw1", f"python3 -I {FOLDER}/held/agent.py resume", check=True)
    until = time.monotonic() + 40
    while True:
        told = _run(lab, tmp_path, {"name": "who", INFO: {}, "become": True}).of("who")["checkpoints"]["fw1"]
        if told["state"] == "fired":
            break
        assert time.monotonic() < until, told
        time.sleep(0.5)
    assert told["proven"] is True
    assert told["fingerprint"] == before
    assert lab.run("fw1", "cat /etc/nftables.conf").stdout == saved
