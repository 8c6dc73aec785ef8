# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways that flows of one proof took, and their hops as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..analyse.journey import DENY, ESTABLISHED, NEW, REPLY, UNKNOWN, Delivery, Event, Journey
from ..analyse.network import Network
from ..analyse.outcome import Part
from ..analyse.reach import Reach, union
from ..analyse.replies import questions
from ..analyse.routes import Choice
from ..analyse.trace import Translation, Visit, visits
from ..model import text
from ..model.flowset import FlowSet
from .listening import listening
from .prove import Proof
from .routing import route_line, rule_line

Entry = dict[str, Any]
PERMIT = "permit"
_ENDS = ("src", "src_port", "dst", "dst_port")
_ORDER = {DENY: 0, UNKNOWN: 1, PERMIT: 2}
_MOST_PIECES = 20


def some_of_each(verdicts: Sequence[str], most: int) -> list[int]:
    """Which of things with these verdicts to tell: the first of them, whose last ones give way to two of each verdict
    that they would leave out. At most ``most``, which has room for two of each."""
    left_out = dict.fromkeys(verdict for verdict in verdicts[most:] if verdict not in verdicts[:most])
    late = [
        number
        for verdict in left_out
        for number in [index for index, one in enumerate(verdicts) if one == verdict][:2]
    ]
    return [*range(min(most, len(verdicts)) - len(late)), *late]


@dataclass(slots=True)
class Way:
    """One way of some flows to where they end. ``flows``: as they began. ``there``: as they are at its end.
    ``answers``: of replies and later packets, the way of the first ones. ``event``: what stops them, if anything
    does."""

    direction: str
    verdict: str
    flows: FlowSet
    journey: Journey
    there: FlowSet
    end_host: str = ""
    end_interface: str = ""
    event: Event | None = None
    answers: Way | None = None
    number: int = 0

    def entry(self, number: int) -> Entry:
        self.number = number
        visited = [step.host for step in self.journey.steps if step.what == "came"]
        parts = list(self._causes())
        return {
            "way": number,
            "direction": self.direction,
            "answers": self.answers.number if self.answers is not None else None,
            "hosts": visited or ([self.event.host] if self.event is not None else []),
            "verdict": self.verdict,
            "hook": self.event.hook if self.event is not None else "",
            "reason": "; ".join(dict.fromkeys(part.reason for part in parts if part.reason)),
            "rules": [ref.to_dict() for part in parts for ref in part.rules],
            "flows": self.flows.pieces(_MOST_PIECES),
        }

    def _causes(self) -> Sequence[Part]:
        return self.event.parts(self.flows) if self.event is not None else ()

    def hops(self, network: Network, number: int) -> Iterator[Entry]:
        seen = visits(network, self.journey, self.there)
        for place, visit in enumerate(seen, 1):
            last = place == len(seen)
            found = _hop(visit)
            found.update(way=number, direction=self.direction, verdict=self.verdict if last else PERMIT)
            found["reason"] = self.entry(number)["reason"] if last and self.event is not None else ""
            if last and self.event is None and self.direction == NEW and self.end_host:
                found["listening"] = listening(network.states[self.end_host], self.there)
            yield found


def ways_of(network: Network, proof: Proof) -> list[Way]:
    """All ways, those on which something is cut off first; each followed by those of its replies."""
    groups = [group for one in proof.reached for group in _groups(network, one)]
    groups.sort(key=lambda group: min(_ORDER[way.verdict] for way in group))
    return [way for group in groups for way in group]


def _groups(network: Network, reached: Reach) -> Iterator[list[Way]]:
    nothing = network.space.nothing
    first = [event for event in reached.events if event.direction == NEW and event.journey is not None]
    later = [event for event in reached.events if event.direction != NEW]
    for event in first:
        yield [_ended(event, event.flows, NEW, None)]
    for delivery, answers in zip(reached.deliveries, reached.answers):
        began = delivery.journey.to_origin(delivery.flows)
        doubtful = union(nothing, (event.flows for event in first if _is_on(event.journey, delivery.journey)))
        sure = began - doubtful
        mine = [event for event in later if event.there is delivery.journey]
        if not sure and not mine:
            continue
        way = Way(NEW, PERMIT, sure or began, delivery.journey, delivery.flows)
        way.end_host, way.end_interface = _end(delivery)
        if sure:
            way.there = _forth(delivery.journey, sure) & delivery.flows
        else:
            way.verdict = UNKNOWN
        group = [way]
        for answer in answers:
            group += _answered(nothing, delivery, way, answer, mine)
        group += [
            _ended(event, event.flows, event.direction, way)
            for event in mine
            if event.direction in (REPLY, ESTABLISHED)
        ]
        yield group


