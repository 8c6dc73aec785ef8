# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Linux host's outputs -> one state: who reads which table, in which order, and what is not known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

SAVED = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD {policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n{rules}COMMIT\n"
RULE = "-A FORWARD -p tcp -m multiport --dports 22,80 -j ACCEPT\n"
NOTHING = "nothing there"


def chain(
    family: str, table: str, name: str, priority: int = 0, hook: str = "forward", policy: str = "accept"
) -> dict[str, Any]:
    return {
        "chain": {
            "family": family, "table": table, "name": name, "handle": 1,
            "type": "filter", "hook": hook, "prio": priority, "policy": policy,
        }
    }  # fmt: skip


def table(family: str, name: str) -> dict[str, Any]:
    return {"table": {"family": family, "name": name, "handle": 1}}


def rule(family: str, table_name: str, chain_name: str, *expression: Any) -> dict[str, Any]:
    return {
        "rule": {
            "family": family,
            "table": table_name,
            "chain": chain_name,
            "handle": 9,
            "expr": list(expression),
        }
    }


def xt_table(family: str = "ip") -> list[dict[str, Any]]:
    """A rule of iptables-nft as nft 1.0.6 shows it: the ports are not there."""
    tcp = {"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "tcp"}}
    return [
        table(family, "filter"),
        chain(family, "filter", "FORWARD"),
        rule(
            family, "filter", "FORWARD", tcp, {"xt": {"type": "match", "name": "multiport"}}, {"accept": None}
        ),
    ]


def outputs(*objects: dict[str, Any], **more: str | RawOutput) -> dict[str, RawOutput]:
    """All outputs of a host that has nothing but these nft objects; ``more`` by name."""
    document = json.dumps({"nftables": [{"metainfo": {"version": "1.0.6"}}, *objects]})
    found = {
        "nft_json": RawOutput("nft_json", "nft -j list ruleset", 0, document),
        "nft_text": RawOutput("nft_text", "nft -a list ruleset", 0, "\n"),
        "sysctl": RawOutput(
            "sysctl",
            "sysctl -a",
            0,
            "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv6.conf.all.forwarding = 0\n",
        ),
        "links": RawOutput("links", "ip -j -d link show", 0, "[]"),
        "addresses": RawOutput("addresses", "ip -j address show", 0, "[]"),
    }
    for name in (
        "iptables_nft",
        "ip6tables_nft",
        "ipset",
        "routes4",
        "routes6",
        "rules4",
        "rules6",
        "listeners",
    ):
        found[name] = RawOutput(name, name, 0, "")
    for name in ("iptables_legacy", "ip6tables_legacy"):
        found[name] = RawOutput(name, name, 0, "", "", NOTHING)
    for name, value in more.items():
        found[name] = value if isinstance(value, RawOutput) else RawOutput(name, name, 0, value)
    return found


def state(*objects: dict[str, Any], **more: str | RawOutput) -> State:
    return parse_platform("linux", "fw1", outputs(*objects, **more))


def test_an_unknown_platform_is_one_error_that_lists_those_there_are() -> None:
    with pytest.raises(ParseError, match="'vax' has no parser") as error:
        parse_platform("vax", "fw1", {})
    assert "linux" in str(error.value)


def test_a_host_without_rules_is_known_and_open() -> None:
    found = state()
    assert (found.firewall_known, found.rulesets, found.unreadable) == (True, {}, [])
    assert found.fingerprint.keys() == {"static", "dynamic"}


def test_the_state_survives_json() -> None:
    found = state(*xt_table(), iptables_nft=SAVED.format(policy="DROP", rules=RULE))
    document = json.loads(json.dumps(found.to_dict()))
    assert State.from_dict(document).to_dict() == document


def test_a_table_of_iptables_is_read_from_iptables_save_and_counted_once() -> None:
    found = state(*xt_table(), iptables_nft=SAVED.format(policy="DROP", rules=RULE))
    assert [key for key in found.rulesets if "FORWARD" in key] == ["iptables/filter/FORWARD"]
    (one,) = found.rulesets["iptables/filter/FORWARD"].rules
    assert one.to_dict()["match"] == {"all": [{"protocol": ["tcp"]}, {"dst_port": ["22", "80"]}]}
    assert found.not_understood == []


@pytest.mark.parametrize(
    "lost",
    [
        RawOutput("iptables_nft", "iptables-nft-save", 127, "", "sh: iptables-nft-save: not found"),
        RawOutput("iptables_nft", "iptables-nft-save", 1, "", "Permission denied"),
        RawOutput("iptables_nft", "iptables-nft-save", None, ""),
        RawOutput("iptables_nft", "iptables-nft-save", 0, ""),
        RawOutput(
            "iptables_nft", "iptables-nft-save", 0, "# Table `filter' is incompatible, use 'nft' tool.\n"
        ),
        RawOutput("iptables_nft", "iptables-nft-save", 0, SAVED.format(policy="DROP", rules=RULE * 2)),
    ],
)
def test_without_iptables_own_words_its_rule_is_unknown_never_accept_tcp(lost: RawOutput) -> None:
    found = state(*xt_table(), iptables_nft=lost)
    (one,) = found.rulesets["ip/filter/FORWARD"].rules
    assert "unknown" in str(one.to_dict()["match"])
    assert [item["where"] for item in found.not_understood] == ["ip/filter/FORWARD rule 1"]
    assert "iptables/filter/FORWARD" not in found.rulesets


def test_a_dump_cut_short_leaves_the_firewall_unknown() -> None:
    cut = SAVED.format(policy="DROP", rules=RULE).replace("COMMIT\n", "")
    found = state(*xt_table(), iptables_nft=cut)
    assert found.firewall_known is False
    assert "cut short" in found.unreadable[0]["reason"]
    assert found.fingerprint == {}


def test_rules_that_iptables_shows_and_nft_does_not_are_kept() -> None:
    found = state(iptables_nft=SAVED.format(policy="DROP", rules=RULE))
    assert found.rulesets["iptables/filter/FORWARD"].default_action == "deny"


def test_native_tables_with_iptables_names_are_read_from_nft() -> None:
    objects = [table("ip", "filter"), chain("ip", "filter", "forward", policy="drop")]
    shown = (
        "# Table `filter' contains incompatible base-chains, use 'nft' tool to list them.\n"
        + SAVED.format(policy="ACCEPT", rules="")
    )
    found = state(*objects, iptables_nft=shown)
    assert list(found.rulesets) == ["ip/filter/forward"]
    assert found.rulesets["ip/filter/forward"].default_action == "deny"


def test_legacy_tables_stand_beside_those_of_nft() -> None:
    found = state(
        *xt_table(),
        iptables_nft=SAVED.format(policy="ACCEPT", rules=RULE),
        iptables_legacy=SAVED.format(policy="DROP", rules=""),
        ip6tables_legacy=SAVED.format(policy="DROP", rules=""),
    )
    forward = {key: one.default_action for key, one in found.rulesets.items() if one.hook == "forward"}
    assert forward == {
        "iptables/filter/FORWARD": "permit",
        "iptables-legacy/filter/FORWARD": "deny",
        "ip6tables-legacy/filter/FORWARD": "deny",
    }


@pytest.mark.parametrize("name", ["nft_json", "iptables_legacy", "ip6tables_legacy"])
@pytest.mark.parametrize(
    ("rc", "stdout", "stderr"),
    [
        (1, "", "Operation not permitted (you must be root)"),
        (127, "", "command not found"),
        (None, "", ""),
        (None, "sh: 1: nft: not found\n", ""),
        (None, "Operation not permitted (you must be root)\n", ""),
        (0, "*filter\n:INPUT ACCEPT [0:0]\n", ""),
        (0, '{"nftables": [{"metainfo": {}}, {"table"', ""),
    ],
)
def test_rules_that_can_t_be_read_are_never_no_rules(
    name: str, rc: int | None, stdout: str, stderr: str
) -> None:
    found = state(**{name: RawOutput(name, name, rc, stdout, stderr)})
    assert found.firewall_known is False
    assert [item["what"] for item in found.unreadable] == [name]
    assert all(len(item["reason"]) < 1000 for item in found.unreadable)


def test_rules_that_were_not_gathered_are_not_known() -> None:
    found = parse_platform("linux", "fw1", {})
    assert found.firewall_known is False
    assert {"nft_json", "iptables_legacy", "routes4"} <= {item["what"] for item in found.unreadable}


def test_what_is_certainly_absent_is_known() -> None:
    absent = {
        name: RawOutput(name, name, 0, "", "", NOTHING)
        for name in ("nft_json", "nft_text", "iptables_nft", "ip6tables_nft", "ipset")
    }
    assert state(**absent).firewall_known is True


def test_of_equal_priorities_the_chain_registered_last_comes_first() -> None:
    """Linux 4.14 and up: nf_hook_entries_grow puts a new chain before those of its priority."""
    found = state(
        table("ip", "one"), chain("ip", "one", "a"), chain("ip", "one", "b"),
        table("inet", "two"), chain("inet", "two", "c"), chain("inet", "two", "early", priority=-5),
    )  # fmt: skip
    assert list(found.rulesets) == ["inet/two/early", "inet/two/c", "ip/one/b", "ip/one/a"]


def test_a_rule_that_adds_to_an_ipset_makes_it_dynamic() -> None:
    found = state(
        iptables_nft=SAVED.format(policy="DROP", rules="-A FORWARD -j SET --add-set seen src\n"),
        ipset="create seen hash:ip\ncreate fixed hash:ip\n",
    )
    assert {key: one.dynamic for key, one in found.sets.items()} == {"ipset/seen": True, "ipset/fixed": False}


def test_a_set_that_is_not_gathered_stays_a_question() -> None:
    found = state(
        iptables_nft=SAVED.format(policy="DROP", rules="-A FORWARD -m set --match-set gone src -j ACCEPT\n"),
        ipset=RawOutput("ipset", "ipset save", 1, "", "ipset: Operation not permitted"),
    )
    assert found.rulesets["iptables/filter/FORWARD"].rules[0].to_dict()["match"] == {
        "set": "ipset/gone",
        "fields": ["src"],
    }
    assert "ipset/gone" not in found.sets
    assert found.unreadable == [{"what": "ipset", "reason": "exit status 1: ipset: Operation not permitted"}]


def fingerprint(rules: str, policy: str = "DROP", ipset: str = "") -> dict[str, str]:
    return state(iptables_nft=SAVED.format(policy=policy, rules=rules), ipset=ipset).fingerprint


def test_a_fingerprint_leaves_out_what_packets_change() -> None:
    counted = fingerprint("[5:300] -A FORWARD -p tcp -j ACCEPT\n")
    assert counted == fingerprint("[6:360] -A FORWARD -p tcp -j ACCEPT\n")
    leaving = "create x hash:ip timeout 9\nadd x 10.0.0.1 timeout {}\n"
    assert fingerprint("", ipset=leaving.format(5)) == fingerprint("", ipset=leaving.format(3))


@pytest.mark.parametrize(
    ("rules", "policy", "ipset"),
    [
        ("-A FORWARD -p udp -j ACCEPT\n", "DROP", ""),
        ("-A FORWARD -p tcp -j ACCEPT\n", "ACCEPT", ""),
        ("-A FORWARD -p tcp -m comment --comment x -j ACCEPT\n", "DROP", ""),
        ("-A FORWARD -p tcp -j ACCEPT\n" * 2, "DROP", ""),
        ("-A FORWARD -p tcp -j ACCEPT\n", "DROP", "create x hash:ip\nadd x 10.0.0.1\n"),
    ],
)
def test_a_fingerprint_sees_every_change_of_rules_and_sets(rules: str, policy: str, ipset: str) -> None:
    before = fingerprint("-A FORWARD -p tcp -j ACCEPT\n")
    after = fingerprint(rules, policy, ipset)
    assert before["static"] != after["static"]
    assert before["dynamic"] == after["dynamic"]


def test_order_of_rules_counts_and_order_of_tables_does_not() -> None:
    first, second = "-A FORWARD -p tcp -j ACCEPT\n", "-A FORWARD -p udp -j DROP\n"
    assert fingerprint(first + second) != fingerprint(second + first)
    one, two = [table("ip", "a"), chain("ip", "a", "x")], [table("ip", "b"), chain("ip", "b", "x")]
    assert state(*one, *two).fingerprint == state(*two, *one).fingerprint


def test_rules_of_dynamic_owners_change_the_dynamic_part_alone() -> None:
    rules = "-A FORWARD -p tcp -j ACCEPT\n"
    docker = SAVED.replace("{rules}", ":DOCKER - [0:0]\n{rules}-A FORWARD -o docker0 -j DOCKER\n")
    plain = fingerprint(rules)
    with_docker = state(iptables_nft=docker.format(policy="DROP", rules=rules)).fingerprint
    more = state(
        iptables_nft=docker.format(policy="DROP", rules=rules + "-A DOCKER -p tcp --dport 80 -j ACCEPT\n")
    ).fingerprint
    assert plain["static"] == with_docker["static"] == more["static"]
    assert len({plain["dynamic"], with_docker["dynamic"], more["dynamic"]}) == 3


_BRACES = """table inet x { # handle 1
\tchain y { # handle 1
\t\ttype filter hook forward priority filter; policy accept;
\t\ttcp dport 53 jump {
\t\t\tip saddr 10.0.0.0/8 drop
\t\t} # handle 9
\t}
}
"""
_OTHER_RULES = _BRACES.replace("\t\ttcp", "\t\ttcp dport 22 accept # handle 8\n\t\ttcp", 1)


@pytest.mark.parametrize(
    ("listing", "source", "verdict"),
    [
        (_BRACES, "10.0.0.1", "deny"),
        (_BRACES, "11.0.0.1", "permit"),
        ("", "10.0.0.1", "unknown"),
        (_BRACES[:-3], "10.0.0.1", "unknown"),
        (_OTHER_RULES, "10.0.0.1", "unknown"),
    ],
    ids=["inside", "outside", "no listing", "cut short", "changed meanwhile"],
)
def test_rules_in_braces_are_read_from_the_listing(listing: str, source: str, verdict: str) -> None:
    """nft 1.0.6 prints them as a text within its JSON."""
    port = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 53}}
    text = "jump {\n\t\t\tip saddr 10.0.0.0/8 drop\n\t\t}"
    objects = [table("inet", "x"), chain("inet", "x", "y"), rule("inet", "x", "y", port, text)]
    document = json.dumps({"nftables": [{"metainfo": {"json_schema_version": 1}}, *objects]})
    raws = {"nft_json": document, "nft_text": listing}
    state = parse_platform("linux", "fw1", {name: RawOutput(name, name, 0, raws[name]) for name in raws})
    flow = {"src": source, "protocol": "tcp", "dst_port": 53, "dst": "10.9.0.1"}
    assert verdicts(state, [flow], "inet/x/y")[0]["verdict"] == verdict
