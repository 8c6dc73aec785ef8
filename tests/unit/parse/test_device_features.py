# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of devices that decide about packets beside lists and are not modelled: nothing passes them for sure."""

from __future__ import annotations

import pytest

from tests.support.device_texts import state, verdict

FLOW = {"src": "10.1.1.5", "dst": "10.2.0.9", "protocol": "tcp", "dst_port": 443}
IOS = """\
{top}
interface GigabitEthernet0/0
 ip address 10.1.1.1 255.255.255.0
 {port}
interface GigabitEthernet0/1
 ip address 10.2.0.1 255.255.255.0
"""
NXOS = """\
hostname n1
ip access-list L
  10 permit ip any any
{top}
interface Ethernet1/1
  no switchport
  ip address 10.1.1.1/24
  {port}
interface Ethernet1/2
  no switchport
  ip address 10.2.0.1/24
"""
XR = """\
hostname x1
{top}
interface GigabitEthernet0/0/0/0
 ipv4 address 10.1.1.1 255.255.255.0
 {port}
!
interface GigabitEthernet0/0/0/1
 ipv4 address 10.2.0.1 255.255.255.0
!
"""
EOS = """\
hostname a1
{top}
interface Ethernet1
   no switchport
   ip address 10.1.1.1/24
   {port}
interface Ethernet2
   no switchport
   ip address 10.2.0.1/24
"""
TEXTS = {
    "cisco_ios": (IOS, "GigabitEthernet0/0", "GigabitEthernet0/1"),
    "cisco_nxos": (NXOS, "Ethernet1/1", "Ethernet1/2"),
    "cisco_xr": (XR, "GigabitEthernet0/0/0/0", "GigabitEthernet0/0/0/1"),
    "arista_eos": (EOS, "Ethernet1", "Ethernet2"),
}
FEATURES = [
    ("cisco_ios", "flowspec\n local-install interface-all", ""),
    ("cisco_nxos", "cts role-based enforcement", ""),
    ("cisco_nxos", "", "ip port access-group L out"),
    ("cisco_xr", "apply-group COMMON", ""),
    ("cisco_xr", "", "apply-group COMMON"),
    ("arista_eos", "", "dot1x port-control auto"),
    ("arista_eos", "", "flow-spec ipv4 ipv6"),
]


def asked(platform: str, top: str, port: str) -> str:
    text, inside, outside = TEXTS[platform]
    return verdict(
        platform, text.format(top=top, port=port), {**FLOW, "in_interface": inside, "out_interface": outside}
    )


@pytest.mark.parametrize(("platform", "top", "port"), FEATURES)
def test_what_is_not_modelled_lets_nothing_pass_for_sure(platform: str, top: str, port: str) -> None:
    assert asked(platform, "", "") == "permit"
    assert asked(platform, top, port) == "unknown"
    text, _inside, _outside = TEXTS[platform]
    assert state(platform, text.format(top=top, port=port)).not_understood


@pytest.mark.parametrize("platform", ["cisco_ios", "arista_eos"])
def test_a_switch_that_routes_nothing_may_switch_it(platform: str) -> None:
    assert asked(platform, "no ip routing", "") == "unknown"
