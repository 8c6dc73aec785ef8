# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall filters of Junos: (configuration, question, verdict). The rules are Juniper's, from the documents that the
parser names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

PLATFORM = "juniper_junos"
SSH: dict[str, Any] = {
    "src": "10.0.1.5",
    "dst": "10.20.1.10",
    "protocol": "tcp",
    "dst_port": 22,
    "src_port": 40000,
}


def of_terms(*terms: str, family: str = "inet", beside: str = "") -> str:
    """A filter F of these terms."""
    return f"firewall {{ family {family} {{ filter F {{ {' '.join(terms)} }} }} }}\n{beside}"


def term(conditions: str, action: str = "accept;", name: str = "t1") -> str:
    return f"term {name} {{ from {{ {conditions} }} then {{ {action} }} }}"


def asked(*terms: str, family: str = "inet", beside: str = "", **flow: Any) -> str:
    return verdict(PLATFORM, of_terms(*terms, family=family, beside=beside), {**SSH, **flow}, "F")


ICMP6: dict[str, Any] = {
    "src": "2001:db8::1",
    "dst": "2001:db8::2",
    "protocol": "icmpv6",
    "dst_port": None,
    "src_port": None,
}
V6: dict[str, Any] = {"src": "2001:db8::1", "dst": "2001:db8::2"}
ICMP: dict[str, Any] = {"protocol": "icmp", "dst_port": None, "src_port": None}

CONDITIONS: list[tuple[str, dict[str, Any], str]] = [
    ("source-address 10.0.1.0/24;", {}, "permit"),
    ("source-address 10.0.2.0/24;", {}, "deny"),
    ("source-address 10.0.1.5;", {}, "permit"),
    ("source-address 10.0.1.5/24;", {}, "permit"),
    ("source-address { 10.0.0.0/8; 10.0.1.0/24 except; }", {}, "deny"),
    ("source-address { 10.0.1.0/24 except; 10.0.0.0/8; }", {"src": "10.0.2.5"}, "permit"),
    ("source-address { 10.0.0.0/8; 10.0.1.0/24 except; 10.0.1.5/32; }", {}, "permit"),
    ("source-address { 10.0.1.0/24 except; }", {}, "deny"),
    ("source-address { 10.0.1.0/24 except; }", {"src": "10.9.9.9"}, "deny"),
    ("source-address { 10.0.0.0/255.0.255.0; }", {"src": "10.7.0.9"}, "permit"),
    ("source-address { 10.0.0.0/255.0.255.0; }", {"src": "10.7.1.9"}, "deny"),
    ("address 10.20.1.0/24;", {}, "permit"),
    ("address 10.0.1.0/24;", {}, "permit"),
    ("address 10.9.9.0/24;", {}, "deny"),
    ("source-address 10.0.1.999/24;", {}, "unknown"),
    ("protocol tcp;", {}, "permit"),
    ("protocol [ udp tcp ];", {}, "permit"),
    ("protocol 6;", {}, "permit"),
    ("protocol-except tcp;", {}, "deny"),
    ("protocol-except [ udp icmp ];", {}, "permit"),
    ("protocol tpc;", {}, "unknown"),
    ("protocol tcp; destination-port ssh;", {}, "permit"),
    ("protocol tcp; destination-port [ http https ];", {}, "deny"),
    ("protocol tcp; destination-port 20-22;", {}, "permit"),
    ("protocol tcp; destination-port-except 20-21;", {}, "permit"),
    ("protocol tcp; source-port 1024-65535;", {}, "permit"),
    ("protocol tcp; port 22;", {}, "permit"),
    ("protocol tcp; port 40000;", {}, "permit"),
    ("protocol tcp; port-except 22;", {}, "deny"),
    ("protocol tcp; destination-port sssh;", {}, "unknown"),
    ("protocol icmp; icmp-type echo-request;", {**ICMP, "icmp_type": 8}, "permit"),
    ("protocol icmp; icmp-type [ echo-reply unreachable ];", {**ICMP, "icmp_type": 8}, "deny"),
    ("protocol icmp; icmp-type-except echo-request;", {**ICMP, "icmp_type": 8}, "deny"),
    (
        "protocol icmp; icmp-type 3; icmp-code fragmentation-needed;",
        {**ICMP, "icmp_type": 3, "icmp_code": 4},
        "permit",
    ),
    (
        "protocol icmp; icmp-type 3; icmp-code fragmentation-needed;",
        {**ICMP, "icmp_type": 3, "icmp_code": 1},
        "deny",
    ),
    ("protocol tcp; tcp-established;", {}, "deny"),
    ("protocol tcp; tcp-established;", {"connection": "established", "tcp_flags": ["ack"]}, "permit"),
    ("protocol tcp; tcp-initial;", {}, "permit"),
    ('protocol tcp; tcp-flags "syn & !ack";', {}, "permit"),
    ('protocol tcp; tcp-flags "(ack|rst)";', {}, "deny"),
    ('protocol tcp; tcp-flags "!(ack | rst) + syn";', {}, "permit"),
    ("protocol tcp; tcp-flags 0x2;", {}, "permit"),
    ('protocol tcp; tcp-flags "syn & akc";', {}, "unknown"),
    ('protocol tcp; tcp-flags "(syn";', {}, "unknown"),
    ("is-fragment;", {}, "deny"),
    ("fragment-offset 1-8191;", {}, "deny"),
    ("fragment-offset-except 1-8191;", {}, "permit"),
    ("first-fragment;", {}, "unknown"),
    ("ttl 64;", {}, "unknown"),
    ("dscp ef;", {}, "unknown"),
    ("packet-length 500-1500;", {}, "unknown"),
    ("forwarding-class-except best-effort;", {}, "unknown"),
    ("flexible-match-range { match-start layer-3; byte-offset 9; range 6; }", {}, "unknown"),
    ("source-adress 10.0.1.0/24;", {}, "unknown"),
    ("interface ge-0/0/0.0;", {"in_interface": "ge-0/0/0.0"}, "permit"),
    ("interface ge-0/0/*;", {"in_interface": "ge-0/0/7.3"}, "permit"),
    ("interface ge-0/0/0;", {"in_interface": "ge-0/0/0.3"}, "permit"),
    ("interface ge-0/0/1.0;", {"in_interface": "ge-0/0/0.0"}, "deny"),
    ("interface-set UP;", {}, "unknown"),
]


