# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws that sets of flows must keep, for both families, and what single flows say about the operations."""

from __future__ import annotations

import ipaddress
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.pathguard.network.plugins.plugin_utils.model.fields import CONNECTION_STATES
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space

# Where bytes, prefixes and whole families end.
ADDRESSES = {
    4: [0, 1, 0x0A0001FF, 0x0A000200, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF],
    6: [
        int(ipaddress.IPv6Address(text))
        for text in (
            "::",
            "::1",
            "::ffff:10.0.1.255",
            "2001:db8::ffff:ffff:ffff:ffff",
            "2001:db8:0:1::",
            "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "8000::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        )
    ],
}
MASKS = {4: (0x000000FE, 0xFF0000FF), 6: (0xFE, 0xFF << 120 | 0xFF)}
NUMBERS = {
    "protocol": [0, 1, 6, 17, 58, 255],
    "src_port": [0, 1, 255, 256, 1024, 65534, 65535],
    "dst_port": [0, 1, 255, 256, 5432, 65534, 65535],
    "tcp_flags": [0, 2, 16, 18, 255],
}
NAMES = ["eth0", "eth1", "eth10", "lo", "wlan7"]
WILD = [*NAMES, "eth*", "eth1*", "*"]
STATES = sorted(CONNECTION_STATES)
LAST = {"protocol": 255, "tcp_flags": 255, "src_port": 65535, "dst_port": 65535}


def spans(points: list[int]) -> st.SearchStrategy[Any]:
    one = st.tuples(st.sampled_from(points), st.sampled_from(points)).map(sorted).map(tuple)
    return st.lists(one, min_size=1, max_size=3).map(tuple)


def addresses(family: int) -> st.SearchStrategy[Any]:
    field = st.sampled_from(["src", "dst"])
    return st.one_of(
        st.tuples(st.just("in"), field, spans(ADDRESSES[family]), st.just(family)),
        st.tuples(
            st.just("masked"),
            field,
            st.sampled_from(ADDRESSES[family]),
            st.sampled_from(MASKS[family]),
            st.just(family),
        ),
    )


numbers = st.sampled_from(sorted(NUMBERS)).flatmap(
    lambda field: st.tuples(st.just("in"), st.just(field), spans(NUMBERS[field]), st.just(0))
)
names = st.one_of(
    st.tuples(st.just("named"), st.sampled_from(["in_interface", "out_interface"]), st.sampled_from(WILD)),
    st.tuples(st.just("named"), st.just("connection"), st.sampled_from(STATES)),
    st.tuples(st.just("named"), st.just("family"), st.sampled_from(["ipv4", "ipv6"])),
)
atoms = st.one_of(addresses(4), addresses(6), numbers, names)
sets = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["or", "and", "minus"]), inner, inner), st.tuples(st.just("not"), inner)
    ),
    max_leaves=6,
)
flows = st.sampled_from([4, 6]).flatmap(
    lambda family: st.fixed_dictionaries(
        {
            "family": st.just(family),
            "src": st.sampled_from(ADDRESSES[family]),
            "dst": st.sampled_from(ADDRESSES[family]),
            **{field: st.sampled_from(points) for field, points in NUMBERS.items()},
            "in_interface": st.sampled_from(NAMES),
            "out_interface": st.sampled_from(NAMES),
            "connection": st.sampled_from(STATES),
        }
    )
)
samples = st.lists(flows, min_size=1, max_size=8)


def a_space() -> Space:
    space = Space()
    for field in ("in_interface", "out_interface"):
        space.learn(field, WILD)
    return space


def build(space: Space, words: tuple[Any, ...]) -> FlowSet:
    kind, *rest = words
    if kind == "not":
        return ~build(space, rest[0])
    if kind == "in":
        field, ranges, family = rest
        return space.everything.only(field, ranges, family)
    if kind == "masked":
        field, value, mask, family = rest
        return FlowSet(space, space.masked(field, value & mask, mask, family))
    if kind == "named":
        return space.everything.named(rest[0], (rest[1],))
    first, second = (build(space, one) for one in rest)
    return {"or": first | second, "and": first & second, "minus": first - second}[kind]


