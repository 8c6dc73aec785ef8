# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists of Cisco NX-OS: each entry asked for packets that it is for, and for packets that it is not for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

WEB = {"src": "10.1.1.7", "dst": "10.2.0.10", "protocol": "tcp", "dst_port": 443}
WEB6 = {"src": "2001:db8:1::7", "dst": "2001:db8:2::10", "protocol": "tcp", "dst_port": 443}
SYN_ACK = {**WEB, "connection": "established", "tcp_flags": ["syn", "ack"]}
GROUPS = """
object-group ip address APPS
  10 host 10.1.1.7
  20 10.1.8.0/24
  30 10.3.0.0 0.0.255.255
object-group ip address NONE
object-group ipv6 address APPS6
  10 host 2001:db8:1::7
  20 2001:db8:8::/48
object-group ip port WEB
  10 eq 443
  20 range 8000 8010
  30 gt 60000
  40 lt 10
object-group ip port ODD
  10 neq 443
"""


def entry(line: str, flow: dict[str, Any], family: str = "ip") -> str:
    text = f"{GROUPS}\n{family} access-list ONE\n  10 {line}\n"
    return verdict("cisco_nxos", text, flow, "ONE")


@pytest.mark.parametrize(
    ("line", "changed", "wanted"),
    [
        ("permit tcp 10.1.1.0/24 10.2.0.0/16 eq 443", {}, "permit"),
        ("permit tcp 10.1.1.9/24 10.2.0.0/16 eq 443", {}, "permit"),
        ("permit tcp 10.1.1.0/24 10.2.0.0/16 eq 443", {"src": "10.1.2.7"}, "deny"),
        ("permit tcp 10.1.0.7 0.0.254.0 any", {"src": "10.1.2.7"}, "permit"),
        ("permit tcp 10.1.0.7 0.0.254.0 any", {"src": "10.1.3.7"}, "deny"),
        ("permit tcp host 10.1.1.7 any", {}, "permit"),
        ("permit tcp host 10.1.1.7 any", {"src": "10.1.1.8"}, "deny"),
        ("permit ip any any", {}, "permit"),
        ("permit tcp any any eq www", {"dst_port": 80}, "permit"),
        ("permit tcp any any eq www", {"dst_port": 8080}, "deny"),
        ("permit tcp any any neq 443", {}, "deny"),
        ("permit tcp any any neq 443", {"dst_port": 444}, "permit"),
        ("permit tcp any gt 1023 any lt 444", {"src_port": 1024}, "permit"),
        ("permit tcp any gt 1023 any lt 444", {"src_port": 1023}, "deny"),
        ("permit tcp any any range 500 400", {}, "permit"),
        ("permit udp any any eq domain", {"protocol": "udp", "dst_port": 53}, "permit"),
        ("permit 17 any any", {"protocol": "udp", "dst_port": 53}, "permit"),
        ("permit ip addrgroup APPS any", {}, "permit"),
        ("permit ip addrgroup APPS any", {"src": "10.1.8.255"}, "permit"),
        ("permit ip addrgroup APPS any", {"src": "10.3.200.1"}, "permit"),
        ("permit ip addrgroup APPS any", {"src": "10.1.1.8"}, "deny"),
        ("permit ip any addrgroup NONE", {}, "deny"),
        ("permit tcp any any portgroup WEB", {}, "permit"),
        ("permit tcp any any portgroup WEB", {"dst_port": 8010}, "permit"),
        ("permit tcp any any portgroup WEB", {"dst_port": 8011}, "deny"),
        ("permit tcp any any portgroup WEB", {"dst_port": 60000}, "deny"),
        ("permit tcp any any portgroup WEB", {"dst_port": 60001}, "permit"),
        ("permit tcp any any portgroup WEB", {"dst_port": 9}, "permit"),
        ("permit tcp any any portgroup ODD", {}, "deny"),
        ("permit tcp any portgroup ODD any", {"src_port": 444}, "permit"),
        ("permit ip any any log", {}, "permit"),
        ("permit ip any any capture session 3", {}, "permit"),
        ("permit tcp any any syn", {}, "permit"),
        ("permit tcp any any ack", {}, "deny"),
        ("permit tcp any any syn tcp-flags-mask 45", {}, "permit"),
        ("permit tcp any any fin tcp-flags-mask 62", {}, "deny"),
        ("permit ip any any fragments", {}, "deny"),
        ("permit icmp any any echo", {"protocol": "icmp", "dst_port": None, "icmp_type": 8}, "permit"),
        ("permit icmp any any echo", {"protocol": "icmp", "dst_port": None, "icmp_type": 0}, "deny"),
        ("permit icmp any any 3 1", {"protocol": "icmp", "dst_port": None, "icmp_type": 3}, "mixed"),
    ],
)
def test_an_entry_is_for_the_packets_that_it_names(line: str, changed: dict[str, Any], wanted: str) -> None:
    flow = {name: value for name, value in {**WEB, **changed}.items() if value is not None}
    assert entry(line, flow) == wanted


