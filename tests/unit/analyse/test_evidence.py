# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who decided: the parts of an answer are a partition of what was asked, and a permit names every rule on its way."""

from __future__ import annotations

from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.device import Answer
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.outcome import Part
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.device_texts import state
from tests.unit.analyse.random_states import PREFIXES, RandomState

SRX = """set interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/24
set interfaces ge-0/0/1 unit 0 family inet address 198.51.100.1/24
set security zones security-zone trust interfaces ge-0/0/0.0
set security zones security-zone untrust interfaces ge-0/0/1.0
set security nat source rule-set S from zone trust
set security nat source rule-set S to zone untrust
set security nat source rule-set S rule masked match source-address 10.0.0.0/25
set security nat source rule-set S rule masked then source-nat interface
set security policies from-zone trust to-zone untrust policy web match source-address any destination-address any
set security policies from-zone trust to-zone untrust policy web match application junos-https
set security policies from-zone trust to-zone untrust policy web then permit
"""
IOS = """interface GigabitEthernet0/0
 ip address 10.0.0.1 255.255.255.0
 ip access-group IN in
 ip nat inside
interface GigabitEthernet0/1
 ip address 198.51.100.1 255.255.255.0
 ip access-group OUT out
 ip nat outside
ip access-list extended IN
 permit tcp 10.0.0.0 0.0.0.255 any
ip access-list extended OUT
 deny tcp any any eq 22
 permit tcp any any
access-list 7 permit 10.0.0.0 0.0.0.255
ip nat inside source list 7 interface GigabitEthernet0/1 overload
"""
HTTPS = {"protocol": "tcp", "dst": "203.0.113.9", "dst_port": 443}
CASES = [
    (
        "juniper_junos",
        SRX,
        {**HTTPS, "src": "10.0.0.5", "in_interface": "ge-0/0/0.0", "out_interface": "ge-0/0/1.0"},
        ["from-zone trust to-zone untrust", "nat source"],
    ),
    (
        "juniper_junos",
        SRX,
        {**HTTPS, "src": "10.0.0.200", "in_interface": "ge-0/0/0.0", "out_interface": "ge-0/0/1.0"},
        ["from-zone trust to-zone untrust"],
    ),
    (
        "cisco_ios",
        IOS,
        {
            **HTTPS,
            "src": "10.0.0.5",
            "in_interface": "GigabitEthernet0/0",
            "out_interface": "GigabitEthernet0/1",
        },
        ["IN", "nat/postrouting", "OUT"],
    ),
]


@pytest.mark.parametrize(("platform", "text", "flow", "stages"), CASES)
def test_a_permit_names_the_rule_of_every_list_in_the_order_of_the_way(
    platform: str, text: str, flow: dict[str, object], stages: list[str]
) -> None:
    answer = Questions(state(platform, text)).verdict(flow)
    assert answer["verdict"] == "permit", answer
    assert [rule["chain"] for rule in answer["parts"][0]["rules"]] == stages
    assert [rule["chain"] for rule in answer["rules"]] == stages


def test_parts_differ_by_who_decided_and_are_apart() -> None:
    flow = {
        "src": "10.0.0.0/24",
        "dst": "203.0.113.9",
        "protocol": "tcp",
        "dst_port": [443, 80],
        "in_interface": "ge-0/0/0.0",
        "out_interface": "ge-0/0/1.0",
    }
    answer = Questions(state("juniper_junos", SRX)).verdict(flow)
    assert answer["verdict"] == "mixed"
    parts = [
        (part["verdict"], part["flows"][0]["src"], part["flows"][0]["dst_port"], len(part["rules"]))
        for part in answer["parts"]
    ]
    assert parts == [
        ("deny", ["10.0.0.0/24"], ["80"], 1),
        ("permit", ["10.0.0.0/25"], ["443"], 2),
        ("permit", ["10.0.0.128/25"], ["443"], 1),
    ]


def check(answer: Answer, about: str) -> None:
    nothing = answer.permit.space.nothing
    seen = {"permit": nothing, "deny": nothing, "unknown": nothing}
    everything = nothing
    for part in answer.parts:
        assert part.flows, about
        assert not (everything & part.flows), f"{about}: parts overlap"
        everything = everything | part.flows
        seen[part.verdict] = seen[part.verdict] | part.flows
    assert seen == {"permit": answer.permit, "deny": answer.deny, "unknown": answer.unknown}, about
    assert all(_told(part) for part in answer.parts), about


def _told(part: Part) -> bool:
    return bool(part.rules or part.reason)


@pytest.mark.parametrize("ruleset", [None, "forward", "inet/t/a"])
def test_parts_are_a_partition_of_what_was_asked(ruleset: str | None) -> None:
    several = 0
    for seed in range(80):
        draw = Random(f"evidence {seed}")
        questions = Questions(RandomState(draw, effects=seed % 2 == 0).state)
        flow = {"src": draw.choice(PREFIXES), "dst": draw.choice(PREFIXES)}
        answer = questions.ask(flow, ruleset)
        check(answer, f"seed {seed}")
        several += len(answer.parts) > 2
    assert several > 5


def test_parts_are_a_partition_where_some_interfaces_are_not_known() -> None:
    flow = {**HTTPS, "src": "10.0.0.0/23", "in_interface": ["GigabitEthernet0/0", "GigabitEthernet9/9"]}
    answer = Questions(state("cisco_ios", IOS)).ask({**flow, "dst_port": [22, 443]})
    check(answer, "an interface that is not known")
    assert all((answer.permit, answer.deny, answer.unknown))


def test_of_a_device_that_is_not_known_there_is_one_part() -> None:
    lost = State("r1", "cisco_ios", firewall_known=False)
    lost.unreadable = [{"what": "running_config", "reason": "cut short"}]
    answer = Questions(lost).ask({"src": "10.0.0.0/24"})
    check(answer, "not readable")
    assert [part.verdict for part in answer.parts] == ["unknown"]
