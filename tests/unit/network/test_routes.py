# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing of one host: longest prefix, metrics, policy rules, refusals, source addresses."""

from __future__ import annotations

import ipaddress
import time

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.routes import Routing
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NextHop,
    Route,
    RouteRule,
    State,
)
from tests.support.states import host


def ways(state: State, dst: str, src: str = "any", **more: object) -> dict[str, str]:
    """Destination prefixes -> where they go, for people."""
    space = Space()
    flows = flows_from(space, {"src": src, "dst": dst, **more})
    found: dict[str, str] = {}
    for part, legs in Routing(state).lookup(flows, str(more.get("in_interface", ""))):
        for family in part.families():
            to = ",".join(text.ranges_to_text("dst", part.ranges("dst", family), family))
            found[to] = "|".join(
                f"{leg.kind}:{leg.interface}:{text.address_text(family, leg.gateway) if leg.gateway is not None else ''}{leg.reason}"
                for leg in legs
            )
    return found


def router(**routes: object) -> State:
    return host("r", {"a": ["10.0.0.1/24", "fd00::1/64"], "b": ["10.0.1.1/24"]}, routes)  # type: ignore[arg-type]


def test_longest_prefix_exactly() -> None:
    state = router(
        **{"0.0.0.0/0": ["10.0.0.254 a"], "10.9.0.0/16": ["10.0.1.254 b"], "10.9.3.0/24": "blackhole"}
    )
    assert ways(state, "10.9.0.0/21") == {
        "10.9.0.0/23,10.9.2.0/24,10.9.4.0/22": "forward:b:10.0.1.254",
        "10.9.3.0/24": "deny::the route is a blackhole",
    }
    assert ways(state, "10.0.1.9") == {"10.0.1.9": "forward:b:"}
    assert ways(state, "10.0.1.1") == {"10.0.1.1": "local::"}


def test_no_route_is_a_denial_and_no_knowledge_is_unknown() -> None:
    assert ways(router(), "10.9.0.1") == {"10.9.0.1": "deny::no route"}
    state = router()
    state.routes = []
    assert ways(state, "10.9.0.1") == {"10.9.0.1": "unknown::no ipv4 route of r is known"}
    state = router()
    state.unreadable = [{"what": "routes4", "reason": "no permission"}]
    assert "no permission" in ways(state, "10.9.0.1")["10.9.0.1"]


def test_the_lowest_metric_wins_and_all_next_hops_of_a_route_are_legs() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a", "10.0.0.3 a"]})
    state.routes.append(Route(4, "10.9.0.0/16", metric=100, next_hops=[NextHop("b", "10.0.1.9")]))
    assert ways(state, "10.9.0.1") == {"10.9.0.1": "forward:a:10.0.0.2|forward:a:10.0.0.3"}


@pytest.mark.parametrize("kind", ["unreachable", "prohibit", "blackhole"])
def test_refusing_routes(kind: str) -> None:
    assert ways(router(**{"10.9.0.0/16": kind}), "10.9.0.1")["10.9.0.1"].startswith("deny::the route")


def test_an_interface_that_is_down_carries_nothing() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.1.9 b"]})
    state.interfaces["b"].up = False
    assert ways(state, "10.9.0.1") == {"10.9.0.1": "deny::the route's interface is down"}


