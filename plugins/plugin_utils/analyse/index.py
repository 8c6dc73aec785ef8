# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many rules can touch a question: an index over the hulls of their addresses and ports.

A rule's hull on a line (source, destination, destination port) is the interval from its lowest to its
highest value. IPv4 addresses lie at 0 and IPv6 addresses at 2**128 on the same line. The index may
name a rule that does not touch the question, never leave out one that does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from ..model.flowset import FlowSet
from ..model.match import All, In, Masked, Match, Member, Range, Ranges

IPV6_AT = 1 << 128
_ADDRESSES = (0, (1 << 129) - 1)
_PORTS = (0, 65535)
_DIMENSIONS = (("src", _ADDRESSES), ("dst", _ADDRESSES), ("dst_port", _PORTS))

SetHull = Callable[[Member, str], "Range | None"]


def _on_line(field: str, low: int, high: int, family: int) -> Range:
    shift = IPV6_AT if field != "dst_port" and family == 6 else 0
    return low + shift, high + shift


def hull(match: Match, field: str, whole: Range, set_hull: SetHull) -> Range:
    """The interval of ``field`` outside of which ``match`` is surely false."""
    if isinstance(match, In) and match.field == field and match.ranges:
        lowest, highest = min(low for low, _high in match.ranges), max(high for _low, high in match.ranges)
        return _on_line(field, lowest, highest, match.family)
    if isinstance(match, Masked) and match.field == field:
        width = {4: 32, 6: 128}.get(match.family, 16)
        return _on_line(field, match.value, match.value | ~match.mask & ((1 << width) - 1), match.family)
    if isinstance(match, Member) and field in match.fields:
        return set_hull(match, field) or whole
    if isinstance(match, All):
        low, high = whole
        for part in match.matches:
            part_low, part_high = hull(part, field, whole, set_hull)
            low, high = max(low, part_low), min(high, part_high)
        return low, high
    return whole


class _Line:
    """The hulls of all rules on one line, found by overlap."""

    def __init__(self, hulls: Sequence[Range], whole: Range) -> None:
        self.hulls = hulls
        self.wide: list[int] = []
        self._blocks: dict[tuple[int, int], list[int]] = {}
        starts: list[tuple[int, int]] = []
        for index, (low, high) in enumerate(hulls):
            if (low, high) == whole:
                self.wide.append(index)
            elif low <= high:
                size = (low ^ high).bit_length()
                self._blocks.setdefault((size, low >> size), []).append(index)
                starts.append((low, index))
        starts.sort()
        self._starts = [low for low, _index in starts]
        self._order = [index for _low, index in starts]
        self._sizes = sorted({size for size, _block in self._blocks})

    def _parts(self, low: int, high: int) -> tuple[int, int, list[list[int]]]:
        first, last = bisect_left(self._starts, low), bisect_right(self._starts, high)
        around = [
            found for size in self._sizes if (found := self._blocks.get((size, low >> size))) is not None
        ]
        return first, last, around

    def cost(self, wanted: Ranges) -> int:
        total = len(self.wide)
        for low, high in wanted:
            first, last, around = self._parts(low, high)
            total += last - first + sum(map(len, around))
        return total

    def find(self, wanted: Ranges) -> set[int]:
        found = set(self.wide)
        for low, high in wanted:
            first, last, around = self._parts(low, high)
            found.update(self._order[first:last])
            for block in around:
                found.update(
                    index for index in block if self.hulls[index][0] <= high and self.hulls[index][1] >= low
                )
        return found


class RuleIndex:
    """The index of one chain's matches, in their order."""

    def __init__(self, matches: Iterable[Match], set_hull: SetHull) -> None:
        listed = list(matches)
        self.size = len(listed)
        self._lines = {
            field: _Line([hull(match, field, whole, set_hull) for match in listed], whole)
            for field, whole in _DIMENSIONS
        }

    def candidates(self, wanted: dict[str, Ranges]) -> list[int]:
        """The positions (from 0, ascending) of the rules that may touch the flows of ``wanted``."""
        field = min(self._lines, key=lambda name: self._lines[name].cost(wanted[name]))
        found = self._lines[field].find(wanted[field])
        for other, line in self._lines.items():
            ranges = wanted[other]
            if other != field and len(ranges) == 1:
                low, high = ranges[0]
                hulls = line.hulls
                found = {index for index in found if hulls[index][0] <= high and hulls[index][1] >= low}
        return sorted(found)


class MergedIndex:
    """The index of a list whose rules are all from lists that have one. ``parts``: an index, and where each of its
    rules stands in this list; -1 for one that does not."""

    def __init__(self, parts: Sequence[tuple[Index, Sequence[int]]]) -> None:
        self.parts = parts

    def candidates(self, wanted: dict[str, Ranges]) -> list[int]:
        """As ``RuleIndex`` has it."""
        return sorted(
            {
                places[index]
                for part, places in self.parts
                for index in part.candidates(wanted)
                if places[index] >= 0
            }
        )


Index = RuleIndex | MergedIndex


def wanted(flows: FlowSet) -> dict[str, Ranges]:
    """What a set of flows asks of each line, for ``candidates``."""
    found: dict[str, Ranges] = {"dst_port": flows.hulls("dst_port")}
    families = flows.families()
    for field in ("src", "dst"):
        ranges: list[Range] = []
        for family in families:
            hulls = flows.hulls(field, family)
            ranges.extend(_on_line(field, low, high, family) for low, high in hulls)
        found[field] = tuple(ranges)
    return found
