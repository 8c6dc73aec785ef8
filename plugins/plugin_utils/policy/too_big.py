# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's part about packets that are too big: whether both ends of a path's open flows would learn of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..analyse.errors_back import DESTINATION, SOURCE, ErrorsBack, Stop
from ..analyse.journey import DENY
from ..model.flowset import FlowSet

Entry = dict[str, Any]
PASS, BLOCKED, NOT_KNOWN = "pass", "blocked", "unknown"


@dataclass(slots=True)
class _Told:
    stop: Stop
    flows: FlowSet
    reason: str
    rules: list[Entry]


def too_big_entry(errors: ErrorsBack, required: bool, part: Callable[[FlowSet], Entry]) -> Entry:
    """``part``: the report's form of a set of the path's flows."""
    return {
        "required": required,
        "errors": BLOCKED if errors.blocked else NOT_KNOWN if errors.unknown else PASS,
        "blocked": part(errors.blocked),
        "unknown": part(errors.unknown),
        "stops": [_stop_entry(item) for item in _told(errors)],
    }


def _told(errors: ErrorsBack) -> list[_Told]:
    """What surely stops errors first, then what costs most."""
    found: dict[Any, _Told] = {}
    for stop in errors.stops:
        event = stop.event
        within = errors.blocked if event.verdict == DENY else errors.unknown
        for part in event.parts(within):
            who = (stop.to, stop.maker.host, stop.maker.beyond)
            key = (event.verdict, who, event.host, event.hook, part.rules, part.reason)
            held = found.get(key)
            if held is None:
                found[key] = _Told(stop, part.flows, part.reason, [ref.to_dict() for ref in part.rules])
            else:
                held.flows = held.flows | part.flows
    return sorted(found.values(), key=lambda item: (item.stop.event.verdict != DENY, -item.flows.pairs()))


def _stop_entry(item: _Told) -> Entry:
    return {
        "to": item.stop.to,
        "made_by": item.stop.maker.host,
        "beyond": item.stop.maker.beyond,
        "host": item.stop.event.host,
        "hook": item.stop.event.hook,
        "verdict": item.stop.event.verdict,
        "reason": item.reason,
        "rules": item.rules,
        "flows": item.flows.pieces(),
        "pairs": item.flows.pairs(),
    }


def sentence(entry: Mapping[str, Any]) -> str:
    """For people, of an entry whose errors do not all get back."""
    first = entry["stops"][0]
    ends = {item["to"] for item in entry["stops"] if item["verdict"] == first["verdict"]}
    to = " and ".join(f"the {end}" for end in (SOURCE, DESTINATION) if end in ends)
    maker = f"a router beyond {first['made_by']}" if first["beyond"] else first["made_by"]
    errors = f"the ICMP errors of {maker} to {to}"
    if first["rules"]:
        rule = first["rules"][-1]
        does = "drops" if first["verdict"] == DENY else "may drop"
        found = f"{first['host']} {does} {errors} ({rule['chain']}: {rule['text']})"
    else:
        found = f"{errors} {'get' if first['verdict'] == DENY else 'may get'} lost: {first['reason']}"
    return f"{found}, so that packets that are too big vanish: small requests work and big results hang"
