# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals of addresses, and a host's routes by where they lead."""

from __future__ import annotations

from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.intervals import (
    Intervals,
    cut,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.routes import Leg, Routing
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    NextHop,
    Route,
    RouteRule,
    State,
)
from tests.support.states import host


def test_neighbours_alike_are_one() -> None:
    found = Intervals([(0, 3, "a"), (4, 7, "a"), (8, 8, "b"), (10, 12, "b")])
    assert found.listed == [(0, 7, "a"), (8, 8, "b"), (10, 12, "b")]


@pytest.mark.parametrize(
    ("low", "high", "parts"),
    [
        (0, 1, [(0, 1, None)]),
        (1, 4, [(1, 1, None), (2, 4, "a")]),
        (5, 9, [(5, 6, "a"), (7, 8, None), (9, 9, "b")]),
        (7, 8, [(7, 8, None)]),
        (9, 20, [(9, 9, "b"), (10, 20, None)]),
        (20, 20, [(20, 20, None)]),
    ],
)
def test_parts_of_a_range(low: int, high: int, parts: list[tuple[int, int, str | None]]) -> None:
    assert list(Intervals([(2, 6, "a"), (9, 9, "b")]).within(low, high)) == parts


@pytest.mark.parametrize("seed", range(5))
def test_what_overlaps_is_cut(seed: int) -> None:
    draw = Random(seed)
    numbered = [(low, low + draw.randrange(9), draw.randrange(6)) for low in draw.choices(range(40), k=12)]
    found = cut(numbered)
    assert len({numbers for _low, _high, numbers in found.listed}) > 3
    for value in range(50):
        ((_low, _high, numbers),) = found.within(value, value)
        assert sorted(numbers or ()) == sorted(
            {number for low, high, number in numbered if low <= value <= high}
        )


def test_of_many_that_overlap_some_are_told() -> None:
    """All of them would take the square of their number."""
    many = ((0, 9_000, number) for number in range(3_000))
    found = cut((*many, *((at, at, at) for at in range(3_000, 9_000, 2))), 5)
    assert found.listed == [(0, 9_000, (0, 1, 2, 3, 4))]
    assert cut([(0, 9, 1), (4, 4, 2)], 5).listed == [(0, 3, (1,)), (4, 4, (1, 2)), (5, 9, (1,))]


def drawn(draw: Random) -> State:
    """A host with routes inside of others, a table that is asked first, and what it throws back."""
    state = host("r", {"a": ["10.0.0.1/24"], "b": ["10.0.1.1/24", "fd00:1::1/64"]}, {})
    for _number in range(60):
        length = draw.choice((8, 16, 24, 25, 32))
        table, kind = (
            draw.choice(("main", "main", "first")),
            draw.choice(("unicast",) * 4 + ("blackhole", "throw")),
        )
        start = draw.randrange(1 << 12) << 20 >> (32 - length) << (32 - length)
        hop = (
            [NextHop(*draw.choice((("a", "10.0.0.9"), ("b", "10.0.1.9"), ("b", ""))))]
            if kind == "unicast"
            else []
        )
        state.routes.append(Route(4, f"{text.address_text(4, start)}/{length}", kind, table, next_hops=hop))
    state.route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 100, "first", suppress_length=draw.choice((None, 0, 16))),
        RouteRule(4, 32766, "main"),
        RouteRule(4, 32767, "default"),
    ]
    return state


@pytest.mark.parametrize("seed", range(12))
def test_everywhere_is_what_a_look_up_of_everything_says(seed: int) -> None:
    routing, space = Routing(drawn(Random(seed))), Space()
    assert routing.by_destination
    by_legs: dict[tuple[Leg, ...], FlowSet] = {}
    for one, legs in routing.everywhere(4):
        part = space.everything.only("dst", (one,), 4)
        assert not part & by_legs.get(legs, space.nothing)
        by_legs[legs] = by_legs.get(legs, space.nothing) | part
    whole: dict[tuple[Leg, ...], FlowSet] = {}
    for part, legs in routing.lookup(space.everything.named("family", ("ipv4",))):
        if legs[0].reason != "no route":
            whole[legs] = whole.get(legs, space.nothing) | part
    assert by_legs == whole
    assert len(by_legs) > 3


def test_nowhere_where_routes_are_not_known() -> None:
    state = host("r", {"a": ["10.0.0.1/24"]}, {})
    state.unreadable = [{"what": "routes4", "reason": "no permission"}]
    assert list(Routing(state).everywhere(4)) == []
