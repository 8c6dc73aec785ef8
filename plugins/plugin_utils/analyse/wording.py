# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules somebody wrote, and which of them are the same words.

The rules of a Linux host are all its own. Those of a device stand beside what the model adds: what a list does at its
end, open connections that pass, defaults; none of these has a place in the configuration. And one line of it may be
several rules: a translation there and back, a list behind other conditions.
"""

from __future__ import annotations

from collections.abc import Hashable

from ..model.rules import Rule, Verdict
from ..model.state import State


class Wording:
    """The words behind the rules of one state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._of_device = state.platform != "linux"
        # A chain of a device is a list, or several, as packets come to it; the list itself is a ruleset.
        self._listed = {
            (rule.line, rule.text)
            for item in state.rulesets.values()
            if self._of_device and not item.hook
            for rule in item.rules
        }

    def of(self, chain: str, rule: Rule) -> Hashable:
        """The same for all rules that are one in the host's own words; None for a rule of which it has none."""
        if not self._of_device:
            return chain, rule.position, rule.text
        words = (rule.line, rule.text)
        if rule.line is None or (chain in self._state.chains and words in self._listed):
            return None
        ruleset = self._state.rulesets.get(chain)
        if ruleset is not None and not ruleset.hook:
            return chain, *words
        # Beside lists, a verdict that is not known is our doubt about a line, not what it says.
        return None if isinstance(rule.verdict, Verdict) and rule.verdict.kind == "unknown" else words

    def is_own(self, chain: str) -> bool:
        """Whether somebody wrote a chain, or rules of it that stand nowhere else."""
        rules = self._state.chains[chain].rules
        return not self._of_device or any(self.of(chain, rule) is not None for rule in rules)
