# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three ways to hold sets of flows, on the same first-match passes in one run: why ours is what it is.

*boxes*: lists of products of intervals, subtraction splits them. *oxidd*: binary decision diagrams, one
variable a bit, in Rust. *bytes*: this project's diagrams, one level a byte. All must give the same
number of permitted flows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import oxidd
import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.diagrams import EMPTY, FULL
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space

Range = tuple[int, int]
Box = tuple[Range, ...]  # src, dst, protocol, dst_port
WIDTHS = (32, 32, 8, 16)
EVERYTHING: Box = tuple((0, (1 << width) - 1) for width in WIDTHS)
FIELDS = ("src", "dst", "protocol", "dst_port")


def rules(count: int, seed: int) -> list[tuple[Box, bool]]:
    """Five-tuple rules of a site: networks and hosts of 10/8, tcp or udp, a port or a range."""
    chance = random.Random(seed)

    def network() -> Range:
        length = chance.choice((16, 24, 24, 26, 32))
        size = 1 << 32 - length
        low = (10 << 24 | chance.getrandbits(24)) // size * size
        return low, low + size - 1

    def port() -> Range:
        low = chance.choice((22, 443, 5432, chance.randrange(65000)))
        return low, low + chance.choice((0, 0, 0, 100))

    listed = []
    for _rule in range(count):
        protocol = chance.choice((6, 6, 6, 17))
        listed.append(((network(), network(), (protocol, protocol), port()), chance.random() < 0.8))
    return listed


def size(box: Box) -> int:
    total = 1
    for low, high in box:
        total *= high - low + 1
    return total


class Boxes:
    """Plain lists of disjoint boxes."""

    def run(self, listed: list[tuple[Box, bool]], asked: Box) -> int:
        left, permitted = [asked], 0
        for match, accept in listed:
            rest = []
            for box in left:
                common = tuple((max(a[0], b[0]), min(a[1], b[1])) for a, b in zip(box, match))
                if any(low > high for low, high in common):
                    rest.append(box)
                    continue
                permitted += size(common) if accept else 0
                for index, (low, high) in enumerate(box):
                    first, last = common[index]
                    for side in ((low, first - 1), (last + 1, high)):
                        if side[0] <= side[1]:
                            rest.append((*common[:index], side, *box[index + 1 :]))
            left = rest
        return permitted


class Oxidd:
    """A binary decision diagram with a variable for each of the 88 bits."""

    def run(self, listed: list[tuple[Box, bool]], asked: Box) -> int:
        bits = sum(WIDTHS)
        manager = oxidd.bdd.BDDManager(1 << 24, 1 << 22, 1)
        manager.add_vars(bits)
        variables = [manager.var(index) for index in range(bits)]
        offsets = [sum(WIDTHS[:index]) for index in range(len(WIDTHS))]

        def at_least(value: int, offset: int, width: int) -> Any:
            found = manager.true()
            for bit in range(width):
                one = variables[offset + width - 1 - bit]
                found = one & found if value >> bit & 1 else one | found
            return found

        def box(wanted: Box) -> Any:
            found = manager.true()
            for (low, high), offset, width in reversed(list(zip(wanted, offsets, WIDTHS))):
                if low:
                    found = found & at_least(low, offset, width)
                if high + 1 < 1 << width:
                    found = found & ~at_least(high + 1, offset, width)
            return found

        left, permitted = box(asked), manager.false()
        for match, accept in listed:
            node = box(match)
            if accept:
                permitted = permitted | (left & node)
            left = left & ~node
        return int(permitted.sat_count(bits))


class Bytes:
    """This project's diagrams."""

    def run(self, listed: list[tuple[Box, bool]], asked: Box) -> int:
        space = Space()
        diagrams = space.diagrams

        def box(wanted: Box) -> int:
            found = FULL
            for field, span, full in reversed(list(zip(FIELDS, wanted, EVERYTHING))):
                if span != full:
                    family = 4 if field in ("src", "dst") else 0
                    found = diagrams.intersection(space.in_ranges(field, (span,), family), found)
            return found

        left, permitted = diagrams.intersection(box(asked), space.named("family", ("ipv4",))), EMPTY
        for match, accept in listed:
            node = box(match)
            if accept:
                permitted = diagrams.union(permitted, diagrams.intersection(left, node))
            left = diagrams.difference(left, node)
        return self._count(diagrams, permitted)

    @staticmethod
    def _count(diagrams: Any, node: int) -> int:
        from ansible_collections.pathguard.network.plugins.plugin_utils.model.fields import FIELDS as ALL

        levels = [0]
        for name, width in zip(FIELDS, WIDTHS):
            levels += range(ALL[name].first, ALL[name].first + width // 8)
        memo: dict[tuple[int, int], int] = {}

        def count(at: int, index: int) -> int:
            if at == EMPTY:
                return 0
            if index == len(levels):
                return 1
            if (at, index) not in memo:
                if diagrams.level[at] != levels[index]:
                    memo[at, index] = 256 * count(at, index + 1)
                else:
                    memo[at, index] = sum(
                        label.bit_count() * count(child, index + 1) for label, child in diagrams.edges[at]
                    )
            return memo[at, index]

        return count(node, 0)


def seconds(work: Callable[[], int]) -> tuple[int, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


NARROW: Box = (
    (10 << 24, (10 << 24) + 255),
    (10 << 24 | 1 << 16, (10 << 24 | 1 << 16) + 255),
    (6, 6),
    (5432, 5432),
)
WIDE: Box = (EVERYTHING[0], EVERYTHING[1], (6, 6), (5432, 5432))


@pytest.mark.timeout(900)
def test_ways_to_hold_sets_of_flows(capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for title, count, asked, ways in (
        ("few rules, one /24 to one /24 and port", 50, NARROW, (Boxes, Oxidd, Bytes)),
        ("500 rules, anybody to port 5432", 500, WIDE, (Boxes, Oxidd, Bytes)),
        ("2,000 rules, anybody to port 5432", 2000, WIDE, (Boxes, Oxidd, Bytes)),
        ("2,000 rules, everything", 2000, EVERYTHING, (Oxidd, Bytes)),
    ):
        listed = rules(count, seed=count)
        counts, times = [], []
        for way in ways:
            found, taken = min(
                (
                    seconds(lambda way=way, listed=listed, asked=asked: way().run(listed, asked))
                    for _run in range(3)
                ),
                key=lambda one: one[1],
            )
            counts.append(found)
            times.append((way.__name__, taken))
        assert len(set(counts)) == 1, f"{title}: the ways disagree: {counts}"
        rows.append((title, dict(times)))
    with capsys.disabled():
        print()
        print(f"{'seconds, best of 3':<44}{'boxes':>10}{'oxidd':>10}{'bytes':>10}")
        for title, times in rows:
            print(
                f"{title:<44}"
                + "".join(
                    f"{times[name]:>10.4f}" if name in times else f"{'-':>10}"
                    for name in ("Boxes", "Oxidd", "Bytes")
                )
            )
