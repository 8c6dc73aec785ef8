# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A 20,000-line configuration of a Cisco ASA with nested groups: its entries are not taken apart into the product of
their groups' members, as a device lists them in ``show access-list``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.asa_configs import LIST, asa_changes, asa_configuration
from tests.benchmarks.child import ours
from tests.benchmarks.conftest import Tell
from tests.benchmarks.report import Table
from tests.benchmarks.test_diff import row
from tests.benchmarks.test_speed import one_run

LINES, QUESTIONS = 20_000, 500
# Loading costs no more than this many times what reading the lines of the same text into words does, and so many
# entries are never made: a thousandth of the product.
MOST_LOAD_PER_WORDS = 100
MOST_RULES_PER_PRODUCT = 0.001
MOST_PEAK_MIB = 512
# How many times as long as reading both configurations, or the one.
MOST_PER_LOAD = {"one entry": 6, "a group's member": 8, "a group in a group": 20, "a service of a group": 40}
MOST_PER_LOAD_UNREACHABLE = 60


@pytest.mark.timeout(600)
def test_groups_are_not_multiplied(tmp_path: Path, tell: Tell) -> None:
    text, flows, product = asa_configuration(LINES, seed=20231012, questions=QUESTIONS)
    config, questions = tmp_path / "asa.cfg", tmp_path / "flows.json"
    config.write_text(text, encoding="utf-8")
    questions.write_text(json.dumps(flows), encoding="utf-8")
    words = json.loads(ours("one_run.py", "words", str(config), str(questions)).output)
    found = one_run("asa", config, questions)
    head = [
        "configuration",
        "lines",
        "entries",
        "entries if multiplied",
        "load",
        f"{QUESTIONS} proofs",
        "MiB",
    ]
    row = [
        "Cisco ASA, nested groups", f"{LINES:,}", f"{found['rules']:,}", f"{product:,}",
        f"{found['load']:.2f}", f"{found['prove']:.2f}", str(found["peak"]),
    ]  # fmt: skip
    tell(Table(7, "A Cisco ASA with nested object groups", head, [row]))
    assert len(text.splitlines()) == LINES
    assert sum(found["verdicts"].values()) == QUESTIONS
    assert not found["verdicts"].get("unknown")
    assert {"permit", "deny", "mixed"} <= found["verdicts"].keys()
    assert found["rules"] <= MOST_RULES_PER_PRODUCT * product
    assert found["load"] <= MOST_LOAD_PER_WORDS * words["load"]
    assert found["peak"] <= MOST_PEAK_MIB


@pytest.mark.timeout(900)
def test_changed_groups_and_entries_that_nothing_reaches(tmp_path: Path, tell: Tell) -> None:
    text, _flows, _product = asa_configuration(LINES, seed=20231012, questions=1)
    before = tmp_path / "before.asa"
    before.write_text(text, encoding="utf-8")
    rows: list[list[str]] = []
    too_much: list[str] = []
    for name, changed in asa_changes(text).items():
        after = tmp_path / "after.asa"
        after.write_text(changed, encoding="utf-8")
        measured = json.loads(ours("one_diff.py", "diff", str(before), str(after)).output)
        (entry,) = measured["found"]
        assert entry["hook"] == "prerouting"
        assert entry["lost"]["flows"] or entry["gained"]["flows"], name
        assert {rule["change"] for rule in entry["rules"]} == {
            "changed" if name == "one entry" else "members"
        }, name
        rows.append(row(f"difference: {name} changed", measured, MOST_PER_LOAD[name], too_much))
    dead = json.loads(ours("one_diff.py", "dead", str(before)).output)
    assert {one["ruleset"] for one in dead["found"]} == {LIST}
    rows.append(row("unreachable rules", dead, MOST_PER_LOAD_UNREACHABLE, too_much))
    head = ["", "load, s", "work, s", "work / load", "at most", "peak, MiB"]
    notes = ["From configurations. Of two, both are read."]
    tell(
        Table(
            10,
            "A Cisco ASA with nested object groups: differences, and what is never reached",
            head,
            rows,
            notes,
        )
    )
    assert not too_much
