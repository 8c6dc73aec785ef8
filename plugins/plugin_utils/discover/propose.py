# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is used to required paths that say so, in the words of the inventory."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .usage import Evidence, Usage, Use, families, service_name

# Of the hosts of a group, so many must have been seen that the whole group is proposed.
_SHARE = 0.5
# More addresses than this that no host has are written as networks, of these prefix lengths.
_MOST_ADDRESSES = 16
_NETWORK = {4: 24, 6: 64}
# More networks than this are everybody.
_MOST_NETWORKS = 16
# Groups that are no choice of anybody's (Ansible's own).
_OWN_GROUPS = frozenset({"all", "ungrouped"})

Groups = Mapping[str, Sequence[str]]


@dataclass(slots=True)
class Proposal:
    """One required path. ``source``, ``destination``: endpoints as in a policy. ``ports``: of ``protocol``.
    ``missing``: hosts of the proposed group that were not seen. ``only``: the one family that was seen, else 0."""

    name: str
    source: dict[str, Any]
    destination: dict[str, Any]
    protocol: str
    ports: list[int]
    uses: dict[Use, Evidence]
    missing: list[str] = field(default_factory=list)
    only: int = 0

    @property
    def service(self) -> str | dict[str, Any]:
        """As a policy says it."""
        if len(self.ports) > 1:
            return {"protocol": self.protocol, "ports": self.ports}
        return service_name(self.protocol, self.ports[0]) or f"{self.ports[0]}/{self.protocol}"

    def path(self) -> dict[str, Any]:
        found = {"name": self.name, "from": self.source, "to": self.destination, "service": self.service}
        return {**found, "families": [f"ipv{self.only}"]} if self.only else found


@dataclass(frozen=True, slots=True)
class _Ends:
    """Hosts by name, and addresses that no host has."""

    hosts: frozenset[str]
    addresses: frozenset[str]


def propose(usage: Usage, groups: Groups) -> list[Proposal]:
    """Required paths that cover every use, the most used first. ``groups``: the inventory's."""
    choice = _Choice(groups)
    by_target: dict[tuple[str, int, str], dict[Use, Evidence]] = {}
    for use, evidence in sorted(usage.uses.items()):
        target = usage.owners.get(use.destination, use.destination)
        by_target.setdefault((use.protocol, use.port, target), {})[use] = evidence
    together: dict[tuple[str, int, _Ends], list[dict[Use, Evidence]]] = {}
    for (protocol, port, _target), uses in by_target.items():
        together.setdefault((protocol, port, _ends(usage, (use.source for use in uses))), []).append(uses)
    found = [
        proposal
        for (protocol, port, sources), parts in together.items()
        for proposal in _of_sources(usage, choice, protocol, port, sources, parts)
    ]
    return _named(_joined(found))


def _ends(usage: Usage, addresses: Iterable[str]) -> _Ends:
    values = set(addresses)
    return _Ends(
        frozenset(usage.owners[address] for address in values if address in usage.owners),
        frozenset(address for address in values if address not in usage.owners),
    )


def _of_sources(
    usage: Usage,
    choice: _Choice,
    protocol: str,
    port: int,
    sources: _Ends,
    parts: Sequence[dict[Use, Evidence]],
) -> Iterator[Proposal]:
    """The paths of one service from the same sources: to a group, if all of it is used, else to each end."""
    everything = {use: evidence for uses in parts for use, evidence in uses.items()}
    ends = _ends(usage, (use.destination for use in everything))
    group = choice.exactly(ends.hosts)
    targets: list[tuple[dict[str, Any], dict[Use, Evidence]]] = []
    if group is not None and not ends.addresses:
        targets.append(({"group": group}, everything))
    else:
        for uses in parts:
            end = _ends(usage, (use.destination for use in uses))
            targets += [
                (destination, uses)
                for destination, _stands_for, _missing in choice.endpoints(end, whole=True)
            ]
    for destination, uses in targets:
        for source, stands_for, missing in choice.endpoints(sources, others=ends.hosts):
            kept = {use: evidence for use, evidence in uses.items() if _is_of(use.source, stands_for, usage)}
            seen = families(kept)
            # Where addresses are named, they tell the family.
            only = seen.pop() if len(seen) == 1 and _by_name(source) and _by_name(destination) else 0
            yield Proposal("", source, destination, protocol, [port], kept, missing, only)


def _is_of(address: str, ends: _Ends, usage: Usage) -> bool:
    return usage.owners[address] in ends.hosts if address in usage.owners else address in ends.addresses


def _by_name(endpoint: Mapping[str, Any]) -> bool:
    return not {"group", "host", "hosts"}.isdisjoint(endpoint)


