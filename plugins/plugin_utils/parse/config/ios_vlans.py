# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLAN maps of Catalyst switches: what becomes of packets that come to a VLAN, or leave by it.

Source: Cisco, Catalyst 3560 and 3750-X Software Configuration Guides, "Configuring VLAN Maps": a packet meets the
entries in the order of their numbers; what a list permits is a match, what it denies is none; an entry without a match
clause is for all packets, and one without an action forwards. Where the map matches packets of this type (IP or MAC),
those without a match are dropped, else forwarded. What it is to IPv6 packets that they are matched as IPv4 or MAC
only, and what an empty list matches, differs between platforms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...model.match import ALWAYS, Match
from ...model.rules import ACCEPT, DROP, RETURN, Chain, Rule, Verdict
from . import asks
from .blocks import Line
from .device import Device
from .entries import beneath, is_number
from .ios_interfaces import Settings
from .ios_ports import is_switched
from .perhaps import chosen

_FAMILIES: dict[str, tuple[str, Match]] = {"ip": ("ip", asks.IPV4), "ipv6": ("ip6", asks.IPV6)}
_ACTIONS = {"forward": ACCEPT, "drop": DROP}
_HOOKS = {"in": ("prerouting", -148), "out": ("postrouting", 148)}
_ALL = frozenset(range(1, 4095))
_UNREAD = "the VLAN map is not understood"
_EMPTY = "what a VLAN map does of which a list is empty, or not defined, differs between platforms"
_NEXT = "what a list of the VLAN map does with these packets is not known"
_OTHER_FAMILY = "what the VLAN map does with IPv6 packets differs between platforms"
_WHICH = "of which VLAN the packets by this port are is not told"
_ABSENT = "the VLAN map is not defined"
Keys = Mapping[tuple[str, str], str]


@dataclass
class _Entry:
    """``lists``: by the word of the family, and name. ``others``: whether it matches by MAC addresses."""

    lists: list[tuple[str, str]] = field(default_factory=list)
    others: bool = False
    action: Verdict = ACCEPT
    read: bool = True

    def line(self, words: list[str]) -> None:
        if words[0] == "match" and len(words) > 3 and words[1] in _FAMILIES and words[2] == "address":
            self.lists += [(words[1], name) for name in words[3:]]
        elif words[:3] == ["match", "mac", "address"] and len(words) > 3:
            self.others = True
        elif words[0] == "action" and words[2:] in ([], ["log"]) and words[-1] != "action":
            self.read = self.read and words[1] in _ACTIONS
            self.action = _ACTIONS.get(words[1], ACCEPT)
        elif words[0] != "description":
            self.read = False

    def verdict(self, rule: Rule) -> Verdict | None:
        kind = rule.verdict.kind if isinstance(rule.verdict, Verdict) else ""
        return self.action if kind == "accept" else RETURN if kind in ("drop", "reject") else None


