# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists of Cisco IOS XR, and where they are bound."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.device_texts import state, verdict

WEB = {"src": "10.1.1.7", "dst": "10.2.0.10", "protocol": "tcp", "dst_port": 443}
SSH = {**WEB, "dst_port": 22}
WEB6 = {"src": "2001:db8:1::7", "dst": "2001:db8:2::10", "protocol": "tcp", "dst_port": 443}
SYN_ACK = {**WEB, "connection": "established", "tcp_flags": ["syn", "ack"]}
GROUPS = """
object-group network ipv4 APPS
 description application servers
 host 10.1.1.7
 10.1.8.0/24
 range 10.3.0.5 10.3.0.9
!
object-group network ipv4 ALL
 object-group APPS
 object-group MORE
!
object-group network ipv4 MORE
 host 10.7.7.7
!
object-group network ipv4 LOOP
 host 10.1.1.7
 object-group LOOP
!
object-group network ipv4 MASKS
 host 10.9.9.9
 10.1.1.0 255.255.255.0
!
object-group network ipv6 APPS6
 2001:db8:1::/64
!
object-group port WEB
 eq 443
 range 8000 8010
 object-group SHELL
!
object-group port SHELL
 eq ssh
!
object-group network ipv4 NONE
!
"""


def entry(line: str, flow: dict[str, Any], family: str = "ipv4") -> str:
    return verdict("cisco_xr", f"{GROUPS}\n{family} access-list ONE\n 10 {line}\n!\n", flow, "ONE")


@pytest.mark.parametrize(
    ("line", "changed", "wanted"),
    [
        ("permit tcp 10.1.1.0 0.0.0.255 10.2.0.0/16 eq 443", {}, "permit"),
        ("permit tcp 10.1.1.0 0.0.0.255 10.2.0.0/16 eq https", {}, "permit"),
        ("permit tcp 10.1.1.0 0.0.0.255 10.2.0.0/16 eq 443", {"src": "10.1.2.7"}, "deny"),
        ("permit ipv4 10.1.0.7 0.0.254.0 any", {"src": "10.1.2.7"}, "permit"),
        ("permit ipv4 10.1.0.7 0.0.254.0 any", {"src": "10.1.3.7"}, "deny"),
        ("permit tcp any any eq ssh", {"dst_port": 22}, "permit"),
        ("permit tcp any range 1024 65535 any neq 443", {"src_port": 1024, "dst_port": 1}, "permit"),
        ("permit ipv4 net-group APPS any", {}, "permit"),
        ("permit ipv4 net-group APPS any", {"src": "10.3.0.9"}, "permit"),
        ("permit ipv4 net-group APPS any", {"src": "10.3.0.10"}, "deny"),
        ("permit ipv4 net-group ALL any", {"src": "10.7.7.7"}, "permit"),
        ("permit ipv4 net-group ALL any", {"src": "10.1.8.1"}, "permit"),
        ("permit ipv4 net-group ALL any", {"src": "10.7.7.8"}, "deny"),
        ("permit ipv4 net-group NONE any", {}, "deny"),
        ("permit ipv4 net-group LOOP any", {}, "permit"),
        ("permit ipv4 net-group LOOP any", {"src": "10.1.1.8"}, "unknown"),
        ("permit ipv4 net-group MASKS any", {"src": "10.9.9.9"}, "permit"),
        ("permit ipv4 net-group MASKS any", {}, "unknown"),
        ("permit ipv4 net-group NOWHERE any", {}, "unknown"),
        ("permit tcp any any port-group WEB", {}, "permit"),
        ("permit tcp any any port-group WEB", {"dst_port": 22}, "permit"),
        ("permit tcp any any port-group WEB", {"dst_port": 23}, "deny"),
        ("permit tcp any any syn", {}, "permit"),
        ("permit tcp any any match-any +ack +rst", {}, "deny"),
        ("permit tcp any any match-all +syn -ack", {}, "permit"),
        ("permit tcp any any log-input", {}, "permit"),
        ("permit tcp any any capture counter HITS log", {}, "permit"),
        ("permit tcp any any set qos-group 5", {}, "permit"),
        ("deny tcp any any icmp-off", {}, "deny"),
        ("permit ipv4 any any fragments", {}, "deny"),
        ("permit icmp any any echo", {"protocol": "icmp", "dst_port": None, "icmp_type": 8}, "permit"),
        ("permit icmp any any 8 0", {"protocol": "icmp", "dst_port": None, "icmp_type": 8, "icmp_code": 1}, "deny"),
        # Without protocol and destination.
        ("permit 10.1.1.0 0.0.0.255", {}, "permit"),
        ("permit 10.1.1.0/24 log", {}, "permit"),
        ("permit host 10.1.1.8", {}, "deny"),
        ("permit any", {}, "permit"),
    ],
)  # fmt: skip
def test_an_entry_is_for_the_packets_that_it_names(line: str, changed: dict[str, Any], wanted: str) -> None:
    flow = {name: value for name, value in {**WEB, **changed}.items() if value is not None}
    assert entry(line, flow) == wanted


