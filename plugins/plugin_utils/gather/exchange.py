# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One command over a paramiko session: stdin in, stdout, stderr and exit status out, in bounded time."""

from __future__ import annotations

import select
import time

from ..errors import GatherError
from .access import HostAccess
from .channel import Reply, decoded
from .escalate import Launch
from .ssh_library import paramiko

CHUNK = 1 << 16
# A ruleset of 100,000 rules is about 100 MB of JSON; a command that prints more than this is none of ours.
MAX_OUTPUT = 1 << 30
# Seconds between looks at the session where select can't tell: window space, exit status.
TICK = 0.05


class Exchange:
    """Runs one launch over one session channel, and ends it."""

    def __init__(
        self, access: HostAccess, session: paramiko.Channel, launch: Launch, stdin: bytes, timeout: float
    ) -> None:
        self._access = access
        self._session = session
        self._launch = launch
        self._stdin = memoryview(stdin)
        self._urgent = b""
        self._out = bytearray()
        self._err = bytearray()
        self._ended_stdin = False
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout

    def run(self) -> Reply:
        self._session.settimeout(self._timeout)
        self._session.exec_command(self._launch.command)
        self._session.settimeout(0.0)
        while True:
            moved = self._receive()
            moved = self._send() or moved
            if self._session.exit_status_ready() and self._session.eof_received and not moved:
                break
            if self._session.closed and not moved:
                break
            if time.monotonic() > self._deadline:
                raise self._late()
            if not moved:
                select.select([self._session.fileno()], [], [], TICK)
        return self._reply()

    def _receive(self) -> bool:
        moved = False
        while self._session.recv_ready():
            self._out += self._session.recv(CHUNK)
            moved = True
        while self._session.recv_stderr_ready():
            self._err += self._session.recv_stderr(CHUNK)
            moved = True
        if len(self._out) + len(self._err) > MAX_OUTPUT:
            raise GatherError(
                f"the command prints more than {MAX_OUTPUT >> 20} MiB",
                self._access.name,
                "gather this host by saved files",
            )
        if moved and not self._launch.started:
            self._urgent += self._launch.feed(bytes(self._out), bytes(self._err))
        return moved

    def _send(self) -> bool:
        if self._session.closed or not self._session.send_ready():
            return False
        try:
            if self._urgent:
                self._urgent = self._urgent[self._session.send(self._urgent) :]
                return True
            if not self._launch.started or self._ended_stdin:
                return False
            if self._stdin:
                self._stdin = self._stdin[self._session.send(self._stdin[:CHUNK].tobytes()) :]
            else:
                self._session.shutdown_write()
                self._ended_stdin = True
        except OSError:
            # The command has ended without reading all of its input; its exit status tells the rest.
            self._urgent, self._stdin, self._ended_stdin = b"", memoryview(b""), True
        return True

    def _late(self) -> GatherError:
        return GatherError(
            f"a command has not ended after {self._timeout:.0f} s",
            f"{self._access.name} ({self._access.address})",
            "look whether the host is overloaded, or give a longer timeout",
        )

    def _reply(self) -> Reply:
        if not self._session.exit_status_ready() or (self._session.exit_status < 0 and not self._alive()):
            raise GatherError(
                "the connection was lost while a command ran",
                f"{self._access.name} ({self._access.address})",
                "try again, and look at the host's sshd log",
            )
        status = self._session.exit_status
        rc = status if status >= 0 else None
        if not self._launch.started:
            raise self._launch.refused(rc, bytes(self._out), bytes(self._err))
        out, err = (decoded(self._launch.strip(bytes(output))) for output in (self._out, self._err))
        return Reply(rc, out, err)

    def _alive(self) -> bool:
        transport = self._session.get_transport()
        return transport is not None and transport.is_active()
