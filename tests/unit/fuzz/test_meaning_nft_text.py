# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft's text: a small change to a rule changes the verdict of some flow, and a word that nobody knows leaves none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import nft
from tests.support import fuzz_seeds as seeds
from tests.support.meaning import FLOW, FLOW6, OPEN, PING, PING6, UDP, asked
from tests.unit.fuzz.test_every_word_counts import FACTS, NONSENSE, meaning

SETS = """
 set apps { type ipv4_addr; flags interval; elements = { 10.0.1.0/24 }; }
 set few { type ipv4_addr; flags interval; elements = { 10.0.1.0/26 }; }
 set both { typeof ip daddr . tcp dport; elements = { 10.2.0.9 . 5432 }; }
 set other { type ipv4_addr . inet_service; elements = { 10.2.0.9 . 5433 }; }
 set links { type ifname; elements = { "db0" }; }
"""
# What a rule asks, before and after, and a flow that fits the first only.
MATCHES: list[tuple[str, str, dict[str, Any]]] = [
    ("ip saddr 10.0.1.0/24", "ip saddr 10.0.1.0/26", FLOW),
    ("ip saddr 10.0.1.77/24", "ip saddr 10.0.1.77/26", FLOW),
    ("ip saddr 10.0.1.1-10.0.1.200", "ip saddr 10.0.1.1-10.0.1.199", FLOW),
    ("ip saddr { 10.9.9.9, 10.0.1.200 }", "ip saddr { 10.9.9.9 }", FLOW),
    ("ip saddr $apps", "ip saddr $few", FLOW),
    ("ip saddr @apps", "ip saddr @few", FLOW),
    ("ip saddr != @few", "ip saddr != @apps", FLOW),
    ("ip saddr & 0.0.0.255 == 0.0.0.200", "ip saddr & 0.0.0.255 == 0.0.0.201", FLOW),
    ("ip saddr < 10.0.1.201", "ip saddr < 10.0.1.200", FLOW),
    ("ip6 daddr fd00:2::9", "ip6 daddr fd00:2::a", FLOW6),
    ("ip6 saddr fd00:1::/64", "ip6 saddr fd00:1::/121", FLOW6),
    ("ip protocol tcp", "ip protocol udp", FLOW),
    ("ip protocol 6", "ip protocol 17", FLOW),
    ("meta l4proto { tcp, udp }", "meta l4proto { icmp, udp }", FLOW),
    ("tcp dport 5432", "tcp dport 5433", FLOW),
    ("tcp dport 012470", "tcp dport 012471", FLOW),
    ("tcp dport postgresql", "tcp dport ssh", FLOW),
    ("tcp dport { 80, 5400-5432 }", "tcp dport { 80, 5400-5431 }", FLOW),
    ("tcp dport != { 80, 5433 }", "tcp dport != { 80, 5432 }", FLOW),
    ("tcp sport 1024-65535", "tcp sport 2048-65535", FLOW),
    ("udp dport 5432", "udp dport 5431", UDP),
    ("th dport 5432", "th dport 5431", UDP),
    ("@th,16,16 5432", "@th,16,16 5433", UDP),
    ("ip daddr . tcp dport { 10.2.0.0/16 . 5432 }", "ip daddr . tcp dport { 10.2.0.0/16 . 5433 }", FLOW),
    ("ip daddr . tcp dport @both", "ip daddr . tcp dport @other", FLOW),
    ("tcp flags syn", "tcp flags fin", FLOW),
    ("tcp flags & (syn|ack) == syn", "tcp flags & (syn|ack) == ack", FLOW),
    ("tcp flags syn / syn,ack", "tcp flags ack / syn,ack", FLOW),
    ("icmp type echo-request", "icmp type echo-reply", PING),
    ("icmpv6 type { 128 }", "icmpv6 type { 129 }", PING6),
    ("meta nfproto ipv4", "meta nfproto ipv6", FLOW),
    ("iifname app*", "iifname apq*", FLOW),
    ('iif "app0"', 'iif "db0"', FLOW),
    ("oifname @links", "iifname @links", FLOW),
    ("mark 1", "mark 2", {**FLOW, "mark": 1}),
    ("meta mark and 0xff == 0x1", "meta mark and 0xff == 0x2", {**FLOW, "mark": 0x101}),
    ("meta mark & 0xf0 | 0x5 == 0x15", "meta mark & 0xf0 | 0x5 == 0x25", {**FLOW, "mark": 0x12}),
    ("ct state new,related", "ct state established,related", FLOW),
    ("ct state { established }", "ct state { new }", OPEN),
    ("ct mark 0x7", "ct mark 0x6", {**FLOW, "ct_mark": 7}),
    ("fib daddr type local", "fib daddr type broadcast", {**FLOW, "dst": "10.10.1.1"}),
]
OPPOSITE = {
    "accept": ("drop", "{} accept"),
    "jump": ("drop", "{} jump own"),
    "braces": ("drop", "{} jump { counter; accept; }"),
    "map": ("drop", "{} meta nfproto vmap { ipv4 : accept, ipv6 : goto own }"),
    "mark": ("drop", "{} meta mark set mark or 0x40\nmeta mark & 0x40 != 0 accept"),
}


def verdict(rules: str, policy: str, flow: dict[str, Any]) -> str:
    text = (
        "define apps = 10.0.1.0/24\ndefine few = { 10.0.1.0/26 }\n"
        f"table inet fw {{{SETS} chain own {{ accept; }}\n chain forward {{\n"
        f"type filter hook forward priority filter; policy {policy};\n{rules}\n}}\n}}\n"
    )
    return asked({"nft_script": text}, {"mark": 0, **flow})


