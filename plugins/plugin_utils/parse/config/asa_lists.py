# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access lists in a text of Cisco ASA: a configuration, commands that change one, or ``show access-list``.

Source: Cisco ASA Series Command Reference, "access-list extended" (``line N`` inserts; an entry that is there is
entered again, whole, to make it ``inactive``, or active again), "clear configure
access-list", "show access-list": counters and a hash stand behind an entry, and what its objects and groups hold is
listed below it under the same line number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...model.rules import Rule
from .asa_names import whole
from .asa_objects import Objects
from .asa_rule import Reader
from .blocks import Line
from .words import Words

KINDS = ("extended", "standard", "ethertype", "webtype")
# What "show access-list" has behind an entry.
_COUNTED = re.compile(r"\s*\(hitcnt=\d+\).*$|\s+0x[0-9a-f]{6,8}\s*$")
_RESOLVED = re.compile(r"(?<=\d) \([^()\s]+\)")
# Settings of all lists, and not their names.
_NO_LIST = ("alert-interval", "deny-flow-max", "mode")
_LAST_LINE = 2147483647
_REFERENCE = ("object", "object-group")


@dataclass
class Entry:
    """``words``: behind the name of the list, its line number and kind. ``line``: its number, where the device told
    it. ``parts``: what the device lists below it."""

    words: list[str]
    text: str
    line: int = 0
    parts: list[Entry] = field(default_factory=list)


@dataclass
class AccessList:
    """``family``: 4 or 6 for what the list is about, None for both."""

    kind: str = "extended"
    family: int | None = None
    entries: list[Entry] = field(default_factory=list)
    known: dict[tuple[str, ...], Entry] = field(default_factory=dict)


class Lists:
    """Those of one text, by name."""

    def __init__(self, family: int | None) -> None:
        """``family``: of extended lists; None for both, as since 9.0."""
        self._family = family
        self.found: dict[str, AccessList] = {}
        self._shown: dict[str, dict[int, Entry]] = {}  # what "show access-list" lists, by line

    def read(self, line: Line) -> None:
        """``access-list NAME …``, ``ipv6 access-list NAME …``."""
        plain, counted = _without_counters(line.text)
        words = plain.split() if counted else line.words
        family = self._family
        if words[0] == "ipv6":
            words, family = words[1:], 6
        if len(words) > 2 and words[1].endswith(";"):
            self._shown.setdefault(words[1][:-1], {})
        elif len(words) > 2 and words[1] not in _NO_LIST and words[2] != "ACL":
            self._entry(words[1], words[2:], family, plain if counted else line.text, counted)
        for child in line.children:
            if "access-list" in child.words[:2]:
                self.read(child)

    def _entry(self, name: str, words: list[str], family: int | None, text: str, counted: bool) -> None:
        number = 0
        if words[0] == "line" and len(words) > 2:
            at = whole(words[1], _LAST_LINE)
            number, words = (0, words) if at is None else (at, words[2:])
        if words[0] == "rename" and len(words) == 2:
            if name in self.found:
                self.found[words[1]] = self.found.pop(name)
            return
        kind = words[0] if words[0] in KINDS else ""
        one = self.found.setdefault(name, AccessList(kind or "extended", family))
        if kind:
            words = words[1:] or ["(nothing)"]
            if all(entry.words[0] == "remark" for entry in one.entries):
                one.kind = kind
        entry = Entry(words, text)
        same = one.known.setdefault(_but_inactive(words), entry)
        if same is not entry and same.words[0] != "remark" and not number:
            same.words, same.text = words, text
            return
        if number and (counted or name in self._shown):
            entry.line = number
            head = self._shown.setdefault(name, {}).setdefault(number, entry)
            (one.entries if head is entry else head.parts).append(entry)
        elif 0 < number <= len(one.entries):
            one.entries.insert(number - 1, entry)
        else:
            one.entries.append(entry)

    def strange(self, line: Line) -> None:
        """A line that looks like an entry of the list that its second word names, but for the first word."""
        one = self.found.setdefault(line.words[1], AccessList("extended", self._family))
        one.entries.append(Entry(line.words, line.text))

    def remove(self, words: list[str]) -> None:
        """``no access-list NAME …`` takes an entry away, or all of them; ``clear configure access-list`` too."""
        if words[:1] == ["ipv6"]:
            words = words[1:]
        if len(words) < 2:
            self.found.clear()
            return
        one = self.found.get(words[1])
        rest = words[2:]
        if rest[:1] == ["line"]:
            rest = rest[2:]
        if rest[:1] and rest[0] in KINDS:
            rest = rest[1:]
        if one is not None and rest:
            gone = next((entry for entry in one.entries if entry.words == rest), None)
            if gone is not None:
                one.entries.remove(gone)
                one.known.pop(_but_inactive(rest), None)
        elif one is not None:
            del self.found[words[1]]


def _but_inactive(words: list[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word != "inactive")


def rules(one: AccessList, objects: Objects, *, swapped: bool = False) -> Iterator[Rule]:
    """The rules of a list; their ``line`` is the number by which the device knows an entry, remarks included."""
    reader = Reader(objects, one.family, swapped=swapped)
    position = 0
    for line, entry in enumerate(one.entries, start=1):
        if entry.words[0] == "remark":
            continue
        for part in _in_force(entry, objects):
            position += 1
            words = Words(part.words)
            read = reader.standard if one.kind == "standard" else reader.rule
            yield read(words, position, part.text, entry.line or line)


def _in_force(entry: Entry, objects: Objects) -> list[Entry]:
    """The entry itself, or what the device lists below it where the text does not define what the entry names."""
    words = entry.words
    missing = any(
        word in _REFERENCE and at + 1 < len(words) and not objects.has(word, words[at + 1])
        for at, word in enumerate(words)
    )
    return entry.parts if missing and entry.parts else [entry]


def _without_counters(text: str) -> tuple[str, bool]:
    """A line without what "show access-list" adds to it, and whether it does."""
    if "0x" not in text[-12:] and not text.endswith(")"):
        return text, False
    plain = _COUNTED.sub("", text)
    if plain == text:
        return text, False
    return _RESOLVED.sub("", plain).replace(" (inactive)", ""), True
