# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What emulated IOS, NX-OS, ASA and EOS have in common: privileges, modes of configuration, access lists, files."""

from __future__ import annotations

import re
from typing import ClassVar

from .blocks import Block, RefusedError, read
from .device import Device, Terminal, fits
from .screen import Pager, Screen
from .settings import Settings

# Lines that begin a block, and what stands in the prompt then.
MODES: tuple[tuple[str, str], ...] = (
    (r"interface \S.*", "config-if"),
    (r"ip access-list extended \S+", "config-ext-nacl"),
    (r"ip access-list standard \S+", "config-std-nacl"),
    (r"ipv6 access-list \S+", "config-ipv6-acl"),
    (r"router \S.*", "config-router"),
    (r"line \S.*", "config-line"),
    (r"archive", "config-archive"),
)
# Global lines that are taken as they stand; anything else is no configuration.
GLOBAL = (
    r"(?:no )?(?:hostname|ip route|ipv6 route|access-list|logging|ntp|snmp-server|service|username|enable|ip|ipv6"
    r"|banner|access-group|route|object|object-group|mtu|feature|vrf|aaa|crypto|line|clock|version|names|name|boot|no|nat"
    r"|interface|spanning-tree|transceiver|router|archive) ?.*"
)
MORE = Pager(" --More-- ", "\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b")


class CiscoDevice(Device):
    """``files``: what was saved on the device, by name; the startup configuration is one of them."""

    pager = MORE
    modes: ClassVar[tuple[tuple[str, str], ...]] = MODES
    top: ClassVar[str] = GLOBAL
    kind: ClassVar[type[CiscoTerminal]]

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.config = read(settings.config or self.text("config"))
        self.files: dict[str, str] = {"startup-config": self.body()}

    @property
    def hostname(self) -> str:
        config = getattr(self, "config", None)
        names = (
            []
            if config is None
            else [one.line for one in config.children if one.line.startswith("hostname ")]
        )
        return names[-1].split()[1] if names else self.settings.hostname

    def body(self) -> str:
        """The configuration without what the device says about it; from this it can be made again."""
        lines = []
        for one in self.config.children:
            lines += one.text()
            if one.children:
                lines.append("!")
        return "\n".join(lines) + "\n"

    def running(self) -> str:
        return f"!\n{self.body()}!\nend\n"

    def replace(self, text: str) -> None:
        """Make the running configuration what this text says, and nothing else."""
        self.config = read(text)
        self.changed()

    def terminal(self, screen: Screen, user: str) -> Terminal:
        return self.kind(self, screen, user)

    def lists(self) -> list[Block]:
        return [one for one in self.config.children if one.is_list]


