# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a configuration mode merged into a running configuration: what the device has then, and what it refuses.

The right side of each case is what the device's own configuration would be, by the documents that the merge cites.
"""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate import kinds, plan
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.given import Candidate
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.merge import MERGES

IOS = """
Building configuration...

Current configuration : 900 bytes
!
version 15.2
hostname r1
!
interface GigabitEthernet0/0
 description to the apps
 ip address 10.10.1.1 255.255.255.0
 ip access-group FROM-APP in
 no ip redirects
!
interface GigabitEthernet0/1
 ip address 10.20.1.1 255.255.255.0
!
ip access-list extended FROM-APP
 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432
 permit icmp any any
 deny   ip any any log
!
ip access-list extended NUMBERED
 10 permit tcp any any eq 22
 20 deny ip any any
policy-map type inspect PM
 class type inspect WEB
  inspect
 class class-default
  drop
ip access-list extended REMARKED
 remark the door
 permit tcp any any eq 22
 remark all others
 deny ip any any
access-list 101 permit tcp any any eq 80
access-list 101 deny ip any any
object-group network DB
 host 10.20.1.10
!
end
"""
NXOS = """
hostname n1
interface Ethernet1/1
  no switchport
  ip address 10.10.1.1/24
  ip access-group FROM-APP in
ip access-list FROM-APP
  10 permit tcp 10.10.1.0/24 10.20.1.10/32 eq 5432
  20 deny ip any any
line vty
"""
EOS = """
hostname e1
interface Ethernet1
   no switchport
   ip address 10.10.1.1/24
   ip access-group FROM-APP in
ip access-list FROM-APP
   10 permit tcp 10.10.1.0/24 host 10.20.1.10 eq 5432
   20 deny ip any any
end
"""
ASA = """
hostname a1
interface GigabitEthernet0/0
 nameif inside
 security-level 100
 ip address 10.10.1.1 255.255.255.0
object network DB
 host 10.20.1.10
