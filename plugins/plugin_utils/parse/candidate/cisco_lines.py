# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines as they are entered in the configuration mode of a Cisco or Arista device, merged into its configuration.

A line that opens a block (``interface X``, ``ip access-list extended N``) is looked for among those that there are;
what stands below it is done there. Any other line is added, in the place of what can be said only once
(``ip access-group`` of one direction). ``no`` takes away what there is; where there is nothing of the kind, that is an
error rather than nothing, because then the change is not what it was meant to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ...errors import ParseError
from ..config.blocks import Line
from .cisco_entries import NumberedList, RefusedError

_TODO = "mend the line, or give the device's whole planned configuration with kind: configuration"
# What a list of commands has around the configuration.
_AROUND = (
    ("end",),
    ("exit",),
    ("conf", "t"),
    ("configure",),
    ("configure", "terminal"),
    ("config", "t"),
    ("commit",),
    ("write",),
    ("write", "memory"),
    ("wr",),
    ("copy", "running-config", "startup-config"),
    ("copy", "run", "start"),
)
# Settings that are on unless a line says ``no``.
_ON = (
    ("ip", "unreachables"),
    ("ip", "redirects"),
    ("ip", "proxy-arp"),
    ("ip", "routing"),
    ("ip", "source-route"),
    ("switchport",),
    ("cdp", "enable"),
    ("lldp",),
    ("keepalive",),
    ("ipv6", "redirects"),
    ("ipv6", "unreachables"),
)
# ``interface range Gi0/1 - 2``, ``interface Ethernet1/1-2,Ethernet1/5``
_SEVERAL = re.compile(r"^interface\s+range\b|\d\s*-\s*\d|,")
# What may be taken away although it is not there: to begin anew, as generators of lists do it, or to switch on.
_MAY_BE_MISSING = ("object-group", "object", "class-map", "policy-map")


@dataclass(frozen=True)
class Dialect:
    """``read``: the lines of a text, each with those below it. ``is_list``: whether a line opens a numbered list.
    ``opens``: whether a line without any below it opens a block. ``once``: the key of a setting that there is only
    one of, None for others. ``renumbers``: the list that a line renumbers, its first number and step, if it is one.
    ``flat_list``: of a line that is an entry of a list, the list's name, as IOS has it for numbered ones: ``no`` of
    one entry takes all of the list away. ``in_order``: lines that the parser itself takes as commands. ``replaces``: an
    entry takes the place of another one with its number."""

    read: Callable[[str], list[Line]]
    is_list: Callable[[list[str]], bool]
    opens: Callable[[list[str]], bool]
    once: Callable[[list[str]], tuple[str, ...] | None]
    renumbers: Callable[[list[str]], tuple[list[str], int, int] | None] = lambda _words: None
    flat_list: Callable[[list[str]], str] = lambda _words: ""
    in_order: Callable[[list[str]], bool] = lambda _words: False
    end: tuple[str, ...] = ("end",)
    replaces: bool = False


def merged(dialect: Dialect, running: str, lines: str, source: str) -> str:
    """The configuration with the lines. ParseError for one that the device would refuse, or that is about nothing."""
    merge = _Merge(dialect, dialect.read(running), source)
    for line in dialect.read(lines):
        merge.top(line)
    return merge.text()


