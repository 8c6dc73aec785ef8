# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rule that is gone stood among those that there are now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..analyse.rulechanges import settled
from ..analyse.undo import Change
from ..model.rules import Rule
from ..model.state import State


def rules_of(key: str, state: State) -> Sequence[Rule]:
    found = state.rulesets.get(key) or state.chains.get(key)
    return found.rules if found is not None else ()


def follower(change: Change, old: Rule, before: State, now: State) -> Rule | None:
    """The first rule of now that stood behind the one that is gone; None where none did."""
    rules = rules_of(change.key, before)
    behind = {settled(rule.text) for rule in rules if rule.position > old.position}
    ahead = Counter(settled(rule.text) for rule in rules if rule.position < old.position)
    moved = {rule.position for rule in change.after}
    for rule in rules_of(change.key, now):
        words = settled(rule.text)
        if rule.position in moved:
            continue
        if ahead[words]:  # it says the same as one behind, and stood before
            ahead[words] -= 1
        elif words in behind:
            return rule
    return None
