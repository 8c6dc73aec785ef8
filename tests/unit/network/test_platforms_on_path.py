# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same path policy over a device of each platform, which lets a part of the apps to the database, or all of them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support import asa_texts, device_texts
from tests.support.states import host

POLICY = {
    "requiredPaths": [{"name": "p", "from": {"group": "app"}, "to": {"group": "db"}, "service": "postgresql"}]
}
ALL, HALF = ("24", "255.255.255.0"), ("25", "255.255.255.128")
# Platform -> its configuration, with {length} and {mask} of the apps that it lets through, and its routes.
DEVICES = {
    "cisco_asa": (
        f"{asa_texts.APP_AND_DB}"
        "access-list APP extended permit tcp 10.10.1.0 {mask} host 10.20.1.10 eq 5432\n"
        "access-group APP in interface app\n",
        asa_texts.APP_AND_DB_ROUTES,
    ),
    "cisco_nxos": (
        """\
        interface Ethernet1/1
          no switchport
          ip address 10.10.1.1/24
          ip access-group A in
        interface Ethernet1/2
          no switchport
          ip address 10.20.1.1/24
        ip access-list A
          10 permit tcp 10.10.1.0/{length} host 10.20.1.10 eq 5432
        """,
        """\
        IP Route Table for VRF "default"
        '*' denotes best ucast next-hop

        10.10.1.0/24, ubest/mbest: 1/0, attached
            *via 10.10.1.1, Eth1/1, [0/0], 1w5d, direct
        10.20.1.0/24, ubest/mbest: 1/0, attached
            *via 10.20.1.1, Eth1/2, [0/0], 1w5d, direct
        """,
    ),
    "cisco_xr": (
        """\
        ipv4 access-list A
         10 permit tcp 10.10.1.0/{length} host 10.20.1.10 eq 5432
        interface GigabitEthernet0/0/0/0
         ipv4 address 10.10.1.1 255.255.255.0
         ipv4 access-group A ingress
        interface GigabitEthernet0/0/0/1
         ipv4 address 10.20.1.1 255.255.255.0
        """,
        """\
        C    10.10.1.0/24 is directly connected, 1w2d, GigabitEthernet0/0/0/0
        L    10.10.1.1/32 is directly connected, 1w2d, GigabitEthernet0/0/0/0
        C    10.20.1.0/24 is directly connected, 1w2d, GigabitEthernet0/0/0/1
        L    10.20.1.1/32 is directly connected, 1w2d, GigabitEthernet0/0/0/1
        """,
    ),
    "arista_eos": (
        """\
        ip routing
        interface Ethernet1
           no switchport
           ip address 10.10.1.1/24
           ip access-group A in
        interface Ethernet2
           no switchport
           ip address 10.20.1.1/24
        ip access-list A
           10 permit tcp 10.10.1.0/{length} host 10.20.1.10 eq 5432
        """,
        """\
        VRF: default

        Gateway of last resort is not set

         C        10.10.1.0/24 is directly connected, Ethernet1
         C        10.20.1.0/24 is directly connected, Ethernet2
        """,
    ),
    "juniper_junos": (
        """\
        set interfaces ge-0/0/0 unit 0 family inet address 10.10.1.1/24
        set interfaces ge-0/0/1 unit 0 family inet address 10.20.1.1/24
        set security zones security-zone app interfaces ge-0/0/0.0
        set security zones security-zone db interfaces ge-0/0/1.0
        set security address-book global address apps 10.10.1.0/{length}
        set security address-book global address dbs 10.20.1.10/32
        set applications application pg protocol tcp
        set applications application pg destination-port 5432
        set security policies from-zone app to-zone db policy p match source-address apps
        set security policies from-zone app to-zone db policy p match destination-address dbs
        set security policies from-zone app to-zone db policy p match application pg
        set security policies from-zone app to-zone db policy p then permit
        """,
        """\
        inet.0: 2 destinations, 2 routes (2 active, 0 holddown, 0 hidden)
        + = Active Route, - = Last Active, * = Both

        10.10.1.0/24       *[Direct/0] 2w1d 04:09:01
                            >  via ge-0/0/0.0
        10.20.1.0/24       *[Direct/0] 2w1d 04:09:01
                            >  via ge-0/0/1.0
        """,
    ),
    "fortinet": (
        """\
        config system interface
            edit "port1"
                set vdom "root"
                set ip 10.10.1.1 255.255.255.0
            next
            edit "port2"
                set vdom "root"
                set ip 10.20.1.1 255.255.255.0
            next
        end
        config firewall address
            edit "apps"
                set subnet 10.10.1.0 {mask}
            next
            edit "db"
                set subnet 10.20.1.10 255.255.255.255
            next
        end
        config firewall service custom
            edit "pg"
                set tcp-portrange 5432
            next
        end
        config firewall policy
            edit 7
                set srcintf "port1"
                set dstintf "port2"
                set srcaddr "apps"
                set dstaddr "db"
                set action accept
                set schedule "always"
                set service "pg"
            next
        end
        """,
        """\
        Routing table for VRF=0
        C       10.10.1.0/24 is directly connected, port1
        C       10.20.1.0/24 is directly connected, port2
        """,
    ),
    "paloalto_panos": (
        """\
        set network interface ethernet ethernet1/1 layer3 ip 10.10.1.1/24
        set network interface ethernet ethernet1/2 layer3 ip 10.20.1.1/24
        set network virtual-router default interface [ ethernet1/1 ethernet1/2 ]
        set zone app network layer3 ethernet1/1
        set zone db network layer3 ethernet1/2
        set address apps ip-netmask 10.10.1.0/{length}
        set address db1 ip-netmask 10.20.1.10/32
        set service pg protocol tcp port 5432
        set rulebase security rules r1 from app
        set rulebase security rules r1 to db
        set rulebase security rules r1 source apps
        set rulebase security rules r1 destination db1
        set rulebase security rules r1 application any
        set rulebase security rules r1 service pg
        set rulebase security rules r1 action allow
        """,
        """\
        VIRTUAL ROUTER: default (id 1)
          ==========
        destination        nexthop        metric flags      age   interface          next-AS
        10.10.1.0/24       10.10.1.1      0      A C              ethernet1/1
        10.10.1.1/32       0.0.0.0        0      A H
        10.20.1.0/24       10.20.1.1      0      A C              ethernet1/2
        10.20.1.1/32       0.0.0.0        0      A H
        total routes shown: 4
        """,
    ),
    "vyos": (
        """\
        set interfaces ethernet eth0 address 10.10.1.1/24
        set interfaces ethernet eth1 address 10.20.1.1/24
        set interfaces ethernet eth0 firewall in name A
        set interfaces ethernet eth1 firewall in name BACK
        set firewall name A default-action drop
        set firewall name A rule 10 action accept
        set firewall name A rule 10 protocol tcp
        set firewall name A rule 10 source address 10.10.1.0/{length}
        set firewall name A rule 10 destination port 5432
        set firewall name BACK default-action drop
        set firewall name BACK rule 10 action accept
        set firewall name BACK rule 10 state established enable
        """,
        """\
        C>* 10.10.1.0/24 is directly connected, eth0, 00:12:13
        C>* 10.20.1.0/24 is directly connected, eth1, 00:12:13
        """,
    ),
}


