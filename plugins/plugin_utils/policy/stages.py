# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of a way: which hosts flows pass by which interfaces, and what of them ends where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..analyse.journey import DENY, NEW, UNKNOWN, Event, Hop, Journey
from ..analyse.reach import union
from ..model.flowset import FlowSet
from .prove import Proof

Entry = dict[str, Any]
_Stage = dict[tuple[str, str], list[str]]  # (in_interface, out_interface) -> hosts


def stages(proof: Proof, there: tuple[str, ...]) -> list[Entry]:
    """``{hosts, in_interface, out_interface, cut, unknown}`` of a way there (its routers), in order: sources, routers,
    destinations, those with the same interfaces together; then who else stops its replies. ``cut``, ``unknown``: pairs
    whose first packets, replies or later packets certainly or possibly end at these hosts."""
    ended = [event for event in proof.events if event.verdict in (DENY, UNKNOWN) and _on(event, there)]
    sources: _Stage = {}
    routers: list[_Stage] = [{} for _router in there]
    ends: _Stage = {}
    for one in proof.reached:
        for delivery in one.deliveries:
            if delivery.journey.route() == there:
                _collect(delivery.journey, sources, routers)
                if delivery.end is not None:
                    _add(ends, delivery.end)
    first = [event for event in ended if event.direction == NEW]
    for event in first:
        if event.journey is not None:
            _collect(event.journey, sources, routers)
    for event in first:
        _last(event, sources, routers, ends)
    on_the_way = {host for stage in (sources, *routers, ends) for hosts in stage.values() for host in hosts}
    others: _Stage = {}
    for event in ended:
        if event.host and event.host not in on_the_way:
            _put(others, event.host, _interface(event), "")
    nothing = proof.asked.space.nothing
    return [
        {
            "hosts": hosts,
            "in_interface": came,
            "out_interface": left,
            "cut": _pairs(nothing, ended, DENY, hosts, proof.asked),
            "unknown": _pairs(nothing, ended, UNKNOWN, hosts, proof.asked),
        }
        for stage in (sources, *routers, ends, others)
        for (came, left), hosts in stage.items()
    ]


def _on(event: Event, there: tuple[str, ...]) -> bool:
    if event.direction == NEW:
        return there[: len(event.route)] == event.route
    return event.there is not None and event.there.route() == there


def _collect(journey: Journey, sources: _Stage, routers: Sequence[_Stage]) -> None:
    for hop in journey.starts:
        _add(sources, hop)
    for hop, stage in zip(journey.hops, routers):
        _add(stage, hop)


def _add(stage: _Stage, hop: Hop) -> None:
    _put(stage, hop.host, hop.in_interface, hop.out_interface)


def _put(stage: _Stage, host: str, came: str, left: str) -> None:
    hosts = stage.setdefault((came, left), [])
    if host not in hosts:
        hosts.append(host)


def _last(event: Event, sources: _Stage, routers: Sequence[_Stage], ends: _Stage) -> None:
    """The host where flows end on their way there; it has let none of them go."""
    passed = event.journey.route() if event.journey is not None else ()
    own = event.journey is None or not (event.journey.starts or event.journey.entry)
    stage = sources if own else routers[len(passed)] if len(event.route) > len(passed) else ends
    known = [host for hosts in stage.values() for host in hosts]
    if event.host and event.host not in (*known, *passed):
        _put(stage, event.host, _interface(event), "")


def _interface(event: Event) -> str:
    """By which interface flows came to where they end."""
    names = (
        event.asked.values("in_interface") if event.asked is not None and event.outcome is not None else []
    )
    return names[0] if len(names) == 1 else ""


def _pairs(nothing: FlowSet, ended: Iterable[Event], verdict: str, hosts: list[str], asked: FlowSet) -> int:
    flows = [event.flows for event in ended if event.verdict == verdict and event.host in hosts]
    return (union(nothing, flows) & asked).pairs() if flows else 0
