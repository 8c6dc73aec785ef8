# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that rules of devices name: one that is changed is a change of the firewall, and named as the cause."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.rulediff import rule_diff
from tests.support.device_texts import state

_PANOS = """
set zone trust network layer3 ethernet1/1
set address app-net ip-netmask 10.10.1.0/24
set address db ip-netmask 10.20.1.10/32
set address-group apps static [ app-net db ]
set rulebase security rules r from any to any source apps destination db service any application any action allow
"""
_FORTIOS = """config firewall address
    edit "app-net"
        set subnet 10.10.1.0 255.255.255.0
    next
end
config firewall addrgrp
    edit "apps"
        set member "app-net"
    next
end
config firewall policy
    edit 1
        set srcintf "any"
        set dstintf "any"
        set srcaddr "apps"
        set dstaddr "all"
        set action accept
        set schedule "always"
        set service "ALL"
    next
end
"""
# Platform, configuration, what is written otherwise, the object's name.
OBJECTS = [
    (
        "cisco_ios",
        "object-group network APPNET\n 10.10.1.0 255.255.255.0\nip access-list extended A\n"
        " permit ip object-group APPNET any\n",
        ("10.10.1.0 255.255.255.0", "10.10.1.0 255.255.255.192"),
        "object-group network APPNET",
    ),
    (
        "cisco_nxos",
        "object-group ip address APPNET\n  10 10.10.1.0/24\nip access-list A\n  10 permit ip addrgroup APPNET any\n",
        ("10.10.1.0/24", "10.10.1.0/26"),
        "object-group ip address APPNET",
    ),
    (
        "cisco_xr",
        "object-group network ipv4 APPNET\n 10.10.1.0/24\n!\nipv4 access-list A\n 10 permit ipv4 net-group APPNET any\n",
        ("10.10.1.0/24", "10.10.1.0/26"),
        "object-group network ipv4 APPNET",
    ),
    (
        "juniper_junos",
        "set policy-options prefix-list APPNET 10.10.1.0/24\nset firewall family inet filter F term t from "
        "source-prefix-list APPNET\nset firewall family inet filter F term t then accept\n",
        ("10.10.1.0/24", "10.10.1.0/26"),
        "prefix-list APPNET",
    ),
    (
        "juniper_junos",
        "set security address-book global address app-net 10.10.1.0/24\nset security policies global policy p match "
        "source-address app-net destination-address any application any\nset security policies global policy p then "
        "permit\n",
        ("10.10.1.0/24", "10.10.1.0/26"),
        "address-book global address app-net",
    ),
    ("paloalto_panos", _PANOS, ("10.10.1.0/24", "10.10.1.0/26"), "address app-net"),
    ("paloalto_panos", _PANOS, ("[ app-net db ]", "db"), "address-group apps"),
    ("fortinet", _FORTIOS, ("255.255.255.0", "255.255.255.192"), "firewall address app-net"),
]


@pytest.mark.parametrize(
    ("platform", "text", "change", "name"), OBJECTS, ids=[f"{one[0]} {one[3]}" for one in OBJECTS]
)
def test_a_changed_object_is_named_with_what_it_lost(
    platform: str, text: str, change: tuple[str, str], name: str
) -> None:
    before, after = state(platform, text), state(platform, text.replace(*change))
    assert before.firewall_known
    assert before.fingerprint["static"] != after.fingerprint["static"]
    found = [one for one in rule_diff(before, after) if one.get("set") == name]
    assert [one["change"] for one in found] == ["members"], rule_diff(before, after)
    assert found[0]["removed"]


@pytest.mark.parametrize("line", ['        set comment "new"\n', "        set color 3\n"])
def test_what_decides_about_no_packet_is_no_change(line: str) -> None:
    before = state("fortinet", _FORTIOS)
    after = state("fortinet", _FORTIOS.replace("        set subnet", f"{line}        set subnet"))
    assert before.fingerprint == after.fingerprint
