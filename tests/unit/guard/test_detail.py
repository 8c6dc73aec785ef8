# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of one path that got worse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.guard.detail import (
    Telling,
    path_lines,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.probes import ProbeRow

FLOWS = {"src": ["10.10.1.62"], "dst": ["10.20.1.10"], "protocol": ["tcp"], "dst_port": ["5432"]}
NOTHING: dict[str, Any] = {"flows": [], "from": [], "to": [], "hosts": [], "reasons": []}
PART: dict[str, Any] = {
    "flows": [FLOWS],
    "from": ["10.10.1.62"],
    "to": ["10.20.1.10"],
    "hosts": ["app07"],
    "reasons": [],
}
CHAIN = "inet/filter/forward"
RULE = {"text": "ip saddr 10.10.1.62 drop", "handle": 28, "line": None, "position": 1}
CAUSE: dict[str, Any] = {
    "host": "fw1",
    "ruleset": CHAIN,
    "chain": CHAIN,
    "action": "remove",
    "before": None,
    "now": RULE,
    "note": "the rule was added",
    "commands": [],
    "change": "added",
    "pairs": 1,
    "hosts": ["app07"],
}
DECISION: dict[str, Any] = {
    "host": "fw1",
    "hook": "forward",
    "direction": "new",
    "verdict": "deny",
    "reason": "",
    "rules": [{"host": "fw1", "ruleset": CHAIN, "chain": CHAIN, "position": 1, "text": RULE["text"]}],
}


def told(rows: Sequence[ProbeRow] = (), telling: Telling | None = None, **entry: Any) -> list[str]:
    whole = {
        "name": "p",
        "kind": "required",
        "services": [{"protocol": "tcp", "ports": ["5432"]}],
        "source_ports": [],
        "cut": PART,
        "permitted": None,
        "unknown": NOTHING,
        "remedy": [],
        "deciding": [],
        "legs": [],
        "too_big": None,
        **entry,
    }
    return path_lines(whole, rows, telling or Telling())


def test_who_is_unknown_is_told() -> None:
    lines = told(cut=NOTHING, unknown={**PART, "reasons": ["meta time is not modelled"]})
    assert lines == ["unknown   10.10.1.62 (app07) to 10.20.1.10, tcp 5432: meta time is not modelled"]
    parts = [FLOWS, {**FLOWS, "dst_port": ["6432"]}]
    lines = told(cut=NOTHING, unknown={**PART, "flows": parts, "reasons": ["one", "two", "three"]})
    assert lines[2:] == ["          of app07", "          one; two; and 1 more"]
    assert told(cut=NOTHING, unknown={**NOTHING, "reasons": ["fw9 was not gathered"]}) == [
        "unknown   fw9 was not gathered"
    ]


def test_one_way_of_several_is_told_as_such() -> None:
    legs = [
        {
            "hops": [host],
            "replies": [],
            "status": status,
            "pairs": {"open": 1, "cut": cut, "spared": cut, "total": 1},
        }
        for host, status, cut in (("fw1", "open", 0), ("fw2", "blocked", 1))
    ]
    assert told(legs=legs)[1] == "way       over fw2 only; over fw1 open: part of the new connections fail"


def test_the_rule_that_was_changed_is_not_told_again_as_who_decides() -> None:
    lines = told(remedy=[CAUSE], deciding=[{**DECISION, "direction": "reply"}])
    assert lines[1:] == [
        "rule      fw1, table inet filter, chain forward, handle 28: the rule was added",
        "  now     ip saddr 10.10.1.62 drop",
        "decides   it itself, for replies",
    ]


def test_a_change_of_routing_is_told_with_the_command_that_puts_it_back() -> None:
    words = "32765: from 10.10.1.200/32 prohibit"
    cause = {
        **CAUSE,
        "chain": "",
        "change": "route_rules",
        "note": f"rule {words} was added",
        "now": {"text": words, "handle": None, "line": None, "position": None},
        "commands": ["ip rule del pref 32765 from 10.10.1.200/32 prohibit"],
    }
    decision = {**DECISION, "rules": [], "reason": "fw1: the route says prohibited"}
    telling = Telling()
    entry = {"remedy": [cause], "deciding": [decision]}
    assert told(**entry)[1:] == [
        f"cause     fw1, policy routing: rule {words} was added",
        f"  now     {words}",
        "  put it back: ip rule del pref 32765 from 10.10.1.200/32 prohibit",
        "so that   fw1: the route says prohibited",
    ]
    told(telling=telling, **entry)
    assert told(telling=telling, **entry)[1] == "cause     the same as above"


def test_which_of_several_changes_is_meant_by_the_same_is_told() -> None:
    telling = Telling()
    other = {**CAUSE, "host": "db1", "chain": "inet/filter/input", "ruleset": "inet/filter/input"}
    told(telling=telling, remedy=[CAUSE, other])
    assert told(telling=telling, remedy=[CAUSE])[1] == (
        "rule      the same as above: fw1, table inet filter, chain forward, handle 28"
    )
    assert told(telling=telling, remedy=[CAUSE, other])[1] == "rule      the same as above"


