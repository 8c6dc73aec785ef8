# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft: a small change to a match, an operator, a verdict, a set, a hook or a priority changes the verdict of some flow.

Matches are written as nft's JSON has them: left side, right side before, right side after.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.support.meaning import FLOW, FLOW6, OPEN, PING, PING6, TOO_BIG, UDP, asked

Json = Any
PLACE = {"family": "inet", "table": "fw"}


class Match(NamedTuple):
    left: Json
    before: Json
    after: Json
    flow: dict[str, Any]
    op: str = "=="


def payload(protocol: str, field: str) -> Json:
    return {"payload": {"protocol": protocol, "field": field}}


def meta(key: str) -> Json:
    return {"meta": {"key": key}}


def ct(key: str, way: str = "") -> Json:
    return {"ct": {"key": key, "dir": way} if way else {"key": key}}


def prefix(address: str, length: int) -> Json:
    return {"prefix": {"addr": address, "len": length}}


SRC, DST, DPORT = payload("ip", "saddr"), payload("ip", "daddr"), payload("tcp", "dport")
PAIR = {"concat": [DST, DPORT]}
FLAGS = {"&": [payload("tcp", "flags"), ["syn", "ack"]]}
LOCAL = {"fib": {"result": "type", "flags": ["daddr"]}}
MATCHES = [
    Match(SRC, prefix("10.0.1.0", 24), prefix("10.0.1.0", 26), FLOW),
    Match(SRC, "10.0.1.200", "10.0.1.201", FLOW),
    Match(SRC, {"range": ["10.0.1.1", "10.0.1.200"]}, {"range": ["10.0.1.1", "10.0.1.199"]}, FLOW),
    Match(SRC, {"set": ["10.0.1.200", "10.9.9.9"]}, {"set": ["10.9.9.9"]}, FLOW),
    Match(SRC, "@apps", "@few", FLOW),
    Match({"&": [SRC, "0.0.0.255"]}, "0.0.0.200", "0.0.0.201", FLOW),
    Match(SRC, "10.0.1.201", "10.0.1.200", FLOW, "<"),
    Match(SRC, "10.0.1.200", "10.0.1.201", FLOW, ">="),
    Match(DST, prefix("10.2.0.0", 16), prefix("10.3.0.0", 16), FLOW),
    Match(payload("ip6", "saddr"), prefix("fd00:1::", 64), prefix("fd00:1::", 121), FLOW6),
    Match(payload("ip6", "daddr"), "fd00:2::9", "fd00:2::a", FLOW6),
    Match(payload("ip", "protocol"), "tcp", "udp", FLOW),
    Match(payload("ip6", "nexthdr"), "tcp", "udp", FLOW6),
    Match(DPORT, 5432, 5433, FLOW),
    Match(DPORT, {"range": [5400, 5432]}, {"range": [5400, 5431]}, FLOW),
    Match(DPORT, {"set": [80, 5432]}, {"set": [80, 5433]}, FLOW),
    Match(DPORT, 5433, 5432, FLOW, "<"),
    Match(DPORT, "@doors", "@shut", FLOW),
    Match(payload("tcp", "sport"), {"range": [1024, 65535]}, {"range": [2048, 65535]}, FLOW),
    Match(payload("udp", "dport"), 5432, 5431, UDP),
    Match(payload("th", "dport"), 5432, 5431, UDP),
    Match(payload("sctp", "dport"), 5432, 5431, {**FLOW, "protocol": "sctp"}),
    Match(PAIR, {"set": [{"concat": ["10.2.0.9", 5432]}]}, {"set": [{"concat": ["10.2.0.9", 5433]}]}, FLOW),
    Match(PAIR, "@both", "@other", FLOW),
    Match(payload("tcp", "flags"), "syn", "fin", FLOW),
    Match(FLAGS, "syn", "ack", FLOW),
    Match(payload("icmp", "type"), "echo-request", "echo-reply", PING),
    Match(payload("icmp", "code"), 4, 3, TOO_BIG),
    Match(payload("icmpv6", "type"), "echo-request", "echo-reply", PING6),
    Match(meta("l4proto"), "tcp", "udp", FLOW),
    Match(meta("l4proto"), {"set": ["tcp", "udp"]}, {"set": ["icmp", "udp"]}, FLOW),
    Match(meta("nfproto"), "ipv4", "ipv6", FLOW),
    Match(meta("iifname"), "app0", "app1", FLOW),
    Match(meta("iifname"), "app*", "apq*", FLOW),
    Match(meta("iif"), "app0", "db0", FLOW),
    Match(meta("oifname"), {"set": ["db0", "wan0"]}, {"set": ["wan0"]}, FLOW),
    Match(meta("oifname"), "@links", "app0", FLOW),
    Match(meta("iifgroup"), "inside", "default", FLOW),
    Match(meta("mark"), 1, 2, {**FLOW, "mark": 1}),
    Match({"&": [meta("mark"), 255]}, 1, 2, {**FLOW, "mark": 0x101}),
    Match(meta("pkttype"), "host", "multicast", FLOW),
    Match(LOCAL, "local", "broadcast", {**FLOW, "dst": "10.10.1.1"}),
    Match(ct("state"), ["new", "related"], ["related"], FLOW, "in"),
    Match(ct("state"), ["established", "related"], "related", OPEN, "in"),
    Match(ct("state"), "untracked", "new", {**FLOW, "connection": "untracked"}, "in"),
    Match(ct("state"), "invalid", "new", {**FLOW, "connection": "invalid"}, "in"),
    Match(ct("mark"), 7, 6, {**FLOW, "ct_mark": 7}),
    Match(ct("protocol"), "tcp", "udp", FLOW),
    Match(ct("status"), "confirmed", "dying", OPEN, "in"),
]
OPPOSITE = {"==": "!=", "in": "!", "<": ">=", ">=": "<"}
SETS = [
    {"set": {**PLACE, "name": "apps", "type": "ipv4_addr", "flags": ["interval"], "elem": [prefix("10.0.1.0", 24)]}},
    {"set": {**PLACE, "name": "few", "type": "ipv4_addr", "flags": ["interval"], "elem": [prefix("10.0.1.0", 26)]}},
    {"set": {**PLACE, "name": "doors", "type": "inet_service", "elem": [80, 5432]}},
    {"set": {**PLACE, "name": "shut", "type": "inet_service", "elem": [80]}},
    {"set": {**PLACE, "name": "links", "type": "ifname", "elem": ["db0"]}},
    {"set": {**PLACE, "name": "both", "type": ["ipv4_addr", "inet_service"], "elem": [{"concat": ["10.2.0.9", 5432]}]}},
    {"set": {**PLACE, "name": "other", "type": ["ipv4_addr", "inet_service"], "elem": [{"concat": ["10.2.0.9", 5433]}]}},
]  # fmt: skip
ACCEPT, DROP = {"accept": None}, {"drop": None}
MARK = {"mangle": {"key": meta("mark"), "value": 64}}
MARKED = {"match": {"op": "==", "left": meta("mark"), "right": 64}}
# policy, the statements behind the match, further rules, what becomes of a flow that fits, and of another
VERDICTS: dict[str, tuple[str, list[Json], list[list[Json]], str, str]] = {
    "accept": ("drop", [ACCEPT], [], "permit", "deny"),
    "drop": ("accept", [{"counter": {"packets": 0, "bytes": 0}}, DROP], [], "deny", "permit"),
    "reject": ("accept", [{"reject": {"type": "icmpx", "expr": "port-unreachable"}}], [], "deny", "permit"),
    "return": ("drop", [{"return": None}], [[ACCEPT]], "deny", "permit"),
    "jump": ("drop", [{"jump": {"target": "own"}}], [], "permit", "deny"),
    "goto": ("drop", [{"goto": {"target": "own"}}], [], "permit", "deny"),
    "mark": ("drop", [MARK], [[MARKED, ACCEPT]], "permit", "deny"),
}


