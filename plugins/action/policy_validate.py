# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove a policy: snapshots in, report out, once for all hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.candidates import (
    candidates_from,
    planned_states,
    reread,
    told,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.names_file import read_beside
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.offline import (
    OfflineAction,
    Told,
    groups_of,
    states_of,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import read
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.complain import naming
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.expected import (
    check_hosts,
    expected_from,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.names import Names
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render


class ActionModule(OfflineAction):
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "policy": {"type": "raw", "required": True},
        "snapshots": {"type": "raw", "required": True},
        "baseline": {"type": "raw"},
        "candidates": {"type": "raw"},
        "expected_changes": {"type": "raw", "default": []},
        "groups": {"type": "dict"},
        "fail_on": {"type": "str", "choices": ["violation", "never"], "default": "violation"},
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        # Mistakes in the policy are told before anything else is read.
        policy = load_policy(options["policy"], Path(self._loader.get_basedir()))
        expected = expected_from(native(options["expected_changes"]), policy, "expected_changes")
        groups = groups_of(options["groups"], task_vars)
        files = self.files(options["snapshots"], "snapshots")
        states = states_of(files)
        known = dict.fromkeys([*(host for hosts in groups.values() for host in hosts), *states])
        check_hosts(expected, list(known), "expected_changes")
        names = Names(read_beside(files.values()))
        baseline, names_before = None, None
        if options["baseline"] is not None:
            earlier = self.files(options["baseline"], "baseline")
            baseline, names_before = states_of(earlier), Names(read_beside(earlier.values()))
        planned = {}
        if options["candidates"] is not None:
            planned = candidates_from(native(options["candidates"]), Path(self._loader.get_basedir()))
            now = {host: read(files[host], host) for host in planned if host in files}
            baseline = {**states, **reread(now)} if baseline is None else baseline
            states = {**states, **planned_states(now, planned, files)}
        snapshots = {host: str(path) for host, path in files.items()}
        with naming(policy.name):
            report = validate(
                policy,
                states,
                groups,
                baseline,
                resolver=names,
                progress=Told(),
                snapshots=snapshots,
                names_before=names_before,
                planned=told(planned),
                expected=expected,
            )
        result: dict[str, Any] = {"changed": False, "report": report}
        if report["summary"]["verdict"] == "fail" and options["fail_on"] == "violation":
            result.update(failed=True, msg=render(report, "text").rstrip())
        found: dict[str, Any] = unsafe(result)
        return found
