# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS XR, as far as transport and going back are concerned: a target configuration of each session, commits of
it, and the trial of a confirmed one.

Behaviour: Cisco IOS XR System Management Command Reference, "Configuration Management Commands" (commit, commit
confirmed, commit replace, load, rollback configuration, show configuration commit list, show configuration sessions);
that a trial belongs to the session that committed: cisco.iosxr issue 260, and what people have written down of XRv9k
24.3. What these do not print is worded by us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .blocks import Block, read
from .cisco import GLOBAL, MODES, CiscoDevice, CiscoTerminal
from .device import fits
from .flash import Flash
from .screen import Pager
from .settings import Settings

LEAVING = (
    "\nYou are exiting after a 'commit confirm' with an active rollback session.  If you exit the configuration "
    "awaiting confirmation will not be confirmed and the router will immediately rollback to the previous "
    "configuration.\n"
    "Do you wish to exit? [no]: "
)
UNCOMMITTED = "Uncommitted changes found, commit them before exiting(yes/no/cancel)? [cancel]: "
REPLACE = (
    "This commit will replace or remove the entire running configuration. This\noperation can be service affecting.\n"
    "Do you wish to proceed? [no]: "
)
UNEXPIRED = (
    "% Cannot commit because there is an unexpired trial/rollback session '00001000-00005b40-00000000'.\n"
)
TRIAL_UNDERWAY = "Cannot enter exclusive mode. A trial commit is underway in another configuration session.\n"
NOTHING = "No configuration changes to commit.\n"


@dataclass(frozen=True)
class Commit:
    """``before``: the configuration that it changed."""

    number: int
    user: str
    client: str
    when: str
    before: str


