# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts against the kernel's: generated rulesets, real packets, one answer.

``PATHGUARD_KERNEL_RULESETS`` and ``PATHGUARD_KERNEL_SEED`` choose how many rulesets and which; a failure
prints its seed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import frames, linux
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.kernel import draw as of
from tests.kernel.generate_iptables import IptablesRuleset
from tests.kernel.generate_nft import NftRuleset
from tests.kernel.world import World

RULESETS = int(os.environ.get("PATHGUARD_KERNEL_RULESETS", "36"))
SEED = int(os.environ.get("PATHGUARD_KERNEL_SEED", "20231012"))
FLOWS = 72
WAY = {
    "forward": ("prerouting", "forward", "postrouting"),
    "input": ("prerouting", "input"),
    "output": ("output", "postrouting"),
}

# The long run has twenty times the rulesets, and other stages may share the machine.
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces with raw packets need root"),
    pytest.mark.timeout(60 + 30 * RULESETS),
]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as found:
        yield found


def gathered(world: World) -> State:
    """The firewall's state, by the very script that gathers hosts."""
    made = frames.script(linux.BODY)
    done = world.fw.ask("run", argv=["sh"], stdin=made.text)
    outputs = frames.outputs(made, linux.COMMANDS, done["stdout"], done["stderr"], "fw")
    return parse_platform("linux", "fw", outputs)


def verdicts(state: State, hook: str, flows: list[dict[str, Any]]) -> list[str]:
    space = Space()
    firewall = HostFirewall(state, space)
    found = []
    for flow in flows:
        more = {"icmp_code": 0} if "icmp_type" in flow else {}
        asked = flows_from(space, {**flow, **more, "mark": 0, "ct_mark": 0})
        outcome = firewall.hooks(WAY[hook], asked)
        parts = [name for name in ("permit", "deny", "unknown") if getattr(outcome, name)]
        assert len(parts) == 1, f"one packet has {parts}: {flow}"
        found.append(parts[0])
    return found


def compare(world: World, hook: str, draw: Random, rules: str) -> Counter[str]:
    flows = of.flows(draw, hook, FLOWS)
    state = gathered(world)
    assert state.firewall_known, state.unreadable
    expected = verdicts(state, hook, flows)
    passed = world.passed(hook, flows)
    wrong = [
        (flow, verdict, got)
        for flow, verdict, got in zip(flows, expected, passed)
        if verdict != "unknown" and (verdict == "permit") is not got
    ]
    assert not wrong, f"{len(wrong)} of {len(flows)} differ, first {wrong[:3]}\n{rules}"
    assert not state.not_understood, f"{state.not_understood[:3]}\n{rules}"
    return Counter(expected)


@pytest.mark.parametrize("hook", ["forward", "input", "output"])
def test_nft(world: World, hook: str) -> None:
    seen: Counter[str] = Counter()
    for number in range(RULESETS):
        draw = Random(f"{SEED} nft {hook} {number}")
        ruleset = NftRuleset(draw, hook)
        world.clear()
        world.fw.run("nft -f -", stdin=ruleset.text)
        seen += compare(world, hook, draw, f"{SEED} nft {hook} {number}\n{ruleset.text}")
    assert seen["permit"]
    assert seen["deny"]
    assert not seen["unknown"]


@pytest.mark.parametrize("variant", ["nft", "legacy"])
@pytest.mark.parametrize("hook", ["forward", "input", "output"])
def test_iptables(world: World, hook: str, variant: str) -> None:
    seen: Counter[str] = Counter()
    for number in range(max(1, RULESETS // 2)):
        draw = Random(f"{SEED} {variant} {hook} {number}")
        four, six = IptablesRuleset(draw, hook, 4), IptablesRuleset(draw, hook, 6)
        world.clear()
        for family, ruleset in (("ip", four), ("ip6", six)):
            world.fw.run("ipset -exist restore", stdin=ruleset.ipsets)
            world.fw.run(f"{family}tables-{variant}-restore", stdin=ruleset.text)
        rules = f"{SEED} {variant} {hook} {number}\n{four.text}{four.ipsets}{six.text}{six.ipsets}"
        seen += compare(world, hook, draw, rules)
    assert seen["permit"]
    assert seen["deny"]
    assert not seen["unknown"]


def test_all_kinds_side_by_side(world: World) -> None:
    """What one of them drops is dropped, whatever the others say."""
    seen: Counter[str] = Counter()
    for number in range(max(1, RULESETS // 3)):
        draw = Random(f"{SEED} mixed {number}")
        native, nft, legacy = (
            NftRuleset(draw, "forward"),
            IptablesRuleset(draw, "forward", 4),
            IptablesRuleset(draw, "forward", 4),
        )
        world.clear()
        world.fw.run("nft -f -", stdin=native.text)
        world.fw.run("ipset -exist restore", stdin=nft.ipsets)
        world.fw.run("iptables-nft-restore --noflush", stdin=nft.text)
        world.fw.run("iptables-legacy-restore", stdin=legacy.text)
        seen += compare(
            world, "forward", draw, f"{SEED} mixed {number}\n{native.text}{nft.text}{nft.ipsets}{legacy.text}"
        )
    assert seen["deny"]
    assert not seen["unknown"]


def test_the_kernel_runs_the_newest_of_equal_priority_first(world: World) -> None:
    """nf_hook_entries_grow: what the order of the state's rulesets rests on."""
    world.clear()
    base = "type filter hook forward priority 0; policy accept;"
    world.fw.run("nft -f -", stdin=f"table ip one {{\n chain a {{ {base}\n  meta mark set 7\n }}\n}}\n")
    world.fw.run("nft -f -", stdin=f"table ip two {{\n chain b {{ {base}\n  meta mark 7 drop\n }}\n}}\n")
    flow = {
        "src": "10.0.0.5",
        "dst": "10.1.0.5",
        "protocol": "udp",
        "src_port": 5,
        "dst_port": 5,
        "in_interface": "in0",
        "out_interface": "out0",
    }
    assert world.passed("forward", [flow]) == [True]
    assert verdicts(gathered(world), "forward", [flow]) == ["permit"]


def test_packets_of_the_test_pass_where_there_are_no_rules(world: World) -> None:
    world.clear()
    for hook in WAY:
        flows = of.flows(Random(f"{SEED} {hook}"), hook, FLOWS)
        assert world.passed(hook, flows) == [True] * len(flows), hook
