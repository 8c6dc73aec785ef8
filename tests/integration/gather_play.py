# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one play of tasks in the lab and gives back what each of them left."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Controller(Protocol):
    """Where ansible-playbook can be run: the lab, for one."""

    def ansible(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it, and return what it printed."""


@dataclass(frozen=True)
class Played:
    """``results``: task name -> host -> result, as Ansible's json callback has it. ``text``: all of the output."""

    rc: int
    results: dict[str, dict[str, dict[str, Any]]]
    text: str

    def of(self, task: str, host: str = "fw1") -> dict[str, Any]:
        return self.results[task][host]


def play(
    lab: Controller,
    folder: Path,
    tasks: Sequence[Mapping[str, Any]],
    *arguments: str,
    hosts: str = "fw1",
    keywords: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
) -> Played:
    """Each task has a name. A JSON playbook is a YAML playbook."""
    book = folder / "play.yml"
    book.write_text(
        json.dumps([{"hosts": hosts, "gather_facts": False, "tasks": list(tasks), **(keywords or {})}])
    )
    done = _run(lab, book, arguments, dict(env or {}))
    return Played(done.returncode, _results(folder / "results.jsonl"), done.stdout + done.stderr)


def _run(
    lab: Controller, book: Path, arguments: Sequence[str], env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    callbacks = book.parent / "callbacks"
    callbacks.mkdir(exist_ok=True)
    (callbacks / "collect.py").write_text(CALLBACK)
    results = book.parent / "results.jsonl"
    results.unlink(missing_ok=True)
    own = {
        "ANSIBLE_CALLBACK_PLUGINS": str(callbacks),
        "ANSIBLE_CALLBACKS_ENABLED": "collect",
        "COLLECT_INTO": str(results),
    }
    return lab.ansible(book, *arguments, env={**env, "ANSIBLE_STDOUT_CALLBACK": "default", **own})


def _results(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        item = json.loads(line)
        found.setdefault(item["task"], {})[item["host"]] = item["result"]
    return found


# The json callback that ansible-core has lost; only what these tests need of it.
CALLBACK = '''
DOCUMENTATION = """
name: collect
type: aggregate
short_description: write results to a file
description: One JSON line for each result.
"""
import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "collect"

    def _keep(self, result, **more):
        text = self._dump_results(result._result, indent=None)
        item = {"task": result._task.get_name(), "host": result._host.get_name(), "result": {**json.loads(text), **more}}
        with open(os.environ["COLLECT_INTO"], "a") as file:
            file.write(json.dumps(item) + "\\n")

    def v2_runner_on_ok(self, result):
        self._keep(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._keep(result, failed=True)

    def v2_runner_on_unreachable(self, result):
        self._keep(result, was_unreachable=True)
'''
