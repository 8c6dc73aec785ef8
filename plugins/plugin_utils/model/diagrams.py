# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decision diagrams over the bytes of a flow's fields: exact sets of flows, each with one form.

A node tests one level (a byte of an address or port, a protocol, an interface) and has edges, each
with a label (a bit mask of the level's values) and a child. Values on no edge lead to the empty set.
Nodes are shared and reduced, so two sets are equal exactly if their nodes are the same number.
Labels are plain integers: a prefix costs one edge a byte, and a mask with holes costs no more.
A level of an open domain (interface names) may have a negative label: all names but some.

Levels from ``FIRST_UNKNOWN_LEVEL`` on are free Boolean variables, one for each condition that can't be
decided. Projecting them away tells what is possible; what is possible for only one verdict is certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from .fields import BYTE, FIELDS, FIRST_UNKNOWN_LEVEL, Field
from .match import Range, Ranges, merge_ranges
from .values import Cube, Values, bits, masked_byte, runs

EMPTY, FULL = 0, 1
_DEEPEST = 1 << 30
_BOOLEAN = 0b11
_TRUE = 0b10

# Remembered results of operations; beyond this many they are dropped between two questions.
_REMEMBERED = 2_000_000

_FULL_LABEL = [field.full for field in FIELDS.values() for _level in range(field.levels)]


def full_label(level: int) -> int:
    """The label that holds every value of a level."""
    return _FULL_LABEL[level] if level < FIRST_UNKNOWN_LEVEL else _BOOLEAN


_Classes = dict[int, tuple[Cube, ...]]
# Of a node: its labels, each with the child that its values lead to.
Edges = tuple[tuple[int, int], ...]
# A value for each of some levels, as a label of one bit; what is not there is open.
Point = dict[int, int]


def _drawn(label: int, draw: Random) -> int:
    """One bit of a label."""
    first, last = draw.choice(runs(label))
    return 1 << draw.randint(first, last)


class Diagrams:
    """The shared nodes of one analysis and the set operations on them. Nodes are integers."""

    def __init__(self) -> None:
        self.level: list[int] = [_DEEPEST, _DEEPEST]
        self.edges: list[Edges] = [(), ()]
        # The deepest level that a node or one below it tests.
        self.deepest: list[int] = [-1, -1]
        self._unique: dict[tuple[int, Edges], int] = {}
        self._and: dict[tuple[int, int], int] = {}
        self._or: dict[tuple[int, int], int] = {}
        self._minus: dict[tuple[int, int], int] = {}
        self._inside: dict[tuple[int, int], bool] = {}

    def trim(self, most: int = _REMEMBERED) -> None:
        """Forget results of earlier operations where they take too much memory. Nodes stay."""
        for memo in (self._and, self._or, self._minus, self._inside):
            if len(memo) > most:
                memo.clear()

    def release(self, first: int) -> None:
        """Forget the nodes from this one on, as if they had never been made."""
        del self.level[first:]
        del self.edges[first:]
        del self.deepest[first:]
        # A node's number is its place among all that were ever made, so the youngest come off first.
        while len(self._unique) > first - 2:
            self._unique.popitem()
        for memo in (self._and, self._or, self._minus, self._inside):
            memo.clear()

    def node(self, level: int, labels: dict[int, int]) -> int:
        """The node that tests ``level``; ``labels``: child -> label, without the empty child."""
        if not labels:
            return EMPTY
        if len(labels) == 1:
            child, label = next(iter(labels.items()))
            return self.chain(level, label, child)
        edges = tuple(sorted((label, child) for child, label in labels.items()))
        found = self._unique.get((level, edges))
        return self._made(level, edges) if found is None else found

    def chain(self, level: int, label: int, child: int) -> int:
        """The node with one edge."""
        if child == EMPTY:
            return EMPTY
        if label == (_FULL_LABEL[level] if level < FIRST_UNKNOWN_LEVEL else _BOOLEAN):
            return child
        edges = ((label, child),)
        found = self._unique.get((level, edges))
        return self._made(level, edges) if found is None else found

    def _made(self, level: int, edges: Edges) -> int:
        found = self._unique[level, edges] = len(self.level)
        self.level.append(level)
        self.edges.append(edges)
        deepest = level
        for _label, child in edges:
            if self.deepest[child] > deepest:
                deepest = self.deepest[child]
        self.deepest.append(deepest)
        return found

    def _at(self, node: int, level: int) -> Edges:
        """The node's edges at a level that it may not test."""
        return self.edges[node] if self.level[node] == level else ((full_label(level), node),)

    def intersection(self, a: int, b: int) -> int:
        if a == b or b == FULL:
            return a
        if a == FULL:
            return b
        if a == EMPTY or b == EMPTY:
            return EMPTY
        key = (a, b) if a < b else (b, a)
        found = self._and.get(key)
        if found is None:
            level, level_b = self.level[a], self.level[b]
            if level == level_b:
                found = self._both(level, self.edges[a], self.edges[b])
            elif level < level_b:
                found = self._either(level, self.edges[a], b)
            else:
                found = self._either(level_b, self.edges[b], a)
            self._and[key] = found
        return found

    def _both(self, level: int, edges_a: Edges, edges_b: Edges) -> int:
        """The intersection of two nodes of one level."""
        if len(edges_a) == 1 and len(edges_b) == 1:
            label = edges_a[0][0] & edges_b[0][0]
            return (
                self.chain(level, label, self.intersection(edges_a[0][1], edges_b[0][1])) if label else EMPTY
            )
        labels: dict[int, int] = {}
        for label_a, child_a in edges_a:
            for label_b, child_b in edges_b:
                label = label_a & label_b
                if label:
                    child = self.intersection(child_a, child_b)
                    if child:
                        labels[child] = labels.get(child, 0) | label
        return self.node(level, labels)

    def _either(self, level: int, edges: Edges, lower: int) -> int:
        """The intersection of a node and one of a deeper level."""
        if len(edges) == 1:
            return self.chain(level, edges[0][0], self.intersection(edges[0][1], lower))
        labels: dict[int, int] = {}
        for label, child in edges:
            child = self.intersection(child, lower)
            if child:
                labels[child] = labels.get(child, 0) | label
        return self.node(level, labels)

    def union(self, a: int, b: int) -> int:
        if a == b or b == EMPTY:
            return a
        if a == EMPTY or FULL in (a, b):
            return b if a == EMPTY else FULL
        key = (a, b) if a < b else (b, a)
        found = self._or.get(key)
        if found is None:
            level = min(self.level[a], self.level[b])
            edges_a, edges_b = self._at(a, level), self._at(b, level)
            alone_a = alone_b = full_label(level)
            for label, _child in edges_b:
                alone_a &= ~label
            for label, _child in edges_a:
                alone_b &= ~label
            labels: dict[int, int] = {}
            for label_a, child_a in edges_a:
                labels[child_a] = labels.get(child_a, 0) | label_a & alone_a
                for label_b, child_b in edges_b:
                    label = label_a & label_b
                    if label:
                        child = self.union(child_a, child_b)
                        labels[child] = labels.get(child, 0) | label
            for label_b, child_b in edges_b:
                labels[child_b] = labels.get(child_b, 0) | label_b & alone_b
            found = self._or[key] = self.node(
                level, {child: label for child, label in labels.items() if label}
            )
        return found

    def difference(self, a: int, b: int) -> int:
        if EMPTY in (a, b) or a == b or b == FULL:
            return a if b == EMPTY else EMPTY
        key = (a, b)
        found = self._minus.get(key)
        if found is None:
            level = min(self.level[a], self.level[b])
            edges_b = self._at(b, level)
            labels: dict[int, int] = {}
            for label_a, child_a in self._at(a, level):
                for label_b, child_b in edges_b:
                    label = label_a & label_b
                    if label:
                        label_a &= ~label_b
                        child = self.difference(child_a, child_b)
                        labels[child] = labels.get(child, 0) | label
                if label_a:
                    labels[child_a] = labels.get(child_a, 0) | label_a
            labels.pop(EMPTY, None)
            found = self._minus[key] = self.node(level, labels)
        return found

    def inside(self, a: int, b: int) -> bool:
        """Whether all of ``a`` is in ``b``; no node is made to find out."""
        if a in (b, EMPTY) or b == FULL:
            return True
        if b == EMPTY or a == FULL:
            return False
        key = (a, b)
        found = self._inside.get(key)
        if found is None:
            found = self._inside[key] = self._is_inside(a, b)
        return found

    def _is_inside(self, a: int, b: int) -> bool:
        level = self.level[a] if self.level[a] < self.level[b] else self.level[b]
        edges_b = self._at(b, level)
        for label_a, child_a in self._at(a, level):
            for label_b, child_b in edges_b:
                if label_a & label_b:
                    if child_a != child_b and not self.inside(child_a, child_b):
                        return False
                    label_a &= ~label_b
                    if not label_a:
                        break
            if label_a:
                return False
        return True

    def complement(self, a: int) -> int:
        return self.difference(FULL, a)

    def union_all(self, nodes: Iterable[int]) -> int:
        """The union of many, pairwise as in a tournament, so that operands stay small."""
        found = sorted({*nodes})
        while len(found) > 1:
            found = [
                self.union(found[i], found[i + 1]) if i + 1 < len(found) else found[i]
                for i in range(0, len(found), 2)
            ]
        return found[0] if found else EMPTY

    # Walks over a diagram are methods that carry their memo along: an inner function refers to itself, and what it
    # holds would wait for the garbage collector.

    def _below(self, node: int, change: Callable[..., int], *how: Any) -> int:
        """The node with each of its children changed; those that come out alike share an edge."""
        edges = self.edges[node]
        if len(edges) == 1:
            label, below = edges[0]
            child = change(below, *how)
            return node if child == below else self.chain(self.level[node], label, child)
        labels: dict[int, int] = {}
        changed = False
        for label, below in edges:
            child = change(below, *how)
            changed = changed or child != below
            if child:
                labels[child] = labels.get(child, 0) | label
        return self.node(self.level[node], labels) if changed else node

    def _any_below(self, node: int, change: Callable[..., int], *how: Any) -> int:
        """What is below one of the node's edges or another, changed."""
        edges = self.edges[node]
        if len(edges) == 1:
            return change(edges[0][1], *how)
        return self.union_all(change(child, *how) for _label, child in edges)

    def forget(self, a: int, drop: Callable[[int], bool], first: int = 0) -> int:
        """Project away the levels for which ``drop(level)`` holds; it holds for none above ``first``."""
        return self._forget(a, drop, first, {})

    def _forget(self, node: int, drop: Callable[[int], bool], first: int, memo: dict[int, int]) -> int:
        if self.deepest[node] < first:
            return node
        found = memo.get(node)
        if found is None:
            below = self._any_below if drop(self.level[node]) else self._below
            found = memo[node] = below(node, self._forget, drop, first, memo)
        return found

    def project(self, a: int, first: int, last: int) -> int:
        """Project onto the levels from ``first`` to ``last``."""
        return self._project(a, first, last, {})

    def _project(self, node: int, first: int, last: int, memo: dict[int, int]) -> int:
        if self.level[node] > last:
            return FULL if node else EMPTY
        found = memo.get(node)
        if found is None:
            below = self._any_below if self.level[node] < first else self._below
            found = memo[node] = below(node, self._project, first, last, memo)
        return found

    def forget_from(self, a: int, first: int) -> int:
        """Project away this level and all that are deeper."""
        return self._forget_from(a, first, {}) if self.deepest[a] >= first else a

    def _forget_from(self, node: int, first: int, memo: dict[int, int]) -> int:
        if self.deepest[node] < first:
            return node
        if self.level[node] >= first:
            return FULL  # a node that is not empty holds for some values of all that is forgotten
        found = memo.get(node)
        if found is None:
            found = memo[node] = self._below(node, self._forget_from, first, memo)
        return found

    def restrict(self, a: int, values: dict[int, int]) -> int:
        """The set as seen with some levels fixed: ``values``: level -> the value's label."""
        return self._restrict(a, values, {})

    def _restrict(self, node: int, values: dict[int, int], memo: dict[int, int]) -> int:
        if node <= FULL:
            return node
        found = memo.get(node)
        if found is None:
            fixed = values.get(self.level[node])
            if fixed is None:
                found = self._below(node, self._restrict, values, memo)
            else:
                child = next((child for label, child in self.edges[node] if label & fixed), EMPTY)
                found = self._restrict(child, values, memo)
            memo[node] = found
        return found

    def point(self, a: int, draw: Random) -> Point:
        """One of the flows of a set that is not empty: a value for each level that it depends on on the way there."""
        found: Point = {}
        while a != FULL:
            label, child = draw.choice(self.edges[a])
            found[self.level[a]] = label & -label if label < 0 else _drawn(label, draw)
            a = child
        return found

    def holds(self, a: int, point: Point) -> bool:
        """Whether a point lies in a set. What the point leaves open is settled the first time that it matters, so that
        it lies outside if it can."""
        while a > FULL:
            level, edges = self.level[a], self.edges[a]
            value = point.get(level)
            if value is None:
                beside = full_label(level)
                for label, _child in edges:
                    beside &= ~label
                label = beside or edges[0][0]
                value = point[level] = label & -label
            a = next((child for label, child in edges if label & value), EMPTY)
        return a == FULL

    def levels(self, a: int) -> set[int]:
        """The levels that the set depends on."""
        seen, found, stack = set(), set(), [a]
        while stack:
            node = stack.pop()
            if node > FULL and node not in seen:
                seen.add(node)
                found.add(self.level[node])
                stack.extend(child for _label, child in self.edges[node])
        return found

    def in_ranges(self, field: Field, levels: int, ranges: Ranges) -> int:
        """The flows whose ``field`` (its first ``levels`` bytes) lies in ``ranges``."""
        found = self._prefix(field, levels, *ranges[0]) if len(ranges) == 1 else None
        if found is not None:
            return found
        return self._in_ranges(field.first, levels, merge_ranges(ranges)) if ranges else EMPTY

    def _in_ranges(self, level: int, left: int, wanted: Ranges) -> int:
        """``left``: bytes from this level on. ``wanted``: sorted, disjoint, not adjacent."""
        whole = 0
        if left == 1:
            for low, high in wanted:
                whole |= bits(low, high)
            return self.chain(level, whole, FULL)
        size = 1 << (8 * (left - 1))
        parts: dict[int, list[Range]] = {}
        for low, high in wanted:
            first, last = low // size, high // size
            if first == last:
                parts.setdefault(first, []).append((low % size, high % size))
                continue
            if low % size:
                parts.setdefault(first, []).append((low % size, size - 1))
                first += 1
            if (high + 1) % size:
                parts.setdefault(last, []).append((0, high % size))
                last -= 1
            if first <= last:
                whole |= bits(first, last)
        labels = {FULL: whole} if whole else {}
        for byte, inner in parts.items():
            full = inner == [(0, size - 1)]
            child = FULL if full else self._in_ranges(level + 1, left - 1, tuple(inner))
            labels[child] = labels.get(child, 0) | 1 << byte
        return self.node(level, labels)

    def _prefix(self, field: Field, levels: int, low: int, high: int) -> int | None:
        """A range of whole bytes below one that varies, which nearly all are; None for another."""
        free, rest = 0, low ^ high
        while rest > 255:
            rest >>= 8
            free += 8
        if low & ((1 << free) - 1) or ~high & ((1 << free) - 1):
            return None
        found = FULL
        for level in range(field.first + levels - 1 - free // 8, field.first - 1, -1):
            found = self.chain(level, bits(low >> free & 255, high >> free & 255), found)
            free += 8
        return found

    def in_values(self, field: Field, values: Values) -> int:
        """The flows whose ``field`` has one of these values."""
        return self.above(field.first, values, FULL)

    def above(self, first: int, values: Values, below: int) -> int:
        """Those of the flows ``below`` whose field from level ``first`` on has one of these values; ``below`` asks for
        nothing up to the field's end."""
        found = []
        for cube in values.cubes:
            node = below
            for level in range(first + len(cube) - 1, first - 1, -1):
                node = self.chain(level, cube[level - first], node)
            found.append(node)
        return self.union_all(found)

    def masked(self, field: Field, levels: int, value: int, mask: int) -> int:
        """The flows with ``field & mask == value``."""
        found = FULL
        for index in reversed(range(levels)):
            shift = 8 * (levels - 1 - index)
            label = masked_byte(value >> shift & 255, mask >> shift & 255)
            found = self.chain(field.first + index, label, found) if label else EMPTY
        return found

    def labelled(self, level: int, label: int) -> int:
        """The flows whose ``level`` has one of the label's values."""
        return self.chain(level, label, FULL) if label else EMPTY

    def variable(self, level: int) -> int:
        """The free Boolean variable of an unknown level."""
        return self.chain(level, _TRUE, FULL)

    def split(self, a: int, field: Field, levels: int) -> list[tuple[Values, int]]:
        """The classes of the field's values by what remains to be asked: (values, node below).

        Sorted by the lowest value. The values of all classes are disjoint; those that lead to the
        empty set are in none.
        """
        classes = self._split(a, field.first, field.first + levels, {}) if a else {}
        found = [(Values(cubes), below) for below, cubes in classes.items()]
        return sorted(found, key=lambda item: item[0].low) if len(found) > 1 else found

    def _split(self, node: int, level: int, end: int, memo: dict[int, _Classes]) -> _Classes:
        if level == end or self.level[node] >= end:
            return {node: ((BYTE,) * (end - level),)}
        found = memo.get(node) if self.level[node] == level else None
        if found is None:
            classes: dict[int, list[Cube]] = {}
            for label, child in self._at(node, level):
                for below, cubes in self._split(child, level + 1, end, memo).items():
                    classes.setdefault(below, []).extend((label, *cube) for cube in cubes)
            found = {below: tuple(cubes) for below, cubes in classes.items()}
            if self.level[node] == level:
                memo[node] = found
        return found
