# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder in which the examples of the documentation work: the lab's snapshots, and the files that examples name.

What the lab's hosts said is in tests/fixtures/lab/outputs.json.xz: host -> the ``raw`` of its snapshot, as firewall_info
wrote it on a lab that was just up. States are read from it anew each time.
"""

from __future__ import annotations

import json
import lzma
import shutil
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = ROOT / "tests" / "fixtures" / "lab" / "outputs.json.xz"

POLICY = """\
$schema: urn:pathguard:schema:path-policy:1
title: Shop, application to database
requiredPaths:
  - {name: app to primary, from: {group: app}, to: {group: db_primary}, service: postgresql}
  - {name: "app to standby, for a failover", from: {group: app}, to: {group: db_standby}, service: postgresql}
"""
EDGE = """\
version 15.9
hostname {name}
interface GigabitEthernet0/0
 ip address 192.0.2.{last} 255.255.255.0
 ip access-group FROM-APP in
interface GigabitEthernet0/1
 ip address 198.51.100.{last} 255.255.255.0
ip access-list extended FROM-APP
 10 permit tcp any any established
 20 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432
end
"""
LINES = """\
ip access-list extended FROM-APP
 no 20
 20 permit tcp 10.10.1.0 0.0.0.127 host 10.20.1.10 eq 5432
"""
CHANGE = """\
- name: Install version 1.4.3 of the shop
  ansible.builtin.copy:
    content: "1.4.3\\n"
    dest: /tmp/VERSION
    mode: "0644"
"""


def outputs() -> dict[str, list[RawOutput]]:
    """Host -> what its commands printed."""
    document = json.loads(lzma.decompress(OUTPUTS.read_bytes()))
    return {host: [RawOutput.from_dict(item) for item in raw] for host, raw in document.items()}


def save(folder: Path, host: str, platform: str, raw: list[RawOutput]) -> None:
    state = parse_platform(platform, host, {output.name: output for output in raw})
    found = snapshot.Snapshot(host, platform, snapshot.now(), state.to_dict(), raw)
    snapshot.write(folder, found)


def groups() -> dict[str, list[str]]:
    """The groups of the inventory below: the lab's, and what other examples name."""
    found: dict[str, list[str]] = {}

    def walk(name: str, group: dict[str, Any]) -> list[str]:
        hosts = list(group.get("hosts") or {})
        for below, value in (group.get("children") or {}).items():
            hosts += walk(below, value or {})
        found[name] = list(dict.fromkeys(hosts))
        return hosts

    walk("all", inventory()["all"])
    return found


def inventory() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "lab/inventory/hosts.yml").read_text(encoding="utf-8"))
    edges = {name: {"ansible_network_os": "cisco.ios.ios"} for name in ("edge1", "edge2")}
    document["all"]["children"] |= {"edge": {"hosts": edges}, "routers": {"hosts": {"edge1": {}}}}
    document["all"].setdefault("hosts", {})["fw7"] = {}
    return document


def make(folder: Path) -> None:
    """Snapshots (``snapshots`` and its folders, ``before``, ``after``), policies, candidates, saved output."""
    raw = outputs()
    now = folder / "snapshots"
    for host, listed in raw.items():
        save(now, host, "linux", listed)
    for number, name in enumerate(("edge1", "edge2"), 1):
        text = EDGE.format(name=name, last=number)
        save(now, name, "cisco_ios", [RawOutput("running_config", "show running-config", None, text)])
    for name in ("snapshots/now", "snapshots/last-good", "before", "after"):
        shutil.copytree(now, folder / name, ignore=lambda _folder, names: [n for n in names if "." not in n])
    printed = {output.name: output.stdout for output in raw["fw1"]}
    other = {output.name: output.stdout for output in raw["fw2"]}
    files = {
        "policy.yml": POLICY,
        "policies/shop.yml": POLICY,
        "change.yml": CHANGE,
        "inventory.yml": yaml.safe_dump(inventory()),
        "files/fw1.nft": printed["saved_nft"],
        "files/rules.v4": other["iptables_nft"] or other["saved_iptables"],
        "files/edge1.lines": LINES,
        "saved/fw7.txt": printed["nft_text"],
        "saved/fw7-nft.json": printed["nft_json"],
        "saved/fw7-addresses.json": printed["addresses"],
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "reports").mkdir()
