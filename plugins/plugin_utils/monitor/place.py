# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a monitor keeps its files if nobody says: a folder for each policy, so that two of them do not take turns."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from pathlib import Path

from .condition import FACTS
from .memory import FILE

DEFAULT = Path("pathguard", "monitor")
# Characters that stand in a folder's name as they are.
_OTHERS = re.compile(r"[^A-Za-z0-9._]+")
_LONGEST = 60


def folder_for(base: Path, policy: str, paths: Collection[str]) -> Path:
    """``base``: that relative paths start from. ``policy``: its file as it was given, or what it is called. ``paths``:
    the names of its paths.

    Earlier versions kept all policies in one folder: what is there of this policy is gone on with."""
    folder = base / DEFAULT
    return folder if _is_about(folder / FILE, paths) else folder / _name_of(policy)


def _name_of(policy: str) -> str:
    plain = _OTHERS.sub("-", policy).strip("-.")
    if plain == policy and len(plain) <= _LONGEST and plain.casefold() == plain:
        return plain
    # Others have the same plain characters, and some file systems take no notice of capitals.
    mark = hashlib.sha256(policy.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain[:_LONGEST].strip('-.')}-{mark}".lstrip("-")


def _is_about(state: Path, paths: Collection[str]) -> bool:
    try:
        known = set(json.loads(state.read_text(encoding="utf-8"))["paths"]) - {FACTS}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return bool(known & set(paths))
