# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer: a process that outlives the session, and how it starts again at boot.

Where systemd runs it is a transient service (systemd-run(1)), outside of the session's scope and started
again if somebody kills it; elsewhere it is a daemon of its own session. In both cases it is the agent with
the verb ``guard``, which looks at the deadline once a second, so that renewing is only writing a file.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import Any, NamedTuple

from .host import INIT_NETNS, AgentError, Moment, find, namespace, now, run, write_text

SYSTEMD = "/run/systemd/system"  # sd_booted(3): this folder is there if and only if systemd is the init
UNIT_FOLDER = "/etc/systemd/system"
BOOT_UNIT = "pathguard-checkpoint.service"
CRON_FOLDER = "/etc/cron.d"
CRON_FILE = "pathguard-checkpoint"
START_LIMIT = 10.0  # seconds until a guard has said that it runs

_BOOT_TEXT = """\
[Unit]
Description=PathGuard: puts the firewall back if the change was not confirmed
After=network-pre.target nftables.service netfilter-persistent.service ufw.service firewalld.service
ConditionPathExists={program}

[Service]
ExecStart={python} -I {program} guard {folder}
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""


class Deadline(NamedTuple):
    """When a checkpoint fires. ``wall`` counts only after a reboot, when ``boot`` means nothing any more."""

    wall: float
    boot: float
    boot_id: str
    timeout: float

    @classmethod
    def after(cls, timeout: float, moment: Moment) -> Deadline:
        return cls(moment.wall + timeout, moment.boot + timeout, moment.boot_id, timeout)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Deadline:
        return cls(document["wall"], document["boot"], document["boot_id"], document["timeout"])

    def to_json(self) -> dict[str, Any]:
        return dict(self._asdict())

    def remaining(self, moment: Moment) -> float:
        """Seconds left, never more than ``timeout``: after a reboot a wrong host clock must not put it
        off.
        """
        left = self.boot - moment.boot if moment.boot_id == self.boot_id else self.wall - moment.wall
        return max(0.0, min(left, self.timeout))


def has_systemd() -> bool:
    """Whether systemd is the init here, and starts services in this network namespace."""
    return os.path.isdir(SYSTEMD) and bool(find("systemd-run")) and namespace() == namespace(INIT_NETNS)


def _unit(folder: str) -> str:
    return f"pathguard-checkpoint-{os.path.basename(folder)}.service"


def start_timer(python: str, program: str, folder: str) -> dict[str, Any]:
    """Start the guard; returns how it runs. Raises AgentError if it does not come up."""
    if has_systemd():
        timer: dict[str, Any] = {"kind": "systemd", "unit": _unit(folder)}
        done = run(
            [
                "systemd-run",
                "--quiet",
                "--collect",
                f"--unit={timer['unit']}",
                "--description=PathGuard checkpoint timer",
                "--property=Restart=on-failure",
                "--property=OOMScoreAdjust=-900",
                python,
                "-I",
                program,
                "guard",
                folder,
            ]
        )
        if done.rc:
            raise AgentError(
                f"systemd-run could not start the timer: {done.said}", "look at the host's journal"
            )
    else:
        timer = {"kind": "process"}
        _detach([python, "-I", program, "guard", folder], os.path.join(folder, "log"))
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until:
        if timer_alive(folder):
            return timer
        time.sleep(0.02)
    raise AgentError("the timer did not start", f"look at {folder}/log on the host")


def _detach(argv: list[str], log: str) -> None:
    """Run a program as a daemon (daemon(7)): own session, no terminal, none of this session's files.

    An open pipe would keep the ssh session from ending.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    status = 1
    try:
        os.setsid()
        if os.fork():
            status = 0
            return
        os.chdir("/")
        os.umask(0o077)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 2)
        os.closerange(3, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("-900")
        os.execve(
            argv[0],
            argv,
            {
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL": "C",
            },
        )
    finally:
        os._exit(status)


def announce(folder: str) -> None:
    """The guard says that it runs: process id, start time and boot, because ids are used again."""
    write_text(os.path.join(folder, "guard.pid"), f"{os.getpid()} {_started(os.getpid())} {now().boot_id}\n")


def _announced(folder: str) -> tuple[int, str, str]:
    try:
        with open(os.path.join(folder, "guard.pid"), encoding="ascii") as file:
            pid, started, boot_id = file.read().split()
            return int(pid), started, boot_id
    except (OSError, ValueError):
        return 0, "", ""


def announced_as(folder: str) -> int:
    """The process id of the guard that came last; 0 if there is none."""
    return _announced(folder)[0]


def _started(pid: int) -> str:
    """A process's start time in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)).

    "" if it is gone; one that ended and that nobody waited for (state Z) is gone too.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if len(fields) < 20 or fields[0] in "ZX" else fields[19]


def timer_alive(folder: str) -> bool:
    pid, started, boot_id = _announced(folder)
    return bool(started) and boot_id == now().boot_id and _started(pid) == started


def install_boot(hook: str, python: str, program: str, folder: str) -> str:
    """Have the guard started at boot; returns the file that does so, or "" where nothing does.

    ``hook``: ``auto`` (systemd where it runs), ``cron`` (an @reboot line, crontab(5)) or ``none``.
    """
    if hook == "auto" and has_systemd():
        unit = os.path.join(UNIT_FOLDER, BOOT_UNIT)
        write_text(unit, _BOOT_TEXT.format(python=python, program=program, folder=folder), 0o644)
        wants = os.path.join(UNIT_FOLDER, "multi-user.target.wants")
        os.makedirs(wants, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.symlink(unit, os.path.join(wants, BOOT_UNIT))
        return unit
    if hook == "cron":
        if not os.path.isdir(CRON_FOLDER):
            raise AgentError(f"there is no {CRON_FOLDER} on this host", "use another boot_hook")
        path = os.path.join(CRON_FOLDER, CRON_FILE)
        write_text(path, f"@reboot root {python} -I {program} resume\n", 0o644)
        return path
    return ""


def remove_boot() -> None:
    for path in (
        os.path.join(UNIT_FOLDER, "multi-user.target.wants", BOOT_UNIT),
        os.path.join(UNIT_FOLDER, BOOT_UNIT),
        os.path.join(CRON_FOLDER, CRON_FILE),
    ):
        with contextlib.suppress(OSError):
            os.unlink(path)


def interpreter() -> str:
    """The interpreter that runs this; it was found to be there, by its full path."""
    return os.path.realpath(sys.executable)
