# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of the guard, for all hosts of the batch at once: thin, the engine is plugin_utils/guard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.utils.display import Display

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import netmiko_channel  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    Progress,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.candidates import candidates_from
from ansible_collections.pathguard.network.plugins.plugin_utils.guard import record, report, text
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.after import UNPROVEN, After, Judge
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.batch import check_strategy, lost
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.before import Start, begin
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.closing import close_open
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.flowdiff import flow_diff_within
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.outcomes import (
    LOST,
    HostFailure,
    failures,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.site import Site
from ansible_collections.pathguard.network.plugins.plugin_utils.home import expanded
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.given import Candidate

LOGIN_OPTIONS = {name: HOST_OPTIONS[name] for name in ("transport", "host_key_checking", "workers")}
LEFT_OPEN = "the play ended without a verdict: all hosts were lost, or the change ended the play"
# Seconds for what --diff shows.
FLOW_DIFF = 30.0
# Standard output of these callbacks is a document of their own.
MACHINE_READABLE = ("json", "jsonl", "junit", "null")


class ActionModule(HostsAction):
    """Not BYPASS_HOST_LOOP but ``run_once`` in the role makes it one for all hosts: with the former Ansible itself
    ends a play of the free strategy, before a clear word could be said."""

    ROLE = "path_guard"
    FIRST_STEPS = ("pre",)
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "step": {"type": "str", "required": True, "choices": ["pre", "post", "revert", "close", "verdict"]},
        "policy": {"type": "raw"},
        "hops": {"type": "list", "elements": "str"},
        "protect": {"type": "list", "elements": "str"},
        "change_tasks": {"type": "str"},
        "folder": {"type": "str"},
        "snapshot_dir": {"type": "str", "default": "pathguard"},
        "run_id": {"type": "str", "default": ""},
        "timeout": {"type": "int", "default": 300},
        "expected_changes": {"type": "list", "elements": "raw", "default": []},
        "candidates": {"type": "raw"},
        "accept_violations": {"type": "bool", "default": False},
        "probe": {"type": "bool", "default": True},
        "probe_timeout": {"type": "float", "default": 2.0},
        "settle": {"type": "float", "default": 3.0},
        "reason": {"type": "str", "default": ""},
        "result": {"type": "raw"},
        "command_timeout": {"type": "int", "default": 60},
        **LOGIN_OPTIONS,
    }
    RULES: ClassVar[dict[str, Any]] = {
        "required_if": [("step", "pre", ("policy",)), ("step", "verdict", ("result",))],
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        check_strategy(self._task, self._templar.template)
        steps: dict[str, Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]] = {
            "pre": self._pre,
            "post": self._post,
            "revert": self._revert,
            "close": self._close,
            "verdict": self._verdict,
        }
        found: dict[str, Any] = unsafe(steps[options["step"]](options, task_vars))
        return found

    # Steps.

    def _pre(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        change = self._change_tasks(options)
        for option in ("hops", "protect"):
            if options[option] is not None and not options[option]:
                raise GuardError(
                    f"path_guard_{option} matches no host of the inventory",
                    f"path_guard_{option}",
                    "correct the host pattern, or leave it out for the default; nothing was changed",
                )
        all_hosts = native(task_vars["ansible_play_hosts_all"])
        batch = native(task_vars["ansible_play_batch"])
        groups = native(task_vars["groups"])
        start = Start(
            policy=options["policy"],
            folder=self._folder(options),
            snapshot_dir=self._snapshot_dir(options),
            groups=groups,
            hosts=groups.get("all", []),
            batch=batch,
            lost=lost(self._task, all_hosts, batch, native(task_vars["ansible_play_hosts"])),
            hops=options["hops"],
            protect=options["protect"],
            run_id=options["run_id"],
            timeout=options["timeout"],
            accept_violations=options["accept_violations"],
            expected_changes=native(options["expected_changes"]),
            candidates=self._candidates(options),
            probe=options["probe"],
            probe_timeout=options["probe_timeout"],
            markers=change is not None,
            check_mode=self._task.check_mode,
        )
        found = begin(start, self._site(options, task_vars), self._say)
        files = report.write_before(found)
        self._print(text.before(found))
        result: dict[str, Any] = {
            "changed": False,
            "run_id": found.run.id,
            "change_tasks": str(change) if change else None,
            "protected": found.run.protected,
            "unprotected": found.run.unprotected,
            "paths": text.short_paths(found.proof.paths),
            "report": str(files["json"]),
            **_stats(found.run.id, "stopped" if found.stopped else "begun"),
        }
        if found.stopped:
            where = f"run {found.run.id}, see {files['text']}"
            result.update(failed=True, msg=str(GuardError(found.stopped, where, found.todo)))
        return result

    def _post(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        run, folder = self._run(options)
        judge = Judge(run, folder, self._site(options, task_vars), self._say, options["settle"])
        found = judge.decide(self._failures(run, task_vars))
        result = self._told(found)
        return self._with_diff(result, _flow_diff(judge, found)) if self._task.diff else result

    def _revert(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        run, folder = self._run(options)
        judge = Judge(run, folder, self._site(options, task_vars), self._say, 0.0)
        found = judge.give_up(options["reason"] or "asked for by hand")
        # Reverting is what was asked for: it is good if it is proven.
        return {**self._told(found), "good": found.decision != UNPROVEN}

    def _close(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Restore what this playbook's runs have left open: all hosts lost, or the play ended by the change."""
        hostvars = task_vars["hostvars"]
        begun = [native(hostvars[host].get("path_guard_before") or {}).get("run_id") for host in hostvars]
        results = close_open(
            filter(None, begun),
            self._snapshot_dir(options),
            lambda run_id: self._revert({**options, "run_id": run_id, "reason": LEFT_OPEN}, task_vars),
        )
        if not results:
            return {"changed": False, "good": True, "decision": "closed", "run_id": ""}
        return {**results[-1], "good": False, "changed": any(result["changed"] for result in results)}

    def _verdict(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Fail where the last step's decision was not good; a step that left none is not good."""
        last = options["result"] if isinstance(options["result"], dict) else {}
        if last.get("good") is True:
            return {"changed": False, "decision": last["decision"], "run_id": last["run_id"]}
        if "decision" not in last:
            raise GuardError(
                "the guard came to no decision, so its checkpoints will put the firewalls back",
                "path_guard",
                "look why its last step did not run (a condition on the role?); see firewall_checkpoint_info",
            )
        return {
            "failed": True,
            "msg": last["summary"],
            "decision": last["decision"],
            "run_id": last["run_id"],
        }

    # What a step needs.

    def _run(self, options: dict[str, Any]) -> tuple[record.Run, Path]:
        if not options["run_id"]:
            raise GuardError(
                "it is not known which run this is about",
                "path_guard_run_id",
                "run 'pre' first in the same playbook, or give the run id that it printed",
            )
        snapshot_dir = self._snapshot_dir(options)
        run = record.read(snapshot_dir, options["run_id"])
        return run, snapshot_dir / run.id

    def _failures(self, run: record.Run, task_vars: dict[str, Any]) -> list[HostFailure]:
        if run.markers:
            hostvars = task_vars["hostvars"]
            notes = {
                host: native(hostvars[host].get("path_guard_outcome"))
                for host in run.batch
                if host in hostvars
            }
            return failures(run.batch, notes, run.id)
        if not set(run.batch) <= set(native(task_vars["ansible_play_hosts_all"])):
            return []
        here = native(task_vars["ansible_play_batch"])
        return [HostFailure(host, LOST) for host in run.batch if host not in here]

    def _site(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Site:
        login = {**options, "timeout": options["command_timeout"], "platform": None}
        return Site(self.logins(login, task_vars).accesses, options["workers"], Progress)

    def _folder(self, options: dict[str, Any]) -> Path:
        return Path(options["folder"] or self._loader.get_basedir())

    def _snapshot_dir(self, options: dict[str, Any]) -> Path:
        return self._folder(options) / expanded(options["snapshot_dir"])

    def _change_tasks(self, options: dict[str, Any]) -> Path | None:
        """The user's file, absolute: Ansible would look for it in the role's own folder first."""
        if not options["change_tasks"]:
            return None
        path = self._folder(options) / expanded(options["change_tasks"])
        if not path.is_file():
            raise GuardError(
                "there is no such file of tasks",
                str(path),
                "name the change's tasks by path_guard_change_tasks",
            )
        # Ansible reads it when the checkpoints are armed, and ends the play where it can't.
        try:
            tasks = self._loader.load_from_file(str(path))
        except AnsibleError as error:
            raise GuardError(
                "the file of tasks is no YAML that Ansible can read", f"{path}{_line(error)}", "mend it"
            ) from error
        if tasks is not None and not isinstance(tasks, list):
            raise GuardError(
                "this is no list of tasks", str(path), "write tasks alone, without a play around them"
            )
        return path

    def _candidates(self, options: dict[str, Any]) -> dict[str, list[Candidate]]:
        """What the change is going to apply, by host; none if that is not known."""
        given = native(options["candidates"])
        if given in (None, "", {}):
            return {}
        return candidates_from(given, self._folder(options), "path_guard_candidates")

    # What people see.

    def _told(self, found: Any) -> dict[str, Any]:
        # Told before it is written: a disk without room must not hide what was decided and done.
        files = report.files_after(found.folder)
        self._print(text.after(found, files, self._task.diff))
        found.run.decision = found.decision
        found.run.write(found.folder)
        report.write_after(found, self._task.diff)
        return {
            "changed": bool(found.revert and found.revert.changed),
            "good": found.good,
            "decision": found.decision,
            "run_id": found.run.id,
            "summary": text.summary(found, files),
            "paths": text.short_paths(found.proof.paths if found.proof else found.before),
            "report": str(files["json"]),
            "report_text": str(files["text"]),
            **_stats(found.run.id, found.decision),
        }

    def _with_diff(self, result: dict[str, Any], diff: str) -> dict[str, Any]:
        """Callbacks show the diff of a task that changed something; a change that is kept is not this task's."""
        if not diff:
            return result
        if not result["changed"]:
            self._print(diff)
        return {**result, "diff": {"prepared": diff}}

    def _say(self, text: str) -> None:
        if not _machine_readable():
            Display().display(text)

    def _print(self, text: str) -> None:
        self._say("\n" + text.rstrip("\n") + "\n")


def _flow_diff(judge: Judge, found: After) -> str:
    return flow_diff_within(FLOW_DIFF, lambda: judge.baseline, found.states) if found.states else ""


def _machine_readable() -> bool:
    return str(C.config.get_config_value("DEFAULT_STDOUT_CALLBACK")).rpartition(".")[2] in MACHINE_READABLE


def _stats(run_id: str, decision: str) -> dict[str, Any]:
    """What set_stats would set: small, because it becomes variables and notifications of later jobs."""
    data = {"path_guard_run_id": run_id, "path_guard_decision": decision}
    return {"ansible_stats": {"data": data, "per_host": False, "aggregate": False}}


def _line(error: BaseException | None) -> str:
    """Where PyYAML stopped (``problem_mark``, lines from 0), as ``:6``; nothing where no error of the chain knows."""
    while error is not None:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            return f":{mark.line + 1}"
        error = error.__cause__ or error.__context__
    return ""
