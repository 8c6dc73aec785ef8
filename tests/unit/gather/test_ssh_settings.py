# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory, ssh arguments and ~/.ssh/config say together."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.ssh_settings import (
    SshSettings,
    resolve,
)

CONFIG = """
Host gate
  HostName 10.0.0.9
  Port 2022
  User carol
  IdentityFile {folder}/one
  IdentityFile {folder}/two
  UserKnownHostsFile {folder}/known
  StrictHostKeyChecking accept-new
  HostKeyAlias the-gate
Host behind
  ProxyJump alice@jump1,jump2:2200
Host direct
  ProxyJump none
Host commanded
  ProxyCommand nc %h %p
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "config").write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "one").write_text("key")
    return f"-F {tmp_path}/config"


def settings(address: str, ssh_args: str, **fields: object) -> SshSettings:
    return resolve(HostAccess("h", address, ssh_args=ssh_args, **fields))  # type: ignore[arg-type]


def test_the_file_alone(config: str, tmp_path: Path) -> None:
    found = settings("gate", config)
    assert (found.host, found.port, found.user) == ("10.0.0.9", 2022, "carol")
    assert found.key_files == (f"{tmp_path}/one",), (
        "a key file that does not exist is passed over, as ssh does"
    )
    assert found.known_hosts[0] == f"{tmp_path}/known"
    assert found.host_keys == "accept-new"
    assert found.host_key_name == "the-gate"
    assert found.proxy_command is None


def test_arguments_outrank_the_file_and_the_inventory_both(config: str) -> None:
    found = settings(
        "gate", f"{config} -o User=dave -o Port=1 -oStrictHostKeyChecking=yes -C -tt -o 'HostName 10.0.0.7'"
    )
    assert (found.host, found.port, found.user, found.host_keys) == ("10.0.0.7", 1, "dave", "strict")
    found = settings("gate", f"{config} -l dave -p 1", user="erin", port=22, host_keys="off")
    assert (found.port, found.user, found.host_keys) == (22, "erin", "off")


def test_no_file_and_no_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "frank")
    found = settings("fw1", "")
    assert (found.host, found.port, found.user, found.host_keys) == ("fw1", 22, "frank", "strict")
    assert found.key_files == ()


@pytest.mark.parametrize(
    ("address", "command"),
    [
        (
            "behind",
            "ssh -o BatchMode=yes -o LogLevel=ERROR -o ConnectTimeout=10 -W behind:22 -F {config} -J alice@jump1 -p 2200 jump2",
        ),
        ("direct", None),
        ("commanded", "nc commanded 22"),
    ],
)
def test_proxies(config: str, address: str, command: str | None) -> None:
    expected = command and command.format(config=config.split()[1])
    assert settings(address, config).proxy_command == expected


@pytest.mark.parametrize(
    ("address", "more", "way"),
    [
        ("behind", "", "the jump host alice@jump1,jump2:2200"),
        ("commanded", "", "the proxy command"),
        ("commanded", "-J gate", "the jump host gate"),
        ("behind", "-o 'ProxyCommand nc %h %p'", "the proxy command"),
        ("behind", "-o ProxyJump=none", ""),
        ("direct", "", ""),
    ],
)
def test_the_way_is_named(config: str, address: str, more: str, way: str) -> None:
    found = settings(address, f"{config} {more}")
    assert found.way() == way
    assert bool(found.proxy_command) == bool(way)


def test_ssh_arguments_may_give_a_proxy(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    found = settings("fd00::1", f"-F {tmp_path}/empty -o ProxyCommand='ssh -W [%h]:%p gate'", port=2222)
    assert found.proxy_command == "ssh -W [fd00::1]:2222 gate"
    found = settings("fd00::1", f"-F {tmp_path}/empty -J gate")
    assert (
        found.proxy_command
        == f"ssh -o BatchMode=yes -o LogLevel=ERROR -o ConnectTimeout=10 -W '[fd00::1]:22' -F {tmp_path}/empty gate"
    )


@pytest.mark.parametrize(
    ("ssh_args", "what"),
    [
        ("-o 'User=x", "ssh arguments can't be read"),
        ("-F /nowhere/config", "does not exist"),
        ("-p none", "'none' is no port"),
    ],
)
def test_mistakes(ssh_args: str, what: str) -> None:
    with pytest.raises(GatherError, match=what):
        settings("gate", ssh_args)


def test_a_config_that_is_no_config(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("Host\n  nonsense\n")
    with pytest.raises(GatherError, match="can't be read"):
        settings("gate", f"-F {tmp_path}/config")
