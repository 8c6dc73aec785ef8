# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One measured process: ``one_run.py json|engine RULESET.json FLOWS.json`` prints its times as JSON.

Seconds by name; ``peak`` is the largest resident size in MiB. ``start`` is what Python and the imports
took before anything was read.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def only_json(text: str, _flows: list[dict[str, Any]]) -> dict[str, Any]:
    document, seconds = timed(lambda: json.loads(text))
    return {"load": seconds, "objects": len(document["nftables"])}


def engine(text: str, flows: list[dict[str, Any]]) -> dict[str, Any]:
    from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
    from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
    from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
    from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
    from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
    from tests.benchmarks.rulesets import RULESET

    def load() -> tuple[Space, HostFirewall]:
        space = Space()
        outputs = {"nft_json": RawOutput("nft_json", "nft -j list ruleset", 0, text)}
        return space, HostFirewall(parse_platform("linux", "router", outputs), space)

    def prove() -> list[tuple[str, int]]:
        outcomes = (firewall.ruleset(RULESET, flows_from(space, flow)) for flow in flows)
        return [(outcome.verdict, sum(len(part.rules) for part in outcome.parts)) for outcome in outcomes]

    (space, firewall), loading = timed(load)
    answers, proving = timed(prove)
    again, _seconds = timed(prove)
    verdicts = [verdict for verdict, _rules in answers]
    return {
        "load": loading,
        "prove": proving,
        "rules": len(firewall.state.rulesets[RULESET].rules),
        "verdicts": {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))},
        "repeatable": answers == again,
    }


def main() -> None:
    work, ruleset, flows = sys.argv[1:]
    started = time.perf_counter()
    text = Path(ruleset).read_text(encoding="utf-8")
    questions = json.loads(Path(flows).read_text(encoding="utf-8"))
    measured = {"json": only_json, "engine": engine}[work](text, questions)
    measured["inside"] = time.perf_counter() - started
    measured["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
