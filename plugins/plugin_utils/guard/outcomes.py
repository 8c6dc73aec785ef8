# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the change on each host of the batch: good, failed at a task, or lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

LOST = "lost"
FAILED = "failed"
STOPPED = "stopped"


@dataclass(frozen=True)
class HostFailure:
    """``kind``: ``failed`` (at ``task``), ``stopped`` (Ansible ended the change because another host failed),
    or ``lost`` (it left no word: unreachable, or Ansible gave it up)."""

    host: str
    kind: str
    task: str = ""

    def to_dict(self) -> dict[str, str]:
        return asdict(self)

    def text(self) -> str:
        if self.kind == FAILED:
            return f"{self.host} failed at task '{self.task}'"
        if self.kind == STOPPED:
            return f"{self.host} was stopped because another host failed"
        return f"{self.host} was lost during the change (unreachable, or given up)"


def failures(
    batch: Sequence[str], notes: Mapping[str, Mapping[str, str] | None], run_id: str
) -> list[HostFailure]:
    """``notes``: what each host's ``path_guard_outcome`` holds, ``{run_id, result, task}``.

    A host without a note of this very run is lost: an unreachable host never gets to ``rescue``.
    """
    found = []
    for host in batch:
        note = notes.get(host) or {}
        if note.get("run_id") != run_id:
            found.append(HostFailure(host, LOST))
        elif note.get("result") == FAILED:
            found.append(HostFailure(host, FAILED, note.get("task", "")))
        elif note.get("result") != "ok":
            found.append(HostFailure(host, STOPPED))
    return found
