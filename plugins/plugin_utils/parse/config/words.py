# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of one line, read one after the other; what nobody reads makes the line not understood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class NotUnderstoodError(Exception):
    """A line, or a part of it, that is not modelled. Its text says which words, for people.

    It never leaves a parser: that makes a rule with an ``Unknown`` match of it, or an entry in
    ``not_understood``."""


class Words:
    """A cursor over words. Whoever reads a line calls ``end`` when done, so that no word is passed over."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._at = 0

    @classmethod
    def of(cls, line: str) -> Words:
        return cls(line.split())

    def peek(self, ahead: int = 0) -> str:
        """The next word, or one after it; empty behind the last."""
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else ""

    def next(self, what: str = "a word") -> str:
        """NotUnderstoodError where the line ends before ``what``."""
        word = self.peek()
        if self._at >= len(self._words):
            raise NotUnderstoodError(f"{what} is missing at the end")
        self._at += 1
        return word

    def take(self, *words: str) -> str:
        """The next word, if it is one of these; else empty, and nothing is read."""
        if self._at < len(self._words) and self._words[self._at] in words:
            self._at += 1
            return self._words[self._at - 1]
        return ""

    def expect(self, *words: str) -> str:
        found = self.take(*words)
        if not found:
            raise NotUnderstoodError(f"{' or '.join(words)} is expected before {self.rest()[:60]!r}")
        return found

    def value(self, what: str, read: Callable[[str], T]) -> T:
        """The next word as ``read`` makes it; its ValueError or KeyError becomes NotUnderstoodError."""
        word = self.next(what)
        try:
            return read(word)
        except (ValueError, KeyError):
            raise NotUnderstoodError(f"{word!r} is no {what} that is known") from None

    def more(self) -> bool:
        return self._at < len(self._words)

    def rest(self) -> str:
        """All that was not read yet, without reading it."""
        return " ".join(self._words[self._at :])

    def end(self) -> None:
        if self.more():
            raise NotUnderstoodError(f"{self.rest()!r} is not understood")
