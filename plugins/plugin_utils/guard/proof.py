# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy's paths on the hosts as they were read: the report, what the guard compares, what to probe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path as FilePath
from typing import Any

from ..analyse.network import Network
from ..gather import snapshot
from ..model import text
from ..model.fields import PROTOCOLS
from ..model.flowset import Space
from ..model.state import State
from ..policy.ends import EndFinder
from ..policy.paths import Path, Policy
from ..policy.validate import validate
from .compare import PathView

# Ports that a service may really be spoken to on: of a longer range, only those that somebody listens on.
FEW_PORTS = 4
FEW_ADDRESSES = 64
HANDSHAKES = {5432: "postgresql"}


@dataclass(frozen=True)
class Target:
    """One new connection to try: from a host's address to an address and port, for a path."""

    path: str
    host: str
    source: str
    address: str
    port: int
    handshake: str = "none"

    @property
    def job(self) -> tuple[str, str, int, str]:
        return self.source, self.address, self.port, self.handshake

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Proof:
    """``document``: the report by schemas/report.schema.json. ``paths``: what is compared, in the policy's
    order. ``facts``: what the configuration lacks that the policy's other keywords ask for, each as
    ``{text, satisfied}``. ``several_ways``: paths whose flows or replies may take one of several ways."""

    document: dict[str, Any]
    paths: list[PathView] = field(default_factory=list)
    facts: list[dict[str, str]] = field(default_factory=list)
    several_ways: frozenset[str] = frozenset()


def prove(
    policy: Policy,
    states: Mapping[str, State],
    groups: Mapping[str, Sequence[str]],
    folder: FilePath,
    baseline: Mapping[str, State] | None = None,
) -> Proof:
    """Raises PolicyError where an end of a path is nobody. ``folder``: where the states' snapshots are."""
    files = {name: str(snapshot.path_of(folder, name)) for name in states}
    document = validate(policy, states, groups, baseline=baseline, snapshots=files)
    entries = document["paths"]
    several = frozenset(entry["name"] for entry in entries if _ways(entry) > 1)
    return Proof(document, [view(entry) for entry in entries], _facts(document), several)


def _facts(document: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"text": f"{item['at']}: {item['message']}", "satisfied": item["satisfied"]}
        for item in document["findings"]
        if item["kind"] == "configuration"
    ]


def _ways(entry: Mapping[str, Any]) -> int:
    ways = {(tuple(leg["hops"]), tuple(back)) for leg in entry["legs"] for back in leg["replies"] or [[]]}
    return len(ways)


def view(entry: Mapping[str, Any]) -> PathView:
    """A report's path as the guard compares it."""
    bad = entry["cut"] if entry["kind"] == "required" else entry["permitted"]
    return PathView(
        name=entry["name"],
        kind=entry["kind"],
        status=entry["status"],
        satisfied=entry["satisfied"],
        share=share_text(entry),
        bad=list(bad["flows"]),
        unknown=list(entry["unknown"]["flows"]),
    )


def share_text(entry: Mapping[str, Any]) -> str:
    """``7 of 10 app hosts``, or pairs of addresses where the sources are no hosts."""
    hosts, pairs = entry["share"]["hosts"], entry["share"]["pairs"]
    if hosts:
        group = entry["from"].removeprefix("group ")
        what = f"{group} hosts" if entry["from"].startswith("group ") and " " not in group else "hosts"
        return f"{hosts['open']} of {hosts['total']} {what}"
    return f"{pairs['open']} of {pairs['total']} pairs"


def load_states(folder: FilePath, hosts: Sequence[str]) -> dict[str, State]:
    """The states of snapshots that a run has written."""
    return {
        name: State.from_dict(snapshot.read(snapshot.path_of(folder, name), name).state) for name in hosts
    }


def targets(policy: Policy, states: Mapping[str, State], groups: Mapping[str, Sequence[str]]) -> list[Target]:
    """The tcp connections of the required paths, from every source address that a gathered host has."""
    network = Network(states, Space())
    finder = EndFinder(network, groups, policy.boundaries)
    found: dict[Target, None] = {}
    for path in policy.paths:
        if path.required:
            found.update(dict.fromkeys(_of_path(path, finder, states)))
    return list(found)


def _of_path(path: Path, finder: EndFinder, states: Mapping[str, State]) -> Iterator[Target]:
    ends = finder.find(path)
    owner = {address: host for host, addresses in ends.destinations.items() for address in addresses}
    for start in ends.starts:
        if start.interface or start.host not in ends.sources:
            continue
        for family in start.flows.families():
            sources = _single(start.flows.ranges("src", family))
            for destination in _single(start.flows.ranges("dst", family)):
                ports = _ports(path, states.get(owner.get((family, destination), "")))
                for source in sources:
                    here, there = text.address_text(family, source), text.address_text(family, destination)
                    for port in ports:
                        yield Target(path.name, start.host, here, there, port, HANDSHAKES.get(port, "none"))


def _single(ranges: Sequence[tuple[int, int]]) -> list[int]:
    """The addresses of a set, if they are few: nobody can try a whole prefix."""
    if sum(high - low + 1 for low, high in ranges) > FEW_ADDRESSES:
        return []
    return [value for low, high in ranges for value in range(low, high + 1)]


def _ports(path: Path, destination: State | None) -> list[int]:
    found: dict[int, None] = {}
    for service in path.services:
        if service.protocol != PROTOCOLS["tcp"] or service.ports is None:
            continue
        for low, high in service.ports:
            if high - low < FEW_PORTS:
                found.update(dict.fromkeys(range(max(low, 1), high + 1)))
            elif destination is not None:
                heard = {item.port for item in destination.listeners if item.protocol.startswith("tcp")}
                found.update(dict.fromkeys(sorted(port for port in heard if low <= port <= high)))
    return list(found)
