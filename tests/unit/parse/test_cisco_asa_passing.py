# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes a Cisco ASA from one interface to another: lists, security levels, sessions, and what is not modelled."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.device_texts import state, verdict

ASA = "cisco_asa"
PORTS = """
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0 standby 198.51.100.2
!
interface GigabitEthernet0/1
 nameif inside
 ip address 10.0.0.1 255.255.255.0
 ipv6 address 2001:db8::1/64
!
interface GigabitEthernet0/2
 nameif dmz
 security-level 50
 ip address 10.9.0.1 255.255.255.0
!
interface GigabitEthernet0/3
 nameif dmz2
 security-level 50
 ip address 10.8.0.1 255.255.255.0
!
interface Management0/0
 management-only
 nameif management
 security-level 100
 ip address 10.99.0.1 255.255.255.0
!
interface GigabitEthernet0/5
 shutdown
 no nameif
 no security-level
"""
SRC = {
    "outside": "203.0.113.9",
    "inside": "10.0.0.5",
    "dmz": "10.9.0.5",
    "dmz2": "10.8.0.5",
    "management": "10.99.0.5",
    "elsewhere": "192.0.2.9",
}


def _flow(came: str, goes: str, port: int = 443, **more: Any) -> dict[str, Any]:
    return {
        "src": SRC[came], "dst": SRC[goes], "protocol": "tcp", "dst_port": port,
        "in_interface": came, "out_interface": goes, **more,
    }  # fmt: skip


OPEN = {"connection": "established", "tcp_flags": ["ack"]}
LIST = "access-list L extended permit tcp any any eq 443\naccess-list M extended permit tcp any any eq 80\n"
EMPTY = "access-list E remark nothing else\n"


@pytest.mark.parametrize(
    ("more", "flow", "wanted"),
    [
        # No list: from a higher level to a lower one (inside has 100 by its name).
        ("", _flow("inside", "outside"), "permit"),
        ("", _flow("inside", "dmz"), "permit"),
        ("", _flow("dmz", "outside"), "permit"),
        ("", _flow("outside", "inside"), "deny"),
        ("", _flow("dmz", "inside"), "deny"),
        ("", _flow("outside", "inside", **OPEN), "permit"),
        ("", _flow("inside", "outside", connection="invalid", tcp_flags=["ack"]), "deny"),
        # Interfaces of the same level, and one by itself.
        ("", _flow("dmz", "dmz2"), "deny"),
        ("same-security-traffic permit inter-interface\n", _flow("dmz", "dmz2"), "permit"),
        ("same-security-traffic permit intra-interface\n", _flow("dmz", "dmz2"), "deny"),
        ("", _flow("inside", "inside"), "deny"),
        ("same-security-traffic permit intra-interface\n", _flow("inside", "inside"), "permit"),
        ("same-security-traffic permit inter-interface\n", _flow("inside", "inside"), "deny"),
        (f"{LIST}access-group L in interface dmz\n", _flow("dmz", "dmz2"), "deny"),
        # Nothing passes through an interface for management.
        ("", _flow("management", "outside"), "deny"),
        ("same-security-traffic permit inter-interface\n", _flow("inside", "management"), "deny"),
        # A list decides, whatever the levels.
        (f"{LIST}access-group L in interface outside\n", _flow("outside", "inside"), "permit"),
        (f"{LIST}access-group L in interface outside\n", _flow("outside", "inside", 22), "deny"),
        (f"{LIST}access-group L in interface inside\n", _flow("inside", "outside", 22), "deny"),
        (f"{LIST}access-group L in interface inside\n", _flow("outside", "inside"), "deny"),
        (f"{LIST}access-group L in interface inside per-user-override\n", _flow("inside", "outside"), "permit"),
        # Trap 28: bound nowhere; and bound in the other direction.
        (LIST, _flow("outside", "inside"), "deny"),
        (f"{LIST}access-group L out interface outside\n", _flow("outside", "inside"), "deny"),
        (f"{LIST}access-group L out interface outside\n", _flow("inside", "outside"), "permit"),
        (f"{LIST}access-group L out interface outside\n", _flow("inside", "outside", 22), "deny"),
        (f"{LIST}access-group L out interface outside\n", _flow("inside", "outside", 22, **OPEN), "permit"),
        # An outgoing list opens nothing that levels or incoming lists close.
        (f"{LIST}access-group L out interface inside\n", _flow("outside", "inside"), "deny"),
        (f"{LIST}access-group L in interface inside\naccess-group M out interface outside\n", _flow("inside", "outside"), "deny"),
        # Trap 26: an interface's list comes before the global one, and that before the implicit deny.
        (f"{LIST}access-group M in interface outside\naccess-group L global\n", _flow("outside", "inside"), "permit"),
        (f"{LIST}access-group M in interface outside\naccess-group L global\n", _flow("outside", "inside", 80), "permit"),
        (f"{LIST}access-group M in interface outside\naccess-group L global\n", _flow("outside", "inside", 22), "deny"),
        (f"{LIST}access-group L global\n", _flow("dmz", "inside"), "permit"),
        (f"{LIST}access-group L global\n", _flow("inside", "outside", 22), "deny"),
        # The later list takes the place of the earlier one; a candidate may unbind.
        (f"{LIST}access-group L in interface outside\naccess-group M in interface outside\n", _flow("outside", "inside"), "deny"),
        (f"{LIST}access-group L in interface outside\nno access-group L in interface outside\n", _flow("outside", "inside"), "deny"),
        # Trap 28: the device binds no list that is not there, or has no entry: such a text is not all of it.
        ("access-group L in interface outside\n", _flow("outside", "inside"), "unknown"),
        (f"{EMPTY}access-group E in interface outside\n", _flow("outside", "inside"), "unknown"),
        (f"{EMPTY}access-group E in interface outside\n", _flow("inside", "outside"), "permit"),
        # For the device itself other rules hold, with which no list at an interface has to do.
        (f"{LIST}access-group L in interface outside\n", {**_flow("outside", "inside", 22), "dst": "198.51.100.1", "out_interface": None}, "unknown"),
        (f"{LIST}access-group L in interface outside control-plane\n", _flow("outside", "inside"), "deny"),
        (f"{LIST}access-group L sideways interface outside\n", _flow("inside", "outside"), "unknown"),
        # An interface that the text does not tell.
        ("", {**_flow("outside", "inside"), "in_interface": "vpn"}, "unknown"),
        (f"{LIST}access-group L in interface vpn\n", {**_flow("outside", "inside"), "in_interface": "vpn"}, "permit"),
        ("access-list V extended permit tcp any interface dmz eq 443\naccess-group V in interface outside\n",
         {**_flow("outside", "inside"), "dst": "10.9.0.1", "out_interface": None}, "unknown"),
    ],
)  # fmt: skip
def test_a_new_connection(more: str, flow: dict[str, Any], wanted: str) -> None:
    asked = {name: value for name, value in flow.items() if value is not None}
    assert verdict(ASA, PORTS + more, asked) == wanted


