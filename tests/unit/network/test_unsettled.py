# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that are not known on the way, hooks of devices, broadcast routes, flows that go astray."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.reach import Question, reach
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.routes import Leg, Routing
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.walk import Start
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS, In, Match
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    Effect,
    Ruleset,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Route, RouteRule
from tests.support.states import app_rule, forward, match, rule, ruleset, small_lab
from tests.unit.network.test_walk import ask, reasons, verdict

DB2 = text.address_range("10.20.1.11")[1:]


def before(*effects: Effect, matched: Match = ALWAYS, priority: int = -150, kind: str = "filter") -> Ruleset:
    verdict = ACCEPT if kind == "nat" else CONTINUE
    rules = [rule(1, "change", matched, verdict, effects)]
    return ruleset(f"inet/{kind}/pre", "prerouting", "permit", rules, priority=priority, type=kind)


def marked(field: str, *values: int) -> tuple[str, Match]:
    return f"{field} {values}", In(field, tuple((value, value) for value in values))


UNKNOWN_MARK = Effect("set", field="mark", value=None)


def test_a_mark_that_is_not_known_denies_nothing_for_certain() -> None:
    accepting = forward(marked("mark", 1))
    assert verdict(ask(small_lab(fw1=[before(UNKNOWN_MARK), accepting]))) == "unknown"
    dropping = ruleset(
        "inet/filter/forward", "forward", "permit", [rule(1, "mark 1", marked("mark", 1)[1], DROP)]
    )
    found = ask(small_lab(fw1=[before(UNKNOWN_MARK), dropping]))
    assert verdict(found) == "unknown"
    assert any("mark" in reason for _direction, _host, reason in reasons(found))


def test_what_no_mark_would_let_pass_is_denied_for_certain() -> None:
    nothing = forward(("other", match(proto="udp")))
    assert verdict(ask(small_lab(fw1=[before(UNKNOWN_MARK), nothing]))) == "denied"


def test_a_later_constant_mark_settles_it() -> None:
    one = before(Effect("set", field="mark", value=1), priority=-140)
    one.key = "inet/filter/later"
    assert verdict(ask(small_lab(fw1=[before(UNKNOWN_MARK), one, forward(marked("mark", 1))]))) == "open"


@pytest.mark.parametrize("value", [None, 1])
def test_a_route_by_a_mark_that_is_not_known(value: int | None) -> None:
    states = small_lab(fw1=[before(Effect("set", field="mark", value=value)), forward(app_rule())])
    states["fw1"].route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 100, "100", mark="0x1"),
        RouteRule(4, 32766, "main"),
    ]
    states["fw1"].routes.append(Route(4, "0.0.0.0/0", kind="blackhole", table="100"))
    assert verdict(ask(states)) == ("unknown" if value is None else "denied")


@pytest.mark.parametrize("value", [None, 1])
def test_connection_marks_beside_a_translation_deny_nothing_for_certain(value: int | None) -> None:
    source = Effect("snat", family=4, address=text.address_range("10.20.1.1")[1:])
    translated = ruleset(
        "inet/nat/post", "postrouting", "permit", [rule(1, "snat", ALWAYS, ACCEPT, [source])], type="nat"
    )
    marks = before(Effect("set", field="ct_mark", value=value), matched=match(src="10.10.1.0/24"))
    only = ruleset(
        "inet/filter/forward", "forward", "deny", [rule(1, "ct mark 1 accept", marked("ct_mark", 1)[1])]
    )
    found = ask(small_lab(fw1=[marks, only, translated]))
    assert not found.denied
    assert verdict(found) == ("open" if value else "unknown")
    assert verdict(ask(small_lab(fw1=[marks, only]))) == ("open" if value else "unknown")


@pytest.mark.parametrize("hook", ["ingress", "egress"])
def test_hooks_of_devices_are_asked(hook: str) -> None:
    drop = ruleset(
        "netdev/guard/edge", hook, "permit", [rule(1, "drop", match(proto="tcp", dport=5432), DROP)]
    )
    found = ask(small_lab(fw1=[drop, forward(app_rule())]))
    assert reasons(found) == {("new", "fw1", "drop")}
    replies = ruleset(
        "netdev/guard/edge", hook, "permit", [rule(1, "drop", match(src="10.20.1.10", proto="tcp"), DROP)]
    )
    assert reasons(ask(small_lab(fw1=[replies, forward(app_rule())]))) == {("reply", "fw1", "drop")}


def test_packets_after_the_first_pass_the_hooks_of_devices() -> None:
    only_first = ruleset(
        "netdev/guard/edge", "ingress", "permit",
        [rule(1, "drop", match(src="10.10.1.0/24", proto="tcp", flags=0x10), DROP)],
    )  # fmt: skip
    found = ask(small_lab(fw1=[only_first, forward(app_rule())]))
    assert reasons(found) == {("established", "fw1", "drop")}


def test_a_broadcast_address_is_for_the_router_that_gets_it_and_goes_out_where_it_begins() -> None:
    state = small_lab()["fw1"]
    state.routes.append(Route(4, "10.20.1.255/32", kind="broadcast", table="local"))
    state.routes[-1].next_hops = [type(state.routes[0].next_hops[0])("db0")]
    flows = Space().everything.only("dst", (text.address_range("10.20.1.255")[1:],), 4)
    routing = Routing(state)
    assert [legs for _part, legs in routing.lookup(flows, "app0")] == [(Leg("local"),)]
    assert [legs for _part, legs in routing.lookup(flows, "")] == [(Leg("forward", "db0"),)]


def test_flows_that_a_translation_brings_to_another_host_are_not_at_their_goal() -> None:
    other = before(
        Effect("dnat", family=4, address=DB2), matched=match(dst="10.20.1.10"), priority=-100, kind="nat"
    )
    states = small_lab(fw1=[other, forward(app_rule())])
    space = Space()
    flows = (
        space.everything.only("src", (text.address_range("10.10.1.5")[1:],), 4)
        .only("dst", (text.address_range("10.20.1.10")[1:],), 4)
        .only("protocol", ((6, 6),))
        .only("dst_port", ((5432, 5432),))
    )
    meant = Question(space.nothing, goals={"db1": flows})
    found = reach(Network(states, space), [Start("app01", "", flows)], meant)
    assert verdict(found) == "denied"
    assert ("new", "db2", "fw1 translates the destination, and db2 takes the flows instead") in reasons(found)
    meant = Question(space.nothing, goals={"db2": flows})
    assert verdict(reach(Network(states, space), [Start("app01", "", flows)], meant)) == "open"