class VlanMaps:
    """Collects maps and where they stand, and makes rules of them by ``bind``."""

    def __init__(self) -> None:
        self._maps: dict[str, dict[int, _Entry]] = {}
        self._filters: list[tuple[str, frozenset[int], Line]] = []

    def read(self, line: Line) -> bool:
        """Whether it is a line about VLAN maps."""
        words = line.words
        if words[:2] == ["vlan", "access-map"] and len(words) in (3, 4) and is_number(words[3:] or ["10"]):
            entries = self._maps.setdefault(words[2], {})
            number = int(words[3]) if words[3:] else max(entries, default=0) + 10
            entry = entries.setdefault(number, _Entry())
            for inner in beneath(line):
                entry.line(inner.words)
            return True
        if words[:2] == ["vlan", "filter"] and len(words) > 4 and words[3] == "vlan-list":
            vlans = _numbers("".join(words[4:]))
            self._filters.append((words[2], _ALL if vlans is None else vlans, line))
            return True
        return False

    def remove(self, words: list[str]) -> None:
        """``no vlan access-map NAME [NUMBER]``, ``no vlan filter NAME …``."""
        if words[:2] == ["vlan", "access-map"] and len(words) == 3:
            self._maps.pop(words[2], None)
        elif words[:2] == ["vlan", "access-map"] and is_number(words[3:]):
            self._maps.get(words[2], {}).pop(int(words[3]), None)
        elif words[:2] == ["vlan", "filter"] and len(words) > 2:
            gone = _numbers("".join(words[4:])) if words[3:4] == ["vlan-list"] else _ALL
            self._filters = [
                (name, vlans - (gone or frozenset()) if name == words[2] else vlans, line)
                for name, vlans, line in self._filters
            ]

    def bind(self, device: Device, interfaces: Sequence[Settings], keys: Keys) -> None:
        """``keys``: of the rulesets, by family and name of a list."""
        rules: dict[str, list[Rule]] = {direction: [] for direction in _HOOKS}
        carried = [(one.name, _carried_by(one)) for one in interfaces]
        for name, vlans, line in self._filters:
            if vlans and name not in self._maps:
                device.not_understood(f"line {line.number}", line.text, _ABSENT)
            for interface, its in carried if vlans else ():
                verdict = self._verdict(device, name, its, vlans, keys)
                if verdict is None:
                    continue
                why = (verdict.detail,) if verdict.detail else ()
                for direction, found in rules.items():
                    asked = device.packets(interface, direction, "inet")
                    found.append(
                        Rule(len(found) + 1, asked, verdict, line.text, line=line.number, not_understood=why)
                    )
        for direction, found in rules.items():
            if found:
                hook, priority = _HOOKS[direction]
                device.hook(f"vlans/{direction}", hook, priority, found, "permit")

    def _verdict(
        self, device: Device, name: str, its: frozenset[int] | None, vlans: frozenset[int], keys: Keys
    ) -> Verdict | None:
        """What packets of some VLANs go through; None where the filter is not for them."""
        if its is not None and its.isdisjoint(vlans):
            return None
        if its is None or not its <= vlans:
            return Verdict("unknown", detail=_WHICH)
        if name not in self._maps:
            return Verdict("unknown", detail=_ABSENT)
        key = f"vlan access-map {name}"
        if key not in device.state.chains:
            device.state.chains[key] = Chain(key, list(self._rules(device, name, keys)))
        return Verdict("jump", key)

    def _rules(self, device: Device, name: str, keys: Keys) -> Iterator[Rule]:
        entries = sorted(self._maps[name].items())
        position = 0
        for number, entry in entries:
            text = f"vlan access-map {name} {number}"
            if not entry.read or not (entry.lists or entry.others):
                verdict = entry.action if entry.read else Verdict("unknown", detail=_UNREAD)
                yield Rule(
                    position + 1, ALWAYS, verdict, text, not_understood=() if entry.read else (_UNREAD,)
                )
                return
            for word, called in entry.lists:
                position += 1
                family, asked = _FAMILIES[word]
                ruleset = device.state.rulesets.get(keys.get((family, called), ""))
                if ruleset is None or not ruleset.rules:
                    yield _unknown(position, asked, f"{text} {called}", _EMPTY)
                    continue
                key = f"{text} {ruleset.key}"
                device.state.chains[key] = Chain(key, list(chosen(ruleset, entry.verdict, _NEXT)))
                yield Rule(position, asked, Verdict("jump", key), key)
            if entry.others:
                position += 1
                yield _unknown(position, asks.IPV6, text, _OTHER_FAMILY)
        matched = {word for _number, entry in entries for word, _called in entry.lists}
        end = f"the end of vlan access-map {name}"
        yield Rule(position + 1, asks.IPV4, DROP if "ip" in matched else ACCEPT, end)
        if "ipv6" in matched:
            yield Rule(position + 2, asks.IPV6, DROP, end)
        elif matched:
            yield _unknown(position + 2, asks.IPV6, end, _OTHER_FAMILY)


def _carried_by(settings: Settings) -> frozenset[int] | None:
    """The VLANs that packets by an interface may be of; None where that is not told."""
    if is_switched(settings):
        return settings.vlans
    return _numbers(settings.name.removeprefix("Vlan")) or frozenset()


def _unknown(position: int, asked: Match, text: str, why: str) -> Rule:
    return Rule(position, asked, Verdict("unknown", detail=why), text, not_understood=(why,))


def _numbers(said: str) -> frozenset[int] | None:
    """``10-11,20`` or ``all``; None for what is neither."""
    if said == "all":
        return _ALL
    found: set[int] = set()
    for part in said.split(","):
        low, _dash, high = part.partition("-")
        if not is_number([low]) or not is_number([high or low]):
            return None
        found.update(range(int(low), min(int(high or low), max(_ALL)) + 1))
    return frozenset(found)
