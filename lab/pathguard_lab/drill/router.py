# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated IOS router in the place of fw1: its access lists decide about the lab's real packets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..controller import LAB
from ..errors import LabError
from ..process import Identity, inside
from ..services import on_host

ADDRESS, PORT = "10.99.0.2", 2222
# Linux' names of the router's interfaces.
NAMES = ("app0=GigabitEthernet1", "db0=GigabitEthernet2", "mgmt0=GigabitEthernet3")
INVENTORY = "routers.yml"


@contextmanager
def emulated_router(
    fw1: Identity, folder: Path, user: str, password: str, secret: str, minute: float = 60.0
) -> Iterator[Path]:
    """The router, until the block ends; yields the inventory that holds it as r1. ``folder`` gets what it runs
    ("running"), what was typed ("typed") and its key. ``minute``: how many seconds its minutes last."""
    settings = {
        "platform": "cisco_ios",
        "bind": ADDRESS,
        "port": PORT,
        "passwords": {user: password},
        "secret": secret,
        "level": 1,
        "minute": minute,
        "running": str(folder / "running"),
        "log": str(folder / "typed"),
        "enforce": [sys.executable, "-m", "lab.emulator.enforce", str(folder / "running"), *NAMES],
    }
    on_host(fw1, "nft", "flush", "ruleset", what="clearing fw1 for the router")
    process = subprocess.Popen(
        inside(fw1.pid, [sys.executable, "-m", "lab.emulator", "-"], net_only=True),
        cwd=LAB.parent,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(settings))
        process.stdin.close()
        said = process.stdout.readline()
        if not said:
            raise LabError("the emulated router did not start")
        (folder / "known_hosts").write_text(
            f"[{ADDRESS}]:{PORT} {json.loads(said)['key']}\n", encoding="utf-8"
        )
        yield _inventory(folder, user, password, secret)
    finally:
        process.kill()
        process.wait()


def _inventory(folder: Path, user: str, password: str, secret: str) -> Path:
    variables: dict[str, Any] = {
        "ansible_host": ADDRESS,
        "ansible_port": PORT,
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": "cisco.ios.ios",
        "ansible_user": user,
        "ansible_password": password,
        "ansible_become": True,
        "ansible_become_method": "enable",
        "ansible_become_password": secret,
        "ansible_ssh_private_key_file": "",
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={folder}/known_hosts -o GlobalKnownHostsFile=/dev/null",
    }
    path = folder / INVENTORY
    path.touch(mode=0o600)
    # JSON is YAML, too.
    path.write_text(json.dumps({"routers": {"hosts": {"r1": variables}}}, indent=1), encoding="utf-8")
    return path
