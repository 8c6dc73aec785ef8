# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that are too big: told of every required path, asked for where the policy says so; fault 19."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.compare import SAME, WORSE, compare
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.proof import view
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, match, rule, small_lab

PATH = {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
FORWARD = "inet/filter/forward"
Report = dict[str, Any]


def report(now: dict[str, State], before: dict[str, State] | None = None, **more: Any) -> Report:
    found = validate(load_policy({"requiredPaths": [{**PATH, **more}]}), now, GROUPS, before)
    assert problems(found, load_schema("report")) == []
    return found


def dropping(matched: Any = None) -> dict[str, State]:
    """fw1 drops the errors to half of the app hosts."""
    states = small_lab()
    drop = matched or match(proto="icmp", dst="10.10.1.64/26")
    states["fw1"].rulesets[FORWARD].rules.insert(0, rule(9, "ip daddr 10.10.1.64/26 icmp drop", drop, DROP))
    return states


def findings(found: Report) -> list[tuple[str, str]]:
    return [(item["severity"], item["message"]) for item in found["findings"] if item["kind"] == "too_big"]


def test_the_usual_rules_raise_no_alarm() -> None:
    found = report(small_lab(ipv6=True), too_big="required")
    [path] = found["paths"]
    assert (path["satisfied"], path["too_big"]["errors"], path["too_big"]["stops"]) == ("yes", "pass", [])
    assert findings(found) == []


def test_a_path_stays_open_and_the_finding_names_the_rule() -> None:
    found = report(dropping())
    [path] = found["paths"]
    assert (path["status"], path["satisfied"]) == ("open", "yes")
    assert path["too_big"]["blocked"]["from"] == ["10.10.1.66", "10.10.1.100"]
    [stop] = path["too_big"]["stops"]
    assert (stop["to"], stop["made_by"], stop["beyond"], stop["host"]) == ("source", "fw1", True, "fw1")
    assert stop["rules"][-1]["text"] == "ip daddr 10.10.1.64/26 icmp drop"
    assert findings(found) == [
        (
            "medium",
            "fw1 drops the ICMP errors of a router beyond fw1 to the source (inet/filter/forward: ip daddr "
            "10.10.1.64/26 icmp drop), so that packets that are too big vanish: small requests work and big results "
            "hang",
        )
    ]


def test_nothing_is_said_where_nothing_is_open() -> None:
    states = small_lab(fw1=[])
    states["fw1"].forwarding = {"ipv4": False, "ipv6": False}
    [path] = report(states, too_big="required")["paths"]
    assert (path["status"], path["satisfied"], path["too_big"]) == ("blocked", "no", None)


def test_where_the_policy_requires_it_the_path_is_not_satisfied() -> None:
    found = report(dropping(), too_big="required")
    [path] = found["paths"]
    assert (path["status"], path["satisfied"], found["summary"]["verdict"]) == ("open", "no", "fail")


def test_what_is_not_known_is_told_and_counts_where_it_is_required() -> None:
    states = small_lab()
    limit = both(match(proto="icmp"), Unknown("limit", "a rate limit"))
    drop = rule(0, "meta l4proto icmp limit rate over 5/second drop", limit, DROP)
    states["fw1"].rulesets[FORWARD].rules.insert(0, drop)
    found = report(states)
    assert found["paths"][0]["satisfied"] == "yes"
    assert [severity for severity, _message in findings(found)] == ["info"]
    assert "may drop" in findings(found)[0][1]
    assert report(states, too_big="required")["paths"][0]["satisfied"] == "unknown"


def test_the_guard_sees_it_come_and_names_the_change() -> None:
    before, after = report(small_lab()), report(dropping(), small_lab())
    old, new = view(before["paths"][0]), view(after["paths"][0])
    [change] = compare([old], [new])
    assert (change.what, change.fails, change.hangs) == (WORSE, True, True)
    assert "hangs" in change.text()
    [cause] = after["paths"][0]["remedy"]
    assert (cause["host"], cause["chain"], cause["now"]["text"], cause["pairs"]) == (
        "fw1",
        FORWARD,
        "ip daddr 10.10.1.64/26 icmp drop",
        2,
    )


def test_the_guard_does_not_mind_what_was_so_before() -> None:
    same = view(report(dropping())["paths"][0])
    assert compare([same], [deepcopy(same)])[0].what == SAME
    less = view(report(small_lab())["paths"][0])
    assert not compare([same], [less])[0].fails


def test_a_removed_rule_is_the_cause() -> None:
    """Without ``related`` the chain's default action decides; the cause is the rule that is not as it was."""
    now = small_lab()
    chain = now["fw1"].rulesets[FORWARD]
    chain.rules[0] = rule(1, "ct state established accept", match(ct="established"))
    [cause] = report(now, small_lab())["paths"][0]["remedy"]
    assert (cause["now"]["text"], cause["before"]["text"]) == (
        "ct state established accept",
        "ct state established,related accept",
    )


@pytest.mark.parametrize(
    ("kind", "value", "what"),
    [
        ("requiredPaths", "optional", "too_big is 'optional'"),
        ("requiredPaths", True, "too_big is True"),
        ("forbiddenPaths", "required", "asks nothing of a forbidden path"),
    ],
)
def test_mistakes(kind: str, value: Any, what: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy({kind: [{**PATH, "too_big": value}]})
    assert what in caught.value.what
    assert caught.value.where.startswith(f"$.{kind}[0].too_big")


def test_it_is_not_asked_of_what_does_not_grow() -> None:
    ping = {**PATH, "service": {"protocol": "icmp", "types": [8]}, "too_big": "required"}
    with pytest.raises(PolicyError) as caught:
        load_policy({"requiredPaths": [ping]})
    assert "without ports" in caught.value.what
    assert (
        load_policy({"requiredPaths": [{**ping, "service": [ping["service"], "postgresql"]}]})
        .paths[0]
        .too_big
    )