def holds(words: tuple[Any, ...], flow: dict[str, Any]) -> bool:
    """Membership of one flow, worked out without any set."""
    kind, *rest = words
    if kind == "not":
        return not holds(rest[0], flow)
    if kind in ("in", "masked"):
        field, family = rest[0], rest[-1]
        if family not in (0, flow["family"]):
            return False
        if kind == "masked":
            return bool(flow[field] & rest[2] == rest[1] & rest[2])
        return any(low <= flow[field] <= high for low, high in rest[1])
    if kind == "named":
        field, name = rest
        if field == "family":
            return bool(name == f"ipv{flow['family']}")
        return str(flow[field]).startswith(name[:-1]) if name.endswith("*") else bool(flow[field] == name)
    first, second = (holds(one, flow) for one in rest)
    return {"or": first or second, "and": first and second, "minus": first and not second}[kind]


def one(space: Space, flow: dict[str, Any]) -> FlowSet:
    found = space.everything.named("family", (f"ipv{flow['family']}",))
    for field in ("src", "dst"):
        found = found.only(field, ((flow[field], flow[field]),), flow["family"])
    for field in NUMBERS:
        found = found.only(field, ((flow[field], flow[field]),))
    for field in ("in_interface", "out_interface", "connection"):
        found = found.named(field, (flow[field],))
    return found


@settings(max_examples=120, deadline=None)
@given(sets, samples)
def test_a_set_holds_the_flows_that_its_words_describe(words: Any, some: Any) -> None:
    space = a_space()
    found = build(space, words)
    for flow in some:
        single = one(space, flow)
        assert (single <= found) is bool(single & found) is holds(words, flow)


@settings(max_examples=120, deadline=None)
@given(sets, sets, sets)
def test_laws_of_a_boolean_algebra(first: Any, second: Any, third: Any) -> None:
    space = a_space()
    a, b, c = (build(space, words) for words in (first, second, third))
    everything, nothing = space.everything, space.nothing
    assert (a | b) == (b | a)
    assert (a & b) == (b & a)
    assert a | (b | c) == (a | b) | c
    assert a & (b & c) == (a & b) & c
    assert a & (b | c) == (a & b) | (a & c)
    assert a | (b & c) == (a | b) & (a | c)
    assert a | (a & b) == a == a & (a | b)
    assert a | ~a == everything
    assert a & ~a == nothing
    assert ~(a & b) == ~a | ~b
    assert a - b == a & ~b
    assert (a <= b and b <= a) is (a == b)
    assert (a <= b) is (not (a - b)) is (a & b == a) is (a | b == b)
    assert bool(a) is (a != nothing)


@settings(max_examples=120, deadline=None)
@given(
    sets,
    sets,
    st.sampled_from([("src",), ("dst_port", "protocol"), ("in_interface",), ("connection",)]),
    flows,
)
def test_what_is_forgotten_is_free(first: Any, second: Any, fields: tuple[str, ...], flow: Any) -> None:
    space = a_space()
    a, b = build(space, first), build(space, second)
    free = a.forget(*fields)
    assert a <= free == free.forget(*fields)
    assert (a | b).forget(*fields) == free | b.forget(*fields)
    assert (a & b).forget(*fields) <= free & b.forget(*fields)
    if len(fields) == 2:
        assert free == a.forget(fields[0]).forget(fields[1]) == a.forget(fields[1]).forget(fields[0])
    # Another value of what was forgotten changes nothing.
    for value in NUMBERS.get(fields[0], [flow[fields[0]]]):
        assert (one(space, {**flow, fields[0]: value}) <= free) is (one(space, flow) <= free)
    assert (not free) is (not a)


