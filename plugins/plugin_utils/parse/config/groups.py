# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object groups: names for several addresses or ports, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable

from ...model.match import Match, Unknown
from . import asks
from .entries import Entries
from .words import NotUnderstoodError, Words

# Devices nest a few levels; more is no configuration that one of them took.
_DEEPEST = 30
_TEXT_ONLY = ("description", "remark")


class Groups:
    """By kind and name. ``member``: reads one member of a group of a kind, as a match on a field; it is given these
    groups, of which the member may be one."""

    def __init__(self, member: Callable[[Groups, str, Words, str], Match]) -> None:
        self._member = member
        self._entries: dict[tuple[str, str], Entries] = {}
        self._known: dict[tuple[str, str, str], Match] = {}
        self._open: list[tuple[str, str]] = []

    def define(self, kind: str, name: str) -> Entries:
        """The members, to add to; a group may be defined in several places."""
        return self._entries.setdefault((kind, name), Entries())

    def remove(self, kind: str, name: str) -> None:
        self._entries.pop((kind, name), None)

    def match(self, kind: str, name: str, field: str) -> Match:
        """``field`` is in the group; nothing is in one without members. A member that can't be read makes this unknown
        for what the others don't say. NotUnderstoodError for a group that is not defined, or contains itself."""
        asked = kind, name, field
        if asked not in self._known:
            if (kind, name) not in self._entries:
                raise NotUnderstoodError(f"the object group {name} is not defined")
            if (kind, name) in self._open or len(self._open) == _DEEPEST:
                raise NotUnderstoodError(
                    f"the object group {name} contains itself, or too many levels of others"
                )
            self._open.append((kind, name))
            self._known[asked] = asks.either(self._members(kind, name, field))
            self._open.pop()
        return self._known[asked]

    def _members(self, kind: str, name: str, field: str) -> list[Match]:
        found: list[Match] = []
        for entry in self._entries[kind, name]:
            if entry.words[:1] and entry.words[0] in _TEXT_ONLY:
                continue
            words = Words(entry.words)
            try:
                asked = self._member(self, kind, words, field)
                words.end()
                if entry.twice:
                    raise NotUnderstoodError(f"two members have the number {entry.number}")
            except NotUnderstoodError as error:
                asked = Unknown(f"{kind} {name} {field} {entry.text}", f"object group {name}: {error}")
            found.append(asked)
        return found
