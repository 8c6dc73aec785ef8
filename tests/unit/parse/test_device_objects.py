# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that rules of devices name: one that is changed is a change of the firewall, and named as the cause."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
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
_ASA = """object network h1
 host 10.10.1.5
object-group network INNER
 network-object object h1
 network-object 10.10.2.0 255.255.255.0
object-group network APPNET
 group-object INNER
object-group service SVC
 service-object tcp destination eq 5432
access-list A extended permit object-group SVC object-group APPNET any
access-list A extended permit tcp object-group APPNET any eq 80
"""
_VYOS = """set firewall group address-group APPS address 10.10.1.5
set firewall group address-group APPS address 10.10.1.6
set firewall group port-group P port 5432
set firewall ipv4 name N rule 10 action accept
set firewall ipv4 name N rule 10 protocol tcp
set firewall ipv4 name N rule 10 source group address-group APPS
set firewall ipv4 name N rule 10 destination group port-group P
"""
_EOS = """traffic-policies
   field-set ipv4 prefix APPS
      10.10.1.0/24 10.10.2.0/24
   traffic-policy T
      match a ipv4
         source prefix field-set APPS
         !
         actions
            drop
      !
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
    ("cisco_asa", _ASA, ("host 10.10.1.5", "host 10.10.1.6"), "object network h1"),
    ("cisco_asa", _ASA, (" network-object 10.10.2.0 255.255.255.0\n", ""), "object-group network INNER"),
    ("cisco_asa", _ASA, ("eq 5432", "eq 5433"), "object-group service SVC"),
    ("vyos", _VYOS, ("10.10.1.6", "10.10.1.7"), "address-group APPS"),
    ("vyos", _VYOS, ("port 5432", "port 5433"), "port-group P"),
    ("arista_eos", _EOS, ("10.10.2.0/24", "10.10.2.0/26"), "field-set ipv4 APPS"),
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


def _named(before: str, after: str, platform: str) -> list[dict[str, Any]]:
    """What firewall_diff says did it, once each."""
    changes = firewall_difference(state(platform, before), state(platform, after), None, 9)
    assert changes
    return list({repr(rule): rule for one in changes for rule in one["rules"]}.values())


@pytest.mark.parametrize(
    ("platform", "text", "change", "name"), OBJECTS, ids=[f"{one[0]} {one[3]}" for one in OBJECTS]
)
def test_a_difference_names_the_object_and_not_the_rule_that_says_what_it_said(
    platform: str, text: str, change: tuple[str, str], name: str
) -> None:
    (found,) = _named(text, text.replace(*change), platform)
    assert (found["change"], found["set"]) == ("members", name)
    assert found["removed"]


def test_a_rule_that_changed_itself_is_named_and_no_object_that_only_others_name() -> None:
    after = _ASA.replace("host 10.10.1.5", "host 10.10.1.6").replace("any eq 80", "any eq 81")
    found = _named(_ASA, after, "cisco_asa")
    assert {one.get("set") or one["after"]["text"].rpartition(" ")[2] for one in found} == {
        "object network h1",
        "81",
    }
    lone = "object network other\n host 10.9.9.9\n"
    before = lone + _ASA
    (rule,) = _named(before, before.replace("10.9.9.9", "10.9.9.8").replace("eq 80", "eq 81"), "cisco_asa")
    assert rule["change"] == "changed"


def test_a_group_that_is_written_as_a_set_is_told_as_the_object_that_changed() -> None:
    hosts = "".join(f" network-object host 10.1.{number}.1\n" for number in range(60))
    text = f"object-group network MANY\n{hosts}object-group network AROUND\n group-object MANY\n"
    text += "access-list A extended permit ip object-group AROUND any\n"
    (found,) = _named(text, text.replace(" network-object host 10.1.7.1\n", ""), "cisco_asa")
    assert (found["set"], found["removed"]) == ("object-group network MANY", ["network-object host 10.1.7.1"])


def test_names_of_several_words() -> None:
    text = _FORTIOS.replace('"app-net"', '"app net"').replace('edit "apps"', 'edit "net"')
    text = text.replace('set srcaddr "apps"', 'set srcaddr "app net"')
    changed = text.replace("255.255.255.0", "255.255.255.192").replace(
        'set member "app net"', 'set member "app net" "all"'
    )
    (found,) = _named(text, changed, "fortinet")
    assert found["set"] == "firewall address app net"


@pytest.mark.parametrize("line", ['        set comment "new"\n', "        set color 3\n"])
def test_what_decides_about_no_packet_is_no_change(line: str) -> None:
    before = state("fortinet", _FORTIOS)
    after = state("fortinet", _FORTIOS.replace("        set subnet", f"{line}        set subnet"))
    assert before.fingerprint == after.fingerprint
