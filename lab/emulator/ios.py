# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS and IOS-XE, as far as transport and going back are concerned.

Behaviour: Cisco IOS Configuration Fundamentals Configuration Guide, "Configuration Replace and Configuration Rollback"
(configure replace; Configuration Rollback Confirmed Change: configure terminal revert timer, configure confirm,
configure revert); Cisco IOS Configuration Fundamentals Command Reference (show privilege, copy). What these do not
print is worded by us.
"""

from __future__ import annotations

import re
from typing import ClassVar

from .blocks import Block
from .cisco import CiscoDevice, CiscoTerminal
from .flash import Flash

SURE = (
    "This will apply all necessary additions and deletions\nto replace the current running configuration with the\n"
    "contents of the specified configuration file, which is\nassumed to be a complete configuration, not a partial\n"
    "configuration. Enter Y if you are sure you want to proceed. ? [no]: "
)
DONE = "Total number of passes: 1\nRollback Done\n\n"
NO_ARCHIVE = "%Turn config archive on before using Rollback Confirmed Change\n"


class IosTerminal(Flash, CiscoTerminal):
    device: IosDevice
    OPEN: ClassVar[dict[str, str]] = {**CiscoTerminal.OPEN, "show privilege": "show_privilege"}
    PRIVILEGED: ClassVar[dict[str, str]] = {
        **CiscoTerminal.PRIVILEGED,
        "configure terminal revert timer <minutes>": "configure_timed",
        "configure confirm": "confirm",
        "configure revert now": "revert",
        "configure revert timer <minutes>": "renew",
        "configure replace <file>": "replace",
        "configure replace <file> force": "replace_forced",
        "configure replace <file> force revert trigger timer <minutes>": "replace_timed",
        "configure replace <file> force time <minutes>": "replace_timed",
        "show archive": "show_archive",
        "show archive config rollback timer": "show_timer",
        "show clock": "show_clock",
        "dir <place>": "list_files",
        "more <file>": "show_file",
        "delete /force <file>": "delete_file",
        "copy <file> <to>": "copy_asking",
    }

    def show_privilege(self) -> str:
        return f"Current privilege level is {self.level}\n"

    def configure_timed(self, minutes: str) -> str:
        told = self._guard(minutes)
        return told if told.startswith("%") else told + self.configure()

    def _guard(self, minutes: str) -> str:
        """Keep the running configuration, and go back to it when the time is over."""
        if not 1 <= int(minutes) <= 120:
            return self.UNKNOWN
        if not self.device.archive_path():
            return NO_ARCHIVE
        if self.device.pending is not None:
            return "%Error: a rollback confirmed change is pending\n"
        kept = self.device.archive()
        self.device.wait_for_confirmation(kept, float(minutes))
        return f"Rollback Confirmed Change: Backing up current running config to {kept}\n\n"

    def confirm(self) -> str:
        return "" if self.device.keep() else "%No Rollback Confirmed Change pending\n"

    def revert(self) -> str:
        if not self.device.keep():
            return "%No Rollback Confirmed Change pending\n"
        self.device.replace(self.device.files[self.device.kept])
        return f"Rollback Confirmed Change: rolling to:{self.device.kept}\n\n{DONE}"

    def renew(self, minutes: str) -> str:
        if not self.device.keep():
            return "%No Rollback Confirmed Change pending\n"
        self.device.wait_for_confirmation(self.device.kept, float(minutes))
        return ""

    def replace(self, file: str) -> str:
        if self.ask(SURE).lower() not in ("y", "yes"):
            return ""
        return self.replace_forced(file)

    def replace_forced(self, file: str) -> str:
        if file not in self.device.files:
            return f"%Error opening {file} (No such file or directory)\n"
        self.device.replace(self.device.files[file])
        return DONE

    def replace_timed(self, file: str, minutes: str) -> str:
        told = self._guard(minutes)
        return told if told.startswith("%") else told + self.replace_forced(file)

    def show_timer(self) -> str:
        if self.device.pending is None:
            return "%No Rollback Confirmed Change pending\n"
        return (
            f"Time configured(or reconfigured): {self.device.begun}\nTimer type: absolute timer\n"
            f"Timer value: {self.device.minutes} min\nUser: {self.user}\n"
        )

    def show_clock(self) -> str:
        return f"*{self.device.clock()}\n"

    def copy_asking(self, file: str, to: str) -> str:
        place, _colon, asked = to.partition(":")
        name = self.ask(f"Destination filename [{asked}]? ") or asked
        if f"{place}:{name}" in self.device.files:
            self.screen.write("%Warning:There already is a file existing with this name \n")
            self.ask("Do you want to over write? [confirm]")
        told = self.copy_file(file, f"{place}:{name}")
        return told if told.startswith("%") else "1024 bytes copied in 0.1 secs (10240 bytes/sec)\n"

    def show_archive(self) -> str:
        path = self.device.archive_path()
        if not path:
            return "Archive feature not enabled\n"
        kept = [name for name in self.device.files if name.startswith(path)]
        lines = ["The maximum archive configurations allowed is 10.", " Archive #  Name"]
        return "\n".join(lines + [f"   {number}        {name}" for number, name in enumerate(kept, 1)]) + "\n"

    def title(self, one: Block) -> str:
        words = one.line.split()
        return (
            f"{words[2].capitalize()} IP access list {words[-1]}"
            if words[0] == "ip"
            else f"IPv6 access list {words[-1]}"
        )


class IosDevice(CiscoDevice):
    """``kept``: the file that a pending change goes back to. ``begun``, ``minutes``: when its timer was set, and to
    what."""

    kind: ClassVar[type[CiscoTerminal]] = IosTerminal
    kept = ""
    begun = ""
    minutes = 0

    def running(self) -> str:
        body = f"!\n{self.body()}!\nend\n"
        return f"Building configuration...\n\nCurrent configuration : {len(body)} bytes\n{body}\n"

    def archive_path(self) -> str:
        """Where copies of the configuration go; empty where nobody has said so."""
        block = next((one for one in self.config.children if one.line == "archive"), None)
        lines = [] if block is None else [one.line for one in block.children]
        return next((found[1] for line in lines if (found := re.fullmatch(r"path (\S+)", line))), "")

    def clock(self) -> str:
        """The time, in which a minute takes as long as the device's minutes do."""
        return self.now().strftime("%H:%M:%S.000 UTC %a %b %d %Y")

    def archive(self) -> str:
        path = self.archive_path()
        number = 1 + sum(name.startswith(path) for name in self.files)
        name = f"{path}-{number}"
        self.files[name] = self.body()
        return name

    def wait_for_confirmation(self, kept: str, minutes: float) -> None:
        self.kept, self.begun, self.minutes = kept, self.clock(), int(minutes)
        self.after(minutes, lambda: self.replace(self.files[kept]))
