# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at the policy's paths: read what has changed, prove anew if anything did, and try some connections."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import MonitorError, PathGuardError, PolicyError
from ..guard.names import resolver
from ..guard.probes import ProbeRow
from ..guard.probing import probe_rows
from ..guard.proof import Proof, of_document, prove
from ..guard.routers import missing_gateways
from ..guard.site import SEARCHED
from ..model.state import State
from ..policy.inventory import hosts_needed
from ..policy.names import Names
from ..policy.paths import Policy
from ..policy.probes import Target, probe_targets
from . import budget
from .condition import FACTS, Condition, conditions
from .memory import GOOD, HOSTS, Memory, Store
from .site import Errors, Look, MonitorSite

MINUTE = 60.0


@dataclass(frozen=True)
class Question:
    """What is watched. ``source``: the policy's file, empty for an inline policy. ``groups``: the inventory's.
    ``hosts``: all of the inventory's. ``hops``: None where the routers are to be found. ``per_minute``: connections to
    one address and port. Times in seconds."""

    policy: Policy
    source: str
    folder: Path
    groups: Mapping[str, Sequence[str]]
    hosts: Sequence[str]
    hops: Sequence[str] | None = None
    probe: bool = True
    probe_timeout: float = 2.0
    per_minute: int = 60

    @property
    def digest(self) -> str:
        return _digest(
            [
                self.policy.schema,
                {name: list(members) for name, members in self.groups.items()},
                list(self.hops or ()),
            ]
        )


@dataclass
class Seen:
    """``at``: seconds since 1970. ``proof``: None where nothing could be proven, and ``why``. ``changed``: hosts that
    are not as they were; ``errors``: those that could not be read. ``proven``: whether this look made the proof.
    ``tried``: new connections."""

    at: float
    conditions: dict[str, Condition]
    proof: Proof | None = None
    why: str = ""
    changed: list[str] = field(default_factory=list)
    errors: Errors = field(default_factory=dict)
    proven: bool = False
    tried: int = 0


