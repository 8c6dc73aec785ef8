# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One packet through the rules, one rule at a time: the plain reading that sets must agree with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    All,
    Always,
    Either,
    In,
    Masked,
    Match,
    Member,
    Named,
    Not,
    Unknown,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Rule, VerdictMap
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State

Packet = Mapping[str, Any]
_NAMES = ("family", "connection", "in_interface", "out_interface")


@dataclass
class Simulator:
    """``truths``: what each unknown condition is taken to be, by its key."""

    state: State
    truths: Mapping[str, bool]

    def hook(self, hook: str, packet: Packet) -> str:
        changed = dict(packet)
        for ruleset in sorted(
            (ruleset for ruleset in self.state.rulesets.values() if ruleset.hook == hook),
            key=lambda ruleset: ruleset.priority,
        ):
            if ruleset.family == "ip" and packet["family"] != "ipv4":
                continue
            verdict = self._chain(ruleset.rules, changed)
            if verdict == "return":
                verdict = "accept" if ruleset.default_action == "permit" else "drop"
            if verdict != "accept":
                return "deny"
        return "permit"

    def _chain(self, rules: list[Rule], packet: dict[str, Any]) -> str:
        for rule in rules:
            if not self.matches(rule.match, packet):
                continue
            for effect in rule.effects:
                packet[effect.field] = effect.value
            verdicts = (
                [verdict for match, verdict in rule.verdict.cases if self.matches(match, packet)]
                if isinstance(rule.verdict, VerdictMap)
                else [rule.verdict]
            )
            for verdict in verdicts[:1]:
                if verdict.kind in ("accept", "drop", "return"):
                    return verdict.kind
                if verdict.kind == "reject":
                    return "drop"
                if verdict.kind in ("jump", "goto"):
                    found = self._chain(self.state.chains[verdict.chain].rules, packet)
                    if found != "return" or verdict.kind == "goto":
                        return found
        return "return"

    def matches(self, match: Match, packet: Packet) -> bool:
        if isinstance(match, Always):
            return True
        if isinstance(match, All):
            return all(self.matches(part, packet) for part in match.matches)
        if isinstance(match, Either):
            return any(self.matches(part, packet) for part in match.matches)
        if isinstance(match, Not):
            return not self.matches(match.match, packet)
        if isinstance(match, Unknown):
            return self.truths[match.key]
        if isinstance(match, Named):
            value = packet[match.field]
            return any(value.startswith(n[:-1]) if n.endswith("*") else value == n for n in match.names)
        if isinstance(match, Member):
            elements = self.state.sets[match.name].elements
            return any(
                all(part[0] <= packet[field] <= part[1] for field, part in zip(match.fields, element))
                for element in elements
            )
        if match.family and packet["family"] != {4: "ipv4", 6: "ipv6"}[match.family]:
            return False
        value = packet[match.field]
        if isinstance(match, Masked):
            return bool(value & match.mask == match.value)
        assert isinstance(match, In)
        return any(low <= value <= high for low, high in match.ranges)


def as_flow(packet: Packet) -> dict[str, tuple[Any, ...]]:
    """The packet's fields that are names, and those that are numbers."""
    return {
        "names": tuple((field, packet[field]) for field in _NAMES),
        "numbers": tuple((field, value) for field, value in packet.items() if field not in _NAMES),
    }
