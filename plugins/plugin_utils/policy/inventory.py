# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy against an inventory: which hosts it needs, and whether its names exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..errors import PolicyError
from .complain import unknown_name
from .paths import Endpoint, Policy, Siblings

Groups = Mapping[str, Sequence[str]]


def known_hosts(groups: Groups, hosts: Iterable[str] = ()) -> list[str]:
    """All hosts of the inventory: those of its groups, and those named besides; in order, once each."""
    found = dict.fromkeys(hosts)
    for members in groups.values():
        found.update(dict.fromkeys(members))
    return list(found)


def members(endpoint: Endpoint, groups: Groups) -> list[str]:
    """The hosts that an endpoint names, in the inventory's order; those that it excepts by name are gone."""
    names = list(groups.get(endpoint.group, ())) if endpoint.group else list(endpoint.hosts)
    gone = {
        name
        for other in endpoint.excepted
        if other.kind == "hosts" and not other.addresses
        for name in members(other, groups)
    }
    return [name for name in dict.fromkeys(names) if name not in gone]


def check_against_inventory(policy: Policy, groups: Groups, hosts: Iterable[str] = ()) -> None:
    """PolicyError for a group or host that the inventory lacks, and for an endpoint without any host.

    ``hosts``: names that exist although no group has them (those of snapshots).
    """
    known = known_hosts(groups, hosts)
    for path in policy.paths:
        for endpoint in path.endpoints():
            _check(endpoint, groups, known)
        for endpoint, key in ((path.source, "from"), (path.destination, "to")):
            if endpoint.kind == "hosts" and not members(endpoint, groups):
                raise PolicyError(
                    f"{endpoint.label()} has no host",
                    f"{path.where}.{key}",
                    "correct the inventory, or the policy: an empty end can't be proven",
                )
        for index, name in enumerate(path.via):
            if name not in known:
                raise unknown_name("host", name, known, f"{path.where}.via[{index}]")
    for siblings in policy.siblings:
        _check_siblings(siblings, groups, known)
    for index, boundary in enumerate(policy.boundaries):
        if boundary.host not in known:
            raise unknown_name("host", boundary.host, known, f"$.boundaries[{index}].host")


def _check_siblings(siblings: Siblings, groups: Groups, known: list[str]) -> None:
    if siblings.group and siblings.group not in groups:
        raise unknown_name("group", siblings.group, list(groups), f"{siblings.where}.group")
    for index, name in enumerate(siblings.hosts):
        if name not in known:
            raise unknown_name("host", name, known, f"{siblings.where}.hosts[{index}]")
    if len(siblings.members(groups)) < 2:
        raise PolicyError(
            f"{siblings.label()} is one host alone, and has no sibling"
            if siblings.members(groups)
            else f"{siblings.label()} has no host",
            siblings.where,
            "name two hosts at least",
        )


def _check(endpoint: Endpoint, groups: Groups, known: list[str]) -> None:
    if endpoint.kind != "hosts":
        return
    if endpoint.group and endpoint.group not in groups:
        raise unknown_name("group", endpoint.group, list(groups), f"{endpoint.where}.group")
    for index, name in enumerate(endpoint.hosts):
        if name not in known:
            at = f"{endpoint.where}.host" if len(endpoint.hosts) == 1 else f"{endpoint.where}.hosts[{index}]"
            raise unknown_name("host", name, known, at)


def hosts_needed(policy: Policy, groups: Groups, inventory: Iterable[str] = ()) -> list[str]:
    """Every host that the policy names as an end, a waypoint, a boundary or a sibling; routers between come on top."""
    check_against_inventory(policy, groups, inventory)
    found: dict[str, None] = {}
    for path in policy.paths:
        for endpoint in (path.source, path.destination):
            found.update(dict.fromkeys(members(endpoint, groups)))
        for other in path.endpoints():
            found.update(dict.fromkeys(members(other, groups)))
        found.update(dict.fromkeys(path.via))
    found.update(dict.fromkeys(boundary.host for boundary in policy.boundaries))
    for siblings in policy.siblings:
        found.update(dict.fromkeys(siblings.members(groups)))
    named = policy.schema.get("properties", {}).get("hosts", {})
    known = known_hosts(groups, inventory)
    if isinstance(named, Mapping):
        asked = [*named.get("required", ()), *named.get("properties", {})]
        found.update(dict.fromkeys(name for name in asked if name in known))
    return list(found)
