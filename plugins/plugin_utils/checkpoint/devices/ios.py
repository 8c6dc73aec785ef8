# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS and IOS-XE: the rollback of a confirmed change, and configuration replace.

Sources: Cisco, "Configuration Replace and Configuration Rollback" (configure replace, archive) and "Configuration
Rollback Confirmed Change" (``configure terminal revert timer``, ``configure confirm``, ``configure revert``, ``show
archive config rollback timer``): the timer needs a path under ``archive``, counts minutes from 1 to 120, begins before
the change, and goes back to the configuration that ran then, whoever changed it. A reload ends it: what is loaded
then is the startup configuration, which the change may have written.
"""

from __future__ import annotations

import re
from datetime import datetime
from math import ceil
from typing import ClassVar

from ...errors import CheckpointError
from .console import AT_ONCE, Console, startup_config, tell, words_of
from .means import Traits

# Not "%Warning: There already is a file existing with this name", and no line of the log (%SYS-5-CONFIG_I).
_REFUSED = r"^\s*%(?!Warning|[A-Z0-9_]+-\d-).*|^Error.*|^.*Rollback aborted.*"
_REFUSES = re.compile(_REFUSED, re.M)
_FLASH = "flash:"
# "Destination filename [NAME]?", "Over write? [confirm]", and what else is asked: the answer is yes by Enter.
_ASKED = {r"\?\s*$": "", r"\[confirm\]\s*$": ""}
_LONGEST = 120  # minutes
_PATIENCE = 180.0  # seconds: the rollback of a large configuration
_TIME = re.compile(r"(\d+:\d+:\d+)(?:\.\d+)? \S+ \w{3} (\w{3} +\d+ \d{4})")
_SET = re.compile(r"^Time configured.*?: *(.*)$", re.M)
_MINUTES = re.compile(r"^Timer value: *(\d+) *min", re.M)
_NO_ARCHIVE = "Archive feature not enabled"
_NONE = "No Rollback Confirmed Change pending"


def _time(said: str) -> datetime | None:
    found = _TIME.search(said)
    return datetime.strptime(" ".join((found[1], *found[2].split())), "%H:%M:%S %b %d %Y") if found else None


class IosMeans:
    """See ``means.Means``."""

    traits: ClassVar[Traits] = Traits(
        "arm_before",
        "configure replace flash:{name} force",
    )

    def names(self, device: Console) -> list[str]:
        said = tell(device, f"dir {_FLASH}", refused=_REFUSED)
        return sorted({word for word in said.split() if word.startswith("pathguard-")})

    def save(self, device: Console, name: str) -> None:
        self._copy(device, "running-config", name)

    def copy(self, device: Console, name: str, to: str) -> None:
        self._copy(device, f"{_FLASH}{name}", to)

    @staticmethod
    def _copy(device: Console, what: str, name: str) -> None:
        said = tell(device, f"copy {what} {_FLASH}{name}", refused=_REFUSED, answers=_ASKED)
        if "copied" not in said:
            raise CheckpointError(
                f"the configuration can't be copied: {words_of(said)}",
                device.host,
                "look at the room on flash:",
            )

    def delete(self, device: Console, name: str) -> None:
        tell(device, f"delete /force {_FLASH}{name}", refused=_REFUSED, answers=_ASKED)

    def text(self, device: Console, name: str) -> str:
        return tell(device, f"more {_FLASH}{name}", refused=AT_ONCE)

    def running(self, device: Console) -> str:
        return tell(device, "show running-config", refused=AT_ONCE)

    def startup(self, device: Console) -> str:
        return startup_config(device)

    def write(self, device: Console) -> None:
        tell(device, "copy running-config startup-config", refused=_REFUSED, answers=_ASKED)

    def pending(self, device: Console) -> float | None:
        if _NO_ARCHIVE in tell(device, "show archive", refused=r"^% ?(Invalid|Auth).*"):
            return None
        said = tell(device, "show archive config rollback timer", refused=r"^% ?(Invalid|Auth).*")
        minutes, since = _MINUTES.search(said), _SET.search(said)
        if _NONE in said or minutes is None or since is None:
            return None
        begun, now = _time(since[1]), _time(tell(device, "show clock", refused=r"^% ?Invalid.*"))
        gone = (now - begun).total_seconds() if begun and now else 0.0
        return max(0.0, 60.0 * int(minutes[1]) - max(0.0, gone))

    def start(self, device: Console, seconds: float) -> None:
        minutes = max(1, ceil(seconds / 60))
        if minutes > _LONGEST:
            raise CheckpointError(
                f"the device's timer counts {_LONGEST} minutes at most, not {minutes}",
                device.host,
                f"ask for {60 * _LONGEST} seconds or less",
            )
        if self.pending(device) is not None:
            tell(device, f"configure revert timer {minutes}", refused=_REFUSED)
            return
        said = device.send(f"configure terminal revert timer {minutes}")
        if not _REFUSES.search(said):
            tell(device, "end", refused=_REFUSED)
        if self.pending(device) is None:
            if not _REFUSES.search(said):
                device.send("configure confirm")  # no timer may run that nobody can see
            raise CheckpointError(
                f"the device starts no timer: {words_of(said)}",
                device.host,
                "configure 'archive' with a 'path', such as flash:archive; nobody else may be configuring the device",
            )

    def keep(self, device: Console) -> None:
        tell(device, "configure confirm", refused=_REFUSED)

    def back(self, device: Console) -> None:
        tell(device, "configure revert now", refused=_REFUSED, timeout=_PATIENCE)

    def replace(self, device: Console, name: str) -> None:
        tell(device, f"configure replace {_FLASH}{name} force", refused=_REFUSED, timeout=_PATIENCE)