@pytest.mark.parametrize(
    "options",
    [
        "dscp af11",
        "dscp range 5 9",
        "precedence flash",
        "ttl eq 1",
        "packet-length gt 1000",
        "fragment-offset eq 0",
        "fragment-type dont-fragment",
        "port-group NOWHERE",
        "nexthop1 ipv4 10.0.0.1",
        "nexthop1 vrf RED ipv4 10.0.0.1 nexthop2 ipv4 10.0.0.2",
        "default nexthop1 ipv4 10.0.0.1",
        "police 100 pps",
        "udf WORD 0x1 0xff",
    ],
)
def test_what_is_not_modelled_is_unknown_and_only_for_what_the_entry_may_be_for(options: str) -> None:
    line = f"permit tcp 10.1.1.0/24 any {options}"
    assert entry(line, WEB) == "unknown"
    assert entry(line, {**WEB, "src": "10.1.2.7"}) == "deny"


def test_packets_that_go_to_a_next_hop_or_are_policed_don_t_come_to_later_entries() -> None:
    for option in ("nexthop1 ipv4 10.0.0.1", "police 100 pps"):
        assert entry(f"permit tcp any any {option}\n 20 permit ipv4 any any", WEB) == "unknown"
    assert entry("deny tcp any any nexthop1 ipv4 10.0.0.1\n 20 deny ipv4 any any", WEB) == "deny"


def test_established_never_opens_a_connection() -> None:
    assert entry("permit tcp any any established", WEB) == "deny"
    assert entry("permit tcp any any established", SYN_ACK) == "permit"


@pytest.mark.parametrize(
    ("line", "changed", "wanted"),
    [
        ("permit tcp 2001:db8:1::/64 any eq 443", {}, "permit"),
        ("permit ipv6 host 2001:db8:1::7 any", {}, "permit"),
        ("permit ipv6 2001:db8:1::7 ::ffff:0 any", {"src": "2001:db8:1::beef:7"}, "permit"),
        ("permit ipv6 2001:db8:1::7 ::ffff:0 any", {"src": "2001:db8:1::beef:8"}, "deny"),
        ("permit ipv6 net-group APPS6 any", {}, "permit"),
        ("permit ipv6 any any routing", {}, "unknown"),
        ("permit icmpv6 any any echo", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 128}, "permit"),
        ("permit icmpv6 any any echo", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 129}, "deny"),
        ("permit icmpv6 any any", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 128}, "permit"),
        # The implicit rules at the end: two here, and none for routers.
        ("permit tcp any any", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 136}, "permit"),
        ("permit tcp any any", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 134}, "deny"),
        ("deny icmpv6 any any", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 136}, "deny"),
    ],
)
def test_entries_of_ipv6_lists(line: str, changed: dict[str, Any], wanted: str) -> None:
    flow = {name: value for name, value in {**WEB6, **changed}.items() if value is not None}
    assert entry(line, flow, "ipv6") == wanted


