# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the hosts that a task names to their logins: inventory variables, play, command line, environment.

In Ansible's own order of precedence: a host's variables, then the task's and play's keywords and the command
line, then (for network credentials of automation platforms) the ANSIBLE_NET_* environment.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible import constants as C
from ansible import context

from ..errors import GatherError, PathGuardError
from .access import OFF, STRICT, HostAccess
from .ansible_connection import build
from .devices import DEVICES
from .escalate import SUDO, is_sudo
from .host_vars import HostVariables, Inventory
from .platforms import DEFAULT as DEFAULT_PLATFORM
from .platforms import platform_of
from .ssh_library import NETMIKO_ERROR

# Variable names by what they say, the strongest first (those of the ssh connection and of become plugins).
ADDRESS = ("ansible_ssh_host", "ansible_host")
PORT = ("ansible_ssh_port", "ansible_port")
USER = ("ansible_ssh_user", "ansible_user")
PASSWORD = ("ansible_ssh_password", "ansible_ssh_pass", "ansible_password")
KEY_FILE = ("ansible_ssh_private_key_file", "ansible_private_key_file")
PASSPHRASE = ("ansible_ssh_private_key_passphrase", "ansible_private_key_passphrase")
BECOME_PASSWORD = (
    "ansible_sudo_pass",
    "ansible_become_pass",
    "ansible_become_password",
    "ansible_enable_pass",
)
BECOME_USER = ("ansible_sudo_user", "ansible_become_user")
TIMEOUT = ("ansible_ssh_timeout", "ansible_timeout", "ansible_connect_timeout")
COMMAND_TIMEOUT = ("ansible_command_timeout",)
HOST_KEYS = ("ansible_ssh_host_key_checking", "ansible_host_key_checking")
SSH_ARGS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
# Of network_cli's own ways to log in, paramiko and libssh.
PROXY_COMMAND = (
    "ansible_paramiko_proxy_command",
    "ansible_libssh_proxy_command",
    "ansible_ssh_proxy_command",
)

# Connections that are an SSH login: for these the netmiko transport can stand in.
SSH_CONNECTIONS = frozenset({"ssh", "smart", "paramiko", "paramiko_ssh", "network_cli", "libssh"})

ENABLE = "enable"
# Connections of devices whose port is not that of their terminal.
OTHER_PORTS = frozenset({"httpapi", "netconf"})
TRANSPORTS = ("auto", "netmiko", "connection")
TRUE = frozenset({"true", "yes", "on", "1", "t", "y"})


@dataclass(frozen=True)
class Wanted:
    """What a task's options say for all of its hosts; None where they say nothing. Times in seconds."""

    transport: str = "auto"
    platform: str | None = None
    host_key_checking: bool | None = None
    timeout: float = 60.0


def truth(value: Any) -> bool:
    return value.strip().lower() in TRUE if isinstance(value, str) else bool(value)


