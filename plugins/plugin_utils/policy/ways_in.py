# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which routers' interfaces flows from plain addresses may come in: those by which their answers would leave."""

from __future__ import annotations

from ..analyse.network import Network
from ..analyse.reach import union
from ..analyse.routes import Leg
from ..analyse.walk import Start
from ..model.flowset import FlowSet
from ..model.match import Ranges

_Addresses = tuple[tuple[int, Ranges], ...]


class WaysIn:
    """Of one network; which routers are at its edge is worked out once for the same addresses."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._edges: dict[_Addresses, list[str]] = {}

    def of(self, flows: FlowSet) -> list[Start]:
        found: list[Start] = []
        answers = flows.reversed()
        towards = tuple((family, answers.ranges("dst", family)) for family in answers.families())
        for name in self._at_the_edge(answers.space.everything, towards):
            for part, legs, _family in self._network.routing[name].split(answers):
                for leg in legs:
                    if leg.kind == "forward" and self._leads_out(name, leg, part):
                        found.append(Start(name, leg.interface, part.reversed()))
        return found

    def _at_the_edge(self, everything: FlowSet, towards: _Addresses) -> list[str]:
        """Routers that may send out of what is gathered some packets to these addresses (family, ranges)."""
        if towards not in self._edges:
            there = union(
                everything.space.nothing,
                (everything.only("dst", ranges, family) for family, ranges in towards),
            )
            self._edges[towards] = [
                name
                for name, state in self._network.states.items()
                if any(state.forwarding.values()) and self._may_lead_out(name, there)
            ]
        return self._edges[towards]

    def _may_lead_out(self, host: str, flows: FlowSet) -> bool:
        routing = self._network.routing[host]
        return not routing.by_destination or any(
            leg.kind == "forward" and self._leads_out(host, leg, part)
            for part, legs, _family in routing.split(flows)
            for leg in legs
        )

    def _leads_out(self, host: str, leg: Leg, flows: FlowSet) -> bool:
        return leg.gateway is None or not any(
            self._network.gateway_of(family, leg, host) for family in flows.families()
        )
