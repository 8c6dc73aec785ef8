# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are not like the others: legacy rules beside nft, no Python, containers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.integration.gather_lab import error_of
from tests.integration.gather_play import play
from tests.integration.guard_play import Guarded
from tests.integration.lab_fixture import Lab

MODULE = "pathguard.network.firewall_info"
DATABASE = {"dst": "10.20.1.10", "protocol": "tcp", "dst_port": 5432, "in_interface": "app0"}


def read(lab: Lab, folder: Path, host: str = "fw1", **options: Any) -> dict[str, Any]:
    task = {"name": "read", MODULE: {"return_state": True, **options}}
    played = play(lab, folder, [task], hosts=host)
    assert played.rc == 0, played.text
    found: dict[str, Any] = played.of("read", host)["firewall"]
    return found


def ask(firewall: dict[str, Any], *flows: dict[str, Any]) -> list[dict[str, Any]]:
    return verdicts(State.from_dict(firewall["state"]), flows)


# --- both backends of iptables


def test_legacy_rules_beside_nft(fresh_lab: Lab, tmp_path: Path) -> None:
    """Both count, as in the kernel; only the table that is there is read, and none is made by reading."""
    fresh_lab.run("fw1", "iptables-legacy -A FORWARD -s 10.10.1.14/32 -j DROP", check=True)
    names = "cat /proc/net/ip_tables_names /proc/net/ip6_tables_names"
    assert fresh_lab.run("fw1", names).stdout == "filter\n"
    firewall = read(fresh_lab, tmp_path)
    assert fresh_lab.run("fw1", names).stdout == "filter\n"
    assert {"iptables-legacy/filter/FORWARD", "inet/filter/forward"} <= set(firewall["rulesets"])
    cut, open_still, nft_drops = ask(
        firewall,
        {**DATABASE, "src": "10.10.1.14"},
        {**DATABASE, "src": "10.10.1.5"},
        {**DATABASE, "src": "10.10.1.5", "dst_port": 81},
    )
    assert (cut["verdict"], open_still["verdict"], nft_drops["verdict"]) == ("deny", "permit", "deny")
    assert cut["rules"][0]["ruleset"] == "iptables-legacy/filter/FORWARD"
    assert fresh_lab.query("app01").returncode == 0
    assert fresh_lab.query("app02").returncode != 0, "and the kernel drops it"


# --- no Python

HIDE = "for file in /usr/bin/python3*; do mv $file $file.off; done"
SHOW = "for file in /usr/bin/python3*.off; do mv $file ${file%.off}; done"


@pytest.fixture
def without_python(lab: Lab) -> Iterator[Lab]:
    """fw1 has no Python."""
    lab.run("fw1", HIDE, check=True)
    yield lab
    lab.run("fw1", SHOW, check=True)


def test_a_host_without_python(without_python: Lab, tmp_path: Path) -> None:
    targets = [{"address": "10.20.1.10", "port": 5432}]
    tasks: dict[str, dict[str, Any]] = {
        "auto": {MODULE: {}},
        "connection": {MODULE: {"transport": "connection"}},
        "probe": {"pathguard.network.path_probe": {"targets": targets}},
        "arm": {"pathguard.network.firewall_checkpoint": {"id": "run-1", "state": "armed"}},
    }
    played = play(
        without_python,
        tmp_path,
        [{"name": name, "ignore_errors": True, **task} for name, task in tasks.items()],
    )
    for name in ("auto", "connection"):
        firewall = played.of(name)["firewall"]
        assert firewall["unreadable"] == []
        assert firewall["rulesets"]["inet/filter/forward"] > 5
    for name in ("probe", "arm"):
        assert "there is no Python at /usr/bin/python3" in played.of(name)["msg"]
    assert "ansible_python_interpreter" in error_of({"error": played.of("probe")["msg"]})


def test_the_guard_says_so_before_the_change(without_python: Lab, tmp_path: Path) -> None:
    mark = tmp_path / "changed"
    task = {"ansible.builtin.file": {"path": str(mark), "state": "touch"}, "delegate_to": "localhost"}
    outcome = Guarded(without_python, tmp_path).run([task])
    assert outcome.code != 0
    assert "nothing was changed: fw1: there is no Python at /usr/bin/python3" in outcome.output
    assert not mark.exists()
    held = without_python.run("fw1", "ls /var/lib/pathguard 2>/dev/null").stdout
    assert held == "", "nothing is armed"


# --- containers

WEB = "172.17.0.2"
# What dockerd makes for one bridge and `docker run -p 8080:80`, with a namespace in the container's place.
DOCKER = f"""
ip link add docker0 type bridge && ip address add 172.17.0.1/16 dev docker0 && ip link set docker0 up
ip netns add web
ip link add veth0 type veth peer name eth0 netns web && ip link set veth0 master docker0 up
ip -n web address add {WEB}/16 dev eth0 && ip -n web link set eth0 up && ip -n web link set lo up
ip -n web route add default via 172.17.0.1
sysctl -qw net.ipv4.ip_forward=1
iptables-restore <<'RULES'
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s {WEB}/32 -d {WEB}/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {WEB}:80
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d {WEB}/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
RULES
ip netns exec web nft 'add table inet own; add chain inet own in {{ type filter hook input priority 0; }}'
ip netns exec web python3 -m http.server 80 >/dev/null 2>&1 &
"""


def test_a_container_host(fresh_lab: Lab, tmp_path: Path) -> None:
    fresh_lab.run("app01", DOCKER, check=True)
    firewall = read(fresh_lab, tmp_path, "app01")
    assert firewall["unreadable"] == []
    assert firewall["not_understood"] == []
    assert firewall["managers"].get("docker", 0) > 10
    assert "docker0" in firewall["state"]["interfaces"]
    assert "inet/own/in" not in firewall["rulesets"], "a container's own rules are its own"
    published = {"src": "10.10.1.14", "dst": "10.10.1.5", "protocol": "tcp", "in_interface": "app0"}
    answers = ask(
        firewall,
        {**published, "dst_port": 8080},
        {**published, "dst_port": 8081},
        {**published, "dst": WEB, "dst_port": 80},
        {**published, "dst": WEB, "dst_port": 22},
        {"src": WEB, "dst": "10.10.1.14", "protocol": "tcp", "dst_port": 443, "in_interface": "docker0"},
    )
    assert [answer["verdict"] for answer in answers] == ["permit", "deny", "permit", "deny", "permit"]
    knock = "for try in $(seq {tries}); do timeout 2 bash -c '</dev/tcp/10.10.1.5/{port}' && exit; sleep 0.5; done; exit 1"
    assert fresh_lab.run("app02", knock.format(tries=8, port=8080)).returncode == 0, "the kernel agrees"
    assert fresh_lab.run("app02", knock.format(tries=1, port=8081)).returncode == 1
    told = [rule["text"] for rule in answers[0]["rules"]]
    assert any("--dport 80 -j ACCEPT" in text for text in told), "decided where it is forwarded, after DNAT"
