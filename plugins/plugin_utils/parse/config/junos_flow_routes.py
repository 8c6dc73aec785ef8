# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of Junos that are routes, of the configuration or of BGP: no packet that they may be for passes for sure.

Source: Juniper, BGP User Guide, "Understanding BGP Flow Routes for Traffic Filtering" (they are installed as filters
for what the router forwards; ``routing-options flow route``, ``family inet flow``).
"""

from __future__ import annotations

from collections.abc import Iterator

from ...model.match import ALWAYS, Match, both
from ...model.rules import Rule, Verdict
from . import asks
from .braces import Node
from .device import Device

_ENDS = (("source", "src"), ("destination", "dst"))
_FAMILIES = ("inet", "inet6")


def hook(device: Device, root: Node) -> None:
    rules: list[Rule] = []
    for place in (root, *root.each("routing-instances")):
        for route in place.each("routing-options", "flow", "route"):
            why = f"what the flow route {route.word} does is not modelled"
            rules.append(_unknown(len(rules) + 1, _for(route), route.text(), why, route.line))
        if any(_brings_flows(words) for words in _of_bgp(place)):
            why = "which flow routes BGP brings is not known"
            rules.append(_unknown(len(rules) + 1, ALWAYS, "protocols bgp family inet flow", why, None))
    if rules:
        device.hook("flow routes", "forward", -20, rules, "permit")
    for rule in rules:
        device.not_understood("flow routes", rule.text, rule.not_understood[0])


def _unknown(position: int, asked: Match, text: str, why: str, line: int | None) -> Rule:
    return Rule(position, asked, Verdict("unknown", detail=why), text, line=line, not_understood=(why,))


def _for(route: Node) -> Match:
    """The packets that a flow route may be for, by its source and destination."""
    asked = []
    for word, field in _ENDS:
        said = route.value("match", word)
        try:
            asked += [asks.network(field, said)] if said else []
        except ValueError:
            continue  # it may be for any
    return both(*asked)


def _of_bgp(place: Node) -> Iterator[list[str]]:
    bgp = place.find("protocols", "bgp")
    yield from bgp.leaves() if bgp is not None else ()


def _brings_flows(words: list[str]) -> bool:
    places = [at for at, word in enumerate(words[:-2]) if word == "family" and words[at + 1] in _FAMILIES]
    return any(words[at + 2] in ("flow", "flow-vpn", "any") for at in places)
