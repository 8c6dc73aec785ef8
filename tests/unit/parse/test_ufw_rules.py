# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every host with ufw has among its rules, and what must not leave its paths unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.support.nft_json import base_chain, ruleset

CHAIN = {"family": "inet", "table": "filter", "chain": "forward"}
FLOW = {"src": "2001:db8::5", "dst": "2001:db8:1::9", "protocol": "tcp", "dst_port": 5432}
# before6.rules: packets with a routing header of type 0 (RFC 5095) are dropped first of all.
HEADER = "-A ufw6-before-forward -m rt --rt-type 0 -j DROP\n"
LOGS = (
    "-A ufw6-logging-deny -m conntrack --ctstate INVALID -m limit --limit 3/min --limit-burst 10 -j RETURN\n"
    '-A ufw6-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "\n'
)


def host(rules: str) -> State:
    text = (
        "*filter\n:FORWARD DROP [0:0]\n:ufw6-before-forward - [0:0]\n:ufw6-user-forward - [0:0]\n"
        ":ufw6-logging-deny - [0:0]\n-A FORWARD -j ufw6-before-forward\n"
        f"{rules}-A ufw6-before-forward -j ufw6-user-forward\n"
        "-A ufw6-user-forward -p tcp -m tcp --dport 5432 -j ACCEPT\nCOMMIT\n"
    )
    return parse_platform("linux", "fw1", {"ip6tables_nft": RawOutput("", "ip6tables-save", None, text)})


def asked(state: State, flow: dict[str, Any]) -> str:
    return str(verdicts(state, [flow], "ip6tables/filter/FORWARD")[0]["verdict"])


@pytest.mark.parametrize("words", ["--rt-type 0", "! --rt-type 0", "--rt-type 0 --rt-segsleft 1:9"])
def test_a_flow_has_no_routing_header(words: str) -> None:
    state = host(HEADER.replace("--rt-type 0", words))
    assert (asked(state, FLOW), asked(state, {**FLOW, "dst_port": 22})) == ("permit", "deny")
    assert state.not_understood == []
    accepts = host(HEADER.replace("--rt-type 0", words).replace("DROP", "ACCEPT"))
    assert asked(accepts, {**FLOW, "dst_port": 22}) == "deny"


@pytest.mark.parametrize(
    ("header", "op", "right", "verdict"),
    [
        ({"name": "rt", "field": "type"}, "==", 0, "permit"),
        ({"name": "rt", "field": "type"}, "!=", 0, "permit"),
        ({"name": "srh", "field": "tag"}, "==", 7, "permit"),
        ({"name": "rt"}, "==", True, "permit"),
        ({"name": "rt"}, "==", False, "unknown"),
        ({"name": "frag", "field": "more-fragments"}, "==", 1, "unknown"),
    ],
)
def test_nor_has_it_one_by_the_words_of_nft(
    header: dict[str, str], op: str, right: Any, verdict: str
) -> None:
    asks = {"match": {"op": op, "left": {"exthdr": header}, "right": right}}
    rule = {"rule": {**CHAIN, "handle": 4, "expr": [asks, {"drop": None}]}}
    listing = json.dumps(ruleset(base_chain(policy="accept"), rule))
    state = parse_platform("linux", "fw1", {"nft_json": RawOutput("", "nft -j list ruleset", None, listing)})
    assert verdicts(state, [FLOW], "inet/filter/forward")[0]["verdict"] == verdict


def test_a_limit_of_a_rule_that_only_logs_makes_no_difference() -> None:
    state = host(f"-A ufw6-before-forward -j ufw6-logging-deny\n{LOGS}")
    assert asked(state, FLOW) == "permit"
    assert [item["text"] for item in state.not_understood] == [LOGS.split("\n", maxsplit=1)[0]]
