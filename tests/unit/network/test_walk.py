# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow sets on their way: loops, translations, stateless routers, replies by other ways."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.reach import Question, Reach, reach
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.walk import Start
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import In, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    Effect,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NextHop, Route, State
from tests.support.states import app_rule, forward, host, match, rule, ruleset, small_lab, stateful


def ask(
    states: dict[str, State],
    src: str = "10.10.1.5",
    dst: str = "10.20.1.10",
    start: str = "app01",
    protocol: str = "tcp",
    port: int = 5432,
    same_leg: bool = False,
) -> Reach:
    space = Space()
    flows = (
        space.everything.only("src", (text.address_range(src)[1:],), 4)
        .only("dst", (text.address_range(dst)[1:],), 4)
        .only("protocol", ((text.protocol_number(protocol),) * 2,))
        .only("src_port", ((1024, 65535),))
        .only("dst_port", ((port, port),))
    )
    return reach(
        Network(states, space), [Start(start, "", flows)], Question(space.nothing, same_leg=same_leg)
    )


def verdict(found: Reach) -> str:
    parts: Sequence[tuple[str, FlowSet]] = (
        ("open", found.open),
        ("denied", found.denied),
        ("unknown", found.unknown),
    )
    return "+".join(name for name, flows in parts if flows)


def reasons(found: Reach) -> set[tuple[str, str, str]]:
    """(direction, host, rule or reason) of everything that stops flows."""
    return {
        (event.direction, event.host, part.rules[-1].text if part.rules else part.reason)
        for event in found.events
        for part in event.parts(found.denied | found.unknown)
    }


def test_open_there_and_back() -> None:
    assert verdict(ask(small_lab())) == "open"


def test_a_routing_loop_ends() -> None:
    states = small_lab()
    for name, other in (("fw1", 2), ("fw2", 1)):
        states[name].routes = [
            route for route in states[name].routes if not route.destination.startswith("10.20")
        ]
        states[name].routes.append(Route(4, "10.20.1.0/24", next_hops=[NextHop("app0", f"10.10.1.{other}")]))
        states[name].rulesets = {}
    found = ask(states)
    assert verdict(found) == "denied"
    assert "routing loop" in next(iter(reasons(found)))[2]


