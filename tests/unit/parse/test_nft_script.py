# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft's text -> the document that nft prints of it. What is on the right side was printed by nft 1.0.6."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import nft_script

Json = Any
LINUX = Path(__file__).resolve().parents[2] / "fixtures" / "linux"
TABLE = "table inet fw {{\n chain forward {{\n  type filter hook forward priority filter; policy drop;\n  {}\n }}\n}}\n"


def objects(text: str, kind: str) -> list[Json]:
    return [item[kind] for item in nft_script.read(text, "text").objects if kind in item]


def rules(text: str) -> list[Json]:
    return [rule["expr"] for rule in objects(text, "rule")]


def match(left: Json, right: Json, op: str = "==") -> Json:
    return {"match": {"op": op, "left": left, "right": right}}


def payload(protocol: str, field: str) -> Json:
    return {"payload": {"protocol": protocol, "field": field}}


def meta(key: str) -> Json:
    return {"meta": {"key": key}}


SRC, DPORT, FLAGS, STATE, MARK = (
    payload("ip", "saddr"), payload("tcp", "dport"), payload("tcp", "flags"), {"ct": {"key": "state"}}, meta("mark"),
)  # fmt: skip
LIMIT = {"limit": {"rate": 5, "burst": 5, "per": "second"}}
NET = {"prefix": {"addr": "10.0.0.0", "len": 8}}
FORMS: list[tuple[str, list[Json]]] = [
    ("tcp dport 010", [match(DPORT, 8)]),
    ("tcp dport != 1-1024", [match(DPORT, {"range": [1, 1024]}, "!=")]),
    ("tcp dport { 22, 80-90 } accept", [match(DPORT, {"set": [22, {"range": [80, 90]}]}), {"accept": None}]),
    ("tcp dport gt 0x400", [match(DPORT, 1024, ">")]),
    ("ip saddr 10.0.0.5/8", [match(SRC, NET)]),
    ("ip saddr 10.0.0.5/32", [match(SRC, "10.0.0.5")]),
    ("ip saddr @nets drop", [match(SRC, "@nets"), {"drop": None}]),
    ("ip6 saddr FD00:0::1", [match(payload("ip6", "saddr"), "fd00::1")]),
    ("ip6 saddr ::ffff:0.0.0.0/96", [match(payload("ip6", "saddr"), {"prefix": {"addr": "::ffff:0.0.0.0", "len": 96}})]),
    ("ct state new,established", [match(STATE, ["new", "established"], "in")]),
    ("ct state != new", [match(STATE, "new", "!=")]),
    ("ct state ! new", [match(STATE, "new", "!")]),
    ("ct state { new, established }", [match(STATE, {"set": ["new", "established"]})]),
    ("tcp flags syn", [match(FLAGS, "syn", "in")]),
    ("tcp flags & (fin|syn) == syn", [match({"&": [FLAGS, ["fin", "syn"]]}, "syn")]),
    ("tcp flags != syn / fin,syn", [match({"&": [FLAGS, ["fin", "syn"]]}, "syn", "!=")]),
    ("tcp flags { syn | ack, syn }", [match(FLAGS, {"set": [{"|": ["syn", "ack"]}, "syn"]})]),
    ("mark and 0x3 == 1", [match({"&": [MARK, 3]}, 1)]),
    ("meta mark set ct mark & 0xffff | 0x10", [{"mangle": {"key": MARK, "value": {"|": [{"&": [{"ct": {"key": "mark"}}, 65535]}, 16]}}}]),
    ("meta mark set 1 << 3 | 2", [{"mangle": {"key": MARK, "value": 10}}]),
    ("iifname eth* oif 3", [match(meta("iifname"), "eth*"), match(meta("oif"), "3")]),
    ("@th,16,16 80 @nh,8,8 & 0xf0 == 0x10", [match(payload("th", "dport"), 80), match({"&": [{"payload": {"base": "nh", "offset": 8, "len": 8}}, 240]}, 16)]),
    ("fib iif . saddr oif missing", [match({"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, False)]),
    ("tcp option sack-perm exists", [match({"tcp option": {"name": "sack-perm"}}, True)]),
    ("ct original ip saddr 10.0.0.1", [match({"ct": {"key": "ip saddr", "dir": "original"}}, "10.0.0.1")]),
    ("ct expiration > 1h30m", [match({"ct": {"key": "expiration"}}, 5400, ">")]),
    ("numgen inc mod 2 0", [match({"numgen": {"mode": "inc", "mod": 2, "offset": 0}}, 0)]),
    ("limit rate over 10/minute", [{"limit": {"rate": 10, "burst": 5, "per": "minute", "inv": True}}]),
    ("limit rate 1 kbytes/hour", [{"limit": {"rate": 1, "burst": 0, "per": "hour", "rate_unit": "kbytes", "burst_unit": "bytes"}}]),
    ("reject", [{"reject": {"type": "icmpx", "expr": "port-unreachable"}}]),
    ("reject with tcp reset", [{"reject": {"type": "tcp reset"}}]),
    (
        "dnat ip to 10.0.0.1-10.0.0.5:80 random,persistent",
        [{"dnat": {"family": "ip", "addr": {"range": ["10.0.0.1", "10.0.0.5"]}, "port": 80, "flags": ["random", "persistent"]}}],
    ),
    ("dnat ip6 to [fe80::1]:80", [{"dnat": {"family": "ip6", "addr": "fe80::1", "port": 80}}]),
    ("dnat ip addr . port to tcp dport map @m", [{"dnat": {"family": "ip", "addr": {"map": {"key": DPORT, "data": "@m"}}}}]),
    ("redirect to :8080", [{"redirect": {"port": 8080}}]),
    ("masquerade", [{"masquerade": None}]),
    ("tcp dport vmap { 22 : accept, 23 : jump o }", [{"vmap": {"key": DPORT, "data": {"set": [[22, {"accept": None}], [23, {"jump": {"target": "o"}}]]}}}]),
    ("ip saddr . tcp dport { 10.0.0.5/8 . 80-90 }", [match({"concat": [SRC, DPORT]}, {"set": [{"concat": [NET, {"range": [80, 90]}]}]})]),
    (
        "update @s { ip saddr timeout 5m limit rate 5/second }",
        [{"set": {"op": "update", "elem": {"elem": {"val": SRC, "timeout": 300}}, "stmt": [LIMIT], "set": "@s"}}],
    ),
    ('log prefix "a; b } #" level warn counter packets 1 bytes 2', [{"log": {"prefix": "a; b } #", "level": "warn"}}, {"counter": {"packets": 1, "bytes": 2}}]),
    ("xt match recent counter packets 0 bytes 0 drop", [{"xt": {"type": "match", "name": "recent"}}, {"counter": {"packets": 0, "bytes": 0}}, {"drop": None}]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_a_rule_is_what_nft_prints_of_it(text: str, expected: list[Json]) -> None:
    assert rules(TABLE.format(text)) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "tcp dport 22 zqx accept",
        "tcp dport zq/x accept accept 5",
        "tcp dport accept",
        "tcp dport",
        "meta mark == ct mark accept",
        "ip saddr 10.0.0.0/33 accept",
        "tcp dport { 22 : accept } accept",
        "tcp dport vmap { 22, 23 : accept }",
        "tcp dport $ports accept",
        "tcp dport 22 # xt_recent",
        'tcp dport 22 accept comment "a" drop',
        "ip saddr fd00::1::2 accept",
        "ct state new accept # xt match x",
        "(" * 100 + "meta mark" + ")" * 100 + " 1 accept",
        "meta mark " + "| 1 " * 1000 + "== 1 accept",
        "tcp dport 08 accept",
        "tcp dport 22 accept tcp dport 23 accept",
        "tcp dport 22\raccept",
        "queue num 5 counter",
    ],
)
def test_a_word_that_is_not_understood_leaves_the_rule_unread(text: str) -> None:
    first, second, third = rules(TABLE.format(f"ip saddr 10.0.0.1 accept\n{text}\ndrop"))
    assert (first[-1], third) == ({"accept": None}, [{"drop": None}])
    ((kind, value),) = second[0].items()
    assert (len(second), kind, value["text"]) == (1, "unread", text)


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("table inet fw {\n chain a {\n  accept\n", "cut short", "line 3"),
        ("table inet fw {\n chain a {\n  tcp dport { 22,\n 23", "open on line 3", "line 4"),
        ('table inet fw {\n chain a {\n  log prefix "half\n }\n}\n', "quotation mark", "line 3"),
        ("table inet fw {\n}\n}\n", "not read: '}'", "line 3"),
        ("table inet fw {\n chain a {\n  type filter hook forward priority zqx;\n }\n}\n", "'zqx'", "line 3"),
        ("table inet fw {\n chain a {\n  policy maybe;\n }\n}\n", "'maybe'", "line 3"),
        ("table inet fw {\n set s {\n }\n}\n", "has no type", "line 2"),
        ("Error: no such file\n", "not read: 'Error'", "line 1"),
        ('include "/etc/other.nft"\n', '"/etc/other.nft"', "line 1"),
        ("add rule inet fw a accept\n", "table inet/fw is not there", "line 1"),
        ("table inet fw {\n}\ndelete rule inet fw a handle 4\n", "handle", "line 3"),
    ],
)
def test_without_structure_there_is_no_document(text: str, what: str, line: str) -> None:
    with pytest.raises(ParseError) as caught:
        nft_script.read(text, "text")
    assert what in caught.value.what
    assert line in caught.value.where
    assert caught.value.todo


SCRIPT = """#!/usr/sbin/nft -f
flush ruleset
define db = { 10.2.0.10, 10.2.0.11 } # the databases
define wan = "eth0"
table inet fw {
  define apps = 10.1.0.0/24
  chain web { tcp dport { 80, \\
    443 } accept; }
  chain forward {
    type filter hook forward priority -10; policy drop
    iifname $wan ip saddr $apps ip daddr { $db, 10.2.0.12 } accept
  }
}
add rule inet fw forward ip saddr 10.9.0.1 drop
insert rule inet fw forward ct state vmap { established : accept,
  invalid : drop }
add rule inet fw forward index 0 jump web
add set ip nat nets { type ipv4_addr; flags interval; }
"""


def test_a_script_is_what_it_comes_to() -> None:
    text = SCRIPT.replace("add set", "add table ip nat\nadd set")
    found = nft_script.read(f"{text}add element ip nat nets {{ 10.0.0.0/8 }}\n", "text")
    assert found.words["inet/fw/forward"] == [
        (15, "ct state vmap { established : accept, invalid : drop }"),
        (17, "jump web"),
        (11, "iifname $wan ip saddr $apps ip daddr { $db, 10.2.0.12 } accept"),
        (14, "ip saddr 10.9.0.1 drop"),
    ]
    assert found.words["inet/fw/web"] == [(7, "tcp dport { 80,      443 } accept")]
    wide = next(
        item["rule"]["expr"]
        for item in found.objects
        if "apps" in json.dumps(item) or "eth0" in json.dumps(item)
    )
    assert wide == [
        match(meta("iifname"), "eth0"),
        match(SRC, {"prefix": {"addr": "10.1.0.0", "len": 24}}),
        match(payload("ip", "daddr"), {"set": ["10.2.0.10", "10.2.0.11", "10.2.0.12"]}),
        {"accept": None},
    ]  # fmt: skip
    (named,) = (item["set"] for item in found.objects if "set" in item)
    assert (named["type"], named["flags"], named["elem"]) == ("ipv4_addr", ["interval"], [NET])
    (base,) = (item["chain"] for item in found.objects if "hook" in item.get("chain", {}))
    assert (base["type"], base["hook"], base["prio"], base["policy"]) == ("filter", "forward", -10, "drop")


def test_a_variable_that_is_not_known_takes_no_older_value() -> None:
    text = "define a = 22\nredefine a = $gone\n" + TABLE.format("tcp dport $a accept")
    assert "unread" in rules(text)[0][0]
    assert rules("define a = 22\nredefine a = 23\n" + TABLE.format("tcp dport $a")) == [[match(DPORT, 23)]]


def test_variables_within_variables_end() -> None:
    doubled = "".join(f"define v{at + 1} = {{ $v{at}, $v{at} }}\n" for at in range(60))
    with pytest.raises(ParseError, match="variables"):
        nft_script.read(f"define v0 = {{ 1, 2 }}\n{doubled}", "text")


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ("", ["a", "b", "c"]),
        ("flush chain inet fw a\n", ["b", "c"]),
        ("delete chain inet fw a\ndelete chain inet fw gone\n", ["b", "c"]),
        ("flush table inet fw\n", ["c"]),
        ("delete table inet fw\n", ["c"]),
        ("flush ruleset ip\n", ["a", "b"]),
        ("flush ruleset\n", []),
        ('include "x"\nflush ruleset\n', []),
    ],
)
def test_what_is_flushed_is_gone(more: str, left: list[str]) -> None:
    text = (
        'table inet fw {\n chain a { accept comment "a"; }\n chain b { accept comment "b"; }\n}\n'
        'table c {\n chain c { accept comment "c"; }\n}\n'
    )
    assert [rule["comment"] for rule in objects(text + more, "rule")] == left