PING = {"protocol": "icmp", "icmp_type": 8, "dst_port": None}
ANSWER = {"protocol": "icmp", "icmp_type": 0, "dst_port": None, "connection": "established"}
TOO_BIG = {"protocol": "icmp", "icmp_type": 3, "icmp_code": 4, "dst_port": None, "connection": "related"}
ENDS = "Cryptochecksum:571d01b7b08342e35db838e9acec00f6\n: end\n"
GLOBAL = "service-policy global_policy global\n"


def _policy(*actions: str, matched: str = "match default-inspection-traffic", bound: str = GLOBAL) -> str:
    inside = "".join(f"  {action}\n" for action in actions)
    return f"class-map C\n {matched}\npolicy-map global_policy\n class C\n{inside}{bound}"


@pytest.mark.parametrize(
    ("policy", "flow", "wanted"),
    [
        # ICMP has sessions of one direction, unless it is inspected.
        ("", ANSWER, "deny"),
        (_policy("inspect ftp"), ANSWER, "deny"),
        (_policy("inspect icmp"), ANSWER, "permit"),
        (_policy("inspect icmp", bound=""), ANSWER, "deny"),
        (_policy("inspect icmp").replace("\n  ", "\n").replace("\n ", "\n"), ANSWER, "permit"),
        (
            _policy("inspect icmp", bound="service-policy global_policy interface outside\n"),
            ANSWER,
            "unknown",
        ),
        (_policy("inspect icmp", matched="match access-list X"), ANSWER, "unknown"),
        (
            _policy("inspect icmp", matched="match access-list X").replace(" C\n", " inspection_default\n"),
            ANSWER,
            "unknown",
        ),
        ("policy-map global_policy\n class inspection_default\n  inspect icmp\n" + GLOBAL, ANSWER, "permit"),
        (_policy("inspect icmp"), TOO_BIG, "unknown"),
        (_policy("inspect icmp", "inspect icmp error"), TOO_BIG, "permit"),
        (_policy("inspect icmp"), {**PING}, "deny"),
        # Packets of open connections, where the table of connections is passed by.
        (_policy("set connection advanced-options tcp-state-bypass"), OPEN, "unknown"),
        (_policy("set connection advanced-options tcp-state-bypass"), {}, "deny"),
    ],
)
def test_packets_of_connections(policy: str, flow: dict[str, Any], wanted: str) -> None:
    asked = {name: value for name, value in _flow("outside", "inside", **flow).items() if value is not None}
    assert verdict(ASA, f"ASA Version 9.8(1)\n{PORTS}{policy}{ENDS}", asked) == wanted


