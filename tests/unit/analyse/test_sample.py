# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A packet that comes to mind: what it says of rules is what diagrams say of all packets like it."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import sample
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.unreachable import Survey
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    NEVER,
    Always,
    Either,
    In,
    Masked,
    Match,
    Named,
    Not,
    Unknown,
    both,
)
from tests.unit.analyse.random_states import RandomState

PACKET: sample.Packet = {"family": 4, "src": 5, "dst": 9, "protocol": 6, "dst_port": 22, "in_interface": ""}
WEB = In("dst_port", ((80, 80),))
SSH = In("dst_port", ((20, 25),))
RATE = Unknown("limit", "a rate limit")


@pytest.mark.parametrize(
    ("match", "found"),
    [
        (Always(), True),
        (NEVER, False),
        (SSH, True),
        (WEB, False),
        (Not(WEB), True),
        (In("src", ((5, 5),), 6), False),
        (In("src_port", ((1, 9),)), None),
        (Masked("dst", 1, 3, 4), True),
        (Masked("dst", 1, 3, 6), False),
        (Named("family", ("ipv4",)), True),
        (Named("in_interface", ("eth0", "lo")), False),
        (Named("in_interface", ("*",)), True),
        (Named("in_zone", ("trust",)), None),
        (both(RATE, WEB), False),
        (both(RATE, SSH), None),
        (Either((RATE, SSH)), True),
        (Either((RATE, WEB)), None),
        (Not(RATE), None),
    ],
)
def test_only_a_clear_answer_is_one(match: Match, found: bool | None) -> None:
    assert sample.holds(match, PACKET) is found


@pytest.mark.parametrize("effects", [False, True])
def test_a_rule_that_a_packet_comes_to_is_reached(effects: bool) -> None:
    seen: Counter[bool] = Counter()
    for seed in range(60):
        survey = Survey(RandomState(Random(f"sample {seed}"), effects=effects).state)
        for chain, visit in survey.visits.items():
            loose = survey.firewall.loose(chain)
            coming = visit.flows.forget(*loose) if loose else visit.flows
            for index in range(len(survey.rules[chain])):
                comes = survey._comes(chain, index, coming, Random(index))
                assert not comes or survey._left(chain, index, coming), f"seed {seed}, {chain} {index}"
                seen[comes] += 1
    assert min(seen[True], seen[False]) > 20


def test_what_a_packet_says_of_a_match_is_what_its_diagram_says() -> None:
    told: Counter[bool | None] = Counter()
    for seed in range(60):
        state = RandomState(Random(f"match {seed}"), effects=False).state
        survey, draw = Survey(state), Random(seed)
        matches = [rule.match for rules in survey.rules.values() for rule in rules]
        for match in matches:
            packet = sample.drawn(match, draw)
            for other in matches if packet is not None else ():
                answer = sample.holds(other, packet or {})
                told[answer] += 1
                point = sample.point_of(packet or {})
                inside = survey.firewall.maybe(other).holds(point)
                if answer is not None and not sample.settles_names(point):
                    assert inside is answer, (seed, match, other, packet)
    assert min(told[True], told[False]) > 100
