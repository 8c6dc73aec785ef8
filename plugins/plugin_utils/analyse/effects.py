# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of a host may do to packets, all of them taken together."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..model.rules import Rule
from ..model.state import State

_CONFIRMED = re.compile(r"\bct status\b.*\bconfirmed\b|--ctstatus \S*\bCONFIRMED\b")
_ENDS = ("src", "dst", "src_port", "dst_port")


@dataclass(frozen=True, slots=True)
class Effects:
    """``writes_ends``: whether rules write addresses or ports into packets, which connection
    tracking neither knows nor undoes. ``asks_confirmed``: whether a rule may ask if a connection is confirmed, which
    its first packet is not and later ones are. ``rules``: those that change packets."""

    writes_ends: bool
    uses_connection_marks: bool
    asks_confirmed: bool
    rules: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, state: State) -> Effects:
        lists = [
            *(ruleset.rules for ruleset in state.rulesets.values()),
            *(chain.rules for chain in state.chains.values()),
        ]
        changing = tuple(rule for rules in lists for rule in rules if rule.effects)
        found = {effect for rule in changing for effect in rule.effects}
        kinds = {effect.kind for effect in found}
        return cls(
            writes_ends=any(effect.kind == "set" and effect.field in _ENDS for effect in found),
            uses_connection_marks="unknown" in kinds or any(effect.field == "ct_mark" for effect in found),
            asks_confirmed=any(
                "confirmed" in rule.text.lower() and _CONFIRMED.search(rule.text)
                for rules in lists
                for rule in rules
            ),
            rules=changing,
        )
