# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations that may lead flows to a forbidden destination under another address or port.

A forbidden path asks about the destination's own addresses. Where a gathered host translates other
addresses or ports to them, the path can't be called closed: what is translated was not asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..analyse.network import Network
from ..model.flowset import FlowSet
from ..model.match import Ranges
from ..model.rules import Effect, Rule
from .services import Service

_WORDS = ("dnat", "redirect", "netmap", "tproxy")


def hidden_ways(network: Network, wanted: FlowSet, services: Sequence[Service]) -> list[str]:
    """Why flows might come to the destination by a translation: one reason for each rule that makes one.

    ``wanted``: the flows to the destination."""
    there = {family: wanted.ranges("dst", family) for family in wanted.families()}
    found = []
    for host in network.states:
        own = [(family, one.value) for family in there for one in network.addresses(host, family)]
        for rule in _rules(network, host):
            if any(_leads_to(effect, own, there, services) for effect in rule.effects):
                text = " ".join(rule.text.split())
                found.append(f"{host} may translate other addresses or ports to the destination: {text}")
    return list(dict.fromkeys(found))


def _rules(network: Network, host: str) -> Iterator[Rule]:
    state = network.states[host]
    lists = [ruleset.rules for ruleset in state.rulesets.values()]
    lists += [chain.rules for chain in state.chains.values()]
    for rules in lists:
        yield from (rule for rule in rules if rule.effects)


def _leads_to(
    effect: Effect,
    own: Sequence[tuple[int, int]],
    there: Mapping[int, Ranges],
    services: Sequence[Service],
) -> bool:
    if effect.kind == "unknown":
        return any(word in effect.detail.lower() for word in _WORDS)
    if effect.kind not in ("dnat", "redirect"):
        return False
    asked = [service.ports for service in services]
    if effect.port is not None and None not in asked:
        low, high = effect.port
        if not any(_within(ports or (), low, high) for ports in asked):
            return False
    if effect.kind == "redirect":
        return any(family in there and _within(there[family], value, value) for family, value in own)
    if effect.address is None:
        return True
    low, high = effect.address
    families = (effect.family,) if effect.family else tuple(there)
    return any(_within(there.get(family, ()), low, high) for family in families)


def _within(ranges: Ranges, low: int, high: int) -> bool:
    return any(first <= high and low <= last for first, last in ranges)
