# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the guard on disk: what ``pre`` saw, and what ``post`` must compare with.

A run is a folder ``<snapshot_dir>/<run id>`` with ``run.json`` (this record), ``pre``, ``post`` and ``revert``
(snapshots), and the reports. All is readable by its owner alone: rules tell an attacker where to try.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import GuardError
from ..gather import private_file

FORMAT = 1
FILE = "run.json"
# What may stand in a file name and in a checkpoint's name.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
ID_TRIES = 1000


@dataclass
class Run:
    """``policy``: the document itself, so that a change can't alter what it is measured by. ``groups``: the
    inventory's groups at ``pre``. ``hops``: hosts that are gathered. ``protected``: hosts with an armed
    checkpoint; ``unprotected``: host -> why not. ``batch``: hosts of the play that the change is for.
    ``timeout`` of the checkpoints in seconds, ``probe_timeout`` of one
    attempt; ``armed_at`` and ``timers_end`` (host -> when its checkpoint restores by itself) in
    seconds since 1970, by this machine's clock. ``markers``: whether the role
    itself runs the change, so that every host of the batch leaves a note of its outcome. ``before``: paths and
    probes as ``pre`` saw them. ``planned``: host -> the candidates that ``pre`` has proven. ``fingerprints``: host ->
    what its checkpoint recorded. ``decision``: empty
    while the run is open.
    """

    id: str
    started: str
    policy: dict[str, Any]
    policy_name: str
    groups: dict[str, list[str]]
    hops: list[str]
    batch: list[str]
    timeout: int
    markers: bool
    check_mode: bool
    probe: bool
    probe_timeout: float = 2.0
    armed_at: float = 0.0
    timers_end: dict[str, float] = field(default_factory=dict)
    expected_changes: list[Any] = field(default_factory=list)
    planned: dict[str, list[str]] = field(default_factory=dict)
    protected: list[str] = field(default_factory=list)
    unprotected: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    fingerprints: dict[str, dict[str, str]] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    decision: str = ""

    def write(self, folder: Path) -> None:
        """Raises GuardError if the folder can't be written."""
        write_private(folder / FILE, json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n")


def read(snapshot_dir: Path, run_id: str) -> Run:
    """The record of a run. Raises GuardError if there is none, or it can't be read."""
    path = snapshot_dir / checked_id(run_id) / FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("format") != FORMAT:
            raise GuardError(
                "this run was begun by another version of the collection", str(path), "begin anew"
            )
        return Run(**document)
    except FileNotFoundError:
        raise GuardError(
            f"there is no run {run_id}",
            str(path),
            "run 'pre' first, with the same path_guard_snapshot_dir, on storage that both steps can reach",
        ) from None
    except OSError as error:
        raise GuardError(
            f"the run's record can't be read: {error.strerror}", str(path), "check its permissions"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise GuardError(
            f"the run's record is damaged: {error}", str(path), "look at its checkpoints, and restore them"
        ) from None


def checked_id(run_id: str, option: str = "path_guard_run_id") -> str:
    """Raises GuardError if it can't be a folder's name."""
    if not ID.fullmatch(run_id):
        raise GuardError(
            f"{run_id!r} is no run id",
            option,
            "use letters, digits, dots, dashes and underscores, at most 63, and a letter or digit first",
        )
    return run_id


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def epoch() -> float:
    return datetime.now(timezone.utc).timestamp()


def new_folder(snapshot_dir: Path, wanted: str = "", option: str = "path_guard_run_id") -> Path:
    """Make the folder of a new run; its name is the run's id.

    A wanted id that was used before gets a number: the batches of one play are runs of their own.
    """
    base = checked_id(wanted, option) if wanted else ""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    for number in range(1, ID_TRIES):
        name = f"{stamp}-{secrets.token_hex(2)}" if not base else base if number == 1 else f"{base}-{number}"
        try:
            snapshot_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            (snapshot_dir / name).mkdir(mode=0o700)
        except FileExistsError:
            if not snapshot_dir.is_dir():
                break
        except OSError as error:
            raise GuardError(
                f"the run's folder can't be made: {error.strerror}",
                str(snapshot_dir),
                "mend its permissions, or name another by path_guard_snapshot_dir",
            ) from None
        else:
            return snapshot_dir / name
    raise GuardError(
        "the run's folder can't be made", str(snapshot_dir), "name another by path_guard_snapshot_dir"
    )


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, and that no reader sees half of. Raises GuardError."""
    try:
        private_file.write(path, [text])
    except OSError as error:
        raise GuardError(
            f"the file can't be written: {error.strerror}",
            str(path),
            "make room, or mend the folder's permissions",
        ) from None


def lost_before(all_hosts: Sequence[str], batch: Sequence[str], sizes: Sequence[int]) -> list[str]:
    """Hosts of this batch that failed or went away before the guard began.

    ``sizes``: how the play cuts its hosts into batches, in order (empty: one batch). A batch's hosts stand
    together in ``all_hosts``, so those of the same cut that are not in ``batch`` are lost.
    """
    start = 0
    for size in [*sizes, len(all_hosts)]:
        members = all_hosts[start : start + size]
        if set(members) & set(batch):
            return [name for name in members if name not in batch]
        start += size
    return []
