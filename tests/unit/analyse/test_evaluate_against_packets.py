# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluation over sets against the plain reading of one packet, all values of every unknown included."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    ALWAYS,
    Either,
    In,
    Masked,
    Match,
    Member,
    Named,
    Not,
    Unknown,
    both,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    REJECT,
    RETURN,
    Chain,
    Effect,
    Rule,
    Ruleset,
    Verdict,
    VerdictMap,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State

from .simulator import Simulator, as_flow

NETS = {4: 10 << 24 | 1 << 8, 6: 0x20010DB8 << 96 | 1 << 64}
STATES = ("new", "established", "related", "invalid")
UNKNOWN_KEYS = ("limit", "recent", "time")


class Generator:
    """Small, nasty rulesets over few values, so that rules overlap a lot."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def match(self, depth: int = 0) -> Match:
        pick = self.random.randrange(13 if depth < 2 else 8)
        if pick < 2:
            length = self.random.choice([24, 25, 26, 28, 32])
            size = 1 << 32 - length
            family = self.random.choice([4, 4, 6])
            low = NETS[family] + self.random.randrange(256) // size * size
            return In(self.random.choice(["src", "dst"]), ((low, low + size - 1),), family)
        if pick == 2:
            low = self.random.choice([0, 22, 1024, 5432])
            return In("dst_port", ((low, self.random.choice([low, low + 1, 65535])),))
        if pick == 3:
            return In("protocol", ((self.random.choice([6, 17]),) * 2,))
        if pick == 4:
            return Named("connection", tuple(self.random.sample(STATES, self.random.randint(1, 2))))
        if pick == 5:
            return Named("in_interface", (self.random.choice(["eth0", "eth1", "eth*"]),))
        if pick == 6:
            return Unknown(self.random.choice(UNKNOWN_KEYS), "can't be decided")
        if pick == 7:
            return self.random.choice(
                [
                    Member("app", ("src",)),
                    Member("app6", ("src",)),
                    Masked("src", 1, 0x81, 4),
                    Masked("src", 1, 0x81, 6),
                    In("mark", ((1, 1),)),
                    ALWAYS,
                ]
            )
        if pick < 10:
            return Not(self.match(depth + 1))
        return self.random.choice([both, lambda *parts: Either(parts)])(
            self.match(depth + 1), self.match(depth + 1)
        )

    def rule(self, position: int, targets: list[str]) -> Rule:
        verdict: Any = self.random.choice(
            [ACCEPT, DROP, ACCEPT, DROP, REJECT, RETURN, CONTINUE]
            + [Verdict(self.random.choice(["jump", "goto"]), target) for target in targets]
        )
        effects = (Effect("set", "mark", self.random.randrange(3)),) if self.random.random() < 0.15 else ()
        if self.random.random() < 0.1:
            verdict = VerdictMap(
                ((Named("connection", ("established",)), ACCEPT), (Named("connection", ("invalid",)), DROP))
            )
        return Rule(position, self.match(), verdict, f"rule {position}", effects)

    def rules(self, count: int, targets: list[str]) -> list[Rule]:
        return [self.rule(position, targets) for position in range(1, count + 1)]

    def state(self) -> State:
        low = [f"inet/f/low{number}" for number in range(2)]
        chains = {key: Chain(key, self.rules(3, [])) for key in low}
        chains["inet/f/mid"] = Chain("inet/f/mid", self.rules(4, low))
        rulesets = {
            f"inet/f/{name}": Ruleset(
                f"inet/f/{name}",
                "nft",
                family,
                "forward",
                priority,
                self.random.choice(["permit", "deny"]),
                rules=self.rules(count, [*low, "inet/f/mid"]),
            )
            for name, family, priority, count in (("first", "inet", -10, 4), ("second", "ip", 0, 8))
        }
        sets = {
            name: NamedSet(name, (f"address{family}",), [((net + at, net + at + 3),) for at in (0, 64, 252)])
            for name, (family, net) in zip(("app", "app6"), NETS.items())
        }
        return State("fw", rulesets=rulesets, chains=chains, sets=sets)

    def packet(self) -> dict[str, Any]:
        family = self.random.choice([4, 6])
        return {
            "family": f"ipv{family}",
            "src": NETS[family] + self.random.choice([0, 1, 63, 64, 127, 128, 252, 255]),
            "dst": NETS[family] + self.random.choice([0, 1, 65, 129, 255]),
            "protocol": self.random.choice([6, 17]),
            "dst_port": self.random.choice([0, 22, 23, 1024, 5432, 65535]),
            "connection": self.random.choice(STATES),
            "in_interface": self.random.choice(["eth0", "eth1", "wlan0"]),
            "out_interface": "eth9",
            "mark": 0,
        }


def as_set(space: Space, packet: dict[str, Any]) -> FlowSet:
    found = space.everything
    parts = as_flow(packet)
    for field, name in parts["names"]:
        found = found.named(field, (name,))
    for field, value in parts["numbers"]:
        family = int(packet["family"][-1]) if field in ("src", "dst") else 0
        found = found.only(field, ((value, value),), family)
    return found


def all_flows(space: Space) -> FlowSet:
    return space.everything.only("mark", ((0, 0),))


@pytest.mark.parametrize("seed", range(120))
def test_sets_agree_with_every_packet_and_every_value_of_the_unknowns(seed: int) -> None:
    generator = Generator(seed)
    state = generator.state()
    space = Space()
    space.learn("in_interface", ("eth0", "eth1", "wlan0", "eth9"))
    firewall = HostFirewall(state, space)
    asked = all_flows(space)
    outcome = firewall.ruleset("forward", asked)
    assert outcome.permit | outcome.deny | outcome.unknown == asked
    for _sample in range(25):
        packet = generator.packet()
        verdicts = {
            Simulator(state, dict(zip(UNKNOWN_KEYS, truths))).hook("forward", packet)
            for truths in itertools.product((False, True), repeat=len(UNKNOWN_KEYS))
        }
        right = verdicts.pop() if len(verdicts) == 1 else "unknown"
        one = as_set(space, packet)
        answers = [name for name in ("permit", "deny", "unknown") if getattr(outcome, name) & one]
        assert answers == [right], packet
        assert firewall.ruleset("forward", one).verdict == right, "asked alone, the answer is the same"


@pytest.mark.parametrize("seed", range(40))
def test_parts_split_the_answer_and_name_a_rule(seed: int) -> None:
    generator = Generator(1000 + seed)
    space = Space()
    asked = all_flows(space)
    outcome = HostFirewall(generator.state(), space).ruleset("forward", asked)
    for verdict in ("permit", "deny", "unknown"):
        total = space.nothing
        for part in outcome.parts:
            if part.verdict == verdict:
                assert part.flows
                assert not part.flows & total, "two parts claim the same flow"
                total |= part.flows
                assert part.rules or part.reason
        assert total == getattr(outcome, verdict)


@pytest.mark.parametrize("seed", range(8))
def test_an_index_changes_no_answer(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long chains are looked up by index; every rule that may touch the question must be found."""
    generator = Generator(2000 + seed)
    ruleset = Ruleset("f", "nft", "inet", "forward", 0, "deny", rules=generator.rules(400, []))
    sets = generator.state().sets
    state = State("fw", rulesets={"f": ruleset}, sets=sets)
    space = Space()
    indexed = HostFirewall(state, space)
    module = type(indexed).__module__
    monkeypatch.setattr(f"{module}._INDEX_FROM", 10**9)
    walked = HostFirewall(state, space)
    for _sample in range(20):
        one = as_set(space, generator.packet())
        a, b = indexed.ruleset("f", one), walked.ruleset("f", one)
        assert (a.permit, a.deny, a.unknown) == (b.permit, b.deny, b.unknown)
        assert [part.rules for part in a.parts] == [part.rules for part in b.parts]


