# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove a policy: snapshots in, report out, once for all hosts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError, StateError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    PROGRESS_EVERY,
    HostsAction,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import files_in, read
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.complain import naming
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render


class ActionModule(HostsAction):
    BYPASS_HOST_LOOP = True

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "policy": {"type": "raw", "required": True},
        "snapshots": {"type": "raw", "required": True},
        "baseline": {"type": "raw"},
        "groups": {"type": "dict"},
        "fail_on": {"type": "str", "choices": ["violation", "never"], "default": "violation"},
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        # Mistakes in the policy are told before anything else is read.
        policy = load_policy(options["policy"], Path(self._loader.get_basedir()))
        groups = _groups(options["groups"] if options["groups"] is not None else native(task_vars["groups"]))
        files = self._files(options["snapshots"], "snapshots")
        states = _states(files)
        baseline = None
        if options["baseline"] is not None:
            baseline = _states(self._files(options["baseline"], "baseline"))
        snapshots = {host: str(path) for host, path in files.items()}
        with naming(policy.name):
            report = validate(policy, states, groups, baseline, progress=_Progress(), snapshots=snapshots)
        result: dict[str, Any] = {"changed": False, "report": report}
        if report["summary"]["verdict"] == "fail" and options["fail_on"] == "violation":
            result.update(failed=True, msg=render(report, "text").rstrip())
        found: dict[str, Any] = unsafe(result)
        return found

    def _files(self, value: Any, option: str) -> dict[str, Path]:
        """The snapshot files by host: of a folder, or those of a list."""
        base = Path(self._loader.get_basedir())
        if isinstance(value, str) and value.strip():
            return files_in(Path(base, Path(value).expanduser()))
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(item, str) and item for item in value)
        ):
            raise StateError(
                "this must be a folder or a list of files", option, "name the folder of the snapshots"
            )
        found: dict[str, Path] = {}
        for item in value:
            path = Path(base, Path(item).expanduser())
            host = read(path).host
            if host in found:
                raise StateError(
                    f"two snapshots are of host {host!r}",
                    f"{found[host]} and {path}",
                    "leave one of them out",
                )
            found[host] = path
        return found


def _groups(value: Any) -> dict[str, list[str]]:
    if not isinstance(value, dict) or not all(
        isinstance(hosts, list) and all(isinstance(host, str) for host in hosts) for hosts in value.values()
    ):
        raise PathGuardError(
            "groups must map names to lists of hosts", "groups", "write {app: [app01, app02]}"
        )
    return value


def _states(files: dict[str, Path]) -> dict[str, State]:
    return {host: State.from_dict(read(path, host).state) for host, path in files.items()}


class _Progress:
    """One line now and then, so that long work does not look dead and a job's log is not flooded."""

    def __init__(self) -> None:
        self._next = time.monotonic() + PROGRESS_EVERY

    def __call__(self, text: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_EVERY
            Display().display(f"PathGuard: {text}")