class XrTerminal(Flash, CiscoTerminal):
    """``typed``: the target configuration, as lines that were typed. ``loaded``: what a file brought in."""

    device: XrDevice
    HELLO = ""
    ABSENT = "{}: No such file or directory\n"
    INCOMPLETE = "% Incomplete command.\n"
    UNAUTHORIZED = "% This command is not authorized\n"
    PRIVILEGED: ClassVar[dict[str, str]] = {
        "configure": "configure",
        "configure terminal": "configure",
        "configure exclusive": "configure_alone",
        "show running-config": "show_running",
        "show access-lists": "show_lists",
        "show access-lists ipv4": "show_lists",
        "show access-lists ipv4 <name>": "show_lists",
        "show interfaces": "@interfaces",
        "show route ipv4": "@routes4",
        "show route vrf all ipv4": "@routes4_vrf",
        "show route ipv6": "@routes6",
        "show route vrf all ipv6": "@routes6",
        "show configuration sessions detail": "show_sessions",
        "show configuration commit list": "show_commits",
        "show configuration commit changes last <n>": "show_changes",
        "rollback configuration last <n>": "rollback",
        "copy running-config <file>": "save_asking",
        "copy <file> <to>": "copy_asking",
        "dir <place>": "list_files",
        "more <file>": "show_file",
        "delete /noprompt <file>": "delete_file",
    }
    CONFIG: ClassVar[dict[str, str]] = {
        "commit": "commit",
        "commit replace": "commit_replace",
        "commit confirmed <seconds>": "commit_for",
        "commit confirmed minutes <minutes>": "commit_for_minutes",
        "show configuration": "show_target",
        "load <file>": "load",
        "abort": "abort",
        "end": "end",
    }

    def run(self) -> None:
        self.typed: list[str] = []
        self.loaded: str | None = None
        self.target = Block("")
        super().run()

    @property
    def root(self) -> Block:
        return self.target

    def prompt(self) -> str:
        mode = f"({self.mode()})" if self.configuring() else ""
        return f"RP/0/RP0/CPU0:{self.device.hostname}{mode}#"

    def answer(self, line: str) -> str:
        return f"{self.device.stamp()}\n{super().answer(line)}"

    def configure(self) -> str:
        self.typed, self.loaded = [], None
        self.target = read(self.device.body())
        self.at = [self.target]
        return ""

    def configure_alone(self) -> str:
        return TRIAL_UNDERWAY if self.device.pending is not None else self.configure()

    def configure_line(self, line: str) -> str:
        words = line.split()
        for pattern, method in self.CONFIG.items():
            arguments = fits(pattern, words)
            if arguments is not None:
                told: str = getattr(self, method)(*arguments)
                return told
        if line == "exit" and len(self.at) == 1:
            return self.end()
        told = super().configure_line(line)
        if not told:
            self.typed.append(line)
        return told

    def edited(self) -> None:
        """Nothing holds before it is committed."""

    def _outside(self) -> None:
        self.at, self.typed, self.loaded = [], [], None

    def end(self) -> str:
        if self.device.pending is not None and self.device.owner is self:
            if self.ask(LEAVING) != "yes":
                return ""
            self.device.keep()
            self.device.go_back()
            self.device.changed()
        elif self.typed or self.loaded is not None:
            said = self.ask(UNCOMMITTED)
            if said not in ("yes", "no"):
                return ""
            if said == "yes":
                told = self.commit()
                if told.startswith("%"):
                    return told
        self._outside()
        return ""

    def abort(self) -> str:
        """Of a session whose trial lasts, the same as its end."""
        self.typed, self.loaded = [], None
        return self.end()

    def show_target(self) -> str:
        return "!! IOS XR Configuration 7.3.2\n" + "".join(f"{line}\n" for line in self.typed) + "end\n"

    def load(self, file: str) -> str:
        if file not in self.device.files:
            return f"% Couldn't open file {file}: No such file or directory\n"
        self.loaded = self.device.files[file]
        return f"Loading.\n{len(self.loaded)} bytes parsed in 1 sec ({len(self.loaded)})bytes/sec\n"

    def commit(self) -> str:
        if self.device.pending is not None and self.device.owner is self:
            self.device.keep()
            self.device.owner = None
            return self._commit() if self.typed else "\n% Confirming commit for trial session.\n"
        return self._commit()

    def commit_replace(self) -> str:
        if self.ask(REPLACE) != "yes":
            return ""
        if self.device.pending is not None:
            return UNEXPIRED
        self.device.commit(self.user, "CLI", read(self.loaded or ""))
        self.typed, self.loaded = [], None
        return ""

    def _commit(self) -> str:
        if not self.typed:
            return NOTHING
        if self.device.pending is not None:
            return UNEXPIRED
        self.device.commit(self.user, "CLI", self._merged())
        self.typed, self.at = [], [self.target]
        return ""

    def _merged(self) -> Block:
        """What runs now, with what was typed in this session."""
        place, self.target = self.target, read(self.device.body())
        self.at = [self.target]
        for line in self.typed:
            if line == "exit":
                self.at.pop()
            else:
                self.take(line)
        merged, self.target = self.target, place
        return merged

    def commit_for(self, seconds: str) -> str:
        if not seconds.isdecimal() or not 30 <= int(seconds) <= 65535:
            return self.UNKNOWN
        return self._trial(int(seconds) / 60)

    def commit_for_minutes(self, minutes: str) -> str:
        if not minutes.isdecimal() or not 1 <= int(minutes) <= 1024:
            return self.UNKNOWN
        return self._trial(float(minutes))

    def _trial(self, minutes: float) -> str:
        told = self._commit()
        if not told:
            self.device.owner = self
            self.device.after(minutes, self.device.go_back)
        return told

    def show_sessions(self) -> str:
        if self.device.pending is None:
            return ""
        rows = (("CLI", "config", 13717), ("commit-confirm", "cfgmgr_trial_co", 13745))
        return "".join(
            f"\n  {number}) Session: 00001000-0000359{number}-00000000  {self.device.date()}\n"
            f"     Line: vty0                           Lock: None\n"
            f"     User: {self.user:<31}Client: {client}\n     Process: {process:<28}PID: {pid}\n"
            for number, (client, process, pid) in enumerate(rows, 1)
        )

    def show_commits(self) -> str:
        lines = ["SNo. Label/ID              User      Line                Client      Time Stamp"]
        lines += [
            f"{number:<4} {one.number:<21} {one.user:<9} vty0:node0_RP0_CPU  {one.client:<11} {one.when}"
            for number, one in enumerate(self.device.commits, 1)
        ]
        return "\n".join(lines) + "\n"

    def show_changes(self, last: str) -> str:
        """The configuration before the last commits, in place of what it takes to come from there to here."""
        if not last.isdecimal() or not 1 <= int(last) <= len(self.device.commits):
            return "% Invalid number of commits\n"
        before = self.device.commits[int(last) - 1].before.splitlines()
        return "".join(f"{line}\n" for line in self.device.body().splitlines() if line not in before)

    def rollback(self, last: str) -> str:
        if not last.isdecimal() or not 1 <= int(last) <= len(self.device.commits):
            return "% Invalid number of commits\n"
        if self.device.pending is not None:
            return UNEXPIRED
        self.device.commit(self.user, "Rollback", read(self.device.commits[int(last) - 1].before))
        return (
            "Loading Rollback Changes.\nLoaded Rollback Changes in 1 sec\nCommitting.\n"
            f"Updating.\nConfiguration successfully rolled back {last} commits.\n"
        )

    def save_asking(self, file: str) -> str:
        place, _slash, asked = file.partition("/")
        name = self.ask(f"Destination file name (control-c to abort): [/{asked}]?") or f"/{asked}"
        if (
            f"{place}{name}" in self.device.files
            and self.ask("The destination file already exists. Do you want to overwrite? [no]: ") != "yes"
        ):
            return ""
        self.device.files[f"{place}{name}"] = self.device.running()
        return "Building configuration.\n[OK]\n"

    def copy_asking(self, file: str, to: str) -> str:
        place, _slash, asked = to.partition("/")
        name = self.ask(f"Copy : Destination filename [/{asked}]?") or f"/{asked}"
        told = self.copy_file(file, f"{place}{name}")
        return "1024 bytes copied in 0 sec\n" if "completed" in told else told