class CiscoTerminal(Terminal):
    """``level``: the privilege level. ``at``: the blocks of configuration that the terminal is in, outermost first."""

    device: CiscoDevice
    # What anybody may type, and what needs privileges.
    OPEN: ClassVar[dict[str, str]] = {
        "enable": "enable",
        "disable": "disable",
        "exit": "leave",
        "logout": "leave",
        "show version": "@version",
        "terminal length <n>": "length",
        "terminal width <n>": "nothing",
    }
    PRIVILEGED: ClassVar[dict[str, str]] = {
        "configure terminal": "configure",
        "show running-config": "show_running",
        "show startup-config": "show_startup",
        "show access-lists": "show_lists",
        "show access-lists <name>": "show_lists",
        "show ip access-lists": "show_lists",
        "show ip access-lists <name>": "show_lists",
        "show interfaces": "@interfaces",
        "show ip route": "@routes4",
        "show ip route vrf *": "@routes4",
        "show ipv6 route": "@routes6",
        "show ipv6 route vrf *": "@routes6",
        "write memory": "save",
        "copy running-config startup-config": "save",
        "copy running-config <file>": "save_as",
    }
    # In configuration, before a line is taken as such.
    CONFIG: ClassVar[dict[str, str]] = {}
    HELLO = "Enter configuration commands, one per line.  End with CNTL/Z.\n"
    INCOMPLETE = "% Incomplete command.\n\n"
    SPACE = ""

    def __init__(self, device: CiscoDevice, screen: Screen, user: str) -> None:
        super().__init__(device, screen, user)
        self.level = min(device.settings.level, device.faults.privilege)
        self.at: list[Block] = []

    @property
    def root(self) -> Block:
        """What lines of configuration are put in."""
        return self.device.config

    def prompt(self) -> str:
        if self.configuring():
            return f"{self.device.hostname}({self.mode()})#{self.SPACE}"
        return f"{self.device.hostname}{'#' if self.level > 1 else '>'}{self.SPACE}"

    def mode(self) -> str:
        if len(self.at) < 2:
            return "config"
        return next(name for pattern, name in self.device.modes if re.fullmatch(pattern, self.at[-1].line))

    def configuring(self) -> bool:
        return bool(self.at)

    def commands(self) -> dict[str, str]:
        return {**self.OPEN, **(self.PRIVILEGED if self.level == 15 else {})}

    def length(self, lines: str) -> str:
        self.screen.length = int(lines)
        return ""

    def nothing(self, *_arguments: str) -> str:
        return ""

    def enable(self) -> str:
        if self.device.faults.privilege < 15:
            return "% Error in authentication.\n\n"
        secret = self.device.settings.secret
        if self.level == 15 or secret is None:
            self.level = 15
            return ""
        if any(self.ask("Password: ", echo=False) == secret for _try in range(3)):
            self.level = 15
            return ""
        return "% Bad secrets\n\n"

    def disable(self) -> str:
        self.level = 1
        return ""

    def show_running(self) -> str:
        return self.device.running()

    def show_startup(self) -> str:
        return f"!\n{self.device.files['startup-config']}!\nend\n"

    def show_lists(self, name: str = "") -> str:
        lines = []
        for one in self.device.lists():
            if name in ("", one.line.split()[-1]):
                lines += [self.title(one), *(f"    {entry.line}" for entry in one.children)]
        return "\n".join(lines) + "\n" if lines else ""

    def title(self, one: Block) -> str:
        """How a list is headed in ``show access-lists``."""
        words = one.line.split()
        return f"{'IPv6' if words[0] == 'ipv6' else 'IP'} access list {words[-1]}"

    def save(self) -> str:
        self.device.files["startup-config"] = self.device.body()
        return "Building configuration...\n[OK]\n"

    def save_as(self, file: str) -> str:
        asked = file.partition(":")[2]
        name = self.ask(f"Destination filename [{asked}]? ") or asked
        body = self.device.files[f"{file.partition(':')[0]}:{name}"] = self.device.body()
        return f"{len(body)} bytes copied in 0.1 secs ({len(body) * 10} bytes/sec)\n"

    def configure(self) -> str:
        self.at = [self.root]
        return self.HELLO

    def configure_line(self, line: str) -> str:
        words = line.split()
        if words[0] == "do":
            return self.execute(line[3:])
        if line == "end":
            self.at = []
            return ""
        if line == "exit":
            self.at.pop()
            return ""
        for pattern, method in self.CONFIG.items():
            arguments = fits(pattern, words)
            if arguments is not None:
                told: str = getattr(self, method)(*arguments)
                return told
        try:
            self.take(line)
        except RefusedError as error:
            return f"{error}\n"
        self.edited()
        return ""

    def edited(self) -> None:
        self.device.changed()

    def take(self, line: str) -> None:
        """One line of configuration, in the block that it belongs to. RefusedError if it is none."""
        if re.fullmatch(r"(?:no )?(?:\d+ )?(?:permit|deny)", line):
            raise RefusedError(self.INCOMPLETE.strip())
        if len(self.at) > 1 and not self._is_global(line):
            self.at[-1].enter(line)
            return
        if not re.fullmatch(self.device.top, line):
            raise RefusedError(f"{' ' * len(self.prompt())}^\n{self.UNKNOWN}")
        self.at = [self.root]
        if any(re.fullmatch(pattern, line) for pattern, _mode in self.device.modes):
            self.at.append(self.root.child(line))
        else:
            self.root.enter(line)

    def _is_global(self, line: str) -> bool:
        """Whether a line that is typed in a block is none of the block's own."""
        if self.at[-1].is_list:
            return not re.match(r"(?:no )?(?:\d+|permit\b|deny\b|remark\b)", line)
        return bool(
            re.match(r"(?:no )?(?:hostname|ip route|ipv6 route|access-list|object-group|archive)\b", line)
        ) or any(re.fullmatch(pattern, line.removeprefix("no ")) for pattern, _mode in self.device.modes)
