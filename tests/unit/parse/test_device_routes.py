# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing tables of devices: what each says, and that no line of one is passed over."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Interface, Route, State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.config import facts
from tests.support import route_texts

TEXTS = route_texts.BY_PLATFORM
# Platform -> by which interfaces 10.5.0.0/16 is reached, and by which the network 10.1.1.0/24 is.
WAYS = {
    "cisco_ios": ("GigabitEthernet0/1 GigabitEthernet0/0", "GigabitEthernet0/0"),
    "cisco_xr": ("GigabitEthernet0/0/0/0 GigabitEthernet0/0/0/0", "GigabitEthernet0/0/0/0"),
    "cisco_asa": ("inside dmz", "inside"),
    "arista_eos": ("Ethernet1 Ethernet2", "Ethernet1"),
    "fortinet": ("port2 port1", "port2"),
    "vyos": ("eth0 eth1", "eth0"),
    "cisco_nxos": ("Ethernet1/2 Vlan20", "Vlan10"),
    "juniper_junos": ("ge-0/0/0.0 ge-0/0/1.0", "ge-0/0/0.0"),
    "paloalto_panos": ("ethernet1/1 ethernet1/1", "ethernet1/1"),
}


def state_of(platform: str, interfaces: Sequence[str] = (), **shown: str) -> State:
    state = State("r1", platform)
    state.interfaces = {name: Interface(name) for name in interfaces}
    facts.add(state, {name: RawOutput(name, name, None, text) for name, text in shown.items()})
    return state


def route(state: State, destination: str, table: str = "main") -> Route:
    (found,) = (one for one in state.routes if (one.destination, one.table) == (destination, table))
    return found


def hops(found: Route) -> list[tuple[str, str]]:
    return [(hop.via, hop.interface) for hop in found.next_hops]


@pytest.mark.parametrize("platform", TEXTS)
def test_default_equal_ways_and_nothing(platform: str) -> None:
    names = ("Ethernet1/2", "Vlan10", "Vlan20") if platform == "cisco_nxos" else ()
    state = state_of(platform, names, routes4=TEXTS[platform])
    ways, network = WAYS[platform]
    assert [item for item in state.unreadable if item["what"] == "routes4"] == []
    assert hops(route(state, "0.0.0.0/0")) == [("10.1.1.254", network)]
    assert [hop.interface for hop in route(state, "10.5.0.0/16").next_hops] == ways.split()
    assert hops(route(state, "10.1.1.0/24")) == [("", network)]
    assert route(state, "10.9.0.0/16").kind == "blackhole"


@pytest.mark.parametrize("platform", TEXTS)
def test_a_line_that_is_not_understood_leaves_no_shorter_table(platform: str) -> None:
    # A table of labels is not read.
    lines = re.sub(r"(?s)mpls\.0.*inet6", "inet6", TEXTS[platform]).splitlines()
    for at in range(len(lines)):
        garbled = "\n".join((*lines[:at], "?? 10.5.7.0/24 somewhere", *lines[at:]))
        state = state_of(platform, routes4=garbled)
        assert not [one for one in state.routes if one.family == 4], f"line {at + 1}"
        assert state.unreadable[0]["what"] == "routes4"


@pytest.mark.parametrize("platform", TEXTS)
def test_every_route_line_counts(platform: str) -> None:
    """Whatever word of a line that has a next hop is replaced: the table is not read, or the route is still there
    (another network, gateway or interface)."""
    lines = TEXTS[platform].splitlines()
    whole = len(state_of(platform, routes4=TEXTS[platform]).routes)
    told = 0
    for at, line in enumerate(lines):
        if not re.search(r"\bvia\b|connected|^\d\S+ ", line) or " - " in line:
            continue
        for word in set(re.findall(r"[a-z]{3,}", line)):
            garbled = "\n".join((*lines[:at], line.replace(word, "x?" + word, 1), *lines[at + 1 :]))
            state = state_of(platform, routes4=garbled)
            unread = bool(state.unreadable)
            assert unread or len(state.routes) == whole, garbled.splitlines()[at]
            told += unread
    assert told


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        ("cisco_ios", route_texts.IOS6.rsplit("L   FF00", 1)[0]),
        ("juniper_junos", route_texts.JUNOS.rsplit("2001:db8", 1)[0]),
        ("paloalto_panos", route_texts.PANOS.rsplit("total", 1)[0]),
        ("paloalto_panos", route_texts.PANOS.replace("total routes shown: 8", "total routes shown: 9")),
    ],
)
def test_a_table_that_says_it_has_more(platform: str, text: str) -> None:
    state = state_of(platform, routes6=text) if "IPv6" in text else state_of(platform, routes4=text)
    assert [item["what"] for item in state.unreadable if "read" in item["reason"]]


