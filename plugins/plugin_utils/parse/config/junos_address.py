# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in the conditions of Junos' firewall filters, and the prefix lists that they name.

Source: Juniper, "Routing Policies, Firewall Filters, and Traffic Policers User Guide": "Firewall Filter Match
Conditions Based on Address Fields": of the prefixes of one condition the longest that fits decides, in whatever order
they stand, and every such condition ends with an implied ``0.0.0.0/0 except`` (``::/0 except``); "Example: Configuring
a Filter to Limit Management Access with a Prefix List": prefixes of lists count as those beside them; "apply-path": a
list made of what stands elsewhere in the configuration.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator

from ...model.match import NEVER, In, Masked, Match, Not, Range, Unknown, both, merge_ranges
from . import asks
from .braces import Node
from .words import NotUnderstoodError

Entry = tuple[int, int, bool]  # first address, last address, whether it is without "except"
_WILDCARD = re.compile(r"<([^>]*)>")
_WHOLE = {4: (0, (1 << 32) - 1), 6: (0, (1 << 128) - 1)}
_ONLY_EXCEPT = (
    "all prefix lists of this condition are with except: whether other addresses fit it is not known"
)
_GAPS = "which entry is the longest that fits is not known beside masks with gaps"


class Prefixes:
    """The prefix lists of a configuration. ``whole``: whether all of the configuration is given, which lists by
    ``apply-path`` are made of."""

    def __init__(self, root: Node, whole: bool) -> None:
        self._root = root
        self._whole = whole
        self._lists = root.find("policy-options", "prefix-list") or Node("")
        self._found: dict[str, list[tuple[int, int, int]]] = {}

    def of(self, name: str) -> list[tuple[int, int, int]]:
        """(family, first, last) of each prefix in a list. NotUnderstoodError for one that is not known."""
        if name not in self._found:
            self._found[name] = list(self._read(name))
        return self._found[name]

    def _read(self, name: str) -> Iterator[tuple[int, int, int]]:
        node = self._lists.find(name)
        if node is None:
            raise NotUnderstoodError(f"prefix list {name} is not defined")
        doubt = next(node.doubts(), "")
        if doubt:
            raise NotUnderstoodError(f"prefix list {name}: {doubt}")
        for words in node.leaves():
            if words[0] == "apply-path":
                yield from self._applied(name, words[1:])
            elif len(words) == 1:
                yield _prefix(words[0])
            else:
                raise NotUnderstoodError(f"prefix list {name}: {' '.join(words)!r} is not understood")

    def _applied(self, name: str, words: list[str]) -> Iterator[tuple[int, int, int]]:
        path = " ".join(words).split()
        if not self._whole or not path:
            raise NotUnderstoodError(f"prefix list {name} is made of other parts of the configuration")
        if path[0].startswith("<") or any(("<" in word) != bool(_WILDCARD.search(word)) for word in path):
            raise NotUnderstoodError(f"prefix list {name}: the path {' '.join(path)!r} is not understood")
        for word in _at(self._root, path):
            try:
                yield _prefix(word)
            except NotUnderstoodError:
                continue  # the path leads to what is no address


def _at(node: Node, path: list[str]) -> Iterator[str]:
    for child in node.each():
        if fits(path[0], child.word):
            if len(path) == 1:
                yield child.word
            else:
                yield from _at(child, path[1:])


def fits(pattern: str, word: str) -> bool:
    """Whether a word of a path fits another, which may be a wildcard ``<*>`` ("Using Wildcards with Configuration
    Groups")."""
    if pattern == word:
        return True
    wild = _WILDCARD.search(pattern)
    return wild is not None and fnmatch.fnmatchcase(word, _WILDCARD.sub(r"\1", pattern))


def _prefix(word: str) -> tuple[int, int, int]:
    try:
        match = asks.network("src", word)
    except ValueError:
        raise NotUnderstoodError(f"{word!r} is no prefix") from None
    return match.family, *match.ranges[0]