class HostLogins:
    """Makes accesses for the hosts of one task."""

    def __init__(self, action: Any, task_vars: Mapping[str, Any], wanted: Wanted) -> None:
        """``action``: the action plugin that runs the task."""
        self._action = action
        self._task = action._task
        self._play = action._play_context
        self._wanted = wanted
        self._inventory = Inventory(action._task, action._templar, task_vars)
        self.current = self._inventory.current

    def names(self, names: Sequence[str] | None = None) -> list[str]:
        """The hosts that are meant, by default the task's own. Raises GatherError for none, or one twice."""
        wanted = list(names) if names is not None else [self.current]
        if not wanted:
            raise GatherError(
                "no host is named", "hosts", "name at least one, or leave 'hosts' out for the task's own"
            )
        twice = sorted({name for name in wanted if wanted.count(name) > 1})
        if twice:
            raise GatherError(f"named twice: {', '.join(twice)}", "hosts", "name each host once")
        return wanted

    def accesses(self, names: Sequence[str] | None = None) -> list[HostAccess]:
        """An access for each host that is meant. Raises GatherError where one can't be made."""
        return [self._access(name) for name in self.names(names)]

    def platform(self, name: str) -> str:
        """A host's platform, also where there is no login to it."""
        return self._platform(self._inventory.variables(name))

    def platforms(self, names: Sequence[str]) -> dict[str, str | PathGuardError]:
        """The platform of each host, or why it can't be told."""
        found: dict[str, str | PathGuardError] = {}
        for name in names:
            try:
                found[name] = self.platform(name)
            except PathGuardError as error:
                found[name] = error
        return found

    def _access(self, name: str) -> HostAccess:
        found = self._inventory.variables(name)
        kind = self._connection_kind(found)
        become = found.get("ansible_become")
        access = HostAccess(
            name=name,
            address=str(found.get(*ADDRESS) or name),
            port=self._port(found),
            user=_text(found.get(*USER) or self._task.remote_user or os.environ.get("ANSIBLE_NET_USERNAME")),
            password=_text(
                found.get(*PASSWORD)
                or self._shared("password", PASSWORD)
                or os.environ.get("ANSIBLE_NET_PASSWORD")
            ),
            key_file=_text(
                found.get(*KEY_FILE)
                or self._shared("private_key_file", KEY_FILE)
                or os.environ.get("ANSIBLE_NET_SSH_KEYFILE")
            ),
            key_passphrase=_text(found.get(*PASSPHRASE)),
            become=truth(self._task.become if become is None else become),
            become_method=str(found.get("ansible_become_method") or self._task.become_method or SUDO),
            become_user=str(found.get(*BECOME_USER) or self._task.become_user or "root"),
            become_password=_text(
                found.get(*BECOME_PASSWORD)
                or self._shared("become_pass", BECOME_PASSWORD)
                or os.environ.get("ANSIBLE_BECOME_PASS")
                or os.environ.get("ANSIBLE_NET_AUTH_PASS")
            ),
            host_keys=self._host_keys(found),
            ssh_args=_ssh_args(found),
            platform=self._platform(found),
            python=self._python(found),
            connect_timeout=float(found.get(*TIMEOUT) or self._play.timeout or 10),
            timeout=self._wanted.timeout,
            notes=self._notes(found),
        )
        if access.platform in DEVICES:
            return self._of_device(access, kind, found)
        if access.become and access.become_method.rpartition(".")[2] == ENABLE:
            raise GatherError(
                f"become_method {access.become_method} is for network devices, and its platform is {access.platform}",
                access.name,
                "set ansible_network_os or 'platform' to what the device is (cisco.ios.ios, cisco_ios); for a Linux "
                "host, set ansible_become_method: sudo",
            )
        return self._with_transport(access, kind, found)

    def _of_device(self, access: HostAccess, kind: str, found: HostVariables) -> HostAccess:
        """A device has a terminal, and no shell: whatever connection the inventory names, netmiko logs in. Rights come
        by enable, also where a play asks for become without saying how."""
        if self._wanted.transport == "connection":
            raise GatherError(
                f"transport: connection runs commands in a shell, and {access.platform} has none",
                access.name,
                "leave 'transport' out, or use netmiko",
            )
        asked = access.become or (
            found.get("ansible_become") is None and truth(os.environ.get("ANSIBLE_NET_AUTHORIZE") or "")
        )
        slowest = max(access.timeout, float(found.get(*COMMAND_TIMEOUT) or 0))
        port = None if kind.rpartition(".")[2] in OTHER_PORTS else access.port
        return replace(
            access, transport="netmiko", port=port, become=asked, become_method=ENABLE, timeout=slowest
        )

    def _with_transport(self, access: HostAccess, kind: str, found: HostVariables) -> HostAccess:
        transport = self._wanted.transport
        if transport == "auto":
            by_ssh = kind.rpartition(".")[2] in SSH_CONNECTIONS and NETMIKO_ERROR is None
            known = not access.become or is_sudo(access.become_method)
            transport = "netmiko" if by_ssh and known else "connection"
        if transport != "connection":
            return replace(access, transport=transport)
        return build(
            self._action,
            access,
            kind,
            found,
            self._inventory.is_own(access.name),
            self._wanted.host_key_checking,
        )

    def _connection_kind(self, found: HostVariables) -> str:
        named = found.get("ansible_connection")
        if named:
            return str(named)
        play = str(self._task.connection or C.DEFAULT_TRANSPORT)
        # A play on localhost is "connection: local"; that says nothing of the other hosts it names.
        local = play.rpartition(".")[2] == "local"  # with its whole name since ansible-core 2.21
        return play if self._inventory.is_own(found.name) or not local else "ssh"

    def _port(self, found: HostVariables) -> int | None:
        value = found.get(*PORT) or self._task.port or C.DEFAULT_REMOTE_PORT
        if value is None:
            return None
        if not str(value).isdigit() or not 0 < int(value) < 65536:
            raise GatherError(f"{value!r} is no port", found.name, "mend its ansible_port")
        return int(value)

    def _host_keys(self, found: HostVariables) -> str | None:
        said = self._wanted.host_key_checking
        if said is None:
            value = found.get(*HOST_KEYS)
            said = None if value is None else truth(value)
        if said is not None:
            return STRICT if said else OFF
        return None if C.HOST_KEY_CHECKING else OFF

    def _platform(self, found: HostVariables) -> str:
        name = self._wanted.platform or found.get("ansible_network_os") or DEFAULT_PLATFORM
        try:
            return platform_of(str(name)).name
        except GatherError as error:
            raise GatherError(error.what, found.name, error.todo) from None

    def _python(self, found: HostVariables) -> str:
        named = str(found.get("ansible_python_interpreter") or "auto")
        return "python3" if named.startswith("auto") else named

    def _shared(self, option: str, variables: tuple[str, ...]) -> Any:
        """A value that holds for all hosts. Where a variable of the task's own host has set it, it is that
        host's alone, and is never sent to another."""
        return getattr(self._play, option, None) if self._is_shared(variables) else None

    def _is_shared(self, variables: tuple[str, ...]) -> bool:
        return (
            not self._inventory.delegated and self._inventory.variables(self.current).get(*variables) is None
        )

    def _notes(self, found: HostVariables) -> tuple[str, ...]:
        if context.CLIARGS.get("ask_pass") and not self._is_shared(PASSWORD) and found.get(*PASSWORD) is None:
            return (f"the password typed at --ask-pass is hidden by {self.current}'s own ansible_password",)
        return ()


def _ssh_args(found: HostVariables) -> str:
    texts = [str(text) for text in (found.get(variable) for variable in SSH_ARGS) if text]
    proxy = found.get(*PROXY_COMMAND)
    if proxy:
        texts.append(f"-o {shlex.quote(f'ProxyCommand={proxy}')}")
    return " ".join(texts)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
