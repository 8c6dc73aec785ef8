# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where lists of Cisco NX-OS are bound, and which packets therefore pass them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.unreachable import unreachable
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.device_texts import state, verdict

WEB = {"src": "10.1.1.7", "dst": "10.2.0.10", "protocol": "tcp", "dst_port": 443}
SSH = {**WEB, "dst_port": 22}
WEB6 = {"src": "2001:db8:1::7", "dst": "2001:db8:2::10", "protocol": "tcp", "dst_port": 443}
LISTS = """
ip access-list WEB
  10 permit tcp any any eq 443
ip access-list NOSSH
  10 deny tcp any any eq 22
  20 permit ip any any
ipv6 access-list WEB6
  10 permit tcp any any eq 443
ip access-list EMPTY
ip access-list WORDS
  10 remark nothing yet
ip access-list BRIDGED
  ignore routable
  10 deny tcp any any eq 22
"""
# Ports without lists.
OTHERS = "interface Ethernet1/1-3\n  no switchport\ninterface Vlan10\ninterface Vlan20\ninterface Vlan30\n"


def asked(interfaces: str, flow: dict[str, Any], **by: str) -> str:
    return verdict("cisco_nxos", OTHERS + LISTS + interfaces, {**flow, **by})


ROUTED = "interface Ethernet1/1\n  no switchport\n  ip access-group WEB in\n  ip access-group NOSSH out\n"


@pytest.mark.parametrize(
    ("flow", "by", "wanted"),
    [
        (WEB, {"in_interface": "Ethernet1/1"}, "permit"),
        (SSH, {"in_interface": "Ethernet1/1"}, "deny"),
        ({**WEB, "dst_port": 80}, {"out_interface": "Ethernet1/1", "in_interface": "Ethernet1/2"}, "permit"),
        (SSH, {"out_interface": "Ethernet1/1", "in_interface": "Ethernet1/2"}, "deny"),
        (SSH, {"in_interface": "Ethernet1/2", "out_interface": "Ethernet1/3"}, "permit"),
        # A list for IPv4 does not see IPv6.
        (WEB6, {"in_interface": "Ethernet1/1"}, "permit"),
    ],
)
def test_a_list_at_an_interface_sees_the_packets_of_its_direction(
    flow: dict[str, Any], by: dict[str, str], wanted: str
) -> None:
    assert asked(ROUTED, flow, **by) == wanted


@pytest.mark.parametrize(
    ("block", "inside", "wanted"),
    [
        ("interface Vlan10\n  ip access-group WEB in\n", "Vlan10", "deny"),
        ("interface Ethernet1/1.100\n  encapsulation dot1q 100\n  ip access-group WEB in\n", "Ethernet1/1.100", "deny"),
        ("interface port-channel5\n  no switchport\n  ip access-group WEB in\n", "port-channel5", "deny"),
        ("interface mgmt0\n  vrf member management\n  ip access-group WEB in\n", "mgmt0", "deny"),
        ("interface ethernet 1/1\n  no switchport\n  ip access-group WEB in\n", "Ethernet1/1", "deny"),
        ("interface Ethernet1/1-4\n  no switchport\n  ip access-group WEB in\n", "Ethernet1/3", "deny"),
        ("interface Ethernet1/1, Ethernet1/9\n  ip access-group WEB in\n", "Ethernet1/9", "deny"),
        ("interface Ethernet1/1\n  channel-group 5 mode active\n"
         "interface port-channel5\n  no switchport\n  ip access-group WEB in\n", "Ethernet1/1", "deny"),
        # A router list at a switch port is inactive.
        ("interface Ethernet1/1\n  switchport\n  ip access-group WEB in\n", "Ethernet1/1", "permit"),
        ("interface Ethernet1/1\n  ip access-group WEB in\n  no ip access-group WEB in\n", "Ethernet1/1", "permit"),
        ("interface Ethernet1/1\n  ip access-group WEB in\nno interface Ethernet1/1\n", "Ethernet1/1", "permit"),
        ("interface Ethernet1/1\n  ip access-group WEB in\ndefault interface e1/1\n", "Ethernet1/1", "permit"),
    ],
)  # fmt: skip
def test_lists_at_all_kinds_of_interfaces(block: str, inside: str, wanted: str) -> None:
    assert asked(block, SSH, in_interface=inside) == wanted
    assert asked(block, WEB, in_interface=inside) == "permit"