def test_a_set_that_is_not_understood_has_no_certain_elements() -> None:
    text = "table ip t {\n set s {\n  type ipv4_addr\n  zqx 5\n  elements = { 10.0.0.1 }\n }\n}\n"
    found = nft_script.read(text, "text")
    (named,) = (item["set"] for item in found.objects if "set" in item)
    assert "elem" not in named
    assert "dynamic" in named["flags"]
    assert found.problems == [
        {
            "where": "ip/t/s",
            "text": "s",
            "reason": "line 4: 'zqx' is not understood, so its elements are not known",
        }
    ]


def test_rules_in_braces_are_a_chain() -> None:
    text = TABLE.format("meta l4proto tcp jump {\n tcp dport { 22,\n 23 } accept\n drop; }\n counter")
    chains = {chain["name"] for chain in objects(text, "chain")}
    found = objects(text, "rule")
    assert chains == {"forward", "__chain0"}
    assert [rule["chain"] for rule in found] == ["forward", "forward", "__chain0", "__chain0"]
    assert found[0]["expr"][1] == {"jump": {"target": "__chain0"}}
    assert found[2]["expr"] == [match(DPORT, {"set": [22, 23]}), {"accept": None}]


def _of_rules(listed: list[Json]) -> list[Json]:
    return [(rule["chain"], rule["handle"], rule["expr"], rule.get("comment")) for rule in listed]


