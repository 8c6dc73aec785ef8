# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, each with what holds for it, as sorted intervals."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

What = TypeVar("What")


class Intervals(Generic[What]):
    """Disjoint, sorted, inclusive intervals, each with what holds in it. Neighbours of which the same holds are one."""

    def __init__(self, found: Iterable[tuple[int, int, What]]) -> None:
        self.listed: list[tuple[int, int, What]] = []
        for low, high, what in found:
            if self.listed and self.listed[-1][1] == low - 1 and self.listed[-1][2] == what:
                low = self.listed.pop()[0]
            self.listed.append((low, high, what))
        self._starts = [low for low, _high, _what in self.listed]

    def within(self, low: int, high: int) -> Iterator[tuple[int, int, What | None]]:
        """The parts of ``low`` to ``high`` with what holds there; None where nothing does."""
        at = low
        for index in range(max(bisect_right(self._starts, low) - 1, 0), bisect_left(self._starts, high + 1)):
            first, last, what = self.listed[index]
            if last < low:
                continue
            if first > at:
                yield at, first - 1, None
            yield max(first, low), min(last, high), what
            at = last + 1
            if at > high:
                return
        if at <= high:
            yield at, high, None


def cut(found: Iterable[tuple[int, int, int]], most: int | None = None) -> Intervals[tuple[int, ...]]:
    """Numbered intervals that may overlap, as such that don't, each with the numbers of those that it lies in, or with
    ``most`` of them: where many lie in each other, all would take the square of their number."""
    steps = sorted(
        step for low, high, number in found for step in ((low, True, number), (high + 1, False, number))
    )
    listed: list[tuple[int, int, tuple[int, ...]]] = []
    at, inside = 0, Counter[int]()
    for place, begins, number in steps:
        if place > at and inside:
            listed.append((at, place - 1, tuple(islice(inside, most))))
        at = place
        inside[number] += 1 if begins else -1
        if not inside[number]:
            del inside[number]
    return Intervals(listed)
