# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the checkpoints of one or many hosts."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import run
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import unprotected
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import netmiko_channel  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    Progress,
    failure,
)


class ActionModule(HostsAction):
    SPEC: ClassVar[dict[str, dict[str, Any]]] = dict(HOST_OPTIONS)

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        accesses = self.logins(options, task_vars).accesses(options["hosts"])
        able, _unused = run.protectable(accesses)
        each = run.over(accesses, options["workers"], progress=Progress("asked"))
        answers = run.status_all(each, able)
        outcome = run.RunOutcome("asked", answers)
        told = {name: run.answer_dict(name, answer) for name, answer in answers.items()}
        for access in accesses:
            if access.name not in able:
                told[access.name] = unprotected(access.name, access.platform).to_dict()
        result: dict[str, Any] = {
            "changed": False,
            "checkpoints": told,
            **failure(outcome.failed, len(accesses), "asked"),
        }
        found: dict[str, Any] = unsafe(result)
        return found
