# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where checkers of access lists give wrong answers, on Cisco NX-OS and IOS XR: one question each, and the only right
answer."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.device_texts import state, verdict

DB = {"src": "10.0.1.0/24", "dst": "10.2.0.10", "protocol": "tcp", "dst_port": 5432}
HEADER = {"cisco_nxos": "ip access-list ONE", "cisco_xr": "ipv4 access-list ONE"}
GROUP = {"cisco_nxos": "object-group ip address", "cisco_xr": "object-group network ipv4"}
NAMES = {"cisco_nxos": ("addrgroup", "portgroup"), "cisco_xr": ("net-group", "port-group")}
BIND = {"cisco_nxos": "ip access-group ONE {}", "cisco_xr": "ipv4 access-group ONE {}"}
SIDES = {"cisco_nxos": ("in", "out"), "cisco_xr": ("ingress", "egress")}
PORT = {"cisco_nxos": "Vlan10", "cisco_xr": "GigabitEthernet0/0/0/0"}
BOTH = pytest.mark.parametrize("platform", ["cisco_nxos", "cisco_xr"])


def listed(platform: str, *lines: str) -> str:
    return "\n".join((HEADER[platform], *(f" {line}" for line in lines))) + "\n"


def ask(platform: str, flow: dict[str, Any], *lines: str) -> str:
    return verdict(platform, listed(platform, *lines), flow, "ONE")


@BOTH
def test_trap_1_a_part_that_an_earlier_deny_cuts_off(platform: str) -> None:
    text = listed(platform, "deny tcp 10.0.1.128/25 any", "permit tcp 10.0.1.0/24 any eq 5432")
    answer = Questions(state(platform, text)).verdict(DB, "ONE")
    assert answer["verdict"] == "mixed"
    cut = [part["flows"] for part in answer["parts"] if part["verdict"] == "deny"]
    assert [piece["src"] for flows in cut for piece in flows] == [["10.0.1.128/25"]]


@BOTH
def test_trap_2_rules_that_permit_together_what_none_does_alone(platform: str) -> None:
    halves = ("permit tcp 10.0.1.0/25 any eq 5432", "permit tcp 10.0.1.128/25 any range 5000 6000")
    assert ask(platform, DB, *halves) == "permit"


@BOTH
@pytest.mark.parametrize(
    ("entry", "source", "wanted"),
    [
        ("permit ip 10.0.0.0 0.0.254.255 any", "10.0.2.0/24", "permit"),
        ("permit ip 10.0.0.0 0.0.254.255 any", "10.0.1.0/24", "deny"),
        ("permit ip 10.0.0.0 0.0.254.254 any", "10.0.2.0/24", "mixed"),
        ("permit ip 0.0.0.0 255.255.255.255 any", "10.0.1.0/24", "permit"),
    ],
)
def test_trap_5_wildcard_masks_that_are_not_contiguous(
    platform: str, entry: str, source: str, wanted: str
) -> None:
    assert ask(platform, {**DB, "src": source}, entry) == wanted


@BOTH
@pytest.mark.parametrize(
    ("ports", "port", "wanted"),
    [
        ("eq 0", 0, "permit"), ("eq 65535", 65535, "permit"), ("gt 65535", 65535, "deny"), ("lt 0", 0, "deny"),
        ("lt 1", 0, "permit"), ("gt 65534", 65535, "permit"), ("neq 0", 0, "deny"), ("range 0 65535", 0, "permit"),
        ("eq 65536", 65535, "unknown"),
    ],
)  # fmt: skip
def test_trap_6_the_ends_of_ports(platform: str, ports: str, port: int, wanted: str) -> None:
    assert ask(platform, {**DB, "dst_port": port}, f"permit tcp any any {ports}") == wanted


@BOTH
def test_trap_15_and_17_without_a_rule_for_replies_they_are_denied(platform: str) -> None:
    reply = {"src": "10.2.0.10", "dst": "10.0.1.7", "protocol": "tcp", "src_port": 5432}
    back = {**reply, "connection": "established", "tcp_flags": ["syn", "ack"]}
    lines = ("permit tcp host 10.2.0.10 eq 5432 any established", "deny ip any any")
    assert ask(platform, back, *lines) == "permit"
    assert ask(platform, {**reply, "dst_port": 22}, *lines) == "deny"
    assert ask(platform, back, "permit tcp any host 10.2.0.10 eq 5432") == "deny"


@BOTH
def test_trap_18_fragmentation_needed_has_a_name(platform: str) -> None:
    needed = {"src": "192.0.2.1", "dst": "10.0.1.7", "protocol": "icmp", "icmp_type": 3, "icmp_code": 4}
    assert ask(platform, needed, "permit icmp any any packet-too-big") == "permit"
    assert ask(platform, needed, "permit icmp any any echo-reply") == "deny"