class AddressCondition:
    """What one condition asks of an address: prefixes and lists, with and without ``except``. Of one that has an entry
    that is not understood, nothing is known: entries widen what it holds for."""

    def __init__(self, family: int) -> None:
        """``family``: 4, 6, or 0 for both."""
        self.not_understood: list[str] = []
        self.excepts = False
        self._families = (family,) if family else (4, 6)
        self._entries: dict[int, list[Entry]] = {4: [], 6: []}
        self._masked: list[tuple[int, int]] = []
        self._said: list[str] = []
        self._lists_only = True

    @property
    def key(self) -> str:
        """All that decides it."""
        return ", ".join(sorted(self._said))

    def add(self, word: str, wanted: bool, prefixes: Prefixes | None = None) -> None:
        """A prefix, an address, an address and a mask; or a list of ``prefixes``, by its name."""
        self._said.append(f"{word}{'' if wanted else ' except'}")
        self.excepts = self.excepts or not wanted
        self._lists_only = self._lists_only and prefixes is not None and not wanted
        try:
            found = prefixes.of(word) if prefixes is not None else self._plain(word, wanted)
        except NotUnderstoodError as error:
            self.not_understood.append(str(error))
            return
        for family, low, high in found:
            self._entries[family].append((low, high, wanted))

    def _plain(self, word: str, wanted: bool) -> list[tuple[int, int, int]]:
        head, _slash, mask = word.partition("/")
        if "." not in mask:
            return [_prefix(word)]
        try:
            match = asks.netmask("src", head, mask)
        except ValueError:
            raise NotUnderstoodError(f"{word!r} is no address with a mask") from None
        if isinstance(match, Masked):
            if not wanted:
                raise NotUnderstoodError(f"{word} except: {_GAPS}")
            self._masked.append((match.value, match.mask))
            return []
        return [(4, *match.ranges[0])]

    def match(self, field: str) -> Match:
        """What it asks of ``src`` or ``dst``."""
        if not self.not_understood and self._masked and self.excepts:
            self.not_understood.append(_GAPS)
        if self.not_understood:
            return Unknown(f"{field} {self.key}", self.not_understood[0])
        found: list[Match] = []
        for family in self._families:
            entries = self._entries[family]
            if self._lists_only:
                found.append(self._others(field, family))
            elif ranges := longest(entries):
                found.append(In(field, ranges, family))
        if 4 in self._families:
            found += [Masked(field, value, mask, 4) for value, mask in self._masked]
        return asks.either(found)

    def excepted(self, field: str) -> Match:
        """The addresses of which an entry with ``except`` is the longest that fits."""
        found: list[Match] = []
        for family in self._families:
            entries = self._entries[family]
            kept = longest(entries)
            listed = merge_ranges((low, high) for low, high, _wanted in entries)
            beside: list[Match] = [Not(In(field, kept, family))] if kept else []
            found.append(both(In(field, listed, family), *beside) if listed else NEVER)
        return asks.either(found)

    def _others(self, field: str, family: int) -> Match:
        listed = merge_ranges((low, high) for low, high, _wanted in self._entries[family])
        parts: list[Match] = [Not(In(field, listed, family))] if listed else []
        return both(
            In(field, (_WHOLE[family],), family), *parts, Unknown(f"{field} {self.key}", _ONLY_EXCEPT)
        )


def longest(entries: Iterable[Entry]) -> tuple[Range, ...]:
    """The addresses for which the longest prefix is one without except."""
    found: list[Range] = []
    stack: list[Entry] = []
    at = 0

    def close(until: int) -> None:
        nonlocal at
        while stack and stack[-1][1] < until:
            _low, high, wanted = stack.pop()
            if wanted and at <= high:
                found.append((at, high))
            at = max(at, high + 1)

    # Of two equal prefixes the one with except comes last, and so decides.
    for low, high, wanted in sorted(set(entries), key=lambda entry: (entry[0], -entry[1], not entry[2])):
        close(low)
        if stack and stack[-1][2] and at < low:
            found.append((at, low - 1))
        at = low
        stack.append((low, high, wanted))
    close(1 << 129)
    return merge_ranges(found)
