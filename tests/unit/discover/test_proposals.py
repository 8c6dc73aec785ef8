# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is connected, in the words of the inventory: who uses whom, and which paths are proposed for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.module_utils.probe_agent import NAME
from ansible_collections.pathguard.network.plugins.plugin_utils.discover.document import (
    evidence,
    policy_text,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.discover.propose import propose
from ansible_collections.pathguard.network.plugins.plugin_utils.discover.usage import (
    PROBE_NAME,
    Usage,
    usage_of,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy

APPS = {f"app{number}": f"10.0.1.{number}" for number in range(1, 5)}
HOSTS = {**APPS, "db1": "10.0.2.1", "db2": "10.0.2.2", "fw1": "10.0.0.1"}
GROUPS = {
    "all": list(HOSTS),
    "ungrouped": [],
    "app": list(APPS),
    "db": ["db1", "db2"],
    "lab": list(HOSTS),
    "primary": ["db1"],
}


def connection(
    source: str, destination: str, port: int, source_port: int = 40000, way: str = "socket", **more: Any
) -> dict[str, Any]:
    row = {"protocol": "tcp", "source": source, "source_port": source_port, "destination": destination}
    return {**row, "destination_port": port, "way": way, "program": "", "translated": "", **more}


def looked(
    host: str, *connections: dict[str, Any], listening: Sequence[int] = (), own: Sequence[Any] = ()
) -> Any:
    heard = [
        {"protocol": "tcp", "address": "0.0.0.0", "port": port, "program": "server"} for port in listening
    ]
    return {
        "connections": list(connections),
        "listening": heard,
        "addresses": ["127.0.0.1", HOSTS[host]],
        "own": list(own),
        "unreadable": [],
    }


def paths(usage: Usage) -> list[tuple[Any, Any, Any]]:
    return [(one.source, one.destination, one.service) for one in propose(usage, GROUPS)]


def from_apps(names: Sequence[str], target: str = "10.0.2.1", port: int = 5432) -> dict[str, Any]:
    seen = {name: looked(name, connection(APPS[name], target, port)) for name in names}
    return {**seen, "db1": looked("db1", listening=[5432])}


def test_a_whole_group_is_named_and_its_evidence_told() -> None:
    usage = usage_of(from_apps(list(APPS)))
    (proposal,) = propose(usage, GROUPS)
    assert proposal.path() == {
        "name": "postgresql from app to primary",
        "from": {"group": "app"},
        "to": {"group": "primary"},
        "service": "postgresql",
        "families": ["ipv4"],
    }
    seen = evidence(proposal, usage)
    assert seen["connections"] == 4
    assert seen["from"] == list(APPS)
    assert seen["server_programs"] == ["server"]
    assert seen["not_seen"] == []


@pytest.mark.parametrize(
    ("seen", "source", "missing"),
    [
        (["app1", "app2", "app3"], {"group": "app"}, ["app4"]),
        (["app1", "app2"], {"group": "app"}, ["app3", "app4"]),
        (["app1"], {"host": "app1"}, []),
    ],
)
def test_a_group_of_which_half_was_seen_is_proposed_and_the_rest_told(
    seen: list[str], source: Any, missing: list[str]
) -> None:
    (proposal,) = propose(usage_of(from_apps(seen)), GROUPS)
    assert (proposal.source, proposal.missing) == (source, missing)


def test_a_group_with_the_destination_in_it_is_no_source() -> None:
    seen = from_apps(list(APPS))
    seen["db2"] = looked("db2", connection("10.0.2.2", "10.0.2.1", 5432))
    assert paths(usage_of(seen)) == [
        ({"group": "app"}, {"group": "primary"}, "postgresql"),
        ({"host": "db2"}, {"group": "primary"}, "postgresql"),
    ]


def test_destinations_that_are_a_group_are_one_path() -> None:
    seen = {"app1": looked("app1", *(connection("10.0.1.1", f"10.0.2.{end}", 3306) for end in (1, 2)))}
    assert paths(usage_of({**seen, "db1": looked("db1"), "db2": looked("db2")})) == [
        ({"host": "app1"}, {"group": "db"}, "mariadb")
    ]


def test_ports_without_a_name_are_one_path() -> None:
    seen = {"app1": looked("app1", *(connection("10.0.1.1", "10.0.2.1", port) for port in (9101, 9102)))}
    assert paths(usage_of({**seen, "db1": looked("db1")})) == [
        ({"host": "app1"}, {"group": "primary"}, {"protocol": "tcp", "ports": [9101, 9102]})
    ]


def test_clients_that_are_no_hosts_are_addresses_then_networks_then_everybody() -> None:
    def source(clients: list[str]) -> Any:
        rows = [connection(client, "10.0.1.1", 443, way="conntrack") for client in clients]
        (path,) = paths(usage_of({"fw1": looked("fw1", *rows), "app1": looked("app1", listening=[443])}))
        return path[0]

    assert source(["192.0.2.9", "192.0.2.10"]) == {"addresses": ["192.0.2.9", "192.0.2.10"]}
    assert source([f"192.0.2.{end}" for end in range(1, 30)]) == {"prefixes": ["192.0.2.0/24"]}
    assert source([f"198.51.{net}.7" for net in range(30)]) == {"any": True}


def test_the_same_connection_at_both_ends_and_between_counts_once() -> None:
    row = {"program": "app", "way": "socket"}
    seen = {
        "app1": looked("app1", connection("10.0.1.1", "10.0.2.1", 5432, **row)),
        "fw1": looked("fw1", connection("10.0.1.1", "10.0.2.1", 5432, way="conntrack")),
        "db1": looked("db1", connection("10.0.1.1", "10.0.2.1", 5432, program="postgres"), listening=[5432]),
    }
    usage = usage_of(seen)
    (proposal,) = propose(usage, GROUPS)
    found = evidence(proposal, usage)
    assert found["connections"] == 1
    assert (found["sockets_of"], found["tracked_by"]) == (["app1", "db1"], ["fw1"])
    assert (found["client_programs"], found["server_programs"]) == (["app"], ["postgres", "server"])


def test_an_answer_that_was_taken_for_the_first_packet_is_turned_round() -> None:
    picked_up = connection(
        "10.0.2.1", "10.0.1.1", 40000, source_port=5432, way="conntrack", translated="10.0.9.9:1"
    )
    known_listener = {"fw1": looked("fw1", picked_up), "db1": looked("db1", listening=[5432])}
    for seen in (known_listener, {"fw1": looked("fw1", picked_up)}):
        (use, found), *rest = usage_of(seen, {"10.0.2.1": "db1", "10.0.1.1": "app1"}).uses.items()
        assert not rest
        assert (use.source, use.destination, use.port) == ("10.0.1.1", "10.0.2.1", 5432)
        assert not found.translated, "what an answer becomes is no destination"


def test_translations_are_told() -> None:
    row = connection("10.0.1.1", "10.0.9.9", 5432, way="conntrack", translated="10.0.2.1:5432")
    usage = usage_of({"fw1": looked("fw1", row), "app1": looked("app1")})
    (proposal,) = propose(usage, GROUPS)
    assert proposal.destination == {"addresses": ["10.0.9.9"]}
    assert evidence(proposal, usage)["translated_to"] == ["10.0.2.1:5432"]


def test_what_is_nobodys_path_is_left_out_and_counted_once() -> None:
    login = connection("10.0.0.9", "10.0.1.1", 22)
    seen = {
        "app1": looked(
            "app1",
            login,
            connection("127.0.0.1", "127.0.0.1", 6379),
            connection("10.0.1.1", "10.0.1.1", 8080),
            connection("fe80::1", "fe80::2", 22),
            own=[login],
        ),
        "fw1": looked(
            "fw1",
            connection("10.0.0.9", "10.0.1.1", 22, way="conntrack"),
            connection("10.0.0.9", "10.0.1.1", 22, source_port=40001, way="conntrack"),
            connection("10.0.0.9", "10.0.1.77", 22, way="conntrack"),
            connection("192.0.2.1", "198.51.100.7", 51234, way="conntrack"),
        ),
    }
    usage = usage_of(seen)
    assert not usage.uses
    assert usage.left_out == {
        "logins from where this discovery runs": 3,
        "loopback, link-local and multicast addresses": 2,
        "connections of a host with itself": 1,
        "ports of clients, at hosts that were not looked at": 1,
    }


def test_somebody_elses_login_is_a_path() -> None:
    seen = {
        "app1": looked("app1", own=[connection("10.0.0.9", "10.0.1.1", 22)]),
        "fw1": looked(
            "fw1",
            connection("10.0.0.8", "10.0.1.1", 22, way="conntrack"),
            connection("10.0.0.9", "10.0.1.1", 443, way="conntrack"),
        ),
    }
    assert {use.port for use in usage_of(seen).uses} == {22, 443}


def test_pathguards_own_probes_are_no_use_of_anything() -> None:
    assert PROBE_NAME == NAME
    probe = {"program": NAME}
    seen = {
        "app1": looked("app1", connection("10.0.1.1", "10.0.2.1", 5432, 40001, **probe)),
        "fw1": looked(
            "fw1",
            connection("10.0.1.1", "10.0.2.1", 5432, 40001, way="conntrack"),
            connection("10.0.1.1", "10.0.2.1", 3306, 40002, way="conntrack"),
        ),
    }
    usage = usage_of(seen)
    assert [use.port for use in usage.uses] == [3306]
    assert usage.left_out == {"probes of PathGuard": 1}


def test_the_file_is_a_policy_whatever_programs_and_groups_are_called() -> None:
    groups = {"on": ["app1"], "a: b, [c]": ["db1"]}
    program = "evil\n  - name: x\x1b[31m"
    seen = {
        "app1": looked("app1", connection("10.0.1.1", "10.0.2.1", 5432, program=program)),
        "db1": looked("db1"),
    }
    usage = usage_of(seen)
    text = policy_text(propose(usage, groups), usage, "Is: it #1?", ["one\ntwo"])
    policy = load_policy(text)
    assert policy.title == "Is: it #1?"
    (path,) = policy.paths
    assert (path.source.group, path.destination.group) == ("on", "a: b, [c]")
    assert "\x1b" not in text
    assert "# one two" in text
