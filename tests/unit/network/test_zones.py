# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones of connection tracking, and marks of a host's own packets: which later answer each has was met in a kernel."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.errors_back import About
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import CONTINUE, DROP, Effect
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    NextHop,
    Route,
    RouteRule,
    State,
)
from tests.support.states import app_rule, forward, match, rule, ruleset, small_lab
from tests.unit.network.test_walk import ask, reasons, verdict

ZONE = ruleset(
    "inet/zones/pre",
    "prerouting",
    "permit",
    [rule(1, "iifname app0 ct zone set 5", match(iif="app0"), CONTINUE, [Effect("zone")])],
    priority=-300,
)


def test_answers_may_find_no_connection_in_their_zone() -> None:
    found = ask(small_lab(fw1=[ZONE, forward(app_rule())]))
    assert verdict(found) == "unknown"
    assert any("zone of connection tracking" in why for _direction, _host, why in reasons(found))


def test_a_first_packet_is_one_in_every_zone() -> None:
    found = ask(small_lab(fw1=[ZONE, forward(app_rule("10.10.1.64/26"))]))
    assert verdict(found) == "denied"


def test_errors_may_find_none_either() -> None:
    for zones, expected in (([], (True, False)), ([ZONE], (True, True))):
        states = small_lab(fw1=[*zones, forward(app_rule())])
        found = ask(states)
        [delivery] = found.deliveries
        about = About(Network(states, delivery.flows.space), [delivery], [delivery.flows])
        assert about.tracking("fw1") == expected


def test_zones_matter_to_those_who_ask_for_connections_only() -> None:
    plain = ruleset("inet/filter/forward", "forward", "permit", [rule(1, "drop", match(proto="udp"), DROP)])
    assert verdict(ask(small_lab(fw1=[ZONE, plain]))) == "open"


def by_mark(*chains: str) -> dict[str, State]:
    """app01 marks its packets in chains of these types, and sends what is marked by fw2, which lets nothing pass."""
    closed = ruleset("inet/filter/forward", "forward", "deny", [])
    states = small_lab(fw2=[closed])
    state = states["app01"]
    state.routes.append(Route(4, "0.0.0.0/0", table="100", next_hops=[NextHop("app0", "10.10.1.2")]))
    state.route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 100, "100", mark="7"),
        RouteRule(4, 32766, "main"),
    ]
    for number, kind in enumerate(chains):
        effect = Effect("set", field="mark", value=7)
        marks = [rule(1, f"meta mark set 7 ({kind})", ALWAYS, CONTINUE, [effect])]
        key = f"inet/marks{number}/out"
        state.rulesets[key] = ruleset(key, "output", "permit", marks, priority=-150 + number, type=kind)
    return states


@pytest.mark.parametrize(
    ("chains", "expected"),
    [
        (("route",), "denied"),
        (("filter",), "open"),
        (("filter", "route"), "unknown"),
    ],
)
def test_marks_send_packets_another_way_from_chains_of_type_route(
    chains: tuple[str, ...], expected: str
) -> None:
    """Trap: ``type filter hook output`` with ``meta mark set`` looks as if it chose the route, and does not."""
    assert verdict(ask(by_mark(*chains))) == expected
