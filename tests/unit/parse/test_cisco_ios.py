# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS devices as a whole: where lists are bound, and what else stands at interfaces."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from tests.support.device_texts import state, verdict

Flow = dict[str, Any]
THROUGH: Flow = {
    "src": "10.1.0.5",
    "dst": "10.2.0.9",
    "protocol": "tcp",
    "src_port": 40000,
    "dst_port": 5432,
    "in_interface": "GigabitEthernet1",
    "out_interface": "GigabitEthernet2",
}
BACK: Flow = {
    "src": "10.2.0.9",
    "dst": "10.1.0.5",
    "protocol": "tcp",
    "src_port": 5432,
    "dst_port": 40000,
    "in_interface": "GigabitEthernet2",
    "out_interface": "GigabitEthernet1",
    "connection": "established",
}
THROUGH6: Flow = {**THROUGH, "src": "2001:db8:1::5", "dst": "2001:db8:2::9"}


def router(one: str = "", two: str = "", rest: str = "") -> str:
    """Two interfaces; ``one`` and ``two`` are lines of theirs, separated by semicolons."""

    def lines(more: str) -> str:
        return "".join(f" {line.strip()}\n" for line in more.split(";") if line.strip())

    return (
        f"interface GigabitEthernet1\n ip address 10.1.0.1 255.255.255.0\n{lines(one)}!\n"
        f"interface GigabitEthernet2\n ip address 10.2.0.1 255.255.255.0\n{lines(two)}!\n{rest}"
    )


POSTGRES = "access-list 101 permit tcp any any eq 5432\n"
NOTHING = "ip access-list extended NOTHING\n deny ip any any\n"


@pytest.mark.parametrize(
    ("one", "two", "wanted"),
    [
        ("ip access-group 101 in", "", "permit"),
        ("ip access-group NOTHING in", "", "deny"),
        ("ip access-group NOTHING out", "", "permit"),
        ("", "ip access-group NOTHING out", "deny"),
        ("", "ip access-group NOTHING in", "permit"),
        ("ip access-group 101 in", "ip access-group NOTHING out", "deny"),
        # The later one counts, and may be taken away.
        ("ip access-group NOTHING in; ip access-group 101 in", "", "permit"),
        ("ip access-group NOTHING in; no ip access-group NOTHING in", "", "permit"),
        ("ipv6 traffic-filter NOTHING in", "", "permit"),
    ],
)
def test_lists_at_interfaces(one: str, two: str, wanted: str) -> None:
    assert verdict("cisco_ios", router(one, two, POSTGRES + NOTHING), THROUGH) == wanted


class TestTrap28:
    """A list that is bound nowhere, bound in the wrong direction, and one that is bound, but undefined or empty."""

    def test_a_list_that_is_defined_but_bound_nowhere_decides_nothing(self) -> None:
        assert verdict("cisco_ios", router(rest=NOTHING), THROUGH) == "permit"
        assert verdict("cisco_ios", router(rest=NOTHING), THROUGH, "NOTHING") == "deny"

    def test_a_list_in_the_wrong_direction(self) -> None:
        assert verdict("cisco_ios", router("ip access-group NOTHING out", "", NOTHING), THROUGH) == "permit"

    def test_a_list_that_is_not_defined_lets_everything_pass(self) -> None:
        """ "IP Access List Overview": if a list is referenced by a name and does not exist, all packets pass."""
        found = state("cisco_ios", router("ip access-group GONE in"))
        answer = Questions(found).verdict(THROUGH)
        assert answer["verdict"] == "permit"
        assert "GONE" not in found.rulesets
        assert "ip access-group GONE in (GONE is not defined: all packets pass)" in str(
            found.rulesets["interfaces/in"].to_dict()
        )

    def test_an_empty_list_lets_everything_pass(self) -> None:
        """ "IP Access List Overview": an interface with an empty list permits all traffic."""
        text = router("ip access-group EMPTY in", "", "ip access-list extended EMPTY\n")
        assert verdict("cisco_ios", text, THROUGH) == "permit"
        filled = text + " permit udp any any\n"
        assert verdict("cisco_ios", filled, THROUGH) == "deny"


