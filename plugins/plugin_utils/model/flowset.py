# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of flows with exact union, intersection, difference and emptiness.

A ``Space`` holds the diagrams, the interface names and the unknown conditions of one analysis; sets
of different spaces don't mix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from operator import itemgetter
from random import Random
from typing import Any

from ..errors import FlowError
from . import text
from .diagrams import EMPTY, FULL, Diagrams, Point, full_label
from .fields import (
    FAMILIES,
    FIELDS,
    FIRST_UNKNOWN_LEVEL,
    PROTOCOLS_WITH_PORTS,
    STATES,
    TCP_FLAGS,
)
from .match import Ranges
from .values import Values

_LABELS = {
    field: {name: 1 << index for index, name in enumerate(names)}
    for field, names in {"family": FAMILIES, **STATES}.items()
}
# A product of values, a field each; a label for fields of names.
Box = dict[tuple[str, int], "Values | int"]
# More separate ranges than this are written as a value and a mask.
_MOST_RANGES = 4096
_ADDRESS_BYTES = {4: 4, 6: 16}
_MOST_TOLD = 500_000
_PAIRS, _PIECES = "pairs", "pieces"
# The node of so few ranges is kept for the next one who asks.
_MOST_KEPT = 16
_PIECE_FIELDS = tuple(
    (FIELDS[name], FIELDS[name].last)
    for name in (
        "src",
        "dst",
        "protocol",
        "src_port",
        "dst_port",
        "icmp_type",
        "icmp_code",
        "tcp_flags",
        "connection",
        "in_interface",
        "out_interface",
        "in_zone",
        "out_zone",
        "ct_status",
        "direction",
        "origin",
        "mark",
        "ct_mark",
    )
)
# IANA's range of ephemeral ports begins here (RFC 6335); a witness takes it where any port will do.
_EPHEMERAL = 49152
_FLAGS_BY_NAME = 8
_OTHER_END = {"src": "dst", "dst": "src", "src_port": "dst_port", "dst_port": "src_port"}