class XrDevice(CiscoDevice):
    """``owner``: the terminal whose trial lasts. ``commits``: the newest first."""

    kind: ClassVar[type[CiscoTerminal]] = XrTerminal
    pager = Pager(" --More-- ", "\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b")
    modes = ((r"ipv4 access-list \S+", "config-ipv4-acl"), *MODES)
    top = GLOBAL.replace("|ip|ipv6", "|ip|ipv4|ipv6")

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.files = {}
        self.owner: XrTerminal | None = None
        self.commits: list[Commit] = []
        self.began = self.date()

    @property
    def last(self) -> str:
        """When the configuration was changed."""
        return self.commits[0].when if self.commits else self.began

    def date(self) -> str:
        return f"{self.now():%a %b %d %H:%M:%S %Y}"

    def stamp(self) -> str:
        """What stands above each answer."""
        return f"{self.now():%a %b %d %H:%M:%S}.000 UTC"

    def running(self) -> str:
        return (
            "Building configuration...\n!! IOS XR Configuration 7.3.2\n"
            f"!! Last configuration change at {self.last} by root\n!\n{self.body()}end\n"
        )

    def commit(self, user: str, client: str, config: Block) -> None:
        before = self.body()
        number = 1000000001 + len(self.commits)
        self.commits.insert(0, Commit(number, user, client, self.date(), before))
        self.config = config
        self.changed()

    def go_back(self) -> None:
        """A trial is over without having been confirmed."""
        self.owner = None
        self.commit("root", "Rollback", read(self.commits[0].before))
