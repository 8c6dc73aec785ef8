# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `discover` in the lab: the applications' own connections become a policy that the network satisfies."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.integration.gather_play import play
from tests.integration.lab_fixture import Lab


def test_what_is_connected_becomes_a_policy_that_holds(lab: Lab, tmp_path: Path) -> None:
    lab.wait_for_apps()
    file = tmp_path / "policy.yml"
    told = lab.ansible(
        *("pathguard.network.discover", "-e", "discover_hosts=app:db:firewalls"),
        *("-e", f"discover_file={file}", "-e", "discover_seconds=1"),
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    paths = {path["name"]: path for path in yaml.safe_load(file.read_text())["requiredPaths"]}
    shop = paths["postgresql from app to db_primary"]
    assert (shop["from"], shop["to"]) == ({"group": "app"}, {"group": "db_primary"})
    assert not any("ssh" in name for name in paths), "the logins of the discovery itself"

    hosts = "{{ groups['app'] + groups['db'] + groups['firewalls'] }}"
    tasks = [
        {
            "name": "gather",
            "pathguard.network.firewall_info": {"hosts": hosts, "snapshot_dir": str(tmp_path / "snapshots")},
            "become": True,
        },
        {
            "name": "prove",
            "pathguard.network.policy_validate": {
                "policy": str(file),
                "snapshots": str(tmp_path / "snapshots"),
            },
        },
    ]
    report = play(lab, tmp_path, tasks).of("prove")["report"]
    assert report["summary"]["verdict"] == "pass"
    assert {path["status"] for path in report["paths"]} == {"open"}
