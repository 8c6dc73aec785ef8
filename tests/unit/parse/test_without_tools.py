# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that have nft and no iptables, as OpenWrt, Alpine and small servers are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.support.nft_json import base_chain, ruleset

MISSING = RawOutput(
    "", "", 127, "", "iptables-nft-save is not installed, but the kernel has nf_tables: unknown"
)
TABLE: dict[str, Any] = {"table": {"family": "ip", "name": "filter", "handle": 9}}


def host(*objects: dict[str, Any], **more: RawOutput) -> State:
    listing = json.dumps(ruleset(base_chain(), *objects))
    outputs = {"nft_json": RawOutput("", "", 0, listing), "nft_text": RawOutput("", "", 0, "")}
    return parse_platform(
        "linux", "fw1", {**outputs, "iptables_nft": MISSING, "ip6tables_nft": MISSING, **more}
    )


def missed(state: State) -> list[str]:
    return [item["what"] for item in state.unreadable if item["what"].endswith("tables_nft")]


def test_iptables_is_not_missed_where_nft_shows_no_table_of_its_kind() -> None:
    state = host()
    assert (state.firewall_known, missed(state)) == (True, [])


@pytest.mark.parametrize(("family", "what"), [("ip", "iptables_nft"), ("ip6", "ip6tables_nft")])
def test_iptables_is_missed_where_a_table_may_be_its_own(family: str, what: str) -> None:
    assert missed(host({"table": {**TABLE["table"], "family": family}})) == [what]


def test_an_error_of_iptables_is_told_in_any_case() -> None:
    failed = RawOutput("", "", 1, "", "Permission denied")
    assert missed(host(iptables_nft=failed)) == ["iptables_nft"]


def test_ipset_is_not_missed_where_no_rule_of_iptables_can_name_a_set() -> None:
    gone = RawOutput("", "", 127, "", "ipset is not installed, but the kernel has ip_set: unknown")
    none = RawOutput("", "", 0, "", "", "no legacy tables")
    without: dict[str, RawOutput] = {"ipset": gone, "iptables_legacy": none, "ip6tables_legacy": none}

    def told(*objects: dict[str, Any], **more: RawOutput) -> bool:
        return any(item["what"] == "ipset" for item in host(*objects, **{**without, **more}).unreadable)

    assert not told()
    assert told(TABLE), "its rules may be those of iptables"
    rules = "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set shop src -j ACCEPT\nCOMMIT\n"
    assert told(iptables_legacy=RawOutput("", "", 0, rules))
    assert told(ipset=RawOutput("", "", 1, "", "Operation not permitted"))
