# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of resource modules, read strictly: what nobody takes is left over, and has to be said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import ParseError

_TODO = "give the facts as the resource module returns them (state: gathered, or ansible_network_resources)"
_WORD = re.compile(r"[^\s\"'{};#!<>|]+")
_ABSENT = (None, False, "", "false", "False")


def malformed(what: str, where: str) -> ParseError:
    return ParseError(what, where, _TODO)


class Facts:
    """One mapping of facts. ``where``: its place, for errors."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise malformed(f"a mapping is expected, and this is {_kind(value)}", where)
        self.where = where
        self._left = {str(key): item for key, item in value.items()}
        self._subs: list[tuple[str, Facts]] = []

    def flag(self, key: str) -> bool:
        """Whether it is set; a value that is neither yes nor no is left over."""
        value = self._left.get(key)
        if value in (True, "true", "True"):
            del self._left[key]
            return True
        return False

    def has(self, key: str) -> bool:
        return self._left.get(key) not in _ABSENT

    def word(self, key: str) -> str:
        """A name or number without spaces; empty if there is none. ParseError for all else."""
        return check(self._scalar(key), f"{self.where}.{key}")

    def words(self, key: str) -> list[str]:
        """One or more words: a list, its text, or words with spaces between them."""
        value = self._left.pop(key, None)
        if value in _ABSENT:
            return []
        where = f"{self.where}.{key}"
        if isinstance(value, str) and value.startswith("["):
            value = _listed(value, where)
        if isinstance(value, str):
            value = value.split()
        if not isinstance(value, (list, tuple)):
            value = [value]
        return [check(_text(item, where), where) for item in value]

    def ignore(self, *keys: str) -> None:
        """What says nothing about which packets pass."""
        for key in keys:
            self._left.pop(key, None)

    def sub(self, key: str) -> Facts:
        """A mapping within, an empty one where there is none; what is left over of it is left over here."""
        value = self._left.pop(key, None)
        found = Facts({} if value in _ABSENT else value, f"{self.where}.{key}")
        self._subs.append((key, found))
        return found

    def peek(self, key: str) -> Mapping[str, Any] | None:
        """A mapping within, which is left where it is; None if it is none."""
        value = self._left.get(key)
        return value if isinstance(value, Mapping) else None

    def texts(self, key: str) -> list[str]:
        """A list of words, or of several words each."""
        value = self._left.pop(key, None)
        where = f"{self.where}.{key}"
        items = [] if value in _ABSENT else value if isinstance(value, (list, tuple)) else [value]
        return [" ".join(check(word, where) for word in _text(item, where).split()) for item in items]

    def each(self, key: str) -> Iterator[Facts]:
        """The mappings of a list. What is left over of them is theirs to say."""
        value = self._left.pop(key, None)
        yield from listed(value, f"{self.where}.{key}")

    def names(self) -> list[str]:
        return list(self._left)

    def left(self) -> list[str]:
        """What nobody took, each as one word, as ``ttl.eq=10``."""
        own = [
            word for key, value in self._left.items() if value not in _ABSENT for word in _flat(key, value)
        ]
        return own + [f"{key}.{word}" for key, sub in self._subs for word in sub.left()]

    def _scalar(self, key: str) -> str:
        value = self._left.pop(key, None)
        return "" if value in _ABSENT else _text(value, f"{self.where}.{key}")


def listed(value: Any, where: str) -> Iterator[Facts]:
    """The mappings of a list; of nothing, none."""
    if value is None:
        return
    if not isinstance(value, (list, tuple)):
        raise malformed(f"a list is expected, and this is {_kind(value)}", where)
    for index, item in enumerate(value):
        yield Facts(item, f"{where}[{index}]")


def check(word: str, where: str) -> str:
    """ParseError for what is more than one word, or would mean something else in a configuration."""
    if word and not _WORD.fullmatch(word):
        raise malformed(f"a name or number is expected, and this is {word[:60]!r}", where)
    return word


def _listed(value: str, where: str) -> Any:
    """Lists that a module gives as their text."""
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise malformed(f"this is no list: {value[:60]!r}", where) from None


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise malformed(f"a name or number is expected, and this is {_kind(value)}", where)
    return str(value).strip()


def _flat(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner, item in value.items():
            yield from _flat(f"{key}.{inner}", item)
    else:
        yield re.sub(r"[^\w.:/=,-]+", "_", f"{key}={value}")[:120]


def _kind(value: Any) -> str:
    return type(value).__name__