def path(platform: str, apps: tuple[str, str], change: tuple[str, str] = ("", "")) -> dict[str, Any]:
    config, routes = DEVICES[platform]
    text = config.replace("{length}", apps[0]).replace("{mask}", apps[1]).replace(*change)
    states = {
        "app1": host("app1", {"eth0": ["10.10.1.5/24"]}, {"0.0.0.0/0": ["10.10.1.1 eth0"]}),
        "app2": host("app2", {"eth0": ["10.10.1.200/24"]}, {"0.0.0.0/0": ["10.10.1.1 eth0"]}),
        "r1": device_texts.state(platform, text, routes4=routes),
        "db1": host("db1", {"eth0": ["10.20.1.10/24"]}, {"0.0.0.0/0": ["10.20.1.1 eth0"]}),
    }
    groups = {"app": ["app1", "app2"], "db": ["db1"], "all": list(states)}
    found: dict[str, Any] = validate(load_policy(POLICY), states, groups)["paths"][0]
    return found


@pytest.mark.parametrize("platform", DEVICES)
def test_open(platform: str) -> None:
    found = path(platform, ALL)
    assert (found["status"], found["satisfied"]) == ("open", "yes")


@pytest.mark.parametrize("platform", DEVICES)
def test_fault_3_a_narrowed_mask(platform: str) -> None:
    found = path(platform, HALF)
    assert (found["status"], found["cut"]["hosts"]) == ("partial", ["app2"])
    assert {rule["host"] for item in found["deciding"] for rule in item["rules"]} == {"r1"}


# What undoes the binding, and what the path is then.
UNBOUND = {
    "cisco_asa": ("access-group APP in interface app", "blocked"),  # from level 50 to 80
    "cisco_nxos": ("ip access-group A in", "open"),
    "cisco_xr": ("ipv4 access-group A ingress", "open"),
    "arista_eos": ("ip access-group A in", "open"),
    "juniper_junos": ("set security zones security-zone app interfaces ge-0/0/0.0", "blocked"),
    "paloalto_panos": ("set zone app network layer3 ethernet1/1", "blocked"),
    "vyos": ("set interfaces ethernet eth0 firewall in name A\n", "open"),
}


@pytest.mark.parametrize("platform", UNBOUND)
def test_fault_13_and_14_a_list_unbound_or_an_interface_without_its_zone(platform: str) -> None:
    line, status = UNBOUND[platform]
    assert path(platform, ALL, (line, ""))["status"] == status


def test_fault_11_packets_of_open_connections_are_refused() -> None:
    accepts = "set firewall name BACK rule 10 action accept"
    found = path("vyos", ALL, (accepts, accepts.replace("accept", "drop")))
    assert (found["status"], {item["direction"] for item in found["deciding"]}) == ("blocked", {"reply"})


def test_fault_14_a_policy_for_another_interface() -> None:
    found = path("fortinet", ALL, ('set srcintf "port1"', 'set srcintf "port2"'))
    assert (found["status"], {item["direction"] for item in found["deciding"]}) == ("blocked", {"new"})