@pytest.mark.parametrize(("conditions", "flow", "wanted"), CONDITIONS)
def test_a_term_accepts_what_all_its_conditions_fit(
    conditions: str, flow: dict[str, Any], wanted: str
) -> None:
    assert asked(term(conditions), **flow) == wanted


ACTIONS = [
    ("accept;", "permit"),
    ("discard;", "deny"),
    ("discard { accounting NAME; }", "deny"),
    ("reject;", "deny"),
    ("reject tcp-reset;", "deny"),
    ("reject { administratively-prohibited; }", "deny"),
    ("count c; log; syslog; sample; service-accounting;", "permit"),
    ("count c; next term;", "deny"),
    ("loss-priority high; forwarding-class best-effort; accept;", "permit"),
    ("routing-instance VRF;", "unknown"),
    ("next-ip 192.0.2.1/32;", "unknown"),
    ("decapsulate gre;", "unknown"),
    ("discrad;", "unknown"),
    ("accept; discard;", "unknown"),
    ("policer p1; accept;", "unknown"),
    ("policer p1; discard;", "deny"),
    ("three-color-policer { single-rate tcm; }", "unknown"),
]


@pytest.mark.parametrize(("action", "wanted"), ACTIONS)
def test_what_a_term_does_with_packets(action: str, wanted: str) -> None:
    assert asked(term("protocol tcp;", action)) == wanted


def test_a_policer_that_only_marks_drops_nothing() -> None:
    marks = "firewall { policer p1 { if-exceeding { bandwidth-limit 1m; } then loss-priority high; } }"
    drops = "firewall { policer p1 { if-exceeding { bandwidth-limit 1m; } then discard; } }"
    assert asked(term("protocol tcp;", "policer p1; accept;"), beside=marks) == "permit"
    assert asked(term("protocol tcp;", "policer p1; accept;"), beside=drops) == "unknown"


