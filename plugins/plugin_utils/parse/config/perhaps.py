# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that may concern a packet: those of a place that it may have passed, and those behind other conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ...model.match import ALWAYS, Match
from ...model.rules import RETURN, Chain, Rule, Ruleset, Verdict
from .device import Device, ends_all


def perhaps(device: Device, name: str, where: str, why: str) -> Verdict:
    """The verdict of packets of which it is not known whether they pass the list ``name``: those that it permits go
    on, and what becomes of the others is not known. ``where``: the kind of place that they may have passed."""
    key = f"{name}, perhaps by a {where}"
    if key not in device.state.chains:
        ruleset = device.state.rulesets[name]
        if ruleset.default_action == "permit":
            end = Rule(len(ruleset.rules) + 1, ALWAYS, RETURN, f"permit at the end of {name}")
        else:
            end = _unknown(len(ruleset.rules) + 1, ALWAYS, f"deny at the end of {name}", why)
        rules = [*chosen(ruleset, _permitted, why), *([] if ends_all(ruleset.rules) else [end])]
        device.state.chains[key] = Chain(key, rules)
    return Verdict("jump", key)


def _permitted(rule: Rule) -> Verdict | None:
    return RETURN if isinstance(rule.verdict, Verdict) and rule.verdict.kind == "accept" else None


def chosen(ruleset: Ruleset, verdict: Callable[[Rule], Verdict | None], why: str) -> Iterable[Rule]:
    """The rules of a list with other verdicts; None is one that is not known, for the reason ``why``."""
    for position, rule in enumerate(ruleset.rules, start=1):
        given = verdict(rule)
        if given is None:
            yield _unknown(position, rule.match, rule.text, why, rule.line)
        else:
            yield replace(rule, position=position, verdict=given)


def _unknown(position: int, asked: Match, text: str, why: str, line: int | None = None) -> Rule:
    return Rule(position, asked, Verdict("unknown", detail=why), text, line=line, not_understood=(why,))
