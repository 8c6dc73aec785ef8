# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one kind of error that people see: what went wrong, where, and what to do."""

from __future__ import annotations

import textwrap

MAX_LINES = 5
MAX_WIDTH = 400


def _short(text: str) -> str:
    return textwrap.shorten(" ".join(text.split()), MAX_WIDTH, placeholder=" [...]")


class PathGuardError(Exception):
    """An error that a user can cause and can cure.

    ``what`` says what went wrong, ``where`` names the host, file or JSON path, ``todo`` says what
    to do about it. ``str()`` gives at most three lines, so that an error fits a job log.
    """

    def __init__(self, what: str, where: str = "", todo: str = "") -> None:
        self.what = _short(what)
        self.where = _short(where)
        self.todo = _short(todo)
        super().__init__(self.what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"where: {self.where}")
        if self.todo:
            lines.append(f"what to do: {self.todo}")
        return "\n".join(lines[:MAX_LINES])

    def __reduce__(self) -> tuple[type[PathGuardError], tuple[str, str, str]]:
        return type(self), (self.what, self.where, self.todo)


class GatherError(PathGuardError):
    """A host could not be reached, logged in to, or read."""


class UnreachableError(GatherError):
    """No login: the host is down, refuses the credentials, or shows a host key that is not known."""


class ParseError(PathGuardError):
    """Text from a device is not what it claims to be (cut short, an error message, not JSON)."""


class StateError(PathGuardError):
    """A state or snapshot document is malformed."""


class FlowError(PathGuardError):
    """A flow's description is malformed."""


class PolicyError(PathGuardError):
    """A policy is malformed; ``where`` holds the JSON path."""


class CheckpointError(PathGuardError):
    """A checkpoint could not be armed, renewed, confirmed or restored."""


class GuardError(PathGuardError):
    """The guard can't begin, or can't come to a decision."""


class AuditError(PathGuardError):
    """An audit can't begin or be joined, or its history can't be kept."""


class DocumentError(PathGuardError):
    """A network can't be documented, or its pages can't be written."""


class MonitorError(PathGuardError):
    """The monitor can't begin, or can't remember what it told."""
