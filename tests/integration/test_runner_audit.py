# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits as AWX runs them: from a project that can't be written to, in slices as it cuts them, with its credentials."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.run import Order, audit
from tests.integration.runner_job import Job, awx_inventory, everywhere, launch
from tests.support.audit_scene import BASELINE, NOW, POLICIES, SILENT, without_times, write_scene
from tests.support.emulated import PASSWORD, SECRET, USER, emulated
from tests.support.states import GROUPS

COUNT = 4
# AWX drops what is longer (MAX_EVENT_RES_DATA); an artifact is quoted in notifications, and should fit there.
MOST_OF_AN_EVENT, MOST_OF_ARTIFACTS = 700_000, 4_000
AUDIT = "pathguard.network.audit_step"


class Platform:
    """A project, a volume that outlives the jobs, and jobs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.volume = folder / "volume"
        self.volume.mkdir()
        self._project = folder / "repository"
        self._project.mkdir()
        write_scene(self.volume)
        for name in ("audit", "audit_join"):
            play = [{"name": "Audit", "import_playbook": f"pathguard.network.{name}"}]
            (self._project / f"{name}.yml").write_text(yaml.safe_dump(play))

    def job(self, name: str, playbook: str, number: int = 1, count: int = 1, **variables: Any) -> Job:
        groups = {name: hosts for name, hosts in GROUPS.items() if name != "all"}
        given = {
            "path_audit_policies": str(self.volume / POLICIES),
            "path_audit_snapshots": str(self.volume / NOW),
            "path_audit_baseline": str(self.volume / BASELINE),
            "path_audit_fail_on": ["violation", "drift"],
            "path_audit_report_dir": str(self.volume / "audits"),
            "awx_workflow_job_id": 7,
            **variables,
        }
        folder = self._folder / name
        folder.mkdir()
        return launch(
            folder, f"{playbook}.yml", self._project, awx_inventory(groups, {}, number, count), given
        )

    def slice(self, number: int) -> Job:
        """AWX tells a slice neither its number nor how many there are: that is a variable of the template."""
        return self.job(f"slice{number}", "audit", number, COUNT, path_audit_slice_count=COUNT)

    def join(self, name: str, **artifacts: Any) -> Job:
        return self.job(name, "audit_join", path_audit_slice_count=COUNT, **artifacts)

    def whole(self) -> dict[str, Any]:
        """The report of all hosts at once, by the engine alone."""
        order = Order(
            policies=str(self.volume / POLICIES),
            folder=self.volume,
            hosts=sorted(GROUPS["all"]),
            groups=GROUPS,
            inventory=GROUPS["all"],
            report_dir=self.volume / "audits",
            id="whole",
            baseline=str(self.volume / BASELINE),
            snapshots=self.volume / NOW,
            formats=["json"],
            fail_on=["violation", "drift"],
        )
        audit(order, None, lambda _said: None)
        return self.report("whole")

    def report(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.volume / "audits" / name / "audit.json").read_bytes())
        return found


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(tmp_path)


def fine(job: Job) -> None:
    """A job that a platform can keep: no task goes from host to host."""
    assert len([event for event in job.events if event["event"] == "runner_on_ok"]) <= 4
    assert job.largest_event < MOST_OF_AN_EVENT / 10
    assert len(json.dumps(job.artifacts)) < MOST_OF_ARTIFACTS
    assert "Traceback" not in job.output


def in_slices(platform: Platform, *numbers: int) -> list[Job]:
    """Two at a time, as there are two nodes."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(platform.slice, numbers))


