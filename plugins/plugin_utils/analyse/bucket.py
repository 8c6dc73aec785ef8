# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of flows as data of bounded size: so many parts are listed, and the others counted, up to a point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice, product
from math import prod
from typing import Any

from ..model.flowset import FlowSet

# Parts of a set of flows, and rules, that are listed; all others are counted.
MOST = 50
# Counting parts takes its time, too; beyond this many it is given up, and said so.
MOST_COUNTED = 5_000
_MOST_VALUES = 100


class Bucket:
    """Disjoint sets of flows, told one after the other."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._shown: list[dict[str, list[str]]] = []
        self._pieces = 0
        self._parts = 0

    def add(self, flows: FlowSet, simplest: Callable[[FlowSet], FlowSet]) -> None:
        """``simplest``: the set as it is to be told. A part with very many values of one field is several."""
        left = MOST_COUNTED - self._pieces
        if not flows or left < 0:
            return
        pieces = simplest(flows).pieces(limit=left + 1)
        for piece in pieces[:left]:
            self._parts += prod(-(-len(values) // _MOST_VALUES) for values in piece.values())
            if len(self._shown) < self._most:
                self._shown += islice(_split(piece), self._most - len(self._shown))
        self._pieces += len(pieces)

    def to_dict(self) -> dict[str, Any]:
        """``{flows, more, counted}``: the listed parts, how many there are beside them, and whether all of those
        were counted."""
        return {
            "flows": self._shown,
            "more": self._parts - len(self._shown),
            "counted": self._pieces <= MOST_COUNTED,
        }


def _split(piece: Mapping[str, list[str]]) -> Iterator[dict[str, list[str]]]:
    """The part as parts with few values each."""
    chunks = [
        [values[start : start + _MOST_VALUES] for start in range(0, len(values), _MOST_VALUES)]
        for values in piece.values()
    ]
    for combination in product(*chunks):
        yield dict(zip(piece, combination))