def test_trap_15_and_17_established_opens_nothing_and_the_reverse_list_is_needed() -> None:
    answers = "ip access-list extended ANSWERS\n permit tcp any eq 5432 any established\n"
    text = router("", "ip access-group ANSWERS in", answers)
    assert verdict("cisco_ios", text, BACK) == "permit"
    assert verdict("cisco_ios", text, {**BACK, "connection": "new"}) == "deny"
    without = router("", "ip access-group ANSWERS in", answers.replace("permit", "deny"))
    assert verdict("cisco_ios", without, THROUGH) == "permit"
    assert verdict("cisco_ios", without, BACK) == "deny"


def test_lists_of_ipv6() -> None:
    text = router("ipv6 traffic-filter L6 in", "", "ipv6 access-list L6\n permit tcp any any eq 5432\n")
    assert verdict("cisco_ios", text, THROUGH6) == "permit"
    assert verdict("cisco_ios", text, {**THROUGH6, "dst_port": 22}) == "deny"
    assert verdict("cisco_ios", text, {**THROUGH, "dst_port": 22}) == "permit"
    for absent in ("", "ipv6 access-list GONE\n"):
        assert verdict("cisco_ios", router("ipv6 traffic-filter GONE in", "", absent), THROUGH6) == "permit"


def test_packets_of_the_router_itself_pass_no_outgoing_list() -> None:
    text = router("", "ip access-group NOTHING out", NOTHING)
    own = {
        "src": "10.2.0.1",
        "dst": "10.2.0.9",
        "protocol": "udp",
        "dst_port": 514,
        "out_interface": "GigabitEthernet2",
    }
    assert verdict("cisco_ios", text, own) == "permit"


class TestChains:
    """``ip access-group common``: "IPv4 ACL Chaining Support"."""

    LISTS = "ip access-list extended COMMON\n deny tcp any any eq 22\n permit udp any any\n" + POSTGRES

    @pytest.mark.parametrize(
        ("flow", "wanted"),
        [
            (THROUGH, "permit"),
            ({**THROUGH, "protocol": "udp"}, "permit"),
            ({**THROUGH, "dst_port": 22}, "deny"),
            ({**THROUGH, "dst_port": 23}, "deny"),
        ],
    )
    def test_what_the_first_list_leaves_the_second_decides(self, flow: Flow, wanted: str) -> None:
        text = router("ip access-group common COMMON 101 in", "", self.LISTS)
        assert verdict("cisco_ios", text, flow) == wanted

    def test_a_chain_with_a_list_that_is_not_defined(self) -> None:
        assert (
            verdict("cisco_ios", router("ip access-group common COMMON GONE in", "", self.LISTS), THROUGH)
            == "unknown"
        )


class TestReflexive:
    """``evaluate`` lets in what answers, and nothing that opens a connection."""

    LISTS = """ip access-list extended OUT
 deny tcp any any eq 22
 permit tcp any any reflect SESSIONS
 permit udp any any
ip access-list extended IN
 evaluate SESSIONS
"""

    def both_lists(self) -> str:
        return router("", "ip access-group OUT out; ip access-group IN in", self.LISTS)

    def test_what_answers_is_let_in(self) -> None:
        assert verdict("cisco_ios", self.both_lists(), THROUGH) == "permit"
        assert verdict("cisco_ios", self.both_lists(), BACK) == "permit"

    def test_what_opens_a_connection_is_not(self) -> None:
        assert verdict("cisco_ios", self.both_lists(), {**BACK, "connection": "new"}) == "deny"

    def test_what_another_entry_let_out_or_refused_has_no_answer(self) -> None:
        assert verdict("cisco_ios", self.both_lists(), {**BACK, "protocol": "udp"}) == "deny"
        assert verdict("cisco_ios", self.both_lists(), {**BACK, "src_port": 22}) == "deny"

    def test_entries_that_no_list_makes(self) -> None:
        text = router("", "ip access-group IN in", self.LISTS.replace("reflect SESSIONS", "reflect OTHERS"))
        assert verdict("cisco_ios", text, BACK) == "deny"

    def test_whether_the_packet_went_out_by_the_list_may_not_be_known(self) -> None:
        text = router("", "ip access-group IN in", self.LISTS)
        assert verdict("cisco_ios", text, BACK) == "unknown"
        assert verdict("cisco_ios", text, {**BACK, "connection": "new"}) == "deny"


