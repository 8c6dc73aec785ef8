# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guarded play on the lab's controller, as a user would run it, and what it leaves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .controller import LAB, Controller, Done
from .errors import LabError
from .state import State

# Lines that Ansible prints for each host and task: on a screen they hide the rest.
NOISE = re.compile(
    r"^((ok|changed|included|skipping): |(TASK|PLAY) |RUNNING HANDLER|Origin: |\d+ |\s+\^ column|\s*$"
    r"|NO MORE HOSTS|\[WARNING\]|\w+\s+: ok=)"
)


def show(output: str, say: Callable[[str], None]) -> None:
    """The play's output without its lines for each host and task."""
    for line in output.splitlines():
        if not NOISE.match(line) and not line.startswith("fatal: "):
            say(f"  | {line}")


def report_of(run: Path) -> tuple[dict[str, Any], str]:
    """The guard's report of a run: JSON, and text."""
    return json.loads((run / "report.json").read_text(encoding="utf-8")), (run / "report.txt").read_text(
        encoding="utf-8"
    )


class Play:
    """``lab/scenarios/update.yml`` with one change; its runs go to ``folder``."""

    def __init__(self, state: State, folder: Path, change: str, variables: dict[str, Any]) -> None:
        self.folder = folder
        self._controller = Controller(state)
        self._variables = {"change": change, "path_guard_snapshot_dir": str(folder / "runs"), **variables}
        folder.mkdir(exist_ok=True)

    def run(self) -> Done:
        done = self._controller.play(*self._words("update.yml"))
        (self.folder / "output.txt").write_text(done.output, encoding="utf-8")
        return done

    def run_until(self, reached: Callable[[], bool], seconds: float) -> None:
        """Start the play, and kill ansible-playbook with SIGKILL as soon as ``reached`` is true."""
        deadline = time.monotonic() + seconds
        with self._controller.start(*self._words("update.yml")) as process:
            try:
                while not reached():
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise LabError("the play ended, or took too long, before it changed the firewall")
                    time.sleep(0.1)
            finally:
                # The namespaces' helper dies, and the kernel sends SIGKILL to its child: see process.inside.
                process.kill()
                process.wait()

    def look(self) -> dict[str, Any]:
        """The checkpoint of fw1 and new connections from all app hosts, by the collection's own modules."""
        output = self._controller.play(*self._words("look.yml")).output
        try:
            found: dict[str, Any] = json.loads((self.folder / "look.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise LabError(f"looking at the hosts failed\n{output[-800:]}") from None
        return found

    def runs(self) -> list[Path]:
        return sorted((self.folder / "runs").iterdir())

    def decisions(self) -> list[str]:
        return [json.loads((run / "run.json").read_text(encoding="utf-8"))["decision"] for run in self.runs()]

    def fits_schema(self) -> bool:
        """Whether the JSON report is what schemas/report.schema.json says, by the controller's jsonschema."""
        check = (
            "import json, sys, jsonschema; "
            "jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.load(open(sys.argv[2])))"
        )
        schema, report = LAB.parent / "schemas" / "report.schema.json", self.runs()[0] / "report.json"
        python = Path(os.environ["PATHGUARD_VENV"]) / "bin" / "python"
        return (
            subprocess.run(
                [python, "-I", "-c", check, schema, report], check=False, stderr=subprocess.DEVNULL
            ).returncode
            == 0
        )

    def _words(self, playbook: str) -> tuple[str, ...]:
        variables = {**self._variables, "look_file": str(self.folder / "look.json")}
        return str(LAB / "scenarios" / playbook), "-e", json.dumps(variables)
