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


def openings(network: Network, delivery: Delivery, flows: FlowSet) -> Iterator[Opening]:
    """For each host on the way that has rules for them: what passed ``flows`` (as they began)."""
    journey = delivery.journey
    visits: list[tuple[str, Hop, int]] = [("output", hop, hop.level_came) for hop in journey.starts]
    visits += [("forward", hop, hop.level_routed) for hop in journey.hops]
    if delivery.end is not None:
        visits.append(("input", delivery.end, delivery.end.level_routed))
    for hook, hop, level in visits:
        state = network.states[hop.host]
        if hook not in network.hooks[hop.host] or not state.firewall_known:
            continue
        there = flows
        for change in journey.changes[:level]:
            there = change.forth(there)
        there = there & (hop.came if level == hop.level_came else hop.routed)
        packets = network.dresser.dress(there, FIRST, hop.in_interface, hop.out_interface)
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