@pytest.mark.parametrize(
    "options",
    [
        "dscp af11",
        "precedence critical",
        "ttl 5",
        "packet-length range 100 200",
        "packet-length gt 1000",
        "time-range NIGHT",
        "http-method get",
        "tcp-option-length 8",
        "udf pktoff10 0x1234 0xffff",
        "redirect Ethernet1/3",
        "portgroup NOWHERE",
        "some-word-of-tomorrow",
    ],
)
def test_what_a_flow_does_not_tell_is_unknown_and_only_for_what_the_entry_may_be_for(options: str) -> None:
    line = f"permit tcp 10.1.1.0/24 any {options}"
    assert entry(line, WEB) == "unknown"
    assert entry(line, {**WEB, "src": "10.1.2.7"}) == "deny"


@pytest.mark.parametrize("line", ["permit tcp any any syn ack", "deny tcp any any fin syn"])
def test_whether_several_flags_mean_all_is_not_known(line: str) -> None:
    assert entry(line, WEB) == ("unknown" if line.startswith("permit") else "deny")
    assert entry(f"{line}\n  20 permit ip any any", WEB) == (
        "permit" if line.startswith("permit") else "unknown"
    )


def test_established_never_opens_a_connection() -> None:
    line = "permit tcp any any eq 443 established"
    assert entry(line, WEB) == "deny"
    assert entry(line, SYN_ACK) == "permit"


@pytest.mark.parametrize(
    ("line", "changed", "wanted"),
    [
        ("permit tcp 2001:db8:1::/64 any eq 443", {}, "permit"),
        ("permit tcp 2001:db8:2::/64 any eq 443", {}, "deny"),
        ("permit tcp 2001:db8:1::7 eq 443 any", {"src_port": 443}, "permit"),
        ("permit ipv6 host 2001:db8:1::7 any", {}, "permit"),
        ("permit ipv6 addrgroup APPS6 any", {}, "permit"),
        ("permit ipv6 addrgroup APPS6 any", {"src": "2001:db8:9::1"}, "deny"),
        (
            "permit icmp any any echo-request",
            {"protocol": "icmpv6", "dst_port": None, "icmp_type": 128},
            "permit",
        ),
        # The implicit rules at the end of each IPv6 list.
        ("permit tcp any any", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 135}, "permit"),
        ("permit tcp any any", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 134}, "permit"),
        ("permit tcp any any", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 128}, "deny"),
        ("deny ipv6 any any", {"protocol": "icmpv6", "dst_port": None, "icmp_type": 135}, "deny"),
    ],
)
def test_entries_of_ipv6_lists(line: str, changed: dict[str, Any], wanted: str) -> None:
    flow = {name: value for name, value in {**WEB6, **changed}.items() if value is not None}
    assert entry(line, flow, "ipv6") == wanted


def test_an_address_of_the_other_family_is_not_understood() -> None:
    assert entry("permit tcp 2001:db8::/32 any", WEB) == "unknown"


LIST = """
ip access-list ONE
  statistics per-entry
  fragments deny-all
  remark first line
  permit tcp any any eq 443
  15 deny tcp any any eq 22
  permit tcp 10.1.1.0/24 any
  5 deny tcp host 10.1.1.9 any
"""


@pytest.mark.parametrize(
    ("changed", "wanted", "text"),
    [
        ({}, "permit", "permit tcp any any eq 443"),
        ({"src": "10.1.1.9"}, "deny", "5 deny tcp host 10.1.1.9 any"),
        ({"dst_port": 22}, "deny", "15 deny tcp any any eq 22"),
        ({"dst_port": 23}, "permit", "permit tcp 10.1.1.0/24 any"),
    ],
)
def test_entries_stand_by_their_numbers_and_those_without_ten_behind_the_last(
    changed: dict[str, Any], wanted: str, text: str
) -> None:
    found = state("cisco_nxos", LIST)
    assert [rule.line for rule in found.rulesets["ONE"].rules] == [5, 15, 20, 30]
    assert verdict("cisco_nxos", LIST, {**WEB, **changed}, "ONE") == wanted
    assert text in [rule.text for rule in found.rulesets["ONE"].rules]


