# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved files that hold only some of a host's rules: what is known then, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.support.nft_json import base_chain, ruleset

IPTABLES = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -s 10.0.1.0/24 -p tcp -m tcp --dport 5432 -j ACCEPT
COMMIT
"""
NFT = json.dumps(ruleset(base_chain()))
FOUR = {"src": "10.0.1.7", "dst": "10.2.0.10", "protocol": "tcp", "dst_port": 5432}
SIX = {"src": "fd00:1::7", "dst": "fd00:2::10", "protocol": "tcp", "dst_port": 5432}


EMPTY = json.dumps({"nftables": [{"metainfo": {"json_schema_version": 1}}]})
WARNING = "# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n"
RULES = ("nft_json", "iptables_nft", "ip6tables_nft", "iptables_legacy", "ip6tables_legacy")


def state(*absent: str, **texts: str) -> State:
    given = {name: RawOutput(name, name, None, text) for name, text in texts.items()}
    none = {name: RawOutput(name, name, None, "", absent="said to be none") for name in absent}
    return parse_platform("linux", "fw1", {**given, **none})


def forward(fw: State, flow: dict[str, Any]) -> str:
    return str(verdicts(fw, [flow], "forward")[0]["verdict"])


def test_the_rules_of_one_family_answer_for_that_family_only() -> None:
    fw = state(iptables_nft=IPTABLES)
    assert forward(fw, FOUR) == "permit"
    assert forward(fw, {**FOUR, "dst_port": 22}) == "deny"
    assert forward(fw, SIX) == "unknown"


def test_both_families_of_iptables_answer_for_both() -> None:
    six = IPTABLES.replace("10.0.1.0/24", "fd00:1::/64")
    assert forward(state(iptables_nft=IPTABLES, ip6tables_nft=six), SIX) == "permit"


def test_nft_shows_all_families() -> None:
    fw = state(nft_json=NFT)
    assert forward(fw, FOUR) == forward(fw, SIX) == "deny"


def test_what_was_left_out_is_said() -> None:
    said = {item["what"]: item["reason"] for item in state(nft_json=NFT).unreadable}
    assert said["iptables_legacy"] == "not given, so taken as none"


@pytest.mark.parametrize("given", [{}, {"addresses": "[]"}])
def test_without_any_rules_nothing_is_known(given: dict[str, str]) -> None:
    fw = state(**given)
    assert not fw.firewall_known
    assert forward(fw, FOUR) == "unknown"


def test_legacy_rules_that_a_file_speaks_of_are_unknown() -> None:
    fw = state(iptables_nft=WARNING + IPTABLES)
    assert {"iptables_legacy", "nft_json"} <= {item["what"] for item in fw.unreadable}
    assert forward(fw, FOUR) == "unknown"
    both = state(iptables_nft=WARNING + IPTABLES, iptables_legacy=IPTABLES)
    assert forward(both, FOUR) == "permit"


def test_files_without_rules_are_no_open_firewall() -> None:
    fw = state(nft_json=EMPTY)
    assert not fw.firewall_known
    assert not [item for item in fw.unreadable if "taken as none" in item["reason"]]
    assert forward(fw, FOUR) == forward(fw, SIX) == "unknown"
    assert forward(state("iptables_legacy", nft_json=EMPTY), FOUR) == "unknown"


def test_a_host_is_open_where_every_kind_of_rules_is_said_to_be_none() -> None:
    fw = state("iptables_legacy", "ip6tables_legacy", nft_json=EMPTY)
    assert forward(fw, FOUR) == forward(fw, SIX) == "permit"
    assert not [item for item in fw.unreadable if item["what"] in RULES]


def test_nft_shows_the_tables_of_iptables_nft() -> None:
    said = {item["what"] for item in state(nft_json=NFT).unreadable}
    assert said.isdisjoint({"iptables_nft", "ip6tables_nft"})
    assert {"iptables_legacy", "ip6tables_legacy"} <= said


def test_no_nft_says_nothing_about_the_other_family() -> None:
    fw = state("nft_json", iptables_legacy=IPTABLES)
    assert forward(fw, FOUR) == "permit"
    assert forward(fw, SIX) == "unknown"
