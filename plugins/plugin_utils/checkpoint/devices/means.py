# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each platform must be able to do for a checkpoint: keep copies of its configuration, and go back to one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import ClassVar, Protocol

from .console import Console


@dataclass(frozen=True)
class Traits:
    """What a platform can do, as far as it can be told beforehand.

    ``protection``: as in ``checkpoint.status``. ``by_hand``: what a person types on the device to go back to a copy,
    ``{name}`` in it. ``asks``: where the timer is that of the change's own commit, how the change must commit; else
    empty. ``disruption``: of going back by the device's own timer; ``calm``: a pattern of a line of the configuration
    with which that disrupts nothing after all; ``warns``: what must be known of it before the change. ``waits``: where
    nobody but the session that committed can confirm: this, and what to do; else empty."""

    protection: str
    by_hand: str
    asks: str = ""
    disruption: str = "none"
    calm: str = ""
    warns: str = ""
    waits: tuple[str, str] = ("", "")


class Means(Protocol):
    """The commands of one platform. Copies of the configuration are told by name."""

    traits: ClassVar[Traits]

    def names(self, device: Console) -> list[str]:
        """The copies on the device, of any run."""

    def save(self, device: Console, name: str) -> None:
        """Copy the running configuration."""

    def copy(self, device: Console, name: str, to: str) -> None:
        """Copy a copy."""

    def delete(self, device: Console, name: str) -> None: ...

    def text(self, device: Console, name: str) -> str:
        """A copy's text."""

    def running(self, device: Console) -> str: ...

    def startup(self, device: Console) -> str:
        """What the device loads when it boots; empty where that is always what runs."""

    def write(self, device: Console) -> None:
        """Make the running configuration the one that is loaded at boot."""

    def pending(self, device: Console) -> float | None:
        """Seconds until the device goes back by itself; None if it will not."""

    def start(self, device: Console, seconds: float) -> None:
        """Start, or start anew, the device's timer. Where it belongs to a commit, nothing before that commit; where it
        can't be given more time, nothing."""

    def keep(self, device: Console) -> None:
        """What is running stays: the timer ends."""

    def back(self, device: Console) -> None:
        """Go back now, to what was before the timer began; nothing where only a copy tells what that was. Raises
        CheckpointError where the timer was first."""

    def replace(self, device: Console, name: str) -> None:
        """Make a copy the running configuration."""


# Lines that a device writes anew without anybody changing its configuration, or around it.
_CHANGING = re.compile(
    r"^(Building configuration|Current configuration|!{1,2} ?(?:Last|IOS XR) [Cc]onfiguration|! ?NVRAM config last|"
    r"!! Building configuration|\w{3} \w{3} +\d+ [\d:.]+ \S+$|! ?No configuration change since|!Time:|"
    r"!Running configuration last done|ntp clock-period|## Last commit|"
    r"! Command: |! device: |!Command: |! ?Startup[- ]config |Using \d+ out of \d+ bytes|end$)"
)


def plain(text: str) -> list[str]:
    """The lines of a configuration without what changes by itself."""
    lines = (line.rstrip() for line in text.splitlines())
    return [line for line in lines if line.strip("! ") and not _CHANGING.match(line)]


def digest(text: str) -> str:
    """Of a configuration; sha256 in hex."""
    return hashlib.sha256("\n".join(plain(text)).encode()).hexdigest()
