# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""path_probe in the lab: real packets through a real firewall to a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gather_play import play
from tests.integration.lab_fixture import Lab

MODULE = "pathguard.network.path_probe"
DB4, DB6 = "10.20.1.10", "fd00:20:1::a"
POSTGRESQL = {"address": DB4, "port": 5432, "handshake": "postgresql"}


def task(name: str, *targets: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {
        "name": name,
        MODULE: {"targets": list(targets), "timeout": 1, **options},
        "ignore_errors": True,
    }


@pytest.fixture
def rule(lab: Lab) -> Iterator[Any]:
    """Puts rules before fw1's own; they decide first, in a table of their own, which goes with the test."""
    lab.run(
        "fw1",
        "nft 'add table inet probing { chain forward { type filter hook forward priority -10; }; }'",
        check=True,
    )
    yield lambda text: lab.run("fw1", ["nft", f"add rule inet probing forward {text}"], check=True)
    lab.run("fw1", "nft delete table inet probing", check=True)


def paths(
    lab: Lab, tmp_path: Path, *targets: dict[str, Any], host: str = "app01", **options: Any
) -> list[dict[str, Any]]:
    played = play(lab, tmp_path, [task("probe", *targets, **options)], hosts=host)
    result = played.of("probe", host)
    assert not result.get("failed"), result
    found: list[dict[str, Any]] = result["probe"]["paths"]
    return found


def test_the_database_answers_over_both_families_and_by_name(lab: Lab, tmp_path: Path) -> None:
    lab.wait_for_apps("app01")
    found = paths(
        lab, tmp_path, POSTGRESQL, {**POSTGRESQL, "address": DB6}, {**POSTGRESQL, "address": "db1"}, timeout=5
    )
    assert {path["result"] for path in found} == {"reachable"}
    assert [path["source"] for path in found[:2]] == ["10.10.1.5", "fd00:10:1::5"]
    assert {path["address"] for path in found if path["name"] == "db1"} >= {DB4}
    assert all(0 < path["ms"]["min"] <= path["ms"]["median"] <= path["ms"]["max"] < 5000 for path in found)
    assert found[0]["pooled"] == {"established": 3, "alive": 3}, "the application's pool"


def test_every_kind_of_failure(lab: Lab, rule: Any, tmp_path: Path) -> None:
    rule("tcp dport 7001 drop")
    rule("tcp dport 7002 reject with tcp reset")
    rule("tcp dport 7003 reject with icmpx type admin-prohibited")
    rule("tcp dport 7004 accept")
    targets = {
        "timeout": {"address": DB4, "port": 7001},
        "refused": {"address": DB4, "port": 7002},
        "network_error": {"address": DB4, "port": 7003},
        "no_route": {"address": "192.0.2.1", "port": 5432},
    }
    found = paths(lab, tmp_path, *targets.values(), attempts=2)
    assert [path["result"] for path in found] == list(targets)
    assert "ICMP error" in found[2]["error"]
    assert all(path["reachable"] == 0 and path["attempts"] == 2 and path["ms"] is None for path in found)


def test_pooled_connections_live_while_new_ones_time_out(lab: Lab, rule: Any, tmp_path: Path) -> None:
    lab.wait_for_apps("app01")
    rule("ip saddr 10.10.1.5 tcp dport 5432 ct state new drop")
    (path,) = paths(lab, tmp_path, POSTGRESQL, attempts=2)
    assert path["result"] == "timeout"
    assert path["pooled"]["established"] == 3
    assert path["pooled"]["alive"] == 3


# A pooled connection whose next query is never answered, and which does not give up.
WAITING_CLIENT = """
import os, socket, time
client = socket.create_connection(("10.20.1.10", 5432))
open("/tmp/connected", "w").close()
while not os.path.exists("/tmp/go"):
    time.sleep(0.05)
client.sendall(b"\\0\\0\\0\\x08")
time.sleep(30)
"""


def test_pooled_connections_that_wait_in_vain_are_not_alive(lab: Lab, rule: Any, tmp_path: Path) -> None:
    lab.run("app04", "cat > /tmp/client.py; rm -f /tmp/go /tmp/connected", stdin=WAITING_CLIENT, check=True)
    start = "setsid timeout 30 python3 /tmp/client.py >/dev/null 2>&1 & while ! [ -e /tmp/connected ]; do sleep 0.05; done"
    lab.run("app04", start, check=True, timeout=20)
    rule("ip saddr 10.10.1.33 tcp dport 5432 drop")
    lab.run("app04", "touch /tmp/go; sleep 0.5", check=True)
    (path,) = paths(lab, tmp_path, POSTGRESQL, host="app04", attempts=2)
    lab.run("app04", "pkill -f /tmp/client.py; rm -f /tmp/go /tmp/connected /tmp/client.py")
    assert path["result"] == "timeout"
    assert path["pooled"]["established"] >= 1
    assert path["pooled"]["alive"] < path["pooled"]["established"]


def test_flapping(lab: Lab, rule: Any, tmp_path: Path) -> None:
    rule("ip saddr 10.10.1.14 tcp dport 5432 tcp flags & (syn|ack) == syn numgen inc mod 2 0 drop")
    (path,) = paths(lab, tmp_path, POSTGRESQL, host="app02", attempts=6, timeout=0.8)
    assert path["result"] == "flapping"
    assert 0 < path["reachable"] < 6
    assert path["failures"] == {"timeout": 6 - path["reachable"]}


# One client is left without an answer, the other gets a wrong one.
WRONG_SERVER = """
import socket
server = socket.create_server(("0.0.0.0", 7005))
silent, wrong = server.accept()[0], server.accept()[0]
wrong.sendall(b"HTTP")
wrong.recv(99), silent.recv(99), silent.recv(99)
"""


def test_connected_but_not_answered(lab: Lab, rule: Any, tmp_path: Path) -> None:
    lab.run("db1", "cat > /tmp/server.py", stdin=WRONG_SERVER, check=True)
    start = "nft insert rule inet filter input tcp dport 7005 accept; setsid timeout 30 python3 /tmp/server.py >/dev/null 2>&1 &"
    lab.run("db1", start, check=True)
    lab.run("fw1", "nft insert rule inet filter forward tcp dport 7005 accept", check=True)
    try:
        (path,) = paths(lab, tmp_path, {"address": DB4, "port": 7005, "handshake": "postgresql"}, attempts=2)
    finally:
        for host, chain in (("db1", "input"), ("fw1", "forward")):
            find = f"nft -a list chain inet filter {chain} | sed -n 's/.*dport 7005 .*# handle //p'"
            lab.run(host, f"nft delete rule inet filter {chain} handle $({find})", check=True)
    assert path["result"] == "handshake_failed"
    assert path["failures"] == {"handshake_failed": 2}
    assert path["error"].startswith(("connected, but the server did not answer", "the server answered b'H'"))


def test_several_hosts_each_from_its_own_addresses(lab: Lab, tmp_path: Path) -> None:
    sources = ["10.10.1.5", "10.10.1.14", "fd00:10:1::5"]
    played = play(
        lab, tmp_path, [task("probe", POSTGRESQL, hosts=["app01", "app02"], sources=sources)], hosts="fw1"
    )
    found = played.of("probe")["probes"]
    assert [path["source"] for path in found["app01"]["paths"]] == ["10.10.1.5"]
    assert [path["source"] for path in found["app02"]["paths"]] == ["10.10.1.14"]
    assert found["app02"]["missing_sources"] == ["10.10.1.5", "fd00:10:1::5"]
    assert found["app01"]["all_reachable"] is True


def test_bad_input_and_check_mode(lab: Lab, tmp_path: Path) -> None:
    bad = {
        "max_connect_errors": task("max_connect_errors", {**POSTGRESQL, "handshake": "mysql"}),
        "no handshake": task("no handshake", {**POSTGRESQL, "handshake": "oracle"}),
        "is no port": task("is no port", {"address": DB4, "port": 70000}),
        "is no address": task("is no address", {"address": "10.20.1.0/24", "port": 5432}),
        "nothing to probe": task("nothing to probe"),
        "none of the source addresses": task(
            "none of the source addresses", POSTGRESQL, sources=["192.0.2.9"]
        ),
        "there is no Python at /no/python": {
            **task("there is no Python at /no/python", POSTGRESQL),
            "vars": {"ansible_python_interpreter": "/no/python"},
        },
    }
    played = play(
        lab, tmp_path, [*bad.values(), task("good", POSTGRESQL, attempts=1)], "--check", hosts="app01"
    )
    for text in bad:
        message = played.of(text, "app01")["msg"]
        assert text in message
        assert len(message.splitlines()) <= 5
    assert played.of("good", "app01")["probe"]["all_reachable"] is True


def test_a_python_that_is_too_old_or_broken_is_named(lab: Lab, tmp_path: Path) -> None:
    broken = {**task("probe", POSTGRESQL), "vars": {"ansible_python_interpreter": "/bin/false"}}
    played = play(lab, tmp_path, [broken], hosts="app01")
    assert "/bin/false was used" in played.of("probe", "app01")["msg"]


def test_probing_leaves_nothing_behind(lab: Lab, tmp_path: Path) -> None:
    look = "find /tmp /run /home /var/tmp -newer /proc/self -type f; ss -Htn state established dst 10.20.1.10 | wc -l"
    lab.wait_for_apps("app03")
    before = lab.run("app03", look).stdout
    paths(lab, tmp_path, POSTGRESQL, host="app03", attempts=5)
    assert lab.run("app03", look).stdout == before


def test_what_a_policy_asks_for(lab: Lab, rule: Any, tmp_path: Path) -> None:
    path = {
        "name": "app to primary",
        "from": {"group": "app"},
        "to": {"group": "db_primary"},
        "service": "postgresql",
    }
    policy = {"$schema": "urn:pathguard:schema:path-policy:1", "title": "Shop", "requiredPaths": [path]}
    rule("ip saddr 10.10.1.14 tcp dport 5432 drop")
    gather = {
        "name": "gather",
        "pathguard.network.firewall_info": {"hosts": "{{ groups['lab'] }}", "snapshot_dir": "s"},
    }
    options = {"policy": policy, "snapshots": ["s"], "timeout": 1, "attempts": 1}
    named = {"name": "probe", MODULE: {**options, "hosts": ["app01", "app02"], "paths": ["app to primary"]}}
    none = {"name": "none", MODULE: options, "ignore_errors": True}
    played = play(lab, tmp_path, [gather, named, none])
    assert played.rc == 0, played.text
    rows = {
        (host, row["address"]): (row["source"], row["expect"], row["result"], row["path"])
        for host, found in played.of("probe")["probes"].items()
        for row in found["paths"]
    }
    assert rows == {
        ("app01", DB4): ("10.10.1.5", "open", "reachable", "app to primary"),
        ("app01", DB6): ("fd00:10:1::5", "open", "reachable", "app to primary"),
        ("app02", DB4): ("10.10.1.14", "cut", "timeout", "app to primary"),
        ("app02", DB6): ("fd00:10:1::e", "open", "reachable", "app to primary"),
    }
    assert "nothing that can be probed from fw1" in played.of("none")["msg"]
