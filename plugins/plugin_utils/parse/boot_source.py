# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing that is loaded at boot beside what runs of it, and what follows for the next boot."""

from __future__ import annotations

from dataclasses import dataclass

from .boot_units import ABSENT, DISABLED, ENABLED, NOT_KNOWN

SAME, DIFFERS, UNKNOWN = "same", "differs", "unknown"


@dataclass(slots=True)
class Source:
    """One thing that is loaded at boot, or a reason why it is not known.

    ``runs``: whether any of what it would load runs now. ``own``: the rules bear the manager's marks, so nothing
    else loads them. ``nowhere``: rules run, and the host has none of the files from which they may be loaded.
    """

    manager: str
    file: str
    enabled: str
    matches: str
    difference: str = ""
    runs: bool = True
    own: bool = False
    nowhere: bool = False

    @property
    def keeps(self) -> bool:
        """Whether this is surely where the host's rules are kept, so that another rule is kept nowhere."""
        return self.enabled == ENABLED and self.matches != UNKNOWN

    def verdict(self, kept: bool) -> tuple[str, str]:
        """``(matches, reason)`` of this source's rules: with what boot brings, not only with the file.

        ``kept``: some source of the host ``keeps`` its rules. Where none does, a script of the host's own may.
        """
        off = self.enabled in (DISABLED, ABSENT)
        if off and not self.runs:
            return SAME, ""
        if off and (self.own or self.matches == SAME):
            state = {ABSENT: "not installed"}.get(self.enabled, self.enabled)
            what = f"{self.file} is not loaded" if self.file else f"{self.manager} loads nothing"
            return DIFFERS, f"{what} at boot: {self.manager} is {state}"
        if kept and self.nowhere:
            return DIFFERS, self.difference
        if kept and off:
            return DIFFERS, f"rules run that no file holds which is loaded at boot ({self.difference})"
        if off:
            return UNKNOWN, f"rules run that no file holds which is known to be loaded ({self.difference})"
        # What runs and differs from its file differs, whether the file is loaded or nothing is.
        if self.enabled == NOT_KNOWN and self.matches != UNKNOWN and (self.matches == SAME) == self.runs:
            return UNKNOWN, f"whether {self.file} is loaded at boot is not known"
        return self.matches, ": ".join(text for text in (self.file, self.difference) if text)

    def to_dict(self) -> dict[str, str]:
        found = {"manager": self.manager, "file": self.file, "enabled": self.enabled, "matches": self.matches}
        return {**found, "difference": self.difference} if self.difference else found
