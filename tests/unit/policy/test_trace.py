# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows hop by hop: interfaces, routes, translations, rules, and where each part ends."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES, PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, DROP, Effect
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Listener,
    NextHop,
    Route,
    RouteRule,
    State,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.trace import trace
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.trace_ways import some_of_each
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render_trace
from tests.support.states import GROUPS, app_rule, forward, host, match, rule, ruleset, small_lab, stateful

States = dict[str, State]
Entry = dict[str, Any]
FLOW = {"src": "app01", "dst": "db1", "protocol": "tcp", "dst_port": 5432}


def traced(states: States, flow: Mapping[str, Any] | None = None, **more: Any) -> Entry:
    found = trace(states, GROUPS, flow or FLOW, **more)
    assert len(render_trace(found).splitlines()) >= 1 + min(len(found["hops"]), 12)
    return found


def hops(found: Entry, way: int = 1) -> list[Entry]:
    return [hop for hop in found["hops"] if hop["way"] == way]


def ends(found: Entry) -> list[tuple[str, str, str, str]]:
    """(verdict, direction, host, rule or reason) of every place where a part ends."""
    return [
        (
            part["verdict"],
            end["direction"],
            end["host"],
            end["rules"][-1]["text"] if end["rules"] else end["reason"],
        )
        for part in found["parts"]
        for end in part["ends"]
    ]


def without_routes(state: State, prefix: str) -> None:
    state.routes = [route for route in state.routes if not route.destination.startswith(prefix)]


def test_one_flow_hop_by_hop_there_and_back() -> None:
    found = traced(small_lab())
    assert found["verdict"] == "permit"
    assert [(hop["host"], hop["in_interface"], hop["out_interface"]) for hop in hops(found)] == [
        ("app01", "", "app0"),
        ("fw1", "app0", "db0"),
        ("db1", "db0", ""),
    ]
    first, router, last = hops(found)
    assert first["route"][0]["route"] == "10.20.1.0/24 via 10.10.1.1 dev app0"
    assert first["route"][0]["rule"] == "32766: from all lookup main"
    assert first["next"] == {"host": "fw1", "interface": "app0", "gateway": "10.10.1.1"}
    assert (router["rule"]["ruleset"], router["rule"]["position"], router["rule"]["handle"]) == (
        "inet/filter/forward",
        3,
        13,
    )
    assert router["rule"]["text"].startswith("ip saddr 10.10.1.0/24 ")
    assert (last["rule"]["text"], last["listening"]["listening"]) == (
        "iifname db0 tcp dport 5432 accept",
        "yes",
    )
    assert [hop["host"] for hop in hops(found, 2)] == ["db1", "fw1", "app01"]
    assert hops(found, 2)[1]["rule"]["text"] == "ct state established,related accept"
    assert [(way["direction"], way["answers"]) for way in found["ways"]] == [("new", None), ("reply", 1)]


def test_the_text_has_a_line_for_each_hop() -> None:
    lines = render_trace(traced(small_lab())).splitlines()
    assert lines[0] == "PathGuard trace: permit: 10.10.1.5 -> 10.20.1.10, tcp 5432"
    assert [line.strip().split(",")[0].split(":")[0] for line in lines if line.startswith("  ")] == [
        "app01",
        "fw1",
        "db1",
        "db1",
        "fw1",
        "app01",
    ]
    assert "forward permits by inet/filter/forward rule 3 handle 13: ip saddr 10.10.1.0/24" in lines[3]


def test_a_rule_that_denies_ends_the_way() -> None:
    found = traced(small_lab(fw1=[forward(app_rule("10.10.1.64/26"))]))
    assert found["verdict"] == "deny"
    assert ends(found) == [("deny", "new", "fw1", "default action: deny")]
    assert [(hop["host"], hop["verdict"]) for hop in hops(found)] == [("app01", "permit"), ("fw1", "deny")]
    assert hops(found)[-1]["rule"]["position"] == 0


