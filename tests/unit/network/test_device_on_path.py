# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A path policy over a network device: two app hosts, a Cisco IOS router, a database."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support import device_texts
from tests.support.states import host

CONFIG = """\
hostname r1
interface GigabitEthernet0/0
 ip address 10.10.1.1 255.255.255.0
{app}
interface GigabitEthernet0/1
 ip address 10.20.1.1 255.255.255.0
{db}
ip access-list extended FROM_APP
 10 permit tcp {source} host 10.20.1.10 eq 5432
 20 deny ip any any
ip access-list extended FROM_DB
 10 permit tcp host 10.20.1.10 eq 5432 10.10.1.0 0.0.0.255 {back}
end
"""
ROUTES = """\
Gateway of last resort is not set

      10.0.0.0/8 is variably subnetted, 4 subnets, 2 masks
C        10.10.1.0/24 is directly connected, GigabitEthernet0/0
L        10.10.1.1/32 is directly connected, GigabitEthernet0/0
C        10.20.1.0/24 is directly connected, GigabitEthernet0/1
L        10.20.1.1/32 is directly connected, GigabitEthernet0/1
"""
POLICY = {
    "requiredPaths": [{"name": "p", "from": {"group": "app"}, "to": {"group": "db"}, "service": "postgresql"}]
}
IN, BACK = " ip access-group FROM_APP in", " ip access-group FROM_DB in"


def router(
    app: str = IN,
    db: str = BACK,
    source: str = "10.10.1.0 0.0.0.255",
    back: str = "established",
    routes: str = ROUTES,
) -> State:
    text = CONFIG.format(app=app, db=db, source=source, back=back)
    shown = {"routes4": routes} if routes else {}
    found = device_texts.state("cisco_ios", text, **shown)
    found.host = "r1"
    return found


def site(device: State, **more: State) -> dict[str, State]:
    states = {
        "app1": host("app1", {"eth0": ["10.10.1.5/24"]}, {"0.0.0.0/0": ["10.10.1.1 eth0"]}),
        "app2": host("app2", {"eth0": ["10.10.1.200/24"]}, {"0.0.0.0/0": ["10.10.1.1 eth0"]}),
        "r1": device,
        **more,
        "db1": host("db1", {"eth0": ["10.20.1.10/24"]}, {"0.0.0.0/0": ["10.20.1.1 eth0"]}),
    }
    states["db1"].rulesets = states["app1"].rulesets = {}
    return states


def path(
    device: State, policy: dict[str, Any] | None = None, before: State | None = None, **more: State
) -> dict[str, Any]:
    states = site(device, **more)
    groups = {"app": ["app1", "app2"], "db": ["db1"], "all": list(states)}
    baseline = site(before) if before else None
    found: dict[str, Any] = validate(load_policy(policy or POLICY), states, groups, baseline=baseline)[
        "paths"
    ][0]
    return found


def decided(found: dict[str, Any]) -> list[tuple[str, str, int]]:
    """The list, text and line of the rules that stop a path."""
    rules = (rule for item in found["deciding"] for rule in item["rules"])
    return [(rule["chain"], rule["text"], rule["line"]) for rule in rules]


def test_open_through_a_stateless_router() -> None:
    assert (path(router())["status"], path(router())["satisfied"]) == ("open", "yes")


def test_a_narrowed_wildcard_cuts_off_a_host() -> None:
    found = path(router(source="10.10.1.0 0.0.0.63"))
    assert (found["status"], found["cut"]["hosts"]) == ("partial", ["app2"])
    assert decided(found) == [("FROM_APP", "20 deny ip any any", 20)]


@pytest.mark.parametrize(
    ("app", "db"),
    [
        (f"{IN}\n ip access-group FROM_APP out", BACK),  # the list of the way there meets the replies
        (IN, " ip access-group FROM_APP in"),
    ],
)
def test_fault_12_replies_need_their_list_where_they_pass(app: str, db: str) -> None:
    found = path(router(app, db))
    assert (found["status"], found["satisfied"]) == ("blocked", "no")
    assert {item["direction"] for item in found["deciding"]} == {"reply"}
    assert decided(found) == [("FROM_APP", "20 deny ip any any", 20)]


@pytest.mark.parametrize("back", ["range 1024 5000 established", "eq 49152"])
def test_trap_17_replies_to_some_ephemeral_ports_only(back: str) -> None:
    found = path(router(back=back))
    assert (found["status"], found["satisfied"]) == ("partial", "no")
    assert {item["direction"] for item in found["deciding"]} == {"reply"}


