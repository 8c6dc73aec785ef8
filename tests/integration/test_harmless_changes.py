# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hundred generated harmless changes, on real hosts, judged as the guard does after a change: no false alarm."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.guard import record
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.after import CONFIRMED, Judge
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.before import Start, begin
from lab.pathguard_lab import topology
from tests.integration.guard_play import POLICY
from tests.integration.lab_fixture import Lab
from tests.integration.lab_site import LabSite
from tests.support import harmless_hosts as hosts
from tests.support import harmless_near as near
from tests.support import harmless_rules as rules
from tests.support.harmless import SEED, Harmless, changes
from tests.support.harmless_rules import Kind, edit

COUNT = 200
GROUPS = {
    group: [name for name, host in topology.HOSTS.items() if group in host.groups]
    for group in ("app", "firewalls", "db", "db_primary", "db_standby")
}
# Some of each sort, which don't touch the same text of the same host.
TOGETHER: tuple[tuple[Kind, ...], ...] = (
    (
        rules.mask_split_6,
        rules.set_renamed,
        rules.chain_split_iptables,
        hosts.docker_starts,
        hosts.ban_by_nft,
    ),
    (rules.list_becomes_set, rules.ipset_renamed, near.near_miss, hosts.kube_proxy, hosts.route_added),
    (
        rules.saved_again,
        near.permit_as_a_map,
        near.deny_below_the_permit,
        hosts.interface_added,
        hosts.setting,
    ),
)
# So that the next change finds what it asks for. What is left beside that is harmless, as this test says.
KEEP = "tar -cf /tmp/harmless.tar --ignore-failed-read /etc/nftables.conf /etc/iptables /etc/ipset.conf /etc/hosts 2>/dev/null; true"
PUT_BACK = r"""
nft flush ruleset
if command -v ipset >/dev/null; then ipset destroy; fi
tar -xf /tmp/harmless.tar -C /
reload-firewall
for device in $(ip -o link | sed -n 's/^[0-9]*: \(test[0-9]*\|docker0\)[:@].*/\1/p'); do ip link del "$device"; done
if ip route show 10.20.1.0/25 | grep -q .; then
    ip route add 10.20.1.0/24 via 10.10.1.1; ip route del 10.20.1.0/25; ip route del 10.20.1.128/25
fi
"""


@dataclass
class Bench:
    """A guard that has begun, with the lab as it is, and is asked what it makes of one change after the other."""

    lab: Lab
    site: LabSite
    judge: Judge

    def everywhere(self, script: str, hosts: Sequence[str]) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda host: self.lab.run(host, ["bash", "-c", script], check=True), hosts))
        self.site.touched(hosts)

    def alarm(self, *all_at_once: Harmless) -> dict[str, Any]:
        """What the guard says against the changes; empty where it would keep them."""
        for change in all_at_once:
            for host, script in change.scripts.items():
                self.everywhere(f"set -e\n{script}", [host])
        found = self.judge.decide([])
        said = {
            "reasons": found.reasons,
            "changes": [change.to_dict() for change in found.changes if change.what != "same"],
        }
        return {} if found.decision == CONFIRMED and not any(said.values()) else said

    def put_back(self, *all_at_once: Harmless) -> None:
        self.everywhere(PUT_BACK, sorted({host for change in all_at_once for host in change.scripts}))


def bench(lab: Lab, folder: Path, probe: bool) -> Bench:
    site = LabSite(lab)
    found = begin(
        Start(
            policy=yaml.safe_load(POLICY.read_text()),
            folder=folder,
            snapshot_dir=folder / "runs",
            groups=GROUPS,
            hosts=list(topology.HOSTS),
            batch=["app01"],
            hops=GROUPS["firewalls"],
            protect=[],
            probe=probe,
        ),
        site,
        lambda _text: None,
    )
    assert not found.stopped, found.stopped
    run = record.read(folder / "runs", found.run.id)
    made = Bench(lab, site, Judge(run, found.folder, site, lambda _text: None, 0.0))
    made.everywhere(KEEP, list(topology.HOSTS))
    return made


def test_harmless_changes_together_raise_no_alarm_and_one_that_cuts_does(
    ruled_lab: Lab, tmp_path: Path
) -> None:
    guard = bench(ruled_lab, tmp_path, probe=False)
    random = Random(SEED)
    for kinds in TOGETHER:
        together = [Harmless(kind.__name__, kind(random)) for kind in kinds]
        said = guard.alarm(*together)
        assert not said, yaml.safe_dump(said, width=150)
        guard.put_back(*together)
    said = guard.alarm(
        Harmless("a mask is narrowed", {"fw1": edit("10.10.1.0/24 ip daddr", "10.10.1.0/25 ip daddr")})
    )
    assert [change["change"] for change in said["changes"]] == ["newly violated", "newly violated"]


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_false_alarm_on_two_hundred_harmless_changes(ruled_lab: Lab, tmp_path: Path) -> None:
    guard = bench(ruled_lab, tmp_path, probe=False)
    alarms = {}
    for change in changes(COUNT):
        said = guard.alarm(change)
        if said:
            alarms[change.name] = said
        guard.put_back(change)
    assert not alarms, yaml.safe_dump(alarms, width=150)


# The address that the hosts route to (VRRP, RFC 5798) is one router's at a time.
SHARED = {
    "app0": ("10.10.1.3/24", "fd00:10:1::3/64"),
    "db0": ("10.20.1.3/24", "fd00:20:1::3/64"),
}
ROUTES = {
    "app": "ip route replace 10.20.1.0/24 via 10.10.1.3\nip -6 route replace fd00:20:1::/64 via fd00:10:1::3\n",
    "db": "ip route replace 10.10.1.0/24 via 10.20.1.3\nip -6 route replace fd00:10:1::/64 via fd00:20:1::3\n",
}


def takes(verb: str, *devices: str) -> str:
    """A router's script that adds or deletes the shared addresses."""
    flag = " nodad" if verb == "add" else ""
    return "".join(
        f"ip address {verb} {shared} dev {device}{flag if ':' in shared else ''}\n"
        for device in devices or SHARED
        for shared in SHARED[device]
    )


def failover(new: str, old: str, *devices: str) -> Harmless:
    """The neighbours learn of it at once, as they do from gratuitous ARP and unsolicited advertisements."""
    scripts = {old: takes("del", *devices), new: takes("add", *devices)}
    forget = {host: "ip neigh flush all\n" for group in ROUTES for host in GROUPS[group]}
    return Harmless(f"{new} takes over from {old}", {**scripts, **forget})


@pytest.mark.long
def test_a_failover_between_two_routers_raises_no_alarm_and_half_a_one_does(
    ruled_lab: Lab, tmp_path: Path
) -> None:
    ruled_lab.run("fw1", takes("add"), check=True)
    for group, script in ROUTES.items():
        for host in GROUPS[group]:
            ruled_lab.run(host, script, check=True)
    guard = bench(ruled_lab, tmp_path, probe=True)
    for new, old in (("fw2", "fw1"), ("fw1", "fw2"), ("fw2", "fw1")):
        said = guard.alarm(failover(new, old))
        assert not said, yaml.safe_dump(said, width=150)
    guard.alarm(failover("fw1", "fw2"))
    split = guard.alarm(failover("fw2", "fw1", "app0"))
    assert split["reasons"], "replies come back over a router that has not seen the connection open"
