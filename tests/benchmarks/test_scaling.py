# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 1,000, 10,000 and 100,000 nft rules cost: no more than n log n."""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.child import ours
from tests.benchmarks.conftest import Tell
from tests.benchmarks.report import Table
from tests.benchmarks.rulesets import nft_ruleset
from tests.benchmarks.test_diff import saved
from tests.benchmarks.variants import changed

SIZES = (1_000, 10_000, 100_000)
QUESTIONS = 2_000
# Cost by n log n at the largest size, against the one before it. 1 is n log n itself; processors' caches, which big
# rulesets outgrow, take up to 1.2 here.
MOST_GROWTH = 1.5


def costs(folder: Path, rules: int) -> dict[str, float]:
    text, flows = nft_ruleset(rules, seed=20231012, questions=QUESTIONS)
    before = saved(folder, text)
    (folder / "flows.json").write_text(json.dumps(flows), encoding="utf-8")
    after = saved(folder.with_name(f"{folder.name}-after"), json.dumps(changed(json.loads(text), "one rule")))
    engine = best("one_run.py", "engine", str(folder / "ruleset.json"), str(folder / "flows.json"))
    diff = best("one_diff.py", "diff", before, after)
    assert len(diff["found"]) == 1
    return {
        "load": engine["load"],
        f"{QUESTIONS:,} verdicts": engine["prove"],
        "one rule's difference": diff["work"],
    }


def best(*command: str) -> dict[str, Any]:
    """The quickest of two, of each time."""
    runs: list[dict[str, Any]] = [json.loads(ours(*command).output) for _run in range(2)]
    found = dict(runs[0])
    for name in ("load", "prove", "work"):
        if name in found:
            found[name] = min(run[name] for run in runs)
    return found


@pytest.mark.timeout(1800)
def test_costs_grow_no_faster_than_n_log_n(tmp_path: Path, tell: Tell) -> None:
    measured = [costs(tmp_path / str(size), size) for size in SIZES]
    rows, too_fast = [], []
    for name in measured[0]:
        small, large = (measured[at][name] / (SIZES[at] * log(SIZES[at])) for at in (-2, -1))
        rows.append([name, *(f"{one[name]:.3f}" for one in measured), f"{large / small:.2f}"])
        if large / small > MOST_GROWTH:
            too_fast.append(name)
    head = ["seconds for so many rules", *(f"{size:,}" for size in SIZES), "growth"]
    note = f"Growth: the cost at {SIZES[-1]:,} rules by n log n, against that at {SIZES[-2]:,}; at most {MOST_GROWTH}."
    tell(Table(4, "Cost by the number of rules (nft)", head, rows, [note]))
    assert not too_fast
