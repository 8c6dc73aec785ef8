# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco NX-OS, as far as transport and going back are concerned.

Behaviour: Cisco Nexus 9000 Series NX-OS System Management Configuration Guide, "Configuring Rollback" (checkpoint,
rollback running-config) and "Performing Configuration Replace" (configure replace, commit-timeout, configure replace
commit). What these do not print is worded by us.
"""

from __future__ import annotations

from typing import ClassVar

from .cisco import GLOBAL, MODES, CiscoDevice, CiscoTerminal
from .flash import Flash
from .screen import Pager
from .settings import Settings


class NxosTerminal(Flash, CiscoTerminal):
    device: NxosDevice
    SPACE = " "
    ABSENT = "{}: No such file or directory\n"
    UNKNOWN = "% Invalid command at '^' marker.\n"
    UNAUTHORIZED = "% Permission denied for the role\n"
    INCOMPLETE = "% Incomplete command at '^' marker.\n"
    PRIVILEGED: ClassVar[dict[str, str]] = {
        **CiscoTerminal.PRIVILEGED,
        "show interface": "@interfaces",
        "show ip route vrf all": "@routes4",
        "show ipv6 route vrf all": "@routes6",
        "checkpoint <name>": "checkpoint",
        "no checkpoint <name>": "no_checkpoint",
        "show checkpoint summary": "show_checkpoints",
        "rollback running-config checkpoint <name>": "rollback",
        "rollback running-config checkpoint <name> atomic": "rollback",
        "configure replace <file>": "replace",
        "configure replace <file> commit-timeout <seconds>": "replace_timed",
        "configure replace commit": "commit",
        "checkpoint file <file>": "checkpoint_file",
        "rollback running-config file <file> atomic": "rollback_file",
        "dir <place>": "list_files",
        "show file <file>": "show_file",
        "delete <file> no-prompt": "delete_file",
        "copy <file> <to>": "copy_over",
    }

    def checkpoint(self, name: str) -> str:
        if name in self.device.checkpoints:
            return f"ERROR: Checkpoint {name} already exists\n"
        self.device.checkpoints[name] = self.device.body()
        return ".Done\n"

    def checkpoint_file(self, file: str) -> str:
        self.device.files[file] = self.device.body()
        return ".Done\n"

    def rollback_file(self, file: str) -> str:
        if file not in self.device.files:
            return f"ERROR: {file} does not exist\n"
        return self._roll_back(self.device.files[file])

    def copy_over(self, file: str, to: str) -> str:
        there = (
            "Warning: There is already a file existing with this name. Do you want to overwrite (y/n)?[n] "
        )
        return "" if to in self.device.files and self.ask(there) != "y" else self.copy_file(file, to)

    def no_checkpoint(self, name: str) -> str:
        return "" if self.device.checkpoints.pop(name, None) else f"ERROR: Checkpoint {name} does not exist\n"

    def show_checkpoints(self) -> str:
        return "".join(
            f"{number}) {name}:\nCreated by {self.user}\nSize is {len(text)} bytes\n\n"
            for number, (name, text) in enumerate(self.device.checkpoints.items(), 1)
        )

    def rollback(self, name: str) -> str:
        if name not in self.device.checkpoints:
            return f"ERROR: Checkpoint {name} does not exist\n"
        return self._roll_back(self.device.checkpoints[name])

    def _roll_back(self, text: str) -> str:
        self.device.replace(text)
        return (
            "Collecting Running-Config\n#Generating Rollback Patch\nExecuting Rollback Patch\n"
            "Generating Running-config for verification\nGenerating Patch for verification\n"
            "Verification is Successful.\n\nRollback completed successfully.\n"
        )

    def replace(self, file: str) -> str:
        if file not in self.device.files:
            return f"ERROR: {file} does not exist\n"
        self.device.replace(self.device.files[file])
        return "Configure replace completed successfully.\n"

    def replace_timed(self, file: str, seconds: str) -> str:
        if not 30 <= int(seconds) <= 3600:
            return "% Invalid number, range is (30:3600) at '^' marker.\n"
        before = self.device.body()
        told = self.replace(file)
        if not told.startswith("ERROR"):
            self.device.after(int(seconds) / 60, lambda: self.device.replace(before))
        return told

    def commit(self) -> str:
        return "Configure replace is committed\n" if self.device.keep() else "ERROR: no commit is pending\n"


class NxosDevice(CiscoDevice):
    kind: ClassVar[type[CiscoTerminal]] = NxosTerminal
    pager = Pager("--More--", "\r        \r\x1b[K")
    modes = ((r"ip access-list \S+", "config-acl"), *MODES)
    top = GLOBAL

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.checkpoints: dict[str, str] = {}

    def running(self) -> str:
        return (
            "\n!Command: show running-config\n!Running configuration last done at: Mon Nov 23 09:00:00 2026\n"
            f"!Time: Mon Nov 23 09:30:00 2026\n\n{self.body()}\n"
        )
