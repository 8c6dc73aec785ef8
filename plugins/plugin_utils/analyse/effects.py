# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of a host may do to packets, all of them taken together."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..model.rules import Effect
from ..model.state import State

_CONFIRMED = re.compile(r"\bct status\b.*\bconfirmed\b|--ctstatus \S*\bCONFIRMED\b")
_ENDS = ("src", "dst", "src_port", "dst_port")
_TRANSLATION = {"src": "snat", "dst": "dnat"}


@dataclass(frozen=True, slots=True)
class Effects:
    """``only_masquerades``, ``only_redirects``: whether a source, or a destination, that is not known after a
    translation comes of that. ``writes_ends``: whether rules write addresses or ports into packets, which connection
    tracking neither knows nor undoes. ``asks_confirmed``: whether a rule may ask if a connection is confirmed, which
    its first packet is not and later ones are."""

    only_masquerades: bool
    only_redirects: bool
    writes_ends: bool
    uses_connection_marks: bool
    asks_confirmed: bool

    @classmethod
    def of(cls, state: State) -> Effects:
        lists = [
            *(ruleset.rules for ruleset in state.rulesets.values()),
            *(chain.rules for chain in state.chains.values()),
        ]
        found = {effect for rules in lists for rule in rules for effect in rule.effects}
        kinds = {effect.kind for effect in found}
        return cls(
            only_masquerades="masquerade" in kinds and not any(_computes("src", effect) for effect in found),
            only_redirects="redirect" in kinds and not any(_computes("dst", effect) for effect in found),
            writes_ends=any(effect.kind == "set" and effect.field in _ENDS for effect in found),
            uses_connection_marks="unknown" in kinds or any(effect.field == "ct_mark" for effect in found),
            asks_confirmed=any(
                "confirmed" in rule.text.lower() and _CONFIRMED.search(rule.text)
                for rules in lists
                for rule in rules
            ),
        )


def _computes(end: str, effect: Effect) -> bool:
    """Whether an effect may give an address that is not known: a computed one, or one of several."""
    if effect.kind == "unknown":
        return end in (effect.field or end).split(",")
    if effect.kind == "set":
        return effect.field == end and effect.value is None
    several = effect.address is not None and effect.address[0] != effect.address[1]
    return effect.kind == _TRANSLATION[end] and several
