# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe paths: targets in, what new connections met out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError

# netmiko takes long to import; named here, it is imported once, before Ansible forks for each host.
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import netmiko_channel, snapshot  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    failure,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Channel
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.probe import probe, request_of
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.probes import (
    Target,
    expected_targets,
    required_paths,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy

TARGET_OPTIONS = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "handshake": {"type": "str", "default": "none"},
}
# Seconds that the agent may be silent for beyond its attempts; they have a time-out of their own.
COMMAND_TIMEOUT = 60

Targets = list[dict[str, Any]]


class ActionModule(HostsAction):
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        **HOST_OPTIONS,
        "targets": {"type": "list", "elements": "dict", "options": TARGET_OPTIONS},
        "policy": {"type": "raw"},
        "paths": {"type": "list", "elements": "str"},
        "snapshots": {"type": "list", "elements": "str"},
        "sources": {"type": "list", "elements": "str", "default": []},
        "attempts": {"type": "int", "default": 3},
        "timeout": {"type": "float", "default": 2.0},
    }
    RULES: ClassVar[dict[str, Any]] = {
        "required_one_of": [("targets", "policy")],
        "mutually_exclusive": [("targets", "policy"), ("policy", "sources")],
        "required_by": {"paths": ("policy",), "snapshots": ("policy",)},
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = {
            **options,
            "timeout": COMMAND_TIMEOUT,
            "hosts": self._hosts(options, task_vars),
            "seconds": options["timeout"],
        }
        targets, untried = self._targets(options, task_vars)
        asked = {
            host: request_of(found, options["sources"], options["attempts"], options["seconds"])
            for host, found in targets.items()
        }

        def look(channel: Channel, access: HostAccess) -> dict[str, Any]:
            settings = {**asked[access.name], "targets": targets[access.name]}
            found = probe(channel, **settings, python=access.python)
            return {**found, "all_reachable": all(path["result"] == "reachable" for path in found["paths"])}

        good, errors = self.on_hosts({**options, "hosts": list(asked)}, task_vars, look, "probed")
        hosts = len(good) + len(errors)
        result: dict[str, Any] = {"changed": False, "probes": good, **failure(errors, hosts, "probed")}
        if options["policy"] is not None:
            result["untried"] = untried
        if hosts == 1:
            result["probe"] = next(iter(good.values()), {})
        found: dict[str, Any] = unsafe(result)
        return found

    def _hosts(self, options: dict[str, Any], task_vars: dict[str, Any]) -> list[str]:
        return self.logins({**options, "timeout": COMMAND_TIMEOUT}, task_vars).names(options["hosts"])

    def _targets(
        self, options: dict[str, Any], task_vars: dict[str, Any]
    ) -> tuple[dict[str, Targets], list[str]]:
        """What each host is to try: the same for all, or by a policy what its paths ask of each.

        Beside it the paths of which nothing can be tried from anywhere.
        """
        if options["targets"] is not None:
            return dict.fromkeys(options["hosts"], options["targets"]), []
        policy = load_policy(options["policy"], Path(self._loader.get_basedir()))
        groups = native(task_vars["groups"])
        states = snapshot.states(options["snapshots"] or [], self._loader.path_dwim)
        targets: dict[str, Targets] = {}
        expected = expected_targets(policy, states, groups, options["paths"])
        for target, expect in expected:
            if target.host in options["hosts"]:
                targets.setdefault(target.host, []).append(_row(target, expect))
        if not targets:
            raise PolicyError(
                f"the policy asks for nothing that can be probed from {', '.join(options['hosts'])}",
                "paths" if options["paths"] else "policy",
                "probe from the hosts that its required tcp paths come from; give snapshots, by which they are found",
            )
        tried = {target.path for target, _expect in expected}
        paths = required_paths(policy, options["paths"])
        return targets, [path.name for path in paths if path.name not in tried]


def _row(target: Target, expect: str) -> dict[str, Any]:
    row = target.to_dict()
    del row["host"]
    return {**row, "expect": expect}
