# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco ASA, as far as transport is concerned: it has nothing that goes back by itself but a reload.

Behaviour: CLI Book 1: Cisco ASA Series General Operations CLI Configuration Guide, "Using the Command-Line Interface";
Cisco ASA Series Command Reference (terminal pager, access-list extended with "line", show curpriv, clear configure
access-list).
"""

from __future__ import annotations

import re
from typing import ClassVar

from .blocks import Block, RefusedError
from .cisco import GLOBAL, MODES, CiscoDevice, CiscoTerminal
from .screen import Pager


class AsaTerminal(CiscoTerminal):
    SPACE = " "
    HELLO = ""
    UNKNOWN = "ERROR: % Invalid input detected at '^' marker.\n"
    UNAUTHORIZED = "Command authorization failed\n"
    INCOMPLETE = "ERROR: % Incomplete command\n"
    OPEN: ClassVar[dict[str, str]] = {
        "enable": "enable",
        "exit": "leave",
        "show version": "@version",
        "show curpriv": "show_privilege",
    }
    PRIVILEGED: ClassVar[dict[str, str]] = {
        "configure terminal": "configure",
        "disable": "disable",
        "terminal pager <n>": "length",
        "show running-config": "show_running",
        "show startup-config": "show_startup",
        "show access-list": "show_lists",
        "show access-list <name>": "show_lists",
        "show interface": "@interfaces",
        "show route": "@routes4",
        "show ipv6 route": "@routes6",
        "write memory": "save",
        "copy running-config <file>": "save_as",
    }

    def show_privilege(self) -> str:
        return f"Username : {self.user}\nCurrent privilege level : {self.level}\nCurrent Mode/s : P_PRIV\n"

    def show_startup(self) -> str:
        return f": Saved\n: Written by {self.user}\n!\n{self.device.files['startup-config']}: end\n"

    def show_lists(self, name: str = "") -> str:
        found: dict[str, list[str]] = {}
        for one in self.device.config.children:
            words = one.line.split()
            if words[0] == "access-list" and name in ("", words[1]):
                found.setdefault(words[1], []).append(" ".join(words[2:]))
        lines = []
        for title, entries in found.items():
            lines.append(f"access-list {title}; {len(entries)} elements; name hash: 0x0")
            lines += [
                f"access-list {title} line {number} {entry} (hitcnt=0)"
                for number, entry in enumerate(entries, 1)
            ]
        return "\n".join(lines) + "\n" if lines else ""

    def take(self, line: str) -> None:
        cleared = re.fullmatch(r"clear configure access-list (\S+)", line)
        entry = re.fullmatch(r"access-list (\S+) line (\d+) (.+)", line)
        if cleared:
            self.root.enter(f"no access-list {cleared[1]}")
        elif entry:
            self._insert(entry[1], int(entry[2]), entry[3])
        else:
            super().take(line)

    def _insert(self, name: str, number: int, entry: str) -> None:
        """Entries of an access list are counted from 1."""
        if not re.match(r"(?:extended|standard|remark) ", entry):
            raise RefusedError(self.UNKNOWN)
        places = [
            index
            for index, one in enumerate(self.root.children)
            if one.line.startswith(f"access-list {name} ")
        ]
        if places and number <= len(places):
            place = places[number - 1]
        else:
            place = places[-1] + 1 if places else len(self.root.children)
        self.root.children.insert(place, Block(f"access-list {name} {entry}"))


class AsaDevice(CiscoDevice):
    kind: ClassVar[type[CiscoTerminal]] = AsaTerminal
    pager = Pager("<--- More --->", "\r              \r")
    modes = (
        *MODES,
        (r"object network \S+", "config-network-object"),
        (r"object service \S+", "config-service-object"),
        (r"object-group network \S+", "config-network-object-group"),
        (r"object-group service \S+(?: \S+)?", "config-service-object-group"),
    )
    top = GLOBAL

    def running(self) -> str:
        return f": Saved\n:\n: Serial Number: 9A0123456BC\n:\n{self.body()}: end\n"