class Space:
    """One analysis: its diagrams, its names, its unknowns."""

    def __init__(self) -> None:
        self.diagrams = Diagrams()
        self._names: dict[str, dict[str, int]] = {"interface": {}, "zone": {}}
        self._unknowns: dict[str, int] = {}
        self._reasons: list[str] = []
        self.names_known = 0
        self._caches: list[dict[Any, Any]] = []
        self._emptied = 0
        self._ranges: dict[tuple[str, Ranges, int], int] = self.cache()
        # The keys of a flow -> what they imply (``flow.flows_from``).
        self.completions: dict[frozenset[str], int] = self.cache()
        # What was told of sets, for the next who asks: the values of a field, pairs, pieces.
        self.told: dict[tuple[int, str, int], Any] = self.cache()
        # Flows without what belongs to one host's view of them (``analyse.journey.plain``).
        self.plain: dict[int, FlowSet] = self.cache()
        # Flows and their replies, and whether it was the replies that were asked for (``analyse.replies``).
        self.turned: dict[tuple[int, bool], FlowSet] = self.cache()
        self.everything = FlowSet(self, FULL)
        self.nothing = FlowSet(self, EMPTY)

    def cache(self) -> dict[Any, Any]:
        """A dictionary for nodes or sets of flows that are kept; those of a scratch leave it with the scratch."""
        found: dict[Any, Any] = {}
        self._caches.append(found)
        return found

    def empty(self, cache: dict[Any, Any]) -> None:
        """Forget all of a cache that has grown too big."""
        cache.clear()
        self._emptied += 1

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """What is made within is forgotten at the end, so that many questions take no more memory than one. Sets of
        flows from within must not be used afterwards."""
        first, before = len(self.diagrams.level), (self.names_known, self._emptied)
        sizes = [len(cache) for cache in self._caches]
        try:
            yield
        finally:
            self.diagrams.release(first)
            sizes += [0] * (len(self._caches) - len(sizes))
            for cache, size in zip(self._caches, sizes):
                # What was kept before has gone, and its places were taken.
                if (self.names_known, self._emptied) != before:
                    cache.clear()
                while len(cache) > size:
                    cache.popitem()

    def learn(self, field: str, names: Iterable[str]) -> None:
        """Make interface or zone names known. A wildcard covers the names that are known when a set is
        made from it, so names come first; ``names_known`` grows with each new one."""
        table = self._names[field.partition("_")[2]]
        for name in names:
            if name not in table:
                table[name] = 1 << len(table)
                self.names_known += 1

    def label(self, field: str, names: Iterable[str]) -> int:
        """The label of one-level fields that have names: interfaces, zones, states, families.

        A name that ends in ``*`` stands for every known name that starts so, and for any other name
        with that start (its own entry in the table).
        """
        if field in _LABELS:
            return sum({_LABELS[field][name] for name in names})
        wanted = list(names)
        self.learn(field, wanted)
        table = self._names[field.partition("_")[2]]
        label = 0
        for name in wanted:
            if name == "*":
                return -1
            if name.endswith("*"):
                for known, bit in table.items():
                    if known.startswith(name[:-1]):
                        label |= bit
            else:
                label |= table[name]
        return label

    def names_of(self, field: str, label: int) -> list[str]:
        """The names in a label, sorted; a label without an end starts with ``!``: all but these."""
        if field in _LABELS:
            return [name for name, bit in _LABELS[field].items() if label & bit]
        table = self._names[field.partition("_")[2]]
        if label < 0:
            return ["!", *sorted(name for name, bit in table.items() if ~label & bit)]
        return sorted(name for name, bit in table.items() if label & bit)

    def unknown(self, key: str, reason: str) -> int:
        """The node of the free variable for an undecidable condition; equal keys share it."""
        level = self._unknowns.get(key)
        if level is None:
            level = self._unknowns[key] = FIRST_UNKNOWN_LEVEL + len(self._reasons)
            self._reasons.append(reason)
        return self.diagrams.variable(level)

    def undecided(self, node: int) -> bool:
        """Whether the node depends on a condition that can't be decided."""
        return self.diagrams.deepest[node] >= FIRST_UNKNOWN_LEVEL

    def reasons(self, node: int) -> list[str]:
        """Why a node can't be decided: the reasons of the variables that it depends on."""
        if not self.undecided(node):
            return []
        return [
            self._reasons[level - FIRST_UNKNOWN_LEVEL]
            for level in sorted(self.diagrams.levels(node))
            if level >= FIRST_UNKNOWN_LEVEL
        ]

    def certain(self, node: int) -> int:
        """Project the unknowns away: the flows for which some outcome of the unknowns fits."""
        return self.diagrams.forget_from(node, FIRST_UNKNOWN_LEVEL)

    def in_ranges(self, field: str, ranges: Ranges, family: int = 0) -> int:
        """The node of ``field`` in ``ranges``; src and dst need the family (4 or 6)."""
        if len(ranges) > _MOST_KEPT:
            return self._in_ranges(field, ranges, family)
        key = (field, ranges, family)
        found = self._ranges.get(key)
        if found is None:
            found = self._ranges[key] = self._in_ranges(field, ranges, family)
        return found

    def _in_ranges(self, field: str, ranges: Ranges, family: int) -> int:
        spec = FIELDS[field]
        if spec.kind != "address":
            return self.diagrams.in_ranges(spec, spec.levels, ranges)
        found = self.diagrams.in_ranges(spec, _ADDRESS_BYTES[family], ranges)
        return self.diagrams.node(0, {found: _LABELS["family"][FAMILIES[family == 6]]}) if found else EMPTY

    def masked(self, field: str, value: int, mask: int, family: int = 0) -> int:
        spec = FIELDS[field]
        if spec.kind != "address":
            return self.diagrams.masked(spec, spec.levels, value, mask)
        found = self.diagrams.masked(spec, _ADDRESS_BYTES[family], value, mask)
        return self.diagrams.intersection(found, self._family(family))

    def named(self, field: str, names: Iterable[str]) -> int:
        return self.diagrams.labelled(FIELDS[field].first, self.label(field, names))

    def _family(self, family: int) -> int:
        return self.named("family", ("ipv4" if family == 4 else "ipv6",))