@pytest.mark.parametrize(
    ("platform", "text", "said"),
    [
        ("cisco_ios", "% Invalid input detected at '^' marker.", "Invalid input"),
        ("cisco_asa", "ERROR: % Invalid input detected", "Invalid input"),
        ("juniper_junos", "syntax error, expecting <command>.", "syntax error"),
        ("cisco_nxos", "% Permission denied for the role", "Permission denied"),
        ("arista_eos", " --More-- ", "not understood"),
        ("fortinet", "Unknown action 0\n\nCommand fail. Return code -1", "Unknown action"),
    ],
)
def test_what_a_device_answers_instead_of_a_table(platform: str, text: str, said: str) -> None:
    state = state_of(platform, routes4=text)
    assert said in state.unreadable[0]["reason"]
    assert state.routes == []


def test_a_line_that_lost_its_code_is_not_taken_for_the_rest_of_the_line_before() -> None:
    text = route_texts.XR.replace("L    10.1.1.1/32", "     10.1.1.1/32")
    assert state_of("cisco_xr", routes4=text).routes == []


def test_another_vrf_is_not_followed_and_says_so() -> None:
    assert route(state_of("cisco_ios", routes4=route_texts.IOS), "10.11.0.0/16").kind.startswith(
        "into another"
    )
    assert route(state_of("cisco_nxos", routes4=route_texts.NXOS), "10.6.0.0/16").kind.startswith(
        "into another"
    )


def test_a_recursive_next_hop_is_looked_up_in_the_table() -> None:
    found = route(state_of("cisco_ios", routes4=route_texts.IOS), "192.168.1.0/24")
    assert hops(found) == [("10.2.1.9", "GigabitEthernet0/1")]


def test_a_next_hop_of_which_the_table_knows_nothing() -> None:
    text = "S     10.0.0.0/8 [1/0] via 192.0.2.1\n"
    assert route(state_of("cisco_ios", routes4=text), "10.0.0.0/8").kind.startswith("over a next hop")


def test_ipv6_of_ios() -> None:
    state = state_of("cisco_ios", routes4=route_texts.IOS, routes6=route_texts.IOS6)
    assert state.unreadable == []
    assert hops(route(state, "::/0")) == [("2001:db8:1::fe", "GigabitEthernet0/0")]
    assert route(state, "ff00::/8").kind == "blackhole"
    assert "2001:db8:1::1/64" in state.interfaces["GigabitEthernet0/0"].addresses


def test_one_family_alone_leaves_the_other_unknown() -> None:
    state = state_of("cisco_ios", routes4=route_texts.IOS)
    assert state.unreadable == [{"what": "routes6", "reason": "not gathered"}]


def test_a_device_without_routes_says_that_they_were_not_gathered() -> None:
    """What leaves them out is a doubt about the host, in reports and audits, too."""
    state = state_of("cisco_ios")
    assert [item["what"] for item in state.unreadable] == ["routes4", "routes6"]
    assert all(item["reason"].startswith("not gathered") for item in state.unreadable)


def test_both_families_of_one_command() -> None:
    state = state_of("juniper_junos", routes4=route_texts.JUNOS)
    assert state.unreadable == []
    assert route(state, "2001:db8:1:2:3:4:5:6/128").kind == "local"


def test_addresses_given_by_dhcp_are_in_the_table() -> None:
    state = state_of("cisco_ios", ["GigabitEthernet0/0"], routes4=route_texts.IOS)
    assert state.interfaces["GigabitEthernet0/0"].addresses == ["10.1.1.1/24"]


