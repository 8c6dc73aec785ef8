# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of Cisco IOS access lists: a list, a question, the only right answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

Flow = dict[str, Any]
TCP: Flow = {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": "tcp", "dst_port": 5432}
UDP: Flow = {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": "udp", "dst_port": 53}
PING: Flow = {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": "icmp", "icmp_type": 8}
TCP6: Flow = {"src": "2001:db8::5", "dst": "2001:db8:1::9", "protocol": "tcp", "dst_port": 443}
ESTABLISHED: Flow = {"connection": "established"}

EXTENDED: list[tuple[str, Flow, str]] = [
    ("permit tcp any any eq 5432", TCP, "permit"),
    ("permit tcp any any eq 5432", {**TCP, "dst_port": 5433}, "deny"),
    ("permit tcp any any eq 5432", UDP, "deny"),
    ("permit tcp any any eq 5431 5432 6432", TCP, "permit"),
    ("permit tcp any any eq 5431 5432 6432", {**TCP, "dst_port": "5431-5432"}, "permit"),
    ("permit tcp any any neq 5431 5432", TCP, "deny"),
    ("permit tcp any any range 5432 5000", TCP, "permit"),
    ("permit tcp any any gt 5432", TCP, "deny"),
    ("permit tcp any any lt 5433", TCP, "permit"),
    ("permit tcp any any gt 65535", {**TCP, "dst_port": 65535}, "deny"),
    ("permit tcp any any lt 0", {**TCP, "dst_port": 0}, "deny"),
    ("permit tcp any eq 1024 any", {**TCP, "src_port": 1024}, "permit"),
    ("permit tcp any gt 1023 any eq 5432", {**TCP, "src_port": 1023}, "deny"),
    ("permit tcp any any eq www", {**TCP, "dst_port": 80}, "permit"),
    ("permit tcp any any eq domain", {**UDP, "protocol": "tcp"}, "permit"),
    ("permit udp any any eq domain", UDP, "permit"),
    ("permit udp any any eq syslog", {**UDP, "dst_port": 514}, "permit"),
    ("permit tcp any any eq cmd", {**TCP, "dst_port": 514}, "permit"),
    ("permit udp any any eq who", {**UDP, "dst_port": 513}, "permit"),
    # A name of TCP's is none of UDP's.
    ("permit udp any any eq telnet", {**UDP, "dst_port": 23}, "unknown"),
    ("permit tcp any any eq snmp", {**TCP, "dst_port": 161}, "unknown"),
    ("permit 6 any any eq 5432", TCP, "permit"),
    ("permit 256 any any", TCP, "unknown"),
    ("permit gre any any", {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": 47}, "permit"),
    ("permit icmp any any echo", PING, "permit"),
    ("permit icmp any any echo-reply", PING, "deny"),
    ("permit icmp any any 8", PING, "permit"),
    ("permit icmp any any 8 0", {**PING, "icmp_code": 0}, "permit"),
    ("permit icmp any any 8 1", {**PING, "icmp_code": 0}, "deny"),
    ("permit icmp any any packet-too-big", {**PING, "icmp_type": 3, "icmp_code": 4}, "permit"),
    ("permit icmp any any nonsense", PING, "unknown"),
    ("permit tcp 10.0.0.0 0.0.0.255 any", TCP, "permit"),
    ("permit tcp 10.0.0.77 0.0.0.255 any", TCP, "permit"),
    ("permit tcp 10.0.1.0 0.0.0.255 any", TCP, "deny"),
    ("permit tcp 10.0.0.1 0.0.254.254 any", TCP, "permit"),
    ("permit tcp 10.0.0.0 0.0.254.254 any", TCP, "deny"),
    ("permit tcp host 10.0.0.5 host 10.1.0.9", TCP, "permit"),
    ("permit tcp host 10.0.0.0/24 any", TCP, "unknown"),
    ("permit tcp host 2001:db8::5 any", TCP, "unknown"),
    ("permit ip any any log", TCP, "permit"),
    ("permit ip any any log-input", TCP, "permit"),
    ("permit ip any any log SHOP", TCP, "permit"),
    ("permit tcp any any established", TCP, "deny"),
    ("permit tcp any any established", {**TCP, **ESTABLISHED}, "permit"),
    ("permit tcp any any established log", {**TCP, **ESTABLISHED}, "permit"),
    ("permit tcp any any syn", TCP, "permit"),
    ("permit tcp any any ack rst", TCP, "deny"),
    ("permit tcp any any match-all +syn -ack", TCP, "permit"),
    ("permit tcp any any match-any +ack +syn", TCP, "permit"),
    ("permit tcp any any match-all +syn +ack", TCP, "deny"),
    ("permit tcp any any match-all", TCP, "unknown"),
    ("permit ip any any time-range WORKDAYS", TCP, "unknown"),
    ("permit ip any any log time-range WORKDAYS", TCP, "unknown"),
    ("permit ip any any dscp ef", TCP, "unknown"),
    ("permit ip any any ttl eq 1", TCP, "unknown"),
    ("permit ip any any ttl range 1 4", TCP, "unknown"),
    ("permit ip any any option ssr", TCP, "unknown"),
    ("permit ip any any fragments", TCP, "deny"),
    ("permit tcp any any eq 5432 reflect SESSIONS timeout 300", TCP, "permit"),
    ("dynamic VISITORS timeout 120 permit tcp any any", TCP, "unknown"),
    ("dynamic VISITORS permit udp any any", TCP, "deny"),
    ("permit tcp any any eq 5432 nonsense", TCP, "unknown"),
    ("permit tcp any any eq 5432 nonsense", UDP, "deny"),
    ("nonsense tcp any any", TCP, "unknown"),
    ("permit tcp any", TCP, "unknown"),
    ("permit tcp any any eq", TCP, "unknown"),
    ("permit tcp any any eq 65536", TCP, "unknown"),
    ("permit tcp any any range 1", TCP, "unknown"),
    ("permit sctp any any eq 7", {**TCP, "protocol": "sctp", "dst_port": 7}, "permit"),
    ("permit igmp any any host-query", {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": "igmp"}, "unknown"),
]


@pytest.mark.parametrize(("entry", "flow", "wanted"), EXTENDED)
def test_extended_entries(entry: str, flow: Flow, wanted: str) -> None:
    assert verdict("cisco_ios", f"ip access-list extended L\n {entry}\n", flow, "L") == wanted
    if not entry.startswith("dynamic"):
        assert verdict("cisco_ios", f"access-list 101 {entry}\n", flow, "101") == wanted
    assert verdict("cisco_ios", f"ip access-list extended L\n 15 {entry}\n", flow, "L") == wanted


STANDARD: list[tuple[str, str]] = [
    ("permit 10.0.0.5", "permit"),
    ("permit host 10.0.0.5 log", "permit"),
    ("permit 10.0.0.0", "deny"),
    ("permit 10.0.0.0 0.0.0.255", "permit"),
    ("permit 10.0.0.0, wildcard bits 0.0.0.255", "unknown"),
    ("permit any", "permit"),
    ("permit 10.0.0.0/24", "unknown"),
    ("permit any any", "unknown"),
    ("permit", "unknown"),
]


@pytest.mark.parametrize(("entry", "wanted"), STANDARD)
def test_standard_entries(entry: str, wanted: str) -> None:
    assert verdict("cisco_ios", f"access-list 10 {entry}\naccess-list 10 remark x\n", TCP, "10") == wanted
    assert verdict("cisco_ios", f"ip access-list standard S\n {entry}\n", TCP, "S") == wanted


IPV6: list[tuple[str, Flow, str]] = [
    ("permit tcp any any eq 443", TCP6, "permit"),
    ("permit tcp 2001:db8::/64 host 2001:db8:1::9 eq 443", TCP6, "permit"),
    ("permit tcp 2001:db8::77/64 any", TCP6, "permit"),
    ("permit ipv6 any any sequence 30", TCP6, "permit"),
    ("sequence 30 permit ipv6 any any", TCP6, "permit"),
    ("permit ip any any", TCP6, "unknown"),
    ("permit tcp 10.0.0.0/8 any", TCP6, "unknown"),
    ("permit tcp 2001:db8:: any", TCP6, "unknown"),
    (
        "permit icmp any any echo-request",
        {**TCP6, "protocol": "icmpv6", "icmp_type": 128, "dst_port": None},
        "permit",
    ),
    (
        "permit icmp any any router-advertisement",
        {**TCP6, "protocol": "icmpv6", "icmp_type": 128, "dst_port": None},
        "deny",
    ),
    ("permit tcp any any established", TCP6, "deny"),
    ("permit ipv6 any any undetermined-transport", TCP6, "deny"),
    ("permit hbh any any", TCP6, "deny"),
    ("permit ipv6 any any routing", TCP6, "deny"),
    ("permit ipv6 any any flow-label 7", TCP6, "unknown"),
    ("permit ipv6 any any dest-option-type 201", TCP6, "unknown"),
    ("permit ipv6 any any nonsense", TCP6, "unknown"),
]


@pytest.mark.parametrize(("entry", "flow", "wanted"), IPV6)
def test_entries_of_ipv6_lists(entry: str, flow: Flow, wanted: str) -> None:
    asked = {name: value for name, value in flow.items() if value is not None}
    assert verdict("cisco_ios", f"ipv6 access-list L6\n {entry}\n", asked, "L6") == wanted


@pytest.mark.parametrize(
    ("number", "entry", "wanted"),
    [
        (135, "permit tcp any any", "permit"),
        (136, "permit tcp any any", "permit"),
        (134, "permit tcp any any", "deny"),
        (135, "deny ipv6 any any", "deny"),
    ],
)
def test_an_ipv6_list_ends_by_permitting_neighbour_discovery(number: int, entry: str, wanted: str) -> None:
    flow = {"src": "fe80::1", "dst": "ff02::1", "protocol": "icmpv6", "icmp_type": number}
    assert verdict("cisco_ios", f"ipv6 access-list L6\n {entry}\n", flow, "L6") == wanted


def test_an_ipv4_list_and_an_ipv6_list_of_one_name() -> None:
    text = "ip access-list extended X\n deny ip any any\nipv6 access-list X\n permit ipv6 any any\n"
    assert verdict("cisco_ios", text, TCP, "X") == "deny"
    assert verdict("cisco_ios", text, TCP6, "ipv6 access-list X") == "permit"


@pytest.mark.parametrize(
    "entry",
    [
        "permit tcp any any eq 5432 {}",
        "permit tcp any any {} eq 5432",
        "permit tcp any {} any eq 5432",
        "permit tcp {} any any eq 5432",
        "permit {} tcp any any eq 5432",
        "{} permit tcp any any eq 5432",
        "permit tcp any any eq 5432 established {}",
    ],
)
@pytest.mark.parametrize("word", ["newword", "255.0.0.1", "any", "host"])
def test_trap_29_a_word_that_nobody_reads_makes_the_entry_unknown(entry: str, word: str) -> None:
    flow = {**TCP, "connection": "established"}
    assert verdict("cisco_ios", f"ip access-list extended L\n {entry.format(word)}\n", flow, "L") == "unknown"


class TestTrap24Order:
    """Trap 24: sequence numbers out of the text's order, remarks in the middle, hit counters."""

    def test_numbers_and_not_the_text_give_the_order(self) -> None:
        text = "ip access-list extended L\n 20 permit tcp any any\n remark between\n 10 deny tcp any any eq 5432\n"
        assert verdict("cisco_ios", text, TCP, "L") == "deny"
        rules = state("cisco_ios", text).rulesets["L"].rules
        assert [(rule.position, rule.line) for rule in rules] == [(1, 10), (2, 20)]

    def test_an_entry_without_a_number_stands_behind_the_last(self) -> None:
        text = "ip access-list extended L\n 100 deny tcp any any eq 5432\n permit ip any any\n 50 remark x\n"
        assert verdict("cisco_ios", text, TCP, "L") == "deny"
        assert [rule.line for rule in state("cisco_ios", text).rulesets["L"].rules] == [100, 110]

    def test_two_entries_with_one_number_are_not_known(self) -> None:
        text = "ip access-list extended L\n 10 permit ip any any\n 10 deny ip any any\n"
        assert verdict("cisco_ios", text, TCP, "L") == "unknown"

    def test_hit_counters_are_no_words_of_an_entry(self) -> None:
        text = "ip access-list extended L\n 10 permit tcp any any eq 5432 (12 matches)\n 20 deny ip any any (1 match)\n"
        assert verdict("cisco_ios", text, TCP, "L") == "permit"
        assert verdict("cisco_ios", text, UDP, "L") == "deny"

    def test_one_list_in_two_places(self) -> None:
        text = "ip access-list extended L\n deny tcp any any\nhostname r\nip access-list extended L\n permit ip any any\n"
        assert verdict("cisco_ios", text, TCP, "L") == "deny"
        assert verdict("cisco_ios", text, UDP, "L") == "permit"

    def test_a_partial_overlap_is_cut_off(self) -> None:
        text = "access-list 101 deny ip 10.0.1.128 0.0.0.127 any\naccess-list 101 permit ip 10.0.1.0 0.0.0.255 any\n"
        assert verdict("cisco_ios", text, {"src": "10.0.1.0/24", "dst": "10.9.0.1"}, "101") == "mixed"


class TestCandidate:
    """A candidate deletes before it defines, and may have no indentation."""

    def test_a_list_is_deleted_and_defined_anew(self) -> None:
        text = "access-list 101 permit ip any any\nno access-list 101\naccess-list 101 permit udp any any\n"
        assert verdict("cisco_ios", text, TCP, "101") == "deny"
        text = """            ip access-list extended L
             permit ip any any
            no ip access-list extended L
            ip access-list extended L
             permit udp any any
            """
        assert verdict("cisco_ios", text, TCP, "L") == "deny"

    def test_entries_are_deleted_by_number_or_text(self) -> None:
        text = "ip access-list extended L\n 10 permit tcp any any\n 20 permit udp any any\n no 10\n no permit udp any any\n"
        assert state("cisco_ios", text).rulesets["L"].rules == []

    def test_lines_without_indentation_belong_to_their_list(self) -> None:
        text = "ip access-list extended L\npermit udp any any\nremark last\n20 deny ip any any\n!\ninterface Vlan1\n"
        assert verdict("cisco_ios", text, TCP, "L") == "deny"
        assert len(state("cisco_ios", text).rulesets["L"].rules) == 2

    @pytest.mark.parametrize("indent", ["", " "])
    def test_leaving_a_mode_is_no_entry(self, indent: str) -> None:
        text = f"ip access-list extended L\n{indent}permit udp any any\n{indent}exit\n{indent}permit tcp any any\nexit\n"
        assert verdict("cisco_ios", text, TCP, "L") == "permit"
        assert verdict("cisco_ios", text, PING, "L") == "deny"

    def test_what_is_no_list_of_ios_is_named(self) -> None:
        found = state(
            "cisco_ios",
            "ip access-list role-based R\n permit ip\naccess-list compiled\naccess-list 700 permit 1.2.3\n",
        )
        assert [one["text"] for one in found.not_understood] == ["ip access-list role-based R"]
        assert set(found.rulesets) == {"to the device itself"}


def test_a_list_with_remarks_alone_is_not_known() -> None:
    assert verdict("cisco_ios", "ip access-list extended L\n remark soon\n", TCP, "L") == "unknown"
