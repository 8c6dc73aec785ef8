# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A comparison in steps: a small one in one, a big one slice by slice, each forgotten before the next.

The set of all flows that a hundred thousand rules let through has millions of nodes. In a slice of the addresses
that a few hundred rules have to do with, it has thousands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..model.flowset import FlowSet
from ..model.rules import Rule
from .index import ADDRESSES, hulls
from .pair import ChainChange, Pair, ShadowFirewall
from .scope import chains_from
from .slices import EVERYWHERE, Box, flows_in, slices

# Rulesets with more rules than this, in which more rules than that have changed, are compared in slices.
_MOST_RULES = 2_000
_MOST_CHANGED = 200
# So many rules are about right for a slice; measured with 10,000 and 100,000 rules (docs/benchmarks.md).
_RULES_OF_A_SLICE = 200


@dataclass(frozen=True)
class Step:
    """``regions``: flows that may fare otherwise than before (they may overlap), ``changes``: those of the changes
    that have to do with them."""

    regions: list[FlowSet]
    changes: list[ChainChange]


def steps(found: Pair, hook: str, ruleset: str) -> Iterator[Step]:
    """Outside of the regions nothing has changed. A step's sets of flows must not be used after it."""
    bases = found.base(hook, ruleset)
    changes = found.changes_from(bases)
    if not found.sliceable or found.rules_of(bases) <= _MOST_RULES:
        yield Step(found.regions(hook, ruleset), changes)
        return
    everything = found.changed_as_a_whole(hook, bases)
    units = [unit for change in changes for unit in _units(change)]
    if len(units) <= _MOST_CHANGED and not everything:
        yield Step(found.regions(hook, ruleset), changes)
        return
    # What rules have made of addresses may be anything: a changed rule may have to do with every slice.
    everything = everything or not found.loose_from(bases).isdisjoint(("src", "dst"))
    boxes = [EVERYWHERE if everything else _hull(found, unit) for unit in units]
    if everything:
        boxes.append(EVERYWHERE)
    for side in found.sides:
        side.prepare()
    for part in slices(_boxes(found, bases), boxes, _RULES_OF_A_SLICE):
        with found.space.scratch():
            near = [units[index] for index in part.near if index < len(units)]
            here = flows_in(found.space, part.box)
            if not everything:
                here = here & found.as_it_came(_touched(found, near), bases)
            if here:
                yield Step([here], near)


def _units(change: ChainChange) -> Iterator[ChainChange]:
    """The changes of a chain one by one."""
    nothing = replace(change, removed=[], added=[], affected=[])
    for rule in change.removed:
        yield replace(nothing, removed=[rule])
    for rule in change.added:
        yield replace(nothing, added=[rule])
    for rules in change.affected:
        yield replace(nothing, affected=[rules])


def _touched(found: Pair, changes: Sequence[ChainChange]) -> int:
    nodes = {node for change in changes for node in found.touched(change)}
    return found.space.certain(found.space.diagrams.union_all(nodes))


def _boxes(found: Pair, bases: Sequence[str]) -> list[Box]:
    """The addresses that the rules of the longer side are about."""
    side = max(found.sides, key=lambda one: len(_rules(one, bases)))
    return [_box(side, rule) for rule in _rules(side, bases)]


def _rules(side: ShadowFirewall, bases: Sequence[str]) -> list[Rule]:
    return [rule for chain in chains_from(side.side.rules, bases) for rule in side.side.rules[chain]]


def _hull(found: Pair, change: ChainChange) -> Box:
    before, after = found.sides
    boxes = [_box(before, rule) for rule in (*change.removed, *(old for old, _new in change.affected))]
    boxes += [_box(after, rule) for rule in (*change.added, *(new for _old, new in change.affected))]
    src, dst = ((min(box[at][0] for box in boxes), max(box[at][1] for box in boxes)) for at in (0, 1))
    return src, dst


def _box(side: ShadowFirewall, rule: Rule) -> Box:
    spans = hulls(rule.match, side.set_spans)
    return spans.get("src", ADDRESSES), spans.get("dst", ADDRESSES)
