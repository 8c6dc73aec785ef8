# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The algebra of flow sets against membership of single flows, and its decomposition."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import FlowError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.fields import FIELDS
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space

# Points close to the ends of bytes, prefixes and domains: where a set algebra goes wrong.
ADDRESSES = [
    int(ipaddress.IPv4Address(text))
    for text in (
        "0.0.0.0",
        "0.0.0.1",
        "10.0.1.0",
        "10.0.1.63",
        "10.0.1.64",
        "10.0.1.127",
        "10.0.1.128",
        "10.0.1.255",
        "10.0.2.0",
        "127.255.255.254",
        "127.255.255.255",
        "128.0.0.0",
        "255.255.255.254",
        "255.255.255.255",
    )
]
PORTS = [0, 1, 255, 256, 1023, 1024, 5432, 65534, 65535]

address_ranges = st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(ADDRESSES)).map(sorted).map(tuple)
port_ranges = st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)).map(sorted).map(tuple)


plain_atoms = st.one_of(
    st.lists(address_ranges, min_size=1, max_size=3).map(lambda ranges: ("src", tuple(ranges))),
    st.lists(address_ranges, min_size=1, max_size=2).map(lambda ranges: ("dst", tuple(ranges))),
    st.lists(port_ranges, min_size=1, max_size=3).map(lambda ranges: ("dst_port", tuple(ranges))),
    st.lists(st.sampled_from([1, 6, 17]), min_size=1, max_size=2).map(
        lambda numbers: ("protocol", tuple((number, number) for number in numbers))
    ),
    st.sampled_from(["eth0", "eth1", "lo"]).map(lambda name: ("in_interface", name)),
)
masks = st.tuples(st.sampled_from(ADDRESSES), st.sampled_from([0x000000FE, 0xFF000000, 0x00FF00FF])).map(
    lambda pair: ("masked", (pair[0] & pair[1], pair[1]))
)


def combined(atoms: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.tuples(st.just("or"), inner, inner),
            st.tuples(st.just("and"), inner, inner),
            st.tuples(st.just("minus"), inner, inner),
            st.tuples(st.just("not"), inner),
        ),
        max_leaves=8,
    )


expressions = combined(st.one_of(plain_atoms, masks))
plain_expressions = combined(plain_atoms)
flows = st.fixed_dictionaries(
    {
        "src": st.sampled_from(ADDRESSES),
        "dst": st.sampled_from(ADDRESSES),
        "dst_port": st.sampled_from(PORTS),
        "protocol": st.sampled_from([1, 6, 17]),
        "in_interface": st.sampled_from(["eth0", "eth1", "wlan7"]),
    }
)


def build(space: Space, expression: tuple[Any, ...]) -> FlowSet:
    kind = expression[0]
    if kind == "or":
        return build(space, expression[1]) | build(space, expression[2])
    if kind == "and":
        return build(space, expression[1]) & build(space, expression[2])
    if kind == "minus":
        return build(space, expression[1]) - build(space, expression[2])
    if kind == "not":
        return ~build(space, expression[1])
    if kind == "masked":
        value, mask = expression[1]
        return FlowSet(space, space.masked("src", value, mask, 4))
    if kind == "in_interface":
        return space.everything.named("in_interface", (expression[1],))
    return space.everything.only(kind, expression[1], 4 if kind in ("src", "dst") else 0)


def holds(expression: tuple[Any, ...], flow: dict[str, Any]) -> bool:
    """Membership of one IPv4 flow, worked out without any set."""
    kind = expression[0]
    if kind == "or":
        return holds(expression[1], flow) or holds(expression[2], flow)
    if kind == "and":
        return holds(expression[1], flow) and holds(expression[2], flow)
    if kind == "minus":
        return holds(expression[1], flow) and not holds(expression[2], flow)
    if kind == "not":
        return not holds(expression[1], flow)
    if kind == "masked":
        value, mask = expression[1]
        return bool(flow["src"] & mask == value)
    if kind == "in_interface":
        return bool(flow["in_interface"] == expression[1])
    return any(low <= flow[kind] <= high for low, high in expression[1])


def one(space: Space, flow: dict[str, Any]) -> FlowSet:
    found = space.everything.named("family", ("ipv4",)).named("in_interface", (flow["in_interface"],))
    for field in ("src", "dst"):
        found = found.only(field, ((flow[field], flow[field]),), 4)
    for field in ("dst_port", "protocol"):
        found = found.only(field, ((flow[field], flow[field]),))
    return found


@settings(max_examples=300, deadline=None)
@given(expressions, st.lists(flows, min_size=1, max_size=12))
def test_operations_agree_with_membership_of_single_flows(expression: Any, samples: Any) -> None:
    space = Space()
    space.learn("in_interface", ("eth0", "eth1", "lo", "wlan7"))
    found = build(space, expression)
    for flow in samples:
        assert bool(found & one(space, flow)) == holds(expression, flow)


