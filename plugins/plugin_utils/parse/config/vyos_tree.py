# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of VyOS as a tree of words, from either of their two forms.

Source: VyOS documentation, "Command Line Interface": the tree with braces that ``show configuration`` prints and
config.boot holds, and the ``set`` commands that ``show configuration commands`` prints. A candidate may ``delete`` too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .words import NotUnderstoodError

_PROMPT = re.compile(r"^(?:\[edit[^\]]*\]\s*|[\w.-]+@[\w.-]+(?::\S*)?[$#]\s*)")
# No command of VyOS has as many words.
_DEEPEST = 50
_COMMANDS = ("set", "delete", "comment")
# What stands around a configuration in a terminal's output, or in a list of commands.
_AROUND = re.compile(
    r"^(?:configure|commit.*|save|exit.*|top|show.*|cat .*|run .*|terminal .*|\[edit\]"
    r"|(?:Welcome to|Check out|Linux) .*)$"
)
_PLAIN = re.compile(r"^[^'\"\\]+ '[^'\"\\]*'$")


@dataclass(slots=True)
class Node:
    """A word and those that may follow it; a value is a word that none follows. ``line`` counts from 1 in the text."""

    line: int = 0
    children: dict[str, Node] = field(default_factory=dict)

    def at(self, *path: str) -> Node:
        """What stands under these words; an empty node where there is nothing."""
        found: Node | None = self
        for word in path:
            found = found.children.get(word) if found is not None else None
        return found or Node()

    def has(self, *path: str) -> bool:
        found = self
        for word in path:
            if word not in found.children:
                return False
            found = found.children[word]
        return True

    def value(self, name: str) -> str:
        """The one value of ``name``, which there must be; of several that were set the last one stands."""
        values = self.values(name)
        if not values:
            raise NotUnderstoodError(f"{name} has no value")
        return values[-1]

    def values(self, name: str) -> list[str]:
        """All values of ``name``. NotUnderstoodError where more words follow one."""
        node = self.children.get(name)
        if node is None:
            return []
        for value, below in node.children.items():
            if below.children:
                raise NotUnderstoodError(f"{name} {value} {next(iter(below.children))} is not understood")
        return list(node.children)

    def items(self, *path: str) -> Mapping[str, Node]:
        return self.at(*path).children

    def leaves(self) -> Iterator[str]:
        """The lines under this word, each with its words."""
        for word, below in self.children.items():
            shown = f"'{word}'" if not word or " " in word else word
            if not below.children:
                yield shown
            for rest in below.leaves():
                yield f"{shown} {rest}"

    def add(self, words: list[str], line: int) -> Node:
        found = self
        for at, word in enumerate(words):
            below = found.children.get(word)
            if below is None:
                below = found.children[word] = Node(line)
            elif at == len(words) - 1 and not below.children:  # what is set last stands last
                found.children[word] = found.children.pop(word)
            found = below
        return found

    def delete(self, words: list[str]) -> None:
        """With the last value of a word the word goes too."""
        found, above = self, self
        for word in words[:-1]:
            if word not in found.children:
                return
            found, above = found.children[word], found
        gone = found.children.pop(words[-1], None)
        if gone is not None and not gone.children and not found.children and len(words) > 1:
            above.children.pop(words[-2], None)


@dataclass(frozen=True)
class Config:
    """``strange``: lines that are neither command nor configuration. ``deletes``: there are commands to delete
    something. ``broken``: why the text can't be all of one."""

    root: Node
    strange: list[tuple[int, str]]
    deletes: bool = False
    broken: str = ""


def read(text: str) -> Config:
    lines = [(number, _PROMPT.sub("", line.strip())) for number, line in enumerate(text.splitlines(), 1)]
    found = (
        _braces(lines)
        if any(line == "}" or line.endswith(" {") for _number, line in lines)
        else _commands(lines)
    )
    if not found.broken and not found.root.children and not found.deletes:
        return Config(found.root, [], broken="there is no configuration in it")
    return found


def words_of(line: str) -> list[str]:
    """ValueError for a quote that is not closed."""
    if "'" not in line and '"' not in line and "\\" not in line:
        return line.split()
    if _PLAIN.match(line):
        head, _quote, value = line[:-1].partition("'")
        return [*head.split(), value]
    return shlex.split(line)


def _commands(lines: list[tuple[int, str]]) -> Config:
    root = Node()
    strange: list[tuple[int, str]] = []
    for number, line in lines:
        if not line or line.startswith(("#", "//", "/*")) or _AROUND.match(line):
            continue
        try:
            words = words_of(line)
        except ValueError:
            words = []
        if not 2 <= len(words) <= _DEEPEST or words[0] not in _COMMANDS:
            strange.append((number, line))
        elif words[0] == "set":
            root.add(words[1:], number)
        elif words[0] == "delete":
            root.delete(words[1:])
    return Config(root, strange, any(line.startswith("delete ") for _number, line in lines))


def _braces(lines: list[tuple[int, str]]) -> Config:
    stack = [Node()]
    strange: list[tuple[int, str]] = []
    code, broken = _without_comments(lines)
    for number, line in code:
        if line == "}":
            if len(stack) == 1:
                return Config(stack[0], strange, broken=f"line {number} closes a brace that none opened")
            stack.pop()
            continue
        try:
            words = words_of(line)
        except ValueError:
            words = []
        if not 1 <= len(words) <= _DEEPEST or (len(stack) == 1 and words[-1] != "{"):
            if not _AROUND.match(line):
                strange.append((number, line))
        elif words[-1] == "{" and len(words) > 1:
            stack.append(stack[-1].add(words[:-1], number))
            if len(stack) > _DEEPEST:
                return Config(stack[0], strange, broken=f"line {number} is nested too deeply")
        else:
            stack[-1].add(words, number)
    if len(stack) > 1:
        broken = broken or "the text is cut short: a brace is not closed"
    return Config(stack[0], strange, broken=broken)


def _without_comments(lines: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], str]:
    """The lines that are none, and what is wrong with a comment that does not end."""
    found = []
    inside = False
    for number, line in lines:
        if inside or line.startswith("/*"):
            inside = "*/" not in line
        elif line and not line.startswith("//"):
            found.append((number, line))
    return found, "the text is cut short: a comment is not closed" if inside else ""
