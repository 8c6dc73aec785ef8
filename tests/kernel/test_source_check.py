# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source validation (rp_filter), against the kernel: random settings, routes back and policy routing rules."""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest

from tests.kernel import draw as of
from tests.kernel.ask import Told, gathered, told
from tests.kernel.compare import Exchanged, Flow
from tests.kernel.reduce import smallest
from tests.kernel.settings import SEED, needs_root
from tests.kernel.tally import Tally
from tests.kernel.test_paths import flows_of
from tests.kernel.world import LINKS, World

ROUNDS = int(os.environ.get("PATHGUARD_KERNEL_SOURCES", "10"))
_INTERFACES = tuple(link for link, _side in LINKS)
# Routes back to the sources (10.0.0.0/22), which the world has by in0.
_BACK = (
    "ip route replace 10.0.0.0/22 via 10.255.1.2",
    "ip route replace 10.0.1.0/24 via 10.255.1.2",
    "ip route replace 10.0.0.0/22 nexthop via 10.255.0.2 nexthop via 10.255.1.2",
    "ip route replace blackhole 10.0.2.0/23",
    "ip route del 10.0.0.0/22",
    "ip route del 10.0.0.0/22; ip route add default via 10.255.1.2",
)
_RULES = (
    "ip rule add pref 90 to 10.0.0.0/23 lookup 77",
    "ip rule add pref 91 from 10.1.0.0/24 lookup 77",
    "ip rule add pref 92 iif out0 lookup 77",
    "ip rule add pref 93 fwmark 0x7 lookup 77",
    "ip rule add pref 94 from 10.0.0.0/23 prohibit",
    "ip rule add pref 95 to 10.0.3.0/24 unreachable",
)
_MARKS = "nft add table ip m; nft 'add chain ip m p { type filter hook prerouting priority -150; }'; nft add rule ip m p ip saddr 10.0.0.0/23 meta mark set 7"
_PLAIN = """
for f in /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/conf/*/src_valid_mark; do echo 0 > $f; done
for p in 90 91 92 93 94 95; do ip rule del pref $p 2>/dev/null; done
ip route flush table 77; ip route add 10.0.0.0/22 via 10.255.1.2 table 77
ip route del default 2>/dev/null; ip route del 10.0.1.0/24 2>/dev/null; ip route del 10.0.2.0/24 2>/dev/null
ip route del blackhole 10.0.2.0/23 2>/dev/null; ip route replace 10.0.0.0/22 via 10.255.0.2
"""

pytestmark = needs_root(ROUNDS)


def setting(draw: Random) -> list[str]:
    """Commands: at least one interface checks sources."""
    values = {name: draw.choice((0, 0, 1, 1, 2)) for name in _INTERFACES}
    values["all"] = draw.choice((0, 0, 0, 1, 2))
    found = [f"sysctl -qw net.ipv4.conf.{name}.rp_filter={value}" for name, value in values.items()]
    found += draw.sample(_BACK, draw.choice((0, 1, 1, 2)))
    found += draw.sample(_RULES, draw.choice((0, 0, 1, 2)))
    if draw.random() < 0.4:
        found.append(_MARKS)
        found.append(
            f"sysctl -qw net.ipv4.conf.{draw.choice((*_INTERFACES[:2], 'all'))}.src_valid_mark={draw.choice((0, 1))}"
        )
    return found


def set_up(world: World, commands: list[str]) -> None:
    world.clear()
    world.fw.run(_PLAIN, check=False)
    for command in commands:
        world.fw.run(command, check=False)  # a route that another command took away can't be deleted


def disagreements(
    world: World, flows: list[Flow], own: list[Flow], tally: Tally
) -> list[tuple[Flow, Told, Any]]:
    """``flows``: whole exchanges; ``own``: first packets to the firewall itself."""
    state = gathered(world)
    assert state.settings, state.unreadable
    way, found = Exchanged(), []
    for flow, answer, got in zip(flows, told(state, flows), world.travelled(flows)):
        tally["flows"] += 1
        tally[answer.verdict] += 1
        tally["checked"] += any("rp_filter" in reason for reason in answer.said)
        way.count(tally, flow, answer, got)
        if not way.agree(answer, got):
            found.append((flow, answer, got))
    for flow, answer, came in zip(own, told(state, own), world.passed("input", own)):
        tally["flows"] += 1
        tally["new"] += 1
        tally["own checked"] += not came
        if answer.first is not came:
            found.append((flow, answer, came))
    return found


def test_source_validation(world: World, tally: Tally) -> None:
    for number in range(ROUNDS):
        draw = Random(f"{SEED} sources {number}")
        commands = setting(draw)
        flows = flows_of(draw, 40)
        own = of.flows(draw, "input", 20)
        set_up(world, commands)
        wrong = disagreements(world, flows, own, tally)
        if wrong:
            flow = wrong[0][0]
            asked = ([flow], []) if flow in flows else ([], [flow])

            def still(some: list[str], asked: tuple[list[Flow], list[Flow]] = asked) -> bool:
                set_up(world, some)
                return bool(disagreements(world, *asked, Tally()))

            least = "\n".join(smallest(commands, still))
            pytest.fail(f"{number}: (flow, told, kernel) {wrong[0]}\n{least}", pytrace=False)
    assert tally["permit"]
    assert tally["checked"] > ROUNDS
    assert tally["own checked"] > ROUNDS / 2
    assert not tally["unknown"]
