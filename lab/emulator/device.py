# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all emulated devices have in common: one configuration, many terminals, and what goes back by itself."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from .screen import HangUpError, Pager, Screen
from .server import Server
from .settings import Settings

# When every emulated device is started, by its own clock.
_BEGAN = datetime(2026, 11, 23, 9, 0, 0)
# Seconds after a prompt.
LATE = 0.3
TEXTS = Path(__file__).parent / "texts"


def fits(pattern: str, words: Sequence[str]) -> list[str] | None:
    """The arguments of a typed line, None if it is not this command. Words may be cut short; ``<x>`` stands for one
    word, ``...`` for the rest."""
    arguments: list[str] = []
    tokens = pattern.split()
    for number, token in enumerate(tokens):
        if token == "...":
            return [*arguments, " ".join(words[number:])]
        if number >= len(words):
            return None
        word = words[number]
        if token.startswith("<"):
            arguments.append(word)
        elif not token.startswith(word):
            return None
    return arguments if len(words) == len(tokens) else None


class Pending:
    """A change that goes back by itself when its time is over, unless somebody keeps it."""

    def __init__(self, seconds: float, back: Callable[[], None]) -> None:
        self._until = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, back)
        self._timer.daemon = True
        self._timer.start()

    def left(self) -> float:
        return max(0.0, self._until - time.monotonic())

    def stop(self) -> None:
        self._timer.cancel()


class Device(ABC):
    """``commands``: every line that was typed, in any terminal. ``pending``: what would go back by itself."""

    pager: ClassVar[Pager]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = settings.faults
        self.commands: list[str] = []
        self.pending: Pending | None = None
        self.lock = threading.RLock()
        self.server: Server | None = None
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The device's time, whose minutes may be short ones."""
        minutes = (time.monotonic() - self._started) / self.settings.minute
        return _BEGAN + timedelta(minutes=minutes)

    @property
    def hostname(self) -> str:
        return self.settings.hostname

    @abstractmethod
    def running(self) -> str:
        """The running configuration as the device shows it."""

    @abstractmethod
    def terminal(self, screen: Screen, user: str) -> Terminal:
        """What goes on in one terminal."""

    def start(self) -> Server:
        self.changed()
        self.server = Server(self.settings, self._talk)
        return self.server

    def close(self) -> None:
        if self.pending is not None:
            self.pending.stop()
        if self.server is not None:
            self.server.close()

    def changed(self) -> None:
        """Somebody changed the running configuration."""
        if self.settings.running:
            path = Path(self.settings.running)
            fresh = path.with_name(f".{path.name}")
            fresh.write_text(self.running(), encoding="utf-8")
            os.replace(fresh, path)
        if self.settings.enforce:
            subprocess.run(self.settings.enforce, check=True)

    def note(self, line: str) -> None:
        self.commands.append(line)
        if self.settings.log:
            with open(self.settings.log, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def text(self, name: str) -> str:
        """A text that this platform prints; ``@HOSTNAME@`` in it is the device's name. What a line begins with ``!!``
        for is ours: where the text is from."""
        found = (TEXTS / f"{self.settings.platform}.{name}.txt").read_text(encoding="utf-8")
        lines = [line for line in found.splitlines() if not line.startswith("!!")]
        return "\n".join(lines).strip("\n").replace("@HOSTNAME@", self.hostname) + "\n"

    def after(self, minutes: float, back: Callable[[], None]) -> None:
        """Go back when so many of the device's minutes are over, unless ``keep`` comes before."""

        def due() -> None:
            with self.lock:
                self.pending = None
                back()
                self.changed()

        self.pending = Pending(minutes * self.settings.minute, due)

    def keep(self) -> bool:
        """Keep what would go back by itself; False if nothing would."""
        if self.pending is None:
            return False
        self.pending.stop()
        self.pending = None
        return True

    def _talk(self, channel: Any, user: str) -> None:
        screen = Screen(channel, self.pager, self.settings.page, self.faults)
        try:
            self.terminal(screen, user).run()
        except HangUpError:
            return


class Terminal(ABC):
    """One terminal of one user: prompts, lines, answers."""

    UNKNOWN = "% Invalid input detected at '^' marker.\n"
    UNAUTHORIZED = "% Authorization failed.\n"

    def __init__(self, device: Device, screen: Screen, user: str) -> None:
        self.device = device
        self.screen = screen
        self.user = user
        self.over = False

    @abstractmethod
    def prompt(self) -> str:
        """What stands where the next line is typed."""

    @abstractmethod
    def commands(self) -> dict[str, str]:
        """What can be typed outside of configuration: pattern -> name of the method that gets the arguments, or, with
        an ``@``, of the text that is printed."""

    @abstractmethod
    def configuring(self) -> bool:
        """Whether lines are configuration."""

    @abstractmethod
    def configure_line(self, line: str) -> str:
        """Take a line of configuration, and answer."""

    def run(self) -> None:
        faults = self.device.faults
        if self.device.settings.banner:
            self.screen.write(f"\n{self.device.settings.banner}\n")
        while faults.silent:
            self.screen.key()
        while not self.over:
            self.screen.write(faults.prompt or self.prompt())
            if faults.late and self.device.commands:
                time.sleep(LATE)
                self.screen.write(faults.late)
            line = self.screen.line().strip()
            if not line:
                continue
            self.device.note(line)
            if faults.slow:
                time.sleep(faults.slow)
            with self.device.lock:
                told = self.answer(line)
            self.screen.page(told)

    def answer(self, line: str) -> str:
        if any(line.startswith(refused) for refused in self.device.faults.refuse):
            return self.UNAUTHORIZED
        if self.configuring():
            return self.configure_line(line)
        return self.execute(line)

    def execute(self, line: str) -> str:
        """A command outside of configuration. Of those that fit, that with the most words of its own is meant."""
        words = line.split()
        found = [
            (len(pattern.split()) - len(arguments), method, arguments)
            for pattern, method in self.commands().items()
            if (arguments := fits(pattern, words)) is not None
        ]
        if not found:
            return self.unknown(line)
        _own, method, arguments = max(found, key=lambda one: one[0])
        if method.startswith("@"):
            return self.device.text(method[1:])
        told: str = getattr(self, method)(*arguments)
        return told

    def unknown(self, _line: str) -> str:
        return f"{' ' * len(self.prompt())}^\n{self.UNKNOWN}\n"

    def leave(self) -> str:
        self.over = True
        return ""

    def ask(self, question: str, echo: bool = True) -> str:
        self.screen.write(question)
        return self.screen.line(echo)
