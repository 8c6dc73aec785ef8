# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What generated rulesets and flows are drawn from: few values, so that rules and flows meet often."""

from __future__ import annotations

import ipaddress
from random import Random
from typing import Any

NETS = {  # hook -> family -> where its sources and destinations lie
    "forward": {4: ("10.0.{}.{}", "10.1.{}.{}"), 6: ("fd00::{:x}:{:x}", "fd00:1:0:0:{}:0:{:x}:{:x}")},
    "input": {4: ("10.0.{}.{}", "10.2.{}.{}"), 6: ("fd00::{:x}:{:x}", "fd00:2::{:x}:{:x}")},
    "output": {4: ("10.2.{}.{}", "10.1.{}.{}"), 6: ("fd00:2::{:x}:{:x}", "fd00:1:0:0:{}:0:{:x}:{:x}")},
}
PORTS = (0, 1, 22, 53, 80, 81, 443, 1023, 1024, 5432, 8000, 8005, 8010, 32768, 65534, 65535)
LASTS = (0, 1, 2, 3, 5, 31, 32, 63, 64, 100, 127, 128, 200, 254)


def address(draw: Random, hook: str, family: int, end: int) -> str:
    """``end``: 0 for a source, 1 for a destination."""
    form = NETS[hook][family][end]
    third, last = draw.randrange(4), draw.choice(LASTS)
    if family == 6 and form.count("{") == 3:
        return form.format("8000" if third > 1 else "0", third, last or 1)
    return form.format(third, last or 1)


def prefix(draw: Random, hook: str, family: int, end: int) -> str:
    """A prefix with an address of the hook in it, without host bits."""
    length = draw.choice(
        (8, 22, 23, 24, 25, 26, 27, 30, 31, 32) if family == 4 else (32, 64, 112, 120, 122, 127, 128)
    )
    return str(ipaddress.ip_network(f"{address(draw, hook, family, end)}/{length}", strict=False))


def number(written: str) -> int:
    return int(ipaddress.ip_address(written))


def port_range(draw: Random) -> tuple[int, int]:
    low, high = sorted(draw.sample(PORTS, 2))
    return low, high


def flow(draw: Random, hook: str) -> dict[str, Any]:
    """One first packet, as ``flows_from`` and ``packets`` take it."""
    family = draw.choice((4, 4, 6))
    protocol = draw.choice(("tcp", "tcp", "udp", "icmp" if family == 4 else "icmpv6"))
    found: dict[str, Any] = {
        "src": address(draw, hook, family, 0),
        "dst": address(draw, hook, family, 1),
        "protocol": protocol,
    }
    if protocol in ("tcp", "udp"):
        found["src_port"] = draw.choice(PORTS[1:])
        found["dst_port"] = draw.choice(PORTS[1:])
    else:
        found["icmp_type"] = draw.choice((8, 13)) if family == 4 else 128
    if hook != "output":
        found["in_interface"] = draw.choice(("in0", "in1"))
    if hook != "input":
        found["out_interface"] = "out0" if _near(found["dst"], family) else "out1"
    return found


def _near(target: str, family: int) -> bool:
    near = ipaddress.ip_network("10.1.0.0/23" if family == 4 else "fd00:1::/65")
    return ipaddress.ip_address(target) in near


def flows(draw: Random, hook: str, count: int) -> list[dict[str, Any]]:
    """Different connections: the kernel would know a second one of the same kind as established."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for _attempt in range(count * 50):
        one = flow(draw, hook)
        ends = sorted(((one["src"], one.get("src_port")), (one["dst"], one.get("dst_port"))), key=str)
        found.setdefault((one["protocol"], *ends), one)
        if len(found) == count:
            break
    return list(found.values())
