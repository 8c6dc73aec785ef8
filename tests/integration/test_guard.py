# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role path_guard with real Ansible, on every supported ansible-core: no way around the gate."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.integration.guard_play import BATCH, POLICY, Guarded, fw1, on_fw1
from tests.integration.lab_fixture import ROOT, Lab

# What Ansible's versions could do differently runs on all of them.
matrix = pytest.mark.matrix

NOTHING = [{"name": "Nothing", "ansible.builtin.command": "true", "changed_when": False}]
NARROW = "sed -i 's,10.10.1.0/24 ip daddr,10.10.1.0/26 ip daddr,' /etc/nftables.conf"
BREAK = on_fw1(f"{NARROW} && reload-firewall")


def lost(*hosts: str) -> dict[str, Any]:
    """Nobody listens on port 1: as unreachable as a host that is down, and quicker."""
    return {
        "name": "Lose the host",
        "ansible.builtin.ping": {},
        "vars": {"ansible_port": "{{ 1 if inventory_hostname in " + repr(list(hosts)) + " else 22 }}"},
    }


@pytest.fixture
def guarded(ruled_lab: Lab, tmp_path: Path) -> Guarded:
    return Guarded(ruled_lab, tmp_path)


def no_checkpoint_is_held(lab: Lab) -> bool:
    """By the hosts' own word: nothing is armed, and no timer runs."""
    done = lab.ansible("fw1", "-m", "pathguard.network.firewall_checkpoint_info", "-b", program="ansible")
    assert done.returncode == 0, done.stdout + done.stderr
    return '"state": "armed"' not in done.stdout and '"state": "confirmed"' not in done.stdout


@matrix
def test_a_good_change_is_kept(guarded: Guarded) -> None:
    done = guarded.run(NOTHING, probe=True, protect="", settle=1)
    assert (done.code, done.decisions) == (0, ["confirmed"]), done.output
    assert "the change is kept" in done.output
    assert no_checkpoint_is_held(guarded.lab)


