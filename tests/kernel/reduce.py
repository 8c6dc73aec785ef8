# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest part of an input that still shows a failure (Zeller's delta debugging, ddmin)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Part = TypeVar("Part")


def smallest(parts: list[Part], still: Callable[[list[Part]], bool]) -> list[Part]:
    """``parts`` without those that can be left out while ``still`` holds; none can be left out of the rest."""
    size = max(1, len(parts) // 2)
    while True:
        at, shrunk = 0, False
        while at < len(parts):
            less = parts[:at] + parts[at + size :]
            if still(less):
                parts, shrunk = less, True
            else:
                at += size
        if size > 1:
            size //= 2
        elif not shrunk:
            return parts
