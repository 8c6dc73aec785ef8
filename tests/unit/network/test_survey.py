# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths whose proofs share what hosts do are reported as if each host were asked about each of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.survey import Survey
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP, Verdict
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.benchmarks.networks import Network, network

DEVICES, PATHS = 16, 16


def troubled(seed: int) -> Network:
    """A network in which some rules, routes and routers are not as they were, or are not known."""
    found, pick = network(DEVICES, PATHS, seed), Random(seed)
    for number, name in enumerate(sorted(found.states)):
        state = found.states[name]
        for ruleset in (*state.rulesets.values(), *state.chains.values()):
            for at, rule in enumerate(ruleset.rules):
                chance = pick.random()
                if chance < 0.01:
                    ruleset.rules[at] = replace(rule, verdict=DROP)
                elif chance < 0.015:
                    ruleset.rules[at] = replace(
                        rule, match=both(rule.match, Unknown("moon", "the moon is full"))
                    )
                elif chance < 0.02:
                    ruleset.rules[at] = replace(rule, verdict=Verdict("unknown", detail="as it pleases"))
        if number % 11 == seed % 11:
            state.routes = [route for route in state.routes if route.destination != "0.0.0.0/0"]
        if number % 13 == seed % 13 and name.startswith("fw"):
            state.forwarding = {"ipv4": None}
    return found


def report(made: Network) -> dict[str, Any]:
    found = validate(load_policy(made.policy), made.states, made.groups)
    return {**found, "generated_at": ""}


@pytest.mark.parametrize("seed", range(2))
def test_a_report_does_not_depend_on_what_proofs_share(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made, shared = troubled(seed), []
    look = Survey.lane

    def looked(self: Survey, *asked: Any) -> Any:
        shared.append(look(self, *asked))
        return shared[-1]

    monkeypatch.setattr(Survey, "lane", looked)
    together = report(made)
    monkeypatch.setattr(Survey, "lane", lambda *_asked: None)
    monkeypatch.setattr(Survey, "keeps", lambda *_asked: False)
    assert together == report(made)
    assert sum(lane is not None for lane in shared) > 20, "hosts are not asked again"
    assert any(lane is not None and lane.sinks for lane in shared)


def test_each_host_that_begins_some_of_the_flows_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made, kept, keeps = network(DEVICES, 10, 1), [], Survey.keeps

    def looked(self: Survey, hop: Any, place: str, heard: bool, flows: Any) -> bool:
        found = keeps(self, hop, place, heard, flows)
        if place == "start":
            kept.append(found)
        return found

    monkeypatch.setattr(Survey, "keeps", looked)
    report(made)
    assert sum(kept) > len(kept) / 2 > 10


def test_a_set_is_inside_another_exactly_if_nothing_is_left_without_it() -> None:
    space, pick = Space(), Random(1)
    asked: list[dict[str, Any]] = [
        {"src": f"10.{one}.0.0/{length}", "protocol": protocol, "dst_port": port}
        for one in (0, 1)
        for length in (8, 16, 23)
        for protocol in ("tcp", "udp")
        for port in (22, "20-30")
        if not (one and length == 8)
    ]
    sets = [space.nothing, space.everything, *(flows_from(space, flow) for flow in asked)]
    sets += [pick.choice(sets) | pick.choice(sets) - pick.choice(sets) for _each in range(40)]
    answers = {(one <= other, not one - other) for one in sets for other in sets}
    assert answers == {(True, True), (False, False)}
