# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way through one host: which hooks a packet passes, in which order, and what routes go by."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    ALWAYS,
    In,
    Named,
    both,
    protocol,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    Effect,
    Rule,
    Ruleset,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NextHop,
    Route,
    RouteRule,
    State,
)

IN: dict[str, Any] = {
    "src": "10.0.1.9",
    "dst": "10.2.0.9",
    "protocol": "tcp",
    "dst_port": 80,
    "in_interface": "app0",
}
OWN: dict[str, Any] = {"src": "10.0.1.1", "dst": "10.2.0.9", "protocol": "tcp", "dst_port": 80}
TO_ITSELF = {**OWN, "dst": "10.2.0.1"}
WEB = both(protocol(6), In("dst_port", ((80, 80),)))
MARKED = In("mark", ((5, 5),))
SERVER = text.address_range("10.2.0.66")[1:]


def chain(
    hook: str, *rules: tuple[Any, ...], default: str = "permit", kind: str = "filter", priority: int = 0
) -> Ruleset:
    listed = [
        Rule(number, match, verdict, f"{hook} rule {number}", tuple(effects))
        for number, (match, verdict, *effects) in enumerate(rules, 1)
    ]
    return Ruleset(f"inet/fw/{hook}-{kind}", "nft", "inet", hook, priority, default, kind, listed)


def host(*chains: Ruleset, rules: tuple[RouteRule, ...] = (), **more: Any) -> State:
    fw = State("fw1", rulesets={one.key: one for one in chains}, **more)
    fw.interfaces = {
        "lo": Interface("lo", ["127.0.0.1/8"]),
        "app0": Interface("app0", ["10.0.1.1/24"]),
        "db0": Interface("db0", ["10.2.0.1/24"]),
    }
    fw.routes = [
        Route(4, "10.0.1.0/24", next_hops=[NextHop("app0")]),
        Route(4, "10.2.0.0/24", next_hops=[NextHop("db0")]),
        Route(4, "0.0.0.0/0", kind="blackhole", table="bad"),
    ]
    fw.route_rules = [RouteRule(4, 0, "local"), *rules, RouteRule(4, 32766, "main")]
    if "forwarding" not in more:
        fw.forwarding = {"ipv4": True, "ipv6": True}
    return fw


def verdict(fw: State, flow: dict[str, Any]) -> str:
    return str(verdicts(fw, [flow])[0]["verdict"])


@pytest.mark.parametrize(
    ("forwards", "expected"), [(True, "permit"), (False, "deny"), (None, "unknown")], ids=str
)
def test_a_host_that_does_not_forward_lets_nothing_through(forwards: bool | None, expected: str) -> None:
    fw = host(forwarding={"ipv4": forwards, "ipv6": True})
    found = verdicts(fw, [IN])[0]
    assert found["verdict"] == expected
    assert expected == "permit" or "forward" in found["parts"][0]["reason"]
    assert verdict(fw, {**IN, "dst": "10.2.0.1"}) == "permit", "what is for itself is not forwarded"


def test_whether_it_forwards_matters_only_where_the_firewall_lets_through() -> None:
    fw = host(chain("forward", (WEB, DROP)), forwarding={"ipv4": None, "ipv6": None})
    assert verdict(fw, IN) == "deny"


def test_rules_alone_say_nothing_about_forwarding() -> None:
    fw = State("fw1", rulesets={"inet/fw/forward-filter": chain("forward", (WEB, ACCEPT), default="deny")})
    assert verdict(fw, {**IN, "mark": 0}) == "permit"


def test_routes_are_chosen_by_the_interface_that_a_packet_came_in_by() -> None:
    fw = host(rules=(RouteRule(4, 50, "bad", in_interface="app0"),))
    assert verdict(fw, IN) == "deny"
    assert verdict(fw, {**IN, "in_interface": "db0"}) == "permit"
    anywhere = {name: value for name, value in IN.items() if name != "in_interface"}
    found = verdicts(fw, [anywhere])[0]
    assert found["verdict"] == "mixed"
    denied = [part for part in found["parts"] if part["verdict"] == "deny"]
    assert [piece["in_interface"] for part in denied for piece in part["flows"]] == [["app0"]]


