# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors about packets that are too big, to either end of an open flow; TRAPS 18."""

from __future__ import annotations

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.errors_back import ErrorsBack
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.reach import Question, reach
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.walk import Start
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS, Unknown
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    Effect,
    Ruleset,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    NextHop,
    Route,
    State,
)
from tests.support.states import app_rule, app_rule6, forward, match, rule, ruleset, small_lab

ICMP_DROP = rule(0, "meta l4proto icmp drop", match(proto="icmp"), DROP)
MASQUERADE = text.address_range("10.20.1.1")[1]


def asked(
    states: dict[str, State], dst: str = "10.20.1.10", src: str = "10.10.1.5", port: int = 5432
) -> ErrorsBack:
    space = Space()
    family, low, high = text.address_range(src)
    flows = (
        space.everything.only("src", ((low, high),), family)
        .only("dst", (text.address_range(dst)[1:],), family)
        .only("protocol", ((6, 6),))
        .only("src_port", ((1024, 65535),))
        .only("dst_port", ((port, port),))
    )
    network = Network(states, space)
    found = reach(network, [Start("app01", "", flows)], Question(space.nothing))
    assert found.open, "the errors are about open flows"
    return ErrorsBack(network, [found], found.open)


def told(errors: ErrorsBack) -> set[tuple[str, str, bool, str, str, str]]:
    """(to, maker, beyond it, who stops, verdict, rule or reason)."""
    return {
        (
            stop.to,
            stop.maker.host,
            stop.maker.beyond,
            f"{stop.event.host} {stop.event.hook}",
            stop.event.verdict,
            part.rules[-1].text if part.rules else part.reason,
        )
        for stop in errors.stops
        for part in stop.event.parts(errors.opened)
    }


def without_related(default: str = "deny") -> Ruleset:
    """The usual chain without ``related``."""
    return ruleset(
        "inet/filter/forward",
        "forward",
        default,
        [
            rule(1, "ct state established accept", match(ct="established")),
            rule(2, *app_rule()),
            rule(3, *app_rule6()),
        ],
    )


def test_related_errors_get_back_to_both_ends() -> None:
    errors = asked(small_lab())
    assert (errors.stops, bool(errors.blocked), bool(errors.unknown)) == ([], False, False)


def test_a_forward_chain_without_related_stops_the_errors_of_routers_beyond() -> None:
    errors = asked(small_lab(fw1=[without_related()]))
    assert told(errors) == {
        (to, "fw1", True, "fw1 forward", "deny", "default action: deny") for to in ("source", "destination")
    }
    assert errors.blocked == errors.opened
    assert not errors.unknown


def test_ipv6_errors_are_of_another_kind() -> None:
    states = small_lab(fw1=[without_related()], ipv6=True)
    errors = asked(states, dst="fd00:20:1::10", src="fd00:10:1::5")
    assert errors.blocked == errors.opened
    related = rule(2, "icmpv6 accept", match(proto="icmpv6", ct="related"))
    states["fw1"].rulesets["inet/filter/forward"].rules.append(related)
    assert not asked(states, dst="fd00:20:1::10", src="fd00:10:1::5").blocked
    assert asked(states).blocked, "which is nothing to IPv4"


def test_the_end_hosts_input_is_asked_for_the_routers_own_errors() -> None:
    states = small_lab()
    states["app01"].rulesets["inet/filter/input"] = ruleset(
        "inet/filter/input", "input", "permit", [ICMP_DROP]
    )
    assert {(to, host, stop) for to, host, _beyond, stop, _verdict, _rule in told(asked(states))} == {
        ("source", "fw1", "app01 input")
    }
    states = small_lab()
    states["db1"].rulesets["inet/filter/input"].rules.insert(0, ICMP_DROP)
    assert {(to, beyond, stop) for to, _host, beyond, stop, _verdict, _rule in told(asked(states))} == {
        ("destination", False, "db1 input"),
        ("destination", True, "db1 input"),
    }


def test_the_makers_output_is_asked_and_no_nat_chain() -> None:
    output = ruleset("inet/filter/output", "output", "permit", [ICMP_DROP])
    snat = ruleset(
        "ip/nat/post", "postrouting", "permit", [rule(1, "drop", ALWAYS, DROP)], type="nat", family="ip"
    )
    states = small_lab()
    states["fw1"].rulesets["inet/filter/output"] = output
    assert {(maker, beyond, stop) for _to, maker, beyond, stop, _verdict, _rule in told(asked(states))} == {
        ("fw1", False, "fw1 output")
    }
    states = small_lab()
    states["fw1"].rulesets["ip/nat/post"] = snat
    snat.rules[0] = rule(1, "icmp drop", match(proto="icmp"), DROP)
    assert not asked(states).stops


