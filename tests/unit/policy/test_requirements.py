# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a path may ask beside being open: to outlast a reboot, and to be there when a failover needs it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, DROP, Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State, unknown_boot
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render
from ansible_collections.pathguard.network.plugins.plugin_utils.render.words import worst_first
from tests.support.states import APPS, GROUPS, app_rule, forward, match, rule, ruleset, small_lab, stateful

PRIMARY = {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
LASTING = {**PRIMARY, "persistent": "required"}
STANDBY = {**PRIMARY, "name": "s", "to": {"group": "db_standby"}, "standby": True}
SAVED = {"matches": "same", "reason": "", "sources": []}
FORGOTTEN = {"matches": "differs", "reason": "inet/filter runs, and is not saved", "sources": []}


def proven(path: dict[str, Any], states: dict[str, State], kind: str = "required") -> dict[str, Any]:
    report = validate(load_policy({f"{kind}Paths": [path]}), states, GROUPS)
    assert problems(report, load_schema("report")) == []
    return report


def booting(**boots: dict[str, Any]) -> dict[str, State]:
    """The lab, whose hosts load at boot what runs, but for these."""
    states = small_lab()
    for name, state in states.items():
        state.boot = boots.get(name, SAVED)
    return states


def told(report: dict[str, Any], kind: str) -> list[str]:
    return [item["message"] for item in report["findings"] if item["kind"] == kind]


@pytest.mark.parametrize(
    ("boots", "satisfied", "hosts"),
    [
        ({}, "yes", []),
        ({"fw1": FORGOTTEN}, "no", ["fw1"]),
        ({"db1": FORGOTTEN}, "no", ["db1"]),
        ({"fw1": unknown_boot("no service manager answers")}, "unknown", ["fw1"]),
        ({"fw1": unknown_boot("?"), "db1": FORGOTTEN}, "no", ["db1", "fw1"]),
        ({"db2": FORGOTTEN, "fw2": FORGOTTEN}, "yes", []),  # not on the way
        ({"app01": unknown_boot("no service manager answers")}, "yes", []),  # no rules, and none on disk
        ({"app01": {**FORGOTTEN, "sources": [{"what": "nftables.conf"}]}}, "no", ["app01"]),
    ],
)
def test_fault_21_a_path_that_must_outlast_a_reboot(
    boots: dict[str, Any], satisfied: str, hosts: list[str]
) -> None:
    report = proven(LASTING, booting(**boots))
    [entry] = report["paths"]
    assert (entry["status"], entry["satisfied"]) == ("open", satisfied)
    assert sorted(item["host"] for item in entry["persistent"]["hosts"]) == hosts
    assert len(told(report, "persistent")) == len(hosts)


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_the_reason_stands_at_the_path_that_is_open_and_not_as_wanted(form: str) -> None:
    shown = " ".join(render(proven(LASTING, booting(fw1=FORGOTTEN)), form).split())
    assert "ecause fw1: what boot would load is not what runs: inet/filter runs, and is not saved" in shown


def test_both_legs_of_two_routers_must_outlast_it() -> None:
    states = small_lab(ecmp=True)
    for state in states.values():
        state.boot = SAVED
    path = {**LASTING, "assume": ["replies_take_same_leg"]}
    assert proven(path, states)["paths"][0]["satisfied"] == "yes"
    states["fw2"].boot = FORGOTTEN
    assert proven(path, states)["paths"][0]["satisfied"] == "no"


def test_a_closed_path_that_a_reboot_may_open_is_a_violation() -> None:
    path = {**LASTING, "service": "mysql"}
    assert proven(path, booting(), "forbidden")["paths"][0]["satisfied"] == "yes"
    assert proven(path, booting(fw1=FORGOTTEN), "forbidden")["paths"][0]["satisfied"] == "no"


def test_without_the_requirement_it_is_told_of_the_host() -> None:
    report = proven(PRIMARY, booting(fw1=FORGOTTEN))
    assert (report["paths"][0]["satisfied"], report["paths"][0]["persistent"]) == ("yes", None)
    assert told(report, "boot") == [
        "what boot would load is not what runs: inet/filter runs, and is not saved"
    ]


def test_fault_18_the_failover_address_is_in_no_rule() -> None:
    only = match(src="10.10.1.0/24", dst="10.20.1.10", proto="tcp", dport=5432)
    rules = stateful(("ip daddr 10.20.1.10 tcp dport 5432 accept", only))
    report = proven(STANDBY, small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", rules)]))
    assert report["paths"][0]["standby"] is True
    assert told(report, "standby") == [
        "a failover would not work: this path, which it needs, is blocked "
        "(fw1, inet/filter/forward: default action: deny)"
    ]
    assert report["summary"]["verdict"] == "fail"
    assert told(proven(STANDBY, small_lab()), "standby") == []


@pytest.mark.parametrize(
    ("kind", "changes", "what"),
    [
        ("required", {"persistent": True}, "persistent is True"),
        ("required", {"persistent": "yes"}, "persistent is 'yes'"),
        ("required", {"standby": "yes"}, "standby is 'yes'"),
        ("required", {"standby": False}, "standby is False"),
        ("forbidden", {"standby": True}, "standby says nothing of a forbidden path"),
    ],
)
def test_mistakes(kind: str, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(PolicyError) as error:
        load_policy({f"{kind}Paths": [{**PRIMARY, **changes}]})
    assert error.value.what == what
    assert error.value.where.startswith(f"$.{kind}Paths[0].{next(iter(changes))}")


def test_via_asks_nothing_of_a_forbidden_path() -> None:
    """What is forbidden must be closed by every way: a waypoint can't excuse it, and which flows it means is open."""
    path = {**PRIMARY, "via": ["fw2"]}
    with pytest.raises(PolicyError) as error:
        load_policy({"forbiddenPaths": [path]})
    assert error.value.where.startswith("$.forbiddenPaths[0].via")


def test_forbidden_any_comes_in_by_each_boundary() -> None:
    """The whole set: one boundary of two lets it pass, for one address of the destinations and one port of two."""
    path = {
        "name": "closed",
        "from": {"any": True, "except": {"hosts": ["fw1", "fw2"]}},
        "to": {"group": "db"},
        "service": ["postgresql", "mysql"],
    }
    hole = rule(4, "iifname mgmt0 accept", match(iif="mgmt0", dst="10.20.1.11", proto="tcp", dport=5432))
    states = small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", [*stateful(), hole])])
    policy = {"forbiddenPaths": [path], "boundaries": [{"host": "fw1", "interface": "app0"}]}
    assert validate(load_policy(policy), states, GROUPS)["paths"][0]["satisfied"] == "yes"
    policy["boundaries"] = [*policy["boundaries"], {"host": "fw1", "interface": "mgmt0"}]
    [entry] = validate(load_policy(policy), states, GROUPS)["paths"]
    assert (entry["satisfied"], entry["permitted"]["to"]) == ("no", ["10.20.1.11"])
    assert {tuple(piece["dst_port"]) for piece in entry["permitted"]["flows"]} == {("5432",)}


STRANGE = Rule(3, both(match(proto="tcp"), Unknown("strange", "is not modelled")), ACCEPT, "strange accept")


@pytest.mark.parametrize("closed", ["app0", "mgmt0"])
def test_what_is_closed_at_one_boundary_and_not_known_at_another_is_not_known(closed: str) -> None:
    rules = [rule(2, f"iifname {closed} drop", match(iif=closed), DROP), STRANGE]
    states = small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", rules)])
    path = {
        "name": "closed",
        "from": {"any": True, "except": {"hosts": ["fw1", "fw2", *APPS]}},
        "to": {"group": "db"},
        "service": "postgresql",
    }
    policy = {
        "forbiddenPaths": [path],
        "boundaries": [{"host": "fw1", "interface": name} for name in ("app0", "mgmt0")],
    }
    [entry] = validate(load_policy(policy), states, GROUPS)["paths"]
    assert (entry["status"], entry["satisfied"]) == ("unknown", "unknown")


@pytest.mark.parametrize("closed", ["fw1", "fw2"])
def test_what_is_closed_on_one_leg_and_not_known_on_the_other_is_not_known(closed: str) -> None:
    states = small_lab(
        **{
            name: [ruleset("inet/filter/forward", "forward", "deny", [] if name == closed else [STRANGE])]
            for name in ("fw1", "fw2")
        },
        ecmp=True,
    )
    assert proven(PRIMARY, states, "forbidden")["paths"][0]["satisfied"] == "unknown"


def test_worse_severities_come_first_in_reports() -> None:
    paths = [
        {**PRIMARY, "name": name, "severity": name} for name in ("low", "critical", "info", "high", "medium")
    ]
    states = small_lab(fw1=[forward(app_rule("10.10.9.0/24"))])
    report = validate(load_policy({"requiredPaths": paths}), states, GROUPS)
    assert [item["name"] for item in worst_first(report["paths"])] == [
        "critical",
        "high",
        "medium",
        "low",
        "info",
    ]
