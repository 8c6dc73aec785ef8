# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At which hook rules ask the routes: known for the rules of a base chain, not for chains that are jumped to."""

from __future__ import annotations

from dataclasses import replace

from ..model.match import All, Either, Fib, Match, Not
from ..model.rules import Rule, VerdictMap


def at_hook(rules: list[Rule], hook: str) -> list[Rule]:
    """The rules, their questions to the routes asked at ``hook``; empty: not known."""
    return [_rule_at(rule, hook) for rule in rules] if hook else rules


def _rule_at(rule: Rule, hook: str) -> Rule:
    verdict = rule.verdict
    if isinstance(verdict, VerdictMap):
        verdict = VerdictMap(tuple((_asked_at(case, hook), one) for case, one in verdict.cases))
    return replace(rule, match=_asked_at(rule.match, hook), verdict=verdict)


def _asked_at(match: Match, hook: str) -> Match:
    if isinstance(match, Fib):
        return replace(match, hook=hook)
    if isinstance(match, Not):
        return Not(_asked_at(match.match, hook))
    if isinstance(match, (All, Either)):
        return type(match)(tuple(_asked_at(part, hook) for part in match.matches))
    return match
