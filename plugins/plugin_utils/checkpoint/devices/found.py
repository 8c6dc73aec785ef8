# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device shows of its checkpoint, and which state that is."""

from __future__ import annotations

from dataclasses import dataclass

from .copies import ENDS, OF_DIGEST, STARTUP, WHOLE, Kept
from .means import digest, plain


def short(text: str) -> str:
    """The digest of a startup configuration, as it fits in a name; empty where there is none."""
    return digest(text)[:OF_DIGEST] if text else ""


@dataclass(frozen=True)
class Found:
    """``kept``: None where there is no checkpoint. ``pending`` in seconds. ``saved``: digest of the startup
    configuration, empty where there is none of its own. ``names``: of all copies."""

    kept: Kept | None
    pending: float | None
    running: str
    recorded: str
    saved: str
    names: list[str]

    @property
    def changed(self) -> bool:
        return self.kept is not None and plain(self.running) != plain(self.recorded)

    @property
    def rewritten(self) -> bool:
        """Whether the startup configuration is another one now."""
        return (
            self.kept is not None and bool(self.saved and self.kept.saved) and self.saved != self.kept.saved
        )

    @property
    def was_saved(self) -> bool:
        """Whether what ran was what is loaded at boot, when this was armed."""
        return self.kept is not None and short(self.recorded) == self.kept.saved

    @property
    def differs(self) -> list[str]:
        return [WHOLE] * self.changed + [STARTUP] * self.rewritten

    def state(self, protection: str) -> str:
        """One of ``checkpoint.status.STATES``. ``protection``: the platform's."""
        if self.kept is None:
            return "none"
        if self.kept.ended:
            return ENDS[self.kept.ended][0]
        if self.kept.confirmed:
            return "confirmed"
        if self.pending is not None or protection != "arm_before":
            return "armed"
        return "failed" if self.changed else "fired"

    def holds(self, protection: str) -> bool:
        """Whether another run, or the same one anew, may not arm the device."""
        state = self.state(protection)
        over = state in ("none", "restored", "fired")
        return not over and not (self.kept and self.kept.confirmed and not self.kept.held_for)
