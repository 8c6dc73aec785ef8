# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco NX-OS: checkpoints as files, and rollback to one. It has no timer of its own that begins before a change.

Source: Cisco Nexus 9000 Series NX-OS System Management Configuration Guide, "Configuring Rollback" (``checkpoint
file``, ``rollback running-config file … atomic``: all or nothing). The timer of ``configure replace … commit-timeout``
belongs to that command alone, not to the lines that a change types.
"""

from __future__ import annotations

from typing import ClassVar

from .console import AT_ONCE, Console, startup_config, tell
from .means import Traits

_REFUSED = r"^\s*(%|ERROR:|Rollback failed|Syntax error).*"
_FLASH = "bootflash:"
# "Warning: There is already a file existing with this name. Do you want to overwrite (y/n)?[n]"
_ASKED = {r"\(y/n\)\??\s*\[[yn]\]\s*": "y"}


class NxosMeans:
    """See ``means.Means``."""

    traits: ClassVar[Traits] = Traits(
        "none",
        "rollback running-config file bootflash:{name} atomic",
    )

    def names(self, device: Console) -> list[str]:
        said = tell(device, f"dir {_FLASH}", refused=_REFUSED)
        return sorted({word for word in said.split() if word.startswith("pathguard-")})

    def save(self, device: Console, name: str) -> None:
        tell(device, f"checkpoint file {_FLASH}{name}", refused=_REFUSED, answers=_ASKED, timeout=120)

    def copy(self, device: Console, name: str, to: str) -> None:
        tell(device, f"copy {_FLASH}{name} {_FLASH}{to}", refused=_REFUSED, answers=_ASKED)

    def delete(self, device: Console, name: str) -> None:
        tell(device, f"delete {_FLASH}{name} no-prompt", refused=_REFUSED)

    def text(self, device: Console, name: str) -> str:
        return tell(device, f"show file {_FLASH}{name}", refused=AT_ONCE)

    def running(self, device: Console) -> str:
        return tell(device, "show running-config", refused=AT_ONCE)

    def startup(self, device: Console) -> str:
        return startup_config(device)

    def write(self, device: Console) -> None:
        tell(device, "copy running-config startup-config", refused=_REFUSED, timeout=120)

    def pending(self, device: Console) -> float | None:
        return None

    def start(self, device: Console, seconds: float) -> None:
        """There is none."""

    def keep(self, device: Console) -> None:
        """Nothing is pending."""

    def back(self, device: Console) -> None:
        """Nothing is pending."""

    def replace(self, device: Console, name: str) -> None:
        tell(device, f"rollback running-config file {_FLASH}{name} atomic", refused=_REFUSED, timeout=180)
