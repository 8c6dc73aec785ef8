# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a device that rules name, and those that such objects name in their turn.

A rule that says what it said, and means something else, does so because of an object: the rule is as it was, and the
object is what somebody changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..model.state import NamedSet, State

_WORD = re.compile(r"""[^\s"'()\[\]{};,]+""")

Name = tuple[str, ...]


class Objects:
    """The objects of two states, and which of them changed."""

    def __init__(self, states: Iterable[State], changed: Iterable[str]) -> None:
        """``changed``: keys of sets; only those count that are objects (``NamedSet.called``)."""
        sides = list(states)
        self._changed = [key for key in changed if any(_called(side, key) for side in sides)]
        # All names by their first words, the longest first; and the changed objects behind a name.
        self._names: dict[str, list[Name]] = {}
        self._behind: dict[Name, dict[str, None]] = {}
        if self._changed:
            self._follow([named for side in sides for named in side.sets.values() if named.called])

    def _follow(self, listed: list[NamedSet]) -> None:
        """Which names lead to a changed object: its own, and those of all objects around it."""
        names = {named.key: _words(named.called) for named in listed}
        for name in dict.fromkeys(sorted(names.values(), key=len, reverse=True)):
            self._names.setdefault(name[0] if name else "", []).append(name)
        around: dict[Name, dict[str, None]] = {}
        for named in listed:
            for (line,) in named.elements:
                for name in self._in(str(line)):
                    around.setdefault(name, {})[named.key] = None
        for key in self._changed:
            reached, todo = {key}, [key]
            while todo:
                name = names[todo.pop()]
                self._behind.setdefault(name, {})[key] = None
                more = [one for one in around.get(name, ()) if one not in reached]
                reached.update(more)
                todo += more

    def _in(self, text: str) -> Iterator[Name]:
        """The names in a text, each as long as there is one."""
        words, at = _words(text), 0
        while at < len(words):
            found = next(
                (one for one in self._names.get(words[at], ()) if words[at : at + len(one)] == one), None
            )
            at += len(found) if found else 1
            if found:
                yield found

    def behind(self, text: str) -> list[str]:
        """The keys of the changed objects that a text names, itself or by others, in the order of all."""
        found = {key for name in self._in(text) for key in self._behind.get(name, ())} if self._names else ()
        return [key for key in self._changed if key in found]


def _called(state: State, key: str) -> str:
    named = state.sets.get(key)
    return named.called if named is not None else ""


def _words(text: str) -> Name:
    return tuple(_WORD.findall(text))
