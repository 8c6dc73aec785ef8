# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked before, or is known at a glance, is answered as if it were asked for the first time."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import answers, bindings
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.answers import Answers
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import SIDES, HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.outcome import Outcome
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    In,
    Named,
    Not,
    both,
    protocol,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    Rule,
    Verdict,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Interface, State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, app_rule, forward, match, rule, ruleset, small_lab, stateful
from tests.unit.analyse.random_states import RandomState

QUESTIONS: list[Mapping[str, Any]] = [
    {},
    {"src": "10.0.1.0/24", "protocol": "tcp", "dst_port": 22},
    {"src": "10.0.1.7", "dst": "10.0.2.9", "protocol": "tcp", "dst_port": 443, "connection": "established"},
    {"dst": "10.0.1.128/25", "connection": ["established", "invalid"]},
    {"src": "10.0.1.130", "protocol": "udp", "dst_port": 85},
]


def told(outcome: Outcome) -> tuple[Any, ...]:
    nodes = [flows.node for flows in (outcome.permit, outcome.deny, outcome.unknown)]
    passed = {(one.after.node, tuple(sorted(one.rewrites.items()))) for one in outcome.passed}
    parts = [(part.verdict, part.flows.node, part.rules, part.reason) for part in outcome.parts]
    return nodes, passed, parts


@pytest.mark.parametrize("seed", range(60))
def test_answers_are_those_of_the_rules(seed: int) -> None:
    space = Space()
    firewall = HostFirewall(RandomState(Random(seed)).state, space)
    kept = Answers(space)
    for question in [*QUESTIONS, *QUESTIONS]:
        flows = flows_from(space, question)
        assert told(kept.ask(firewall, "forward", flows)) == told(firewall.hooks(("forward",), flows))


def head_of(state: State, space: Space) -> FlowSet:
    return Answers(space)._head(HostFirewall(state, space), "forward", SIDES)


def test_what_the_first_rules_accept_is_seen_through_a_jump_and_two_rulesets() -> None:
    state = State("fw1")
    for key, priority in (("inet/a/forward", 0), ("inet/b/forward", 5)):
        state.rulesets[key] = ruleset(key, "forward", "deny", stateful(), priority=priority)
    space = Space()
    established = space.everything.named("connection", ("established", "related"))
    assert head_of(state, space) == established
    state.rulesets["inet/b/forward"].rules.insert(0, rule(9, "drop udp", match(proto="udp"), DROP))
    udp = established.only("protocol", ((17, 17),))
    assert head_of(state, space) == established - udp


def test_a_head_ends_where_a_rule_changes_packets_or_is_not_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    state, space = State("fw1"), Space()
    rules = [rule(1, "accept udp", match(proto="udp")), *stateful()]
    state.rulesets["inet/a/forward"] = ruleset("inet/a/forward", "forward", "deny", rules)
    udp = space.everything.only("protocol", ((17, 17),))
    assert udp <= head_of(state, space)
    monkeypatch.setattr(answers, "_HEAD", 1)
    assert head_of(state, space) == udp
    state.rulesets["inet/a/forward"].rules[0] = rule(1, "jump", match(proto="udp"), Verdict("jump", "gone"))
    monkeypatch.setattr(answers, "_HEAD", 8)
    assert not head_of(state, space) & udp


def bound(draw: Random) -> State:
    """Rules that ask for interfaces in all ways, some of which follow others."""
    state = State("r1", interfaces={name: Interface(name) for name in ("eth0", "eth1", "eth2")})
    rules: list[Rule] = []
    for position in range(1, 16):
        name = Named("in_interface", (draw.choice(("eth0", "eth1", "eth*", "lo")),))
        port = In("dst_port", ((draw.choice((22, 80)), 443),))
        icmp = both(protocol(draw.choice((1, 58))), In("icmp_type", ((3, draw.choice((3, 8))),)))
        matched = draw.choice((name, both(name, port), Not(name), port, icmp, both(name, icmp), protocol(6)))
        verdict = draw.choice((ACCEPT, DROP, CONTINUE))
        follows = bool(rules) and rules[-1].verdict == CONTINUE and draw.random() < 0.5
        rules.append(Rule(position, matched, verdict, f"rule {position}", follows=follows))
    state.rulesets["a"] = ruleset("a", "prerouting", "deny", rules)
    return state


@pytest.mark.parametrize("seed", range(40))
def test_rules_of_other_interfaces_are_left_out_without_a_trace(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, space, found = bound(Random(seed)), Space(), []
    for fewest, most in ((1, 1000), (1000, -1)):
        monkeypatch.setattr(bindings, "_FEWEST", fewest)
        monkeypatch.setattr(bindings, "_MOST_OF_ICMP", most)
        firewall = HostFirewall(state, space)
        asked = [
            flows_from(space, {"protocol": "tcp", "in_interface": name}) for name in ("eth0", "eth2", "eth9")
        ]
        asked += [flows_from(space, {"protocol": "tcp"}), flows_from(space, {})]
        errors = {"protocol": ["icmp", "icmpv6"], "icmp_type": ["2-3"], "connection": ["related", "invalid"]}
        asked += [flows_from(space, errors), flows_from(space, {**errors, "in_interface": "eth1"})]
        found.append([told(firewall.hooks(("prerouting",), flows)) for flows in asked])
    assert found[0] == found[1]


STATELESS = [rule(1, "to the database", match(proto="tcp", dport=5432))]
ANSWERS = rule(2, "answers", match(proto="tcp", sport=5432, flags=0x10))
VARIANTS: list[Any] = [
    [forward(app_rule())],
    [forward(app_rule("10.10.1.0/26"))],
    [ruleset("inet/filter/forward", "forward", "deny", STATELESS)],
    [ruleset("inet/filter/forward", "forward", "deny", [*STATELESS, ANSWERS])],
    [],
]


@pytest.mark.parametrize(
    ("first", "second"), [(0, 0), (0, 1), (0, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 0), (4, 4)]
)
def test_paths_that_are_proven_together_are_as_those_proven_alone(first: int, second: int) -> None:
    paths = [
        {"name": f"{source} {target} {port}", "from": source, "to": {"host": target}, "service": port}
        for source in ({"group": "app"}, {"host": "app08"})
        for target in ("db1", "db2")
        for port in (5432, 22)
    ]
    states = small_lab(fw1=VARIANTS[first], fw2=VARIANTS[second], ecmp=True)
    together = validate(load_policy({"requiredPaths": paths}), states, GROUPS)["paths"]
    for path, found in zip(paths, together):
        [alone] = validate(load_policy({"requiredPaths": [path]}), states, GROUPS)["paths"]
        assert {**found, "where": ""} == {**alone, "where": ""}
