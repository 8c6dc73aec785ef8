# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First packets, their answers and what follows, through marks and translations, against the kernel: through a
router, to the router itself as a server, and from it as a client."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.kernel import draw as of
from tests.kernel.compare import Exchanged, compare
from tests.kernel.generate_paths import ENDS, IptablesPaths, NftPaths
from tests.kernel.rules import Rules, iptables, nft
from tests.kernel.settings import ENOUGH, FLOWS, PATHS, SEED, needs_root, number_of
from tests.kernel.tally import Tally
from tests.kernel.world import World

KINDS = ("native", "nft", "legacy")

pytestmark = needs_root(PATHS)


def flows_of(draw: Random, count: int, hook: str = "forward") -> list[dict[str, Any]]:
    """Each with a source port or identifier of its own: translated ones don't get into each other's way."""
    found = of.flows(draw, hook, count)
    for number, flow in enumerate(found):
        flow["id"] = number + 1
        if "src_port" in flow:
            flow["src_port"] = 20000 + number
    return found


def ruleset(draw: Random, name: str, kind: str, ends: str) -> Rules:
    if kind == "native":
        return nft(name, NftPaths(draw, ends).text)
    untracks = draw.random() < 0.4
    four, six = (IptablesPaths(draw, family, ends, untracks).text for family in (4, 6))
    return iptables(name, kind, (four, six))


@pytest.mark.parametrize("kind", KINDS)
def test_exchanges_through_a_router(world: World, tally: Tally, kind: str) -> None:
    exchanges(world, tally, kind, "through", number_of("test_exchanges_through_a_router"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ends", ["server", "client"])
def test_exchanges_with_the_firewall(world: World, tally: Tally, ends: str, kind: str) -> None:
    exchanges(world, tally, kind, ends, number_of("test_exchanges_with_the_firewall"))


def exchanges(world: World, tally: Tally, kind: str, ends: str, count: int) -> None:
    for number in range(count):
        name = f"{SEED} paths {ends} {kind} {number}"
        draw = Random(name)
        rules = ruleset(draw, name, kind, ends)
        # Whether a connection is picked up from its middle.
        world.fw.run(f"sysctl -qw net.netfilter.nf_conntrack_tcp_loose={number % 2}")
        compare(world, rules, flows_of(draw, FLOWS, ENDS[ends].hook), Exchanged(), tally)
    assert tally.few_unknown(), tally.line()
    assert tally["new"]
    if count < ENOUGH:
        return  # a handful of rulesets may well let nothing through
    assert tally["permit"]
    assert tally["deny"]
    assert tally["translated"]
    assert tally["answers cut"] + tally["cut later"] or count < 10
