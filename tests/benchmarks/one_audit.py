# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One measured process: ``one_audit.py make|parse|audit FOLDER HOSTS PATHS`` prints its times as JSON.

``make`` lays out what an audit reads: ``snapshots`` and ``baseline`` (which differs on one host in forty),
``inventory.json``, ``policies`` (five files) and ``outputs.json``. ``parse`` reads these outputs into states and writes
them as snapshots, which is what is left to do after the last login of an audit of live hosts. ``audit`` is the engine's own
part of an audit of ``snapshots``, its steps in seconds of processor time.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.benchmarks.one_run import timed

SEED, POLICIES, CHANGED = 20231012, 5, 40


def make(folder: Path, hosts: int, paths: int) -> dict[str, Any]:
    from tests.benchmarks.networks import network
    from tests.benchmarks.saved_networks import outputs

    made = network(hosts, paths, SEED)
    raw = {name: [item.to_dict() for item in listed] for name, listed in outputs(made).items()}
    platforms = {name: state.platform for name, state in made.states.items()}
    (folder / "outputs.json").write_text(json.dumps({"platforms": platforms, "raw": raw}), encoding="utf-8")
    (folder / "policies").mkdir()
    for number in range(POLICIES):
        document = {
            "$schema": "urn:pathguard:schema:path-policy:1",
            "title": f"Paths, part {number + 1}",
            "requiredPaths": made.policy["requiredPaths"][number::POLICIES],
            "forbiddenPaths": made.policy["forbiddenPaths"][number::POLICIES],
        }
        document = {key: value for key, value in document.items() if value}
        (folder / "policies" / f"part{number + 1}.json").write_text(json.dumps(document), encoding="utf-8")
    groups = {name: {"hosts": {host: {} for host in members}} for name, members in made.groups.items()}
    everybody = {
        "hosts": {name: {"ansible_network_os": platform} for name, platform in platforms.items()},
        "children": groups,
    }
    (folder / "inventory.json").write_text(json.dumps({"all": everybody}), encoding="utf-8")
    read(folder, folder / "snapshots")
    read(folder, folder / "baseline", CHANGED)
    rules = [len(one.rules) for state in made.states.values() for one in state.rulesets.values()]
    return {"hosts": len(made.states), "rules": sum(rules), "paths": paths}


def read(folder: Path, target: Path, changed: int = 0) -> int:
    """Outputs -> snapshots. ``changed``: on each so-manieth host one port is another."""
    from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
    from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
    from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

    document = json.loads((folder / "outputs.json").read_text(encoding="utf-8"))
    for number, (name, listed) in enumerate(document["raw"].items()):
        platform = document["platforms"][name]
        raw = [RawOutput.from_dict(item) for item in listed]
        if changed and number % changed == 0:
            first = raw[0]
            text = first.stdout.replace("5432", "5433", 1)
            raw[0] = RawOutput(first.name, first.command, first.rc, text)
        state = parse_platform(platform, name, {item.name: item for item in raw})
        snapshot.write(target, snapshot.Snapshot(name, platform, snapshot.now(), state.to_dict(), raw))
    return len(document["raw"])


def parse(folder: Path, *_numbers: int) -> dict[str, Any]:
    hosts, seconds = timed(lambda: read(folder, folder / "read"))
    return {"hosts": hosts, "parse": seconds}


def audit(folder: Path, *_numbers: int) -> dict[str, Any]:
    from ansible_collections.pathguard.network.plugins.plugin_utils.audit import run

    inventory = json.loads((folder / "inventory.json").read_text(encoding="utf-8"))["all"]
    hosts = list(inventory["hosts"])
    groups = {name: list(group["hosts"]) for name, group in inventory["children"].items()} | {"all": hosts}
    # The audit tells how long its steps took on the clock; here other work on the machine must not count.
    setattr(run, "time", SimpleNamespace(monotonic=time.process_time))  # noqa: B010 - a module's attribute
    order = run.Order(
        policies="policies", folder=folder, hosts=hosts, groups=groups, inventory=hosts,
        report_dir=folder / "reports", snapshots=folder / "snapshots", baseline="baseline", boot=False,
        formats=("json", "text", "html"), seconds=60.0,
    )  # fmt: skip
    done = run.audit(order, None, lambda _text: None)
    return {**done.seconds, "summary": done.document["summary"]}


def main() -> None:
    work, folder, *numbers = sys.argv[1:]
    measured = {"make": make, "parse": parse, "audit": audit}[work](Path(folder), *map(int, numbers))
    measured["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
