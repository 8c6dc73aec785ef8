# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One measured process: ``one_run.py json|engine|filter|rules|words|asa|ios|save FILE FLOWS.json`` prints its times as JSON.

Seconds of processor time by name, which other work on the machine hardly changes; ``peak`` is the
largest resident size in MiB. FILE is a ruleset, for ``filter`` a snapshot.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOST = "router"
ALL_RULES = ("nft_json", "iptables_nft", "ip6tables_nft", "iptables_legacy", "ip6tables_legacy", "ipset")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def only_json(ruleset: Path, _flows: list[dict[str, Any]]) -> dict[str, Any]:
    """What any reader of nft's JSON pays at least."""
    text = ruleset.read_text(encoding="utf-8")
    document, seconds = timed(lambda: json.loads(text))
    return {"load": seconds, "objects": len(document["nftables"])}


def engine(ruleset: Path, flows: list[dict[str, Any]]) -> dict[str, Any]:
    """From nft's text to a firewall that is ready for questions, then the questions."""
    from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
    from tests.benchmarks.rulesets import RULESET

    text = ruleset.read_text(encoding="utf-8")
    questions, loading = timed(lambda: Questions(state_of("nft_json", text)))
    answers, proving = timed(lambda: questions.verdicts(flows, RULESET))
    again = questions.verdicts(flows, RULESET)
    return {
        "load": loading,
        "prove": proving,
        "rules": len(questions.state.rulesets[RULESET].rules),
        "repeatable": answers == again,
        "verdicts": _count(answers),
    }


def as_filter(snapshot: Path, flows: list[dict[str, Any]]) -> dict[str, Any]:
    """The filter on a snapshot's path, as a playbook uses it: load and proofs in one call."""
    from ansible_collections.pathguard.network.plugins.filter.verdicts import flow_verdicts
    from tests.benchmarks.rulesets import RULESET

    answers, seconds = timed(lambda: flow_verdicts(str(snapshot), flows, RULESET))
    return {"load": seconds, "verdicts": _count(answers)}


def rules(saved: Path, flows: list[dict[str, Any]]) -> dict[str, Any]:
    """What iptables-save wrote, and the questions about its chain FORWARD."""
    from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions

    text = saved.read_text(encoding="utf-8")
    questions, loading = timed(lambda: Questions(state_of("iptables_nft", text)))
    answers, proving = timed(lambda: questions.verdicts(flows, "iptables/filter/FORWARD"))
    return {"load": loading, "ask": proving, "answers": [answer["verdict"] for answer in answers]}


def words(config: Path, _flows: list[dict[str, Any]]) -> dict[str, Any]:
    """What any reader of a configuration pays at least."""
    text = config.read_text(encoding="utf-8")
    lines, seconds = timed(lambda: [line.split() for line in text.splitlines()])
    return {"load": seconds, "lines": len(lines)}


def asa(config: Path, flows: list[dict[str, Any]]) -> dict[str, Any]:
    """The configuration of a Cisco ASA, and the questions about the list at its outer interface."""
    from tests.benchmarks.asa_configs import LIST

    return _device("cisco_asa", config, flows, LIST, LIST)


def ios(config: Path, flows: list[dict[str, Any]]) -> dict[str, Any]:
    """The configuration of a Cisco IOS router, and questions about packets on their way through it."""
    from tests.benchmarks.ios_configs import LIST

    return _device("cisco_ios", config, flows, LIST, None)


def _device(
    platform: str, config: Path, flows: list[dict[str, Any]], counted: str, asked: str | None
) -> dict[str, Any]:
    from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
    from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

    outputs = {"running_config": output(config.read_text(encoding="utf-8"), "running_config")}
    questions, loading = timed(lambda: Questions(parse_platform(platform, HOST, outputs)))
    answers, proving = timed(lambda: questions.verdicts(flows, asked))
    return {
        "load": loading,
        "prove": proving,
        "rules": len(questions.state.rulesets[counted].rules),
        "verdicts": _count(answers),
    }


def save(ruleset: Path, _flows: list[dict[str, Any]]) -> dict[str, Any]:
    """Write the snapshot that firewall_info would write, beside the ruleset; nothing is measured."""
    from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot

    text = ruleset.read_text(encoding="utf-8")
    state = state_of("nft_json", text).to_dict()
    found = snapshot.Snapshot(HOST, "linux", snapshot.now(), state, [output(text)])
    return {"path": str(snapshot.write(ruleset.parent, found))}


def output(text: str, kind: str = "nft_json") -> Any:
    from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput

    return RawOutput(kind, kind, 0, text)


def state_of(kind: str, text: str) -> Any:
    """The state of a host whose rules are all in this output."""
    from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

    others = {name: _nothing(name) for name in ALL_RULES if name != kind}
    return parse_platform("linux", HOST, {kind: output(text, kind), **others})


def _nothing(name: str) -> Any:
    """The host has no rules of this kind, for certain."""
    from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput

    return RawOutput(name, name, 0, "", absent="this router has none")


def _count(answers: list[dict[str, Any]]) -> dict[str, int]:
    verdicts = [answer["verdict"] for answer in answers]
    return {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}


def main() -> None:
    work, ruleset, flows = sys.argv[1:]
    questions = json.loads(Path(flows).read_text(encoding="utf-8"))
    works = {
        "json": only_json,
        "engine": engine,
        "filter": as_filter,
        "rules": rules,
        "words": words,
        "asa": asa,
        "ios": ios,
        "save": save,
    }
    measured = works[work](Path(ruleset), questions)
    measured["process"] = time.process_time()
    measured["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
