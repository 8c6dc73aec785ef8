# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations that may lead flows to a forbidden destination under another address or port.

A forbidden path asks about the destination's own addresses. Where a gathered host translates other addresses or
ports to them, those flows are followed too; where what is translated, or to what, is not certain, the path can't
be called closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..analyse.compile import Compiler
from ..analyse.journey import UNKNOWN, Event, plain
from ..analyse.network import Network
from ..analyse.reach import Reach, union
from ..analyse.walk import Start
from ..model.flowset import FlowSet
from ..model.match import Ranges
from ..model.rules import Effect, Rule
from ..model.state import State
from .services import Service

_WORDS = ("dnat", "redirect", "netmap", "tproxy")


@dataclass(slots=True)
class Detours:
    """``flows``: those that rules may translate to the destination, as they were before; ``doubts``: why more
    may come there than can be followed."""

    flows: FlowSet
    doubts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Followed:
    """``permitted``: flows that come to the destination by a translation; ``unknown``: those that may, because
    of ``doubtful``."""

    permitted: FlowSet
    unknown: FlowSet
    doubtful: list[Event]
    reached: Reach


def detours(network: Network, wanted: FlowSet, services: Sequence[Service]) -> Detours:
    """What gathered hosts may translate to the destination. ``wanted``: the flows to the destination."""
    there = {family: wanted.ranges("dst", family) for family in wanted.families()}
    found = Detours(network.space.nothing)
    for host in network.states:
        if not network.effects[host].rules:
            continue
        own = [(family, one.value) for family in there for one in network.addresses(host, family)]
        compiler = Compiler(network.states[host], network.space)
        murky = _murky(network.states[host], compiler)
        for rule in network.effects[host].rules:
            leading = [effect for effect in rule.effects if _leads_to(effect, own, there, services)]
            if not leading:
                continue
            if not murky and _certain(rule, leading):
                space = network.space
                found.flows = found.flows | plain(FlowSet(space, space.certain(compiler.node(rule.match))))
            else:
                text = " ".join(rule.text.split())
                found.doubts.append(
                    f"{host} may translate other addresses or ports to the destination: {text}"
                )
    found.doubts = list(dict.fromkeys(found.doubts))
    return found


def _certain(rule: Rule, leading: Sequence[Effect]) -> bool:
    """Whether it is known to what the rule translates."""
    for effect in leading:
        spans = [span for span in (effect.address, effect.port) if span is not None]
        if effect.kind != "dnat" or not spans or any(low != high for low, high in spans):
            return False
    return not rule.follows


def _murky(state: State, compiler: Compiler) -> bool:
    """Whether it is not certain which rules of the tables that translate are asked."""
    tables = {key.rpartition("/")[0] for key, ruleset in state.rulesets.items() if ruleset.type == "nat"}
    lists = [one.rules for key, one in state.rulesets.items() if key.rpartition("/")[0] in tables]
    lists += [one.rules for key, one in state.chains.items() if key.rpartition("/")[0] in tables]
    return not state.firewall_known or any(
        rule.not_understood or compiler.reasons(rule.match) for rules in lists for rule in rules
    )


def followed(
    starts: Sequence[Start],
    wanted: FlowSet,
    found: Detours,
    follow: Callable[[Sequence[Start], FlowSet], Reach],
) -> Followed | None:
    """The flows of ``found`` that come from where ``starts`` begin and end where ``wanted`` does."""
    nothing = wanted.space.nothing
    target = wanted.forget("src", "src_port")
    others = [
        Start(one.host, one.interface, one.flows.forget("dst", "dst_port") & found.flows - wanted)
        for one in starts
    ]
    others = [one for one in others if one.flows]
    if not others:
        return None
    reached = follow(others, target)
    arrived = nothing
    for delivery in reached.deliveries:
        there = delivery.flows & target
        if there and any({"dst", "dst_port"} & change.fields.keys() for change in delivery.journey.changes):
            arrived = arrived | delivery.journey.to_origin(there)
    doubtful = [
        event
        for event in reached.events
        if event.verdict == UNKNOWN
        and (event.flows & arrived or (event.asked is not None and plain(event.asked) & target))
    ]
    unknown = union(nothing, (event.flows for event in doubtful))
    return Followed(arrived - unknown, unknown, doubtful, reached)


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
