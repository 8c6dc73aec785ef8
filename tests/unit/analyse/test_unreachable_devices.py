# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of devices that no packet comes to: what somebody wrote, once each, and nothing that the model adds."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.unreachable import unreachable
from tests.support.device_texts import state

# Platform, configuration whose one rule decides about all, what is never reached: (ruleset, line).
CONFIGURATIONS = [
    (
        "cisco_ios",
        "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip access-group A in\n"
        " ipv6 traffic-filter S in\n ip nat inside\n"
        "interface GigabitEthernet0/1\n ip address 198.51.100.1 255.255.255.0\n ip nat outside\n"
        "ip access-list extended A\n permit ip any any\n deny tcp any any eq 22\n"
        "ipv6 access-list S\n permit ipv6 any any\n"
        "ip nat inside source static 10.0.0.9 198.51.100.9\n",
        [("A", 20)],
    ),
    (
        "cisco_nxos",
        "interface Ethernet1/1\n  no switchport\n  ip address 10.0.0.1/24\n  ip access-group A in\n"
        "  ipv6 traffic-filter S in\nip access-list A\n  10 permit ip any any\n  20 deny tcp any any eq 22\n"
        "ipv6 access-list S\n  10 permit ipv6 any any\n",
        [("A", 20)],
    ),
    (
        "cisco_xr",
        "interface GigabitEthernet0/0/0/0\n ipv4 address 10.0.0.1 255.255.255.0\n ipv4 access-group A ingress\n"
        " ipv6 access-group S ingress\n!\nipv4 access-list A\n 10 permit ipv4 any any\n 20 deny tcp any any eq 22\n!\n"
        "ipv6 access-list S\n 10 permit ipv6 any any\n!\n",
        [("A", 20)],
    ),
    (
        "cisco_asa",
        "interface GigabitEthernet0/0\n nameif outside\n security-level 0\n ip address 198.51.100.1 255.255.255.0\n"
        "interface GigabitEthernet0/1\n nameif inside\n security-level 100\n ip address 10.0.0.1 255.255.255.0\n"
        "object network web\n host 10.0.0.9\nobject network public\n host 198.51.100.9\n"
        "access-list A extended permit ip any any\naccess-list A extended deny tcp any any eq 22\n"
        "access-group A in interface outside\nnat (inside,outside) source static web public\n",
        [("A", 2)],
    ),
    (
        "arista_eos",
        "interface Ethernet1\n   no switchport\n   ip address 10.0.0.1/24\n   ip access-group A in\n"
        "ip access-list A\n   10 permit ip any any\n   20 deny tcp any any eq ssh\n",
        [("A", 20)],
    ),
    (
        "juniper_junos",
        "set interfaces ge-0/0/0 unit 0 family inet filter input F\n"
        "set interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/24\n"
        "set firewall family inet filter F term all then accept\n"
        "set firewall family inet filter F term ssh from protocol tcp\n"
        "set firewall family inet filter F term ssh then discard\n",
        [("F", 4)],
    ),
    (
        "juniper_junos",
        "set interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/24\n"
        "set interfaces ge-0/0/1 unit 0 family inet address 198.51.100.1/24\n"
        "set security zones security-zone trust interfaces ge-0/0/0.0\n"
        "set security zones security-zone untrust interfaces ge-0/0/1.0\n"
        "set security nat source rule-set S from zone trust\nset security nat source rule-set S to zone untrust\n"
        "set security nat source rule-set S rule r match source-address 10.0.0.0/24\n"
        "set security nat source rule-set S rule r then source-nat interface\n"
        "set security policies from-zone trust to-zone untrust policy all match source-address any destination-address "
        "any application any\n"
        "set security policies from-zone trust to-zone untrust policy all then permit\n"
        "set security policies from-zone trust to-zone untrust policy ssh match source-address any destination-address "
        "any application junos-ssh\n"
        "set security policies from-zone trust to-zone untrust policy ssh then deny\n",
        [("from-zone trust to-zone untrust", 11)],
    ),
    (
        "paloalto_panos",
        "set network interface ethernet ethernet1/1 layer3 ip 10.0.0.1/24\n"
        "set network interface ethernet ethernet1/2 layer3 ip 198.51.100.1/24\n"
        "set zone trust network layer3 ethernet1/1\nset zone untrust network layer3 ethernet1/2\n"
        "set rulebase security rules all from any to any source any destination any service any application any action "
        "allow\n"
        "set rulebase security rules late from any to any source 10.0.0.0/24 destination any service any application "
        "any action deny\n",
        [("security", 6)],
    ),
    (
        "fortinet",
        "config firewall policy\n"
        + "".join(
            f'edit {number}\nset srcintf "any"\nset dstintf "any"\nset srcaddr "all"\nset dstaddr "all"\n'
            f'set action {action}\nset schedule "always"\nset service "ALL"\nnext\n'
            for number, action in ((7, "accept"), (9, "deny"))
        )
        + "end\n",
        [("firewall policy", 9)],
    ),
    (
        "vyos",
        "set interfaces ethernet eth0 address 10.0.0.1/24\n"
        "set firewall ipv4 forward filter default-action accept\n"
        "set firewall ipv4 forward filter rule 1 action jump\nset firewall ipv4 forward filter rule 1 jump-target N\n"
        "set firewall ipv4 name N default-action drop\n"
        "set firewall ipv4 name N rule 10 action accept\nset firewall ipv4 name N rule 20 action drop\n"
        "set firewall ipv4 name N rule 20 protocol tcp\n",
        [("N", 20)],
    ),
]


@pytest.mark.parametrize(
    ("platform", "text", "dead"),
    CONFIGURATIONS,
    ids=[f"{one[0]} {one[2][0][0]}" for one in CONFIGURATIONS],
)
def test_only_what_somebody_wrote_is_told(platform: str, text: str, dead: list[tuple[str, int]]) -> None:
    held = state(platform, text)
    assert held.firewall_known
    found = unreachable(held)
    assert [(one["kind"], one["ruleset"], one["line"]) for one in found] == [
        ("rule", *one) for one in dead
    ], found
    assert found[0]["by"]


def test_a_translation_that_one_of_its_rules_is_reached_for_is_not_told() -> None:
    again = CONFIGURATIONS[3][1] + (
        "object network also\n host 10.0.0.9\nnat (inside,outside) source static also public\n"
    )
    held = state("cisco_asa", again)
    assert [rule.line for rule in held.rulesets["nat/reverse path"].rules] == [16, 16, 19, 19]
    assert [one["ruleset"] for one in unreachable(held)] == ["A"]
