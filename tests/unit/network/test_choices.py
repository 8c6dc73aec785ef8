# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a host's routes is what decides: the same flows go the same ways."""

from __future__ import annotations

from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import entry
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.routes import Leg, Routing
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NextHop,
    Route,
    RouteRule,
    State,
)

PREFIXES = ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.128/25", "10.1.1.7/32")
KINDS = ("unicast", "unicast", "unicast", "blackhole", "unreachable", "throw")


def drawn(draw: Random) -> State:
    state = State("h", interfaces={name: Interface(name) for name in ("eth0", "eth1")})
    state.interfaces["eth0"].addresses = ["10.1.1.9/24"]
    for table in ("main", "7"):
        for prefix in draw.sample(PREFIXES, 4):
            kind = draw.choice(KINDS)
            hops = [
                NextHop(draw.choice(("eth0", "eth1")), f"10.1.1.{draw.randrange(1, 4)}") for _hop in range(2)
            ]
            state.routes.append(Route(4, prefix, kind, table, next_hops=hops if kind == "unicast" else []))
    state.route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 10, "7", src=draw.choice(("10.1.0.0/16", ""))),
        RouteRule(4, 20, "", "prohibit", dst="10.1.1.128/26"),
        RouteRule(4, 30, "", src="192.0.2.0/24", not_understood=["ipproto tcp"]),
        RouteRule(4, 32766, "main"),
    ]
    return state


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("in_interface", ["", "eth1"])
def test_choices_lead_where_flows_go(seed: int, in_interface: str) -> None:
    routing, space = Routing(drawn(Random(seed))), Space()
    flows = space.everything.named("family", ("ipv4",))
    there: dict[tuple[Leg, ...], FlowSet] = {}
    for part, legs, _family in entry.split(routing, flows, in_interface):
        there[legs] = there.get(legs, space.nothing) | part
    told: dict[tuple[Leg, ...], FlowSet] = {}
    for choice in entry.choices(routing, flows, in_interface):
        told[choice.legs] = told.get(choice.legs, space.nothing) | choice.flows
        assert all(route.kind == "unicast" for route in choice.routes if choice.legs[0].kind == "forward")
    assert told == there
