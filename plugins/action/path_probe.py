# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe paths: targets in, what new connections met out."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import unsafe

# netmiko takes long to import; named here, it is imported once, before Ansible forks for each host.
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import netmiko_channel  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    failure,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Channel
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.probe import probe, request_of

TARGET_OPTIONS = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "handshake": {"type": "str", "default": "none"},
}
# Seconds that the agent may be silent for beyond its attempts; they have a time-out of their own.
COMMAND_TIMEOUT = 60


class ActionModule(HostsAction):
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        **HOST_OPTIONS,
        "targets": {"type": "list", "elements": "dict", "options": TARGET_OPTIONS, "required": True},
        "sources": {"type": "list", "elements": "str", "default": []},
        "attempts": {"type": "int", "default": 3},
        "timeout": {"type": "float", "default": 2.0},
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        asked = request_of(options["targets"], options["sources"], options["attempts"], options["timeout"])

        def look(channel: Channel, access: HostAccess) -> dict[str, Any]:
            found = probe(channel, **asked, python=access.python)
            return {**found, "all_reachable": all(path["result"] == "reachable" for path in found["paths"])}

        good, errors = self.on_hosts({**options, "timeout": COMMAND_TIMEOUT}, task_vars, look, "probed")
        hosts = len(good) + len(errors)
        result: dict[str, Any] = {"changed": False, "probes": good, **failure(errors, hosts, "probed")}
        if hosts == 1:
            result["probe"] = next(iter(good.values()), {})
        found: dict[str, Any] = unsafe(result)
        return found