def test_one_line_may_say_all() -> None:
    formal = """
    hostname edge1
    ipv4 access-list icmp-off
    ipv4 access-list log-update threshold 5
    ipv4 access-list ONE 10 deny tcp any any eq 22
    ipv4 access-list ONE 20 permit ipv4 any any
    no ipv4 access-list ONE 10
    ipv4 access-list ONE 10 deny tcp any any eq 23
    no ipv4 access-list TWO
    object-group network ipv4 APPS
    object-group network ipv4 APPS 10.1.1.0/24
    ipv4 access-list TWO 10 permit ipv4 net-group APPS any
    interface GigabitEthernet0/0/0/0 ipv4 address 10.1.1.1 255.255.255.0
    interface GigabitEthernet0/0/0/0 ipv4 access-group ONE ingress
    """
    found = state("cisco_xr", formal)
    assert found.hostname == "edge1"
    assert [rule.line for rule in found.rulesets["ONE"].rules] == [10, 20]
    assert found.interfaces["GigabitEthernet0/0/0/0"].addresses == ["10.1.1.1/24"]
    by = {"in_interface": "GigabitEthernet0/0/0/0"}
    assert verdict("cisco_xr", formal, {**WEB, "dst_port": 23, **by}) == "deny"
    assert verdict("cisco_xr", formal, {**SSH, **by}) == "permit"
    assert verdict("cisco_xr", formal, WEB, "TWO") == "permit"


def test_two_entries_of_one_number_are_not_understood() -> None:
    """``show access-lists ... expanded`` gives the members of groups their entry's number: all of these count."""
    shown = """
    ipv4 access-list ONE
     10 permit tcp any host 10.2.0.10 eq 443
     20 deny tcp any host 10.2.0.10 eq 22
     20 deny tcp any host 10.2.0.10 eq 23
     30 permit ipv4 any any
    """
    assert verdict("cisco_xr", shown, WEB, "ONE") == "permit"
    assert verdict("cisco_xr", shown, SSH, "ONE") == "unknown"


LISTS = """
ipv4 access-list WEB
 10 permit tcp any any eq 443
ipv4 access-list NOSSH
 10 deny tcp any any eq 22
 20 permit ipv4 any any
ipv6 access-list WEB
 10 permit tcp any any eq 443
ipv4 access-list SHARED
 10 permit tcp any any eq 22
 20 deny tcp host 10.1.1.9 any
ipv4 access-list EMPTY
ipv4 access-list WORDS
 10 remark nothing yet
"""
IN = {"in_interface": "GigabitEthernet0/0/0/0"}


def asked(lines: str, flow: dict[str, Any], **by: str) -> str:
    return verdict(
        "cisco_xr",
        f"{LISTS}interface GigabitEthernet0/0/0/1\n!\ninterface GigabitEthernet0/0/0/0\n {lines}\n!\n",
        {**flow, **(by or IN)},
    )


