# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that are no configuration, or only a part of one: they say nothing of the device as a whole."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import FlowError
from tests.support.device_texts import state, verdict

FLOW = {"src": "10.10.1.5", "dst": "10.20.1.10", "protocol": "tcp", "dst_port": 23}
ENDS = {"in_interface": "GigabitEthernet0/0", "out_interface": "GigabitEthernet0/1"}
PLATFORMS = ["cisco_ios", "cisco_nxos", "cisco_xr", "cisco_asa", "arista_eos", "juniper_junos"]
MAIL = "Dear team,\n\nplease find the configuration of the router attached.\n\nBest regards\nJo\n"
PAGE = "<html>\n<head><title>Login</title></head>\n<body>Please log in</body>\n</html>\n"
BRACES = "system {\n    host-name r1;\n}\ninterfaces {\n    ge-0/0/0 {\n        unit 0;\n    }\n}\n"
# Lists alone, as a command shows them or a generator renders them.
LISTS = {
    "cisco_ios": "ip access-list extended A\n permit tcp any any eq 5432\n",
    "cisco_nxos": "ip access-list A\n  10 permit tcp any any eq 5432\n",
    "cisco_xr": "ipv4 access-list A\n 10 permit tcp any any eq 5432\n",
    "arista_eos": "ip access-list A\n   10 permit tcp any any eq 5432\n",
    "juniper_junos": "set firewall family inet filter A term x then discard\n",
    "vyos": "set firewall name A rule 1 action accept\nset firewall name A rule 1 protocol gre\nset firewall name A default-action drop\n",
}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("text", [MAIL, PAGE], ids=["mail", "page"])
def test_what_is_no_configuration_permits_nothing(platform: str, text: str) -> None:
    assert verdict(platform, text, {**FLOW, **ENDS}) == "unknown"


def test_another_platforms_text_is_no_configuration() -> None:
    found = state("cisco_ios", BRACES)
    assert not found.firewall_known
    assert "neither interfaces nor lists" in found.unreadable[0]["reason"]


@pytest.mark.parametrize("platform", LISTS)
def test_lists_alone_do_not_tell_where_they_are_bound(platform: str) -> None:
    assert verdict(platform, LISTS[platform], {**FLOW, **ENDS}) == "unknown"
    assert verdict(platform, LISTS[platform], FLOW, "A") == "deny"


def test_a_saved_configuration_without_its_header_is_cut_short_too() -> None:
    text = (
        "! Last configuration change at 09:00\nversion 15.9\nhostname r1\ninterface GigabitEthernet0/0\n"
        " ip access-group FROM_APP in\n"
    )
    assert "cut short" in state("cisco_ios", text).unreadable[0]["reason"]
    assert state(
        "cisco_ios", f"{text}ip access-list extended FROM_APP\n deny ip any any\nend\n"
    ).firewall_known


NAMES = [
    ("cisco_ios", "GigabitEthernet0/0", "Gi0/0"),
    ("cisco_ios", "GigabitEthernet0/0", "gigabitethernet0/0"),
    ("cisco_ios", "GigabitEthernet0/0", "GigabitEthernet 0/0"),
    ("cisco_nxos", "Vlan10", "vlan10"),
    ("cisco_xr", "Bundle-Ether1", "BE1"),
]


@pytest.mark.parametrize(("platform", "name", "asked"), NAMES)
def test_abbreviations_are_understood(platform: str, name: str, asked: str) -> None:
    kind = "extended " if platform == "cisco_ios" else ""
    text = f"ip access-list {kind}A\n deny ip any any\ninterface {name}\n ip access-group A in\n"
    if platform == "cisco_xr":
        text = f"ipv4 access-list A\n deny ipv4 any any\ninterface {name}\n ipv4 access-group A ingress\n"
    assert verdict(platform, text, {**FLOW, "in_interface": asked}) == "deny"


LISTED = """
ip access-list extended WEB
 deny tcp any any eq 22
 permit ip any any
interface GigabitEthernet0/0
 ip access-group WEB in
interface GigabitEthernet0/1
"""
SSH = {"src": "10.1.1.7", "dst": "10.2.0.10", "protocol": "tcp", "dst_port": 22}


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        # Not one without a list, and open.
        ({"in_interface": "GigabitEthernet0/7"}, "unknown"),
        ({"in_interface": "Gi0/7", "out_interface": "Gi0/1"}, "unknown"),
        ({"in_interface": "eth*"}, "unknown"),
        ({"in_interface": ["Gi0/0", "Gi0/7"]}, "mixed"),
        ({"in_interface": "Gi0/1", "out_interface": "Gi0/7"}, "unknown"),
        # Denied wherever it leaves.
        ({"in_interface": "Gi0/0", "out_interface": "Gi0/7"}, "deny"),
        ({"in_interface": "gig*"}, "mixed"),
        ({"in_interface": "Gi0/1", "out_interface": "Gi0/0"}, "permit"),
    ],
)
def test_an_interface_that_the_device_does_not_have_is_unknown(flow: dict[str, str], wanted: str) -> None:
    asked = Questions(state("cisco_ios", LISTED))
    assert asked.verdict({**SSH, **flow})["verdict"] == wanted
    assert asked.verdict({**SSH, **flow}, "WEB")["verdict"] == "deny"  # a list by itself stands nowhere


def test_the_reason_names_the_interfaces_that_there_are() -> None:
    (part,) = Questions(state("cisco_ios", LISTED)).verdict({**SSH, "in_interface": "Gi0/7"})["parts"]
    assert part["reason"] == (
        "the configuration has no interface Gi0/7: it has GigabitEthernet0/0, GigabitEthernet0/1"
    )


def test_an_interface_of_junos_is_its_only_unit() -> None:
    text = (
        "firewall { family inet { filter A { term x { then discard; } } } } interfaces { ge-0/0/0 { unit 0 { family "
        "inet { filter { input A; } } } } ge-0/0/1 { unit 1 { family inet; } unit 2 { family inet; } } }"
    )
    assert verdict("juniper_junos", text, {**FLOW, "in_interface": "ge-0/0/0"}) == "deny"
    with pytest.raises(FlowError, match="no interface 'ge-0/0/1'") as refused:
        Questions(state("juniper_junos", text)).verdict({**FLOW, "in_interface": "ge-0/0/1"})
    assert "ge-0/0/1.1, ge-0/0/1.2" in str(refused.value)
