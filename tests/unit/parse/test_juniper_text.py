# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a Junos configuration: braces and set lines, tags, groups, and what is no configuration."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.parse.config import braces
from tests.support.device_texts import state, verdict

PLATFORM = "juniper_junos"
SSH: dict[str, Any] = {"src": "10.0.1.5", "dst": "10.20.1.10", "protocol": "tcp", "dst_port": 22}
BRACES = """
## Last commit: 2026-11-20 10:00:00 UTC by admin
version 21.4R3.15;
system {
    host-name r1; /* the first */
    login { message "welcome; { to \\"r1\\" } "; }
}
interfaces {
    ge-0/0/0 {
        description "to [core]; /* really */";
        unit 0 {
            family inet {
                filter {
                    input F;
                }
                address 10.0.1.1/24;
            }
        }
    }
}
firewall {
    family inet {
        /*
         * Several lines
         */
        filter F {
            term ssh {
                from {
                    source-address {
                        10.0.0.0/8;
                        /* one is out */
                        10.0.9.0/24 except;
                    }
                    protocol tcp;
                    destination-port [ 22 830 ];
                }
                then {
                    count ssh;
                    accept;
                }
            }
            inactive: term web {
                from {
                    protocol tcp;
                    destination-port 80;
                }
                then accept;
            }
        }
    }
}
"""
SET = """
set version 21.4R3.15
set system host-name r1
set system login message "welcome; { to \\"r1\\" } "
set interfaces ge-0/0/0 description "to [core]; /* really */"
set interfaces ge-0/0/0 unit 0 family inet filter input F
set interfaces ge-0/0/0 unit 0 family inet address 10.0.1.1/24
set firewall family inet filter F term ssh from source-address 10.0.0.0/8
set firewall family inet filter F term ssh from source-address 10.0.9.0/24 except
set firewall family inet filter F term ssh from protocol tcp
set firewall family inet filter F term ssh from destination-port 22
set firewall family inet filter F term ssh from destination-port 830
set firewall family inet filter F term ssh then count ssh
set firewall family inet filter F term ssh then accept
set firewall family inet filter F term web from protocol tcp
set firewall family inet filter F term web from destination-port 80
set firewall family inet filter F term web then accept
deactivate firewall family inet filter F term web
"""


def rules(text: str) -> dict[str, list[tuple[str, Any]]]:
    found = state(PLATFORM, text)
    assert [item for item in found.unreadable if not item["what"].startswith("routes")] == []
    return {
        key: [(rule.text, rule.match) for rule in ruleset.rules] for key, ruleset in found.rulesets.items()
    }


def test_both_forms_say_the_same() -> None:
    assert rules(BRACES) == rules(SET)
    assert [text for text, _match in rules(SET)["F"]] == [
        "term ssh { from { source-address { 10.0.0.0/8; 10.0.9.0/24 except }; protocol tcp;"
        " destination-port { 22; 830 } }; then { count ssh; accept } }"
    ]
    assert state(PLATFORM, BRACES).hostname == state(PLATFORM, SET).hostname == "r1"


XML = """<rpc-reply xmlns:junos="http://xml.juniper.net/junos/21.4R0/junos">
<configuration junos:commit-seconds="1"><version>21.4R3.15</version>
<system><host-name>r1</host-name><login><message>welcome; { to "r1" } </message></login></system>
<interfaces><interface><name>ge-0/0/0</name><description>to [core]; /* really */</description>
  <unit><name>0</name><family><inet><filter><input><filter-name>F</filter-name></input></filter>
  <address><name>10.0.1.1/24</name></address></inet></family></unit></interface></interfaces>
<firewall><family><inet><filter><name>F</name>
  <term><name>ssh</name><from>
    <source-address><name>10.0.0.0/8</name></source-address>
    <source-address><name>10.0.9.0/24</name><except/></source-address>
    <protocol>tcp</protocol><destination-port>22</destination-port><destination-port>830</destination-port></from>
    <then><count>ssh</count><accept/></then></term>
  <term inactive="inactive"><name>web</name><from><protocol>tcp</protocol></from><then><accept/></then></term>
</filter></inet></family></firewall>
</configuration></rpc-reply>
"""
XML_POLICIES = """<configuration><security><policies>
<policy><from-zone-name>trust</from-zone-name><to-zone-name>untrust</to-zone-name>
  <policy><name>p1</name><match><source-address>any</source-address><destination-address>db</destination-address>
    <application>junos-ssh</application></match><then><permit/></then></policy></policy>
<default-policy><deny-all/></default-policy></policies>
<address-book><name>global</name><address><name>db</name><ip-prefix>10.20.1.10/32</ip-prefix></address></address-book>
</security></configuration>"""


