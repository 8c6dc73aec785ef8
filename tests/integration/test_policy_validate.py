# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""policy_validate and to_report in real playbooks, on snapshots of a network built by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import Snapshot, now, write
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from tests.support.states import GROUPS, app_rule, forward, small_lab

POLICY = {
    "title": "Shop",
    "requiredPaths": [
        {
            "name": "app to primary",
            "from": {"group": "app"},
            "to": {"group": "db_primary"},
            "service": "postgresql",
        }
    ],
}
EVIL = "comment \"{{ lookup('pipe', 'touch pwned') }}\" "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A playbook's folder: inventory, policy, snapshots of before (all open) and of now (three hosts cut off)."""
    inventory = {name: {"hosts": dict.fromkeys(hosts)} for name, hosts in GROUPS.items() if name != "all"}
    (tmp_path / "inventory.yml").write_text(
        yaml.safe_dump({"all": {"children": inventory}}), encoding="utf-8"
    )
    (tmp_path / "policy.yml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    words, matched = app_rule("10.10.1.0/26")
    for name, states in (("before", small_lab()), ("now", small_lab(fw1=[forward((EVIL + words, matched))]))):
        for host, state in states.items():
            write(
                tmp_path / name, Snapshot(host, "linux", now(), json.loads(json.dumps(state.to_dict())), [])
            )
    return tmp_path


def play(
    folder: Path, *tasks: dict[str, Any], arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the tasks for the app hosts, from another folder than the playbook's."""
    book = folder / "play.yml"
    book.write_text(
        yaml.safe_dump([{"hosts": "app", "gather_facts": False, "tasks": list(tasks)}]), encoding="utf-8"
    )
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), "-i", str(folder / "inventory.yml"), str(book), *arguments]
    environment = {
        **os.environ,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_HOME": str(folder / ".ansible"),
    }
    return subprocess.run(
        command, capture_output=True, text=True, cwd="/", env=environment, timeout=120, check=False
    )


def validate(**options: Any) -> dict[str, Any]:
    asked = {"policy": "policy.yml", "snapshots": "now", **options}
    return {"pathguard.network.policy_validate": asked, "run_once": True, "register": "proof"}


def keep(name: str, content: str) -> dict[str, Any]:
    return {
        "ansible.builtin.copy": {"content": content, "dest": name},
        "delegate_to": "localhost",
        "run_once": True,
    }


def test_a_policy_that_holds_passes_once_for_all_hosts(folder: Path) -> None:
    done = play(folder, validate(snapshots="before"), arguments=("--check",))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok: [") == 1


def test_a_violation_fails_with_one_screen_and_a_report(folder: Path) -> None:
    done = play(folder, validate(baseline="before"))
    assert done.returncode == 2
    for words in (
        "app to primary: partial, 7 of 10 app hosts open (before: open)",
        "10.10.1.66, 10.10.1.100, 10.10.1.200",
    ):
        assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_report_fits_its_schema_and_renders_and_nothing_in_it_runs(folder: Path) -> None:
    text = "{{ proof.report | pathguard.network.to_report }}"
    done = play(
        folder,
        validate(baseline="before", fail_on="never"),
        keep(str(folder / "report.json"), "{{ proof.report | to_json }}"),
        {"ansible.builtin.set_fact": {"shown": text}},
        keep(str(folder / "report.txt"), "{{ shown }}"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert problems(report, load_schema("report")) == []
    assert report["hosts"]["fw1"]["snapshot"] == str(folder / "now" / "fw1.json")
    assert EVIL.strip() in (folder / "report.txt").read_text(encoding="utf-8")
    assert not list(folder.rglob("pwned"))
    assert not Path("/pwned").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"policy": "missing.yml"}, "the policy can't be read"),
        ({"policy": {"requiredPath": []}}, "did you mean 'requiredPaths'"),
        ({"snapshots": "nowhere"}, "can't be listed"),
        ({"snapshots": ["before/fw1.json", "now/fw1.json"]}, "two snapshots are of host 'fw1'"),
        ({"snapshots": 7}, "a folder or a list of files"),
        ({"groups": {"app": "app01"}}, "groups must map names to lists of hosts"),
        ({"groups": {"app": ["app01"]}}, "unknown group 'db_primary'"),
    ],
)
def test_bad_input_is_one_clear_error(folder: Path, options: dict[str, Any], said: str) -> None:
    task = {**validate(**options), "ignore_errors": True}
    done = play(folder, task, keep(str(folder / "msg.txt"), "{{ proof.msg }}"))
    message = (folder / "msg.txt").read_text(encoding="utf-8")
    assert said in message
    assert len(message.splitlines()) <= MAX_LINES
    assert "Traceback" not in done.stdout + done.stderr


def test_a_snapshot_cut_in_half_is_told(folder: Path) -> None:
    broken = folder / "now" / "fw1.json"
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    done = play(folder, validate())
    assert done.returncode == 2
    assert "cut short" in done.stdout + done.stderr


LISTING = "table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\ttcp dport 5432 accept\n\t}\n}\n"  # fmt: skip


def test_candidates_are_loaded_upon_the_raw_text_of_snapshots(folder: Path) -> None:
    absent = [
        RawOutput(name, name, None, "", absent="none")
        for name in ("iptables_nft", "ip6tables_nft", "iptables_legacy", "ip6tables_legacy", "ipset")
    ]
    raw = [RawOutput("nft_text", "nft list ruleset", None, LISTING), *absent]
    state = json.loads(json.dumps(small_lab()["fw1"].to_dict()))
    write(folder / "before", Snapshot("fw1", "linux", now(), state, raw))
    (folder / "fw1.nft").write_text("flush chain inet filter forward\n", encoding="utf-8")
    planned = validate(snapshots="before", candidates={"fw1": "fw1.nft"}, fail_on="never")
    done = play(folder, planned, keep(str(folder / "report.json"), "{{ proof.report | to_json }}"))
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert problems(report, load_schema("report")) == []
    assert report["hosts"]["fw1"]["candidates"] == [str(folder / "fw1.nft")]
    assert report["hosts"]["fw1"]["rulesets"] == {"inet/filter/forward": 0}
    assert report["changes"]["hosts"] == ["fw1"]
    assert [change["change"] for change in report["rule_changes"]["fw1"]] == ["removed"]
    (folder / "fw1.nft").write_text("flush chain inet filter none\n", encoding="utf-8")
    refused = play(folder, planned)
    assert refused.returncode == 2
    assert f"{folder / 'fw1.nft'}, line 1" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
