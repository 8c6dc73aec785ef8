# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security policies of SRX: (configuration, question, verdict). The rules are Juniper's, from the documents that the
parser names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

PLATFORM = "juniper_junos"
ZONES = """
interfaces {
    ge-0/0/0 { unit 0 { family inet { address 10.0.1.1/24; } } }
    ge-0/0/1 { unit 0 { family inet { address 10.20.1.1/24; } } }
    ge-0/0/2 { unit 0 { family inet { address 10.30.1.1/24; } } }
    ge-0/0/3 { unit 0 { family inet { address 10.40.1.1/24; } } }
}
security { zones {
    security-zone trust { interfaces { ge-0/0/0.0; ge-0/0/2.0; } }
    security-zone untrust { interfaces { ge-0/0/1.0; } }
} }
"""
BOOK = """
security { address-book { global {
    address app 10.0.1.0/24;
    address one 10.0.1.5/32;
    address db { description "it, {"; 10.20.1.10/32; }
    address some { range-address 10.0.1.4 { to { 10.0.1.6; } } }
    address every-other { wildcard-address 10.0.1.1/255.255.255.1; }
    address named { dns-name app.example.com { ipv4-only; } }
    address-set pair { address db; address one; }
    address-set nested { address-set pair; }
    address-set with-name { address db; address named; }
    address-set loop { address-set loop; }
} } }
applications {
    application pg { protocol tcp; destination-port 5432; }
    application low { protocol tcp; source-port 1-1023; destination-port 5432; }
    application both { term a protocol tcp destination-port 80; term b protocol udp destination-port 53; }
    application echo { protocol icmp; icmp-type 8; }
    application rpc { protocol tcp; rpc-program-number 100003; }
    application junos-http { protocol tcp; destination-port 8080; }
    application-set db-apps { application pg; application junos-ssh; }
    application-set deep { application-set db-apps; }
}
"""


def one(match: str, action: str = "permit;", beside: str = "") -> str:
    """A policy from trust to untrust, with these conditions instead of any."""
    conditions = {"source-address": "any;", "destination-address": "any;", "application": "any;"}
    for line in match.split(";"):
        word, _space, rest = line.strip().partition(" ")
        if word in conditions:
            conditions[word] = f"{rest};"
        elif word:
            conditions[word + rest] = f"{rest};" if rest else ";"
    said = " ".join(
        f"{word.removesuffix(rest[:-1])} {rest}" if rest != ";" else f"{word};"
        for word, rest in conditions.items()
    )
    return f"""{ZONES}{BOOK}security {{ policies {{ from-zone trust to-zone untrust {{
        policy p1 {{ match {{ {said} }} then {{ {action} }} }} }} {beside} }} }}"""


