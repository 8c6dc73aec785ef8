# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference of two rulesets of 100,000 rules costs what was changed: less than loading both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.rulesets import nft_ruleset
from tests.benchmarks.test_speed import one_run

RULES = 100_000
CHANGED = 50_000


def snapshots(root: Path, folder: Path) -> list[str]:
    """The ruleset, and the same with other handles and one permit that denies."""
    text, _flows = nft_ruleset(RULES, seed=20231012)
    document = json.loads(text)
    rules = [item["rule"] for item in document["nftables"] if "rule" in item]
    rule = next(item for item in rules[CHANGED:] if {"accept": None} in item["expr"])
    rule["expr"][-1] = {"drop": None}
    for item in rules:
        item["handle"] += 7
    found = []
    for name, content in (("before", text), ("after", json.dumps(document))):
        (folder / name).mkdir()
        file = folder / name / "ruleset.json"
        file.write_text(content, encoding="utf-8")
        (folder / "flows.json").write_text("[]", encoding="utf-8")
        found.append(str(one_run(root, "save", file, folder / "flows.json")["path"]))
    return found


@pytest.mark.timeout(1800)
def test_one_rule_of_a_hundred_thousand(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = snapshots(root, tmp_path)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ["PYTHONPATH"]])}
    command = [sys.executable, str(root / "tests" / "benchmarks" / "one_diff.py"), *paths]
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    with capsys.disabled():
        print(
            f"\none rule of {RULES} changed: load of both {measured['load']:.1f} s, "
            f"difference {measured['diff']:.1f} s, peak {measured['peak']} MiB"
        )
    assert [(entry["hook"], entry["connection"]) for entry in measured["found"]] == [("forward", "new")]
    assert measured["found"][0]["lost"]["flows"]
    assert [rule["change"] for rule in measured["found"][0]["rules"]] == ["changed"]
    assert measured["diff"] <= measured["load"]