@settings(max_examples=200, deadline=None)
@given(expressions, expressions)
def test_equal_sets_are_equal_however_they_were_made(first: Any, second: Any) -> None:
    space = Space()
    a, b = build(space, first), build(space, second)
    assert ~(~a) == a
    assert ~(a | b) == ~a & ~b
    assert (a - b) | (a & b) == a
    assert not (a - b) & b
    assert (a <= b) == (not (a - b))


def from_piece(space: Space, piece: dict[str, list[str]]) -> FlowSet:
    """Read a piece back, by the textual form alone."""
    found = space.everything
    if "family" in piece:
        found = found.named("family", piece["family"])
    for field in ("src", "dst"):
        if field in piece:
            networks = [ipaddress.ip_network(value) for value in piece[field]]
            found = found.only(
                field,
                tuple((int(n.network_address), int(n.broadcast_address)) for n in networks),
                networks[0].version,
            )
    for field in ("dst_port", "protocol"):
        if field in piece:
            numbers = {"icmp": "1", "tcp": "6", "udp": "17"}
            bounds = [numbers.get(value, value).split("-") for value in piece[field]]
            found = found.only(field, tuple((int(b[0]), int(b[-1])) for b in bounds))
    if "in_interface" in piece:
        names = piece["in_interface"]
        part = space.everything.named("in_interface", [name for name in names if name != "!"])
        found &= ~part if names[0] == "!" else part
    return found


KNOWN_NUMBERS = {1, 6, 17}


@settings(max_examples=200, deadline=None)
@given(plain_expressions)
def test_pieces_are_disjoint_and_make_up_the_set(expression: Any) -> None:
    space = Space()
    wanted = build(space, expression).only("protocol", tuple((n, n) for n in sorted(KNOWN_NUMBERS)))
    total = space.nothing
    for piece in wanted.pieces():
        part = from_piece(space, piece)
        assert part, "an empty piece"
        assert not part & total, "pieces overlap"
        total |= part
    assert total == wanted


@settings(max_examples=200, deadline=None)
@given(plain_expressions)
def test_a_witness_is_a_member(expression: Any) -> None:
    space = Space()
    found = build(space, expression).only("protocol", ((6, 6),)).named("family", ("ipv4",))
    found = found.named("connection", ("new",)).only("tcp_flags", ((2, 2),))
    witness = found.witness()
    assert bool(witness) == bool(found)
    if witness:
        assert flows_from(space, {key: value for key, value in witness.items() if key != "family"}) & found


def test_a_mask_with_holes_stays_small() -> None:
    """Wildcard 0.0.254.254: 16,384 separate addresses, a handful of nodes."""
    space = Space()
    found = FlowSet(space, space.masked("src", 0x0A000000, 0xFFFF0101, 4))
    assert len(space.diagrams.level) < 12
    assert found.pairs() == 16384 * 2**32
    assert found.pieces() == [{"src": ["10.0.0.0/255.255.1.1"]}]
    assert found.reversed().reversed() == found
    assert found.hulls("src", 4) == ((0x0A000000, 0x0A00FEFE),)
    with pytest.raises(FlowError, match="16384 separate ranges"):
        found.ranges("src", 4)


@pytest.mark.parametrize(("value", "mask"), [(1, 0x81), (0, 0x00FF00FF), (0x0A000001, 0xFF000055)])
def test_any_mask_is_written_as_itself(value: int, mask: int) -> None:
    space = Space()
    piece = FlowSet(space, space.masked("src", value, mask, 4)).pieces()
    assert piece == [{"src": [f"{ipaddress.IPv4Address(value)}/{ipaddress.IPv4Address(mask)}"]}]


@pytest.mark.parametrize(
    ("flow", "field", "ranges"),
    [
        ({"dst_port": "0-65535"}, "dst_port", ((0, 65535),)),
        ({"dst_port": 0}, "dst_port", ((0, 0),)),
        ({"dst_port": 65535}, "dst_port", ((65535, 65535),)),
        ({"dst_port": [22, "20-21", "80"]}, "dst_port", ((20, 22), (80, 80))),
        ({"src": "0.0.0.0-127.255.255.254"}, "src", ((0, 2**31 - 2),)),
        ({"src": "0.0.0.0/0"}, "src", ((0, 2**32 - 1),)),
        ({"src": "255.255.255.255"}, "src", ((2**32 - 1, 2**32 - 1),)),
        ({"src": "10.0.0.0/31"}, "src", ((10 << 24, (10 << 24) + 1),)),
    ],
)
def test_ends_of_domains(flow: dict[str, Any], field: str, ranges: Any) -> None:
    assert flows_from(Space(), flow).ranges(field, 4) == ranges