def flow(port: int = 5432, **more: Any) -> dict[str, Any]:
    found = {
        "src": "10.0.1.5",
        "dst": "10.20.1.10",
        "protocol": "tcp",
        "dst_port": port,
        "in_interface": "ge-0/0/0.0",
        "out_interface": "ge-0/0/1.0",
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


MATCHES: list[tuple[str, dict[str, Any], str]] = [
    ("", {}, "permit"),
    ("source-address app", {}, "permit"),
    ("source-address app", {"src": "10.0.2.5"}, "deny"),
    ("source-address [ db app ]", {}, "permit"),
    ("source-address some", {}, "permit"),
    ("source-address some", {"src": "10.0.1.7"}, "deny"),
    ("source-address every-other", {}, "permit"),
    ("source-address every-other", {"src": "10.0.1.6"}, "deny"),
    ("source-address named", {}, "unknown"),
    ("source-address any-ipv4", {}, "permit"),
    ("source-address any-ipv6", {}, "deny"),
    ("destination-address db", {}, "permit"),
    ("destination-address nested", {}, "permit"),
    ("destination-address nested", {"dst": "10.20.1.11"}, "deny"),
    ("destination-address with-name", {}, "permit"),
    ("destination-address with-name", {"dst": "10.20.1.11"}, "unknown"),
    ("destination-address loop", {}, "unknown"),
    ("destination-address missing", {}, "unknown"),
    ("destination-address [ db missing ]", {}, "permit"),
    ("source-address app; source-address-excluded", {}, "deny"),
    ("source-address app; source-address-excluded", {"src": "10.9.0.1"}, "permit"),
    ("destination-address db; destination-address-excluded", {}, "deny"),
    ("application pg", {}, "permit"),
    ("application pg", {"dst_port": 5433}, "deny"),
    ("application pg", {"protocol": "udp"}, "deny"),
    ("application low", {"src_port": 1000}, "permit"),
    ("application low", {"src_port": 40000}, "deny"),
    ("application both", {"dst_port": 80}, "permit"),
    ("application both", {"dst_port": 53}, "deny"),
    ("application both", {"dst_port": 53, "protocol": "udp"}, "permit"),
    ("application deep", {}, "permit"),
    ("application deep", {"dst_port": 22}, "permit"),
    ("application deep", {"dst_port": 23}, "deny"),
    ("application echo", {"protocol": "icmp", "dst_port": None, "icmp_type": 8}, "permit"),
    ("application echo", {"protocol": "icmp", "dst_port": None, "icmp_type": 0}, "deny"),
    ("application rpc", {}, "unknown"),
    ("application rpc", {"protocol": "udp"}, "deny"),
    ("application missing", {}, "unknown"),
    ("application junos-https", {"dst_port": 443}, "permit"),
    ("application junos-http", {"dst_port": 8080}, "permit"),
    ("application junos-http", {"dst_port": 80}, "deny"),
    ("application junos-dns-udp", {"protocol": "udp", "dst_port": 53}, "permit"),
    ("application junos-sqlnet-v2", {"dst_port": 1521}, "permit"),
    ("application junos-ms-sql", {"dst_port": 1433}, "permit"),
    ("application junos-cifs", {"dst_port": 445}, "permit"),
    ("application junos-icmp-all", {"protocol": "icmp", "dst_port": None, "icmp_type": 3}, "permit"),
    ("application junos-of-tomorrow", {}, "unknown"),
    ("source-identity any", {}, "permit"),
    ("source-identity boss", {}, "unknown"),
    ("dynamic-application junos:HTTP", {}, "unknown"),
    ("dynamic-application any", {}, "permit"),
    ("sourc-address app", {}, "unknown"),
]


@pytest.mark.parametrize(("match", "question", "wanted"), MATCHES)
def test_a_policy_permits_what_all_its_conditions_fit(
    match: str, question: dict[str, Any], wanted: str
) -> None:
    assert verdict(PLATFORM, one(match), flow(**question)) == wanted


ACTIONS = [
    ("permit;", "permit"),
    ("permit { tunnel { ipsec-vpn V; } }", "permit"),
    ("permit { application-services { idp; } }", "permit"),
    ("permit { firewall-authentication { pass-through; } }", "unknown"),
    ("permit; log { session-init; } count;", "permit"),
    ("deny;", "deny"),
    ("reject;", "deny"),
    ("log { session-init; }", "unknown"),
    ("permti;", "unknown"),
    ("permit; deny;", "unknown"),
]


@pytest.mark.parametrize(("action", "wanted"), ACTIONS)
def test_what_a_policy_does(action: str, wanted: str) -> None:
    assert verdict(PLATFORM, one("", action), flow()) == wanted


def test_services_that_look_into_a_connection_are_named() -> None:
    found = state(PLATFORM, one("", "permit { application-services { idp; } }"))
    assert [note["text"] for note in found.not_understood] == ["policy p1"]


def test_a_condition_that_is_missing_is_named() -> None:
    text = (
        ZONES
        + "security { policies { from-zone trust to-zone untrust { policy p { match { application any; } then permit; } } } }"
    )
    reasons = {note["reason"] for note in state(PLATFORM, text).not_understood}
    assert {
        f"{end}-address is missing, which no device takes: read as any" for end in ("source", "destination")
    } == reasons


GLOBAL = "global { policy g { match { source-address any; destination-address any; application pg; } then permit; } }"


class TestOrder:
    """Of the pair of zones, then global, then the default."""

    def test_nothing_passes_without_a_policy(self) -> None:
        assert verdict(PLATFORM, one("application junos-ssh"), flow()) == "deny"

    def test_the_default_may_permit(self) -> None:
        text = one("application pg", "deny;", "default-policy { permit-all; }")
        assert verdict(PLATFORM, text, flow()) == "deny"
        assert verdict(PLATFORM, text, flow(22)) == "permit"
        assert verdict(PLATFORM, text.replace("permit-all", "permit-al"), flow(22)) == "unknown"

    def test_the_pair_counts_before_the_global_ones(self) -> None:
        assert verdict(PLATFORM, one("application pg", "deny;", GLOBAL), flow()) == "deny"
        assert verdict(PLATFORM, one("application junos-ssh", "deny;", GLOBAL), flow()) == "permit"

    def test_a_global_policy_for_zones(self) -> None:
        zones = GLOBAL.replace("match {", "match { from-zone untrust; to-zone [ trust untrust ];")
        text = one("application junos-ssh", "deny;", zones)
        back = flow(in_interface="ge-0/0/1.0", out_interface="ge-0/0/0.0")
        assert verdict(PLATFORM, text, flow()) == "deny"
        assert verdict(PLATFORM, text, back) == "permit"

    def test_policies_are_asked_in_order(self) -> None:
        second = "from-zone trust to-zone untrust { policy p2 { match { source-address any; destination-address any;"
        second += " application any; } then deny; } }"
        assert verdict(PLATFORM, one("application pg", "permit;", second), flow()) == "permit"
        assert verdict(PLATFORM, one("application pg", "permit;", second), flow(22)) == "deny"

    def test_a_policy_that_is_inactive_is_not_there(self) -> None:
        text = one("").replace("policy p1", "inactive: policy p1")
        assert verdict(PLATFORM, text, flow()) == "deny"

    def test_a_scheduler_may_have_it_off(self) -> None:
        text = one("").replace("policy p1 {", "policy p1 { scheduler-name nights;")
        assert verdict(PLATFORM, text, flow()) == "unknown"


class TestZones:
    def test_within_a_zone_nothing_passes_without_a_policy(self) -> None:
        inside = flow(dst="10.30.1.10", out_interface="ge-0/0/2.0")
        assert verdict(PLATFORM, one(""), inside) == "deny"
        own = (
            "from-zone trust to-zone trust { policy p { match { source-address any; destination-address any;"
        )
        own += " application any; } then permit; } }"
        assert verdict(PLATFORM, one("", "permit;", own), inside) == "permit"

    def test_an_interface_in_no_zone_passes_nothing(self) -> None:
        text = one("", "permit;", "default-policy { permit-all; }")
        assert verdict(PLATFORM, text, flow()) == "permit"
        assert verdict(PLATFORM, text, flow(out_interface="ge-0/0/3.0")) == "deny"
        assert verdict(PLATFORM, text, flow(in_interface="ge-0/0/3.0")) == "deny"

    def test_the_other_direction_needs_a_policy_of_its_own(self) -> None:
        back = flow(in_interface="ge-0/0/1.0", out_interface="ge-0/0/0.0")
        assert verdict(PLATFORM, one(""), back) == "deny"

    def test_packets_of_open_connections_pass(self) -> None:
        back = flow(
            in_interface="ge-0/0/1.0", out_interface="ge-0/0/0.0", connection="established", tcp_flags=["ack"]
        )
        assert verdict(PLATFORM, one(""), back) == "permit"

    def test_a_pair_can_be_asked_by_its_name(self) -> None:
        plain = flow(in_interface=None, out_interface=None)
        name = "from-zone trust to-zone untrust"
        assert verdict(PLATFORM, one("application pg"), plain, name) == "permit"
        assert verdict(PLATFORM, one("application junos-ssh"), plain, name) == "deny"
        assert verdict(PLATFORM, one("application junos-ssh", "deny;", GLOBAL), plain, name) == "permit"

    def test_without_interfaces_the_question_names_the_zones(self) -> None:
        text = one("application pg").replace(ZONES, "")
        zones: dict[str, Any] = {
            "in_zone": "trust",
            "out_zone": "untrust",
            "in_interface": None,
            "out_interface": None,
        }
        assert verdict(PLATFORM, text, flow(**zones)) == "permit"
        assert verdict(PLATFORM, text, flow(22, **zones)) == "deny"

    def test_zones_of_which_only_the_address_books_are_given(self) -> None:
        part = "security { zones { replace: security-zone untrust { replace: address-book { address z 10.20.1.10/32; } } } }"
        text = one("destination-address z").replace(ZONES, part)
        zones: dict[str, Any] = {
            "in_zone": "trust",
            "out_zone": "untrust",
            "in_interface": None,
            "out_interface": None,
        }
        assert verdict(PLATFORM, text, flow(**zones)) == "permit"
        assert verdict(PLATFORM, text, flow(**zones, dst="10.20.1.11")) == "deny"

    def test_a_question_by_zones_of_known_interfaces(self) -> None:
        zones: dict[str, Any] = {
            "in_zone": "trust",
            "out_zone": "untrust",
            "in_interface": None,
            "out_interface": None,
        }
        assert verdict(PLATFORM, one("application pg"), flow(**zones)) == "permit"
        assert verdict(PLATFORM, one("application junos-ssh"), flow(**zones)) == "deny"

    def test_the_book_of_a_zone_counts_before_the_global_one(self) -> None:
        books = "security { address-book { mine { address db 10.20.1.77/32; attach { zone untrust; } } } }"
        text = one("destination-address db") + books
        assert verdict(PLATFORM, text, flow()) == "deny"
        assert verdict(PLATFORM, text, flow(dst="10.20.1.77")) == "permit"

    def test_the_book_within_a_zone(self) -> None:
        inner = "security { zones { security-zone untrust { address-book { address db 10.20.1.77/32; } } } }"
        assert verdict(PLATFORM, one("destination-address db") + inner, flow(dst="10.20.1.77")) == "permit"

    def test_a_filter_at_an_interface_counts_before(self) -> None:
        none = "interfaces { ge-0/0/0 { unit 0 { family inet { filter { input NO; } } } } }"
        none += "firewall { filter NO { term a { then discard; } } }"
        assert verdict(PLATFORM, one("") + none, flow()) == "deny"

    def test_packet_mode_has_no_policies(self) -> None:
        mode = "security { forwarding-options { family { mpls { mode packet-based; } } } }"
        assert verdict(PLATFORM, one("") + mode, flow()) == "unknown"

    def test_ipv6_may_be_dropped(self) -> None:
        six = {"src": "2001:db8::1", "dst": "2001:db8:1::1"}
        mode = "security { forwarding-options { family { inet6 { mode drop; } } } }"
        assert verdict(PLATFORM, one(""), flow(**six)) == "permit"
        assert verdict(PLATFORM, one("") + mode, flow(**six)) == "deny"
        assert verdict(PLATFORM, one("") + mode, flow()) == "permit"

    def test_sessions_that_begin_in_the_midst_of_a_connection_are_named(self) -> None:
        text = one("") + "security { flow { tcp-session { no-syn-check; } } }"
        assert [note["text"] for note in state(PLATFORM, text).not_understood] == ["tcp-session no-syn-check"]

    def test_any_is_no_zone_of_a_pair(self) -> None:
        text = one("").replace("from-zone trust to-zone", "from-zone any to-zone")
        assert verdict(PLATFORM, text, flow()) == "unknown"

    def test_a_screen_is_named(self) -> None:
        screen = "security { zones { security-zone untrust { screen S; } } }"
        assert [note["text"] for note in state(PLATFORM, one("") + screen).not_understood] == ["screen S"]


class TestToTheDevice:
    """host-inbound-traffic."""

    def to(self, inbound: str, port: int = 22, **more: Any) -> str:
        text = one("") + f"security {{ zones {{ security-zone trust {{ {inbound} }} }} }}"
        return verdict(PLATFORM, text, flow(port, dst="10.0.1.1", out_interface=None, **more))

    @pytest.mark.parametrize(
        ("inbound", "port", "wanted"),
        [
            ("", 22, "deny"),
            ("host-inbound-traffic { system-services { ssh; } }", 22, "permit"),
            ("host-inbound-traffic { system-services { ssh; } }", 23, "deny"),
            ("host-inbound-traffic { protocols { bgp; } }", 179, "permit"),
            ("host-inbound-traffic { system-services { any-service; } }", 9999, "permit"),
            ("host-inbound-traffic { system-services { all; } }", 22, "permit"),
            ("host-inbound-traffic { system-services { all; ssh { except; } } }", 22, "deny"),
            ("host-inbound-traffic { system-services { all; } }", 9999, "unknown"),
            ("host-inbound-traffic { system-services { sshh; } }", 22, "unknown"),
            ("host-inbound-traffic { system-services { traceroute; } }", 22, "deny"),
            (
                "interfaces { ge-0/0/0.0 { host-inbound-traffic { system-services { https; } } } }"
                " host-inbound-traffic { system-services { ssh; } }",
                22,
                "deny",
            ),
        ],
    )
    def test_what_a_zone_lets_in(self, inbound: str, port: int, wanted: str) -> None:
        assert self.to(inbound, port) == wanted

    def test_policies_to_the_device(self) -> None:
        inbound = "host-inbound-traffic { system-services { ssh; } }"
        text = one(
            "",
            "permit;",
            """from-zone trust to-zone junos-host { policy h { match { source-address one;
            destination-address any; application any; } then deny; } }""",
        )
        text += f"security {{ zones {{ security-zone trust {{ {inbound} }} }} }}"
        to_it = flow(22, dst="10.0.1.1", out_interface=None)
        assert verdict(PLATFORM, text, to_it) == "deny"
        assert verdict(PLATFORM, text, {**to_it, "src": "10.0.1.9"}) == "unknown"