def test_rules_for_the_hosts_own_packets_are_not_for_others() -> None:
    fw = host(rules=(RouteRule(4, 50, "bad", in_interface="lo"),))
    assert verdict(fw, {**IN, "in_interface": "any0"}) == "permit"
    assert verdict(fw, OWN) == "deny"


@pytest.mark.parametrize("hook", ["output", "postrouting", "prerouting", "input"])
def test_a_packet_to_the_host_itself_leaves_and_comes_back_in(hook: str) -> None:
    assert verdict(host(chain(hook, (WEB, DROP))), TO_ITSELF) == "deny"
    assert verdict(host(chain(hook, (WEB, ACCEPT), default="deny")), TO_ITSELF) == "permit"


@pytest.mark.parametrize(
    ("hook", "name"),
    [("output", "out_interface"), ("postrouting", "out_interface"), ("input", "in_interface")],
)
def test_a_packet_to_the_host_itself_goes_by_lo(hook: str, name: str) -> None:
    assert verdict(host(chain(hook, (Named(name, ("lo",)), ACCEPT), default="deny")), TO_ITSELF) == "permit"
    assert verdict(host(chain(hook, (Named(name, ("db0",)), ACCEPT), default="deny")), TO_ITSELF) == "deny"


def test_a_packet_to_the_host_itself_is_not_translated_on_its_second_way() -> None:
    moved = chain("prerouting", (WEB, ACCEPT, Effect("dnat", port=(81, 81))), kind="nat", priority=-100)
    fw = host(moved, chain("input", (WEB, ACCEPT), default="deny"))
    assert verdict(fw, TO_ITSELF) == "permit"
    assert verdict(fw, {**IN, "dst": "10.2.0.1"}) == "deny"


@pytest.mark.parametrize(("kind", "expected"), [("route", "deny"), ("filter", "permit")])
def test_a_mark_set_at_output_routes_again_only_from_a_route_chain(kind: str, expected: str) -> None:
    marks = chain("output", (WEB, CONTINUE, Effect("set", field="mark", value=5)), kind=kind)
    fw = host(marks, rules=(RouteRule(4, 50, "bad", mark="0x5"),))
    assert verdict(fw, OWN) == expected
    assert verdict(fw, {**OWN, "dst_port": 81}) == "permit"


def test_a_destination_translated_at_output_is_routed_again() -> None:
    nat = chain(
        "output",
        (WEB, ACCEPT, Effect("dnat", family=4, address=SERVER)),
        kind="nat",
        priority=-100,
    )
    fw = host(nat, chain("postrouting", (Named("out_interface", ("db0",)), DROP)))
    assert verdict(fw, {**OWN, "dst": "10.0.1.77"}) == "deny"
    assert verdict(fw, {**OWN, "dst": "10.0.1.77", "dst_port": 81}) == "permit"


@pytest.mark.parametrize("dropped", [DROP, ACCEPT], ids=["dropped", "accepted"])
def test_a_value_that_is_not_known_decides_nothing_in_a_later_hook(dropped: Any) -> None:
    marks = chain("prerouting", (ALWAYS, CONTINUE, Effect("set", field="mark", value=None)))
    other = "deny" if dropped is ACCEPT else "permit"
    found = verdicts(host(marks, chain("forward", (MARKED, dropped), default=other)), [IN])[0]
    assert found["verdict"] == "unknown"
    assert found["parts"]
    assert all(part["verdict"] != "unknown" or part["reason"] for part in found["parts"])


def test_a_value_that_is_not_known_does_not_hide_what_is_denied_for_all_values() -> None:
    marks = chain("prerouting", (ALWAYS, CONTINUE, Effect("set", field="mark", value=None)))
    assert verdict(host(marks, chain("forward", (MARKED, DROP), default="deny")), IN) == "deny"
    both_ways = chain("postrouting", (WEB, DROP))
    assert verdict(host(marks, chain("forward", (MARKED, DROP)), both_ways), IN) == "deny"


def test_a_mark_that_is_not_known_chooses_no_route_for_certain() -> None:
    marks = chain("prerouting", (ALWAYS, CONTINUE, Effect("set", field="mark", value=None)))
    assert verdict(host(marks, rules=(RouteRule(4, 50, "bad", mark="0x5"),)), IN) == "unknown"


