# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Ansible cuts a play's hosts into batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def batch_sizes(task: Any, hosts: int) -> list[int]:
    """The sizes of the play's batches, in order; empty where there is no ``serial``."""
    block = getattr(task, "_parent", None)
    play = getattr(block, "_play", None)
    return sizes_of(getattr(play, "serial", None) or [], hosts)


def sizes_of(serial: Any, hosts: int) -> list[int]:
    """``serial`` as a play has it (numbers, percentages, a list of these) -> sizes; the last one repeats.

    A size of 0 or less, or one that is not known, is one batch with all hosts that are left
    (Ansible's "Controlling playbook execution").
    """
    listed = list(serial) if isinstance(serial, Sequence) and not isinstance(serial, str) else [serial]
    found: list[int] = []
    left = hosts
    while left > 0 and listed:
        size = _size(listed[min(len(found), len(listed) - 1)], hosts)
        if size <= 0:
            return [*found, left]
        found.append(min(size, left))
        left -= size
    return found


def _size(value: Any, hosts: int) -> int:
    text = str(value).strip()
    if text.endswith("%") and text[:-1].replace(".", "", 1).isdigit():
        return max(1, int(float(text[:-1]) / 100 * hosts))
    return int(text) if text.lstrip("-").isdigit() else 0
