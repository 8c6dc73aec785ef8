# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a configuration of VyOS that nobody reads and that look like rules: what they take away from certainty.

VyOS prints no such lines; a garbled text has them. They may belong to a rule set that they name, or to any hook.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from ...model.match import ALWAYS
from ...model.rules import Rule, Ruleset, Verdict
from ...model.state import State

_OF_RULES = frozenset(
    (
        "action",
        "default-action",
        "destination",
        "filter",
        "firewall",
        "from",
        "group",
        "icmp",
        "nat",
        "nat66",
        "protocol",
        "rule",
        "source",
        "state",
        "state-policy",
        "zone-policy",
    )
)
# Before everything else that a packet comes to.
_HOOKS = ("prerouting", "output")
_FIRST = -1000


def cast(state: State, where: str, words: AbstractSet[str]) -> None:
    """``words``: of what was not understood at ``where``."""
    if words.isdisjoint(_OF_RULES):
        return
    why = f"{where}: rules that are not understood"
    rule = Rule(1, ALWAYS, Verdict("unknown", detail=why), why, not_understood=(why,))
    for hook in _HOOKS:
        key = f"not understood, {hook}"
        state.rulesets[key] = Ruleset(key, state.platform, "inet", hook, _FIRST, "permit", rules=[rule])
    for ruleset in state.rulesets.values():
        if not ruleset.hook and words & {ruleset.key, *ruleset.key.split()[-1:]}:
            moved = [replace(one, position=one.position + 1) for one in ruleset.rules]
            ruleset.rules[:] = [rule, *moved]
