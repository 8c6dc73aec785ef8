# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences against the kernel's: flows of what was gained, lost or neither fare so, before and after a change."""

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diff import Moved, compare
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.outcome import Outcome
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.pair import (
    Pair,
    ShadowFirewall,
    pair,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.kernel import draw as of
from tests.kernel.ask import WAY, gathered
from tests.kernel.generate_nft import NftRuleset
from tests.kernel.rules import Rules
from tests.kernel.sample import ends_of, sample, sendable
from tests.kernel.settings import RULESETS, SEED, needs_root
from tests.kernel.world import World

FLOWS = 50
_RULE = re.compile(r"^  \S.*$", re.MULTILINE)

pytestmark = needs_root(RULESETS * 2)


def mutated(draw: Random, text: str) -> str:
    """The ruleset with one rule gone, doubled elsewhere, turned round, made narrower, or the policy flipped."""
    kind = draw.choice(("drop", "drop", "turn", "turn", "turn", "narrow", "narrow", "swap", "policy"))
    rules = [found for found in _RULE.finditer(text) if "meta mark set" not in found[0]]
    one = draw.choice(rules)
    if kind == "policy":
        return re.sub(
            r"policy (accept|drop)",
            lambda found: f"policy {'drop' if found[1] == 'accept' else 'accept'}",
            text,
            count=1,
        )
    if kind == "turn" and re.search(r" (accept|drop|reject)$", one[0]):
        word = "drop" if one[0].endswith("accept") else "accept"
        return text[: one.start()] + one[0].rpartition(" ")[0] + f" {word}" + text[one.end() :]
    if kind == "narrow":
        # nft refuses what no packet of a table's family can have.
        address = () if "table ip6 " in text else ("ip saddr 10.0.0.0/23",)
        extra = draw.choice(("tcp dport < 1024", "meta l4proto udp", *address))
        return text[: one.start()] + f"  {extra} {draw.choice(('accept', 'drop'))}\n" + text[one.start() :]
    if kind == "swap":
        other = next((found for found in rules if found.start() > one.end()), one)
        if text[one.end() : other.start()] == "\n":
            return text[: one.start()] + other[0] + "\n" + one[0] + text[other.end() :]
    return text[: one.start()] + "  counter" + text[one.end() :]


def moved(found: Pair, hook: str) -> Moved:
    """The difference over the whole way of a packet through the firewall, for packets as the test sends them."""

    def ask(side: ShadowFirewall, flows: FlowSet) -> Outcome:
        return side.hooks(WAY[hook], flows)

    return compare(found, ask, flows_from(found.space, {"mark": 0, "ct_mark": 0}), found.space.nothing)


def one(found: Pair, flow: dict[str, Any]) -> FlowSet:
    more = {"icmp_code": 0} if "icmp_type" in flow else {}
    return flows_from(found.space, {**flow, **more, "mark": 0, "ct_mark": 0})


def sampled(found: Pair, what: Moved, draw: Random, hook: str) -> list[dict[str, Any]]:
    """Flows of all parts: of what was gained, of what was lost, and any."""
    base = sendable(found.space, hook)
    flows = [
        *sample(draw, what.gained & base, FLOWS // 3),
        *sample(draw, what.lost & base, FLOWS // 3),
        *of.flows(draw, hook, FLOWS),
    ]
    return list({ends_of(flow): flow for flow in reversed(flows)}.values())[: -FLOWS - 1 : -1]


def states(world: World, texts: Rules) -> list[State] | None:
    """Of the firewall with each of two texts; None if one does not load."""
    found = []
    for step in texts.steps:
        world.clear()
        if Rules(texts.name, (step,)).load(world):
            return None
        found.append(gathered(world))
    return found


def fates(
    world: World, hook: str, texts: Rules, found: Pair, what: Moved, flows: list[dict[str, Any]]
) -> list[tuple[str, dict[str, Any], bool, bool]]:
    """Each flow with what is said about it, and whether it passed before and passes after."""
    passed = []
    for step in texts.steps:
        world.clear()
        Rules(texts.name, (step,)).load(world)
        passed.append(world.passed(hook, flows))
    told = []
    for flow, before, after in zip(flows, *passed):
        asked = one(found, flow)
        kind = "gained" if asked <= what.gained else "lost" if asked <= what.lost else "same"
        told.append((kind, flow, before, after))
    return told


def wrong(kind: str, before: bool, after: bool) -> bool:
    return {"gained": (False, True), "lost": (True, False)}.get(kind, (before, before)) != (before, after)


def smallest(world: World, hook: str, texts: Rules, flow: dict[str, Any]) -> str:
    def told(some: Rules) -> list[tuple[str, dict[str, Any], bool, bool]]:
        both = states(world, some)
        if both is None:
            return []
        found = pair(*both)
        return fates(world, hook, some, found, moved(found, hook), [flow])

    def still(some: Rules) -> bool:
        return any(wrong(kind, before, after) for kind, _flow, before, after in told(some))

    if not still(texts):
        return f"this flow alone does not show it: {flow}\n{texts}"
    least = texts.smaller(still)
    return f"(what is said, flow, before, after) {told(least)}\n{least}"


@pytest.mark.parametrize("hook", ["forward", "input", "output"])
def test_what_changed_has_changed_in_the_kernel(world: World, hook: str) -> None:
    seen: Counter[str] = Counter()
    for number in range(RULESETS):
        name = f"{SEED} diff {hook} {number}"
        draw = Random(name)
        before = after = NftRuleset(draw, hook).text
        for _n in range(draw.choice((1, 2, 5))):  # most mutations change nothing for any packet
            after = mutated(draw, after)
        texts = Rules(name, (("nft -f -", before), ("nft -f -", after)))
        both = states(world, texts)
        assert both, texts
        found = pair(*both)
        what = moved(found, hook)
        assert not what.unknown, f"nothing here is undecidable: {texts}"
        flows = sampled(found, what, draw, hook)
        for kind, flow, *passed in fates(world, hook, texts, found, what, flows):
            seen[kind] += 1
            if wrong(kind, *passed):
                pytest.fail(smallest(world, hook, texts, flow), pytrace=False)
        told = [entry for entry in firewall_difference(*both) if entry["hook"] in WAY[hook]]
        assert told or not what.gained | what.lost, f"the filter misses it\n{texts}"
        assert all(entry["rules"] for entry in told)
    assert seen["gained"]
    assert seen["lost"]
    assert seen["same"]


def test_the_same_rules_loaded_again_do_not_differ(world: World) -> None:
    """Other handles, other order of tables and sets' elements as the kernel lists them."""
    for number in range(max(1, RULESETS // 3)):
        draw = Random(f"{SEED} again {number}")
        ruleset = NftRuleset(draw, "forward")
        states = []
        for filler in ("", "table ip filler { chain c { }; }\n"):
            world.clear()
            world.fw.run("nft -f -", stdin=filler + ruleset.text)
            states.append(gathered(world))
        assert firewall_difference(*states) == [], ruleset.text
