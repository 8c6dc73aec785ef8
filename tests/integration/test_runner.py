# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""guarded_update as automation platforms run it: by ansible-runner, from a private data folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.guard_play import ENVIRONMENT, POLICY, fw1, on_fw1
from tests.integration.lab_fixture import INVENTORY, Lab
from tests.integration.runner_job import IDENT, Job, everywhere, read_job, write

# Two jobs of a whole guarded update each.
pytestmark = pytest.mark.long

NARROW = "sed -i 's,10.10.1.0/24 ip daddr,10.10.1.0/26 ip daddr,' /etc/nftables.conf && reload-firewall"
HARMLESS = "nft insert rule inet filter forward ip saddr 192.0.2.1 drop"


def run_job(lab: Lab, folder: Path, secret: str, change: str) -> Job:
    """The firewall is logged in to by a password, for sudo as well, which the job has as a variable."""
    project, env = folder / "project", folder / "env"
    for made in (project, env):
        made.mkdir()
    shutil.copytree(INVENTORY, folder / "inventory")
    login = {
        "ansible_user": "opspw",
        "ansible_ssh_private_key_file": "",
        "ansible_password": "{{ firewall_password }}",
        "ansible_become_password": "{{ firewall_password }}",
    }
    write(folder / "inventory" / "host_vars" / "fw1.yml", login)
    write(project / "play.yml", [{"import_playbook": "pathguard.network.guarded_update"}])
    write(project / "change.yml", [on_fw1(change)])
    shutil.copy(POLICY, project / "policy.yml")
    variables = {
        "firewall_password": secret,
        "guarded_update_hosts": "app01,app09",
        "guarded_update_facts": False,
        "path_guard_policy": "policy.yml",
        "path_guard_change_tasks": "change.yml",
        "path_guard_protect": "fw1",
        "path_guard_settle": 0,
    }
    write(env / "extravars", variables)
    write(env / "envvars", {**ENVIRONMENT, "ANSIBLE_HOST_KEY_CHECKING": "true"})
    # The platform's own process is somewhere else, and its PWD says so.
    done = lab.in_controller(
        ["ansible-runner", "run", str(folder), "-p", "play.yml", "--ident", IDENT],
        env={"PWD": "/"},
        cwd="/",
        timeout=280,
    )
    return read_job(folder, done.stdout + done.stderr)


@pytest.fixture
def secret(fresh_lab: Lab) -> str:
    return (fresh_lab.ssh / "opspw.password").read_text().strip()


def test_a_job_whose_change_is_kept(fresh_lab: Lab, tmp_path: Path, secret: str) -> None:
    job = run_job(fresh_lab, tmp_path, secret, HARMLESS)
    assert (job.rc, job.status) == (0, "successful"), job.output
    # Relative paths start from the project's folder, which is where the platform runs the playbook.
    [run] = (tmp_path / "project" / "pathguard").iterdir()
    assert job.artifacts == {"path_guard_run_id": run.name, "path_guard_decision": "confirmed"}
    decisions = [result.get("decision") for result in job.results("runner_on_ok")]
    assert decisions == [
        None,
        "confirmed",
        "confirmed",
        "closed",
        "closed",
    ]  # pre, post, close; and their verdicts
    assert "the change is kept" in job.output
    assert "is empty and had no tasks" not in job.output
    # The password is where the platform put it, and nowhere else.
    assert everywhere(tmp_path, secret) == [str(tmp_path / "env" / "extravars")]


def test_a_job_whose_change_is_reverted(fresh_lab: Lab, tmp_path: Path, secret: str) -> None:
    before = fw1(fresh_lab)
    job = run_job(fresh_lab, tmp_path, secret, NARROW)
    assert (job.rc, job.status) == (2, "failed"), job.output
    [run] = (tmp_path / "project" / "pathguard").iterdir()
    assert job.artifacts == {"path_guard_run_id": run.name, "path_guard_decision": "reverted"}
    [failed] = job.results("runner_on_failed")
    assert "app to primary" in failed["msg"]
    assert "10.10.1.66, 10.10.1.100, 10.10.1.200" in job.output
    assert fw1(fresh_lab) == before
    assert everywhere(tmp_path, secret) == [str(tmp_path / "env" / "extravars")]
