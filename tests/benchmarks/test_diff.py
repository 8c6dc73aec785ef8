# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences and unreachable rules of 100,000 nft rules, against the time to load the same snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.child import ours
from tests.benchmarks.conftest import Tell
from tests.benchmarks.report import Table
from tests.benchmarks.rulesets import nft_ruleset
from tests.benchmarks.variants import VARIANTS, changed

RULES = 100_000
MOST_PEAK_MIB = 1024
# How many times as long as loading both. A flipped default action is a change of nearly all flows: the work is
# to find what the 100,000 rules leave of them.
MOST_PER_LOAD = {"one rule": 1.5, "1,000 rules": 6, "another order": 1.5, "the default action": 40}
MOST_PER_LOAD_UNREACHABLE = 15


def saved(folder: Path, text: str) -> str:
    """The path of the snapshot that firewall_info would write."""
    folder.mkdir()
    (folder / "ruleset.json").write_text(text, encoding="utf-8")
    (folder / "flows.json").write_text("[]", encoding="utf-8")
    done = ours("one_run.py", "save", str(folder / "ruleset.json"), str(folder / "flows.json"))
    return str(json.loads(done.output)["path"])


def judge(variant: str, found: list[dict[str, Any]]) -> None:
    """The findings that the variant must have."""
    if variant == "another order":
        assert found == []
        return
    (entry,) = found
    assert (entry["hook"], entry["connection"]) == ("forward", "new")
    kinds = {rule["change"] for rule in entry["rules"]}
    if variant == "the default action":
        assert kinds == {"default_action"}
        assert entry["gained"]["flows"]
        assert not entry["lost"]["flows"]
        return
    assert kinds == {"changed"}
    assert entry["lost"]["flows"]
    number = len(entry["rules"]) + entry["more_rules"]
    assert number == 1 if variant == "one rule" else 900 <= number <= 1_000  # some are hidden by others


@pytest.mark.timeout(2400)
def test_a_hundred_thousand_rules(tmp_path: Path, tell: Tell) -> None:
    text, _flows = nft_ruleset(RULES, seed=20231012)
    before = saved(tmp_path / "before", text)
    rows, too_much = [], []
    for number, variant in enumerate(VARIANTS):
        after = saved(tmp_path / f"after{number}", json.dumps(changed(json.loads(text), variant)))
        measured = json.loads(ours("one_diff.py", "diff", before, after).output)
        judge(variant, measured["found"])
        rows.append(row(f"difference: {variant} changed", measured, MOST_PER_LOAD[variant], too_much))
    dead = json.loads(ours("one_diff.py", "dead", before).output)
    rows.append(row("unreachable rules", dead, MOST_PER_LOAD_UNREACHABLE, too_much))
    head = ["", "load, s", "work, s", "work / load", "at most", "peak, MiB"]
    notes = [
        f"From snapshots; at most {MOST_PEAK_MIB} MiB. Of two states both are loaded. In another order, rules that "
        f"follow each other with the same verdict have changed places, and nothing is found."
    ]
    tell(Table(5, f"{RULES:,} nft rules: differences, and what is never reached", head, rows, notes))
    assert dead["found"], "some of so many random rules are hidden by others"
    assert not too_much


def row(name: str, measured: dict[str, Any], most: float, too_much: list[str]) -> list[str]:
    ratio = measured["work"] / measured["load"]
    if ratio > most or measured["peak"] > MOST_PEAK_MIB:
        too_much.append(name)
    return [
        name,
        f"{measured['load']:.1f}",
        f"{measured['work']:.1f}",
        f"{ratio:.2f}",
        f"{most:g}",
        str(measured["peak"]),
    ]
