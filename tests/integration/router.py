# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated IOS router in the place of the lab's fw1: its access lists decide about the lab's real packets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.pathguard_lab.process import inside
from tests.integration.lab_fixture import INVENTORY, ROOT, Lab
from tests.support.emulated import PASSWORD, SECRET, USER

ADDRESS, PORT = "10.99.0.2", 2222
# Linux' names of the router's interfaces.
NAMES = ("app0=GigabitEthernet1", "db0=GigabitEthernet2", "mgmt0=GigabitEthernet3")
POLICY = {
    "$schema": "urn:pathguard:schema:path-policy:1",
    "title": "Shop, application to database, over an IOS router",
    "requiredPaths": [
        {
            "name": "app to primary",
            "from": {"group": "app"},
            "to": {"group": "db_primary"},
            "service": "postgresql",
            "families": ["ipv4"],
        }
    ],
}
# What a routine update types, as an administrator would: arguments are host, port, user, password, secret and lines.
TYPE = """
import sys
from netmiko import ConnectHandler
host, port, user, password, secret, *lines = sys.argv[1:]
router = ConnectHandler(device_type="cisco_ios", host=host, port=int(port), username=user, password=password, secret=secret)
router.enable()
print(router.send_config_set(lines))
router.disconnect()
"""


@dataclass(frozen=True)
class Router:
    """``folder``: where plays run that use it."""

    lab: Lab
    folder: Path

    @property
    def inventories(self) -> tuple[str, ...]:
        return ("-i", str(INVENTORY), "-i", str(self.folder / "routers.yml"))

    def config(self) -> str:
        return (self.folder / "running").read_text()

    def commands(self) -> list[str]:
        """All that was typed so far, by anybody."""
        return [json.loads(line) for line in (self.folder / "typed").read_text().splitlines()]

    def typing(self, *lines: str) -> dict[str, Any]:
        """A task that types lines of configuration."""
        words = [sys.executable, "-c", TYPE, ADDRESS, str(PORT), USER, PASSWORD, SECRET, *lines]
        return {
            "name": "Tidy the router",
            "ansible.builtin.command": {"argv": words},
            "delegate_to": "localhost",
            "vars": {"ansible_connection": "local", "ansible_become": False},
            "run_once": True,
            "changed_when": True,
            "no_log": True,
        }


@contextmanager
def router(lab: Lab, folder: Path, minute: float = 60.0) -> Iterator[Router]:
    """The router, until the block ends. ``minute``: how many seconds its minutes last."""
    settings = {
        "platform": "cisco_ios",
        "bind": ADDRESS,
        "port": PORT,
        "passwords": {USER: PASSWORD},
        "secret": SECRET,
        "level": 1,
        "minute": minute,
        "running": str(folder / "running"),
        "log": str(folder / "typed"),
        "enforce": [sys.executable, "-m", "lab.emulator.enforce", str(folder / "running"), *NAMES],
    }
    lab.run("fw1", "nft flush ruleset", check=True)
    command = inside(lab.init("fw1").pid, [sys.executable, "-m", "lab.emulator", "-"], net_only=True)
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(settings))
        process.stdin.close()
        key = json.loads(process.stdout.readline())["key"]
        (folder / "known_hosts").write_text(f"[{ADDRESS}]:{PORT} {key}\n")
        _inventory(folder)
        yield Router(lab, folder)
    finally:
        process.kill()
        process.wait()


def _inventory(folder: Path) -> None:
    variables = {
        "ansible_host": ADDRESS,
        "ansible_port": PORT,
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": "cisco.ios.ios",
        "ansible_user": USER,
        "ansible_password": PASSWORD,
        "ansible_become": True,
        "ansible_become_method": "enable",
        "ansible_become_password": SECRET,
        "ansible_ssh_private_key_file": "",
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={folder}/known_hosts -o GlobalKnownHostsFile=/dev/null",
    }
    document = {"routers": {"hosts": {"r1": variables}}}
    (folder / "routers.yml").write_text(yaml.safe_dump(document))


def lines_for_a_third_less() -> Sequence[str]:
    """What cuts three of the ten app hosts off: a mask that is a little too narrow."""
    narrow = "10 permit tcp 10.10.1.0 0.0.0.63 host 10.20.1.10 eq 5432"
    return "ip access-list extended APP-IN", "no 10", narrow