def test_a_set_of_flows_in_disjoint_parts() -> None:
    found = traced(
        small_lab(fw1=[forward(app_rule("10.10.1.0/26"))]),
        {**FLOW, "src": "10.10.1.0/24", "dst": "10.20.1.10"},
    )
    assert found["verdict"] == "mixed"
    by_verdict = {part["verdict"]: part for part in found["parts"]}
    assert sorted(by_verdict) == ["deny", "permit", "unknown"]
    counted: dict[int, str] = {}
    for part in found["parts"]:
        for piece in part["flows"]:
            for source in piece["src"]:
                low, high = text.address_range(source)[1:]
                for value in range(low, high + 1):
                    assert value not in counted
                    counted[value] = part["verdict"]
    assert len(counted) == 256
    denied = {value for value, verdict in counted.items() if verdict == "deny"}
    assert {int(ipaddress.ip_address(f"10.10.1.{last}")) for last in (66, 100, 200)} <= denied
    # A network's addresses that nobody gathered has come in by an unknown router of theirs.
    assert by_verdict["unknown"]["ends"][0]["reason"]


def no_route(states: States) -> None:
    without_routes(states["fw1"], "10.20.")


def refused(kind: str) -> Callable[[States], None]:
    def change(states: States) -> None:
        states["fw1"].routes.append(Route(4, "10.20.1.10/32", kind))

    return change


def rule_prohibits(states: States) -> None:
    states["fw1"].route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 100, "", "prohibit", "10.10.1.0/24"),
        RouteRule(4, 32766, "main"),
    ]


def looping(states: States) -> None:
    for name, other in (("fw1", 2), ("fw2", 1)):
        without_routes(states[name], "10.20.")
        states[name].routes.append(Route(4, "10.20.1.0/24", next_hops=[NextHop("app0", f"10.10.1.{other}")]))
        states[name].rulesets = {}


def next_hop_not_gathered(states: States) -> None:
    states["app01"].routes[-1].next_hops = [NextHop("app0", "10.10.1.254")]


def strict(states: States) -> None:
    states["fw1"].settings = {"net.ipv4.conf.all.rp_filter": 1, "net.ipv4.conf.app0.rp_filter": 1}
    without_routes(states["fw1"], "10.10.")
    states["fw1"].routes.append(Route(4, "10.10.1.0/24", next_hops=[NextHop("mgmt0")]))


def not_forwarding(states: States) -> None:
    states["fw1"].forwarding["ipv4"] = False


@pytest.mark.parametrize(
    ("change", "verdict", "host_name", "said"),
    [
        (no_route, "deny", "fw1", "fw1: no route"),
        (refused("blackhole"), "deny", "fw1", "fw1: the route is a blackhole"),
        (refused("unreachable"), "deny", "fw1", "fw1: the route says unreachable"),
        (refused("prohibit"), "deny", "fw1", "fw1: the route says prohibited"),
        (rule_prohibits, "deny", "fw1", "fw1: the route says prohibited"),
        (looping, "deny", "fw1", "routing loop: fw1 -> fw2 -> fw1"),
        (
            next_hop_not_gathered,
            "unknown",
            "app01",
            "the next hop after app01 is not gathered (10.10.1.254), behind app0 of app01",
        ),
        (not_forwarding, "deny", "fw1", "fw1 does not forward ipv4"),
        (
            strict,
            "deny",
            "fw1",
            "fw1: rp_filter of app0 is strict: packets from 10.10.1.5 would have to come in by mgmt0, where the route "
            "back goes",
        ),
    ],
)
def test_a_dead_end_says_where_and_why(
    change: Callable[[States], None], verdict: str, host_name: str, said: str
) -> None:
    states = small_lab()
    change(states)
    found = traced(states)
    assert found["verdict"] == verdict
    assert ends(found) == [(verdict, "new", host_name, said)]
    assert (hops(found)[-1]["verdict"], hops(found)[-1]["reason"]) == (verdict, said)
    assert said in render_trace(found)


def test_the_route_that_refuses_is_told() -> None:
    states = small_lab()
    refused("blackhole")(states)
    assert hops(traced(states))[-1]["route"] == [
        {
            "to": ["10.20.1.10"],
            "route": "blackhole 10.20.1.10/32",
            "rule": "32766: from all lookup main",
            "legs": [{"kind": "deny", "interface": "", "gateway": "", "reason": "the route is a blackhole"}],
        }
    ]