def _answered(
    nothing: FlowSet, delivery: Delivery, way: Way, answer: Delivery, events: Sequence[Event]
) -> Iterator[Way]:
    origin = delivery.journey.to_origin(questions(answer.journey.to_origin(answer.flows)))
    doubtful = union(nothing, (event.flows for event in events if _is_on(event.journey, answer.journey)))
    sure = (origin - doubtful) & way.flows
    if sure:
        found = Way(REPLY, PERMIT, sure, answer.journey, answer.flows, answers=way)
        found.end_host, found.end_interface = _end(answer)
        yield found


def _end(delivery: Delivery) -> tuple[str, str]:
    if delivery.end is not None:
        return delivery.end.host, delivery.end.in_interface
    last = delivery.journey.visits()[-1] if delivery.journey.visits() else None
    return "", f"{last.out_interface} of {last.host}" if last is not None else ""


def _ended(event: Event, flows: FlowSet, direction: str, answers: Way | None) -> Way:
    journey = event.journey if event.journey is not None else Journey()
    there = event.asked if event.asked is not None else _forth(journey, event.flows)
    return Way(direction, event.verdict, flows, journey, there, event.host, "", event, answers)


def _forth(journey: Journey, flows: FlowSet) -> FlowSet:
    for change in journey.changes:
        flows = change.forth(flows)
    return flows


def _is_on(part: Journey | None, whole: Journey) -> bool:
    """Whether a way is the beginning of another."""
    if part is None or len(part.steps) > len(whole.steps):
        return False
    return all(one is other for one, other in zip(part.steps, whole.steps))


def _hop(visit: Visit) -> Entry:
    taker, interface = visit.taker
    family = visit.came.families()[0] if visit.came else 4
    gateway = text.address_text(family, visit.gateway) if visit.gateway is not None else ""
    decisions = [
        {"hook": decision.hook, **_part(part)} for decision in visit.decisions for part in decision.parts
    ]
    return {
        "host": visit.host,
        "in_interface": visit.in_interface,
        "out_interface": visit.out_interface,
        "flows": visit.came.pieces(_MOST_PIECES),
        "decisions": decisions,
        "rule": _deciding(decisions),
        "nat": [_translation(item) for item in visit.translations],
        "route": [_choice(choice) for choice in visit.choices],
        "next": {"host": taker, "interface": interface, "gateway": gateway} if visit.sent else None,
        "listening": None,
    }


def _deciding(decisions: Sequence[Entry]) -> Entry | None:
    """The rule that stops flows on a host, else the last that lets them pass."""
    told = [item for item in decisions if item["rules"]]
    stops = [item for item in told if item["verdict"] != PERMIT]
    chosen = min(stops, key=lambda item: _ORDER[item["verdict"]]) if stops else told[-1] if told else None
    return chosen["rules"][-1] if chosen is not None else None


def _part(part: Part) -> Entry:
    return {
        "verdict": part.verdict,
        "reason": part.reason,
        "rules": [ref.to_dict() for ref in part.rules],
        "flows": part.flows.pieces(_MOST_PIECES),
    }


def _translation(item: Translation) -> Entry:
    before, after = _written(item.before), _written(item.after)
    changed = [name for name in _ENDS if before[name] != after[name]]
    return {
        "hook": item.hook,
        "before": {name: before[name] for name in changed},
        "after": {name: after[name] for name in changed},
        "known": item.exact,
        "rules": [ref.to_dict() for part in item.parts for ref in part.rules],
    }


def _written(flows: FlowSet) -> Mapping[str, list[str]]:
    families = flows.families()
    return {
        name: [
            item
            for family in (families if name in ("src", "dst") else families[:1])
            for item in text.ranges_to_text(name, flows.ranges(name, family), family)
        ]
        for name in _ENDS
    }


def _choice(choice: Choice) -> Entry:
    return {
        "to": _written(choice.flows)["dst"],
        "route": "; ".join(route_line(route) for route in choice.routes),
        "rule": rule_line(choice.rule) if choice.rule is not None else "",
        "legs": [
            {
                "kind": leg.kind,
                "interface": leg.interface,
                "gateway": text.address_text(choice.flows.families()[0], leg.gateway)
                if leg.gateway is not None
                else "",
                "reason": leg.reason,
            }
            for leg in choice.legs
        ],
    }
