# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hygiene of one host: each kind of finding with its place, its words and its severity, and what was not looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.audit import hygiene as module
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.hygiene import hygiene
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP, Chain
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.device_texts import state as device
from tests.support.states import host, match, rule, ruleset

SECONDS = 30.0
SAVED = {"matches": "same", "reason": "", "sources": []}


def of(state: State, **more: Any) -> list[dict[str, Any]]:
    found, missed = hygiene(state, SECONDS, **more)
    assert [entry["what"] for entry in missed if entry["what"] != "not_saved"] == []
    return found


def firewall(*rules: Any) -> State:
    state = host("fw1", {}, {}, [ruleset("inet/filter/forward", "forward", "deny", rules)], forwarding=True)
    state.boot = dict(SAVED)
    return state


PERMIT = rule(1, "tcp dport 0-1023 accept", match(proto="tcp", dport="0-1023"))


def test_a_rule_that_nothing_comes_to_and_would_do_the_opposite() -> None:
    [found] = of(firewall(PERMIT, rule(2, "tcp dport 22 drop", match(proto="tcp", dport=22), DROP)))
    assert (found["kind"], found["severity"]) == ("unreachable_rule", "medium")
    assert (found["host"], found["ruleset"], found["position"]) == ("fw1", "inet/filter/forward", 2)
    assert (found["text"], found["handle"], found["line"]) == ("tcp dport 22 drop", 12, None)
    assert "inet/filter/forward rule 1" in found["message"]
    assert found["message"].endswith("the opposite")


def test_a_rule_that_is_there_twice_is_untidy_and_no_more() -> None:
    [found] = of(firewall(PERMIT, rule(2, "tcp dport 22 accept", match(proto="tcp", dport=22))))
    assert (found["kind"], found["severity"], found["position"]) == ("unreachable_rule", "low", 2)


def test_any_any_and_not_twice() -> None:
    found = of(firewall(rule(1, "accept", ALWAYS), rule(2, "accept # again", ALWAYS)))
    assert [(one["kind"], one["severity"], one["position"]) for one in found] == [
        ("unreachable_rule", "low", 2),
        ("any_any", "high", 1),
    ]


def test_any_any_by_one_interface_is_less() -> None:
    [found] = of(firewall(rule(1, "iifname eth0 accept", match(iif="eth0"))))
    assert (found["kind"], found["severity"]) == ("any_any", "medium")
    assert "in eth0" in found["message"]


def test_what_a_program_makes_is_its_own() -> None:
    """Docker's way out for containers; and what an administrator has written by ufw is as if by hand."""

    def by(program: str) -> list[dict[str, Any]]:
        open_rule = replace(rule(1, "iifname docker0 accept", match(iif="docker0")), managed_by=program)
        again = replace(rule(2, "iifname docker0 accept # 2", match(iif="docker0")), managed_by=program)
        state = firewall(open_rule, again)
        state.chains["inet/filter/x"] = Chain("inet/filter/x", [rule(1, "drop", ALWAYS, DROP)], program)
        return of(state)

    docker = by("docker")
    assert {(one["kind"], one["severity"]) for one in docker} == {("any_any", "low")}
    assert "owned by docker" in docker[0]["message"]
    assert [(one["kind"], one["severity"]) for one in by("ufw")] == [
        ("unreachable_rule", "low"),
        ("any_any", "medium"),
    ]
    assert [one["kind"] for one in by("")] == ["unreachable_rule", "unbound_list", "any_any"]


def test_a_hook_that_denies_nothing() -> None:
    state = host("h", {}, {}, [ruleset("inet/filter/input", "input", "permit", [])])
    state.boot = dict(SAVED)
    [found] = of(state)
    assert (found["kind"], found["severity"], found["position"]) == ("any_any", "medium", 0)
    assert found["message"].startswith("nothing is denied at input")


def test_a_chain_that_nothing_jumps_to() -> None:
    state = firewall(PERMIT)
    state.chains["inet/filter/old"] = Chain("inet/filter/old", [rule(1, "drop", ALWAYS, DROP)])
    [found] = of(state)
    assert (found["kind"], found["ruleset"], found["position"]) == ("unbound_list", "inet/filter/old", 0)


def test_a_list_of_a_device_that_nothing_uses() -> None:
    text = (
        "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip access-group A in\n"
        "ip access-list extended A\n permit tcp any host 10.0.0.9 eq 443\n"
        "ip access-list extended B\n permit ip any any\n"
    )
    state = device("cisco_ios", text)
    state.boot = dict(SAVED)
    [found] = of(state)
    assert (found["kind"], found["severity"], found["ruleset"]) == ("unbound_list", "low", "B")
    assert "may serve something else" in found["message"]


def test_what_a_reboot_would_lose() -> None:
    state = firewall(PERMIT)
    state.boot = {"matches": "differs", "reason": "/etc/nftables.conf: saved tcp dport 22", "sources": []}
    [found] = of(state)
    assert (found["kind"], found["severity"], found["ruleset"]) == ("not_saved", "high", "")
    assert "/etc/nftables.conf" in found["message"]
    assert of(state, boot=False) == []


def test_what_boot_would_load_is_not_known_and_that_is_told() -> None:
    state = firewall(PERMIT)
    state.boot = {"matches": "unknown", "reason": "no unit loads it", "sources": []}
    assert hygiene(state, SECONDS)[1] == [{"host": "fw1", "what": "not_saved", "reason": "no unit loads it"}]
    assert hygiene(state, SECONDS, boot=False)[1] == []


def test_rules_that_could_not_be_read() -> None:
    state = firewall(PERMIT)
    state.firewall_known = False
    found, missed = hygiene(state, SECONDS)
    assert found == []
    assert missed == [{"host": "fw1", "what": "hygiene", "reason": "its rules could not be read"}]


def test_a_host_without_rules_has_nothing_to_tell() -> None:
    assert hygiene(host("h", {}, {}), SECONDS) == ([], [])


def test_no_time_is_told_for_each_kind() -> None:
    found, missed = hygiene(firewall(PERMIT, rule(2, "accept", ALWAYS)), -1.0)
    assert found == []
    assert [(entry["what"], entry["host"]) for entry in missed] == [
        ("unreachable_rule", "fw1"),
        ("any_any", "fw1"),
    ]
    assert all("not worked out within" in entry["reason"] for entry in missed)


def test_thousands_of_a_kind_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_A_KIND", 3)
    rules = [PERMIT, *(rule(n, f"tcp dport {n} accept", match(proto="tcp", dport=n)) for n in range(2, 9))]
    found = of(firewall(*rules))
    assert [one["position"] for one in found] == [2, 3, 4, 0]
    assert found[-1]["message"] == "and 4 more of this kind"