def test_without_the_whole_configuration_it_is_not_known_whether_icmp_is_inspected() -> None:
    asked = {name: value for name, value in _flow("outside", "inside", **ANSWER).items() if value is not None}
    assert verdict(ASA, PORTS, asked) == "unknown"


@pytest.mark.parametrize(
    ("more", "flow", "wanted"),
    [
        (_policy("sfr fail-open"), _flow("inside", "outside"), "unknown"),
        (_policy("sfr fail-open"), _flow("outside", "inside"), "deny"),
        (_policy("sfr fail-open monitor-only"), _flow("inside", "outside"), "permit"),
        (_policy("set connection conn-max 1000"), _flow("inside", "outside"), "unknown"),
        (_policy("set connection conn-max 0"), _flow("inside", "outside"), "permit"),
        (_policy("set connection conn-max 0 per-client-max 5"), _flow("inside", "outside"), "unknown"),
        (_policy("set connection embryonic-conn-max 100"), _flow("inside", "outside"), "permit"),
        ("firewall transparent\n", _flow("inside", "outside"), "unknown"),
        ("context A\n config-url disk0:/a.cfg\n", _flow("inside", "outside"), "unknown"),
        ("interface BVI1\n nameif bridge\n", {**_flow("inside", "outside"), "in_interface": "bridge"}, "unknown"),
        ("interface BVI1\n nameif bridge\n", _flow("inside", "outside"), "permit"),
        ("interface G9\n nameif new\n security-level high\n", {**_flow("inside", "outside"), "in_interface": "new"}, "unknown"),
        ("interface G9\n nameif new\n security-level\n", {**_flow("inside", "outside"), "out_interface": "new"}, "unknown"),
        ("established tcp 4000 0\n", _flow("outside", "inside"), "unknown"),
        ("established tcp 4000 0\n", _flow("inside", "outside"), "permit"),
        ("aaa authentication match A inside SRV\n", _flow("inside", "outside"), "unknown"),
        ("aaa authentication match A inside SRV\n", _flow("dmz", "outside"), "permit"),
        ("aaa authentication ssh console LOCAL\n", _flow("inside", "outside"), "permit"),
        # The other end of a tunnel, and clients: what comes out of it passes no list.
        ("access-list C extended permit ip 10.0.0.0 255.255.255.0 192.0.2.0 255.255.255.0\n"
         "crypto map M 10 match address C\ncrypto map M interface outside\n",
         {**_flow("outside", "inside"), "src": "192.0.2.9"}, "unknown"),
        ("access-list C extended permit ip 10.0.0.0 255.255.255.0 192.0.2.0 255.255.255.0\n"
         "crypto map M 10 match address C\ncrypto map M interface outside\n", _flow("outside", "inside"), "deny"),
        ("access-list C extended permit ip 10.0.0.0 255.255.255.0 192.0.2.0 255.255.255.0\nno sysopt connection permit-vpn\n"
         "crypto map M 10 match address C\ncrypto map M interface outside\n",
         {**_flow("outside", "inside"), "src": "192.0.2.9"}, "deny"),
        ("ip local pool CLIENTS 192.0.2.1-192.0.2.9 mask 255.255.255.0\n",
         {**_flow("outside", "inside"), "src": "192.0.2.9"}, "unknown"),
        ("ip local pool CLIENTS 192.0.2.1-192.0.2.9 mask 255.255.255.0\n", _flow("outside", "inside"), "deny"),
        (f"interface Tunnel1\n nameif vti\n{LIST}access-group M in interface vti\n",
         {**_flow("outside", "inside"), "in_interface": "vti"}, "unknown"),
        (f"interface Tunnel1\n nameif vti\n{LIST}access-group M in interface vti\nno sysopt connection permit-vpn\n",
         {**_flow("outside", "inside"), "in_interface": "vti"}, "deny"),
        # The check of sources by routes.
        ("ip verify reverse-path interface inside\n", _flow("inside", "outside"), "permit"),
        ("ip verify reverse-path interface inside\n", {**_flow("inside", "outside"), "src": "172.16.0.9"}, "unknown"),
        ("ip verify reverse-path interface inside\nroute inside 172.16.0.0 255.240.0.0 10.0.0.2 1\n",
         {**_flow("inside", "outside"), "src": "172.16.0.9"}, "permit"),
        ("ip verify reverse-path interface inside\nroute inside 0.0.0.0 0.0.0.0 10.0.0.2 1\n",
         {**_flow("inside", "outside"), "src": "10.9.0.77"}, "unknown"),
        # Before 8.3.
        ("static (inside,outside) 198.51.100.9 10.0.0.9 netmask 255.255.255.255\n", _flow("inside", "outside"), "unknown"),
        ("nat (inside) 1 10.0.0.0 255.255.255.0\nglobal (outside) 1 interface\n", _flow("inside", "outside"), "unknown"),
        ("ASA Version 8.2(5)\nnat-control\n", _flow("inside", "outside"), "unknown"),
    ],
)  # fmt: skip
def test_what_else_decides(more: str, flow: dict[str, Any], wanted: str) -> None:
    found = state(ASA, PORTS + more)
    assert Questions(found).verdict(flow)["verdict"] == wanted