def test_an_error_about_a_connection_that_is_not_tracked_is_invalid() -> None:
    notrack = ruleset(
        "ip/raw/pre",
        "prerouting",
        "permit",
        [rule(1, "meta l4proto tcp notrack", match(proto="tcp"), CONTINUE, [Effect("notrack")])],
        priority=-300,
        family="ip",
    )
    plain = ruleset(
        "inet/filter/forward",
        "forward",
        "permit",
        [rule(1, "ct state invalid drop", match(ct="invalid"), DROP)],
    )
    errors = asked(small_lab(fw1=[notrack, plain]))
    assert {part[-1] for part in told(errors)} == {"ct state invalid drop"}
    assert errors.blocked == errors.opened
    plain.rules.insert(0, rule(0, "meta l4proto icmp accept", match(proto="icmp"), ACCEPT))
    assert not asked(small_lab(fw1=[notrack, plain])).blocked


def test_a_rule_that_cannot_be_decided_makes_it_unknown() -> None:
    limited = without_related()
    limited.rules.append(rule(4, "limit rate 5/second accept", Unknown("limit", "a rate limit"), ACCEPT))
    errors = asked(small_lab(fw1=[limited]))
    assert not errors.blocked
    assert errors.unknown == errors.opened
    assert {part[-1] for part in told(errors)} == {"limit rate 5/second accept"}


def test_only_those_that_a_rule_is_about_are_cut_off() -> None:
    drop = rule(
        0, "ip daddr 10.10.1.0/25 icmp drop", match(proto="icmp", dst="10.10.1.0/25", ct="related"), DROP
    )
    states = small_lab()
    states["fw1"].rulesets["inet/filter/forward"].rules.insert(0, drop)
    assert asked(states).blocked
    states = small_lab()
    drop = rule(0, "ip daddr 10.10.1.64/26 icmp drop", match(proto="icmp", dst="10.10.1.64/26"), DROP)
    states["fw1"].rulesets["inet/filter/forward"].rules.insert(0, drop)
    assert not asked(states).blocked


def test_another_way_back_may_know_the_connection_or_not() -> None:
    """The second router sees only replies; whether it counts an error as related or as invalid is not known."""
    states = small_lab(ecmp=True, fw1=[forward(default="permit")], fw2=[without_related("permit")])
    for name in ("fw1", "fw2"):
        chain = states[name].rulesets["inet/filter/forward"]
        chain.rules = [rule(1, "ct state invalid icmp drop", match(ct="invalid", proto="icmp"), DROP)]
    errors = asked(states)
    assert not errors.blocked
    assert errors.unknown == errors.opened
    assert any("connection state" in part[-1] for part in told(errors))


def test_errors_are_translated_as_their_connection_is() -> None:
    snat = ruleset(
        "ip/nat/post",
        "postrouting",
        "permit",
        [
            rule(
                1,
                "oifname db0 snat to 10.20.1.1",
                match(oif="db0"),
                CONTINUE,
                [Effect("snat", family=4, address=(MASQUERADE, MASQUERADE))],
            )
        ],
        type="nat",
        family="ip",
        priority=100,
    )
    states = small_lab()
    states["fw1"].rulesets["ip/nat/post"] = snat
    assert not asked(states).stops
    states["app01"].rulesets["inet/filter/input"] = ruleset(
        "inet/filter/input", "input", "permit", [ICMP_DROP]
    )
    errors = asked(states)
    assert errors.blocked == errors.opened, "the error of a router behind the translation reaches app01"
    assert {(part[0], part[2]) for part in told(errors)} == {("source", False), ("source", True)}


def test_errors_to_a_translated_destination_go_on_to_it() -> None:
    real = text.address_range("10.20.1.10")[1]
    dnat = ruleset(
        "ip/nat/pre",
        "prerouting",
        "permit",
        [
            rule(
                1,
                "ip daddr 10.20.9.9 dnat to 10.20.1.10",
                match(dst="10.20.9.9"),
                CONTINUE,
                [Effect("dnat", family=4, address=(real, real))],
            )
        ],
        type="nat",
        family="ip",
        priority=-100,
    )
    states = small_lab()
    states["fw1"].rulesets["ip/nat/pre"] = dnat
    states["app01"].routes.append(Route(4, "10.20.9.0/24", next_hops=[NextHop("app0", "10.10.1.1")]))
    assert not asked(states, dst="10.20.9.9").stops
    states["db1"].rulesets["inet/filter/input"].rules.insert(0, ICMP_DROP)
    errors = asked(states, dst="10.20.9.9")
    assert errors.blocked == errors.opened
    assert {part[0] for part in told(errors)} == {"destination"}