@matrix
def test_a_bad_change_is_caught_named_and_reverted(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    done = guarded.run([BREAK], probe=True, protect="", settle=1)
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    path = done.path("app to primary")
    assert path["status"] == "partial"
    assert path["cut"]["from"] == ["10.10.1.66", "10.10.1.100", "10.10.1.200"]
    assert path["share"]["hosts"] == {"open": 7, "cut": 3, "unknown": 0, "total": 10}
    cure = path["remedy"][0]
    assert (cure["host"], cure["chain"]) == ("fw1", "inet/filter/forward")
    assert "10.10.1.0/26" in cure["now"]["text"]
    assert "10.10.1.0/24" in cure["before"]["text"]
    revert = done.guard["revert"]
    assert (revert["fingerprint"], revert["paths"], revert["probes"]) == (True, True, True)
    assert fw1(guarded.lab) == before
    assert guarded.lab.query("app09").stdout == "500\n"
    schema = json.loads((ROOT / "schemas" / "report.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(done.runs[0])
    assert "cut off   10.10.1.66, 10.10.1.100, 10.10.1.200" in done.output


def test_files_are_the_owners_alone(guarded: Guarded) -> None:
    guarded.run([BREAK])
    files = [path for path in (guarded.folder / "pathguard").rglob("*") if path.is_file()]
    assert len(files) > 20
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@matrix
def test_a_notified_handler_is_part_of_the_change(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    edit = {**on_fw1(NARROW), "notify": "Reload"}
    reload = {
        "name": "Reload",
        "ansible.builtin.command": "reload-firewall",
        "delegate_to": "fw1",
        "changed_when": True,
    }
    done = guarded.run([edit], handlers=[reload])
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    assert done.path("app to primary")["status"] == "partial"
    assert fw1(guarded.lab) == before


@matrix
def test_a_handler_that_fails_is_a_failed_change(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    edit = {**on_fw1(NARROW), "notify": "Reload"}
    broken = {"name": "Reload", "ansible.builtin.command": "false", "delegate_to": "fw1"}
    done = guarded.run([edit], handlers=[broken], hosts="app01", protect=["fw1", "fw2"])
    assert done.code == 2, done.output
    assert [(item["host"], item["kind"], item["task"]) for item in done.guard["failures"]] == [
        ("app01", "failed", "Reload")
    ]
    assert fw1(guarded.lab) == before


@matrix
@pytest.mark.parametrize(
    "keyword", [{}, {"any_errors_fatal": True}, {"max_fail_percentage": 90}, {"ignore_errors": True}]
)
def test_one_host_fails_in_the_change(guarded: Guarded, keyword: dict[str, Any]) -> None:
    before = fw1(guarded.lab)
    fails = {"name": "Fail here", "ansible.builtin.command": "false", "when": "inventory_hostname == 'app01'"}
    if "ignore_errors" in keyword:
        # A play that ignores errors means its own tasks' errors, and must not swallow the gate.
        done = guarded.run([BREAK], play=keyword)
    else:
        done = guarded.run([BREAK, fails], play=keyword)
        assert [(item["host"], item["kind"], item["task"]) for item in done.guard["failures"]] == [
            ("app01", "failed", "Fail here")
        ]
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    assert fw1(guarded.lab) == before


@matrix
@pytest.mark.parametrize("keyword", [{}, {"any_errors_fatal": True}, {"ignore_unreachable": True}])
def test_one_host_becomes_unreachable(guarded: Guarded, keyword: dict[str, Any]) -> None:
    """The first host: the one that steps run on."""
    before, host = fw1(guarded.lab), BATCH.split(",")[0]
    done = guarded.run([BREAK, lost(host)], play=keyword)
    assert done.code != 0
    assert done.decisions == ["reverted"], done.output
    assert [(item["host"], item["kind"]) for item in done.guard["failures"]] == [(host, "lost")]
    assert fw1(guarded.lab) == before


@matrix
def test_all_become_unreachable_and_the_timer_reverts(guarded: Guarded) -> None:
    """Ansible ends there, and runs nothing more: what remains is the timer on the firewall."""
    before = fw1(guarded.lab)
    done = guarded.run([BREAK, lost(*BATCH.split(","))], timeout=40)
    assert done.code != 0
    assert done.decisions == [""], done.output
    assert fw1(guarded.lab) != before
    guarded.lab.run(
        "fw1",
        "for i in $(seq 120); do nft list ruleset | grep -q 10.10.1.0/26 || exit 0; sleep 0.5; done; exit 1",
        timeout=70,
        check=True,
    )
    assert fw1(guarded.lab) == before


@matrix
@pytest.mark.parametrize("arguments", [("--tags", "deploy"), ("--skip-tags", "other")])
def test_tags_do_not_skip_the_gate(guarded: Guarded, arguments: tuple[str, ...]) -> None:
    before = fw1(guarded.lab)
    done = guarded.run([{**BREAK, "tags": "deploy"}], *arguments)
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    assert fw1(guarded.lab) == before


def test_tags_that_choose_nothing_change_nothing(guarded: Guarded) -> None:
    done = guarded.run([{**BREAK, "tags": "deploy"}], "--tags", "other")
    assert (done.code, done.decisions) == (0, ["confirmed"]), done.output


@matrix
def test_check_mode_proves_and_says_that_nothing_was_tested(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    done = guarded.run([BREAK], "--check", "--diff")
    assert (done.code, done.decisions) == (0, ["not tested"]), done.output
    assert "change not tested" in done.output
    assert "3 paths proven" in done.output
    assert fw1(guarded.lab) == before
    assert no_checkpoint_is_held(guarded.lab)


def test_diff_shows_the_rules_that_changed(guarded: Guarded) -> None:
    done = guarded.run([on_fw1("nft insert rule inet filter forward ip saddr 192.0.2.1 drop")], "--diff")
    assert (done.code, done.decisions) == (0, ["confirmed"]), done.output
    assert "+ ip saddr 192.0.2.1 drop" in done.output


@matrix
def test_limit_leaves_the_policys_groups_whole(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    done = guarded.run([BREAK], "--limit", "app01", hosts="app")
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    assert done.path("app to primary")["share"]["hosts"]["total"] == 10
    assert fw1(guarded.lab) == before


@matrix
def test_each_batch_is_a_run_and_a_bad_one_ends_the_play(guarded: Guarded) -> None:
    second = {**BREAK, "when": "'app02' in ansible_play_batch"}
    done = guarded.run([second], hosts="app01,app02,app03", play={"serial": 1})
    assert (done.code, done.decisions) == (2, ["confirmed", "reverted"]), done.output
    assert [run["guard"]["hosts"] for run in done.runs] == [["app01"], ["app02"]]


@matrix
def test_a_condition_that_is_false_on_the_first_host_is_no_silent_pass(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    done = guarded.run([BREAK], role={"when": "inventory_hostname != 'app01'"})
    assert done.code == 2, done.output
    assert fw1(guarded.lab) == before


@matrix
def test_the_free_strategy_is_refused(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    done = guarded.run([BREAK], play={"strategy": "free"})
    assert done.code != 0
    assert "the guard is not possible with 'strategy: free'" in done.output
    assert "use 'strategy: linear'" in done.output
    assert fw1(guarded.lab) == before


@matrix
def test_an_empty_batch_is_told_by_the_playbook(guarded: Guarded) -> None:
    done = guarded.lab.ansible(
        "pathguard.network.guarded_update",
        "-e",
        "guarded_update_hosts=nobody",
        "-e",
        "path_guard_policy=x path_guard_change_tasks=y",
    )
    assert done.returncode != 0
    assert "No host of the inventory matches guarded_update_hosts" in done.stdout


def test_a_play_that_the_change_ends_is_closed(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    close = {
        "name": "Close",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Close what was left open",
                "ansible.builtin.import_role": {
                    "name": "pathguard.network.path_guard",
                    "tasks_from": "close",
                },
            }
        ],
    }
    done = guarded.run([BREAK, {"name": "End it all", "ansible.builtin.meta": "end_play"}], more=[close])
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    assert "ended without a verdict" in done.output
    assert fw1(guarded.lab) == before


def entry(name: str, **variables: Any) -> dict[str, Any]:
    settings = {
        "policy": str(POLICY),
        "protect": "fw1",
        "probe": False,
        "settle": 0,
        "timeout": 120,
        **variables,
    }
    return {
        "name": f"Guard, {name}",
        "ansible.builtin.import_role": {"name": "pathguard.network.path_guard", "tasks_from": name},
        "vars": {f"path_guard_{key}": value for key, value in settings.items()},
    }


def a_play(*tasks: dict[str, Any], hosts: str = BATCH) -> dict[str, Any]:
    return {"name": "Update", "hosts": hosts, "gather_facts": False, "tasks": list(tasks)}


def test_pre_and_post_around_tasks_of_the_play(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    done = guarded.play([a_play(entry("pre"), BREAK, entry("post"))])
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    assert fw1(guarded.lab) == before


def test_pre_and_post_notice_a_host_that_is_lost_in_between(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    harmless = on_fw1("nft add rule inet filter forward ip saddr 192.0.2.1 drop")
    done = guarded.play([a_play(entry("pre"), harmless, lost("app01"), entry("post"))])
    assert done.code != 0
    assert done.decisions == ["reverted"], done.output
    assert [(item["host"], item["kind"]) for item in done.guard["failures"]] == [("app01", "lost")]
    assert fw1(guarded.lab) == before


def test_pre_post_and_revert_in_separate_jobs(guarded: Guarded) -> None:
    """As nodes of a workflow: they share the run's id and the snapshot folder, and nothing else."""
    before = fw1(guarded.lab)
    assert guarded.play([a_play(entry("pre", run_id="job-1"))]).code == 0
    assert guarded.play([a_play(BREAK)]).code == 0
    assert fw1(guarded.lab) != before
    done = guarded.play(
        [a_play(entry("revert", run_id="job-1", reason="the change's job failed"), hosts="localhost")]
    )
    assert (done.code, done.decisions) == (0, ["reverted"]), done.output
    assert fw1(guarded.lab) == before
    assert guarded.play([a_play(entry("pre", run_id="job-2"))]).code == 0
    done = guarded.play([a_play(entry("post", run_id="job-2"), hosts="localhost")])
    assert (done.code, done.decisions) == (0, ["reverted", "confirmed"]), done.output


def test_a_second_run_is_refused_while_one_holds_the_firewall(guarded: Guarded) -> None:
    assert guarded.play([a_play(entry("pre", run_id="first"))]).code == 0
    before = fw1(guarded.lab)
    done = guarded.play([a_play(entry("pre", run_id="second"), BREAK)])
    assert (done.code, done.decisions) == (2, ["", "stopped"]), done.output
    assert "another run is not over: run first of root on ctl holds fw1 (armed) since" in done.output
    assert "take_over and a reason" in done.output
    assert fw1(guarded.lab) == before


def test_a_revert_after_a_take_over_is_proven(guarded: Guarded) -> None:
    """The run died; somebody took its checkpoint over and restored it; then its own revert is asked for."""
    before = fw1(guarded.lab)
    assert guarded.play([a_play(entry("pre", run_id="died"), BREAK)]).code == 0
    rescue = {"id": "rescue", "hosts": ["fw1"], "take_over": True, "reason": "the run died"}
    module = "pathguard.network.firewall_checkpoint"
    tasks = [
        {"name": "Take over", module: rescue},
        {"name": "Restore", module: {"id": "rescue", "hosts": ["fw1"], "state": "restored"}},
    ]
    assert guarded.play([a_play(*tasks, hosts="fw1")]).code == 0
    done = guarded.play([a_play(entry("revert", run_id="died", reason="a test"), hosts="localhost")])
    assert (done.code, done.decisions) == (0, ["reverted"]), done.output
    assert "note: fw1: restored by run rescue, which had taken its checkpoint over" in done.output
    assert fw1(guarded.lab) == before


@matrix
def test_a_change_that_fails_in_check_mode_fails(guarded: Guarded) -> None:
    fails = {"name": "Fail here", "ansible.builtin.assert": {"that": "false"}}
    done = guarded.run([fails], "--check")
    assert (done.code, done.decisions) == (2, ["not tested"]), done.output
    assert "change not tested" in done.output
    assert "app01 failed at task 'Fail here'" in done.output
