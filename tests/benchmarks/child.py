# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A measured process: ours, or a peer's from an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
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
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=said)
        _pid, waited, used = os.wait4(child.pid, 0)
        clock = time.perf_counter() - start
        child.returncode = status = os.waitstatus_to_exitcode(waited)
        out.seek(0)
        said.seek(0)
        if status not in accept:
            raise RuntimeError(f"{Path(command[0]).name} ended with {status}: {said.read()[-2000:]}")
        return Cost(used.ru_utime + used.ru_stime, clock, used.ru_maxrss // 1024, status, out.read())


def ours(script: str, *arguments: str) -> Cost:
    """One of the scripts beside this file, with the collection importable."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent.parent), os.environ["PYTHONPATH"]])}
    return measured([sys.executable, str(HERE / script), *arguments], env)
