# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated IOS router in the place of the lab's fw1: its access lists decide about the lab's real packets."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.pathguard_lab.drill.router import ADDRESS, PORT, emulated_router
from lab.pathguard_lab.drill.router import INVENTORY as ROUTERS
from tests.integration.lab_fixture import INVENTORY, Lab
from tests.support.emulated import PASSWORD, SECRET, USER

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
        return ("-i", str(INVENTORY), "-i", str(self.folder / ROUTERS))

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
    with emulated_router(lab.init("fw1"), folder, USER, PASSWORD, SECRET, minute):
        yield Router(lab, folder)


def lines_for_a_third_less() -> Sequence[str]:
    """What cuts three of the ten app hosts off: a mask that is a little too narrow."""
    narrow = "10 permit tcp 10.10.1.0 0.0.0.63 host 10.20.1.10 eq 5432"
    return "ip access-list extended APP-IN", "no 10", narrow