@pytest.mark.parametrize("shape", OPPOSITE)
@pytest.mark.parametrize(("before", "after", "flow"), MATCHES)
def test_a_changed_match_changes_the_verdict(
    before: str, after: str, flow: dict[str, Any], shape: str
) -> None:
    policy, rule = OPPOSITE[shape]
    found = [verdict(rule.replace("{}", one, 1), policy, flow) for one in (before, after)]
    assert found == ["permit", "deny"]


@pytest.mark.parametrize(
    ("before", "after", "flow"),
    [
        ("accept", "drop", FLOW),
        ("accept", "return\naccept", FLOW),
        ("tcp dport vmap { 5432 : accept }", "tcp dport vmap { 5433 : accept }", FLOW),
        ("ct state vmap { new : jump own, invalid : drop }", "ct state vmap { invalid : jump own, new : drop }", FLOW),
        ("ip daddr vmap { 10.2.0.0/16 : accept, * : drop }", "ip daddr vmap { 10.3.0.0/16 : accept, * : drop }", FLOW),
        ("tcp dport vmap { 5432 : continue } accept", "tcp dport vmap { 5433 : continue } accept", FLOW),
        ("tcp dport vmap { 5432 : continue } accept", "tcp dport vmap { 5432 : continue } counter drop\naccept", FLOW),
        ("tcp dport vmap { 5432 : continue } ip saddr 10.0.1.200 accept", "tcp dport vmap { 5432 : continue } ip saddr 10.0.1.201 accept", FLOW),
        ("tcp dport vmap { 5432 : continue } counter log\naccept", "tcp dport vmap { 5432 : drop } counter log\naccept", FLOW),
        ("jump { tcp dport 5432 accept; }", "jump { tcp dport 5433 accept; }", FLOW),
        ("tcp dport 5432 accept\ndrop", "drop\ntcp dport 5432 accept", FLOW),
        ("meta mark set 0x5\nmark 5 accept", "meta mark set 0x4\nmark 5 accept", FLOW),
        ("meta mark set ip saddr map { 10.0.1.200 : 5 }\nmark 5 accept", "meta mark set ip saddr map { 10.0.1.201 : 5 }\nmark 5 accept", FLOW),
    ],
)  # fmt: skip
def test_a_changed_statement_changes_the_verdict(before: str, after: str, flow: dict[str, Any]) -> None:
    first, second = (verdict(rules, "drop", flow) for rules in (before, after))
    assert {first, second} == {"permit", "deny"}


@pytest.mark.parametrize(
    "words",
    [
        "limit rate 5/second",
        'meta hour "08:00"-"18:00"',
        "numgen random mod 2 0",
        "ip ttl 64",
        "ip saddr @nowhere",
        "xt match recent",
        "ip saddr app1.example.com",
        "zqx 5",
        "tcp dport $gone",
        "quota over 5 mbytes",
        "@nh,64,8 5",
    ],
)
def test_what_is_not_known_is_unknown_and_only_that(words: str) -> None:
    assert verdict(f"{words} accept", "drop", FLOW) == "unknown"
    assert verdict(f"ip saddr 10.0.1.200 drop\n{words} accept", "drop", FLOW) == "deny"
    assert verdict(f"accept\n{words} drop", "drop", FLOW) == "permit"


RULES = [
    (place, line.split(" # handle")[0].strip())
    for place, block in re.findall(r"(?s)(table \w+ \w+).*?\n(.*?)\n}", seeds.NFT["nft_text"])
    for line in block.split("\n")
    if line.startswith("\t\t") and " # handle" in line
]
# Counters, logs, comments and rates decide about nothing, whatever they say; nor do the words of a refusal.
SILENT = {"packets", "bytes", "0", "counter", "log", "prefix", "comment", "with", "icmp", "admin-prohibited"}
# Words that may be left out (nft(8)), and elements that may be there twice.
IMPLIED = {"meta", "to", "==", "5432,", "destination-unreachable,"}


def read_rule(place: str, rule: str) -> str:
    listed = re.sub(r"(?m)^\t\t.* # handle \d+\n", "", seeds.NFT["nft_text"])
    at = listed.index(place)
    chain = re.compile(r"\tchain (?:forward|pre) .*\n(.*\n)").search(listed, at)
    assert chain is not None
    text = f"{listed[: chain.end()]}\t\t{rule}\n{listed[chain.end() :]}"
    found = nft.parse(nft.read_text(text, "text"), "", FACTS)
    return meaning([rule for one in found.rulesets.values() for rule in one.rules])


@pytest.mark.parametrize(("place", "rule"), RULES)
def test_every_word_of_a_listed_rule(place: str, rule: str) -> None:
    sound = read_rule(place, rule)
    assert "is not understood" not in sound
    words = re.findall(r'"[^"]*"|\S+', rule)
    kept = []
    for at, word in enumerate(words):
        for kind, changed in (
            ("exchanged", [*words[:at], NONSENSE, *words[at + 1 :]]),
            ("left out", [*words[:at], *words[at + 1 :]]),
            ("put in", [*words[: at + 1], NONSENSE, *words[at + 1 :]]),
            ("twice", [*words[: at + 1], *words[at:]]),
        ):
            try:
                same = read_rule(place, " ".join(changed)) == sound
            except ParseError:
                same = False
            if same:
                kept.append((kind, word))
    silent = {word for word in words if word in SILENT or word[0] == '"'}
    assert [(kind, word) for kind, word in kept if word not in silent and word not in IMPLIED] == []
    assert "exchanged" not in {kind for kind, word in kept if word in IMPLIED}


def test_the_rules_of_the_listing_are_all_there() -> None:
    assert len(RULES) == seeds.NFT["nft_text"].count(" # handle") - 2 - 4 - 5
