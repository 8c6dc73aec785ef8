# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host is asked, few and bounded: names, routes, two large packets, one login, the server's limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..guard.routers import Address, addresses_of
from ..model import text
from ..model.state import State
from ..policy.ends import Resolver
from ..policy.inventory import Groups, members
from ..policy.paths import AddressRange, Endpoint, Policy
from ..policy.probes import Target
from .case import Case
from .saved import saved_files

# Of all pairs of ends, large packets are tried between the first ones of each family, and each destination is asked of
# by so many logins: what more would tell is not worth the noise.
MOST_PINGS, MOST_LOGINS, MOST_CLIENTS = 4, 10, 64
POSTGRESQL = "postgresql"

Requests = dict[str, dict[str, Any]]


def destinations(policy: Policy, states: Mapping[str, State], groups: Groups) -> dict[str, list[str]]:
    """Hosts that the paths lead to -> their addresses that others can use; those that were read."""
    found: dict[str, list[str]] = {}
    for path in policy.paths:
        for host in _hosts_of(path.destination, states, groups):
            found[host] = [text.address_text(*address) for address in sorted(addresses_of([states[host]]))]
    return found


def with_addresses(policy: Policy, groups: Groups, resolver: Resolver) -> Policy:
    """The required paths, with the addresses of names that lead somewhere in the place of the names; without those to
    others."""
    paths = []
    for path in policy.paths:
        if not path.required:
            continue
        end = path.destination
        if end.kind == "dns":
            asked = members(path.source, groups) or [""]
            found = dict.fromkeys(
                item for host in asked for name in end.names for item in resolver(host, name) or ()
            )
            ranges = [AddressRange(*text.address_range(item), item) for item in found]
            end = replace(end, kind="addresses", addresses=tuple(ranges), names=())
            if not ranges:
                continue
        paths.append(replace(path, destination=end))
    return replace(policy, paths=tuple(paths))


def to_try(policy: Policy, groups: Groups, resolver: Resolver) -> Policy:
    """The same, but for names that every source knows: each tries its own answers. What only some know, all try."""
    paths = {path.name: path for path in with_addresses(policy, groups, resolver).paths}
    for path in policy.paths:
        hosts = members(path.source, groups) or [""]
        if path.name in paths and all(
            resolver(host, name) for host in hosts for name in path.destination.names
        ):
            paths[path.name] = path
    return replace(policy, paths=tuple(paths.values()))


def far(policy: Policy) -> list[Address]:
    """Single addresses that the paths lead to; of a prefix nobody knows who has it."""
    found = [
        (item.family, item.low)
        for path in policy.paths
        for item in path.destination.addresses
        if item.low == item.high
    ]
    return list(dict.fromkeys(found))


def _hosts_of(endpoint: Endpoint, states: Mapping[str, State], groups: Groups) -> list[str]:
    """Of plain addresses, the hosts that have them."""
    if endpoint.kind == "hosts":
        return [host for host in members(endpoint, groups) if host in states]
    return [
        host
        for host, state in states.items()
        if any(
            item.family == family and item.low <= number <= item.high
            for item in endpoint.addresses
            for family, number in addresses_of([state])
        )
    ]


def requests(case: Case, targets: Sequence[Target], probe: bool) -> Requests:
    """Host -> what its agent is asked. ``probe``: whether it may send packets."""
    found: Requests = {}
    for host in case.sources:
        mine = [target for target in targets if target.host == host]
        found[host] = {
            "names": list(case.question.names),
            "routes": [{"source": target.source, "address": target.address} for target in _first(mine)],
            "logins": _logins(case, mine) if probe else [],
        }
    for host in case.destinations:
        clients: dict[int, dict[str, None]] = {}
        for target in targets:
            if target.address in case.destinations[host]:
                clients.setdefault(target.port, {}).update({target.source: None} if target.source else {})
        found.setdefault(host, {})["servers"] = [
            {"port": port, "clients": list(mine)[:MOST_CLIENTS], **(case.question.login or {})}
            for port, mine in clients.items()
        ]
    if probe:
        _pings(case, targets, found)
    _files(case, found)
    return {
        host: request
        for host, request in found.items()
        if host in case.states and case.states[host].platform == "linux" and any(request.values())
    }


def _first(targets: Sequence[Target]) -> list[Target]:
    """One for each pair of addresses."""
    return list({(target.source, target.address): target for target in targets}.values())


def _logins(case: Case, targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Where a user and a database were named."""
    if case.question.login is None:
        return []
    return [
        {"source": target.source, "address": target.address, "port": target.port, **case.question.login}
        for target in targets
        if target.handshake == POSTGRESQL
    ][:MOST_LOGINS]


def _pings(case: Case, targets: Sequence[Target], found: Requests) -> None:
    """There and back, between the first pair of each family."""
    pairs = {(":" in target.address): target for target in reversed(targets) if target.source}
    owner = {address: host for host, mine in case.destinations.items() for address in mine}
    for target in list(pairs.values())[:MOST_PINGS]:
        found.setdefault(target.host, {}).setdefault("pings", []).append(
            {"source": target.source, "address": target.address}
        )
        far = owner.get(target.address)
        if far is not None:
            found.setdefault(far, {}).setdefault("pings", []).append(
                {"source": target.address, "address": target.source}
            )


def _files(case: Case, found: Requests) -> None:
    """When the saved rules of hosts on the way were written."""
    for host in [*case.hops, *case.destinations, *case.sources]:
        state = case.states.get(host)
        files = saved_files(state) if state is not None else []
        denies = any(
            item["host"] == host and item["verdict"] == "deny"
            for path in case.paths
            for item in path["deciding"]
        )
        if files and (denies or host not in case.sources):
            found.setdefault(host, {})["files"] = files
