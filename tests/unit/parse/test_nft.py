# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft's JSON -> rules: every construct, tables and chains, texts, and input that is not whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    Unknown,
    match_from_dict,
    match_to_dict,
    unknown_reasons,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Effect
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import fingerprint, nft
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.host_facts import HostFacts
from tests.unit.parse import nft_cases

META = {"metainfo": {"version": "1.0.6", "json_schema_version": 1}}
TABLE = {"table": {"family": "inet", "name": "fw", "handle": 1}}
CHAIN = {
    "chain": {
        "family": "inet",
        "table": "fw",
        "name": "forward",
        "handle": 1,
        "type": "filter",
        "hook": "forward",
        "prio": 0,
        "policy": "drop",
    }
}
# What the rules of the fixture ask about the host itself.
FACTS = HostFacts(
    local={4: ((0x0A0A0101, 0x0A0A0101),), 6: ()},
    broadcast=((0x0A0A01FF, 0x0A0A01FF),),
    interfaces={1: "lo"},
    groups={"default": ("lo", "app0")},
)


def rule(*expression: Any, handle: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "rule": {
            "family": "inet",
            "table": "fw",
            "chain": "forward",
            "handle": handle,
            "expr": list(expression),
            **more,
        }
    }


def match(left: Any, right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def payload(protocol: str, field: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": field}}


def read(*objects: dict[str, Any], listing: str = "", facts: HostFacts | None = None) -> nft.NftRules:
    text = json.dumps({"nftables": [META, TABLE, CHAIN, *objects]})
    return nft.parse(nft.read(text), listing, facts or HostFacts())


@pytest.fixture(scope="module")
def fixture(root_folder: Path) -> nft.NftRules:
    folder = root_folder / "tests" / "fixtures" / "linux"
    document = nft.read((folder / "constructs.json").read_text(encoding="utf-8"))
    return nft.parse(document, (folder / "constructs.txt").read_text(encoding="utf-8"), FACTS)


@pytest.fixture(scope="module")
def root_folder() -> Path:
    return Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("chain", ["forward", "early", "translate", "hide", "at_device", "web", "refuse"])
def test_each_construct_means_what_the_table_says(fixture: nft.NftRules, chain: str) -> None:
    key = f"inet/fw/{chain}"
    rules = (fixture.rulesets.get(key) or fixture.chains[key]).rules
    cases = getattr(nft_cases, chain.upper())
    assert [one.text for one in rules] == [text for text, _match, _rest in cases]
    for found, (text, expected, rest) in zip(rules, cases):
        if "10.0.0.1-255.255.255.255" in str(expected):
            expected = match_to_dict(match_from_dict(expected))
        shown = found.to_dict()
        assert shown.pop("match", {}) == expected, text
        verdict = shown.pop("verdict")
        assert verdict == (
            {"kind": rest["verdict"]} if isinstance(rest["verdict"], str) else rest["verdict"]
        ), text
        assert shown.get("effects", []) == rest.get("effects", []), text
        assert shown.get("comment", "") == rest.get("comment", ""), text
        assert shown.get("not_understood", []) == rest.get("not_understood", []), text


def test_base_chains_have_their_hook_priority_and_policy(fixture: nft.NftRules) -> None:
    shown = {
        key: (one.family, one.hook, one.priority, one.default_action, one.type)
        for key, one in fixture.rulesets.items()
    }
    assert shown == {
        "inet/fw/forward": ("inet", "forward", 0, "deny", "filter"),
        "inet/fw/early": ("inet", "prerouting", -300, "permit", "filter"),
        "inet/fw/translate": ("inet", "prerouting", -100, "permit", "nat"),
        "inet/fw/hide": ("inet", "postrouting", 100, "permit", "nat"),
        "inet/fw/at_device": ("inet", "ingress", 0, "deny", "filter"),
        "arp/none/input": ("arp", "prerouting", -400, "permit", "filter"),  # it may drop ARP
    }


def test_a_dormant_table_decides_nothing(fixture: nft.NftRules) -> None:
    assert "ip/old" in fixture.tables
    assert not [key for key in (*fixture.rulesets, *fixture.chains) if key.startswith("ip/old")]


def test_sets_have_their_elements_and_say_what_is_not_certain(fixture: nft.NftRules) -> None:
    shown = {key: one.to_dict() for key, one in fixture.sets.items()}
    assert shown["inet/fw/apps"] == {
        "fields": ["address4"],
        "elements": [["10.10.1.0/24"], ["10.10.2.5"], ["10.10.3.1-10.10.3.9"]],
        "dynamic": False,
        "complete": True,
    }
    assert shown["inet/fw/seen"]["dynamic"] is True, "a rule adds to it"
    assert shown["inet/fw/guests"]["expiring"] == [1], "192.0.2.1 stays, 192.0.2.2 times out"
    assert shown["inet/fw/services"]["elements"] == [["10.20.0.0/16", "80-90"], ["10.20.1.10", "5432"]]
    assert shown["inet/fw/links"]["elements"] == [["app0"], ["wg*"]]
    assert shown["inet/fw/by_port"]["verdicts"] == [
        {"kind": "accept"},
        {"kind": "jump", "chain": "inet/fw/web"},
        {"kind": "drop"},
    ]


def test_handles_lead_back_to_the_host(fixture: nft.NftRules) -> None:
    rules = fixture.rulesets["inet/fw/forward"].rules
    assert all(isinstance(one.handle, int) for one in rules)
    assert [one.position for one in rules] == sorted(one.position for one in rules)


@pytest.mark.parametrize(
    "expression",
    [
        match({"meta": {"key": "never heard of"}}, 1),
        match(payload("ip", "hdrlength"), 5),
        match({"payload": {"base": "nh", "offset": 96, "len": 32}}, 1),
        match(payload("tcp", "dport"), {"some": "form"}),
        match(payload("ip", "saddr"), "no address"),
        match(payload("tcp", "dport"), 70000),
        match({"&": [payload("ip", "frag-off"), 8191]}, 0, "!="),
        match({"^": [{"meta": {"key": "priority"}}, 1]}, 1),
        match(payload("ip", "saddr"), "10.0.0.1", "=~"),
        {"limit": {"rate": 1, "per": "second"}},
        {"xt": {"type": "match", "name": "multiport"}},
    ],
)
@pytest.mark.parametrize("verdict", ["accept", "drop"])
def test_a_match_that_is_not_known_is_unknown_and_says_so(expression: dict[str, Any], verdict: str) -> None:
    found = read(rule(expression, {verdict: None}))
    (one,) = found.rulesets["inet/fw/forward"].rules
    assert one.verdict.to_dict() == {"kind": verdict}
    assert unknown_reasons(one.match)
    assert one.not_understood
    assert found.not_understood[0]["where"] == "inet/fw/forward rule 1"


@pytest.mark.parametrize(
    "statement",
    [
        {"queue": {"num": 1}},
        {"tproxy": {"port": 5}},
        {"synproxy": None},
        {"xt": {"type": "target", "name": "REJECT"}},
        {"xt": None},
        {"a statement of next year": {}},
        "jump {\n\t\t\taccept\n\t\t}",
    ],
)
def test_a_statement_that_is_not_known_makes_the_verdict_unknown(statement: Any) -> None:
    found = read(rule(match(payload("tcp", "dport"), 22), statement, {"accept": None}))
    (one,) = found.rulesets["inet/fw/forward"].rules
    assert one.verdict.to_dict()["kind"] == "unknown"
    assert one.not_understood


def test_equal_unknowns_are_one_but_each_rate_limit_is_its_own() -> None:
    same = match({"meta": {"key": "rtclassid"}}, 0)
    found = read(
        rule(same, {"accept": None}),
        rule(same, {"drop": None}),
        rule({"limit": {"rate": 1, "per": "second"}}, {"accept": None}),
        rule({"limit": {"rate": 1, "per": "second"}}, {"drop": None}),
    )
    matches = [one.match for one in found.rulesets["inet/fw/forward"].rules]
    assert all(isinstance(one, Unknown) for one in matches)
    keys = [one.key for one in matches if isinstance(one, Unknown)]
    assert keys[0] == keys[1]
    assert keys[2] != keys[3]


@pytest.mark.parametrize(
    ("left", "address", "length"),
    [({"meta": {"key": "mark"}}, 1, 24), (payload("ip", "saddr"), "10.0.0.1", 24)],
)
def test_a_value_with_bits_outside_of_its_mask_equals_nothing(left: Any, address: Any, length: int) -> None:
    """nft writes ``meta mark & 0xffffff00 == 1`` as a prefix, and the kernel compares all bits of the value."""
    one = rule(match(left, {"prefix": {"addr": address, "len": length}}), {"drop": None})
    (found,) = read(one).rulesets["inet/fw/forward"].rules
    assert match_to_dict(found.match) == {"any": []}


def test_text_comes_from_the_listing_and_only_from_the_rule_itself() -> None:
    listing = (
        "table inet fw { # handle 1\n\tchain forward { # handle 1\n"
        "\t\ttype filter hook forward priority filter; policy drop;\n"
        '\t\tcounter packets 3 bytes 180 accept comment "x # handle 3" # handle 2\n'
        '\t\taccept comment "forged\n\t\tdrop # handle 3\n" # handle 4\n'
        "\t\tdrop # handle 3\n\t}\n}\n"
    )
    found = read(
        rule({"counter": {"packets": 3, "bytes": 180}}, {"accept": None}, handle=2),
        rule({"accept": None}, handle=4),
        rule({"drop": None}, handle=3),
        listing=listing,
    )
    texts = [one.text for one in found.rulesets["inet/fw/forward"].rules]
    assert texts[0] == 'counter packets 3 bytes 180 accept comment "x # handle 3"'
    assert texts[2] == "drop", "two lines claim handle 3, so the JSON's own words are shown"


def test_without_a_listing_the_text_is_written_from_the_json() -> None:
    found = read(
        rule(
            match(payload("ip", "saddr"), {"prefix": {"addr": "10.10.1.0", "len": 24}}),
            match(payload("tcp", "dport"), {"set": [80, {"range": [8000, 8010]}]}),
            match({"ct": {"key": "state"}}, ["new", "untracked"], "in"),
            match({"meta": {"key": "iifname"}}, "app0", "!="),
            {"counter": {"packets": 1, "bytes": 2}},
            {"reject": {"type": "tcp reset"}},
            comment="why",
        )
    )
    (one,) = found.rulesets["inet/fw/forward"].rules
    assert one.text == (
        "ip saddr 10.10.1.0/24 tcp dport { 80, 8000-8010 } ct state new,untracked iifname != app0"
        ' counter reject with tcp reset comment "why"'
    )


def test_flags_that_nft_prints_wrongly_make_a_table_unknown() -> None:
    """nft 1.0.6 prints the table's name where the flag `dormant` should stand."""
    objects = [META, {"table": {**TABLE["table"], "flags": "fw"}}, CHAIN, rule({"accept": None})]
    found = nft.parse(nft.read(json.dumps({"nftables": objects})), "", HostFacts())
    first = found.rulesets["inet/fw/forward"].rules[0]
    assert isinstance(first.match, Unknown)
    assert found.not_understood


def test_an_empty_ruleset_is_known_and_open() -> None:
    found = nft.parse(nft.read(json.dumps({"nftables": [META]})), "", HostFacts())
    assert (found.rulesets, found.tables) == ({}, [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "Operation not permitted (you must be root)",
        "nft: command not found",
        "[]",
        "{}",
        '{"nftables": {}}',
        '{"nftables": []}',
        '{"nftables": [{"table": {"family": "inet", "name": "fw"}}]}',
        '{"nftables": [{"metainfo": {}}, {"table": {"name": "fw"}}]}',
        '{"nftables": [{"metainfo": {}}, {"rule": {"family": "inet", "table": "x", "chain": "y", "expr": []}}]}',
        '{"nftables": [{"metainfo": {}}, 5]}',
        "[" * 100000,
    ],
)
def test_what_is_not_a_whole_listing_is_an_error(text: str) -> None:
    with pytest.raises(ParseError) as error:
        nft.parse(nft.read(text), "", HostFacts())
    assert len(str(error.value).splitlines()) <= 5


@pytest.mark.parametrize("expression", [5, "accept", {}, None])
def test_a_rule_whose_expression_is_no_list_is_none_that_passes(expression: Any) -> None:
    malformed = {**rule()["rule"], "expr": expression}
    text = json.dumps(
        {
            "nftables": [
                {"metainfo": {}},
                {"table": {"family": "inet", "name": "fw"}},
                {"chain": {"family": "inet", "table": "fw", "name": "input"}},
                {"rule": {**malformed, "family": "inet", "table": "fw", "chain": "input"}},
            ]
        }
    )
    document = nft.completed(nft.read(text), "table inet fw {\n\tchain input {\n\t\tdrop\n\t}\n}\n")
    with pytest.raises(ParseError):
        nft.parse(document, "", HostFacts())


def test_a_listing_cut_short_anywhere_is_an_error(root_folder: Path) -> None:
    text = (
        (root_folder / "tests" / "fixtures" / "linux" / "constructs.json").read_text(encoding="utf-8").strip()
    )
    for end in range(0, len(text) - 1, 97):
        with pytest.raises(ParseError):
            nft.read(text[:end])


@pytest.mark.parametrize(("key", "value"), [("policy", "maybe"), ("hook", "sideways"), ("prio", "late")])
def test_a_base_chain_that_is_not_understood_is_an_error(key: str, value: str) -> None:
    document = json.dumps({"nftables": [META, TABLE, {"chain": {**CHAIN["chain"], key: value}}]})
    with pytest.raises(ParseError):
        nft.parse(nft.read(document), "", HostFacts())


def test_rules_of_a_chain_that_is_not_listed_are_an_error() -> None:
    lost = {"rule": {**rule({"accept": None})["rule"], "chain": "gone"}}
    with pytest.raises(ParseError, match="inet/fw/gone"):
        read(lost)


MANGLED = [
    (payload("ip", "daddr"), "10.0.0.9", Effect("set", "dst", 0x0A000009, 4), "ipv4"),
    (payload("ip6", "saddr"), "fd00::9", Effect("set", "src", (0xFD << 120) + 9, 6), "ipv6"),
    (payload("tcp", "dport"), 81, Effect("set", "dst_port", 81), "tcp"),
    (payload("udp", "sport"), "domain", Effect("set", "src_port", 53), "udp"),
    (payload("ip", "protocol"), "tcp", "protocol", "ipv4"),
    (payload("ip", "daddr"), {"&": [payload("ip", "daddr"), "255.0.0.0"]}, "dst", "ipv4"),
    (payload("ip", "daddr"), {"numgen": {"mode": "inc", "mod": 2, "offset": 0}}, "dst", "ipv4"),
]


@pytest.mark.parametrize(("target", "value", "effect", "needs"), MANGLED)
def test_a_header_that_is_written_changes_its_field_alone(
    target: Any, value: Any, effect: Effect | str, needs: str
) -> None:
    found = read(rule({"mangle": {"key": target, "value": value}}, {"accept": None}))
    (one,) = found.rulesets["inet/fw/forward"].rules
    (changed,) = one.effects
    if isinstance(effect, Effect):
        assert changed == effect
    else:
        assert (changed.kind, changed.field) == ("unknown", effect)
    assert needs in str(match_to_dict(one.match)), "packets without this header see no more of the rule"


def test_bytes_that_are_written_may_be_any_header() -> None:
    raw = {"payload": {"base": "th", "offset": 0, "len": 16}}
    found = read(rule({"mangle": {"key": raw, "value": 5}}, {"accept": None}))
    (changed,) = found.rulesets["inet/fw/forward"].rules[0].effects
    assert {"src", "dst", "dst_port", "protocol"} <= set(changed.field.split(","))
    assert "mark" not in changed.field


def test_what_is_asked_of_a_header_after_a_write_is_asked_of_the_new_one() -> None:
    raw = {"payload": {"base": "th", "offset": 16, "len": 16}}
    before, after = match(payload("tcp", "dport"), 80), match(payload("tcp", "dport"), 81)
    found = read(rule(before, {"mangle": {"key": raw, "value": 81}}, after, {"accept": None}))
    first, second = found.rulesets["inet/fw/forward"].rules
    assert first.effects
    assert first.verdict.to_dict() == {"kind": "continue"}
    assert second.follows
    assert match_to_dict(second.match) == {"all": [{"protocol": ["tcp"]}, {"dst_port": ["81"]}]}


@pytest.mark.parametrize(
    ("statement", "fields"),
    [
        (
            {"dnat": {"addr": {"numgen": {"mode": "inc", "mod": 2, "offset": 0}}, "family": "ip"}},
            "dst,dst_port",
        ),
        ({"snat": {"addr": {"map": {"key": payload("ip", "saddr"), "data": "@gone"}}}}, "src,src_port"),
    ],
)
def test_a_translation_by_what_is_computed_names_the_end_that_it_changes(statement: Any, fields: str) -> None:
    (one,) = read(rule(statement)).rulesets["inet/fw/forward"].rules
    assert [(effect.kind, effect.field) for effect in one.effects] == [("unknown", fields)]


LIMIT = {"limit": {"rate": 1, "per": "hour", "burst": 1}}
LIMITED = [LIMIT, {"quota": {"val": 5, "val_unit": "bytes", "inv": True}}, {"ct count": {"val": 5}}]
HARMLESS = [{"counter": {"packets": 0, "bytes": 0}}, {"last": {"used": 5}}]


def set_of(kind: str, elements: list[Any], **more: Any) -> dict[str, Any]:
    head = {"family": "inet", "table": "fw", "name": "s", "handle": 9, "type": "ipv4_addr"}
    return {kind: {**head, "elem": elements, **more}}


@pytest.mark.parametrize("statement", LIMITED + HARMLESS, ids=lambda one: next(iter(one)))
def test_an_element_with_a_limit_holds_for_some_packets_only(statement: dict[str, Any]) -> None:
    elements: list[Any] = ["10.0.0.8", {"elem": {"val": "10.0.0.9", **statement}}]
    asks = match(payload("ip", "saddr"), "@s")
    found = read(set_of("set", elements), rule(asks, {"accept": None}), rule(asks, {"drop": None}))
    limited = statement in LIMITED
    assert found.sets["inet/fw/s"].expiring == ([1] if limited else [])
    first, second = found.rulesets["inet/fw/forward"].rules
    assert bool(unknown_reasons(first.match)) is limited
    assert (first.match != second.match) is limited, "each rule asks the limit anew"


def test_a_limit_of_a_whole_set_is_one_of_each_element() -> None:
    elements: list[Any] = [{"elem": {"val": "10.0.0.9", "counter": None}}, "10.0.0.8"]
    found = read(set_of("set", elements, stmt=[{"counter": None}, LIMIT]))
    assert found.sets["inet/fw/s"].expiring == [0, 1]
    found = read(set_of("set", elements, stmt=[{"counter": None}]))
    assert found.sets["inet/fw/s"].expiring == []


@pytest.mark.parametrize("named", [True, False], ids=["named", "written in the rule"])
@pytest.mark.parametrize("statement", [LIMIT, HARMLESS[0]], ids=["limit", "counter"])
def test_a_verdict_of_an_element_with_a_limit_is_not_certain(named: bool, statement: dict[str, Any]) -> None:
    elements = [[{"elem": {"val": "10.0.0.9", **statement}}, {"accept": None}]]
    data = "@s" if named else {"set": elements}
    vmap = rule({"vmap": {"key": payload("ip", "saddr"), "data": data}})
    found = read(*([set_of("map", elements, map="verdict")] if named else []), vmap)
    (one,) = found.rulesets["inet/fw/forward"].rules
    assert (one.verdict.to_dict().get("kind") == "unknown") is (statement is LIMIT)


def test_a_limit_in_a_set_of_the_rule_itself_is_not_decided() -> None:
    listed = {"set": [{"elem": {"val": "10.0.0.9", **LIMIT}}, "10.0.0.8"]}
    found = read(*(rule(match(payload("ip", "saddr"), listed, op), {"drop": None}) for op in ("==", "!=")))
    for one in found.rulesets["inet/fw/forward"].rules:
        assert unknown_reasons(one.match)
        assert one.not_understood


def test_a_data_map_is_told_with_what_it_gives_and_counts_in_the_fingerprint() -> None:
    def parsed(target: str) -> Any:
        elements = [["10.0.0.1", target], ["10.0.0.2", {"concat": ["10.1.1.2", 80]}]]
        return read(set_of("map", elements, map="ipv4_addr"))

    named = parsed("10.1.1.1").sets["inet/fw/s"]
    assert (named.data, named.verdicts) == (["10.1.1.1", "10.1.1.2 . 80"], None)
    assert NamedSet.from_dict("inet/fw/s", named.to_dict()) == named
    prints = [fingerprint.of(State("h", sets=parsed(target).sets)) for target in ("10.1.1.1", "10.1.1.9")]
    assert prints[0]["static"] != prints[1]["static"]