def test_a_stateless_router_needs_both_rules() -> None:
    there = rule(1, "there", match(proto="tcp", dport=5432))
    back = rule(2, "back", match(proto="tcp", sport=5432))
    only_there = small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", [there])])
    assert reasons(ask(only_there)) == {("reply", "fw1", "default action: deny")}
    assert (
        verdict(ask(small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", [there, back])])))
        == "open"
    )


def test_only_the_first_packet_may_pass() -> None:
    rules = [
        rule(1, "syn", match(proto="tcp", flags=2, dport=5432)),
        rule(2, "answers", match(proto="tcp", sport=5432)),
    ]
    found = ask(small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", rules)]))
    assert reasons(found) == {("established", "fw1", "default action: deny")}


def test_notrack_needs_rules_for_untracked_packets() -> None:
    raw = ruleset(
        "inet/raw/prerouting",
        "prerouting",
        "permit",
        [rule(1, "notrack", match(proto="tcp"), CONTINUE, [Effect("notrack")])],
        priority=-300,
    )
    assert reasons(ask(small_lab(fw1=[raw, forward(app_rule())]))) >= {
        ("reply", "fw1", "default action: deny")
    }
    answers = ("tcp sport 5432 accept", match(proto="tcp", sport=5432, ct="untracked"))
    assert verdict(ask(small_lab(fw1=[raw, forward(app_rule(), answers)]))) == "open"


def test_a_router_that_does_not_track_replies_takes_what_follows_for_invalid() -> None:
    """nf_conntrack_proto_tcp.c: an ACK in SYN_SENT is invalid."""
    raw = ruleset(
        "inet/raw/prerouting",
        "prerouting",
        "permit",
        [rule(1, "notrack", match(src="10.20.1.0/24"), CONTINUE, [Effect("notrack")])],
        priority=-300,
    )
    answers = ("tcp sport 5432 accept", match(proto="tcp", sport=5432, ct="untracked"))
    found = ask(small_lab(fw1=[raw, forward(app_rule(), answers)]))
    assert verdict(found) == "denied"
    assert reasons(found) == {("established", "fw1", "ct state invalid drop")}


def test_replies_may_change_the_mark_that_later_packets_meet() -> None:
    marks = ruleset(
        "inet/marks/prerouting",
        "prerouting",
        "permit",
        [rule(1, "ct mark set 3", match(src="10.20.1.0/24"), CONTINUE, [Effect("set", "ct_mark", 3)])],
        priority=-150,
    )
    marked = both(match(dst="10.20.1.0/24"), In("ct_mark", ((3, 3),)))
    decides = ruleset("inet/f/forward", "forward", "permit", [rule(1, "ct mark 3 drop", marked, DROP)])
    found = ask(small_lab(fw1=[marks, decides]))
    assert verdict(found) == "denied"
    assert reasons(found) == {("established", "fw1", "ct mark 3 drop")}
    marks.rules = [
        rule(1, "ct mark set 3", match(src="10.20.1.0/24", proto="udp"), CONTINUE, marks.rules[0].effects)
    ]
    assert verdict(ask(small_lab(fw1=[marks, decides]))) == "open"


def test_whether_an_unanswered_connection_is_confirmed_is_unknown() -> None:
    raw = ruleset(
        "inet/raw/prerouting",
        "prerouting",
        "permit",
        [rule(1, "notrack", match(src="10.20.1.0/24"), CONTINUE, [Effect("notrack")])],
        priority=-300,
    )
    drops = rule(1, "ct status confirmed drop", match(ct="established"), DROP)
    states = small_lab(fw1=[raw, ruleset("inet/f/forward", "forward", "permit", [drops])])
    states["db1"].rulesets = {}
    assert verdict(ask(states, protocol="udp")) == "unknown"
    assert verdict(ask(states)) == "open", "to the kernel, an ACK in answer to nothing is of no connection"


def test_replies_by_a_router_that_did_not_see_the_flow() -> None:
    states = small_lab()
    states["db1"].routes = [
        route for route in states["db1"].routes if not route.destination.startswith("10.10")
    ]
    states["db1"].routes.append(Route(4, "10.10.1.0/24", next_hops=[NextHop("db0", "10.20.1.2")]))
    assert ("reply", "fw2", "ct state invalid drop") in reasons(ask(states))
    assert verdict(ask(states, protocol="udp")) == "denied"
    states["fw2"].rulesets = {}
    assert ("established", "fw1", "ct state invalid drop") in reasons(ask(states))


def masqueraded(*more: Effect) -> dict[str, State]:
    nat = ruleset(
        "ip/nat/postrouting",
        "postrouting",
        "permit",
        [rule(1, "masquerade", match(oif="db0"), ACCEPT, more or [Effect("masquerade")])],
        family="ip",
        type="nat",
        priority=100,
    )
    return small_lab(fw1=[forward(app_rule()), nat])


def test_masquerading_is_followed_and_undone_for_replies() -> None:
    states = masqueraded()
    only_router = [*stateful(), rule(5, "the router only", match(src="10.20.1.1", dport=5432))]
    states["db1"].rulesets = {"i": ruleset("i", "input", "deny", only_router)}
    assert verdict(ask(states)) == "open"
    only_app = [*stateful(), rule(5, "the app network only", match(src="10.10.1.0/24", dport=5432))]
    states["db1"].rulesets = {"i": ruleset("i", "input", "deny", only_app)}
    found = ask(states)
    assert verdict(found) == "denied"
    assert found.denied.pieces()[0]["src"] == [
        "10.10.1.5"
    ]  # told as the flows began, not as they were translated


def test_a_translation_to_an_unknown_address_is_unknown() -> None:
    states = masqueraded(Effect("snat", family=4, address=(0x0A140164, 0x0A1401C8)))
    assert verdict(ask(states)) == "unknown"
    blocked = [*stateful(), rule(5, "nobody", match(src="0.0.0.0/0"), DROP)]
    states["db1"].rulesets = {"i": ruleset("i", "input", "deny", blocked)}
    assert verdict(ask(states)) == "denied"


def test_a_translation_of_others_to_an_unknown_address_leaves_masquerading_alone() -> None:
    states = masqueraded()
    several = Effect("snat", family=4, address=(0x0A140164, 0x0A1401C8))
    rules = states["fw1"].rulesets["ip/nat/postrouting"].rules
    rules.insert(0, rule(1, "snat", match(src="10.10.2.0/24"), ACCEPT, [several]))
    assert verdict(ask(states)) == "open"
    rules[0] = rule(1, "snat", match(src="10.10.1.0/24"), ACCEPT, [several])
    assert verdict(ask(states)) == "unknown"


def test_a_translated_destination_is_followed_and_undone() -> None:
    dnat = [Effect("dnat", family=4, address=(0x0A14010A, 0x0A14010A), port=(5432, 5432))]
    nat = ruleset(
        "ip/nat/prerouting",
        "prerouting",
        "permit",
        [rule(1, "dnat", match(dst="10.10.1.1", proto="tcp", dport=6432), ACCEPT, dnat)],
        family="ip",
        type="nat",
        priority=-100,
    )
    states = small_lab(fw1=[nat, forward(app_rule())])
    assert verdict(ask(states, dst="10.10.1.1", port=6432)) == "open"
    states["db1"].routes = [
        route for route in states["db1"].routes if not route.destination.startswith("10.10")
    ]
    states["db1"].routes.append(Route(4, "10.10.1.0/24", next_hops=[NextHop("db0", "10.20.1.2")]))
    states["fw2"].rulesets = {}
    found = ask(states, dst="10.10.1.1", port=6432)
    assert any(
        "do not come back through the translation on fw1" in reason for _way, _host, reason in reasons(found)
    )


def test_addresses_that_nobody_gathered_has_are_unknown() -> None:
    assert verdict(ask(small_lab(fw1=[]), dst="10.20.1.77")) == "unknown"
    assert verdict(ask(small_lab(), dst="10.20.1.77")) == "denied"  # whoever it is, the router's rules say no


def test_a_neighbour_needs_no_router() -> None:
    states = {
        "a": host("a", {"e": ["10.0.0.1/24"]}, {}),
        "b": host(
            "b",
            {"e": ["10.0.0.2/24"]},
            {},
            [ruleset("i", "input", "deny", stateful(("ssh", match(proto="tcp", dport=22))))],
        ),
    }
    assert verdict(ask(states, "10.0.0.1", "10.0.0.2", "a", port=22)) == "open"
    assert verdict(ask(states, "10.0.0.1", "10.0.0.2", "a", port=23)) == "denied"


def test_a_shared_gateway_address_is_a_leg_for_each_owner() -> None:
    states = small_lab(fw2=[forward()])
    for name in ("fw1", "fw2"):
        states[name].interfaces["app0"].addresses.append("10.10.1.254/24")
    states["app01"].routes[-1].next_hops = [NextHop("app0", "10.10.1.254")]
    found = ask(states)
    assert {leg.there for leg in found.legs} == {("fw1",), ("fw2",)}
    assert found.denied
    assert found.some


def misrouted(app08: str = "10.10.1.66/24", to: NextHop | None = None) -> dict[str, State]:
    """fw1 sends packets for a part of the app network out to the databases."""
    states = small_lab(fw1=[])
    states["app08"].interfaces["app0"].addresses = [app08]
    states["fw1"].routes.append(Route(4, "10.10.1.64/26", next_hops=[to or NextHop("db0")]))
    return states


def test_who_has_an_address_on_another_segment_does_not_get_what_is_sent_there() -> None:
    found = ask(misrouted(), "10.20.1.10", "10.10.1.66", "db1")
    assert verdict(found) == "unknown"
    assert reasons(found) == {
        (
            "new",
            "fw1",
            "app08 has 10.10.1.66, but whether it takes packets for it from behind db0 of fw1 is not known",
        ),
    }
    replies = ask(misrouted(), "10.10.1.66", "10.20.1.10", "app08")
    assert {direction for direction, _host, _why in reasons(replies)} == {"reply"}
    assert verdict(replies) == "unknown"
    assert verdict(ask(misrouted(), "10.20.1.10", "10.10.1.62", "db1")) == "open"


def test_a_gateway_on_another_segment_does_not_get_what_is_sent_there() -> None:
    found = ask(misrouted(to=NextHop("db0", "10.10.1.5")), "10.20.1.10", "10.10.1.66", "db1")
    assert verdict(found) == "unknown"
    assert reasons(found) == {
        (
            "new",
            "fw1",
            "app01 has 10.10.1.5, but whether it takes packets for it from behind db0 of fw1 is not known",
        ),
    }


def test_interfaces_without_a_network_or_with_one_other_end_may_be_anywhere() -> None:
    assert verdict(ask(misrouted("10.10.1.66/32"), "10.20.1.10", "10.10.1.66", "db1")) == "open"
    states = misrouted()
    states["app08"].interfaces["app0"].kind = "wireguard"
    assert verdict(ask(states, "10.20.1.10", "10.10.1.66", "db1")) == "open"
    states = misrouted(to=NextHop("unnumbered"))
    assert verdict(ask(states, "10.20.1.10", "10.10.1.66", "db1")) == "open"


def test_replies_that_are_translated_anew_answer_nobody() -> None:
    untracked = ruleset(
        "ip/raw/pre",
        "prerouting",
        "permit",
        [rule(1, "notrack", match(dst="10.20.1.0/24"), CONTINUE, [Effect("notrack")])],
        priority=-300,
    )
    source = Effect("snat", family=4, address=text.address_range("10.10.1.99")[1:])
    translated = ruleset(
        "ip/nat/post",
        "postrouting",
        "permit",
        [rule(1, "snat", match(src="10.20.1.10", proto="udp"), ACCEPT, [source])],
        priority=100,
        type="nat",
    )
    space = Space()
    flows = (
        space.everything.only("src", (text.address_range("10.10.1.7")[1:],), 4)
        .only("dst", (text.address_range("10.20.1.10")[1:],), 4)
        .only("protocol", ((17, 17),))
    )
    asked = Question(space.nothing, frozenset({("fw1", "app0")}))
    states = small_lab(fw1=[untracked, translated])
    states["db1"].rulesets = {}
    found = reach(Network(states, space), [Start("fw1", "app0", flows)], asked)
    assert found.denied == flows
    assert any("translates its replies" in event.reason for event in found.events)
    states["fw1"].rulesets = small_lab(fw1=[untracked])["fw1"].rulesets
    found = reach(Network(states, space), [Start("fw1", "app0", flows)], asked)
    assert found.open == flows


@pytest.mark.parametrize(
    ("loose", "accepted", "expected"),
    [
        (0, "invalid", "open"),
        (0, "new", "denied"),
        (1, "invalid", "denied"),
        (None, "invalid", "unknown"),
        (None, "either", "open"),
    ],
)
def test_a_lone_acknowledgement_is_picked_up_or_invalid(
    loose: int | None, accepted: str, expected: str
) -> None:
    """Replies by fw2, which did not see the flow: a SYN ACK is invalid in any case, an ACK by a setting."""
    states = small_lab(fw1=[forward(app_rule(), default="permit")])
    states["fw1"].rulesets = {}
    states["db1"].routes = [
        route for route in states["db1"].routes if not route.destination.startswith("10.10")
    ]
    states["db1"].routes.append(Route(4, "10.10.1.0/24", next_hops=[NextHop("db0", "10.20.1.2")]))
    rules = [
        rule(1, "syn ack", match(sport=5432, ct="invalid", flags=0x12)),
        *(
            rule(2, f"ack, {name}", match(sport=5432, ct=name, flags=0x10))
            for name in ("new", "invalid")
            if accepted in (name, "either")
        ),
    ]
    states["fw2"].rulesets = {"f": ruleset("f", "forward", "deny", rules)}
    if loose is not None:
        states["fw2"].settings = {"net.netfilter.nf_conntrack_tcp_loose": loose}
    assert verdict(ask(states)) == expected


@pytest.mark.parametrize(("port", "accepted"), [(5433, 5433), (None, 5432)])
def test_a_redirect_goes_to_the_first_address_of_the_interface(port: int | None, accepted: int) -> None:
    effect = Effect("redirect", port=(port, port) if port else None)
    words = [rule(1, "redirect", match(proto="tcp", dport=5432), ACCEPT, [effect])]
    nat = ruleset("ip/nat/pre", "prerouting", "permit", words, family="ip", type="nat", priority=-100)
    states = small_lab()
    db1 = states["db1"]
    db1.interfaces["db0"].addresses.append("10.20.1.99/24")
    own = rule(5, "the first address", match(dst="10.20.1.10", proto="tcp", dport=accepted))
    rules = [nat, ruleset("i", "input", "deny", [*stateful(), own])]
    db1.rulesets = {item.key: item for item in rules}
    assert verdict(ask(states)) == "open"
    other = rule(5, "another address", match(dst="10.20.1.99", proto="tcp"))
    db1.rulesets["i"] = ruleset("i", "input", "deny", [*stateful(), other])
    assert verdict(ask(states)) == "denied"


@pytest.mark.parametrize(("value", "expected"), [(0, "denied"), (1, "open"), (None, "unknown")], ids=str)
def test_a_translation_to_a_loopback_address_needs_route_localnet(value: int | None, expected: str) -> None:
    states = small_lab()
    db1 = states["db1"]
    inside = Effect("dnat", family=4, address=text.address_range("127.0.0.1")[1:])
    moved = rule(1, "dnat to 127.0.0.1", match(proto="tcp", dport=5432), ACCEPT, [inside])
    db1.rulesets["ip/n/p"] = ruleset(
        "ip/n/p", "prerouting", "permit", [moved], type="nat", priority=-100, family="ip"
    )
    db1.routes.append(Route(4, "127.0.0.0/8", "local", "local"))
    if value is not None:
        names = ("all", *db1.interfaces)
        db1.settings |= {f"net.ipv4.conf.{name}.route_localnet": value for name in names}
    assert verdict(ask(states)) == expected


@pytest.mark.parametrize(("interface", "expected"), [("app0", "denied"), ("mgmt0", "open")])
def test_an_interface_may_not_forward(interface: str, expected: str) -> None:
    states = small_lab()
    for name in ("fw1", "fw2"):
        states[name].settings |= {f"net.ipv4.conf.{interface}.forwarding": 0}
    assert verdict(ask(states)) == expected