class TestTrap27:
    """The order of terms, and what is left out of them."""

    def test_a_term_without_from_matches_all(self) -> None:
        assert asked("term a { then accept; }", "term b { then discard; }") == "permit"
        assert asked("term a { then discard; }", "term b { then accept; }") == "deny"

    def test_a_term_without_then_accepts(self) -> None:
        assert asked("term a { from { protocol tcp; } }") == "permit"

    def test_an_action_that_ends_nothing_accepts(self) -> None:
        assert asked("term a { then { count all; } }", "term b { then discard; }") == "permit"

    def test_next_term_goes_on(self) -> None:
        assert asked("term a { then next term; }", "term b { then discard; }") == "deny"

    def test_what_no_term_matches_is_discarded(self) -> None:
        assert asked(term("protocol udp;")) == "deny"

    def test_an_earlier_deny_cuts_a_part_off(self) -> None:
        terms = (
            term("source-address 10.0.1.128/25;", "discard;", "cut"),
            term("source-address 10.0.1.0/24;", "accept;", "app"),
        )
        assert asked(*terms, src="10.0.1.0/24") == "mixed"
        assert asked(*terms, src="10.0.1.0/25") == "permit"

    def test_an_inactive_term_is_not_there(self) -> None:
        assert asked("inactive: term a { then accept; }", "term b { then discard; }") == "deny"

    def test_a_deactivated_condition_asks_for_nothing(self) -> None:
        assert (
            asked("term a { from { inactive: protocol udp; destination-port 22; } then accept; }") == "permit"
        )

    def test_terms_of_equal_conditions_on_what_is_not_told_agree(self) -> None:
        terms = (term("ttl 1;", "discard;", "a"), term("ttl 1;", "accept;", "b"), "term c { then accept; }")
        assert asked(*terms) == "unknown"
        assert asked(term("ttl 1;", "accept;", "a"), "term b { then accept; }") == "permit"


LISTS = """
policy-options {
    prefix-list APP { 10.0.1.0/24; 2001:db8::/32; }
    prefix-list OTHERS { 10.9.0.0/16; }
    prefix-list EMPTY;
    prefix-list BGP { apply-path "protocols bgp group <*> neighbor <*>"; }
    prefix-list NETS { apply-path "interfaces <ge-*> unit <*> family inet address <*>"; }
}
"""
WHOLE = """
system { host-name r1; }
protocols { bgp { group a { neighbor 10.0.1.5; } group b { neighbor 10.0.1.6; } } }
interfaces { ge-0/0/0 { unit 0 { family inet { address 10.0.1.1/24; } } } xe-0/0/0 { unit 0 { family inet {
    address 10.8.1.1/24; } } } }
"""
IN_LISTS = [
    ("source-prefix-list { APP; }", "10.0.1.5", "permit"),
    ("source-prefix-list { OTHERS; }", "10.0.1.5", "deny"),
    ("source-prefix-list { APP; OTHERS; }", "10.9.1.5", "permit"),
    ("prefix-list { APP; }", "10.0.1.5", "permit"),
    ("source-address { 0.0.0.0/0; } source-prefix-list { APP except; }", "10.0.1.5", "deny"),
    ("source-address { 0.0.0.0/0; } source-prefix-list { APP except; }", "10.0.2.5", "permit"),
    ("source-prefix-list { APP except; }", "10.0.1.5", "deny"),
    ("source-prefix-list { APP except; }", "10.0.2.5", "unknown"),
    ("source-prefix-list { EMPTY; }", "10.0.1.5", "deny"),
    ("source-prefix-list { MISSING; }", "10.0.1.5", "unknown"),
    ("source-prefix-list { APP; MISSING; }", "10.9.1.5", "unknown"),
    ("source-prefix-list { BGP; }", "10.0.1.6", "permit"),
    ("source-prefix-list { BGP; }", "10.0.1.7", "deny"),
    ("source-prefix-list { NETS; }", "10.0.1.77", "permit"),
    ("source-prefix-list { NETS; }", "10.8.1.77", "deny"),
]


@pytest.mark.parametrize(("conditions", "source", "wanted"), IN_LISTS)
def test_prefix_lists_count_with_the_addresses_beside_them(conditions: str, source: str, wanted: str) -> None:
    assert asked(term(conditions), beside=LISTS + WHOLE, src=source) == wanted


def test_a_list_made_of_what_was_not_given_is_unknown() -> None:
    assert asked(term("source-prefix-list { BGP; }"), beside=LISTS) == "unknown"


