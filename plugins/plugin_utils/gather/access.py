# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to log in to one host: plain data, made once from the inventory and handed to any thread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

HIDDEN = "********"
# Of a shorter password, most of a text would be stars.
LEAST_OF_A_SECRET = 4

STRICT = "strict"
ACCEPT_NEW = "accept-new"
OFF = "off"


@dataclass(frozen=True)
class HostAccess:
    """A host's login.

    ``name``: in the inventory. ``port``, ``user``: None leaves them to ~/.ssh/config, then 22 and the
    local user. ``host_keys``: ``strict``, ``accept-new``, ``off``, or None to leave it to ``ssh_args`` and
    ~/.ssh/config, then strict. ``ssh_args``: the host's ssh arguments as they stand in the inventory.
    ``become``: whether commands that ask for more rights get them. ``python``: the interpreter for agents.
    ``connect_timeout`` is for the login, ``timeout`` for one command; both in seconds. ``notes``: what a
    failed login should remind of. ``connection``: a ready Ansible connection, for that transport only.
    """

    name: str
    address: str
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    key_file: str | None = None
    key_passphrase: str | None = field(default=None, repr=False)
    become: bool = False
    become_method: str = "sudo"
    become_user: str = "root"
    become_password: str | None = field(default=None, repr=False)
    host_keys: str | None = None
    ssh_args: str = ""
    platform: str = "linux"
    transport: str = "netmiko"
    python: str = "python3"
    connect_timeout: float = 10.0
    timeout: float = 60.0
    notes: tuple[str, ...] = ()
    connection: Any = field(default=None, repr=False, compare=False)

    def secrets(self) -> tuple[str, ...]:
        return tuple(
            secret for secret in (self.password, self.key_passphrase, self.become_password) if secret
        )

    def scrub(self, text: str) -> str:
        """The text without this host's secrets, for messages."""
        return scrub(text, self.secrets())


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Blot out secrets, the longest first, so that one inside another leaves no rest."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
