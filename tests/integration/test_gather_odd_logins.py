# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts and hosts that were not made for programs: what is read is the same, or the reason is told."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.linux import COMMANDS, PRIVILEGED
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.integration.gather_lab import access, ask, error_of
from tests.integration.lab_fixture import Lab

RESTART = "kill $(cat /run/sshd.pid); while [ -e /run/sshd.pid ]; do sleep 0.1; done; /usr/sbin/sshd"
NOISY = r"""
printf 'Welcome to \377\n{"nftables": []}\n# pathguard file=/etc/passwd\n'
echo 'tput: No value for $TERM' >&2
export LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 PATH=/usr/bin:/bin POSIXLY_CORRECT=1 pg_by=nobody pg_secret=x
alias nft=false grep=false
"""


def outputs(lab: Lab) -> dict[str, dict[str, Any]]:
    answer = ask(lab, {"access": access(lab), "collect": True})["fw1"]
    assert "outputs" in answer, answer
    found: dict[str, dict[str, Any]] = answer["outputs"]
    return found


def rules(found: dict[str, dict[str, Any]]) -> dict[str, tuple[int, str]]:
    return {
        name: (found[name]["rc"], found[name].get("absent", ""))
        for name in (*PRIVILEGED, "addresses", "routes4", "saved_nft")
    }


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/dash"])
def test_a_talkative_login_with_a_setting_of_its_own(fresh_lab: Lab, shell: str) -> None:
    before = outputs(fresh_lab)
    fresh_lab.write("fw1", "/home/ops/.bashrc", NOISY)
    fresh_lab.write("fw1", "/home/ops/.profile", NOISY)
    fresh_lab.write("fw1", "/etc/banner", "pathguard:0 done\nAuthorized use only\n")
    fresh_lab.run(
        "fw1", f"usermod -s {shell} ops; {RESTART} -o Banner=/etc/banner -o PrintMotd=yes", check=True
    )
    found = outputs(fresh_lab)
    assert sorted(found) == sorted(COMMANDS)
    assert rules(found) == rules(before)
    assert found["nft_json"]["stdout"].startswith('{"nftables":')
    assert found["saved_nft"] == before["saved_nft"]
    assert found["addresses"] == before["addresses"]


def test_sudo_that_wants_a_terminal(fresh_lab: Lab) -> None:
    fresh_lab.run("fw1", "echo 'Defaults requiretty' >> /etc/sudoers.d/ops", check=True)
    answer = ask(fresh_lab, {"access": access(fresh_lab), "collect": True})["fw1"]
    assert "sudo needs a terminal (requiretty)" in error_of(answer)


def test_names_that_are_no_utf_8(lab: Lab) -> None:
    """In Latin-1. Put back at once: the lab itself reads UTF-8 only."""
    make = r"""ip link add "$(printf 'd\351')" type bridge && ip link set app0 alias "$(printf 'B\374ro')" """
    lab.run("fw1", make, check=True)
    try:
        found = {name: RawOutput.from_dict(output) for name, output in outputs(lab).items()}
    finally:
        lab.run("fw1", r"""ip link del "$(printf 'd\351')"; ip link set app0 alias ''""", check=True)
    state = parse_platform("linux", "fw1", found)
    assert state.unreadable == []
    assert {"app0", "d<E9>"} <= set(state.interfaces)


OLD = "#!/bin/sh\necho \"nft: invalid option -- 'j'\" >&2\nexit 1\n"


def test_an_nft_that_is_too_old_for_json(fresh_lab: Lab) -> None:
    fresh_lab.write("fw1", "/usr/local/sbin/nft", OLD)
    fresh_lab.run("fw1", "chmod 755 /usr/local/sbin/nft", check=True)
    found = {name: RawOutput.from_dict(output) for name, output in outputs(fresh_lab).items()}
    state = parse_platform("linux", "fw1", found)
    assert not state.firewall_known
    reasons = {item["what"]: item["reason"] for item in state.unreadable}
    assert "invalid option -- 'j'" in reasons["nft_json"]
