# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between two states' rules."""

from __future__ import annotations

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.rulediff import (
    MOST_MEMBERS,
    rule_diff,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, DROP, Chain, Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from tests.support.states import ruleset

KEY = "inet/filter/forward"


def state(*texts: str, default: str = "deny", handles: bool = True, **sets: list[int]) -> State:
    found = State("fw1")
    rules = [
        Rule(index, ALWAYS, ACCEPT, words, handle=100 + hash(words) % 1000 if handles else None)
        for index, words in enumerate(texts, 1)
    ]
    found.rulesets[KEY] = ruleset(KEY, "forward", default, rules)
    for name, values in sets.items():
        found.sets[name] = NamedSet(name, ("port",), [((value, value),) for value in values])
    return found


def changes(old: State, new: State) -> list[tuple[str, str | None, str | None]]:
    def words(value: object) -> str | None:
        return value["text"] if isinstance(value, dict) else value  # type: ignore[return-value]

    return [
        (entry["change"], words(entry.get("before")), words(entry.get("after")))
        for entry in rule_diff(old, new)
    ]


def test_nothing_changed() -> None:
    assert rule_diff(state("a", "b", p=[1]), state("a", "b", p=[1])) == []


def test_counters_are_no_change() -> None:
    before = state("tcp dport 5432 counter packets 0 bytes 0 accept", "[0:0] -A INPUT -j DROP", handles=False)
    after = state(
        "tcp dport 5432 counter packets 12 bytes 960 accept", "[7:512] -A INPUT -j DROP", handles=False
    )
    assert rule_diff(before, after) == []
    assert (
        changes(before, state("tcp dport 5433 counter packets 0 bytes 0 accept", "[7:512] -A INPUT -j DROP"))[
            0
        ][0]
        == "changed"
    )


def test_added_removed_and_moved() -> None:
    assert changes(state("a", "b"), state("a", "new rule entirely", "b")) == [
        ("added", None, "new rule entirely")
    ]
    assert changes(state("a", "old rule entirely", "b"), state("a", "b")) == [
        ("removed", "old rule entirely", None)
    ]
    assert [kind for kind, _old, _new in changes(state("a", "b", "c"), state("b", "a", "c"))] == ["moved"]


def test_a_changed_rule_is_paired_with_what_it_became() -> None:
    old, new = "ip saddr 10.10.1.0/24 tcp dport 5432 accept", "ip saddr 10.10.1.0/26 tcp dport 5432 accept"
    for handles in (True, False):
        assert changes(state("x", old, "y", handles=handles), state("x", new, "y", handles=handles)) == [
            ("changed", old, new)
        ]


def test_a_handle_pairs_rules_that_look_different() -> None:
    before, after = state("x"), state("completely other words")
    before.rulesets[KEY].rules = [Rule(1, ALWAYS, ACCEPT, "x", handle=7)]
    after.rulesets[KEY].rules = [Rule(1, ALWAYS, DROP, "completely other words", handle=7)]
    assert changes(before, after) == [("changed", "x", "completely other words")]


def test_default_action_chains_and_sets() -> None:
    assert changes(state("a"), state("a", default="permit")) == [("default_action", "deny", "permit")]
    before, after = state("a"), state("a")
    after.chains["inet/filter/web"] = Chain("inet/filter/web", [Rule(1, ALWAYS, ACCEPT, "one")])
    assert changes(before, after) == [("created", None, "chain"), ("added", None, "one")]
    assert rule_diff(state("a", p=[1, 2]), state("a", p=[2, 3])) == [
        {"set": "p", "change": "members", "removed": ["1"], "added": ["3"], "more": 0}
    ]
    assert rule_diff(state("a", p=list(range(100))), state("a", p=[]))[0]["more"] == 100 - MOST_MEMBERS


def test_a_long_list_with_one_change_is_found_at_once() -> None:
    words = [f"rule number {index}" for index in range(20_000)]
    other = [*words[:9_000], "rule number 9000 as it is now", *words[9_001:]]
    assert changes(state(*words, handles=False), state(*other, handles=False)) == [
        ("changed", "rule number 9000", "rule number 9000 as it is now")
    ]
