# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS and IOS-XE: access lists and where they are bound.

Sources: Cisco IOS Security Command Reference ("access-list (IP extended)", "access-list (IP standard)", "ip
access-list", "ipv6 access-list", "permit (IP)", "permit (IPv6)", "ip access-group", "ipv6 traffic-filter").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..model.match import ALWAYS, Match, both
from ..model.raw import RawOutput
from ..model.rules import Rule
from ..model.state import State
from . import outputs as raw
from .config import asks, cisco_rule
from .config.blocks import Line, tree
from .config.device import Device, unknown_rule
from .config.words import NotUnderstoodError, Words

_STANDARD = (range(1, 100), range(1300, 2000))
_STEP = 10


def _address4(words: Words, end: str) -> Match:
    """``any``, ``host A``, or ``A WILDCARD``."""
    if words.take("any"):
        return ALWAYS
    if words.take("host"):
        return words.value("address", lambda word: asks.network(end, word))
    first, free = words.next("an address"), words.next("a wildcard mask")
    try:
        return asks.wildcard(end, first, free)
    except ValueError:
        raise NotUnderstoodError(f"'{first} {free}' is no address with a wildcard mask") from None


def _address6(words: Words, end: str) -> Match:
    """``any``, ``host A``, or a prefix."""
    if words.take("any"):
        return ALWAYS
    words.take("host")
    return words.value("address", lambda word: asks.network(end, word))


def _reflect(words: Words, _entry: cisco_rule.Entry) -> Match:
    words.next("the name of a reflexive list")  # what answers is let in elsewhere, by evaluate
    if words.take("timeout"):
        words.next("a number of seconds")
    return ALWAYS


DIALECT4 = cisco_rule.Dialect(4, _address4, options={"reflect": _reflect}, actions=cisco_rule.ANSWERING)
DIALECT6 = cisco_rule.Dialect(
    6, _address6, ("ipv6",), options={"reflect": _reflect}, actions=cisco_rule.ANSWERING
)


@dataclass
class _List:
    """Entries by sequence number; each is (text, words, line)."""

    family: str
    standard: bool = False
    entries: dict[int, tuple[str, list[str], int]] = field(default_factory=dict)

    def add(self, words: list[str], text: str, line: int, sequence: int | None = None) -> None:
        if sequence is None:
            sequence = max(self.entries, default=0) + _STEP
        self.entries[sequence] = (text, words, line)

    def rules(self) -> Iterator[Rule]:
        position = 0
        for sequence in sorted(self.entries):
            text, words, _line = self.entries[sequence]
            if words[:1] == ["remark"]:
                continue
            position += 1
            if self.standard:
                yield _standard(Words(words), position, text, sequence)
            else:
                dialect = DIALECT6 if self.family == "ip6" else DIALECT4
                yield cisco_rule.rule(dialect, Words(words), position, text, sequence)


def _standard(words: Words, position: int, text: str, line: int) -> Rule:
    """``permit|deny SOURCE``; an address without a mask is a host."""
    try:
        action = words.value("action", lambda word: DIALECT4.actions[word])
        if words.peek() in ("any", "host") or words.peek(1)[:1].isdigit():
            asked = _address4(words, "src")
        else:
            asked = words.value("address", lambda word: asks.network("src", word))
        while words.take("log"):
            pass
        words.end()
    except NotUnderstoodError as error:
        return unknown_rule(position, text, str(error), line)
    return Rule(position, both(asked), action, text, line=line)


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, "cisco_ios")
    why = raw.problem(outputs, "running_config")
    if why:
        device.state.unreadable.append({"what": "running_config", "reason": why})
        device.state.firewall_known = False
        return device.finish()
    config = tree(raw.text(outputs, "running_config"))
    for name, found in _lists(config).items():
        device.access_list(name, found.family, found.rules())
    for line in config:
        if line.words[0] == "interface":
            _interface(device, line)
    return device.finish()


def _lists(config: list[Line]) -> dict[str, _List]:
    found: dict[str, _List] = {}
    for line in config:
        words = line.words
        if words[0] == "access-list" and len(words) > 2 and words[1].isdecimal():
            number = int(words[1])
            standard = any(number in numbers for numbers in _STANDARD)
            found.setdefault(words[1], _List("ip", standard)).add(words[2:], line.text, line.number)
        elif words[:2] == ["ip", "access-list"] and len(words) == 4:
            one = found.setdefault(words[3], _List("ip", words[2] == "standard"))
            _entries(one, line)
        elif words[:2] == ["ipv6", "access-list"] and len(words) == 3:
            _entries(found.setdefault(words[2], _List("ip6")), line)
    return found


def _entries(one: _List, block: Line) -> None:
    for line in block.children:
        words, sequence = line.words, None
        if words[0] == "sequence" and len(words) > 2:
            words = words[1:]
        if words[0].isdecimal():
            words, sequence = words[1:], int(words[0])
        one.add(words, line.text, line.number, sequence)


def _interface(device: Device, block: Line) -> None:
    name = " ".join(block.words[1:])
    found = device.interface(name)
    for line in block.children:
        words = line.words
        if words == ["shutdown"]:
            found.up = False
        elif words[:2] == ["ip", "address"] and len(words) >= 4 and words[2] != "dhcp":
            found.addresses.append(f"{words[2]}/{_length(words[3])}")
        elif words[:2] in (["ip", "access-group"], ["ipv6", "traffic-filter"]) and len(words) == 4:
            _bind(device, name, words[2], words[3], line, "ip" if words[0] == "ip" else "ip6")


def _bind(device: Device, interface: str, name: str, direction: str, line: Line, family: str) -> None:
    if name in device.state.rulesets:
        device.bind(interface, direction, name, line.text, line.number)
    else:  # a list that is not defined permits everything
        device.access_list(name, family, [], "permit")
        device.bind(interface, direction, name, line.text, line.number)


def _length(mask: str) -> int:
    return sum(bin(int(part)).count("1") for part in mask.split("."))
