# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of nft's text language (nft(8), "Lexical conventions"), one statement at a time.

A statement ends with its line or a semicolon, unless braces or quotes are open, or the line ends with a backslash.
Words are told apart as nft's own scanner does: addresses, times and names are one word each, strings keep their
quotes (nft has no escapes in them), everything else is a sign.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from ..errors import ParseError

_WORD = re.compile(
    r'"[^"]*"'
    r"|#.*"
    r"|(?:[0-9A-Fa-f]{1,2}:){5}[0-9A-Fa-f]{1,2}(?![0-9A-Fa-f:])"  # a MAC address
    r"|\[(?:[0-9A-Fa-f]{0,4}:){2,8}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4})\]"
    r"|(?:[0-9A-Fa-f]{0,4}:){2,8}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4})"
    r"|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}(?=[ \t:\-},]|$)"  # a traffic class
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
    r"|0[xX][0-9A-Fa-f]+"
    r"|[0-9]+(?:ms|[wdhms])(?:[0-9]+(?:ms|[wdhms]))*(?![A-Za-z0-9_])"
    r"|[0-9]+"
    r"|[A-Za-z_.][A-Za-z0-9/\-_.]*(?:\\\*(?:[A-Za-z_.][A-Za-z0-9/\-_.]*)?|\*)?|\\\*"
    r"|\$[A-Za-z_.][A-Za-z0-9/\-_.]*"
    r"|<<|>>|<=|>=|==|!="
    r"|[^ \t]",
    re.ASCII,
)
_HANDLE = re.compile(r"# handle ([0-9]{1,19})\s*", re.ASCII)
# nft without the library of xtables writes a match that it can't tell as a comment, in the middle of the rule.
_XT_NOTE = re.compile(r"#\s*xt[ _]", re.ASCII)
_MARKS = frozenset("{};")
LINE = "\n"


class Statement(NamedTuple):
    """``words``; ``line``: the number of its first line; ``text``: as written, without comments; ``handle``: from
    nft's comment at its end, None if there is none."""

    words: list[str]
    line: int
    text: str
    handle: int | None


class Words:
    """A text, read from its begin to its end. ``source``: what it is, for errors; ``todo``: what to do then."""

    def __init__(self, text: str, source: str, todo: str) -> None:
        self.source = source
        self.todo = todo
        self.line = 0
        self.indented = False  # as nft does it for rules and elements
        self._lines = text.split("\n")
        self._next = 0
        self._words: list[str] = []
        self._source = ""
        self._at = 0
        self._handle: int | None = None

    def fail(self, what: str, line: int = 0) -> NoReturn:
        """Raise ParseError for this line, by default the one that is read."""
        raise ParseError(what, f"{self.source}, line {line or self.line}", self.todo)

    def peek(self) -> str:
        """The next word; a line's end counts as one; empty at the end of the text."""
        while self._at >= len(self._words):
            if self._at == len(self._words) and self._words:
                return LINE
            if not self._load():
                return ""
        return self._words[self._at]

    def skip(self) -> str:
        """The next word that is not an end of a statement; empty at the end of the text."""
        while (word := self.peek()) in (LINE, ";"):
            self.take()
        return word

    def take(self) -> str:
        word = self.peek()
        self._at += 1
        if word == LINE:
            self._words, self._at = [], 0
        return word

    def head(self) -> list[str]:
        """The words up to an end of the statement or a brace, which is left."""
        found: list[str] = []
        while (word := self.peek()) not in (LINE, "{", "}", ";", ""):
            found.append(word)
            self._at += 1
        return found

    def open(self) -> int:
        """Take an opening brace, which may stand on a line of its own. The line it is on."""
        if self.skip() != "{":
            self.fail(f"a brace was expected, and not {self.peek()[:40]!r}")
        line = self.line
        self.take()
        return line

    def close(self, opened: int) -> bool:
        """Whether a block is at its end; if so, the brace is taken. ParseError if the text ends before it."""
        word = self.skip()
        if not word:
            self.fail(f"the text ends within the block that opens on line {opened}: it was cut short")
        if word != "}":
            return False
        self._at += 1
        return True

    def statement(self, verbatim: bool = True) -> Statement:
        """The rest of the statement, with all that is in its braces; lines within these end with ``LINE``.

        ``verbatim``: its text is wanted."""
        self.peek()
        words = self._words
        if self._at == 0 and words and _MARKS.isdisjoint(words):
            self._words = []
            return Statement(words, self.line, self._source, self._handle)
        first, found, texts, opened = self.line, [], [], []  # type: int, list[str], list[str], list[int]
        start, handle = self._at, None
        while True:
            word = self.peek()
            if not word or (word == LINE and not opened):
                handle = self._handle if word else None
                break
            if (word == ";" or word == "}") and not opened:
                break
            if word == LINE:
                texts.append(self._slice(start, self._at) if verbatim else "")
                found.append(LINE)
                self.take()
                if not self.peek():
                    break
                start = self._at
                continue
            if word == "{":
                opened.append(self.line)
            elif word == "}":
                opened.pop()
            found.append(word)
            self._at += 1
        if opened:
            self.fail(f"the text ends within the braces that open on line {opened[-1]}: it was cut short")
        texts.append(self._slice(start, self._at) if verbatim else "")
        return Statement(found, first, " ".join(text for text in texts if text), handle)

    def _slice(self, start: int, end: int) -> str:
        if start >= end:
            return ""
        spans = [found.span() for found in _WORD.finditer(self._source)]
        return self._source[spans[start][0] : spans[end - 1][1]]

    def _load(self) -> bool:
        """Read the next line that has words, with those that continue it."""
        lines, count = self._lines, len(self._lines)
        self._words, self._at = [], 0
        while self._next < count:
            first = self._next
            source = lines[first]
            self._next += 1
            if source[-1:] == "\r":
                source = source[:-1]
            words = _WORD.findall(source)
            if not words:
                continue
            if words[-1] == "\\" or '"' in words:
                source, words = self._continued(first, source, words)
            self.line, self._handle = first + 1, None
            self.indented = source[:2] == "\t\t"
            if words and words[-1][0] == "#":
                note = words.pop()
                source = source[: len(source) - len(note)]
                if found := _HANDLE.fullmatch(note):
                    self._handle = int(found[1])
                elif _XT_NOTE.match(note):
                    words.append("#")
                    source = f"{source}{note}"
            if words:
                self._words, self._source = words, source.strip(" \t")
                return True
        return False

    def _continued(self, first: int, source: str, words: list[str]) -> tuple[str, list[str]]:
        """Add the lines that follow a backslash, or stand in quotes; each is looked at once, or twice."""
        found: list[str] = []
        texts: list[str] = []
        lines = self._lines
        while True:
            if '"' in words:
                # Behind a quotation mark that is by itself there is no other one.
                found += words[: words.index('"')]
                cut, start = source.rfind('"'), self._next
                end = next((at for at in range(start, len(lines)) if '"' in lines[at]), None)
                if end is None:
                    self.fail(
                        "the text ends with a quotation mark that is not closed: it was cut short", first + 1
                    )
                texts.append(source[:cut])
                source = "\n".join([source[cut:], *lines[start : end + 1]])
                self._next = end + 1
            elif words and words[-1] == "\\":
                if self._next >= len(lines):
                    self.fail("the text ends with a backslash: it was cut short", first + 1)
                found += words[:-1]
                texts.append(source.rstrip(" \t")[:-1] + " ")
                source = lines[self._next]
                self._next += 1
            else:
                return "".join([*texts, source]), found + words
            words = _WORD.findall(source)
