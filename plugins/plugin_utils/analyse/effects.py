# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of a host may do to packets, all of them taken together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..model.rules import Effect, Rule, Ruleset
from ..model.state import State

_CONFIRMED = re.compile(r"\bct status\b.*\bconfirmed\b|--ctstatus \S*\bCONFIRMED\b")
_ENDS = ("src", "dst", "src_port", "dst_port")
# What kinds of chains at output write marks: those of type route, after which the kernel routes again, and others.
ROUTE_CHAINS, OTHER_CHAINS = "route", "others"
MAYBE_REROUTED = (
    "whether these packets are routed again depends on which of several chains changed their mark"
)


@dataclass(frozen=True, slots=True)
class Effects:
    """``writes_ends``: whether rules write addresses or ports into packets, which connection
    tracking neither knows nor undoes. ``asks_confirmed``: whether a rule may ask if a connection is confirmed, which
    its first packet is not and later ones are. ``zones``: whether rules choose the zone of connection tracking in which
    a packet's connection is looked for, so that answers may find none. ``output_marks``: which chains at output write
    marks. ``rules``: those that change packets."""

    writes_ends: bool
    uses_connection_marks: bool
    asks_confirmed: bool
    zones: bool
    output_marks: frozenset[str] = frozenset()
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
            zones="zone" in kinds,
            output_marks=frozenset(_output_marks(state)),
            rules=changing,
        )


def at_output(state: State) -> Iterator[tuple[Ruleset, Effect]]:
    """What chains at output may do to packets, those of their table that they may jump to included."""
    for ruleset in state.rulesets.values():
        if ruleset.hook != "output":
            continue
        table = ruleset.key.rpartition("/")[0] + "/"
        lists = [ruleset.rules]
        lists += [chain.rules for key, chain in state.chains.items() if key.startswith(table)]
        for rules in lists:
            for rule in rules:
                for effect in rule.effects:
                    yield ruleset, effect


def _output_marks(state: State) -> Iterator[str]:
    for ruleset, effect in at_output(state):
        if (effect.kind in ("set", "unknown") and "mark" in effect.field.split(",")) or effect == Effect(
            "unknown", detail=effect.detail
        ):
            yield ROUTE_CHAINS if ruleset.type == "route" else OTHER_CHAINS
