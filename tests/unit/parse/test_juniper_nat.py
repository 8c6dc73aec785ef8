# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT of SRX: what the rest of the device, and its policies, see of a connection."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.device_texts import state, verdict

PLATFORM = "juniper_junos"
BASE = """
interfaces {
    ge-0/0/0 { unit 0 { family inet { address 10.0.1.1/24; } } }
    ge-0/0/1 { unit 0 { family inet { filter { output OUT; } address 192.0.2.1/24; } } }
}
firewall { filter OUT {
    term plain { from { source-address 10.0.0.0/8; } then discard; }
    term rest { then accept; }
} }
security {
    zones {
        security-zone trust { interfaces { ge-0/0/0.0; } }
        security-zone untrust { interfaces { ge-0/0/1.0; } }
    }
    address-book { global { address web 10.0.1.10/32; address public 192.0.2.10/32; } }
    policies {
        from-zone trust to-zone untrust {
            policy out { match { source-address any; destination-address any; application any; } then { permit; } }
        }
        from-zone untrust to-zone trust {
            policy web { match { source-address any; destination-address web; application junos-http; } then { permit; } }
        }
    }
}
"""


def nat(kind: str, rules: str, pools: str = "", context: str = "from zone untrust;") -> str:
    return f"{BASE}security {{ nat {{ {kind} {{ {pools} rule-set RS {{ {context} {rules} }} }} }} }}"


def rule(match: str, then: str, name: str = "r1") -> str:
    return f"rule {name} {{ match {{ {match} }} then {{ {then} }} }}"


def came(dst: str, port: int = 80, **more: Any) -> dict[str, Any]:
    flow = {"src": "198.51.100.7", "dst": dst, "protocol": "tcp", "src_port": 40000, "dst_port": port}
    return {**flow, "in_interface": "ge-0/0/1.0", "out_interface": "ge-0/0/0.0", **more}


def leaving(src: str = "10.0.1.5") -> dict[str, Any]:
    flow = {"src": src, "dst": "198.51.100.7", "protocol": "tcp", "src_port": 40000, "dst_port": 443}
    return {**flow, "in_interface": "ge-0/0/0.0", "out_interface": "ge-0/0/1.0"}


POOLS = """
pool WEB { address 10.0.1.10/32; }
pool OTHER { address 10.0.1.11/32; }
pool PORT { address 10.0.1.10/32 port 80; }
pool SEVERAL { address 10.0.1.10/31; }
"""
DESTINATIONS = [
    (
        rule("destination-address 192.0.2.10/32;", "destination-nat { pool { WEB; } }"),
        came("192.0.2.10"),
        "permit",
    ),
    (
        rule("destination-address 192.0.2.10/32;", "destination-nat { pool { OTHER; } }"),
        came("192.0.2.10"),
        "deny",
    ),
    (
        rule("destination-address 192.0.2.11/32;", "destination-nat { pool { WEB; } }"),
        came("192.0.2.10"),
        "deny",
    ),
    (
        rule("destination-address-name public;", "destination-nat { pool { WEB; } }"),
        came("192.0.2.10"),
        "permit",
    ),
    (
        rule(
            "destination-address 192.0.2.10/32; destination-port 8080;", "destination-nat { pool { PORT; } }"
        ),
        came("192.0.2.10", 8080),
        "permit",
    ),
    (
        rule(
            "destination-address 192.0.2.10/32; destination-port 8000 to 8100;",
            "destination-nat { pool { PORT; } }",
        ),
        came("192.0.2.10", 8101),
        "deny",
    ),
    (
        rule("destination-address 192.0.2.10/32; protocol udp;", "destination-nat { pool { WEB; } }"),
        came("192.0.2.10"),
        "deny",
    ),
    (
        rule("destination-address 192.0.2.10/32;", "destination-nat { pool { SEVERAL; } }"),
        came("192.0.2.10"),
        "unknown",
    ),
    (
        rule("destination-address 192.0.2.10/32;", "destination-nat { pool { GONE; } }"),
        came("192.0.2.10"),
        "unknown",
    ),
    (
        rule("destination-adress 192.0.2.10/32;", "destination-nat { pool { WEB; } }"),
        came("192.0.2.10"),
        "unknown",
    ),
    (
        rule(
            "destination-address 192.0.2.10/32; source-address 198.51.100.0/24;",
            "destination-nat { off; }",
            "r0",
        )
        + rule("destination-address 192.0.2.10/32;", "destination-nat { pool { WEB; } }"),
        came("192.0.2.10"),
        "deny",
    ),
]