def test_replies_that_are_cut_off_deny_the_flow() -> None:
    there = rule(1, "there", match(proto="tcp", dport=5432))
    states = small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", [there])])
    found = traced(states, {**FLOW, "src_port": 40000})
    assert found["verdict"] == "deny"
    assert ends(found) == [("deny", "reply", "fw1", "default action: deny")]
    assert [(way["direction"], way["verdict"]) for way in found["ways"]] == [
        ("new", "permit"),
        ("reply", "deny"),
    ]
    assert [hop["host"] for hop in hops(found, 2)] == ["db1", "fw1"]


def test_packets_of_the_open_connection_may_be_stopped() -> None:
    rules = [
        rule(1, "syn", match(proto="tcp", flags=2, dport=5432)),
        rule(2, "answers", match(proto="tcp", sport=5432)),
    ]
    states = small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", rules)])
    found = traced(states, {**FLOW, "src_port": 40000})
    assert found["verdict"] == "deny"
    assert ends(found) == [("deny", "established", "fw1", "default action: deny")]
    assert found["ways"][-1]["hosts"] == ["fw1"]
    assert "packets of the open connection: fw1 inet/filter/forward" in render_trace(found)


def test_every_leg_of_several_is_told() -> None:
    states = small_lab(ecmp=True, fw2=[forward(app_rule("10.10.1.64/26"))])
    found = traced(states)
    assert found["verdict"] == "deny"
    new = [way for way in found["ways"] if way["direction"] == "new"]
    assert [(way["hosts"], way["verdict"]) for way in new] == [
        (["app01", "fw2"], "deny"),
        (["app01", "fw1", "db1"], "permit"),
    ]
    assert len(hops(found)[0]["route"][0]["legs"]) == 2


def translated(kind: str, address: str, **matched: Any) -> Any:
    low, high = text.address_range(address)[1:]
    effect = Effect(kind, address=(low, high), family=4)
    hook, priority = ("prerouting", -100) if kind == "dnat" else ("postrouting", 100)
    rules = [rule(1, f"{kind} to {address}", match(**matched), ACCEPT, [effect])]
    return ruleset(f"ip/nat/{hook}", hook, "permit", rules, family="ip", type="nat", priority=priority)


def test_a_translated_destination_is_told_and_undone_for_replies() -> None:
    states = small_lab(
        fw1=[translated("dnat", "10.20.1.10", dst="10.20.1.99"), forward(app_rule())],
    )
    found = traced(states, {**FLOW, "dst": "10.20.1.99"})
    assert found["verdict"] == "permit"
    [there] = hops(found)[1]["nat"]
    assert (there["hook"], there["before"], there["after"], there["known"]) == (
        "prerouting",
        {"dst": ["10.20.1.99"]},
        {"dst": ["10.20.1.10"]},
        True,
    )
    assert there["rules"][0]["text"] == "dnat to 10.20.1.10"
    [back] = hops(found, 2)[1]["nat"]
    assert (back["before"], back["after"]) == ({"src": ["10.20.1.10"]}, {"src": ["10.20.1.99"]})
    assert "dst 10.20.1.99 becomes 10.20.1.10 by ip/nat/prerouting rule 1 handle 11" in render_trace(found)


def test_a_translated_source_is_told_and_undone_for_replies() -> None:
    states = small_lab(fw1=[forward(app_rule()), translated("snat", "10.20.1.1", src="10.10.1.0/24")])
    found = traced(states)
    assert found["verdict"] == "permit"
    [there] = hops(found)[1]["nat"]
    assert (there["hook"], there["before"], there["after"]) == (
        "postrouting",
        {"src": ["10.10.1.5"]},
        {"src": ["10.20.1.1"]},
    )
    assert hops(found)[2]["flows"][0]["src"] == ["10.20.1.1"]
    [back] = hops(found, 2)[1]["nat"]
    assert (back["before"], back["after"]) == ({"dst": ["10.20.1.1"]}, {"dst": ["10.10.1.5"]})


