# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site in memory: hosts with rules, a checkpoint on each, and a clock that nobody waits for."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.driver import LinuxDriver
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.run import Answer, Ask, Each
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import (
    GatherError,
    PathGuardError,
    UnreachableError,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Reply
from ansible_collections.pathguard.network.plugins.plugin_utils.guard import after, record, revert, seldom
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.routers import missing_gateways
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State

EPOCH = 1_800_000_000.0
# What a login that is not answered costs, in seconds.
NO_ANSWER = 10.0


class Clock:
    """Stands in for the module ``time`` where the guard waits; ``at`` is called when it gets that late."""

    def __init__(self) -> None:
        self.now = 0.0
        self._later: list[tuple[float, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self.now

    def epoch(self) -> float:
        return EPOCH + self.now

    def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        for moment, call in sorted(self._later, key=lambda item: item[0]):
            if moment <= until:
                self.now = max(self.now, moment)
                self._later.remove((moment, call))
                call()
        self.now = until

    def at(self, moment: float, call: Callable[[], None]) -> None:
        self._later.append((moment, call))

    def rule(self, patch: pytest.MonkeyPatch) -> None:
        """Be the guard's only clock."""
        for module in (after, revert, seldom):
            patch.setattr(module, "time", self)
        patch.setattr(record, "epoch", self.epoch)


class FakeHost:
    """One host and the agent on it: a channel that answers the agent's requests from memory.

    ``locked``: whether a state lets no login through. ``broken``: a restore does not take. ``silent_reads``: how
    many times the host can't be read. ``log``: the verbs that its agent was asked. ``tells``: what it answers otherwise
    than a Linux host.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self.host = state.host
        self.state = state
        self.clock = clock
        self.locked: Callable[[State], bool] = lambda _state: False
        self.broken = False
        self.silent_reads = 0
        self.held: dict[str, Any] = {}
        self.log: list[str] = []
        self.tells: dict[str, Any] = {}

    def fingerprint(self, state: State | None = None) -> dict[str, str]:
        text = json.dumps((state or self.state).to_dict()["rulesets"], sort_keys=True)
        return {"static": hashlib.sha256(text.encode()).hexdigest(), "dynamic": "", "saved": "same"}

    def tick(self) -> None:
        if self.held and not self.held["ended"] and self.clock.now >= self.held["deadline"]:
            self._put_back("fired")

    def log_in(self) -> None:
        self.tick()
        if self.locked(self.state):
            self.clock.sleep(NO_ANSWER)
            self.tick()
            raise UnreachableError("the host does not answer within 10 s", self.host, "check that it is up")

    # The agent.

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        request = json.loads(base64.b64decode(command.split()[-1]))
        self.log.append(request["do"])
        answer = {"checkpoint": self.document()}
        error = getattr(self, f"_{request['do']}")(request)
        if error is not None:
            answer["error"] = error
        else:
            answer["checkpoint"] = self.document()
        return Reply(1 if error else 0, json.dumps(answer), "")

    def close(self) -> None:
        """Nothing to close."""

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = {"state": "none", "fingerprint": self.fingerprint()}
        if not self.held:
            return found
        held = self.held
        changed = held["changed"]
        if held["proven"] is None and self.fingerprint() != held["fingerprint"]:
            changed = ["nft/inet/filter"]
        return {
            **found,
            "state": held["ended"] or "armed",
            "id": held["id"],
            "remaining": 0.0 if held["ended"] else held["deadline"] - self.clock.now,
            "armed_fingerprint": held["fingerprint"],
            "holder": held["by"],
            "since": "2026-11-22T12:00:00Z",
            "script": "/restore-now",
            "changed_tables": changed,
            "proven": held["proven"],
            "manual": [] if held["proven"] is not False else ["as root: /restore-now"],
            **self.tells,
        }

    def _put_back(self, ended: str) -> None:
        if not self.broken:
            if self.fingerprint() != self.held["fingerprint"]:
                self.held["changed"] = ["nft/inet/filter"]
            self.state = copy.deepcopy(self.held["state"])
        proven = self.fingerprint() == self.held["fingerprint"]
        self.held.update(ended=ended if proven else "failed", proven=proven)

    def _refuses(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        if not self.held:
            return {"what": f"no checkpoint {request['id']} is held on this host", "todo": "arm one first"}
        if self.held["id"] != request["id"]:
            return {"what": f"it belongs to run {self.held['id']}", "todo": "use its id"}
        return None

    def _status(self, request: Mapping[str, Any]) -> None:
        return None

    def _arm(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        if self.held and not self.held["ended"] and not request["take_over"]:
            left = self.held["deadline"] - self.clock.now
            held = {"id": self.held["id"], **self.held["by"], "since": "2026-11-22T12:00:00Z"}
            return {"what": "held", "todo": "wait", "held": {**held, "state": "armed", "remaining": left}}
        record_of = {"state": copy.deepcopy(self.state), "fingerprint": self.fingerprint()}
        if self.held and not self.held["ended"]:
            record_of = {name: self.held[name] for name in record_of}
        self.held = {
            "id": request["id"],
            "by": dict(request["by"]),
            "deadline": self.clock.now + request["timeout"],
            "ended": "",
            "proven": None,
            "changed": [],
            **record_of,
        }
        return None

    def _renew(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        refusal = self._refuses(request)
        if refusal is None and self.held["ended"]:
            refusal = {"what": f"too late to renew: {self.held['ended']} was first", "todo": "begin again"}
        if refusal is None:
            self.held["deadline"] = max(self.held["deadline"], self.clock.now + request["timeout"])
        return refusal

    _hold = _renew

    def _confirm(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        refusal = self._renew({**request, "timeout": 0})
        if refusal is None:
            self.held["ended"] = "confirmed"
        return refusal

    def _release(self, request: Mapping[str, Any]) -> None:
        self.held = {}

    _absent = _release

    def _restore(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        refusal = self._refuses(request)
        if refusal is None:
            self._put_back("fired" if self.held["ended"] == "fired" else "restored")
        return refusal


class FakeSite:
    """``guard.site.Site``, on hosts in memory. ``reads``: which snapshot folders were filled, in order. ``names``:
    what all hosts know of DNS."""

    def __init__(self, states: Mapping[str, State], clock: Clock) -> None:
        self.clock = clock
        self.hosts = {name: FakeHost(state, clock) for name, state in states.items()}
        self.results: dict[str, str] = {}
        self.names: dict[str, list[str]] = {}
        self.reads: list[str] = []

    def accesses(self, names: Sequence[str]) -> list[HostAccess]:
        return [HostAccess(name, name, user="root") for name in names]

    def each(self, _names: Sequence[str]) -> Each:
        def each(names: Sequence[str], ask: Ask) -> Mapping[str, Answer]:
            return {name: self._try(name, lambda host: ask(host, LinuxDriver("python3"))) for name in names}

        return each

    def _try(self, name: str, function: Callable[[FakeHost], Any]) -> Any:
        try:
            self.hosts[name].log_in()
            return function(self.hosts[name])
        except PathGuardError as error:
            return error

    def read(
        self, names: Sequence[str], folder: Path, run_id: str
    ) -> tuple[dict[str, State], dict[str, PathGuardError]]:
        self.reads.append(folder.name)

        def one(host: FakeHost) -> State:
            if host.silent_reads:
                host.silent_reads -= 1
                raise GatherError("a command has not ended after 60 s", host.host, "look at it")
            document = snapshot.Snapshot(host.host, "linux", snapshot.now(), host.state.to_dict(), [], run_id)
            snapshot.write(folder, document)
            return copy.deepcopy(host.state)

        results = {name: self._try(name, one) for name in names}
        errors = {name: result for name, result in results.items() if isinstance(result, PathGuardError)}
        return {name: result for name, result in results.items() if name not in errors}, errors

    def resolve(self, names: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
        return {host: {name: self.names.get(name, []) for name in wanted} for host, wanted in names.items()}

    def read_with_routers(
        self, names: Sequence[str], others: Sequence[str], folder: Path, run_id: str
    ) -> tuple[dict[str, State], dict[str, PathGuardError]]:
        if not missing_gateways({name: self.hosts[name].state for name in names}):
            return self.read(names, folder, run_id)
        routers = [name for name in others if any(self.hosts[name].state.forwarding.values())]
        return self.read([*names, *routers], folder, run_id)

    def probe(
        self, targets: Mapping[str, Sequence[tuple[str, str, int, str]]], _timeout: float
    ) -> tuple[dict[str, dict[str, Any]], dict[str, PathGuardError]]:
        """Every connection gets through, but for what ``results`` says of a host."""
        pooled = {"established": 0, "alive": 0}
        return {
            host: {
                "paths": [
                    {
                        "source": source,
                        "address": address,
                        "port": port,
                        "result": self.results.get(host, "reachable"),
                        "reachable": 3,
                        "attempts": 3,
                        "pooled": pooled,
                        "error": "",
                    }
                    for source, address, port, _handshake in wanted
                ]
            }
            for host, wanted in targets.items()
        }, {}