@pytest.mark.parametrize(("rules", "flow", "wanted"), DESTINATIONS)
def test_policies_see_the_destination_as_it_is_translated(
    rules: str, flow: dict[str, Any], wanted: str
) -> None:
    assert verdict(PLATFORM, nat("destination", rules, POOLS), flow) == wanted


def test_a_rule_set_is_for_packets_from_where_it_says() -> None:
    rules = rule("destination-address 192.0.2.10/32;", "destination-nat { pool { WEB; } }")
    for context, wanted in (
        ("from zone untrust;", "permit"),
        ("from zone trust;", "deny"),
        ("from interface ge-0/0/1.0;", "permit"),
        ("from routing-instance default;", "permit"),
    ):
        assert verdict(PLATFORM, nat("destination", rules, POOLS, context), came("192.0.2.10")) == wanted


def test_of_two_rule_sets_the_more_specific_counts() -> None:
    rules = rule("destination-address 192.0.2.10/32;", "destination-nat { pool { WEB; } }")
    second = f"security {{ nat {{ destination {{ rule-set S {{ from interface ge-0/0/1.0; {rules} }} }} }} }}"
    first = nat("destination", rules.replace("WEB", "OTHER"), POOLS)
    assert verdict(PLATFORM, first, came("192.0.2.10")) == "deny"
    assert verdict(PLATFORM, first + second, came("192.0.2.10")) == "permit"


CONTEXT = "from zone trust; to zone untrust;"
ONE = "pool P { address 192.0.2.20/32; }"


@pytest.mark.parametrize(
    ("then", "wanted"),
    [
        ("source-nat { interface; }", "permit"),
        ("source-nat { pool { P; } }", "permit"),
        ("source-nat { off; }", "deny"),
        ("source-nat { pool { GONE; } }", "unknown"),
    ],
)
def test_what_leaves_has_the_source_as_it_is_translated(then: str, wanted: str) -> None:
    text = nat("source", rule("source-address 10.0.1.0/24;", then), ONE, CONTEXT)
    assert verdict(PLATFORM, text, leaving()) == wanted
    assert verdict(PLATFORM, BASE, leaving()) == "deny"


STATIC = rule("destination-address 192.0.2.8/30;", "static-nat { prefix { 10.0.1.8/30; } }")


class TestStatic:
    def test_in(self) -> None:
        assert verdict(PLATFORM, nat("static", STATIC), came("192.0.2.10")) == "permit"
        assert verdict(PLATFORM, nat("static", STATIC), came("192.0.2.9")) == "deny"

    def test_from_inside(self) -> None:
        assert verdict(PLATFORM, nat("static", STATIC), leaving("10.0.1.10")) == "permit"
        assert verdict(PLATFORM, nat("static", STATIC), leaving("10.0.1.12")) == "deny"

    def test_it_counts_before_destination_nat(self) -> None:
        other = rule("destination-address 192.0.2.10/32;", "destination-nat { pool { OTHER; } }")
        both = nat("static", STATIC) + nat("destination", other, POOLS).replace(BASE, "")
        assert verdict(PLATFORM, both, came("192.0.2.10")) == "permit"

    def test_what_is_more_than_a_prefix_for_another_is_unknown(self) -> None:
        to_ipv6 = rule("destination-address 192.0.2.10/32;", "static-nat { inet; }")
        assert verdict(PLATFORM, nat("static", to_ipv6), came("192.0.2.10")) == "unknown"
        assert verdict(PLATFORM, nat("static", to_ipv6), came("192.0.2.99")) == "deny"


def test_a_rule_tells_its_text_and_line() -> None:
    answer = Questions(state(PLATFORM, nat("static", STATIC))).verdict(came("192.0.2.10"))
    texts = [found["text"] for found in answer["rules"]]
    assert any(text.startswith("policy web") for text in texts), texts


