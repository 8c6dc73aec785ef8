# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many rules can touch a question: an index over their addresses and ports.

A rule's spans on a line (source, destination, destination port) are the ranges outside of which it surely does not
match; its hull is the interval from its lowest to its highest value. Rules that name the same group share its spans.
IPv4 addresses lie at 0 and IPv6 addresses at 2**128 on the same line. The index may name a rule that does not touch the
question, never leave out one that does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from random import Random

from ..model.diagrams import Point
from ..model.fields import FIELDS
from ..model.flowset import FlowSet
from ..model.match import All, Either, In, Masked, Match, Member, Range, Ranges, merge_ranges
from ..model.rules import Rule, VerdictMap

IPV6_AT = 1 << 128
ADDRESSES = (0, (1 << 129) - 1)
_PORTS = (0, 65535)
# Jumps nested deeper than the kernel allows in nft (16) are not followed.
_DEEPEST = 16
_FEW = 64
# Of the family's level.
_IPV4, _IPV6 = 1, 2
_BYTES = {_IPV4: 4, _IPV6: 16}
# No value at all.
_NOTHING = (1, 0)
_WHOLE = {"src": ADDRESSES, "dst": ADDRESSES, "dst_port": _PORTS}

# Of a rule with more ranges than this, the hull is kept.
_MOST_SPANS = 4_096
# Of flows with more ranges than this, the index is asked about the hull.
_MOST_WANTED = 1_024

SetSpans = Callable[[Member, str], "Ranges | None"]
Spans = dict[str, Ranges]


def on_line(field: str, low: int, high: int, family: int) -> Range:
    """A range of addresses or ports on the line of its field."""
    shift = IPV6_AT if field != "dst_port" and family == 6 else 0
    return low + shift, high + shift


def hulls(match: Match, set_spans: SetSpans) -> dict[str, Range]:
    """Field -> the interval outside of which ``match`` is surely false; a field that it leaves free is not there."""
    return {field: (ranges[0][0], ranges[-1][1]) for field, ranges in spans(match, set_spans).items()}


def spans(match: Match, set_spans: SetSpans) -> Spans:
    """Field -> the ranges, in order and apart, outside of which ``match`` is surely false; a field that it leaves free
    is not there."""
    found: Spans = {}
    for part in match.matches if isinstance(match, All) else (match,):
        if isinstance(part, In):
            if part.field in _WHOLE and part.ranges:
                _narrow(found, part.field, part.ranges if _is_plain(part) else _of_in(part))
        elif isinstance(part, (All, Either, Masked, Member)):
            for field, ranges in _of_other(part, set_spans):
                _narrow(found, field, ranges)
    return found


def _of_other(part: All | Either | Masked | Member, set_spans: SetSpans) -> Iterator[tuple[str, Ranges]]:
    if isinstance(part, All):
        yield from spans(part, set_spans).items()
    elif isinstance(part, Either):
        if part.matches:
            yield from _of_either(part, set_spans).items()
    elif isinstance(part, Member):
        for field in part.fields:
            ranges = set_spans(part, field) if field in _WHOLE else None
            if ranges is not None:
                yield field, ranges
    elif part.field in _WHOLE:
        width = {4: 32, 6: 128}.get(part.family, 16)
        high = part.value | ~part.mask & ((1 << width) - 1)
        yield part.field, (on_line(part.field, part.value, high, part.family),)


def _is_plain(part: In) -> bool:
    """One range that lies on the line as it is: by far the most frequent."""
    return part.family != 6 and len(part.ranges) == 1


def _of_in(part: In) -> Ranges:
    return few(on_line(part.field, low, high, part.family) for low, high in part.ranges)


def _of_either(match: Either, set_spans: SetSpans) -> Spans:
    listed = [spans(part, set_spans) for part in match.matches]
    shared = set(listed[0]).intersection(*listed[1:])
    return {field: few(one for found in listed for one in found[field]) for field in shared}


def few(ranges: Iterable[Range]) -> Ranges:
    """In order and apart; the hull of very many."""
    found = merge_ranges(one for one in ranges if one[0] <= one[1]) or (_NOTHING,)
    return found if len(found) <= _MOST_SPANS else ((found[0][0], found[-1][1]),)


def _narrow(found: Spans, field: str, ranges: Ranges) -> None:
    known = found.get(field)
    if known is None:
        found[field] = ranges
    elif len(known) == len(ranges) == 1:
        found[field] = ((max(known[0][0], ranges[0][0]), min(known[0][1], ranges[0][1])),)
    else:
        found[field] = tuple(_common(known, ranges)) or (_NOTHING,)


