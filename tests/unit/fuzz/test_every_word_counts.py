# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trap 29: a word that no reader consumes makes the rule unknown. So a word exchanged for one that nobody knows,
left out, or put in, changes what was read: the match, the verdict, the effects, or that there is an error."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import ipset, iptables, nft
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.host_facts import HostFacts
from tests.support import fuzz_seeds as seeds
from tests.support.fuzz import places_in

NONSENSE = "zqx"
FACTS = HostFacts({4: ((1, 1),), 6: ((1, 1),)}, (), {1: "lo"}, {"default": ("lo",)})


def meaning(rules: list[Rule]) -> str:
    """What the rules do, without their words."""
    said = [rule.to_dict() for rule in rules]
    for rule in said:
        for key in ("text", "comment", "handle", "line"):
            rule.pop(key, None)
    return json.dumps(said, sort_keys=True)


def lines_of(name: str) -> list[str]:
    text = seeds.HOSTS["iptables"][name]
    return sorted(line.partition("] ")[2] or line for line in text.splitlines() if "-A " in line)


def read_line(line: str, family: str) -> str:
    table = "nat" if "NAT" in line or "MASQUERADE" in line else "filter"
    chains = {"filter": "INPUT FORWARD OUTPUT", "nat": "PREROUTING INPUT OUTPUT POSTROUTING"}[table]
    own = re.sub(r"^-A (PREROUTING|POSTROUTING)", lambda m: m[0] if table == "nat" else "-A FORWARD", line)
    declared = "".join(f":{name} ACCEPT [0:0]\n" for name in chains.split())
    text = f"*{table}\n{declared}:WEB - [0:0]\n{own}\nCOMMIT\n"
    found = iptables.parse(text, "ip6tables" if family == "ip6" else "iptables", FACTS, SETS)
    return meaning([rule for one in (*found.rulesets.values(), *found.chains.values()) for rule in one.rules])


SETS = ipset.parse(seeds.IPTABLES["ipset"])
LINES = [(line, "ip") for line in lines_of("iptables_nft")] + [
    (line, "ip6") for line in lines_of("ip6tables_nft")
]
# Words that say nothing about flows: comments, logs, how a refusal is told, and what the kernel lets follow from
# the words beside them (`-m tcp` after `-p tcp`).
SILENT = {
    "--comment",
    "--log-prefix",
    "--log-level",
    "--reject-with",
    "comment",
    "udp",
    "tcp",
    "icmp",
    "icmp6",
    "LOG",
}


def words_of(line: str) -> list[str]:
    return re.findall(r'"(?:[^"\\]|\\.)*"|\S+', line)


def silent(words: list[str], at: int) -> bool:
    """Whether a word, or the option that it belongs to, says nothing about flows."""
    return bool({words[at], words[at - 1]} & SILENT) or words[at - 2 : at] == ["-m", "comment"]


@pytest.mark.parametrize(("line", "family"), LINES)
def test_every_word_of_an_iptables_rule(line: str, family: str) -> None:
    sound = read_line(line, family)
    words = words_of(line)
    kept = []
    for at in range(2, len(words)):
        if silent(words, at):
            continue
        for kind, changed in (
            ("exchanged", [*words[:at], NONSENSE, *words[at + 1 :]]),
            ("left out", [*words[:at], *words[at + 1 :]]),
            ("put in", [*words[: at + 1], NONSENSE, *words[at + 1 :]]),
            ("twice", [*words[: at + 1], *words[at:]]),
        ):
            try:
                same = read_line(" ".join(changed), family) == sound
            except ParseError:
                same = False
            if same:
                kept.append((kind, words[at], " ".join(changed)))
    assert kept == []


LISTING = json.loads(seeds.NFT["nft_json"])["nftables"]
RULES = [item for item in LISTING if "rule" in item]
# What counts and logs, how a refusal is told, and rates, which are unknown whatever they say.
QUIET = {"counter", "log", "reject", "limit"}
# Keys that only say how to write it down.
UNREAD = {"flags", "type_flags"}


def read_rule(rule: Any) -> str:
    others = [item for item in LISTING if "rule" not in item]
    value = rule["rule"]
    found = nft.parse(nft.read(json.dumps({"nftables": [*others, rule]})), "", FACTS)
    place = f"{value['family']}/{value['table']}/{value['chain']}"
    return meaning((found.rulesets.get(place) or found.chains[place]).rules)


def changed_rules(rule: Any) -> list[tuple[str, Any]]:
    """The rule with one thing exchanged, left out or put in, at each place of its statements."""
    found: list[tuple[str, Any]] = []
    for index, statement in enumerate(rule["rule"]["expr"]):
        if not QUIET.isdisjoint(statement):
            continue
        for at in range(len(places_in(statement))):
            for kind in ("exchanged", "left out", "put in"):
                other = copy.deepcopy(rule)
                container, key = places_in(other["rule"]["expr"][index])[at]
                if _done(container, key, kind):
                    found.append((f"{kind} at {key!r} of {statement}", other))
    return found


def _done(container: Any, key: Any, kind: str) -> bool:
    if kind == "put in":
        if not isinstance(container[key], dict):
            return False
        container[key][NONSENSE] = 1
    elif kind == "left out":
        del container[key]
    elif isinstance(container[key], (dict, list)) or container[key] is None:
        return False  # `accept: null` has no words of its own
    else:
        container[key] = NONSENSE
    return key not in UNREAD


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["rule"]["handle"]))
def test_every_word_of_an_nft_rule(rule: Any) -> None:
    sound = read_rule(rule)
    kept = []
    for told, other in changed_rules(rule):
        try:
            same = read_rule(other) == sound
        except ParseError:
            same = False
        if same:
            kept.append(told)
    assert kept == []
