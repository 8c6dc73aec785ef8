# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by identity (a number and its start time, so that a reused number is never mistaken), and
commands inside a host's namespaces."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .errors import LabError

WORKERS = 8
HOST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOST_ENVIRONMENT = {"PATH": HOST_PATH, "HOME": "/root", "USER": "root", "LANG": "C.UTF-8"}
# What Ansible keeps for itself on the controller goes where the lab's end takes it away.
CONTROLLER_ENVIRONMENT = {
    "ANSIBLE_HOME": "/run/pathguard-lab/ansible",
    "ANSIBLE_SSH_CONTROL_PATH_DIR": "/run/pathguard-lab/ansible/cp",
}
# See DROPPED_CAPABILITIES in host_init.py: setns(2) gives its caller all capabilities.
_CONFINE = (
    "setpriv",
    "--bounding-set",
    "-sys_module,-sys_rawio,-sys_boot,-sys_time",
    "--pdeathsig",
    "KILL",
    "--",
)


@dataclass(frozen=True)
class Identity:
    """A process for good: ``start`` is its start time in clock ticks since boot (proc(5), field 22)."""

    pid: int
    start: int

    @staticmethod
    def of(pid: int) -> Identity | None:
        """The process that has this number now, None when there is none or it is a zombie."""
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in (b"Z", b"X") else Identity(pid, int(fields[19]))

    def alive(self) -> bool:
        return Identity.of(self.pid) == self


def kill_all(identities: list[Identity], seconds: float = 20.0) -> list[Identity]:
    """SIGKILL each process, wait until they are gone, and return those that are not."""
    waiting = []
    for identity in identities:
        try:
            handle = os.pidfd_open(identity.pid)
        except ProcessLookupError:
            continue
        if not identity.alive():
            os.close(handle)
            continue
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        waiting.append((identity, handle))
    left = []
    for identity, handle in waiting:
        ready, _unused, _unused = select.select([handle], [], [], seconds)
        os.close(handle)
        if not ready:
            left.append(identity)
    return left


def inside(pid: int, command: list[str], *, own_root: bool = True, net_only: bool = False) -> list[str]:
    """The argument list that runs ``command`` in the namespaces of process ``pid``."""
    if net_only:
        return ["nsenter", "--target", str(pid), "--net", "--", *command]
    root = ["--root", "--wd"] if own_root else []
    return [
        "nsenter",
        "--target",
        str(pid),
        "--mount",
        "--uts",
        "--ipc",
        "--net",
        "--pid",
        *root,
        "--",
        *_CONFINE,
        *command,
    ]


def run(
    command: list[str], *, what: str, env: dict[str, str] | None = None, text: str = "", timeout: float = 60.0
) -> str:
    """Run and return stdout; a failure or a time-out is a LabError that quotes the end of stderr."""
    try:
        done = subprocess.run(
            command, env=env, input=text, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{what}: no end after {timeout:.0f} s") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
        raise LabError(f"{what} failed (exit status {done.returncode})\n" + "\n".join(said[-3:]))
    return done.stdout


def ip_batch(host: Identity, lines: Iterable[str], *, what: str) -> None:
    """ip(8) commands, one a line, in the network namespace of a host."""
    command = inside(host.pid, ["ip", "-batch", "-"], net_only=True)
    run(command, what=what, text="".join(f"{line}\n" for line in lines))


def in_parallel(function: Callable[[str], object], names: Iterable[str]) -> dict[str, object]:
    """Call for each host and return the results by name; a failure is raised after all have ended."""
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = {name: pool.submit(function, name) for name in names}
    return {name: future.result() for name, future in futures.items()}