@pytest.mark.parametrize(
    ("line", "flow", "wanted"),
    [
        ("ipv4 access-group WEB ingress", WEB, "permit"),
        ("ipv4 access-group WEB ingress", SSH, "deny"),
        ("ipv4 access-group WEB ingress hardware-count interface-statistics", SSH, "deny"),
        ("ipv4 access-group WEB ingress compress level 3", SSH, "deny"),
        ("ipv6 access-group WEB ingress", WEB6, "permit"),
        ("ipv6 access-group WEB ingress", {**WEB6, "dst_port": 22}, "deny"),
        ("ipv4 access-group common SHARED WEB ingress", SSH, "permit"),
        ("ipv4 access-group common SHARED WEB ingress", {**WEB, "src": "10.1.1.9"}, "deny"),
        ("ipv4 access-group common SHARED WEB ingress", WEB, "permit"),
        ("ipv4 access-group common SHARED WEB ingress", {**WEB, "dst_port": 80}, "deny"),
        ("ipv4 access-group common SHARED ingress", {**WEB, "dst_port": 80}, "deny"),
        ("ipv4 access-group common EMPTY common SHARED WEB ingress", SSH, "permit"),
        ("ipv4 access-group common SHARED WEB NOSSH ingress", SSH, "unknown"),
        ("ipv4 access-group common ingress", SSH, "unknown"),
        ("ipv4 access-group ingress", SSH, "unknown"),
        # A list that does not exist passes all packets ("ipv4 access-group", usage guidelines).
        ("ipv4 access-group NOWHERE ingress", SSH, "permit"),
        ("ipv4 access-group common NOWHERE WEB ingress", SSH, "deny"),
        # The implicit deny takes effect in a list that has an entry.
        ("ipv4 access-group EMPTY ingress", SSH, "permit"),
        ("ipv4 access-group WORDS ingress", SSH, "unknown"),
        ("ipv4 access-group WEB ingress some-new-word", WEB, "unknown"),
        ("ipv4 access-group WEB", WEB, "unknown"),
        ("ipv4 acces-group WEB ingress", WEB, "unknown"),
        ("ipv4 verify unicast source reachable-via rx", WEB, "unknown"),
        ("service-policy type pbr input REDIRECT", WEB, "unknown"),
        ("service-policy input MARKING", WEB, "permit"),
        ("description ipv4 access-group WEB ingress", SSH, "permit"),
        ("ipv4 access-group WEB ingress\n no ipv4 access-group WEB ingress", SSH, "permit"),
        ("ipv4 access-group WEB ingress\n no ipv4 access-group WEB egress", SSH, "deny"),
        ("l2transport\n ipv4 access-group WEB ingress", WEB, "unknown"),
    ],
)
def test_lists_at_an_interface(line: str, flow: dict[str, Any], wanted: str) -> None:
    assert asked(line, flow) == wanted


def test_what_is_implicit_stands_behind_the_last_of_several_lists() -> None:
    text = """
    ipv6 access-list SHARED
     10 permit tcp any any eq 22
    ipv6 access-list OWN
     10 deny icmpv6 any any
    interface GigabitEthernet0/0/0/0
     ipv6 access-group common SHARED OWN ingress
    """
    neighbour = {"src": "2001:db8::1", "dst": "2001:db8::2", "protocol": "icmpv6", "icmp_type": 136}
    assert verdict("cisco_xr", text, {**neighbour, **IN}) == "deny"
    assert verdict("cisco_xr", text.replace("deny icmpv6", "deny udp"), {**neighbour, **IN}) == "permit"
    assert verdict("cisco_xr", text, {**WEB6, "dst_port": 22, **IN}) == "permit"


def test_an_outgoing_list() -> None:
    out = {"in_interface": "GigabitEthernet0/0/0/1", "out_interface": "GigabitEthernet0/0/0/0"}
    assert asked("ipv4 access-group NOSSH egress", SSH, **out) == "deny"
    assert asked("ipv4 access-group NOSSH egress", WEB, **out) == "permit"
    assert asked("ipv4 access-group NOSSH ingress", SSH, **out) == "permit"


@pytest.mark.parametrize(
    ("text", "inside", "wanted"),
    [
        ("interface Bundle-Ether1\n ipv4 access-group WEB ingress\ninterface TenGigE0/0/0/1\n bundle id 1 mode active\n",
         "TenGigE0/0/0/1", "deny"),
        ("interface MgmtEth0/RP0/CPU0/0\n ipv4 access-group WEB ingress\n", "MgmtEth0/RP0/CPU0/0", "deny"),
        ("interface preconfigure TenGigE0/0/0/1\n ipv4 access-group WEB ingress\n", "TenGigE0/0/0/1", "deny"),
        ("interface TenGigE0/0/0/1.10\n encapsulation dot1q 10\n ipv4 access-group WEB ingress\n",
         "TenGigE0/0/0/1.10", "deny"),
        ("interface BVI1\n ipv4 access-group WEB ingress\ninterface TenGigE0/0/0/1.10 l2transport\n",
         "TenGigE0/0/0/1.10", "unknown"),
        ("group EDGE\n interface 'TenGigE.*'\n  ipv4 access-group WEB ingress\n !\nend-group\n"
         "interface TenGigE0/0/0/1\n", "TenGigE0/0/0/1", "unknown"),
        ("ipv4 prefix-list NETS\n 10 permit 10.0.0.0/8 le 24\n!\nethernet-services access-list F\n 10 permit any any\n!\n"
         "interface TenGigE0/0/0/1\n ipv4 access-group WEB ingress\n", "TenGigE0/0/0/1", "deny"),
        ("flowspec\n local-install interface-all\n!\ninterface TenGigE0/0/0/1\n", "TenGigE0/0/0/1", "unknown"),
    ],
)  # fmt: skip
def test_kinds_of_interfaces(text: str, inside: str, wanted: str) -> None:
    assert verdict("cisco_xr", LISTS + text, {**SSH, "in_interface": inside}) == wanted


