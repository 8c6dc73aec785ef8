# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What undoes a change of a device, typed into the configuration as it is now, leads back to the rules as they were.

``parse/candidate`` types it: it refuses what the device would.
"""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.undo import changes_of
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.merge import MERGES
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.commands import commands_of
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.remedy import subject
from tests.support import device_shops as shops

SHOPS = {
    "cisco_ios": shops.IOS,
    "cisco_xr": shops.XR,
    "cisco_asa": shops.ASA,
    "juniper_junos": shops.JUNOS,
    "srx": shops.SRX,
    "vyos": shops.VYOS,
    "paloalto_panos": shops.PANOS,
    "fortinet": shops.FORTIOS,
}
AROUND = ("configure", "configure terminal", "commit")
# What a routine update did, as lines; of these, what undoes it.
CASES: list[tuple[str, str, tuple[str, ...]]] = [
    (
        "cisco_ios",
        "ip access-list extended F\n no 10\n 10 permit tcp 10.10.1.0 0.0.0.63 host 10.20.1.10 eq 5432\n",
        ("ip access-list extended F", "no 10", "10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432"),
    ),
    (
        "cisco_ios",
        "interface GigabitEthernet0/0\n no ip access-group F in\n",
        ("interface GigabitEthernet0/0", "ip access-group F in"),
    ),
    (
        "cisco_ios",
        "interface GigabitEthernet0/0\n ip access-group OTHER in\n",
        ("interface GigabitEthernet0/0", "no ip access-group OTHER in", "ip access-group F in"),
    ),
    (
        "cisco_ios",
        "interface GigabitEthernet0/1\n ip access-group F out\n",
        ("interface GigabitEthernet0/1", "no ip access-group F out"),
    ),
    (
        "cisco_xr",
        "ipv4 access-list F\n 10 permit tcp 10.10.1.64/26 host 10.20.1.10 eq 5432\n",
        ("ipv4 access-list F", "no 10", "10 permit tcp 10.10.1.0/24 host 10.20.1.10 eq 5432"),
    ),
    (
        "cisco_xr",
        "interface GigabitEthernet0/0/0/0\n no ipv4 access-group F ingress\n",
        ("interface GigabitEthernet0/0/0/0", "ipv4 access-group F ingress"),
    ),
    (
        "cisco_asa",
        "access-list F line 2 extended permit tcp 10.10.1.0 255.255.255.192 host 10.20.1.10 eq 5432\n"
        "no access-list F extended permit tcp 10.10.1.0 255.255.255.0 host 10.20.1.10 eq 5432\n",
        (
            "access-list F line 2 extended permit tcp 10.10.1.0 255.255.255.0 host 10.20.1.10 eq 5432",
            "no access-list F extended permit tcp 10.10.1.0 255.255.255.192 host 10.20.1.10 eq 5432",
        ),
    ),
    (
        "cisco_asa",
        "access-list F line 2 extended deny tcp host 10.10.1.66 any\n",
        ("no access-list F extended deny tcp host 10.10.1.66 any",),
    ),
    (
        "cisco_asa",
        "no access-list F extended permit tcp 10.10.1.0 255.255.255.0 host 10.20.1.10 eq 5432\n",
        ("access-list F line 2 extended permit tcp 10.10.1.0 255.255.255.0 host 10.20.1.10 eq 5432",),
    ),
    (
        "cisco_asa",
        "access-list F extended permit tcp 10.10.1.0 255.255.255.0 host 10.20.1.10 eq 5432 inactive\n",
        ("access-list F extended permit tcp 10.10.1.0 255.255.255.0 host 10.20.1.10 eq 5432",),
    ),
    ("cisco_asa", "access-group OTHER in interface inside\n", ("access-group F in interface inside",)),
    (
        "juniper_junos",
        "set firewall family inet filter F term a then discard\n",
        (
            "delete firewall family inet filter F term a",
            "set firewall family inet filter F term a from source-address 10.10.1.0/24",
            "set firewall family inet filter F term a from protocol tcp",
            "set firewall family inet filter F term a from destination-port 5432",
            "set firewall family inet filter F term a then count c",
            "set firewall family inet filter F term a then accept",
            "insert firewall family inet filter F term a before term z",
        ),
    ),
    (
        "juniper_junos",
        "deactivate firewall family inet filter F term a\n",
        (
            "delete firewall family inet filter F term a",
            "set firewall family inet filter F term a from source-address 10.10.1.0/24",
            "set firewall family inet filter F term a from protocol tcp",
            "set firewall family inet filter F term a from destination-port 5432",
            "set firewall family inet filter F term a then count c",
            "set firewall family inet filter F term a then accept",
            "insert firewall family inet filter F term a before term z",
        ),
    ),
    (
        "juniper_junos",
        "set firewall family inet filter F term x then reject\n"
        "insert firewall family inet filter F term x before term a\n",
        ("delete firewall family inet filter F term x",),
    ),
    (
        "juniper_junos",
        "set interfaces ge-0/0/0 unit 0 family inet filter input OTHER\n",
        (
            "delete interfaces ge-0/0/0 unit 0 family inet filter input OTHER",
            "set interfaces ge-0/0/0 unit 0 family inet filter input F",
        ),
    ),
    (
        "srx",
        "delete security policies from-zone app to-zone db policy p1 match source-address app\n"
        "set security policies from-zone app to-zone db policy p1 match source-address part\n",
        (
            "delete security policies from-zone app to-zone db policy p1",
            "set security policies from-zone app to-zone db policy p1 match source-address app",
            "set security policies from-zone app to-zone db policy p1 match destination-address any",
            "set security policies from-zone app to-zone db policy p1 match application pg",
            "set security policies from-zone app to-zone db policy p1 then permit",
            "insert security policies from-zone app to-zone db policy p1 before policy p2",
        ),
    ),
    (
        "vyos",
        "set firewall ipv4 forward filter rule 10 source address 10.10.1.0/26\n",
        (
            "delete firewall ipv4 forward filter rule 10",
            "set firewall ipv4 forward filter rule 10 action accept",
            "set firewall ipv4 forward filter rule 10 protocol tcp",
            "set firewall ipv4 forward filter rule 10 source address 10.10.1.0/24",
            "set firewall ipv4 forward filter rule 10 destination port 5432",
        ),
    ),
    (
        "vyos",
        "set firewall ipv4 forward filter rule 10 disable\n",
        (
            "delete firewall ipv4 forward filter rule 10",
            "set firewall ipv4 forward filter rule 10 action accept",
            "set firewall ipv4 forward filter rule 10 protocol tcp",
            "set firewall ipv4 forward filter rule 10 source address 10.10.1.0/24",
            "set firewall ipv4 forward filter rule 10 destination port 5432",
        ),
    ),
    ("vyos", "set firewall ipv4 name X rule 3 action drop\n", ("delete firewall ipv4 name X rule 3",)),
    (
        "paloalto_panos",
        'set rulebase security rules "app to db" action deny\n',
        (
            'delete rulebase security rules "app to db"',
            'set rulebase security rules "app to db" from app to db source app destination db1 application any service pg '
            "action allow disabled no",
            'move rulebase security rules "app to db" before rest',
        ),
    ),
    (
        "paloalto_panos",
        'set rulebase security rules "app to db" disabled yes\n',
        (
            'set rulebase security rules "app to db" from app to db source app destination db1 application any service pg '
            "action allow disabled no",
            'move rulebase security rules "app to db" before rest',
        ),
    ),
    (
        "fortinet",
        'config firewall policy\n edit 1\n set srcaddr "a part"\n set comments "x"\n next\nend\n',
        ("config firewall policy", "edit 1", "unset comments", 'set srcaddr "app"', "next", "end"),
    ),
    (
        "fortinet",
        "config firewall policy\n edit 1\n set status disable\n next\nend\n",
        (
            "config firewall policy",
            "edit 1",
            'set name "app to db"',
            'set srcintf "port1"',
            'set dstintf "port2"',
            "set action accept",
            'set srcaddr "app"',
            'set dstaddr "db"',
            'set schedule "always"',
            'set service "pg"',
            "set status enable",
            "next",
            "move 1 before 2",
            "end",
        ),
    ),
    (
        "fortinet",
        "config firewall policy\n edit 9\n set srcintf any\n set dstintf any\n set srcaddr all\n set dstaddr all\n"
        " set schedule always\n set service ALL\n next\n move 9 before 1\nend\n",
        ("config firewall policy", "delete 9", "end"),
    ),
]


def read(name: str, text: str) -> State:
    platform = "juniper_junos" if name == "srx" else name
    return parse_platform(platform, "d1", {"running_config": RawOutput("running_config", "show", 0, text)})


@pytest.mark.parametrize(("name", "update", "lines"), CASES)
def test_what_undoes_a_change_leads_back(name: str, update: str, lines: tuple[str, ...]) -> None:
    merge = MERGES["juniper_junos" if name == "srx" else name]
    running = merge(SHOPS[name], update, "update")
    before, now = read(name, SHOPS[name]), read(name, running)
    changes = changes_of({"d1": before}, {"d1": now})["d1"].changes
    found = [commands for change in changes if (commands := commands_of(change, before, now))]
    assert [tuple(line for line in commands if line not in AROUND) for commands in found] == [lines]
    typed = [line for line in found[0] if line not in AROUND]
    after = read(name, merge(running, "\n".join(_indented(typed)) + "\n", "undo"))
    for key, ruleset in before.rulesets.items():
        assert [(rule.match, rule.verdict) for rule in after.rulesets[key].rules] == [
            (rule.match, rule.verdict) for rule in ruleset.rules
        ], key


def _indented(lines: list[str]) -> list[str]:
    """What follows an opening line of Cisco's is below it."""
    opens = lines[0].startswith(("interface ", "ip access-list", "ipv4 access-list"))
    return [lines[0], *(f" {line}" for line in lines[1:])] if opens else lines


