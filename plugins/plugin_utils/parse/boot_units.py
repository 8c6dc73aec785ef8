# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services a host starts at boot: lines ``unit NAME STATE [COMMAND]``; and how a ``boot_`` output begins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.raw import RawOutput
from . import outputs as raw

ENABLED, DISABLED, ABSENT, NOT_KNOWN = "enabled", "disabled", "absent", "unknown"
_HEAD = re.compile(r"^# pathguard (.*)$", re.MULTILINE)


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


def tried(outputs: Mapping[str, RawOutput], name: str) -> tuple[str, dict[str, str], str]:
    """What a scratch namespace, or a program, showed: ``(text, the words of its first line, why it is not known)``."""
    output = outputs.get(name)
    if output is None:
        return "", {}, "not gathered"
    head = _words(output.stdout)
    if output.absent:
        return "", head, ""
    why = raw.problem(outputs, name)
    return ("" if why else output.stdout), head, why


def _words(text: str) -> dict[str, str]:
    """``# pathguard file=/etc/nftables.conf backend=iptables`` -> by name; nothing where there is no such line."""
    head = _HEAD.search(text)
    return dict(word.partition("=")[::2] for word in head[1].split()) if head else {}