class TestWithoutProtocol:
    """The conditions on ports, flags and messages do not look at the protocol."""

    @pytest.mark.parametrize("protocol", ["tcp", "udp"])
    def test_ports_are_of_every_protocol_that_has_them(self, protocol: str) -> None:
        assert asked(term("destination-port 22;"), protocol=protocol) == "permit"

    def test_of_other_protocols_it_is_not_known(self) -> None:
        flow = {"src": "10.0.1.5", "dst": "10.20.1.10", "protocol": "gre"}
        assert verdict(PLATFORM, of_terms(term("destination-port 22;")), flow, "F") == "unknown"
        assert verdict(PLATFORM, of_terms(term("protocol gre;")), flow, "F") == "permit"

    def test_flags_of_tcp(self) -> None:
        assert asked(term("tcp-initial;")) == "permit"
        assert asked(term("tcp-initial;"), protocol="udp") == "unknown"


class TestFamilies:
    def test_ipv6(self) -> None:
        wide = term("source-address 2001:db8::/32; next-header icmp6; icmp-type echo-request;")
        assert asked(wide, family="inet6", **ICMP6, icmp_type=128) == "permit"
        assert asked(wide, family="inet6", **ICMP6, icmp_type=129) == "deny"

    def test_the_same_name_in_two_families(self) -> None:
        text = of_terms(term("protocol tcp;")) + of_terms(term("next-header udp;"), family="inet6")
        assert set(state(PLATFORM, text).rulesets) >= {"F", "F (family inet6)"}
        assert verdict(PLATFORM, text, SSH, "F") == "permit"
        assert verdict(PLATFORM, text, {**SSH, **V6}, "F (family inet6)") == "deny"
        assert verdict(PLATFORM, text, {**SSH, **V6, "protocol": "udp"}, "F (family inet6)") == "permit"

    def test_a_name_by_which_something_else_is_asked(self) -> None:
        text = of_terms(term("protocol tcp;")).replace("filter F", "filter input")
        assert verdict(PLATFORM, text, SSH, "filter input") == "permit"

    def test_a_filter_without_family_is_for_ipv4(self) -> None:
        text = "firewall { filter F { term a { then accept; } } }"
        assert state(PLATFORM, text).rulesets["F"].family == "ip"

    def test_filters_of_frames_are_named(self) -> None:
        found = state(PLATFORM, "firewall { family mpls { filter M { term a { then discard; } } } }")
        assert [note["text"] for note in found.not_understood] == ["firewall family mpls"]


def test_a_filter_within_a_filter() -> None:
    inner = "firewall { family inet { filter G { term a { from { protocol udp; } then discard; } } } }"
    outer = ("term g { filter G; }", "term rest { then accept; }")
    assert asked(*outer, beside=inner) == "permit"
    assert asked(*outer, beside=inner, protocol="udp") == "deny"
    assert asked(*outer) == "unknown"
    assert asked("term g { from { protocol tcp; } filter G; }", beside=inner) == "unknown"


def test_a_filter_without_terms_is_unknown() -> None:
    assert asked("interface-specific;") == "unknown"


def test_a_statement_of_a_filter_that_is_not_understood() -> None:
    assert asked("wonder 5;", "term a { then accept; }") == "unknown"
    assert asked("interface-specific;", "term a { then accept; }") == "permit"


def test_a_rule_tells_the_term_and_its_line() -> None:
    found = state(PLATFORM, "firewall {\n filter F {\n  term a {\n   then discard;\n  }\n }\n}\n")
    (rule,) = found.rulesets["F"].rules
    assert (rule.position, rule.line, rule.text) == (1, 3, "term a then discard")


@pytest.mark.parametrize(
    ("src", "dst", "wanted"),
    [
        ("10.1.0.5", "192.0.2.1", "permit"),
        ("192.0.2.1", "10.1.0.5", "permit"),
        ("10.1.5.5", "192.0.2.1", "deny"),
        ("10.1.0.5", "10.1.0.6", "permit"),
        ("10.1.0.5", "10.1.5.5", "unknown"),
    ],
)
def test_only_an_end_that_is_excepted_makes_the_other_doubtful(src: str, dst: str, wanted: str) -> None:
    text = (
        "firewall { family inet { filter F { term t { from { address { 10.1.0.0/16; 10.1.5.0/24 except; } } "
        "then accept; } } } }"
    )
    assert verdict("juniper_junos", text, {"src": src, "dst": dst, "protocol": "tcp"}, "F") == wanted
