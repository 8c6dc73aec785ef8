# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All pairs of source and destination address, cut into rectangles that few rules have to do with.

Where the cuts are is a matter of speed alone: the rectangles are disjoint and leave nothing out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..model.flowset import FlowSet, Space
from ..model.match import Range
from .index import ADDRESSES, IPV6_AT

# (sources, destinations), on the lines of the index.
Box = tuple[Range, Range]
EVERYWHERE: Box = (ADDRESSES, ADDRESSES)
# A cut that leaves more than this share of the rules on one side saves too little.
_WORTHWHILE = 0.85
_ADDRESS_BITS = {4: 32, 6: 128}


@dataclass(frozen=True, slots=True)
class Slice:
    """``near``: the numbers of the marked boxes that touch ``box``."""

    box: Box
    near: list[int]


def slices(rules: Sequence[Box], marked: Sequence[Box], most: int) -> Iterator[Slice]:
    """Rectangles that touch one of the marked boxes, each with about as many rules as ``most``, or more where a
    cut does not help."""
    todo = [(EVERYWHERE, list(range(len(rules))), list(range(len(marked))))]
    while todo:
        box, listed, near = todo.pop()
        if not near:
            continue
        cut = _cut(rules, listed, box) if len(listed) > most else None
        if cut is None:
            yield Slice(box, near)
            continue
        axis, place = cut
        # The upper one first: the lower one is taken from the end.
        for part, low in ((_upper(box, axis, place), False), (_lower(box, axis, place), True)):
            todo.append(
                (part, _on_side(rules, listed, axis, place, low), _on_side(marked, near, axis, place, low))
            )


def _cut(rules: Sequence[Box], listed: Sequence[int], box: Box) -> tuple[int, int] | None:
    """(axis, first value of the upper half) of the cut after which the larger side is smallest."""
    best, found = len(listed) * _WORTHWHILE, None
    for axis in (0, 1):
        start = box[axis][0]
        begins = sorted(rules[index][axis][0] for index in listed if rules[index][axis][0] > start)
        if not begins:
            continue
        place = (
            begins[max(len(begins) - len(listed) // 2, 0)] if len(begins) > len(listed) // 2 else begins[0]
        )
        larger = max(
            sum(rules[index][axis][0] < place for index in listed),
            sum(rules[index][axis][1] >= place for index in listed),
        )
        if larger < best:
            best, found = larger, (axis, place)
    return found


def _on_side(boxes: Sequence[Box], listed: Sequence[int], axis: int, place: int, low: bool) -> list[int]:
    if low:
        return [index for index in listed if boxes[index][axis][0] < place]
    return [index for index in listed if boxes[index][axis][1] >= place]


def _lower(box: Box, axis: int, place: int) -> Box:
    return _with(box, axis, (box[axis][0], place - 1))


def _upper(box: Box, axis: int, place: int) -> Box:
    return _with(box, axis, (place, box[axis][1]))


def _with(box: Box, axis: int, span: Range) -> Box:
    return (span, box[1]) if axis == 0 else (box[0], span)


def flows_in(space: Space, box: Box) -> FlowSet:
    """All flows between these addresses."""
    if box == EVERYWHERE:
        return space.everything
    found = space.nothing
    for family, width in _ADDRESS_BITS.items():
        part = space.everything
        for name, span in zip(("src", "dst"), box):
            shift = IPV6_AT if family == 6 else 0
            low, high = max(span[0] - shift, 0), min(span[1] - shift, (1 << width) - 1)
            part = part.only(name, ((low, high),), family) if low <= high else space.nothing
        found = found | part
    return found
