# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths as users write them: ``~`` is their home, ``~other`` that of somebody else."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import PathGuardError


def expanded(path: str | os.PathLike[str]) -> Path:
    """PathGuardError for the home of nobody."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # pathlib says no more than that
        whose = Path(path).parts[0]
        raise PathGuardError(
            f"there is no home folder that {whose} stands for",
            str(path),
            "correct the name, or write the path out",
        ) from None
