# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of one host: what a change did to flows, which rules it was, and what changed besides."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.drift import drift, is_same
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.states import app_rule, forward, rule, ruleset, small_lab

SECONDS = 30.0


def of(before: State, now: State, seconds: float = SECONDS) -> dict[str, Any]:
    return drift(before, now, seconds)


def fw1(*rules: Any) -> State:
    return small_lab(fw1=list(rules) or None)["fw1"]


def test_the_same_is_the_same() -> None:
    assert is_same(fw1(), fw1())
    found = of(fw1(), fw1())
    assert (found["status"], found["rules"], found["lost"]) == ("same", [], [])


def test_a_narrower_rule_by_its_flows_and_its_words() -> None:
    found = of(fw1(), fw1(forward(app_rule("10.10.1.0/26"))))
    assert found["status"] == "changed"
    [lost] = found["lost"]
    assert (lost["hook"], lost["connection"]) == ("forward", "new")
    assert lost["flows"][0]["src"] == ["10.10.1.64/26", "10.10.1.128/25"]
    assert found["gained"] == found["unsettled"] == found["rewritten"] == []
    [change] = found["rules"]
    assert change["change"] == "changed"
    assert "10.10.1.0/24" in change["before"]["text"]
    assert "10.10.1.0/26" in change["after"]["text"]


def test_a_wider_rule_gains() -> None:
    found = of(fw1(), fw1(forward(app_rule("10.10.0.0/23"))))
    assert [part["flows"][0]["src"] for part in found["gained"]] == [["10.10.0.0/24"]]
    assert found["lost"] == []


def test_a_change_that_no_packet_notices_is_told_by_its_rules_alone() -> None:
    twice = forward(app_rule(), app_rule())
    found = of(fw1(), fw1(twice))
    assert (found["status"], found["gained"], found["lost"]) == ("changed", [], [])
    assert [change["change"] for change in found["rules"]] == ["added"]


def test_a_rule_whose_words_alone_changed_is_told_and_is_no_drift() -> None:
    text, *rest = app_rule()
    commented = (f'{text} comment "asked for by shop"', *rest)
    found = of(fw1(), fw1(forward(commented)))
    assert found["status"] == "same"
    [change] = found["rules"]
    assert (change["change"], change["after"]["text"]) == ("changed", commented[0])


def test_the_same_rules_with_other_handles_are_the_same() -> None:
    """As after the tables were loaded anew: nft counts handles up."""
    before, now = fw1(), fw1()
    for listed in (*now.rulesets.values(), *now.chains.values()):
        listed.rules = [replace(one, handle=(one.handle or 0) + 40) for one in listed.rules]
    assert is_same(before, now)
    found = of(before, now)
    assert (found["status"], found["rules"]) == ("same", [])


def test_counters_are_no_change() -> None:
    def counted(number: int) -> State:
        text = f"counter packets {number} bytes {60 * number} accept"
        return fw1(ruleset("inet/filter/forward", "forward", "deny", [rule(1, text, ALWAYS)]))

    assert is_same(counted(1), counted(900))
    assert of(counted(1), counted(900))["rules"] == []


def test_a_route_that_is_gone() -> None:
    before, now = small_lab()["app01"], small_lab()["app01"]
    gone = now.routes.pop()
    found = of(before, now)
    assert (found["status"], found["rules"]) == ("changed", [])
    [change] = found["elsewhere"]
    assert (change["what"], change["added"]) == ("route", [])
    assert gone.destination in change["removed"][0]


def test_a_setting_and_an_interface() -> None:
    before, now = fw1(), fw1()
    now.settings = {"net.ipv4.ip_forward": 0, "net.netfilter.nf_conntrack_count": 7}
    now.forwarding["ipv4"] = False
    now.interfaces["db0"].up = False
    found = of(before, now)
    told = {entry["what"]: (entry["removed"], entry["added"]) for entry in found["elsewhere"]}
    assert told["setting"] == ([], ["net.ipv4.ip_forward = 0"])
    assert told["forwarding"] == (["ipv4: yes"], ["ipv4: no"])
    assert "up no" in told["interface"][1][0]


def test_rules_that_could_not_be_read_are_unknown_and_not_the_same() -> None:
    dark = copy.deepcopy(fw1())
    dark.firewall_known = False
    for before, now, when in (
        (fw1(), dark, "now"),
        (dark, fw1(), "in the baseline"),
        (dark, dark, "in the baseline"),
    ):
        found = of(before, now)
        assert (found["status"], found["reason"]) == ("unknown", f"its rules could not be read {when}")


def test_what_is_not_worked_out_in_time_is_said_and_the_rules_are_told() -> None:
    found = of(fw1(), fw1(forward(app_rule("10.10.1.0/26"))), seconds=-1.0)
    assert found["status"] == "changed"
    assert "was not worked out within" in found["reason"]
    assert found["lost"] == []
    assert [change["change"] for change in found["rules"]] == ["changed"]