def test_lists_of_both_families_may_have_one_name() -> None:
    assert verdict("cisco_xr", LISTS, WEB, "WEB") == "permit"
    assert verdict("cisco_xr", LISTS, WEB6, "ipv6 WEB") == "permit"


HEADER = "Mon Nov 23 01:00:00.123 UTC\n!! IOS XR Configuration 7.3.2\n"


def test_a_configuration_that_begins_and_has_no_end_is_cut_off() -> None:
    whole = f"{HEADER}{LISTS}interface GigabitEthernet0/0/0/0\n ipv4 access-group WEB ingress\n!\nend\n"
    assert verdict("cisco_xr", whole, {**SSH, **IN}) == "deny"
    for end in ("end\n", "!\nend\n", " ingress\n!\nend\n"):
        cut = whole.removesuffix(end)
        assert not state("cisco_xr", cut).firewall_known
        assert verdict("cisco_xr", cut, {**SSH, **IN}) == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "% Invalid input detected at '^' marker.\n",
        "Mon Nov 23 01:00:00.123 UTC\n% This command is not authorized\n",
        "% No such configuration item(s)\n",
        "RP/0/RP0/CPU0:r1#show running-config\n",
    ],
)
def test_what_is_no_configuration_is_unreadable_and_never_no_firewall(text: str) -> None:
    assert not state("cisco_xr", text).firewall_known
    assert verdict("cisco_xr", text, WEB) == "unknown"


def test_what_show_access_lists_prints_is_read_without_its_counters() -> None:
    shown = """
    ipv4 access-list ONE
     10 permit tcp any any eq 443 (1204 matches)
     20 deny ipv4 any any (3 hw matches)
    """
    assert [rule.text for rule in state("cisco_xr", shown).rulesets["ONE"].rules] == [
        "10 permit tcp any any eq 443",
        "20 deny ipv4 any any",
    ]
    assert verdict("cisco_xr", shown, WEB, "ONE") == "permit"
    assert verdict("cisco_xr", shown, WEB) == "unknown"


def test_commands_without_indentation_are_read_like_a_configuration() -> None:
    flat = """
    object-group network ipv4 APPS
    10.1.1.0/24
    ipv4 access-list ONE
    10 permit tcp net-group APPS any eq 443
    interface GigabitEthernet0/0/0/0
    ipv4 access-group ONE ingress
    commit
    """
    assert verdict("cisco_xr", flat, {**WEB, **IN}) == "permit"
    assert verdict("cisco_xr", flat, {**SSH, **IN}) == "deny"


def test_deep_groups_end_in_unknown_and_not_in_a_crash() -> None:
    nested = "".join(f"object-group network ipv4 G{n}\n object-group G{n + 1}\n" for n in range(3000))
    text = f"{nested}ipv4 access-list ONE\n 10 permit ipv4 net-group G0 any\n"
    assert verdict("cisco_xr", text, WEB, "ONE") == "unknown"


def test_the_state_survives_its_document() -> None:
    found = state("cisco_xr", GROUPS + LISTS + "interface BVI1\n ipv4 access-group WEB ingress\n").to_dict()
    assert State.from_dict(json.loads(json.dumps(found))).to_dict() == found
