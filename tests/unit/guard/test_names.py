# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a policy, asked of its source hosts at each reading."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import files_in as names_in
from ansible_collections.pathguard.network.plugins.plugin_utils.guard import names as guard_names
from ansible_collections.pathguard.network.plugins.plugin_utils.guard import proof, text
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.after import CONFIRMED, FAILED
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.before import Before
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.names import kept, resolver
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.site import Site
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from tests.support.guard_scene import Scene
from tests.support.states import GROUPS, small_lab

POLICY = {
    "requiredPaths": [
        {
            "name": "by name",
            "from": {"hosts": ["app01", "app02"]},
            "to": {"dns": "db.example"},
            "service": "postgresql",
        },
        {"name": "by host", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"},
    ]
}


class Resolving(Site):
    """A site whose hosts know one name; ``address``: what it is now."""

    def __init__(self, address: str) -> None:
        super().__init__(lambda _names: [], 1, lambda _doing: lambda _done, _all: None)
        self.address = address
        self.asked: list[Mapping[str, Sequence[str]]] = []

    def resolve(self, names: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
        self.asked.append(names)
        return {host: {name: [self.address] for name in wanted} for host, wanted in names.items()}


def statuses(site: Resolving) -> dict[str, tuple[str, str]]:
    policy, states = load_policy(POLICY), small_lab()
    ask = resolver(policy, GROUPS, states, site)
    found = proof.prove(policy, states, GROUPS, Path("snapshots"), resolver=ask)
    return {path.name: (path.status, path.satisfied) for path in found.paths}


def test_a_database_whose_name_moved_is_cut_by_its_new_address_alone() -> None:
    before, after = Resolving("10.20.1.10"), Resolving("10.20.1.66")
    assert statuses(before) == {"by name": ("open", "yes"), "by host": ("open", "yes")}
    assert statuses(after) == {"by name": ("blocked", "no"), "by host": ("open", "yes")}
    assert before.asked == [{"app01": ["db.example"], "app02": ["db.example"]}], "sources alone, once each"


def test_source_hosts_are_asked_for_what_is_left_out_on_either_side() -> None:
    path = {
        "name": "by name",
        "from": {"hosts": ["app01", "app02"], "except": {"dns": "old.example"}},
        "to": {"group": "db", "except": {"dns": "standby.example"}},
        "service": "postgresql",
    }
    site = Resolving("10.20.1.11")
    resolver(load_policy({"requiredPaths": [path]}), GROUPS, small_lab(), site)
    assert site.asked == [{key: ["standby.example", "old.example"] for key in ("app01", "app02")}]


def test_nobody_is_asked_where_a_policy_names_no_name() -> None:
    site = Resolving("10.20.1.10")
    ask = resolver(load_policy({"requiredPaths": POLICY["requiredPaths"][1:]}), GROUPS, small_lab(), site)
    assert not site.asked
    assert ask("app01", "db.example") is None


def by_name(scene: Scene) -> Before:
    path = {**POLICY["requiredPaths"][0], "from": {"group": "app"}}
    return scene.begin(policy={"requiredPaths": [path]})


def test_fault_17_a_name_that_moved_is_the_cause_and_the_firewall_is_left_alone(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.site.names = {"db.example": ["10.20.1.10"]}
    assert not by_name(scene).stopped
    rules = copy.deepcopy(scene.site.hosts["fw1"].state.rulesets)
    scene.site.names = {"db.example": ["10.20.1.66"]}
    found = scene.end()
    assert found.decision == FAILED, "no rule has changed, so nothing is put back"
    assert scene.site.hosts["fw1"].state.rulesets == rules
    [change] = found.changes
    moved = "db.example moved from 10.20.1.10 to 10.20.1.66 since the baseline"
    assert moved in change.text()
    report = text.after(found, {"text": tmp_path / "r.txt", "json": tmp_path / "r.json"}, False)
    cause = " ".join(report.split())
    assert f"cause {moved}" in cause
    assert "the name is the cause, and no firewall" in cause
    assert moved in text.summary(found, {"text": tmp_path / "r.txt"})


def test_a_name_that_moved_to_an_address_that_is_open_is_a_note(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.site.names = {"db.example": ["10.20.1.10"]}
    by_name(scene)
    scene.site.names = {"db.example": ["10.20.1.11"]}
    found = scene.end()
    assert found.decision == CONFIRMED
    assert found.proof is not None
    assert [item["path"] for item in found.proof.document["findings"] if item["kind"] == "dns_moved"]


def test_answers_are_kept_beside_the_snapshots(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.site.names = {"db.example": ["10.20.1.10"]}
    by_name(scene)
    assert kept(tmp_path / "runs" / "r1" / "pre")("app07", "db.example") == ["10.20.1.10"]
    assert set(names_in(tmp_path / "runs" / "r1" / "pre")) < set(small_lab()), "and are no snapshot"


def test_the_controller_does_not_answer_for_a_host_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may see another zone of DNS; a path from beyond the hosts asks it for the same name."""

    class Half(Resolving):
        def resolve(self, names: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
            return super().resolve({host: names[host] for host in names if host != "app02"})

    monkeypatch.setattr(guard_names, "resolve_here", lambda _name: ["10.20.1.66"])
    beyond = {
        "name": "x",
        "from": {"prefix": "192.0.2.0/24"},
        "to": {"dns": "db.example"},
        "service": "postgresql",
    }
    policy = load_policy({"requiredPaths": [*POLICY["requiredPaths"], beyond]})
    ask = resolver(policy, GROUPS, small_lab(), Half("10.20.1.10"))
    assert [ask(host, "db.example") for host in ("app01", "app02", "")] == [
        ["10.20.1.10"],
        None,
        ["10.20.1.66"],
    ]
