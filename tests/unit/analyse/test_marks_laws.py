# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks that are written through masks, one after another: laws of the sets before and after."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import marks
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.marks import Bits
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space

FULL = 0xFFFFFFFF
words = st.one_of(st.sampled_from([0, 1, 0xFF, 0xFF00, 0x80000001, 0xFF00FF00, FULL]), st.integers(0, FULL))
forms = st.fixed_dictionaries({name: st.builds(Bits, words, words) for name in marks.MARKS})
ends = st.tuples(words, words).map(sorted).map(tuple)
# A mask with many holes in it has more pieces than anybody writes.
asked = st.lists(
    st.one_of(
        st.tuples(st.just("in"), st.sampled_from(marks.MARKS), ends),
        st.tuples(
            st.just("masked"),
            st.sampled_from(marks.MARKS),
            st.tuples(words, st.sampled_from([0xF, 0xFF00, FULL])),
        ),
    ),
    min_size=1,
    max_size=3,
)


def build(space: Space, atoms: Any) -> FlowSet:
    """Each atom is joined with, taken from or cut with what the others before it made."""
    found = space.nothing
    for at, (kind, field, (first, second)) in enumerate(atoms):
        if kind == "in":
            one = FlowSet(space, space.in_ranges(field, ((first, second),)))
        else:
            one = FlowSet(space, space.masked(field, first & second, second))
        found = (found | one, one - found, ~found & one)[at % 3]
    return found


def before(space: Space, flows: FlowSet, by: Any) -> FlowSet:
    return FlowSet(space, marks.before(space.diagrams, flows.node, by))


def after(space: Space, flows: FlowSet, by: Any) -> FlowSet:
    return FlowSet(space, marks.after(space.diagrams, flows.node, by))


def composed(first: Any, then: Any) -> dict[str, Bits]:
    return {
        name: Bits(first[name].keep & then[name].keep, then[name].of(first[name].value))
        for name in marks.MARKS
    }


@settings(max_examples=100, deadline=None)
@given(asked, asked, forms)
def test_what_comes_out_lies_in_a_set_if_what_came_lies_before_it(one: Any, other: Any, by: Any) -> None:
    space = Space()
    a, b = build(space, one), build(space, other)
    assert (after(space, a, by) <= b) is (a <= before(space, b, by))
    assert a <= before(space, after(space, a, by), by)
    assert after(space, before(space, b, by), by) <= b


@settings(max_examples=100, deadline=None)
@given(asked, asked, forms)
def test_what_came_before_keeps_all_operations(one: Any, other: Any, by: Any) -> None:
    space = Space()
    a, b = build(space, one), build(space, other)
    assert before(space, ~a, by) == ~before(space, a, by)
    assert before(space, a & b, by) == before(space, a, by) & before(space, b, by)
    assert before(space, a | b, by) == before(space, a, by) | before(space, b, by)
    assert after(space, a | b, by) == after(space, a, by) | after(space, b, by)


@settings(max_examples=100, deadline=None)
@given(asked, forms, forms, words)
def test_two_changes_are_one(one: Any, first: Any, then: Any, came: int) -> None:
    space = Space()
    a, both = build(space, one), composed(first, then)
    assert both["mark"].of(came) == then["mark"].of(first["mark"].of(came))
    assert before(space, before(space, a, then), first) == before(space, a, both)
    assert after(space, after(space, a, first), then) == after(space, a, both)


@settings(max_examples=50, deadline=None)
@given(asked)
def test_a_mark_that_is_left_as_it_came_changes_nothing(one: Any) -> None:
    space = Space()
    a = build(space, one)
    by = dict.fromkeys(marks.MARKS, marks.AS_CAME)
    assert before(space, a, by) == after(space, a, by) == a