class TestInspection:
    """CBAC (``ip inspect``): answers may be let in that a list refuses; what opens a connection is as the lists say."""

    TEXT = router("", "ip access-group NOTHING in; ip inspect FW out", NOTHING)

    def test_answers_may_be_let_in(self) -> None:
        assert verdict("cisco_ios", self.TEXT, BACK) == "unknown"
        assert verdict("cisco_ios", self.TEXT, {**BACK, "connection": "new"}) == "deny"
        assert (
            verdict("cisco_ios", self.TEXT, {**BACK, "protocol": 47, "src_port": None, "dst_port": None})
            == "deny"
        )

    def test_what_lists_permit_stays_permitted(self) -> None:
        assert (
            verdict("cisco_ios", router("ip inspect FW in; ip access-group 101 in", "", POSTGRES), THROUGH)
            == "permit"
        )


def test_reverse_path_forwarding_may_drop_what_comes_in() -> None:
    text = router("ip verify unicast source reachable-via rx; ip access-group 101 in", "", POSTGRES)
    assert verdict("cisco_ios", text, THROUGH) == "unknown"
    assert verdict("cisco_ios", text, {**THROUGH, "dst_port": 22}) == "deny"
    assert verdict("cisco_ios", text, {**BACK, "connection": "new"}) == "permit"
    assert verdict("cisco_ios", text, THROUGH6) == "permit"


def test_policy_routing_leaves_open_where_packets_go() -> None:
    text = router("ip policy route-map ELSEWHERE; ip access-group 101 in", "", POSTGRES)
    assert verdict("cisco_ios", text, THROUGH) == "unknown"
    assert verdict("cisco_ios", text, {**THROUGH, "dst_port": 22}) == "deny"
    assert verdict("cisco_ios", text, {**BACK, "connection": "new"}) == "permit"
    assert "ip policy route-map ELSEWHERE" in str(state("cisco_ios", text).not_understood)


class TestItself:
    """Packets to the router's own addresses."""

    LOGIN: ClassVar[Flow] = {"src": "10.1.0.5", "dst": "10.1.0.1", "protocol": "tcp", "dst_port": 22}
    LINES = "line vty 0 4\n access-class 10 in\nline vty 5 15\n access-class 10 in vrf-also\n"
    LIST = "access-list 10 permit 10.9.0.0 0.0.0.255\n"

    @pytest.mark.parametrize(
        ("rest", "wanted"),
        [
            (LIST + LINES, "deny"),
            (LIST.replace("10.9", "10.1") + LINES, "unknown"),
            (LIST + LINES.replace(" access-class 10 in vrf-also\n", " login\n"), "unknown"),
            (LINES, "unknown"),
            (LIST, "unknown"),
        ],
    )
    def test_the_terminals(self, rest: str, wanted: str) -> None:
        assert verdict("cisco_ios", router(rest=rest), self.LOGIN) == wanted

    def test_other_services_are_not_modelled(self) -> None:
        assert (
            verdict("cisco_ios", router(rest=self.LIST + self.LINES), {**self.LOGIN, "dst_port": 443})
            == "unknown"
        )

    def test_echo_requests_are_answered_where_nothing_is_in_their_way(self) -> None:
        ping = {"src": "10.1.0.5", "dst": "10.1.0.1", "protocol": "icmp", "icmp_type": 8}
        assert verdict("cisco_ios", router(), ping) == "permit"
        assert (
            verdict("cisco_ios", router(rest="control-plane\n service-policy input COPP\n"), ping)
            == "unknown"
        )
        there = {**ping, "in_interface": "GigabitEthernet1"}
        assert verdict("cisco_ios", router("ip access-group NOTHING in", "", NOTHING), there) == "deny"


