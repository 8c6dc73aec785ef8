# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What new connections say, beside the proof."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.probes import (
    SOME_WAYS,
    ProbeRow,
    back_to,
    disagreements,
    grouped,
    proof_of,
    texts,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.probing import asked, targets_now
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.probes import probe_targets
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from tests.support.states import GROUPS, small_lab

PAIR = ("10.10.1.66", "10.20.1.10", 5432)
CUT: list[dict[str, Any]] = [
    {
        "src": ["10.10.1.64/26", "10.10.1.128/25"],
        "dst": ["10.20.1.10"],
        "protocol": ["tcp"],
        "dst_port": ["5432"],
    }
]


def row(result: str, proof: str = "open") -> ProbeRow:
    return ProbeRow("p", "app08", *PAIR, result, proof)


@pytest.mark.parametrize(
    ("source", "port", "word"),
    [
        ("10.10.1.66", 5432, "cut"),
        ("10.10.1.63", 5432, "open"),
        ("10.10.1.66", 5433, "open"),
        ("fd00::1", 5432, "open"),
    ],
)
def test_the_proof_of_one_pair(source: str, port: int, word: str) -> None:
    assert proof_of((source, "10.20.1.10", port), CUT, []) == word


def test_the_proof_of_a_pair_that_is_not_known() -> None:
    assert proof_of(PAIR, [], CUT) == "unknown"
    assert proof_of(PAIR, CUT, CUT) == "cut"


@pytest.mark.parametrize(
    ("piece", "covered"),
    [
        ({"src": ["10.10.1.60-10.10.1.70"]}, True),
        ({"src": ["any"], "protocol": ["udp"]}, False),
        ({"dst_port": ["1-5431", "5433-65535"]}, False),
        ({"dst_port": ["5000-6000"]}, True),
        ({}, True),
    ],
)
def test_pieces_in_every_form(piece: dict[str, Any], covered: bool) -> None:
    assert (proof_of(PAIR, [piece], []) == "cut") is covered


@pytest.mark.parametrize(
    ("result", "proof", "agrees"),
    [
        ("reachable", "open", True),
        ("timeout", "open", False),
        ("refused", "open", False),
        ("not_probed", "open", False),
        ("timeout", "cut", True),
        ("refused", "cut", True),
        ("reachable", "cut", False),
        ("reachable", "cut on some ways", True),
        ("timeout", "cut on some ways", True),
        ("timeout", "unknown", True),
        ("reachable", "unknown", True),
    ],
)
def test_only_an_impossible_result_is_a_disagreement(result: str, proof: str, agrees: bool) -> None:
    assert [item.row for item in disagreements([row(result, proof)], [])] == (
        [] if agrees else [row(result, proof)]
    )


def test_a_disagreement_as_before_is_not_new() -> None:
    assert [item.new for item in disagreements([row("refused")], [row("refused")])] == [False]
    assert [item.new for item in disagreements([row("timeout")], [row("refused")])] == [True]


def test_a_refusal_behind_open_rules_is_no_firewall() -> None:
    assert "nothing listens" in disagreements([row("refused")], [row("reachable")])[0].cause


def test_only_what_got_through_before_must_get_through_again() -> None:
    assert back_to([row("timeout")], [row("timeout")]) == []
    assert back_to([row("timeout")], [row("reachable")]) == [row("timeout")]


def test_a_cut_of_some_source_ports_is_met_by_some_connections_only() -> None:
    piece = {"src": ["10.0.0.1"], "dst": ["10.0.0.2"], "dst_port": ["5432"]}
    pair = ("10.0.0.1", "10.0.0.2", 5432)
    assert proof_of(pair, [piece], []) == "cut"
    assert proof_of(pair, [{**piece, "src_port": ["1024-65535"]}], []) == "cut"
    assert proof_of(pair, [{**piece, "src_port": ["1024-2047"]}], []) == SOME_WAYS


def rows_of(hosts: int, *addresses: str, result: str = "timeout") -> list[ProbeRow]:
    source = "fd00:10:1::" if ":" in addresses[0] else "10.10.1."
    return [
        ProbeRow("p", f"app{number:02}", f"{source}{number}", address, 5432, result, "open")
        for number in range(1, hosts + 1)
        for address in addresses
    ]


def test_what_fails_alike_is_told_as_one() -> None:
    rows = rows_of(10, "10.20.1.10", "10.20.1.11") + rows_of(1, "fd00:20:1::a", result="refused")
    first, second = texts(disagreements(rows, []))
    assert first.startswith(
        "app01-app10 (IPv4) to 10.20.1.10, 10.20.1.11 port 5432: timeout; packets are lost"
    )
    assert second.startswith("app01 (fd00:10:1::1) to fd00:20:1::a port 5432: refused; the host answers")


def test_hosts_of_one_address_are_not_told_of_another() -> None:
    rows = [*rows_of(3, "10.20.1.10"), *rows_of(2, "10.20.1.11", result="flapping")]
    assert grouped(rows, lambda _row: "got through before") == [
        "app01-app03 (IPv4) to 10.20.1.10 port 5432: timeout; got through before",
        "app01, app02 (IPv4) to 10.20.1.11 port 5432: flapping; got through before",
    ]


class Flaky:
    """A site whose hosts fail as often as ``failures`` says before they answer."""

    def __init__(self, failures: dict[str, int]) -> None:
        self.failures = failures

    def probe(self, jobs: dict[str, list[Any]], _timeout: float) -> tuple[dict[str, Any], dict[str, Any]]:
        failed = {host for host in jobs if self.failures.get(host, 0) > 0}
        self.failures = {host: count - 1 for host, count in self.failures.items()}
        answers = {host: {"paths": jobs[host]} for host in jobs if host not in failed}
        return answers, {host: PathGuardError("no", host, "wait") for host in failed}


@pytest.mark.parametrize(("failures", "lost"), [({}, []), ({"b": 1}, []), ({"b": 2}, ["b"])])
def test_a_host_that_could_not_be_asked_is_asked_once_more(failures: dict[str, int], lost: list[str]) -> None:
    answers, errors = asked(Flaky(failures), {"a": [1], "b": [2]}, 1.0)  # type: ignore[arg-type]
    assert (sorted({**answers, **errors}), list(errors)) == (["a", "b"], lost)


def test_after_the_change_a_name_is_tried_by_what_it_stands_for_then() -> None:
    path = {
        "name": "by group",
        "from": {"group": "app"},
        "to": {"group": "db_primary"},
        "service": "postgresql",
    }
    policy = load_policy({"requiredPaths": [path, {**path, "name": "by name", "to": {"dns": "shop-db"}}]})
    before = probe_targets(policy, small_lab(), GROUPS, lambda _host, _name: ["10.20.1.10"])
    now = targets_now(policy, before, small_lab(), GROUPS, lambda _host, _name: ["10.20.1.12"])
    assert {(target.path, target.address) for target in now} == {
        ("by group", "10.20.1.10"),
        ("by name", "10.20.1.12"),
    }
    assert len(now) == len(before)