def test_trap_17_established_opens_nothing() -> None:
    device = router()
    flow = {"src": "10.20.1.10", "dst": "10.10.1.5", "protocol": "tcp", "src_port": 5432}
    answer = Questions(device).verdict({**flow, "in_interface": "GigabitEthernet0/1"})
    assert answer["verdict"] == "deny"


@pytest.mark.parametrize(
    ("app", "status"),
    [
        ("", "open"),  # bound nowhere: nothing is refused on the way there
        (" ip access-group FROM_APP out", "blocked"),  # in the wrong direction: it meets the replies
        (" ip access-group FROM_DB in", "blocked"),
    ],
)
def test_fault_13_a_list_unbound_or_in_the_wrong_direction(app: str, status: str) -> None:
    assert path(router(app))["status"] == status


def test_fault_27_the_route_is_gone() -> None:
    routes = "\n".join(line for line in ROUTES.splitlines() if "10.20.1" not in line) + "\n"
    found = path(router(routes=routes))
    assert found["status"] == "blocked"
    assert [item["reason"] for item in found["deciding"] if item["direction"] == "new"] == ["r1: no route"]


def test_routes_that_were_not_shown_are_not_known() -> None:
    found = path(router(routes=""))
    assert (found["status"], found["satisfied"]) == ("unknown", "unknown")


def test_a_table_that_was_not_understood_is_not_known() -> None:
    found = path(router(routes=ROUTES + "X!   ?  --More--\n"))
    assert (found["status"], found["satisfied"]) == ("unknown", "unknown")


def test_an_interface_of_a_vrf_does_not_reach_the_other_network() -> None:
    red = "\nRouting Table: RED\n\nC        10.10.1.0/24 is directly connected, GigabitEthernet0/0\n"
    routes = "\n".join(line for line in ROUTES.splitlines() if "10.10.1" not in line) + red
    found = path(router(routes=routes))
    assert found["status"] == "blocked"


def test_nothing_comes_in_by_a_loopback_interface() -> None:
    text = "interface Loopback0\n ip address 192.0.2.1 255.255.255.255\n"
    device = device_texts.state(
        "cisco_ios", f"{CONFIG.format(app=IN, db='', source='any', back='')}{text}", routes4=ROUTES
    )
    edges = {name for _host, name in Network({"r1": device}, Space()).edges()}
    assert edges == {"GigabitEthernet0/0", "GigabitEthernet0/1"}


def one_of_two(number: int, source: str) -> State:
    """One of two routers with shared addresses, to which the hosts send."""
    text = CONFIG.format(
        app=f"{IN}\n standby 1 ip 10.10.1.1", db="\n standby 2 ip 10.20.1.1", source=source, back=""
    )
    shown = ROUTES
    for network in ("10.10.1", "10.20.1"):
        text = text.replace(f"ip address {network}.1 ", f"ip address {network}.{number} ")
        shown = shown.replace(f"{network}.1/32", f"{network}.{number}/32")
    found = device_texts.state("cisco_ios", text, routes4=shown)
    found.host = f"r{number - 1}"
    return found


@pytest.mark.parametrize(("second", "status"), [("any", "open"), ("10.10.1.0 0.0.0.127", "partial")])
def test_fault_25_two_routers_with_one_address_of_which_one_differs(second: str, status: str) -> None:
    first = one_of_two(2, "any")
    found = path(first, r2=one_of_two(3, second))
    assert found["status"] == status
    if status == "partial":
        assert found["cut"]["hosts"] == ["app2"]
        assert {rule["host"] for item in found["deciding"] for rule in item["rules"]} == {"r2"}


def test_the_remedy_for_a_binding_speaks_of_lists_and_not_of_chains() -> None:
    logins = {
        "forbiddenPaths": [{"name": "p", "from": {"group": "app"}, "to": {"group": "db"}, "service": "ssh"}]
    }
    unbound = path(router(app="", db=""), logins, before=router(db=""))
    assert [cure["note"] for cure in unbound["remedy"]] == [
        "what is bound to GigabitEthernet0/0 was removed: no list is bound like this any more"
    ]
    turned = path(router(app=IN[:-2] + "out"), before=router())
    assert [cure["note"] for cure in turned["remedy"]] == ["what is bound to GigabitEthernet0/0 was added"]
