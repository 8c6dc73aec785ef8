# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A diagnosis on a site in memory: hosts with rules, and what their agents would answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose import report, screen
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.run import (
    Diagnosis,
    Order,
    diagnose,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.site import COUNTERS, STOPPED
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError, UnreachableError
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.text import LINES
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Ruleset
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from tests.support.fake_site import Clock, FakeSite
from tests.support.states import GROUPS, small_lab

NOBODY = {"established": 0, "alive": 0}
QUESTION = {"from": "app", "to": "db_primary", "service": "postgresql"}


class Ward(FakeSite):
    """``results``: host -> what its connections meet, by default that they get through. ``at``: address ->
    what connections to it meet. ``pooled``: host -> open connections that live on. ``facts``: host -> a
    part of what its agent answers. ``counters``: two answers, before and after connections are tried.
    ``asked``: what agents were asked. ``dead``: hosts without a login. ``stopped``: host -> port -> the server that
    should listen there. ``told_hits``: what devices have counted, before and after connections are tried."""

    def __init__(self, states: Mapping[str, State]) -> None:
        super().__init__(states, Clock())
        self.facts: dict[str, dict[str, Any]] = {}
        self.counters: list[dict[str, dict[str, Any]]] = []
        self.pooled: dict[str, int] = {}
        self.at: dict[str, str] = {}
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.dead: set[str] = set()
        self.stopped: dict[str, dict[str, Any]] = {}
        self.told_hits: list[dict[str, dict[str, dict[str, int]]]] = []

    def read(
        self, names: Sequence[str], folder: Path, run_id: str
    ) -> tuple[dict[str, State], dict[str, PathGuardError]]:
        states, errors = super().read([name for name in names if name not in self.dead], folder, run_id)
        for name in names:
            if name in self.dead:
                errors[name] = UnreachableError(
                    "the host does not answer within 10 s", name, "check that it is up"
                )
        return states, errors

    def probe(
        self, targets: Mapping[str, Sequence[tuple[str, str, int, str]]], _timeout: float
    ) -> tuple[dict[str, dict[str, Any]], dict[str, PathGuardError]]:
        answers, errors = super().probe(targets, _timeout)
        for host, answer in answers.items():
            for row in answer["paths"]:
                row["result"] = self.at.get(row["address"], row["result"])
                row["reachable"] = {"reachable": 3, "flapping": 2}.get(row["result"], 0)
                row["pooled"] = {name: self.pooled.get(host, 0) for name in NOBODY}
        return answers, errors

    def hits(self, platforms: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        told = self.told_hits.pop(0) if self.told_hits else {}
        return {host: {"rules": told[host]} for host in platforms if host in told}

    def ask(
        self, agent: str, requests: Mapping[str, Mapping[str, Any]]
    ) -> tuple[dict[str, dict[str, Any]], dict[str, PathGuardError]]:
        self.asked.append((agent, requests))
        if agent == COUNTERS:
            told = self.counters.pop(0) if self.counters else {}
            empty = {"rules": {}, "unread": {}, "conntrack": {}, "listen": {}}
            return {host: {**empty, **told.get(host, {})} for host in requests}, {}
        if agent == STOPPED:
            return {host: {"ports": self.stopped.get(host, {})} for host in requests}, {}
        nothing: dict[str, Any] = {
            "at": 0.0,
            "names": {},
            "routes": [],
            "pings": [],
            "logins": [],
            "files": {},
        }
        return {host: {**nothing, "servers": {}, **self.facts.get(host, {})} for host in requests}, {}


@dataclass
class Ailing:
    """The small lab with something wrong. ``ask``: diagnose it."""

    folder: Path
    states: dict[str, State] = field(default_factory=small_lab)

    def __post_init__(self) -> None:
        self.site = Ward(self.states)

    def change(self, rules: Ruleset, host: str = "fw1") -> None:
        self.site.hosts[host].state.rulesets[rules.key] = rules

    def fail(self, result: str, *hosts: str) -> None:
        self.site.results.update(dict.fromkeys(hosts, result))

    def ask(self, **changes: Any) -> Diagnosis:
        """By default of the question from app to db_primary. What is found fits its schema, and one screen."""
        question = dict.fromkeys(("from", "to", "service", "policy", "paths", "names", "login"))
        mine = {name: changes.pop(name) for name in list(changes) if name in question}
        options = {**question, **({} if "policy" in mine else QUESTION), **mine}
        order = Order(
            **{
                "options": options,
                "folder": self.folder,
                "directory": self.folder / "runs",
                "groups": GROUPS,
                "hosts": GROUPS["all"],
                "hops": ["fw1"],
                **changes,
            }
        )
        found = diagnose(order, self.site, lambda _text: None)
        assert problems(json.loads(json.dumps(report.document(found))), load_schema("diagnosis")) == []
        lines = screen.text(found).splitlines()
        assert len(lines) <= LINES
        assert lines[1].startswith(found.verdict.text[:60])
        return found
