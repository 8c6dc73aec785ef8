# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which gateways stand between the hosts that were read, and were not read themselves."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from ..model.state import Route, State

Address = tuple[int, int]
# Kinds of routes that lead to other hosts (ip-route(8)).
LEADING = frozenset({"unicast"})


def addresses_of(states: Iterable[State]) -> set[Address]:
    """``(family, number)`` of every address that others can use."""
    found: set[Address] = set()
    for state in states:
        for interface in state.interfaces.values():
            for text in interface.addresses:
                address = ipaddress.ip_interface(text).ip
                if not (address.is_loopback or address.is_link_local):
                    found.add((address.version, int(address)))
    return found


def missing_gateways(states: Mapping[str, State]) -> set[str]:
    """Next hops that the hosts' routes to each other name, and that no host among them owns.

    By the longest prefix alone (all tables together): a gateway too many costs one look, one too few a proof.
    """
    owned = addresses_of(states.values())
    found: set[str] = set()
    for state in states.values():
        own = addresses_of([state])
        routes = [(route, *_range(route)) for route in state.routes if route.kind in LEADING]
        for family, number in owned - own:
            fits = [
                (route, low, high)
                for route, low, high in routes
                if route.family == family and low <= number <= high
            ]
            if not fits:
                continue
            narrowest = min(high - low for _route, low, high in fits)
            for route, low, high in fits:
                if high - low == narrowest:
                    found.update(hop.via for hop in route.next_hops if hop.via)
    return {via for via in found if _key(via) not in owned}


def _key(text: str) -> Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    return address.version, int(address)


def _range(route: Route) -> tuple[int, int]:
    network = ipaddress.ip_network(route.destination, strict=False)
    return int(network.network_address), int(network.broadcast_address)