def test_policy_routing_by_source_takes_its_own_way() -> None:
    states = small_lab()
    states["app01"].route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 100, "7", src="10.10.1.5/32"),
        RouteRule(4, 32766, "main"),
    ]
    states["app01"].routes.append(Route(4, "0.0.0.0/0", table="7", next_hops=[NextHop("app0", "10.10.1.2")]))
    found = traced(states)
    first = hops(found)[0]
    assert first["route"][0]["route"] == "0.0.0.0/0 via 10.10.1.2 dev app0 table 7"
    assert first["route"][0]["rule"] == "100: from 10.10.1.5/32 lookup 7"
    assert first["next"]["host"] == "fw2"
    # fw1 sees the replies of a connection that it never saw begin.
    assert ends(found)[0] == ("deny", "reply", "fw1", "ct state invalid drop")


def test_ipv6() -> None:
    found = traced(small_lab(ipv6=True), {**FLOW, "src": "fd00:10:1::5", "dst": "fd00:20:1::10"})
    assert found["verdict"] == "permit"
    assert hops(found)[1]["rule"]["text"].startswith("ip6 saddr fd00:10:1::/64 ")
    assert hops(found)[0]["next"]["gateway"] == "fd00:10:1::1"


def test_a_rule_that_is_not_understood_leaves_it_unknown() -> None:
    states = small_lab()
    unknown = both(match(src="10.10.1.0/24"), Unknown("string", "matches on the content are not followed"))
    states["fw1"].rulesets["inet/filter/forward"].rules.insert(0, rule(9, "string drop", unknown, DROP))
    found = traced(states)
    assert found["verdict"] == "unknown"
    assert ends(found)[0] == ("unknown", "new", "fw1", "string drop")
    assert "matches on the content are not followed" in render_trace(found)


@pytest.mark.parametrize(
    ("listeners", "verdict", "said"),
    [
        ([("tcp", "127.0.0.1", 5432, "postgres")], "no", "postgres listens on tcp 5432 only on loopback"),
        ([("tcp", "10.20.1.11", 5432, "postgres")], "no", "only on 10.20.1.11, not on 10.20.1.10"),
        ([("tcp", "0.0.0.0", 22, "sshd")], "no", "nothing listens on tcp 5432"),
        (
            [("tcp", "0.0.0.0", 5432, "postgres", "mgmt0")],
            "no",
            "only on 0.0.0.0 of mgmt0, not on 10.20.1.10",
        ),
        ([("tcp", "0.0.0.0", 5432, "postgres", "db0")], "yes", "postgres listens on tcp 0.0.0.0:5432"),
        ([("tcp", "10.20.1.10", 5432, "postgres")], "yes", "postgres listens on tcp 10.20.1.10:5432"),
        ([], "unknown", "who listens on db1 is not known"),
    ],
)
def test_who_listens_at_the_end_is_told(listeners: list[Any], verdict: str, said: str) -> None:
    states = small_lab()
    states["db1"].listeners = [Listener(*item) for item in listeners]
    found = traced(states)
    assert found["verdict"] == "permit"
    assert hops(found)[-1]["listening"]["listening"] == verdict
    assert said in hops(found)[-1]["listening"]["text"]
    assert said in render_trace(found)


def test_a_host_without_an_address_of_the_family_is_denied() -> None:
    found = traced(small_lab(), {**FLOW, "dst": "fd00:20:1::10"})
    assert found["verdict"] == "deny"
    assert ends(found)[0][2:] == (
        "app01",
        "app01 has no ipv6 address that the other end can be spoken to with",
    )


def test_a_host_without_a_snapshot_is_unknown() -> None:
    states = small_lab()
    del states["db1"]
    found = traced(states)
    assert found["verdict"] == "unknown"
    assert ends(found) == [("unknown", "new", "db1", "db1 was not gathered")]


def test_a_flow_may_begin_at_an_interface() -> None:
    flow = {"src": "198.51.100.0/24", "dst": "db1", "protocol": "tcp", "dst_port": 5432}
    found = traced(small_lab(), flow, host="fw1", in_interface="mgmt0")
    assert hops(found)[0]["in_interface"] == "mgmt0"
    assert ends(found) == [("deny", "new", "fw1", "default action: deny")]


