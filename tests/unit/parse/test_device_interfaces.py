# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices show of their interfaces, by ntc-templates: links that are down, addresses that DHCP gave."""

from __future__ import annotations

from textwrap import dedent

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Interface, State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.config import facts, interface_facts
from tests.support import device_texts

IOS = """\
GigabitEthernet0/0 is up, line protocol is up
  Hardware is iGbE, address is 5254.0000.0001 (bia 5254.0000.0001)
  Internet address is 192.0.2.5/24
  MTU 1500 bytes, BW 1000000 Kbit/sec, DLY 10 usec,
GigabitEthernet0/1 is administratively down, line protocol is down
  Hardware is iGbE, address is 5254.0000.0002 (bia 5254.0000.0002)
GigabitEthernet0/2 is up, line protocol is down
  Hardware is iGbE, address is 5254.0000.0003 (bia 5254.0000.0003)
"""
# Platform -> what it shows, and whether the links are up and which address they have.
SHOWN: dict[str, tuple[str, dict[str, tuple[bool, list[str]]]]] = {
    "cisco_ios": (
        IOS,
        {
            "GigabitEthernet0/0": (True, ["192.0.2.5/24"]),
            "GigabitEthernet0/1": (False, []),
            "GigabitEthernet0/2": (False, []),
        },
    ),
    "cisco_nxos": (
        """\
        Ethernet1/1 is up
        admin state is up, Dedicated Interface
          Hardware: 1000/10000 Ethernet, address: 5254.0000.0001 (bia 5254.0000.0001)
          Internet Address is 192.0.2.5/24
          MTU 1500 bytes, BW 1000000 Kbit , DLY 10 usec
        Ethernet1/2 is down (Administratively down)
        admin state is down, Dedicated Interface
        """,
        {"Ethernet1/1": (True, ["192.0.2.5/24"]), "Ethernet1/2": (False, [])},
    ),
    "arista_eos": (
        """\
        Ethernet1 is up, line protocol is up (connected)
          Hardware is Ethernet, address is 5254.0000.0001 (bia 5254.0000.0001)
          Internet address is 192.0.2.5/24
        Ethernet2 is administratively down, line protocol is notpresent (notconnect)
          Hardware is Ethernet, address is 5254.0000.0002 (bia 5254.0000.0002)
        """,
        {"Ethernet1": (True, ["192.0.2.5/24"]), "Ethernet2": (False, [])},
    ),
    "cisco_asa": (
        """\
        Interface GigabitEthernet0/0 "outside", is up, line protocol is up
          Hardware is i82540EM rev03, BW 1000 Mbps, DLY 10 usec
        \tIP address 192.0.2.5, subnet mask 255.255.255.0
        Interface GigabitEthernet0/1 "inside", is administratively down, line protocol is down
          Hardware is i82540EM rev03, BW 1000 Mbps, DLY 10 usec
        \tIP address unassigned
        """,
        {"outside": (True, ["192.0.2.5/24"]), "inside": (False, [])},
    ),
}


def state_of(platform: str, text: str, *interfaces: Interface) -> State:
    state = State("r1", platform)
    state.interfaces = {one.name: one for one in interfaces}
    facts.add(state, {"interfaces": RawOutput("interfaces", "show interfaces", None, text)})
    return state


@pytest.mark.parametrize("platform", SHOWN)
def test_links_and_addresses(platform: str) -> None:
    text, expected = SHOWN[platform]
    state = state_of(platform, dedent(text), *(Interface(name) for name in expected))
    assert [item for item in state.unreadable if not item["what"].startswith("routes")] == []
    assert {one.name: (one.up, one.addresses) for one in state.interfaces.values()} == expected


def test_the_configuration_knows_its_addresses_better() -> None:
    configured = Interface("GigabitEthernet0/0", ["192.0.2.1/24", "2001:db8::1/64"])
    state = state_of("cisco_ios", IOS, configured)
    assert state.interfaces["GigabitEthernet0/0"].addresses == ["192.0.2.1/24", "2001:db8::1/64"]


def test_interfaces_that_the_configuration_does_not_have_are_not_made() -> None:
    assert list(state_of("cisco_ios", IOS, Interface("GigabitEthernet0/0")).interfaces) == [
        "GigabitEthernet0/0"
    ]


@pytest.mark.parametrize(
    "text", ["", "% Invalid input detected at '^' marker.\n", "zqx\n", f"{'9' * 5000}\n"]
)
def test_what_tells_nothing(text: str) -> None:
    state = state_of("cisco_ios", text, Interface("GigabitEthernet0/0"))
    assert [item["what"] for item in state.unreadable if not item["what"].startswith("routes")] == [
        "interfaces"
    ]
    assert state.interfaces["GigabitEthernet0/0"].up


def test_without_ntc_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interface_facts, "NTC_ERROR", ImportError("No module named 'ntc_templates'"))
    state = state_of("cisco_ios", IOS, Interface("GigabitEthernet0/1"))
    assert "ntc-templates" in state.unreadable[0]["reason"]
    assert state.interfaces["GigabitEthernet0/1"].up