class _Choice:
    """Which words of the inventory say the same."""

    def __init__(self, groups: Groups) -> None:
        self.groups = {
            name: frozenset(hosts)
            for name, hosts in sorted(groups.items())
            if hosts and name not in _OWN_GROUPS
        }

    def exactly(self, hosts: Collection[str]) -> str | None:
        """The group that has these hosts and no others; the first by name of several."""
        return next((name for name, members in self.groups.items() if members == frozenset(hosts)), None)

    def within(self, hosts: frozenset[str]) -> str | None:
        """The largest group all of whose hosts are among these."""
        fitting = [name for name, members in self.groups.items() if len(members) > 1 and members <= hosts]
        return min(fitting, key=lambda name: (-len(self.groups[name]), name), default=None)

    def around(self, hosts: frozenset[str], others: frozenset[str]) -> str | None:
        """The smallest group that has these hosts and none of the others, if most of it was seen."""
        fitting = [
            name
            for name, members in self.groups.items()
            if hosts <= members
            and not members & others
            and len(hosts) > 1
            and len(hosts) / len(members) >= _SHARE
        ]
        return min(fitting, key=lambda name: (len(self.groups[name]), name), default=None)

    def endpoints(
        self, ends: _Ends, others: frozenset[str] = frozenset(), whole: bool = False
    ) -> Iterator[tuple[dict[str, Any], _Ends, list[str]]]:
        """``(endpoint, what it stands for, hosts of its group that were not seen)``, disjoint, until all are covered.

        ``others``: hosts that it must not name. ``whole``: all hosts by one endpoint."""
        left = ends.hosts
        while left and not whole and (group := self.within(left)) is not None:
            yield {"group": group}, _Ends(self.groups[group], frozenset()), []
            left -= self.groups[group]
        if left:
            group = self.exactly(left) or self.around(left, others)
            names = sorted(left)
            if group is not None:
                yield {"group": group}, _Ends(left, frozenset()), sorted(self.groups[group] - left)
            else:
                yield (
                    {"host": names[0]} if len(names) == 1 else {"hosts": names},
                    _Ends(left, frozenset()),
                    [],
                )
        if ends.addresses:
            yield _addresses(ends.addresses), _Ends(frozenset(), ends.addresses), []


def _addresses(values: Collection[str]) -> dict[str, Any]:
    found = sorted(
        (ipaddress.ip_address(value) for value in values), key=lambda item: (item.version, int(item))
    )
    if len(found) <= _MOST_ADDRESSES:
        return {"addresses": [str(item) for item in found]}
    networks = dict.fromkeys(
        str(ipaddress.ip_network(f"{item}/{_NETWORK[item.version]}", strict=False)) for item in found
    )
    return {"prefixes": list(networks)} if len(networks) <= _MOST_NETWORKS else {"any": True}


def _joined(found: Iterable[Proposal]) -> list[Proposal]:
    """Several ports of one protocol between the same ends are one path, but for those that have a name."""
    kept: dict[str, Proposal] = {}
    for proposal in found:
        name = service_name(proposal.protocol, proposal.ports[0])
        key = repr((proposal.source, proposal.destination, proposal.protocol, name, proposal.only))
        first = kept.setdefault(key, proposal)
        if first is not proposal:
            first.ports = sorted({*first.ports, *proposal.ports})
            first.uses = {**first.uses, **proposal.uses}
            first.missing = sorted({*first.missing, *proposal.missing})
    return list(kept.values())


def _named(found: list[Proposal]) -> list[Proposal]:
    found.sort(
        key=lambda one: (
            -len({use.source for use in one.uses}),
            _label(one.source),
            _label(one.destination),
            one.ports,
        )
    )
    taken: set[str] = set()
    for proposal in found:
        name = f"{_service(proposal)} from {_label(proposal.source)} to {_label(proposal.destination)}"
        number = 1
        while (unique := name if number == 1 else f"{name} ({number})") in taken:
            number += 1
        taken.add(unique)
        proposal.name = unique
    return found


def _service(proposal: Proposal) -> str:
    service = proposal.service
    if isinstance(service, str):
        return service
    first, last = proposal.ports[0], proposal.ports[-1]
    return f"{len(proposal.ports)} {proposal.protocol} ports ({first} to {last})"


def _label(endpoint: Mapping[str, Any]) -> str:
    if "any" in endpoint:
        return "anybody"
    value = next(iter(endpoint.values()))
    if isinstance(value, str):
        return value
    return str(value[0]) if len(value) == 1 else f"{value[0]} and {len(value) - 1} more"
