# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Juniper Junos: commit confirmed, rollback, and a copy of the configuration that can be loaded again.

Source: Juniper, CLI User Guide, "Commit the configuration" (``commit confirmed MINUTES``, 1 to 65,535; a further
commit confirms it), "rollback", "load override", "show system commit" (the newest commit says "commit confirmed,
rollback in Nmins", also when it has been confirmed by a commit check; while the timer runs, a line "rollback pending"
follows). The timer belongs to the change's own commit.
"""

from __future__ import annotations

import re
from datetime import datetime
from math import ceil
from typing import ClassVar

from .console import Console, tell

_REFUSED = r"^\s*(error:|syntax error|unknown command).*|^\s*.*(permission denied|could not).*"
_PATIENCE = 180.0  # seconds: a commit of a large configuration
_FOLDER = "/var/tmp/"  # noqa: S108 - on the device, which has it for this
_COMMIT = re.compile(r"^0\s+(\d+-\d+-\d+ \d+:\d+:\d+) .*commit confirmed, rollback in (\d+) ?min", re.M)
_WAITS = re.compile(r"^\s+rollback pending", re.M)
_NEXT = re.compile(r"^1\s", re.M)
_NOW = re.compile(r"^Current time: (\d+-\d+-\d+ \d+:\d+:\d+)", re.M)


def _time(value: str) -> datetime:
    return datetime.strptime(value, "%Y-%m-%d %H:%M:%S")


class JunosMeans:
    """See ``means.Means``."""

    protection: ClassVar[str] = "wraps_commit"
    disruption: ClassVar[str] = "none"
    by_hand: ClassVar[str] = "configure; load override /var/tmp/{name}; commit"

    def names(self, device: Console) -> list[str]:
        said = tell(device, f"file list {_FOLDER}", refused=r"^error:.*")
        return sorted({word for word in said.split() if word.startswith("pathguard-")})

    def save(self, device: Console, name: str) -> None:
        tell(device, f"show configuration | save {_FOLDER}{name}", refused=_REFUSED)

    def copy(self, device: Console, name: str, to: str) -> None:
        tell(device, f"file copy {_FOLDER}{name} {_FOLDER}{to}", refused=_REFUSED)

    def delete(self, device: Console, name: str) -> None:
        tell(device, f"file delete {_FOLDER}{name}", refused=_REFUSED)

    def text(self, device: Console, name: str) -> str:
        return tell(device, f"file show {_FOLDER}{name} | no-more", refused=r"^error:.*")

    def running(self, device: Console) -> str:
        return tell(device, "show configuration | no-more", refused=r"^error:.*")

    def pending(self, device: Console) -> float | None:
        """Releases that print no "rollback pending": as long as the time is not over, it may be."""
        newest = _NEXT.split(tell(device, "show system commit", refused=r"^error:.*"), maxsplit=1)[0]
        found = _COMMIT.search(newest)
        if found is None:
            return None
        now = _NOW.search(tell(device, "show system uptime", refused=r"^error:.*"))
        gone = (_time(now[1]) - _time(found[1])).total_seconds() if now else 0.0
        left = max(0.0, 60.0 * int(found[2]) - max(0.0, gone))
        return left if left or _WAITS.search(newest) else None

    def start(self, device: Console, seconds: float) -> None:
        """Nothing before the change's own commit; a pending one gets more time."""
        if self.pending(device) is not None:
            minutes = max(1, ceil(seconds / 60))
            self._edit(device, f"commit confirmed {minutes}")

    def keep(self, device: Console) -> None:
        self._edit(device, "commit")

    def back(self, device: Console) -> None:
        self._edit(device, "rollback 1", "commit")

    def replace(self, device: Console, name: str) -> None:
        self._edit(device, f"load override {_FOLDER}{name}", "commit")

    @staticmethod
    def _edit(device: Console, *commands: str) -> None:
        try:
            tell(device, "configure", *commands, refused=_REFUSED, timeout=_PATIENCE)
        finally:
            device.send("exit", answers={r"\(yes\).*$": "yes"})  # "Exit with uncommitted changes?"
