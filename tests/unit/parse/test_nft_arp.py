# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""arp tables: what may drop ARP makes IPv4 unknown, never open."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Ruleset
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import nft
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.host_facts import HostFacts
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, small_lab
from tests.unit.network.test_walk import ask, verdict

FACTS = HostFacts(local={4: (), 6: ()}, broadcast=(), interfaces={1: "lo"}, groups={})
OPERATION = {
    "match": {"op": "==", "left": {"payload": {"protocol": "arp", "field": "operation"}}, "right": 1}
}


def read(*expressions: list[Any], policy: str = "accept", flags: str = "") -> tuple[list[Ruleset], list[str]]:
    """The rulesets of an arp table with one chain, and what was not understood."""
    place = {"family": "arp", "table": "f"}
    base = {"type": "filter", "hook": "input", "prio": 0, "policy": policy}
    document: list[dict[str, Any]] = [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "arp", "name": "f", "handle": 1, **({"flags": flags} if flags else {})}},
        {"chain": {**place, "name": "input", "handle": 1, **base}},
        {"chain": {**place, "name": "aside", "handle": 2}},
    ]
    for handle, expression in enumerate(expressions, 3):
        document.append({"rule": {**place, "chain": "input", "handle": handle, "expr": expression}})
    found = nft.parse(nft.read(json.dumps({"nftables": document})), "", FACTS)
    return list(found.rulesets.values()), [item["text"] for item in found.not_understood]


@pytest.mark.parametrize(
    "expressions",
    [
        [],
        [[OPERATION, {"counter": {"packets": 1, "bytes": 1}}, {"accept": None}]],
        [[{"log": {"prefix": "arp "}}]],
    ],
)
def test_a_chain_that_drops_nothing_is_nothing_to_flows(expressions: list[list[Any]]) -> None:
    assert read(*expressions) == ([], [])


@pytest.mark.parametrize(
    "verdict_of_rule", [{"drop": None}, {"jump": {"target": "aside"}}, {"mangle": {"key": 1, "value": 2}}]
)
def test_a_rule_that_may_drop_is_named(verdict_of_rule: dict[str, Any]) -> None:
    [chain], told = read([{"accept": None}], [OPERATION, verdict_of_rule])
    assert (chain.key, chain.family, chain.hook, chain.default_action) == (
        "arp/f/input",
        "arp",
        "prerouting",
        "permit",
    )
    assert [(rule.position, rule.handle) for rule in chain.rules] == [(2, 4)]
    assert len(told) == 1


def test_a_table_that_is_dormant_drops_nothing() -> None:
    assert read(policy="drop", flags="dormant") == ([], [])


@pytest.mark.parametrize("where", ["fw1", "db1", "app01"])
def test_a_path_over_a_host_that_may_drop_arp_is_unknown(where: str) -> None:
    [chain], told = read(policy="drop")
    assert told == ["policy drop"]
    states = small_lab()
    states[where].rulesets[chain.key] = chain
    states[where] = State.from_dict(states[where].to_dict())
    found = ask(states)
    assert verdict(found) == "unknown"
    reasons = {part.reason for event in found.events for part in event.parts(found.unknown)}
    assert any("ARP may be dropped" in reason for reason in reasons)


def test_ipv6_does_without_arp() -> None:
    [chain], _told = read(policy="drop")
    states = small_lab(ipv6=True)
    states["fw1"].rulesets[chain.key] = chain
    path = {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    report = validate(load_policy({"requiredPaths": [path]}), states, GROUPS)
    families = report["paths"][0]["share"]["families"]
    assert {name: (tally["open"], tally["unknown"]) for name, tally in families.items()} == {
        "ipv4": (0, 10),
        "ipv6": (10, 0),
    }