def test_traffic_filter_binds_a_list_for_ipv6() -> None:
    block = "interface Ethernet1/1\n  no switchport\n  ipv6 traffic-filter WEB6 in\n"
    assert asked(block, WEB6, in_interface="Ethernet1/1") == "permit"
    assert asked(block, {**WEB6, "dst_port": 22}, in_interface="Ethernet1/1") == "deny"


@pytest.mark.parametrize("name", ["NOWHERE", "EMPTY"])
def test_a_bound_list_that_is_undefined_or_empty_permits_all(name: str) -> None:
    """Nexus 9000 Security Configuration Guide: "When you apply an undefined ACL to an interface, the system treats the
    ACL as empty and permits all traffic"."""
    assert asked(f"interface Vlan10\n  ip access-group {name} in\n", SSH, in_interface="Vlan10") == "permit"


def test_whether_remarks_alone_deny_is_not_known() -> None:
    assert asked("interface Vlan10\n  ip access-group WORDS in\n", SSH, in_interface="Vlan10") == "unknown"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("ip verify unicast source reachable-via rx", "unknown"),
        ("ip policy route-map ELSEWHERE", "unknown"),
        ("epbr ip policy ELSEWHERE", "unknown"),
        ("dot1x port-control auto", "unknown"),
        ("dot1x port-control force-authorized", "permit"),
        ("ip nat inside", "unknown"),
        ("ip access-group WEB both", "unknown"),
        ("mac packet-classify", "unknown"),
        ("description ip access-group WEB in", "permit"),
        ("mac port access-group FRAMES", "permit"),
        ("ip igmp access-group WEB", "permit"),
        ("ip ospf cost 10", "permit"),
    ],
)
def test_other_lines_of_an_interface(line: str, wanted: str) -> None:
    block = f"interface Vlan10\n  {line}\n"
    assert asked(block, SSH, in_interface="Vlan10") == wanted
    assert bool(state("cisco_nxos", LISTS + block).not_understood) == (wanted == "unknown")


def test_a_doubt_leaves_certain_denials_certain() -> None:
    block = "interface Vlan10\n  ip verify unicast source reachable-via any\n  ip access-group WEB in\n"
    assert asked(block, SSH, in_interface="Vlan10") == "deny"
    assert asked(block, WEB, in_interface="Vlan10") == "unknown"


PORT = """
interface Ethernet1/1
  switchport
  switchport access vlan 10
  ip port access-group NOSSH in
interface Vlan10
  ip address 10.1.1.1/24
interface Vlan20
"""


@pytest.mark.parametrize(
    ("flow", "inside", "wanted"),
    [
        (SSH, "Ethernet1/1", "deny"),
        (WEB, "Ethernet1/1", "permit"),
        # By the VLAN's interface come packets of this port and of others.
        (SSH, "Vlan10", "unknown"),
        (WEB, "Vlan10", "permit"),
        (SSH, "Vlan20", "permit"),
    ],
)
def test_a_port_list(flow: dict[str, Any], inside: str, wanted: str) -> None:
    assert asked(PORT, flow, in_interface=inside) == wanted