def _common(one: Ranges, other: Ranges) -> Iterator[Range]:
    at = there = 0
    while at < len(one) and there < len(other):
        low, high = max(one[at][0], other[there][0]), min(one[at][1], other[there][1])
        if low <= high:
            yield low, high
        if one[at][1] < other[there][1]:
            at += 1
        else:
            there += 1


class ChainSpans:
    """The spans of rules by all that they may do: a jump does nothing to packets that no rule of its chain matches,
    so the hundreds of chains of a big ruleset need not be walked one after the other."""

    def __init__(self, chains: Mapping[str, Sequence[Rule]], set_spans: SetSpans) -> None:
        self._chains = chains
        self._set_spans = set_spans
        self._of_chain: dict[str, Spans] = {}

    def of_rules(self, rules: Sequence[Rule], depth: int = 0) -> list[Spans]:
        """One for each rule, as ``spans`` has them. ``depth``: jumps that led to them."""
        found = []
        for at, rule in enumerate(rules):
            own = spans(rule.match, self._set_spans)
            verdict = rule.verdict
            followed = at + 1 < len(rules) and rules[at + 1].follows
            if (
                not isinstance(verdict, VerdictMap)
                and verdict.kind == "jump"
                and not rule.effects
                and not followed
            ):
                for field, ranges in self._chain(verdict.chain, depth + 1).items():
                    _narrow(own, field, ranges)
            found.append(own)
        return found

    def _chain(self, key: str, depth: int) -> Spans:
        """What any rule of the chain may match, by hulls; everything for one that was not gathered, jumps to itself, or
        is nested deeply."""
        found = self._of_chain.get(key) if depth <= _DEEPEST else {}
        if found is None:
            self._of_chain[key] = {}
            rules = self._chains.get(key)
            found = self._of_chain[key] = {} if rules is None else _around(self.of_rules(rules, depth))
        return found


def _around(listed: Sequence[Spans]) -> Spans:
    """The hulls of spans, leaving out those that hold nothing."""
    some = [one for one in listed if (_NOTHING,) not in one.values() and all(map(_holds, one.values()))]
    if not some:
        return dict.fromkeys(_WHOLE, (_NOTHING,))
    return {
        field: ((min(one[field][0][0] for one in some), max(one[field][-1][1] for one in some)),)
        for field in _WHOLE
        if all(field in one for one in some)
    }


def _holds(ranges: Ranges) -> bool:
    return ranges[0][0] <= ranges[-1][1]


class _Ranges:
    """Numbered ranges, found by overlap. ``weights``: how many rules each of these stands for; one where it is none."""

    def __init__(
        self, listed: Sequence[Range], numbers: Iterable[int], weights: Sequence[int] | None = None
    ) -> None:
        """``numbers``: those of the ranges that count."""
        self._listed = listed
        self._blocks: dict[tuple[int, int], list[int]] = {}
        starts: list[tuple[int, int]] = []
        for number in numbers:
            low, high = listed[number]
            size = (low ^ high).bit_length()
            self._blocks.setdefault((size, low >> size), []).append(number)
            starts.append((low, number))
        starts.sort()
        self._starts = [low for low, _number in starts]
        self._order = [number for _low, number in starts]
        self._sizes = sorted({size for size, _block in self._blocks})
        self._weights = weights
        self._before = (
            [0, *accumulate(weights[number] for number in self._order)] if weights is not None else []
        )

    def _parts(self, low: int, high: int) -> tuple[int, int, list[list[int]]]:
        first, last = bisect_left(self._starts, low), bisect_right(self._starts, high)
        around = [
            found for size in self._sizes if (found := self._blocks.get((size, low >> size))) is not None
        ]
        return first, last, around

    def cost(self, wanted: Ranges) -> int:
        total = 0
        for low, high in wanted if self._order else ():
            first, last, around = self._parts(low, high)
            if self._weights is None:
                total += last - first + sum(map(len, around))
            else:
                total += self._before[last] - self._before[first]
                total += sum(self._weights[number] for block in around for number in block)
        return total

    def find(self, wanted: Ranges) -> set[int]:
        found: set[int] = set()
        listed = self._listed
        for low, high in wanted if self._order else ():
            first, last, around = self._parts(low, high)
            found.update(self._order[first:last])
            for block in around:
                found.update(
                    number for number in block if listed[number][0] <= high and listed[number][1] >= low
                )
        return found


