# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets while one host handles them: as they are, and as its rules have left their view."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.flowset import FlowSet
from .journey import DENY, UNKNOWN, Journey

_MOST_HOPS = 63  # as many routers as the usual time to live, 64, lasts for (ip-sysctl.rst, ip_default_ttl)


@dataclass(slots=True, unsafe_hash=True)
class Arrival:
    """Flows that come to a host. ``own``: all of the flows are for an address of the host itself."""

    host: str
    interface: str
    flows: FlowSet
    journey: Journey
    own: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Packets:
    """Flows on one host: plain, and as its rules left them so far; None while no rule changed their view.

    ``loose``: fields of the view that a rule set to a value that is not known."""

    flows: FlowSet
    seen: FlowSet | None
    journey: Journey
    loose: frozenset[str] = frozenset()


def going_round(arrival: Arrival) -> tuple[str, str] | None:
    """``(verdict, reason)`` for packets that come to a host as they came before, or that have passed too many."""
    host, interface, journey = arrival.host, arrival.interface, arrival.journey
    for place, hop in enumerate(journey.hops):
        same = hop.host == host and hop.in_interface == interface
        if same and hop.level_came == len(journey.changes):
            return DENY, f"routing loop: {' -> '.join((*journey.route()[place:], host))}"
    if len(journey.hops) >= _MOST_HOPS:
        return UNKNOWN, f"{len(journey.hops)} routers passed: whether the time to live lasts is not known"
    return None


def surely(denied: FlowSet, seen: FlowSet, loose: frozenset[str]) -> tuple[FlowSet, FlowSet]:
    """Of ``denied``, part of ``seen``: what is whatever the values of ``loose`` fields are, and the rest."""
    if not denied or not loose:
        return denied, denied.space.nothing
    doubtful = denied & (seen - denied).forget(*sorted(loose))
    return denied - doubtful, doubtful


def not_known(host: str, loose: frozenset[str]) -> str:
    words = {"ct_mark": "connection mark", "connection": "connection state"}
    names = " and ".join(words.get(name, name) for name in sorted(loose))
    return f"the value of the {names} of these packets on {host} is not known"
