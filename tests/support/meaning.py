# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule on one host, asked about one flow by the public filter; and flows that a small change tells apart."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.pathguard.network.plugins.filter.verdicts import flow_verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

from .fuzz_seeds import FACTS, outputs

FLOW: dict[str, Any] = {
    "src": "10.0.1.200",
    "dst": "10.2.0.9",
    "protocol": "tcp",
    "src_port": 1500,
    "dst_port": 5432,
    "in_interface": "app0",
    "out_interface": "db0",
}
FLOW6 = {**FLOW, "src": "fd00:1::c8", "dst": "fd00:2::9"}
UDP = {**FLOW, "protocol": "udp"}
PORTLESS = {key: value for key, value in FLOW.items() if not key.endswith("_port")}
PING: dict[str, Any] = {**PORTLESS, "protocol": "icmp", "icmp_type": 8, "icmp_code": 0}
TOO_BIG = {**PING, "icmp_type": 3, "icmp_code": 4, "connection": "related"}
PING6 = {**PING, "protocol": "icmpv6", "icmp_type": 128, "src": "fd00:1::c8", "dst": "fd00:2::9"}
OPEN = {**FLOW, "connection": "established"}


class Change(NamedTuple):
    """What a rule asks before and after; ``flow`` fits the one and not the other."""

    before: Any
    after: Any
    flow: dict[str, Any]


def asked(texts: dict[str, str], flow: dict[str, Any], ruleset: str | None = "forward") -> str:
    """The verdict of a host with these outputs; what a login would have brought beside them is empty."""
    state = parse_platform("linux", "fw1", outputs({**FACTS, "ipset": "", "nft_text": "", **texts}))
    assert state.firewall_known, state.unreadable
    return str(flow_verdicts(state.to_dict(), [flow], ruleset)[0]["verdict"])
