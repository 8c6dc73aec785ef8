# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login by netmiko, whose own SSH client then runs commands with exit status, stderr and stdin.

netmiko's Linux driver would read a terminal until a prompt appears: no exit status, no stderr, and a guess at
the prompt. The login is netmiko's; the commands go over further sessions of the same login.
"""

from __future__ import annotations

from ..errors import GatherError
from .access import HostAccess
from .channel import Reply
from .escalate import Launch
from .exchange import Exchange
from .netmiko_login import NetmikoLogin
from .ssh_library import paramiko


class NetmikoChannel:
    """Logged in as soon as it is made."""

    def __init__(self, access: HostAccess) -> None:
        self.host = access.name
        self._access = access
        self._login = NetmikoLogin(access)

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        launch = Launch(self._access, command, become)
        transport = self._login.client.get_transport()
        try:
            if transport is None:
                raise EOFError
            session = transport.open_session(timeout=self._access.connect_timeout)
            with session:
                return Exchange(
                    self._access, session, launch, (stdin or "").encode(), timeout or self._access.timeout
                ).run()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise GatherError(
                f"the connection was lost: {self._access.scrub(str(error)) or 'closed'}",
                f"{self.host} ({self._login.settings.host})",
                "try again, and look at the host's sshd log",
            ) from None

    def close(self) -> None:
        self._login.close()
