# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guarded play in the lab, and what it leaves: for the tests of the guard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.integration.lab_fixture import ROOT, Lab

POLICY = ROOT / "lab" / "scenarios" / "policy.yml"
RULES = "nft -s list ruleset"
SAVED = "cat /etc/nftables.conf"
# Two app hosts make a batch that is quick, and the policy still speaks of all ten.
BATCH = "app01,app09"
ENVIRONMENT = {"ANSIBLE_PIPELINING": "true", "ANSIBLE_FORKS": "10", "ANSIBLE_NOCOWS": "true"}


@dataclass(frozen=True)
class Outcome:
    """``runs``: the guard's runs in order: their reports (JSON), or the reports of their first step."""

    code: int
    output: str
    runs: list[dict[str, Any]]
    decisions: list[str]

    @property
    def guard(self) -> dict[str, Any]:
        assert len(self.runs) == 1, self.output
        found: dict[str, Any] = self.runs[0]["guard"]
        return found

    def path(self, name: str) -> dict[str, Any]:
        return next(item for item in self.runs[0]["paths"] if item["name"] == name)


def fw1(lab: Lab) -> tuple[str, str]:
    """The rules of fw1, in force and on disk."""
    return lab.run("fw1", RULES, check=True).stdout, lab.run("fw1", SAVED, check=True).stdout


def on_fw1(command: str) -> dict[str, Any]:
    """A task of the change that runs a shell command on fw1."""
    return {
        "name": "Change the firewall",
        "ansible.builtin.shell": command,
        "delegate_to": "fw1",
        "run_once": True,
        "changed_when": True,
    }


@dataclass(frozen=True)
class Guarded:
    """A play of its own kind in a folder of its own."""

    lab: Lab
    folder: Path

    def run(
        self,
        tasks: Sequence[Mapping[str, Any]],
        *arguments: str,
        hosts: str = BATCH,
        play: Mapping[str, Any] | None = None,
        handlers: Sequence[Mapping[str, Any]] = (),
        role: Mapping[str, Any] | None = None,
        more: Sequence[Mapping[str, Any]] = (),
        **variables: Any,
    ) -> Outcome:
        """The quickest guard: fw1 alone is protected, nothing is probed, paths are proven once.

        ``tasks``: the change. ``play``, ``role``: more keywords of the play, and of the task that imports
        the role. ``more``: plays that follow. ``variables`` of the role without their prefix."""
        if variables.get("probe"):
            self.lab.wait_for_apps()
        self.write("change.yml", list(tasks))
        settings = {
            "policy": str(POLICY),
            "change_tasks": "change.yml",
            "protect": "fw1",
            "probe": False,
            "settle": 0,
            "timeout": 120,
            **variables,
        }
        guarded = {
            "name": "Update",
            "hosts": hosts,
            "gather_facts": False,
            "tasks": [
                {
                    "name": "Update behind the guard",
                    "ansible.builtin.import_role": {"name": "pathguard.network.path_guard"},
                    "vars": {f"path_guard_{name}": value for name, value in settings.items()},
                    **(role or {}),
                }
            ],
            "handlers": list(handlers),
            **(play or {}),
        }
        return self.play([guarded, *more], *arguments)

    def play(self, plays: Sequence[Mapping[str, Any]], *arguments: str) -> Outcome:
        self.write("play.yml", list(plays))
        done = self.lab.ansible(self.folder / "play.yml", *arguments, env=ENVIRONMENT)
        return self.outcome(done.returncode, done.stdout + done.stderr)

    def outcome(self, code: int, output: str) -> Outcome:
        folders = (
            sorted((self.folder / "pathguard").glob("*/")) if (self.folder / "pathguard").exists() else []
        )
        files = [
            next((file for file in (run / "report.json", run / "before.json") if file.exists()), None)
            for run in folders
        ]
        return Outcome(
            code,
            output,
            [json.loads(file.read_text()) for file in files if file],
            [
                json.loads((run / "run.json").read_text())["decision"]
                for run in folders
                if (run / "run.json").exists()
            ],
        )

    def write(self, name: str, document: Any) -> None:
        (self.folder / name).write_text(yaml.safe_dump(document, sort_keys=False))
