# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels (bit masks of the values of one byte), and the values of a field as products of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from .fields import BYTE
from .match import Range, Ranges, merge_ranges


def bits(low: int, high: int) -> int:
    """The label of the values ``low`` to ``high``."""
    return (1 << (high + 1)) - (1 << low)


@lru_cache(maxsize=65536)
def runs(label: int) -> tuple[tuple[int, int], ...]:
    """The values of a (non-negative) label as inclusive runs."""
    found, start = [], 0
    while label:
        skip = (label & -label).bit_length() - 1
        label >>= skip
        start += skip
        length = ((label + 1) & ~label).bit_length() - 1
        found.append((start, start + length - 1))
        label >>= length
        start += length
    return tuple(found)


@lru_cache(maxsize=4096)
def masked_byte(value: int, mask: int) -> int:
    """The label of the bytes ``b`` with ``b & mask == value``."""
    return sum(1 << byte for byte in range(256) if byte & mask == value)


# A product of byte labels: the values of a field whose bytes are, one by one, in these labels.
Cube = tuple[int, ...]


class Values:
    """Values of one field as disjoint products of byte labels.

    A mask with holes is one such product, and would be thousands of ranges.
    """

    __slots__ = ("_count", "_ranges", "cubes")

    def __init__(self, cubes: tuple[Cube, ...]) -> None:
        self.cubes = cubes
        self._count: int | None = None
        self._ranges: Ranges | None = None

    @property
    def low(self) -> int:
        """The lowest value."""
        return min(_packed((label & -label).bit_length() - 1 for label in cube) for cube in self.cubes)

    @property
    def high(self) -> int:
        """The highest value."""
        return max(_packed(label.bit_length() - 1 for label in cube) for cube in self.cubes)

    @property
    def everything(self) -> bool:
        return len(self.cubes) == 1 and all(label == BYTE for label in self.cubes[0])

    def count(self) -> int:
        """How many ranges ``ranges`` has to work with (before adjacent ones are joined)."""
        if self._count is None:
            self._count = sum(_count_ranges(cube) for cube in self.cubes)
        return self._count

    def ranges(self) -> Ranges:
        """Sorted, disjoint, inclusive. Ask ``count`` first where masks may have holes."""
        if self._ranges is None:
            self._ranges = merge_ranges(one for cube in self.cubes for one in _cube_ranges(cube))
        return self._ranges

    def masks(self) -> list[tuple[int, int]]:
        """(value, mask) pairs that make up the values: the mask's zero bits are free."""
        found: list[tuple[int, int]] = []
        for cube in self.cubes:
            pairs = [(0, 0)]
            for label in cube:
                pairs = [
                    (value << 8 | byte, mask << 8 | fixed)
                    for value, mask in pairs
                    for byte, fixed in _byte_masks(label)
                ]
            found.extend(pairs)
        return found


def _byte_masks(label: int, bit: int = 7, value: int = 0, mask: int = 0) -> list[tuple[int, int]]:
    """A label as (value, mask) pairs: halve it by bits, unless both halves are alike."""
    if not label:
        return []
    if bit < 0:
        return [(value, mask)]
    zero = label & masked_byte(0, 1 << bit)
    one = label & masked_byte(1 << bit, 1 << bit)
    if one == zero << (1 << bit):
        return _byte_masks(zero, bit - 1, value, mask)
    return [
        *_byte_masks(zero, bit - 1, value, mask | 1 << bit),
        *_byte_masks(one >> (1 << bit), bit - 1, value | 1 << bit, mask | 1 << bit),
    ]


def _packed(values: Iterable[int]) -> int:
    found = 0
    for value in values:
        found = found << 8 | value
    return found


def _count_ranges(cube: Cube) -> int:
    """A byte before full bytes gives a range a run; before others, one for each value."""
    count, full = 1, True
    for label in reversed(cube):
        count = count * (len(runs(label)) if full else label.bit_count())
        full = full and label == BYTE
    return count


def _cube_ranges(cube: Cube) -> list[Range]:
    inner, size = [(0, 0)], 1
    for label in reversed(cube):
        if inner == [(0, size - 1)]:
            inner = [(low * size, high * size + size - 1) for low, high in runs(label)]
        else:
            inner = [
                (byte * size + low, byte * size + high)
                for first, last in runs(label)
                for byte in range(first, last + 1)
                for low, high in inner
            ]
        size <<= 8
    return inner
