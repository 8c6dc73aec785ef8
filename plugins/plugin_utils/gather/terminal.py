# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's terminal: what it prints, as a person would see it, page after page, until it waits for the next line."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from .channel import decoded

CHUNK = 1 << 16
MAX_OUTPUT = 1 << 28
# Characters at the beginning and the end of an output that are looked at.
SEEN = 4096
# Seconds: between two looks; without a word before a page is turned; before a prompt is taken for one.
TICK = 0.02
SETTLE = 0.12
# Longer output takes longer to come: what looks like a prompt in it gets more time to prove to be none.
LONG = 20_000
SETTLE_LONG = 0.4

# ECMA-48 control sequences, and those with an end of their own (window titles).
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_=>78]|[\x00\x07]"
)
# What erases the rest of the line, and what stands for it here.
_ERASE = re.compile(r"\x1b\[0?K")
_ERASED = "\x01"
_MOVES = re.compile(r"[\r\b\x01]")
# The marks of pagers, in the order of the documents: IOS and NX-OS, ASA, Junos, PAN-OS (less).
_MARK = r"--More--(?: ?\(\d+%\))?|<--- ?More ?--->|---\(more(?: \d+%)?\)---|lines \d+-\d+(?:/\d+)?(?: \d+%)?"
_PAGER = re.compile(rf"(?:^|[\r\n\b])[ \t]*(?:{_MARK})[ \t]*$", re.IGNORECASE)
_LEFT = re.compile(rf"^[ \t]*(?:{_MARK})", re.IGNORECASE | re.MULTILINE)
TURN = " "


def plain(text: str) -> str:
    return _CONTROL.sub("", text)


def as_seen(text: str) -> str:
    """What stands on the paper in the end: without control sequences, with what was struck out or written over as it
    was at last, lines ending by a line feed."""
    text = re.sub(r"\r+\n", "\n", plain(_ERASE.sub(_ERASED, text)))
    if not _MOVES.search(text):
        return text
    return "\n".join(_overwritten(line) if _MOVES.search(line) else line for line in text.split("\n"))


def _overwritten(line: str) -> str:
    cells: list[str] = []
    column = 0
    for character in line:
        if character == "\r":
            column = 0
        elif character == "\b":
            column = max(0, column - 1)
        elif character == _ERASED:
            del cells[column:]
        else:
            cells[column : column + 1] = character
            column += 1
    return "".join(cells).rstrip(" ")


def pager_left(text: str) -> str:
    """The first mark of a pager that stands in a text; empty if there is none."""
    found = _LEFT.search(text)
    return found[0].strip() if found else ""


class Terminal:
    """``turned``: how many pages were turned so far."""

    def __init__(self, shell: Any) -> None:
        """``shell``: a paramiko.Channel with a terminal."""
        self._shell = shell
        self.turned = 0

    def write(self, text: str) -> None:
        """Raises OSError where the device is gone."""
        self._shell.settimeout(10.0)
        self._shell.sendall(text.encode())

    def unread(self) -> str:
        """What came since the last read, and was asked by nobody. Raises EOFError where the device is gone."""
        found = []
        while self._shell.recv_ready():
            found.append(self._shell.recv(CHUNK))
        if not found and self._gone():
            raise EOFError
        return decoded(b"".join(found))

    def read(self, done: Callable[[str, str], bool], seconds: float) -> str:
        """All that comes until ``done(beginning, end)`` of it, as far as they are looked at, and nothing more follows.

        ``seconds``: of silence, at the most. Raises TimeoutError, whose text is the last line so far; EOFError where
        the device hangs up; OverflowError where there is no end of it.
        """
        printed = bytearray()
        page = 0  # where the page began that is being printed
        heard = time.monotonic()
        while True:
            chunk = self._receive()
            now = time.monotonic()
            if chunk:
                printed += chunk
                heard = now
                if len(printed) > MAX_OUTPUT:
                    raise OverflowError
                continue
            end = plain(decoded(bytes(printed[max(page, len(printed) - SEEN) :])))
            if end and _PAGER.search(end):
                self.write(TURN)
                self.turned += 1
                page, heard = len(printed), now
                continue
            settled = now - heard >= (SETTLE if len(printed) < LONG else SETTLE_LONG)
            if settled and done(plain(decoded(bytes(printed[:SEEN]))), end):
                return decoded(bytes(printed))
            if chunk is None:
                raise EOFError(_last(end))
            if now - heard > seconds:
                raise TimeoutError(_last(end))

    def _receive(self) -> bytes | None:
        """None where nothing will come any more, empty where nothing has come yet."""
        self._shell.settimeout(TICK)
        try:
            found: bytes = self._shell.recv(CHUNK)
        except TimeoutError:
            return None if self._gone() else b""
        if not found:
            time.sleep(TICK)  # an end comes at once, and again and again
        return found or None

    def _gone(self) -> bool:
        transport = self._shell.get_transport()
        return bool(self._shell.closed or transport is None or not transport.is_active())


def _last(text: str) -> str:
    lines = [line.strip() for line in as_seen(text).splitlines() if line.strip()]
    return lines[-1][:80] if lines else ""