@pytest.mark.parametrize("hook", ["ingress", "egress"])
def test_ingress_and_egress_are_passed(hook: str) -> None:
    assert verdict(host(chain(hook, (WEB, DROP))), IN) == "deny"
    assert verdict(host(chain(hook, (WEB, DROP))), {**IN, "dst_port": 81}) == "permit"


def test_new_packets_have_no_mark_unless_the_question_says_so() -> None:
    filters = chain("forward", (MARKED, DROP))
    found = verdicts(host(filters), [IN])[0]
    assert found["verdict"] == "permit"
    assert all("mark" not in piece for part in found["parts"] for piece in part["flows"])
    assert verdict(host(filters), {**IN, "mark": 5}) == "deny"
    for name in (filters.key, "forward"):
        assert verdicts(host(filters), [IN], name)[0]["verdict"] == "permit"
        assert verdicts(host(filters), [{**IN, "mark": 5}], name)[0]["verdict"] == "deny"
        assert verdicts(host(filters), [{**IN, "mark": "0-7"}], name)[0]["verdict"] == "mixed"


def test_a_redirected_packet_stays_on_the_host() -> None:
    to_itself = chain(
        "prerouting", (WEB, ACCEPT, Effect("redirect", port=(81, 81))), kind="nat", priority=-100
    )
    moved = both(protocol(6), In("dst_port", ((81, 81),)))
    assert verdict(host(to_itself, chain("input", (moved, ACCEPT), default="deny")), IN) == "permit"
    assert verdict(host(to_itself, chain("input", (WEB, ACCEPT), default="deny")), IN) == "deny"
    computed = chain("output", (WEB, ACCEPT, Effect("unknown", field="dst,dst_port")))
    accepts = chain("input", (WEB, ACCEPT), default="deny")
    assert verdict(host(to_itself, accepts, computed), IN) == "deny", "what other rules compute is not this"
    other = Effect("dnat", family=4, address=(SERVER[0], SERVER[0] + 1))
    both_kinds = chain(
        "prerouting",
        (both(protocol(6), In("dst_port", ((53, 53),))), ACCEPT, other),
        (WEB, ACCEPT, Effect("redirect", port=(81, 81))),
        kind="nat",
        priority=-100,
    )
    accepts = chain("input", (moved, ACCEPT), default="deny")
    assert verdict(host(both_kinds, accepts, chain("forward", default="deny")), IN) == "permit"
    assert verdict(host(both_kinds, accepts), {**IN, "dst_port": 53}) == "unknown"


def test_of_later_packets_of_a_translated_connection_it_is_not_known_what_rules_see() -> None:
    """The kernel translates them as it did the first one (nf_nat_inet_fn); alone they don't tell how."""
    moved = chain(
        "prerouting", (WEB, ACCEPT, Effect("dnat", family=4, address=SERVER)), kind="nat", priority=-100
    )
    fw = host(moved, chain("forward", (ALWAYS, DROP)), chain("input"))
    later = {**IN, "dst": "10.0.1.1", "connection": "established"}
    assert verdict(fw, {**later, "connection": "new"}) == "deny"
    assert verdict(fw, later) == "unknown"
    assert verdict(fw, {**later, "dst_port": 81}) == "permit"


@pytest.mark.parametrize(("priority", "expected"), [(90, "permit"), (150, "unknown")])
def test_a_translated_source_is_seen_by_chains_beyond_only(priority: int, expected: str) -> None:
    masquerade = chain("postrouting", (WEB, ACCEPT, Effect("masquerade")), kind="nat", priority=100)
    fw = host(masquerade, chain("postrouting", priority=priority))
    later = {**IN, "connection": "established"}
    assert verdict(fw, later) == expected
    assert verdict(fw, {**later, "dst_port": 81}) == "permit"


SERVICE = text.address_range("10.2.0.80")[1:]


def later(src: str, dst: str, **more: Any) -> dict[str, Any]:
    return {"src": src, "dst": dst, "protocol": "tcp", "connection": "established", **more}


