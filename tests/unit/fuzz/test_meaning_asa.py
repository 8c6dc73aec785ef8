# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of Cisco ASA made by chance, with objects and nested groups in each place: the engine and an evaluator that
takes one packet through one entry after the other agree."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.asa_meaning import ICMP, TCP, UDP, Drawn, Packet, dotted
from tests.support.device_texts import state

PACKETS = 30


def flow(packet: Packet) -> dict[str, Any]:
    found: dict[str, Any] = {"protocol": packet["protocol"]}
    found |= {end: dotted(packet[end]) for end in ("src", "dst")}
    if packet["protocol"] in (TCP, UDP):
        found |= {name: packet[name] for name in ("src_port", "dst_port")}
    if packet["protocol"] == ICMP:
        found |= {"icmp_type": packet["icmp_type"], "icmp_code": 0}
    return found


@pytest.mark.parametrize("seed", range(150))
def test_every_verdict_is_that_of_the_entries_one_by_one(seed: int) -> None:
    drawn = Drawn(seed)
    questions = Questions(state("cisco_asa", drawn.text))
    for _packet in range(PACKETS):
        packet = drawn.packet()
        answer = questions.verdict(flow(packet), "L")["verdict"]
        assert answer == drawn.verdict(packet), (flow(packet), drawn.text)


def test_what_is_drawn_is_worth_asking() -> None:
    """Permits, denials, and every word of the grammar come up."""
    drawn = [Drawn(seed) for seed in range(60)]
    verdicts = [one.verdict(one.packet()) for one in drawn for _packet in range(20)]
    assert min(verdicts.count("permit"), verdicts.count("deny")) > len(verdicts) / 10
    texts = " ".join(one.text for one in drawn)
    for word in (
        "inactive",
        "group-object",
        "port-object range",
        "object-group P1",
        "tcp-udp source",
        "icmp echo",
    ):
        assert word in texts
