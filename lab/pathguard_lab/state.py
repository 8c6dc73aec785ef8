# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's state folder: which processes hold the lab, its keys, how its hosts were when new. Removed by ``down``."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import LabError
from .process import Identity


def state_folder() -> Path:
    """``$XDG_STATE_HOME/pathguard-lab``; the variable counts only when absolute (XDG base directories)."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".local" / "state") / "pathguard-lab"


def command(words: str) -> str:
    """How to call one of the lab's commands for this very lab: another state folder is another lab."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return (f"XDG_STATE_HOME={shlex.quote(base)} " if os.path.isabs(base) else "") + f"./lab/{words}"


@dataclass
class Record:
    """``lab.json``: what a running lab consists of."""

    ecmp: bool
    started: float
    inits: dict[str, Identity] = field(default_factory=dict)

    def alive(self) -> bool:
        return any(identity.alive() for identity in self.inits.values())


class State:
    """The folder and what is in it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or state_folder()
        self.ssh = self.folder / "ssh"
        self._record = self.folder / "lab.json"
        self._fingerprints = self.folder / "fingerprints.json"
        self._made = self.folder / "made.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one ``up``, ``down``, ``reboot`` or ``reset`` at a time. The lock is on the parent folder's
        own file, so that it may outlive the state folder; it is removed with it, and so are the folders
        above that had to be made."""
        made = [folder for folder in self.folder.parents if not folder.exists()] or self._made_before()
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        path = self.folder.with_suffix(".lock")
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise LabError(
                f"another lab/up or lab/down is at work on {self.folder}\n"
                "what to do: wait until it ends, then try again"
            ) from None
        try:
            if not path.exists() or os.stat(path).st_ino != os.fstat(handle).st_ino:
                raise LabError("another lab/up or lab/down has just ended\nwhat to do: try again")
            yield
        finally:
            if self.folder.exists():
                _put(self._made, [str(folder) for folder in made])
            else:
                path.unlink(missing_ok=True)
                _remove_empty(made)
            os.close(handle)

    def _made_before(self) -> list[Path]:
        """The folders above this one that an earlier command made, the innermost first."""
        try:
            return [Path(name) for name in json.loads(self._made.read_text(encoding="utf-8"))]
        except FileNotFoundError:
            return []

    def create(self) -> None:
        self.folder.mkdir(mode=0o700)
        self.ssh.mkdir(mode=0o700)

    def remove(self) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def write(self, record: Record) -> None:
        document = {
            "ecmp": record.ecmp,
            "started": record.started,
            "inits": {name: [one.pid, one.start] for name, one in record.inits.items()},
        }
        _put(self._record, document)

    def read(self) -> Record | None:
        """None when there is no record (no lab, or one that was killed while it started)."""
        try:
            document = json.loads(self._record.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Record(
            document["ecmp"],
            document["started"],
            {name: Identity(*pair) for name, pair in document["inits"].items()},
        )

    def write_fingerprints(self, texts: dict[str, str]) -> None:
        """What ``lab-fingerprint`` said on each host when it was new."""
        _put(self._fingerprints, texts)

    def read_fingerprints(self) -> dict[str, str]:
        texts: dict[str, str] = json.loads(self._fingerprints.read_text(encoding="utf-8"))
        return texts

    def running(self) -> Record:
        """The record of the lab that runs; without one, the error that says how to start it."""
        record = self.read()
        if record is None or not record.alive():
            raise LabError(f"no lab is running ({self.folder})\nwhat to do: start it with {command('up')}")
        return record


def _put(path: Path, document: Any) -> None:
    """All of it or nothing, also when the command that writes it is killed."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(document, indent=1), encoding="utf-8")
    new.replace(path)


def _remove_empty(folders: list[Path]) -> None:
    """The innermost first; one that somebody else uses by now stays, and those above it with it."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