class _Line:
    """The spans of all rules on one line."""

    def __init__(self, listed: Sequence[Ranges], whole: Range) -> None:
        self.wide: list[int] = []
        self.hulls = [ranges[0] if len(ranges) == 1 else (ranges[0][0], ranges[-1][1]) for ranges in listed]
        # Rules with several ranges, which many of them may share: their numbers by the ranges.
        shared: dict[Ranges, list[int]] = {}
        alone: list[int] = []
        for index, ranges in enumerate(listed):
            if len(ranges) > 1:
                shared.setdefault(ranges, []).append(index)
            elif ranges[0] == whole:
                self.wide.append(index)
            elif ranges[0][0] <= ranges[0][1]:
                alone.append(index)
        self._alone = _Ranges(self.hulls, alone)
        self._ranges = list(shared)
        self._groups = list(shared.values())
        self._group_of = {index: number for number, group in enumerate(self._groups) for index in group}
        self._owners = [number for number, ranges in enumerate(self._ranges) for _one in ranges]
        parts = [one for ranges in self._ranges for one in ranges]
        weights = [len(self._groups[number]) for number in self._owners]
        self._together = _Ranges(parts, range(len(parts)), weights)

    def cost(self, wanted: Ranges) -> int:
        return len(self.wide) + self._alone.cost(wanted) + self._together.cost(wanted)

    def find(self, wanted: Ranges) -> set[int]:
        found = self._alone.find(wanted)
        found.update(self.wide)
        for number in {self._owners[part] for part in self._together.find(wanted)}:
            found.update(self._groups[number])
        return found

    def among(self, found: Iterable[int], wanted: Ranges) -> set[int]:
        """Those of the rules that overlap."""
        lowest, highest = wanted[0][0], wanted[-1][1]
        hulls, group_of = self.hulls, self._group_of
        near = {index for index in found if hulls[index][0] <= highest and hulls[index][1] >= lowest}
        if len(wanted) == 1 and not group_of:
            return near
        starts, ends = [low for low, _high in wanted], [high for _low, high in wanted]
        groups = {group_of[index] for index in near if index in group_of} if group_of else set()
        touched = {
            number for number in groups if any(_overlap(one, starts, ends) for one in self._ranges[number])
        }
        return {
            index
            for index in near
            if (group_of[index] in touched if index in group_of else _overlap(hulls[index], starts, ends))
        }


def _overlap(span: Range, starts: Sequence[int], ends: Sequence[int]) -> bool:
    """``starts``, ``ends``: of ranges in order and apart."""
    at = bisect_right(starts, span[1]) - 1
    return at >= 0 and ends[at] >= span[0]


class RuleIndex:
    """The index of one chain's rules, in their order."""

    def __init__(self, listed: Sequence[Mapping[str, Ranges]]) -> None:
        """``listed``: the spans of each."""
        self.size = len(listed)
        self._lines = {}
        for field, whole in _WHOLE.items():
            everything = (whole,)
            self._lines[field] = _Line([found.get(field, everything) for found in listed], whole)

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
            if other != field and wanted[other]:
                found = line.among(found, wanted[other])
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


def wanted_of(point: Point, draw: Random) -> dict[str, Ranges]:
    """What a point asks of each line; where it is open, it is settled."""
    family = point.setdefault(FIELDS["family"].first, _IPV4)
    found: dict[str, Ranges] = {}
    for field, width in (("src", _BYTES[family]), ("dst", _BYTES[family]), ("dst_port", 2)):
        value, first = 0, FIELDS[field].first
        for level in range(first, first + width):
            byte = point.get(level)
            if byte is None:
                byte = point[level] = 1 << draw.randrange(256)
            value = value << 8 | byte.bit_length() - 1
        found[field] = (on_line(field, value, value, 4 if family == _IPV4 else 6),)
    return found


def wanted(flows: FlowSet) -> dict[str, Ranges]:
    """What a set of flows asks of each line, for ``candidates``."""
    found: dict[str, Ranges] = {"dst_port": flows.hulls("dst_port", most=_MOST_WANTED)}
    families = flows.families()
    for field in ("src", "dst"):
        ranges: list[Range] = []
        for family in families:
            listed = flows.hulls(field, family, _MOST_WANTED)
            ranges.extend(on_line(field, low, high, family) for low, high in listed)
        found[field] = tuple(ranges)
    return found
