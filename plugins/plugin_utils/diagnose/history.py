# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Earlier snapshots: the newest in which what is cut off now was open, and when it was seen cut off first."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..analyse.network import Network
from ..analyse.rulechanges import settled
from ..errors import PathGuardError, PolicyError, StateError
from ..gather import snapshot
from ..model.flowset import FlowSet, Space
from ..model.state import State
from ..policy.ends import EndFinder, Resolver
from ..policy.paths import Policy
from ..policy.prove import OPEN, prove
from ..policy.remedy import differ
from ..policy.situation import shared

# A folder of runs has folders of steps in it; deeper nobody keeps snapshots. Of more moments, the newest are looked at.
DEPTH = 3
MOST_MOMENTS = 200
# Of a folder's files, so many of the newest are tried: some may be no snapshots.
MOST_TRIED = 5
# Seconds for reading and proving them.
PATIENCE = 20.0
_HEAD = 4096
_ROUTING = ("routes", "route_rules", "interfaces", "forwarding")
_GATHERED = re.compile(r'"gathered_at":\s*"([^"]+)"')


@dataclass(frozen=True)
class Moment:
    """Snapshots of one folder. ``at``: when the last of them was gathered, ISO 8601, UTC."""

    folder: Path
    at: str
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Earlier:
    """``what``: for people, such as ``the snapshots in pathguard/r1/pre``. ``at``: when all was open there (ISO 8601,
    UTC), ``bad_at``: when that was first seen not to be so; empty where it is not known, or is now. ``states``: those
    of then, and of now for hosts that it lacks. ``whole``: whether all was open, or just more than is now. ``bad``: the
    states of ``bad_at``."""

    what: str
    at: str
    states: dict[str, State]
    bad_at: str = ""
    whole: bool = True
    bad: Mapping[str, State] = field(default_factory=dict)

    def had(self, host: str, chain: str, now: str, before: str, state: State) -> bool:
        """Whether a change of a rule in a chain, or of a host's routing, was there at ``bad_at`` already: what was not
        open then may have had another cause. ``state``: the host as it is now."""
        then = self.bad.get(host)
        if then is None:
            return False
        if not chain:
            return not any(getattr(then, name) != getattr(state, name) for name in _ROUTING)
        texts = _texts(then, chain)
        if not {now, before} & (texts | _texts(state, chain)):
            return not differ(
                {host: then}, {host: state}, host
            )  # no rule: a default action, members of a set
        return now in texts if now else before not in texts

    def to_dict(self) -> dict[str, Any]:
        return {"what": self.what, "at": self.at, "bad_at": self.bad_at, "whole": self.whole}


def moments(folder: Path, apart_from: Path | None = None) -> list[Moment]:
    """The newest first. A folder without snapshots has none; StateError where it can't be looked at."""
    if not folder.is_dir():
        raise StateError(
            "there is no such folder of snapshots",
            str(folder),
            "name one by path_diagnose_history, or leave it out",
        )
    try:
        found = [
            moment for path in _folders(folder, DEPTH) if path != apart_from and (moment := _moment(path))
        ]
    except OSError as error:
        raise StateError(
            f"the snapshots can't be listed: {error.strerror}", str(folder), "mend its permissions"
        ) from None
    return sorted(found, key=lambda moment: moment.at, reverse=True)[:MOST_MOMENTS]


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    yield folder
    if depth:
        for path in sorted(folder.iterdir()):
            if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
                yield from _folders(path, depth - 1)


def _moment(folder: Path) -> Moment | None:
    """None where no file in it is a snapshot; reports and records lie beside them. Of hundreds of runs with hundreds of
    hosts, the beginning of one file each is read: the newest that is a snapshot."""
    try:
        files = snapshot.files_in(folder)
    except StateError:
        return None
    newest = sorted(files.values(), key=lambda path: path.stat().st_mtime, reverse=True)[:MOST_TRIED]
    at = next((at for path in newest if (at := _gathered_at(path))), "")
    return Moment(folder, at, files) if at else None


