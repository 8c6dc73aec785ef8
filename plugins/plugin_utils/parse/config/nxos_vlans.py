# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLAN access maps of Cisco NX-OS: what they do with the packets of a VLAN.

Source: Cisco Nexus 9000 Series NX-OS Security Configuration Guide, "VLAN Access Maps and Entries": the action is that
of the first entry with a list that permits the packet. What becomes of packets that no list permits is not said there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...model.match import ALWAYS, Match
from ...model.rules import ACCEPT, DROP, RETURN, Chain, Rule, Verdict
from . import asks
from .blocks import Line
from .device import Device
from .entries import beneath, is_number
from .perhaps import chosen

_NEXT = "what the list of a VLAN access map does with these packets is not known"
_OTHER = "what the VLAN access map does with packets that none of its lists permits is not known"
_UNREAD = "the VLAN access map is not understood"
_ACTIONS = {"forward": ACCEPT, "drop": DROP}


@dataclass(slots=True)
class _Step:
    """``lists``: family and name. ``action``: None for one that is not modelled."""

    lists: list[tuple[str, str]] = field(default_factory=list)
    action: Verdict | None = None
    read: bool = True

    def verdict(self, rule: Rule) -> Verdict | None:
        """What it does with packets that an entry of a list is for: what is denied goes on to the next list."""
        kind = rule.verdict.kind if isinstance(rule.verdict, Verdict) else ""
        return self.action if kind == "accept" else RETURN if kind in ("drop", "reject") else None


@dataclass(slots=True)
class AccessMap:
    """Its steps by number."""

    name: str
    steps: dict[int, _Step] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return f"vlan access-map {self.name}"

    def add(self, block: Line) -> None:
        """``vlan access-map NAME [NUMBER]`` and what is under it."""
        words = block.words[3:]
        number = int(words[0]) if is_number(words) else max(self.steps, default=0) + 10
        step = self.steps.setdefault(number, _Step())
        for line in beneath(block):
            self._line(step, line.words)

    @staticmethod
    def _line(step: _Step, words: list[str]) -> None:
        family = {"ip": "ip", "ipv6": "ip6"}.get(words[1] if len(words) == 4 else "", "")
        if words[0] == "match" and family and words[2] == "address":
            step.lists.append((family, words[3]))
        elif words[:3] == ["match", "mac", "address"] and len(words) == 4:
            pass  # sees no IP packets
        elif words[0] == "action":
            step.action = _ACTIONS.get(words[1]) if words[2:] in ([], ["log"]) and words[1:] else None
        elif words[0] != "statistics":
            step.read = False

    def chain(self, device: Device, keys: dict[tuple[str, str], str]) -> Verdict:
        """What packets go through; those that are forwarded pass. ``keys``: rulesets by family and name."""
        if self.text not in device.state.chains:
            device.state.chains[self.text] = Chain(self.text, self._rules(device, keys))
        return Verdict("jump", self.text)

    def _rules(self, device: Device, keys: dict[tuple[str, str], str]) -> list[Rule]:
        found: list[Rule] = []
        for number, step in sorted(self.steps.items()):
            rulesets = [device.state.rulesets[keys[one]] for one in step.lists if one in keys]
            whole = len(rulesets) == len(step.lists) and all(ruleset.rules for ruleset in rulesets)
            if not step.read or not rulesets or not whole:
                found.append(_unknown(len(found) + 1, self.text, _UNREAD))
                break
            for ruleset in rulesets:
                key = f"{self.text} {number} {ruleset.key}"
                device.state.chains[key] = Chain(key, list(chosen(ruleset, step.verdict, _NEXT)))
                family: Match = asks.IPV4 if ruleset.family == "ip" else asks.IPV6
                found.append(Rule(len(found) + 1, family, Verdict("jump", key), key))
        return [*found, _unknown(len(found) + 1, f"the end of {self.text}", _OTHER)]


def _unknown(position: int, text: str, why: str) -> Rule:
    return Rule(position, ALWAYS, Verdict("unknown", detail=why), text, not_understood=(why,))
