# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit in the lab: all well, then a rule that was changed, told by its flows and its words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from tests.integration.guard_play import ENVIRONMENT
from tests.integration.lab_fixture import INVENTORY, Lab

POLICY = {
    "title": "Shop",
    "requiredPaths": [
        {
            "name": "app to primary",
            "from": {"hosts": ["app01", "app08"]},
            "to": {"group": "db_primary"},
            "service": "postgresql",
        }
    ],
}
HOSTS = "app01:app08:fw1:db1"
NARROW = (
    "nft replace rule inet filter forward handle $(nft -a list chain inet filter forward "
    "| sed -n 's/.*ip saddr 10.10.1.0.24 .*handle //p') "
    "ip saddr 10.10.1.0/26 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 accept"
)


@dataclass(frozen=True)
class Told:
    """``summary``: what the job's artifacts have, and callbacks show at the end; empty where nothing was set."""

    code: int
    output: str
    document: dict[str, Any]
    summary: dict[str, Any]


def audit(lab: Lab, folder: Path, name: str, *arguments: str, **variables: Any) -> Told:
    (folder / "policy.yml").write_text(yaml.safe_dump(POLICY))
    given = {"audit_hosts": HOSTS, "path_audit_policies": "policy.yml", "path_audit_id": name, **variables}
    done = lab.ansible(
        "pathguard.network.audit",
        *arguments,
        "-e",
        json.dumps(given),
        env={**ENVIRONMENT, "ANSIBLE_SHOW_CUSTOM_STATS": "true"},
        cwd=folder,
    )
    path = folder / "pathguard" / name / "audit.json"
    document = json.loads(path.read_text()) if path.exists() else {}
    assert problems(document, load_schema("audit")) == [] or not document
    stats = re.search(r"RUN: (\{.*?\n?\})\s*$", done.stdout, re.MULTILINE | re.DOTALL)
    summary = json.loads(stats[1])["path_audit_summary"] if stats else {}
    return Told(done.returncode, done.stdout + done.stderr, document, summary)


def test_a_changed_rule_is_drift_by_its_flows_and_its_words(fresh_lab: Lab, tmp_path: Path) -> None:
    fine = audit(fresh_lab, tmp_path, "a1", "--check")
    assert fine.code == 0, fine.output
    assert (fine.summary["verdict"], fine.summary["hosts"]) == (
        "pass",
        {"read": 4, "failed": 0, "missing": 0},
    )

    fresh_lab.run("fw1", NARROW, check=True)
    told = audit(fresh_lab, tmp_path, "a2", path_audit_baseline="pathguard/a1", path_audit_fail_on=["drift"])
    assert told.code == 2, told.output
    assert (told.summary["verdict"], told.summary["drifted"]) == ("fail", 1), told.output
    assert told.summary["reasons"] == ["1 host not as in the baseline: fw1"]
    assert Path(told.summary["report"]).is_file()
    [drift] = [entry for entry in told.document["drift"] if entry["status"] != "same"]
    [lost] = drift["lost"]
    assert (drift["host"], lost["hook"], lost["connection"]) == ("fw1", "forward", "new")
    assert lost["flows"][0]["src"] == ["10.10.1.64/26", "10.10.1.128/25"]
    [change] = drift["rules"]
    assert "10.10.1.0/24" in change["before"]["text"]
    assert "10.10.1.0/26" in change["after"]["text"]
    [unsaved] = [one for one in told.document["hygiene"] if one["kind"] == "not_saved"]
    assert (unsaved["host"], unsaved["severity"]) == ("fw1", "high")
    assert "lost at forward, new connections: 10.10.1.64/26,10.10.1.128/25" in told.output
    path = told.document["policies"][0]["report"]["paths"][0]
    assert (path["status"], path["cut"]["hosts"]) == ("partial", ["app08"])


@pytest.mark.long
def test_a_host_that_is_silent_and_a_mistake(fresh_lab: Lab, tmp_path: Path) -> None:
    """Neither ends without artifacts, and neither is a success."""
    wrong = {"ansible_port": 9}
    inventory = tmp_path / "wrong.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"app08": wrong}}}))
    silent = audit(fresh_lab, tmp_path, "a1", "-i", str(INVENTORY), "-i", str(inventory))
    assert silent.code == 2, silent.output
    assert silent.summary.get("hosts") == {"read": 3, "failed": 1, "missing": 0}, silent.output
    assert silent.document["summary"]["satisfied"] == {"yes": 0, "no": 0, "unknown": 1}
    assert "unread  app08:" in silent.output

    mistake = audit(fresh_lab, tmp_path, "a2", path_audit_policies="nowhere.yml")
    assert mistake.code == 2, mistake.output
    assert (mistake.summary["verdict"], mistake.document) == ("error", {})
    assert mistake.output.count("the policy can't be read") >= 1
    assert "Traceback" not in mistake.output


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "pattern", "says"),
    [
        ((), "nobody", "nothing was audited"),
        (("--limit", "app01"), "fw1", "nothing was audited"),
        (("--limit", "localhost"), "all", "leaves us with no hosts to target"),
    ],
)
def test_an_audit_of_nothing_is_no_success(
    fresh_lab: Lab, tmp_path: Path, arguments: tuple[str, ...], pattern: str, says: str
) -> None:
    found = audit(fresh_lab, tmp_path, "a1", *arguments, audit_hosts=pattern)
    assert found.code != 0, found.output
    assert says in found.output


@pytest.mark.long
def test_a_limit_is_kept_to(fresh_lab: Lab, tmp_path: Path) -> None:
    found = audit(fresh_lab, tmp_path, "a1", "--limit", "fw1,db1")
    assert [host["name"] for host in found.document["hosts"]] == ["db1", "fw1"]
    assert (found.code, found.summary["satisfied"]["unknown"]) == (2, 1), found.output
