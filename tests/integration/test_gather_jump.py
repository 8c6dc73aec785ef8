# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host behind a jump host: fw1 stands before db1, which lets nobody else in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gather_lab import FW1, error_of
from tests.integration.gather_play import play
from tests.integration.lab_fixture import Lab

NOBODY_THERE = "10.99.0.250"
TRANSPORTS = pytest.mark.parametrize("transport", ["netmiko", "connection"])


@pytest.fixture
def behind(lab: Lab) -> Iterator[Lab]:
    """db1 is reached from fw1, and from the controller no more."""
    rules = ("ip saddr 10.99.0.1 tcp dport 22 drop", f"ip saddr {FW1} tcp dport 22 accept")
    table = "; ".join(f"insert rule inet filter input {rule}" for rule in rules)
    before = lab.run("db1", "nft -s list ruleset", check=True).stdout
    lab.run("db1", ["nft", table], check=True)
    yield lab
    lab.run("db1", "nft -f -", stdin=f"flush ruleset\n{before}", check=True)


def config(lab: Lab, folder: Path, jump: str = FW1, known: Path | None = None, more: str = "") -> str:
    """An ssh configuration with a host ``bastion``; its key is looked up in ``known``."""
    path = folder / "ssh_config"
    path.write_text(
        f"Host bastion\n  HostName {jump}\n  UserKnownHostsFile {known or lab.ssh / 'known_hosts'}\n{more}\n"
        f"Host *\n  UserKnownHostsFile {lab.ssh}/known_hosts\n  GlobalKnownHostsFile /dev/null\n"
        f"  IdentityAgent none\n  User ops\n  IdentityFile {lab.ssh}/ops\n"
    )
    return f"-F {path}"


def read(lab: Lab, folder: Path, ssh_args: str, **options: Any) -> tuple[dict[str, Any], float]:
    """What came of reading db1, and how many seconds it took. No time-out is longer than two seconds."""
    task = {"name": "read", "pathguard.network.firewall_info": options, "ignore_unreachable": True}
    began = time.monotonic()
    played = play(
        lab,
        folder,
        [{**task, "ignore_errors": True}],
        "-e",
        f'{{"ansible_ssh_common_args": "{ssh_args}"}}',
        hosts="db1",
        # No connection that an earlier login has left open.
        env={"ANSIBLE_TIMEOUT": "2", "ANSIBLE_SSH_ARGS": "-o ControlPath=none"},
    )
    return played.of("read", "db1"), time.monotonic() - began


@TRANSPORTS
@pytest.mark.parametrize("how", ["-J bastion", "-o ProxyJump=bastion", "in the file"])
def test_over_the_jump_host(behind: Lab, tmp_path: Path, how: str, transport: str) -> None:
    in_file = how == "in the file"
    args = config(behind, tmp_path, more="Host 10.99.0.10\n  ProxyJump bastion" if in_file else "")
    found, _seconds = read(behind, tmp_path, args if in_file else f"{args} {how}", transport=transport)
    assert found.get("firewall", found)["unreadable"] == []


def test_without_the_jump_host_there_is_no_way(behind: Lab, tmp_path: Path) -> None:
    found, _seconds = read(behind, tmp_path, config(behind, tmp_path))
    assert "does not answer within 2 s" in failure(found)


def failure(result: dict[str, Any]) -> str:
    assert result["was_unreachable"]
    return error_of({"error": result["msg"]})


@TRANSPORTS
def test_the_jump_host_is_down(behind: Lab, tmp_path: Path, transport: str) -> None:
    args = config(behind, tmp_path, jump=NOBODY_THERE)
    found, seconds = read(behind, tmp_path, f"{args} -J bastion", transport=transport)
    assert "over the jump host bastion" in failure(found)
    assert NOBODY_THERE in found["msg"] or transport == "connection"
    assert seconds < 20


@TRANSPORTS
def test_the_jump_host_has_another_key(behind: Lab, tmp_path: Path, transport: str) -> None:
    other = (behind.ssh / "host_fw2.pub").read_text().split()[:2]
    (tmp_path / "known").write_text(f"{FW1} {' '.join(other)}\n")
    args = config(behind, tmp_path, known=tmp_path / "known")
    found, _seconds = read(behind, tmp_path, f"{args} -J bastion", transport=transport)
    error = failure(found)
    assert "over the jump host bastion" in error
    assert "Host key verification failed" in error


@TRANSPORTS
def test_the_key_of_the_host_behind_is_not_known(behind: Lab, tmp_path: Path, transport: str) -> None:
    """The file has the jump host's key alone."""
    known = [line for line in (behind.ssh / "known_hosts").read_text().splitlines() if FW1 in line]
    (tmp_path / "known").write_text("\n".join(known) + "\n")
    args = f"{config(behind, tmp_path)} -o UserKnownHostsFile={tmp_path}/known -J bastion"
    error = failure(read(behind, tmp_path, args, transport=transport)[0])
    assert "host key is not known" in error or "Host key verification failed" in error
    assert "db1 (" in error


@TRANSPORTS
def test_the_host_behind_is_silent(lab: Lab, tmp_path: Path, transport: str) -> None:
    """db1 drops what fw1 sends it; the jump host itself would wait for minutes."""
    before = lab.run("db1", "nft -s list ruleset", check=True).stdout
    lab.run("db1", "nft insert rule inet filter input tcp dport 22 drop", check=True)
    try:
        found, seconds = read(lab, tmp_path, f"{config(lab, tmp_path)} -J bastion", transport=transport)
    finally:
        lab.run("db1", "nft -f -", stdin=f"flush ruleset\n{before}", check=True)
    assert "over the jump host bastion" in failure(found)
    assert seconds < 20
