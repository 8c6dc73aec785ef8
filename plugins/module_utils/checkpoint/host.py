# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host itself: its commands, clocks, network namespace, and files that survive a power cut."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
import time
from typing import Any, NamedTuple

TOOL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
COMMAND_LIMIT = 100.0  # seconds

BOOT_ID = "/proc/sys/kernel/random/boot_id"
OWN_NETNS = "/proc/self/ns/net"
INIT_NETNS = "/proc/1/ns/net"

# Contents of these are gone after a reboot.
VOLATILE = ("tmpfs", "ramfs")


class AgentError(Exception):
    """Something that the agent refuses or can't do: ``what`` happened and what ``todo`` about it.

    ``held``: where another run's checkpoint is in the way, whose it is.
    """

    def __init__(self, what: str, todo: str = "", held: dict[str, Any] | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo
        self.held = held


class Done(NamedTuple):
    """A command that ended."""

    rc: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """One line for a message."""
        return " ".join((self.err.strip() or self.out.strip() or f"exit status {self.rc}").split())[:300]


class Moment(NamedTuple):
    """Now, by two clocks. ``boot``: seconds since boot, sleep included (CLOCK_BOOTTIME in clock_gettime(2));
    unlike ``wall`` nobody can set it, but it begins anew at each boot."""

    wall: float
    boot: float
    boot_id: str


def run(argv: list[str], stdin: str = "") -> Done:
    """Run a command in the C locale. A command that is missing or hangs is an AgentError."""
    environment = {"PATH": TOOL_PATH, "LC_ALL": "C"}
    try:
        ended = subprocess.run(
            argv,
            input=stdin.encode("utf-8", "surrogateescape"),
            capture_output=True,
            env=environment,
            timeout=COMMAND_LIMIT,
            check=False,
        )
    except FileNotFoundError:
        raise AgentError(f"{argv[0]} is not installed on this host", f"install {argv[0]}") from None
    except subprocess.TimeoutExpired:
        raise AgentError(
            f"{' '.join(argv)} did not end in {COMMAND_LIMIT:.0f} s", "look what holds it up on the host"
        ) from None
    out, err = (text.decode("utf-8", "surrogateescape") for text in (ended.stdout, ended.stderr))
    return Done(ended.returncode, out, err)


def find(name: str) -> str | None:
    """A command's path, or None where the host lacks it."""
    return shutil.which(name, path=TOOL_PATH)


def now() -> Moment:
    with open(BOOT_ID, encoding="ascii") as file:
        boot_id = file.read().strip()
    return Moment(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), boot_id)


def namespace(path: str = OWN_NETNS) -> str:
    """A network namespace's identity, ``device:inode`` (namespaces(7)); "" if it can't be read."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def file_system(path: str) -> str:
    """The type of the file system that a path lies on, from mountinfo (proc(5)); "" if it is not found."""
    device = os.stat(path).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            before, _dash, after = line.partition(" - ")
            if before.split()[2] == wanted:
                return after.split()[0]
    return ""


def sync_folder(folder: str) -> None:
    """Make names in a folder survive a power cut (fsync(2) of a file does not cover its name)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: str, content: bytes, mode: int = 0o600) -> None:
    """Write a file as a whole: either the old content or the new one is there, also after a power cut."""
    folder = os.path.dirname(path)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_folder(folder)


def write_text(path: str, text: str, mode: int = 0o600) -> None:
    write_bytes(path, text.encode("utf-8", "surrogateescape"), mode)


def write_json(path: str, document: dict[str, Any]) -> None:
    write_text(path, json.dumps(document, indent=1, sort_keys=True) + "\n")


def read_json(path: str) -> dict[str, Any] | None:
    """A document, or None if it is not there. A damaged one is an AgentError."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        return None
    except ValueError:
        raise AgentError(
            f"{path} is damaged", "look at it on the host, and restore by hand from the folder it lies in"
        ) from None
    return dict(document)


def is_folder(path: str) -> bool:
    """Whether a path is a real folder, not a link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
