# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A git repository that one program writes: commits that are there as a whole or not at all.

A commit is written by git-fast-import(1), which moves the branch in its last step; neither the index nor the work tree
take part, so that nothing a killed run leaves behind is history. The work tree is made from the commit afterwards, for
people; what is wrong with it is put right by the next commit. No hook runs, nothing is signed, and no setting of a user
or of the machine is read: the commits are the same wherever they are made.
"""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import AuditError, PathGuardError

OPTION = "path_audit_history_dir"
NAME, EMAIL = "PathGuard", "pathguard@localhost"
BRANCH = "refs/heads/main"
# Seconds: for another audit to finish its commit; for one call of git.
PATIENCE = 120.0
TIMEOUT = 900.0
_POLL = 0.1
_DENIED = os.strerror(errno.EACCES)
# How git-rev-parse(1) and git-symbolic-ref(1) end with --quiet where there is no such thing; else they say why.
NOTHING = 1
_HELD, _BUSY = "pathguard.lock", "pathguard.busy"
# Of git: what a process that was killed leaves, so that none after it can write.
_LEFT_LOCKS = ("index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "refs/heads/**/*.lock", "gc.pid")
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.autocrlf": "false",
    "core.quotePath": "false",
    "commit.gpgSign": "false",
    "gc.autoDetach": "false",
}
# Of the environment, what finds programs and libraries; nothing that would lead git to another repository.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")


class Repository:
    """A folder under git, held by this process: see :func:`held`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._git_dir = folder / ".git"
        # Whether git was stopped in the middle of its work.
        self.stopped = False

    def head(self) -> str:
        """The last commit's name in hex; empty while there is none."""
        done = self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", fails=True)
        return done.strip().decode() if done else ""

    def files(self) -> set[str]:
        """The paths of the last commit's files."""
        if not self.head():
            return set()
        listed = self._git("ls-tree", "-r", "-z", "--name-only", "HEAD")
        return {name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name}

    def read(self, path: str) -> bytes:
        """A file of the last commit, which must have it."""
        return self._git("cat-file", "blob", f"HEAD:{path}")

    def commit(self, message: str, written: Iterable[tuple[str, bytes]], removed: Iterable[str]) -> str:
        """Commit files (path, content) on top of what is there, even if nothing changed; the commit's name in hex."""
        branch = self._branch()
        before = self.head()
        self._git(
            "fast-import", "--quiet", "--done", given=_stream(branch, before, message, written, removed)
        )
        after = self.head()
        if after == before:
            raise AuditError(
                "git took the commit of the audit and did not make it",
                str(self._folder),
                f"see `git -C {self._folder} fsck`, or name another folder by {OPTION}",
            )
        return after

    def show(self) -> None:
        """Make the work tree what the last commit is, whatever was in the way; then pack, if it is time."""
        self._git("read-tree", "--reset", "-u", "HEAD")
        self._git("gc", "--auto", "--quiet")

    def prepare(self) -> None:
        """Make it a repository, or see that it is a sound one, and clear away what a killed run has left."""
        busy = self._git_dir / _BUSY
        if busy.exists():
            for pattern in _LEFT_LOCKS:
                for lock in self._git_dir.glob(pattern):
                    lock.unlink(missing_ok=True)
            # It may be half written, and is made of the commit anyway.
            (self._git_dir / "index").unlink(missing_ok=True)
        for crash in self._git_dir.glob("fast_import_crash_*"):
            crash.unlink(missing_ok=True)
        busy.touch(mode=0o600)
        if not (self._git_dir / "HEAD").exists():
            self._git("init", "--quiet", "--template=", str(self._folder), bare=True)
            self._git("symbolic-ref", "HEAD", BRANCH)

    def finished(self) -> None:
        """Nothing is left half done: what is locked from now on, somebody else has locked."""
        if not self.stopped:
            (self._git_dir / _BUSY).unlink(missing_ok=True)

    def _branch(self) -> str:
        found = self._git("symbolic-ref", "--quiet", "HEAD", fails=True).strip().decode()
        if not found:
            raise AuditError(
                "no branch is checked out here, so a commit would belong to none",
                str(self._folder),
                "check a branch out: git checkout main",
            )
        return found

    def _git(
        self, *words: str, given: Iterable[bytes] = (), fails: bool = False, bare: bool = False
    ) -> bytes:
        """``fails``: there may be nothing to tell; the answer is empty then. ``bare``: it is told
        where by its arguments."""
        where = [] if bare else [f"--git-dir={self._git_dir}", f"--work-tree={self._folder}"]
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as answer:
            try:
                process = subprocess.Popen(
                    ["git", *where, *settings, *words],
                    stdin=subprocess.PIPE,
                    stdout=answer,
                    stderr=said,
                    cwd=self._folder,
                    env=_environment(self._git_dir),
                )
            except FileNotFoundError:
                raise AuditError(
                    "git is not installed, and the history of audits is a git repository",
                    "the controller, or its execution environment",
                    f"install git, or leave {OPTION} out",
                ) from None
            status = self._fed(process, given, words[0])
            for file in (said, answer):
                file.seek(0)
            if status and not (fails and status == NOTHING):
                lines = said.read().decode("utf-8", "replace").strip().splitlines()
                raise self._error(f"git {words[0]} failed: {lines[0] if lines else status}")
            return b"" if status else answer.read()

    def _fed(self, process: subprocess.Popen[bytes], given: Iterable[bytes], name: str) -> int:
        """Its exit status, when it has read what it is given. It never outlives this call."""
        entry = process.stdin
        try:
            if entry is not None:
                with suppress(BrokenPipeError), entry:  # its own words say why it ended
                    for piece in given:
                        entry.write(piece)
            return process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise self._error(f"git {name} took longer than {TIMEOUT:.0f} s") from None
        finally:
            if process.poll() is None:
                self.stopped = True
                process.kill()
                process.wait()

    def _error(self, what: str) -> AuditError:
        return AuditError(
            what,
            str(self._folder),
            f"make room, mend the folder's permissions, or name another by {OPTION}; what was committed is as it was",
        )


