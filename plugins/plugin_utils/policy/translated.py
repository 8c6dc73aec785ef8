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


def hidden_ways(
    network: Network, wanted: FlowSet, owners: Mapping[str, set[tuple[int, int]]], services: Sequence[Service]
) -> list[str]:
    """Why flows might come to the destination by a translation: one reason for each rule that makes one.

    ``wanted``: the flows to the destination; ``owners``: host -> its addresses (family, value) in them."""
    there = {family: wanted.ranges("dst", family) for family in wanted.families()}
    found = []
    for host in network.states:
        for rule in _rules(network, host):
            if any(_leads_to(effect, host, there, owners, services) for effect in rule.effects):
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
    host: str,
    there: Mapping[int, Ranges],
    owners: Mapping[str, set[tuple[int, int]]],
    services: Sequence[Service],
) -> bool:
    if effect.kind == "unknown":
        return any(word in effect.detail.lower() for word in _WORDS)
    if effect.kind not in ("dnat", "redirect"):
        return False
    asked = [service.ports for service in services]
    if effect.port is not None and None not in asked:
        low, high = effect.port
        if not any(first <= high and low <= last for ports in asked for first, last in ports or ()):
            return False
    if effect.kind == "redirect":
        return host in owners
    if effect.address is None:
        return True
    low, high = effect.address
    families = (effect.family,) if effect.family else tuple(there)
    return any(first <= high and low <= last for family in families for first, last in there.get(family, ()))
