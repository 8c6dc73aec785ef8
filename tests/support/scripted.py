# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terminals that answer each command with a given text, for platforms that have no emulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from lab.emulator.device import Device, Terminal
from lab.emulator.screen import Pager, Screen
from lab.emulator.settings import Settings


class ScriptedTerminal(Terminal):
    device: ScriptedDevice

    def prompt(self) -> str:
        return self.device.prompt

    def commands(self) -> dict[str, str]:
        return {}

    def configuring(self) -> bool:
        return False

    def configure_line(self, line: str) -> str:
        return self.execute(line)

    def execute(self, line: str) -> str:
        self.device.prompt = self.device.prompts.get(line, self.device.prompt)
        return self.device.answers.get(line, self.device.unknown)

    def run(self) -> None:
        if self.device.asked_first:
            self.screen.write(self.device.asked_first[0])
            while self.screen.key() != self.device.asked_first[1]:
                pass
            self.screen.write("\n")
        super().run()


class ScriptedDevice(Device):
    """``answers``: by command; any other is answered by ``unknown``. ``asked_first``: what stands there before the first
    prompt, and the key that it waits for. ``prompts``: the prompt from a command on."""

    pager: ClassVar[Pager] = Pager("--More-- ", "\r         \r")

    def __init__(
        self,
        settings: Settings,
        prompt: str,
        answers: Mapping[str, str],
        unknown: str,
        asked_first: tuple[str, str] | None = None,
        prompts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(settings)
        self.prompt = prompt
        self.answers = answers
        self.unknown = unknown
        self.asked_first = asked_first
        self.prompts = prompts or {}

    def running(self) -> str:
        return "\n".join(self.answers.values())

    def terminal(self, screen: Screen, user: str) -> Terminal:
        return ScriptedTerminal(self, screen, user)