def test_answers_to_a_masquerading_router_may_be_for_hosts_behind_it() -> None:
    """They are for its own address as they come, and for a client's once they are translated back."""
    leaves = Named("out_interface", ("db0",))
    masquerade = chain("postrouting", (leaves, ACCEPT, Effect("masquerade")), kind="nat", priority=100)
    fw = host(masquerade, chain("forward", default="deny"))
    answer = later("10.2.0.9", "10.2.0.1", src_port=80, in_interface="db0")
    assert verdict(fw, answer) == "unknown"
    assert verdict(host(chain("forward", default="deny")), answer) == "permit"
    assert verdict(fw, {**answer, "connection": "new"}) == "permit", "a first packet answers nothing"
    assert verdict(fw, {**answer, "dst": "10.0.1.1"}) == "permit", "no masquerade gives that address"
    assert verdict(fw, {**answer, "dst": "10.0.1.9"}) == "deny", "nor a client's own"


def test_answers_to_an_address_that_snat_gives_are_not_for_it() -> None:
    snat = Effect("snat", family=4, address=text.address_range("10.2.0.1")[1:])
    given = chain("postrouting", (WEB, ACCEPT, snat), kind="nat", priority=100)
    fw = host(given, chain("input", default="deny"))
    answer = later("10.2.0.9", "10.2.0.1", src_port=80)
    assert verdict(fw, answer) == "unknown"
    assert verdict(fw, {**answer, "src_port": 81}) == "deny", "connections to that port are not translated"
    echo = {
        "src": "10.2.0.9",
        "dst": "10.2.0.1",
        "protocol": "icmp",
        "icmp_type": 0,
        "connection": "established",
    }
    assert verdict(fw, echo) == "deny"
    pings = chain("postrouting", (In("icmp_type", ((8, 8),)), ACCEPT, snat), kind="nat", priority=100)
    assert verdict(host(pings, chain("input", default="deny")), echo) == "unknown"


def test_an_error_about_a_translated_connection_may_come_from_anywhere() -> None:
    snat = Effect("snat", family=4, address=text.address_range("10.2.0.1")[1:])
    fw = host(
        chain("postrouting", (WEB, ACCEPT, snat), kind="nat", priority=100), chain("input", default="deny")
    )
    error = {
        "src": "192.0.2.7",
        "dst": "10.2.0.1",
        "protocol": "icmp",
        "icmp_type": 3,
        "connection": "related",
    }
    assert verdict(fw, error) == "unknown"
    assert verdict(fw, {**error, "dst": "10.0.1.1"}) == "deny"


@pytest.mark.parametrize(("priority", "expected"), [(90, "permit"), (150, "unknown")])
def test_answers_of_a_server_behind_a_port_forward_leave_with_another_source(
    priority: int, expected: str
) -> None:
    moved = chain(
        "prerouting", (WEB, ACCEPT, Effect("dnat", family=4, address=SERVICE)), kind="nat", priority=-100
    )
    beyond = chain("postrouting", (ALWAYS, CONTINUE), priority=priority)
    answer = later("10.2.0.80", "10.0.1.9", src_port=80, dst_port=40000)
    assert verdict(host(moved, beyond), answer) == expected
    assert verdict(host(moved, beyond), {**answer, "src": "10.2.0.81"}) == "permit"
    assert verdict(host(beyond), answer) == "permit"


def test_without_addresses_a_masquerade_may_give_any() -> None:
    masquerade = chain("postrouting", (WEB, ACCEPT, Effect("masquerade")), kind="nat", priority=100)
    rules = {one.key: one for one in (masquerade, chain("forward", default="deny"))}
    through = {"in_interface": "db0", "out_interface": "app0"}
    fw = State("fw1", rulesets=rules)
    assert verdict(fw, later("10.2.0.9", "10.0.1.9", src_port=80, **through)) == "unknown"
    assert verdict(fw, later("10.2.0.9", "10.0.1.9", src_port=81, **through)) == "deny"


def localnet(**values: int) -> dict[str, int]:
    return {f"net.ipv4.conf.{name}.route_localnet": value for name, value in values.items()}


