# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a rule is reached is found by single flows, and is the same as by all that is left for it."""

from __future__ import annotations

from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import evaluate
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.unreachable import Survey
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from tests.unit.analyse.random_states import PREFIXES, RandomState


@pytest.mark.parametrize("indexed", [1, 1_000])
def test_a_flow_that_nothing_takes_is_found_where_something_is_left(
    indexed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "_INDEX_FROM", indexed)
    reached = [0, 0]
    for seed in range(60):
        survey = Survey(RandomState(Random(f"points {seed}"), effects=False).state)
        for chain, visit in survey.visits.items():
            loose = survey.firewall.loose(chain)
            coming = visit.flows.forget(*loose) if loose else visit.flows
            for index in range(len(survey.rules[chain])):
                left = bool(survey._left(chain, index, coming))
                assert survey._reached(chain, index, coming) == left, f"seed {seed}, {chain} {index}"
                reached[left] += 1
    assert min(reached) > 20


def test_a_point_lies_in_its_set_and_in_no_other_that_is_apart() -> None:
    space = Space()
    for seed in range(200):
        draw = Random(f"point {seed}")
        words = [
            {"src": draw.choice(PREFIXES), "dst": draw.choice(PREFIXES), "protocol": "tcp", "dst_port": port}
            for port in ("1-1000", "500-2000")
        ]
        one, other = (flows_from(space, flow) for flow in words)
        point = one.point(draw)
        assert one.holds(point)
        inside = other.holds(point)
        assert one.holds(point)
        assert not (inside and (other - one).holds(point))
        assert (one & other).holds(point) == inside
        assert (one - other).holds(point) != inside
