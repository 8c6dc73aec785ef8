# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several policies of one audit: judged on the same networks, with what each would say alone."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.given import Given
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.policies import Judged, judge
from ansible_collections.pathguard.network.plugins.plugin_utils.policy import situation
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.audit_scene import without_times
from tests.support.states import GROUPS, app_rule, forward, small_lab

TODAY = datetime.date(2026, 11, 23)


def path(name: str, service: str, source: str = "app") -> dict[str, Any]:
    return {"name": name, "from": {"group": source}, "to": {"group": "db_primary"}, "service": service}


POLICIES = [
    {"requiredPaths": [path("app to primary", "postgresql")]},
    {"requiredPaths": [path("nobody", "ssh", "no_such_group")]},
    {"requiredPaths": [path("logins", "ssh")], "forbiddenPaths": [path("web", "http")]},
]


def given() -> list[Given]:
    return [Given(f"{number}.yml", load_policy(one, Path())) for number, one in enumerate(POLICIES)]


def judged_by(now: Any, before: Any) -> Judged:
    return Judged(now, GROUPS, {}, before, lambda _policy: None, today=TODAY)


def test_each_set_of_hosts_is_one_network_for_all_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    network = situation.Network
    monkeypatch.setattr(situation, "Network", lambda *given: made.append(given) or network(*given))
    found = judge(given(), judged_by(small_lab(), small_lab(fw1=[forward(app_rule())])), lambda _said: None)
    assert [one["report"] is not None for one in found] == [True, False, True]
    assert len(made) == 2


def test_policies_say_together_what_each_says_alone() -> None:
    now, before = small_lab(fw1=[forward()]), small_lab(fw1=[forward(app_rule())])
    found = judge(given(), judged_by(now, before), lambda _said: None)
    assert "no_such_group" in found[1]["error"]
    for number in (0, 2):
        alone = validate(given()[number].policy, now, GROUPS, before, today=TODAY)
        assert without_times(found[number]["report"]) == without_times(alone)
    assert found[0]["report"]["summary"]["verdict"] == "fail"
    assert found[0]["report"]["rule_changes"]["fw1"]


def test_what_operations_on_sets_gave_is_forgotten_after_a_policy() -> None:
    by = judged_by(small_lab(), None)
    judge(given(), by, lambda _said: None)
    diagrams = by.situation.network.space.diagrams
    assert len(diagrams.level) > 2
    assert not diagrams._and
    assert not diagrams._minus
