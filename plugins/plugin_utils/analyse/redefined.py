# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions that name something which is another thing on the other side: a time range, a schedule, an FQDN's object.

What can't be decided is told apart by its words (``Unknown.key``). Where these name an object of a device whose lines
differ between two states, the same words are another condition on the second.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..model.match import All, Either, Match, Not, Unknown
from ..model.rules import Rule
from ..model.state import NamedSet, State

_OTHER = " (another definition)"


def redefined(before: State, after: State) -> State:
    """``after``, with conditions that name what is defined otherwise there apart from those of ``before``."""
    names = _changed(before.sets, after.sets)
    if not names or before is after:
        return after
    # A name as a word of its own: names hold letters, digits and these signs.
    listed = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w.-])(?:{listed})(?![\w.-])")
    rulesets = {
        key: replace(item, rules=[_rule(rule, pattern) for rule in item.rules])
        for key, item in after.rulesets.items()
    }
    chains = {
        key: replace(item, rules=[_rule(rule, pattern) for rule in item.rules])
        for key, item in after.chains.items()
    }
    return replace(after, rulesets=rulesets, chains=chains)


def _changed(before: Mapping[str, NamedSet], after: Mapping[str, NamedSet]) -> set[str]:
    """Names of objects whose lines differ, that are on one side alone, or that name such an object."""
    keys = [
        key
        for key in dict.fromkeys((*before, *after))
        if any(side[key].called for side in (before, after) if key in side)
    ]
    changed = {key for key in keys if _lines(before, key) != _lines(after, key)}
    names = {_called(before, after, key) for key in changed}
    grown = bool(names)
    while grown:
        more = {
            key
            for key in keys
            if key not in changed
            and any(word in names for line in _lines(after, key) for word in re.split(r'[\s",\[\]]+', line))
        }
        changed |= more
        grown = bool(more)
        names |= {_called(before, after, key) for key in more}
    return names


def _lines(sets: Mapping[str, NamedSet], key: str) -> list[str]:
    return [str(part) for element in sets[key].elements for part in element] if key in sets else []


def _called(before: Mapping[str, NamedSet], after: Mapping[str, NamedSet], key: str) -> str:
    return (after[key] if key in after else before[key]).called


def _rule(rule: Rule, pattern: re.Pattern[str]) -> Rule:
    match = _apart(rule.match, pattern)
    return rule if match is rule.match else replace(rule, match=match)


def _apart(match: Match, pattern: re.Pattern[str]) -> Match:
    """The very same object where nothing in it is another condition."""
    if isinstance(match, Unknown):
        return replace(match, key=match.key + _OTHER) if pattern.search(match.key) else match
    if isinstance(match, Not):
        inner = _apart(match.match, pattern)
        return match if inner is match.match else Not(inner)
    if isinstance(match, (All, Either)):
        parts = tuple(_apart(part, pattern) for part in match.matches)
        return (
            match
            if all(new is old for new, old in zip(parts, match.matches))
            else replace(match, matches=parts)
        )
    return match
