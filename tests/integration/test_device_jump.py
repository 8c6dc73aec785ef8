# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network device behind a jump host: fw1 stands before an emulated router at db1's address."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.pathguard_lab.process import inside
from tests.integration.gather_lab import FW1, error_of
from tests.integration.gather_play import play
from tests.integration.lab_fixture import ROOT, Lab
from tests.support.emulated import PASSWORD, SECRET, USER

ADDRESS, PORT = "10.99.0.10", 2222


@pytest.fixture
def behind(lab: Lab, tmp_path: Path) -> Iterator[str]:
    """The device's key, as known_hosts has it. It lets nobody in but fw1."""
    rules = (
        f"ip saddr 10.99.0.1 tcp dport {PORT} drop",
        f"ip saddr {FW1} tcp dport {PORT} accept",
    )
    before = lab.run("db1", "nft -s list ruleset", check=True).stdout
    lab.run("db1", ["nft", "; ".join(f"insert rule inet filter input {rule}" for rule in rules)], check=True)
    settings = {
        "platform": "cisco_ios",
        "bind": ADDRESS,
        "port": PORT,
        "passwords": {USER: PASSWORD},
        "secret": SECRET,
        "level": 1,
        "log": str(tmp_path / "typed"),
    }
    command = inside(lab.init("db1").pid, [sys.executable, "-m", "lab.emulator", "-"], net_only=True)
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(settings))
        process.stdin.close()
        yield f"[{ADDRESS}]:{PORT} {json.loads(process.stdout.readline())['key']}"
    finally:
        process.kill()
        process.wait()
        lab.run("db1", "nft -f -", stdin=f"flush ruleset\n{before}", check=True)


def read(lab: Lab, folder: Path, key: str, ssh_args: str, password: str = PASSWORD) -> dict[str, Any]:
    """What came of reading the device by a play on localhost. ``key``: what is known of it."""
    known = (lab.ssh / "known_hosts").read_text().splitlines()
    bastion = "\n".join(line for line in known if FW1 in line.split()[0].split(","))
    assert bastion
    (folder / "known").write_text(f"{bastion}\n{key}\n")
    (folder / "config").write_text(
        f"Host bastion\n  HostName {FW1}\n  User ops\n  IdentityFile {lab.ssh}/ops\n"
        f"Host *\n  UserKnownHostsFile {folder}/known\n  GlobalKnownHostsFile /dev/null\n  IdentityAgent none\n"
    )
    device = {
        "ansible_host": ADDRESS,
        "ansible_port": PORT,
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": "cisco.ios.ios",
        "ansible_user": USER,
        "ansible_password": password,
        "ansible_become": True,
        "ansible_become_method": "enable",
        "ansible_become_password": SECRET,
        "ansible_ssh_common_args": f"-F {folder}/config {ssh_args}",
        "ansible_timeout": 3,
    }
    (folder / "inventory.yml").write_text(json.dumps({"routers": {"hosts": {"r1": device}}}))
    task = {"name": "read", "pathguard.network.firewall_info": {"hosts": ["r1"]}, "ignore_errors": True}
    keywords = {"connection": "local"}
    inventory = ("-i", str(folder / "inventory.yml"))
    return play(lab, folder, [task], *inventory, hosts="localhost", keywords=keywords).of("read", "localhost")


def test_over_a_jump_host(lab: Lab, behind: str, tmp_path: Path) -> None:
    found = read(lab, tmp_path, behind, "-J bastion")
    assert found["firewall"]["rulesets"]["APP-IN"] == 4
    typed = [json.loads(line) for line in (tmp_path / "typed").read_text().splitlines()]
    assert typed.count("show running-config") == 1


def test_a_wrong_password_behind_the_jump_host(lab: Lab, behind: str, tmp_path: Path) -> None:
    error = error_of({"error": read(lab, tmp_path, behind, "-J bastion", "wrong")["msg"]})
    assert error.startswith("the host refuses the login")
    assert "over the jump host bastion" in error


def test_no_other_way(lab: Lab, behind: str, tmp_path: Path) -> None:
    error = error_of({"error": read(lab, tmp_path, behind, "")["msg"]})
    assert "the host does not answer" in error
    assert not (tmp_path / "typed").exists()


def test_the_device_key_is_checked_behind_the_jump_host(lab: Lab, behind: str, tmp_path: Path) -> None:
    error = error_of({"error": read(lab, tmp_path, "", "-J bastion")["msg"]})
    assert "the host key is not known: ecdsa-sha2-nistp256 SHA256:" in error
    assert "over the jump host bastion" in error
    other = (lab.ssh / "host_db1.pub").read_text().split()[:2]
    error = error_of(
        {"error": read(lab, tmp_path, f"[{ADDRESS}]:{PORT} {' '.join(other)}", "-J bastion")["msg"]}
    )
    assert "the host key has changed to ecdsa-sha2-nistp256 SHA256:" in error
    assert not (tmp_path / "typed").exists()
