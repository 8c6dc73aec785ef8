# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that no packet comes to: named for certain, with those before them, and never one that may be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.pathguard.network.plugins.filter.unreachable_rules import unreachable_rules
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.unreachable import unreachable
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    ALWAYS,
    BEYOND,
    Match,
    Member,
    Not,
    Unknown,
    both,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    DROP,
    RETURN,
    Chain,
    Rule,
    Verdict,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from tests.support.states import match, ruleset
from tests.unit.analyse.random_states import RandomState

KEY = "inet/filter/forward"
WEB = "inet/filter/web"


def state(*rules: tuple[Match, Any], default: str = "deny", web: Sequence[tuple[Match, Any]] = ()) -> State:
    found = State("fw1")
    found.rulesets[KEY] = ruleset(KEY, "forward", default, listed(rules))
    if web:
        found.chains[WEB] = Chain(WEB, listed(web))
    return found


def listed(rules: Sequence[tuple[Match, Any]]) -> list[Rule]:
    return [
        Rule(at, matched, verdict, f"rule {at}", handle=at) for at, (matched, verdict) in enumerate(rules, 1)
    ]


def dead(found: State) -> list[tuple[str, int, list[int]]]:
    return [
        (entry["ruleset"], entry["position"], [rule["position"] for rule in entry["by"]])
        for entry in unreachable(found)
        if entry["kind"] == "rule"
    ]


def test_a_rule_behind_a_wider_one() -> None:
    assert dead(state((match(src="10.0.0.0/8"), ACCEPT), (match(src="10.1.0.0/16"), DROP))) == [(KEY, 2, [1])]


def test_a_rule_behind_several_that_cover_it_together_only() -> None:
    halves = [(match(src="10.0.0.0/25"), ACCEPT), (match(src="10.0.0.128/25"), DROP)]
    assert dead(state(*halves, (match(src="10.0.0.0/24"), ACCEPT))) == [(KEY, 3, [1, 2])]
    assert dead(state(halves[0], (match(src="10.0.0.0/24"), ACCEPT))) == []


def test_what_can_not_be_decided_hides_nothing_for_certain() -> None:
    unknown = Unknown("owner", "-m owner is not modelled")
    assert dead(state((unknown, DROP), (ALWAYS, ACCEPT))) == []
    assert dead(state((both(match(src="10.0.0.0/8"), unknown), DROP), (match(src="10.1.0.0/16"), DROP))) == []
    # It may match or not: behind what matches all, nothing comes to it.
    assert dead(state((ALWAYS, DROP), (unknown, ACCEPT))) == [(KEY, 2, [1])]
    assert dead(state((ALWAYS, Verdict("unknown", "", "queue")), (ALWAYS, ACCEPT))) == []


def test_an_empty_match_and_an_empty_set() -> None:
    found = state((both(match(src="10.0.0.0/8"), match(src="10.0.0.0/8", proto="tcp")), ACCEPT))
    assert dead(found) == []
    found = state((both(match(proto="tcp"), match(proto="udp")), ACCEPT), (Member("none", ("src",)), ACCEPT))
    found.sets["none"] = NamedSet("none", ("address4",))
    assert [entry["reason"] for entry in unreachable(found)] == [
        "it matches nothing",
        "it matches nothing: none is empty",
    ]
    found.sets["none"].dynamic = True
    assert dead(found) == [(KEY, 1, [])]


@pytest.mark.parametrize("named", ["expiring", "timed"])
def test_what_a_set_holds_just_now_makes_no_rule_unreachable(named: str) -> None:
    """A program adds whom it has found, for an hour each."""
    found = state((match(src="10.0.0.0/8"), DROP), (Member("found", ("src",)), ACCEPT))
    found.sets["found"] = NamedSet("found", ("address4",), [((0x0A000005, 0x0A000005),)])
    assert dead(found) == [(KEY, 2, [1])]
    found.sets["found"] = replace(
        found.sets["found"], **({"timed": True} if named == "timed" else {"expiring": [0]})
    )
    assert dead(found) == []
    assert not found.sets["found"].dynamic, "the state itself is as it was"
    found.sets["found"] = NamedSet("found", ("address4",), timed=True)
    assert dead(found) == [], "nobody just now"
    found = state((ALWAYS, DROP), (Member("found", ("src",)), ACCEPT))
    found.sets["found"] = NamedSet("found", ("address4",), timed=True)
    assert dead(found) == [(KEY, 2, [1])], "nothing comes to it, whoever is in the set"


