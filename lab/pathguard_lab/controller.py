# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible on the lab's controller."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import topology
from .errors import LabError
from .process import CONTROLLER_ENVIRONMENT, inside
from .state import State

LAB = Path(__file__).resolve().parent.parent
TIMEOUT = 240.0
PLAYS = {
    "ANSIBLE_FORKS": "10",
    "ANSIBLE_PIPELINING": "true",
    "ANSIBLE_NOCOLOR": "true",
    "ANSIBLE_NOCOWS": "true",
    "ANSIBLE_DEPRECATION_WARNINGS": "false",
    "ANSIBLE_LOCALHOST_WARNING": "false",
}


@dataclass(frozen=True)
class Done:
    code: int
    output: str


class Controller:
    """The controller of a lab that runs. The programs are those of ``PATHGUARD_VENV``, else of this Python."""

    def __init__(self, state: State) -> None:
        self.state = state

    @property
    def programs(self) -> Path:
        return Path(os.environ.get("PATHGUARD_VENV") or sys.prefix) / "bin"

    def environment(self) -> dict[str, str]:
        """What Ansible finds the lab, the collection and its own programs by."""
        return {
            **os.environ,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(self.state.folder.parent),
            **CONTROLLER_ENVIRONMENT,
        }

    def arguments(self, command: list[str], cwd: Path) -> list[str]:
        """What runs a command there: this machine's files, the lab's network."""
        controller = self.state.running().inits[topology.CONTROLLER]
        return inside(controller.pid, ["env", "--chdir", str(cwd), *command], own_root=False)

    def start(
        self, playbook: str | Path, *arguments: str, cwd: Path = LAB, more: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start ansible-playbook, with the lab's inventory unless the arguments name one. Killing the process that is
        returned kills it with SIGKILL: see process.inside."""
        inventory = [] if "-i" in arguments else ["-i", str(LAB / "inventory")]
        command = [str(self.programs / "ansible-playbook"), *inventory, str(playbook), *arguments]
        return subprocess.Popen(
            self.arguments(command, cwd),
            env={**self.environment(), **PLAYS, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def play(
        self, playbook: str | Path, *arguments: str, cwd: Path = LAB, more: Mapping[str, str] | None = None
    ) -> Done:
        with self.start(playbook, *arguments, cwd=cwd, more=more) as process:
            try:
                output, _errors = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise LabError(f"{playbook} had not ended after {TIMEOUT:.0f} s") from None
            except BaseException:
                process.kill()
                raise
        return Done(process.returncode, output)
