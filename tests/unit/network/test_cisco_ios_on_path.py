# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A path policy over a Cisco IOS router that keeps sessions, or translates: what answers counts as well."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support import device_texts
from tests.support.states import host

ROUTER = """interface GigabitEthernet0/0
 ip address 10.10.1.1 255.255.255.0
{app}
interface GigabitEthernet0/1
 ip address 10.20.1.1 255.255.255.0
{db}
{rest}
"""
ROUTES = """Gateway of last resort is not set

      10.0.0.0/8 is variably subnetted, 4 subnets, 2 masks
C        10.10.1.0/24 is directly connected, GigabitEthernet0/0
L        10.10.1.1/32 is directly connected, GigabitEthernet0/0
C        10.20.1.0/24 is directly connected, GigabitEthernet0/1
L        10.20.1.1/32 is directly connected, GigabitEthernet0/1
"""


def status(app: str, db: str, rest: str, asked: str = "10.20.1.10", service: Any = "postgresql") -> str:
    text = ROUTER.format(app=app, db=db, rest=rest)
    states = {
        "app1": host("app1", {"eth0": ["10.10.1.5/24"]}, {"0.0.0.0/0": ["10.10.1.1 eth0"]}),
        "r1": device_texts.state("cisco_ios", text, routes4=ROUTES),
        "db1": host("db1", {"eth0": ["10.20.1.10/24"]}, {"0.0.0.0/0": ["10.20.1.1 eth0"]}),
    }
    states["app1"].rulesets = {}
    states["db1"].rulesets = {}
    wanted = {"name": "p", "from": {"host": "app1"}, "to": {"addresses": [asked]}, "service": service}
    policy = load_policy({"requiredPaths": [wanted]})
    return str(validate(policy, states, {"all": list(states)})["paths"][0]["status"])


APP, DB = " zone-member security app", " zone-member security db"
ZONES = """zone security app
zone security db
class-map type inspect PG
 match access-group name PG
ip access-list extended PG
 permit tcp any any eq 5432
policy-map type inspect P
 class type inspect PG
  {action}
zone-pair security THERE source {source} destination {target}
 service-policy type inspect P
"""
BACK = """class-map type inspect ANSWERS
 match access-group name ANSWERS
ip access-list extended ANSWERS
 permit tcp any eq 5432 any
policy-map type inspect Q
 class type inspect ANSWERS
  pass
zone-pair security BACK source db destination app
 service-policy type inspect Q
"""


@pytest.mark.parametrize(
    ("action", "more", "wanted"),
    [("inspect", "", "open"), ("pass", "", "blocked"), ("pass", BACK, "open"), ("drop", BACK, "blocked")],
)
def test_inspect_keeps_a_session_and_pass_does_not(action: str, more: str, wanted: str) -> None:
    rest = ZONES.format(action=action, source="app", target="db") + more
    assert status(APP, DB, rest) == wanted


def test_a_pair_for_the_other_direction_opens_nothing() -> None:
    assert status(APP, DB, ZONES.format(action="inspect", source="db", target="app")) == "blocked"


def test_fault_14_a_zone_that_is_renamed_at_an_interface() -> None:
    rest = ZONES.format(action="inspect", source="app", target="db")
    assert status(APP.replace(" app", " application"), DB, rest) == "blocked"


REFLEXIVE = """ip access-list extended OUT
 permit tcp any any eq 5432 reflect SESSIONS
ip access-list extended IN
 evaluate SESSIONS
"""


@pytest.mark.parametrize(
    ("db", "rest", "wanted"),
    [
        (" ip access-group OUT out\n ip access-group IN in", REFLEXIVE, "open"),
        (
            " ip access-group OUT out\n ip access-group IN in",
            REFLEXIVE.replace(" reflect SESSIONS", ""),
            "blocked",
        ),
        (" ip access-group IN in", REFLEXIVE, "unknown"),
        (" ip access-group NONE in", "ip access-list extended NONE\n deny ip any any\n", "blocked"),
        (
            " ip access-group NONE in\n ip inspect FW out",
            "ip access-list extended NONE\n deny ip any any\n",
            "unknown",
        ),
    ],
)
def test_lists_that_sessions_open(db: str, rest: str, wanted: str) -> None:
    assert status("", db, rest) == wanted


@pytest.mark.parametrize(
    ("asked", "rest", "wanted"),
    [
        ("10.30.1.77", "ip nat inside source static 10.20.1.10 10.30.1.77", "open"),
        ("10.30.1.77", "ip nat inside source static tcp 10.20.1.10 5432 10.30.1.77 5432", "open"),
        ("10.30.1.77", "ip nat inside source static tcp 10.20.1.10 5432 10.30.1.77 5433", "blocked"),
        ("10.30.1.78", "ip nat inside source static 10.20.1.10 10.30.1.77", "blocked"),
        ("10.20.1.10", "", "open"),
        # Its answers would be translated, and come from an address that nobody asked.
        ("10.20.1.10", "ip nat inside source static 10.20.1.10 10.30.1.77", "blocked"),
        ("10.20.1.10", "ip nat inside source static tcp 10.20.1.10 5432 10.30.1.77 5432", "blocked"),
        ("10.20.1.10", "ip nat inside source static tcp 10.20.1.10 5433 10.30.1.77 5433", "open"),
        (
            "10.20.1.10",
            "ip nat inside source list 5 interface GigabitEthernet0/0 overload\naccess-list 5 permit any",
            "blocked",
        ),
        ("10.20.1.10", "ip nat inside source list 5 pool GONE", "unknown"),
    ],
)
def test_a_database_behind_a_static_translation(asked: str, rest: str, wanted: str) -> None:
    assert status(" ip nat outside", " ip nat inside", rest, asked) == wanted


@pytest.mark.parametrize(
    ("rest", "wanted"),
    [
        ("ip nat inside source static 10.10.1.5 10.30.1.5", "open"),
        (
            "access-list 5 permit 10.10.1.0 0.0.0.255\nip nat inside source list 5 interface GigabitEthernet0/1 overload",
            "open",
        ),
    ],
)
def test_an_app_behind_a_translation(rest: str, wanted: str) -> None:
    assert status(" ip nat inside", " ip nat outside", rest) == wanted
