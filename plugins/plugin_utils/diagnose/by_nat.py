# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations that are the cause, where nothing is known of before: without them it would pass, by proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..analyse.journey import plain
from ..guard.detail import rule_text, where
from ..model.flowset import FlowSet
from ..model.rules import Rule
from ..model.state import State
from .case import Case
from .cause import CERTAIN, LIKELY, NAT, POSSIBLE, Cause
from .history import Judge

# Hosts beyond these are not looked at: it takes a proof for each, and for each rule.
MOST_HOSTS = 8
# Of a host; of the others it is not known whether they do it alone.
MOST_RULES = 8


def causes(case: Case, judge: Judge) -> list[Cause]:
    """One for each rule that translates flows which would pass as they are."""
    found: list[Cause] = []
    translating = [host for host, state in case.states.items() if _translations(state)]
    for host in translating[:MOST_HOSTS]:
        bare = {**case.states, host: _without(case.states[host])}
        if judge.regained(bare) is not False:
            found += _of_host(case, judge, host)
    return found


def _translations(state: State) -> list[tuple[str, Rule]]:
    return [
        (key, rule)
        for key, ruleset in state.rulesets.items()
        if ruleset.type == "nat"
        for rule in ruleset.rules
        if rule.effects
    ]


def _without(state: State) -> State:
    return replace(state, rulesets={key: item for key, item in state.rulesets.items() if item.type != "nat"})


def _without_rule(state: State, chain: str, rule: Rule) -> State:
    ruleset = state.rulesets[chain]
    kept = [one for one in ruleset.rules if one is not rule]
    return replace(state, rulesets={**state.rulesets, chain: replace(ruleset, rules=kept)})


def _of_host(case: Case, judge: Judge, host: str) -> Iterator[Cause]:
    firewall = judge.network.firewall(host)
    left = MOST_RULES
    for chain, rule in _translations(case.states[host]):
        matched = plain(firewall.matched(rule.match))
        hit = {
            name: flows
            for name in (path["name"] for path in case.paths)
            if (cut := judge.cut.get(name)) is not None and (flows := matched & cut)
        }
        if not hit:
            continue
        left -= 1
        alone = None
        if left >= 0:
            bare = {**case.states, host: _without_rule(case.states[host], chain, rule)}
            alone = judge.regained(bare) is not False
        told = {"text": rule.text, "handle": rule.handle, "line": rule.line, "position": rule.position}
        place = where(host, chain, told)
        without = "this rule" if alone else f"what {host} translates"
        yield Cause(
            layer=NAT,
            host=host,
            what=f"{place}: translates addresses, and what has the new ones is denied further on",
            confidence=CERTAIN if alone else LIKELY if alone is None else POSSIBLE,
            evidence=[f"proof: without {without}, it would pass ({_pairs(hit)} pairs)"],
            firewall=True,
            place=place,
            chain=chain,
            rule=told,
            now=rule_text(told),
            paths=list(hit),
            pairs=_pairs(hit),
        )


def _pairs(hit: dict[str, FlowSet]) -> int:
    return sum(flows.pairs() for flows in hit.values())
