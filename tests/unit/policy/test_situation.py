# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts of now and of a baseline share: rules that are the same, and match the same."""

from __future__ import annotations

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.history import Judge
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Fib, Not
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NextHop, Route, State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.situation import Situation
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, rule, ruleset, small_lab

POLICY = {
    "requiredPaths": [
        {
            "name": "p",
            "from": {"host": "app01", "addresses": ["10.10.1.5"]},
            "to": {"host": "db1", "addresses": ["10.20.1.10"]},
            "service": "postgresql",
        }
    ]
}
ELSEWHERE = Route(4, "10.10.1.5/32", next_hops=[NextHop("mgmt0", "10.99.0.20")])


def lab(*routes: Route) -> dict[str, State]:
    """fw1 drops what has no way back by the interface by which it came."""
    states = small_lab()
    missing = Not(Fib("src", ("*",), by="in_interface", hook="prerouting"))
    checked = [rule(1, "fib saddr . iif oif missing drop", missing, DROP)]
    states["fw1"].rulesets["inet/q/pre"] = ruleset(
        "inet/q/pre", "prerouting", "permit", checked, priority=-300
    )
    states["fw1"].routes += routes
    return states


def test_rules_that_ask_for_routes_are_not_shared_with_other_routes() -> None:
    [path] = validate(load_policy(POLICY), lab(ELSEWHERE), GROUPS, lab())["paths"]
    assert (path["status"], path["before"]["status"]) == ("blocked", "open")


def test_what_was_open_with_the_routes_of_then_is_found() -> None:
    judge = Judge(load_policy(POLICY), lab(ELSEWHERE), GROUPS, None)
    assert judge.regained(lab()) is True


def test_rules_that_ask_for_none_are_shared() -> None:
    now, before = small_lab(), small_lab()
    now["fw1"].routes.append(ELSEWHERE)
    situation = Situation(now, before)
    earlier = situation.earlier
    assert earlier is not None
    assert earlier.firewall("fw1") is situation.network.firewall("fw1")
