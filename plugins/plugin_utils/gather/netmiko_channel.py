# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login by netmiko, whose own SSH client then runs commands with exit status, stderr and stdin.

netmiko's Linux driver would read a terminal until a prompt appears: no exit status, no stderr, and a guess at
the prompt. The login is netmiko's; the commands go over further sessions of the same login.
"""

from __future__ import annotations

from typing import Any

from ..errors import GatherError, UnreachableError
from .access import HostAccess
from .channel import Reply
from .escalate import Launch
from .exchange import Exchange
from .host_keys import HostKeyPolicy, trusted_file
from .login_errors import login_error, patience, place
from .platforms import platform_of
from .proxy import ProxyCommand
from .ssh_library import netmiko, paramiko, require, silence
from .ssh_settings import SshSettings, resolve


class NetmikoChannel:
    """Logged in as soon as it is made."""

    def __init__(self, access: HostAccess) -> None:
        require(access.name)
        silence()
        self.host = access.name
        self._access = access
        self._settings = resolve(access)
        self._proxy = ProxyCommand(self._settings.proxy_command) if self._settings.proxy_command else None
        self._connection: Any = None
        try:
            self._client = self._log_in(platform_of(access.platform).netmiko_type)
        except BaseException:
            self.close()
            raise

    def _log_in(self, device_type: str) -> paramiko.SSHClient:
        settings = self._settings
        where = place(self._access, settings)
        try:
            with trusted_file(settings) as trusted:
                connection = self._connection = self._handler(device_type, settings, trusted)
                # Public attributes without a parameter: several key files, and a policy with clear errors.
                connection.key_file = list(settings.key_files) or None
                connection.key_policy = HostKeyPolicy(settings, where)
                connection.establish_connection()
        except UnreachableError:
            raise
        # ValueError: key files that are no keys; EOFError: the server hangs up in the middle
        except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
            client = getattr(self._connection, "remote_conn_pre", None)
            if not _logged_in(client):
                said = self._proxy.failure() if self._proxy else ""
                raise login_error(error, self._access, settings, said) from None
            # Logged in, but no terminal for this account (PermitTTY no): commands need none.
        logged_in: paramiko.SSHClient = self._connection.remote_conn_pre
        return logged_in

    def _handler(self, device_type: str, settings: SshSettings, trusted: str) -> Any:
        return netmiko.ConnectHandler(
            device_type=device_type,
            host=settings.host,
            port=settings.port,
            username=settings.user,
            password=self._access.password,
            passphrase=self._access.key_passphrase,
            allow_agent=settings.use_agent,
            ssh_strict=True,
            alt_host_keys=True,
            alt_key_file=trusted,
            conn_timeout=self._access.connect_timeout,
            banner_timeout=patience(self._access, settings),
            auth_timeout=2 * self._access.connect_timeout,
            sock=self._proxy.socket if self._proxy else None,
            auto_connect=False,
        )

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        launch = Launch(self._access, command, become)
        transport = self._client.get_transport()
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
                f"{self.host} ({self._settings.host})",
                "try again, and look at the host's sshd log",
            ) from None

    def close(self) -> None:
        if self._connection is not None:
            # Not disconnect(): it would look for a prompt first, which takes seconds.
            self._connection.paramiko_cleanup()
        if self._proxy is not None:
            self._proxy.close()


def _logged_in(client: paramiko.SSHClient | None) -> bool:
    transport = client.get_transport() if client is not None else None
    return transport is not None and transport.is_active() and transport.is_authenticated()
