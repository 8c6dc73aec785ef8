# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules serve the paths of the policies: those that serve nothing but what an expired waiver allowed, and, where
that is asked for, those that serve nothing at all."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..analyse.journey import plain
from ..analyse.late import TooLateError
from ..analyse.network import Network
from ..analyse.outcome import RuleRef
from ..analyse.permits import openings
from ..analyse.replies import answers
from ..analyse.scope import rules_by_chain
from ..errors import PathGuardError
from ..model.flow import flows_from
from ..model.flowset import FlowSet, Space
from ..model.rules import Rule, Verdict
from ..model.state import State
from ..policy.ends import EndFinder
from ..policy.paths import Path
from ..policy.prove import Proof
from ..policy.validate import Validation
from .given import Given
from .hygiene import EXPIRED, LOW, MEDIUM, UNSERVED, finding, not_examined
from .policies import Judged

Entry = dict[str, Any]
# Host, chain, position, text.
Place = tuple[str, str, int, str]
SECONDS = 60.0
MOST_UNSERVED = 200
_HOOKS = ("", "input", "forward")


@dataclass(frozen=True)
class Served:
    """``unserved``: whether rules are told that serve no path. ``seconds``: for all policies together."""

    unserved: bool = False
    seconds: float = SECONDS


@dataclass
class _Use:
    """``serving``: rules by which a required path, or one with a waiver in force, gets through. ``expired``: rules by
    which a forbidden path gets through whose waiver has expired -> the paths. ``unserved``: what may serve nothing;
    None where nobody asks."""

    serving: set[Place] = field(default_factory=set)
    expired: dict[Place, dict[str, None]] = field(default_factory=dict)
    refs: dict[Place, RuleRef] = field(default_factory=dict)
    unserved: dict[Place, Rule] | None = None


def served(
    given: Sequence[Given], by: Judged, wanted: Served, judged: Sequence[Entry]
) -> tuple[list[Entry], list[Entry]]:
    """(findings, what was not examined). Paths are proven once more only where the answer depends on them."""
    today = by.today or datetime.datetime.now(datetime.timezone.utc).date()
    kinds = ([EXPIRED] if _any_expired(given, today) else []) + ([UNSERVED] if wanted.unserved else [])
    if not kinds:
        return [], []
    lacking = [item["file"] for item in judged if item["report"] is None]
    if lacking or not given:
        why = f"{lacking[0]} could not be judged" if lacking else "there is no policy"
        return [], [not_examined("", kind, why) for kind in kinds]
    use = _Use(unserved=candidates(by.states) if wanted.unserved else None)
    until = time.monotonic() + wanted.seconds
    try:
        for one in given:
            _look(one, by, use, today, until)
    except TooLateError:
        return [], [not_examined("", kind, f"not worked out within {wanted.seconds:.0f} s") for kind in kinds]
    except PathGuardError as error:
        return [], [not_examined("", kind, error.what) for kind in kinds]
    return [*_of_expired(use), *_of_nothing(use)], []


def _any_expired(given: Sequence[Given], today: datetime.date) -> bool:
    return any(_expired(path, today) for one in given for path in one.policy.paths)


def _expired(path: Path, today: datetime.date) -> bool:
    return not path.required and path.waiver is not None and not path.waiver.active(today)


def _serves(path: Path, today: datetime.date) -> bool:
    return path.required or (path.waiver is not None and path.waiver.active(today))


def _look(one: Given, by: Judged, use: _Use, today: datetime.date, until: float) -> None:
    network = by.situation.network
    finder = EndFinder(network, by.groups, one.policy.boundaries, by.resolver(one.policy))
    validation = Validation(one.policy, network, finder)
    for path in one.policy.paths:
        if not _serves(path, today) and not _expired(path, today):
            continue
        proof = validation.proof(path.name)
        for rules in passing(proof, network, until):
            for ref in rules:
                place = (ref.host, ref.chain, ref.position, ref.text)
                use.refs[place] = ref
                if _expired(path, today):
                    use.expired.setdefault(place, {})[f"{path.name!r} (until {_until(path)})"] = None
                else:
                    use.serving.add(place)
        if use.unserved is not None and _serves(path, today):
            drop_replies(use.unserved, proof, network, until)


