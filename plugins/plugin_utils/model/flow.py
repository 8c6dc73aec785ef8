# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flow as people write it -> the set of flows that it means."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import FlowError
from . import text
from .fields import CONNECTION_STATES, ICMP_QUERIES, ICMP_UNTRACKED, PROTOCOLS, PROTOCOLS_WITH_PORTS
from .flowset import FlowSet, Space, flags_value
from .match import Range

_SYN = 0x02
# What an open TCP connection sends: ACK, PSH ACK, FIN ACK, and SYN ACK in answer to the SYN (RFC 9293).
_OPEN_TCP = (0x10, 0x18, 0x11, 0x12)
_MAXIMUM = {
    "src_port": 65535,
    "dst_port": 65535,
    "icmp_type": 255,
    "icmp_code": 255,
    "mark": 2**32 - 1,
    "ct_mark": 2**32 - 1,
}


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except (ValueError, RecursionError):  # thousands of digits or levels
        return f"a {type(value).__name__} that is too long to show"


def _values(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        found = [part for item in value for part in _values(item)]
    elif isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError("it must be a number, a text or a list of these")
    else:
        found = [part.strip() for part in str(value).split(",")]
    if not found or "" in found:
        raise ValueError("it is empty")
    return found


def _addresses(flows: FlowSet, field: str, value: Any) -> FlowSet:
    by_family: dict[int, list[Range]] = {4: [], 6: []}
    for part in _values(value):
        if part == "any":
            return flows
        family, low, high = text.address_range(part)
        by_family[family].append((low, high))
    found = flows.space.nothing
    for family, ranges in by_family.items():
        if ranges:
            found |= flows.only(field, tuple(ranges), family)
    return found


def _numbers(flows: FlowSet, field: str, value: Any) -> FlowSet:
    ranges = [text.number_range(part) for part in _values(value)]
    if any(high > _MAXIMUM[field] for _low, high in ranges):
        raise ValueError(f"the largest is {_MAXIMUM[field]}")
    return flows.only(field, tuple(ranges))


def _protocol(flows: FlowSet, field: str, value: Any) -> FlowSet:
    if value == "any":
        return flows
    numbers = [text.protocol_number(part) for part in _values(value)]
    return flows.only(field, tuple((number, number) for number in numbers))


def _names(flows: FlowSet, field: str, value: Any) -> FlowSet:
    return flows.named(field, _values(value))


def _connection(flows: FlowSet, field: str, value: Any) -> FlowSet:
    names = _values(value)
    for name in names:
        if name not in CONNECTION_STATES:
            raise ValueError(f"{name!r} is none of {', '.join(CONNECTION_STATES)}")
    return flows.named(field, names)


def _flags(flows: FlowSet, field: str, value: Any) -> FlowSet:
    names = ",".join(_values(value))
    try:
        flags = flags_value(names)
    except ValueError:
        raise ValueError("it is a list of fin, syn, rst, psh, ack, urg, ece, cwr, or none") from None
    return flows.only(field, ((flags, flags),))


_FIELDS: dict[str, Callable[[FlowSet, str, Any], FlowSet]] = {
    "src": _addresses,
    "dst": _addresses,
    "protocol": _protocol,
    "src_port": _numbers,
    "dst_port": _numbers,
    "icmp_type": _numbers,
    "icmp_code": _numbers,
    "mark": _numbers,
    "ct_mark": _numbers,
    "in_interface": _names,
    "out_interface": _names,
    "in_zone": _names,
    "out_zone": _names,
    "connection": _connection,
    "tcp_flags": _flags,
}


def flows_from(space: Space, flow: Mapping[str, Any]) -> FlowSet:
    """The set that a flow's mapping means; FlowError if it is malformed or empty.

    ``src``, ``dst``: address, prefix, ``a-b`` range, list of these, or ``any``. ``protocol``: name or
    number. ``src_port``, ``dst_port``: number, ``"1024-65535"``, or a list; they imply a protocol that
    has ports. ``connection``: ``new`` unless given. A new TCP flow is its SYN; an established one is
    what an open connection sends, unless ``tcp_flags`` says otherwise. What is left out is any value.
    """
    if not isinstance(flow, Mapping):
        raise FlowError(
            f"a flow must be a mapping, and this is {flow!r}", "flows", 'write {"src": …, "dst": …}'
        )
    parts = []
    for key, value in flow.items():
        read = _FIELDS.get(key)
        if read is None:
            near = difflib.get_close_matches(str(key), _FIELDS, 1)
            raise FlowError(
                f"a flow has no key {key!r}",
                f"flow {_shown(dict(flow))}",
                f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(_FIELDS)}",
            )
        if value is None:
            continue
        try:
            parts.append(read(space.everything, key, value))
        except (ValueError, RecursionError) as error:
            raise FlowError(
                f"{key} is {_shown(value)}: {error}", f"flow {_shown(dict(flow))}", "correct the flow"
            ) from error
    parts.append(_left_out(space, flow))
    found = space.everything
    # From the deepest level up, so that each step only walks what it adds.
    for part in sorted(parts, key=lambda one: space.diagrams.level[one.node], reverse=True):
        found = part & found
    if not found:
        raise FlowError(
            "the flow means no packet at all",
            f"flow {_shown(dict(flow))}",
            "its addresses must be of one family and its ports of a protocol that has ports",
        )
    return found


