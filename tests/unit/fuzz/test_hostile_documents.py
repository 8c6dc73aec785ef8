# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies, flows and listings made to break their reader: one clear error, at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import (
    MAX_LINES,
    FlowError,
    GatherError,
    ParseError,
    PathGuardError,
    PolicyError,
    StateError,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import frames, snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.states import state_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Effect
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import (
    boot_rules,
    ipset,
    iptables,
    nft,
    nft_text,
    parse_platform,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.host_facts import HostFacts
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render
from tests.support import fuzz_seeds as seeds
from tests.support.fuzz import bounded_memory, bounded_time
from tests.support.fuzz_filters import report_text
from tests.support.nft_json import base_chain, ruleset


def _nested(depth: int) -> list[Any]:
    found: list[Any] = ["10.0.0.1"]
    for _n in range(depth):
        found = [found]
    return found


NINE = [", ".join([f"*a{number}"] * 9) for number in range(9)]
ALIASES = "".join(
    f"  a{number + 1}: &a{number + 1} {{allOf: [{nine}]}}\n" for number, nine in enumerate(NINE)
)


@pytest.mark.parametrize(
    "text",
    [
        "minimum: 0b_\n",
        "minimum: 0x_\n",
        "title: !!timestamp x\n",
        "title: !!bool x\n",
        "title: !!int ''\n",
        "title: !!binary aGVsbG8=\n",
        f"$defs:\n  a0: &a0 {{minimum: 1}}\n{ALIASES}minimum: 1\n",
        "allOf: &a [{allOf: *a}]\n",
        f"not: {'{not: ' * 300}{{}}{'}' * 300}\n",
        '{"not":' * 500 + "{}" + "}" * 500,
        f"minimum: {'9' * 5000}\n",
        "minimum: .nan\n",
        "properties: {groups: {patternProperties: {'(': {type: array}}}}\n",
        "properties: {groups: {patternProperties: {'a{99999999999}': {type: array}}}}\n",
    ],
    ids=range(14),
)
def test_policies(text: str) -> None:
    with bounded_memory(), bounded_time(), pytest.raises(PolicyError) as error:
        load_policy(text)
    assert len(str(error.value).splitlines()) <= MAX_LINES


@pytest.mark.parametrize(
    "flow", [{"src": _nested(5000)}, {"dst_port": 10**6000}, {"mark": "0x" + "f" * 5000}], ids=range(3)
)
def test_flows(flow: dict[str, Any]) -> None:
    with bounded_memory(), bounded_time(), pytest.raises(FlowError) as error:
        flows_from(Space(), flow)
    assert len(str(error.value).splitlines()) <= MAX_LINES


def saved(rules: str) -> str:
    return f"*filter\n:FORWARD DROP [0:0]\n{rules}\nCOMMIT\n"


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r"])
def test_a_comment_adds_no_rule_of_iptables(end: str) -> None:
    """Python's ``splitlines`` takes more for the end of a line than iptables-save does."""
    text = saved(f'-A FORWARD -m comment --comment "x{end}-A FORWARD -j ACCEPT" -j DROP')
    rules = iptables.parse(text, "iptables", HostFacts(), {}).rulesets["iptables/filter/FORWARD"].rules
    assert [rule.verdict.to_dict() for rule in rules] == [{"kind": "drop"}]


def test_a_comment_that_spans_lines_belongs_to_its_rule() -> None:
    text = saved('-A FORWARD -m comment --comment "one\ntwo" -j DROP')
    (rule,) = iptables.parse(text, "iptables", HostFacts(), {}).rulesets["iptables/filter/FORWARD"].rules
    assert (rule.comment, rule.verdict.to_dict()) == ("one\ntwo", {"kind": "drop"})


def test_a_rule_in_quotes_is_not_read_past() -> None:
    text = saved('-A FORWARD -m comment --comment "x\n-A FORWARD -j ACCEPT" -j DROP')
    with pytest.raises(ParseError, match="quotes"):
        iptables.parse(text, "iptables", HostFacts(), {})


def test_a_comment_makes_no_table_dormant() -> None:
    listing = 'table inet fw {\n\tchain a {\n\t\taccept comment "x\n\tflags dormant\n" # handle 3\n\t}\n}\n'
    assert nft_text.Listing(listing).flags == {}


@pytest.mark.parametrize(
    "extra",
    [
        {"table": {"family": "inet", "name": "filter", "handle": 9}},
        base_chain(),
        {"rulle": {"family": "inet", "table": "filter", "chain": "forward", "expr": [{"drop": None}]}},
        {"table": {"family": "inett", "name": "other", "handle": 9}},
        {"chain": {"family": "inet", "table": "filter", "name": "x", "prio": 0, "policy": "drop"}},
    ],
    ids=range(5),
)
def test_an_nft_listing_that_would_lose_rules_is_an_error(extra: dict[str, Any]) -> None:
    assert nft.parse(nft.read(json.dumps(ruleset(base_chain()))), "", HostFacts()).rulesets
    with pytest.raises(ParseError):
        nft.parse(nft.read(json.dumps(ruleset(base_chain(), extra))), "", HostFacts())


@pytest.mark.parametrize("words", ["--dport 22 -j ACCEPT", "-j ACCEPT --dport 22"])
def test_options_of_the_protocol_may_stand_behind_the_target(words: str) -> None:
    text = saved(f"-A FORWARD -p tcp {words}")
    (rule,) = iptables.parse(text, "iptables", HostFacts(), {}).rulesets["iptables/filter/FORWARD"].rules
    assert "dst_port" in json.dumps(rule.to_dict()["match"])
    assert rule.not_understood == ()


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ('create a hash:ip\nadd a 10.0.0.1 comment "nomatch"\n', True),
        ('create a hash:ip\nadd a 10.0.0.1 comment "x\\"\n', True),
        ("create a hash:ip,mark markmask 0xff\nadd a 10.0.0.1,0x101\n", False),
        ("create a hash:ip zqx\nadd a 10.0.0.1\n", False),
        ("create a hash:ip\nadd a 10.0.0.1 zqx\n", False),
        ("create a bitmap:port range 0-9\nadd a 9-1\n", False),
        ("create b list:set size 8\ncreate a list:set size 8\nadd a b\nadd b a\n", False),
    ],
)
def test_words_of_an_ipset(text: str, complete: bool) -> None:
    found = ipset.parse(text)["a"]
    assert (found.named.complete, found.named.expiring) == (complete, [])
    assert not complete or found.named.elements == [((0x0A000001, 0x0A000001),)]
    assert bool(ipset.member(ipset.parse(text), "a", ["src", "src"]))


