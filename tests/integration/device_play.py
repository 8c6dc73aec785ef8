# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays on emulated devices of this machine, with inventories as they are made for network_cli."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.integration.gather_play import Played, play
from tests.support.emulated import PASSWORD, SECRET, USER, Emulated

NETWORK_OS = {
    "cisco_ios": "cisco.ios.ios",
    "cisco_nxos": "cisco.nxos.nxos",
    "cisco_xr": "cisco.iosxr.iosxr",
    "cisco_asa": "cisco.asa.asa",
    "arista_eos": "arista.eos.eos",
    "juniper_junos": "junipernetworks.junos.junos",
    "vyos": "vyos.vyos.vyos",
}
# What inventories of network devices say of all of them.
NETWORK_CLI: dict[str, Any] = {
    "ansible_connection": "ansible.netcommon.network_cli",
    "ansible_user": USER,
    "ansible_password": PASSWORD,
    "ansible_become": True,
    "ansible_become_method": "enable",
    "ansible_become_password": SECRET,
}


class Devices:
    """Devices as the hosts of an inventory in ``folder``, each named like its platform."""

    def __init__(self, folder: Path, devices: Mapping[str, Emulated], **variables: Any) -> None:
        """``variables``: of all devices, beside or instead of the usual ones; None leaves one out."""
        self._folder = folder
        given = {**NETWORK_CLI, **variables}
        group = {
            "vars": {name: value for name, value in given.items() if value is not None},
            "hosts": {
                name: {
                    "ansible_host": "127.0.0.1",
                    "ansible_port": device.port,
                    "ansible_network_os": NETWORK_OS[name],
                    "ansible_ssh_common_args": device.ssh_args,
                }
                for name, device in devices.items()
            },
        }
        (folder / "inventory.yml").write_text(json.dumps({"all": {"children": {"devices": group}}}))

    def ansible(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        program = str(Path(sys.executable).parent / "ansible-playbook")
        return subprocess.run(
            [program, "-i", str(self._folder / "inventory.yml"), *map(str, arguments)],
            env={
                **os.environ,
                "ANSIBLE_HOME": str(self._folder / "home"),
                "ANSIBLE_NOCOLOR": "1",
                **(env or {}),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def play(
        self,
        tasks: Sequence[Mapping[str, Any]],
        *arguments: str,
        hosts: str = "localhost",
        env: Mapping[str, str] | None = None,
    ) -> Played:
        keywords = {"connection": "local"} if hosts == "localhost" else {}
        return play(self, self._folder, tasks, *arguments, hosts=hosts, keywords=keywords, env=env)