@contextmanager
def held(folder: Path) -> Iterator[Repository]:
    """The repository in a folder, made if there is none, for this process alone. Raises AuditError."""
    try:
        git_dir = _git_dir(folder)
        with (git_dir / _HELD).open("w", encoding="ascii") as lock:
            _wait_for(lock.fileno(), folder)
            repository = Repository(folder)
            repository.prepare()
            try:
                yield repository
            except PathGuardError:
                repository.finished()
                raise
            repository.finished()
    except OSError as error:
        raise _unwritable(folder, error) from None


def hindered(folder: Path) -> AuditError | None:
    """Why no history can be kept in this folder, as far as that shows before there is anything to keep."""
    try:
        git_dir = _git_dir(folder)
    except AuditError as error:
        return error
    except OSError as error:
        return _unwritable(folder, error)
    if os.access(git_dir, os.W_OK | os.X_OK):
        return None
    return _unwritable(folder, PermissionError(errno.EACCES, _DENIED))


def _unwritable(folder: Path, error: OSError) -> AuditError:
    return AuditError(
        f"the history of audits can't be written: {error.strerror}",
        str(folder),
        f"make room, mend the folder's permissions, or name another by {OPTION}",
    )


def _git_dir(folder: Path) -> Path:
    """Of a repository's own folder, or of one that is empty or is to be made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    git_dir = folder / ".git"
    if git_dir.is_dir():
        owner = git_dir.stat().st_uid
        if owner != os.geteuid():
            raise AuditError(
                f"the repository belongs to another user ({owner}), whose settings git would obey",
                str(folder),
                f"change its owner, or name another folder by {OPTION}",
            )
        return git_dir
    if any(folder.iterdir()):
        raise AuditError(
            "this folder has files in it and is no git repository of its own",
            str(folder),
            f"name an empty folder or a repository by {OPTION}",
        )
    git_dir.mkdir(mode=0o700, exist_ok=True)
    return git_dir


def _wait_for(handle: int, folder: Path) -> None:
    """The lock goes with its process, however that ends (flock(2))."""
    until = time.monotonic() + PATIENCE
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > until:
            raise AuditError(
                f"another audit has been writing its history for more than {PATIENCE:.0f} s",
                str(folder),
                f"wait for it and audit again, or name a folder for each audit by {OPTION}",
            )
        time.sleep(_POLL)


def _environment(home: Path) -> dict[str, str]:
    found = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **found,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }


def _stream(
    branch: str, before: str, message: str, written: Iterable[tuple[str, bytes]], removed: Iterable[str]
) -> Iterator[bytes]:
    """git-fast-import(1), "INPUT FORMAT"."""
    yield f"commit {branch}\ncommitter {NAME} <{EMAIL}> {int(time.time())} +0000\n".encode()
    yield _data(message.encode("utf-8", "replace"))
    if before:
        yield f"from {before}\n".encode()
    for path in removed:
        yield f"D {_quoted(path)}\n".encode("utf-8", "surrogateescape")
    for path, content in written:
        yield f"M 100644 inline {_quoted(path)}\n".encode("utf-8", "surrogateescape")
        yield _data(content)
    yield b"done\n"


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