def test_xml_says_the_same() -> None:
    assert rules(XML) == rules(BRACES)
    zones = {**SSH, "in_zone": "trust", "out_zone": "untrust"}
    assert verdict(PLATFORM, XML_POLICIES, zones) == "permit"
    assert verdict(PLATFORM, XML_POLICIES, {**zones, "dst": "10.20.1.11"}) == "deny"


def test_what_a_terminal_shows_beside_it() -> None:
    shown = f"admin@r1> show configuration | no-more\n{BRACES}\n{{master:0}}\nadmin@r1>\n"
    assert rules(shown) == rules(BRACES)
    assert rules(
        f"{{primary:node0}}[edit]\nadmin@r1# show | display set\n{SET}\n[edit]\nadmin@r1#\n"
    ) == rules(SET)


def test_a_line_that_is_no_statement_is_named() -> None:
    found = state(PLATFORM, f"--- JUNOS 21.4R3.15 Kernel 64-bit\n{BRACES}")
    assert [note["text"] for note in found.not_understood] == ["--- JUNOS 21.4R3.15 Kernel 64-bit"]


def test_set_lines_below_braces() -> None:
    text = BRACES + "set firewall family inet filter F term last then discard\n"
    assert len(rules(text)["F"]) == 2


UNREADABLE = [
    (BRACES.rstrip().removesuffix("}"), "cut off"),
    (BRACES[: len(BRACES) // 2], "cut off"),
    (BRACES + "}", "closing brace"),
    (BRACES.replace("then accept;", "then accept"), "has no end"),
    (BRACES.replace('}  ";', "}  ;").replace('really */";', "really */;"), "has no end"),
    (BRACES.replace("Several lines\n         */", "Several lines"), "no end before the next"),
    (BRACES.replace("830 ]", "830"), "a list has no end"),
    (SET.replace('} "', "} ", 1), "no end on its line"),
    ("error: permission denied: show configuration\n", "permission denied"),
    ("syntax error, expecting <command>.\n", "syntax error"),
    ("unknown command.\n", "unknown command"),
    (f"{SET}---(more 50%)---\n", "paged"),
    ("<rpc-reply><configuration/></rpc-reply>", "no statement"),
    ("<rpc-reply><ok/></rpc-reply>", "no <configuration>"),
    ("<configuration><firewall><filter>", "can't be read"),
    ("<!DOCTYPE a [<!ENTITY b 'c'>]><configuration>&b;</configuration>", "document type"),
    ("<a>" * 5000, "nested too deeply"),
    ("", "no output"),
    ("hello world\n", "no statement"),
    (SET + "sett firewall family inet filter F term z then discard\n", "not understood"),
    ("filter F { term a { then discard; } }\n", "no part of a configuration"),
    ("from-zone a to-zone b { policy p { then { deny; } } }\n", "no part of a configuration"),
    ("firewall { /* ACCESS-DENIED */ }\nsystem { host-name r1; }\n", "ACCESS-DENIED"),
    ("copy firewall filter A to filter B\n" + SET, "'copy'"),
    ("insert firewall family inet filter F term no before term ssh\n", "insert"),
]


@pytest.mark.parametrize(("text", "reason"), UNREADABLE)
def test_what_is_not_all_of_a_configuration_is_no_firewall_that_is_known(text: str, reason: str) -> None:
    found = state(PLATFORM, text)
    assert not found.firewall_known
    assert reason in found.unreadable[0]["reason"]
    assert verdict(PLATFORM, text, SSH) == "unknown"


def test_what_may_not_be_seen_elsewhere_does_not_matter() -> None:
    assert state(PLATFORM, BRACES.replace("version", "snmp { /* ACCESS-DENIED */ }\nversion")).firewall_known


def test_parts_that_are_not_known_are_named() -> None:
    found = state(PLATFORM, BRACES + "wonders { a; }\nsecurity { wonder 5; }\ndeactivate firewall filter Z\n")
    assert [note["text"] for note in found.not_understood] == [
        "deactivate firewall filter Z",
        "wonders",
        "security wonder",
    ]


def test_a_part_without_interfaces_does_not_tell_what_passes_the_device() -> None:
    part = "firewall { filter F { term a { then discard; } } }"
    assert verdict(PLATFORM, part, SSH) == "unknown"
    assert verdict(PLATFORM, part, SSH, "F") == "deny"
    interfaces = "interfaces { ge-0/0/0 { unit 0 { family inet; } } }"
    assert verdict(PLATFORM, f"{interfaces} {part}", SSH) == "permit"


FILTER = "set firewall filter F term {name} {rest}\n"


def test_a_candidate_that_changes_what_stands_above() -> None:
    base = "".join(
        FILTER.format(name=name, rest=rest)
        for name, rest in (("a", "then discard"), ("b", "from protocol tcp"), ("b", "then accept"))
    )

    def asked(change: str) -> str:
        return verdict(PLATFORM, base + change, SSH, "F")

    assert asked("") == "deny"
    assert asked("insert firewall filter F term b before term a\n") == "permit"
    assert asked("insert firewall filter F term a after term b\n") == "permit"
    assert asked("delete firewall filter F term a\n") == "permit"
    assert asked("deactivate firewall filter F term a\n") == "permit"
    assert asked("deactivate firewall filter F term a\nactivate firewall filter F term a\n") == "deny"
    assert asked("edit firewall filter F\ndelete term a\ntop\n") == "permit"
    assert asked("edit firewall filter F\ndelete term a\nup\n") == "unknown"
    moved = "insert firewall filter F term b before term a\n"
    assert asked(f"{moved}rename firewall filter F term b to term c\n") == "permit"
    assert asked(f"{moved}delete firewall filter F term b from protocol tcp\n") == "permit"
    assert (
        asked(
            f"{moved}delete firewall filter F term b from protocol\nset firewall filter F term b from protocol udp\n"
        )
        == "deny"
    )


def test_odd_characters_in_a_text_and_ends_of_lines() -> None:
    assert rules(BRACES.replace("to [core]", "to \u2028 \x85 core")) == rules(BRACES)
    assert rules(BRACES.replace("\n", "\r\n")) == rules(BRACES)


def test_several_statements_in_one_line() -> None:
    text = "set firewall filter F term a from protocol tcp destination-port [ 22 23 ]\nset firewall filter F term a then accept\n"
    assert verdict(PLATFORM, text, SSH, "F") == "permit"
    assert verdict(PLATFORM, text, {**SSH, "dst_port": 24}, "F") == "deny"


class TestTags:
    def test_replace(self) -> None:
        again = "firewall { family inet { replace: filter F { term only { then discard; } } } }"
        assert verdict(PLATFORM, BRACES, SSH, "F") == "permit"
        assert verdict(PLATFORM, BRACES + again, SSH, "F") == "deny"

    def test_delete(self) -> None:
        gone = "firewall { family inet { filter F { delete: term ssh; } } }"
        assert len(rules(BRACES)["F"]) == 1
        assert verdict(PLATFORM, BRACES + gone, SSH, "F") != "permit"

    def test_protect(self) -> None:
        assert rules(BRACES.replace("term ssh", "protect: term ssh")) == rules(BRACES)

    def test_a_statement_that_the_device_ignores(self) -> None:
        warned = BRACES.replace(
            "term ssh", "##\n## Warning: configuration block ignored: unsupported platform\n##\nterm ssh"
        )
        assert verdict(PLATFORM, warned, SSH, "F") != "permit"


def grouped(groups: str, own: str) -> str:
    return f"groups {{ {groups} }}\n{own}"


LAST = "last { firewall { family inet { filter <*> { term last { then accept; } } } } }"
PLAIN = "firewall { family inet { filter F { term udp { from { protocol udp; } then discard; } } } }"


class TestGroups:
    def test_what_is_inherited_comes_after_what_is_there(self) -> None:
        assert verdict(PLATFORM, grouped(LAST, PLAIN), SSH, "F") == "deny"
        assert verdict(PLATFORM, grouped(LAST, "apply-groups last;" + PLAIN), SSH, "F") == "permit"
        assert (
            verdict(PLATFORM, grouped(LAST, "apply-groups last;" + PLAIN), {**SSH, "protocol": "udp"}, "F")
            == "deny"
        )

    def test_as_set_lines(self) -> None:
        text = """set groups last firewall family inet filter <*> term last then accept
            set apply-groups last
            set firewall family inet filter F term udp from protocol udp
            set firewall family inet filter F term udp then discard
            """
        assert verdict(PLATFORM, text, SSH, "F") == "permit"

    def test_where_it_is_applied(self) -> None:
        here = PLAIN.replace("filter F {", "filter F { apply-groups last;")
        assert verdict(PLATFORM, grouped(LAST, here), SSH, "F") == "permit"
        other = "firewall { family inet { filter G { term a { from { protocol udp; } then accept; } } } }"
        assert verdict(PLATFORM, grouped(LAST, other + here), SSH, "G") == "deny"
        assert verdict(PLATFORM, grouped(LAST, other + "apply-groups last;" + PLAIN), SSH, "G") == "permit"

    def test_except(self) -> None:
        left_out = PLAIN.replace("filter F {", "filter F { apply-groups-except last;")
        assert verdict(PLATFORM, grouped(LAST, "apply-groups last;" + left_out), SSH, "F") == "deny"

    def test_the_configuration_itself_counts_first(self) -> None:
        group = "g { firewall { family inet { filter F { term udp { then accept; } } } } }"
        text = grouped(group, "apply-groups g;" + PLAIN)
        assert verdict(PLATFORM, text, {**SSH, "protocol": "udp"}, "F") == "deny"

    def test_values_of_both_are_in_doubt(self) -> None:
        group = "g { firewall { family inet { filter F { term udp { from { protocol tcp; } } } } } }"
        assert verdict(PLATFORM, grouped(group, "apply-groups g;" + PLAIN), SSH, "F") == "unknown"

    def test_a_filter_for_all_interfaces(self) -> None:
        group = "g { interfaces { <ge-*> { unit <*> { family inet { filter { input F; } } } } } }"
        own = "apply-groups g; interfaces { ge-0/0/0 { unit 0 { family inet; } } xe-0/0/0 { unit 0 { family inet; } } }"
        text = grouped(group, own + PLAIN)
        assert verdict(PLATFORM, text, {**SSH, "in_interface": "ge-0/0/0.0"}) == "deny"
        assert verdict(PLATFORM, text, {**SSH, "in_interface": "xe-0/0/0.0"}) == "permit"

    def test_doubt_where_no_rule_is_leaves_nothing_known(self) -> None:
        group = "g { routing-instances { V { vrf-target { target:1:1; } } } }"
        own = "apply-groups g; routing-instances { V { vrf-target { target:2:2; } } }"
        assert not state(PLATFORM, grouped(group, own + PLAIN)).firewall_known

    def test_a_group_that_is_not_there(self) -> None:
        assert "group gone" in state(PLATFORM, "apply-groups gone;" + PLAIN).unreadable[0]["reason"]

    def test_the_nodes_of_a_cluster(self) -> None:
        nodes = "node0 { system { host-name a; } interfaces { fxp0 { unit 0; } } } node1 { system { host-name b; } }"
        own = 'apply-groups "${node}";' + PLAIN
        assert state(PLATFORM, grouped(nodes, own)).firewall_known
        other = nodes.replace("system", "firewall", 1).replace("host-name a", "filter G")
        assert not state(PLATFORM, grouped(other, own)).firewall_known

    def test_a_group_that_is_in_effect_at_times(self) -> None:
        group = LAST.replace("last {", "last { when { time 22:00 to 23:00; }", 1)
        assert not state(PLATFORM, grouped(group, "apply-groups last;" + PLAIN)).firewall_known

    def test_a_last_policy_for_all_pairs_of_zones(self) -> None:
        any_to_any = "match { source-address any; destination-address any; application any; }"
        group = f"deny {{ security {{ policies {{ from-zone <*> to-zone <*> {{ policy last {{ {any_to_any} then {{ deny; }} }} }} }} }} }}"
        own = f"""apply-groups deny; security {{ policies {{
            from-zone a to-zone b {{ policy ssh {{ {any_to_any.replace("application any", "application junos-ssh")}
                then {{ permit; }} }} }}
            default-policy {{ permit-all; }} }} }}"""
        text = grouped(group, own)
        zones = {"in_zone": "a", "out_zone": "b"}
        assert verdict(PLATFORM, text, {**SSH, **zones}) == "permit"
        assert verdict(PLATFORM, text, {**SSH, **zones, "dst_port": 80}) == "deny"

    def test_expanded_already(self) -> None:
        shown = """groups { last { firewall { family inet { filter <*> { term last { then accept; } } } } } }
            apply-groups last;
            firewall { family inet { filter F {
                term udp { from { protocol udp; } then discard; }
                ##
                ## 'last' was inherited from group 'last'
                ##
                term last { then accept; }
            } } }"""
        assert len(rules(shown)["F"]) == 2
        assert verdict(PLATFORM, shown, SSH, "F") == "permit"
        other = shown.replace("term last { then accept; }", "term last { then discard; }", 1)
        assert verdict(PLATFORM, other, SSH, "F") == "permit"
        assert state(PLATFORM, shown.replace("apply-groups last;", 'apply-groups "${node}";')).firewall_known


class TestTrap29:
    """A word that is dropped or damaged does not let more pass."""

    def test_no_word_of_a_permit_can_go_unnoticed(self) -> None:
        wide = {**SSH, "src": "10.77.0.1", "dst_port": 80}
        text = "firewall { filter F { term a { from { source-address 10.0.1.0/24; protocol tcp; destination-port 22; } then accept; } } }"
        assert verdict(PLATFORM, text, wide, "F") == "deny"
        for word in ("source-address", "protocol", "destination-port", "10.0.1.0/24", "tcp", "22"):
            assert verdict(PLATFORM, text.replace(f"{word}", "", 1), wide, "F") != "permit", word
            assert verdict(PLATFORM, text.replace(f"{word}", "wonder", 1), wide, "F") != "permit", word

    STRUCTURE = (
        "interfaces",
        "unit",
        "family",
        "inet",
        "filter",
        "input",
        "firewall",
        "term",
        "from",
        "then",
        "F",
    )

    @pytest.mark.parametrize("word", STRUCTURE)
    def test_no_word_that_binds_a_filter_can_go_unnoticed(self, word: str) -> None:
        text = """interfaces { ge-0/0/0 { unit 0 { family inet { filter { input F; } address 10.0.1.1/24; } } } }
            firewall { family inet { filter F { term a { from { protocol udp; } then { discard; } } } } }"""
        flow = {**SSH, "in_interface": "ge-0/0/0.0"}
        assert verdict(PLATFORM, text, flow) == "deny"
        for damaged in (text.replace(word, "wonder", 1), text.replace(word, "", 1)):
            found = state(PLATFORM, damaged)
            assert verdict(PLATFORM, damaged, flow) != "permit" or found.not_understood, damaged


def test_nesting_without_an_end_is_refused_and_not_followed() -> None:
    for text in (
        "a { " * 5000,
        "a { " * 5000 + "}" * 5000,
        "[ " * 5000,
        "a " * 5000 + ";",
        "set " + "a " * 5000,
    ):
        assert not state(PLATFORM, text).firewall_known


def test_lists_that_stand_for_too_many_paths_are_refused() -> None:
    several = "[ " + " ".join(f"w{number}" for number in range(60)) + " ]"
    assert "combinations" in state(PLATFORM, f"set a {several} {several} {several}\n").unreadable[0]["reason"]


def test_a_tree_is_asked_by_words() -> None:
    root = braces.read("a { b [ c d ]; inactive: e f; }").root
    assert root.names("a", "b") == ["c", "d"]
    assert root.value("a", "b") == "d"
    assert root.find("a", "e", "f") is None
    assert root.value("a", "nothing") == ""


FILTER_IN_SET = """\
set system host-name r1
set interfaces ge-0/0/0 unit 0 family inet filter input F
set interfaces ge-0/0/1 unit 0 family inet
set firewall family inet filter F term a from source-address 10.1.1.0/24
set firewall family inet filter F term a from destination-port 5432
set firewall family inet filter F term a from protocol tcp
set firewall family inet filter F term a then accept
set firewall family inet filter F term rest then discard
set applications application pg protocol tcp
"""


@pytest.mark.parametrize(
    ("word", "damaged"),
    [
        ("filter F term a from destination-port", "filter term a from destination-port"),
        ("term a from destination-port", "term from destination-port"),
        (
            "set firewall family inet filter F term a from dest",
            "firewall family inet filter F term a from dest",
        ),
        ("term rest then discard", "term rest then"),
        ("applications application pg", "applications application protocol"),
        ("applications application pg", "applications zqx pg"),
    ],
)
def test_a_statement_that_lost_a_word_widens_nothing(word: str, damaged: str) -> None:
    flow = {"src": "10.1.1.7", "dst": "10.2.0.9", "protocol": "tcp", "dst_port": 22}
    ends = {"in_interface": "ge-0/0/0.0", "out_interface": "ge-0/0/1.0"}
    assert verdict("juniper_junos", FILTER_IN_SET, {**flow, **ends}) == "deny"
    assert verdict("juniper_junos", FILTER_IN_SET.replace(word, damaged), {**flow, **ends}) == "unknown"
