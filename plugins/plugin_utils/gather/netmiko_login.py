# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login by netmiko: one SSH connection, with the terminal that netmiko opens on it."""

from __future__ import annotations

from typing import Any

from ..errors import UnreachableError
from .access import HostAccess
from .host_keys import HostKeyPolicy, trusted_file
from .login_errors import login_error, patience, place
from .platforms import platform_of
from .proxy import ProxyCommand
from .ssh_library import netmiko, paramiko, require, silence
from .ssh_settings import SshSettings, resolve


class NetmikoLogin:
    """Logged in as soon as it is made. ``connection``: netmiko's, whose session nobody has prepared; its terminal
    (``remote_conn``) is None where the account may have none. ``client``: paramiko's, for further sessions."""

    def __init__(self, access: HostAccess, **more: Any) -> None:
        """``more``: further arguments for netmiko. Raises UnreachableError, GatherError."""
        require(access.name)
        silence()
        self._access = access
        self.settings = resolve(access)
        self._proxy = ProxyCommand(self.settings.proxy_command) if self.settings.proxy_command else None
        self.connection: Any = None
        try:
            self.client = self._log_in(platform_of(access.platform).netmiko_type, more)
        except BaseException:
            self.close()
            raise

    def _log_in(self, device_type: str, more: dict[str, Any]) -> paramiko.SSHClient:
        settings = self.settings
        where = place(self._access, settings)
        try:
            with trusted_file(settings) as trusted:
                connection = self.connection = self._handler(device_type, settings, trusted, more)
                # Public attributes without a parameter: several key files, and a policy with clear errors.
                connection.key_file = list(settings.key_files) or None
                connection.key_policy = HostKeyPolicy(settings, where)
                # netmiko's PAN-OS client offers a password alone, unless it is to look for keys.
                connection.use_keys = device_type == "paloalto_panos" and self._access.password is None
                connection.establish_connection()
        except UnreachableError:
            raise
        # ValueError: key files that are no keys; EOFError: the server hangs up in the middle
        except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
            client = getattr(self.connection, "remote_conn_pre", None)
            if not _logged_in(client):
                said = self._proxy.failure() if self._proxy else ""
                raise login_error(error, self._access, settings, said) from None
            # Logged in, but no terminal for this account (PermitTTY no): not everybody needs one.
            self.connection.remote_conn = None
        logged_in: paramiko.SSHClient = self.connection.remote_conn_pre
        return logged_in

    def _handler(self, device_type: str, settings: SshSettings, trusted: str, more: dict[str, Any]) -> Any:
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
            **more,
        )

    def close(self) -> None:
        """Safe to call twice, and from another thread."""
        # Older versions have no client any more once they have cleaned up.
        if getattr(self.connection, "remote_conn_pre", None) is not None:
            # Not disconnect(): it would look for a prompt first, which takes seconds.
            self.connection.paramiko_cleanup()
        if self._proxy is not None:
            self._proxy.close()


def _logged_in(client: paramiko.SSHClient | None) -> bool:
    transport = client.get_transport() if client is not None else None
    return transport is not None and transport.is_active() and transport.is_authenticated()