def test_short_names_are_those_of_the_configuration() -> None:
    text = route_texts.IOS.replace("GigabitEthernet0/1", "Gi0/1")
    state = state_of("cisco_ios", ["GigabitEthernet0/1", "GigabitEthernet0/0"], routes4=text)
    assert hops(route(state, "172.16.0.0/12")) == [("10.2.1.7", "GigabitEthernet0/1")]


def test_an_interface_of_a_vrf_asks_its_table_alone() -> None:
    state = state_of("cisco_ios", routes4=route_texts.IOS)
    assert state.interfaces["GigabitEthernet0/2"].master == "RED"
    told = [(rule.in_interface, rule.table, rule.action) for rule in state.route_rules]
    assert told[:2] == [
        ("GigabitEthernet0/2", "RED", "lookup"),
        ("GigabitEthernet0/2", "RED", "unreachable"),
    ]
    assert route(state, "10.1.1.1/32", "RED").kind == "local"


def test_a_vrf_whose_table_was_not_shown() -> None:
    state = State("r1", "cisco_ios")
    state.interfaces = {"GigabitEthernet0/3": Interface("GigabitEthernet0/3", ["10.3.1.1/24"], master="BLUE")}
    facts.add(state, {"routes4": RawOutput("routes4", "show ip route", None, route_texts.IOS)})
    (found,) = (rule for rule in state.route_rules if rule.in_interface == "GigabitEthernet0/3")
    assert "BLUE" in found.not_understood[0]


def test_tables_of_vrfs_shown_apart() -> None:
    main, red = route_texts.IOS.split("Routing Table: RED")
    state = state_of("cisco_ios", routes4=main, routes4_vrf="Routing Table: RED" + red)
    assert route(state, "10.1.1.0/24", "RED").next_hops[0].interface == "GigabitEthernet0/2"


RED6 = """\
IPv6 Routing Table - RED - 2 entries
Codes: C - Connected, L - Local, S - Static
S   2001:DB8:A::/48 [1/0]
     via 2001:DB8:2::FE, GigabitEthernet0/2
C   2001:DB8:2::/64 [0/0]
     via GigabitEthernet0/2, directly connected
"""
VRF_OF_VYOS = """\
VRF RED:
C>* 10.66.1.0/24 is directly connected, eth2, weight 1, 00:12:13
S>* 10.66.0.0/16 [1/0] via 10.66.1.254, eth2, weight 1, 00:12:13
"""


def test_tables_of_vrfs_in_both_families() -> None:
    state = state_of("cisco_ios", routes6=route_texts.IOS6, routes6_vrf=RED6)
    assert hops(route(state, "2001:db8:a::/48", "RED")) == [("2001:db8:2::fe", "GigabitEthernet0/2")]
    assert state.interfaces["GigabitEthernet0/2"].master == "RED"
    state = state_of("vyos", routes4=route_texts.VYOS, routes4_vrf=route_texts.VYOS + VRF_OF_VYOS)
    assert hops(route(state, "10.66.0.0/16", "RED")) == [("10.66.1.254", "eth2")]
    assert hops(route(state, "0.0.0.0/0")) == [("10.1.1.254", "eth0")]


def test_a_switch_that_does_not_route() -> None:
    state = state_of("arista_eos", routes4="! IP routing not enabled\n" + route_texts.EOS)
    assert (state.forwarding["ipv4"], state.unreadable[0]["what"]) == (False, "routes6")


def test_a_big_table_is_read_in_seconds() -> None:
    lines = [f"S        10.{n >> 8}.{n & 255}.0/24 [1/0] via 192.0.2.1" for n in range(20_000)]
    text = "\n".join(["C        192.0.2.0/24 is directly connected, GigabitEthernet0/0", *lines])
    began = time.process_time()
    state = state_of("cisco_ios", routes4=text)
    assert len(state.routes) == 20_001
    assert hops(state.routes[-1]) == [("192.0.2.1", "GigabitEthernet0/0")]
    assert time.process_time() - began < 10