def test_a_rule_is_put_back_by_hand_where_no_checkpoint_did() -> None:
    cause = {**CAUSE, "commands": ["nft delete rule inet filter forward handle 28"]}
    by_hand = "  put it back: nft delete rule inet filter forward handle 28"
    assert by_hand in told(remedy=[cause])
    assert by_hand not in told(remedy=[cause], telling=Telling(restored=["fw1"]))


@pytest.mark.parametrize(
    ("entry", "position", "text", "words"),
    [
        (
            {"change": "default_action", "before": "deny", "after": "permit"},
            0,
            "default action: permit",
            "which was changed as well; before: default action: deny",
        ),
        (
            {"change": "added", "before": None, "after": {"text": "tcp dport 22 accept", "position": 4}},
            4,
            "tcp dport 22 accept",
            "which was added as well",
        ),
        (
            {
                "change": "changed",
                "before": {"text": "tcp dport 23 accept", "position": 3},
                "after": {"text": "tcp dport 22 accept", "position": 4},
            },
            4,
            "tcp dport 22 accept",
            "which was changed as well; before: tcp dport 23 accept",
        ),
    ],
)
def test_who_decides_elsewhere_was_changed_too(
    entry: dict[str, Any], position: int, text: str, words: str
) -> None:
    rule = {"host": "fw2", "ruleset": CHAIN, "chain": CHAIN, "position": position, "text": text}
    decision = {**DECISION, "host": "fw2", "rules": [rule]}
    other = {**DECISION, "host": "fw3", "rules": [{**rule, "host": "fw3"}]}
    telling = Telling({"fw2": [{"ruleset": CHAIN, **entry}]})
    for deciding in ([decision], [other, decision]):
        lines = told(telling=telling, remedy=[CAUSE], deciding=deciding)
        assert lines[-2:] == [
            f"so that   fw2, table inet filter, chain forward{', rule 4' if position else ''}: {text}",
            f"          {words}",
        ]
    assert not any("as well" in line for line in told(remedy=[CAUSE], deciding=[decision]))


def test_connections_that_get_through_although_the_proof_calls_them_cut_off_are_told() -> None:
    def row(proof: str, result: str, host: str = "app07") -> ProbeRow:
        return ProbeRow("p", host, "10.10.1.62", "10.20.1.10", 5432, result, proof, 3, 3, 2, 2)

    through = "probes    all of 6 new connections from app07, app08 got through all the same"
    for proof in ("cut on some ways", "unknown"):
        rows = [row(proof, "reachable"), row(proof, "reachable", "app08"), row("open", "reachable", "app09")]
        assert told(rows)[-1] == through
        assert told([*rows, row(proof, "timeout")])[-1].startswith(
            "probes    new connections from app07: timeout"
        )
    assert not any(line.startswith("probes") for line in told([row("open", "reachable")]))
    # A disagreement, which is told as such.
    assert not any(line.startswith("probes") for line in told([row("cut", "reachable")]))


def test_a_table_of_iptables_is_called_so() -> None:
    cause = {**CAUSE, "chain": "iptables/mangle/FORWARD", "now": {**RULE, "handle": None, "line": 1}}
    assert "fw1, iptables table mangle, chain FORWARD, rule 1: " in told(remedy=[cause])[1]


def test_a_rule_that_was_moved_is_quoted_once() -> None:
    note = 'the rule was moved: it was rule 10, after "accept", and is the first rule'
    lines = told(
        remedy=[{**CAUSE, "change": "moved", "note": note, "before": {**RULE, "handle": 12, "position": 10}}]
    )
    assert lines[1].endswith(note)
    assert lines[2:] == ["  now     ip saddr 10.10.1.62 drop"]


def test_flows_of_which_big_packets_vanish_are_told_with_who_drops_the_errors() -> None:
    part = {
        "flows": [
            {"src": ["10.10.1.66"], "dst": ["10.20.1.10"], "protocol": ["tcp"], "dst_port": ["5432"]},
        ],
        "pairs": 1,
        "hosts": ["app08"],
        "from": ["10.10.1.66"],
        "to": ["10.20.1.10"],
    }
    rules = [{"host": "fw1", "chain": "inet/filter/forward", "position": 3, "handle": 9, "text": "icmp drop"}]
    stop = {"host": "fw1", "verdict": "deny", "reason": "", "rules": rules}
    lines = told(too_big={"errors": "blocked", "blocked": part, "stops": [stop]})
    assert "too big   10.10.1.66 (app08) to 10.20.1.10, tcp 5432" in lines
    dropped = "dropped   fw1, table inet filter, chain forward, handle 9"
    assert f"{dropped} (ICMP errors about packets that are too big): icmp drop" in lines
    assert not any(line.startswith("too big") for line in told())