@pytest.mark.parametrize("mask", ["33", "-99999999999"])
def test_a_netmask_that_there_is_not(mask: str) -> None:
    with bounded_memory(), pytest.raises(ParseError):
        ipset.parse(f"create a hash:ip netmask {mask}\nadd a 10.0.0.1\n")


@pytest.mark.parametrize(
    "text", ["}\nx {\n", "table inet fw {{{\naccept }\n}}\n", "table inet fw { {\n\t\taccept\n\t}\n}\n"]
)
def test_braces_that_do_not_match(text: str) -> None:
    with pytest.raises(ParseError):
        boot_rules.nft_tables(text)


@pytest.mark.parametrize("broken", ["boot_ufw", "boot_iptables", "boot_nft", "saved_ipset"])
def test_a_broken_boot_file_leaves_the_host_readable(broken: str) -> None:
    texts = {
        **seeds.HOSTS["boot"],
        broken: seeds.BOOT[broken].replace("[0:0]", "[0:0]\x00").replace("{", "{{{"),
    }
    texts[broken] += "zqx\n"
    state = parse_platform("linux", "fw1", seeds.outputs(texts))
    assert state.firewall_known
    assert state.boot["matches"] != "same"


def test_a_snapshot_with_a_huge_number(tmp_path: Path) -> None:
    (tmp_path / "fw1.json").write_text(f'{{"format": {"9" * 5000}}}', encoding="utf-8")
    with pytest.raises(StateError):
        snapshot.read(tmp_path / "fw1.json")


@pytest.mark.parametrize(
    "effect", [{"kind": "dnat", "address": [1, 2]}, {"kind": "set", "field": "dst", "value": 5}], ids=range(2)
)
def test_an_address_without_its_family(effect: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="family"):
        Effect.from_dict(effect)
    assert Effect.from_dict({**effect, "family": 4}).family == 4


@pytest.mark.parametrize("path", ["fw1\0.json", "~nobody-of-this-name/fw1.json", "a" * 5000])
def test_a_path_that_no_file_can_have(path: str) -> None:
    with pytest.raises(StateError, match="can't be read") as error:
        state_from(path)
    assert len(str(error.value).splitlines()) <= MAX_LINES


@pytest.mark.parametrize("status", ["", "x", "-1", "²", "0 0", "9" * 5000])
def test_an_exit_status_that_no_shell_writes(status: str) -> None:
    made = frames.Script("", "pathguard:0123")
    text = f"{made.word} begin one\nLinux\n\n{made.word} end one {status}\n\n{made.word} done\n"
    with pytest.raises(GatherError, match="no end of one"):
        frames.outputs(made, {"one": "uname"}, text, "", "fw1")


def test_a_command_that_nobody_asked_for_brings_nothing() -> None:
    made = frames.Script("", "pathguard:0123")
    one, two = (f"{made.word} begin {name}\nLinux\n\n{made.word} end {name} 0\n" for name in ("one", "two"))
    found = frames.outputs(made, {"one": "uname"}, f"{one}{two}\n{made.word} done\n", "", "fw1")
    assert {name: output.stdout for name, output in found.items()} == {"one": "Linux\n"}


def test_a_report_whose_lists_are_nested() -> None:
    report = json.loads(report_text())
    report["paths"][0]["cut"]["flows"] = [report["paths"][0]["cut"]["flows"]]
    for form in ("text", "markdown", "html", "sarif"):
        with pytest.raises(PathGuardError, match="malformed"):
            render(report, form)


@pytest.mark.parametrize("word", ["table ip nat", "chain post", "map doors", "flowtable fast"])
def test_a_brace_that_is_missing_makes_no_rule_of_what_follows(word: str) -> None:
    text = f"table inet fw {{\n\tchain forward {{\n\t\taccept\n\t{word} {{\n\t\tdrop\n\t}}\n\t}}\n}}\n"
    with pytest.raises(ParseError, match=f"{word.split()[0]} within the chain forward"):
        nft.read_text(text, "nft list ruleset")
    text = f"table inet fw {{\n\tset apps {{\n\t\ttype ipv4_addr\n\t{word} {{\n\t\tdrop\n\t}}\n\t}}\n}}\n"
    with pytest.raises(ParseError, match=f"{word.split()[0]} within the set apps"):
        nft.read_text(text, "nft list ruleset")
