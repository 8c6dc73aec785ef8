# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's one kind of error."""

from __future__ import annotations


class LabError(Exception):
    """What went wrong and what to do, in at most five lines."""

    def __str__(self) -> str:
        return "\n".join(super().__str__().strip().splitlines()[:5])
