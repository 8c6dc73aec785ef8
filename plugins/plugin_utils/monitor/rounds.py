# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One round: look, look again at what seems to have changed, and say what certainly has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import PathGuardError
from ..guard.probing import NOT_PROBED
from .condition import Condition, Entry
from .notices import Scene, notice
from .transitions import Told, Transition, calm, differs, seen_again, tell, unsettled
from .watch import Seen, Watch

# Seconds for finding out which change did it.
EXPLAIN = 12.0


@dataclass(frozen=True)
class Damping:
    """``confirm``: how many times in a row something must be seen; ``pause``: seconds between. ``flaps``: changes
    within a quarter of an hour that make a path flap; 0: never."""

    confirm: int = 2
    pause: float = 3.0
    flaps: int = 12


@dataclass
class Round:
    """``notices``: what is to be told. ``doubtful``: paths that were seen otherwise, and are not told yet."""

    seen: Seen
    notices: list[dict[str, Any]] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    seconds: float = 0.0


def one_round(
    watch: Watch,
    name: str,
    damping: Damping,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    only: Collection[str] | None = None,
) -> Round:
    """``only``: the hosts that somebody says have changed; then no connections are tried, which takes time.

    Raises PathGuardError where nothing can be judged at all."""
    paths = watch.memory.paths
    probe = only is None
    begun = clock()
    seen = watch.look(only, probe)
    for gone in set(paths) - set(seen.conditions):
        del paths[gone]
    found = _with_known_connections(watch, seen)
    first_at = seen.at
    doubtful = {path: now for path, now in found.items() if differs(paths.get(path), now)}
    for path, now in found.items():
        if path not in doubtful:
            seen_again(paths.setdefault(path, Told()), now, seen.at)
    latest = seen
    for _time in range(damping.confirm - 1):
        if not doubtful:
            break
        sleep(damping.pause)
        odd = [path for path, now in doubtful.items() if now.probes]
        latest = watch.look(only, probe and bool(odd), odd)
        found = _with_known_connections(watch, latest)
        lasting = {path: _lasting(now, found.get(path), paths.get(path)) for path, now in doubtful.items()}
        doubtful = {path: now for path, now in lasting.items() if now is not None}
    changes, waiting = _changes(watch, damping, seen, latest, found, doubtful, first_at)
    if all(now.good for now in found.values()) and latest.proof is not None:
        watch.all_is_well()
    watch.memory.rounds += 1
    watch.memory.last_round = clock()
    notices = _notices(watch, name, changes, latest, clock)
    errors = {**seen.errors, **latest.errors}
    told = replace(
        latest,
        errors=errors,
        changed=sorted({*seen.changed, *latest.changed}),
        proven=seen.proven or latest.proven,
    )
    return Round(told, notices, waiting, clock() - begun)


def _changes(
    watch: Watch,
    damping: Damping,
    seen: Seen,
    latest: Seen,
    found: Mapping[str, Condition],
    confirmed: Mapping[str, Condition],
    first_at: float,
) -> tuple[list[Transition], list[str]]:
    """What is certainly otherwise than it was told, and the paths of which that is not certain yet."""
    paths, changes, waiting = watch.memory.paths, [], []
    for path in seen.conditions:
        told = paths.setdefault(path, Told())
        now = found.get(path, seen.conditions[path])
        if path in confirmed:
            change = tell(path, told, confirmed[path], first_at, latest.at, damping.flaps)
            changes += [change] if change is not None else []
        elif differs(told, seen.conditions[path]) or differs(told, now):
            told.doubts += 1
            waiting.append(path)
        over = calm(path, told, latest.at)
        changes += [over] if over is not None else []
    return changes, waiting


def _lasting(before: Condition, now: Condition | None, told: Told | None) -> Condition | None:
    """What two looks in a row have seen; where they never agree, what is not as it was told."""
    if now == before:
        return now
    if told is None or now is None or not unsettled(told):
        return None
    return now if differs(told, now) else before


def _with_known_connections(watch: Watch, seen: Seen) -> dict[str, Condition]:
    """Where no connection was tried since the last proof, what they said before stands while the proof is the same."""
    tried = {row.path for row in watch.memory.rows if row.result != NOT_PROBED}
    found = dict(seen.conditions)
    for path in seen.conditions.keys() - tried:
        told = watch.memory.paths.get(path)
        if told is not None and told.condition is not None and told.condition.proven == found[path].proven:
            found[path] = told.condition
    return found


def unread(seen: Seen) -> list[str]:
    """The hosts that could not be read, with the reason."""
    return [f"{name} can't be read: {error.what}" for name, error in sorted(seen.errors.items())]


def _notices(
    watch: Watch, name: str, changes: list[Transition], latest: Seen, clock: Callable[[], float]
) -> list[dict[str, Any]]:
    if not changes:
        return []
    entries: Mapping[str, Entry] = {}
    facts: list[str] = []
    if latest.proof is not None:
        document = latest.proof.document
        if any(change.now.satisfied == "no" for change in changes):
            try:
                explained = watch.explained(EXPLAIN)
            except PathGuardError:
                explained = None
            document = explained.document if explained is not None else document
        entries = {entry["name"]: entry for entry in document["paths"]}
        facts = [item["text"] for item in latest.proof.facts]
    question = watch.question
    errors = unread(latest)
    scene = Scene(
        name, question.policy, question.source, entries, facts, watch.memory.rows, errors, latest.why
    )
    memory = watch.memory
    found = []
    for change in changes:
        memory.notices += 1
        memory.told[change.event] = memory.told.get(change.event, 0) + 1
        found.append(notice(scene, change, f"{memory.id}-{memory.notices:06}", clock()))
    return found
