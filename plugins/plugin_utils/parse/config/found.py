# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a configuration that rules name, each read once."""

from __future__ import annotations

from collections.abc import Callable

from ...model.match import Match, Unknown
from .words import NotUnderstoodError

# Groups in groups, beyond what devices allow.
_DEEPEST = 12


class Found:
    """Matches by name. What can't be read is an ``Unknown``, and so is a group for what it finds that leads back to
    itself."""

    def __init__(self) -> None:
        self._matches: dict[tuple[str, str], Match] = {}
        self._depth = 0

    def match(self, field: str, what: str, read: Callable[[], Match]) -> Match:
        """``what`` tells the object, for people; ``field``: at which it is asked for, if that matters. ``read`` may
        raise NotUnderstoodError."""
        key = (field, what)
        if key not in self._matches:
            self._matches[key] = self._unknown(field, f"{what}: it contains itself")
            self._depth += 1
            try:
                if self._depth > _DEEPEST:
                    raise NotUnderstoodError(f"groups in groups, more than {_DEEPEST} deep")
                self._matches[key] = read()
            except NotUnderstoodError as error:
                self._matches[key] = self._unknown(field, f"{what}: {error}")
            finally:
                self._depth -= 1
        return self._matches[key]

    @staticmethod
    def _unknown(field: str, why: str) -> Match:
        return Unknown(f"{field} {why}", why)
