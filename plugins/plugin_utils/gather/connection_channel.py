# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands over one of Ansible's own connections: local, containers, or ssh as Ansible does it."""

from __future__ import annotations

import contextvars
import threading
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ..errors import GatherError, UnreachableError
from .access import HostAccess
from .channel import Reply, decoded
from .escalate import Launch
from .ssh_library import NETMIKO_ERROR
from .ssh_settings import resolve


class ConnectionChannel:
    def __init__(self, access: HostAccess) -> None:
        self.host = access.name
        self._access = access
        self._connection = access.connection
        self._where = f"{access.name} ({access.address})"
        self._bounded(self._connect, 2 * access.connect_timeout)

    def _connect(self) -> None:
        if not self._connection.connected:
            self._connection._connect()

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        connection = self._connection
        escalated = become and self._access.become and connection.become is not None
        launch = Launch(self._access, command, escalated, by_sudo=False)
        text = launch.command
        if escalated:
            text = connection.become.build_become_command(text, connection._shell)

        def execute() -> tuple[int, bytes, bytes]:
            found: tuple[int, bytes, bytes] = connection.exec_command(
                text, in_data=(stdin or "").encode(), sudoable=escalated
            )
            return found

        rc, out, err = self._bounded(execute, timeout or self._access.timeout, launch)
        if launch.marks(out):
            return Reply(rc, *(decoded(launch.strip(part)) for part in (out, err)))
        if rc != 0:
            raise launch.refused(rc, out, err)
        # ansible-core 2.16 swallows what comes in one piece with the sign of a successful sudo.
        return Reply(rc, decoded(out), decoded(err))

    def _bounded(self, function: Any, seconds: float, launch: Launch | None = None) -> Any:
        """Connection plugins know no time-out for commands, so this is a thread that can be left behind."""
        result: list[Any] = []
        failure: list[AnsibleError] = []

        def work() -> None:
            try:
                result.append(function())
            except AnsibleError as error:
                failure.append(error)

        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
        thread.start()
        thread.join(seconds)
        if failure:
            raise self._error(failure[0], launch)
        if result:
            return result[0]
        if thread.is_alive():
            raise GatherError(
                f"a command has not ended after {seconds:.0f} s",
                self._where,
                "look whether the host is overloaded, or give a longer timeout",
            )
        raise GatherError(
            "the connection plugin failed", self._where, "run 'ansible -m ping' on this host, with -vvv"
        )

    def _error(self, error: AnsibleError, launch: Launch | None) -> GatherError:
        said = self._access.scrub(str(error))
        if isinstance(error, AnsibleConnectionFailure):
            return UnreachableError(
                _brief(said), self._where + self._way(), "run 'ansible -m ping' on this host, with -vvv"
            )
        if launch is not None:
            return launch.refused(None, b"", said.encode())
        return GatherError(said, self._where, "run 'ansible -m ping' on this host, with -vvv")

    def _way(self) -> str:
        """Over what ssh goes there; ssh itself does not always name it."""
        if getattr(self._connection, "transport", "") != "ssh" or NETMIKO_ERROR is not None:
            return ""
        try:
            way = resolve(self._access).way()
        except GatherError:
            return ""  # ssh has read the configuration in its own way
        return f" over {way}" if way else ""

    def close(self) -> None:
        self._connection.close()


def _brief(said: str) -> str:
    """Without ssh's frame of @ around a warning, and with its last lines: those have the reason."""
    lines = [line.strip(" @\r") for line in said.splitlines()]
    lines = [line for line in lines if line]
    return " / ".join(lines if len(lines) <= 4 else [lines[0], *lines[-3:]])
