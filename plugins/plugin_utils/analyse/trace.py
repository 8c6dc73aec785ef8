# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way through the network, hop by hop, for some of the flows that took it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..model.flowset import FlowSet
from . import entry
from .journey import Change, Journey, plain
from .network import Network
from .outcome import Part
from .replies import Undo
from .routes import Choice
from .trail import CAME, ROUTE, SENT, Step


@dataclass(frozen=True, slots=True)
class Decision:
    """What a hook's rules did with the flows: one part for each verdict and its rules."""

    hook: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """Flows before and after a host's translation. ``parts``: the decisions of the ``hook`` that made it; both
    are empty where one is undone for replies. ``exact``: whether it is known what was written."""

    hook: str
    before: FlowSet
    after: FlowSet
    parts: tuple[Part, ...]
    exact: bool


@dataclass(slots=True)
class Visit:
    """What one host did with the flows. ``came``: as they came. ``gateway``: where they were sent, None for their own
    address. ``taker``: (host, interface) of who takes them; empty where that is nobody who was gathered.
    ``sent``: whether they left the host."""

    host: str
    in_interface: str
    came: FlowSet
    out_interface: str = ""
    decisions: list[Decision] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    gateway: int | None = None
    taker: tuple[str, str] = ("", "")
    sent: bool = False


def visits(network: Network, journey: Journey, flows: FlowSet) -> list[Visit]:
    """The hosts of a recorded journey, in order. ``flows``: plain, as they are at its end."""
    found: list[Visit] = []
    for step, following in zip(journey.steps, (*journey.steps[1:], None)):
        there = step.flows & journey.at_level(flows, step.level)
        if step.what == CAME:
            found.append(Visit(step.host, step.in_interface, plain(there)))
        visit = found[-1]
        if step.what == SENT:
            visit.out_interface, visit.gateway, visit.taker, visit.sent = (
                step.out_interface,
                step.gateway,
                step.taker,
                True,
            )
        elif step.what == ROUTE:
            visit.choices = list(entry.choices(network.routing[step.host], there, step.in_interface))
        elif step.what != CAME:
            _ask(visit, step, there)
        level = following.level if following is not None else len(journey.changes)
        _translate(visit, step, journey, flows, range(step.level, level))
    return found


def _ask(visit: Visit, step: Step, flows: FlowSet) -> None:
    parts = tuple(_narrowed(step, flows))
    if parts:
        visit.decisions.append(Decision(step.what, parts))
    if step.out_interface:
        visit.out_interface = step.out_interface


def _narrowed(step: Step, flows: FlowSet) -> Iterator[Part]:
    for part in step.outcome.parts if step.outcome is not None else ():
        there = part.flows & flows
        if there:
            yield Part(part.verdict, plain(there), part.rules, part.reason)


def _translate(visit: Visit, step: Step, journey: Journey, flows: FlowSet, levels: Sequence[int]) -> None:
    for level in levels:
        change: Change = journey.changes[level]
        before, after = (journey.at_level(flows, at) for at in (level, level + 1))
        undone = isinstance(change, Undo)
        parts = visit.decisions[-1].parts if visit.decisions and not undone else ()
        hook = "" if undone else step.what
        visit.translations.append(Translation(hook, before, after, parts, change.exact))
