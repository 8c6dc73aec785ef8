# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named sets and maps of nft: their types, their elements, what is certain about them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..model.match import Range
from ..model.rules import Verdict
from ..model.state import NamedSet
from . import nft_operands, nft_values

Json = Any
# nft's data types (`nft describe`) that a part of a set's elements can have in a state.
KINDS = {
    "ipv4_addr": "address4",
    "ipv6_addr": "address6",
    "inet_service": "port",
    "inet_proto": "protocol",
    "mark": "mark",
    "ifname": "name",
}
# Statements in an element that make it match some packets only (nft(8), "Sets").
_LIMITS = {"limit", "quota", "ct count"}
LIMITED = "what a set's element limits depends on earlier packets"
_COMPARED = {"address4", "address6", "port", "protocol", "mark", "name"}


@dataclass(slots=True)
class SetInfo:
    """``elements``: the keys as JSON; ``data``: what each key maps to. ``verdicts``: a verdict map."""

    key: str
    kinds: tuple[str, ...]
    elements: list[Json] = field(default_factory=list)
    data: list[Json] = field(default_factory=list)
    expiring: list[int] = field(default_factory=list)
    is_map: bool = False
    verdicts: bool = False
    dynamic: bool = False
    timed: bool = False
    limited: bool = False

    @property
    def certain(self) -> bool:
        """Whether the elements are these and will stay these until somebody changes them."""
        return not self.dynamic and not self.expiring

    @property
    def contents(self) -> str:
        """The elements in words: part of what decides an unknown membership."""
        return json.dumps(self.elements, sort_keys=True)


def read(value: Json) -> SetInfo:
    """One ``set``, ``map`` or ``meter`` object of the ruleset."""
    key = f"{value['family']}/{value['table']}/{value['name']}"
    found = SetInfo(key, _kinds(value.get("type")))
    found.dynamic = "dynamic" in _flags(value.get("flags"))
    found.timed = "timeout" in _flags(value.get("flags")) or "timeout" in value
    found.is_map = "map" in value
    found.verdicts = value.get("map") == "verdict"
    everywhere = any(_LIMITS.intersection(statement) for statement in value.get("stmt") or ())
    for index, element in enumerate(value.get("elem") or ()):
        name, data = element if found.is_map else (element, None)
        limited = everywhere or is_limited(name)
        found.limited = found.limited or limited
        if isinstance(name, dict) and "elem" in name:
            inner = name["elem"]
            limited = limited or "expires" in inner or "timeout" in inner
            name = inner["val"]
        if limited:
            found.expiring.append(index)
        found.elements.append(name)
        if found.is_map:
            found.data.append(data)
    return found


def is_limited(element: Json) -> bool:
    """Whether an element matches some of its packets only; a counter and ``last`` change nothing."""
    inner = element.get("elem") if isinstance(element, dict) else None
    return isinstance(inner, dict) and not _LIMITS.isdisjoint(inner)


def _flags(value: Json) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _kinds(value: Json) -> tuple[str, ...]:
    if isinstance(value, dict) and "typeof" in value:
        inner = value["typeof"]
        parts = inner["concat"] if isinstance(inner, dict) and "concat" in inner else [inner]
        kinds = (nft_operands.operand(part).kind for part in parts)
        return tuple(kind if kind in _COMPARED else "other" for kind in kinds)
    parts = value if isinstance(value, list) else [value]
    return tuple(KINDS.get(str(part), "other") for part in parts)


def changed_by_packets(expressions: Iterable[list[Json]], place: str) -> set[str]:
    """Keys of the sets that a rule adds to, changes or deletes from.

    nft 1.0.6 leaves the flag ``dynamic`` out of its JSON, so the rules have to tell.
    """
    found = set()
    for expression in expressions:
        for statement in expression:
            if isinstance(statement, dict):
                value = statement.get("set") or statement.get("map")
                if isinstance(value, dict) and "op" in value:
                    found.add(f"{place}/{str(value.get('set') or value.get('map')).lstrip('@')}")
                elif "meter" in statement:
                    found.add(f"{place}/{statement['meter'].get('name')}")
    return found


def named_set(info: SetInfo, verdicts: list[Verdict] | None) -> NamedSet:
    """The set as a state shows it; elements that can't be read are left out, and it says so."""
    found = NamedSet(info.key, info.kinds, [], info.dynamic, True, None if verdicts is None else [])
    found.timed = info.timed
    if info.is_map and verdicts is None:
        found.data = []
    leaving = set(info.expiring)
    for index, element in enumerate(info.elements):
        parts = element["concat"] if isinstance(element, dict) and "concat" in element else [element]
        try:
            if len(parts) != len(info.kinds):
                raise nft_values.NotModelled()
            read_parts = tuple(_part(kind, part) for kind, part in zip(info.kinds, parts))
        except nft_values.NotModelled:
            found.complete = False
            continue
        if index in leaving:
            found.expiring.append(len(found.elements))
        if verdicts is not None and found.verdicts is not None:
            found.verdicts.append(verdicts[index])
        if found.data is not None:
            found.data.append(nft_operands.words_of(info.data[index]))
        found.elements.append(read_parts)
    return found


def _part(kind: str, part: Json) -> Range | str:
    if kind == "other":
        return nft_operands.words_of(part)
    if kind == "name":
        return nft_values.words(part)[0]
    for found in nft_values.ranges(kind, part):
        return found
    raise nft_values.NotModelled(f"element {part!r}")
