# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VyOS, as far as transport and going back are concerned: a working configuration of each session, commits of it, and
the timer of commit-confirm, after which the device reboots or loads the commit before.

Behaviour: VyOS User Guide, "Command Line Interface" (commit, commit-confirm, confirm, compare, save, load, rollback,
exit); config_mgmt.py of vyos-1x and vyatta-config-mgmt.pl (the systemd unit, what is asked and answered). What these do
not print is worded by us.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import ClassVar

from .device import Device, Terminal, fits
from .screen import Pager, Screen
from .settings import Settings
from .vyos_tree import RefusedError, Tree, read

BOOT = "/config/config.boot"
ACTION = ("system", "config-management", "commit-confirm", "action", "reload")
ASKED = (
    "\ncommit-confirm will automatically {what} in {minutes} minutes unless changes\nare confirmed.\n\n"
    "Proceed ? [Y/n] "
)
UNSAVED = "\nYou should save previous commits before commit-confirm !\n"


class VyosTerminal(Terminal):
    """``working``: what would be committed from this session."""

    device: VyosDevice
    UNAUTHORIZED = "Permission denied\n"
    COMMANDS: ClassVar[dict[str, str]] = {
        "configure": "configure",
        "exit": "leave",
        "show version": "@version",
        "show interfaces": "@interfaces",
        "show ip route": "@routes4",
        "show ipv6 route": "@routes6",
        "show ip route vrf all": "@routes4",
        "show ipv6 route vrf all": "@routes6",
        "show configuration commands": "show_commands",
        "show system commit": "show_commits",
        "set terminal length <n>": "length",
        "set terminal width <n>": "nothing",
        "ls -1 --color=never <folder>": "list_files",
        "cp -f <file> <to>": "copy_file",
        "rm -f <file>": "delete_file",
        "vyos-config-to-commands <file>": "show_file",
        "systemctl show commit-confirm.timer ...": "show_timer",
    }
    CONFIG: ClassVar[dict[str, str]] = {
        "set ...": "set_line",
        "delete ...": "delete_line",
        "compare": "compare",
        "commit": "commit",
        "commit-confirm": "commit_confirm",
        "commit-confirm <minutes>": "commit_confirm",
        "confirm": "confirm",
        "save": "save",
        "save <file>": "save",
        "load <file>": "load",
        "discard": "discard",
        "rollback <n>": "rollback",
        "run ...": "execute",
        "exit": "exit_configuration",
        "exit discard": "exit_discard",
    }
    editing = False

    def __init__(self, device: VyosDevice, screen: Screen, user: str) -> None:
        super().__init__(device, screen, user)
        self.working = device.active.copy()

    def prompt(self) -> str:
        name = f"{self.user}@{self.device.hostname}"
        return f"[edit]\n{name}# " if self.editing else f"{name}:~$ "

    def configuring(self) -> bool:
        return self.editing

    def commands(self) -> dict[str, str]:
        return self.COMMANDS

    def unknown(self, line: str) -> str:
        return f"\n  Invalid command: [{line}]\n\n"

    def length(self, lines: str) -> str:
        self.screen.length = int(lines)
        return ""

    def nothing(self, _number: str) -> str:
        return ""

    def show_commands(self) -> str:
        return self.device.running()

    def show_commits(self) -> str:
        return "".join(
            f"{number}   {when:%Y-%m-%d %H:%M:%S} by {self.user} via {how}\n"
            for number, (when, how) in enumerate(self.device.log)
        )

    def list_files(self, folder: str) -> str:
        names = [name[len(folder) :] for name in self.device.files if name.startswith(folder)]
        return "".join(f"{name}\n" for name in sorted([*names, "archive", "auth", "scripts"]))

    def copy_file(self, file: str, to: str) -> str:
        if file not in self.device.files:
            return f"cp: cannot stat '{file}': No such file or directory\n"
        self.device.files[to] = self.device.files[file]
        return ""

    def delete_file(self, file: str) -> str:
        self.device.files.pop(file, None)
        return ""

    def show_file(self, file: str) -> str:
        return self.device.files.get(
            file, f"Could not read config file {file}: [Errno 2] No such file or directory: '{file}'\n"
        )

    def show_timer(self, _rest: str) -> str:
        now = (self.device.now() - self.device.booted).total_seconds()
        pending = self.device.pending
        if pending is None:
            return f"ActiveState=inactive\nNextElapseUSecMonotonic=infinity\n{now:.2f}\n"
        minutes, seconds = divmod(now + pending.left() / self.device.settings.minute * 60, 60)
        return f"ActiveState=active\nNextElapseUSecMonotonic={int(minutes)}min {seconds:.6f}s\n{now:.2f}\n"

    def configure(self) -> str:
        self.editing = True
        self.working = self.device.active.copy()
        return ""

    def configure_line(self, line: str) -> str:
        words = line.split()
        for pattern, method in self.CONFIG.items():
            arguments = fits(pattern, words)
            if arguments is None or words[0] != pattern.split()[0]:
                continue
            try:
                told: str = getattr(self, method)(*arguments)
            except RefusedError as error:
                return str(error)
            return told
        return self.unknown(line)

    def set_line(self, rest: str) -> str:
        self.working.set(shlex.split(rest))
        return ""

    def delete_line(self, rest: str) -> str:
        self.working.delete(shlex.split(rest))
        return ""

    def compare(self) -> str:
        gone, new = (
            self.device.active.paths - self.working.paths,
            self.working.paths - self.device.active.paths,
        )
        lines = [f"- {' '.join(path)}" for path in sorted(gone)] + [
            f"+ {' '.join(path)}" for path in sorted(new)
        ]
        return "\n".join(lines or ["No changes between working and active configurations."]) + "\n"

    def commit(self) -> str:
        if self.working == self.device.active:
            return "No configuration changes to commit\n"
        self.device.commit(self.working.copy(), "cli")
        return ""

    def commit_confirm(self, minutes: str = "10") -> str:
        if self.device.pending is not None:
            return "Another confirm is pending\n"
        what = "reload previous config" if self.device.reloads else "reboot"
        warning = UNSAVED if self.device.files[BOOT] != self.device.active.commands() else ""
        if self.ask(warning + ASKED.format(what=what, minutes=minutes)).lower() not in ("", "y", "yes"):
            return "commit-confirm canceled\n"
        before = self.device.active.copy()
        self.device.after(float(minutes), lambda: self.device.go_back(before))
        told = f"Initialized commit-confirm; {minutes} minutes to confirm before {what.split()[0]}\n"
        return told + self.commit()

    def confirm(self) -> str:
        what = "Reload" if self.device.reloads else "Reboot"
        return f"{what} timer stopped\n" if self.device.keep() else "No confirm pending\n"

    def save(self, file: str = BOOT) -> str:
        self.device.files[file] = self.device.active.commands()
        return f"Saving configuration to '{file}'...\nDone\n"

    def load(self, file: str) -> str:
        if file not in self.device.files:
            return f'Cannot open configuration file "{file}": No such file or directory\n'
        self.working = read(self.device.files[file])
        return f"Loading configuration from '{file}'...\nLoad complete. Use 'commit' to make changes effective.\n"

    def discard(self) -> str:
        self.working = self.device.active.copy()
        return "Changes have been discarded\n"

    def rollback(self, number: str) -> str:
        if not number.isdecimal() or int(number) >= len(self.device.revisions):
            return f"Invalid revision number {number}\n"
        if self.ask("Proceed with reboot ? [y/N] ").lower() in ("y", "yes"):
            self.device.files[BOOT] = self.device.revisions[int(number)].commands()
            self.device.reboot()
        return ""

    def exit_configuration(self) -> str:
        if self.working != self.device.active:
            return (
                "Cannot exit: configuration modified.\nUse 'exit discard' to discard the changes and exit.\n"
            )
        return self.exit_discard()

    def exit_discard(self) -> str:
        self.editing = False
        return "exit\n"


