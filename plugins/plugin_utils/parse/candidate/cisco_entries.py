# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of a numbered list (an access list, a group of objects) that lines add to, or take away from.

Sources: Cisco IOS Security Configuration Guide, "IP Access List Entry Sequence Numbering" (an entry without a number
gets the last one plus 10; a number that is taken is refused; an entry that is there already, whatever its number, is
not made twice), Cisco NX-OS Security Configuration Guide, "Sequence Numbers"; Arista EOS, "ACL and Route Map
Configuration". Where IOS shows no numbers, remarks have none: ``show ip access-lists`` counts the entries alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..config.blocks import Line
from ..config.entries import is_number

_STEP = 10
# What is an entry of a list, and gets a number. All else below the list's line is a setting of the list.
_ENTRY = frozenset(("permit", "deny", "evaluate", "dynamic", "remark"))
_MEMBER = frozenset(("host", "range", "eq", "gt", "lt", "neq", "any"))


class RefusedError(Exception):
    """The device would refuse the line, or would not find what it is about."""


@dataclass(slots=True)
class _Entry:
    """``beside``: a remark that has no number; ``number`` is then that of the entry behind it."""

    number: int
    words: list[str]
    written: str
    beside: bool = False


class NumberedList:
    """``named``: what it is, for errors. ``lines``: those below its first line. ``numbers_behind``: whether entries
    say ``sequence N`` (IPv6 lists of IOS). ``replaces``: an entry takes the place of another one with its number, and
    one may stand there twice (IOS XR, where a line of the configuration is set anew)."""

    def __init__(self, named: str, lines: Sequence[Line], replaces: bool = False) -> None:
        self.named = named
        self._replaces = replaces
        self.settings: list[Line] = []
        self._entries: list[_Entry] = []
        for line in _flat(lines):
            number, words = _numbered(line.words)
            if not _is_entry(words):
                self.settings.append(line)
                continue
            beside = number is None and words[0] == "remark"
            number = self._next() if number is None else number
            self._entries.append(_Entry(number, words, line.text, beside))
        for entry, behind in zip(self._entries[-2::-1], self._entries[:0:-1]):
            if entry.beside:
                entry.number = behind.number

    def _next(self) -> int:
        return max((entry.number for entry in self._entries if not entry.beside), default=0) + _STEP

    def apply(self, line: Line) -> bool:
        """Do what a line says; False for one that is no entry. RefusedError as its name says."""
        taken = line.words[0] == "no"
        number, words = _numbered(line.words[1:] if taken else line.words)
        if taken:
            if number is not None and not words:
                self._remove(
                    [entry for entry in self._entries if entry.number == number and not entry.beside], line
                )
                return True
            if not _is_entry(words):
                return False
            alike = [entry for entry in self._entries if entry.words == words]
            self._remove([entry for entry in alike if number in (None, entry.number)][:1], line)
            return True
        if not _is_entry(words):
            return False
        same = next((entry for entry in self._entries if entry.words == words), None)
        if number is None and same is not None and words[0] != "remark":
            return True
        beside = number is None and words[0] == "remark" and any(entry.beside for entry in self._entries)
        number = self._next() if number is None else number
        if beside:
            self._entries.append(_Entry(number, words, line.text, beside))
            return True
        if self._replaces:
            self._entries = [entry for entry in self._entries if entry.number != number]
        elif same is not None and same.number != number and words[0] != "remark":
            raise RefusedError(
                f"{self.named} has this entry already, as {same.number}, and does not take it twice:"
                f" `no {same.number}` first"
            )
        there = next((one for one in self._entries if one.number == number and not one.beside), None)
        if there is not None and there.words != words:
            raise RefusedError(
                f"{self.named} has an entry {number} already ({there.written}): `no {number}` first"
            )
        if there is None:
            self._entries.append(_Entry(number, words, f"{number} {' '.join(words)}"))
        return True

    def _remove(self, gone: list[_Entry], line: Line) -> None:
        if not gone:
            raise RefusedError(f"{self.named} has no such entry")
        self._entries = [entry for entry in self._entries if not any(entry is one for one in gone)]

    def renumber(self, start: int, step: int) -> None:
        self._entries.sort(key=lambda entry: entry.number)
        number = start
        for entry in self._entries:
            entry.number = number
            if not entry.beside:
                entry.written = f"{number} {' '.join(entry.words)}"
                number += step

    def lines(self) -> Iterator[Line]:
        """As the configuration has them; an entry that had no number keeps none where it would get the same."""
        yield from self.settings
        last = 0
        for entry in sorted(self._entries, key=lambda entry: entry.number):
            plain = not is_number(entry.written.split()) and "sequence" not in entry.written.split()
            text = entry.written
            if entry.beside:
                yield Line(0, text, [], text.split())
                continue
            if plain and entry.number != last + _STEP:
                text = f"{entry.number} {entry.written}"
            last = max(last, entry.number)
            yield Line(0, text, [], text.split())


def _flat(lines: Sequence[Line]) -> Iterator[Line]:
    for line in lines:
        yield line
        yield from _flat(line.children)


def _numbered(words: list[str]) -> tuple[int | None, list[str]]:
    if words[:1] == ["sequence"] and is_number(words[1:]):
        return int(words[1]), words[2:]
    if len(words) > 2 and words[-2] == "sequence" and words[-1].isdecimal():
        return int(words[-1]), words[:-2]
    if is_number(words):
        return int(words[0]), words[1:]
    return None, words


def _is_entry(words: Sequence[str]) -> bool:
    return bool(words) and (words[0] in _ENTRY or words[0] in _MEMBER or words[0][:1].isdecimal())
