# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLAN access maps of Cisco NX-OS: what they do with the packets of a VLAN.

Source: Cisco Nexus 7000 Series NX-OS Security Configuration Guide, "Configuring VLAN ACLs": an entry does its action
with what its lists permit. What becomes of packets that a list denies, or that no entry speaks of, depends on the
switch (on some, lists of access maps can't deny), so it is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...model.match import ALWAYS
from ...model.rules import DROP, RETURN, Chain, Rule, Verdict
from . import asks
from .blocks import Line
from .device import Device
from .entries import beneath, is_number
from .perhaps import chosen

_NEXT = "what the VLAN access map does with packets that its list denies is not known"
_OTHER = "what the VLAN access map does with other packets is not known"
_UNREAD = "the VLAN access map is not understood"
_ACTIONS = {"forward": RETURN, "drop": DROP}


@dataclass(slots=True)
class _Step:
    """``lists``: family and name. ``action``: None for one that is not modelled."""

    lists: list[tuple[str, str]] = field(default_factory=list)
    action: Verdict | None = None
    read: bool = True


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
            step.action = _ACTIONS.get(words[1]) if len(words) == 2 else None
        elif words[0] != "statistics":
            step.read = False

    def chain(self, device: Device, keys: dict[tuple[str, str], str]) -> Verdict:
        """What packets go through; those that are forwarded return. ``keys``: rulesets by family and name."""
        if self.text not in device.state.chains:
            device.state.chains[self.text] = Chain(self.text, self._rules(device, keys))
        return Verdict("jump", self.text)

    def _rules(self, device: Device, keys: dict[tuple[str, str], str]) -> list[Rule]:
        found: list[Rule] = []
        for _number, step in sorted(self.steps.items()):
            if not step.read or not step.lists or any(one not in keys for one in step.lists):
                found.append(_unknown(self.text, _UNREAD))
                break
            for family, name in step.lists:
                ruleset = device.state.rulesets[keys[family, name]]
                action = step.action

                def verdict(rule: Rule, action: Verdict | None = action) -> Verdict | None:
                    permits = isinstance(rule.verdict, Verdict) and rule.verdict.kind == "accept"
                    return action if permits else None

                found += chosen(ruleset, verdict, _NEXT, asks.IPV4 if family == "ip" else asks.IPV6)
        end = _unknown(f"the end of {self.text}", _OTHER)
        return [replace(rule, position=position) for position, rule in enumerate((*found, end), start=1)]


def _unknown(text: str, why: str) -> Rule:
    return Rule(1, ALWAYS, Verdict("unknown", detail=why), text, not_understood=(why,))