def _until(path: Path) -> str:
    return path.waiver.expires.isoformat() if path.waiver is not None else ""


def passing(proof: Proof, network: Network, until: float) -> Iterator[tuple[RuleRef, ...]]:
    """The rules by which flows of a path get through, host by host."""
    assumed = network.under(proof.path.assume)
    for one in proof.reached:
        for delivery in one.deliveries:
            if time.monotonic() > until:
                raise TooLateError
            flows = delivery.journey.to_origin(delivery.flows) & proof.permitted
            for opening in openings(assumed, delivery, flows, edges=True) if flows else ():
                for part in opening.event.parts(opening.flows):
                    yield part.rules


def _of_expired(use: _Use) -> Iterator[Entry]:
    for place, paths in use.expired.items():
        ref = use.refs[place]
        if place in use.serving or not ref.position:
            continue
        message = f"of all policies it serves nothing but what a waiver allowed that has expired: {', '.join(paths)}"
        yield _entry(EXPIRED, MEDIUM, place, message, ref.line, ref.handle)


def _entry(
    kind: str, severity: str, place: Place, message: str, line: int | None, handle: int | None
) -> Entry:
    host, chain, position, text = place
    where = {"ruleset": chain, "position": position, "line": line, "handle": handle, "text": text}
    return finding(kind, severity, host, message, **where)


# Rules that serve no path.


def candidates(states: Mapping[str, State]) -> dict[Place, Rule]:
    """The rules that let connections begin, apart from those that programs make."""
    found: dict[Place, Rule] = {}
    for host, state in states.items():
        network = Network({host: state}, Space())
        firewall = network.firewall(host)
        new = flows_from(network.space, {})
        hooks = {key: item.hook for key, item in state.rulesets.items() if item.type != "filter"}
        for key, rules in rules_by_chain(state).items():
            ruleset = state.rulesets.get(key)
            if key in hooks or (ruleset is not None and ruleset.hook not in _HOOKS):
                continue
            for rule in rules:
                permits = isinstance(rule.verdict, Verdict) and rule.verdict.kind == "accept"
                if permits and _somebodys(rule, state) and firewall.matched(rule.match) & new:
                    found[host, key, rule.position, rule.text] = rule
    return found


def _somebodys(rule: Rule, state: State) -> bool:
    """Not a program's, and no behaviour of a device that stands nowhere in its configuration."""
    stands = state.platform == "linux" or rule.line is not None or rule.handle is not None
    return stands and not rule.managed_by


def drop_replies(candidates: dict[Place, Rule], proof: Proof, network: Network, until: float) -> None:
    """Where rules keep no state, one that lets replies pass serves the path, too."""
    back: FlowSet = plain(answers(proof.permitted))
    for place, rule in list(candidates.items()):
        if time.monotonic() > until:
            raise TooLateError
        if network.firewall(place[0]).matched(rule.match) & back:
            del candidates[place]


def _of_nothing(use: _Use) -> list[Entry]:
    left = [
        (place, rule)
        for place, rule in (use.unserved or {}).items()
        if place not in use.serving and place not in use.expired
    ]
    message = "it lets connections begin, and serves no path of any policy"
    found = [
        _entry(UNSERVED, LOW, place, message, rule.line, rule.handle) for place, rule in left[:MOST_UNSERVED]
    ]
    if len(left) > MOST_UNSERVED:
        found.append(
            finding(UNSERVED, LOW, left[0][0][0], f"and {len(left) - MOST_UNSERVED} more of this kind")
        )
    return found