OFF = {"all": 0, "app0": 0, "db0": 0}
TO_LOOPBACK = {**IN, "dst": "127.0.0.1"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (OFF, "deny"),
        ({**OFF, "app0": 1}, "permit"),
        ({**OFF, "all": 1}, "permit"),
        ({**OFF, "db0": 1}, "deny"),
        ({"all": 0, "db0": 0}, "unknown"),
        ({}, "unknown"),
    ],
    ids=str,
)
@pytest.mark.parametrize("ruled", [False, True], ids=["", "an ip rule names the interface"])
def test_packets_from_outside_for_a_loopback_address_need_route_localnet(
    values: dict[str, int], expected: str, ruled: bool
) -> None:
    fw = host(rules=(RouteRule(4, 50, "main", in_interface="app0"),) if ruled else ())
    fw.routes.append(Route(4, "127.0.0.0/8", "local", "local"))
    fw.settings = localnet(**values)
    found = verdicts(fw, [TO_LOOPBACK])[0]
    assert found["verdict"] == expected
    assert expected == "permit" or "route_localnet" in found["parts"][0]["reason"]
    target = text.address_range("127.0.0.1")[1:]
    moved = chain(
        "prerouting", (WEB, ACCEPT, Effect("dnat", family=4, address=target)), kind="nat", priority=-100
    )
    fw.rulesets[moved.key] = moved
    assert verdict(fw, IN) == expected, "translated there it is no better"


def test_a_loopback_address_is_reached_by_the_host_itself() -> None:
    fw = host()
    fw.settings = localnet(**OFF)
    assert verdict(fw, {**OWN, "dst": "127.0.0.1"}) == "permit"
    assert verdict(fw, {**TO_LOOPBACK, "in_interface": "lo"}) == "permit"


SIX: dict[str, Any] = {"src": "fd00:1::9", "protocol": "udp", "dst_port": 53, "in_interface": "app0"}


def of_both_families() -> State:
    fw = host()
    fw.interfaces["lo"].addresses.append("::1/128")
    fw.interfaces["app0"].addresses.append("fd00:1::1/64")
    fw.routes += [
        Route(6, "fd00:1::/64", next_hops=[NextHop("app0")]),
        Route(6, "fd00:1::/128", "anycast", "local", next_hops=[NextHop("app0")]),
        Route(6, "ff00::/8", "multicast", "local", next_hops=[NextHop("app0")]),
    ]
    fw.route_rules += [RouteRule(6, 0, "local"), RouteRule(6, 32766, "main")]
    return fw


@pytest.mark.parametrize(
    ("dst", "expected", "why"),
    [
        ("::1", "deny", "loopback"),
        ("fd00:1::1", "permit", ""),
        ("ff02::1", "unknown", "multicast"),
        ("fd00:1::", "unknown", "anycast"),
    ],
)
def test_special_ipv6_destinations_of_packets_from_outside(dst: str, expected: str, why: str) -> None:
    found = verdicts(of_both_families(), [{**SIX, "dst": dst}])[0]
    assert found["verdict"] == expected
    assert not why or why in found["parts"][0]["reason"]


def test_own_packets_for_an_ipv6_group_are_not_refused() -> None:
    own = {"src": "fd00:1::1", "dst": "ff02::1", "protocol": "udp", "dst_port": 53}
    assert verdict(of_both_families(), own) == "unknown"


def test_a_broadcast_to_all_is_for_the_host_and_groups_are_not_followed() -> None:
    fw = host(chain("input", (both(protocol(17), In("dst_port", ((67, 67),))), ACCEPT), default="deny"))
    dhcp = {"src": "0.0.0.0", "dst": "255.255.255.255", "protocol": "udp", "in_interface": "app0"}
    assert verdict(fw, {**dhcp, "dst_port": 67}) == "permit"
    assert verdict(fw, {**dhcp, "dst_port": 68}) == "deny"
    found = verdicts(fw, [{**IN, "dst": "224.0.0.1"}])[0]
    assert found["verdict"] == "unknown"
    assert "multicast" in found["parts"][0]["reason"]


def test_what_comes_in_by_an_interface_that_does_not_forward_is_not_sent_on() -> None:
    fw = host()
    fw.settings = {"net.ipv4.conf.app0.forwarding": 0}
    found = verdicts(fw, [IN])[0]
    assert found["verdict"] == "deny"
    assert found["parts"][0]["reason"] == "forwarding is off on app0"
    assert verdict(fw, {**IN, "in_interface": "db0"}) == "permit"
    assert verdict(fw, {**IN, "dst": "10.2.0.1"}) == "permit"
