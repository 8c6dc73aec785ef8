# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples that are plays or tasks -> playbooks: one that Ansible checks the syntax of, and one that it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.example_reasons import TASKS
from tests.support.examples import PLAY, Example, module_of, tasks_of

Task = Mapping[str, Any]
OURS = ("ansible.builtin.", "pathguard.network.")
LISTS = ("pre_tasks", "tasks", "post_tasks", "handlers")


def reason_of(task: Task) -> str:
    """Why a task is not run where there are no hosts; empty if it is."""
    module = module_of(task)
    if not module.startswith(OURS):
        return f"needs the collection {module.rpartition('.')[0]}"
    text = yaml.safe_dump(dict(task), width=1000)
    if "transport: files" in text:
        return ""
    return next((reason for part, reason in TASKS if part in text), "")


def _kept(tasks: Iterable[Task], keep: Callable[[Task], bool]) -> list[dict[str, Any]]:
    """The tasks of a list for which ``keep`` holds; of a block, those within it."""
    found = []
    for task in tasks:
        if "block" in task:
            inner = {key: _kept(task[key], keep) for key in ("block", "rescue", "always") if task.get(key)}
            if inner["block"]:
                found.append({**task, **inner})
        elif keep(task):
            found.append(dict(task))
    return found


def _as_plays(example: Example) -> list[dict[str, Any]]:
    data = example.data()
    if example.kind() == PLAY:
        return [dict(play) for play in data]
    return [{"hosts": "localhost", "gather_facts": False, "tasks": data}]


def write_for_syntax(examples: Iterable[Example], playbooks: Iterable[str], folder: Path) -> Path:
    """A playbook that imports all others: what stands in the collection, and a file for each example. Tasks of modules
    that are not installed are left out of it."""
    names = list(playbooks)
    for number, example in enumerate(examples):
        plays = []
        for play in _as_plays(example):
            kept = {
                key: _kept(play[key], lambda task: module_of(task).startswith(OURS))
                for key in LISTS
                if play.get(key)
            }
            plays.append({**play, **kept})
        name = f"syntax-{number}-{Path(example.page).stem}.yml"
        (folder / name).write_text(_dump(plays, example), encoding="utf-8")
        names.append(name)
    path = folder / "syntax.yml"
    path.write_text(yaml.safe_dump([{"import_playbook": name} for name in names]), encoding="utf-8")
    return path


def write_to_run(
    examples: Iterable[Example], folder: Path, wanted: str = "", host: str = "localhost"
) -> tuple[Path, list[Task]]:
    """A playbook that runs the tasks whose reason is ``wanted`` (by default: none), each example on its own, and fails
    in the end with what went wrong; and these tasks. Plays of several hosts run their tasks on ``host`` alone."""
    blocks: list[dict[str, Any]] = []
    run: list[Task] = []
    for example in examples:
        skip = _results_of(task for task in tasks_of(example.data()) if reason_of(task) != wanted)
        tasks = [
            task
            for play in _as_plays(example)
            for task in _kept(play.get("tasks") or [], _with_reason(wanted, skip))
        ]
        if not tasks:
            continue
        run += tasks_of(tasks)
        said = (
            "{{ failed_examples + ['"
            + example.where
            + ": ' ~ ansible_failed_result.msg | default('failed')] }}"
        )
        blocks.append(
            {
                "name": example.where,
                "block": tasks,
                "rescue": [{"ansible.builtin.set_fact": {"failed_examples": said}}],
            }
        )
    blocks.append(
        {
            "name": "All examples did what they say",
            "ansible.builtin.assert": {"that": "failed_examples == []", "fail_msg": "{{ failed_examples }}"},
        }
    )
    play = {
        "hosts": host,
        "gather_facts": False,
        "vars": {"failed_examples": []},
        "tasks": blocks,
    }
    path = folder / "run.yml"
    path.write_text(yaml.safe_dump([play], width=1000, sort_keys=False), encoding="utf-8")
    return path, run


def _results_of(tasks: Iterable[Task]) -> set[str]:
    return {str(task["register"]) for task in tasks if "register" in task}


def _with_reason(wanted: str, results: set[str]) -> Callable[[Task], bool]:
    """Tasks with that reason, but for those that need the result of one that has another."""

    def keep(task: Task) -> bool:
        text = yaml.safe_dump(dict(task))
        return reason_of(task) == wanted and not any(re.search(rf"\b{name}\b", text) for name in results)

    return keep


def left_out(examples: Iterable[Example]) -> Iterator[tuple[str, str, str]]:
    """(where, task, reason) of each task that does not run without hosts."""
    for example in examples:
        for task in tasks_of(example.data()):
            reason = reason_of(task)
            if reason:
                yield example.where, str(task.get("name", module_of(task))), reason


def _dump(plays: list[dict[str, Any]], example: Example) -> str:
    return f"# {example.where}\n{yaml.safe_dump(plays, width=1000, sort_keys=False)}"
