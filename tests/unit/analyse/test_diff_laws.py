# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of ``firewall_diff`` on random rulesets: what changes no packet is no difference, both directions agree, and
the sets it tells are those whose verdicts changed."""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    ALWAYS,
    All,
    Either,
    Match,
    Member,
    Not,
    Unknown,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    REJECT,
    Chain,
    Rule,
    Verdict,
    VerdictMap,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from tests.support.states import match
from tests.unit.analyse.random_states import TABLE, RandomState

SEEDS = range(60)


def parts(one: Match) -> list[Match]:
    """A match and all that it is made of."""
    inner = one.matches if isinstance(one, (All, Either)) else (one.match,) if isinstance(one, Not) else ()
    return [one, *(part for item in inner for part in parts(item))]


def remembers(rule: Rule) -> bool:
    """Whether what packets the rule has seen before may decide about the next."""
    return any(isinstance(part, Unknown) and "limit" in part.key for part in parts(rule.match))


def of_its_own(rule: Rule) -> bool:
    """Whether what the rule does elsewhere is another unknown: a rate begins anew, and nobody knows how another
    program decides, or which mark is written."""
    unknown = getattr(rule.verdict, "kind", "") == "unknown" or any(one.value is None for one in rule.effects)
    return unknown or remembers(rule)


def chains(state: State) -> list[Any]:
    return [*state.rulesets.values(), *state.chains.values()]


def numbered(state: State) -> State:
    for chain in chains(state):
        chain.rules = [replace(rule, position=at) for at, rule in enumerate(chain.rules, 1)]
    return state


def other_handles_and_comments(state: State, draw: Random) -> None:
    for chain in chains(state):
        chain.rules = [
            replace(rule, handle=draw.randrange(1000), comment=f"no {at}", line=at)
            for at, rule in enumerate(chain.rules)
        ]


def counters(state: State, draw: Random) -> None:
    for chain in chains(state):
        chain.rules.insert(
            draw.randrange(len(chain.rules) + 1), Rule(0, ALWAYS, CONTINUE, "counter", handle=7)
        )


def alike_swapped(state: State, _draw: Random) -> None:
    """Neighbours that end alike change places, but where one counts what the other lets by."""
    for chain in chains(state):
        for at in range(len(chain.rules) - 1):
            one, other = chain.rules[at : at + 2]
            ends = one.verdict == other.verdict and one.verdict in (ACCEPT, DROP, REJECT)
            if ends and not (one.effects or other.effects or remembers(one) or remembers(other)):
                chain.rules[at : at + 2] = [other, one]


def a_set_renamed(state: State, _draw: Random) -> None:
    old = state.sets.pop("ports")
    state.sets["doors"] = NamedSet("doors", old.fields, old.elements)
    for chain in chains(state):
        chain.rules = [
            replace(rule, match=_renamed(rule.match), verdict=_renamed_in(rule.verdict))
            for rule in chain.rules
        ]


def _renamed(one: Match) -> Match:
    if isinstance(one, Member) and one.name == "ports":
        return replace(one, name="doors")
    if isinstance(one, (All, Either)):
        return replace(one, matches=tuple(map(_renamed, one.matches)))
    return Not(_renamed(one.match)) if isinstance(one, Not) else one


def _renamed_in(verdict: Any) -> Any:
    if isinstance(verdict, VerdictMap):
        return VerdictMap(tuple((_renamed(one), outcome) for one, outcome in verdict.cases))
    return verdict


def an_end_moved_to_a_chain(state: State, draw: Random) -> None:
    """The last rules of a base chain, as a chain that the last rule jumps to."""
    base = draw.choice(list(state.rulesets.values()))
    least = max((at for at, rule in enumerate(base.rules, 1) if of_its_own(rule)), default=0)
    at = draw.randrange(least, len(base.rules) + 1)
    key = f"{TABLE}/moved"
    state.chains[key] = Chain(key, base.rules[at:])
    base.rules[at:] = [Rule(0, ALWAYS, Verdict("jump", key), "jump moved", handle=999)]


SAME: list[Callable[[State, Random], None]] = [
    other_handles_and_comments,
    counters,
    alike_swapped,
    a_set_renamed,
    an_end_moved_to_a_chain,
]


@pytest.mark.parametrize("change", SAME, ids=lambda change: change.__name__)
def test_what_changes_no_packet_is_no_difference(change: Callable[[State, Random], None]) -> None:
    for seed in SEEDS:
        draw = Random(f"{seed} {change.__name__}")
        before = RandomState(draw).state
        after = copy.deepcopy(before)
        change(after, draw)
        numbered(after)
        assert firewall_difference(before, after) == [], f"seed {seed}"
        assert firewall_difference(after, before) == [], f"seed {seed}"


def test_a_prefix_split_into_its_halves_is_no_difference() -> None:
    for seed in SEEDS:
        draw = Random(f"split {seed}")
        before = RandomState(draw).state
        chain = draw.choice(chains(before))
        at, verdict = draw.randrange(len(chain.rules) + 1), draw.choice((ACCEPT, DROP, CONTINUE))
        after = copy.deepcopy(before)
        other = {**after.rulesets, **after.chains}[chain.key]
        chain.rules.insert(at, Rule(0, match(src="10.0.0.0/22"), verdict, "whole", handle=900))
        other.rules[at:at] = [
            Rule(0, match(src=half), verdict, half, handle=901 + index)
            for index, half in enumerate(("10.0.2.0/23", "10.0.0.0/23"))
        ]
        assert firewall_difference(numbered(before), numbered(after)) == [], f"seed {seed}"
        # The halves of another prefix are one.
        other.rules[at] = replace(other.rules[at], match=match(src="10.0.2.0/24"))
        found = firewall_difference(before, after)
        assert all(entry["rules"] for entry in found), f"seed {seed}"


def test_rules_about_different_flows_may_change_places() -> None:
    for seed in SEEDS:
        draw = Random(f"disjoint {seed}")
        before = RandomState(draw).state
        chain = draw.choice(chains(before))
        at = draw.randrange(len(chain.rules) + 1)
        pair = [
            Rule(0, match(src="10.0.1.0/25"), ACCEPT, "one", handle=900),
            Rule(0, match(src="10.0.1.128/25"), DROP, "two", handle=901),
        ]
        chain.rules[at:at] = pair
        after = copy.deepcopy(before)
        {**after.rulesets, **after.chains}[chain.key].rules[at : at + 2] = pair[::-1]
        assert firewall_difference(numbered(before), numbered(after)) == [], f"seed {seed}"


FLOWS: list[dict[str, Any]] = [
    {"src": src, "dst": dst, "protocol": "tcp", "src_port": 1500, "dst_port": port, "connection": state}
    for src in ("10.0.1.7", "10.0.1.200", "10.0.2.9", "192.0.2.1")
    for dst in ("10.0.1.7", "10.9.9.9")
    for port in (22, 80, 443, 5432)
    for state in ("new", "established")
]
MARKS = {"mark": 0, "ct_mark": 0}


def told(entry: dict[str, Any], kind: str, flow: dict[str, Any]) -> bool:
    """Whether one kind of an entry tells a flow, by its text alone."""
    where: Any = entry
    for key in kind.split("."):
        where = where[key]
    assert where["more"] == 0
    return any(all(_holds(key, values, flow) for key, values in piece.items()) for piece in where["flows"])


def _holds(key: str, values: list[str], flow: dict[str, Any]) -> bool:
    if key in ("src", "dst"):
        return any(ipaddress.ip_address(flow[key]) in ipaddress.ip_network(value) for value in values)
    if key in ("family", "connection"):
        return {"family": "ipv4", **flow}[key] in values
    number = 6 if key == "protocol" else {**MARKS, **flow}[key]
    bounds = [
        value.split("-")
        for value in (values if key != "protocol" else [v.replace("tcp", "6") for v in values])
    ]
    return any(int(bound[0], 0) <= number <= int(bound[-1], 0) for bound in bounds if bound[0][:1].isdigit())


# Verdicts before and after -> where such flows are told.
KINDS = {
    ("permit", "deny"): "lost",
    ("deny", "permit"): "gained",
    ("permit", "unknown"): "became_unknown.permit",
    ("deny", "unknown"): "became_unknown.deny",
    ("unknown", "permit"): "became_known.permit",
    ("unknown", "deny"): "became_known.deny",
}


def test_the_sets_are_those_whose_verdicts_changed() -> None:
    """Asked about single packets, beside the diff."""
    changed = 0
    for seed in SEEDS:
        made = RandomState(Random(f"verdicts {seed}"))
        before, after = made.state, made.mutated()
        found = {entry["connection"]: entry for entry in firewall_difference(before, after)}
        old, new = (
            [answer["verdict"] for answer in verdicts(side, [{**flow, **MARKS} for flow in FLOWS], "forward")]
            for side in (before, after)
        )
        for flow, was, now in zip(FLOWS, old, new):
            assert "mixed" not in (was, now)
            entry = found.get(flow["connection"])
            for pair, kind in KINDS.items():
                inside = entry is not None and told(entry, kind, flow)
                assert inside is (pair == (was, now)), f"seed {seed}: {flow} was {was}, is {now}, {kind}"
            changed += (was, now) in KINDS
    assert changed > 100


def test_both_directions_tell_the_same() -> None:
    for seed in SEEDS:
        made = RandomState(Random(f"directions {seed}"))
        before, after = made.state, made.mutated()
        there, back = firewall_difference(before, after), firewall_difference(after, before)
        assert [entry["connection"] for entry in there] == [entry["connection"] for entry in back]
        for one, other in zip(there, back):
            for kind in ("permit", "deny"):
                assert one["became_unknown"][kind] == other["became_known"][kind], f"seed {seed}"
                assert one["became_known"][kind] == other["became_unknown"][kind], f"seed {seed}"
            assert (one["gained"], one["lost"]) == (other["lost"], other["gained"]), f"seed {seed}"
            assert one["still_unknown"] == other["still_unknown"], f"seed {seed}"
