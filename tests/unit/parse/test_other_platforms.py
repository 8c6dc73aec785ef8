# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that is taken for one of another platform, or that ends before its interfaces do, is not read."""

from __future__ import annotations

import pytest

from tests.support.device_texts import state, verdict

SSH = {"src": "10.1.1.7", "dst": "10.2.0.10", "protocol": "tcp", "dst_port": 22}
# Each permits nothing to port 22 but from elsewhere than 10.1.1.0/24. With what a device prints above, and as a part.
TEXTS = {
    "cisco_ios": """\
version 15.9
hostname r1
interface GigabitEthernet0/0
 ip address 10.1.1.1 255.255.255.0
 ip access-group A in
interface GigabitEthernet0/1
 ip address 10.2.0.1 255.255.255.0
ip access-list extended A
 deny ip any any
end
""",
    "cisco_nxos": """\
version 9.3(5) Bios:version
hostname n1
feature interface-vlan
ip access-list A
  10 deny ip any any
interface Vlan10
  ip access-group A in
  ip address 10.1.1.1/24
interface Vlan20
  ip address 10.2.0.1/24
line vty
""",
    "cisco_xr": """\
ipv4 access-list A
 10 deny ipv4 any any
!
interface GigabitEthernet0/0/0/0
 ipv4 address 10.1.1.1 255.255.255.0
 ipv4 access-group A ingress
!
interface GigabitEthernet0/0/0/1
 ipv4 address 10.2.0.1 255.255.255.0
!
""",
    "cisco_asa": """\
hostname fw
interface GigabitEthernet0/0
 nameif outside
 security-level 100
 ip address 10.1.1.1 255.255.255.0
interface GigabitEthernet0/1
 nameif inside
 security-level 0
 ip address 10.2.0.1 255.255.255.0
access-list A extended deny ip any any
access-group A in interface outside
""",
    "arista_eos": """\
! Command: show running-config
! device: a1 (DCS-7050, EOS-4.28.3M)
hostname a1
interface Ethernet1
   no switchport
   ip address 10.1.1.1/24
   ip access-group A in
interface Ethernet2
   no switchport
   ip address 10.2.0.1/24
ip access-list A
   10 deny ip any any
end
""",
    "juniper_junos": """\
set system host-name j1
set interfaces ge-0/0/0 unit 0 family inet filter input A
set interfaces ge-0/0/0 unit 0 family inet address 10.1.1.1/24
set interfaces ge-0/0/1 unit 0 family inet address 10.2.0.1/24
set firewall family inet filter A term x then discard
""",
    "paloalto_panos": """\
set deviceconfig system hostname p1
set network interface ethernet ethernet1/1 layer3 ip 10.1.1.1/24
set network interface ethernet ethernet1/2 layer3 ip 10.2.0.1/24
set zone a network layer3 ethernet1/1
set zone b network layer3 ethernet1/2
""",
    "fortinet": """\
config system interface
    edit "port1"
        set ip 10.1.1.1 255.255.255.0
    next
    edit "port2"
        set ip 10.2.0.1 255.255.255.0
    next
end
config firewall policy
end
""",
    "vyos": """\
set interfaces ethernet eth1 address '10.1.1.1/24'
set interfaces ethernet eth2 address '10.2.0.1/24'
set interfaces ethernet eth1 firewall in name 'A'
set firewall name A default-action 'drop'
""",
}


@pytest.mark.parametrize("platform", TEXTS)
@pytest.mark.parametrize("given", TEXTS)
def test_a_text_of_another_platform_permits_nothing(platform: str, given: str) -> None:
    found = state(platform, TEXTS[given])
    if platform == given:
        assert found.firewall_known
        assert len(found.interfaces) == 2
        return
    assert not found.firewall_known
    assert found.unreadable[0]["what"] == "running_config"
    assert verdict(platform, TEXTS[given], SSH) == "unknown"


def test_the_reason_names_the_platform_and_the_line() -> None:
    found = state("cisco_nxos", TEXTS["cisco_asa"])
    assert [item for item in found.unreadable if not item["what"].startswith("routes")] == [
        {
            "what": "running_config",
            "reason": "the text is of Cisco ASA, not of Cisco NX-OS: it has 'nameif outside'",
        }
    ]


WHOLE = f"!Command: show running-config\n!Time: Mon Oct  9 09:00:00 2023\n\n{TEXTS['cisco_nxos']}"


@pytest.mark.parametrize(
    "last", ["interface Vlan20\n", "  ip access-group A in\n", "  10 deny ip any any\n", "n1\n"]
)
def test_a_configuration_of_nxos_that_ends_with_its_interfaces_is_cut_off(last: str) -> None:
    assert state("cisco_nxos", WHOLE).firewall_known
    cut = WHOLE[: WHOLE.index(last) + len(last)]
    assert "cut off" in state("cisco_nxos", cut).unreadable[0]["reason"]


def test_a_part_of_a_configuration_of_nxos_has_no_end() -> None:
    part = WHOLE.replace("show running-config", "show running-config aclmgr").replace("line vty\n", "")
    assert state("cisco_nxos", part).firewall_known
