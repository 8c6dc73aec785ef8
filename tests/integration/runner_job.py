# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as automation platforms run them: by ansible-runner, from a private data folder."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

IDENT = "job"
# The project is mounted so that nothing can be written into it, for this job alone.
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


@dataclass(frozen=True)
class Job:
    """``events``: all job events, in order."""

    rc: int
    status: str
    events: list[dict[str, Any]]
    output: str

    @property
    def artifacts(self) -> dict[str, Any]:
        """What set_stats left, which a platform gives to later jobs and to notifications."""
        [last] = [event for event in self.events if event["event"] == "playbook_on_stats"]
        found: dict[str, Any] = last["event_data"]["artifact_data"]
        return found

    def results(self, kind: str, action: str = "pathguard.network.guard_step") -> list[dict[str, Any]]:
        """The action's own results among the events of this kind."""
        return [
            event["event_data"]["res"]
            for event in self.events
            if event["event"] == kind and event["event_data"]["task_action"] == action
        ]

    @property
    def largest_event(self) -> int:
        """In characters, as a platform keeps it."""
        return max(len(json.dumps(event)) for event in self.events)


def read_job(folder: Path, output: str) -> Job:
    """What a finished job has left in its private data folder."""
    artifacts = folder / "artifacts" / IDENT
    assert (artifacts / "rc").exists(), output
    found = [json.loads(file.read_text()) for file in (artifacts / "job_events").glob("*.json")]
    events = sorted(found, key=lambda event: int(event["counter"]))
    return Job(int((artifacts / "rc").read_text()), (artifacts / "status").read_text(), events, output)


def awx_inventory(
    groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any], number: int = 1, count: int = 1
) -> dict[str, Any]:
    """What AWX gives a job for an inventory (``Inventory.get_script_data``): of a slice, every ``count``-th host by name,
    the groups without the hosts of other slices, and empty groups not at all."""
    hosts = sorted({name for names in groups.values() for name in names})
    if count > 1 and number > 0:
        hosts = hosts[number - 1 :: count]
    found: dict[str, Any] = {
        "all": {"hosts": [], "children": list(groups)},
        "_meta": {"hostvars": {name: dict(hostvars.get(name, {})) for name in hosts}},
    }
    for group, names in groups.items():
        own = [name for name in names if name in hosts]
        if own:
            found[group] = {"hosts": own}
    return found


def launch(
    folder: Path,
    playbook: str,
    project: Path,
    inventory: Mapping[str, Any],
    variables: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> Job:
    """Run a job. ``project``: its content; the job can't write there. The inventory is a program, as AWX makes one."""
    write(folder / "env" / "extravars", {"awx_job_id": 1, **variables})
    write(folder / "env" / "envvars", {"ANSIBLE_HOST_KEY_CHECKING": "true", **(environment or {})})
    program = folder / "inventory" / "hosts"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho {shlex.quote(json.dumps(inventory))}\n")
    program.chmod(0o700)
    (folder / "project").mkdir()
    copied = subprocess.run(["cp", "-a", f"{project}/.", str(folder / "project")], check=True)
    assert copied.returncode == 0
    binaries = Path(sys.executable).parent
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", READ_ONLY, "-", str(folder / "project"),
         str(binaries / "ansible-runner"), "run", str(folder), "-p", playbook, "--ident", IDENT],
        env={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(folder), "PWD": "/"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd="/",
    )  # fmt: skip
    return read_job(folder, done.stdout + done.stderr)


def write(path: Path, document: Any) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def everywhere(folder: Path, text: str) -> list[str]:
    """The files of a folder that hold a text."""
    return [
        str(file)
        for file in folder.rglob("*")
        if file.is_file() and text in file.read_text("utf-8", "replace")
    ]