def test_interfaces_with_their_addresses_and_vrf() -> None:
    text = """        interface GigabitEthernet0/1.20
         encapsulation dot1Q 20
         vrf forwarding SHOP
         ip address 10.3.0.1 255.255.255.0
         ip address 10.4.0.1 255.255.255.128 secondary
         ipv6 address 2001:DB8::1/64
         ipv6 address FE80::1 link-local
         ip access-group 101 in
        interface Vlan7
         ip vrf forwarding OTHER
         ip address dhcp
         shutdown
        interface Loopback0
         ip address 10.9.9.9 255.0.255.0
        """
    found = state("cisco_ios", text).interfaces
    assert {name: (one.addresses, one.up, one.master) for name, one in found.items()} == {
        "GigabitEthernet0/1.20": (
            ["10.3.0.1/24", "10.4.0.1/25", "2001:db8::1/64", "fe80::1/64"],
            True,
            "SHOP",
        ),
        "Vlan7": ([], False, "OTHER"),
        "Loopback0": ([], True, ""),
    }


def test_what_is_not_modelled_is_named() -> None:
    text = router("bridge-group 1", "", "ip local policy route-map X\n")
    assert [one["text"] for one in state("cisco_ios", text).not_understood] == [
        "bridge-group 1",
        "ip local policy route-map X",
    ]
    assert verdict("cisco_ios", text, THROUGH) == "unknown"


class TestTunnels:
    """What a crypto map chooses goes through a tunnel, and comes by it; the rest is as without."""

    MAP = "crypto map VPN 10 ipsec-isakmp\n set peer 192.0.2.1\n match address {}\n"

    @pytest.mark.parametrize(
        ("rest", "there", "back"),
        [
            (
                MAP.format("120") + "access-list 120 permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255\n",
                "unknown",
                "unknown",
            ),
            (
                MAP.format("120") + "access-list 120 permit ip 10.1.0.0 0.0.0.255 10.7.0.0 0.0.0.255\n",
                "permit",
                "permit",
            ),
            (MAP.format("GONE"), "unknown", "unknown"),
            ("crypto map VPN 10 ipsec-isakmp dynamic D\n", "unknown", "unknown"),
            ("", "unknown", "unknown"),
        ],
    )
    def test_packets_for_a_tunnel(self, rest: str, there: str, back: str) -> None:
        text = router("", "crypto map VPN", rest)
        assert verdict("cisco_ios", text, THROUGH) == there
        assert verdict("cisco_ios", text, BACK) == back


class TestPorts:
    """Lists at ports of a switch, and maps of VLANs: which port a packet comes by is not told by its VLAN."""

    SWITCH = """\
interface Vlan10
 ip address 10.1.0.1 255.255.255.0
interface Vlan20
 ip address 10.2.0.1 255.255.255.0
interface GigabitEthernet1/0/1
 {port}
 ip access-group PORT in
ip access-list extended PORT
 permit tcp any any eq 5432
"""
    FLOW: ClassVar[Flow] = {**THROUGH, "in_interface": "Vlan10", "out_interface": "Vlan20"}

    @pytest.mark.parametrize(
        ("port", "ssh"),
        [
            ("switchport access vlan 10", "unknown"),
            ("switchport access vlan 11", "permit"),
            ("switchport access vlan 10\n no switchport access vlan", "permit"),
            ("switchport access vlan 11\n switchport voice vlan 10", "unknown"),
            ("switchport access vlan 11\n switchport voice vlan dot1p", "permit"),
            ("switchport access vlan dynamic", "unknown"),
            ("switchport access vlan name APP", "unknown"),
            ("switchport acess vlan 11", "unknown"),
            ("switchport access vlan 11\n switchport port-security maximum 1 vlan voice", "permit"),
            ("switchport private-vlan host-association 10 11", "unknown"),
            ("switchport mode trunk", "unknown"),
            ("description in vlan 1", "permit"),
            ("no switchport", "permit"),
            ("ip address 10.3.0.1 255.255.255.0", "permit"),
        ],
    )
    def test_the_list_of_a_port(self, port: str, ssh: str) -> None:
        text = self.SWITCH.format(port=port)
        assert verdict("cisco_ios", text, self.FLOW) == "permit"
        assert verdict("cisco_ios", text, {**self.FLOW, "dst_port": 22}) == ssh

    def test_a_question_by_the_port(self) -> None:
        text = self.SWITCH.format(port="switchport access vlan 10")
        by_port = {**self.FLOW, "in_interface": "GigabitEthernet1/0/1"}
        assert verdict("cisco_ios", text, by_port) == "permit"
        assert verdict("cisco_ios", text, {**by_port, "dst_port": 22}) == "deny"
        with_list = text.replace(
            "interface Vlan10\n", "interface Vlan10\n ip access-group V in\n"
        ) + NOTHING.replace("NOTHING", "V")
        assert verdict("cisco_ios", with_list, by_port) == "unknown"

    def test_a_list_that_is_not_defined(self) -> None:
        text = self.SWITCH.format(port="switchport access vlan 10").replace("PORT in", "GONE in")
        assert verdict("cisco_ios", text, {**self.FLOW, "dst_port": 22}) == "permit"

    def test_maps_of_vlans(self) -> None:
        text = self.SWITCH.format(port="no switchport") + "vlan filter MAP vlan-list 10\n"
        assert verdict("cisco_ios", text, self.FLOW) == "unknown"


