# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy asks of boot, and a remedy that goes through the program that made the rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State, unknown_boot
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, match, rule, small_lab

FORWARD = "inet/filter/forward"
PATH = {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
BOOT = {"matches": {"const": "same"}}
ASKED = {"properties": {"hosts": {"properties": {"fw1": {"properties": {"boot": {"properties": BOOT}}}}}}}


def report(policy: Any, states: dict[str, State], before: dict[str, State] | None = None) -> dict[str, Any]:
    found = validate(load_policy(policy), states, GROUPS, before)
    assert problems(found, load_schema("report")) == []
    return found


@pytest.mark.parametrize(
    ("boot", "satisfied"),
    [
        ({"matches": "same", "reason": "", "sources": []}, []),
        ({"matches": "differs", "reason": "inet/filter runs, and is not saved", "sources": []}, ["no"]),
        (unknown_boot("no service manager"), ["unknown"]),
    ],
)
def test_a_policy_can_require_that_boot_brings_what_runs(boot: dict[str, Any], satisfied: list[str]) -> None:
    states = small_lab()
    states["fw1"].boot = boot
    found = report(ASKED, states)
    asked = [item["satisfied"] for item in found["findings"] if item["kind"] == "configuration"]
    assert asked == satisfied
    assert found["summary"]["verdict"] == ("pass" if not satisfied else "fail")


def test_a_policy_can_require_it_of_all_hosts() -> None:
    every = {"additionalProperties": {"properties": {"boot": {"properties": BOOT}}}}
    states = small_lab()
    for state in states.values():
        state.boot = {"matches": "same", "reason": "", "sources": []}
    policy = {"properties": {"hosts": every}}
    assert report(policy, states)["findings"] == []
    states["fw1"].boot = {**states["fw1"].boot, "matches": "differs", "reason": "inet/filter runs"}
    states["db1"].boot = unknown_boot("no service manager")
    found = report(policy, states)
    assert found["summary"]["verdict"] == "fail"
    asked = [item for item in found["findings"] if item["kind"] == "configuration"]
    assert {item["at"]: (item["satisfied"], item["message"]) for item in asked} == {
        "$.hosts.db1.boot.matches": (
            "unknown",
            "'same' was expected, and it is 'unknown': no service manager",
        ),
        "$.hosts.fw1.boot.matches": ("no", "'same' was expected, and it is 'differs': inet/filter runs"),
    }


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        ("", ""),
        ("firewalld", "; owned by firewalld: change it with firewall-cmd --permanent, and a reload, or "),
    ],
)
def test_the_remedy_names_the_program_that_made_the_rule(owner: str, words: str) -> None:
    states, before = small_lab(), small_lab()
    rules = states["fw1"].rulesets[FORWARD].rules
    deny = rule(0, "ip saddr 10.10.1.128/25 drop", match(src="10.10.1.128/25"), DROP)
    rules.insert(0, replace(deny, managed_by=owner))
    states["fw1"].rulesets[FORWARD].rules = [
        replace(one, position=position) for position, one in enumerate(rules, 1)
    ]
    [path] = report({"requiredPaths": [PATH]}, states, before)["paths"]
    [cure] = path["remedy"]
    assert cure["now"]["text"] == "ip saddr 10.10.1.128/25 drop"
    assert words in cure["note"]
    assert ("owned by" in cure["note"]) == bool(owner)
