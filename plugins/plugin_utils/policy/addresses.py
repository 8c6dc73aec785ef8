# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address a host means on a path: the one that routing chooses towards the other end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..analyse import unbound
from ..analyse.network import Network
from ..analyse.routes import Own
from ..model.flowset import FlowSet
from .paths import AddressRange

# As ``Routing.source_for`` has it.
_Chosen = tuple["int | None", bool]


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
    ranked: list[tuple[tuple[bool, int, int, int, int], Pair]] = []
    here, there = network.addresses(source, family), network.addresses(destination, family)
    towards = [network.routing[source].source_for(family, own.value) for own in there]
    back = [network.routing[destination].source_for(family, own.value) for own in here]
    for mine, theirs in _fitting(here, there, towards, back):
        (to, over_gateway), (fro, back_over_gateway) = towards[theirs], back[mine]
        key = (
            not (over_gateway or back_over_gateway),
            (to is None) + (fro is None),
            network.crowd(here[mine]) + network.crowd(there[theirs]),
            mine,
            theirs,
        )
        ranked.append((key, Pair(family, source, here[mine].value, destination, there[theirs].value)))
    if not ranked:
        return None, 0
    ranked.sort(key=lambda item: item[0])
    return ranked[0][1], len(ranked) - 1


def _fitting(
    here: Sequence[Own], there: Sequence[Own], towards: Sequence[_Chosen], back: Sequence[_Chosen]
) -> Iterator[tuple[int, int]]:
    """The places of the addresses of two hosts that fit. A host may have thousands: of each end, the other's choice is
    looked up, and not every one of its addresses."""
    by_value: dict[int, list[int]] = {}
    by_choice: dict[int | None, list[int]] = {}
    for mine, own in enumerate(here):
        by_value.setdefault(own.value, []).append(mine)
        by_choice.setdefault(back[mine][0], []).append(mine)
    for theirs, other in enumerate(there):
        chosen = towards[theirs][0]
        if chosen is None:
            yield from ((mine, theirs) for mine in by_choice.get(other.value, ()))
        else:
            fit = (mine for mine in by_value.get(chosen, ()) if back[mine][0] in (other.value, None))
            yield from ((mine, theirs) for mine in fit)


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
