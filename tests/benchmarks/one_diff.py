# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One measured process: ``one_diff.py BEFORE.json AFTER.json`` compares two snapshots and prints as JSON what it took.

Seconds of processor time: ``load`` of both, ``diff``; ``peak`` is the largest resident size in MiB.
"""

from __future__ import annotations

import json
import resource
import sys

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.states import state_from
from tests.benchmarks.one_run import timed


def main() -> None:
    paths = sys.argv[1:3]
    states, load = timed(lambda: [state_from(path) for path in paths])
    found, diff = timed(lambda: firewall_difference(*states))
    measured = {
        "load": load,
        "diff": diff,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "found": found,
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
