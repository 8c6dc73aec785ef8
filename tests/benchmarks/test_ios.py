# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Cisco IOS list of 100,000 entries: loading it, and 100 proofs about packets through the router."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.child import ours
from tests.benchmarks.conftest import Tell
from tests.benchmarks.ios_configs import ios_configuration
from tests.benchmarks.report import Table
from tests.benchmarks.test_speed import RUNS, best, one_run

ENTRIES, QUESTIONS = 100_000, 100
# Loading, by the time that reading the lines of the same text into words takes; and the proofs, by loading.
MOST_LOAD_PER_WORDS = 60
MOST_PROOFS_PER_LOAD = 2
MOST_PEAK_MIB = 1024


@pytest.mark.timeout(900)
def test_a_hundred_thousand_entries(tmp_path: Path, tell: Tell) -> None:
    text, flows = ios_configuration(ENTRIES, seed=20231012, questions=QUESTIONS)
    config, questions = tmp_path / "ios.cfg", tmp_path / "flows.json"
    config.write_text(text, encoding="utf-8")
    questions.write_text(json.dumps(flows), encoding="utf-8")
    words = json.loads(ours("one_run.py", "words", str(config), str(questions)).output)
    found = best([one_run("ios", config, questions) for _run in range(RUNS)])
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in found["verdicts"].items())
    rows = [
        ["lines into words", f"{words['load']:.2f}", ""],
        ["load", f"{found['load']:.2f}", f"{found['load'] / words['load']:.0f} of lines into words"],
        [f"{QUESTIONS} proofs", f"{found['prove']:.2f}", f"{found['prove'] / found['load']:.2f} of load"],
        ["whole process, on the clock", f"{found['whole']:.2f}", ""],
    ]
    note = f"Best of {RUNS}; peak {found['peak']} MiB, at most {MOST_PEAK_MIB}. Verdicts: {verdicts}."
    tell(Table(8, f"A Cisco IOS list of {ENTRIES:,} entries", ["", "seconds", "ratio"], rows, [note]))
    assert found["rules"] == ENTRIES
    assert sum(found["verdicts"].values()) == QUESTIONS
    assert not found["verdicts"].get("unknown")
    assert {"permit", "deny", "mixed"} <= found["verdicts"].keys()
    assert found["load"] <= MOST_LOAD_PER_WORDS * words["load"]
    assert found["prove"] <= MOST_PROOFS_PER_LOAD * found["load"]
    assert found["peak"] <= MOST_PEAK_MIB
