# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of IOS XR, FortiOS, PAN-OS and Junos merged into a running configuration: what the device would have then."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES, ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate import plan
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.given import Candidate
from tests.support import device_shops as shops

RUNNING = {
    "xr": ("cisco_xr", shops.XR),
    "forti": ("fortinet", shops.FORTIOS),
    "panos": ("paloalto_panos", shops.PANOS),
    "xml": ("paloalto_panos", shops.PANOS_XML),
    "junos": ("juniper_junos", shops.JUNOS),
    "srx": ("juniper_junos", shops.SRX),
}
FLOW = {
    "src": "10.10.1.9", "dst": "10.20.1.10", "protocol": "tcp", "dst_port": 5432, "src_port": 40000,
    "in_interface": "x", "out_interface": "x",
}  # fmt: skip
PORTS = {
    "xr": ("GigabitEthernet0/0/0/0", "GigabitEthernet0/0/0/1"),
    "forti": ("port1", "port2"),
    "panos": ("ethernet1/1", "ethernet1/2"),
    "xml": ("ethernet1/1", "ethernet1/2"),
    "junos": ("ge-0/0/0.0", "ge-0/0/1.0"),
    "srx": ("ge-0/0/0.0", "ge-0/0/1.0"),
}


def now(name: str) -> State:
    platform, text = RUNNING[name]
    return parse_platform(platform, "d1", {"running_config": RawOutput("running_config", "show", 0, text)})


def planned(name: str, lines: str, kind: str = "lines") -> State:
    platform, text = RUNNING[name]
    outputs = {"running_config": RawOutput("running_config", "show", 0, text)}
    return plan.planned(platform, "d1", outputs, [Candidate("lines", lines, kind)])


def verdict(name: str, state: State, **flow: Any) -> str:
    came, left = PORTS[name]
    asked = {**FLOW, "in_interface": came, "out_interface": left, **flow}
    return str(Questions(state).verdict(asked)["verdict"])


