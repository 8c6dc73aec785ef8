# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences of random rulesets: asking about what changed rules match finds all that asking about everything does."""

from __future__ import annotations

from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diff import compare
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.outcome import Outcome
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.pair import ShadowFirewall, pair
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet
from tests.unit.analyse.random_states import RandomState

SEEDS = range(150)


def ask(side: ShadowFirewall, flows: FlowSet) -> Outcome:
    return side.hooks(("forward",), flows)


@pytest.mark.parametrize("effects", [False, True])
def test_nothing_changes_outside_of_the_regions(effects: bool) -> None:
    differing = 0
    for seed in SEEDS:
        made = RandomState(Random(f"{seed} {effects}"), effects)
        found = pair(made.state, made.mutated())
        inside = found.space.nothing
        for region in found.regions("forward"):
            inside = inside | region
        doubtful = found.doubtful("forward")
        whole = compare(found, ask, found.space.everything, doubtful)
        assert whole.all <= inside, f"seed {seed}"
        again = compare(found, ask, inside, doubtful)
        assert whole.all == again.all, f"seed {seed}"
        differing += bool(whole.all)
    assert differing > len(SEEDS) // 8


def test_every_difference_has_a_culprit() -> None:
    for seed in SEEDS:
        made = RandomState(Random(f"culprit {seed}"))
        for entry in firewall_difference(made.state, made.mutated()):
            assert entry["rules"], f"seed {seed}"


def test_a_state_does_not_differ_from_itself() -> None:
    for seed in SEEDS:
        made = RandomState(Random(f"same {seed}")).state
        assert firewall_difference(made, made) == [], f"seed {seed}"
