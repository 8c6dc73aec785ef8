# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong with a login, in one error: netmiko and paramiko raise many kinds for few causes."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

from ..errors import UnreachableError
from .access import HostAccess
from .host_keys import changed
from .ssh_library import netmiko, paramiko
from .ssh_settings import SshSettings

# By errno of a failed connect(2).
NETWORK: dict[int, tuple[str, str]] = {
    errno.ECONNREFUSED: (
        "the connection is refused: nothing listens there",
        "check the port, and whether sshd runs",
    ),
    errno.EHOSTUNREACH: (
        "there is no way to the host",
        "check the address, and routes and firewalls on the way",
    ),
    errno.ENETUNREACH: (
        "there is no route to the host's network",
        "check the address and the controller's routes",
    ),
    errno.ECONNRESET: (
        "the connection was reset",
        "look at the host's sshd log, and at firewalls on the way",
    ),
    errno.EPIPE: ("the connection was closed", "look at the host's sshd log, and at firewalls on the way"),
    errno.ETIMEDOUT: ("the host does not answer", "check that it is up, and firewalls on the way"),
}

# By what an SSHException says.
PROTOCOL: tuple[tuple[str, str, str], ...] = (
    (
        "encountered",
        "the private key can't be used",
        "check ansible_ssh_private_key_file, and the key's passphrase",
    ),
    (
        "not a valid",
        "the private key file holds no key that can be used",
        "check ansible_ssh_private_key_file; an OpenSSH or PEM private key is needed",
    ),
    ("No authentication methods available", "there is nothing to log in with", ""),
    (
        "protocol banner",
        "something listens there, but does not answer as an SSH server",
        "check the port, and whether sshd is overloaded (MaxStartups)",
    ),
    (
        "No existing session",
        "the SSH server does not answer in time",
        "look whether the host is overloaded, or give a longer timeout",
    ),
    (
        "ncompatible",
        "the host and this controller have no SSH algorithm in common",
        "update the host's SSH server; for old devices install paramiko 4 on the controller (netmiko[par4]); or use "
        "transport: connection (Linux) or saved files",
    ),
)

CREDENTIALS = "check the user, ansible_ssh_private_key_file, ssh-agent, ansible_password or --ask-pass"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def place(access: HostAccess, settings: SshSettings) -> str:
    """Whom it was tried to log in to, and over what."""
    way = settings.way()
    where = f"{access.name} ({settings.user}@{settings.host} port {settings.port})"
    return f"{where} over {way}" if way else where


def patience(access: HostAccess, settings: SshSettings) -> float:
    """Seconds to wait for the server's first word: over a jump host, two logins."""
    return (2 if settings.proxy_command else 1) * access.connect_timeout


def login_error(
    error: BaseException, access: HostAccess, settings: SshSettings, proxy_said: str = ""
) -> UnreachableError:
    """``proxy_said``: what the proxy command printed to stderr."""
    way = settings.way()
    where = place(access, settings)
    wrapping = (netmiko.NetmikoTimeoutException, netmiko.NetmikoAuthenticationException)
    # netmiko's errors hide the cause behind a text of their own, and are subclasses of paramiko's.
    chain = [seen for seen in _chain(error) if not isinstance(seen, wrapping)] or [error]
    for seen in chain:
        if isinstance(seen, UnreachableError):
            return seen
        if isinstance(seen, paramiko.BadHostKeyException):
            return changed(settings, where, seen.key)
    if proxy_said:
        return UnreachableError(
            f"{way} can't connect: {access.scrub(proxy_said)}",
            where,
            f"try by hand: {settings.proxy_command}",
        )
    if way and any("protocol banner" in str(seen) for seen in chain):
        return UnreachableError(
            f"there is no answer over {way} within {patience(access, settings):g} s",
            where,
            f"check that both are up, and the firewalls on the way; try by hand: {settings.proxy_command}",
        )
    for seen in chain:
        found = _one(seen, access, settings)
        if found is not None:
            what, todo = found
            return UnreachableError(
                what, where, " ".join(part for part in (todo, *_reminders(what, access)) if part)
            )
    text = access.scrub(" ".join(str(chain[-1]).split()))
    return UnreachableError(
        f"the login failed: {text or type(chain[-1]).__name__}",
        where,
        "try 'ssh' by hand from the controller",
    )


def _one(error: BaseException, access: HostAccess, settings: SshSettings) -> tuple[str, str] | None:
    if isinstance(error, socket.gaierror):
        return (
            f"the host name {settings.host!r} can't be resolved: {error.strerror}",
            "check ansible_host and the controller's DNS",
        )
    if isinstance(error, paramiko.PasswordRequiredException):
        return (
            "the private key is encrypted, and no passphrase is known",
            "add the key to ssh-agent, or set ansible_private_key_passphrase",
        )
    if isinstance(error, paramiko.AuthenticationException):
        if "timeout" in str(error).lower():
            return (
                "the host does not answer to the login in time",
                "look whether it is overloaded, or give a longer timeout",
            )
        return "the host refuses the login", CREDENTIALS
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        causes = [getattr(inner, "errno", None) for inner in error.errors.values()]
        return NETWORK[next((cause for cause in causes if cause in NETWORK), errno.ECONNREFUSED)]
    if isinstance(error, TimeoutError):
        return f"the host does not answer within {access.connect_timeout:g} s", NETWORK[errno.ETIMEDOUT][1]
    if isinstance(error, EOFError):
        return NETWORK[errno.ECONNRESET]
    if isinstance(error, OSError) and error.errno in NETWORK:
        return NETWORK[error.errno]
    if isinstance(error, paramiko.SSHException):
        for text, what, todo in PROTOCOL:
            if text in str(error):
                return what, todo or CREDENTIALS
    return None


def _reminders(what: str, access: HostAccess) -> tuple[str, ...]:
    return tuple(f"({note})" for note in access.notes) if "login" in what or "log in" in what else ()
