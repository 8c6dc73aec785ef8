# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of several hosts as one: each host with its own reason, and never more lines than an error may have."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from ..errors import MAX_LINES, GatherError, PathGuardError

# Hosts whose reason is told, where there are more than fit; and names in a list.
REASONS_TOLD = 3
NAMES_TOLD = 3
# Characters of one host's line: an error that tells of a fingerprint and a command fits.
LINE_WIDTH = 400


class HostsError(GatherError):
    """``errors``: by host, in the order that they are told; two at least. ``hosts``: how many were asked."""

    def __init__(self, errors: Mapping[str, PathGuardError], hosts: int, doing: str) -> None:
        self.errors = dict(errors)
        self.hosts = hosts
        self.doing = doing
        super().__init__(f"{len(errors)} of {hosts} hosts could not be {doing}", some(list(errors)))

    def __str__(self) -> str:
        told = list(self.errors.items())
        more: list[str] = []
        if len(told) > MAX_LINES - 1:
            more = [name for name, _error in told[REASONS_TOLD:]]
            told = told[:REASONS_TOLD]
        lines = [f"{self.what}:", *(_line(name, error) for name, error in told)]
        if more:
            lines.append(f"and {len(more)} more ({some(more)}): see 'errors' in the task's result")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type[HostsError], tuple[dict[str, PathGuardError], int, str]]:  # type: ignore[override]
        return type(self), (self.errors, self.hosts, self.doing)


def several(errors: Mapping[str, PathGuardError], hosts: int, doing: str) -> PathGuardError:
    """One error for all hosts that failed. ``doing``: what could not be done to them, such as ``read``."""
    if len(errors) > 1:
        return HostsError(errors, hosts, doing)
    name, error = next(iter(errors.items()))
    return type(error)(error.what, _where(name, error), error.todo)


def _where(name: str, error: PathGuardError) -> str:
    if name in error.where:
        return error.where
    return f"{name}: {error.where}" if error.where else name


def _line(name: str, error: PathGuardError) -> str:
    todo = f"; {error.todo}" if error.todo else ""
    return textwrap.shorten(f"{_where(name, error)}: {error.what}{todo}", LINE_WIDTH, placeholder=" [...]")


def some(names: Sequence[str], limit: int = NAMES_TOLD) -> str:
    """The first names, and how many more there are."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")