def chain(name: str, **more: Any) -> Json:
    return {"chain": {**PLACE, "name": name, "handle": 1, **more}}


def rule(name: str, *statements: Json) -> Json:
    return {"rule": {**PLACE, "chain": name, "handle": 7, "expr": list(statements)}}


def base(name: str, hook: str, policy: str, prio: int = 0) -> Json:
    return chain(name, type="filter", hook=hook, prio=prio, policy=policy)


def verdict(objects: list[Json], flow: dict[str, Any]) -> str:
    table = {"table": {**PLACE, "name": "fw", "handle": 1}}
    document = {"nftables": [{"metainfo": {"json_schema_version": 1}}, table, *SETS, *objects]}
    return asked({"nft_json": json.dumps(document)}, {"mark": 0, **flow})


def through(match: Json, shape: str, flow: dict[str, Any]) -> str:
    policy, statements, others, _fits, _other = VERDICTS[shape]
    listed = [rule("forward", *([match] if match else []), *statements)]
    listed += [rule("forward", *one) for one in others]
    return verdict([base("forward", "forward", policy), chain("own"), *listed, rule("own", ACCEPT)], flow)


@pytest.mark.parametrize("shape", VERDICTS)
@pytest.mark.parametrize("match", MATCHES, ids=lambda match: json.dumps([match.left, match.op, match.after]))
def test_a_changed_match_changes_the_verdict(match: Match, shape: str) -> None:
    fits, other = VERDICTS[shape][3:]
    found = [
        through({"match": {"op": op, "left": match.left, "right": right}}, shape, match.flow)
        for op in (match.op, OPPOSITE[match.op])
        for right in (match.before, match.after)
    ]
    assert found == [fits, other, other, fits]


