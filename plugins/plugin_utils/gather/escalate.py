# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running one command by sudo without a terminal, and telling its output from what a login prints before.

A random mark tells when the command begins: what a login shell's start-up files or sudo's lecture printed
before it is no output, and nothing that is meant for the command's stdin is sent before it. So a password
never reaches the command, also where sudo did not ask for one.
"""

from __future__ import annotations

import re
import secrets
import shlex

from ..errors import GatherError
from .access import HostAccess

SUDO = "sudo"
ROOT = "root"

# What sudo says (sudo(8), sudoers(5); sudo-rs(8) has words of its own) in the C locale, and Ansible's sudo
# plugin for it; the first that fits is told. Last: whether single commands may be allowed all the same.
REFUSALS: tuple[tuple[str, str, str, bool], ...] = (
    (
        r"incorrect (sudo )?password|Sorry, try again|no password was provided",
        "sudo refuses the password",
        "check ansible_become_password, or what was typed at --ask-become-pass",
        False,
    ),
    (
        r"not in the sudoers file|may not run sudo",
        "the login user may not do this by sudo",
        "let the user run commands as root in sudoers, or log in as another user",
        False,
    ),
    (
        r"not allowed to execute|not allowed to run|afraid I can't do that",
        "the login user may not do this by sudo",
        "let the user run commands as root in sudoers, or log in as another user; to read a firewall, the "
        "commands that firewall_info's documentation lists are enough",
        True,
    ),
    (
        r"password is required|terminal is required|no askpass|authentication is required|Missing sudo password",
        "sudo needs a password, and none is known",
        "set ansible_become_password, use --ask-become-pass, or allow NOPASSWD in sudoers",
        True,
    ),
    (
        r"must have a tty",
        "sudo needs a terminal (requiretty)",
        "add 'Defaults:USER !requiretty' to sudoers",
        False,
    ),
    (
        r"sudo.{0,3}: (command not found|not found|No such file)",
        "sudo is not installed",
        "install sudo, or log in as root with become: false",
        False,
    ),
)


class NotAllowedError(GatherError):
    """sudo is there, and does not start just any command; those that sudoers names it may.

    ``access``: whose login it is; None where that is not known any more (a copy).
    """

    def __init__(self, what: str, where: str = "", todo: str = "", access: HostAccess | None = None) -> None:
        super().__init__(what, where, todo)
        self.access = access


class Launch:
    """One command's way to its start.

    ``command`` is for the login shell, whichever it is. ``feed`` is given all that came so far, and answers
    what to send now; ``started`` is then True as soon as the command itself reads its stdin.
    """

    def __init__(self, access: HostAccess, command: str, become: bool, by_sudo: bool = True) -> None:
        """``by_sudo``: False where somebody else puts the command under sudo (or what else there is)."""
        self._access = access
        self._mark = f"pathguard-{secrets.token_hex(12)}"
        self._prompt = f"[{self._mark} password]"
        self._escalated = become and access.become and not (by_sudo and _is_already(access))
        self._asked = False
        self.started = False
        begin = f"echo {self._mark}; echo {self._mark} >&2; exec sh -c {shlex.quote(command)}"
        self.command = f"{self._sudo() if by_sudo else ''}sh -c {shlex.quote(begin)}"

    def _sudo(self) -> str:
        if not self._escalated:
            return ""
        if not is_sudo(self._access.become_method):
            raise GatherError(
                f"become_method {self._access.become_method!r} is not known to the netmiko transport",
                self._access.name,
                "use sudo, or transport: connection, which leaves this to Ansible",
            )
        # -k: neither use nor leave a cached credential; -S: the password comes from stdin, never by argv.
        ask = f"-k -S -p {shlex.quote(self._prompt)}" if self._access.become_password else "-n"
        return f"env LC_ALL=C sudo {ask} -u {shlex.quote(self._access.become_user)} -- "

    def feed(self, stdout: bytes, stderr: bytes) -> bytes:
        """Raises GatherError when sudo asks a second time: the password was wrong."""
        if self.started:
            return b""
        if self.marks(stdout):
            self.started = True
            return b""
        prompts = stderr.count(self._prompt.encode())
        if prompts > 1:
            raise self.refused(0, stdout, b"Sorry, try again")
        if prompts and not self._asked:
            self._asked = True
            return f"{self._access.become_password}\n".encode()
        return b""

    def marks(self, stdout: bytes) -> bool:
        """Whether the command has begun."""
        return self._line() in stdout

    def strip(self, output: bytes) -> bytes:
        """The command's own part of stdout or stderr."""
        return output.partition(self._line())[2]

    def _line(self) -> bytes:
        return f"{self._mark}\n".encode()

    def refused(self, rc: int | None, stdout: bytes, stderr: bytes) -> GatherError:
        """Why the command was not even started."""
        said = self._access.scrub(b"\n".join((stderr, stdout)).decode("utf-8", "backslashreplace"))
        said = said.replace(self._prompt, "")
        where = f"{self._access.name} ({self._access.address})"
        if self._escalated:
            for pattern, what, todo, singly in REFUSALS:
                if re.search(pattern, said, re.IGNORECASE):
                    if singly and is_sudo(self._access.become_method):
                        return NotAllowedError(what, where, todo, self._access)
                    return GatherError(what, where, todo)
        lines = [line for line in said.splitlines() if line.strip()]
        who = "sudo" if self._escalated else "the login shell"
        last = " / ".join(lines[-2:]) or "it says nothing"
        told = (
            f"{who} does not start commands (exit status {rc}): {last}",
            where,
            f"log in by hand and run '{'sudo ' if self._escalated else ''}sh -c id'",
        )
        # Ansible's ssh connection swallows what sudo says after the password, except that it was wrong, and
        # leaves sudo its language. Where there is no password, none can be wrong too often.
        untold = not lines or not self._access.become_password
        if self._escalated and untold and is_sudo(self._access.become_method):
            return NotAllowedError(*told, self._access)
        return GatherError(*told)


def is_sudo(method: str) -> bool:
    """Also by its full name, ansible.builtin.sudo."""
    return method.rpartition(".")[2] == SUDO


def _is_already(access: HostAccess) -> bool:
    return access.user == ROOT and access.become_user == ROOT