@settings(max_examples=120, deadline=None)
@given(sets, st.sampled_from([4, 6]), st.integers(0, 7), flows)
def test_what_is_assigned_has_that_value_alone(words: Any, family: int, at: int, flow: Any) -> None:
    space = a_space()
    found = build(space, words).named("family", (f"ipv{family}",))
    value = ADDRESSES[family][at]
    for field, number, of in (("dst", value, family), ("src_port", NUMBERS["src_port"][at % 7], 0)):
        moved = found.assign(field, number, of)
        assert bool(moved) is bool(found)
        assert moved.ranges(field, of) == (((number, number),) if found else ())
        assert moved.forget(field) == found.forget(field).named("family", (f"ipv{family}",))
    named = found.assign_name("out_interface", "lo")
    assert named <= space.everything.named("out_interface", ("lo",))
    if one(space, flow) <= found:
        assert one(space, {**flow, "out_interface": "lo"}) <= named


@settings(max_examples=120, deadline=None)
@given(sets, sets, samples)
def test_the_other_end_of_the_other_end_is_this_end(first: Any, second: Any, some: Any) -> None:
    space = a_space()
    a, b = build(space, first), build(space, second)
    assert a.reversed().reversed() == a
    assert (a | b).reversed() == a.reversed() | b.reversed()
    assert (~a).reversed() == ~a.reversed()
    for flow in some:
        ends = {"src": "dst", "dst": "src", "src_port": "dst_port", "dst_port": "src_port"}
        back = {**flow, **{field: flow[other] for field, other in ends.items()}}
        assert (one(space, flow) <= a) is (one(space, back) <= a.reversed())


@settings(max_examples=120, deadline=None)
@given(sets, st.sampled_from([("src", 4), ("dst", 6), ("dst_port", 0), ("protocol", 0), ("tcp_flags", 0)]))
def test_ranges_are_what_a_field_takes_and_nothing_else(words: Any, place: tuple[str, int]) -> None:
    field, family = place
    space = a_space()
    found = build(space, words)
    if family:
        found = found.named("family", (f"ipv{family}",))
    ranges = found.ranges(field, family) if not _holed(words) else found.hulls(field, family)
    assert list(ranges) == sorted(ranges)
    assert all(low <= high for low, high in ranges)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges)), "no two of them touch"
    assert bool(ranges) is bool(found)
    if ranges:
        assert found <= space.everything.only(field, ranges, family)
    for end in {end for pair in ranges for end in pair}:
        assert found.only(field, ((end, end),), family), f"{end} is in no flow of the set"
    (hull,) = found.hulls(field, family, 0) or ((),)
    assert hull == ((ranges[0][0], ranges[-1][1]) if ranges else ())


def _holed(words: tuple[Any, ...]) -> bool:
    """Whether a mask with holes is in it, which has more ranges than anybody reads."""
    return words[0] == "masked" or any(
        _holed(one) for one in words[1:] if isinstance(one, tuple) and one and isinstance(one[0], str)
    )


@settings(max_examples=120, deadline=None)
@given(sets)
def test_names_that_a_field_takes(words: Any) -> None:
    space = a_space()
    found = build(space, words)
    for name in NAMES:
        told = found.values("in_interface")
        inside = bool(found.named("in_interface", (name,)))
        listed = name in told if told[:1] != ["!"] else name not in told
        assert inside is (listed or told == []) if found else not told
    taken = found.values("connection")
    assert found <= space.everything.named("connection", taken or STATES)
    for state in taken:
        assert found.named("connection", (state,))


@settings(max_examples=100, deadline=None)
@given(spans(NUMBERS["dst_port"]), st.sampled_from([6, 17]))
def test_ports_of_one_protocol_leave_the_other_alone(ranges: Any, protocol: int) -> None:
    space = a_space()
    ports = space.everything.only("protocol", ((protocol, protocol),)).only("dst_port", ranges)
    rest = space.everything - ports
    other = space.everything.only("protocol", ((23 - protocol, 23 - protocol),))
    assert other <= rest
    assert other.ranges("dst_port") == ((0, LAST["dst_port"]),)
    assert rest | ports == space.everything
