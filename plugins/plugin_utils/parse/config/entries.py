# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of numbered lines: access lists, and the groups of objects that they name.

A line without a number stands ten behind the last (Cisco NX-OS Security Configuration Guide, "Sequence Numbers";
Cisco IOS XR IP Addresses and Services Configuration Guide, "Sequence Numbering Behavior"). ``no`` takes one away, by
its number or its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .blocks import Line

_STEP = 10
# What show commands print behind an entry: NX-OS "[match=4]", EOS "[match 4 packets, 0:00:01 ago]", IOS XR
# "(12 matches)", "(3 hw matches)".
_COUNTED = re.compile(r"\s*(?:\[match(?:=\d+| \d+ [^\[\]]*)\]|\(\d+ (?:hw )?match(?:es)?\))$")


@dataclass(slots=True)
class Entry:
    """``text``: verbatim but for counters. ``line``: in the whole text, from 1. ``twice``: another one had its
    number."""

    number: int
    text: str
    words: list[str]
    line: int
    twice: bool = False


class Entries:
    """Those of one list or group, by number. ``counted``: whether the text has counters, as no configuration has."""

    def __init__(self) -> None:
        self._by_number: dict[int, Entry] = {}
        self._last = 0
        self.counted = False

    def read(self, block: Line) -> None:
        """All lines under the one that opens the list, however they are indented."""
        for line in beneath(block):
            self.add(line)

    def add(self, line: Line) -> None:
        text, words = line.text, line.words
        if text[-1] in ")]":
            text, found = _COUNTED.subn("", text)
            if found:
                words, self.counted = text.split(), True
        if words[:1] == ["no"]:
            self._remove(words[1:])
            return
        if is_number(words):
            number, words = int(words[0]), words[1:]
        elif words[1:2] in (["permit"], ["deny"]) and words[0] != "remark":
            # Its number is not understood: it may come before any other.
            self._by_number[-line.number] = Entry(0, text, words, line.number)
            return
        else:
            number = self._last + _STEP
        before = self._by_number.get(number)
        twice = before is not None and before.words != words
        self._by_number[number] = Entry(number, text, words, line.number, twice)
        self._last = max(self._last, number)

    def _remove(self, words: list[str]) -> None:
        if is_number(words):
            self._by_number.pop(int(words[0]), None)
        else:
            same = [number for number, entry in self._by_number.items() if entry.words == words]
            for number in same[:1]:
                del self._by_number[number]
        self._last = max(self._by_number, default=0)

    def __iter__(self) -> Iterator[Entry]:
        return (self._by_number[number] for number in sorted(self._by_number))


def is_number(words: list[str]) -> bool:
    """Whether the first word is a number that a line can have; these have 32 bits."""
    return bool(words) and words[0].isdecimal() and len(words[0]) <= 10


def beneath(block: Line) -> Iterator[Line]:
    """The lines under one, in the order of the text."""
    rest = list(reversed(block.children))
    while rest:
        line = rest.pop()
        yield line
        rest += reversed(line.children)
