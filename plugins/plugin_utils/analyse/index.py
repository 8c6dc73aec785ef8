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
from collections.abc import Callable, Mapping, Sequence

from ..model.flowset import FlowSet
from ..model.match import All, In, Masked, Match, Member, Range, Ranges
from ..model.rules import Rule, VerdictMap

IPV6_AT = 1 << 128
ADDRESSES = (0, (1 << 129) - 1)
_PORTS = (0, 65535)
# Jumps nested deeper than the kernel allows in nft (16) are not followed.
_DEEPEST = 16
_FEW = 64
# No value at all.
_NOTHING = (1, 0)
_WHOLE = {"src": ADDRESSES, "dst": ADDRESSES, "dst_port": _PORTS}

SetHull = Callable[[Member, str], "Range | None"]


def _on_line(field: str, low: int, high: int, family: int) -> Range:
    shift = IPV6_AT if field != "dst_port" and family == 6 else 0
    return low + shift, high + shift


def hulls(match: Match, set_hull: SetHull) -> dict[str, Range]:
    """Field -> the interval outside of which ``match`` is surely false; a field that it leaves free is not there."""
    found: dict[str, Range] = {}
    for part in match.matches if isinstance(match, All) else (match,):
        if isinstance(part, In):
            if part.field in _WHOLE and part.ranges:
                # One range is by far the most frequent.
                low, high = part.ranges[0]
                if len(part.ranges) > 1:
                    low, high = min(part.ranges)[0], max(end for _start, end in part.ranges)
                _narrow(found, part.field, _on_line(part.field, low, high, part.family))
        elif isinstance(part, Masked):
            if part.field in _WHOLE:
                width = {4: 32, 6: 128}.get(part.family, 16)
                high = part.value | ~part.mask & ((1 << width) - 1)
                _narrow(found, part.field, _on_line(part.field, part.value, high, part.family))
        elif isinstance(part, Member):
            for field in part.fields:
                span = set_hull(part, field) if field in _WHOLE else None
                if span is not None:
                    _narrow(found, field, span)
        elif isinstance(part, All):
            for field, span in hulls(part, set_hull).items():
                _narrow(found, field, span)
    return found


def _narrow(found: dict[str, Range], field: str, span: Range) -> None:
    known = found.get(field)
    found[field] = span if known is None else (max(known[0], span[0]), min(known[1], span[1]))


class ChainHulls:
    """The hulls of rules by all that they may do: a jump does nothing to packets that no rule of its chain matches,
    so the hundreds of chains of a big ruleset need not be walked one after the other."""

    def __init__(self, chains: Mapping[str, Sequence[Rule]], set_hull: SetHull) -> None:
        self._chains = chains
        self._set_hull = set_hull
        self._of_chain: dict[str, dict[str, Range]] = {}

    def of_rules(self, rules: Sequence[Rule], depth: int = 0) -> list[dict[str, Range]]:
        """One for each rule, as ``hulls`` has them. ``depth``: jumps that led to them."""
        found = []
        for at, rule in enumerate(rules):
            own = hulls(rule.match, self._set_hull)
            verdict = rule.verdict
            followed = at + 1 < len(rules) and rules[at + 1].follows
            if (
                not isinstance(verdict, VerdictMap)
                and verdict.kind == "jump"
                and not rule.effects
                and not followed
            ):
                for field, span in self._chain(verdict.chain, depth + 1).items():
                    _narrow(own, field, span)
            found.append(own)
        return found

    def _chain(self, key: str, depth: int) -> dict[str, Range]:
        """What any rule of the chain may match; everything for one that was not gathered, jumps to itself, or is
        nested deeply."""
        found = self._of_chain.get(key) if depth <= _DEEPEST else {}
        if found is None:
            self._of_chain[key] = {}
            rules = self._chains.get(key)
            found = self._of_chain[key] = {} if rules is None else _around(self.of_rules(rules, depth))
        return found


def _around(listed: Sequence[Mapping[str, Range]]) -> dict[str, Range]:
    """The hull of hulls, leaving out those that hold nothing."""
    some = [one for one in listed if all(low <= high for low, high in one.values())]
    if not some:
        return dict.fromkeys(_WHOLE, _NOTHING)
    return {
        field: (min(one[field][0] for one in some), max(one[field][1] for one in some))
        for field in _WHOLE
        if all(field in one for one in some)
    }


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
    """The index of one chain's rules, in their order."""

    def __init__(self, listed: Sequence[Mapping[str, Range]]) -> None:
        """``listed``: the hulls of each."""
        self.size = len(listed)
        self._lines = {
            field: _Line([found.get(field, whole) for found in listed], whole)
            for field, whole in _WHOLE.items()
        }

    def candidates(self, wanted: dict[str, Ranges]) -> list[int]:
        """The positions (from 0, ascending) of the rules that may touch the flows of ``wanted``."""
        costs: dict[str, int] = {}
        for name, line in self._lines.items():
            costs[name] = line.cost(wanted[name])
            if costs[name] <= _FEW:
                break  # to look for fewer would cost more
        field = min(costs, key=costs.__getitem__)
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
