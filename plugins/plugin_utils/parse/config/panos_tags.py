# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of dynamic address groups of PAN-OS: tags with ``and``, ``or`` and parentheses.

Source: Palo Alto Networks, "PAN-OS Administrator's Guide", "Use Dynamic Address Groups in Policy" (tags in quotes; a
filter of tags that address objects have finds these objects).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from .words import NotUnderstoodError

_TOKEN = re.compile(r"""'[^']*'|"[^"]*"|[()]|[^\s()'"]+""")
_DEEPEST = 30


def fits(asked: str, tags: Collection[str]) -> bool:
    """Whether an object with these tags is found. NotUnderstoodError for a filter that is none."""
    filtered = _Filter(_TOKEN.findall(asked), tags)
    if _TOKEN.sub("", asked).strip():
        raise NotUnderstoodError(f"the filter {asked!r} is not understood")
    found = filtered.any_of()
    if filtered.left:
        raise NotUnderstoodError(f"the filter {asked!r} is not understood")
    return found


class _Filter:
    """``left``: what was not read yet, the next one last."""

    def __init__(self, tokens: list[str], tags: Collection[str]) -> None:
        self.left = tokens[::-1]
        self._tags = tags
        self._depth = 0

    def any_of(self) -> bool:
        found = self._all_of()
        while self._take("or"):
            found = self._all_of() or found
        return found

    def _all_of(self) -> bool:
        found = self._one()
        while self._take("and"):
            found = self._one() and found
        return found

    def _take(self, word: str) -> bool:
        if self.left and self.left[-1].lower() == word:
            self.left.pop()
            return True
        return False

    def _one(self) -> bool:
        if self._take("("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise NotUnderstoodError(f"a filter that is more than {_DEEPEST} deep")
            found = self.any_of()
            self._depth -= 1
            if not self._take(")"):
                raise NotUnderstoodError("a parenthesis is not closed in a filter")
            return found
        word = self.left.pop() if self.left else ")"
        if word.lower() in (")", "and", "or", "not"):
            raise NotUnderstoodError("a tag is missing in a filter")
        return word.strip("'\"") in self._tags