def test_the_listing_of_every_construct_is_its_json() -> None:
    printed = json.loads((LINUX / "constructs.json").read_text(encoding="utf-8"))["nftables"]
    text = (LINUX / "constructs.txt").read_text(encoding="utf-8")
    expected = _of_rules([item["rule"] for item in printed if "rule" in item])
    assert len(expected) > 80
    assert _of_rules(objects(text, "rule")) == expected
    for kind in ("chain", "map"):  # nft 1.0.6 leaves the device out of the JSON of an inet chain
        apart = {"handle", "dev"}
        ours = [{key: item[key] for key in item.keys() - apart} for item in objects(text, kind)]
        assert ours == [
            {key: item[kind][key] for key in item[kind].keys() - apart} for item in printed if kind in item
        ]


def test_what_nft_prints_with_bits_behind_the_prefix_is_a_mask() -> None:
    """Nothing equals it; of a script, nft leaves these bits out. Text that nft can't have printed may be either."""
    listing = "table ip t {\n\tchain c {\n\t\tip saddr 10.0.0.5/8 ct mark != 0x00000001/24\n\t}\n}\n"
    mark = {"ct": {"key": "mark"}}
    (printed,) = (
        item["rule"]["expr"] for item in nft_script.read(listing, "text", True).objects if "rule" in item
    )
    assert printed == [
        match(SRC, {"prefix": {"addr": "10.0.0.5", "len": 8}}),
        match(mark, {"prefix": {"addr": 1, "len": 24}}, "!="),
    ]
    strange = listing.replace("\t", " ")
    (read,) = (
        item["rule"]["expr"] for item in nft_script.read(strange, "text", True).objects if "rule" in item
    )
    assert "unread" in read[0]
    assert rules(TABLE.format("ip saddr 10.0.0.5/8")) == [[match(SRC, NET)]]


def test_a_script_is_no_listing() -> None:
    with pytest.raises(ParseError, match="nft -f"):
        nft_script.read("flush ruleset\ntable ip t {\n}\n", "text", True)
