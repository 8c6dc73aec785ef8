# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole sets against the kernel: flows drawn from every part of a mixed answer fare as their part says."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.device import through
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.routes import Routing
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.kernel import draw as of
from tests.kernel.ask import VERDICTS, WAY, Packets, Told, gathered, verdict_of
from tests.kernel.compare import Flow, Opened, compare
from tests.kernel.sample import ends_of, leaving, sample
from tests.kernel.settings import ENOUGH, FLOWS, RULESETS, SEED, needs_root, number_of
from tests.kernel.tally import Tally
from tests.kernel.test_paths import KINDS
from tests.kernel.test_verdicts import ruleset
from tests.kernel.world import World

pytestmark = needs_root(RULESETS)

QUESTIONS = 4  # for each ruleset
_LENGTHS = {4: (22, 22, 23, 24, 26, 30), 6: (64, 64, 112, 120)}
_OF_PROTOCOL: dict[str, dict[str, Any]] = {
    "icmp": {"icmp_type": [8, 13], "icmp_code": 0},
    "icmpv6": {"icmp_type": [128], "icmp_code": 0},
}


def question(draw: Random, hook: str) -> dict[str, Any]:
    """Prefixes, several protocols, ranges of ports, both interfaces."""
    family = draw.choice((4, 4, 6))
    found: dict[str, Any] = {}
    for end, name in enumerate(("src", "dst")):
        length = draw.choice(_LENGTHS[family])
        address = of.address(draw, hook, family, end)
        found[name] = str(ipaddress.ip_network(f"{address}/{length}", strict=False))
    protocols = ["tcp,udp", "tcp", "udp", "icmp" if family == 4 else "icmpv6"]
    found["protocol"] = draw.choice(protocols)
    low, high = of.port_range(draw)
    more = {"src_port": draw.choice(("1-65535", "1024-65535", "53,1024-32768"))}
    more["dst_port"] = draw.choice(("1-65535", f"{max(1, low)}-{high}", "22,80-443,5432,8000-8010"))
    found |= _OF_PROTOCOL.get(found["protocol"], more)
    if hook != "output":
        found["in_interface"] = "in0,in1"
    return found


@dataclass(frozen=True)
class Whole(Opened):
    """``questions``: each is asked as one set; a flow's ``question`` is the one that it was drawn from."""

    questions: tuple[dict[str, Any], ...] = ()

    def answers(self, state: State, space: Space) -> list[Any]:
        firewall, routing, found = HostFirewall(state, space), Routing(state), []
        for words in self.questions:
            asked = flows_from(space, {**words, "mark": 0, "ct_mark": 0})
            if self.hook == "output":  # not all of the firewall's local addresses are an interface's own
                found.append(firewall.hooks(WAY[self.hook], leaving(asked)))
            else:
                found.append(through(firewall, routing, asked))
        return found

    def ask(self, state: State, flows: list[Flow]) -> list[Told]:
        packets = Packets(Space())
        answers = self.answers(state, packets.space)
        return [Told(verdict_of(answers[flow["question"]], packets.set_of(flow))) for flow in flows]


@pytest.mark.parametrize("hook", list(WAY))
def test_parts_of_wide_questions(world: World, tally: Tally, hook: str) -> None:
    for number in range(number_of("test_parts_of_wide_questions")):
        kind = KINDS[number % len(KINDS)]
        name = f"{SEED} sets {kind} {hook} {number}"
        draw = Random(name)
        rules = ruleset(draw, name, kind, hook)
        way = Whole(hook, tuple(question(draw, hook) for _n in range(QUESTIONS)))
        world.clear()
        assert not rules.load(world), rules
        flows = _drawn(draw, way, gathered(world), tally)
        compare(world, rules, flows, way, tally)
    assert not tally["unknown"]
    assert tally["flows"]
    if number_of("test_parts_of_wide_questions") < ENOUGH:
        return  # a handful of rulesets may well have no mixed answer
    assert tally["mixed answers"]
    assert tally["permit"]
    assert tally["deny"]


def _drawn(draw: Random, way: Whole, state: State, tally: Tally) -> list[Flow]:
    """Flows from all parts of all answers, of connections that don't get into each other's way."""
    found: dict[tuple[Any, ...], Flow] = {}
    for number, answer in enumerate(way.answers(state, Space())):
        parts = [part for part in (getattr(answer, name) for name in VERDICTS) if part]
        tally["mixed answers"] += len(parts) > 1
        for part in parts:
            for flow in sample(draw, part, FLOWS // QUESTIONS // len(parts)):
                found.setdefault(ends_of(flow), {**flow, "question": number})
    return list(found.values())