@pytest.mark.parametrize(
    ("change", "flow", "wanted"),
    [
        ("ip access-list ONE\n  no 15", {**WEB, "dst_port": 22}, "permit"),
        ("ip access-list ONE\n  no permit tcp any any eq 443", {**WEB, "src": "10.9.9.9"}, "deny"),
        ("no ip access-list ONE\nip access-list ONE\n  permit udp any any", WEB, "deny"),
        ("ip access-list ONE\n  15 permit tcp any any eq 22", {**WEB, "dst_port": 22}, "unknown"),
    ],
)
def test_a_candidate_takes_back_and_adds(change: str, flow: dict[str, Any], wanted: str) -> None:
    assert verdict("cisco_nxos", f"{LIST}\n{change}\n", flow, "ONE") == wanted


def test_commands_without_indentation_are_read_like_a_configuration() -> None:
    flat = """
    configure session acl-update
    object-group ip address APPS
    host 10.1.1.7
    ip access-list ONE
    10 permit tcp addrgroup APPS any eq 443
    20 deny ip any any
    interface Ethernet1/1
    no switchport
    ip access-group ONE in
    commit
    """
    assert verdict("cisco_nxos", flat, WEB, "ONE") == "permit"
    assert verdict("cisco_nxos", flat, {**WEB, "src": "10.1.1.8"}, "ONE") == "deny"
    assert verdict("cisco_nxos", flat, {**WEB, "src": "10.1.1.8", "in_interface": "Ethernet1/1"}) == "deny"


SHOWN = """
switch# show ip access-lists

IP access list ONE
        statistics per-entry
        10 permit tcp any any eq 443 [match=17]
        20 deny ip any any [match=0]
IPv6 access list SIX
        10 permit tcp any any eq 443
"""


def test_what_show_access_lists_prints_is_read_without_its_counters() -> None:
    found = state("cisco_nxos", SHOWN)
    assert [rule.text for rule in found.rulesets["ONE"].rules] == [
        "10 permit tcp any any eq 443",
        "20 deny ip any any",
    ]
    assert verdict("cisco_nxos", SHOWN, WEB, "ONE") == "permit"
    assert verdict("cisco_nxos", SHOWN, WEB6, "SIX") == "permit"
    assert verdict("cisco_nxos", SHOWN, WEB) == "unknown"
    assert found.fingerprint == state("cisco_nxos", SHOWN.replace("=17", "=18")).fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "% Invalid command at '^' marker.\n",
        "% Permission denied for the role\n",
        "switch# show running-config\n",
        "interface Ethernet1/1\n  no switchport\n% Error: connection lost\n",
    ],
)
def test_what_is_no_configuration_is_unreadable_and_never_no_firewall(text: str) -> None:
    found = state("cisco_nxos", text)
    assert not found.firewall_known
    assert found.unreadable
    assert verdict("cisco_nxos", text, WEB) == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "ip acess-list ONE\n  10 deny tcp any any\ninterface Ethernet1/1\n  ip access-group ONE in\n",
        "ip access-list ONE\n  10 deny tcp any any\ninterfce Ethernet1/1\n  ip access-group ONE in\n",
        "ip access-list ONE\n  10 deny tcp any any\ninterface Ethernet1/1\n  ip access-gruop ONE in\n",
        "ip access-list ONE\n  10 deny tcp any any\ninterface Ethernet1/1\n  ip access-group ONE\n",
        "hostname leaf1\n  ip access-list ONE\n    10 deny tcp any any\n  interface Ethernet1/1\n    ip access-group ONE in\n",
        "interface Ethernet1/1\n  ip access-group ONE in\n  ip access-list ONE\n    10 deny tcp any any\n",
        "ip access-list ONE\n  10 dney tcp any any\ninterface Ethernet1/1\n  ip access-group ONE in\n",
    ],
)
def test_a_misspelt_word_never_opens_an_interface(text: str) -> None:
    assert verdict("cisco_nxos", text, {**WEB, "in_interface": "Ethernet1/1"}) == "unknown"
    assert state("cisco_nxos", text).not_understood or "dney" in text


def test_lists_of_both_families_may_have_one_name() -> None:
    text = "ip access-list ONE\n  permit tcp any any eq 443\nipv6 access-list ONE\n  deny tcp any any\n"
    assert verdict("cisco_nxos", text, WEB, "ONE") == "permit"
    assert verdict("cisco_nxos", text, WEB6, "ipv6 ONE") == "deny"
