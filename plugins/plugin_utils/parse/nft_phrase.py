# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A place in the words of one statement of nft's text language."""

from __future__ import annotations

from collections.abc import Callable

from ..model import shape
from . import nft_constants
from .nft_constants import NotUnderstood

_DEEPEST = 32


class Phrase:
    """A place in a statement's words. ``nested``: makes a chain of the rules in braces and tells its name. ``listed``:
    whether nft printed these words; None if that is not known."""

    __slots__ = ("at", "depth", "family", "listed", "nested", "words")

    def __init__(
        self,
        words: list[str],
        family: str = "",
        nested: Callable[[list[list[str]]], str] | None = None,
        listed: bool | None = False,
    ) -> None:
        words += ("", "")  # one to stand at, one to look ahead
        self.words, self.at, self.depth = words, 0, 0
        self.family, self.nested, self.listed = family, nested, listed

    def peek(self) -> str:
        return self.words[self.at]

    def take(self) -> str:
        word = self.words[self.at]
        if not word:
            raise NotUnderstood("its end")
        self.at += 1
        return word

    def accept(self, word: str) -> bool:
        if self.words[self.at] != word:
            return False
        self.at += 1
        return True

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise NotUnderstood(self.peek())

    def one_of(self, words: frozenset[str] | tuple[str, ...]) -> str:
        if self.words[self.at] not in words:
            raise NotUnderstood(self.peek())
        return self.take()

    def number(self) -> int:
        found = nft_constants.constant(self.take())
        if not isinstance(found, int) or not shape.is_whole(found):
            raise NotUnderstood(self.words[self.at - 1])
        return found

    def string(self) -> str:
        word = self.take()
        return word[1:-1] if word[0] == '"' else nft_constants.name(word)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotUnderstood(f"more than {_DEEPEST} levels of brackets")