def test_policy_rules_by_source_mark_and_interface() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    state.routes.append(Route(4, "10.9.0.0/16", table="100", next_hops=[NextHop("b", "10.0.1.9")]))
    state.routes.append(Route(4, "10.9.0.128/25", kind="throw", table="100"))
    base = [RouteRule(4, 0, "local"), RouteRule(4, 32766, "main")]
    state.route_rules = [*base, RouteRule(4, 10, "100", src="10.0.0.0/25")]
    assert ways(state, "10.9.0.0/24", src="10.0.0.5") == {
        "10.9.0.0/25": "forward:b:10.0.1.9",
        "10.9.0.128/25": "forward:a:10.0.0.2",
    }
    assert ways(state, "10.9.0.1", src="10.0.0.200") == {"10.9.0.1": "forward:a:10.0.0.2"}
    state.route_rules = [*base, RouteRule(4, 10, "100", mark="0x1/0xff")]
    assert ways(state, "10.9.0.1", mark=1) == {"10.9.0.1": "forward:b:10.0.1.9"}
    assert ways(state, "10.9.0.1", mark=2) == {"10.9.0.1": "forward:a:10.0.0.2"}
    state.route_rules = [*base, RouteRule(4, 10, "100", in_interface="b")]
    assert ways(state, "10.9.0.1", in_interface="b") == {"10.9.0.1": "forward:b:10.0.1.9"}
    assert ways(state, "10.9.0.1", in_interface="a") == {"10.9.0.1": "forward:a:10.0.0.2"}


def test_a_rule_that_is_not_understood_makes_its_part_unknown() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    state.route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 10, "100", src="10.0.0.0/25", not_understood=["uidrange 0-9"]),
    ]
    state.route_rules.append(RouteRule(4, 32766, "main"))
    assert "uidrange 0-9" in ways(state, "10.9.0.1", src="10.0.0.5")["10.9.0.1"]
    assert ways(state, "10.9.0.1", src="10.0.0.200") == {"10.9.0.1": "forward:a:10.0.0.2"}


def test_a_negated_rule_is_for_what_it_does_not_describe() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    state.routes.append(Route(4, "0.0.0.0/0", table="100", next_hops=[NextHop("b", "10.0.1.9")]))
    base = [RouteRule(4, 0, "local"), RouteRule(4, 32766, "main")]
    state.route_rules = [*base, RouteRule(4, 10, "100", src="10.0.0.0/25", negated=True)]
    assert ways(state, "10.9.0.1", src="10.0.0.5") == {"10.9.0.1": "forward:a:10.0.0.2"}
    assert ways(state, "10.9.0.1", src="10.0.0.200") == {"10.9.0.1": "forward:b:10.0.1.9"}
    state.route_rules = [*base, RouteRule(4, 10, "100", mark="0xca6c", negated=True)]
    assert ways(state, "10.9.0.1", mark=0) == {"10.9.0.1": "forward:b:10.0.1.9"}
    assert ways(state, "10.9.0.1", mark=0xCA6C) == {"10.9.0.1": "forward:a:10.0.0.2"}
    unsure = RouteRule(4, 10, "100", src="10.0.0.0/25", negated=True, not_understood=["tos 8"])
    state.route_rules = [*base, unsure]
    for source in ("10.0.0.5", "10.0.0.200"):
        assert "tos 8" in ways(state, "10.9.0.1", src=source)["10.9.0.1"]


def test_addresses_of_a_vrf_are_not_in_the_table_of_all() -> None:
    """Linux moves their entries to the VRF's table (vrf.rst); which packets ask that one is not followed."""
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    state.interfaces["blue"] = Interface("blue", kind="vrf")
    base = [RouteRule(4, 0, "local"), RouteRule(4, 32766, "main")]
    state.route_rules = [*base, RouteRule(4, 1000, "", not_understood=["l3mdev"])]
    assert ways(state, "10.0.1.1", in_interface="a") == {"10.0.1.1": "local::"}
    state.interfaces["b"].master = "blue"
    assert ways(state, "10.0.1.1", in_interface="a") == {"10.0.1.1": "forward:b:"}
    assert ways(state, "10.0.0.1", in_interface="b") == {"10.0.0.1": "local::"}


