# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to probe for a policy: for each source host, its targets and what the proof expects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..analyse.network import Network
from ..analyse.walk import Start
from ..model import text
from ..model.fields import PROTOCOLS
from ..model.flowset import Space
from ..model.state import State
from .ends import EndFinder
from .inventory import Groups, check_against_inventory, members
from .paths import Path, Policy
from .prove import Proof, prove

OPEN, CUT, UNKNOWN = "open", "cut", "unknown"
# A range of ports is probed at its ends; all of it would look like a scan.
_POSTGRESQL = ("postgresql", "pgbouncer")
_POSTGRESQL_PORT = 5432

Target = dict[str, Any]


def probe_targets(
    policy: Policy, states: Mapping[str, State] | None, groups: Groups, paths: Collection[str] | None = None
) -> dict[str, list[Target]]:
    """``{source host: [{path, source, address, port, handshake, expect}]}`` for the required tcp paths.

    ``expect``: open, cut (certainly, on some leg at least) or unknown. Without states, only plain
    addresses can be told; their source is empty and nothing is expected. ``paths``: names of those wanted.
    """
    wanted = [path for path in policy.paths if path.required and (paths is None or path.name in paths)]
    check_against_inventory(policy, groups, states or {})
    if not states:
        return _without_states(wanted, groups)
    network = Network(states, Space())
    finder = EndFinder(network, groups, policy.boundaries)
    found: dict[str, list[Target]] = {}
    for path in wanted:
        proof = prove(network, finder, path)
        for start in proof.ends.starts:
            if not start.interface:
                found.setdefault(start.host, []).extend(_targets(proof, start))
    return found


def _targets(proof: Proof, start: Start) -> list[Target]:
    found: list[Target] = []
    for family in start.flows.families():
        for source, _last in start.flows.ranges("src", family):
            for low, high in start.flows.ranges("dst", family):
                for address in {low: None, high: None}:
                    for port, handshake in _ports(proof.path):
                        flows = start.flows.only("src", ((source, source),), family)
                        flows = flows.only("dst", ((address, address),), family).only(
                            "dst_port", ((port, port),)
                        )
                        flows = flows.only("protocol", ((PROTOCOLS["tcp"], PROTOCOLS["tcp"]),))
                        if not flows:
                            continue
                        expect = CUT if flows & proof.denied else UNKNOWN if flows & proof.unknown else OPEN
                        found.append(
                            {
                                "path": proof.path.name,
                                "source": text.address_text(family, source),
                                "address": text.address_text(family, address),
                                "port": port,
                                "handshake": handshake,
                                "expect": expect,
                            }
                        )
    return found


def _ports(path: Path) -> list[tuple[int, str]]:
    found: dict[int, str] = {}
    for service in path.services:
        if service.protocol == PROTOCOLS["tcp"] and service.ports is not None:
            for port in (end for ends in service.ports for end in ends):
                speaks = service.name in _POSTGRESQL or port == _POSTGRESQL_PORT
                found[port] = "postgresql" if speaks else found.get(port, "none")
    return list(found.items())


def _without_states(paths: Collection[Path], groups: Groups) -> dict[str, list[Target]]:
    found: dict[str, list[Target]] = {}
    for path in paths:
        addresses = [
            item
            for item in path.destination.addresses
            if path.destination.kind == "addresses" and item.low == item.high
        ]
        for host in members(path.source, groups):
            for item in addresses:
                for port, handshake in _ports(path):
                    target = {
                        "path": path.name,
                        "source": "",
                        "address": text.address_text(item.family, item.low),
                    }
                    found.setdefault(host, []).append(
                        {**target, "port": port, "handshake": handshake, "expect": UNKNOWN}
                    )
    return found
