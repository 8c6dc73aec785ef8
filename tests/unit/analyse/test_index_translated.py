# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets whose destination was translated ask the index of a long list too, as what they are by then."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import evaluate
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.index import Index
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from tests.support.device_texts import state

HOSTS = 120
TEXT = "\n".join(
    [
        "interface G0/0\n nameif outside\n security-level 0\n ip address 198.51.100.1 255.255.255.0",
        "interface G0/1\n nameif inside\n security-level 100\n ip address 10.0.0.1 255.255.255.0",
        *(
            f"object network h{at}\n host 10.0.0.{at}\n nat (inside,outside) static 198.51.100.{at}"
            for at in range(2, HOSTS)
        ),
        *(f"access-list L extended deny tcp any host 10.0.0.{at} eq {at}" for at in range(2, HOSTS)),
        *(f"access-list L extended permit tcp any host 10.0.0.{at} range 1 99" for at in range(2, HOSTS, 3)),
        "access-group L in interface outside\n",
    ]
)
WAY = {"protocol": "tcp", "in_interface": "outside", "out_interface": "inside", "src": "203.0.113.9"}


class Recording:
    """An index that notes how many rules it named."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.named: list[int] = []

    def candidates(self, asked: Any) -> list[int]:
        found = list(self.index.candidates(asked))
        self.named.append(len(found))
        return found


def test_a_translated_packet_meets_the_rules_of_its_real_address_alone() -> None:
    found, space = state("cisco_asa", TEXT), Space()
    plain = HostFirewall(found, space)
    recording = Recording(plain.index_of("L"))
    firewall = HostFirewall(found, space, {"L": recording})
    flows = flows_from(space, {**WAY, "dst": "198.51.100.5", "dst_port": 80})
    outcome = firewall.hooks(("prerouting",), flows)
    assert outcome.permit == flows
    assert recording.named
    assert max(recording.named) <= 2


@pytest.mark.parametrize(
    "flow",
    [
        {"dst": "198.51.100.0/25", "dst_port": "1-120"},
        {"dst": "198.51.100.5", "dst_port": 5},
        {"dst": "198.51.100.5"},
        {"dst": "198.51.100.6", "dst_port": "5-7"},
        {"dst": "10.0.0.5", "dst_port": 80},
    ],
)
def test_with_and_without_an_index_the_answer_is_the_same(
    flow: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = state("cisco_asa", TEXT)
    asked = {**WAY, **flow}
    fast = Questions(found).ask(asked)
    monkeypatch.setattr(evaluate, "_INDEX_FROM", 10**9)
    slow = Questions(found).ask(asked)
    for name in ("permit", "deny", "unknown"):
        assert getattr(fast, name).pieces() == getattr(slow, name).pieces()
