# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elements of nft's named sets and maps, as its JSON has them: added, and deleted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..model import text

Json = Any
# A kind (4, 6: addresses; 0: numbers), the first and the last value.
Span = tuple[int, int, int]


class Refused(Exception):
    """The kernel refuses what is asked, and with it the whole script."""


def alike(was: Json, now: Json) -> bool:
    """Whether a set that is there may be declared so once more. Flags are not compared: nft 1.0.6 leaves some out."""
    if ("map" in was) != ("map" in now):
        return False
    kinds = was["type"], now["type"]
    return kinds[0] == kinds[1] or any(isinstance(kind, dict) for kind in kinds)


def add(of: dict[str, Json], elements: Sequence[Json], must_be_new: bool = False) -> None:
    """Add elements to those of a set or map; one that is there already stays. Refused where a key leads elsewhere."""
    there: list[Json] = of.setdefault("elem", [])
    pair = "map" in of
    known = {_key(one, pair): one for one in there}
    for one in elements:
        key = _key(one, pair)
        old = known.get(key)
        if old is None:
            known[key] = one
            there.append(one)
        elif must_be_new:
            raise Refused(f"the element {_told(one, pair)} is there already")
        elif pair and _data(old) != _data(one):
            raise Refused(f"the element {_told(one, pair)} is there already, and leads elsewhere")


def remove(of: dict[str, Json], elements: Sequence[Json]) -> None:
    """Delete elements. ``elements``: keys alone, also of a map. Refused for one that is not there by itself: of
    intervals that were merged (nft(8), "auto-merge"), not every nft deletes a part."""
    there: list[Json] = of.get("elem", [])
    pair = "map" in of
    for gone in elements:
        key = _key(gone, False)
        at = next((at for at, one in enumerate(there) if _key(one, pair) == key), None)
        if at is None:
            raise Refused(f"there is no element {_told(gone, False)} by itself")
        beyond = 1 if of.get("auto-merge") else 0
        others = (_key(one, pair) for index, one in enumerate(there) if index != at)
        if any(_meet(key, other, beyond) for other in others):
            raise Refused(
                f"{_told(gone, False)} was merged with other elements: delete and add whole intervals"
            )
        del there[at]


def _meet(one: Span | str, other: Span | str, beyond: int) -> bool:
    """Whether two intervals have a value in common, or lie within ``beyond`` of each other."""
    if isinstance(one, str) or isinstance(other, str):
        return False
    return one[0] == other[0] and one[1] <= other[2] + beyond and other[1] <= one[2] + beyond


def _span(element: Json) -> Span | None:
    """The values that an element holds; None where it is no interval of one kind."""
    value = element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element
    if isinstance(value, int) and not isinstance(value, bool):
        return 0, value, value
    try:
        if isinstance(value, str):
            return text.address_range(value)
        if isinstance(value, dict) and "prefix" in value:
            return text.address_range(f"{value['prefix']['addr']}/{value['prefix']['len']}")
        if isinstance(value, dict) and "range" in value:
            low, high = (_span(end) for end in value["range"])
            return (low[0], low[1], high[2]) if low and high and low[0] == high[0] else None
    except ValueError:
        return None
    return None


def _key(element: Json, pair: bool) -> Span | str:
    name = element[0] if pair else element
    span = _span(name)
    if span is not None:
        return span
    value = name["elem"]["val"] if isinstance(name, dict) and "elem" in name else name
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _data(pair: Json) -> Json:
    return pair[1]


def _told(element: Json, pair: bool) -> str:
    name = element[0] if pair else element
    value = name["elem"]["val"] if isinstance(name, dict) and "elem" in name else name
    return value if isinstance(value, str) else json.dumps(value)
