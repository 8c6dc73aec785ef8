# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``launch.py RESULT COMMAND...``: runs the command and writes to RESULT, as JSON, what it took.

A process counts what its parent held when it was started as memory of its own (getrusage(2), ru_maxrss), so
the parent has to be a small one: this, and not the test session.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    result, *command = sys.argv[1:]
    start = time.perf_counter()
    child = subprocess.Popen(command)
    _pid, waited, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(waited)
    taken = {
        "processor": used.ru_utime + used.ru_stime,
        "clock": time.perf_counter() - start,
        "peak": used.ru_maxrss // 1024,
        "status": child.returncode,
    }
    Path(result).write_text(json.dumps(taken), encoding="utf-8")


if __name__ == "__main__":
    main()