@BOTH
def test_trap_24_numbers_out_of_the_text_s_order_and_remarks_between(platform: str) -> None:
    lines = (
        "20 permit tcp any any eq 5432",
        "15 remark deny tcp any any",
        "10 deny tcp host 10.0.1.9 any log",
    )
    assert ask(platform, {**DB, "src": "10.0.1.9"}, *lines) == "deny"
    assert ask(platform, {**DB, "src": "10.0.1.8"}, *lines) == "permit"


@BOTH
@pytest.mark.parametrize(
    ("name", "number"),
    [("ahp", 51), ("ah", 51), ("esp", 50), ("gre", 47), ("ipinip", 4), ("ospf", 89), ("pim", 103), ("vrrp", 112), ("99", 99)],
)  # fmt: skip
def test_trap_24_names_of_protocols(platform: str, name: str, number: int) -> None:
    flow = {"src": "10.0.1.7", "dst": "10.2.0.10", "protocol": number}
    assert ask(platform, flow, f"permit {name} any any") == "permit"
    assert ask(platform, {**flow, "protocol": 6}, f"permit {name} any any") == "deny"


@BOTH
def test_trap_25_groups_of_addresses(platform: str) -> None:
    addresses, _ports = NAMES[platform]
    group = f"{GROUP[platform]} APPS\n host 10.0.1.7\n 10.0.3.0/24\n"
    text = group + listed(platform, f"permit tcp {addresses} APPS any eq 5432")
    assert verdict(platform, text, {**DB, "src": "10.0.3.0/24"}, "ONE") == "permit"
    assert verdict(platform, text, DB, "ONE") == "mixed"


@BOTH
@pytest.mark.parametrize("flow", [DB, {**DB, "src": "10.0.9.9"}])
def test_trap_28_a_group_that_is_missing(platform: str, flow: dict[str, Any]) -> None:
    addresses, ports = NAMES[platform]
    assert ask(platform, flow, f"permit tcp {addresses} NOWHERE any eq 5432") == "unknown"
    assert ask(platform, flow, f"permit tcp any any {ports} NOWHERE") == "unknown"
    assert ask(platform, {**flow, "protocol": "udp"}, f"permit tcp any any {ports} NOWHERE") == "deny"


@BOTH
def test_trap_28_a_group_without_members_matches_nothing(platform: str) -> None:
    addresses, _ports = NAMES[platform]
    text = f"{GROUP[platform]} APPS\n" + listed(
        platform, f"permit tcp {addresses} APPS any", "permit udp any any"
    )
    assert verdict(platform, text, DB, "ONE") == "deny"


@BOTH
@pytest.mark.parametrize(
    ("side", "wanted"), [(None, ("permit", "permit")), (0, ("deny", "permit")), (1, ("permit", "deny"))]
)
def test_trap_28_a_list_that_is_bound_nowhere_or_the_other_way(
    platform: str, side: int | None, wanted: tuple[str, str]
) -> None:
    text = listed(platform, "deny tcp any any eq 5432", "permit ip any any") + f"interface {PORT[platform]}\n"
    if side is not None:
        text += f" {BIND[platform].format(SIDES[platform][side])}\n"
    text += "interface Loopback0\n"
    came = {**DB, "in_interface": PORT[platform], "out_interface": "Loopback0"}
    went = {**DB, "in_interface": "Loopback0", "out_interface": PORT[platform]}
    assert (verdict(platform, text, came), verdict(platform, text, went)) == wanted


@BOTH
@pytest.mark.parametrize("word", ["zqx", "reflect BACK", "evaluate BACK", "eq", "10.0.0.1", "inactive"])
def test_trap_29_a_word_that_is_not_read_makes_the_rule_unknown(platform: str, word: str) -> None:
    assert ask(platform, DB, f"permit tcp 10.0.0.0/8 any eq 5432 {word}", "deny tcp any any") == "unknown"
    assert (
        ask(platform, DB, f"deny tcp 10.0.0.0/8 any eq 5432 {word}", "permit tcp any any eq 5432")
        == "unknown"
    )
    assert ask(platform, {**DB, "src": "172.16.0.1"}, f"permit tcp 10.0.0.0/8 any {word}") == "deny"


@BOTH
def test_trap_30_any_of_a_list_means_its_own_family(platform: str) -> None:
    text = listed(platform, "permit ip any any") + f"interface {PORT[platform]}\n"
    text += f" {BIND[platform].format(SIDES[platform][0])}\n"
    six = {"src": "2001:db8::1", "dst": "2001:db8::2", "protocol": "tcp", "in_interface": PORT[platform]}
    assert verdict(platform, text, six) == "permit"
    assert verdict(platform, text.replace("permit ip any any", "deny ip any any"), six) == "permit"
