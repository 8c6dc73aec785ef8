# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison itself: one that is told wrong says so, by the smallest ruleset and the flow that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.kernel.ask import Told
from tests.kernel.compare import Exchanged, Flow, Opened, compare
from tests.kernel.rules import iptables, nft
from tests.kernel.settings import needs_root
from tests.kernel.tally import Tally, read
from tests.kernel.world import World

pytestmark = needs_root(1)

_NFT = """
table inet t {
 chain low { type filter hook forward priority 0; policy accept;
  ip saddr 10.0.1.0/24 counter
  tcp dport 22 accept
  meta mark 7 drop
  ct state invalid drop
  ip saddr 10.0.0.5 udp dport 53 drop
  tcp dport 5432 drop
  ip6 saddr fd00::1 drop
 }
}
"""
_IPTABLES = """*filter
:FORWARD ACCEPT [0:0]
:C1 - [0:0]
-A FORWARD -s 10.0.1.0/24 -j ACCEPT
-A FORWARD -p udp -j C1
-A FORWARD -p tcp -m tcp --dport 5432 -j DROP
-A C1 -m conntrack --ctstate ESTABLISHED -s 10.1.0.9/32 -j DROP
-A C1 -p udp -m udp --dport 67 -j DROP
COMMIT
"""
UDP = {"protocol": "udp", "src_port": 4000, "dst_port": 53, "in_interface": "in0", "out_interface": "out0"}
FLOWS: list[Flow] = [
    {"src": "10.0.0.9", "dst": "10.1.0.9", "id": 1, **UDP},
    {"src": "10.0.0.5", "dst": "10.1.0.9", "id": 2, **UDP},
]


@dataclass(frozen=True)
class _AllPass(Opened):
    def ask(self, state: Any, flows: list[Flow]) -> list[Told]:
        return [Told("permit") for _flow in flows]


@dataclass(frozen=True)
class _AllAnswered(Exchanged):
    def ask(self, state: Any, flows: list[Flow]) -> list[Told]:
        return [Told("permit", True) for _flow in flows]


def test_a_first_packet_that_is_dropped(world: World) -> None:
    with pytest.raises(pytest.fail.Exception) as failed:
        compare(world, nft("nft 1", _NFT), FLOWS, _AllPass("forward"), Tally())
    told = str(failed.value)
    assert "1 of 2 flows differ" in told
    assert "{'src': '10.0.0.5'" in told
    assert "and the kernel says False" in told
    rules = [line.strip() for line in told.split("\n") if line.startswith("  ")]
    assert rules == ["ip saddr 10.0.0.5 udp dport 53 drop"]


def test_an_answer_that_is_dropped(world: World) -> None:
    with pytest.raises(pytest.fail.Exception) as failed:
        compare(world, iptables("ipt 1", "nft", (_IPTABLES, "")), FLOWS[:1], _AllAnswered(), Tally())
    told = str(failed.value)
    assert "passed=(True, False, True)" in told
    assert [line for line in told.split("\n") if line.startswith("-A")] == [
        "-A FORWARD -p udp -j C1",
        "-A C1 -m conntrack --ctstate ESTABLISHED -s 10.1.0.9/32 -j DROP",
    ]


def test_who_says_that_nothing_is_known_is_noticed() -> None:
    assert not Tally(flows=1000, unknown=11).few_unknown()
    assert Tally(flows=1000, unknown=10).few_unknown()


def test_a_line_has_all_that_was_counted() -> None:
    tally = Tally(flows=3, rulesets=1, new=3, translated=2, deny=1, permit=2)
    assert tally.line() == "1 rulesets, 3 flows, 3 new, 0 reply, 0 later, 2 translated, 1 deny, 2 permit"
    assert read(tally.line()) == tally
