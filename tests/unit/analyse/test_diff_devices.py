# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between two configurations of a device: its lists, groups and bindings."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.unreachable import unreachable
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.paths import Siblings
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.remedy import differ
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.siblings import siblings_entry
from tests.support.device_texts import state

EOS = """hostname leaf1
ip access-list ONE
   10 permit tcp any host 10.9.0.5 eq 5432
   20 permit tcp any host 10.9.0.5 eq ssh
   30 deny ip any any
ip access-list TWO
   10 permit udp any any eq domain
   20 deny ip any any
"""
BOUND = """interface Ethernet1
   no switchport
   ip address 10.0.0.1/24
   ip access-group ONE in
"""


def _changes(platform: str, before: str, after: str) -> list[dict[str, Any]]:
    return firewall_difference(state(platform, before), state(platform, after), None, 9)


def _ports(changes: list[dict[str, Any]], way: str) -> set[str]:
    return {port for one in changes for flow in one[way]["flows"] for port in flow.get("dst_port", ["any"])}


def test_lists_that_are_bound_nowhere_are_compared_each_by_itself() -> None:
    changes = _changes("arista_eos", EOS, EOS.replace("   10 permit tcp any host 10.9.0.5 eq 5432\n", ""))
    assert {one["hook"] for one in changes} == {""}
    assert _ports(changes, "lost") == {"5432"}
    assert not _ports(changes, "gained")
    assert {rule["text"] for one in changes for rule in one["rules"]} == {
        "10 permit tcp any host 10.9.0.5 eq 5432"
    }


def test_a_list_that_is_bound_is_told_of_once() -> None:
    text = EOS + BOUND
    changes = _changes("arista_eos", text, text.replace("eq 5432", "eq 5433"))
    assert {one["hook"] for one in changes} == {"prerouting"}
    assert _ports(changes, "lost") == {"5432"}
    assert _ports(changes, "gained") == {"5433"}


def test_a_binding_that_was_taken_away_is_named() -> None:
    changes = _changes("arista_eos", EOS + BOUND, EOS + BOUND.replace("   ip access-group ONE in\n", ""))
    assert {one["hook"] for one in changes} == {"prerouting"}
    assert all(not one["lost"]["flows"] for one in changes)
    assert "ip access-group ONE in" in {rule.get("text") for one in changes for rule in one["rules"]}


@pytest.mark.parametrize(
    ("platform", "text", "lost"),
    [
        (
            "cisco_nxos",
            "object-group ip address G\n  10 host 10.9.0.5\n  20 host 10.9.0.6\nip access-list L\n"
            "  10 permit tcp any addrgroup G eq 5432\n",
            "  20 host 10.9.0.6\n",
        ),
        (
            "cisco_xr",
            "object-group network ipv4 G\n host 10.9.0.5\n host 10.9.0.6\n!\nipv4 access-list L\n"
            " 10 permit tcp any net-group G eq 5432\n!\n",
            " host 10.9.0.6\n",
        ),
        (
            "vyos",
            "set firewall group address-group G address 10.9.0.5\nset firewall group address-group G address 10.9.0.6\n"
            "set firewall ipv4 name L default-action drop\nset firewall ipv4 name L rule 1 action accept\n"
            "set firewall ipv4 name L rule 1 protocol tcp\n"
            "set firewall ipv4 name L rule 1 destination group address-group G\n",
            "set firewall group address-group G address 10.9.0.6\n",
        ),
        (
            "juniper_junos",
            "policy-options { prefix-list G { 10.9.0.5/32;\n 10.9.0.6/32;\n } }\nfirewall { family inet { filter L {\n"
            "term a { from { destination-prefix-list { G; } protocol tcp; } then accept; } } } }\n",
            " 10.9.0.6/32;\n",
        ),
    ],
)
def test_a_lost_member_of_a_group_loses_its_flows_and_no_others(platform: str, text: str, lost: str) -> None:
    assert lost in text
    changes = _changes(platform, text, text.replace(lost, ""))
    assert {tuple(flow["dst"]) for one in changes for flow in one["lost"]["flows"]} == {("10.9.0.6",)}
    assert all(not one["gained"]["flows"] for one in changes)


def test_a_list_that_is_bound_nowhere_makes_no_rule_of_another_one_unreachable() -> None:
    assert unreachable(state("arista_eos", EOS)) == []
    hidden = EOS.replace(
        "   20 permit tcp any host 10.9.0.5 eq ssh", "   20 permit tcp any host 10.9.0.5 range 5432 5432"
    )
    found = unreachable(state("arista_eos", hidden))
    assert [(one["ruleset"], one["position"], [by["position"] for by in one["by"]]) for one in found] == [
        ("ONE", 2, [1])
    ]


def test_an_interface_that_goes_to_another_zone_under_the_same_rules() -> None:
    policy = "set security policies from-zone inside to-zone outside policy p"
    text = "".join(
        f"{line}\n"
        for line in (
            *(f"set interfaces ge-0/0/{n} unit 0 family inet address 10.0.{n}.1/24" for n in range(3)),
            "set security zones security-zone inside interfaces ge-0/0/0.0",
            "set security zones security-zone outside interfaces ge-0/0/1.0",
            "set security zones security-zone inside interfaces ge-0/0/2.0",
            f"{policy} match source-address any",
            f"{policy} match destination-address any",
            f"{policy} match application any",
            f"{policy} then permit",
        )
    )
    moved = text.replace("inside interfaces ge-0/0/2.0", "outside interfaces ge-0/0/2.0")
    [change] = _changes("juniper_junos", text, moved)
    assert change["gained"]["flows"] == [{"in_interface": ["ge-0/0/0.0"], "out_interface": ["ge-0/0/2.0"]}]
    assert change["lost"]["flows"] == [{"in_interface": ["ge-0/0/2.0"], "out_interface": ["ge-0/0/1.0"]}]
    then, now = state("juniper_junos", text), state("juniper_junos", moved)
    assert differ({"r": then}, {"r": now}, "r")
    assert not differ({"r": then}, {"r": then}, "r")
    pair = Siblings("$.siblings[0]", "the pair", hosts=("r", "s"))
    assert siblings_entry(pair, {"r": then, "s": now}, {})["satisfied"] == "no"