def test_chains_that_nothing_jumps_to_and_what_a_jump_sends() -> None:
    web = [(match(src="10.0.0.0/8"), ACCEPT), (match(src="192.168.0.0/16"), DROP)]
    found = state((ALWAYS, ACCEPT), web=web)
    assert unreachable(found) == [
        {"host": "fw1", "kind": "chain", "ruleset": WEB, "rules": 2, "reason": "no rule jumps to it"}
    ]
    jump = Verdict("jump", WEB)
    found = state((match(src="10.0.0.0/8"), jump), (match(src="10.1.0.0/16"), DROP), web=web)
    assert sorted(dead(found)) == [(KEY, 2, [1]), (WEB, 2, [1])]
    found = state((ALWAYS, DROP), (ALWAYS, jump), web=web)
    assert [(entry["kind"], entry["reason"]) for entry in unreachable(found)] == [
        ("rule", "earlier rules decide about all that it matches"),
        ("chain", "no packet comes to the rules that jump to it"),
    ]


def test_what_returns_from_a_chain_comes_to_the_next_rule() -> None:
    web = [(match(src="10.1.0.0/16"), RETURN), (ALWAYS, DROP)]
    jump = Verdict("jump", WEB)
    assert dead(state((ALWAYS, jump), (match(src="10.1.2.0/24"), ACCEPT), web=web)) == []
    assert dead(state((ALWAYS, jump), (match(src="10.2.0.0/16"), ACCEPT), web=web)) == [(KEY, 2, [1])]
    assert dead(state((ALWAYS, Verdict("goto", WEB)), (ALWAYS, ACCEPT), web=web)) == [(KEY, 2, [1])]


def test_an_earlier_chain_of_the_hook_that_drops() -> None:
    found = state((match(src="10.0.0.0/8"), DROP), default="permit")
    later = "inet/second/forward"
    found.rulesets[later] = ruleset(
        later,
        "forward",
        "permit",
        listed([(match(src="10.1.0.0/16"), ACCEPT), (match(src="11.0.0.0/8"), DROP)]),
        priority=10,
    )
    entries = unreachable(found)
    assert [(entry["ruleset"], entry["position"], entry["by"][0]["ruleset"]) for entry in entries] == [
        (later, 1, KEY)
    ]
    assert entries[0]["reason"] == "an earlier ruleset of its hook stops all that it matches"


def test_a_rule_that_was_not_understood_may_jump_anywhere() -> None:
    found = state((ALWAYS, Verdict("unknown", "", "vmap @later")), web=[(ALWAYS, DROP)])
    assert unreachable(found) == []


def test_taking_an_unreachable_rule_away_changes_nothing() -> None:
    taken = 0
    for seed in range(120):
        made = RandomState(Random(f"unreachable {seed}"), effects=False).state
        for entry in unreachable(made):
            if entry["kind"] != "rule":
                continue
            without = replace(made, rulesets=dict(made.rulesets), chains=dict(made.chains))
            lists = without.rulesets if entry["ruleset"] in without.rulesets else without.chains
            kept = [rule for rule in lists[entry["ruleset"]].rules if rule.position != entry["position"]]
            lists[entry["ruleset"]] = replace(lists[entry["ruleset"]], rules=kept)  # type: ignore[type-var]
            taken += 1
            assert firewall_difference(made, without) == [], f"seed {seed}: {entry}"
    assert taken > 100


def test_the_filter_says_what_is_wrong() -> None:
    found = state((ALWAYS, ACCEPT)).to_dict()
    assert unreachable_rules(found) == []
    for value, words in ((7, "a state is a mapping"), ("/nowhere/fw1.json", "can't be read"), ({}, "format")):
        with pytest.raises(AnsibleFilterError, match=words):
            unreachable_rules(value)
    with pytest.raises(AnsibleFilterError, match="there is no ruleset 'forwrd'"):
        unreachable_rules(found, "forwrd")
    with pytest.raises(AnsibleFilterError, match="could not be read"):
        unreachable_rules({**found, "firewall_known": False})


def test_rules_about_packets_that_are_no_flows_are_left_out() -> None:
    header = both(match(family="ipv6"), BEYOND)
    assert unreachable(state((header, DROP), (ALWAYS, ACCEPT))) == []
    sent = state((header, Verdict("jump", WEB)), web=[(ALWAYS, DROP)])
    assert unreachable(sent) == []
    assert unreachable(State.from_dict(sent.to_dict())) == []


def test_a_rule_that_lets_packets_go_that_are_no_flows_hides_nothing() -> None:
    assert dead(state((Not(BEYOND), ACCEPT), (ALWAYS, DROP))) == []
    found = state((Not(BEYOND), DROP), default="permit")
    later = ruleset("inet/later/forward", "forward", "permit", listed([(ALWAYS, DROP)]), priority=10)
    found.rulesets[later.key] = later
    assert dead(found) == []
