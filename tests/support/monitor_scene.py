# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A monitor on a site in memory: what it looks at, whom it tells, and a clock that nobody waits for."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Ruleset
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.rounds import Damping
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.run import Monitor, Order, Outcome
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.site import Look
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.watch import Question
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.outbox import NotDeliveredError
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from tests.support.fake_site import Clock, FakeHost, FakeSite
from tests.support.guard_scene import POLICY
from tests.support.states import GROUPS, small_lab


class MonitorSite(FakeSite):
    """``monitor.site.MonitorSite`` on hosts in memory. ``looked``: hosts that were parsed, look by look; ``tried``:
    connections, look by look."""

    def __init__(self, states: Mapping[str, State], clock: Clock) -> None:
        super().__init__(states, clock)
        self.silent: set[str] = set()
        self.looks: dict[str, Look] = {}
        self.asked: list[list[str]] = []
        self.looked: list[list[str]] = []
        self.tried: list[int] = []

    def look(
        self, names: Sequence[str], known: Mapping[str, str]
    ) -> tuple[dict[str, Look], dict[str, PathGuardError]]:
        def one(host: FakeHost) -> Look:
            if host.silent_reads:
                host.silent_reads -= 1
                raise PathGuardError("a command has not ended after 60 s", host.host, "look at it")
            text = json.dumps(host.state.to_dict(), sort_keys=True, default=str)
            digest = hashlib.sha256(text.encode()).hexdigest()
            return Look(digest) if known.get(host.host) == digest else Look(digest, copy.deepcopy(host.state))

        self.asked.append(list(names))
        results = {name: self._try(name, one) for name in names}
        errors = {name: result for name, result in results.items() if isinstance(result, PathGuardError)}
        good = {name: result for name, result in results.items() if name not in errors}
        self.looked.append([name for name, look in good.items() if look.state is not None])
        return good, errors

    def read(
        self, names: Sequence[str], folder: Path, run_id: str
    ) -> tuple[dict[str, State], dict[str, PathGuardError]]:
        looks, errors = self.look(names, {})
        self.looks.update(looks)
        return {name: look.state for name, look in looks.items() if look.state is not None}, errors

    def probe(
        self, targets: Mapping[str, Sequence[tuple[str, str, int, str]]], timeout: float
    ) -> tuple[dict[str, dict[str, Any]], dict[str, PathGuardError]]:
        self.tried.append(sum(map(len, targets.values())))
        return super().probe(targets, timeout)


@dataclass
class Receiver:
    """A channel in memory. ``refuses``: what it says in the place of taking a notice."""

    name: str = "memory"
    got: list[dict[str, Any]] = field(default_factory=list)
    refuses: NotDeliveredError | None = None

    def send(self, notice: Mapping[str, Any]) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.got.append(dict(notice))

    def events(self) -> list[tuple[str, str]]:
        return [(item["event"], item["path"]) for item in self.got]


class Ticking:
    """``time`` as the monitor uses it, by the scene's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def time(self) -> float:
        return self._clock.epoch()

    def sleep(self, seconds: float, /) -> None:
        self._clock.sleep(seconds)


@dataclass
class MonitorScene:
    """``said``: what the monitor wrote on the screen. ``agree``: connections fail from hosts that rules cut off."""

    folder: Path
    policy: Any = field(default_factory=lambda: POLICY)
    clock: Clock = field(default_factory=Clock)
    said: list[str] = field(default_factory=list)
    receiver: Receiver = field(default_factory=Receiver)

    def __post_init__(self) -> None:
        self.site = MonitorSite(small_lab(), self.clock)
        self.store = self.folder / "monitor"

    def order(self, **changes: Any) -> Order:
        question = Question(load_policy(self.policy), "policy.yml", self.folder, GROUPS, GROUPS["all"])
        asked = {
            name: changes.pop(name) for name in ("probe", "per_minute", "hops", "groups") if name in changes
        }
        settings: dict[str, Any] = {
            "damping": Damping(pause=3.0),
            "channels": [self.receiver],
            "patience": 2.0,
            **changes,
        }
        return Order(replace(question, **asked), "test", self.store, **settings)

    def run(self, **changes: Any) -> Outcome:
        """One run, in a process of its own as it were."""
        self.site.silent = set()
        self.clock.now += 30.0
        return Monitor(self.order(**changes), self.site, Ticking(self.clock), self.said.append).run()

    def change(self, rules: Ruleset, host: str = "fw1") -> None:
        self.site.hosts[host].state.rulesets[rules.key] = rules

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.store / "state.json").read_text())
        return found
