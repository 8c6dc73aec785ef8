# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One routing table: which routes win where, by longest prefix, metric, and what else sets routes apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..model import text
from ..model.match import Range
from ..model.state import Route
from .intervals import Intervals

# The kind of routes for the packets of some sources alone.
FROM = "from "
_LINK_LOCAL = text.address_range("fe80::/10")[1:]


def of_some(route: Route) -> bool:
    """Whether it is for some types of service, or sources, alone."""
    return bool(route.tos) or route.kind.startswith(FROM)


def taken(routes: list[Route], in_interface: str) -> list[Route]:
    """Of routes that are equal but for their next hops: those of which Linux may take any. Default routes over
    gateways, whichever of these answers (``fib_select_default``), and in IPv6 all over gateways, which may be siblings
    of one multipath route, as older iproute2 lists them (``rt6_qualify_for_ecmp``). Of others, it takes the first, in
    IPv6 one by the interface by which a packet came in (``rt6_score_route``); packets for link-local addresses name
    theirs."""
    family, low = text.address_range(routes[0].destination)[:2]
    over_gateways = all(hop.via for route in routes for hop in route.next_hops)
    if over_gateways and (family == 6 or routes[0].destination.endswith("/0")):
        return routes
    if family == 4 or _LINK_LOCAL[0] <= low <= _LINK_LOCAL[1]:
        return routes if family == 6 else routes[:1]
    back = [route for route in routes if in_interface in {hop.interface for hop in route.next_hops}]
    return (back or routes)[:1]


class Table(Intervals[list[Route]]):
    """One table of one family as disjoint, sorted intervals, each with the routes that win there."""

    def __init__(self, routes: Iterable[Route]) -> None:
        best: dict[Range, list[Route]] = {}
        for route in routes:
            _family, low, high = text.address_range(route.destination)
            held = best.get((low, high))
            # What is for some packets alone goes before the rest, whatever its metric (fib_find_alias;
            # fib6_node_lookup_1: what has another source does not find the rest there).
            if held is None or (not of_some(route), route.metric) < (not of_some(held[0]), held[0].metric):
                best[low, high] = [route]
            elif (of_some(route), route.metric, route.tos) == (of_some(held[0]), held[0].metric, held[0].tos):
                held.append(route)
        super().__init__(_nested(best))
        self.tied = any(len(routes) > 1 for routes in best.values())


def _nested(prefixes: dict[Range, list[Route]]) -> Iterator[tuple[int, int, list[Route]]]:
    """Prefixes nest or are disjoint: cut each by those inside it."""
    stack: list[tuple[int, list[Route]]] = []
    at = 0
    for low, high in sorted(prefixes, key=lambda item: (item[0], -item[1])):
        while stack and stack[-1][0] < low:
            end, routes = stack.pop()
            if at <= end:
                yield at, end, routes
                at = end + 1
        if stack and at < low:
            yield at, low - 1, stack[-1][1]
        at = low
        stack.append((high, prefixes[low, high]))
    while stack:
        end, routes = stack.pop()
        if at <= end:
            yield at, end, routes
            at = end + 1
