# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source validation (rp_filter): which packets go no further, and what is said about it.

tests/kernel/test_source_check.py asks the kernel about routes, rules and marks; here is what it can't show.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import CONTINUE, Effect
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    NextHop,
    Route,
    RouteRule,
    State,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, host, rule, ruleset, small_lab
from tests.unit.network.test_walk import ask, reasons, verdict

POLICY = {
    "requiredPaths": [
        {
            "name": "p",
            "from": {"group": "app", "addresses": ["10.10.1.0/24"]},
            "to": {"group": "db_primary", "addresses": ["10.20.1.0/24"]},
            "service": "postgresql",
        }
    ]
}


def checking(states: dict[str, State], host: str, **values: int) -> dict[str, State]:
    """``db0=1``: rp_filter of an interface, or of ``all``; those that are not named are off."""
    names = {"all": 0, **dict.fromkeys(states[host].interfaces, 0), **values}
    states[host].settings = {f"net.ipv4.conf.{name}.rp_filter": value for name, value in names.items()}
    return states


def roundabout(**more: Any) -> dict[str, State]:
    """db1 answers the application hosts over the management network, where fw1 takes the answers."""
    states = small_lab(**more)
    db1 = states["db1"]
    db1.routes = [route for route in db1.routes if route.destination != "10.10.1.0/24"]
    db1.routes.append(Route(4, "10.10.1.0/24", next_hops=[NextHop("mgmt0", "10.99.0.11")]))
    return states


STRICT = (
    "new",
    "db1",
    "db1: rp_filter of db0 is strict: packets from 10.10.1.5 would have to come in by mgmt0, "
    "where the route back goes",
)


@pytest.mark.parametrize(
    ("values", "dropped"),
    [
        ({"db0": 1}, True),
        ({"all": 1}, True),
        ({"all": 2, "db0": 1}, False),
        ({"db0": 2}, False),
        ({"mgmt0": 1}, False),
    ],
)
def test_the_larger_of_both_values_counts(values: dict[str, int], dropped: bool) -> None:
    found = reasons(ask(checking(roundabout(), "db1", **values)))
    assert (STRICT in found) is dropped


def test_a_loose_check_asks_for_any_route() -> None:
    states = checking(roundabout(), "db1", db0=2)
    states["db1"].routes.pop()
    want = "db1: rp_filter of db0 is loose: packets from 10.10.1.5 have no way back: no route"
    assert ("new", "db1", want) in reasons(ask(states))


def test_values_that_were_not_read_drop_nothing() -> None:
    states = roundabout()
    assert verdict(ask(states)) == "open"
    states["db1"].settings = {"net.ipv4.conf.db0.rp_filter": 1}  # all may be loose
    assert STRICT not in reasons(ask(states))


def test_a_router_checks_what_it_forwards_and_what_comes_back() -> None:
    there = checking(small_lab(), "fw1", app0=1, db0=1)
    assert verdict(ask(there)) == "open"
    there["fw1"].routes = [
        route for route in there["fw1"].routes if not route.destination.startswith("10.20")
    ]
    there["fw1"].routes.append(Route(4, "10.20.1.10/32", next_hops=[NextHop("db0")]))
    assert verdict(ask(there)) == "open"
    back = checking(small_lab(), "app01", app0=1)
    back["app01"].routes.append(Route(4, "10.20.1.10/32", metric=5, table="7", next_hops=[NextHop("mgmt0")]))
    back["app01"].route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 10, "7", in_interface="lo", dst="10.20.1.10/32", src="10.10.1.200"),
        RouteRule(4, 32766, "main"),
    ]
    assert verdict(ask(back)) == "open"
    back["app01"].route_rules[1].src = "10.10.1.5"  # the way there is another one too, so nothing gets there
    assert verdict(ask(back)) != "open"


def test_no_host_accepts_its_own_address_from_outside() -> None:
    states = checking(small_lab(), "fw1", app0=2)
    found = ask(states, src="10.20.1.1")
    want = "fw1: rp_filter of app0 is loose: packets from 10.20.1.1 have an address of fw1 itself"
    assert [event.verdict for event in found.events if event.reason == want] == ["deny"]
    states["fw1"].settings["net.ipv4.conf.all.accept_local"] = 1
    found = ask(states, src="10.20.1.1")
    assert [event.verdict for event in found.events if event.reason == want] == ["unknown"]


