# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules let flows pass: the evidence for an opening, host by host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..model.flowset import FlowSet
from .dress import FIRST
from .journey import NEW, Delivery, Event, Hop, plain
from .network import Network


@dataclass(frozen=True, slots=True)
class Opening:
    """Flows (as they began) that one host's hook let pass, as an event like those that stop flows."""

    event: Event
    flows: FlowSet


def openings(network: Network, delivery: Delivery, flows: FlowSet, edges: bool = False) -> Iterator[Opening]:
    """For each host on the way that has rules for them: what passed ``flows`` (as they began). ``edges``: also what
    packets meet as they come and leave: a device's lists at its interfaces, translations."""
    journey = delivery.journey
    ends = [delivery.end] if delivery.end is not None else []
    visits: list[tuple[str, Hop, int]] = [("output", hop, hop.level_came) for hop in journey.starts]
    visits += [("forward", hop, hop.level_routed) for hop in journey.hops]
    visits += [("input", hop, hop.level_routed) for hop in ends]
    if edges:
        visits += [("prerouting", hop, hop.level_came) for hop in (*journey.hops, *ends)]
        visits += [("postrouting", hop, hop.level_routed) for hop in (*journey.starts, *journey.hops)]
    for hook, hop, level in visits:
        state = network.states[hop.host]
        if hook not in network.hooks[hop.host] or not state.firewall_known:
            continue
        there = flows
        for change in journey.changes[:level]:
            there = change.forth(there)
        there = there & (hop.came if level == hop.level_came else hop.routed)
        leaves_by = "" if hook == "prerouting" else hop.out_interface
        packets = network.dresser.dress(there, FIRST, hop.in_interface, leaves_by)
        if not packets:
            continue
        outcome = network.firewall(hop.host).hooks((hook,), packets)

        def origin(part: FlowSet, level: int = level) -> FlowSet:
            return journey.to_origin(plain(part), level)

        passed = origin(outcome.permit) & flows
        if passed:
            yield Opening(
                Event("permit", NEW, hop.host, hook, passed, journey.route(), "", outcome, origin, packets),
                passed,
            )