def test_ipv6_uses_all_sixteen_bytes() -> None:
    space = Space()
    found = flows_from(space, {"src": "2001:db8::/127", "dst": "::ffff:10.0.0.1"})
    assert found.ranges("src", 6) == ((0x20010DB8 << 96, (0x20010DB8 << 96) + 1),)
    assert found.pairs() == 2
    assert not found & flows_from(space, {"src": "0.0.0.0/0"}), "an IPv4-mapped address is IPv6 on the wire"


def test_ports_belong_to_a_protocol() -> None:
    """Trap 4: taking tcp from 22 away leaves udp from 22."""
    space = Space()
    all_22 = flows_from(space, {"src_port": 22})
    tcp_22 = flows_from(space, {"protocol": "tcp", "src_port": 22})
    assert (all_22 - tcp_22) & flows_from(space, {"protocol": "udp", "src_port": 22})


def test_a_wildcard_covers_known_and_other_names() -> None:
    space = Space()
    space.learn("in_interface", ("eth0", "eth1", "lo"))
    wild = flows_from(space, {"in_interface": "eth*"})
    assert flows_from(space, {"in_interface": "eth1"}) <= wild
    assert not flows_from(space, {"in_interface": "lo"}) & wild
    assert wild - flows_from(space, {"in_interface": ["eth0", "eth1"]}), "some other eth is left"


def test_a_set_can_be_turned_round() -> None:
    space = Space()
    there = flows_from(
        space,
        {
            "src": "10.0.1.0/24",
            "dst": "10.2.0.1",
            "protocol": "tcp",
            "src_port": "1024-65535",
            "dst_port": 5432,
        },
    )
    back = there.reversed()
    assert back.ranges("src", 4) == there.ranges("dst", 4)
    assert back.ranges("src_port") == ((5432, 5432),)
    assert back.reversed() == there


def test_an_assigned_field_is_constant() -> None:
    space = Space()
    found = flows_from(space, {"src": "10.0.0.0/8", "dst": "10.1.1.1"}).assign("dst", 5, 4)
    assert found.ranges("dst", 4) == ((5, 5),)
    assert found.ranges("src", 4) == (((10 << 24), (11 << 24) - 1),)


@pytest.mark.parametrize(
    ("flow", "says"),
    [
        ({"src": "10.0.0.1/24"}, "host bits"),
        ({"scr": "10.0.0.1"}, "did you mean 'src'"),
        ({"dst_port": 65536}, "largest is 65535"),
        ({"dst_port": "9-1"}, "ascending"),
        ({"dst_port": []}, "empty"),
        ({"dst_port": True}, "must be a number"),
        ({"protocol": "tpc"}, "neither the name of a protocol"),
        ({"protocol": 256}, "0 to 255"),
        ({"connection": "open"}, "none of new"),
        ({"tcp_flags": "sin"}, "fin, syn"),
        ({"src": "10.0.0.1", "dst": "::1"}, "no packet at all"),
        ({"protocol": "icmp", "dst_port": 5}, "no packet at all"),
        ("10.0.0.1", "must be a mapping"),
    ],
)
def test_a_malformed_flow_is_one_clear_error(flow: Any, says: str) -> None:
    with pytest.raises(FlowError) as error:
        flows_from(Space(), flow)
    assert says in str(error.value)
    assert len(str(error.value).splitlines()) <= 5


@pytest.mark.parametrize(
    ("flow", "state"),
    [
        ({"protocol": "icmp", "icmp_type": 8}, "new"),
        ({"protocol": "icmp", "icmp_type": 0}, "invalid"),
        ({"protocol": "icmp", "icmp_type": 3, "icmp_code": 4}, "invalid"),
        ({"protocol": "icmp", "icmp_type": 3, "connection": "related"}, "related"),
        ({"protocol": "icmpv6", "icmp_type": 128}, "new"),
        ({"protocol": "icmpv6", "icmp_type": 135}, "untracked"),
        ({"protocol": "icmpv6", "icmp_type": 2}, "invalid"),
    ],
)
def test_an_icmp_message_has_the_state_that_the_kernel_gives_it(flow: dict[str, Any], state: str) -> None:
    assert flows_from(Space(), flow).values("connection") == [state]


def test_a_new_icmp_flow_is_a_query() -> None:
    assert flows_from(Space(), {"protocol": "icmp"}).ranges("icmp_type") == (
        (8, 8),
        (13, 13),
        (15, 15),
        (17, 17),
    )


def test_every_level_of_a_field_has_its_own_place() -> None:
    spans = [set(range(field.first, field.last + 1)) for field in FIELDS.values()]
    assert sum(len(span) for span in spans) == len(set().union(*spans))
