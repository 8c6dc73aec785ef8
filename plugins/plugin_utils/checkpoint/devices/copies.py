# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The copies of a configuration on a device: whose they are, by their names alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import CheckpointError

PREFIX = "pathguard-"
CONFIRMED = "--confirmed"
_ID = re.compile(r"^[A-Za-z0-9._]+(?:-[A-Za-z0-9._]+)*$")
_UNFIT = re.compile(r"[^A-Za-z0-9.]+")
_COPY = re.compile(
    r"^pathguard-([A-Za-z0-9._]+(?:-[A-Za-z0-9._]+)*)--([A-Za-z0-9.]+)--([A-Za-z0-9.]+)(?:--([0-9a-f]{10}))?$"
)
# Characters of a name, and of them of a run's id, of who and where (each, at least), and of the digest.
_LONGEST, _OF_ID, _OF_WORD, OF_DIGEST = 64, 30, 4, 10


@dataclass(frozen=True)
class Kept:
    """A checkpoint's copy on a device."""

    name: str
    run_id: str
    user: str = ""
    controller: str = ""
    saved: str = ""
    confirmed: bool = False


def name_of(run_id: str, by: Mapping[str, str], saved: str = "") -> str:
    """The name of a run's copy. CheckpointError for an id that no file can have as its name."""
    if not _ID.match(run_id) or len(run_id) > _OF_ID:
        raise CheckpointError(
            f"{run_id!r} can't be part of a file's name on a device",
            "id",
            f"use letters, digits, dots, underscores and single hyphens, {_OF_ID} at most",
        )
    user, controller = (
        _UNFIT.sub(".", by.get(key, "")).strip(".") or "unknown" for key in ("user", "controller")
    )
    room = _LONGEST - len(f"{PREFIX}{run_id}------") - OF_DIGEST
    user = user[: max(_OF_WORD, room - len(controller))][: room - _OF_WORD]
    return "--".join([PREFIX + run_id, user, controller[: room - len(user)], *([saved] if saved else [])])


def copies(names: list[str]) -> list[Kept]:
    """The checkpoints among a device's files; what others may have called alike is none."""
    found: list[Kept] = []
    for name in sorted(names):
        match = _COPY.match(name)
        if match:
            run_id, user, controller, saved = match.groups("")
            found.append(Kept(name, run_id, user, controller, saved, name + CONFIRMED in names))
    return found
