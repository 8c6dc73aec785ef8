# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies proven on a small network: status, satisfied, shares, evidence, remedy."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Member, Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    DROP,
    Chain,
    Rule,
    Verdict,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render import words
from tests.support.states import APPS, GROUPS, app_rule, app_rule6, forward, match, rule, ruleset, small_lab

PRIMARY = {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
CUT = ["10.10.1.66", "10.10.1.100", "10.10.1.200"]
TODAY = datetime.date(2026, 11, 22)


def proven(
    policy: Mapping[str, Any],
    states: Mapping[str, State],
    baseline: Mapping[str, State] | None = None,
    groups: Mapping[str, list[str]] = GROUPS,
) -> dict[str, Any]:
    report = validate(load_policy(policy), states, groups, baseline, today=TODAY)
    assert problems(report, load_schema("report")) == []
    return report


def required(**changes: Any) -> dict[str, Any]:
    return {"requiredPaths": [{**PRIMARY, **changes}]}


def entry(report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = report["paths"][0]
    return found


def narrowed(prefix: str = "10.10.1.0/26") -> dict[str, State]:
    return small_lab(fw1=[forward(app_rule(prefix))])


def with_rules(*rules: Any) -> dict[str, State]:
    return small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", rules)])


def test_all_is_open() -> None:
    report = proven(required(), small_lab())
    path = entry(report)
    assert (path["status"], path["satisfied"]) == ("open", "yes")
    assert path["share"]["hosts"] == {"open": 10, "cut": 0, "unknown": 0, "total": 10}
    assert path["deciding"] == []
    assert report["summary"]["verdict"] == "pass"


@pytest.mark.parametrize(("prefix", "left"), [("10.10.1.0/26", 7), ("10.10.1.0/25", 9), ("10.10.1.0/27", 3)])
def test_a_narrowed_mask_cuts_off_exactly_the_rest(prefix: str, left: int) -> None:
    path = entry(proven(required(), narrowed(prefix)))
    assert (path["status"], path["satisfied"]) == ("partial", "no")
    assert path["share"]["hosts"]["open"] == left
    assert path["cut"]["hosts"] == list(APPS[left:])


def test_the_complete_cut_off_part_its_witness_and_what_decides() -> None:
    path = entry(proven(required(), narrowed()))
    assert path["cut"]["flows"] == [
        {
            "src": CUT,
            "dst": ["10.20.1.10"],
            "protocol": ["tcp"],
            "src_port": ["1024-65535"],
            "dst_port": ["5432"],
        }
    ]
    assert path["witness"]["src"] in CUT
    [decision] = path["deciding"]
    assert (decision["host"], decision["hook"], decision["direction"], decision["pairs"]) == (
        "fw1",
        "forward",
        "new",
        3,
    )
    assert decision["rules"][0]["ruleset"] == "inet/filter/forward"
    assert decision["rules"][0]["text"] == "default action: deny"


def test_trap_a_deny_above_the_permit_is_partial() -> None:
    states = small_lab()
    forwarding = states["fw1"].rulesets["inet/filter/forward"]
    forwarding.rules.insert(2, rule(9, "ip saddr 10.10.1.128/25 drop", match(src="10.10.1.128/25"), DROP))
    path = entry(proven(required(), states, small_lab()))
    assert path["cut"]["from"] == ["10.10.1.200"]
    assert path["deciding"][0]["rules"][0]["text"] == "ip saddr 10.10.1.128/25 drop"
    [remedy] = path["remedy"]
    assert (remedy["action"], remedy["now"]["text"]) == ("remove", "ip saddr 10.10.1.128/25 drop")


def test_the_remedy_of_a_changed_rule_is_what_it_said_before() -> None:
    report = proven(required(), narrowed(), small_lab())
    path = entry(report)
    assert path["before"]["status"] == "open"
    [remedy] = path["remedy"]
    assert (remedy["host"], remedy["action"], remedy["before"]["handle"]) == ("fw1", "put_back", 13)
    assert remedy["before"]["text"].startswith("ip saddr 10.10.1.0/24 ")
    assert remedy["now"]["text"].startswith("ip saddr 10.10.1.0/26 ")
    assert [change["change"] for change in report["rule_changes"]["fw1"]] == ["changed"]


def test_the_remedy_of_a_removed_rule() -> None:
    path = entry(proven(required(), small_lab(fw1=[forward()]), small_lab()))
    assert path["status"] == "blocked"
    [remedy] = path["remedy"]
    assert (remedy["action"], remedy["now"]) == ("put_back", None)
    assert "10.10.1.0/24" in remedy["before"]["text"]


def test_the_remedy_of_two_rules_in_another_order() -> None:
    deny = rule(1, "ip saddr 10.10.1.128/25 drop", match(src="10.10.1.128/25"), DROP)
    established = forward().rules[0]
    permit = rule(2, "accept the app network", app_rule()[1])
    path = entry(
        proven(required(), with_rules(established, deny, permit), with_rules(established, permit, deny))
    )
    assert path["cut"]["from"] == ["10.10.1.200"]
    assert path["remedy"][0]["action"] == "move_back"


@pytest.mark.parametrize(
    ("key", "backend", "priority"),
    [("inet/early/f", "nft", -250), ("iptables-legacy/filter/FORWARD", "iptables-legacy", 0)],
)
@pytest.mark.parametrize("was_there", [True, False])
def test_the_remedy_names_the_rule_of_another_ruleset(
    key: str, backend: str, priority: int, was_there: bool
) -> None:
    drop = rule(1, "ip saddr 10.10.1.128/25 drop", match(src="10.10.1.128/25"), DROP)

    def states(*rules: Rule) -> dict[str, State]:
        other = ruleset(key, "forward", "permit", rules, priority=priority)
        other.backend = backend
        return small_lab(fw1=[other, forward(app_rule())])

    path = entry(proven(required(), states(drop), states() if was_there else small_lab()))
    assert path["cut"]["from"] == ["10.10.1.200"]
    [remedy] = path["remedy"]
    assert (remedy["host"], remedy["ruleset"], remedy["chain"], remedy["action"]) == (
        "fw1",
        key,
        key,
        "remove",
    )
    assert (remedy["now"]["text"], remedy["now"]["handle"]) == (drop.text, 11)
    assert (remedy["before"], remedy["change"], remedy["pairs"]) == (None, "added", 1)
    assert remedy["note"] == "the rule was added" + ("" if was_there else ", in a new chain")


def test_the_remedy_names_a_new_ruleset_where_none_was_asked_before() -> None:
    early = ruleset("inet/early/o", "output", "deny", [])
    states = small_lab()
    states["app08"].rulesets = {early.key: early}
    path = entry(proven(required(), states, small_lab()))
    assert path["cut"]["hosts"] == ["app08"]
    [remedy] = path["remedy"]
    assert (remedy["host"], remedy["chain"], remedy["action"], remedy["note"]) == (
        "app08",
        "inet/early/o",
        "remove",
        "the ruleset is new, and denies what none of its rules accepts",
    )


def test_the_remedy_of_another_ruleset_is_what_let_the_flows_go_on_there() -> None:
    def states(default: str, *rules: Rule) -> dict[str, State]:
        early = ruleset("inet/early/f", "forward", default, rules, priority=-250)
        return small_lab(fw1=[early, forward(app_rule())])

    accept = rule(1, "accept", match(proto="tcp"))
    [gone] = entry(proven(required(), states("deny"), states("deny", accept)))["remedy"]
    assert (gone["chain"], gone["action"], gone["before"]["text"]) == ("inet/early/f", "put_back", "accept")
    [flipped] = entry(proven(required(), states("deny"), states("permit")))["remedy"]
    assert (flipped["chain"], flipped["action"]) == ("inet/early/f", "set_back")


def test_the_remedy_of_a_rule_in_a_new_chain_is_where_the_rule_stands() -> None:
    drop = rule(1, "drop", match(), DROP)
    states = small_lab()
    forwarding = states["fw1"].rulesets["inet/filter/forward"]
    forwarding.rules.insert(
        0,
        rule(
            9, "ip saddr 10.10.1.200 jump late", match(src="10.10.1.200"), Verdict("jump", "inet/filter/late")
        ),
    )
    states["fw1"].chains["inet/filter/late"] = Chain("inet/filter/late", [drop])
    path = entry(proven(required(), states, small_lab()))
    assert path["cut"]["hosts"] == ["app10"]
    [remedy] = path["remedy"]
    assert (remedy["chain"], remedy["action"], remedy["before"]) == ("inet/filter/late", "remove", None)
    assert remedy["now"]["handle"] == 11


def test_the_remedy_of_a_lost_member_names_the_set() -> None:
    def states(*addresses: str) -> dict[str, State]:
        words = "ip saddr @apps tcp dport 5432 accept"
        asked = both(Member("inet/filter/apps", ("src",)), match(proto="tcp", dport=5432))
        found = small_lab(fw1=[forward((words, asked))])
        numbers = [int.from_bytes(bytes(map(int, address.split("."))), "big") for address in addresses]
        found["fw1"].sets["inet/filter/apps"] = NamedSet(
            "inet/filter/apps", ("address4",), [((number, number),) for number in numbers]
        )
        return found

    everyone = [f"10.10.1.{number}" for number in (5, 14, 23, 33, 41, 52, 62, 66, 100, 200)]
    path = entry(proven(required(), states(*everyone[:-1]), states(*everyone)))
    assert path["cut"]["hosts"] == ["app10"]
    [remedy] = path["remedy"]
    assert remedy["action"] == "restore_members"
    assert "members lost: 10.10.1.200" in remedy["note"]


def test_without_the_established_rule_replies_are_cut() -> None:
    permits = with_rules(rule(1, "accept the app network", app_rule()[1]))
    path = entry(proven(required(), permits, small_lab()))
    assert path["status"] == "blocked"
    assert {decision["direction"] for decision in path["deciding"]} == {"reply"}
    assert path["remedy"][0]["before"]["text"].startswith("ct state established,related accept")


def test_a_default_action_that_was_flipped_is_set_back() -> None:
    path = entry(proven(required(), small_lab(fw1=[forward()]), small_lab(fw1=[forward(default="permit")])))
    assert path["status"] == "blocked"
    assert path["remedy"][0]["action"] == "set_back"


def test_only_ipv6_broken_is_partial_for_that_family() -> None:
    states = small_lab(fw1=[forward(app_rule())], ipv6=True)
    path = entry(proven(required(), states, small_lab(ipv6=True)))
    assert path["families"] == ["ipv4", "ipv6"]
    assert (path["status"], path["share"]["pairs"]["open"], path["share"]["pairs"]["total"]) == (
        "partial",
        10,
        20,
    )
    assert all(":" in address for address in path["cut"]["from"])
    assert path["remedy"][0]["before"]["text"] == app_rule6()[0]
    assert entry(proven(required(families=["ipv4"]), states))["satisfied"] == "yes"


def test_a_rule_that_is_not_understood_makes_its_part_unknown_never_open() -> None:
    limited = rule(
        2,
        "limit rate 5/second accept",
        both(app_rule()[1], Unknown("limit 2", "a rate limit is not modelled")),
    )
    report = proven(required(), with_rules(forward().rules[0], limited))
    path = entry(report)
    assert (path["status"], path["satisfied"]) == ("unknown", "unknown")
    assert path["unknown"]["reasons"] == ["a rate limit is not modelled"]
    assert report["summary"]["violations"] == 1


def test_a_certain_violation_outranks_unknown() -> None:
    limited = rule(
        2, "limit", both(app_rule("10.10.1.0/26")[1], Unknown("limit 2", "a rate limit is not modelled"))
    )
    path = entry(proven(required(), with_rules(forward().rules[0], limited)))
    assert (path["status"], path["satisfied"]) == ("blocked", "no")
    assert path["cut"]["from"] == CUT
    assert path["share"]["pairs"] == {"open": 0, "cut": 3, "unknown": 7, "total": 10}


def test_a_firewall_that_could_not_be_read_is_unknown() -> None:
    states = small_lab()
    states["fw1"].firewall_known = False
    states["fw1"].rulesets = {}
    states["fw1"].unreadable = [{"what": "nft_json", "reason": "Operation not permitted"}]
    policy = {
        **required(),
        "properties": {
            "hosts": {
                "properties": {"fw1": {"properties": {"rulesets": {"required": ["inet/filter/forward"]}}}}
            }
        },
    }
    report = proven(policy, states)
    assert entry(report)["satisfied"] == "unknown"
    assert "Operation not permitted" in entry(report)["unknown"]["reasons"][0]
    assert [item["satisfied"] for item in report["findings"] if item["kind"] == "configuration"] == [
        "unknown"
    ]


def test_a_host_without_a_snapshot_is_unknown_and_counted() -> None:
    states = small_lab()
    del states["app10"]
    path = entry(proven(required(), states))
    assert (path["status"], path["satisfied"]) == ("unknown", "unknown")
    assert path["share"]["hosts"] == {"open": 9, "cut": 0, "unknown": 1, "total": 10}
    assert path["unknown"]["missing"] == ["app10"]


def test_a_router_without_a_snapshot_is_unknown() -> None:
    states = small_lab()
    del states["fw1"]
    path = entry(proven(required(), states))
    assert path["satisfied"] == "unknown"
    assert "the next hop after app01 is not gathered (10.10.1.1)" in path["unknown"]["reasons"][0]


def test_a_lost_route_is_blocked_and_does_not_move_the_question_to_another_address() -> None:
    states = small_lab()
    for name in APPS:
        states[name].routes = [
            route for route in states[name].routes if not route.destination.startswith("10.20")
        ]
    for baseline in (None, small_lab()):
        path = entry(proven(required(), states, baseline))
        assert path["status"] == "blocked"
        assert path["cut"]["to"] == ["10.20.1.10"]
        assert {decision["reason"] for decision in path["deciding"]} >= {"app01: no route"}
    assert path["remedy"][0]["action"] == "route"
    assert "via 10.10.1.1 dev app0" in path["remedy"][0]["before"]["text"]


def test_a_router_that_does_not_forward_blocks() -> None:
    states = small_lab()
    states["fw1"].forwarding = {"ipv4": False, "ipv6": False}
    path = entry(proven(required(), states))
    assert path["status"] == "blocked"
    assert path["deciding"][0]["reason"] == "fw1 does not forward ipv4"


def test_one_leg_of_two_differs() -> None:
    states = small_lab(ecmp=True, fw2=[forward(app_rule("10.10.1.0/26"))])
    path = entry(proven(required(assume=["replies_take_same_leg"]), states))
    assert path["status"] == "partial"
    assert {tuple(leg["hops"]): (leg["status"], leg["pairs"]["open"]) for leg in path["legs"]} == {
        ("fw1",): ("open", 10),
        ("fw2",): ("partial", 7),
    }
    assert {tuple(leg["hops"]): (leg["pairs"]["cut"], leg["pairs"]["spared"]) for leg in path["legs"]} == {
        ("fw1",): (0, 0),
        ("fw2",): (3, 3),
    }
    assert words.one_way_only(path) == "over fw2 only; over fw1 open: part of the new connections fail"


def test_what_both_ways_cut_is_not_told_as_cut_on_one() -> None:
    narrow = [forward(app_rule("10.10.1.0/26"))]
    policy = required(assume=["replies_take_same_leg"])
    path = entry(proven(policy, small_lab(ecmp=True, fw1=narrow, fw2=narrow)))
    assert words.one_way_only(path) == ""
    narrower = [forward(app_rule("10.10.1.0/27"))]
    path = entry(proven(policy, small_lab(ecmp=True, fw1=narrow, fw2=narrower)))
    assert words.one_way_only(path) == "partly over fw2 only: part of the new connections fail"
    other = [forward(app_rule("10.10.1.64/26"))]
    path = entry(proven(policy, small_lab(ecmp=True, fw1=[forward(app_rule("10.10.1.0/25"))], fw2=other)))
    assert words.one_way_only(path).startswith("partly over fw2 only")
    assert path["assumptions"][0]["name"] == "replies_take_same_leg"


def test_without_the_assumption_stateful_legs_lose_replies() -> None:
    path = entry(proven(required(), small_lab(ecmp=True)))
    assert (path["status"], path["satisfied"]) == ("partial", "no")
    assert {decision["direction"] for decision in path["deciding"]} == {"reply"}


def test_via_is_asserted() -> None:
    assert entry(proven(required(via=["fw1"]), small_lab()))["satisfied"] == "yes"
    report = proven(required(via=["fw2"]), small_lab())
    assert (entry(report)["status"], entry(report)["satisfied"]) == ("open", "no")
    assert entry(report)["missed_via"]
    assert any(item["kind"] == "via" for item in report["findings"])


def test_shares_count_pairs_and_a_pair_needs_all_ports() -> None:
    policy = required(to={"group": "db"}, service={"protocol": "tcp", "ports": [5432, 6432]})
    path = entry(proven(policy, small_lab()))
    assert path["share"]["pairs"] == {"open": 0, "cut": 20, "unknown": 0, "total": 20}
    assert (path["status"], path["cut"]["flows"][0]["dst_port"]) == ("partial", ["6432"])


@pytest.mark.parametrize(
    ("expires", "waived", "verdict", "kind"),
    [("2026-11-22", True, "pass", "waiver"), ("2026-11-21", False, "fail", "waiver_expired")],
)
def test_a_waiver_counts_until_its_day(expires: str, waived: bool, verdict: str, kind: str) -> None:
    report = proven(required(waiver={"reason": "moving house", "expires": expires}), narrowed())
    assert entry(report)["waived"] is waived
    assert entry(report)["satisfied"] == "no"
    assert report["summary"]["verdict"] == verdict
    assert kind in [item["kind"] for item in report["findings"]]


def test_a_listener_on_loopback_is_a_finding_not_a_block() -> None:
    states = small_lab()
    for item in states["db1"].listeners:
        item.address = "127.0.0.1"
    report = proven(required(), states)
    assert entry(report)["status"] == "open"
    [finding] = [item for item in report["findings"] if item["kind"] == "listener"]
    assert "only on loopback" in finding["message"]


FORBIDDEN = {
    "forbiddenPaths": [
        {
            "name": "f",
            "from": {"any": True, "except": [{"prefixes": ["10.10.1.0/24", "10.20.1.0/24", "10.99.0.0/24"]}]},
            "to": {"group": "db"},
            "service": "postgresql",
        }
    ]
}


def test_a_forbidden_path_is_closed() -> None:
    path = entry(proven(FORBIDDEN, small_lab()))
    assert (path["status"], path["satisfied"]) == ("blocked", "yes")


def test_a_default_action_that_accepts_opens_a_forbidden_path() -> None:
    path = entry(proven(FORBIDDEN, small_lab(fw1=[forward(app_rule(), default="permit")]), small_lab()))
    assert (path["status"], path["satisfied"]) == ("partial", "no")
    assert path["permitted"]["pairs"] == path["share"]["pairs"]["open"] > 0
    opened = [item for item in path["deciding"] if item["host"] == "fw1"]
    assert opened[0]["rules"][0]["text"] == "default action: permit"
    assert path["remedy"][0]["action"] == "set_back"


def test_any_enters_at_the_boundaries() -> None:
    policy = {**FORBIDDEN, "boundaries": [{"host": "fw1", "interface": "mgmt0"}]}
    assert entry(proven(policy, small_lab()))["legs"][0]["hops"] == ["fw1"]
    with pytest.raises(PolicyError, match="fw7"):
        proven({**FORBIDDEN, "boundaries": [{"host": "fw7", "interface": "x"}]}, small_lab())


def test_any_enters_by_interfaces_that_lead_to_nothing_gathered() -> None:
    states = small_lab(fw1=[forward(app_rule(), default="permit")])
    states["fw1"].interfaces["wan0"] = type(states["fw1"].interfaces["lo"])("wan0", ["192.0.2.1/24"])
    report = proven(FORBIDDEN, states)
    assert entry(report)["satisfied"] == "no"
    assert not [item for item in report["findings"] if item["kind"] == "choice"]


def test_a_named_host_or_ruleset_that_the_state_lacks_is_unknown() -> None:
    asked = {"properties": {"default_action": {"const": "deny"}}}
    policy = {
        "properties": {
            "hosts": {
                "properties": {
                    "fw1": {
                        "properties": {
                            "rulesets": {
                                "properties": {"inet/filter/forward": asked, "inet/filter/gone": asked}
                            }
                        }
                    },
                    "fw9": {"properties": {"rulesets": {"properties": {"inet/filter/forward": asked}}}},
                }
            }
        }
    }
    report = proven(policy, small_lab())
    found = [
        (item["satisfied"], item["where"]) for item in report["findings"] if item["kind"] == "configuration"
    ]
    assert found == [
        ("unknown", "$.properties.hosts.properties.fw1.properties.rulesets.properties['inet/filter/gone']"),
        ("unknown", "$.properties.hosts.properties.fw9"),
    ]
    assert report["summary"]["verdict"] == "fail"


def test_a_wrong_configuration_fact_is_told_with_both_paths() -> None:
    policy = {
        "properties": {
            "hosts": {
                "properties": {
                    "fw1": {
                        "properties": {
                            "rulesets": {
                                "properties": {
                                    "inet/filter/forward": {
                                        "properties": {"default_action": {"const": "permit"}}
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    [finding] = proven(policy, small_lab())["findings"]
    assert finding["satisfied"] == "no"
    assert finding["at"] == "$.hosts.fw1.rulesets['inet/filter/forward'].default_action"


@pytest.mark.parametrize("keyword", ["not", "if"])
def test_an_unknown_fact_stays_unknown_under_not_and_if(keyword: str) -> None:
    absent = {
        "properties": {"hosts": {"properties": {"fw9": {"properties": {"platform": {"const": "linux"}}}}}}
    }
    policy = {"not": absent} if keyword == "not" else {"if": absent, "then": False, "else": True}
    [finding] = [item for item in proven(policy, small_lab())["findings"] if item["kind"] == "configuration"]
    assert finding["satisfied"] == "unknown"


def test_ends_that_leave_nothing_are_an_error() -> None:
    with pytest.raises(PolicyError, match="same host"):
        proven(required(**{"from": {"host": "db1"}}), small_lab())
    with pytest.raises(PolicyError, match="no flow at all"):
        proven(required(**{"from": {"group": "app", "except": {"prefix": "10.10.0.0/16"}}}), small_lab())
    with pytest.raises(PolicyError, match="no snapshot"):
        proven(required(), {})


def test_a_family_that_a_host_lacks_is_a_violation() -> None:
    path = entry(proven(required(families=["ipv6"]), small_lab()))
    assert path["satisfied"] == "no"
    assert path["deciding"][0]["reason"] == "app01 has no ipv6 address"


def test_plain_addresses_begin_on_their_hosts_and_elsewhere_where_they_come_in() -> None:
    path = entry(proven(required(**{"from": {"prefix": "10.10.1.0/24"}}), small_lab()))
    assert path["share"]["hosts"]["total"] == 12  # ten app hosts and both routers
    assert path["cut"]["from"] == ["10.10.1.2"]  # its answers come back by the other router
    assert path["unknown"]["reasons"] == [
        "by which router these flows come in is not known, and the routers differ"
    ]


def test_dns_without_a_resolver_is_unknown_and_with_one_is_proven() -> None:
    policy = load_policy(required(to={"dns": "db.example"}))
    report = validate(policy, small_lab(), GROUPS, today=TODAY)
    assert entry(report)["satisfied"] == "unknown"
    asked = []

    def resolver(host: str, name: str) -> list[str]:
        asked.append((host, name))
        return ["10.20.1.10"]

    report = validate(policy, small_lab(), GROUPS, resolver=resolver, today=TODAY)
    assert entry(report)["satisfied"] == "yes"
    assert asked == [(host, "db.example") for host in APPS]
