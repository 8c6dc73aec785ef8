# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of Cisco IOS XR, and the lists that are bound to them.

Source: Cisco ASR 9000 Series IP Addresses and Services Command Reference, "ipv4 access-group", "ipv6 access-group".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .blocks import Line
from .entries import beneath
from .prefixes import with_length

# What else decides about packets at an interface, by the words it begins with.
_DOUBTS: dict[tuple[str, ...], str] = {
    ("ipv4", "verify"): "the check of source addresses is not modelled",
    ("ipv6", "verify"): "the check of source addresses is not modelled",
    ("service-policy", "type", "pbr"): "policies that drop or redirect packets are not modelled",
    ("ethernet-services", "access-group"): "lists of frames are not modelled",
}
# What says how a list is kept or counted.
_HOW = ("hardware-count", "interface-statistics", "acl-base")
_DIRECTIONS = {"ingress": "in", "egress": "out"}
_FAMILIES = {"ipv4": "ip", "ipv6": "ip6"}
_KINDS = ("l2transport", "point-to-point", "multipoint")


@dataclass(slots=True)
class Bound:
    """``names``: the lists, in the order in which they are asked: common ones first."""

    names: list[str]
    line: Line


@dataclass(slots=True)
class Port:
    """``bound``: by family and direction. ``doubts``: line and reason. ``bridged``: whether it is no routed one."""

    name: str
    up: bool = True
    bridged: bool = False
    addresses: list[str] = field(default_factory=list)
    master: str = ""
    mtu: int | None = None
    bound: dict[tuple[str, str], Bound] = field(default_factory=dict)
    doubts: list[tuple[Line, str]] = field(default_factory=list)


def opened(words: list[str]) -> tuple[str, list[str]]:
    """Of ``interface ...``: the name, and the rest of a line that says all (``show running-config formal``)."""
    rest = words[2:] if words[1:2] == ["preconfigure"] else words[1:]
    return (rest[0] if rest else ""), rest[1:]


def read(port: Port, block: Line, lists: set[str]) -> None:
    """The lines under one ``interface``. ``lists``: the names of all lists."""
    _name, rest = opened(block.words)
    if rest[:1] and rest[0] in _KINDS:
        port.bridged = port.bridged or rest[0] == "l2transport"
    elif rest:
        _line(port, Line(block.number, block.text, [], rest), lists)
    for line in beneath(block):
        _line(port, line, lists)


def _line(port: Port, line: Line, lists: set[str]) -> None:
    words = line.words
    if words[0] == "no":
        if words[1:] == ["shutdown"]:
            port.up = True
        elif binds(words[1:]):
            _unbind(port, words[1:])
    elif not _filter(port, words, line) and not _property(port, words):
        port.doubts += _doubt(words, line, lists)


def binds(words: list[str]) -> bool:
    return words[:1] != [] and words[0] in _FAMILIES and words[1:2] == ["access-group"]


def _filter(port: Port, words: list[str], line: Line) -> bool:
    """``ipv4 access-group [common LIST ...] [LIST] ingress|egress ...``."""
    side = next((at for at, word in enumerate(words) if at > 2 and word in _DIRECTIONS), 0)
    if not binds(words) or not side or not _only_how(words[side + 1 :]):
        return False
    rest, names = words[2:side], []
    while rest[:1] == ["common"] and len(rest) > 1:
        names.append(rest[1])
        rest = rest[2:]
    names += rest
    if len(rest) > 1 or not names or "common" in names:
        return False
    port.bound[_FAMILIES[words[0]], _DIRECTIONS[words[side]]] = Bound(names, line)
    return True


def _only_how(words: list[str]) -> bool:
    rest = iter(words)
    for word in rest:
        if word == "compress":
            if next(rest, "") != "level" or not next(rest, "").isdecimal():
                return False
        elif word not in _HOW:
            return False
    return True


def _unbind(port: Port, words: list[str]) -> None:
    for family, direction in list(port.bound):
        if _FAMILIES[words[0]] == family and (len(words) == 2 or _sides(words) == {direction}):
            del port.bound[family, direction]


def _sides(words: list[str]) -> set[str]:
    return {_DIRECTIONS[word] for word in words if word in _DIRECTIONS}


def _property(port: Port, words: list[str]) -> bool:
    """What it says about the interface itself; whether it was such a line."""
    if words == ["shutdown"]:
        port.up = False
    elif words[0] == "description":
        pass
    elif words == ["l2transport"]:
        port.bridged = True
    elif words[:2] in (["ipv4", "address"], ["ipv6", "address"]):
        found = with_length(words[2:])
        port.addresses += [found] if found else []
    elif words[0] == "vrf" and len(words) == 2:
        port.master = words[1]
    elif words[:2] == ["bundle", "id"] and len(words) > 2:
        port.master = port.master or f"Bundle-Ether{words[2]}"
    elif words[0] == "mtu" and words[1:2] and words[1].isdecimal() and len(words[1]) < 7:
        port.mtu = int(words[1])
    else:
        return False
    return True


def _doubt(words: list[str], line: Line, lists: set[str]) -> Iterator[tuple[Line, str]]:
    for begins, reason in _DOUBTS.items():
        if tuple(words[: len(begins)]) == begins:
            yield line, reason
            return
    if "access-group" in words or any(word in lists and not word.isdecimal() for word in words):
        yield line, "what this line does to packets is not understood"