def test_which_packets_a_vrf_s_rule_is_for() -> None:
    """What came in by one of its interfaces, and the host's own from its addresses; all else goes on (vrf.rst)."""
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    state.interfaces["blue"] = Interface("blue", kind="vrf")
    state.interfaces["b"].master = "blue"
    state.route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 1000, "", not_understood=["l3mdev"]),
        RouteRule(4, 32766, "main"),
    ]
    beyond = {"10.9.0.1": "forward:a:10.0.0.2"}
    assert ways(state, "10.9.0.1", in_interface="a") == beyond
    assert ways(state, "10.9.0.1", src="10.0.0.1") == beyond
    for more in ({"in_interface": "b"}, {"in_interface": "blue"}, {"src": "10.0.1.1"}):
        told = ways(state, "10.9.0.1", **more)["10.9.0.1"]  # type: ignore[arg-type]
        assert told.startswith("unknown:")
        assert "VRF blue of a Linux host" in told
    state.interfaces["blue"].kind = "ether"  # without details (ip -d) a VRF looks like any other
    assert "VRF blue" in ways(state, "10.9.0.1", in_interface="b")["10.9.0.1"]
    state.interfaces["blue"].kind = "bridge"
    assert ways(state, "10.9.0.1", in_interface="b") == beyond
    state.unreadable = [{"what": "links", "reason": "not gathered"}]
    assert "l3mdev" in ways(state, "10.9.0.1", in_interface="b")["10.9.0.1"]


def test_suppressed_routes_do_not_count() -> None:
    """As wg-quick(8) has it: what only the default route is for takes the other table."""
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"], "0.0.0.0/0": ["10.0.0.2 a"]})
    state.routes.append(Route(4, "0.0.0.0/0", table="100", next_hops=[NextHop("b", "10.0.1.9")]))
    state.routes.append(Route(4, "0.0.0.0/0", "blackhole", table="101"))
    base = [RouteRule(4, 0, "local"), RouteRule(4, 32766, "main")]
    base += [RouteRule(4, 10, "main", suppress_length=0), RouteRule(4, 11, "100", mark="51820", negated=True)]
    state.route_rules = base
    assert ways(state, "10.9.0.1") == {"10.9.0.1": "forward:a:10.0.0.2"}
    assert ways(state, "10.10.0.1", mark=0) == {"10.10.0.1": "forward:b:10.0.1.9"}
    state.route_rules = [*base, RouteRule(4, 9, "101", suppress_length=0)]
    assert ways(state, "10.9.0.1") == {"10.9.0.1": "deny::the route is a blackhole"}


def test_rules_by_protocol_and_ports() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    base = [RouteRule(4, 0, "local"), RouteRule(4, 32766, "main")]
    state.route_rules = [*base, RouteRule(4, 10, "", "blackhole", protocol="6", dst_port="5000-6000")]
    found = ways(state, "10.9.0.1", protocol="tcp", dst_port=5432)
    assert found == {"10.9.0.1": "deny::the route is a blackhole"}
    for other in ({"protocol": "tcp", "dst_port": 80}, {"protocol": "udp", "dst_port": 5432}):
        assert ways(state, "10.9.0.1", **other) == {"10.9.0.1": "forward:a:10.0.0.2"}


@pytest.mark.parametrize(
    ("rule", "forwarded"),
    [
        (RouteRule(4, 10, "", "blackhole", users="1000-2000"), "forward:a:10.0.0.2"),
        (RouteRule(4, 10, "", "blackhole", users="0-0"), "deny::the route is a blackhole"),
        (RouteRule(4, 10, "", "blackhole", users="1-9", negated=True), "deny::the route is a blackhole"),
        (RouteRule(4, 10, "", "blackhole", out_interface="a"), "forward:a:10.0.0.2"),
    ],
)
def test_rules_by_socket_are_known_for_what_is_forwarded_only(rule: RouteRule, forwarded: str) -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    state.route_rules = [RouteRule(4, 0, "local"), rule, RouteRule(4, 32766, "main")]
    assert ways(state, "10.9.0.1", in_interface="b") == {"10.9.0.1": forwarded}
    assert ways(state, "10.9.0.1")["10.9.0.1"].startswith("unknown::")


def test_a_route_for_a_type_of_service_hides_what_the_others_do() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"], "10.0.0.0/8": ["10.0.1.9 b"]})
    state.routes.append(Route(4, "10.9.0.0/16", "blackhole", metric=9, tos="0x10"))
    assert "packets with tos 0x10 alone" in ways(state, "10.9.0.1")["10.9.0.1"]
    assert ways(state, "10.8.0.1") == {"10.8.0.1": "forward:b:10.0.1.9"}