def test_a_change_of_what_a_rule_names_is_not_undone_by_the_rule() -> None:
    """The entry reads as it did; typing it anew would change nothing."""
    text = SHOPS["cisco_asa"].replace("10.10.1.0 255.255.255.0 host", "object-group APP host")
    before = read("cisco_asa", f"object-group network APP\n network-object 10.10.1.0 255.255.255.0\n{text}")
    now = read("cisco_asa", f"object-group network APP\n network-object 10.10.1.0 255.255.255.192\n{text}")
    changes = changes_of({"d1": before}, {"d1": now})["d1"].changes
    assert changes
    assert {commands_of(change, before, now) for change in changes} == {()}


def test_a_value_that_can_not_be_told_from_what_follows_gives_no_lines() -> None:
    text = f"{shops.VYOS}set firewall ipv4 forward filter rule 10 description 'a; b'\n"
    before, now = read("vyos", text), read("vyos", text.replace("10.10.1.0/24", "10.10.1.0/26"))
    changes = changes_of({"d1": before}, {"d1": now})["d1"].changes
    assert [commands_of(change, before, now) for change in changes] == [()]


def test_a_filter_of_junos_outside_of_any_family_is_edited_there() -> None:
    text = shops.JUNOS.replace("firewall { family inet {", "firewall { ").replace("\n} }\n", "\n}\n")
    before, now = read("juniper_junos", text), read("juniper_junos", text.replace("5432", "6432"))
    [change] = changes_of({"d1": before}, {"d1": now})["d1"].changes
    lines = commands_of(change, before, now)
    assert lines[1] == "delete firewall filter F term a"
    assert lines[-2] == "insert firewall filter F term a before term z"


def test_a_change_of_what_is_bound_names_the_interface() -> None:
    """``the rule was changed`` would say nothing of where."""
    update = "interface GigabitEthernet0/0\n ip access-group OTHER in\nip access-list extended F\n no 10\n"
    before = read("cisco_ios", shops.IOS)
    now = read("cisco_ios", MERGES["cisco_ios"](shops.IOS, update, "update"))
    changes = changes_of({"d1": before}, {"d1": now})["d1"].changes
    found = {(change.key, subject(change)) for change in changes if isinstance(change.before, tuple)}
    assert ("interfaces/in", "what is bound to GigabitEthernet0/0") in found
    assert ("F", "the rule") in found