def test_templates_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interface_facts, "parse_output", lambda *_asked: [{"intf": "GigabitEthernet0/1"}])
    state = state_of("cisco_ios", IOS, Interface("GigabitEthernet0/1"))
    assert "'interface'" in state.unreadable[0]["reason"]


SHARED = {
    "cisco_ios": (
        """\
        interface GigabitEthernet0/0
         ip address 10.10.1.2 255.255.255.0
         standby 1 ip 10.10.1.1
         standby 1 priority 110
        interface GigabitEthernet0/1
         ip address 10.20.1.2 255.255.255.0
         vrrp 7 address-family ipv4
          priority 110
          address 10.20.1.1 primary
        interface GigabitEthernet0/2
         ip address 10.30.1.2 255.255.255.0
        """,
        {
            "GigabitEthernet0/0": ["10.10.1.2/24", "10.10.1.1/24"],
            "GigabitEthernet0/1": ["10.20.1.2/24", "10.20.1.1/24"],
            "GigabitEthernet0/2": ["10.30.1.2/24"],
        },
    ),
    "cisco_nxos": (
        """\
        interface Vlan10
          no shutdown
          ip address 10.10.1.2/24
          hsrp version 2
          hsrp 10
            priority 110
            ip 10.10.1.1
          description ip 10.10.1.9
        interface Vlan20
          ip address 10.20.1.2/24
          vrrp 20
            address 10.20.1.1
        """,
        {"Vlan10": ["10.10.1.2/24", "10.10.1.1/24"], "Vlan20": ["10.20.1.2/24", "10.20.1.1/24"]},
    ),
    "arista_eos": (
        """\
        interface Vlan10
           ip address 10.10.1.2/24
           ip virtual-router address 10.10.1.1
        interface Vlan20
           ip address 10.20.1.2/24
           vrrp 20 ipv4 10.20.1.1
        """,
        {"Vlan10": ["10.10.1.2/24", "10.10.1.1/24"], "Vlan20": ["10.20.1.2/24", "10.20.1.1/24"]},
    ),
    "cisco_xr": (
        """\
        interface Bundle-Ether1.10
         ipv4 address 10.10.1.2 255.255.255.0
        !
        interface GigabitEthernet0/0/0/1
         ipv4 address 10.20.1.2 255.255.255.0
        !
        router hsrp
         interface Bundle-Ether1.10
          address-family ipv4
           hsrp 10 version 2
            priority 110
            address 10.10.1.1
           !
          !
         !
        !
        router vrrp
         interface GigabitEthernet0/0/0/1
          address-family ipv4
           vrrp 20
            address 10.20.1.1
           !
          !
         !
        !
        router static
         interface GigabitEthernet0/0/0/1
          address 10.20.1.9
        """,
        {
            "Bundle-Ether1.10": ["10.10.1.2/24", "10.10.1.1/24"],
            "GigabitEthernet0/0/0/1": ["10.20.1.2/24", "10.20.1.1/24"],
        },
    ),
    "juniper_junos": (
        """\
        set interfaces ge-0/0/0 unit 0 family inet address 10.10.1.2/24 vrrp-group 1 virtual-address 10.10.1.1
        set interfaces ge-0/0/0 unit 0 family inet6 address 2001:db8:1::2/64 vrrp-inet6-group 1 virtual-inet6-address 2001:db8:1::1
        set interfaces irb unit 20 family inet address 10.20.1.2/24 virtual-gateway-address 10.20.1.1
        """,
        {
            "ge-0/0/0.0": ["10.10.1.2/24", "2001:db8:1::2/64", "10.10.1.1/24", "2001:db8:1::1/64"],
            "irb.20": ["10.20.1.2/24", "10.20.1.1/24"],
        },
    ),
    "vyos": (
        """\
        set interfaces ethernet eth1 address 10.10.1.2/24
        set interfaces ethernet eth2 address 10.20.1.2/24
        set high-availability vrrp group A interface eth1
        set high-availability vrrp group A address 10.10.1.1/24
        set high-availability vrrp group B interface eth2
        set high-availability vrrp group B virtual-address 10.20.1.1
        """,
        {"eth1": ["10.10.1.2/24", "10.10.1.1/24"], "eth2": ["10.20.1.2/24", "10.20.1.1/24"]},
    ),
    "fortinet": (
        """\
        config system interface
            edit "port1"
                set ip 10.10.1.2 255.255.255.0
                config vrrp
                    edit 5
                        set vrip 10.10.1.1
                    next
                    edit 6
                        set vrip 10.10.1.9
                        set status disable
                    next
                end
            next
        end
        """,
        {"port1": ["10.10.1.2/24", "10.10.1.1/24"]},
    ),
}


@pytest.mark.parametrize("platform", SHARED)
def test_addresses_that_routers_share(platform: str) -> None:
    text, expected = SHARED[platform]
    state = device_texts.state(platform, text)
    assert {one.name: one.addresses for one in state.interfaces.values()} == expected