def test_a_host_begins_its_own_flow_from_the_address_that_it_chooses() -> None:
    found = traced(small_lab(), {"dst": "10.20.1.11", "protocol": "tcp", "dst_port": 5432}, host="app02")
    assert found["flows"][0]["src"] == ["10.10.1.14"]
    assert [hop["host"] for hop in hops(found)] == ["app02", "fw1", "db2"]


def test_icmp_and_what_leaves_the_gathered_network() -> None:
    states = small_lab(fw1=[forward(("icmp accept", match(proto="icmp")))])
    found = traced(states, {"src": "app01", "dst": "10.20.1.77", "protocol": "icmp", "icmp_type": 8})
    assert found["verdict"] == "permit"
    assert ends(found) == [("permit", "new", "", "leaves what is gathered by db0 of fw1")]


def on_a_stick() -> States:
    """A router and a balancer with one interface each, in one network: packets pass the router twice."""
    balancer = host(
        "lb",
        {"eth0": ["192.0.2.2/24"]},
        {"0.0.0.0/0": ["192.0.2.1 eth0"]},
        [translated("dnat", "10.9.0.9", dst="192.0.2.80"), translated("snat", "192.0.2.2", dst="10.9.0.9")],
        forwarding=True,
    )
    router = host(
        "r",
        {"eth0": ["192.0.2.1/24"], "eth1": ["10.9.0.1/24"]},
        {"192.0.2.80/32": ["192.0.2.2 eth0"]},
        forwarding=True,
    )
    client = host("client", {"eth0": ["192.0.2.50/24"]}, {"192.0.2.80/32": ["192.0.2.1 eth0"]})
    server = host("server", {"eth0": ["10.9.0.9/24"]}, {"0.0.0.0/0": ["10.9.0.1 eth0"]})
    return {item.host: item for item in (balancer, router, client, server)}


def test_packets_that_were_translated_in_between_are_no_loop() -> None:
    found = traced(on_a_stick(), {"src": "client", "dst": "192.0.2.80", "protocol": "tcp", "dst_port": 80})
    assert found["verdict"] == "permit"
    assert [hop["host"] for hop in hops(found)] == ["client", "r", "lb", "r", "server"]


def test_a_longer_chain_than_packets_live_is_unknown() -> None:
    states = {"a": host("a", {"n0": ["10.0.0.1/30"]}, {"0.0.0.0/0": ["10.0.0.2 n0"]})}
    for index in range(70):
        low, high = 4 * index + 2, 4 * index + 5
        net = [f"10.0.{value // 256}.{value % 256}" for value in (low, high, high + 1, low - 1)]
        states[f"r{index}"] = host(
            f"r{index}",
            {"l": [f"{net[0]}/30"], "n": [f"{net[1]}/30"]},
            {"0.0.0.0/0": [f"{net[2]} n"], "10.0.0.0/30": [f"{net[3]} l"]}
            if index
            else {"0.0.0.0/0": [f"{net[2]} n"]},
            forwarding=True,
        )
    found = traced(states, {"src": "a", "dst": "203.0.113.1", "protocol": "tcp", "dst_port": 80})
    assert found["verdict"] == "unknown"
    assert ends(found)[0][3] == "63 routers passed: whether the time to live lasts is not known"


@pytest.mark.parametrize(
    ("flow", "more", "what"),
    [
        ({"dst": "db1"}, {}, "the flow says no src"),
        ({"src": "app01"}, {}, "the flow says no dst"),
        ({"src": "app01", "dst": "app01"}, {}, "both ends"),
        ({"src": "app01", "dst": "db9"}, {}, "unknown address, host or group 'db9'"),
        ({"src": "app01", "dst": "db1", "port": 5432}, {}, "unknown key of a flow 'port'"),
        ({"src": "app01", "dst": "db1", "connection": "established"}, {}, "begins with a new connection"),
        ({"src": "app01", "dst": "db1", "out_interface": "x"}, {}, "out_interface can't be given"),
        ({"src": "app01", "dst": "db1", "dst_port": 70000}, {}, "70000"),
        ({"src": "app01", "dst": "db1", "dst_port": "postgresql", "protocol": "udp"}, {}, "another protocol"),
        ({"src": "10.1.1.1", "dst": "fd00::1", "protocol": "tcp"}, {}, "no packet at all"),
        ({"src": "10.1.1.1", "dst": "db1"}, {"in_interface": "app0"}, "host is not"),
        ({"src": "10.1.1.1", "dst": "db1"}, {"host": "fw1"}, "does not have all of the addresses of src"),
        (
            {"src": "10.1.1.1", "dst": "db1"},
            {"host": "fw1", "in_interface": "app1"},
            "unknown interface of fw1",
        ),
        ({"src": "10.1.1.1", "dst": "db1"}, {"host": "fw9"}, "unknown host 'fw9'"),
    ],
)
def test_a_mistake_is_one_clear_error(flow: Mapping[str, Any], more: dict[str, str], what: str) -> None:
    with pytest.raises(PathGuardError) as error:
        trace(small_lab(), GROUPS, flow, **more)
    assert what in str(error.value)
    assert error.value.todo
    assert len(str(error.value).splitlines()) <= MAX_LINES


