# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real netmiko against terminals of the platforms without an emulator: prompts, pages, logins, and nothing written.

Prompts and marks follow the documents that gather/device_logins.py names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from netmiko.fortinet.fortinet_ssh import FortinetSSH

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import open_channel
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.platforms import platform_of
from lab.emulator.settings import Settings
from tests.support.emulated import PASSWORD, USER, Emulated
from tests.support.scripted import ScriptedDevice

LONG = "".join(f"    edit {number}\n        set action accept\n    next\n" for number in range(1, 60))


@dataclass
class Case:
    prompt: str
    version: tuple[str, str]
    unknown: str
    quiet: tuple[str, ...]
    paged: int = 0
    more: dict[str, Any] = field(default_factory=dict)


CASES = {
    "juniper_junos": Case(
        "root@mx1:~ # ",
        ("cli", ""),
        "unknown command.\n",
        (
            "show version",
            "set cli screen-length 0",
            "set cli screen-width 511",
            "set cli complete-on-space off",
        ),
        0,
        {"prompts": {"cli": "root@mx1> "}},
    ),
    "cisco_xr": Case(
        "RP/0/RP0/CPU0:core1#",
        ("show version", "Mon Nov 23 09:00:00.000 UTC\nCisco IOS XR Software, Version 7.5.2 LNT\n"),
        "Mon Nov 23 09:00:00.000 UTC\n              ^\n% Invalid input detected at '^' marker.\n",
        ("terminal length 0", "terminal width 511"),
    ),
    "paloalto_panos": Case(
        "audit@PA-VM(active)> ",
        ("show system info", "\nhostname: PA-VM\nfamily: vm\nmodel: PA-VM\nsw-version: 10.2.3\n"),
        "Unknown command: ?\n",
        ("set cli scripting-mode on", "set cli pager off", "set cli terminal width 500"),
    ),
    "fortinet": Case(
        "FGT-60F # ",
        ("get system status", "Version: FortiGate-60F v7.2.5,build1517,230606 (GA.F)\nHostname: FGT-60F\n"),
        "command parse error before '?'\nCommand fail. Return code -61\n",
        (),
        20,
        {"asked_first": ("Authorized use only.\n(Press 'a' to accept):", "a")},
    ),
    "vyos": Case(
        "audit@edge:~$ ",
        ("show version", "Version:          VyOS 1.4.0\nRelease train:    sagitta\n"),
        "\n  Invalid command: show [?]\n\n",
        ("set terminal length 0", "set terminal width 511"),
    ),
}


@contextmanager
def scripted(platform: str, folder: Path, answers: dict[str, str]) -> Iterator[Emulated]:
    case = CASES[platform]
    settings = Settings(platform, passwords={USER: PASSWORD}, page=case.paged)
    everything = {case.version[0]: case.version[1], **dict.fromkeys(case.quiet, "Junos: 21.4\n"), **answers}
    device = ScriptedDevice(settings, case.prompt, everything, case.unknown, **case.more)
    server = device.start()
    known = folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {server.key}\n")
    try:
        yield Emulated(device, known)
    finally:
        device.close()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """netmiko agrees with FortiOS on key exchanges that paramiko's server does not have; older ones on all."""
    if hasattr(FortinetSSH, "preferred_kex"):
        both = {*FortinetSSH.preferred_kex, "curve25519-sha256@libssh.org"}
        monkeypatch.setattr(FortinetSSH, "preferred_kex", both)


@pytest.mark.parametrize("platform", CASES)
def test_gathered(platform: str, tmp_path: Path) -> None:
    commands = platform_of(platform).commands
    answers = {command: f"{name} of it\n{LONG}the end of {name}\n" for name, command in commands.items()}
    with scripted(platform, tmp_path, answers) as device:
        channel = open_channel(device.access(become=False, become_password=None))
        found = platform_of(platform).collect(channel, True)
        channel.close()
        assert {name: output.stdout for name, output in found.items()} == {
            name: answers[commands[name]] for name in found
        }
        assert device.logins == 1
        sent = device.device.commands
        assert sent[: 1 + len(CASES[platform].quiet)] == [CASES[platform].version[0], *CASES[platform].quiet]
        assert set(sent[1 + len(CASES[platform].quiet) :]) <= set(commands.values())


@pytest.mark.parametrize("platform", CASES)
def test_a_command_that_is_not_known(platform: str, tmp_path: Path) -> None:
    with scripted(platform, tmp_path, {}) as device:
        channel = open_channel(device.access(become=False))
        found = channel.run(platform_of(platform).commands["interfaces"])
        channel.close()
        assert found.rc == 1
        assert found.stderr