class FlowSet:
    """An immutable set of flows."""

    __slots__ = ("node", "space")

    def __init__(self, space: Space, node: int) -> None:
        self.space = space
        self.node = node

    def __and__(self, other: FlowSet) -> FlowSet:
        return FlowSet(self.space, self.space.diagrams.intersection(self.node, other.node))

    def __or__(self, other: FlowSet) -> FlowSet:
        return FlowSet(self.space, self.space.diagrams.union(self.node, other.node))

    def __sub__(self, other: FlowSet) -> FlowSet:
        return FlowSet(self.space, self.space.diagrams.difference(self.node, other.node))

    def __invert__(self) -> FlowSet:
        return FlowSet(self.space, self.space.diagrams.complement(self.node))

    def __bool__(self) -> bool:
        return self.node != EMPTY

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FlowSet) and self.space is other.space and self.node == other.node

    def __hash__(self) -> int:
        return hash((id(self.space), self.node))

    def __le__(self, other: FlowSet) -> bool:
        return self.space.diagrams.inside(self.node, other.node)

    def __repr__(self) -> str:
        return f"FlowSet({self.pieces(limit=3)})"

    def only(self, field: str, ranges: Ranges, family: int = 0) -> FlowSet:
        """Those whose ``field`` lies in one of the inclusive ``ranges``."""
        space = self.space
        return FlowSet(space, space.diagrams.intersection(self.node, space.in_ranges(field, ranges, family)))

    def named(self, field: str, names: Iterable[str]) -> FlowSet:
        """Those whose interface, zone, connection state or family has one of the names."""
        return self & FlowSet(self.space, self.space.named(field, names))

    def forget(self, *fields: str) -> FlowSet:
        """The set with these fields free: any value, if some value was in the set."""
        if not fields:
            return self
        levels = _levels(fields)
        return FlowSet(self.space, self.space.diagrams.forget(self.node, levels.__contains__, min(levels)))

    def assign(self, field: str, value: int, family: int = 0) -> FlowSet:
        """The flows as they are once ``field`` has been set to ``value``."""
        return self.forget(field).only(field, ((value, value),), family)

    def assign_name(self, field: str, name: str) -> FlowSet:
        """The flows as they are on another interface, zone or connection state."""
        return self.forget(field).named(field, (name,))

    def reversed(self) -> FlowSet:
        """The same connections seen from the other end: addresses and ports change places."""
        diagrams = self.space.diagrams
        parts = []
        for box in self._boxes():
            turned = [
                (FIELDS[_OTHER_END.get(name, name)].first, values) for (name, _of), values in box.items()
            ]
            part = FULL
            for first, values in sorted(turned, key=itemgetter(0), reverse=True):
                if isinstance(values, int):
                    part = diagrams.chain(first, values, part)
                else:
                    part = diagrams.above(first, values, part)
            parts.append(part)
        return FlowSet(self.space, diagrams.union_all(parts))

    def families(self) -> list[int]:
        """4 and 6, as far as the set has flows of them."""
        return [family for family, name in zip((4, 6), FAMILIES) if self._of_family(_LABELS["family"][name])]

    def ranges(self, field: str, family: int = 0, most: int = _MOST_RANGES) -> Ranges:
        """The values that ``field`` takes in the set, as sorted inclusive ranges. FlowError for more than ``most``."""
        values = self._values(field, family)
        if values is None:
            return ()
        if values.count() > most:
            raise FlowError(
                f"{field} has {values.count()} separate ranges, as masks with holes have, and more than {most}",
                "a set of flows",
                "ask about a smaller set",
            )
        return values.ranges()

    def hulls(self, field: str, family: int = 0, most: int = 32) -> Ranges:
        """``ranges`` where there are at most ``most``, else the one range that holds them all."""
        values = self._values(field, family)
        if values is None:
            return ()
        return values.ranges() if values.count() <= most else ((values.low, values.high),)

    def _values(self, field: str, family: int) -> Values | None:
        """The projection onto one field of numbers; None for the empty set."""
        key = (self.node, field, family)
        told = self.space.told
        if key in told:
            values: Values | None = told[key]
            return values
        if len(told) >= _MOST_TOLD:
            self.space.empty(told)
        found = told[key] = self._project(field, family)
        return found

    def _project(self, field: str, family: int) -> Values | None:
        spec = FIELDS[field]
        levels = spec.levels if spec.kind != "address" else _ADDRESS_BYTES[family]
        start = self._of_family(_LABELS["family"][FAMILIES[family == 6]]) if family else self.node
        rest = self.space.diagrams.project(start, spec.first, spec.first + levels - 1)
        classes = self.space.diagrams.split(rest, spec, levels)
        return classes[0][0] if classes else None

    def values(self, field: str) -> list[str]:
        """The names that an interface, zone, connection or family field takes in the set."""
        spec = FIELDS[field]
        rest = self.space.diagrams.project(self.node, spec.first, spec.first)
        if rest == EMPTY:
            return []
        label = full_label(spec.first) if rest == FULL else self.space.diagrams.edges[rest][0][0]
        return self.space.names_of(field, label)

    def _boxes(self) -> Iterator[Box]:
        """Disjoint products: ``{(field, family): values}``, a label in place of values for names."""
        diagrams = self.space.diagrams
        addresses = range(FIELDS["src"].first, FIELDS["dst"].last + 1)
        if diagrams.level[self.node] and not any(level in addresses for level in diagrams.levels(self.node)):
            yield from self._boxes_below(self.node, 0, 0)
            return
        for family, name in ((4, "ipv4"), (6, "ipv6")):
            label = self.space.label("family", (name,))
            for box in self._boxes_below(self._of_family(label), 0, family):
                yield {("family", 0): label, **box}

    def _of_family(self, label: int) -> int:
        """The node below the family's label; the family is asked for first of all."""
        diagrams = self.space.diagrams
        if diagrams.level[self.node]:
            return self.node
        for one, child in diagrams.edges[self.node]:
            if one & label:
                return child
        return EMPTY

    def _boxes_below(self, node: int, at: int, family: int) -> Iterator[Box]:
        """``at``: which of the fields, in their order, comes next."""
        diagrams = self.space.diagrams
        level = diagrams.level[node]
        while at < len(_PIECE_FIELDS) and level > _PIECE_FIELDS[at][1]:
            at += 1  # the field may have any value
        if node == EMPTY or at == len(_PIECE_FIELDS):
            if node != EMPTY:
                yield {}
            return
        field = _PIECE_FIELDS[at][0]
        classes: Iterable[tuple[Any, int]]
        if field.kind in ("names", "state"):
            classes = sorted(diagrams.edges[node])
            full: Any = full_label(field.first)
        else:
            levels = _ADDRESS_BYTES[family] if field.kind == "address" else field.levels
            classes, full = diagrams.split(node, field, levels), None
        key = (field.name, family if field.kind == "address" else 0)
        for values, child in classes:
            for box in self._boxes_below(child, at + 1, family):
                free = values.everything if isinstance(values, Values) else values == full
                yield box if free else {key: values, **box}

    def pieces(self, limit: int | None = None) -> list[dict[str, list[str]]]:
        """A stable decomposition into disjoint parts, each a mapping from field to values: prefixes,
        port ranges, protocol and interface names. A field that may be anything is left out; ``family``
        is given only where no address tells it. ``limit``: stop after that many parts."""
        if limit is not None:
            return self._pieces(limit)
        key = (self.node, _PIECES, self.space.names_known)
        found = self.space.told.get(key)
        if found is None:
            found = self.space.told[key] = self._pieces(None)
        return [{name: list(values) for name, values in piece.items()} for piece in found]

    def _pieces(self, limit: int | None) -> list[dict[str, list[str]]]:
        found: list[dict[str, list[str]]] = []
        for box in self._boxes():
            if limit is not None and len(found) >= limit:
                break
            piece: dict[str, list[str]] = {}
            for (name, family), values in box.items():
                if isinstance(values, int):
                    piece[name] = self.space.names_of(name, values)
                else:
                    piece[name] = _values_text(name, family, values)
            if "src" in piece or "dst" in piece:
                piece.pop("family", None)
            found.append(piece)
        return found

    def witness(self) -> dict[str, Any]:
        """One flow of the set, as a mapping that ``flows_from`` reads. Empty for the empty set."""
        for box in self._boxes():
            flow: dict[str, Any] = {}
            for (name, family), values in box.items():
                if isinstance(values, int):
                    names = self.space.names_of(name, values)
                    if names and names[0] != "!":
                        flow[name] = names[0]
                elif name == "src_port" and any(low <= _EPHEMERAL <= high for low, high in values.ranges()):
                    flow[name] = _EPHEMERAL
                elif name in ("src", "dst"):
                    flow[name] = text.address_text(family, values.low)
                elif name == "protocol":
                    flow[name] = text.protocol_text(values.low)
                elif name == "tcp_flags":
                    flow[name] = flags_text(values.low)
                else:
                    flow[name] = values.low
            if flow.get("protocol") in {text.protocol_text(number) for number in PROTOCOLS_WITH_PORTS}:
                flow.setdefault("src_port", _EPHEMERAL)
            if "src" in flow or "dst" in flow:
                flow.pop("family", None)
            return flow
        return {}

    def point(self, draw: Random) -> Point:
        """One flow of a set that is not empty; ``holds`` of other sets settles what it leaves open."""
        return self.space.diagrams.point(self.node, draw)

    def some_destination(self) -> tuple[int, int]:
        """Family and destination of one flow of a set that is not empty; no other than another time."""
        diagrams, first, node = self.space.diagrams, FIELDS["dst"].first, self.node
        family, value = 4, 0
        while node != FULL:
            level = diagrams.level[node]
            label, child = diagrams.edges[node][0]
            if not level:
                family = 4 if label & _LABELS["family"]["ipv4"] else 6
            elif level >= first + _ADDRESS_BYTES[family]:
                break
            elif level >= first:
                shift = 8 * (first + _ADDRESS_BYTES[family] - 1 - level)
                value |= ((label & -label).bit_length() - 1) << shift
            node = child
        return family, value

    def holds(self, point: Point) -> bool:
        """Whether a flow is in the set."""
        return self.space.diagrams.holds(self.node, point)

    def pairs(self) -> int:
        """How many pairs of source and destination address are in the set."""
        key = (self.node, _PAIRS, 0)
        found = self.space.told.get(key)
        if found is None:
            found = self.space.told[key] = self._count_pairs()
        return int(found)

    def _count_pairs(self) -> int:
        diagrams = self.space.diagrams
        spans = (FIELDS["src"], FIELDS["dst"])
        keep = {0, *(level for span in spans for level in range(span.first, span.last + 1))}
        node = diagrams.forget(self.node, lambda level: level not in keep)
        total = 0
        for family, name in ((4, "ipv4"), (6, "ipv6")):
            bytes_ = _ADDRESS_BYTES[family]
            levels = [span.first + index for span in spans for index in range(bytes_)]
            below = FlowSet(self.space, node)._of_family(self.space.label("family", (name,)))
            total += _count(diagrams, below, levels, {})
        return total


