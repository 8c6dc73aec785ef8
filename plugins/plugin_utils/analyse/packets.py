# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets while one host handles them: as they are, and as its rules have left their view."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.flowset import FlowSet
from .journey import Journey


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
