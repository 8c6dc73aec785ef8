# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One logged-in session to one host, whatever carries it."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..errors import GatherError
from .access import HostAccess


def _in_hexadecimal(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"<{byte:02X}>" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("pathguard_hexadecimal", _in_hexadecimal)


def decoded(printed: bytes) -> str:
    """What a host printed as text. A byte that is no UTF-8 (an interface's alias in Latin-1) becomes ``<E9>``: a
    backslash would make what is JSON none, and a replacement character would make different names one."""
    return printed.decode("utf-8", "pathguard_hexadecimal")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command left behind. ``rc`` is None where it is not known (killed by a signal)."""

    rc: int | None
    stdout: str
    stderr: str


class Channel(Protocol):
    """A session that stays open until ``close``; it is used by one thread at a time."""

    host: str

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        """Run a POSIX shell command and wait for its end.

        ``become``: with the rights that the host's access asks for (``become: true`` of the task or the
        host). Where nobody asked for more rights, the command runs as the login user: whether it may do its
        work is then the command's own answer. ``timeout`` in seconds, by default the access's.

        Raises GatherError if there is no answer: too late, connection lost, sudo refused. A command that
        runs and fails is an answer.
        """

    def close(self) -> None:
        """End the session; safe to call twice, and from another thread to interrupt a command."""


def _netmiko(access: HostAccess) -> Channel:
    # Imported late: they need netmiko, and neither saved files nor Ansible's own connections do.
    from .device_channel import DeviceChannel
    from .device_logins import DEVICE_LOGINS
    from .netmiko_channel import NetmikoChannel

    return DeviceChannel(access) if access.platform in DEVICE_LOGINS else NetmikoChannel(access)


def _connection(access: HostAccess) -> Channel:
    from .connection_channel import ConnectionChannel

    return ConnectionChannel(access)


OPENERS: dict[str, Callable[[HostAccess], Channel]] = {"netmiko": _netmiko, "connection": _connection}


def open_channel(access: HostAccess) -> Channel:
    """Log in to a host. Raises UnreachableError (no login) or GatherError (this can't be done at all)."""
    opener = OPENERS.get(access.transport)
    if opener is None:
        raise GatherError(
            f"no session can be opened over the transport {access.transport!r}",
            access.name,
            f"use one of {', '.join(sorted(OPENERS))}",
        )
    return opener(access)