def _gathered_at(path: Path) -> str:
    """From the beginning of the file alone: a snapshot may be large, and a folder may have many."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(_HEAD)
    found = _GATHERED.search(head)
    return found[1] if found and '"format"' in head else ""


def _texts(state: State, chain: str) -> set[str]:
    held = state.rulesets.get(chain) or state.chains.get(chain)
    return {settled(rule.text) for rule in held.rules} if held is not None else set()


class Judge:
    """What of the paths was as wanted on other states than those of now. Rules that are the same are indexed once.
    ``cut``: path -> the flows that are not, see _cut."""

    def __init__(
        self,
        policy: Policy,
        states: Mapping[str, State],
        groups: Mapping[str, Sequence[str]],
        resolver: Resolver | None,
    ) -> None:
        self.policy = policy
        self.states = states
        self.groups = groups
        self.resolver = resolver
        self.network = Network(states, Space())
        self.cut = {path.name: self._cut(self.network, path.name) for path in policy.paths}

    def regained(self, states: Mapping[str, State]) -> bool | None:
        """True where all that is not as wanted now was, False where none of it was, None where some of it was."""
        network = Network(states, self.network.space, shared(self.network, states))
        bad = {name: cut for name, cut in self.cut.items() if cut is None or cut}
        then = {name: self._cut(network, name) for name in bad}
        if all(cut is not None and not cut for cut in then.values()):
            return True
        better = any(
            now is not None and was is not None and now - was
            for now, was in ((bad[name], then[name]) for name in bad)
        )
        return None if better else False

    def _cut(self, network: Network, name: str) -> FlowSet | None:
        """The flows that are not surely open, of a forbidden path those that are not surely closed; None where it has
        no ends there."""
        path = self.policy.path(name)
        if path is None:
            return None
        finder = EndFinder(network, self.groups, self.policy.boundaries, self.resolver)
        try:
            proof = prove(network, finder, path)
        except PolicyError:
            return None
        if not path.required:
            return proof.permitted | proof.unknown
        hanging = proof.errors.blocked if proof.errors is not None else network.space.nothing
        found = proof.denied | proof.unknown | proof.missed | hanging
        return None if not found and proof.status != OPEN else found


def deciding(paths: Sequence[Mapping[str, Any]]) -> set[str]:
    """The hosts that decide now about what is cut off, and the routers on its ways, by the paths' report. Without one
    of them nobody knows what was then: what it does now must not be taken for that."""
    bad = [path for path in paths if path["satisfied"] != "yes" or hangs(path)]
    stops = [item for path in bad for item in [*path["deciding"], *(path["too_big"] or {}).get("stops", ())]]
    legs = [leg for path in bad for leg in path["legs"]]
    return {
        *(item["host"] for item in stops),
        *(rule["host"] for item in stops for rule in item["rules"]),
        *(host for leg in legs for way in [leg["hops"], *leg["replies"]] for host in way),
    }


def hangs(path: Mapping[str, Any]) -> bool:
    """Whether errors about packets that are too big get lost."""
    return bool(path["too_big"]) and path["too_big"]["errors"] == "blocked"


def last_open(
    listed: Sequence[Moment],
    judge: Judge,
    say: Callable[[str], None] = lambda _text: None,
    needed: Collection[str] = (),
) -> Earlier | None:
    """``listed``: the newest first. None where nothing was better at any of them, within the time for it. ``needed``:
    see deciding; moments that lack one of these tell nothing."""
    until = time.monotonic() + PATIENCE
    newer: Moment | None = None
    bad: Mapping[str, State] = {}
    partly: Earlier | None = None
    for moment in listed:
        if time.monotonic() > until:
            say(f"PathGuard: snapshots older than {moment.at} were not looked at")
            break
        if any(host not in moment.files for host in needed):
            continue
        states = overlaid(moment, judge.states)
        found = judge.regained(states) if states is not None else False
        if states is None:
            continue
        bad_at = newer.at if newer is not None else ""
        if found:
            return Earlier(_words(moment), moment.at, states, bad_at, bad=bad)
        if found is None and partly is None:
            partly = Earlier(_words(moment), moment.at, states, bad_at, whole=False, bad=bad)
        newer, bad = moment, states
    return partly


def overlaid(moment: Moment, states: Mapping[str, State]) -> dict[str, State] | None:
    """The states of now, with those of a moment in their place; None where it has none of these hosts, or they can't be
    read."""
    found = dict(states)
    hosts = [host for host in moment.files if host in states]
    try:
        for host in hosts:
            found[host] = State.from_dict(snapshot.read(moment.files[host], host).state)
    except PathGuardError:
        return None
    return found if hosts else None


def given(folder: Path, states: Mapping[str, State], needed: Collection[str] = ()) -> Earlier | None:
    """A folder that is said to be good. StateError where it has no snapshot of any of these hosts; None where it lacks
    one of those that are needed."""
    moment = _moment(folder) if folder.is_dir() else None
    found = overlaid(moment, states) if moment else None
    if moment is None or found is None:
        raise StateError(
            "there is no readable snapshot of any host of the path",
            str(folder),
            "name a folder of firewall_info's snapshots by path_diagnose_baseline, or leave it out",
        )
    if any(host not in moment.files for host in needed):
        return None
    return Earlier(_words(moment), moment.at, found)


def _words(moment: Moment) -> str:
    return f"the snapshots in {moment.folder}"
