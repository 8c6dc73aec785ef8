# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One measured process: ``one_diff.py diff BEFORE.json AFTER.json`` or ``one_diff.py dead SNAPSHOT.json``; instead of
snapshots also configurations of a Cisco ASA (``.asa``).

Printed as JSON: seconds of processor time to ``load`` and for the ``work``, ``peak`` (the largest resident size in
MiB), and what was ``found``.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.unreachable import unreachable
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.states import state_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.benchmarks.one_run import HOST, output, timed


def read(path: str) -> State:
    if not path.endswith(".asa"):
        return state_from(path)
    text = Path(path).read_text(encoding="utf-8")
    return parse_platform("cisco_asa", HOST, {"running_config": output(text, "running_config")})


def main() -> None:
    kind, *paths = sys.argv[1:]
    states, load = timed(lambda: [read(path) for path in paths])
    work = {"diff": firewall_difference, "dead": unreachable}[kind]
    found, seconds = timed(lambda: work(*states))
    measured = {
        "load": load,
        "work": seconds,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "found": found,
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
