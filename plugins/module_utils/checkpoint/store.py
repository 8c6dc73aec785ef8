# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder in which a checkpoint lives, the one slot of a host, and the one claim that ends a checkpoint.

``ROOT/held`` is a link to the folder of the checkpoint that this host holds, or held last. In that folder:
``meta.json`` (who, since when, where), ``record.json`` (the firewall), ``deadline.json``, ``claim.json``
(how it ended: made once, by link(2), so that of confirm and fire one wins), ``outcome.json`` (what a restore
did).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from typing import Any, Iterator

from .host import AgentError, Moment, is_folder, read_json, sync_folder, write_json, write_text

ROOT = "/var/lib/pathguard"
HELD = "held"
LOCK = "lock"
WORK = "work"
DRAFT = ".draft-"
KEPT = 3  # ended checkpoints, to look at

# Room that is given back before a restore writes, so that a disk that is full by then does not keep it from
# working.
RESERVE_BYTES = 256 * 1024
LOCK_LIMIT = 10.0  # seconds; the lock is held for moments only


class Slot:
    """A host's checkpoint, or its absence."""

    def __init__(self, root: str = ROOT) -> None:
        self.root = root

    def path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def prepare(self) -> None:
        """Make the root folder: only root may look in, because rules tell about a network."""
        os.makedirs(self.root, mode=0o700, exist_ok=True)
        os.chmod(self.root, 0o700)
        for name in (LOCK, WORK):  # now, because the disk may be full or read-only when they are needed
            os.close(self._lock_file(name))

    def _lock_file(self, name: str) -> int:
        try:
            return os.open(self.path(name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return os.open(self.path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def held(self) -> Folder | None:
        """The checkpoint that is held or ended last; None if there is none."""
        try:
            name = os.readlink(self.path(HELD))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise
        return Folder(self.path(name)) if is_folder(self.path(name)) else None

    @contextlib.contextmanager
    def lock(self, name: str = LOCK, limit: float = LOCK_LIMIT) -> Iterator[None]:
        """Alone on this host, for at most a few writes. The kernel lets go if the holder dies (flock(2))."""
        handle = self._lock_file(name)
        try:
            until = time.monotonic() + limit
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise AgentError(
                            "another checkpoint agent is at work on this host", "try again in a moment"
                        ) from None
                    time.sleep(0.02)
            yield
        finally:
            os.close(handle)

    def busy(self, name: str = WORK) -> bool:
        """Whether a restore is at work right now."""
        try:
            handle = os.open(self.path(name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(handle)

    def draft(self) -> Folder:
        """A new folder that is no checkpoint yet. Left-over drafts of agents that died are removed first."""
        for name in os.listdir(self.root):
            if name.startswith(DRAFT) and time.time() - os.lstat(self.path(name)).st_mtime > 3600:
                shutil.rmtree(self.path(name), ignore_errors=True)
        return Folder(tempfile.mkdtemp(prefix=DRAFT, dir=self.root))

    def take(self, draft: Folder, name: str) -> Folder:
        """Make a draft this host's checkpoint; under the lock."""
        # Never a name that was used before: a guard of that checkpoint may still be asleep.
        final = f"{name}.{os.path.basename(draft.folder)[len(DRAFT) :]}"
        os.rename(draft.folder, self.path(final))
        os.symlink(final, self.path(f".{HELD}-new"))
        os.replace(self.path(f".{HELD}-new"), self.path(HELD))
        if not os.path.lexists(self.path("restore-now")):
            os.symlink(f"{HELD}/restore-now", self.path("restore-now"))
        sync_folder(self.root)
        self._forget_old(final)
        return Folder(self.path(final))

    def _forget_old(self, current: str) -> None:
        others = [name for name in os.listdir(self.root) if name != current and not name.startswith(".")]
        ended = [self.path(name) for name in others if is_folder(self.path(name))]
        for folder in sorted(ended, key=lambda path: os.lstat(path).st_mtime, reverse=True)[KEPT:]:
            shutil.rmtree(folder, ignore_errors=True)

    def drop(self, folder: Folder) -> None:
        """Forget the checkpoint that is held."""
        for name in (HELD, "restore-now"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(name))
        sync_folder(self.root)
        shutil.rmtree(folder.folder, ignore_errors=True)


class Folder:
    """One checkpoint's files."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def write(self, name: str, document: dict[str, Any]) -> None:
        write_json(self.path(name), document)

    def read(self, name: str) -> dict[str, Any]:
        """A document that must be there."""
        document = read_json(self.path(name))
        if document is None:
            raise AgentError(f"{self.path(name)} is missing", "restore by hand from the files in that folder")
        return document

    @property
    def meta(self) -> dict[str, Any]:
        return self.read("meta.json")

    @property
    def claim(self) -> dict[str, Any] | None:
        return read_json(self.path("claim.json"))

    @property
    def outcome(self) -> dict[str, Any] | None:
        return read_json(self.path("outcome.json"))

    def make_claim(self, verb: str, by: str, moment: Moment) -> dict[str, Any] | None:
        """End this checkpoint with a verb; returns None, or the claim of who was first.

        link(2) fails if the name is there: of any number of agents, whatever happens to them, one wins.
        """
        claim = {"verb": verb, "by": by, "at": moment.wall}
        draft = self.path(f".claim-{os.getpid()}")
        try:
            write_json(draft, claim)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.free_reserve()
            write_json(draft, claim)
        try:
            os.link(draft, self.path("claim.json"))
        except FileExistsError:
            return self.claim
        finally:
            os.unlink(draft)
        sync_folder(self.folder)
        return None

    def replace_claim(self, verb: str, by: str, moment: Moment) -> None:
        """A confirmed checkpoint is restored after all, because a peer could not be confirmed; under the
        lock.
        """
        write_json(self.path("claim.json"), {"verb": verb, "by": by, "at": moment.wall})

    def reserve(self) -> None:
        with open(self.path("reserve"), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)

    def free_reserve(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path("reserve"))

    def log(self, line: str, moment: Moment) -> None:
        """Add a line to the checkpoint's log; a full disk does not stop a restore."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment.wall))
        with contextlib.suppress(OSError), open(self.path("log"), "a", encoding="utf-8") as file:
            file.write(f"{stamp} {line}\n")

    def install(self, name: str, text: str) -> str:
        """A program that root can run from here."""
        write_text(self.path(name), text, 0o700)
        return self.path(name)
