# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned rules of a Linux host that nft or iptables-restore would refuse, and with them the whole file.

What is refused here was seen to be refused by nft 1.0.6 and iptables 1.8.9.
"""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES, ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate import plan
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.given import Candidate

NOTHING = {
    name: RawOutput(name, name, 0, "", absent="none")
    for name in ("nft_json", "iptables_nft", "ip6tables_nft", "iptables_legacy", "ip6tables_legacy", "ipset")
}


def planned(text: str, kind: str, ruleset: str) -> list[Rule]:
    state = plan.planned("linux", "fw1", NOTHING, [Candidate("it", text, kind)])
    return state.rulesets[ruleset].rules


def by_nft(rule: str) -> list[Rule]:
    text = f"table inet t {{\n chain c {{\n  type filter hook forward priority 0;\n  {rule}\n }}\n}}\n"
    return planned(text, "nft", "inet/t/c")


def by_iptables(rule: str, kind: str = "iptables") -> list[Rule]:
    text = f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n"
    return planned(text, kind, f"{kind}/filter/FORWARD")


@pytest.mark.parametrize(
    ("rule", "word", "meant"),
    [
        ("ip sadr 10.0.0.0/8 accept", "sadr", "saddr"),
        ("ip saddr 10.0.0.0/8 acept", "acept", "accept"),
        ("tcp dprt 22 accept", "dprt", "dport"),
        ("meta l4prto tcp accept", "l4prto", "l4proto"),
        ("ct stat new accept", "stat", "state"),
        ("limit rate 5/secnd accept", "secnd", "second"),
        ('log prefx "a" accept', "prefx", "prefix"),
    ],
)
def test_a_misspelt_word_of_nft_is_named_with_its_line(rule: str, word: str, meant: str) -> None:
    with pytest.raises(ParseError, match=f"no word '{word}'") as error:
        by_nft(rule)
    assert f"did you mean '{meant}'?" in error.value.what
    assert error.value.where == "it, line 4"
    assert len(str(error.value).splitlines()) <= MAX_LINES


def test_a_word_like_none_is_left_unknown_and_says_that_nft_may_refuse_it() -> None:
    [rule] = by_nft("xfrm foo accept")
    assert rule.not_understood
    state = plan.planned(
        "linux", "fw1", NOTHING, [Candidate("it", "table inet t { chain c { xfrm foo accept; }; }", "nft")]
    )
    assert any("may refuse all of the script" in str(chain.rules) for chain in state.chains.values())


def test_values_are_the_hosts_own_names() -> None:
    """Services and interfaces that the controller does not know may well be known there."""
    [rule] = by_nft("iifname accepd tcp dport acceptd accept")
    assert rule.not_understood


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("-A FORWARD -p tcp --dprt 22 -j DROP", "did you mean --dport"),
        ("-A FORWARD -j LOG --log-prefx a", "did you mean --log-prefix"),
        ("-A FORWARD -s 10.0.0.300 -j DROP", "is no address"),
        ("-A FORWARD -s 10.0.0.0/33 -j DROP", "is no address"),
        ("-A FORWARD -s fd00::1 -j DROP", "of the other family"),
        ("-A FORWARD --dport 22 -j DROP", "--dport without -p"),
        ("-A FORWARD foo -j DROP", "'foo' belongs to no option"),
        ("-A FORWARD -j DROP -j ACCEPT", "-j twice"),
        ("-A FORWARD -p tcp -p udp -j DROP", "-p twice"),
        (" :FORWARD DROP", "only a rule may"),
        ("  # a comment", "only a rule may"),
        ("-A FORWARD -j ACCEPT\n COMMIT", "only a rule may"),
    ],
)
def test_what_iptables_restore_refuses(rule: str, says: str) -> None:
    with pytest.raises(ParseError, match=says) as error:
        by_iptables(rule)
    assert error.value.where.startswith("it, line ")


@pytest.mark.parametrize(
    "rule",
    [
        "  -A FORWARD -s 10.0.0.0/8 -j ACCEPT",
        "\t-A FORWARD -s 10.0.0.0/8 -j ACCEPT",
        "-4 -A FORWARD -s 10.0.0.0/8 -j ACCEPT",
        "-A FORWARD -s 10.0.0.0/8 --ipv4 -j ACCEPT",
        "[0:0] -A FORWARD -4 -s 10.0.0.0/8 -j ACCEPT\n-A FORWARD -6 -s fd00::1 -j ACCEPT",
    ],
)
def test_rules_may_be_indented_and_say_their_family(rule: str) -> None:
    assert [one.text for one in by_iptables(rule)] == ["-A FORWARD -s 10.0.0.0/8 -j ACCEPT"]


def test_rules_of_the_other_family_are_passed_over() -> None:
    both = "-6 -A FORWARD -s fd00::1 -j ACCEPT\n-4 -A FORWARD -s 10.0.0.1 -j ACCEPT"
    assert [one.text for one in by_iptables(both)] == ["-A FORWARD -s 10.0.0.1 -j ACCEPT"]
    assert [one.text for one in by_iptables(both, "ip6tables")] == ["-A FORWARD -s fd00::1 -j ACCEPT"]


@pytest.mark.parametrize(
    "rule",
    [
        '-A FORWARD -m comment --comment "a -6 b" -j ACCEPT',
        "-A FORWARD -s 10.0.0.0/255.0.255.0 -j ACCEPT",
        "-A FORWARD -p tcp -m tcp --dport 22 --tcp-flags SYN,ACK SYN -j ACCEPT",
        "-A FORWARD -m owner --uid-owner 5 -j ACCEPT",
        "-A FORWARD ! -s 10.0.0.1 -j ACCEPT",
    ],
)
def test_what_iptables_takes_is_taken(rule: str) -> None:
    assert [one.text for one in by_iptables(rule)] == [rule]


def test_an_ipset_must_be_there_before_a_rule_asks_it() -> None:
    rule = "-A FORWARD -m set --match-set clients src -j ACCEPT"
    with pytest.raises(ParseError, match="there is no ipset 'clients'"):
        by_iptables(rule)
    made = Candidate("sets", "create clients hash:ip\nadd clients 10.10.1.5\n", "ipset")
    text = f"*filter\n:FORWARD DROP [0:0]\n{rule}\nCOMMIT\n"
    state = plan.planned("linux", "fw1", NOTHING, [made, Candidate("it", text, "iptables")])
    assert [one.text for one in state.rulesets["iptables/filter/FORWARD"].rules] == [rule]
    failed = {**NOTHING, "ipset": RawOutput("ipset", "ipset save", 1, "", "Operation not permitted")}
    assert plan.planned("linux", "fw1", failed, [Candidate("it", text, "iptables")]).rulesets