class _Merge:
    def __init__(self, dialect: Dialect, lines: list[Line], source: str) -> None:
        self._dialect = dialect
        self._source = source
        self._after = [line for line in lines if tuple(line.words) == dialect.end]
        self._lines = [line for line in lines if tuple(line.words) != dialect.end]

    def fail(self, line: Line, what: str) -> NoReturn:
        raise ParseError(f"{what}: {line.text[:120]!r}", f"{self._source}, line {line.number}", _TODO)

    def text(self) -> str:
        return "".join(f"{' ' * depth}{line.text}\n" for depth, line in _walk([*self._lines, *self._after]))

    def top(self, line: Line) -> None:
        words, dialect = line.words, self._dialect
        if tuple(words) in _AROUND:
            for inner in line.children:
                self.top(inner)
            return
        if words[0] in ("do", "show", "reload"):
            self.fail(line, "this is no line of a configuration")
        if words[0] == "clear" and not dialect.in_order(words):
            self._clear(line)
            return
        asked = words[1:] if words[0] in ("no", "default") and len(words) > 1 else words
        if dialect.in_order(asked):
            self._lines.append(line)
            return
        renumbered = dialect.renumbers(words)
        if renumbered is not None:
            opening, start, step = renumbered
            block = self._block(opening)
            if block is None:
                self.fail(line, "there is no such list")
            self._in_list(block, lambda one: one.renumber(start, step))
        elif asked is not words:
            self._remove(self._lines, asked, line)
        elif line.children or dialect.opens(words):
            self._open(line)
        elif dialect.flat_list(words):
            self._flat_entry(line)
        else:
            self._set(self._lines, line)

    # Blocks

    def _block(self, opening: Sequence[str]) -> Line | None:
        """The block that these words open. A flat list becomes one, so that it can be changed entry by entry."""
        found = next((line for line in self._lines if line.words == list(opening)), None)
        if found is not None:
            return found
        if opening[0] == "interface":
            return self._interface(list(opening))
        name = opening[-1]
        flat = [line for line in self._lines if self._dialect.flat_list(line.words) == name]
        if not flat or not self._dialect.is_list(list(opening)):
            return None
        at = self._lines.index(flat[0])
        below = [Line(line.number, " ".join(line.words[2:]), [], line.words[2:]) for line in flat]
        block = Line(flat[0].number, " ".join(opening), below, list(opening))
        self._lines = [line for line in self._lines if not any(line is one for one in flat)]
        self._lines.insert(at, block)
        return block

    def _interface(self, opening: list[str]) -> Line | None:
        """An interface by a short form of its name (``Gi0/1``), if just one can be meant."""
        kind, number = _split("".join(opening[1:]))
        alike = [
            line
            for line in self._lines
            if line.words[0] == "interface"
            and _split("".join(line.words[1:]))[1] == number
            and _split("".join(line.words[1:]))[0].lower().startswith(kind.lower())
        ]
        return alike[0] if len(alike) == 1 and number else None

    def _open(self, line: Line) -> None:
        if line.words[0] == "interface" and _SEVERAL.search(line.text):
            self.fail(line, "several interfaces at once; write a block for each")
        block = self._block(line.words)
        if block is None:
            block = Line(line.number, line.text, [], line.words)
            self._lines.append(block)
        self._below(block, line)

    def _below(self, block: Line, line: Line) -> None:
        for inner in line.children:
            if tuple(inner.words) in _AROUND:
                continue
            if self._dialect.is_list(block.words):
                self._entry(block, inner)
            elif inner.words[0] in ("no", "default") and len(inner.words) > 1:
                self._remove(block.children, inner.words[1:], inner)
            elif inner.children:
                found = next((one for one in block.children if one.words == inner.words), None)
                if found is None:
                    found = Line(inner.number, inner.text, [], inner.words)
                    last = [at for at, one in enumerate(block.children) if one.words[-1] == "class-default"]
                    block.children.insert(last[0] if last else len(block.children), found)
                self._below(found, inner)
            else:
                self._set(block.children, inner)

    # Lists

    def _entry(self, block: Line, inner: Line) -> None:
        def change(one: NumberedList) -> None:
            words = inner.words
            if words[:1] == ["resequence"] and all(word.isdecimal() for word in words[1:]):
                start, step = [*map(int, words[1:]), 10, 10][:2]
                one.renumber(start, step)
            elif not one.apply(inner):
                if words[0] in ("no", "default") and len(words) > 1:
                    self._remove(one.settings, words[1:], inner)
                else:
                    self._set(one.settings, inner)

        try:
            self._in_list(block, change)
        except RefusedError as error:
            self.fail(inner, str(error))

    def _in_list(self, block: Line, change: Callable[[NumberedList], None]) -> None:
        one = NumberedList(block.text, block.children, self._dialect.replaces)
        change(one)
        block.children = list(one.lines())

    def _flat_entry(self, line: Line) -> None:
        """An entry of a numbered list goes behind the others of it."""
        name = self._dialect.flat_list(line.words)
        blocks = [one for one in self._lines if self._dialect.is_list(one.words) and one.words[-1] == name]
        if blocks:
            rest = line.words[2:]
            self._entry(blocks[0], Line(line.number, " ".join(rest), [], rest))
            return
        flat = [at for at, one in enumerate(self._lines) if self._dialect.flat_list(one.words) == name]
        if any(self._lines[at].words == line.words for at in flat):
            return
        self._lines.insert(flat[-1] + 1 if flat else len(self._lines), line)

    # Single lines

    def _set(self, siblings: list[Line], line: Line) -> None:
        if any(one.words == line.words for one in siblings):
            return
        off = next((at for at, one in enumerate(siblings) if one.words == ["no", *line.words]), None)
        if off is not None:
            del siblings[off]
            return
        key = self._dialect.once(line.words)
        old = next(
            (at for at, one in enumerate(siblings) if key and self._dialect.once(one.words) == key), None
        )
        if old is None:
            siblings.append(line)
        else:
            siblings[old] = line

    def _remove(self, siblings: list[Line], words: list[str], line: Line) -> None:
        name = ""
        if siblings is self._lines:
            name = self._dialect.flat_list(words) or (words[-1] if self._dialect.is_list(words) else "")
        if name:
            gone = [one for one in siblings if self._dialect.flat_list(one.words) == name]
            gone += [one for one in siblings if self._dialect.is_list(one.words) and one.words[-1] == name]
            gone = [
                one for one in gone if one.words[0] == words[0] or one.words[0] == "access-list" != words[0]
            ]
        else:
            gone = [one for one in siblings if one.words == words]
            gone = gone or [one for one in siblings if one.words[: len(words)] == words]
        if gone:
            siblings[:] = [one for one in siblings if not any(one is other for other in gone)]
        elif any(tuple(words[: len(one)]) == one for one in _ON):
            if not any(one.words == ["no", *words] for one in siblings):
                siblings.append(line)
        elif not self._may_be_missing(words) and not any(one.words == ["no", *words] for one in siblings):
            self.fail(line, "there is nothing of the kind to take away")

    def _may_be_missing(self, words: list[str]) -> bool:
        """A whole list, group or map, by words that are known: of others, what they would take away is not."""
        if words == ["shutdown"] or self._dialect.flat_list(words) or self._dialect.is_list(words):
            return True
        return words[0] in _MAY_BE_MISSING and self._dialect.opens(words)

    def _clear(self, line: Line) -> None:
        """``clear configure ...`` (Cisco ASA Command Reference): all of a kind, of ``nat`` that of objects, too."""
        start = line.words[2:]
        if line.words[1:2] != ["configure"] or not start:
            self.fail(line, "this is no line of a configuration")
        left = [one for one in self._lines if one.words[: len(start)] != start]
        if start == ["nat"]:
            for one in left:
                one.children = [
                    inner for inner in one.children if one.words[0] != "object" or inner.words[0] != "nat"
                ]
        elif len(left) == len(self._lines):
            self.fail(line, "there is nothing of the kind to take away")
        self._lines = left


def _split(name: str) -> tuple[str, str]:
    """``GigabitEthernet0/1`` -> its kind and its number."""
    at = next((at for at, letter in enumerate(name) if letter.isdigit()), len(name))
    return name[:at], name[at:]


def _walk(lines: Sequence[Line], depth: int = 0) -> Iterator[tuple[int, Line]]:
    for line in lines:
        yield depth, line
        yield from _walk(line.children, depth + 1)