access-list IN extended permit tcp 10.10.1.0 255.255.255.0 object DB eq 5432
access-list IN extended deny ip any any
access-group IN in interface inside
"""
JUNOS = """
firewall { family inet { filter F {
  term a { from { source-address { 10.10.1.0/24; } protocol tcp; destination-port 5432; } then accept; }
  term z { then discard; }
} } }
"""
VYOS = """
set firewall ipv4 name F default-action 'drop'
set firewall ipv4 name F rule 10 action 'accept'
set firewall ipv4 name F rule 10 destination port '5432'
set firewall ipv4 name F rule 10 protocol 'tcp'
set firewall ipv4 name F rule 10 source address '10.10.1.0/24'
"""
RUNNING = {
    "cisco_ios": IOS, "cisco_nxos": NXOS, "arista_eos": EOS, "cisco_asa": ASA, "juniper_junos": JUNOS, "vyos": VYOS,
}  # fmt: skip

# Platform, lines, and for the lines of the block that is named first what is below it afterwards.
BLOCKS: dict[str, tuple[str, str, list[str]]] = {
    "ios: an entry without a number goes to the end": (
        "ip access-list extended FROM-APP\n permit udp any any eq 53\n",
        "ip access-list extended FROM-APP",
        ["permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432", "permit icmp any any", "deny   ip any any log", "40 permit udp any any eq 53"],
    ),
    "ios: a number puts it in between": (
        "ip access-list extended FROM-APP\n 15 permit udp any any eq 53\n",
        "ip access-list extended FROM-APP",
        ["permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432", "15 permit udp any any eq 53", "20 permit icmp any any", "deny   ip any any log"],
    ),
    "ios: taken away by its implied number, and added anew": (
        "ip access-list extended FROM-APP\n no 10\n 10 permit tcp 10.10.1.0 0.0.0.63 host 10.20.1.10 eq 5432\n",
        "ip access-list extended FROM-APP",
        ["10 permit tcp 10.10.1.0 0.0.0.63 host 10.20.1.10 eq 5432", "20 permit icmp any any", "deny   ip any any log"],
    ),
    "ios: taken away by its words": (
        "ip access-list extended FROM-APP\n no permit icmp any any\n",
        "ip access-list extended FROM-APP",
        ["permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432", "30 deny   ip any any log"],
    ),
    "ios: one that is there already": (
        "ip access-list extended FROM-APP\n permit icmp any any\n",
        "ip access-list extended FROM-APP",
        ["permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432", "permit icmp any any", "deny   ip any any log"],
    ),
    "ios: without indentation": (
        "configure terminal\nip access-list extended NUMBERED\nno 20\nexit\nend\n",
        "ip access-list extended NUMBERED",
        ["10 permit tcp any any eq 22"],
    ),
    "ios: remarks without numbers are not counted": (
        "ip access-list extended REMARKED\n 15 permit udp any any eq 53\n no 20\n remark more\n permit icmp any any\n",
        "ip access-list extended REMARKED",
        ["remark the door", "permit tcp any any eq 22", "15 permit udp any any eq 53", "remark all others", "remark more", "25 permit icmp any any"],
    ),
    "ios: remarks are not counted by resequence": (
        "ip access-list resequence REMARKED 100 10\nip access-list extended REMARKED\n 105 permit udp any any eq 53\n",
        "ip access-list extended REMARKED",
        ["remark the door", "100 permit tcp any any eq 22", "105 permit udp any any eq 53", "remark all others", "110 deny ip any any"],
    ),
    "ios: lines below the one that begins the mode": (
        "configure terminal\n ip access-list extended NUMBERED\n  no 20\n exit\nend\n",
        "ip access-list extended NUMBERED",
        ["10 permit tcp any any eq 22"],
    ),
    "ios: class-default stays the last": (
        "policy-map type inspect PM\n class type inspect MORE\n  pass\n",
        "policy-map type inspect PM",
        ["class type inspect WEB", "inspect", "class type inspect MORE", "pass", "class class-default", "drop"],
    ),
    "ios: resequence": (
        "ip access-list resequence NUMBERED 100 5\n",
        "ip access-list extended NUMBERED",
        ["100 permit tcp any any eq 22", "105 deny ip any any"],
    ),
    "ios: begun anew": (
        "no ip access-list extended NUMBERED\nip access-list extended NUMBERED\n permit tcp any any eq 443\n",
        "ip access-list extended NUMBERED",
        ["10 permit tcp any any eq 443"],
    ),
    "ios: another list is bound in its place, by a short name of the port": (
        "interface Gi0/0\n ip access-group NUMBERED in\n no description\n ip redirects\n",
        "interface GigabitEthernet0/0",
        ["ip address 10.10.1.1 255.255.255.0", "ip access-group NUMBERED in"],
    ),
    "ios: unbound": (
        "interface GigabitEthernet0/0\n no ip access-group FROM-APP in\n",
        "interface GigabitEthernet0/0",
        ["description to the apps", "ip address 10.10.1.1 255.255.255.0", "no ip redirects"],
    ),
    "ios: what is on by itself is switched off": (
        "interface GigabitEthernet0/1\n no ip unreachables\n no shutdown\n",
        "interface GigabitEthernet0/1",
        ["ip address 10.20.1.1 255.255.255.0", "no ip unreachables"],
    ),
    "ios: a group": ("object-group network DB\n host 10.20.1.11\n", "object-group network DB", ["host 10.20.1.10", "host 10.20.1.11"]),
    "ios: a numbered list by its entries": (
        "ip access-list extended 101\n 5 deny tcp any any eq 80\n",
        "ip access-list extended 101",
        ["5 deny tcp any any eq 80", "10 permit tcp any any eq 80", "deny ip any any"],
    ),
    "nxos: between": (
        "ip access-list FROM-APP\n  15 permit udp any any eq 53\n  no 20\n",
        "ip access-list FROM-APP",
        ["10 permit tcp 10.10.1.0/24 10.20.1.10/32 eq 5432", "15 permit udp any any eq 53"],
    ),
    "nxos: resequence": (
        "resequence ip access-list FROM-APP 100 10\n",
        "ip access-list FROM-APP",
        ["100 permit tcp 10.10.1.0/24 10.20.1.10/32 eq 5432", "110 deny ip any any"],
    ),
    "eos: between": (
        "ip access-list FROM-APP\n   15 permit udp any any eq domain\n   resequence 10 10\n",
        "ip access-list FROM-APP",
        ["10 permit tcp 10.10.1.0/24 host 10.20.1.10 eq 5432", "20 permit udp any any eq domain", "30 deny ip any any"],
    ),
    "eos: another list": (
        "interface Ethernet1\n   ip access-group OTHER in\n",
        "interface Ethernet1",
        ["no switchport", "ip address 10.10.1.1/24", "ip access-group OTHER in"],
    ),
}  # fmt: skip
PLATFORM = {
    "ios": "cisco_ios",
    "nxos": "cisco_nxos",
    "eos": "arista_eos",
    "asa": "cisco_asa",
    "junos": "juniper_junos",
}


def platform_of(name: str) -> str:
    word = name.partition(":")[0]
    return PLATFORM.get(word, word)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_has_what_the_device_would_have(name: str) -> None:
    platform = platform_of(name)
    lines, opening, expected = BLOCKS[name]
    merged = MERGES[platform](RUNNING[platform], lines, "lines").splitlines()
    at = merged.index(opening)
    below = []
    for line in merged[at + 1 :]:
        if not line.startswith(" "):
            break
        below.append(line.strip())
    assert below == expected
    assert merged.count(opening) == 1


def planned(platform: str, lines: str, running: str = "") -> State:
    outputs = {"running_config": RawOutput("running_config", "show", 0, running or RUNNING[platform])}
    assert parse_platform(platform, "r1", outputs).firewall_known
    return plan.planned(platform, "r1", outputs, [Candidate("lines", dedent(lines), "lines")])


def verdict(state: State, ruleset: str, **flow: Any) -> str:
    asked = {"src": "10.10.1.9", "dst": "10.20.1.10", "protocol": "tcp", "dst_port": 5432, **flow}
    return str(Questions(state).verdict(asked, ruleset)["verdict"])


# Name, lines, list, flow -> verdict with the lines; without them it is the other one.
VERDICTS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "ios: narrowed": ("ip access-list extended FROM-APP\n no 10\n 10 permit tcp 10.10.1.64 0.0.0.63 any eq 5432\n", "FROM-APP", {}, "deny"),
    "ios: no of one entry of a numbered list takes all of it away": (
        "no access-list 101 deny ip any any\naccess-list 101 permit udp any any\n", "101", {"dst_port": 80}, "deny",
    ),
    "ios: an entry behind the last": ("ip access-list extended 101\n no deny ip any any\naccess-list 101 permit tcp any any eq 5432\n", "101", {}, "permit"),
    "nxos: narrowed": ("ip access-list FROM-APP\n  no 10\n  10 permit tcp 10.10.1.64/26 10.20.1.10/32 eq 5432\n", "FROM-APP", {}, "deny"),
    "eos: widened": ("ip access-list FROM-APP\n   15 permit udp any any\n", "FROM-APP", {"protocol": "udp"}, "permit"),
    "asa: in front": ("access-list IN line 1 extended deny tcp any any eq 5432\n", "IN", {}, "deny"),
    "asa: one entry away": ("no access-list IN extended permit tcp 10.10.1.0 255.255.255.0 object DB eq 5432\n", "IN", {}, "deny"),
    "asa: the object changed": ("object network DB\n host 10.20.1.99\n", "IN", {}, "deny"),
    "asa: all of it anew": ("clear configure access-list IN\naccess-list IN extended permit udp any any\n", "IN", {"protocol": "udp"}, "permit"),
    "junos: deleted": ("delete firewall family inet filter F term a\n", "F", {}, "deny"),
    "junos: deactivated": ("deactivate firewall family inet filter F term a\n", "F", {}, "deny"),
    "junos: a term in front": (
        "set firewall family inet filter F term b from protocol udp\nset firewall family inet filter F term b then accept\n"
        "insert firewall family inet filter F term b before term a\n", "F", {"protocol": "udp"}, "permit",
    ),
    "vyos: another action": ("set firewall ipv4 name F rule 10 action drop\n", "F", {}, "deny"),
    "vyos: deleted": ("delete firewall ipv4 name F rule 10\n", "F", {}, "deny"),
    "vyos: one more": ("set firewall ipv4 name F rule 20 action accept\nset firewall ipv4 name F rule 20 protocol udp\n", "F", {"protocol": "udp"}, "permit"),
}  # fmt: skip


@pytest.mark.parametrize("name", VERDICTS)
def test_the_planned_lists_decide_as_they_would(name: str) -> None:
    lines, ruleset, flow, expected = VERDICTS[name]
    platform = platform_of(name)
    now = parse_platform(
        platform, "r1", {"running_config": RawOutput("running_config", "show", 0, RUNNING[platform])}
    )
    assert verdict(now, ruleset, **flow) == {"permit": "deny", "deny": "permit"}[expected]
    assert verdict(planned(platform, lines), ruleset, **flow) == expected


def test_asa_binds_one_list_a_direction() -> None:
    state = planned(
        "cisco_asa", "access-list OTHER extended permit udp any any\naccess-group OTHER in interface inside\n"
    )
    bound = [rule.text for item in state.rulesets.values() if item.hook for rule in item.rules]
    assert any("OTHER" in text for text in bound)
    assert not any(text.startswith("access-group IN ") for text in bound)


def bindings_of_asa(lines: str) -> list[str]:
    merged = MERGES["cisco_asa"](ASA, lines, "lines").splitlines()
    return [line for line in merged if line.startswith("access-group ")]


def test_what_asa_binds_for_itself_stands_beside_what_passes_it() -> None:
    lines = "access-group MGMT in interface inside control-plane\n"
    assert bindings_of_asa(lines) == ["access-group IN in interface inside", lines.strip()]


def test_asa_clears_what_stands_before_and_not_what_follows() -> None:
    again = "access-group IN in interface inside\n"
    assert bindings_of_asa("clear configure access-group\n") == []
    assert bindings_of_asa(f"clear configure access-group\n{again}") == [again.strip()]
    running = (
        f"{ASA}object network DB\n nat (inside,outside) static 192.0.2.9\nnat (any,any) source static DB DB\n"
    )
    left = MERGES["cisco_asa"](
        running, "clear configure nat\nnat (any,any) source static DB DB\n", "lines"
    ).splitlines()
    assert [line for line in left if "nat " in line] == ["nat (any,any) source static DB DB"]


@pytest.mark.parametrize("platform", sorted(RUNNING))
def test_lines_that_change_nothing_leave_the_state_that_there_is(platform: str) -> None:
    lines = {
        "cisco_ios": "end\n",
        "cisco_nxos": "exit\n",
        "arista_eos": "hostname e1\n",
        "cisco_asa": "hostname a1\n",
        "juniper_junos": "set firewall family inet filter F term a then accept\n",
        "vyos": "set firewall ipv4 name F default-action drop\n",
    }
    now = parse_platform(
        platform, "r1", {"running_config": RawOutput("running_config", "show", 0, RUNNING[platform])}
    )
    after = planned(platform, lines[platform])
    for key, item in now.rulesets.items():
        assert [(rule.match, rule.verdict) for rule in after.rulesets[key].rules] == [
            (rule.match, rule.verdict) for rule in item.rules
        ]
    assert after.rulesets.keys() == now.rulesets.keys()
    assert after.boot["matches"] == "unknown"


REFUSED: dict[str, tuple[str, str, int]] = {
    "ios: a number that is taken": ("ip access-list extended NUMBERED\n 10 permit udp any any\n", "has an entry 10 already", 2),
    "ios: no entry of that number": ("ip access-list extended NUMBERED\n\n no 15\n", "no such entry", 3),
    "ios: no such entry": ("ip access-list extended NUMBERED\n no permit udp any any\n", "no such entry", 2),
    "ios: nothing to unbind": ("interface GigabitEthernet0/1\n no ip access-group FROM-APP in\n", "nothing of the kind", 2),
    "ios: an entry that is there, at another number": ("ip access-list extended NUMBERED\n 5 deny ip any any\n", "already, as 20", 2),
    "ios: a list by a word that is not known": ("no ip access-list ext NUMBERED\n", "nothing of the kind", 1),
    "ios: several interfaces": ("interface range GigabitEthernet0/0 - 1\n ip access-group NUMBERED in\n", "block for each", 1),
    "nxos: several interfaces": ("interface Ethernet1/1-2\n ip access-group OTHER in\n", "block for each", 1),
    "asa: all at once": ("clear configure all\n", "nothing of the kind", 1),
    "asa: no configuration is cleared": ("clear conf access-list IN\n", "no line of a configuration", 1),
    "ios: no such list": ("ip access-list resequence NONE 10 10\n", "no such list", 1),
    "ios: no command of the mode": ("do reload\n", "no line of a configuration", 1),
    "ios: nothing of the kind": ("no ip nat inside source list 1 interface Gi0/0 overload\n", "nothing of the kind", 1),
    "nxos: a number that is taken": ("ip access-list FROM-APP\n  10 permit udp any any\n", "has an entry 10 already", 2),
    "junos: a command that is not known": ("rollback 1\n", "not understood", 1),
    "vyos: no command": ("please permit all\n", "not understood", 1),
    "vyos: nothing to delete": ("\ndelete firewall ipv4 name F rule 99\n", "nothing to delete", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_device_would_refuse_is_one_clear_error(name: str) -> None:
    lines, what, number = REFUSED[name]
    with pytest.raises(ParseError, match=what) as error:
        planned(platform_of(name), lines)
    assert error.value.where == f"lines, line {number}" or "junos" in name
    assert error.value.todo


def test_a_platform_without_merging_says_what_to_give() -> None:
    with pytest.raises(ParseError, match="can't be merged") as error:
        kinds.of_device(Candidate("lines", "allow all\n"), "another", tuple(MERGES))
    assert "kind: configuration" in error.value.todo


def test_a_whole_configuration_takes_the_place_of_the_running_one() -> None:
    whole = IOS.replace("10.10.1.0 0.0.0.255", "10.10.1.64 0.0.0.63")
    outputs = {"running_config": RawOutput("running_config", "show", 0, IOS)}
    state = plan.planned("cisco_ios", "r1", outputs, [Candidate("new.cfg", whole)])
    assert verdict(state, "FROM-APP") == "deny"
    with pytest.raises(ParseError, match="cut short"):
        plan.planned("cisco_ios", "r1", outputs, [Candidate("new.cfg", whole[:-30])])


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        ("vyos", "set system name-server 192.0.2.1\nset firewall ipv4 name F rule 20 action accept\n"),
        ("juniper_junos", "system {\n services { ssh; }\n}\n"),
        ("juniper_junos", "set system services ssh\n"),
    ],
)
def test_what_may_be_lines_or_all_there_is_asks_for_its_kind(platform: str, text: str) -> None:
    outputs = {"running_config": RawOutput("running_config", "show", 0, RUNNING[platform])}
    with pytest.raises(ParseError, match="can't be told") as error:
        plan.planned(platform, "r1", outputs, [Candidate("lines", text)])
    assert error.value.todo == "say its kind: configuration or lines"
    state = plan.planned(platform, "r1", outputs, [Candidate("lines", text, "lines")])
    assert verdict(state, "F") == "permit"
    lines = text + "delete system\n"
    assert verdict(plan.planned(platform, "r1", outputs, [Candidate("lines", lines)]), "F") == "permit"