class VyosDevice(Device):
    """``active``: what runs. ``revisions``: what was committed, the newest first, and their ``log``. ``files``: what
    was saved, by name; what is loaded at boot is one of them. ``booted``: when, by its own clock."""

    pager = Pager(":", "\r\x1b[K")

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.active = read(settings.config or self.text("config"))
        self.revisions: list[Tree] = [self.active.copy()]
        self.booted = self.now()
        self.log: list[tuple[datetime, str]] = [(self.booted, "boot-config-loader")]
        self.files: dict[str, str] = {BOOT: self.active.commands()}

    @property
    def hostname(self) -> str:
        active = getattr(self, "active", None)
        names = [path[-1] for path in active.paths if path[:2] == ("system", "host-name")] if active else []
        return names[0] if names else self.settings.hostname

    @property
    def reloads(self) -> bool:
        """Whether an unconfirmed commit is taken back without a reboot."""
        return ACTION in self.active.paths

    def running(self) -> str:
        return self.active.commands()

    def terminal(self, screen: Screen, user: str) -> Terminal:
        return VyosTerminal(self, screen, user)

    def commit(self, config: Tree, how: str) -> None:
        self.active = config
        self.revisions.insert(0, config.copy())
        self.log.insert(0, (self.now(), how))
        self.changed()

    def go_back(self, before: Tree) -> None:
        """Nobody has confirmed in time."""
        if self.reloads:
            self.commit(before, "rollback")
        else:
            self.reboot()

    def reboot(self) -> None:
        self.keep()
        self.booted = self.now()
        self.commit(read(self.files[BOOT]), "boot-config-loader")
        if self.server is not None:
            self.server.hang_up()
