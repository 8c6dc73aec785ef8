# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First packets through one hook, against the kernel: generated rulesets, real packets, one answer."""

from __future__ import annotations

from random import Random

import pytest

from tests.kernel import draw as of
from tests.kernel.ask import WAY, gathered, verdicts
from tests.kernel.compare import Opened, compare
from tests.kernel.generate_iptables import IptablesRuleset
from tests.kernel.generate_nft import NftRuleset
from tests.kernel.rules import Rules, iptables, nft
from tests.kernel.settings import FLOWS, RULESETS, SEED, needs_root, number_of
from tests.kernel.tally import Tally
from tests.kernel.world import World

pytestmark = needs_root(RULESETS)


def ruleset(draw: Random, name: str, kind: str, hook: str) -> Rules:
    """``kind``: native, or the variant of iptables."""
    if kind == "native":
        return nft(name, NftRuleset(draw, hook).text)
    four, six = (IptablesRuleset(draw, hook, family) for family in (4, 6))
    return iptables(name, kind, (four.text, six.text), four.ipsets + six.ipsets)


def first_packets(world: World, tally: Tally, hook: str, kind: str, count: int) -> None:
    for number in range(count):
        name = f"{SEED} {kind} {hook} {number}"
        draw = Random(name)
        compare(world, ruleset(draw, name, kind, hook), of.flows(draw, hook, FLOWS), Opened(hook), tally)
    assert tally["permit"]
    assert tally["deny"]
    assert not tally["unknown"]


@pytest.mark.parametrize("hook", list(WAY))
def test_nft(world: World, tally: Tally, hook: str) -> None:
    first_packets(world, tally, hook, "native", number_of("test_nft"))


@pytest.mark.parametrize("variant", ["nft", "legacy"])
@pytest.mark.parametrize("hook", list(WAY))
def test_iptables(world: World, tally: Tally, hook: str, variant: str) -> None:
    first_packets(world, tally, hook, variant, number_of("test_iptables"))


def test_all_kinds_side_by_side(world: World, tally: Tally) -> None:
    """What one of them drops is dropped, whatever the others say."""
    for number in range(number_of("test_all_kinds_side_by_side")):
        name = f"{SEED} mixed {number}"
        draw = Random(name)
        native = NftRuleset(draw, "forward")
        other, legacy = (IptablesRuleset(draw, "forward", 4) for _n in range(2))
        rules = Rules(
            name,
            (
                ("nft -f -", native.text),
                ("ipset -exist restore", other.ipsets),
                ("iptables-nft-restore --noflush", other.text),
                ("iptables-legacy-restore", legacy.text),
            ),
        )
        compare(world, rules, of.flows(draw, "forward", FLOWS), Opened("forward"), tally)
    assert tally["deny"]
    assert not tally["unknown"]


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
