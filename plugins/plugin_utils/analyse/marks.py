# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks that are written bit by bit: each mark as a function of both marks that the packet came with.

What MARK, CONNMARK and nft's ``meta mark set`` can say (masks, saving, restoring) takes, for each bit of the
result, some bits of the two marks and a constant, added without carry (xt_MARK.c, xt_connmark.c). Such
functions are closed under one another, and work byte by byte, as the levels of a diagram do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..model.diagrams import EMPTY, FULL, Diagrams, Values
from ..model.fields import FIELDS
from ..model.rules import Effect

MARKS = ("mark", "ct_mark")
_ALL = 0xFFFFFFFF
_BYTES = 4
_MARK, _CT_MARK = (FIELDS[name] for name in MARKS)


@dataclass(frozen=True, slots=True)
class Bits:
    """The mark ``came.mark & mark ^ came.ct_mark & ct_mark ^ value``."""

    mark: int
    ct_mark: int
    value: int

    def masked(self, mask: int) -> Bits:
        return Bits(self.mark & mask, self.ct_mark & mask, self.value & mask)

    def plus(self, other: Bits) -> Bits:
        return Bits(self.mark ^ other.mark, self.ct_mark ^ other.ct_mark, self.value ^ other.value)

    def byte(self, index: int) -> tuple[int, int, int]:
        shift = 8 * (_BYTES - 1 - index)
        return self.mark >> shift & 255, self.ct_mark >> shift & 255, self.value >> shift & 255


_CAME = {"mark": Bits(_ALL, 0, 0), "ct_mark": Bits(0, _ALL, 0)}
Value = int | None | Bits


def form(value: int | Bits) -> Bits:
    """A mark's value as a function."""
    return Bits(0, 0, value) if isinstance(value, int) else value


def written(effect: Effect, current: Mapping[str, Value]) -> Value:
    """What an effect makes of its field. ``current``: the marks that were changed before."""
    if effect.value is None:
        return None
    found = Bits(0, 0, effect.value)
    for name, mask in effect.bits:
        one = current.get(name, _CAME[name])
        if one is None:
            return None
        found = found.plus(form(one).masked(mask))
    return found if found.mark or found.ct_mark else found.value


def as_came(name: str, value: Value) -> bool:
    """Whether the mark has the value that it came with."""
    return value == _CAME[name]


def before(diagrams: Diagrams, node: int, forms: Mapping[str, Bits]) -> int:
    """The flows, as they came, whose marks by ``forms`` are in ``node``."""
    forms = {**_CAME, **forms}

    def change(below: int) -> int:
        found = []
        for values, rest in diagrams.split(below, _MARK, _BYTES):
            first = _in(diagrams, values, forms["mark"])
            for others, last in diagrams.split(rest, _CT_MARK, _BYTES):
                both = diagrams.intersection(first, _in(diagrams, others, forms["ct_mark"]))
                found.append(diagrams.intersection(both, last))
        return diagrams.union_all(found)

    return _at_marks(diagrams, node, change)


def after(diagrams: Diagrams, node: int, forms: Mapping[str, Bits]) -> int:
    """The flows of ``node`` as they are with the marks by ``forms``."""
    forms = {**_CAME, **forms}

    def change(below: int) -> int:
        found = []
        for values, rest in diagrams.split(below, _MARK, _BYTES):
            for others, last in diagrams.split(rest, _CT_MARK, _BYTES):
                for cube in values.cubes:
                    for other in others.cubes:
                        part = last
                        for index in range(_BYTES):
                            pairs = _pairs(
                                cube[index],
                                other[index],
                                *forms["mark"].byte(index),
                                *forms["ct_mark"].byte(index),
                            )
                            part = diagrams.intersection(part, _of_pairs(diagrams, index, pairs))
                        found.append(part)
        return diagrams.union_all(found)

    return _at_marks(diagrams, node, change)


def _at_marks(diagrams: Diagrams, node: int, change: Callable[[int], int]) -> int:
    """A node with what lies below the first level of the marks changed."""
    memo: dict[int, int] = {EMPTY: EMPTY}

    def walk(one: int) -> int:
        found = memo.get(one)
        if found is None:
            if diagrams.level[one] >= _MARK.first:
                found = change(one)
            else:
                labels: dict[int, int] = {}
                for label, below in diagrams.edges[one]:
                    child = walk(below)
                    if child:
                        labels[child] = labels.get(child, 0) | label
                found = diagrams.node(diagrams.level[one], labels)
            memo[one] = found
        return found

    return walk(node)


def _in(diagrams: Diagrams, values: Values, bits: Bits) -> int:
    """The flows, as they came, for which the mark ``bits`` has one of ``values``."""
    found = []
    for cube in values.cubes:
        node = FULL
        for index, label in enumerate(cube):
            node = diagrams.intersection(node, _of_pairs(diagrams, index, _sources(label, *bits.byte(index))))
        found.append(node)
    return diagrams.union_all(found)


def _of_pairs(diagrams: Diagrams, index: int, pairs: tuple[tuple[int, int], ...]) -> int:
    """The flows whose marks have, in their byte ``index``, a pair of values in one of the products."""
    return diagrams.union_all(
        diagrams.intersection(
            diagrams.labelled(_MARK.first + index, first), diagrams.labelled(_CT_MARK.first + index, second)
        )
        for first, second in pairs
    )


@lru_cache(maxsize=4096)
def _sources(label: int, of_mark: int, of_ct: int, value: int) -> tuple[tuple[int, int], ...]:
    """Labels of bytes (mark, ct_mark) for which the function of both lies in ``label``."""
    marks: dict[int, int] = {}
    for byte in range(256):
        marks[byte & of_mark] = marks.get(byte & of_mark, 0) | 1 << byte
    return tuple(
        (same, sum(1 << byte for byte in range(256) if label >> (part ^ byte & of_ct ^ value) & 1))
        for part, same in marks.items()
    )


@lru_cache(maxsize=4096)
def _pairs(
    marks: int,
    cts: int,
    mark_of_mark: int,
    mark_of_ct: int,
    mark: int,
    ct_of_mark: int,
    ct_of_ct: int,
    ct: int,
) -> tuple[tuple[int, int], ...]:
    """The bytes (mark, ct_mark) that the two functions make of those in the labels ``marks`` and ``cts``."""
    firsts = {byte & (mark_of_mark | ct_of_mark) for byte in range(256) if marks >> byte & 1}
    seconds = {byte & (mark_of_ct | ct_of_ct) for byte in range(256) if cts >> byte & 1}
    found: dict[int, int] = {}
    for first in firsts:
        for second in seconds:
            new_mark = first & mark_of_mark ^ second & mark_of_ct ^ mark
            new_ct = first & ct_of_mark ^ second & ct_of_ct ^ ct
            found[new_mark] = found.get(new_mark, 0) | 1 << new_ct
    alike: dict[int, int] = {}
    for byte, label in found.items():
        alike[label] = alike.get(label, 0) | 1 << byte
    return tuple((first, second) for second, first in alike.items())
