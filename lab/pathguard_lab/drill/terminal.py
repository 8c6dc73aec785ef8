# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A terminal of the trainee's own inside the lab, behind the one that the drill was started from."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..process import Identity

CHUNK = 65536
END_SECONDS = 2.0
LOOK_SECONDS = 0.5
ANSIBLE = "ansible-playbook"


@dataclass(frozen=True)
class Caller:
    """The ansible-playbook that a process is a child of, and its terminal: its workers and modules have none."""

    process: Identity
    terminal: Path | None


def ansible() -> Caller | None:
    """The outermost of them, because a worker is a fork with the same words; and the terminal of the innermost that has
    one, because sudo may give it one of its own. None where there is none."""
    process, terminal = None, None
    pid = os.getppid()
    while pid > 1:
        try:
            program = (
                Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:2]
            )  # its interpreter may come first
            above = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            break
        if any(Path(os.fsdecode(word)).name == ANSIBLE for word in program):
            process = Identity.of(pid) or process
            given = Path(os.path.realpath(f"/proc/{pid}/fd/0"))
            terminal = terminal or (given if _is_terminal(given) else None)
        pid = above
    return Caller(process, terminal) if process else None


def end_with(process: Identity) -> None:
    """From now on this process gets SIGTERM when that one has ended: Ansible leaves its modules behind."""

    def watch() -> None:
        while process.alive():
            time.sleep(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def of_us() -> Path | None:
    """The terminal that we were started from, where both input and output are that."""
    return Path(os.ttyname(0)) if os.isatty(0) and os.isatty(1) else None


def _is_terminal(path: Path) -> bool:
    return str(path).startswith(("/dev/pts/", "/dev/tty"))


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """Its file descriptor, without making it this process's controlling terminal."""
    handle = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def say(terminal: int, text: str) -> None:
    """Lines for whoever sits there; nobody sits at one that was closed."""
    with contextlib.suppress(OSError):
        os.write(terminal, (text + "\n").replace("\n", "\r\n").encode())


def shell(command: Sequence[str], environment: Mapping[str, str], terminal: int) -> int | None:
    """Run a command in a new terminal whose keys and screen are those of ``terminal``; its exit status, None when that
    was closed meanwhile. The command has to take its input as its controlling terminal (setsid --ctty)."""
    ours, theirs = os.openpty()
    try:
        _same_size(terminal, ours)
        process = subprocess.Popen(
            list(command), env=dict(environment), stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
        )
        os.close(theirs)
        theirs = -1
        resized = signal.signal(signal.SIGWINCH, lambda *_unused: _same_size(terminal, ours))
        try:
            with _raw(terminal):
                closed = _relay(terminal, ours)
        finally:
            signal.signal(signal.SIGWINCH, resized)
            os.close(ours)
            ours = -1
            _end(process)
        return None if closed else process.returncode
    finally:
        for handle in (ours, theirs):
            if handle >= 0:
                os.close(handle)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its terminal is gone, so it ends in its own time, or now."""
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _relay(terminal: int, inner: int) -> bool:
    """Until one of the two ends; whether it was ``terminal``."""
    while True:
        ready, _unused, _unused = select.select([terminal, inner], [], [])
        if inner in ready:
            data = _read(inner)
            if not data:
                return False
            try:
                _write(terminal, data)
            except OSError:
                return True
        if terminal in ready:
            data = _read(terminal)
            if not data:
                return True
            _write(inner, data)


def _read(handle: int) -> bytes:
    """Empty at the end, which a terminal tells by EIO."""
    try:
        return os.read(handle, CHUNK)
    except OSError:
        return b""


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _same_size(terminal: int, inner: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.ioctl(inner, termios.TIOCSWINSZ, fcntl.ioctl(terminal, termios.TIOCGWINSZ, b"\0" * 8))


@contextlib.contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Every key goes through, ctrl-C too: it is meant for what runs inside."""
    settings = termios.tcgetattr(terminal)
    tty.setraw(terminal, termios.TCSANOW)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSANOW, settings)
