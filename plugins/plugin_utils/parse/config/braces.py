# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations whose structure are braces, and the same as ``set`` lines, read into one tree of words.

``filter F { term a { then accept; } }`` and ``set filter F term a then accept`` give the same tree: a node for each
word, under the word before it; the values of ``[ a b ]`` are nodes side by side.

Sources: Juniper, "CLI User Guide for Junos OS": "Load replace" (the tags ``replace:``, ``inactive:``, ``protect:``,
``delete:``), "Deactivate and Reactivate Statements and Identifiers", "Insert a New Identifier", "Add Comments in a
Device Configuration"; "Understanding Access Privileges": what the user may not see is replaced by a comment with
ACCESS-DENIED.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from .words import NotUnderstoodError

_TOKEN = re.compile(
    r"""(?P<newline>\n)|(?P<comment>/\*.*?\*/|\#[^\n]*)|(?P<quoted>"(?:\\.|[^"\\])*")|(?P<mark>[{};\[\]])"""
    r"""|(?P<word><[^>\s]*>|(?!/\*)[^\s{};\[\]"]+)|(?P<open>/\*|")""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# Lines of a terminal: prompts, "{master:0}", "[edit firewall]".
_TERMINAL = re.compile(
    r"^(?:\{[a-z-]+(?::[\w-]+)?\}\s*(?:\[edit[^\]]*\])?|\[edit[^\]]*\]|[\w.-]+@[\w.-]+[>#%].*)\s*$"
)
_TAGS = frozenset(
    ("replace:", "inactive:", "protect:", "unprotect:", "delete:", "active:", "merge:", "create:")
)
_NEEDS_QUOTES = re.compile(r"[\s;{}]")
_DENIED = "ACCESS-DENIED"
_IGNORED = re.compile(r"statement ignored|configuration block ignored")
_MOST = 100_000  # paths that one line with several lists may stand for
_DEEPEST = 200


@dataclass(slots=True, eq=False)
class Node:
    """One word. ``line``: where it is first, from 1. ``touched``: how late it was last set. ``emptied``: what was under
    it was deleted. ``doubt``: why what is under it is not known."""

    word: str
    line: int = 0
    children: dict[str, Node] = field(default_factory=dict)
    inactive: bool = False
    emptied: bool = False
    touched: int = 0
    doubt: str = ""

    def find(self, *words: str) -> Node | None:
        """What is under these words, one after the other; None for nothing, and for what is inactive."""
        node: Node | None = self
        for word in words:
            node = node.children.get(word) if node is not None else None
            if node is None or node.inactive:
                return None
        return node

    def each(self, *words: str) -> list[Node]:
        """The active nodes under these words."""
        node = self.find(*words) if words else self
        return [] if node is None else [child for child in node.children.values() if not child.inactive]

    def names(self, *words: str) -> list[str]:
        return [child.word for child in self.each(*words)]

    def value(self, *words: str) -> str:
        """The value of a statement that has one; the last where it was set twice. Empty where it is not set."""
        found = sorted(self.each(*words), key=lambda child: child.touched)
        return found[-1].word if found else ""

    def leaves(self) -> Iterator[list[str]]:
        """The words of each statement under this node."""
        for child in self.each():
            if child.children:
                for words in child.leaves():
                    yield [child.word, *words]
            elif not child.emptied:
                yield [child.word]

    def text(self) -> str:
        """As one line in braces; long lists are shortened."""
        found = self.each()
        if not found:
            return _quoted(self.word)
        if len(found) == 1:
            return f"{_quoted(self.word)} {found[0].text()}"
        shown = "; ".join(child.text() for child in found[:_SHOWN])
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return f"{_quoted(self.word)} {{ {shown}{more} }}"

    def doubts(self) -> Iterator[str]:
        """Why what is under this node is not known, if it is so."""
        if self.doubt:
            yield self.doubt
        for child in self.each():
            yield from child.doubts()

    def copy(self) -> Node:
        children = {word: child.copy() for word, child in self.children.items()}
        return Node(self.word, self.line, children, self.inactive, self.emptied, self.touched, self.doubt)


_SHOWN = 24


def _quoted(word: str) -> str:
    return f'"{word}"' if not word or _NEEDS_QUOTES.search(word) else word


@dataclass
class Reading:
    """``notes``: lines that are no statements, or of something that is not there, as (line, text). ``denied``: the
    first words of what was not shown."""

    root: Node = field(default_factory=lambda: Node(""))
    notes: list[tuple[int, str]] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)


def read(text: str) -> Reading:
    """The tree of a configuration. NotUnderstoodError for one that is cut off, or is none."""
    return _Reader(text).read()


def _lines(text: str) -> list[str]:
    """Only a newline ends a line of Junos: a description may hold any character."""
    return [line.rstrip("\r") for line in text.split("\n")]


_Words = list[list[str]]  # of a statement; a list in brackets has several where others have one


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = "\n".join("" if _TERMINAL.match(line) else line for line in _lines(text)) + "\n"
        self._found = Reading()
        self._line = 1
        self._stack: list[list[Node]] = [[self._found.root]]
        self._depths: list[int] = []
        self._words: _Words = []
        self._begins = 1  # the line on which the statement begins
        self._tags: set[str] = set()
        self._listed: list[str] | None = None
        self._edit: list[str] = []
        self._count = 0
        self._set = False

    def read(self) -> Reading:
        for token in _TOKEN.finditer(self._text):
            kind, value = str(token.lastgroup), token.group()
            if kind == "newline":
                self._end_of_line()
                self._line += 1
            elif kind == "comment":
                self._comment(value)
                self._line += value.count("\n")
            elif kind == "open":
                raise NotUnderstoodError(f"line {self._line}: a comment or a text in quotes has no end")
            elif kind == "mark" and not (self._set and value in "{};"):
                self._mark(value)
            else:
                if kind == "quoted" and "\n" in value:  # Junos writes them on one line
                    raise NotUnderstoodError(f"line {self._line}: a text in quotes has no end on its line")
                plain = _ESCAPED.sub(r"\1", value[1:-1]) if kind == "quoted" else value
                self._word(plain, kind == "quoted")
        if len(self._stack) > 1 or self._listed is not None:
            raise NotUnderstoodError(f"it is cut off: {len(self._stack) - 1} braces are open at the end")
        if self._words:
            self._no_statement()
        return self._found

    def _comment(self, value: str) -> None:
        if value.startswith("/*") and "/*" in value[2:]:
            raise NotUnderstoodError(f"line {self._line}: a comment has no end before the next one")
        if _DENIED in value:
            top = self._stack[1][0].word if len(self._stack) > 1 else ""
            self._found.denied.append(top)
        elif _IGNORED.search(value) and not self._words:
            self._tags.add("inactive:")

    def _end_of_line(self) -> None:
        if self._set:
            words, self._words, self._set = self._words, [], False
            if self._listed is not None:
                raise NotUnderstoodError(f"line {self._line}: a list has no end")
            self._tags = set()
            self._command(words)

    def _word(self, word: str, quoted: bool) -> None:
        if self._listed is not None:
            self._listed.append(word)
            return
        if not self._words and not quoted and word in _TAGS:
            self._tags.add(word)
            return
        if not self._words:
            self._begins = self._line
            self._set = not quoted and len(self._stack) == 1 and word in _COMMANDS
        elif len(self._stack) == 1 and not self._set and self._begins != self._line:
            self._no_statement()
            self._word(word, quoted)
            return
        self._words.append([word])

    def _no_statement(self) -> None:
        self._found.notes.append((self._begins, " ".join(word for part in self._words for word in part)))
        self._words, self._tags = [], set()

    def _mark(self, mark: str) -> None:
        if mark == "[":
            if self._listed is not None:
                raise NotUnderstoodError(f"line {self._line}: a list within a list")
            self._listed = []
        elif mark == "]":
            if self._listed is None:
                raise NotUnderstoodError(f"line {self._line}: ']' without '['")
            self._words.append(self._listed)
            self._listed = None
        elif self._listed is not None:
            raise NotUnderstoodError(f"line {self._line}: a list has no end")
        elif mark == "}":
            if self._words or len(self._stack) == 1:
                what = "a statement has no end" if self._words else "a closing brace that none opened"
                raise NotUnderstoodError(f"line {self._line}: {what}")
            self._stack.pop()
            self._depths.pop()
            self._tags = set()
        else:
            self._statement(mark == "{")

    def _statement(self, opens: bool) -> None:
        words, tags = self._words, self._tags
        self._words, self._tags = [], set()
        if not words:
            if opens:
                raise NotUnderstoodError(f"line {self._line}: a brace without a statement")
            return
        if sum(self._depths) + len(words) > _DEEPEST:
            raise NotUnderstoodError(f"line {self._line}: statements are nested too deeply")
        ends = []
        for around in self._stack[-1]:
            if "delete:" in tags:
                ends += [Node(word) for word in words[-1]]
                for path in self._paths(words):
                    _delete(around, path)
                continue
            for path in self._paths(words):
                node = self._make(around, path, self._begins)
                if "replace:" in tags:
                    node.children.clear()
                if tags & {"inactive:", "active:"}:
                    node.inactive = "inactive:" in tags
                ends.append(node)
        if opens:
            self._stack.append(ends or [Node("")])
            self._depths.append(len(words))

    def _paths(self, words: _Words) -> Iterator[tuple[str, ...]]:
        count = 1
        for part in words:
            count *= max(len(part), 1)
        if count > _MOST:
            raise NotUnderstoodError(f"line {self._line}: lists of {count} combinations")
        return product(*(part for part in words if part))

    def _make(self, node: Node, path: Sequence[str], line: int) -> Node:
        self._count += 1
        for word in path:
            child = node.children.get(word)
            if child is None:
                child = node.children[word] = Node(word, line)
            child.touched = self._count
            node = child
        return node

    def _command(self, words: _Words) -> None:
        verb = words[0][0]
        rest = [[word] for word in self._edit] + words[1:]
        root = self._found.root
        if len(rest) > _DEEPEST:
            raise NotUnderstoodError(f"line {self._line}: too many words")
        if verb in ("top", "up", "exit", "edit"):
            self._moved(verb, [part[0] for part in words[1:] if part])
        elif verb == "insert":
            self._insert([part[0] for part in rest if part])
        elif verb == "rename":
            self._rename([part[0] for part in rest if part])
        elif verb in ("set", "delete", "deactivate", "activate"):
            for path in self._paths(rest):
                if verb == "set":
                    self._make(root, path, self._line)
                elif verb == "delete":
                    _delete(root, path)
                else:
                    self._activate(path, verb == "activate")
        elif verb in _CHANGING:
            raise NotUnderstoodError(f"line {self._line}: {verb!r} is not understood")

    def _moved(self, verb: str, words: list[str]) -> None:
        if verb == "edit":
            self._edit += words
        elif verb == "top" and words:
            raise NotUnderstoodError(f"line {self._line}: 'top {' '.join(words)}' is not understood")
        else:
            if verb != "top" and self._edit:
                # How many words a level has, the words don't tell.
                raise NotUnderstoodError(f"line {self._line}: {verb!r} is not understood: use 'top'")
            self._edit = []

    def _activate(self, path: Sequence[str], active: bool) -> None:
        node: Node | None = self._found.root
        for word in path:
            node = node.children.get(word) if node is not None else None
        if node is None:
            verb = "activate" if active else "deactivate"
            self._found.notes.append((self._line, f"{verb} {' '.join(path)}"))
        else:
            node.inactive = not active

    def _insert(self, words: list[str]) -> None:
        """``insert PATH KEY before|after KEY``; the second key's own word may stand before it."""
        where = next((place for place in ("before", "after") if place in words[1:]), "")
        at = words.index(where) if where else 0
        path, other = words[:at], words[at + 1 :]
        around = self._found.root.find(*path[:-1]) if len(path) > 1 else None
        if not other or around is None or not {path[-1], other[-1]} <= around.children.keys():
            raise NotUnderstoodError(f"line {self._line}: 'insert {' '.join(words)}' is not understood")
        order = [word for word in around.children if word != path[-1]]
        order.insert(order.index(other[-1]) + (where == "after"), path[-1])
        around.children = {word: around.children[word] for word in order}

    def _rename(self, words: list[str]) -> None:
        at = len(words) - 1 - words[::-1].index("to") if "to" in words else 0
        path, other = words[:at], words[at + 1 :]
        around = self._found.root.find(*path[:-1]) if len(path) > 1 else None
        if not other or around is None or path[-1] not in around.children:
            raise NotUnderstoodError(f"line {self._line}: 'rename {' '.join(words)}' is not understood")
        old, new = path[-1], other[-1]
        around.children[old].word = new
        around.children = {new if word == old else word: child for word, child in around.children.items()}


_CHANGING = ("copy", "replace", "wildcard", "load", "rollback")
_COMMANDS = frozenset(
    ("set", "delete", "deactivate", "activate", "insert", "rename", "edit", "top", "up", "exit", "protect")
) | {"unprotect", "annotate", "commit", "show", *_CHANGING}


def _delete(root: Node, path: Sequence[str]) -> None:
    node: Node | None = root
    for word in path[:-1]:
        node = node.children.get(word) if node is not None else None
    if node is not None and path:
        node.children.pop(path[-1], None)
        node.emptied = not node.children
