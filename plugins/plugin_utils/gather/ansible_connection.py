# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection plugin of Ansible's for any host of the inventory, with that host's own options.

Ansible makes one for the task's own host. For the others this does what its task executor does: load the
plugin, its become plugin and its shell, and give each the host's variables and the task's keywords.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError

from ..errors import GatherError
from .access import HostAccess
from .host_vars import HostVariables

ALIASES = {"smart": "ssh"}


def build(
    action: Any,
    access: HostAccess,
    kind: str,
    found: HostVariables,
    own: bool,
    host_key_checking: bool | None,
) -> HostAccess:
    """The access with a connection. Raises GatherError if there is no such plugin, or bad options."""
    kind = ALIASES.get(kind, kind)
    try:
        connection = action._connection if own else _load(action, access, kind, found)
        _adjust(connection, host_key_checking)
    except AnsibleError as error:
        raise GatherError(
            f"the connection {kind!r} can't be made: {access.scrub(str(error))}",
            access.name,
            "check its ansible_connection and the variables of that connection",
        ) from None
    become = getattr(connection, "become", None)
    return replace(access, transport="connection", connection=connection, become=become is not None)


def _load(action: Any, access: HostAccess, kind: str, found: HostVariables) -> Any:
    loaders = action._shared_loader_obj
    context = action._play_context.copy()
    context.connection = kind
    context.remote_addr = access.address
    context.remote_user = access.user
    context.port = access.port
    context.password = access.password or ""
    context.private_key_file = access.key_file
    context.become_pass = access.become_password or ""
    connection = loaders.connection_loader.get(kind, context, os.devnull)
    if connection is None:
        raise AnsibleError(f"there is no connection plugin {kind!r}")
    keys = _task_keys(action, access)
    variables = found.set_of(C.config.get_plugin_vars("connection", connection._load_name))
    connection.set_options(
        task_keys=keys, var_options={"_extras": {}, **variables, "inventory_hostname": access.name}
    )
    shell = connection._shell
    shell.set_options(
        task_keys=keys, var_options=found.set_of(C.config.get_plugin_vars("shell", shell._load_name))
    )
    if access.become:
        connection.set_become_plugin(_become(loaders, access, keys, found))
    return connection


def _become(loaders: Any, access: HostAccess, keys: dict[str, Any], found: HostVariables) -> Any:
    plugin = loaders.become_loader.get(access.become_method)
    if plugin is None:
        raise AnsibleError(f"there is no become plugin {access.become_method!r}")
    variables = found.set_of(C.config.get_plugin_vars("become", plugin._load_name))
    plugin.set_options(task_keys=keys, var_options=variables)
    return plugin


def _task_keys(action: Any, access: HostAccess) -> dict[str, Any]:
    """The keywords that options may come from; the task's own time-out and retries are no connection's."""
    keys: dict[str, Any] = action._task.dump_attrs()
    keys.pop("retries", None)
    keys["timeout"] = action._play_context.timeout
    if access.password:
        keys["password"] = access.password
    if access.become_password:
        keys["become_pass"] = access.become_password
    return keys


def _adjust(connection: Any, host_key_checking: bool | None) -> None:
    options = connection.option_definitions
    if host_key_checking is not None and "host_key_checking" in options:
        connection.set_option("host_key_checking", host_key_checking)
    if "pipelining" in options:
        # Else the local connection gives sudo a terminal for its password, and a command has no stdin.
        connection.set_option("pipelining", True)
