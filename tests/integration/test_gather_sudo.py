# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins that sudo lets do a few things only: what they show, and what that leaves unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.integration.gather_lab import error_of, password_of
from tests.integration.gather_play import Played, play
from tests.integration.lab_fixture import ROOT, Lab

MODULE = "pathguard.network.firewall_info"
SUDOERS = "/etc/sudoers.d/ops"
DOCUMENTED = re.findall(r"```sudoers\n(.*?)```", (ROOT / "docs" / "access.md").read_text(), re.DOTALL)[0]
NFT = "/usr/sbin/nft -j list ruleset, /usr/sbin/nft -a list ruleset"
# From a host of the application to the database, which fw1 forwards by a rule of nft's.
FLOW = {"src": "10.10.1.5", "dst": "10.20.1.10", "protocol": "tcp", "dst_port": 5432, "in_interface": "app0"}

Allow = Callable[[str, str], None]


@pytest.fixture
def allow(lab: Lab) -> Iterator[Allow]:
    """Let the login users of a host do by sudo what this sudoers text says, and nothing else."""
    before: dict[str, str] = {}

    def write(host: str, text: str) -> None:
        before[host] = lab.run(host, f"cat {SUDOERS}", check=True).stdout
        lab.write(host, SUDOERS, text)
        lab.run(host, f"visudo -c -f {SUDOERS}", check=True)

    yield write
    for host, text in before.items():
        lab.write(host, SUDOERS, text)


def read(lab: Lab, folder: Path, host: str = "fw1", *arguments: str, **options: Any) -> Played:
    task = {"name": "read", MODULE: {"return_state": True, **options}, "ignore_errors": True}
    return play(lab, folder, [task], *arguments, hosts=host)


def unreadable(played: Played, host: str = "fw1") -> dict[str, str]:
    return {item["what"]: item["reason"] for item in played.of("read", host)["firewall"]["unreadable"]}


def verdict(played: Played, host: str = "fw1") -> str:
    state = State.from_dict(played.of("read", host)["firewall"]["state"])
    found: str = verdicts(state, [FLOW])[0]["verdict"]
    return found


@pytest.mark.parametrize("transport", ["netmiko", "connection"])
def test_nft_alone(lab: Lab, allow: Allow, tmp_path: Path, transport: str) -> None:
    allow("fw1", f"ops ALL=(root) NOPASSWD: {NFT}\n")
    played = read(lab, tmp_path, transport=transport)
    firewall = played.of("read")["firewall"]
    assert firewall["rulesets"]["inet/filter/forward"] > 5
    why = unreadable(played)
    assert set(why) == {"iptables_nft", "ip6tables_nft", "iptables_legacy", "ip6tables_legacy", "ipset"}
    assert "sudo iptables-nft-save -c" in why["iptables_nft"]
    assert "sudo cat /proc/net/ip_tables_names" in why["iptables_legacy"]
    assert all("password is required" in reason for reason in why.values())
    assert verdict(played) == "unknown", "legacy rules may be there"


def test_nft_and_the_names_of_legacy_tables(lab: Lab, allow: Allow, tmp_path: Path) -> None:
    names = "/usr/bin/cat /proc/net/ip_tables_names, /usr/bin/cat /proc/net/ip6_tables_names"
    allow("fw1", f"ops ALL=(root) NOPASSWD: {NFT}, {names}\n")
    played = read(lab, tmp_path)
    assert set(unreadable(played)) == {"iptables_nft", "ip6tables_nft", "ipset"}
    assert verdict(played) == "permit", "what could not be read holds no rules that nft does not show"


def test_the_documented_commands_are_enough(fresh_lab: Lab, allow: Allow, tmp_path: Path) -> None:
    """With rules of each kind: nft, iptables of both variants, ipset, and saved files that root alone can read."""
    tables = ("filter", "nat", "mangle", "raw", "security")
    load = [f"{tool}-legacy -t {table} -S" for tool in ("iptables", "ip6tables") for table in tables]
    fresh_lab.run("fw2", f"chmod 600 /etc/iptables/rules.v?; {' && '.join(load)} >/dev/null", check=True)
    by_root = read(fresh_lab, tmp_path, "fw2").of("read", "fw2")["firewall"]
    allow("fw2", DOCUMENTED)
    played = read(fresh_lab, tmp_path, "fw2")
    found = played.of("read", "fw2")["firewall"]
    assert found["unreadable"] == by_root["unreadable"] == []
    assert found["rulesets"] == by_root["rulesets"]
    assert "iptables-legacy/filter/FORWARD" in found["rulesets"]
    assert found["fingerprint"] == by_root["fingerprint"]
    assert verdict(played, "fw2") == "permit"
    assert found["boot"]["matches"] == "unknown"
    assert "only root can try saved rules" in found["boot"]["reason"]


@pytest.mark.parametrize("transport", ["netmiko", "connection"])
def test_a_password_goes_to_sudo_alone(lab: Lab, allow: Allow, tmp_path: Path, transport: str) -> None:
    allow("fw1", f"opspw ALL=(root) {NFT}\n")
    secret = password_of(lab)
    (tmp_path / "secret").write_text(secret)
    files = [f"--{kind}-password-file={tmp_path}/secret" for kind in ("connection", "become")]
    users = ["-e", "ansible_user=opspw", "-e", "ansible_ssh_private_key_file="]
    played = read(lab, tmp_path, "fw1", *files, *users, "-vvvvv", transport=transport, snapshot_dir="s")
    assert played.of("read")["firewall"]["rulesets"]["inet/filter/forward"] > 5, played.text[-2000:]
    assert "not allowed to execute" in unreadable(played)["ipset"]
    assert secret not in played.text
    assert secret not in (tmp_path / "s" / "fw1.json").read_text()


@pytest.mark.parametrize("transport", ["netmiko", "connection"])
def test_sudo_that_allows_nothing_of_use_is_an_error(
    lab: Lab, allow: Allow, tmp_path: Path, transport: str
) -> None:
    allow("fw1", "ops ALL=(root) NOPASSWD: /bin/true\n")
    result = read(lab, tmp_path, transport=transport).of("read")
    text = error_of({"error": result["msg"]})
    assert "sudo needs a password, and none is known" in text
    assert "firewall" not in result or not result["firewall"]


def test_become_another_user_than_root(lab: Lab, tmp_path: Path) -> None:
    played = read(lab, tmp_path, "fw1", "-e", "ansible_become_user=nobody")
    assert "Operation not permitted" in unreadable(played)["nft_json"]
    assert verdict(played) == "unknown"


def test_root_itself_and_su(fresh_lab: Lab, tmp_path: Path) -> None:
    """``become: false`` for root's own login; and su, which auto leaves to Ansible's own connection."""
    fresh_lab.run("fw1", "echo root:change-me | chpasswd -c SHA512", check=True)
    (tmp_path / "secret").write_text("change-me")
    by_su = ["-e", "ansible_become_method=su", f"--become-password-file={tmp_path}/secret"]
    assert unreadable(read(fresh_lab, tmp_path, "fw1", *by_su)) == {}
    fresh_lab.run(
        "fw1",
        "install -D -m 600 /home/ops/.ssh/authorized_keys ~root/.ssh/authorized_keys "
        "&& kill $(cat /run/sshd.pid); while [ -e /run/sshd.pid ]; do sleep 0.1; done; "
        "/usr/sbin/sshd -o PermitRootLogin=prohibit-password",
        check=True,
    )
    as_root = ["-e", "ansible_user=root", "-e", "ansible_become=false"]
    assert unreadable(read(fresh_lab, tmp_path, "fw1", *as_root)) == {}
