# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services a host starts at boot: lines ``unit NAME STATE [COMMAND]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.raw import RawOutput
from . import outputs as raw

ENABLED, DISABLED, ABSENT, NOT_KNOWN = "enabled", "disabled", "absent", "unknown"


@dataclass(slots=True)
class Units:
    """``states``: by unit. ``calls``: the command that a unit starts, where it is known."""

    states: dict[str, str] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, outputs: Mapping[str, RawOutput]) -> Units:
        found = cls()
        if raw.problem(outputs, "boot_units"):
            return found
        for line in raw.text(outputs, "boot_units").splitlines():
            words = line.split(None, 3)
            if len(words) >= 3 and words[0] == "unit" and words[2] in (ENABLED, DISABLED, ABSENT):
                found.states[words[1]] = words[2]
                if len(words) > 3:
                    found.calls[words[1]] = words[3]
        return found

    def state(self, unit: str) -> str:
        """enabled, disabled, absent, or unknown where no service manager answered."""
        return self.states.get(unit, NOT_KNOWN)