class TestVlanMaps:
    """Catalyst 3750-X Configuration Guide, "Configuring VLAN Maps"."""

    SWITCH = """\
interface Vlan10
 ip address 10.1.0.1 255.255.255.0
interface Vlan20
 ip address 10.2.0.1 255.255.255.0
interface GigabitEthernet1/0/1
 switchport access vlan 10
interface GigabitEthernet1/0/2
 switchport mode trunk
interface GigabitEthernet1/0/3
 no switchport
 ip address 10.3.0.1 255.255.255.0
ip access-list extended TELNET
 permit tcp any any eq 23
ip access-list extended WEB
 deny tcp any any eq 8080
 permit tcp any any range 8000 8100
ip access-list extended EMPTY
ipv6 access-list SIX
 permit tcp any any eq 23
mac access-list extended M
 permit any any
"""
    FLOW: ClassVar[Flow] = {**THROUGH, "in_interface": "Vlan10", "out_interface": "GigabitEthernet1/0/3"}
    FILTER = "vlan filter MAP vlan-list 10-11\n"
    DROPS = "vlan access-map MAP 10\n match ip address TELNET\n action drop\n"
    REST = "vlan access-map MAP 20\n action forward\n"

    def asked(self, maps: str, bound: str | None = None, **flow: Any) -> str:
        text = self.SWITCH + maps + (self.FILTER if bound is None else bound)
        return verdict("cisco_ios", text, {**self.FLOW, **flow})

    @pytest.mark.parametrize(
        ("maps", "port", "wanted"),
        [
            (DROPS + REST, 23, "deny"),
            (DROPS + REST, 24, "permit"),
            (DROPS, 24, "deny"),  # there is a match clause for IP, and it does not fit
            ("vlan access-map MAP 10\n match ip address TELNET WEB\n action forward\n", 8000, "permit"),
            ("vlan access-map MAP 10\n match ip address TELNET WEB\n action forward\n", 23, "permit"),
            ("vlan access-map MAP 10\n match ip address TELNET WEB\n action forward\n", 8080, "deny"),
            ("vlan access-map MAP 10\n match ip address TELNET\n", 23, "permit"),
            (REST.replace("20", "5") + DROPS, 23, "permit"),  # by their numbers
            (REST + DROPS, 23, "deny"),
            ("vlan access-map MAP\n match mac address M\n action drop\n", 23, "permit"),
            ("vlan access-map MAP 10\n match ip address EMPTY\n action drop\n" + REST, 23, "unknown"),
            ("vlan access-map MAP 10\n match ip address GONE\n action drop\n" + REST, 23, "unknown"),
            ("vlan access-map MAP 10\n match ip address TELNET\n action redirect Gi1/0/9\n", 23, "unknown"),
            ("vlan access-map MAP 10\n match ip dscp 5\n action drop\n" + REST, 23, "unknown"),
            (DROPS + REST + "no vlan access-map MAP 10\n", 23, "permit"),
            (DROPS + REST + "no vlan access-map MAP\n", 23, "unknown"),
        ],
    )
    def test_entries(self, maps: str, port: int, wanted: str) -> None:
        assert self.asked(maps, dst_port=port) == wanted

    @pytest.mark.parametrize(
        ("way", "wanted"),
        [
            ({"in_interface": "Vlan20"}, "permit"),
            ({"in_interface": "GigabitEthernet1/0/3", "out_interface": "Vlan10"}, "deny"),
            ({"in_interface": "GigabitEthernet1/0/1"}, "deny"),
            ({"in_interface": "GigabitEthernet1/0/2"}, "unknown"),
        ],
    )
    def test_where_they_stand(self, way: dict[str, str], wanted: str) -> None:
        assert self.asked(self.DROPS + self.REST, dst_port=23, **way) == wanted

    @pytest.mark.parametrize(
        ("bound", "wanted"),
        [
            ("vlan filter MAP vlan-list 9,10\n", "deny"),
            ("vlan filter MAP vlan-list 9 , 12\n", "permit"),
            ("vlan filter MAP vlan-list all\n", "deny"),
            ("vlan filter MAP vlan-lst 12\n", "unknown"),
            ("vlan filter MAP vlan-list 10\nno vlan filter MAP vlan-list 10\n", "permit"),
            ("vlan filter MAP vlan-list 10-12\nno vlan filter MAP vlan-list 11\n", "deny"),
            ("vlan filter MAP vlan-list 10-12\nno vlan filter MAP vlan-list 9 , 10\n", "permit"),
            ("vlan filter MAP vlan-list 10-12\nno vlan filter MAP\n", "permit"),
            ("", "permit"),
        ],
    )
    def test_lists_of_vlans(self, bound: str, wanted: str) -> None:
        assert self.asked(self.DROPS + self.REST, bound, dst_port=23) == wanted

    @pytest.mark.parametrize(
        ("port", "wanted"),
        [
            ("switchport access vlan 9", "permit"),
            ("switchport access vlan 10\n switchport voice vlan 11", "deny"),
            ("switchport access vlan 9\n switchport voice vlan 10", "unknown"),
            ("switchport access vlan 9\n switchport voice vlan none", "permit"),
            ("switchport access vlan dynamic", "unknown"),
            ("switchport access vlan name APP", "unknown"),
            ("switchport mode private-vlan host\n switchport private-vlan host-association 9 10", "unknown"),
        ],
    )
    def test_of_which_vlans_a_port_is(self, port: str, wanted: str) -> None:
        text = self.SWITCH.replace("switchport access vlan 10", port) + self.DROPS + self.REST + self.FILTER
        asked = {**self.FLOW, "in_interface": "GigabitEthernet1/0/1", "dst_port": 23}
        assert verdict("cisco_ios", text, asked) == wanted

    def test_ipv6(self) -> None:
        six = {"src": "2001:db8::1", "dst": "2001:db8:1::1", "dst_port": 23}
        assert self.asked(self.DROPS, **six) == "unknown"
        assert self.asked(self.DROPS.replace("ip address TELNET", "ipv6 address SIX"), **six) == "deny"
        assert self.asked(self.DROPS + self.REST, **six) == "permit"
        # Whether a list of MAC addresses is for IPv6 packets differs between platforms.
        by_mac = "vlan access-map MAP 10\n match mac address M\n action drop\n"
        assert self.asked(by_mac + self.REST, **six) == "unknown"
        assert self.asked(self.REST.replace("20", "5") + by_mac, **six) == "permit"

    def test_the_list_of_the_interface_counts_as_well(self) -> None:
        text = self.SWITCH.replace("interface Vlan10\n", "interface Vlan10\n ip access-group TELNET in\n", 1)
        text += self.DROPS + self.REST + self.FILTER
        assert verdict("cisco_ios", text, {**self.FLOW, "dst_port": 24}) == "deny"
        assert verdict("cisco_ios", text, {**self.FLOW, "dst_port": 23}) == "deny"


def test_the_state_survives_its_document_and_fits_its_schema() -> None:
    text = router(
        "ip access-group common COMMON 101 in; ip nat inside; zone-member security in",
        "ip access-group OUT out; ip access-group IN in; ip nat outside",
        TestChains.LISTS
        + TestReflexive.LISTS
        + "ip nat inside source list 101 interface GigabitEthernet2 overload\n",
    )
    found = state("cisco_ios", text, startup_config=text)
    shown = json.loads(json.dumps(found.to_dict()))
    assert State.from_dict(shown).to_dict() == shown
    assert problems(shown, load_schema("state")) == []
