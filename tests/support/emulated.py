# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulated devices on 127.0.0.1, and logins to them, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from lab.emulator.device import Device
from lab.emulator.platforms import device
from lab.emulator.settings import Faults, Settings

USER = "audit"
PASSWORD = "login-secret"
SECRET = "enable-secret"
PLATFORMS = ("cisco_ios", "cisco_nxos", "cisco_xr", "cisco_asa", "arista_eos", "juniper_junos", "vyos")
# Where a login begins without privileges.
WITH_ENABLE = ("cisco_ios", "cisco_asa", "arista_eos")
BANNER = "#" * 60 + "\n# Only for those who may be here. > #\n" + "#" * 60


@dataclass
class Emulated:
    """A running device, and the file that has its host key."""

    device: Device
    known_hosts: Path

    @property
    def port(self) -> int:
        assert self.device.server is not None
        return self.device.server.port

    @property
    def logins(self) -> int:
        assert self.device.server is not None
        return self.device.server.logins

    @property
    def ssh_args(self) -> str:
        return f"-o UserKnownHostsFile={self.known_hosts} -o GlobalKnownHostsFile=/dev/null -o IdentityAgent=none"

    def access(self, **fields: Any) -> HostAccess:
        """The login of a user who knows both passwords, with other fields where they are given."""
        usual = {
            "name": "r1",
            "address": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "become": True,
            "become_method": "enable",
            "become_password": SECRET,
            "ssh_args": self.ssh_args,
            "platform": self.device.settings.platform,
            "connect_timeout": 5.0,
            "timeout": 8.0,
        }
        return HostAccess(**{**usual, **fields})


@contextmanager
def emulated(platform: str, folder: Path, **settings: Any) -> Iterator[Emulated]:
    """A device as it is when new, with a banner; logins of platforms with enable begin without privileges. ``settings``:
    what is otherwise; ``faults`` among them as a mapping."""
    faults = Faults(**settings.pop("faults", {}))
    usual: dict[str, Any] = {
        "passwords": {USER: PASSWORD},
        "secret": SECRET,
        "level": 1 if platform in WITH_ENABLE else 15,
        "banner": BANNER,
        "minute": 1.0,
    }
    found = device(Settings(platform, faults=faults, **{**usual, **settings}))
    server = found.start()
    try:
        known = folder / f"known_hosts-{server.port}"
        known.write_text(f"[127.0.0.1]:{server.port} {server.key}\n")
        yield Emulated(found, known)
    finally:
        found.close()
