# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's own packets do while their program has not bound an address, where ip rules go by more than
destinations.

Sources: ``ip_route_connect`` (IPv4: a socket is routed as from nowhere, which gives it its address, and a connection
once more from there; ``udp_sendmsg`` does not ask again) and ``ip6_dst_lookup_tail`` (IPv6 asks again only where there
was no route from nowhere).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import text
from ..model.fields import PROTOCOLS
from ..model.flowset import FlowSet
from . import sources
from .journey import DENY
from .routes import Choice, Routing

_ASKED_AGAIN = tuple((PROTOCOLS[name],) * 2 for name in ("tcp", "dccp"))


def doubts(routing: Routing, flows: FlowSet) -> Iterator[tuple[FlowSet, str]]:
    """Of the host's own ``flows``: those of which it depends on the program what becomes of them, and why."""
    for family in flows.families() if routing.by_source else ():
        for choice in _from_nowhere(routing, flows, family):
            there = flows & choice.flows
            if any(leg.kind != DENY or leg.interface for leg in choice.legs):
                yield from _elsewhere(routing, choice, there, family)
            elif family == 4:
                why = f"{choice.legs[0].reason} for programs that do not bind their address first"
                yield there, f"{routing.state.host}: {why}"


def spoken(routing: Routing, flows: FlowSet, family: int) -> Iterator[tuple[FlowSet, int]]:
    """``flows`` of a host by the address that it gives them, where rules choose routes by protocols or ports; those for
    which it has one alone."""
    for choice in _from_nowhere(routing, flows, family) if routing.by_service else ():
        given = _given(routing, choice, family)
        if len(given) == 1:
            yield flows & choice.flows, given[0]


def _from_nowhere(routing: Routing, flows: FlowSet, family: int) -> Iterator[Choice]:
    """By what routes sockets without an address and a mark are sent; ``flows`` of these with any of both."""
    nowhere = flows.forget("src").only("src", ((0, 0),), family).only("mark", ((0, 0),))
    for choice in routing.choices(nowhere):
        yield Choice(choice.flows.forget("src", "mark"), choice.rule, choice.routes, choice.legs)


def _given(routing: Routing, choice: Choice, family: int) -> list[int]:
    """The addresses that a socket may get by these routes."""
    told = {text.address_range(route.source)[1] for route in choice.routes if route.source}
    mine = routing.own(family)
    for leg in choice.legs if not told else ():
        if leg.interface and family == 4:
            own = sources.ipv4(mine, leg.interface, leg.gateway)
            told |= {own.value} if own is not None else set()
        elif leg.interface:
            told |= {own.value for own in sources.as_good(mine, leg.interface)}
    return sorted(told)


def _elsewhere(
    routing: Routing, choice: Choice, there: FlowSet, family: int
) -> Iterator[tuple[FlowSet, str]]:
    """What goes another way from the address that it is given than from nowhere, and is not asked about again."""
    given = tuple((value, value) for value in _given(routing, choice, family))
    told = there.only("src", given, family)
    if family == 4:
        told = told - told.only("protocol", _ASKED_AGAIN)
    for part, legs in routing.lookup(told.only("mark", ((0, 0),))) if told else ():
        if legs != choice.legs:
            where = "which way packets go depends on whether their program binds its address first"
            yield part.forget("mark"), f"{routing.state.host}: {where}"
