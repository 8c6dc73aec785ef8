# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows drawn from a set: the corners of its parts, and any others; and the set of all that can be sent."""

from __future__ import annotations

import ipaddress
from random import Random
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space

_NETS = {  # hook -> the networks of sources and destinations, of both families
    "forward": (("10.0.0.0/22", "10.1.0.0/22"), ("fd00::/64", "fd00:1::/64")),
    "input": (("10.0.0.0/22", "10.2.0.0/22"), ("fd00::/64", "fd00:2::/64")),
    "output": (("10.2.0.0/22", "10.1.0.0/22"), ("fd00:2::/64", "fd00:1::/64")),
}
_BEHIND = {
    "10.1.0.0/23": "out0",
    "10.1.2.0/23": "out1",
    "fd00:1::/65": "out0",
    "fd00:1:0:0:8000::/65": "out1",
}
_PORTS = ("src_port", "dst_port")
_MOST_PIECES = 400


def sendable(space: Space, hook: str) -> FlowSet:
    """All first packets that the world may send by way of a hook."""
    found = space.nothing
    for (source, target), icmp in zip(_NETS[hook], ("icmp", "icmpv6")):
        types = [8, 13] if icmp == "icmp" else [128]
        for words in (
            {"protocol": "tcp,udp", "src_port": "1-65535", "dst_port": "1-65535"},
            {"protocol": icmp, "icmp_type": types, "icmp_code": 0},
        ):
            found |= flows_from(space, {"src": source, "dst": target, **words, "mark": 0, "ct_mark": 0})
    if hook != "output":
        found = found.named("in_interface", ("in0", "in1"))
    return found if hook == "input" else leaving(found)


def leaving(flows: FlowSet) -> FlowSet:
    """Each by the interface that its destination is behind."""
    found = flows.space.nothing
    for prefix, link in _BEHIND.items():
        family, low, high = text.address_range(prefix)
        found |= flows.only("dst", ((low, high),), family).named("out_interface", (link,))
    return found


def ends_of(flow: dict[str, Any]) -> tuple[Any, ...]:
    """The same for flows that the kernel takes for one connection."""
    ends = ((flow["src"], flow.get("src_port", 0)), (flow["dst"], flow.get("dst_port", 0)))
    return (flow["protocol"], *sorted(ends))


def sample(draw: Random, flows: FlowSet, count: int) -> list[dict[str, Any]]:
    """Up to ``count`` different flows, as ``packets`` takes them. The set must say where flows come from and go to,
    and their protocol, ports and interfaces."""
    pieces = flows.pieces(limit=_MOST_PIECES)
    found: dict[str, dict[str, Any]] = {}
    for _attempt in range(count * 5 if pieces else 0):
        flow = _one(draw, draw.choice(pieces))
        found.setdefault(str(sorted(flow.items())), flow)
        if len(found) == count:
            break
    return list(found.values())


def _one(draw: Random, piece: dict[str, list[str]]) -> dict[str, Any]:
    flow: dict[str, Any] = {}
    for end in ("src", "dst"):
        flow[end] = _address(draw, draw.choice(piece[end]))
    flow["protocol"] = draw.choice(piece["protocol"])
    names = _PORTS if flow["protocol"] in ("tcp", "udp") else ("icmp_type",)
    for name in names:
        flow[name] = _within(draw, *text.number_range(draw.choice(piece[name])))
    for name in ("in_interface", "out_interface"):
        if name in piece:
            flow[name] = draw.choice(piece[name])
    return flow


def _address(draw: Random, written: str) -> str:
    """One of a prefix or range, or of a value and a mask."""
    address, _slash, mask = written.partition("/")
    if mask and not mask.isdigit():
        value, kept = ipaddress.ip_address(address), int(ipaddress.ip_address(mask))
        free = (1 << value.max_prefixlen) - 1 & ~kept
        return str(type(value)(int(value) | free & draw.choice((0, free, draw.getrandbits(128)))))
    family, low, high = text.address_range(written)
    found = _within(draw, low, high)
    return str(ipaddress.IPv4Address(found) if family == 4 else ipaddress.IPv6Address(found))


def _within(draw: Random, low: int, high: int) -> int:
    return draw.choice((low, high, draw.randint(low, high)))
