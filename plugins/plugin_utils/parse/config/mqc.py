# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of Cisco's quality of service that drop whole classes of packets, whatever lists say.

Sources: Cisco IOS Quality of Service Solutions Command Reference, "drop" ("Class-Based Unconditional Packet
Discard"), "police" (what it does to packets that conform), "class-map" (``match-all`` where nothing is said),
"service-policy"; IOS XR Modular QoS Command Reference, "drop", "police". What a policy drops beyond a rate, or when a
queue is full, is not counted, as of any device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ...model.match import ALWAYS, Match, Not, Unknown, both
from ...model.rules import DROP
from . import asks
from .blocks import Line
from .device import Device
from .entries import beneath
from .ios_classes import Classes
from .words import Words

_SIDES = {"input": "in", "output": "out"}
_DEEPEST = 3  # policies within policies: there are no more levels


def dropping(lines: Iterable[Line]) -> set[str]:
    """The names of policies that drop a class whole, or hold one that does."""
    policies = _policies(lines)
    return {name for name in policies if _drops(policies, name, _DEEPEST)}


def binding(words: list[str]) -> tuple[str, str] | None:
    """Direction and name of the policy that a line of an interface binds."""
    if len(words) == 3 and words[0] == "service-policy" and words[1] in _SIDES:
        return _SIDES[words[1]], words[2]
    return None


@dataclass(frozen=True)
class Place:
    """A policy at an interface."""

    interface: str
    direction: str
    name: str
    line: Line


def bind(
    device: Device, lines: list[Line], places: Iterable[Place], permitted: Callable[[str], Match]
) -> None:
    """The drops of policies at interfaces of IOS, before its lists. ``permitted``: what a list permits."""
    policies, classes = _policies(lines), _Classes(permitted)
    for line in lines:
        if line.words[0] == "class-map" and line.words[1:2] != ["type"]:
            classes.read(
                Line(line.number, line.text, line.children, ["class-map", "type", "", *line.words[1:]])
            )
    bad = dropping(lines)
    for place in places:
        if place.name not in bad:
            continue
        packets = device.packets(place.interface, place.direction, "inet")
        for asked, line in _dropped(policies, place.name, classes):
            text = f"{place.line.text}: {line.text}: drop"
            device.bound(place.direction, both(packets, asked), DROP, text, line.number)


class _Classes(Classes):
    """Classes of quality of service: protocols are told by what connections carry (NBAR)."""

    def _asked(self, words: Words) -> Match:
        if words.take("any"):
            return ALWAYS
        if words.take("protocol"):
            name = words.next("a protocol")
            return Unknown(
                f"match protocol {name}", f"which packets are of the protocol {name!r} is not known"
            )
        return super()._asked(words)


def _policies(lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line.words[0] == "policy-map" and len(line.words) > 1:
            classes = [one for one in line.children if one.words[0] == "class" and len(one.words) > 1]
            found.setdefault(line.words[-1], []).extend(classes)
    return found


def _drops(policies: dict[str, list[Line]], name: str, depth: int) -> bool:
    return any(_drops_class(policies, line, depth) for line in policies.get(name, ()))


def _drops_class(policies: dict[str, list[Line]], line: Line, depth: int) -> bool:
    if any(_is_drop(inner.words) for inner in beneath(line)):
        return True
    inner_names = [one.words[-1] for one in line.children if one.words[0] == "service-policy"]
    return depth > 0 and any(_drops(policies, name, depth - 1) for name in inner_names)


def _is_drop(words: list[str]) -> bool:
    at = next((at for at, word in enumerate(words) if word in ("conform-action", "conform")), None)
    return words == ["drop"] or (at is not None and words[at + 1 : at + 2] == ["drop"])


def _dropped(policies: dict[str, list[Line]], name: str, classes: Classes) -> Iterator[tuple[Match, Line]]:
    """What a policy drops: the packets of a class that none before it takes."""
    before: list[Match] = []
    for line in policies[name]:
        asked = ALWAYS if line.words[1] == "class-default" else classes.match(line.words[-1])
        if _drops_class(policies, line, _DEEPEST):
            mine = both(asked, Not(asks.either(before))) if before else asked
            plain = any(_is_drop(inner.words) for inner in beneath(line))
            why = "what a policy within a policy drops is not modelled"
            yield (mine if plain else both(mine, Unknown(line.text, why))), line
        before.append(asked)
