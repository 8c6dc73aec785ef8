# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source validation (rp_filter), against the kernel: random settings, routes back and policy routing rules."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from tests.kernel import draw as of
from tests.kernel.test_paths import disagree, flows_of, told
from tests.kernel.test_verdicts import SEED, gathered
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

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces with raw packets need root"),
    pytest.mark.timeout(60 + 10 * ROUNDS),
]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as found:
        yield found


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


def test_source_validation(world: World) -> None:
    seen: Counter[str] = Counter()
    for number in range(ROUNDS):
        draw = Random(f"{SEED} sources {number}")
        commands = setting(draw)
        world.clear()
        world.fw.run(_PLAIN, check=False)
        for command in commands:
            world.fw.run(command, check=False)  # a route that another command took away can't be deleted
        flows = flows_of(draw, 40)
        state = gathered(world)
        assert state.settings, state.unreadable
        for flow, answer, got in zip(flows, told(state, flows), world.travelled(flows)):
            assert not disagree(answer, got), f"{flow}: {answer}, kernel {got}\n" + "\n".join(commands)
            seen[answer.verdict] += 1
            seen["checked"] += any("rp_filter" in reason for reason in answer.said)
        own = of.flows(draw, "input", 20)
        for flow, answer, came in zip(own, told(state, own), world.passed("input", own)):
            assert answer.first is came, f"{flow}: {answer}, kernel {came}\n" + "\n".join(commands)
            seen["own checked"] += not came
    print(dict(seen))
    assert seen["open"]
    assert seen["checked"] > ROUNDS
    assert seen["own checked"] > ROUNDS / 2
    assert not seen["unknown"]