# Platform and what is done: lines, flow, verdict with the lines; without them it is the other one.
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "xr: narrowed, by its number": ("ipv4 access-list F\n 10 permit tcp 10.10.1.64/26 host 10.20.1.10 eq 5432\n", {}, "deny"),
    "xr: an entry in front": ("configure\nipv4 access-list F\n 5 deny tcp any any eq 5432\n!\ncommit\nend\n", {}, "deny"),
    "xr: an entry away": ("ipv4 access-list F\n no 10\n", {}, "deny"),
    "xr: one more": ("ipv4 access-list F\n 15 permit udp any any\n", {"protocol": "udp"}, "permit"),
    "xr: another list is bound": (
        "interface GigabitEthernet0/0/0/0\n ipv4 access-group OTHER ingress\n", {"protocol": "udp"}, "permit",
    ),
    "xr: a list is unbound": (
        "interface GigabitEthernet0/0/0/0\n no ipv4 access-group F ingress\n", {"dst_port": 22}, "permit",
    ),
    "forti: another source": ('config firewall policy\n edit 1\n set srcaddr "a part"\n next\nend\n', {}, "deny"),
    "forti: switched off": ("config firewall policy\n edit 1\n set status disable\n next\nend\n", {}, "deny"),
    "forti: deleted": ("config firewall policy\n delete 1\nend\n", {}, "deny"),
    "forti: moved": ("config firewall policy\n move 2 before 1\nend\n", {}, "deny"),
    "forti: an object changed": (
        'config firewall address\n edit "app"\n  set subnet 10.99.0.0 255.255.255.0\n next\nend\n', {}, "deny",
    ),
    "forti: one more": (
        "config firewall policy\n edit 3\n  set srcintf port1\n  set dstintf port2\n  set action accept\n"
        '  set srcaddr all\n  set dstaddr "db"\n  set schedule always\n  set service ALL\n next\n move 3 before 2\nend\n',
        {"dst_port": 22}, "permit",
    ),
    "panos: another source takes the old one away by hand": (
        'delete rulebase security rules "app to db" source app\nset rulebase security rules "app to db" source part\n', {}, "deny",
    ),
    "panos: an action takes the place of the other": ('set rulebase security rules "app to db" action deny\n', {}, "deny"),
    "panos: an address takes the place of the other": ("set address app ip-range 10.99.0.1-10.99.0.9\n", {}, "deny"),
    "panos: sources grow": (
        "configure\nset address far ip-netmask 10.77.0.0/16\n"
        'set rulebase security rules "app to db" source far\ncommit\n', {"src": "10.77.1.1"}, "permit",
    ),
    "panos: switched off": ('set rulebase security rules "app to db" disabled yes\n', {}, "deny"),
    "panos: moved": ("move rulebase security rules rest top\n", {}, "deny"),
    "panos: deleted": ('delete rulebase security rules "app to db"\n', {}, "deny"),
    "xml: an action takes the place of the other": ('set rulebase security rules "app to db" action deny\n', {}, "deny"),
    "xml: sources grow": ('set rulebase security rules "app to db" source any\n', {"src": "10.77.1.1"}, "permit"),
    "junos: discard takes the place of accept": ("set firewall family inet filter F term a then discard\n", {}, "deny"),
    "junos: in braces": ("firewall { family inet { filter F { term a { then { reject; } } } } }\n", {}, "deny"),
    "junos: in the edit mode": ("edit firewall family inet filter F term a\nset then discard\ntop\n", {}, "deny"),
    "junos: another filter is bound": (
        "set interfaces ge-0/0/0 unit 0 family inet filter input OTHER\n", {"dst_port": 22}, "permit",
    ),
    "junos: ports grow": ("set firewall family inet filter F term a from destination-port 22\n", {"dst_port": 22}, "permit"),
    "srx: deny takes the place of permit": ("set security policies from-zone app to-zone db policy p1 then deny\n", {}, "deny"),
    "srx: an address takes the place of the other": ("set security address-book global address app 10.99.0.0/24\n", {}, "deny"),
    "srx: a port takes the place of the other": ("set applications application pg destination-port 6432\n", {}, "deny"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_planned_device_decides_as_it_would(name: str) -> None:
    platform = name.partition(":")[0]
    lines, flow, expected = CASES[name]
    assert verdict(platform, now(platform), **flow) == {"permit": "deny", "deny": "permit"}[expected]
    assert verdict(platform, planned(platform, lines), **flow) == expected


@pytest.mark.parametrize("name", RUNNING)
def test_lines_that_change_nothing_leave_every_rule_in_its_words(name: str) -> None:
    lines = {
        "xr": "hostname x1\n",
        "forti": "config system settings\nend\n",
        "panos": "set address app ip-netmask 10.10.1.0/24\n",
        "xml": "set address app ip-netmask 10.10.1.0/24\n",
        "junos": "set firewall family inet filter F term a then accept\n",
        "srx": "set system host-name s1\n",
    }[name]
    old, new = now(name), planned(name, lines)
    assert old.rulesets.keys() == new.rulesets.keys()
    for key, ruleset in old.rulesets.items():
        assert [(rule.text, rule.match, rule.verdict) for rule in new.rulesets[key].rules] == [
            (rule.text, rule.match, rule.verdict) for rule in ruleset.rules
        ]
    assert old.interfaces == new.interfaces


REFUSED: dict[str, tuple[str, str, int]] = {
    "xr: nothing to unbind": ("interface GigabitEthernet0/0/0/1\n no ipv4 access-group F ingress\n", "nothing of the kind", 2),
    "xr: no such entry": ("ipv4 access-list F\n no 15\n", "no such entry", 2),
    "forti: a word that is none": ("config firewall policy\n edit 1\n  sett srcaddr all\n next\nend\n", "not understood", 3),
    "forti: a table that nobody knows": ("\nconfig firewal policy\nend\n", "did you mean 'firewall policy'", 2),
    "forti: nothing to delete": ("config firewall policy\n delete 9\nend\n", "not there", 2),
    "forti: nothing to move": ("config firewall policy\n move 9 before 1\nend\n", "not possible", 2),
    "panos: a word that no configuration has": ("set rulebse security rules x action allow\n", "did you mean 'rulebase'", 1),
    "panos: nothing to delete": ("\ndelete rulebase security rules none\n", "nothing to delete", 2),
    "panos: nothing to move": ("move rulebase security rules none top\n", "not possible", 1),
    "panos: no command": ("allow all\n", "not understood", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_device_would_refuse_is_one_clear_error(name: str) -> None:
    lines, what, number = REFUSED[name]
    with pytest.raises(ParseError, match=what) as error:
        planned(name.partition(":")[0], lines)
    assert error.value.where == f"lines, line {number}"
    assert len(str(error.value).splitlines()) <= MAX_LINES


def test_a_piece_of_fortios_that_breaks_off() -> None:
    with pytest.raises(ParseError, match="breaks off"):
        planned("forti", "config firewall policy\n edit 1\n")
