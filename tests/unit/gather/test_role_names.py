# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A variable that is meant for a role and that it does not have is not ignored in silence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.role_names import (
    Stray,
    options_of,
    overlooked,
    slips,
    strays,
    unknown,
)

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


@pytest.mark.parametrize(
    ("role", "name", "meant"),
    [
        ("path_audit", "path_audit_polices", "path_audit_policies"),
        ("path_audit", "path_audit_basline", "path_audit_baseline"),
        ("path_audit", "path_audit_fail", "path_audit_fail_on"),
        ("path_audit", "path_audit_report", "path_audit_report_dir"),
        ("path_guard", "path_guard_time_out", "path_guard_timeout"),
        ("path_guard", "path_guard_deadline", "path_guard_timeout"),
        ("path_guard", "path_guard_protekt", "path_guard_protect"),
        ("path_guard", "path_gaurd_timeout", "path_guard_timeout"),
        ("path_guard", "guarded_update_seriel", "guarded_update_serial"),
        ("path_monitor", "path_monitor_webhok_url", "path_monitor_webhook_url"),
        ("path_monitor", "path_monitor_webhook_URL", "path_monitor_webhook_url"),
        ("path_document", "path_document_policy", "path_document_policies"),
        ("path_diagnose", "path_diagnose_form", "path_diagnose_from"),
    ],
)
def test_a_near_miss_is_an_error_that_names_what_was_meant(role: str, name: str, meant: str) -> None:
    found = strays(role, {name: "x", "ansible_host": "10.0.0.1", "path_to_java": "/usr"})
    assert found == [Stray(name, meant)]
    error = slips(found, role)
    assert error is not None
    assert f"{name} (did you mean {meant}?)" in str(error)
    assert unknown(found, role) == ""


@pytest.mark.parametrize(
    ("role", "name", "value"),
    [
        ("path_audit", "path_audit_report_mail_text", "x"),
        ("path_guard", "path_guard_ticket", "CHG-1"),
        ("path_guard", "path_guard_policy_folder", "policies"),
        ("path_monitor", "path_monitor_runner", "ops1"),
    ],
)
def test_a_variable_of_the_sites_own_is_told_and_breaks_nothing(role: str, name: str, value: Any) -> None:
    found = strays(role, {name: value})
    assert found == [Stray(name, "")]
    assert slips(found, role) is None
    assert name in unknown(found, role)
    assert f"ansible-doc -t role pathguard.network.{role}" in unknown(found, role)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("path_guard_policies_found", {"changed": False, "stat": {}}),
        ("path_guard_timeouts", {"failed": True, "msg": "x"}),
        ("path_guard_run_id", "x"),
        ("path_audit_polices", "another role says so"),
        ("timeout", 1),
        ("path_separator", ":"),
        ("patch_guard_timeout", 600),
    ],
)
def test_what_a_task_registered_and_what_is_for_others_is_left_alone(name: str, value: Any) -> None:
    assert strays("path_guard", {name: value}) == []


@pytest.mark.parametrize(
    ("playbook", "name", "meant"),
    [
        ("audit", "audit_host", "audit_hosts"),
        ("discover", "discover_second", "discover_seconds"),
        ("document", "document_hots", "document_hosts"),
        ("monitor", "monitor_intervall", "monitor_interval"),
    ],
)
def test_a_near_miss_of_a_playbooks_own_variable_is_told(playbook: str, name: str, meant: str) -> None:
    said = overlooked(playbook, {name: "x", meant: "y", "hosts": "z"})
    assert said == f"the playbook {playbook} does not read {name} (did you mean {meant}?)"


@pytest.mark.parametrize("playbook", ["audit", "discover", "document", "monitor"])
def test_every_variable_that_a_playbook_reads_is_known(playbook: str) -> None:
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")
    names = set(re.findall(rf"\b{playbook}_\w+", text)) - {f"{playbook}_step", f"{playbook}_result"}
    assert names
    for name in names:
        assert f"did you mean {name}?" in overlooked(playbook, {f"{name}x": "y"}), name


@pytest.mark.parametrize("name", ["audit_hosts", "audit_log_server", "discover_second", "audited_hosts"])
def test_others_may_use_names_that_begin_as_a_playbooks(name: str) -> None:
    assert overlooked("audit", {name: "x"}) == ""
    assert overlooked("", {name: "x"}) == ""


def test_an_artifact_of_a_slice_is_known() -> None:
    assert strays("path_audit", {"path_audit_summary_12": {}, "path_audit_summary": {}}) == []


def test_many_slips_are_one_short_error() -> None:
    names = ["path_audit_baselin", "path_audit_filess", "path_audit_formatts", "path_audit_workerss"]
    error = slips(strays("path_audit", dict.fromkeys(names, "x")), "path_audit")
    assert error is not None
    assert "and 1 more" in str(error)
    assert len(str(error).splitlines()) <= 5


@pytest.mark.parametrize("role", ROLES)
def test_all_that_roles_and_playbooks_set_themselves_is_known(role: str) -> None:
    """Else a role would warn of its own variables."""
    used: set[str] = set()
    for path in [*(ROOT / "roles").rglob("*.yml"), *(ROOT / "playbooks").rglob("*.yml")]:
        used.update(re.findall(rf"\b(?:{role}|guarded_update)_[a-z_]+\b", path.read_text("utf-8")))
    for path in (ROOT / "plugins" / "action").glob("*_step.py"):
        used.update(re.findall(rf'"({role}_[a-z_]+)"', path.read_text("utf-8")))
    assert used >= options_of(role)
    playbooks = {"guarded_update_hosts_is_not_set"}
    assert [one.name for one in strays(role, dict.fromkeys(used - playbooks))] == []
