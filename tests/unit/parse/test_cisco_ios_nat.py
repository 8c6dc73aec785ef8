# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations of Cisco IOS, seen by the lists on both sides of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

Flow = dict[str, Any]
OUT: Flow = {
    "src": "10.1.0.5",
    "dst": "198.51.100.9",
    "protocol": "tcp",
    "src_port": 40000,
    "dst_port": 443,
    "in_interface": "Gi1",
    "out_interface": "Gi2",
}
IN: Flow = {
    "src": "198.51.100.9",
    "dst": "203.0.113.5",
    "protocol": "tcp",
    "src_port": 40000,
    "dst_port": 80,
    "in_interface": "Gi2",
    "out_interface": "Gi1",
}
# Only packets from 203.0.113.0/24 may leave, and only those to 10.1.0.0/24 get in, behind translation.
ROUTER = """interface Gi1
 ip address 10.1.0.1 255.255.255.0
 ip nat inside
 ip access-group INWARD out
interface Gi2
 ip address 203.0.113.1 255.255.255.0
 ip nat outside
 ip access-group OUTWARD out
interface Gi3
 ip address 10.3.0.1 255.255.255.0
access-list 7 permit 10.1.0.0 0.0.0.255
ip access-list extended INWARD
 permit ip any 10.1.0.0 0.0.0.255
ip access-list extended OUTWARD
 permit ip 203.0.113.0 0.0.0.255 any
"""


@pytest.mark.parametrize(
    ("lines", "out", "into"),
    [
        ("", "deny", "deny"),
        ("ip nat inside source static 10.1.0.5 203.0.113.5", "permit", "permit"),
        ("ip nat inside source static 10.1.0.5 203.0.113.5 extendable no-alias", "permit", "permit"),
        ("ip nat inside source static 10.1.0.6 203.0.113.6", "deny", "deny"),
        ("ip nat inside source static tcp 10.1.0.5 8080 203.0.113.5 80", "deny", "permit"),
        ("ip nat inside source static tcp 10.1.0.5 40000 203.0.113.5 81", "permit", "deny"),
        ("ip nat inside source static udp 10.1.0.5 40000 203.0.113.5 80", "deny", "deny"),
        ("ip nat inside source list 7 interface Gi2 overload", "permit", "deny"),
        # Which address of a pool a connection gets is not known, and the outgoing list asks for it.
        (
            "ip nat pool P 203.0.113.8 203.0.113.9 prefix-length 24\nip nat inside source list 7 pool P overload",
            "unknown",
            "deny",
        ),
        (
            "ip nat pool P 203.0.113.4 203.0.113.5 netmask 255.255.255.0\nip nat inside source list 7 pool P",
            "unknown",
            "unknown",
        ),
        ("ip nat inside source list 8 interface Gi2 overload", "unknown", "deny"),
        ("ip nat inside source list 7 pool GONE", "unknown", "unknown"),
        ("ip nat inside source list 7 interface Gi9 overload", "unknown", "unknown"),
        ("ip nat inside source route-map R interface Gi2 overload", "unknown", "unknown"),
        ("ip nat inside source static network 10.1.0.0 203.0.113.0 /24", "unknown", "unknown"),
        ("ip nat inside source static 10.1.0.5 203.0.113.5 vrf SHOP", "unknown", "unknown"),
        ("ip nat outside source static 198.51.100.9 10.9.9.9", "unknown", "unknown"),
        ("ip nat inside source static 10.1.0.5 nonsense", "unknown", "unknown"),
        # Static ones come first, wherever they stand; and a candidate takes lines away.
        (
            "ip nat inside source list 7 interface Gi3 overload\nip nat inside source static 10.1.0.5 203.0.113.5",
            "permit",
            "permit",
        ),
        (
            "ip nat inside source static 10.1.0.5 203.0.113.5\nno ip nat inside source static 10.1.0.5 203.0.113.5",
            "deny",
            "deny",
        ),
    ],
)
def test_lists_see_what_translation_left(lines: str, out: str, into: str) -> None:
    text = f"{ROUTER}{lines}\n"
    assert verdict("cisco_ios", text, OUT) == out
    assert verdict("cisco_ios", text, IN) == into


@pytest.mark.parametrize(
    "line", ["ip nat outside source static 1.1.1.1 2.2.2.2", "ip nat inside source list 7 pool GONE"]
)
def test_what_does_not_cross_is_not_translated(line: str) -> None:
    text = ROUTER.replace(" ip access-group INWARD out\n", "") + line + "\n"
    aside = {**OUT, "in_interface": "Gi3", "out_interface": "Gi1", "dst": "10.1.0.9", "src": "10.3.0.5"}
    assert verdict("cisco_ios", text, aside) == "permit"


def test_the_incoming_list_sees_the_address_before_translation() -> None:
    text = ROUTER.replace("ip nat outside\n", "ip nat outside\n ip access-group GLOBAL in\n") + (
        "ip access-list extended GLOBAL\n permit ip any host 203.0.113.5\n"
        "ip nat inside source static 10.1.0.5 203.0.113.5\n"
    )
    assert verdict("cisco_ios", text, IN) == "permit"
    assert verdict("cisco_ios", text, {**IN, "dst": "10.1.0.5"}) == "deny"


def test_the_rule_that_translates_is_in_the_state_verbatim() -> None:
    found = state("cisco_ios", ROUTER + "ip nat inside source static 10.1.0.5 203.0.113.5\n")
    rule = found.rulesets["nat/prerouting"].rules[0]
    assert (rule.text, rule.line) == ("ip nat inside source static 10.1.0.5 203.0.113.5", 16)
