# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command on a host or device printed, as it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawOutput:
    """One command's output. ``rc`` is None where the transport can't tell (a saved file, a pty).

    ``absent``: not empty when there is certainly nothing to read, and says by what evidence: nft is not
    installed and the kernel has no nf_tables. A command that failed, or whose tool is missing while the
    kernel has such rules, has an ``rc`` other than 0 and no ``absent``: what it would have shown is unknown,
    and so is what a command would have shown that was not gathered at all.
    """

    name: str
    command: str
    rc: int | None
    stdout: str
    stderr: str = ""
    absent: str = ""

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": self.name,
            "command": self.command,
            "rc": self.rc,
            "stdout": self.stdout,
            "stderr": self.stderr,
        }
        return {**found, "absent": self.absent} if self.absent else found

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> RawOutput:
        return cls(**value)
