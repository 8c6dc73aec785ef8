# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules serve which paths: what an expired waiver left behind, and what serves nothing."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.given import INLINE, Given
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.policies import Judged, judge
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.served import Served, served
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from tests.support.states import GROUPS, app_rule, forward, match, rule, ruleset, small_lab

TODAY = datetime.date(2026, 11, 23)
DEV = ("ip saddr 10.10.1.5 tcp dport 22 accept", match(src="10.10.1.5", proto="tcp", dport=22))
OLD = {"reason": "the move", "expires": "2026-10-01"}
REQUIRED = {
    "name": "app to primary",
    "from": {"group": "app"},
    "to": {"group": "db_primary"},
    "service": "postgresql",
}


def forbidden(waiver: dict[str, str] | None, port: str | int = "ssh") -> dict[str, Any]:
    found = {"name": "dev logs in", "from": {"host": "app01"}, "to": {"group": "db_primary"}, "service": port}
    return {**found, "waiver": waiver} if waiver else found


def of(policy: dict[str, Any], wanted: Served | None = None, **rules: Any) -> tuple[list[Any], list[Any]]:
    states = small_lab(fw1=[forward(app_rule(), DEV)], **rules)
    ssh = rule(6, "tcp dport 22 accept", match(proto="tcp", dport=22))
    rules_of_db = states["db1"].rulesets["inet/filter/input"].rules
    states["db1"].rulesets["inet/filter/input"] = ruleset(
        "inet/filter/input", "input", "deny", [*rules_of_db, ssh]
    )
    given = [Given(INLINE, load_policy(policy, Path()))]
    by = Judged(states, GROUPS, {}, None, lambda _policy: None, today=TODAY)
    return served(given, by, wanted or Served(), judge(given, by, lambda _said: None))


def places(found: list[Any]) -> list[tuple[str, str, str]]:
    return sorted((one["kind"], one["host"], one["text"]) for one in found)


def test_the_rules_that_an_expired_waiver_has_left() -> None:
    found, missed = of({"requiredPaths": [REQUIRED], "forbiddenPaths": [forbidden(OLD)]})
    assert missed == []
    assert places(found) == [
        ("expired_waiver_rule", "db1", "iifname mgmt0 tcp dport 22 accept"),
        ("expired_waiver_rule", "db1", "tcp dport 22 accept"),
        ("expired_waiver_rule", "fw1", DEV[0]),
    ]
    assert all("'dev logs in' (until 2026-10-01)" in one["message"] for one in found)
    assert {one["severity"] for one in found} == {"medium"}


def test_a_rule_that_serves_something_else_too_stays() -> None:
    found, _missed = of({"requiredPaths": [REQUIRED], "forbiddenPaths": [forbidden(OLD, "postgresql")]})
    assert found == []


def test_a_waiver_in_force_is_no_reason_to_take_anything_out() -> None:
    force = {"reason": "the move", "expires": "2026-12-01"}
    assert of({"forbiddenPaths": [forbidden(force)]}) == ([], [])
    assert of({"forbiddenPaths": [forbidden(None)]}) == ([], [])


def test_rules_that_serve_no_policy_only_where_that_is_asked() -> None:
    policy = {"requiredPaths": [REQUIRED]}
    assert of(policy) == ([], [])
    found, missed = of(policy, Served(unserved=True))
    assert missed == []
    told = places(found)
    assert ("unserved_rule", "fw1", DEV[0]) in told
    assert ("unserved_rule", "db1", "iifname mgmt0 tcp dport 22 accept") in told
    assert not any(text == app_rule()[0] and host == "fw1" for _kind, host, text in told)
    assert not any("ct state established" in text for _kind, _host, text in told)
    assert ("unserved_rule", "db1", "iifname db0 tcp dport 5432 accept") not in told


def test_a_stateless_rule_for_replies_serves_the_path() -> None:
    back = ("tcp sport 5432 accept", match(proto="tcp", sport=5432))
    other = ("tcp sport 9999 accept", match(proto="tcp", sport=9999))
    found, _missed = of({"requiredPaths": [REQUIRED]}, Served(unserved=True), fw2=[forward(back, other)])
    told = [text for _kind, host, text in places(found) if host == "fw2"]
    assert told == [other[0]]


def test_no_time_and_no_policy_are_told() -> None:
    policy = {"requiredPaths": [REQUIRED], "forbiddenPaths": [forbidden(OLD)]}
    found, missed = of(policy, Served(seconds=-1.0))
    assert found == []
    assert [(one["what"], one["host"]) for one in missed] == [("expired_waiver_rule", "")]
    by = Judged(small_lab(), GROUPS, {}, None, lambda _policy: None, today=TODAY)
    assert served([], by, Served(unserved=True), [])[1] == [
        {"host": "", "what": "unserved_rule", "reason": "there is no policy"}
    ]
