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

from ...errors import CheckpointError
from .console import AT_ONCE, Console, tell
from .means import Traits

_REFUSED = (
    r"^\s*(error:|unknown command).*|^.*\bsyntax error\b.*|^.*(permission denied|could not).*"
    r"|^load complete \(\d+ error.*"
)
# Refused where somebody has edits that are not committed: they must not become part of our commit.
_ALONE = "configure exclusive"
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

    traits: ClassVar[Traits] = Traits(
        "wraps_commit",
        "configure; load override /var/tmp/{name}; commit",
        "commit it with 'commit confirmed MINUTES' (junos_config: confirm)",
    )

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
        return tell(device, f"file show {_FOLDER}{name} | no-more", refused=AT_ONCE)

    def running(self, device: Console) -> str:
        return tell(device, "show configuration | no-more", refused=AT_ONCE)

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

    def startup(self, device: Console) -> str:
        """What is committed is what is loaded at boot."""
        return ""

    def write(self, device: Console) -> None:
        """It is written by each commit."""

    def start(self, device: Console, seconds: float) -> None:
        """Nothing before the change's own commit; a pending one gets more time by another one (Junos XML Management
        Protocol Guide, "Committing the Candidate Configuration Only After Confirmation")."""
        if self.pending(device) is not None:
            self._edit(device, _ALONE, f"commit confirmed {max(1, ceil(seconds / 60))}")

    def keep(self, device: Console) -> None:
        self._edit(device, _ALONE, "commit")

    def back(self, device: Console) -> None:
        """The copy's commit (``replace``) ends the timer, too. ``rollback 1`` is what was before the change only until
        a further confirmed commit gave it more time."""

    def replace(self, device: Console, name: str) -> None:
        self._edit(device, "configure", f"load override {_FOLDER}{name}", "commit")

    @staticmethod
    def _edit(device: Console, enter: str, *commands: str) -> None:
        tell(device, enter, refused=_REFUSED)
        try:
            tell(device, *commands, refused=_REFUSED, timeout=_PATIENCE)
        except CheckpointError:
            device.send(
                "rollback 0"
            )  # what was loaded and not committed must not be there for the next commit
            raise
        finally:
            device.send("exit", answers={r"\(yes\).*$": "yes"})  # "Exit with uncommitted changes?"
