# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of Cisco's quality of service that drop classes of packets whole, beside the lists of an interface."""

from __future__ import annotations

import pytest

from tests.support.device_texts import verdict

FLOW = {"src": "10.1.1.5", "dst": "10.2.0.9", "protocol": "tcp", "dst_port": 443}
IOS = """\
ip access-list extended WEB
 deny tcp any any eq 80
 permit tcp any any range 1 1023
ip access-list extended ALL
 permit ip any any
class-map match-all WEB
 match access-group name WEB
class-map match-any VOICE
 match access-group name WEB
 match ip dscp ef
class-map match-all HTTP
 match protocol http
policy-map CHILD
 class class-default
  drop
policy-map P
 class {name}
  {action}
 class class-default
  fair-queue
interface GigabitEthernet0/1
 ip address 10.1.1.1 255.255.255.0
 ip access-group ALL in
 {line}
interface GigabitEthernet0/2
 ip address 10.2.0.1 255.255.255.0
"""
ENDS = {"in_interface": "GigabitEthernet0/1", "out_interface": "GigabitEthernet0/2"}


@pytest.mark.parametrize(
    ("name", "action", "line", "port", "wanted"),
    [
        ("WEB", "drop", "service-policy input P", 443, "deny"),
        ("WEB", "drop", "service-policy input P", 80, "permit"),
        ("WEB", "drop", "service-policy input P", 5432, "permit"),
        ("WEB", "drop", "service-policy output P", 443, "permit"),
        ("WEB", "drop", "service-policy input P\n no service-policy input P", 443, "permit"),
        ("WEB", "police 8000 conform-action drop exceed-action drop", "service-policy input P", 443, "deny"),
        ("WEB", "police cir 8000\n   conform-action drop", "service-policy input P", 443, "deny"),
        # What goes beyond a rate is a matter of the rate.
        (
            "WEB",
            "police 8000 conform-action transmit exceed-action drop",
            "service-policy input P",
            443,
            "permit",
        ),
        ("WEB", "bandwidth percent 10", "service-policy input P", 443, "permit"),
        ("VOICE", "drop", "service-policy input P", 5432, "unknown"),
        ("HTTP", "drop", "service-policy input P", 443, "unknown"),
        ("WEB", "service-policy CHILD", "service-policy input P", 443, "unknown"),
        ("NOWHERE", "drop", "service-policy input P", 443, "unknown"),
        ("class-default", "drop", "service-policy input P", 5432, "deny"),
        ("WEB", "drop", "service-policy input NOWHERE", 443, "permit"),
    ],
)
def test_what_a_policy_of_ios_drops(name: str, action: str, line: str, port: int, wanted: str) -> None:
    text = IOS.format(name=name, action=action, line=line)
    assert verdict("cisco_ios", text, {**FLOW, **ENDS, "dst_port": port}) == wanted


@pytest.mark.parametrize(
    "line", ["xconnect 10.9.9.9 5 encapsulation mpls", "authentication port-control auto"]
)
def test_ports_that_route_no_packets_or_ask_who_is_there(line: str) -> None:
    text = IOS.format(name="WEB", action="drop", line=line)
    assert verdict("cisco_ios", text, {**FLOW, **ENDS}) == "unknown"


OTHERS = {
    "cisco_xr": """\
class-map match-any C
 match access-group ipv4 L
 end-class-map
!
policy-map P
 class C
  {action}
 !
 end-policy-map
!
interface GigabitEthernet0/1
 ipv4 address 10.1.1.1 255.255.255.0
 service-policy input P
!
interface GigabitEthernet0/2
 ipv4 address 10.2.0.1 255.255.255.0
!
""",
    "cisco_nxos": """\
class-map type qos match-any C
  match access-group name L
policy-map type qos P
  class C
    {action}
interface GigabitEthernet0/1
  ip address 10.1.1.1/24
  service-policy type qos input P
interface GigabitEthernet0/2
  ip address 10.2.0.1/24
""",
}


@pytest.mark.parametrize("platform", OTHERS)
@pytest.mark.parametrize(
    ("action", "wanted"),
    [("drop", "unknown"), ("police cir 8000 conform drop", "unknown"), ("set dscp ef", "permit")],
)
def test_a_policy_of_xr_and_nxos_that_drops_is_not_followed(platform: str, action: str, wanted: str) -> None:
    assert verdict(platform, OTHERS[platform].format(action=action), {**FLOW, **ENDS}) == wanted