@pytest.mark.parametrize("shape", [name for name in VERDICTS if name != "mark"])
@pytest.mark.parametrize(
    "statement",
    [
        {"limit": {"rate": 5, "burst": 5, "per": "second"}},
        {"match": {"op": "==", "left": meta("hour"), "right": 5}},
        {"match": {"op": "==", "left": {"numgen": {"mode": "random", "mod": 2, "offset": 0}}, "right": 0}},
        {"match": {"op": "==", "left": payload("ip", "ttl"), "right": 64}},
        {"match": {"op": "==", "left": {"payload": {"tunnel": "vxlan", "protocol": "ip", "field": "saddr"}}, "right": "10.0.1.200"}},
        {"match": {"op": "==", "left": payload("ip", "saddr"), "right": "@nowhere"}},
        {"xt": {"type": "match", "name": "recent"}},
    ],
    ids=lambda statement: json.dumps(statement)[:60],
)  # fmt: skip
def test_what_is_not_modelled_is_unknown_and_only_that(statement: Json, shape: str) -> None:
    policy, statements, others, _fits, other = VERDICTS[shape]
    elsewhere = {"match": {"op": "==", "left": DST, "right": "10.2.0.10"}}
    for first, wanted in (([], "unknown"), ([elsewhere], other)):
        listed = [rule("forward", *first, statement, *statements), *(rule("forward", *one) for one in others)]
        objects = [base("forward", "forward", policy), chain("own"), *listed, rule("own", ACCEPT)]
        assert verdict(objects, FLOW) == wanted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([[5432, ACCEPT]], [[5433, ACCEPT]]),
        ([[5432, ACCEPT]], [[5432, DROP]]),
        ([[5432, {"jump": {"target": "own"}}]], [[5432, {"continue": None}]]),
        ([["*", ACCEPT]], [["*", DROP]]),
        ([["*", DROP], [5432, ACCEPT]], [["*", DROP]]),
    ],
)
def test_a_changed_verdict_map_changes_the_verdict(before: Json, after: Json) -> None:
    found = []
    for cases in (before, after):
        vmap = {"vmap": {"key": DPORT, "data": {"set": cases}}}
        objects = [
            base("forward", "forward", "drop"),
            chain("own"),
            rule("forward", vmap),
            rule("own", ACCEPT),
        ]
        found.append(verdict(objects, FLOW))
    assert found == ["permit", "deny"]


def test_a_base_chain_more_or_less_changes_the_verdict() -> None:
    """``accept`` ends its own base chain only, ``drop`` all."""
    first = [base("first", "forward", "accept", -10), rule("first", ACCEPT)]
    second = [base("second", "forward", "drop", 10)]
    assert verdict(first, FLOW) == "permit"
    assert verdict([*first, *second], FLOW) == "deny"
    assert verdict([*first, base("second", "input", "drop", 10)], FLOW) == "permit"


@pytest.mark.parametrize(("prio", "wanted"), [(-10, "permit"), (10, "deny")])
def test_a_changed_priority_changes_the_verdict(prio: int, wanted: str) -> None:
    """The chain that marks has to come before the one that asks for the mark."""
    marks = [base("marks", "forward", "accept", prio), rule("marks", MARK)]
    asks = [base("asks", "forward", "drop"), rule("asks", MARKED, ACCEPT)]
    assert verdict([*marks, *asks], FLOW) == wanted


def test_a_jump_to_a_chain_that_is_not_there_is_not_certain() -> None:
    jump = rule("forward", {"jump": {"target": "nowhere"}})
    assert verdict([base("forward", "forward", "accept"), jump], FLOW) == "unknown"
