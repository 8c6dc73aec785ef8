# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shipped for automation platforms: patterns by their specification, and configuration that fits the roles.

The rules are those of the Ansible Pattern Specification 2.0.0 (ansible/pattern-service).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PATTERNS = ROOT / "extensions" / "patterns"
AWX = ROOT / "extensions" / "awx"
NAMES = sorted(path.name for path in PATTERNS.iterdir())
# What AWX takes for a question (Survey Specification of its API).
TYPES = {"text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"}


class _Loader(yaml.SafeLoader):
    """YAML as Ansible reads it."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader


def pattern(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PATTERNS / name / "meta" / "pattern.json").read_text("utf-8"))
    return found


def templates(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pattern(name)["aap_resources"]["controller_job_templates"]
    return found


def questions(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(the playbook, a question of its survey)."""
    for template in templates(name):
        for question in template["survey"]["spec"]:
            yield template["playbook"], question


def known_variables(playbook: str) -> set[str]:
    """What a playbook of the collection understands: its own variables, and those of the role that it calls."""
    text = (ROOT / "playbooks" / playbook).read_text("utf-8")
    found = set(re.findall(r"[a-z_]+", text))
    for role, entry in re.findall(r"name: pathguard\.network\.(path_\w+)\n(?:\s+tasks_from: (\w+))?", text):
        specs = read(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
        found |= specs[entry or "main"]["options"].keys()
    return found


def test_there_is_one_for_each_job() -> None:
    assert NAMES == ["audit", "diagnose", "guarded_update", "monitor"]


@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_is_what_its_specification_asks_for(name: str) -> None:
    found = pattern(name)
    assert found["name"] == name
    assert re.fullmatch(r"[a-z0-9_]{1,64}", name)
    assert len(found["title"]) <= 64
    assert not found["short_description"].endswith(".")
    assert found["description"].endswith(".")
    resources = found["aap_resources"]
    assert {"name", "description"} <= resources["controller_project"].keys()
    environment = resources["controller_execution_environment"]
    assert re.fullmatch(r"[a-z_]+/[a-z_]+", environment["image_name"])
    assert [template for template in templates(name) if template["primary"]] == templates(name)[:1]
    for template in templates(name):
        assert template["execution_environment"] == environment["name"]
        assert template["labels"] == resources["controller_labels"]
        assert template["ask_inventory_on_launch"]
        assert template["ask_credential_on_launch"]
    readme = (PATTERNS / name / "README.md").read_text("utf-8")
    assert all(f"`{template['name']}`" in readme for template in templates(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_survey_asks_for_variables_that_the_playbook_knows(name: str) -> None:
    for playbook, question in questions(name):
        assert question["type"] in TYPES
        assert question["variable"] in known_variables(playbook), playbook
        assert isinstance(question["default"], str)
        assert question["question_description"].endswith(".")
        choices = question.get("choices", [])
        assert bool(choices) == question["type"].startswith("multi")
        assert not choices or question["default"] in choices
        assert question["type"] != "password", "a secret belongs into a credential"


@pytest.mark.parametrize("name", NAMES)
def test_each_playbook_is_the_collections_and_says_what_it_is_asked(name: str) -> None:
    folder = PATTERNS / name / "playbooks"
    assert {path.name for path in folder.iterdir()} == {
        f"{stem}{suffix}"
        for stem in (template["playbook"].removesuffix(".yml") for template in templates(name))
        for suffix in (".yml", ".meta.yml")
    }
    for template in templates(name):
        stem = template["playbook"].removesuffix(".yml")
        [play] = read(folder / template["playbook"])
        assert play["ansible.builtin.import_playbook"] == f"../../../../playbooks/{stem}.yml"
        assert (ROOT / "playbooks" / template["playbook"]).exists()
        options = read(folder / f"{stem}.meta.yml")["argument_specs"]["main"]["options"]
        spec = {item["variable"]: item for item in template["survey"]["spec"]}
        assert options.keys() == spec.keys()
        assert {key for key, item in options.items() if item.get("required")} == {
            key for key, item in spec.items() if item["required"]
        }


def test_job_templates_name_what_is_there() -> None:
    listed = {item["name"]: item for item in read(AWX / "controller_templates.yml")["controller_templates"]}
    objects = read(AWX / "controller_objects.yml")
    [project] = [item["name"] for item in objects["controller_projects"]]
    [environment] = [item["name"] for item in objects["controller_execution_environments"]]
    labels = [item["name"] for item in objects["controller_labels"]]
    surveys = read(AWX / "pathguard_surveys.yml")
    assert surveys["pathguard_surveys"].keys() == {*NAMES}
    for name, item in listed.items():
        assert (item["project"], item["execution_environment"], item["labels"]) == (
            project,
            environment,
            labels,
        ), name
        assert item["extra_vars"].keys() <= known_variables(item["playbook"]), name
        if "survey_spec" in item:
            [asked] = set(re.findall(r"pathguard_surveys\.(\w+)", item["survey_spec"]))
            own = {question["variable"] for question in templates(asked)[0]["survey"]["spec"]}
            # An answer would go before what the template says itself, even where it is a default.
            given = {*surveys["pathguard_given"]} if "pathguard_given" in item["survey_spec"] else set()
            assert item["extra_vars"].keys() & own <= given, name
            assert templates(asked)[0]["playbook"] == item["playbook"]


def test_the_workflow_joins_all_slices_whatever_became_of_them() -> None:
    [workflow] = read(AWX / "controller_workflows.yml")["controller_workflows"]
    *slices, join = workflow["simplified_workflow_nodes"]
    names = [item["name"] for item in read(AWX / "controller_templates.yml")["controller_templates"]]
    assert {node["unified_job_template"] for node in (*slices, join)} <= {*names}
    numbers = [node["extra_data"] for node in slices]
    count = read(AWX / "pathguard.yml")["pathguard_slices"]
    assert numbers == [{"path_audit_slice_number": number} for number in range(1, count + 1)]
    assert all(node["always_nodes"] == [join["identifier"]] for node in slices)
    assert join["all_parents_must_converge"]


def test_schedules_run_what_is_there() -> None:
    known = [item["name"] for item in read(AWX / "controller_templates.yml")["controller_templates"]]
    known += [item["name"] for item in read(AWX / "controller_workflows.yml")["controller_workflows"]]
    for item in read(AWX / "controller_schedules.yml")["controller_schedules"]:
        assert item["unified_job_template"] in known
        assert re.fullmatch(r"DTSTART:\d{8}T\d{6}Z RRULE:FREQ=(?:DAILY|MINUTELY);INTERVAL=1", item["rrule"])


def test_the_credential_sets_what_the_monitor_reads_and_nothing_of_it_is_shown() -> None:
    [kind] = read(AWX / "controller_objects.yml")["controller_credential_types"]
    code = (ROOT / "plugins" / "action" / "monitor_step.py").read_text("utf-8")
    environment = kind["injectors"]["env"]
    assert {*environment} == {*re.findall(r'"(PATHGUARD_\w+)"', code)}
    fields = {field["id"]: field for field in kind["inputs"]["fields"]}
    assert [template.strip("{} ") for template in environment.values()] == [*fields]
    assert {name for name, field in fields.items() if field.get("secret")} == {
        "webhook_url",
        "webhook_token",
        "mail_password",
    }
    assert kind["injectors"].keys() == {"env"}, "an extra variable of a job can be read in its output"
