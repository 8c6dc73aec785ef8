# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zone-based policy firewall of Cisco IOS and IOS-XE.

Source: Cisco IOS Security Configuration Guide: Zone-Based Policy Firewall ("Security Zones", "Zone Pairs", "Inspect,
Pass and Drop actions", "Default zone"): between interfaces of one zone packets pass, unless there is a pair of the
zone with itself; between two zones, those pass that the policy of their pair lets pass; between a zone and an
interface in none, no packets do; what no class of a policy takes is dropped. ``inspect`` lets in what answers a
connection, ``pass`` does not. The zone ``self`` is the device: for it, all is as without zones until there is a pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ...model.fields import PROTOCOLS
from ...model.match import ALWAYS, Match, Named, Not, Unknown, both, protocol
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from . import asks, ios_sets
from .blocks import Line
from .device import Device
from .ios_binding import placed
from .ios_classes import Classes

SELF = "self"
_ESTABLISHED = Named("connection", ("established",))
_RELATED = Named("connection", ("related",))
_MESSAGES = protocol(PROTOCOLS["icmp"], PROTOCOLS["icmpv6"])
# What may be done besides, and changes nothing about which packets pass.
_BESIDE = ("description", "log")


@dataclass(frozen=True)
class _Step:
    """One class of a policy: what is of it, and what is done with it."""

    asked: Match
    action: str
    text: str
    line: int
    why: str = ""


@dataclass
class ZonePolicies:
    """What a configuration says about zones."""

    classes: Classes
    zones: dict[str, None] = field(default_factory=dict)
    _policies: dict[str, list[Line]] = field(default_factory=dict)
    _pairs: dict[tuple[str, str], list[Line]] = field(default_factory=dict)

    def read(self, line: Line) -> bool:
        """Whether the line is about zones."""
        words = line.words
        if words[:2] == ["zone", "security"] and len(words) == 3:
            self.zones[words[2]] = None
        elif words[:3] == ["policy-map", "type", "inspect"] and len(words) == 4:
            self._policies.setdefault(words[3], []).extend(line.children)
        elif (
            words[:2] == ["zone-pair", "security"] and "source" in words[:-1] and "destination" in words[:-1]
        ):
            ends = words[words.index("source") + 1], words[words.index("destination") + 1]
            self._pairs.setdefault(ends, []).extend(line.children)
        elif words[:3] == ["class-map", "type", "inspect"] and len(words) > 3:
            self.classes.read(line)
        else:
            return False
        return True

    def apply(self, device: Device) -> list[Rule]:
        """Makes the rulesets of the hooks forward and output. What it gives stands before what the device lets in to
        itself."""
        named = {interface.zone for interface in device.state.interfaces.values() if interface.zone}
        if "default" in self.zones:  # those without a zone are in this one
            for interface in device.state.interfaces.values():
                interface.zone = interface.zone or "default"
        zones = tuple(dict.fromkeys([*self.zones, *sorted(named)]))
        if not zones:
            return []
        device.hook("zone-pairs", "forward", 0, placed(self._between(zones)), "permit")
        from_self = [
            rule
            for (source, _to), _lines in self._pairs.items()
            if source == SELF
            for rule in self._pair(SELF, _to)
        ]
        if from_self:
            device.hook("zone-pairs of the device itself", "output", 0, placed(from_self), "permit")
        return self._to_self()

    def _between(self, zones: tuple[str, ...]) -> Iterator[Rule]:
        both_ways = [way for source, target in self._pairs for way in ((source, target), (target, source))]
        for source, target in dict.fromkeys(both_ways):
            if SELF not in (source, target):
                yield from self._pair(source, target)
        for zone in zones:
            if (zone, zone) not in self._pairs:
                yield Rule(0, _ends(zone, zone), ACCEPT, f"within zone {zone}")
        for side, other in (("in_zone", "out_zone"), ("out_zone", "in_zone")):
            asked = both(Named(side, zones), Not(Named(other, zones)))
            yield Rule(0, asked, DROP, "between a zone and an interface in none")
        yield Rule(0, Named("in_zone", zones), DROP, "between zones without a zone-pair")

    def _to_self(self) -> list[Rule]:
        """Drops of pairs with the device itself as their end; what these let pass may be refused by the device."""
        found: list[Rule] = []
        why = "what the device lets in to itself is not modelled"
        for source, target in self._pairs:
            if target == SELF:
                for rule in self._pair(source, SELF):
                    verdict = rule.verdict if rule.verdict == DROP else Verdict("unknown", detail=why)
                    found.append(replace(rule, verdict=verdict))
        return found

    def _pair(self, source: str, target: str) -> Iterator[Rule]:
        """The rules for packets from ``source`` to ``target``. If they have no zone pair, only answers pass."""
        ends = _ends(source, target)
        back, on = (self._steps(*pair) for pair in ((target, source), (source, target)))
        for step in _inspected(back):
            text = f"answers to what {step.text!r} from {target} to {source} lets pass"
            yield Rule(
                0, both(ends, _ESTABLISHED, ios_sets.answers(step.asked)), ACCEPT, text, line=step.line
            )
        if any(True for _step in _inspected([*back, *on])):
            why = "whether a message about an inspected connection passes is not modelled"
            related = both(ends, _RELATED, _MESSAGES, Unknown(f"related {source} {target}", why))
            yield Rule(0, related, ACCEPT, why, not_understood=(why,))
        for step in on:
            verdict = {"inspect": ACCEPT, "pass": ACCEPT, "drop": DROP}.get(step.action)
            yield Rule(
                0,
                both(ends, step.asked),
                verdict or Verdict("unknown", detail=step.why),
                step.text,
                line=step.line,
                not_understood=(step.why,) if verdict is None else (),
            )
        if (source, target) in self._pairs:
            yield Rule(0, ends, DROP, f"class-default of zone-pair {source} to {target}: drop")

    def _steps(self, source: str, target: str) -> list[_Step]:
        """The classes in order. A pair without a policy has none, and drops all."""
        found: list[_Step] = []
        for line in self._pairs.get((source, target), ()):
            if line.words[0] == "description":
                continue
            name = line.words[-1]
            if line.words[:3] != ["service-policy", "type", "inspect"] or name not in self._policies:
                why = f"the policy {name} is not defined" if name not in self._policies else "is not modelled"
                found.append(_Step(ALWAYS, "", line.text, line.number, why))
                continue
            found += [self._step(inner) for inner in self._policies[name] if inner.words[0] != "description"]
        return found

    def _step(self, line: Line) -> _Step:
        words = line.words
        asked: Match
        if words == ["class", "class-default"]:
            asked = ALWAYS
        elif words[:3] == ["class", "type", "inspect"] and len(words) == 4:
            asked = self.classes.match(words[3])
        else:
            return _Step(
                Unknown(line.text, "is not modelled"),
                "",
                line.text,
                line.number,
                f"{line.text!r} is not modelled",
            )
        done = [inner for inner in line.children if inner.words[0] not in _BESIDE]
        actions = [inner for inner in done if inner.words[0] in ("inspect", "pass", "drop")]
        others = [inner for inner in done if inner not in actions]
        if not done and words[1] == "class-default":
            return _Step(asked, "drop", line.text, line.number)
        if len(actions) != 1 or others:
            said = "; ".join(inner.text for inner in done) or "no action"
            return _Step(
                asked, "", line.text, line.number, f"{line.text}: {said}: what this does is not modelled"
            )
        text = f"{line.text}: {actions[0].text}"
        return _Step(asked, actions[0].words[0], text, actions[0].number)


def _ends(source: str, target: str) -> Match:
    return both(
        Named("in_zone", (source,)) if source != SELF else ALWAYS,
        Named("out_zone", (target,)) if target != SELF else ALWAYS,
    )


def _inspected(steps: list[_Step]) -> Iterator[_Step]:
    """What each class inspects, without what an earlier one takes."""
    before: list[Match] = []
    for step in steps:
        if step.action == "inspect":
            others = (Not(asks.either(before)),) if before else ()
            yield replace(step, asked=both(step.asked, *others))
        before.append(step.asked)
