# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of routing is named by the rule, route, interface or switch that was changed, with what puts it back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NextHop,
    Route,
    RouteRule,
    State,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.routing import (
    interfaces_changed,
    routes_changed,
    rules_changed,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, small_lab

POLICY = {
    "requiredPaths": [
        {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    ]
}
MAIN = RouteRule(4, 32766, "main")


def lab() -> dict[str, State]:
    states = small_lab()
    states["fw1"].route_rules = [RouteRule(4, 0, "local"), MAIN]
    return states


def remedy(change: Callable[[State], None]) -> list[dict[str, Any]]:
    now = lab()
    change(now["fw1"])
    report = validate(load_policy(POLICY), now, GROUPS, lab())
    assert problems(report, load_schema("report")) == []
    found: list[dict[str, Any]] = report["paths"][0]["remedy"]
    return found


def prohibited(state: State) -> None:
    state.route_rules.insert(0, RouteRule(4, 32765, "", "prohibit", "10.10.1.200/32"))


def no_rule(state: State) -> None:
    state.route_rules.remove(MAIN)


def blackhole(state: State) -> None:
    state.routes.append(Route(4, "10.20.1.10/32", "blackhole"))
    state.routes.append(Route(4, "192.0.2.0/24", next_hops=[NextHop("mgmt0", "10.99.0.1")]))


def elsewhere(state: State) -> None:
    [route] = [route for route in state.routes if route.destination == "10.20.1.0/24"]
    route.kind, route.next_hops = "unreachable", []


def gone(state: State) -> None:
    state.routes = [route for route in state.routes if route.destination != "10.20.1.0/24"]


def not_forwarding(state: State) -> None:
    state.forwarding["ipv4"] = False


@pytest.mark.parametrize(
    ("change", "kind", "note", "now", "before", "command"),
    [
        (
            prohibited,
            "route_rules",
            "rule 32765: from 10.10.1.200/32 prohibit was added",
            "32765: from 10.10.1.200/32 prohibit",
            None,
            "ip rule del pref 32765 from 10.10.1.200/32 prohibit",
        ),
        (
            no_rule,
            "route_rules",
            "rule 32766: from all lookup main was removed",
            None,
            "32766: from all lookup main",
            "ip rule add pref 32766 from all lookup main",
        ),
        (
            blackhole,
            "routes",
            "route 10.20.1.10/32 was added",
            "blackhole 10.20.1.10/32",
            "10.20.1.10 dev db0",
            "ip route del blackhole 10.20.1.10/32",
        ),
        (
            elsewhere,
            "routes",
            "route 10.20.1.0/24 was changed",
            "unreachable 10.20.1.0/24",
            "10.20.1.0/24 dev db0",
            "ip route replace 10.20.1.0/24 dev db0",
        ),
        (
            gone,
            "routes",
            "route 10.20.1.0/24 was removed",
            None,
            "10.20.1.0/24 dev db0",
            "ip route add 10.20.1.0/24 dev db0",
        ),
        (
            not_forwarding,
            "forwarding",
            "forwarding was changed",
            "forwarding of ipv4: off, forwarding of ipv6: on",
            "forwarding of ipv4: on, forwarding of ipv6: on",
            "sysctl -w net.ipv4.ip_forward=1",
        ),
    ],
)
def test_what_was_changed_is_named_with_the_command_that_puts_it_back(
    change: Callable[[State], None], kind: str, note: str, now: str | None, before: str | None, command: str
) -> None:
    [cure] = remedy(change)
    assert (cure["host"], cure["change"], cure["note"]) == ("fw1", kind, note)
    assert [cure[at] and cure[at]["text"] for at in ("now", "before")] == [now, before]
    assert cure["commands"] == [command]


def test_a_rule_that_is_not_understood_gets_no_command() -> None:
    def odd(state: State) -> None:
        state.route_rules.insert(
            0, RouteRule(4, 9, "", "prohibit", "10.10.1.200/32", not_understood=["tos 8"])
        )

    now = lab()
    odd(now["fw1"])
    report = validate(load_policy(POLICY), now, GROUPS, lab())
    for cure in report["paths"][0]["remedy"]:
        assert (cure["change"], cure["commands"]) == ("route_rules", [])
        assert "tos 8" in cure["note"]
    assert report["paths"][0]["remedy"]


def test_no_command_is_given_for_what_is_no_linux() -> None:
    def other(state: State) -> None:
        state.platform = "ios"
        prohibited(state)

    [cure] = remedy(other)
    assert cure["commands"] == []


def test_a_route_that_goes_with_an_address_gets_no_command_of_its_own() -> None:
    before, now = (State("h", routes=[]) for _side in range(2))
    before.interfaces["e0"] = Interface("e0", ["10.0.0.1/24"])
    now.interfaces["e0"] = Interface("e0")
    before.routes = [Route(4, "10.0.0.0/24", source="10.0.0.1", next_hops=[NextHop("e0")])]
    told = routes_changed(before, now, Space().nothing)
    assert (told.note, told.commands) == ("route 10.0.0.0/24 was removed with its address", ())
    now.interfaces["e0"] = Interface("e0", ["10.0.0.1/24"])
    assert routes_changed(before, now, Space().nothing).commands == (
        "ip route add 10.0.0.0/24 dev e0 src 10.0.0.1",
    )


@pytest.mark.parametrize(
    ("kind", "commands"),
    [
        ("by nhid 9", ()),
        ("encap mpls", ()),
        ("from fd00::/56", ("ip -6 route add from fd00::/56 fd00:9::/64 dev e0",)),
    ],
)
def test_a_route_that_is_not_told_whole_gets_no_command(kind: str, commands: tuple[str, ...]) -> None:
    before, now = (
        State("h", routes=[Route(6, "fd00:9::/64", next_hops=[NextHop("e1")])]) for _side in range(2)
    )
    before.routes.append(Route(6, "fd00:9::/64", kind, next_hops=[NextHop("e0")]))
    if kind.startswith("from"):
        assert routes_changed(before, now, Space().nothing).note == "route fd00:9::/64 was removed"
    assert routes_changed(before, now, Space().nothing).commands == commands


def test_what_befell_an_address_is_told() -> None:
    before, now = (State("h", interfaces={"e0": Interface("e0", ["fd00::1/64"])}) for _side in range(2))
    now.interfaces["e0"].address_flags = {"fd00::1/64": ["tentative", "dadfailed"]}
    told = interfaces_changed(before, now)
    assert (told.now, told.before) == ("e0 up fd00::1/64 tentative dadfailed", "e0 up fd00::1/64")


def test_an_address_and_a_link_are_put_back() -> None:
    before, now = State("h"), State("h")
    before.interfaces["e0"] = Interface("e0", ["10.0.0.1/24", "fd00::1/64"])
    now.interfaces["e0"] = Interface("e0", ["10.0.0.9/24"], up=False)
    told = interfaces_changed(before, now)
    assert told.note == "interface e0 was changed"
    assert told.commands == ()  # more than is told: by the text alone
    now.interfaces["e0"] = Interface("e0", ["10.0.0.1/24"], up=False)
    assert interfaces_changed(before, now).commands == (
        "ip link set e0 up",
        "ip -6 address add fd00::1/64 dev e0",
    )


@pytest.mark.parametrize(
    ("before", "now", "commands"),
    [
        # To take the first one of a network away takes the others along.
        (["10.0.0.1/24"], ["10.0.0.2/24"], ()),
        (["10.0.0.1/24"], ["10.0.0.2/24", "10.0.0.1/24"], ()),
        (["10.0.0.1/24"], ["10.0.0.1/24", "10.0.0.2/24"], ("ip address del 10.0.0.2/24 dev e0",)),
        (
            ["10.0.0.1/24"],
            ["10.0.1.1/24"],
            ("ip address add 10.0.0.1/24 dev e0", "ip address del 10.0.1.1/24 dev e0"),
        ),
        (
            ["fd00::1/64"],
            ["fd00::2/64"],
            ("ip -6 address add fd00::1/64 dev e0", "ip -6 address del fd00::2/64 dev e0"),
        ),
    ],
)
def test_addresses_of_one_network(before: list[str], now: list[str], commands: tuple[str, ...]) -> None:
    then, today = (State("h", interfaces={"e0": Interface("e0", listed)}) for listed in (before, now))
    assert interfaces_changed(then, today).commands == commands


def test_names_of_interfaces_are_no_commands() -> None:
    name = "e0;reboot"
    then, today = (State("h", interfaces={name: Interface(name, up=up)}) for up in (True, False))
    then.routes = [Route(4, "10.0.0.0/24", next_hops=[NextHop(name)])]
    then.route_rules = [RouteRule(4, 9, "main", in_interface=name)]
    assert interfaces_changed(then, today).commands == ("ip link set 'e0;reboot' up",)
    assert routes_changed(then, today, Space().nothing).commands == (
        "ip route add 10.0.0.0/24 dev 'e0;reboot'",
    )
    assert rules_changed(then, today).commands == ("ip rule add pref 9 from all iif 'e0;reboot' lookup main",)


def test_half_of_the_rules_that_changed_are_not_put_back() -> None:
    then, today = State("h"), State("h")
    then.route_rules = [RouteRule(4, 9, "main", not_understood=["tos 8"])]
    today.route_rules = [RouteRule(4, 9, "", "prohibit")]
    assert rules_changed(then, today).commands == ()


def test_what_changed_of_tens_of_thousands_of_routes() -> None:
    """Compared one with all others, they take minutes."""
    routes = [
        Route(4, f"10.{at >> 8}.{at & 255}.0/24", next_hops=[NextHop("a", "192.0.2.9")])
        for at in range(30_000)
    ]
    before, now = (State("r", routes=[*routes[:at], *routes[at + 1 :]]) for at in (5, 7))
    begun = time.process_time()
    told = routes_changed(before, now, flows_from(Space(), {"src": "192.0.2.1", "dst": "10.0.7.1"}))
    assert time.process_time() - begun < 3
    assert (told.before, told.now) == ("10.0.7.0/24 via 192.0.2.9 dev a", None)
