# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The copies of a configuration on a device: whose they are, and what became of them, by their names alone.

``pathguard-RUN--USER--CONTROLLER``, and after that, where the platform has one, what the startup configuration was (a
digest). A second one with a mark at its end says that the change is kept, and since when (``--c`` and seconds since
1970 in hex, by the controller's clock). One whose name ends with one of ``ENDS`` is over: nobody holds the device by
it, and whoever asks for the restore again is told that it was made, and what it put back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import CheckpointError
from ...gather.several import some

PREFIX = "pathguard-"
# How long a confirmed checkpoint is held for peers of its run that are not confirmed yet. All are asked at once, so
# that this takes seconds: after an hour there is nobody any more who would release it.
HELD_FOR = 3600.0
WHOLE, STARTUP = "running-config", "startup-config"
# How a checkpoint ended: the state that it is in then, and what was put back.
ENDS: dict[str, tuple[str, list[str]]] = {
    "restored": ("restored", [WHOLE]),
    "fired": ("fired", [WHOLE]),
    "resaved": ("restored", [STARTUP]),
    "untouched": ("restored", []),
}
_ID = re.compile(r"^[A-Za-z0-9._]+(?:-[A-Za-z0-9._]+)*$")
_UNFIT = re.compile(r"[^A-Za-z0-9.]+")
_COPY = re.compile(
    r"^pathguard-([A-Za-z0-9._]+(?:-[A-Za-z0-9._]+)*)--([A-Za-z0-9.]+)--([A-Za-z0-9.]+)"
    rf"(?:--([0-9a-f]{{10}}))?(?:--({'|'.join(ENDS)}))?$"
)
_MARK = re.compile(r"^(pathguard-.+)--c([0-9a-f]{8})$")
# Characters of a name, and of them of a run's id, of who and where (each, at least), and of the digest.
_LONGEST, _OF_ID, _OF_WORD, OF_DIGEST = 64, 30, 4, 10


@dataclass(frozen=True)
class Kept:
    """A checkpoint's copy on a device. ``mark``: the name of the copy that says that the change is kept; empty where
    it is not confirmed. ``confirmed_at``: when it was, in seconds since 1970. ``ended``: one of ``ENDS``,
    where it is over."""

    name: str
    run_id: str
    user: str = ""
    controller: str = ""
    saved: str = ""
    mark: str = ""
    confirmed_at: float = 0.0
    ended: str = ""

    @property
    def confirmed(self) -> bool:
        return bool(self.mark)

    @property
    def held_for(self) -> float:
        """For how many seconds a confirmed one keeps other runs away, 0 when that time is up."""
        return max(0.0, self.confirmed_at + HELD_FOR - time.time()) if self.mark else 0.0


def fits(run_id: str) -> bool:
    """Whether a run's id can be part of a file's name on a device."""
    return bool(_ID.match(run_id)) and len(run_id) <= _OF_ID


def unfit(run_id: str, where: str = "id", devices: Sequence[str] = ()) -> CheckpointError:
    """The refusal of an id that does not fit; ``devices``: where it would be used."""
    return CheckpointError(
        f"{run_id!r} can't be part of a file's name on a network device{f' ({some(devices)})' if devices else ''}",
        where,
        f"use letters, digits, dots, underscores and single hyphens, {_OF_ID} at most",
    )


def name_of(run_id: str, by: Mapping[str, str], saved: str = "") -> str:
    """The name of a run's copy. CheckpointError for an id that no file can have as its name."""
    if not fits(run_id):
        raise unfit(run_id)
    user, controller = (
        _UNFIT.sub(".", by.get(key, "")).strip(".") or "unknown" for key in ("user", "controller")
    )
    room = _LONGEST - len(f"{PREFIX}{run_id}------") - OF_DIGEST
    user = user[: max(_OF_WORD, room - len(controller))][: room - _OF_WORD]
    return "--".join([PREFIX + run_id, user, controller[: room - len(user)], *([saved] if saved else [])])


def mark_of(name: str) -> str:
    """The name of the copy that says that a change is kept from now on."""
    return f"{name}--c{int(time.time()):08x}"


def marks(name: str, names: Sequence[str]) -> list[str]:
    """Those of a copy, the newest last."""
    return sorted(one for one in names if (found := _MARK.match(one)) and found[1] == name)


def copies(names: Sequence[str]) -> list[Kept]:
    """The checkpoints among a device's files, those that are over first; what others may have called alike is none."""
    found: list[Kept] = []
    for name in sorted(names):
        match = _COPY.match(name)
        if match:
            run_id, user, controller, saved, ended = match.groups("")
            mark = "".join(marks(name, names)[-1:])
            since = float(int(mark[-8:], 16)) if mark else 0.0
            found.append(Kept(name, run_id, user, controller, saved, mark, since, ended))
    return sorted(found, key=lambda one: not one.ended)
