# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH server of an emulated device: paramiko's, with a terminal for each login."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)
from paramiko.server import InteractiveQuery

from .settings import Settings


class _Door(paramiko.ServerInterface):
    """Who may come in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.shell = threading.Event()
        self.user = ""

    def get_allowed_auths(self, username: str) -> str:
        return f"{'publickey,' if self._settings.keys else ''}password,keyboard-interactive"

    def check_auth_password(self, username: str, password: str) -> int:
        if self._settings.passwords.get(username) == password:
            self.user = username
            return AUTH_SUCCESSFUL
        return AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = {tuple(text.split()[:2]) for text in self._settings.keys}
        if (key.get_name(), key.get_base64()) in known:
            self.user = username
            return AUTH_SUCCESSFUL
        return AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> InteractiveQuery:
        self.user = username
        return InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return self.check_auth_password(self.user, responses[0] if responses else "")

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(self, *_request: Any) -> bool:
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        self.shell.set()
        return True


class Server:
    """Serves until it is closed. ``port``: where; ``logins``: how many there were so far; ``key``: its host key as a
    known_hosts file has it."""

    def __init__(self, settings: Settings, talk: Callable[[paramiko.Channel, str], None]) -> None:
        """``talk``: what goes on in one terminal of one user; it returns when that is over."""
        # Its threads would log a traceback whenever a client hangs up.
        logging.getLogger("paramiko.transport").setLevel(logging.CRITICAL + 1)
        self._settings = settings
        self._talk = talk
        self._key = (
            paramiko.PKey.from_path(settings.host_key) if settings.host_key else paramiko.ECDSAKey.generate()
        )
        self._socket = socket.create_server((settings.bind, settings.port))
        self._transports: list[paramiko.Transport] = []
        self.port: int = self._socket.getsockname()[1]
        self.key = f"{self._key.get_name()} {self._key.get_base64()}"
        self.logins = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        self._transports.append(transport)
        transport.add_server_key(self._key)
        door = _Door(self._settings)
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError), contextlib.closing(transport):
            transport.start_server(server=door)
            channel = transport.accept(20)
            if channel is None or not door.shell.wait(20):
                return
            self.logins += 1
            self._talk(channel, door.user)
            channel.close()
        connection.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_RDWR)  # who waits for a connection holds the socket open
        self._socket.close()
        self.hang_up()

    def hang_up(self) -> None:
        """End all connections."""
        for transport in self._transports:
            transport.close()
