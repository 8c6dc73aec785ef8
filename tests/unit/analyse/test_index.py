# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An index leaves out only what has nothing to do with a question: answers are the same with it and without."""

from __future__ import annotations

from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import evaluate
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.index import wanted
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Either, In, Member
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    Chain,
    Rule,
    Verdict,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from ansible_collections.pathguard.network.plugins.plugin_utils.model.text import address_range
from tests.support.states import match, ruleset
from tests.unit.analyse.random_states import PREFIXES, RandomState

KEY = "inet/t/forward"


def answers(state: State, flow: dict[str, str]) -> list[list[dict[str, list[str]]]]:
    space = Space()
    found = HostFirewall(state, space).hooks(("forward",), flows_from(space, flow))
    return [part.pieces() for part in (found.permit, found.deny, found.unknown)]


@pytest.mark.parametrize("effects", [False, True])
def test_the_index_changes_no_answer(effects: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(150):
        draw = Random(f"index {seed}")
        state = RandomState(draw, effects).state
        flow = {"src": draw.choice(PREFIXES), "dst": draw.choice(PREFIXES)}
        monkeypatch.setattr(evaluate, "_INDEX_FROM", 1_000)
        without = answers(state, flow)
        monkeypatch.setattr(evaluate, "_INDEX_FROM", 1)
        assert answers(state, flow) == without, f"seed {seed}"


def chains(*pairs: tuple[str, list[Rule]]) -> State:
    """A ruleset that jumps to the first chain."""
    state = State("fw1")
    jump = Rule(1, match(), Verdict("jump", f"inet/t/{pairs[0][0]}"), "jump")
    state.rulesets[KEY] = ruleset(KEY, "forward", "deny", [jump])
    state.chains = {f"inet/t/{name}": Chain(f"inet/t/{name}", rules) for name, rules in pairs}
    return state


def visited(state: State, flow: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Positions of the ruleset's rules that the index names."""
    monkeypatch.setattr(evaluate, "_INDEX_FROM", 1)
    space = Space()
    firewall = HostFirewall(state, space)
    asked = wanted(flows_from(space, flow))
    return [at + 1 for at in firewall._indexes[KEY].candidates(asked)]


def permit(**fields: str) -> Rule:
    return Rule(1, match(**fields), ACCEPT, "permit")


def test_a_jump_is_about_what_its_chain_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Rule(1, match(dst="10.0.0.0/8"), Verdict("jump", "inet/t/b"), "inner")
    state = chains(("a", [inner]), ("b", [permit(src="10.0.1.0/24")]))
    assert visited(state, {"src": "10.0.1.7", "dst": "10.0.2.1"}, monkeypatch) == [1]
    assert visited(state, {"src": "10.0.9.7", "dst": "10.0.2.1"}, monkeypatch) == []
    assert visited(state, {"src": "10.0.1.7", "dst": "192.0.2.1"}, monkeypatch) == []


def test_a_chain_that_is_not_known_is_about_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    state = chains(("a", [permit(src="10.0.1.0/24")]))
    state.chains = {}
    assert visited(state, {"src": "10.0.9.7"}, monkeypatch) == [1]


def test_chains_that_jump_in_a_circle_or_very_deep_are_about_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def to(name: str) -> list[Rule]:
        return [Rule(1, match(), Verdict("jump", f"inet/t/{name}"), "jump")]

    assert visited(chains(("a", to("b")), ("b", to("a"))), {"src": "10.0.9.7"}, monkeypatch) == [1]
    deep = chains(*((f"c{at}", to(f"c{at + 1}")) for at in range(3_000)))
    assert visited(deep, {"src": "10.0.9.7"}, monkeypatch) == [1]


def groups(field: str, members: list[list[str]]) -> State:
    """A list with a rule for each group, every other one of them a named set."""
    state = State("fw1")
    rules = []
    for number, one in enumerate(members):
        asked = In(field, tuple(sorted(address_range(member)[1:] for member in one)), 4)
        if number % 2:
            state.sets[f"g{number}"] = NamedSet(
                f"g{number}", ("address4",), [(span,) for span in asked.ranges]
            )
            rules.append(Rule(number + 1, Member(f"g{number}", (field,)), ACCEPT, "group"))
        else:
            apart = Either(tuple(In(field, (span,), 4) for span in asked.ranges))
            rules.append(Rule(number + 1, apart if number % 4 else asked, ACCEPT, "group"))
    state.rulesets[KEY] = ruleset(KEY, "forward", "deny", rules)
    return state


@pytest.mark.parametrize(("field", "other"), [("src", "dst"), ("dst", "src")])
def test_a_group_is_about_its_members_and_not_about_what_lies_between(
    field: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [[f"10.0.{number}.1", f"10.9.{number}.1"] for number in range(9)]
    state = groups(field, [*members, ["10.0.4.1", "10.5.0.0/16"]])
    assert visited(state, {field: "10.0.4.1", other: "10.1.1.1"}, monkeypatch) == [5, 10]
    assert visited(state, {field: "10.9.3.1", other: "10.1.1.1"}, monkeypatch) == [4]
    assert visited(state, {field: "10.4.4.4"}, monkeypatch) == []
    assert visited(state, {field: "10.5.0.0/17"}, monkeypatch) == [10]
    assert visited(state, {field: "10.0.0.0/22"}, monkeypatch) == [1, 2, 3, 4]