@lru_cache(maxsize=256)
def _levels(fields: tuple[str, ...]) -> frozenset[int]:
    return frozenset(level for name in fields for level in range(FIELDS[name].first, FIELDS[name].last + 1))


def _count(
    diagrams: Diagrams, node: int, levels: list[int], memo: dict[tuple[int, int], int], at: int = 0
) -> int:
    if node == EMPTY:
        return 0
    if at == len(levels):
        return 1
    key = (node, at)
    if key not in memo:
        if diagrams.level[node] != levels[at]:
            memo[key] = 256 * _count(diagrams, node, levels, memo, at + 1)
        else:
            memo[key] = sum(
                label.bit_count() * _count(diagrams, child, levels, memo, at + 1)
                for label, child in diagrams.edges[node]
            )
    return memo[key]


def _values_text(field: str, family: int, values: Values) -> list[str]:
    """Prefixes and ranges; a value and a mask (``10.0.0.0/255.255.1.1``) where those would be too many;
    combinations of TCP flags by name while they are few."""
    if values.count() > _MOST_RANGES:
        if field in ("src", "dst"):
            return [
                f"{text.address_text(family, value)}/{text.address_text(family, mask)}"
                for value, mask in values.masks()
            ]
        return [f"{value:#x}/{mask:#x}" for value, mask in values.masks()]
    ranges = values.ranges()
    if field != "tcp_flags":
        return text.ranges_to_text(field, ranges, family)
    if sum(high - low + 1 for low, high in ranges) > _FLAGS_BY_NAME:
        return [text.number_text(low, high) for low, high in ranges]
    return [flags_text(value) for low, high in ranges for value in range(low, high + 1)]


def flags_text(value: int) -> str:
    """TCP flags as a comma-separated list, ``none`` for no flag."""
    return ",".join(name for index, name in enumerate(TCP_FLAGS) if value >> index & 1) or "none"


def flags_value(names: str) -> int:
    """The inverse of ``flags_text``. ValueError for a word that is no flag."""
    if names == "none":
        return 0
    return sum({1 << TCP_FLAGS.index(name.strip().lower()) for name in names.split(",")})
