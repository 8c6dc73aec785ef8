# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of endpoints: what is kept of them, and what has moved since the baseline."""

from __future__ import annotations

from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.policy.names import Names, asked
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, app_rule, forward, small_lab

BY_NAME: dict[str, Any] = {
    "name": "by name",
    "from": {"hosts": ["app01", "app02"]},
    "to": {"dns": "db.example"},
    "service": "postgresql",
}
THEN = Names({"db.example": {"app01": ["10.20.1.10"], "app02": ["10.20.1.10"]}})
MOVED = Names({"db.example": {"app01": ["10.20.1.66"], "app02": ["10.20.1.66"]}})


def proven(now: Names, before: Names | None, **changes: Any) -> dict[str, Any]:
    policy = load_policy({"requiredPaths": [{**BY_NAME, **changes}]})
    report = validate(
        policy, small_lab(), GROUPS, small_lab() if before else None, resolver=now, names_before=before
    )
    assert problems(report, load_schema("report")) == []
    return report


def moves(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in report["findings"] if item["kind"] == "dns_moved"]


def test_trap_30_a_name_that_moved_is_told_with_both_answers_and_is_the_cause() -> None:
    report = proven(MOVED, THEN)
    [entry] = report["paths"]
    assert (entry["before"]["status"], entry["status"], entry["remedy"]) == ("open", "blocked", [])
    [name] = entry["names_moved"]
    assert (name["before"], name["now"], name["cause"]) == (["10.20.1.10"], ["10.20.1.66"], True)
    [finding] = moves(report)
    assert finding["message"].startswith(
        "db.example moved from 10.20.1.10 to 10.20.1.66 since the baseline (as app01, app02 resolved it); with"
    )
    assert (finding["severity"], finding["path"]) == ("high", "by name")


def test_each_source_needs_what_it_resolves_itself_and_not_what_others_do() -> None:
    """A name server that answers by who asks."""
    apart = Names({"db.example": {"app01": ["10.20.1.10"], "app02": ["10.20.1.66"]}})
    [entry] = proven(apart, None)["paths"]
    assert (entry["status"], entry["cut"]["hosts"]) == ("partial", ["app02"])
    assert entry["share"]["pairs"] == {"open": 1, "cut": 1, "unknown": 0, "total": 2}
    both = Names({"db.example": {"app01": ["10.20.1.10"], "app02": ["10.20.1.11"]}})
    assert proven(both, None)["paths"][0]["share"]["pairs"]["total"] == 2


def test_a_forbidden_path_to_a_name_is_about_all_that_any_source_resolves() -> None:
    apart = Names({"db.example": {"app01": ["10.20.1.10"], "app02": ["10.20.1.66"]}})
    report = validate(load_policy({"forbiddenPaths": [BY_NAME]}), small_lab(), GROUPS, None, resolver=apart)
    assert report["paths"][0]["permitted"]["hosts"] == ["app01", "app02"]


def test_a_name_that_did_not_move_is_not_told() -> None:
    assert moves(proven(THEN, THEN)) == []
    turned = Names({"db.example": {"": ["10.20.1.11", "10.20.1.10"]}})
    assert moves(proven(Names({"db.example": {"": ["10.20.1.10", "10.20.1.11"]}}), turned)) == []
    assert moves(proven(MOVED, None)) == []
    assert moves(proven(MOVED, Names({}))) == []


def test_a_move_to_an_address_that_is_open_is_told_and_is_no_cause() -> None:
    report = proven(Names({"db.example": {"": ["10.20.1.11"]}}), THEN)
    assert report["paths"][0]["status"] == "open"
    assert [(item["severity"], "no firewall" in item["message"]) for item in moves(report)] == [
        ("low", False)
    ]


def test_a_name_that_can_t_be_resolved_any_more_clears_no_firewall() -> None:
    """A change that stops queries to the name server looks like this."""
    report = proven(Names({"db.example": {"app01": [], "app02": []}}), THEN)
    [item] = moves(report)
    assert "the path would be as before: look why it can't be resolved" in item["message"]
    assert "no firewall" not in item["message"]


def test_hosts_that_saw_different_moves_are_told_apart() -> None:
    now = Names({"db.example": {"app01": ["10.20.1.66"], "app02": []}})
    texts = [item["message"].partition(" (")[0] for item in moves(proven(now, THEN))]
    assert texts == [
        "db.example moved from 10.20.1.10 to 10.20.1.66 since the baseline",
        "db.example was 10.20.1.10 at the baseline, and has no address now",
    ]


def test_a_rule_that_was_narrowed_is_the_cause_and_not_the_name() -> None:
    narrow = small_lab(fw1=[forward(app_rule("10.10.1.200"))])
    policy = load_policy({"requiredPaths": [BY_NAME]})
    report = validate(policy, narrow, GROUPS, small_lab(), resolver=MOVED, names_before=THEN)
    [finding] = moves(report)
    assert (finding["severity"], "no firewall" in finding["message"]) == ("medium", False)


def test_what_is_left_out_by_name_and_moved_is_told() -> None:
    report = proven(MOVED, THEN, to={"group": "db", "except": {"dns": "db.example"}}, name="all others")
    assert [item["path"] for item in moves(report)] == ["all others"]


def test_who_is_asked_for_which_name() -> None:
    policy = load_policy(
        {
            "requiredPaths": [BY_NAME, {**BY_NAME, "name": "back", "from": {"dns": "web.example"}}],
            "forbiddenPaths": [
                {
                    "name": "others",
                    "from": {"any": True, "except": {"dns": "jump.example"}},
                    "to": {"group": "db"},
                    "service": "ssh",
                }
            ],
        }
    )
    assert asked(policy, GROUPS, small_lab()) == {
        "app01": ["db.example"],
        "app02": ["db.example"],
        "": ["db.example", "web.example", "jump.example"],
    }