class Watch:
    """``clock``: seconds since 1970."""

    def __init__(
        self, question: Question, site: MonitorSite, store: Store, memory: Memory, clock: Callable[[], float]
    ) -> None:
        self.question = question
        self.site = site
        self.store = store
        self.memory = memory
        self._clock = clock
        self._digests: dict[str, str] = dict(memory.digests)
        self._states: dict[str, State] = {}
        self._key = ""
        self._proof: Proof | None = None
        self._targets: list[Target] = []
        self._names: Names | None = None
        self._looked_for_routers = False
        if memory.question != question.digest:
            memory.forget(question.digest)
        site.silent = set(memory.silent)

    def look(
        self, only: Collection[str] | None = None, probe: bool = True, again: Collection[str] = ()
    ) -> Seen:
        """``only``: the hosts to read; the others are taken to be as they were. ``probe``: whether to try connections.
        ``again``: paths of which earlier connections don't count any more.

        Raises PathGuardError where the question can't be asked: a bad policy, no way to know the routers."""
        at = self._clock()
        changed, errors = self._read(only)
        memory = self.memory
        memory.silent = sorted(errors)
        there = [name for name in memory.hosts if name not in errors]
        if not there:
            why = "no host could be read: " + "; ".join(
                f"{name}: {error.what}" for name, error in errors.items()
            )
            return Seen(at, self._unknown(), None, why, changed, errors)
        try:
            proven = self._prove(there, errors)
        except PolicyError as error:
            if not memory.rounds:
                raise
            return Seen(at, self._unknown(), None, f"nothing can be proven: {error.what}", changed, errors)
        memory.silent = sorted(errors)
        proof = self._proof
        if proof is None:  # _prove has made it, or raised
            raise MonitorError(
                "there is no proof", str(self.store.folder), "look at the error before this one"
            )
        tried = 0
        memory.rows = [row for row in memory.rows if row.path not in again]
        if probe and self.question.probe:
            tried = self._try(proof, errors)
        return Seen(at, conditions(proof.document, memory.rows), proof, "", changed, errors, proven, tried)

    def explained(self, seconds: float) -> Proof | None:
        """The proof once more, with what has changed since all was as wanted; None where that is not known, or takes
        longer: a notice must not wait for it."""
        good = {
            name: state
            for name, digest in self.memory.good.items()
            if (state := self.store.state(name, digest, GOOD)) is not None
        }
        there = [
            name for name in self.memory.hosts if name not in self.memory.silent and name in self._digests
        ]
        states = self._load(there, {}) if good else {}
        if not states or self._proof is None or len(states) != len(there):
            return None
        found: list[Proof] = []

        def work() -> None:
            try:
                found.append(self._proven(states, good, explain=True))
            except PathGuardError:
                return  # what can be told without it is told

        within(seconds, work)
        return found[0] if found else None

    @property
    def spared(self) -> list[str]:
        """Services that no connection is tried to, for people."""
        return budget.spared(self._targets)

    def all_is_well(self) -> None:
        """Keep the hosts as they are for what later changes are compared with."""
        for name in self.memory.hosts:
            digest = self.memory.digests.get(name, "")
            if digest and self.memory.good.get(name) != digest and self.store.keep_good(name, digest):
                self.memory.good[name] = digest

    # Reading.

    def _read(self, only: Collection[str] | None) -> tuple[list[str], Errors]:
        memory = self.memory
        if not memory.hosts or not self._digests:
            return self._read_first()
        if only is not None and not set(only) <= {*self.question.hosts, *memory.hosts}:
            only = None  # a name that the inventory has not may be anybody's
        lost = set(memory.hosts) - set(self._digests) - set(memory.silent)
        wanted = [name for name in memory.hosts if only is None or name in only or name in lost]
        looks, errors = self.site.look(wanted, self._digests)
        changed = [name for name, look in looks.items() if look.state is not None]
        self._take(looks)
        if only is None and memory.candidates:
            self._add_routers(*self.site.look(memory.candidates, {}))
        if only is not None:  # who was silent before still is, as far as anybody knows
            silent = [name for name in memory.silent if name not in wanted and name in memory.hosts]
            errors |= {name: MonitorError("it could not be read the last time", name) for name in silent}
        return changed, errors

    def _read_first(self) -> tuple[list[str], Errors]:
        """Find out which hosts it is about."""
        question = self.question
        needed = hosts_needed(question.policy, question.groups, question.hosts)
        hosts = self.store.folder / HOSTS
        if question.hops is not None:
            states, errors = self.site.read(list(dict.fromkeys([*needed, *question.hops])), hosts, "")
        else:
            others = [name for name in question.hosts if name not in needed and name != "localhost"]
            try:
                states, errors = self.site.read_with_routers(needed, others, hosts, "")
            except PathGuardError as error:
                todo = error.todo.replace("path_guard_hops", "path_monitor_hops")
                raise MonitorError(error.what, "path_monitor_hops", todo) from None
        known = [*needed, *(question.hops or ())]
        self.memory.hosts = list(dict.fromkeys([*known, *states]))
        self.memory.candidates = [name for name in errors if name not in self.memory.hosts]
        self._take({name: self.site.looks[name] for name in states})
        return list(states), {name: error for name, error in errors.items() if name in self.memory.hosts}

    def _take(self, looks: Mapping[str, Look]) -> None:
        for name, look in looks.items():
            if look.state is None:
                continue
            self._states[name] = look.state
            self._digests[name] = look.digest
            # The digest is remembered only with the snapshot that belongs to it.
            if self.store.keep_look(name, look):
                self.memory.digests[name] = look.digest
            else:
                self.memory.digests.pop(name, None)

    def _load(self, names: Sequence[str], errors: Errors) -> dict[str, State]:
        """The states of hosts, those that are as they were from their snapshots."""
        for name in names:
            if name not in self._states:
                found = self.store.state(name, self._digests[name])
                if found is not None:
                    self._states[name] = found
        lost = [name for name in names if name not in self._states]
        if lost:
            looks, more = self.site.look(lost, {})
            self._take(looks)
            errors.update(more)
        return {name: self._states[name] for name in names if name in self._states and name not in errors}

    # Proving.

    def _prove(self, there: Sequence[str], errors: Errors) -> bool:
        """Whether a proof had to be made."""
        question = self.question
        self._names = resolver(question.policy, question.groups, there, self.site)
        key = self._key_of(there)
        if key == self._key and self._proof is not None:
            return False
        if key == self.memory.proof_key and self._remembered(key):
            return False
        states = self._load(there, errors)
        self._more_routers(states)
        states = self._load([name for name in self.memory.hosts if name not in errors], errors)
        key = self._key_of(states)
        proof = self._proven(states, None, explain=False)
        self._targets = (
            probe_targets(question.policy, states, question.groups, self._names) if question.probe else []
        )
        self._key, self._proof, self.memory.rows = key, proof, []
        more = {"key": key, "targets": [target.to_dict() for target in self._targets]}
        self.memory.proof_key = key if self.store.keep_report(proof.document, more) else ""
        return True

    def _proven(self, states: Mapping[str, State], good: Mapping[str, State] | None, explain: bool) -> Proof:
        question = self.question
        return prove(
            question.policy,
            states,
            question.groups,
            self.store.folder / HOSTS,
            baseline=good,
            resolver=self._names,
            explain=explain,
        )

    def _remembered(self, key: str) -> bool:
        found = self.store.report()
        if found is None or found[1].get("key") != key:
            return False
        document, more = found
        try:
            self._targets = [Target(**item) for item in more["targets"]]
            self._proof = of_document(document)
        except (KeyError, TypeError):
            return False
        self._key = key
        return True

    def _more_routers(self, states: Mapping[str, State]) -> None:
        """A route that leads elsewhere now may need a host that nobody has looked at yet."""
        question = self.question
        if question.hops is not None or not missing_gateways(states):
            return
        others = [name for name in question.hosts if name not in self.memory.hosts and name != "localhost"]
        if not others or len(others) > SEARCHED or self._looked_for_routers:
            return
        self._looked_for_routers = True  # a gateway that nobody has is asked for once
        self._add_routers(*self.site.look(others, {}))

    def _add_routers(self, looks: Mapping[str, Look], silent: Collection[str]) -> None:
        """Of hosts that nobody has looked at yet, those that forward packets; who is silent is asked again."""
        routers = {
            name: look
            for name, look in looks.items()
            if look.state is not None and any(look.state.forwarding.values())
        }
        self.memory.hosts += [name for name in routers if name not in self.memory.hosts]
        self.memory.candidates = list(silent)
        self._take(routers)

    def _key_of(self, there: Collection[str]) -> str:
        """What the proof depends on; the day, because waivers end."""
        names = self._names
        return _digest(
            [
                self.memory.question,
                datetime.fromtimestamp(self._clock(), timezone.utc).date().isoformat(),
                {name: self._digests.get(name, "") for name in sorted(there)},
                [names.answers, sorted(names.silent)] if names is not None else None,
            ]
        )

    def _unknown(self) -> dict[str, Condition]:
        found = {path.name: Condition("unknown", "unknown") for path in self.question.policy.paths}
        told = self.memory.paths.get(FACTS)
        if told is not None and told.condition is not None:
            found[FACTS] = told.condition
        return found

    # Trying.

    def _try(self, proof: Proof, errors: Errors) -> int:
        memory, now = self.memory, self._clock()
        memory.spent = {
            service: kept
            for service, times in memory.spent.items()
            if (kept := [item for item in times if now - MINUTE < item[0] <= now])
        }
        spent = {_service(name): sum(item[1] for item in times) for name, times in memory.spent.items()}
        failed = {row.key for row in memory.rows if not row.agrees}
        wanted = [target for target in self._targets if target.host not in errors]
        targets, memory.turn = budget.chosen(wanted, self.question.per_minute, spent, memory.turn, failed)
        tries = Counter(
            service
            for service, _job in {
                ((target.address, target.port), (target.host, target.job)) for target in targets
            }
        )
        for (address, port), count in tries.items():
            memory.spent.setdefault(f"{address} {port}", []).append([now, count])
        if not targets:
            return 0
        rows = probe_rows(self.site, proof, targets, self.question.probe_timeout)
        new = {(row.path, row.key) for row in rows}
        memory.rows = [row for row in memory.rows if (row.path, row.key) not in new] + [
            replace(row, error=row.error[:200]) for row in rows
        ]
        return sum(tries.values())

    def rows_of(self, path: str) -> list[ProbeRow]:
        return [row for row in self.memory.rows if row.path == path]


def within(seconds: float, work: Callable[[], None]) -> None:
    """Run something, and don't wait for it longer than this."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)


def _service(name: str) -> tuple[str, int]:
    address, _blank, port = name.partition(" ")
    return address, int(port)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
