# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of programs that do not bind an address, where ip rules go by more than destinations: as a kernel was seen
to send them."""

from __future__ import annotations

import ipaddress

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import unbound
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.routes import Routing
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    NextHop,
    Route,
    RouteRule,
    State,
)
from tests.support.states import host

FAR = {4: "10.9.0.1", 6: "fd00:9::1"}
A = {4: "10.0.0.1", 6: "fd00::1"}
B = {4: "10.0.1.1", 6: "fd00:1::1"}
ANYWHERE = {4: "0.0.0.0/0", 6: "::/0"}
OTHERWISE = "r: which way packets go depends on whether their program binds its address first"


def router(family: int, *rules: RouteRule, default: bool) -> State:
    """Table 100 leads out by b, and so does table 200 by a; ``default``: the table main by a."""
    state = host("r", {"a": ["10.0.0.1/24", "fd00::1/64"], "b": ["10.0.1.1/24", "fd00:1::1/64"]}, {})
    via = {"a": {4: "10.0.0.254", 6: "fd00::fe"}, "b": {4: "10.0.1.254", 6: "fd00:1::fe"}}
    for table, name in (("100", "b"), ("200", "a"), *([("main", "a")] if default else [])):
        hop = NextHop(name, via[name][family])
        state.routes.append(Route(family, ANYWHERE[family], table=table, next_hops=[hop]))
    state.route_rules = [RouteRule(family, 0, "local"), *rules, RouteRule(family, 32766, "main")]
    return state


def flows(space: Space, src: str, dst: str, protocol: str = "tcp") -> FlowSet:
    return flows_from(space, {"src": src, "dst": dst, "protocol": protocol, "dst_port": 5432})


def doubts(state: State, asked: FlowSet) -> list[tuple[FlowSet, str]]:
    return list(unbound.doubts(Routing(state), asked))


def test_programs_without_an_address_need_a_route_before_they_have_one() -> None:
    state = router(4, RouteRule(4, 10, "100", src=B[4]), default=False)
    state.routes.append(Route(4, "10.9.0.0/16", next_hops=[NextHop("a", "10.0.0.2")]))
    space = Space()
    [(lost, why)] = doubts(state, flows(space, B[4], [FAR[4], "10.10.0.1"]))  # type: ignore[arg-type]
    assert lost == flows(space, B[4], "10.10.0.1")
    assert why == "r: no route for programs that do not bind their address first"


def test_over_ipv6_they_get_the_best_address_and_the_route_from_there() -> None:
    state = router(6, RouteRule(6, 10, "200", src=A[6]), default=False)
    assert doubts(state, flows(Space(), A[6], FAR[6])) == []
    value, gateway = Routing(state).source_for(6, int(ipaddress.ip_address(FAR[6])))
    assert (value is not None and text.address_text(6, value), gateway) == (A[6], True)
    state.route_rules[1].src = B[6]  # another address is as good, and was there before
    assert Routing(state).source_for(6, int(ipaddress.ip_address(FAR[6]))) == (None, False)


@pytest.mark.parametrize(
    ("family", "protocol", "expected"),
    [(4, "tcp", ""), (4, "udp", OTHERWISE), (6, "tcp", OTHERWISE), (6, "udp", OTHERWISE)],
)
def test_a_rule_for_the_address_that_they_get(family: int, protocol: str, expected: str) -> None:
    state = router(family, RouteRule(family, 10, "100", src=A[family]), default=True)
    asked = flows(Space(), A[family], FAR[family], protocol)
    assert doubts(state, asked) == ([(asked, expected)] if expected else [])
    assert doubts(state, flows(Space(), B[family], FAR[family], protocol)) == []
    state.route_rules[1].table = "200"  # the same way
    assert doubts(state, asked) == []


def test_a_rule_for_marks_is_none_for_them() -> None:
    state = router(4, RouteRule(4, 10, "200", src=A[4]), default=True)
    state.route_rules.insert(1, RouteRule(4, 5, "", "prohibit", mark="7"))
    assert doubts(state, flows(Space(), A[4], FAR[4])) == []


def test_rules_for_a_service_give_it_an_address_of_its_own() -> None:
    state = router(4, RouteRule(4, 10, "100", protocol="6", dst_port="5432"), default=True)
    space = Space()
    asked = flows(space, A[4], FAR[4])
    assert list(unbound.spoken(Routing(state), asked, 4)) == [(asked, int(ipaddress.ip_address(B[4])))]
    other = flows(space, A[4], FAR[4], "udp")
    assert list(unbound.spoken(Routing(state), other, 4)) == [(other, int(ipaddress.ip_address(A[4])))]
