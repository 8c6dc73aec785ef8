# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules ask of the routes, and what follows where those were not gathered or changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import StateError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    Fib,
    Match,
    Not,
    match_from_dict,
    match_to_dict,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP, Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NextHop,
    Route,
    RouteRule,
    State,
)
from tests.support.states import ruleset

KEY = "inet/q/pre"
MISSING = Not(Fib("src", ("*",), by="in_interface", hook="prerouting"))


def state(match: Match, *routes: Route, hook: str = "prerouting") -> State:
    found = State("fw1")
    found.interfaces = {
        "in0": Interface("in0", ["10.0.0.1/24", "fd00::1/64", "fe80::1/64"]),
        "in1": Interface("in1", ["10.0.1.1/24", "fe80::2/64"]),
        "lo": Interface("lo", ["127.0.0.1/8", "::1/128"]),
    }
    found.routes = [
        Route(4, "10.0.0.0/24", next_hops=[NextHop("in0")]),
        Route(4, "10.0.1.0/24", next_hops=[NextHop("in1")]),
        Route(6, "fd00::/64", next_hops=[NextHop("in0")]),
        Route(6, "fe80::/64", next_hops=[NextHop("in0")]),
        Route(6, "fe80::/64", next_hops=[NextHop("in1")]),
        *routes,
    ]
    found.rulesets[KEY] = ruleset(KEY, hook, "permit", [Rule(1, match, DROP, "asked", handle=7)])
    return found


def verdict(there: State, src: str, link: str, **more: Any) -> str:
    found: str = Questions(there).verdict({"src": src, "in_interface": link, "mark": 0, **more}, KEY)[
        "verdict"
    ]
    return found


@pytest.mark.parametrize(
    ("src", "link", "expected"),
    [
        ("10.0.0.5", "in0", "permit"),
        ("10.0.0.5", "in1", "deny"),
        ("10.0.0.1", "in0", "deny"),
        ("10.9.0.1", "in0", "deny"),
        ("127.0.0.1", "lo", "permit"),
        ("fd00::5", "in0", "permit"),
        ("fd00::5", "in1", "deny"),
        ("fe80::5", "in1", "permit"),
        ("fe80::2", "in1", "deny"),
        ("fe80::2", "in0", "permit"),
        ("10.0.0.0/24", "in0", "mixed"),
    ],
)
def test_a_source_without_a_way_back_by_its_interface(src: str, link: str, expected: str) -> None:
    assert verdict(state(MISSING), src, link) == expected


def test_the_part_of_a_network_that_has_no_way_back_is_told_exactly() -> None:
    found = Questions(state(MISSING)).verdict({"src": "10.0.0.0/24", "in_interface": "in0"}, KEY)
    denied = [part for part in found["parts"] if part["verdict"] == "deny"]
    assert {source for part in denied for flows in part["flows"] for source in flows["src"]} == {"10.0.0.1"}


def test_equal_ipv6_routes_leave_it_open_which_one_is_compared() -> None:
    there = state(MISSING, Route(6, "fd00:9::/64", next_hops=[NextHop("in0"), NextHop("in1")]))
    assert verdict(there, "fd00:9::5", "in0") == "unknown"
    assert verdict(there, "fd00:9::5", "out0") == "deny"
    of_ipv4 = Route(4, "10.9.0.0/24", next_hops=[NextHop("in0"), NextHop("in1")])
    assert verdict(state(MISSING, of_ipv4), "10.9.0.5", "in1") == "permit"


def test_of_equal_ipv4_routes_the_first_is_compared() -> None:
    """Two interfaces in one network (fib_table_lookup)."""
    there = state(MISSING, Route(4, "10.0.0.0/24", next_hops=[NextHop("in1")]))
    assert verdict(there, "10.0.0.5", "in0") == "permit"
    assert verdict(there, "10.0.0.5", "in1") == "deny"
    there.routes.reverse()
    assert verdict(there, "10.0.0.5", "in0") == "deny"


def test_routes_that_were_not_gathered_leave_it_unknown_and_say_why() -> None:
    there = replace(state(MISSING), routes=[], interfaces={})
    found = Questions(there).verdict({"src": "10.0.0.5", "in_interface": "in0"}, KEY)
    assert found["verdict"] == "unknown"
    assert "no ipv4 route of fw1 is known" in found["parts"][0]["reason"]


def test_a_mark_counts_only_where_it_is_asked_with() -> None:
    marked = replace(MISSING.match, mark=True) if isinstance(MISSING.match, Fib) else MISSING
    elsewhere = Route(4, "10.0.0.0/24", table="77", next_hops=[NextHop("in1")])
    rules = [RouteRule(4, 0, "local"), RouteRule(4, 9, "77", mark="0x7"), RouteRule(4, 10, "main")]
    for match, expected in ((MISSING, "permit"), (Not(marked), "deny")):
        there = state(match, elsewhere)
        there.route_rules = rules
        assert verdict(there, "10.0.0.5", "in0", mark=7) == expected
        assert verdict(there, "10.0.0.5", "in0", mark=0) == "permit"


def test_where_it_is_not_known_which_hook_asks_a_difference_is_unknown() -> None:
    elsewhere = Route(4, "10.0.0.0/24", table="77", next_hops=[NextHop("in1")])
    there = state(Not(Fib("src", ("*",), by="in_interface")), elsewhere)
    there.route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 9, "77", in_interface="out0"),
        RouteRule(4, 10, "main"),
    ]
    assert verdict(there, "10.0.0.5", "in0", out_interface="out0") == "unknown"
    assert verdict(there, "10.0.0.5", "in0", out_interface="out1") == "permit"


def test_other_routes_change_what_such_a_rule_does() -> None:
    before = state(MISSING)
    after = state(MISSING, Route(4, "10.7.0.0/16", next_hops=[NextHop("in1")]))
    (found,) = [one for one in firewall_difference(before, after) if one["connection"] == "new"]
    assert found["gained"]["flows"] == [{"src": ["10.7.0.0/16"], "in_interface": ["in1"]}]
    assert found["lost"]["flows"] == []
    assert not firewall_difference(before, state(MISSING))


@pytest.mark.parametrize(
    "wrong", [{"end": "in"}, {"mark": 1}, {"check": "x"}, {"answers": "in0"}, {"by": None}]
)
def test_a_question_that_no_reader_makes_is_an_error(wrong: dict[str, Any]) -> None:
    written = match_to_dict(Fib("dst", ("in0",)))
    assert match_from_dict(written) == Fib("dst", ("in0",))
    with pytest.raises(StateError):
        match_from_dict({"fib": {**written["fib"], **wrong}})
