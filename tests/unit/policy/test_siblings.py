# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts whose firewalls must decide alike: the exact difference, with the rule that makes it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP, Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.inventory import hosts_needed
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, app_rule, forward, match, rule, ruleset, small_lab, stateful

PAIR = {"siblings": [{"name": "the pair", "hosts": ["fw1", "fw2"]}]}


def found(states: dict[str, State], policy: dict[str, Any] | None = None) -> dict[str, Any]:
    report = validate(load_policy(policy or PAIR), states, GROUPS)
    assert problems(report, load_schema("report")) == []
    [entry] = report["siblings"]
    told = [item for item in report["findings"] if item["kind"] == "configuration"]
    assert [item["message"].partition(": ")[2] for item in told] == entry["messages"]
    assert report["summary"]["verdict"] == ("pass" if entry["satisfied"] == "yes" else "fail")
    result: dict[str, Any] = entry
    return result


def test_equal_firewalls_are_alike() -> None:
    entry = found(small_lab())
    assert (entry["satisfied"], entry["differences"]) == ("yes", [])


def test_the_same_flows_by_other_rules_are_alike() -> None:
    halves = [app_rule("10.10.1.0/25"), app_rule("10.10.1.128/25")]
    assert found(small_lab(fw2=[forward(*halves)]))["satisfied"] == "yes"


def test_what_each_accepts_for_itself_is_its_own() -> None:
    own = ruleset(
        "inet/filter/input", "input", "deny", stateful(("ssh", match(dst="10.99.0.11", proto="tcp")))
    )
    assert found(small_lab(fw1=[own, forward(app_rule())]))["satisfied"] == "yes"


def test_fault_25_a_narrower_rule_on_one_is_a_difference_with_its_flows_and_rule() -> None:
    entry = found(small_lab(fw2=[forward(app_rule("10.10.1.0/26"))]))
    assert entry["satisfied"] == "no"
    [new, *_rest] = entry["differences"]
    assert (new["first"], new["host"], new["hook"], new["connection"]) == ("fw1", "fw2", "forward", "new")
    sources = {source for flow in new["lost"]["flows"] for source in flow["src"]}
    assert sources == {"10.10.1.64/26", "10.10.1.128/25"}
    assert entry["messages"][0].startswith(
        "fw2 denies, and fw1 permits, at forward, new connections: src 10.10.1."
    )
    assert "ip saddr 10.10.1.0/26" in entry["messages"][0]


def test_an_undecidable_rule_on_one_alone_is_not_known() -> None:
    strange = Rule(9, both(match(proto="tcp"), Unknown("strange", "is not modelled")), DROP, "strange drop")
    rules = [*stateful(), strange, rule(10, "rest", app_rule()[1])]
    entry = found(small_lab(fw2=[ruleset("inet/filter/forward", "forward", "deny", rules)]))
    assert entry["satisfied"] == "unknown"
    assert "whether fw2 decides as fw1 does is not known" in entry["messages"][0]


def test_the_same_undecidable_rule_on_both_cancels_out() -> None:
    strange = Rule(9, both(match(proto="tcp"), Unknown("strange", "is not modelled")), DROP, "strange drop")

    def own() -> list[Any]:
        return [
            ruleset(
                "inet/filter/forward",
                "forward",
                "deny",
                [*stateful(), strange, rule(10, "rest", app_rule()[1])],
            )
        ]

    assert found(small_lab(fw1=own(), fw2=own()))["satisfied"] == "yes"


@pytest.mark.parametrize("how", ["gone", "unread"])
def test_a_sibling_that_was_not_read_is_not_known(how: str) -> None:
    states = small_lab()
    if how == "gone":
        del states["fw2"]
    else:
        states["fw2"].firewall_known = False
    policy = {"siblings": [{"group": "fw"}]}
    report = validate(load_policy(policy), states, {**GROUPS, "fw": ["fw1", "fw2"]})
    [entry] = report["siblings"]
    assert (entry["satisfied"], entry["name"]) == ("unknown", "group fw")


def test_siblings_are_gathered() -> None:
    assert hosts_needed(load_policy(PAIR), GROUPS, ["fw1", "fw2"]) == ["fw1", "fw2"]


@pytest.mark.parametrize(
    ("siblings", "where", "what"),
    [
        ({}, "$.siblings", "must be a list"),
        ([], "$.siblings", "must be a list"),
        ([{"hosts": ["fw1"]}], "$.siblings[0].hosts", "no sibling"),
        ([{"hosts": ["fw1", "fw1"]}], "$.siblings[0].hosts", "stands twice"),
        ([{"hosts": ["fw1", "fw3"]}], "$.siblings[0].hosts[1]", "unknown host 'fw3'"),
        ([{"group": "db_primary"}], "$.siblings[0]", "one host alone"),
        ([{"grup": "db"}], "$.siblings[0].grup", "unknown key"),
        ([{"name": "x"}], "$.siblings[0]", "has none"),
        ([{"group": "db", "hosts": ["fw1", "fw2"]}], "$.siblings[0]", "has both"),
        (["fw1"], "$.siblings[0]", "must be a mapping"),
    ],
)
def test_mistakes(siblings: Any, where: str, what: str) -> None:
    with pytest.raises(PolicyError) as error:
        validate(load_policy({"siblings": siblings}), small_lab(), GROUPS)
    assert what in error.value.what
    assert error.value.where.partition(" in ")[0] == where
