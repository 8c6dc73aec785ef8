# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow one flow through the gathered network: snapshots in, hops out, once for all hosts."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.offline import (
    OfflineAction,
    Told,
    groups_of,
    states_of,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.trace import trace
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render_trace


class ActionModule(OfflineAction):
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "flow": {"type": "dict", "required": True},
        "snapshots": {"type": "raw", "required": True},
        "host": {"type": "str"},
        "in_interface": {"type": "str"},
        "groups": {"type": "dict"},
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        groups = groups_of(options["groups"], task_vars)
        states = states_of(self.files(options["snapshots"], "snapshots"))
        begin = (options["host"] or "", options["in_interface"] or "")
        traced = trace(states, groups, options["flow"], *begin, progress=Told())
        found: dict[str, Any] = unsafe({"changed": False, **traced, "msg": render_trace(traced).rstrip()})
        return found
