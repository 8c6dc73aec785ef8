# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences where rules ask for what flows don't say of themselves: what is certain for those of which it is told is
lost or gained, and not only known by now."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from tests.support.device_texts import state

FORTIOS = """config system interface
    edit "port1"
        set ip 198.51.100.1 255.255.255.0
    next
    edit "port2"
        set ip 10.0.0.1 255.255.255.0
    next
end
config firewall address
    edit "app-net"
        set subnet 10.10.1.0 255.255.255.0
    next
end
config firewall vip
    edit "web"
        set extip 198.51.100.9
        set extintf "port1"
        set mappedip "10.0.0.9"
    next
end
config firewall policy
    edit 1
        set srcintf "port1"
        set dstintf "port2"
        set srcaddr "all"
        set dstaddr "web"
        set action accept
        set schedule "always"
        set service "ALL"
    next
    edit 2
        set srcintf "port2"
        set dstintf "port1"
        set srcaddr "app-net"
        set dstaddr "all"
        set action accept
        set schedule "always"
        set service "ALL"
    next
end
"""
IOS = """interface GigabitEthernet0/0
 ip address 10.0.0.1 255.255.255.0
interface GigabitEthernet0/1
 ip address 198.51.100.1 255.255.255.0
 ip access-group OUT out
ip access-list extended OUT
 permit tcp any any eq 22
 permit tcp any any eq 23
"""


def _new(platform: str, before: str, after: str) -> list[dict[str, Any]]:
    changes = firewall_difference(state(platform, before), state(platform, after), None, 9)
    return [one for one in changes if one["connection"] == "new"]


def test_what_a_policy_lost_is_lost_although_there_is_a_virtual_ip() -> None:
    narrowed = FORTIOS.replace("set subnet 10.10.1.0 255.255.255.0", "set subnet 10.10.1.0 255.255.255.192")
    (change,) = _new("fortinet", FORTIOS, narrowed)
    lost = {"src": ["10.10.1.64/26", "10.10.1.128/25"], "in_interface": ["port2"], "out_interface": ["port1"]}
    assert change["lost"]["flows"] == [{**lost, "ct_status": ["none"]}]
    # Whether the policy holds for what the virtual IP translated, no text says.
    assert change["became_known"]["deny"]["flows"] == [{**lost, "ct_status": ["dnat"]}]
    assert not change["gained"]["flows"]


def test_what_a_virtual_ip_let_in_is_lost() -> None:
    denied = FORTIOS.replace(
        'set dstaddr "web"\n        set action accept', 'set dstaddr "web"\n        set action deny'
    )
    (change,) = _new("fortinet", FORTIOS, denied)
    assert [(flow["dst"], flow["ct_status"]) for flow in change["lost"]["flows"]] == [
        (["10.0.0.9"], ["dnat"])
    ]


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        (IOS, IOS.replace(" permit tcp any any eq 23\n", ""), "lost"),
        (IOS, IOS.replace("23", "23 24"), "gained"),
    ],
)
def test_an_outgoing_list_loses_and_gains_what_comes_from_the_network(
    before: str, after: str, way: str
) -> None:
    (change,) = _new("cisco_ios", before, after)
    port = "23" if way == "lost" else "24"
    assert change[way]["flows"] == [
        {
            "family": ["ipv4"],
            "protocol": ["tcp"],
            "dst_port": [port],
            "out_interface": ["GigabitEthernet0/1"],
            "origin": ["network"],
        }
    ]
    assert not any(change[name]["flows"] for name in ("still_unknown", "rewritten"))
