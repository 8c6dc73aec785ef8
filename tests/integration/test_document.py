# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `document` from saved files, as an operator runs it: no login, and no change where nothing has changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROUTER = """version 15.9
hostname r1
ip access-list extended FROM-APP
 10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432
 20 permit tcp host 10.10.1.99 host 10.20.1.99 eq 25
 30 deny   ip any any
ip access-list extended TO-APP
 10 permit tcp 10.20.1.0 0.0.0.255 10.10.1.0 0.0.0.255 established
interface Ethernet0/0
 ip address 10.10.1.1 255.255.255.0
 ip access-group FROM-APP in
interface Ethernet0/1
 ip address 10.20.1.1 255.255.255.0
 ip access-group TO-APP in
end
"""
ROUTES = """Gateway of last resort is not set

      10.0.0.0/8 is variably subnetted, 4 subnets, 2 masks
C        10.10.1.0/24 is directly connected, Ethernet0/0
L        10.10.1.1/32 is directly connected, Ethernet0/0
C        10.20.1.0/24 is directly connected, Ethernet0/1
L        10.20.1.1/32 is directly connected, Ethernet0/1
"""
POLICY = {
    "title": "Shop",
    "boundaries": [{"host": "r1", "interface": "Ethernet0/0"}, {"host": "r1", "interface": "Ethernet0/1"}],
    "requiredPaths": [
        {
            "name": "app to database",
            "from": {"prefix": "10.10.1.0/24"},
            "to": {"addresses": ["10.20.1.10"]},
            "service": "postgresql",
            "owner": "team shop",
        }
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    saved = tmp_path / "saved" / "r1"
    saved.mkdir(parents=True)
    (saved / "running_config.txt").write_text(ROUTER)
    (saved / "routes4.txt").write_text(ROUTES)
    (tmp_path / "policy.yml").write_text(json.dumps(POLICY))
    inventory = {"all": {"hosts": {"r1": {"ansible_network_os": "cisco.ios.ios"}}}}
    (tmp_path / "inventory.yml").write_text(json.dumps(inventory))
    return tmp_path


def document(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return subprocess.run(
        [
            program, "-i", "inventory.yml", "pathguard.network.document", "-e", "path_document_policies=policy.yml",
            "-e", "path_document_files=saved", *arguments,
        ],
        cwd=folder, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def test_saved_files_become_pages_and_the_second_time_nothing_changes(folder: Path) -> None:
    first = document(folder, "--diff")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "changed=1" in first.stdout
    assert (
        "+| `10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432` | opens: app to database |"
        in first.stdout
    )
    pages = folder / "documentation"
    host = (pages / "hosts" / "r1.md").read_text()
    assert "| `10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432` | opens: app to database |" in host
    assert "| `20 permit tcp host 10.10.1.99 host 10.20.1.99 eq 25` | **serves no path** |" in host
    assert "team shop" in (pages / "incident-runbook.md").read_text()
    before = {path: path.read_bytes() for path in pages.rglob("*") if path.is_file()}
    again = document(folder)
    assert "changed=0" in again.stdout, again.stdout + again.stderr
    assert {path: path.read_bytes() for path in pages.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-e", "document_hosts=nobody"], "No host of the inventory matches document_hosts"),
        (["-e", "path_document_files=elsewhere"], "correct path_document_files"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(folder: Path, arguments: list[str], said: str) -> None:
    done = document(folder, *arguments)
    assert done.returncode != 0
    assert said in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr
    assert not (folder / "documentation").exists()