def test_the_check_of_sources_asks_the_routes_where_they_are_known() -> None:
    routes = (
        "C        10.0.0.0 255.255.255.0 is directly connected, inside\n"
        "C        10.9.0.0 255.255.255.0 is directly connected, dmz\n"
        "C        198.51.100.0 255.255.255.0 is directly connected, outside\n"
        "S*       0.0.0.0 0.0.0.0 [1/0] via 198.51.100.254, outside\n"
    )
    text = f"{PORTS}ip verify reverse-path interface inside\n"
    questions = Questions(state(ASA, text, routes4=routes))
    assert questions.verdict(_flow("inside", "outside"))["verdict"] == "permit"
    assert questions.verdict({**_flow("inside", "outside"), "src": "172.16.0.9"})["verdict"] == "deny"


@pytest.mark.parametrize(
    ("src", "came", "goes", "wanted"),
    [
        ("203.0.113.9", "outside", "inside", "permit"),  # by the list of IPv4
        ("2001:db8:9::9", "outside", "inside", "deny"),  # by levels, which no list of IPv6 replaces
        ("2001:db8::9", "inside", "outside", "permit"),
    ],
)
def test_before_9_0_a_list_decides_about_one_family(src: str, came: str, goes: str, wanted: str) -> None:
    dst = "10.0.0.5" if "." in src else "2001:db8:7::1"
    flow = {**_flow(came, goes), "src": src, "dst": dst}
    text = f"ASA Version 8.4(2)\n{PORTS}{LIST}access-group L in interface outside\n"
    assert verdict(ASA, text, flow) == wanted
    both = f"{text}ipv6 access-list S permit tcp any any eq https\naccess-group S in interface outside\n"
    assert verdict(ASA, both, flow) == "permit"


def test_interfaces_have_the_names_that_lists_and_routes_call_them_by() -> None:
    found = state(ASA, PORTS).interfaces
    assert {name: one.addresses for name, one in found.items()} == {
        "outside": ["198.51.100.1/24"],
        "inside": ["10.0.0.1/24", "2001:db8::1/64"],
        "dmz": ["10.9.0.1/24"],
        "dmz2": ["10.8.0.1/24"],
        "management": ["10.99.0.1/24"],
    }


def test_what_is_not_modelled_is_named() -> None:
    text = f"{PORTS}{LIST}access-group L in interface inside control-plane\nestablished tcp 4000 0\n"
    assert [note["text"] for note in state(ASA, text).not_understood] == [
        "established tcp 4000 0",
        "access-group L in interface inside control-plane",
    ]


def test_a_text_without_interfaces_says_nothing_about_what_passes() -> None:
    assert verdict(ASA, LIST, _flow("outside", "inside")) == "unknown"
    assert verdict(ASA, LIST, _flow("outside", "inside"), "L") == "permit"


AGAIN = """\
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 10.1.1.1 255.255.255.0
{line}
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.2.0.1 255.255.255.0
access-list O extended permit tcp any any eq 80
{entry}
access-group O in interface outside
"""


@pytest.mark.parametrize(
    ("entry", "line", "wanted"),
    [
        # An entry that is there is switched off, and on again, by entering it once more.
        ("access-list O extended permit tcp any any eq 80 inactive", "", "deny"),
        (
            "access-list O extended permit tcp any any eq 80 inactive\naccess-list O extended permit tcp any any eq 80",
            "",
            "permit",
        ),
        ("no access-list O extended permit tcp any any eq 80", "", "unknown"),  # a list without an entry
        ("access-list O extended deny tcp any any eq 81 inactive", "", "permit"),
        ("", " policy-route route-map R", "unknown"),
    ],
)
def test_entries_that_are_entered_again_and_policy_routing(entry: str, line: str, wanted: str) -> None:
    flow = {"src": "10.1.1.5", "dst": "10.2.0.9", "protocol": "tcp", "dst_port": 80}
    ends = {"in_interface": "outside", "out_interface": "inside"}
    assert verdict("cisco_asa", AGAIN.format(entry=entry, line=line), {**flow, **ends}) == wanted
    if line:
        assert (
            verdict("cisco_asa", AGAIN.format(entry="", line=line), {**flow, **ends, "dst_port": 22})
            == "deny"
        )