def test_the_source_address_is_that_of_the_route_that_rules_choose() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    state.routes.append(Route(4, "0.0.0.0/0", table="100", next_hops=[NextHop("b", "10.0.1.9")]))
    base = [RouteRule(4, 0, "local"), RouteRule(4, 32766, "main")]

    def source(rule: RouteRule) -> str:
        state.route_rules = [*base, rule]
        value, _gateway = Routing(state).source_for(4, int(ipaddress.ip_address("10.9.0.1")))
        return text.address_text(4, value) if value is not None else ""

    assert source(RouteRule(4, 10, "100", dst="10.9.0.0/24")) == "10.0.1.1"
    assert source(RouteRule(4, 10, "100", dst="10.9.1.0/24")) == "10.0.0.1"
    assert source(RouteRule(4, 10, "100", in_interface="lo")) == "10.0.1.1"
    assert source(RouteRule(4, 10, "100", in_interface="b")) == "10.0.0.1"
    assert source(RouteRule(4, 10, "100", mark="51820", negated=True)) == "10.0.1.1"
    assert source(RouteRule(4, 10, "100", mark="51820")) == "10.0.0.1"
    assert source(RouteRule(4, 10, "", "blackhole", dst="10.9.0.1")) == ""
    assert source(RouteRule(4, 10, "100", src="10.0.1.1")) == "10.0.0.1"


def test_the_source_address_is_the_routes_own_else_that_of_the_interface() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.1.9 b"], "10.8.0.0/16": ["10.0.0.9 a"]})
    routing = Routing(state)

    def source(address: str) -> tuple[str | None, bool]:
        value, gateway = routing.source_for(4, int(ipaddress.ip_address(address)))
        return (text.address_text(4, value) if value is not None else None), gateway

    assert source("10.9.0.1") == ("10.0.1.1", True)
    assert source("10.0.0.7") == ("10.0.0.1", False)
    assert source("192.0.2.1") == (None, False)
    state.routes[-1].source = "10.0.1.1"
    assert source("10.8.0.1") == ("10.0.1.1", True)


def test_of_equal_routes_the_first_is_taken() -> None:
    """Two addresses in one network on two interfaces."""
    state = host("r", {"a": ["10.0.0.1/24", "fd00::1/64"], "b": ["10.0.0.2/24", "fd00::2/64"]}, {})
    assert ways(state, "10.0.0.9") == {"10.0.0.9": "forward:a:"}
    assert ways(state, "fd00::9") == {"fd00::9": "forward:a:"}
    assert ways(state, "fd00::9", in_interface="b") == {"fd00::9": "forward:b:"}  # by the one that it came by
    assert ways(state, "10.0.0.9", in_interface="b") == {"10.0.0.9": "forward:a:"}
    for name in ("a", "b"):
        state.routes.append(Route(4, "10.9.0.0/24", next_hops=[NextHop(name, "10.0.0.9")]))
        state.routes.append(Route(4, "0.0.0.0/0", next_hops=[NextHop(name, "10.0.0.9")]))
        state.routes.append(Route(6, "fd00:9::/64", next_hops=[NextHop(name, "fd00::9")]))
    assert ways(state, "10.9.0.1") == {"10.9.0.1": "forward:a:10.0.0.9"}
    # Default routes, whichever gateway answers; siblings of one IPv6 route, as older iproute2 lists them.
    assert ways(state, "192.0.2.1") == {"192.0.2.1": "forward:a:10.0.0.9|forward:b:10.0.0.9"}
    assert ways(state, "fd00:9::1") == {"fd00:9::1": "forward:a:fd00::9|forward:b:fd00::9"}
    state.platform = "cisco_ios"
    assert ways(state, "10.9.0.1") == {"10.9.0.1": "forward:a:10.0.0.9|forward:b:10.0.0.9"}


def test_a_throw_route_for_a_type_of_service_says_nothing_of_others() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    state.routes.append(Route(4, "10.9.0.0/16", "throw", tos="0x10"))
    assert "tos 0x10 alone" in ways(state, "10.9.0.1")["10.9.0.1"]


