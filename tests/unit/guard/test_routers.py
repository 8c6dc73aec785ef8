# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which gateways are on the way and were not read."""

from __future__ import annotations

from ansible_collections.pathguard.network.plugins.plugin_utils.guard.routers import missing_gateways
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NextHop,
    Route,
    State,
)


def host(name: str, address: str, *routes: tuple[str, str]) -> State:
    listed = [Route(4, destination, next_hops=[NextHop("eth0", via)]) for destination, via in routes]
    return State(name, interfaces={"eth0": Interface("eth0", [address])}, routes=listed)


APP = host(
    "app", "10.1.0.5/24", ("10.1.0.0/24", ""), ("10.2.0.0/24", "10.1.0.1"), ("0.0.0.0/0", "10.1.0.254")
)
DB = host("db", "10.2.0.5/24", ("10.2.0.0/24", ""), ("0.0.0.0/0", "10.2.0.1"))


def test_the_router_between_two_hosts_is_missing() -> None:
    assert missing_gateways({"app": APP, "db": DB}) == {"10.1.0.1", "10.2.0.1"}


def test_a_gateway_of_a_shorter_prefix_is_not_on_the_way() -> None:
    assert "10.1.0.254" not in missing_gateways({"app": APP, "db": DB})


def test_nothing_is_missing_with_the_router() -> None:
    router = State(
        "fw", interfaces={"a": Interface("a", ["10.1.0.1/24"]), "b": Interface("b", ["10.2.0.1/24"])}
    )
    assert missing_gateways({"app": APP, "db": DB, "fw": router}) == set()


def test_neighbours_need_no_router() -> None:
    other = host("other", "10.1.0.6/24", ("10.1.0.0/24", ""))
    assert missing_gateways({"app": APP, "other": other}) == set()


def test_both_ways_of_an_equal_cost_route_are_on_the_way() -> None:
    hops = [NextHop("eth0", "10.1.0.1"), NextHop("eth0", "10.1.0.2")]
    app = State(
        "app",
        interfaces={"eth0": Interface("eth0", ["10.1.0.5/24"])},
        routes=[Route(4, "10.2.0.0/24", next_hops=hops)],
    )
    assert missing_gateways({"app": app, "db": host("db", "10.2.0.5/24")}) == {"10.1.0.1", "10.1.0.2"}