def whatever_else(space: Space, piece: Mapping[str, Any]) -> FlowSet:
    """The flows with the values of a set's piece (``FlowSet.pieces``), of any connection and with any flags."""
    found = space.everything
    for key, value in piece.items():
        found = found & (
            _names(space.everything, key, value)
            if key == "family"
            else _FIELDS[key](space.everything, key, value)
        )
    return found


def _left_out(space: Space, flow: Mapping[str, Any]) -> FlowSet:
    """What a flow means by what it does not say: it hangs on the names of its keys alone."""
    given = frozenset(key for key, value in flow.items() if value is not None)
    node = space.completions.get(given)
    if node is None:
        node = space.completions[given] = _complete(space.everything, given).node
    return FlowSet(space, node)


def _complete(found: FlowSet, given: frozenset[str]) -> FlowSet:
    if given & {"src_port", "dst_port"}:
        found = found.only("protocol", tuple((number, number) for number in PROTOCOLS_WITH_PORTS))
    if given & {"icmp_type", "icmp_code"} and "protocol" not in given:
        found = found.only("protocol", ((PROTOCOLS["icmp"],) * 2, (PROTOCOLS["icmpv6"],) * 2))
    if "connection" not in given:
        found = as_tracked(found) if "icmp_type" in given else _icmp_queries(found)
    if "tcp_flags" in given:
        return found.only("protocol", ((PROTOCOLS["tcp"],) * 2,))
    return tcp_as_sent(found)


def _icmp_queries(flows: FlowSet) -> FlowSet:
    """New flows; of ICMP those that open a connection."""
    flows = flows.named("connection", ("new",))
    for protocol, queries in ICMP_QUERIES.items():
        icmp = flows.only("protocol", ((protocol, protocol),))
        flows = flows - icmp | icmp.only("icmp_type", tuple((value, value) for value in queries))
    return flows


def as_tracked(flows: FlowSet) -> FlowSet:
    """The flows in the state that connection tracking gives to a packet of no known connection."""
    found = flows.named("connection", ("new",))
    for protocol, queries in ICMP_QUERIES.items():
        icmp = flows.only("protocol", ((protocol, protocol),))
        query = icmp.only("icmp_type", tuple((value, value) for value in queries))
        untracked = icmp.only("icmp_type", tuple((value, value) for value in ICMP_UNTRACKED[protocol]))
        other = icmp - query - untracked
        found = found - icmp | query.named("connection", ("new",))
        found = (
            found | untracked.named("connection", ("untracked",)) | other.named("connection", ("invalid",))
        )
    return found


def tcp_as_sent(flows: FlowSet) -> FlowSet:
    """The flows with the TCP flags that hosts really send in each connection state."""
    tcp = flows.space.everything.only("protocol", ((PROTOCOLS["tcp"],) * 2,))
    opening = tcp.only("tcp_flags", ((_SYN, _SYN),)).named(
        "connection", ("new", "untracked", "related", "invalid")
    )
    running = tcp.only("tcp_flags", tuple((flags, flags) for flags in _OPEN_TCP))
    return flows - tcp | flows & (
        opening | running.named("connection", ("established", "untracked", "invalid"))
    )