def test_a_route_for_some_sources_hides_those_beside_it() -> None:
    """A kernel finds no other route to the same prefix for packets from elsewhere, whatever the metrics."""
    state = router(**{"::/0": ["fd00::fe a"], "fd00:9::/64": ["fd00::fd a"]})
    state.routes.append(Route(6, "fd00:9::/64", "from fd00::5/128", metric=9, next_hops=[NextHop("b")]))
    why = "r: the route to fd00:9::/64 is for packets from fd00::5/128 alone, which is not followed"
    assert ways(state, "fd00:9::1") == {"fd00:9::1": f"unknown::{why}"}
    assert ways(state, "fd00:8::1") == {"fd00:8::1": "forward:a:fd00::fe"}


def test_rules_for_ports_are_for_protocols_that_have_some() -> None:
    state = router(**{"10.9.0.0/16": ["10.0.0.2 a"]})
    state.routes.append(Route(4, "10.9.0.0/16", table="100", next_hops=[NextHop("b", "10.0.1.9")]))
    state.route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 10, "100", dst_port="1-65535"),
        RouteRule(4, 32766, "main"),
    ]
    assert ways(state, "10.9.0.1", protocol="icmp", in_interface="b") == {"10.9.0.1": "forward:a:10.0.0.2"}
    assert ways(state, "10.9.0.1", protocol="tcp", dst_port=80) == {"10.9.0.1": "forward:b:10.0.1.9"}
    # Of an ICMP packet of a socket, type and code are looked at as if they were a port: 8 and 0 are 2048.
    for ports, way in (("2000-2047", "a:10.0.0.2"), ("2048", "b:10.0.1.9"), ("2049-65535", "a:10.0.0.2")):
        state.route_rules[1].dst_port = ports
        assert ways(state, "10.9.0.1", protocol="icmp", icmp_type=8, icmp_code=0) == {
            "10.9.0.1": f"forward:{way}"
        }


def test_a_host_with_ten_thousand_addresses() -> None:
    state = host("r", {"a": [f"10.{at >> 8}.{at & 255}.1/32" for at in range(10_000)]}, {})
    for address in state.interfaces["a"].addresses:
        state.routes.append(Route(4, address, "local", "local", next_hops=[NextHop("a")]))
    state.routes.append(Route(4, "127.0.0.0/8", "local", "local", next_hops=[NextHop("lo")]))
    begun = time.process_time()
    assert Routing(state).local_first
    assert time.process_time() - begun < 2


def test_what_a_large_table_leaves_is_looked_up_again() -> None:
    """By the next router, as one of thousands of separate ranges."""
    prefixes = [f"10.{at >> 7}.{(at & 127) * 2}.0/24" for at in range(5000)]
    state = host("r", {"a": ["192.0.2.1/24"]}, {"0.0.0.0/0": ["192.0.2.2 a"]})
    state.routes += [Route(4, prefix, next_hops=[NextHop("a", "192.0.2.3")]) for prefix in prefixes]
    space, routing = Space(), Routing(state)
    parts = routing.lookup(flows_from(space, {"dst": "10.0.0.0/8"}))
    assert len(parts) == 2
    for part, legs in parts:
        assert routing.lookup(part) == [(part, legs)]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("came_by", ["a", "b"])
def test_a_route_for_some_sources_hides_what_an_equal_one_does(first: bool, came_by: str) -> None:
    state = host("r", {"a": ["fd00::1/64"], "b": ["fd00:1::1/64"]}, {})
    of_some = Route(6, "::/0", "from fd00:7::/56", metric=1024, next_hops=[NextHop("a", "fd00::fe")])
    of_all = Route(6, "::/0", metric=1024, next_hops=[NextHop("b")])
    state.routes += [of_some, of_all] if first else [of_all, of_some]
    found = ways(state, "2001:db8::1", in_interface=came_by)
    assert "from fd00:7::/56 alone" in found["2001:db8::1"]
