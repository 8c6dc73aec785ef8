# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks that are written bit by bit: some bits kept, others set (xt_MARK.c, xt_connmark.c, nft_bitwise.c).

Such a mark is a function of what it was when the packet came, and works byte by byte, as the levels of a
diagram do. What takes one mark from the other is worked out value by value (see ``overlay``): as a function of
a mark that may be anything it would tie eight levels of a diagram together, with billions of nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..model.diagrams import EMPTY, Diagrams
from ..model.fields import FIELDS, Field
from ..model.rules import Effect
from ..model.values import Values

MARKS = ("mark", "ct_mark")
_ALL = 0xFFFFFFFF
_BYTES = 4


@dataclass(frozen=True, slots=True)
class Bits:
    """The mark ``came & keep ^ value``."""

    keep: int
    value: int

    def of(self, came: int) -> int:
        return came & self.keep ^ self.value

    def byte(self, index: int) -> tuple[int, int]:
        shift = 8 * (_BYTES - 1 - index)
        return self.keep >> shift & 255, self.value >> shift & 255


AS_CAME = Bits(_ALL, 0)
Value = int | None | Bits


def form(value: int | Bits) -> Bits:
    """A mark's value as a function."""
    return Bits(0, value) if isinstance(value, int) else value


def written(effect: Effect, current: Mapping[str, Value]) -> Value:
    """What an effect makes of its field. ``current``: the marks that were changed before; the one that the effect
    takes over from must be a constant among them, else the result is not known."""
    if effect.value is None:
        return None
    keep, value = 0, effect.value
    for name, mask in effect.bits:
        before = current.get(name, AS_CAME)
        if before is None or (name != effect.field and form(before).keep & mask):
            return None
        keep, value = keep ^ form(before).keep & mask, value ^ form(before).value & mask
    return Bits(keep, value) if keep else value


def taken_over(effect: Effect) -> str:
    """The mark that an effect reads to write the other one; empty if there is none."""
    return next((name for name, mask in effect.bits if name != effect.field and mask), "")


def before(diagrams: Diagrams, node: int, forms: Mapping[str, Bits]) -> int:
    """The flows, as they came, whose marks by ``forms`` are in ``node``."""
    return _mapped(diagrams, node, forms, _sources)


def after(diagrams: Diagrams, node: int, forms: Mapping[str, Bits]) -> int:
    """The flows of ``node`` as they are with the marks by ``forms``."""
    return _mapped(diagrams, node, forms, _results)


def _mapped(
    diagrams: Diagrams, node: int, forms: Mapping[str, Bits], labels_of: Callable[[int, int, int], int]
) -> int:
    """A node with the labels of each mark's bytes exchanged, from the mark on that comes last."""
    for name in reversed(MARKS):
        if name in forms:
            node = _field_mapped(diagrams, node, FIELDS[name], forms[name], labels_of)
    return node


def _field_mapped(
    diagrams: Diagrams, node: int, field: Field, bits: Bits, labels_of: Callable[[int, int, int], int]
) -> int:
    memo: dict[int, int] = {EMPTY: EMPTY}

    def values_mapped(values: Values) -> int:
        mapped = [
            tuple(labels_of(label, *bits.byte(index)) for index, label in enumerate(cube))
            for cube in values.cubes
        ]
        return diagrams.in_values(field, Values(tuple(cube for cube in mapped if all(cube))))

    def walk(one: int) -> int:
        found = memo.get(one)
        if found is None:
            if diagrams.level[one] >= field.first:
                found = diagrams.union_all(
                    diagrams.intersection(values_mapped(values), below)
                    for values, below in diagrams.split(one, field, _BYTES)
                )
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


@lru_cache(maxsize=4096)
def _sources(label: int, keep: int, value: int) -> int:
    """The bytes that the function makes one of ``label``."""
    return sum(1 << byte for byte in range(256) if label >> (byte & keep ^ value) & 1)


@lru_cache(maxsize=4096)
def _results(label: int, keep: int, value: int) -> int:
    """What the function makes of the bytes of ``label``."""
    found = 0
    for byte in range(256):
        if label >> byte & 1:
            found |= 1 << (byte & keep ^ value)
    return found
