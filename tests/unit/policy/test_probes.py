# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tried for a policy's paths, and what the proof expects of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.probes import (
    Target,
    expected_targets,
    probe_targets,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from tests.support.states import APPS, GROUPS, app_rule, forward, small_lab

PRIMARY = {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}


def policy(**changes: Any) -> Any:
    return load_policy({"requiredPaths": [{**PRIMARY, **changes}]})


def tried(states: Mapping[str, State], **changes: Any) -> list[tuple[str, str, str, int, str]]:
    return [
        (target.host, target.source, target.address, target.port, target.handshake)
        for target in probe_targets(policy(**changes), states, GROUPS)
    ]


def test_each_host_by_the_address_that_routing_chooses() -> None:
    found = probe_targets(policy(), small_lab(), GROUPS)
    assert found[0] == Target("p", "app01", "10.10.1.5", "10.20.1.10", 5432, "postgresql")
    assert [target.host for target in found] == list(APPS)


def test_a_name_is_tried_by_what_it_stands_for() -> None:
    by_name = policy(to={"dns": "shop-db"})
    found = probe_targets(by_name, small_lab(), GROUPS, lambda _host, _name: ["10.20.1.12"])
    assert {(target.address, target.port) for target in found} == {("10.20.1.12", 5432)}
    assert [target.host for target in found] == list(APPS)
    assert not probe_targets(by_name, small_lab(), GROUPS), "nobody has resolved it"


def test_what_is_tried_comes_with_what_the_proof_expects() -> None:
    narrowed = small_lab(fw1=[forward(app_rule("10.10.1.0/26"))])
    found = expected_targets(policy(), narrowed, GROUPS)
    assert [target for target, _expect in found] == probe_targets(policy(), narrowed, GROUPS)
    assert [expect for _target, expect in found] == ["open"] * 7 + ["cut"] * 3


def test_a_host_comes_to_each_destination_from_the_address_that_it_chooses_there() -> None:
    # The management network is reached from another address of the same host: two pairs, not four.
    found = tried(
        small_lab(apps=[5]), **{"from": {"host": "app01"}, "to": {"addresses": ["10.20.1.10", "10.99.0.30"]}}
    )
    assert [(source, address) for _host, source, address, _port, _handshake in found] == [
        ("10.10.1.5", "10.20.1.10"),
        ("10.99.0.20", "10.99.0.30"),
    ]


def test_neighbouring_addresses_are_tried_each() -> None:
    found = tried(
        small_lab(apps=[5]), **{"from": {"host": "app01"}, "to": {"addresses": ["10.20.1.10", "10.20.1.11"]}}
    )
    assert [address for _host, _source, address, _port, _handshake in found] == ["10.20.1.10", "10.20.1.11"]


@pytest.mark.parametrize(
    ("ports", "wanted"),
    [
        ([5432, 22], [(22, "none"), (5432, "postgresql")]),
        (["5430-5433"], [(5430, "none"), (5431, "none"), (5432, "postgresql"), (5433, "none")]),
        (["1-65535"], [(22, "none"), (5432, "postgresql")]),  # of many, those that db1 listens on
        (["6000-7000"], []),
    ],
)
def test_ports(ports: list[Any], wanted: list[tuple[int, str]]) -> None:
    found = tried(
        small_lab(apps=[5]), **{"from": {"host": "app01"}, "service": {"protocol": "tcp", "ports": ports}}
    )
    assert sorted((port, handshake) for _host, _source, _address, port, handshake in found) == wanted


def test_a_pooler_speaks_postgresql_on_a_port_of_its_own() -> None:
    found = probe_targets(policy(service="pgbouncer"), small_lab(), GROUPS)
    assert {target.port for target in found} == {6432}
    assert {target.handshake for target in found} == {"postgresql"}


@pytest.mark.parametrize(
    "changes", [{"service": {"protocol": "udp", "ports": [53]}}, {"to": {"prefix": "10.20.0.0/16"}}]
)
def test_what_can_t_be_tried(changes: dict[str, Any]) -> None:
    assert tried(small_lab(), **changes) == []


def test_without_snapshots_plain_addresses_are_tried_and_nothing_is_expected() -> None:
    found = expected_targets(policy(to={"addresses": ["10.20.1.10"]}), {}, GROUPS)
    assert found[2] == (Target("p", "app03", "", "10.20.1.10", 5432, "postgresql"), "unknown")
    assert expected_targets(policy(), {}, GROUPS) == []


def test_a_path_that_the_policy_does_not_require_is_no_choice() -> None:
    with pytest.raises(PolicyError, match="unknown required path 'other'") as caught:
        expected_targets(policy(), small_lab(), GROUPS, ["p", "other"])
    assert caught.value.where == "paths[1]"