def test_a_service_name_says_its_protocol_and_clients_their_ports() -> None:
    found = traced(small_lab(), {"src": "app", "dst": "db", "dst_port": "postgresql"})
    assert found["verdict"] == "permit"
    assert {tuple(piece["src_port"]) for piece in found["flows"]} == {("1024-65535",)}
    assert {tuple(piece["protocol"]) for piece in found["flows"]} == {("tcp",)}


@pytest.mark.parametrize(
    ("verdicts", "most", "chosen"),
    [
        ("dd", 4, [0, 1]),
        ("dddddp", 4, [0, 1, 2, 5]),
        ("ddddddppp", 4, [0, 1, 6, 7]),
        ("dddddduupp", 6, [0, 1, 6, 7, 8, 9]),
        ("dduuuupppp", 4, [0, 1, 6, 7]),
    ],
)
def test_of_many_ways_some_of_each_verdict_are_told(verdicts: str, most: int, chosen: list[int]) -> None:
    assert some_of_each(list(verdicts), most) == chosen


def test_what_a_device_wrote_can_not_steer_a_terminal() -> None:
    words, matched = app_rule()
    found = traced(small_lab(fw1=[forward((f"\x1b[31m{words}\n", matched))]))
    assert "\x1b" not in render_trace(found)
    assert stateful()[0].text in render_trace(found)


def test_replies_to_flows_of_two_ways_meet_a_router_that_knows_one_of_them() -> None:
    """The router that all replies pass translates those of connections that it has not seen begin."""
    masquerade = rule(1, "masquerade", match(src="10.3.0.10"), ACCEPT, [Effect("masquerade")])
    nat = ruleset("ip/nat/post", "postrouting", "permit", [masquerade], family="ip", type="nat", priority=100)
    two_ways = {"10.3.0.0/24": ["10.1.0.2 e0", "10.1.0.1 e0"]}
    hosts = (
        host("a", {"e0": ["10.1.0.10/24"]}, two_ways),
        host(
            "r1",
            {"a": ["10.1.0.1/24"], "m": ["10.2.0.1/24"]},
            {"10.3.0.0/24": ["10.2.0.3 m"]},
            forwarding=True,
        ),
        host(
            "r2",
            {"a": ["10.1.0.2/24"], "m": ["10.2.0.2/24"], "b": ["10.3.0.2/24"]},
            {},
            [nat],
            forwarding=True,
        ),
        host(
            "r3",
            {"m": ["10.2.0.3/24"], "b": ["10.3.0.3/24"]},
            {"10.1.0.0/24": ["10.2.0.2 m"]},
            forwarding=True,
        ),
        host(
            "b",
            {"e0": ["10.3.0.10/24"]},
            {"10.1.0.0/24": ["10.3.0.3 e0"]},
            listeners=[("tcp", "0.0.0.0", 80)],
        ),
    )
    states = {item.host: item for item in hosts}
    found = trace(states, {}, {"src": "a", "dst": "b", "protocol": "tcp", "dst_port": 80})
    path = {"name": "p", "from": {"host": "a"}, "to": {"host": "b"}, "service": "80/tcp"}
    proven = validate(load_policy({"requiredPaths": [path]}), states, {})["paths"][0]
    assert found["verdict"] == "deny"
    assert (proven["status"], proven["share"]["pairs"]["cut"]) == ("partial", 1)
