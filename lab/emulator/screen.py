# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The device's side of a terminal: keys come in and are echoed, text goes out page by page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from .settings import Faults


class HangUpError(Exception):
    """The line is gone, or the device ends it."""


@dataclass(frozen=True)
class Pager:
    """``mark``: what stands below a page; ``erase``: what the device prints over it when the page is turned."""

    mark: str
    erase: str


class Screen:
    """``length``: lines of a page, 0 for no pages."""

    def __init__(self, channel: Any, pager: Pager, length: int, faults: Faults) -> None:
        self._channel = channel
        self._pager = pager
        self._faults = faults
        self._typed = ""
        self.length = length

    def write(self, text: str) -> None:
        try:
            self._channel.sendall(text.replace("\n", "\r\n").encode())
        except OSError:
            raise HangUpError from None

    def key(self) -> str:
        while not self._typed:
            try:
                came = self._channel.recv(1024)
            except OSError:
                raise HangUpError from None
            if not came:
                raise HangUpError
            self._typed = came.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        first, self._typed = self._typed[0], self._typed[1:]
        return first

    def line(self, echo: bool = True) -> str:
        """A line that somebody types, up to Enter."""
        found = ""
        while (key := self.key()) != "\n":
            if key == "\x03":
                found = ""
            elif key in "\b\x7f":
                found = found[:-1]
            elif key.isprintable():
                found += key
            if echo and key.isprintable():
                self.write(key)
        self.write("\n")
        return found

    def page(self, text: str) -> None:
        """Print an output, a page at a time: the space bar shows the next one, Enter one more line, q no more."""
        if not text:
            return
        faults = self._faults
        if not (
            self.length or faults.pages or faults.trickle or faults.endless or faults.drop_after is not None
        ):
            self.write(text if text.endswith("\n") else f"{text}\n")
            return
        length = self.length or (24 if self._faults.pages else 0)
        room = length
        for number, line in enumerate(text.rstrip("\n").split("\n")):
            if self._faults.drop_after is not None and number >= self._faults.drop_after:
                self._channel.get_transport().close()
                raise HangUpError
            if self._faults.trickle:
                time.sleep(self._faults.trickle)
            if length and room == 0:
                room = self._turn(length)
                if room == 0:
                    return
            self.write(f"{line}\n")
            room -= 1
        while self._faults.endless:
            self.key()

    def _turn(self, length: int) -> int:
        """How many more lines are asked for; 0 for none."""
        self.write(self._pager.mark)
        while True:
            key = self.key()
            if key in (" ", "\n", "q"):
                self.write(self._pager.erase)
                return {" ": length, "\n": 1}.get(key, 0)