def test_a_port_list_and_a_router_list_are_both_passed() -> None:
    both = PORT.replace("interface Vlan20", "  ip access-group WEB in\ninterface Vlan20")
    # Whether a packet of the port is routed is not known; what both permit is permitted.
    assert asked(both, SSH, in_interface="Ethernet1/1") == "deny"
    assert asked(both, {**WEB, "dst_port": 80}, in_interface="Ethernet1/1") == "unknown"
    assert asked(both, WEB, in_interface="Ethernet1/1") == "permit"


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("switchport mode trunk", "unknown"),
        ("switchport mode trunk\n  switchport trunk allowed vlan 1-5,10", "unknown"),
        ("switchport mode trunk\n  switchport trunk allowed vlan 1-5\n  switchport trunk allowed vlan add 10", "unknown"),
        ("switchport mode trunk\n  switchport trunk allowed vlan 1-9,11-4094", "permit"),
        ("switchport mode trunk\n  switchport trunk allowed vlan none", "permit"),
        ("switchport mode trunk\n  switchport trunk allowed vlan 1-5\n  switchport trunk allowed vlan except 3", "unknown"),
        ("switchport mode trunk\n  switchport trunk allowed vlan 1-5\n  no switchport trunk allowed vlan", "unknown"),
        ("switchport access vlan 11", "permit"),
        ("switchport access vlan 10\n  no switchport access vlan", "permit"),
        ("switchport access vlan 11\n  switchport voice vlan 10", "unknown"),
        ("switchport access vlan 11\n  switchport voice vlan dot1p", "permit"),
        ("switchport access vlan 11\n  switchport voice vlan name PHONES", "unknown"),
        ("switchport access vlan name APP", "unknown"),
        ("switchport acess vlan 11", "unknown"),
    ],
)  # fmt: skip
def test_the_vlans_of_a_port(mode: str, wanted: str) -> None:
    block = (
        f"interface Ethernet1/1\n  switchport\n  {mode}\n  ip port access-group NOSSH in\ninterface Vlan10\n"
    )
    assert asked(block, SSH, in_interface="Vlan10") == wanted


def test_a_port_that_says_nothing_may_be_a_port_of_the_first_vlan() -> None:
    lists = "interface Vlan1\n  ip access-group WEB in\ninterface Ethernet1/7\n"
    assert asked(lists, SSH, in_interface="Ethernet1/7") == "unknown"
    assert asked(lists, WEB, in_interface="Ethernet1/7") == "permit"
    assert asked(f"{lists}  no switchport\n", SSH, in_interface="Ethernet1/7") == "permit"


def test_ignore_routable_is_not_modelled() -> None:
    block = "interface Ethernet1/1\n  switchport\n  ip port access-group BRIDGED in\n"
    assert asked(block, SSH, in_interface="Ethernet1/1") == "unknown"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("port-profile type ethernet BASE\n  ip access-group WEB in\n"
         "port-profile type ethernet EDGE\n  inherit port-profile BASE\n"
         "interface Ethernet1/1\n  no switchport\n  inherit port-profile EDGE\n", "deny"),
        ("port-profile type ethernet BASE\n  ip access-group WEB in\n"
         "interface Ethernet1/1\n  inherit port-profile BASE\n  no switchport\n  ip access-group NOWHERE in\n", "permit"),
        ("interface Ethernet1/1\n  no switchport\n  inherit port-profile BASE\n", "unknown"),
    ],
)  # fmt: skip
def test_port_profiles(text: str, wanted: str) -> None:
    assert asked(text, SSH, in_interface="Ethernet1/1") == wanted


@pytest.mark.parametrize(
    "text",
    [
        "arp access-list ARP\n  10 permit ip any mac any\n",
        "mac access-list FRAMES\n  10 permit any any\n",
        "ip prefix-list NETS seq 5 permit 10.0.0.0/8 le 24\n",
        "route-map OUT permit 10\n  match ip address WEB\n",
        "role name ops\n  rule 1 permit read feature interface\n",
    ],
)
def test_lists_of_other_things_are_left_out(text: str) -> None:
    found = text + "interface Vlan10\n  ip access-group WEB in\n"
    assert asked(found, WEB, in_interface="Vlan10", out_interface="Vlan20") == "permit"
    assert asked(found, SSH, in_interface="Vlan10", out_interface="Vlan20") == "deny"


