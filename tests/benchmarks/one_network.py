# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One measured process: ``one_network.py save|prove FOLDER`` prints its times as JSON.

``save`` makes a network's snapshots, policy and groups below FOLDER; ``prove`` reads the snapshots and proves the policy
on them. Seconds of processor time; ``peak`` is the largest resident size in MiB.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.one_run import timed

DEVICES, PATHS, SEED = 300, 2_000, 20231012


def save(folder: Path) -> dict[str, Any]:
    from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
    from tests.benchmarks.networks import network

    made = network(DEVICES, PATHS, SEED)
    for name, state in made.states.items():
        found = snapshot.Snapshot(name, state.platform, snapshot.now(), state.to_dict(), made.raw[name])
        snapshot.write(folder / "snapshots", found)
    (folder / "policy.json").write_text(json.dumps(made.policy), encoding="utf-8")
    (folder / "groups.json").write_text(json.dumps(made.groups), encoding="utf-8")
    rules = [len(one.rules) for state in made.states.values() for one in state.rulesets.values()]
    return {"devices": len(made.states), "rules": sum(rules), "paths": PATHS}


def prove(folder: Path) -> dict[str, Any]:
    from ansible_collections.pathguard.network.plugins.plugin_utils.gather.offline import states_of
    from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import files_in
    from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
    from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate

    policy = load_policy(json.loads((folder / "policy.json").read_text(encoding="utf-8")))
    groups = json.loads((folder / "groups.json").read_text(encoding="utf-8"))
    states, reading = timed(lambda: states_of(files_in(folder / "snapshots")))
    report, proving = timed(lambda: validate(policy, states, groups))
    return {"read": reading, "prove": proving, "summary": report["summary"]}


def main() -> None:
    work, folder = sys.argv[1:]
    measured = {"save": save, "prove": prove}[work](Path(folder))
    measured["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
