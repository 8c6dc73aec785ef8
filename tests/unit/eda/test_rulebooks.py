# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks: ansible-rulebook's shape, and names that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "extensions" / "eda" / "rulebooks"
RULEBOOKS = sorted(FOLDER.glob("*.yml"))
# Of ansible-rulebook's ruleset_schema.json, what these use.
RULESET = {"name", "hosts", "sources", "rules", "execution_strategy"}
RULE = {"name", "condition", "action", "throttle"}
RUN_PLAYBOOK = {"name", "extra_vars"}


def rulesets(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_shape(path: Path) -> None:
    for ruleset in rulesets(path):
        assert set(ruleset) <= RULESET
        assert ruleset["hosts"] == "localhost", "ansible-rulebook limits the playbook to these"
        for source in ruleset["sources"]:
            assert len(set(source) - {"name"}) == 1
        for rule in ruleset["rules"]:
            assert set(rule) <= RULE
            assert isinstance(rule["condition"], str)
            assert set(rule["action"]["run_playbook"]) <= RUN_PLAYBOOK


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_playbooks_and_variables_are_real(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for ruleset in rulesets(path):
        for rule in ruleset["rules"]:
            run = rule["action"]["run_playbook"]
            playbook = run["name"].removeprefix("pathguard.network.")
            assert (ROOT / "playbooks" / f"{playbook}.yml").is_file()
            for variable in run["extra_vars"]:
                role = "_".join(variable.split("_")[:2])
                specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
                assert variable in specs["argument_specs"]["main"]["options"]
    # What a rulebook takes of its variables file is told at its head.
    for variable in set(re.findall(r"\{\{ (\w+) \}\}", text)):
        assert f"#   {variable}:" in text


def test_the_source_takes_what_the_rulebook_gives() -> None:
    source = (ROOT / "extensions" / "eda" / "plugins" / "event_source" / "rule_changes.py").read_text()
    documented = yaml.safe_load(re.search(r'DOCUMENTATION = r"""\n(.*?)"""', source, re.DOTALL)[1])["options"]  # type: ignore[index]
    options = re.search(r"^OPTIONS = \((.*?)\)$", source, re.MULTILINE)
    assert options is not None
    assert set(documented) == set(re.findall(r'"(\w+)"', options[1]))
    [given] = [
        item["pathguard.network.rule_changes"]
        for ruleset in rulesets(FOLDER / "rules_changed.yml")
        for item in ruleset["sources"]
    ]
    assert set(given) <= set(documented)


def test_an_alert_is_a_notice() -> None:
    [ruleset] = rulesets(FOLDER / "path_alert.yml")
    notice = yaml.safe_load((ROOT / "schemas" / "notice.schema.json").read_text())["properties"]
    asked = set(re.findall(r"event\.payload\.(\w+)", str(ruleset)))
    assert asked <= set(notice)
    for event in re.findall(
        r'"(\w+)"', ruleset["rules"][0]["condition"].partition("event.payload.event in")[2]
    ):
        assert event in notice["event"]["enum"]


@pytest.mark.parametrize(
    ("file", "template"),
    [
        ("pathguard.rules.yml", "monitor/templates/monitor.prom.j2"),
        ("pathguard-audit.rules.yml", "render/templates/audit.prom.j2"),
    ],
)
def test_alert_rules_ask_for_metrics_that_there_are(file: str, template: str) -> None:
    text = (ROOT / "plugins" / "plugin_utils" / template).read_text()
    written = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    document = yaml.safe_load((ROOT / "extensions" / "prometheus" / file).read_text())
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(re.findall(r"pathguard_\w+", rule["expr"])) <= written
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
