# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of Cisco IOS configurations that nobody reads: what looks like rules leaves nothing certain that passes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

THROUGH: dict[str, Any] = {
    "src": "10.1.0.5",
    "dst": "10.2.0.9",
    "protocol": "tcp",
    "dst_port": 5432,
    "in_interface": "Gi1",
    "out_interface": "Gi2",
}
ROUTER = """interface Gi1
 ip address 10.1.0.1 255.255.255.0
 ip access-group SHOP in
interface Gi2
 ip address 10.2.0.1 255.255.255.0
access-list 101 permit ip any any
ip access-list extended SHOP
 deny tcp any any eq 22
 permit ip any any
"""


@pytest.mark.parametrize(
    "lines",
    [
        "acces-list 102 deny ip any any\n",
        "zqx 102 deny ip any any\n",
        "access-list AL extended permit ip any any\n",
        "ip acces-list extended X\n permit ip any any\n",
        "ip access-list extendd X\n 10 deny ip any any\n",
        "interfac Gi3\n ip access-group 101 in\n",
        "interface range Gi3 - 4\n zone-member security dmz\n",
        "template EDGE\n ip access-group 101 in\n",
    ],
)
def test_what_looks_like_rules_leaves_nothing_that_passes_certain(lines: str) -> None:
    assert verdict("cisco_ios", ROUTER + lines, THROUGH) == "unknown"
    assert verdict("cisco_ios", ROUTER + lines, {**THROUGH, "dst_port": 22}) == "deny"
    assert lines.splitlines()[0] in [one["text"] for one in state("cisco_ios", ROUTER + lines).not_understood]


@pytest.mark.parametrize(
    ("line", "into", "out"),
    [
        ("ip acces-group X in", "unknown", "permit"),
        ("access-group X out", "permit", "unknown"),
        ("mac access-group X in", "unknown", "permit"),
        ("ip access-group X", "unknown", "unknown"),
        ("ip access-group X inn", "unknown", "unknown"),
        ("ip access-group in", "unknown", "unknown"),
        ("zone-membr security inside", "unknown", "unknown"),
        ("zone-member security", "unknown", "unknown"),
        ("ip nat insid", "unknown", "unknown"),
        ("ip verify source", "unknown", "unknown"),
        ("no ip acces-group X in", "permit", "permit"),
        ("ip igmp access-group 10", "permit", "permit"),
        ("ip flow ingress", "permit", "permit"),
        ("hold-queue 100 in", "permit", "permit"),
        ("service-policy input MARK", "permit", "permit"),
    ],
)
def test_lines_of_an_interface(line: str, into: str, out: str) -> None:
    text = ROUTER.replace("interface Gi1\n", f"interface Gi1\n {line}\n").replace(
        " ip access-group SHOP in\n", ""
    )
    assert verdict("cisco_ios", text, THROUGH) == into
    back = {**THROUGH, "src": "10.2.0.9", "dst": "10.1.0.5", "in_interface": "Gi2", "out_interface": "Gi1"}
    assert verdict("cisco_ios", text, back) == out


@pytest.mark.parametrize(
    "lines",
    [
        "ip prefix-list P seq 5 permit 10.0.0.0/8\n",
        "route-map R permit 10\n match ip address 101\n",
        "ip as-path access-list 1 deny ^65000\n",
        "mac access-list extended M\n permit any any\n",
        "router bgp 65000\n neighbor 10.1.0.9 distribute-list 101 in\n",
        "class-map match-any Q\n match access-group 101\n",
        'event manager applet A\n action 1 cli command "ip access-group 101 in"\n',
        "snmp-server community x RO 10\n",
        "radius-server authorization permit missing Service-Type\n",
    ],
)
def test_what_permits_and_denies_other_things_than_packets_changes_nothing(lines: str) -> None:
    assert verdict("cisco_ios", ROUTER + lines, THROUGH) == "permit"
