# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which new connections show whether a policy's required tcp paths are open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..analyse.network import Network
from ..model import text
from ..model.fields import PROTOCOLS
from ..model.flowset import Space
from ..model.state import State
from .complain import unknown_name
from .ends import EndFinder, Ends, Resolver
from .inventory import Groups, check_against_inventory, members
from .paths import Path, Policy
from .prove import Proof, prove

OPEN, CUT, UNKNOWN = "open", "cut", "unknown"
TCP = PROTOCOLS["tcp"]
# Of more ports or addresses than these only the ports that somebody listens on are tried, and no address:
# all of them would look like a scan.
FEW_PORTS = 4
FEW_ADDRESSES = 64
# Services that answer a PostgreSQL client's first words, by name and by the port that IANA gave them.
_POSTGRESQL = ("postgresql", "pgbouncer")
_POSTGRESQL_PORT = 5432


@dataclass(frozen=True)
class Target:
    """One new connection to try: from a host's address to an address and port, for a path.

    ``source``: empty where routing is to choose it.
    """

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


def required_paths(policy: Policy, names: Collection[str] | None = None) -> list[Path]:
    """The required paths, or those of them that are named. Raises PolicyError for a name that is none."""
    paths = [path for path in policy.paths if path.required]
    known = [path.name for path in paths]
    for index, name in enumerate(names or ()):
        if name not in known:
            raise unknown_name("required path", name, known, f"paths[{index}]")
    return [path for path in paths if names is None or path.name in names]


def probe_targets(
    policy: Policy, states: Mapping[str, State], groups: Groups, resolver: Resolver | None = None
) -> list[Target]:
    """The connections of all required paths, from every source address that a gathered host has."""
    finder = EndFinder(Network(states, Space()), groups, policy.boundaries, resolver)
    found: dict[Target, None] = {}
    for path in required_paths(policy):
        found.update(dict.fromkeys(_of_path(path, finder.find(path), states)))
    return list(found)


def expected_targets(
    policy: Policy, states: Mapping[str, State], groups: Groups, names: Collection[str] | None = None
) -> list[tuple[Target, str]]:
    """The connections of the required paths that are named, by default of all, each with what to expect.

    That is open, cut (certainly, on some leg at least) or unknown. Without states only plain addresses can
    be told, and nothing is expected. Raises PolicyError where an end is nobody.
    """
    wanted = required_paths(policy, names)
    check_against_inventory(policy, groups, states)
    if not states:
        return [(target, UNKNOWN) for path in wanted for target in _to_plain_addresses(path, groups)]
    network = Network(states, Space())
    finder = EndFinder(network, groups, policy.boundaries)
    found: dict[Target, str] = {}
    for path in wanted:
        proof = prove(network, finder, path)
        found.update({target: _expected(proof, target) for target in _of_path(path, proof.ends, states)})
    return list(found.items())


def _of_path(path: Path, ends: Ends, states: Mapping[str, State]) -> Iterator[Target]:
    owner = {address: host for host, addresses in ends.destinations.items() for address in addresses}
    for start in ends.starts:
        if start.interface or start.host not in ends.sources:
            continue
        for family in start.flows.families():
            for destination in _few(start.flows.ranges("dst", family)):
                ports = _ports(path, states.get(owner.get((family, destination), "")))
                # A host with several addresses comes to each destination from the one that it chooses there.
                to_it = start.flows.only("dst", ((destination, destination),), family)
                for source in _few(to_it.ranges("src", family)):
                    here, there = text.address_text(family, source), text.address_text(family, destination)
                    for port, handshake in ports.items():
                        yield Target(path.name, start.host, here, there, port, handshake)


def _to_plain_addresses(path: Path, groups: Groups) -> Iterator[Target]:
    """Where no host was read: from each host of the source, by the address that it chooses itself."""
    if path.destination.kind != "addresses":
        return
    for host in members(path.source, groups):
        for item in path.destination.addresses:
            for address in _few([item.range]):
                there = text.address_text(item.family, address)
                for port, handshake in _ports(path, None).items():
                    yield Target(path.name, host, "", there, port, handshake)


def _few(ranges: Iterable[tuple[int, int]]) -> list[int]:
    """The addresses of a set, if they are few: nobody can try a whole prefix."""
    found = list(ranges)
    if sum(high - low + 1 for low, high in found) > FEW_ADDRESSES:
        return []
    return [value for low, high in found for value in range(low, high + 1)]


def _ports(path: Path, destination: State | None) -> dict[int, str]:
    """Port -> handshake. ``destination``: the host that listens, if it was read."""
    found: dict[int, str] = {}
    for service in path.services:
        if service.protocol != TCP or service.ports is None:
            continue
        for port in _of_ranges(service.ports, destination):
            speaks = service.name in _POSTGRESQL or port == _POSTGRESQL_PORT
            found[port] = "postgresql" if speaks else found.get(port, "none")
    return found


def _of_ranges(ranges: Sequence[tuple[int, int]], destination: State | None) -> Iterator[int]:
    for low, high in ranges:
        if high - low < FEW_PORTS:
            yield from range(max(low, 1), high + 1)
        elif destination is not None:
            heard = {item.port for item in destination.listeners if item.protocol.startswith("tcp")}
            yield from sorted(port for port in heard if low <= port <= high)


def _expected(proof: Proof, target: Target) -> str:
    flows = proof.asked.only("protocol", ((TCP, TCP),)).only("dst_port", ((target.port, target.port),))
    for field, address in (("src", target.source), ("dst", target.address)):
        family, low, high = text.address_range(address)
        flows = flows.only(field, ((low, high),), family)
    return CUT if flows & proof.denied else UNKNOWN if flows & proof.unknown else OPEN
