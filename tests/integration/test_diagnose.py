# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook diagnose in the lab, with real packets: the right cause for each fault, and no false alarm."""

from __future__ import annotations

import json
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from tests.integration.guard_play import ENVIRONMENT
from tests.integration.lab_fixture import Lab
from tests.integration.router import POLICY, lines_for_a_third_less, router
from tests.integration.test_fault_catalogue import network
from tests.support.emulated import PASSWORD, SECRET
from tests.support.fault_catalogue import FOLDER, faults

QUESTION = {
    "path_diagnose_from": "app01,app08",
    "path_diagnose_to": "db_primary",
    "path_diagnose_service": "postgresql",
    "path_diagnose_hops": "fw1",
}


@dataclass(frozen=True)
class Told:
    """``document``: by schemas/diagnosis.schema.json; empty where the play has failed. ``seconds``: of the whole play."""

    code: int
    output: str
    document: dict[str, Any]
    folder: Path
    seconds: float

    @property
    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["verdict"]
        return found

    @property
    def first(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["causes"][0]
        return found


def diagnose(lab: Lab, folder: Path, *arguments: str, **variables: Any) -> Told:
    begin = time.monotonic()
    done = lab.ansible(
        "pathguard.network.diagnose", *arguments, "-e", json.dumps(variables), env=ENVIRONMENT, cwd=folder
    )
    seconds = time.monotonic() - begin
    found = sorted(
        (folder / "pathguard").glob("diagnosis-*/diagnosis.json"), key=lambda path: path.stat().st_mtime
    )
    document = json.loads(found[-1].read_text()) if found and done.returncode == 0 else {}
    assert problems(document, load_schema("diagnosis")) == [] or not document
    return Told(
        done.returncode, done.stdout + done.stderr, document, found[-1].parent if found else folder, seconds
    )


def test_from_the_symptom_to_the_cause(fresh_lab: Lab, tmp_path: Path) -> None:
    """Nothing wrong; then a rule, in memory only, so that the disk knows what was before; then the listener."""
    fine = diagnose(fresh_lab, tmp_path, **QUESTION)
    assert fine.code == 0, fine.output
    assert fine.verdict["text"].startswith("It is not the firewall: nothing is cut off now; all 4 ways")
    assert {check["state"] for check in fine.document["checks"]} == {"fine", "not looked at"}, fine.output

    fresh_lab.run(
        "fw1", "nft insert rule inet filter forward ip saddr 10.10.1.64/26 counter drop", check=True
    )
    rule = diagnose(fresh_lab, tmp_path, path_diagnose_history=str(_empty(tmp_path)), **QUESTION)
    assert rule.code == 0, rule.output
    assert (rule.verdict["kind"], rule.verdict["certain"]) == ("firewall", True), rule.output
    assert (rule.first["host"], rule.first["hosts"]) == ("fw1", ["app08"])
    assert "the change is in memory only" in rule.first["when"][0]
    assert "put it back on fw1: nft delete rule inet filter forward handle" in rule.output
    assert any("packets while" in line for line in rule.first["evidence"]), rule.first
    fresh_lab.run("fw1", rule.first["commands"][0], check=True)
    assert fresh_lab.query("app08").stdout.strip() == "500"

    settings = "/var/lib/postgresql/main/postgresql.conf"
    change = f"sed -i \"s/^listen_addresses.*/listen_addresses = 'localhost'/\" {settings} && lab-postgresql restart"
    fresh_lab.run("db1", change, check=True)
    gone = diagnose(fresh_lab, tmp_path, "--check", **QUESTION)
    assert gone.code == 0, gone.output
    assert gone.verdict["text"].startswith(
        "It is not the firewall: db1: postgres listens on tcp 5432 only on loopback"
    )
    assert (gone.verdict["kind"], gone.verdict["certain"], gone.verdict["cleared"]) == (
        "not_firewall",
        True,
        True,
    )
    with tarfile.open(gone.folder / f"{gone.folder.name}.tar.gz") as archive:
        assert f"{gone.folder.name}/now/fw1.json" in archive.getnames()


@pytest.mark.long
def test_a_server_that_is_stopped_says_since_when(fresh_lab: Lab, tmp_path: Path) -> None:
    """Without systemd, PostgreSQL's own files tell it."""
    fresh_lab.run("db1", "lab-postgresql stop", check=True)
    told = diagnose(fresh_lab, tmp_path, **QUESTION)
    assert told.verdict["text"].startswith("It is not the firewall: db1: nothing listens on tcp 5432"), (
        told.output
    )
    assert told.verdict["cleared"]
    assert told.first["when"][0].startswith("/var/lib/postgresql/main is closed since "), told.first
    assert told.first["next"] == ["on db1: start the server of /var/lib/postgresql/main, and read its log"]


def _empty(folder: Path) -> Path:
    found = folder / "none"
    found.mkdir(exist_ok=True)
    return found


# Faults of the catalogue -> what must be said: kind, host of the first cause, and a piece of it or its rule.
CATALOGUE: dict[str, tuple[str, str, str]] = {
    "01": ("firewall", "fw1", "10.10.1.64/26 counter drop"),
    "02": ("firewall", "fw1", "the rule was moved"),
    "03a": ("firewall", "fw1", "10.10.1.0/26"),
    "04": ("firewall", "fw1", "members lost: 10.10.1.52"),
    "05a": ("firewall", "fw1", "tcp dport 6432"),
    "07b": ("firewall", "fw2", "members lost: 10.10.1.66"),
    "09": ("firewall", "fw2", "members lost: 10.10.1.5, "),
    "10a": ("firewall", "fw1", "default action: deny"),
    "10b": ("firewall", "fw1", "default action: permit"),
    "11": ("firewall", "fw1", "ct state established,related"),
    "12": ("firewall", "r1", "ip access-group SERVERS-IN in"),
    "13a": ("firewall", "r1", "what is bound to GigabitEthernet1 was removed"),
    "13b": ("firewall", "r1", "ip access-group APP-IN out"),
    "14": ("firewall", "db1", 'iifname "ens19"'),
    "15": ("firewall", "fw1", "fd00:10:1::/123"),
    "16a": ("firewall", "fw1", "masquerade"),
    "18b": ("firewall", "fw1", "default action: deny"),
    "20a": ("firewall", "fw1", "10.10.1.0/24"),
    "22b": ("firewall", "fw2", "default action: deny"),
    "23": ("firewall", "fw1", "-s 10.10.1.200/32"),
    "25": ("firewall", "fw2", "10.10.1.64/26"),
    "26": ("not_firewall", "db1", "only on loopback"),
    "27": ("not_firewall", "app03", "10.20.1.0/24"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_fault_of_the_catalogue(fresh_lab: Lab, tmp_path: Path, name: str) -> None:
    """All ten app hosts, with the diagnosis of the day before as history; in less than a minute."""
    [fault] = [item for item in faults() if item.id == name]
    with network(fresh_lab, tmp_path, fault) as found_router:
        arguments = found_router.inventories if found_router else ()
        question = {
            "path_diagnose_policy": str(fault.policy_file),
            **({"path_diagnose_hops": "r1"} if found_router else {}),
        }
        if fault.before:
            _apply(fresh_lab, tmp_path, fault.before, *arguments)
        assert diagnose(fresh_lab, tmp_path, *arguments, **question).code == 0
        _apply(fresh_lab, tmp_path, fault.tasks, *arguments)
        found = diagnose(fresh_lab, tmp_path, *arguments, **question)
    kind, host, piece = CATALOGUE[name]
    assert (found.verdict["kind"], found.verdict["certain"]) == (kind, True), found.output
    assert found.first["host"] == host, found.output
    assert piece in " ".join(_words(found.first)), found.output
    assert found.seconds < 60


def _words(cause: dict[str, Any]) -> Sequence[str]:
    return [cause["what"], cause["now"], cause["before"], *cause["evidence"]]


def _apply(lab: Lab, folder: Path, tasks: str, *arguments: str) -> None:
    play = {
        "hosts": "app",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_tasks": str(FOLDER / tasks)}],
        "handlers": [{"ansible.builtin.import_tasks": str(FOLDER / "handlers.yml")}],
    }
    path = folder / "apply.yml"
    path.write_text(yaml.safe_dump([play], sort_keys=False))
    done = lab.ansible(*arguments, path, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_a_router_says_when_it_was_changed(fresh_lab: Lab, tmp_path: Path) -> None:
    """An emulated IOS router: its rule as it was and as it is."""
    with router(fresh_lab, tmp_path) as found:
        question = {**QUESTION, "path_diagnose_policy": "policy.yml", "path_diagnose_hops": "r1"}
        for name in ("path_diagnose_from", "path_diagnose_to", "path_diagnose_service"):
            del question[name]
        (tmp_path / "policy.yml").write_text(yaml.safe_dump(POLICY))
        fine = diagnose(fresh_lab, tmp_path, *found.inventories, **question)
        assert fine.code == 0, fine.output
        assert fine.verdict["text"].startswith("It is not the firewall: nothing is cut off now"), fine.output
        (tmp_path / "type.yml").write_text(
            yaml.safe_dump(
                [{"hosts": "r1", "gather_facts": False, "tasks": [found.typing(*lines_for_a_third_less())]}]
            )
        )
        typed = fresh_lab.ansible(*found.inventories, tmp_path / "type.yml", env=ENVIRONMENT)
        assert typed.returncode == 0, typed.stdout
        told = diagnose(fresh_lab, tmp_path, *found.inventories, **question)
        assert (told.verdict["kind"], told.verdict["certain"]) == ("firewall", True), told.output
        assert (told.first["host"], told.first["hosts"]) == ("r1", ["app08", "app09", "app10"])
        assert "10.10.1.0 0.0.0.63" in told.first["now"]
        assert "10.10.1.0 0.0.0.255" in told.first["before"]
        assert told.first["commands"] == [
            "configure terminal",
            "ip access-list extended APP-IN",
            "no 10",
            told.first["before"],
        ]
        with tarfile.open(told.folder / f"{told.folder.name}.tar.gz") as archive:
            text = (
                archive.extractfile(f"{told.folder.name}/now/r1.json") or pytest.fail("no snapshot")
            ).read()
        assert PASSWORD.encode() not in text
        assert SECRET.encode() not in text


@pytest.mark.long
@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "it is not known what can't reach what"),
        ({**QUESTION, "path_diagnose_from": "apps"}, "unknown host or group 'apps'"),
        ({**QUESTION, "path_diagnose_service": "postgres"}, "did you mean 'postgresql'"),
        ({**QUESTION, "path_diagnose_hops": "nobody"}, "path_diagnose_hops matches no host"),
        ({"path_diagnose_policy": "none.yml"}, "the policy can't be read"),
    ],
)
def test_mistakes_are_told_in_a_few_lines(
    lab: Lab, tmp_path: Path, variables: dict[str, Any], says: str
) -> None:
    found = diagnose(lab, tmp_path, **variables)
    assert found.code != 0
    assert says in found.output
    assert "Traceback" not in found.output
