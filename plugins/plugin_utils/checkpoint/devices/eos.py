# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arista EOS: configure replace, and the timer of a configuration session's commit.

Source: Arista EOS User Manual, "Configuration Sessions" (``commit timer HH:MM:SS``, ``configure session NAME commit``,
``configure session NAME abort``, ``show configuration sessions detail``: a session whose timer runs is in the state
pendingCommitTimer) and "configure replace". The timer belongs to the change's own session.
"""

from __future__ import annotations

import re
from typing import ClassVar

from .console import AT_ONCE, Console, startup_config, tell
from .means import Traits

_REFUSED = r"^\s*%.*"
_FLASH = "flash:"
# A line of the table: NAME, state, and somewhere after it what is left of the timer, as the release prints it.
_PENDING = re.compile(r"^\s*\*?\s*(\S+)\s+pendingCommitTimer\b(.*)$", re.M)
_LEFT = re.compile(r"(\d+):(\d+):(\d+)|(\d+) seconds|(\d+) minutes")


class EosMeans:
    """See ``means.Means``."""

    traits: ClassVar[Traits] = Traits(
        "wraps_commit",
        "configure replace flash:{name}",
        "make it in a configuration session, and commit that with 'commit timer HH:MM:SS'",
    )

    def names(self, device: Console) -> list[str]:
        said = tell(device, f"dir {_FLASH}", refused=_REFUSED)
        return sorted({word for word in said.split() if word.startswith("pathguard-")})

    def save(self, device: Console, name: str) -> None:
        tell(device, f"copy running-config {_FLASH}{name}", refused=_REFUSED)

    def copy(self, device: Console, name: str, to: str) -> None:
        tell(device, f"copy {_FLASH}{name} {_FLASH}{to}", refused=_REFUSED)

    def delete(self, device: Console, name: str) -> None:
        tell(device, f"delete {_FLASH}{name}", refused=_REFUSED)

    def text(self, device: Console, name: str) -> str:
        return tell(device, f"more {_FLASH}{name}", refused=AT_ONCE)

    def running(self, device: Console) -> str:
        return tell(device, "show running-config", refused=AT_ONCE)

    def startup(self, device: Console) -> str:
        return startup_config(device)

    def write(self, device: Console) -> None:
        tell(device, "copy running-config startup-config", refused=_REFUSED)

    def _session(self, device: Console) -> re.Match[str] | None:
        return _PENDING.search(tell(device, "show configuration sessions detail", refused=_REFUSED))

    def pending(self, device: Console) -> float | None:
        found = self._session(device)
        if found is None:
            return None
        left = _LEFT.search(found[2])
        if left is None:
            return 0.0
        if left[4] or left[5]:
            return float(left[4] or 60 * int(left[5]))
        hours, minutes, seconds = (int(left[at]) for at in (1, 2, 3))
        return float(3600 * hours + 60 * minutes + seconds)

    def start(self, device: Console, seconds: float) -> None:
        """Nothing before the change's own commit; a pending one gets more time."""
        found = self._session(device)
        if found is not None:
            whole = int(seconds)
            timer = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
            tell(device, f"configure session {found[1]} commit timer {timer}", refused=_REFUSED)

    def keep(self, device: Console) -> None:
        found = self._session(device)
        if found is not None:
            tell(device, f"configure session {found[1]} commit", refused=_REFUSED)

    def back(self, device: Console) -> None:
        found = self._session(device)
        if found is not None:
            tell(device, f"configure session {found[1]} abort", refused=_REFUSED)

    def replace(self, device: Console, name: str) -> None:
        tell(device, f"configure replace {_FLASH}{name}", refused=_REFUSED, timeout=120)
