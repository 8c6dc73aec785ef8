# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows hop by hop over network devices, VRFs and zones, and hosts' own rules on the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Named, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, DROP
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NextHop,
    Route,
    RouteRule,
    State,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.trace import trace
from tests.support.states import host, match, rule, ruleset, small_lab, stateful
from tests.unit.network.test_device_on_path import router, site
from tests.unit.policy.test_trace import FLOW, ends, hops, traced

OF_SITE = {"src": "app1", "dst": "db1", "protocol": "tcp", "dst_port": 5432}


def follow(states: Mapping[str, State], flow: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return trace(states, {"all": list(states)}, flow or OF_SITE)


def test_the_entry_of_a_list_with_its_line_there_and_back() -> None:
    found = follow(site(router()))
    assert found["verdict"] == "permit"
    there, back = hops(found)[1], hops(found, 2)[1]
    assert (there["rule"]["chain"], there["rule"]["line"]) == ("FROM_APP", 10)
    assert there["rule"]["text"] == "10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432"
    assert (there["in_interface"], there["out_interface"]) == ("GigabitEthernet0/0", "GigabitEthernet0/1")
    assert (back["rule"]["chain"], back["rule"]["line"]) == ("FROM_DB", 10)


def test_the_entry_that_denies() -> None:
    found = follow(site(router(source="10.10.1.128 0.0.0.127")))
    assert ends(found) == [("deny", "new", "r1", "20 deny ip any any")]


def test_a_route_of_the_device_is_gone() -> None:
    found = follow(
        site(
            router(
                routes="Gateway of last resort is not set\n\nC  10.10.1.0/24 is directly connected, Gi0/0\n"
            )
        )
    )
    assert found["verdict"] == "deny"
    assert ends(found)[0] == ("deny", "new", "r1", "r1: no route")


def of_vrfs(*leaked: tuple[str, str, str]) -> dict[str, State]:
    """A router with a VRF for each of two networks; routes that lead from one (first) into the other."""
    device = router(app="", db="")
    device.routes = [
        Route(4, "10.10.1.0/24", table="RED", next_hops=[NextHop("GigabitEthernet0/0")]),
        Route(4, "10.20.1.0/24", table="BLUE", next_hops=[NextHop("GigabitEthernet0/1")]),
        *(Route(4, prefix, table=vrf, next_hops=[NextHop(interface)]) for vrf, prefix, interface in leaked),
    ]
    device.route_rules = []
    for priority, (interface, vrf) in enumerate(
        (("GigabitEthernet0/0", "RED"), ("GigabitEthernet0/1", "BLUE"))
    ):
        device.interfaces[interface].master = vrf
        device.route_rules.append(RouteRule(4, priority, vrf, in_interface=interface))
        device.route_rules.append(RouteRule(4, priority, vrf, "unreachable", in_interface=interface))
    device.route_rules.append(RouteRule(4, 32766, "main"))
    return site(device)


THERE, BACK = ("RED", "10.20.1.0/24", "GigabitEthernet0/1"), ("BLUE", "10.10.1.0/24", "GigabitEthernet0/0")


@pytest.mark.parametrize(
    ("leaked", "verdict", "end"),
    [
        ((), "deny", ("deny", "new", "r1", "r1: the route says unreachable")),
        ((THERE,), "deny", ("deny", "reply", "r1", "r1: the route says unreachable")),
        ((THERE, BACK), "permit", ("permit", "new", "db1", "delivered")),
    ],
)
def test_a_vrf_leads_into_another_where_routes_are_leaked(
    leaked: tuple[tuple[str, str, str], ...], verdict: str, end: tuple[str, ...]
) -> None:
    found = follow(of_vrfs(*leaked))
    assert found["verdict"] == verdict
    assert ends(found) == [end]
    if leaked:
        assert hops(found)[1]["route"][0]["route"] == "10.20.1.0/24 dev GigabitEthernet0/1 table RED"


def zoned(*pairs: tuple[str, str]) -> dict[str, State]:
    """A stateful firewall that lets what the pairs of zones name begin."""
    states = small_lab()
    firewall = states["fw1"]
    for name in ("app", "db"):
        firewall.interfaces[f"{name}0"].zone = name
    accepts = [
        rule(
            3 + index,
            f"policy {source} to {target}",
            both(Named("in_zone", (source,)), Named("out_zone", (target,)), match(proto="tcp", dport=5432)),
        )
        for index, (source, target) in enumerate(pairs)
    ]
    firewall.rulesets = {"zones": ruleset("zones", "forward", "deny", [*stateful(), *accepts])}
    return states


@pytest.mark.parametrize(
    ("pairs", "verdict", "text"),
    [
        ((("app", "db"),), "permit", "policy app to db"),
        ((("db", "app"),), "deny", "default action: deny"),
        ((), "deny", "default action: deny"),
    ],
)
def test_zones_are_those_of_the_interfaces(
    pairs: tuple[tuple[str, str], ...], verdict: str, text: str
) -> None:
    found = traced(zoned(*pairs))
    assert found["verdict"] == verdict
    assert hops(found)[1]["rule"]["text"] == text


def test_the_hosts_own_rules_on_the_way_out() -> None:
    states = small_lab()
    drop = rule(1, "tcp dport 5432 drop", match(proto="tcp", dport=5432), DROP)
    output = ruleset("inet/filter/output", "output", "permit", [drop])
    states["app01"].rulesets = {output.key: output}
    found = traced(states)
    assert found["verdict"] == "deny"
    assert ends(found) == [("deny", "new", "app01", "tcp dport 5432 drop")]
    assert [hop["host"] for hop in hops(found)] == ["app01"]


def test_a_lower_priority_ruleset_of_a_hook_decides_as_well() -> None:
    states = small_lab()
    first = ruleset(
        "ip/early/forward", "forward", "permit", [rule(1, "accept", match(proto="tcp"), ACCEPT)], priority=-10
    )
    last = ruleset(
        "ip/late/forward", "forward", "permit", [rule(1, "drop", match(src="10.10.1.5"), DROP)], priority=10
    )
    states["fw1"].rulesets.update({item.key: item for item in (first, last)})
    assert ends(traced(states))[0] == ("deny", "new", "fw1", "drop")
    assert traced(states, {**FLOW, "src": "app02"})["verdict"] == "permit"


def test_of_several_next_hops_one_was_not_gathered() -> None:
    states = small_lab(ecmp=True)
    del states["fw2"]
    found = traced(states)
    assert found["verdict"] == "unknown"
    assert (
        "unknown",
        "new",
        "app01",
        "the next hop after app01 is not gathered (10.10.1.2), behind app0 of app01",
    ) in (ends(found))
    assert {tuple(way["hosts"]): way["verdict"] for way in found["ways"] if way["direction"] == "new"} == {
        ("app01",): "unknown",
        ("app01", "fw1", "db1"): "permit",
    }


def test_the_longest_prefix_wins_over_the_policy_rule_that_comes_later() -> None:
    states = small_lab()
    states["app01"].routes.append(Route(4, "10.20.1.10/32", next_hops=[NextHop("app0", "10.10.1.2")]))
    found = traced(states)
    assert hops(found)[0]["route"][0]["route"] == "10.20.1.10/32 via 10.10.1.2 dev app0"
    assert hops(found)[0]["next"]["host"] == "fw2"


def test_the_source_address_is_the_one_that_the_route_prefers() -> None:
    states = small_lab()
    states["app01"].interfaces["app0"].addresses.append("10.10.1.250/24")
    states["app01"].routes[-1].source = "10.10.1.250"
    assert traced(states)["flows"][0]["src"] == ["10.10.1.250"]


@pytest.mark.parametrize("enslaved", ["app0", "db0", "mgmt0", ""])
def test_of_a_linux_host_what_comes_in_by_a_vrf_is_unknown_and_the_rest_is_not(enslaved: str) -> None:
    """The rule ``l3mdev`` is for packets of VRFs alone: one for management leaves the others' ways as they are."""
    states = small_lab()
    states["fw1"].interfaces["blue"] = Interface("blue", kind="vrf")
    if enslaved:
        states["fw1"].interfaces[enslaved].master = "blue"
    states["fw1"].route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 1000, "", not_understood=["l3mdev"]),
        RouteRule(4, 32766, "main"),
    ]
    found = traced(states)
    assert found["verdict"] == ("unknown" if enslaved in ("app0", "db0") else "permit")
    why = "fw1: VRF blue of a Linux host: its routes are not followed (ip rule 1000: l3mdev)"
    assert ([end[3] for end in ends(found)] == [why]) == (enslaved in ("app0", "db0"))


def test_replies_over_another_router_than_the_flow() -> None:
    states = small_lab()
    states["db1"].routes[-1].next_hops = [NextHop("db0", "10.20.1.2")]
    found = traced(states)
    assert found["verdict"] == "deny"
    assert ("deny", "reply", "fw2", "ct state invalid drop") in ends(found)
    assert [hop["host"] for hop in hops(found, 2)] == ["db1", "fw2"]


def test_two_hosts_in_one_network_need_no_router() -> None:
    states = {
        "a": host("a", {"eth0": ["192.0.2.1/24"]}, {}),
        "b": host("b", {"eth0": ["192.0.2.2/24"]}, {}, listeners=[("tcp", "192.0.2.2", 80)]),
    }
    found = follow(states, {"src": "a", "dst": "b", "protocol": "tcp", "dst_port": 80})
    assert [hop["host"] for hop in hops(found)] == ["a", "b"]
    assert hops(found)[1]["listening"]["listening"] == "yes"
