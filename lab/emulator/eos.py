# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arista EOS, as far as transport and going back are concerned.

Behaviour: Arista EOS User Manual, "Configure Session" (configure session, commit, commit timer, abort, show
configuration sessions) and "Configure Replace". What the manual does not print is worded by us.
"""

from __future__ import annotations

import copy
from typing import ClassVar

from .blocks import Block
from .cisco import GLOBAL, MODES, CiscoDevice, CiscoTerminal
from .flash import Flash
from .screen import Pager
from .settings import Settings


class EosTerminal(Flash, CiscoTerminal):
    """``session``: the configuration session that the terminal is in; empty outside of any."""

    device: EosDevice
    HELLO = ""
    ABSENT = "% Error opening {} (No such file or directory)\n"
    UNKNOWN = "% Invalid input\n"
    UNAUTHORIZED = "% Authorization denied for command\n"
    INCOMPLETE = "% Incomplete command\n"
    OPEN: ClassVar[dict[str, str]] = {
        **CiscoTerminal.OPEN,
        "terminal length <n>": "eos_length",
        "terminal width <n>": "width",
    }
    PRIVILEGED: ClassVar[dict[str, str]] = {
        **CiscoTerminal.PRIVILEGED,
        "show ip route vrf all": "@routes4",
        "show ipv6 route vrf all": "@routes6",
        "show configuration sessions": "show_sessions",
        "show configuration sessions detail": "show_sessions",
        "configure session <name>": "enter_session",
        "configure session <name> commit": "commit_session",
        "configure session <name> abort": "abort_session",
        "configure session <name> commit timer <time>": "time_session",
        "configure replace <file>": "replace",
        "dir <place>": "list_files",
        "more <file>": "show_file",
        "delete <file>": "delete_file",
        "copy running-config <file>": "save_silently",
        "copy <file> <to>": "copy_file",
    }
    session = ""

    @property
    def root(self) -> Block:
        return self.device.sessions[self.session] if self.session else self.device.config

    def unknown(self, line: str) -> str:
        if self.level < 15 and not self.configuring():
            return "% Invalid input (privileged mode required)\n"
        return self.UNKNOWN

    def eos_length(self, lines: str) -> str:
        self.screen.length = int(lines)
        return "Pagination disabled.\n" if lines == "0" else f"Pagination set to {lines} lines.\n"

    def width(self, columns: str) -> str:
        return f"Width set to {columns} columns.\n"

    def mode(self) -> str:
        mode = super().mode()
        # The name of a session is cut short in the prompt.
        return mode.replace("config", f"config-s-{self.session[:6]}", 1) if self.session else mode

    def edited(self) -> None:
        if not self.session:
            super().edited()

    def configure(self) -> str:
        self.session = ""
        return super().configure()

    def enter_session(self, name: str) -> str:
        self.device.sessions.setdefault(name, copy.deepcopy(self.device.config))
        self.session = name
        self.at = [self.root]
        return ""

    def configure_line(self, line: str) -> str:
        words = line.split()
        if self.session and words[0] == "commit":
            return self._commit(words[1:])
        if self.session and words[0] == "abort":
            del self.device.sessions[self.session]
            self._outside()
            return ""
        told = super().configure_line(line)
        if not self.at:
            self.session = ""
        return told

    def _outside(self) -> None:
        self.session = ""
        self.at = []

    def _commit(self, words: list[str]) -> str:
        if words and (words[0] != "timer" or len(words) != 2):
            return self.UNKNOWN
        if self.device.pending is not None:
            return "% Cannot commit: another session waits for its confirmation\n"
        before = self.device.config
        name = self.session
        self.device.config = self.device.sessions.pop(name)
        self._outside()
        self.device.changed()
        if words:
            self.device.wait(name, words[1], before)
        return ""

    def commit_session(self, name: str) -> str:
        if self.device.waiting == name and self.device.keep():
            self.device.waiting = ""
            return ""
        if name not in self.device.sessions:
            return f"% Session {name} does not exist\n"
        self.session = name
        return self._commit([])

    def time_session(self, name: str, timer: str) -> str:
        if self.device.waiting != name or not self.device.keep():
            return f"% Session {name} does not wait for its commit\n"
        self.device.wait(name, timer, self.device.before)
        return ""

    def save_silently(self, file: str) -> str:
        return self.copy_file(self.RUNNING, file)

    def abort_session(self, name: str) -> str:
        if self.device.waiting == name and self.device.keep():
            self.device.put_back(self.device.before)
            self.device.changed()
            return ""
        return "" if self.device.sessions.pop(name, None) else f"% Session {name} does not exist\n"

    def show_sessions(self) -> str:
        lines = ["Maximum number of completed sessions: 1", "Maximum number of pending sessions: 5", ""]
        lines.append("  Name    State                User    Terminal")
        lines += [f"  {name}    pending              {self.user}    vty" for name in self.device.sessions]
        if self.device.waiting:
            left = int(self.device.pending.left()) if self.device.pending else 0
            lines.append(
                f"  {self.device.waiting}    pendingCommitTimer   {self.user}    vty ({left} seconds left)"
            )
        return "\n".join(lines) + "\n"

    def replace(self, file: str) -> str:
        if file not in self.device.files:
            return f"% Error opening {file} (No such file or directory)\n"
        self.device.replace(self.device.files[file])
        return ""


class EosDevice(CiscoDevice):
    """``sessions``: what would be committed, by session. ``waiting``: the session whose commit waits to be confirmed,
    and ``before`` what was before it."""

    kind: ClassVar[type[CiscoTerminal]] = EosTerminal
    pager = Pager(" --More-- ", "\r\x1b[K")
    modes = ((r"ip access-list (?:standard )?\S+", "config-acl"), *MODES)
    top = GLOBAL
    waiting = ""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.sessions: dict[str, Block] = {}
        self.before = self.config

    def wait(self, name: str, timer: str, before: Block) -> None:
        """Go back to what was before a session, unless it is confirmed in time (HH:MM:SS)."""
        hours, minutes, seconds = (int(part) for part in timer.split(":"))
        self.waiting, self.before = name, before
        self.after(hours * 60 + minutes + seconds / 60, lambda: self.put_back(before))

    def put_back(self, before: Block) -> None:
        self.config = before
        self.waiting = ""

    def running(self) -> str:
        head = f"! Command: show running-config\n! device: {self.hostname} (DCS-7050TX-64, EOS-4.28.3M)\n!\n"
        return f"{head}{self.body()}!\nend\n"