class TestPorts:
    """A service behind another port, in the forms that a configuration has it."""

    PUBLIC = "destination-address 192.0.2.10/32;"

    @pytest.mark.parametrize(
        ("match", "prefix", "port", "wanted"),
        [
            ("destination-port 8080;", "10.0.1.10/32 { mapped-port 80; }", 8080, "permit"),
            ("destination-port 8080;", "{ 10.0.1.10/32; mapped-port { 80; } }", 8080, "permit"),
            ("destination-port 8080;", "{ 10.0.1.10/32; mapped-port { 80; } }", 80, "deny"),
            ("destination-port 8080;", "{ 10.0.1.10/32; mapped-port { 81; } }", 8080, "deny"),
            (
                "destination-port { 8079 to 8081; }",
                "{ 10.0.1.10/32; mapped-port { 79 to 81; } }",
                8080,
                "permit",
            ),
            (
                "destination-port { 8080 to 8081; }",
                "{ 10.0.1.10/32; mapped-port { 79; to 80; } }",
                8081,
                "permit",
            ),
            (
                "destination-port { 8080 to 8081; }",
                "{ 10.0.1.10/32; mapped-port { 79; to 80; } }",
                8080,
                "deny",
            ),
            ("destination-port 80;", "10.0.1.10/32;", 80, "permit"),
            # More ports than there are to map them to, none that are mapped, and what is no port.
            (
                "destination-port { 8080 to 8082; }",
                "{ 10.0.1.10/32; mapped-port { 80 to 81; } }",
                8080,
                "unknown",
            ),
            ("", "{ 10.0.1.10/32; mapped-port { 80; } }", 8080, "unknown"),
            ("destination-port 8080;", "{ 10.0.1.10/32; mapped-port { 99999; } }", 8080, "unknown"),
            ("destination-port 8080;", "{ 10.0.1.10/32; routing-instance R; }", 8080, "unknown"),
        ],
    )
    def test_static(self, match: str, prefix: str, port: int, wanted: str) -> None:
        text = nat("static", rule(self.PUBLIC + match, f"static-nat {{ prefix {prefix} }}"))
        assert verdict(PLATFORM, text, came("192.0.2.10", port)) == wanted

    def test_names_of_addresses(self) -> None:
        text = nat("static", rule("destination-address-name public;", "static-nat { prefix-name web; }"))
        assert verdict(PLATFORM, text, came("192.0.2.10")) == "permit"
        assert verdict(PLATFORM, text, came("192.0.2.11")) == "deny"

    @pytest.mark.parametrize("pool", ["address 10.0.1.10/32 port 80;", "address { 10.0.1.10/32; port 80; }"])
    def test_a_pool_with_a_port_as_braces_and_as_display_set_have_it(self, pool: str) -> None:
        rules = rule(self.PUBLIC + "destination-port 8080;", "destination-nat pool P;")
        text = nat("destination", rules, f"pool P {{ {pool} }}")
        assert verdict(PLATFORM, text, came("192.0.2.10", 8080)) == "permit"
        assert verdict(PLATFORM, text, came("192.0.2.10", 80)) == "deny"

    @pytest.mark.parametrize(
        ("pool", "wanted"), [("routing-instance default;", "permit"), ("routing-instance VR;", "unknown")]
    )
    def test_a_pool_in_another_routing_instance(self, pool: str, wanted: str) -> None:
        rules = rule(self.PUBLIC, "destination-nat pool P;")
        text = nat("destination", rules, f"pool P {{ address 10.0.1.10/32; {pool} }}")
        assert verdict(PLATFORM, text, came("192.0.2.10")) == wanted

    def test_the_host_itself_is_seen_by_the_public_address_from_that_port_alone(self) -> None:
        mapped = "static-nat { prefix { 10.0.1.10/32; mapped-port { 80; } } }"
        text = nat("static", rule(self.PUBLIC + "destination-port 8080;", mapped))
        # The filter at the way out discards private sources.
        assert verdict(PLATFORM, text, {**leaving("10.0.1.10"), "src_port": 80}) == "permit"
        assert verdict(PLATFORM, text, leaving("10.0.1.10")) == "deny"
        pinged = {**leaving("10.0.1.10"), "protocol": "icmp", "icmp_type": 8, "icmp_code": 0}
        del pinged["src_port"], pinged["dst_port"]
        assert verdict(PLATFORM, text, pinged) == "deny"