@pytest.mark.parametrize("seed", range(40))
def test_giving_up_on_many_unknowns_makes_nothing_wrongly_certain(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{HostFirewall.__module__}._MOST_UNKNOWNS", 0)
    generator = Generator(seed)
    state = generator.state()
    space = Space()
    space.learn("in_interface", ("eth0", "eth1", "wlan0", "eth9"))
    firewall = HostFirewall(state, space)
    for _sample in range(15):
        packet = generator.packet()
        verdicts = {
            Simulator(state, dict(zip(UNKNOWN_KEYS, truths))).hook("forward", packet)
            for truths in itertools.product((False, True), repeat=len(UNKNOWN_KEYS))
        }
        answer = firewall.ruleset("forward", as_set(space, packet)).verdict
        assert answer == "unknown" or verdicts == {answer}


def test_a_thousand_unknowns_end() -> None:
    rules = [
        Rule(number, Unknown(f"limit {number}", "limit"), (ACCEPT, DROP)[number % 2], "limit")
        for number in range(1, 1001)
    ]
    state = State("fw", rulesets={"f": Ruleset("f", "nft", "inet", "forward", 0, "deny", rules=rules)})
    space = Space()
    assert HostFirewall(state, space).ruleset("f", all_flows(space)).verdict == "unknown"
