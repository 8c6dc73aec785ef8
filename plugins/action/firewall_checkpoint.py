# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arm, renew, confirm, restore or drop the checkpoints of one or many hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import run
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.driver import check_id
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import (
    CheckpointStatus,
    unprotected,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES, CheckpointError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import netmiko_channel  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    Progress,
    failure,
)

Step = Callable[[run.Each, Sequence[str], dict[str, Any]], run.RunOutcome]


def _plain(decision: str, answers: Mapping[str, run.Answer]) -> run.RunOutcome:
    return run.RunOutcome(decision, dict(answers))


# state -> what is asked of the hosts. A table, because each is one call.
STEPS: dict[str, Step] = {
    "armed": lambda each, names, options: run.arm_all(
        each,
        names,
        options["id"],
        options["timeout"],
        take_over=options["reason"] if options["take_over"] else "",
        owners=options["dynamic_owners"],
        boot_hook=options["boot_hook"],
    ),
    "renewed": lambda each, names, options: _plain(
        "renewed", run.renew_all(each, names, options["id"], options["timeout"])
    ),
    "confirmed": lambda each, names, options: run.confirm_all(each, names, options["id"]),
    "restored": lambda each, names, options: run.restore_all(each, names, options["id"], options["reason"]),
    "absent": lambda each, names, options: _plain(
        "absent",
        run.absent_all(
            each, names, options["id"], take_over=options["reason"] if options["take_over"] else ""
        ),
    ),
}


class ActionModule(HostsAction):
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        **HOST_OPTIONS,
        "id": {"type": "str", "required": True},
        "state": {"type": "str", "default": "armed", "choices": list(STEPS)},
        "timeout": {"type": "int", "default": 300},
        "take_over": {"type": "bool", "default": False},
        "reason": {"type": "str", "default": ""},
        "dynamic_owners": {"type": "list", "elements": "str"},
        "boot_hook": {"type": "str", "default": "auto", "choices": ["auto", "cron", "none"]},
        "command_timeout": {"type": "int", "default": 60},
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if options["take_over"] and not options["reason"].strip():
            raise CheckpointError(
                "a take-over needs a reason, which is logged", "reason", "say why, in a sentence"
            )
        logins = self.logins({**options, "timeout": options["command_timeout"]}, task_vars)
        accesses = logins.accesses(options["hosts"])
        check_id(options["id"], lambda: accesses)
        able, unable = run.protectable(accesses)
        platforms = {access.name: access.platform for access in accesses}
        statuses = {name: unprotected(name, platforms[name]) for name in unable}
        if unable and options["state"] != "absent":
            raise CheckpointError(
                f"no checkpoint can be {options['state']} on: {', '.join(unable)} "
                f"({statuses[unable[0]].messages[0]})",
                "hosts",
                "leave these out, and protect them otherwise",
            )
        each = run.over(accesses, options["workers"], progress=Progress("asked"))
        check = self._task.check_mode
        step = self._checked if check else STEPS[options["state"]]
        outcome = step(each, able, options)
        told = {name: run.answer_dict(name, answer) for name, answer in {**outcome.hosts, **statuses}.items()}
        result: dict[str, Any] = {
            "changed": self._changed(options["state"], outcome),
            "checkpoints": told,
            "decision": outcome.decision,
            "messages": outcome.messages,
            **self._failed(options["state"], outcome, check),
        }
        found: dict[str, Any] = unsafe(result)
        return found

    def _checked(self, each: run.Each, names: Sequence[str], options: dict[str, Any]) -> run.RunOutcome:
        return _plain("checked", run.status_all(each, names))

    def _changed(self, state: str, outcome: run.RunOutcome) -> bool:
        """A restore that found nothing changed is no change; reading never is."""
        if outcome.decision in ("checked", "refused"):
            return False
        if state == "restored":
            return any(
                isinstance(answer, CheckpointStatus) and answer.changed_tables
                for answer in outcome.hosts.values()
            )
        return True

    def _failed(self, state: str, outcome: run.RunOutcome, check: bool) -> dict[str, Any]:
        errors = failure(outcome.failed, len(outcome.hosts), state)
        if check or outcome.decision == state:
            return errors
        return {
            **errors,
            "failed": True,
            "msg": "\n".join(_lines(state, outcome)),
        }


def _lines(state: str, outcome: run.RunOutcome) -> list[str]:
    head = f"the checkpoints are {outcome.decision}, not {state}"
    if not outcome.held:
        return [head, *outcome.messages[: MAX_LINES - 1]]
    return [head, *outcome.messages[: MAX_LINES - 2], f"what to do: {run.HELD_TODO}"]