def test_a_mark_that_is_not_known_leaves_open_which_route_counts() -> None:
    states = checking(small_lab(), "db1", db0=1)
    db1 = states["db1"]
    db1.routes.append(Route(4, "10.10.1.0/24", table="7", next_hops=[NextHop("mgmt0")]))
    db1.route_rules = [RouteRule(4, 0, "local"), RouteRule(4, 9, "7", mark="7"), RouteRule(4, 32766, "main")]
    set_to = Effect("set", field="mark", value=7)
    db1.rulesets["m"] = ruleset("m", "prerouting", "permit", [rule(1, "mark 7", ALWAYS, CONTINUE, [set_to])])
    assert STRICT not in reasons(ask(states))
    db1.settings["net.ipv4.conf.db0.src_valid_mark"] = 1
    assert STRICT in reasons(ask(states))
    unknown = Effect("set", field="mark", value=None)
    db1.rulesets["m"].rules[0] = rule(1, "some mark", ALWAYS, CONTINUE, [unknown])
    assert verdict(ask(states)) == "unknown"


def test_the_setting_is_named_as_the_cause_with_how_to_set_it_back() -> None:
    before = checking(roundabout(), "db1")
    now = checking(roundabout(), "db1", all=1)
    report = validate(load_policy(POLICY), now, GROUPS, before)
    assert problems(report, load_schema("report")) == []
    [path] = report["paths"]
    assert (path["status"], path["before"]["status"]) == ("blocked", "open")
    [cure] = path["remedy"]
    assert (cure["host"], cure["change"], cure["action"]) == ("db1", "settings", "set_back")
    assert cure["note"] == "net.ipv4.conf.all.rp_filter was changed"
    assert (cure["now"]["text"], cure["before"]["text"]) == (
        "net.ipv4.conf.all.rp_filter = 1",
        "net.ipv4.conf.all.rp_filter = 0",
    )
    assert cure["commands"] == ["sysctl -w net.ipv4.conf.all.rp_filter=0"]
    [decided] = path["deciding"]
    assert "would have to come in by mgmt0, where the route back goes" in decided["reason"]


def test_a_loose_check_counts_a_route_whose_link_has_no_carrier() -> None:
    states = checking(roundabout(), "db1", db0=2)
    states["db1"].interfaces["mgmt0"].carrier = False
    assert not [event for event in ask(states).events if event.direction == "new" and event.verdict == "deny"]
    states = checking(roundabout(), "db1", db0=1)
    states["db1"].interfaces["mgmt0"].carrier = False
    assert STRICT in reasons(ask(states))


@pytest.mark.parametrize(
    ("accept", "expected"), [({"all": 0, "app0": 0}, "deny"), ({}, "unknown"), ({"all": 0, "app0": 1}, None)]
)
def test_its_own_address_from_outside_is_dropped_whether_sources_are_checked_or_not(
    accept: dict[str, int], expected: str | None
) -> None:
    states = checking(small_lab(), "fw1")
    states["fw1"].settings |= {f"net.ipv4.conf.{name}.accept_local": value for name, value in accept.items()}
    found = ask(states, src="10.20.1.1")
    want = "fw1: packets from 10.20.1.1 have an address of fw1 itself"
    verdicts = {event.verdict for event in found.events if event.direction == "new" and event.reason == want}
    assert verdicts == ({expected} if expected else set())
    states["fw1"].platform = "cisco_ios"
    assert want not in {event.reason for event in ask(states, src="10.20.1.1").events}


def test_its_own_address_from_outside_may_be_another_ones_under_rules_that_come_first() -> None:
    states = checking(small_lab(), "fw1")
    states["fw1"].settings |= {f"net.ipv4.conf.{name}.accept_local": 0 for name in ("all", "app0")}
    states["fw1"].route_rules = [
        RouteRule(4, 0, "7", in_interface="app0"),
        RouteRule(4, 1, "local"),
        RouteRule(4, 32766, "main"),
    ]
    found = ask(states, src="10.20.1.1")
    want = "fw1: packets from 10.20.1.1 have an address of fw1 itself"
    assert {event.verdict for event in found.events if event.reason == want} == {"unknown"}


def test_many_ways_back_are_told_as_one() -> None:
    """A router with hundreds of networks that any packet may come from."""
    names = {f"v{at}": [f"10.0.{at}.1/24"] for at in range(20)}
    states = checking({"r": host("r", names, {}, forwarding=True)}, "r", all=1)
    space = Space()
    check = Network(states, space).source_check
    [own, strange, others] = check.dropped("r", "v0", "v1", flows_from(space, {"src": "10.0.0.0/16"}))
    assert "by others of its interfaces, where the routes back go" in others.reason
    assert others.flows == flows_from(space, {"src": [f"10.0.{at}.0/24" for at in range(1, 20)]}) - own.flows
    assert {one.verdict for one in (others, own, strange)} == {"deny"}
    assert "no way back" in strange.reason