VLANS = """
vlan access-map GUARD 10
  match ip address WEB
  action forward
vlan access-map GUARD 20
  match ip address SECRET
  action drop
  statistics per-entry
ip access-list SECRET
  5 deny tcp host 10.1.1.8 any
  10 permit ip any 10.2.0.0/24
vlan filter GUARD vlan-list 5-9,10
interface Vlan10
  no shutdown
interface Vlan20
interface Ethernet1/1
  switchport
  switchport access vlan 10
"""


@pytest.mark.parametrize(
    ("flow", "by", "wanted"),
    [
        (WEB, {"in_interface": "Vlan10", "out_interface": "Vlan20"}, "permit"),
        (SSH, {"in_interface": "Vlan10", "out_interface": "Vlan20"}, "deny"),
        # What a list denies is no matter of its entry of the map.
        ({**SSH, "src": "10.1.1.8"}, {"in_interface": "Vlan10", "out_interface": "Vlan20"}, "unknown"),
        ({**SSH, "dst": "10.9.9.9"}, {"in_interface": "Vlan10"}, "unknown"),
        ({**SSH, "dst": "10.9.9.9"}, {"in_interface": "Vlan20", "out_interface": "Vlan10"}, "unknown"),
        ({**SSH, "dst": "10.9.9.9"}, {"in_interface": "Vlan20", "out_interface": "Vlan30"}, "permit"),
        ({**SSH, "dst": "10.9.9.9"}, {"in_interface": "Ethernet1/1"}, "unknown"),
    ],
)
def test_a_vlan_access_map(flow: dict[str, Any], by: dict[str, str], wanted: str) -> None:
    assert asked(VLANS, flow, **by) == wanted


@pytest.mark.parametrize(
    "change",
    [("action forward", "action redirect Ethernet1/9"), ("match ip address WEB", "match ip address NOWHERE"),
     ("action forward", "action forwad"), ("vlan access-map GUARD", "vlan access-map OTHER")],
)  # fmt: skip
def test_what_an_access_map_says_otherwise_is_unknown(change: tuple[str, str]) -> None:
    assert asked(VLANS.replace(*change), WEB, in_interface="Vlan10") == "unknown"


def test_a_list_that_decides_about_all_has_no_rules_behind_its_own() -> None:
    text = """
    ip access-list FOUR
      10 permit tcp any any eq 443
      20 deny ip any any
    ipv6 access-list SIX
      10 deny ipv6 any any
    interface Vlan10
      ip access-group FOUR in
      ipv6 traffic-filter SIX in
    interface Ethernet1/1
      switchport
      switchport access vlan 20
      ip port access-group FOUR in
    """
    assert unreachable(state("cisco_nxos", text)) == []


def test_interfaces_are_part_of_the_state() -> None:
    device = state(
        "cisco_nxos",
        """
        hostname leaf1
        interface Vlan10
          vrf member PROD
          ip address 10.1.1.1/24
          ip address 10.1.2.1 255.255.255.128 secondary
          ipv6 address 2001:db8::1/64
          mtu 9216
          shutdown
        interface mgmt0
          vrf member management
          ip address dhcp
        """,
    )
    found = device.interfaces
    vlan = found["Vlan10"]
    assert device.hostname == "leaf1"
    assert vlan.addresses == ["10.1.1.1/24", "10.1.2.1/25", "2001:db8::1/64"]
    assert (vlan.master, vlan.mtu, vlan.up) == ("PROD", 9216, False)
    assert (found["mgmt0"].master, found["mgmt0"].addresses) == ("management", [])


def test_the_state_survives_its_document() -> None:
    found = state("cisco_nxos", LISTS + VLANS + PORT).to_dict()
    assert State.from_dict(json.loads(json.dumps(found))).to_dict() == found
