# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address a host means on a path: the one that routing chooses towards the other end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..analyse import unbound
from ..analyse.network import Network
from ..analyse.routes import Own
from ..model.flowset import FlowSet
from .paths import AddressRange


@dataclass(frozen=True, slots=True)
class Pair:
    """Two addresses that would speak with each other."""

    family: int
    source_host: str
    source: int
    destination_host: str
    destination: int


def choose_pair(network: Network, source: str, destination: str, family: int) -> tuple[Pair | None, int]:
    """The pair of addresses of two gathered hosts, and how many others would do.

    A pair fits if each end's own routing picks its address towards the other's; an end without a route
    picks none, and a cut route must not make the path vanish. Where several fit (a service network and
    one for management), a pair over a gateway goes before neighbours, then the network that fewer
    hosts share, then the order of interfaces.
    """
    ranked: list[tuple[tuple[bool, int, int, int], Pair]] = []
    for place, (mine, theirs) in enumerate(_combinations(network, source, destination, family)):
        towards, over_gateway = network.routing[source].source_for(family, theirs.value)
        back, back_over_gateway = network.routing[destination].source_for(family, mine.value)
        if (
            towards not in (mine.value, None)
            or back not in (theirs.value, None)
            or (towards is None and back is None)
        ):
            continue
        missing = (towards is None) + (back is None)
        key = (
            not (over_gateway or back_over_gateway),
            missing,
            network.crowd(mine) + network.crowd(theirs),
            place,
        )
        ranked.append((key, Pair(family, source, mine.value, destination, theirs.value)))
    if not ranked:
        return None, 0
    ranked.sort(key=lambda item: item[0])
    return ranked[0][1], len(ranked) - 1


def _combinations(network: Network, source: str, destination: str, family: int) -> Iterable[tuple[Own, Own]]:
    return (
        (mine, theirs)
        for mine in network.addresses(source, family)
        for theirs in network.addresses(destination, family)
    )


def address_towards(network: Network, host: str, other: AddressRange) -> int | None:
    """The address of ``host`` on a path to plain addresses; None where it has no route to them."""
    found, _gateway = network.routing[host].source_for(other.family, other.low)
    if found is not None:
        return found
    found, _gateway = network.routing[host].source_for(other.family, other.high)
    return found


def as_spoken(
    network: Network, host: str, family: int, flows: FlowSet, sources: dict[str, set[tuple[int, int]]]
) -> FlowSet:
    """A host's flows from the addresses that it gives them, where rules choose routes by protocols or ports; these
    addresses are added to ``sources``."""
    for part, value in unbound.spoken(network.routing[host], flows, family):
        if part:
            flows = flows - part | part.assign("src", value, family)
            sources.setdefault(host, set()).add((family, value))
    return flows


def lost_end(network: Network, pair: Pair) -> tuple[str, int] | None:
    """``(host, address)`` of the end whose host does not have it in ``network``, the destination first."""
    for host, address in (
        (pair.destination_host, pair.destination),
        (pair.source_host, pair.source),
    ):
        if not any(owner.host == host for owner in network.owners(pair.family, address)):
            return host, address
    return None
