# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Juniper Junos, as far as transport and going back are concerned.

Behaviour: Junos CLI User Guide, "Commit the Configuration" (commit check, commit confirmed: rolled back when the time
is over unless another commit or commit check confirms it; ten minutes by default), "Roll Back a Junos Configuration"
(rollback N, show | compare), "Managing the CLI" (set cli screen-length; configure; exit with uncommitted changes).
What the guide does not print is worded by us.
"""

from __future__ import annotations

import copy
import difflib
from datetime import datetime
from typing import ClassVar

from .device import Device, Terminal, fits
from .junos_tree import RefusedError, Tree, read
from .screen import Pager, Screen
from .settings import Settings

KEPT = 50


class JunosTerminal(Terminal):
    device: JunosDevice
    UNKNOWN = "unknown command.\n"
    UNAUTHORIZED = "error: permission denied\n"
    COMMANDS: ClassVar[dict[str, str]] = {
        "exit": "leave",
        "quit": "leave",
        "configure": "configure",
        "configure exclusive": "configure_alone",
        "configure private": "configure",
        "show version": "@version",
        "show interfaces": "@interfaces",
        "show route": "@routes4",
        "show route table inet.0": "@routes4",
        "show route table inet6.0": "@routes6",
        "show configuration": "show_configuration",
        "show configuration | ...": "show_configuration",
        "show system commit": "show_commits",
        "show system uptime": "show_uptime",
        "show configuration | save <file>": "save_configuration",
        "file list <folder>": "list_files",
        "file show <file> | no-more": "show_file",
        "file delete <file>": "delete_file",
        "file copy <file> <to>": "copy_file",
        "set cli screen-length <n>": "length",
        "set cli screen-width <n>": "width",
        "set cli complete-on-space off": "no_complete",
    }
    CONFIG: ClassVar[dict[str, str]] = {
        "set ...": "set_line",
        "delete ...": "delete_line",
        "delete": "delete_line",
        "deactivate ...": "deactivate_line",
        "activate ...": "activate_line",
        "insert ...": "insert_line",
        "show": "show_candidate",
        "show | compare": "compare",
        "show | compare rollback <n>": "compare",
        "show | display set": "candidate_sets",
        "load override <file>": "load_override",
        "rollback": "rollback",
        "rollback <n>": "rollback",
        "commit": "commit",
        "commit check": "commit_check",
        "commit and-quit": "commit_and_quit",
        "commit confirmed": "commit_confirmed",
        "commit confirmed <minutes>": "commit_confirmed",
        "exit": "exit_configuration",
        "exit configuration-mode": "exit_configuration",
        "quit": "exit_configuration",
        "run ...": "execute",
        "top": "nothing",
    }
    editing = False

    def prompt(self) -> str:
        name = f"{self.user}@{self.device.hostname}"
        return f"\n[edit]\n{name}# " if self.editing else f"\n{name}> "

    def configuring(self) -> bool:
        return self.editing

    def commands(self) -> dict[str, str]:
        return self.COMMANDS

    def unknown(self, line: str) -> str:
        return f"{' ' * (len(self.prompt().strip()) + 1)}^\n{self.UNKNOWN}"

    def length(self, lines: str) -> str:
        self.screen.length = int(lines)
        return f"Screen length set to {lines}\n"

    def width(self, columns: str) -> str:
        return f"Screen width set to {columns}\n"

    def no_complete(self) -> str:
        return "Disabling complete-on-space\n"

    def nothing(self) -> str:
        return ""

    def show_configuration(self, modifiers: str = "") -> str:
        if "display set" in modifiers:
            return self.device.committed[0].sets()
        return self.device.running()

    def show_commits(self) -> str:
        lines = []
        for number, (when, how) in enumerate(self.device.times):
            lines.append(f"{number}   {when:%Y-%m-%d %H:%M:%S} UTC by {self.user} via cli{how}")
            if not number and self.device.pending is not None:
                lines.append("    rollback pending")
        return "\n".join(lines) + "\n"

    def show_uptime(self) -> str:
        return f"Current time: {self.device.now():%Y-%m-%d %H:%M:%S} UTC\n"

    def save_configuration(self, file: str) -> str:
        text = self.device.files[file] = self.device.running()
        return f"Wrote {len(text.splitlines())} lines of output to '{file}'\n"

    def list_files(self, folder: str) -> str:
        names = [name[len(folder) :] for name in self.device.files if name.startswith(folder)]
        return "\n".join([f"\n{folder}:", *names]) + "\n"

    def show_file(self, file: str) -> str:
        return self.device.files.get(file) or f"error: could not resolve file: {file}\n"

    def delete_file(self, file: str) -> str:
        return "" if self.device.files.pop(file, None) is not None else f"error: {file}: No such file\n"

    def copy_file(self, file: str, to: str) -> str:
        if file not in self.device.files:
            return f"error: could not fetch local copy of file {file}\n"
        self.device.files[to] = self.device.files[file]
        return ""

    def load_override(self, file: str) -> str:
        if file not in self.device.files:
            return f"error: could not resolve file: {file}\n"
        self.device.candidate = read(self.device.files[file])
        return "load complete\n"

    def configure(self) -> str:
        self.editing = True
        return "Entering configuration mode\n"

    def configure_alone(self) -> str:
        if self.device.candidate != self.device.committed[0]:
            return "error: configuration database modified\n"
        return self.configure()

    def configure_line(self, line: str) -> str:
        words = line.split()
        for pattern, method in self.CONFIG.items():
            arguments = fits(pattern, words)
            if arguments is None:
                continue
            try:
                told: str = getattr(self, method)(*arguments)
            except RefusedError as error:
                told = f"{' ' * 20}^\n{error}\n" if str(error).startswith("syntax") else f"{error}\n"
            return told + self._reminder()
        return self.unknown(line)

    def _reminder(self) -> str:
        pending = self.device.pending
        if pending is None:
            return ""
        minutes = max(1, round(pending.left() / self.device.settings.minute))
        return f"\n# commit confirmed will be rolled back in {minutes} minutes"

    def set_line(self, rest: str) -> str:
        self.device.candidate.set(rest.split())
        return ""

    def delete_line(self, rest: str = "") -> str:
        self.device.candidate.delete(rest.split())
        return ""

    def deactivate_line(self, rest: str) -> str:
        self.device.candidate.activate(rest.split(), False)
        return ""

    def activate_line(self, rest: str) -> str:
        self.device.candidate.activate(rest.split(), True)
        return ""

    def insert_line(self, rest: str) -> str:
        words = rest.split()
        if words[-3] not in ("before", "after"):
            return self.UNKNOWN
        self.device.candidate.insert(words[:-3], words[-3] == "before", words[-2:])
        return ""

    def show_candidate(self) -> str:
        return self.device.candidate.text()

    def candidate_sets(self) -> str:
        return self.device.candidate.sets()

    def compare(self, number: str = "0") -> str:
        old, new = (
            tree.text().splitlines() for tree in (self.device.committed[int(number)], self.device.candidate)
        )
        return "".join(
            f"{line}\n"
            for line in difflib.unified_diff(old, new, n=3, lineterm="")
            if line[:3] not in ("---", "+++")
        )

    def rollback(self, number: str = "0") -> str:
        if not number.isdecimal() or int(number) >= len(self.device.committed):
            return f"error: rollback {number}: configuration not found\n"
        self.device.candidate = copy.deepcopy(self.device.committed[int(number)])
        return "load complete\n"

    def commit(self) -> str:
        self.device.keep()
        self.device.commit()
        return "commit complete\n"

    def commit_check(self) -> str:
        self.device.keep()
        return "configuration check succeeds\n"

    def commit_and_quit(self) -> str:
        told = self.commit()
        self.editing = False
        return f"{told}Exiting configuration mode\n"

    def commit_confirmed(self, minutes: str = "10") -> str:
        if not minutes.isdecimal() or not 1 <= int(minutes) <= 65535:
            return "error: invalid timeout\n"
        before = self.device.committed[1] if self.device.keep() else self.device.committed[0]
        self.device.commit(f" commit confirmed, rollback in {minutes}mins")
        self.device.after(float(minutes), lambda: self.device.go_back(before))
        return (
            f"commit confirmed will be automatically rolled back in {minutes} minutes unless confirmed\n"
            "commit complete\n"
        )

    def exit_configuration(self) -> str:
        if self.device.candidate != self.device.committed[0]:
            self.screen.write("The configuration has been changed but not committed\n")
            if self.ask("Exit with uncommitted changes? [yes,no] (yes) ").lower() not in ("", "y", "yes"):
                return ""
        self.editing = False
        return "Exiting configuration mode\n"


class JunosDevice(Device):
    """``committed``: the configurations so far, the active one first, and their ``times`` with
    what is said of each. ``candidate``: what would be committed. ``files``: what was saved on the device."""

    pager = Pager("---(more)---", "\r            \r")

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.committed: list[Tree] = [read(settings.config or self.text("config"))]
        self.candidate = copy.deepcopy(self.committed[0])
        self.times: list[tuple[datetime, str]] = [(self.now(), "")]
        self.files: dict[str, str] = {}

    @property
    def hostname(self) -> str:
        lines = getattr(self, "committed", None)
        sets = lines[0].sets().splitlines() if lines else []
        names = [line.split()[-1] for line in sets if line.startswith("set system host-name ")]
        return names[0] if names else self.settings.hostname

    def running(self) -> str:
        return f"## Last commit: 2026-11-23 09:00:00 UTC by root\n{self.committed[0].text()}"

    def terminal(self, screen: Screen, user: str) -> Terminal:
        return JunosTerminal(self, screen, user)

    def commit(self, how: str = "") -> None:
        """``how``: what is said of this commit from now on."""
        self.committed = [copy.deepcopy(self.candidate), *self.committed][:KEPT]
        self.times = [(self.now(), how), *self.times][:KEPT]
        self.changed()

    def go_back(self, before: Tree) -> None:
        """What an unconfirmed commit ends with: a commit of what was before it."""
        self.candidate = copy.deepcopy(before)
        self.committed = [copy.deepcopy(before), *self.committed][:KEPT]
        self.times = [(self.now(), ""), *self.times][:KEPT]
