# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Big comparisons in slices find what one comparison of everything does; rules in a row that do the same may move."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import slices as slicing
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import steps as stepping
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.align import align
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diff import compare
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.index import ADDRESSES
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.outcome import Outcome
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.pair import ShadowFirewall, pair
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.slices import Box, flows_in, slices
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.steps import steps
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, DROP, Rule
from tests.support.states import match
from tests.unit.analyse.random_states import RandomState

SEEDS = range(80)
BUCKETS = ("gained", "lost", "still_unknown", "rewritten")


def ask(side: ShadowFirewall, flows: FlowSet) -> Outcome:
    return side.hooks(("forward",), flows)


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_MOST_RULES", 0), ("_MOST_CHANGED", 0), ("_RULES_OF_A_SLICE", 2)):
        monkeypatch.setattr(stepping, name, value)
    # Most of these rules are about all addresses, and no cut would be worth it.
    monkeypatch.setattr(slicing, "_WORTHWHILE", 1.1)


def states(seed: str, effects: bool = False) -> tuple[Any, Any]:
    """Two states; of every third pair the default action has changed, too."""
    made = RandomState(Random(seed), effects)
    before, after = made.state, made.mutated()
    if int(seed.split()[0]) % 3 == 0:
        after.rulesets = {
            key: replace(item, default_action="deny" if item.default_action == "permit" else "permit")
            for key, item in after.rulesets.items()
        }
    return before, after


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("effects", [False, True])
def test_slices_find_what_one_question_finds(effects: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Space, "scratch", lambda _space: nullcontext())
    several = 0
    for seed in SEEDS:
        found = pair(*states(f"{seed} {effects}", effects))
        doubtful = found.doubtful("forward")
        whole = compare(found, ask, found.space.everything, doubtful)
        parts = [region for step in steps(found, "forward", "") for region in step.regions]
        total = compare(found, ask, found.space.nothing, doubtful)
        for part in parts:
            total = total.each(FlowSet.__or__, compare(found, ask, part, doubtful))
        assert total == whole, f"seed {seed}"
        several += len(parts) > 1
    assert several > len(SEEDS) // 4


def told(entries: list[dict[str, Any]]) -> list[Any]:
    """What does not hang on how the flows are cut into parts."""
    return [
        (
            entry["hook"],
            entry["connection"],
            [bool(entry[name]["flows"]) for name in BUCKETS],
            [
                bool(part["flows"])
                for name in ("became_unknown", "became_known")
                for part in entry[name].values()
            ],
            entry["rules"],
            {
                name: {word for one in found for word in one.split("; ")}
                for name, found in entry["reasons"].items()
            },
        )
        for entry in entries
    ]


@pytest.mark.parametrize("effects", [False, True])
def test_what_a_slice_worked_out_is_not_needed_after_it(
    effects: bool, request: pytest.FixtureRequest
) -> None:
    pairs = [states(f"{seed} forgotten {effects}", effects) for seed in SEEDS]
    at_once = [told(firewall_difference(*pair_of)) for pair_of in pairs]
    request.getfixturevalue("small_slices")
    assert [told(firewall_difference(*pair_of)) for pair_of in pairs] == at_once
    assert sum(bool(entries) for entries in at_once) > len(SEEDS) // 8


def test_slices_leave_nothing_out_and_overlap_nowhere() -> None:
    chance = Random(7)

    def box() -> Box:
        spans = []
        for _axis in range(2):
            low = chance.randrange(1 << 32)
            spans.append(
                ADDRESSES if chance.random() < 0.1 else (low, low + chance.choice((0, 255, 1 << 24)))
            )
        return spans[0], spans[1]

    rules = [box() for _rule in range(300)]
    space = Space()
    union = space.nothing
    parts = list(slices(rules, [(ADDRESSES, ADDRESSES)], 40))
    assert len(parts) > 8
    for part in parts:
        here = flows_in(space, part.box)
        assert not here & union
        union = union | here
    assert union == space.everything
    for marked in rules[:20]:
        touched = space.nothing
        for part in slices(rules, [marked], 40):
            touched = touched | flows_in(space, part.box)
        assert flows_in(space, marked) <= touched


def test_a_scratch_leaves_nothing_behind() -> None:
    space = Space()
    kept = space.cache()
    kept["before"] = space.everything.only("protocol", ((6, 6),)).node
    nodes = len(space.diagrams.level)
    with space.scratch():
        inner = space.everything.only("dst_port", ((22, 80),))
        kept["within"] = inner.node
        assert inner
    assert len(space.diagrams.level) == nodes
    assert list(kept) == ["before"]
    assert space.everything.only("protocol", ((6, 6),)).node == kept["before"]
    assert space.everything.only("dst_port", ((443, 443),)).pieces() == [{"dst_port": ["443"]}]


def rules(*numbers: int) -> list[Rule]:
    """Rules by number; those below 100 accept, all others drop."""
    return [
        Rule(at, match(dport=number), ACCEPT if number < 100 else DROP, str(number))
        for at, number in enumerate(numbers, 1)
    ]


def test_neighbours_that_do_the_same_may_change_places() -> None:
    before, after = rules(1, 2, 3, 101, 102, 4), rules(3, 1, 2, 102, 101, 4)
    aligned = align(before, after)
    assert not aligned.removed
    assert not aligned.added
    assert {(before[one].text, after[other].text) for one, other in aligned.kept} == {
        (text, text) for text in ("1", "2", "3", "101", "102", "4")
    }


def test_a_rule_that_others_depend_on_stays_where_it_is() -> None:
    def bound(rule: Rule) -> bool:
        return rule.text == "2"

    aligned = align(rules(1, 2, 3), rules(3, 2, 1), (bound, bound))
    assert len(aligned.removed) == len(aligned.added) == 2


def test_a_rule_that_denies_stays_behind_one_that_permits() -> None:
    aligned = align(rules(1, 101), rules(101, 1))
    assert len(aligned.removed) == len(aligned.added) == 1
