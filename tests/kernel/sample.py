# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows drawn from a set: the corners of its parts, and any others."""

from __future__ import annotations

import ipaddress
from random import Random
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet

_PORTS = ("src_port", "dst_port")
_MOST_PIECES = 400


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
        family, low, high = text.address_range(draw.choice(piece[end]))
        value = _within(draw, low, high)
        flow[end] = str(ipaddress.IPv4Address(value) if family == 4 else ipaddress.IPv6Address(value))
    flow["protocol"] = draw.choice(piece["protocol"])
    names = _PORTS if flow["protocol"] in ("tcp", "udp") else ("icmp_type",)
    for name in names:
        flow[name] = _within(draw, *text.number_range(draw.choice(piece[name])))
    for name in ("in_interface", "out_interface"):
        if name in piece:
            flow[name] = draw.choice(piece[name])
    return flow


def _within(draw: Random, low: int, high: int) -> int:
    return draw.choice((low, high, draw.randint(low, high)))
