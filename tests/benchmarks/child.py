# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A measured process: ours, or a peer's from an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Cost:
    """``processor``: seconds, user and system; ``clock``: seconds; ``peak``: the largest resident size in MiB."""

    processor: float
    clock: float
    peak: int
    status: int
    output: str


def measured(command: Sequence[str], env: dict[str, str] | None = None, accept: Sequence[int] = (0,)) -> Cost:
    """Run it. RuntimeError with the end of what it said for an exit status that is not to be accepted."""
    with tempfile.NamedTemporaryFile() as result:
        launch = [sys.executable, "-S", str(HERE / "launch.py"), result.name, *command]
        done = subprocess.run(
            launch, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} could not be started: {done.stderr[-2000:]}")
        taken = json.load(result)
    if taken["status"] not in accept:
        raise RuntimeError(f"{Path(command[0]).name} ended with {taken['status']}: {done.stderr[-2000:]}")
    return Cost(**taken, output=done.stdout)


def ours(script: str, *arguments: str) -> Cost:
    """One of the scripts beside this file, with the collection importable."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent.parent), os.environ["PYTHONPATH"]])}
    return measured([sys.executable, str(HERE / script), *arguments], env)