def test_slices_of_a_job_give_the_report_of_the_whole(platform: Platform) -> None:
    parts = in_slices(platform, *range(1, COUNT + 1))
    given = {name: item for part in parts for name, item in part.artifacts.items() if name == "path_audit_id"}
    joined = platform.join("join", **given)
    assert without_times(platform.report("workflow-7")) == without_times(platform.whole())
    # The artifacts are there although the job has failed, and no slice has taken another's.
    assert (joined.rc, joined.status) == (2, "failed"), joined.output
    summary = joined.artifacts["path_audit_summary"]
    assert (summary["verdict"], summary["violations"], summary["drifted"]) == ("fail", 2, 2)
    [failed] = joined.results("runner_on_failed", AUDIT)
    assert failed["msg"].startswith("the audit workflow-7 fails\n")
    for part in (*parts, joined):
        fine(part)
    assert len(joined.results("runner_on_ok", AUDIT)) == 1
    assert {name for part in parts for name in part.artifacts} == {
        *(f"path_audit_summary_{number}" for number in range(1, COUNT + 1)),
        "path_audit_id",
    }
    [silent] = [host for host in platform.report("workflow-7")["hosts"] if host["status"] != "read"]
    assert silent["name"] == SILENT


@pytest.mark.long
def test_a_slice_that_never_ran_fails_the_join(platform: Platform) -> None:
    in_slices(platform, 1, 2, 4)
    joined = platform.join(
        "join",
        path_audit_slices_dir=str(platform.volume / "audits"),
        path_audit_history_dir=str(platform.volume / "history"),
    )
    assert (joined.rc, joined.status) == (2, "failed"), joined.output
    assert "no report of slice 3" in joined.output
    found = platform.report("workflow-7")
    assert found["missing_slices"] == [3]
    assert joined.artifacts["path_audit_summary"]["hosts"] == {"read": 10, "failed": 1, "missing": 3}
    assert (platform.volume / "history" / "hosts" / "fw1" / "rules.txt").exists()


@pytest.mark.long
def test_a_project_that_can_not_be_written_to_costs_the_files_and_not_the_verdict(platform: Platform) -> None:
    job = platform.job("job", "audit", path_audit_report_dir="pathguard", path_audit_fail_on=["never"])
    fine(job)
    assert job.artifacts["path_audit_summary"]["verdict"] == "pass"
    assert job.rc == 2
    assert "Read-only file system" in job.output


def test_the_network_credential_is_what_devices_are_logged_in_to_by(tmp_path: Path) -> None:
    volume, project = tmp_path / "volume", tmp_path / "repository"
    project.mkdir()
    (project / "audit.yml").write_text(
        yaml.safe_dump([{"name": "Audit", "import_playbook": "pathguard.network.audit"}])
    )
    credential = {
        "ANSIBLE_NET_USERNAME": USER,
        "ANSIBLE_NET_PASSWORD": PASSWORD,
        "ANSIBLE_NET_AUTHORIZE": "1",
        "ANSIBLE_NET_AUTH_PASS": SECRET,
    }
    with emulated("cisco_ios", tmp_path) as device:
        hostvars = {
            "ansible_host": "127.0.0.1",
            "ansible_port": device.port,
            "ansible_connection": "ansible.netcommon.network_cli",
            "ansible_network_os": "cisco.ios.ios",
            "ansible_ssh_common_args": device.ssh_args,
        }
        job = launch(
            tmp_path / "job",
            "audit.yml",
            project,
            awx_inventory({"routers": ["r1"]}, {"r1": hostvars}),
            {
                "path_audit_policies": [],
                "path_audit_report_dir": str(volume),
                "path_audit_history_dir": str(tmp_path / "history"),
                "path_audit_id": "nightly",
            },
            credential,
        )
        assert (job.rc, job.status) == (0, "successful"), job.output
        assert device.logins == 1
    fine(job)
    assert job.artifacts["path_audit_summary"]["hosts"] == {"read": 1, "failed": 0, "missing": 0}
    assert "APP-IN" in (tmp_path / "history" / "hosts" / "r1" / "rules.txt").read_text()
    # The password is where the platform put it, and in the environment that the runner notes down.
    expected = {str(tmp_path / "job" / name) for name in ("env/envvars", "artifacts/job/command")}
    for secret in (PASSWORD, SECRET):
        assert {*everywhere(tmp_path / "job", secret)} == expected
        assert everywhere(volume, secret) == []
