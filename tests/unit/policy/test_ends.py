# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ends of paths: who is meant by any, what excepts, boundaries, lost addresses, translations."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    DROP,
    Effect,
    Ruleset,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    Listener,
    NextHop,
    Route,
    RouteRule,
    State,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.addresses import choose_pair
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.listening import nobody_listens
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import APP_NUMBERS, APPS, GROUPS, app_rule, forward, match, rule, ruleset, small_lab
from tests.unit.policy.test_validate import TODAY, required

FEWER = {**GROUPS, "app": list(APPS[:9])}
OTHERS = [{"group": "app"}, {"group": "firewalls"}, {"group": "db_standby"}]
BOUNDARY = {"host": "fw1", "interface": "app0"}


def forbidden(*excepted: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    source: dict[str, Any] = {"any": True, "except": [*excepted]} if excepted else {"any": True}
    path = {"name": "f", "from": source, "to": {"group": "db_primary"}, "service": "postgresql"}
    return {"forbiddenPaths": [{**path, **more}]}


def proven(
    policy: Mapping[str, Any],
    states: Mapping[str, State],
    groups: Mapping[str, list[str]] = GROUPS,
    baseline: Mapping[str, State] | None = None,
    resolver: Callable[[str, str], Sequence[str]] | None = None,
) -> dict[str, Any]:
    report = validate(load_policy(policy), states, groups, baseline, resolver, today=TODAY)
    found: dict[str, Any] = report["paths"][0]
    return found


def only(*sources: str) -> dict[str, State]:
    """Both routers let these reach the databases, and nobody else."""
    asked = match(src=sources, dst=("10.20.1.10", "10.20.1.11"), proto="tcp", dport=5432)
    return small_lab(fw1=[forward(("only", asked))], fw2=[forward(("only", asked))])


def translated(port: int, target: str = "10.20.1.10", **matched: Any) -> Ruleset:
    effect = Effect("dnat", family=4, address=text.address_range(target)[1:], port=(port, port))
    rules = [rule(1, "dnat", match(**matched), ACCEPT, [effect])]
    return ruleset("ip/nat/pre", "prerouting", "permit", rules, priority=-100, type="nat", family="ip")


def test_any_begins_at_gathered_hosts_that_are_not_excepted() -> None:
    path = proven(forbidden(*OTHERS), only("10.10.1.200"), FEWER)
    assert (path["satisfied"], path["permitted"]["hosts"]) == ("no", ["app10"])
    assert proven(forbidden(*OTHERS), only("10.10.1.200"))["satisfied"] == "yes"


def test_an_excepted_host_that_was_not_gathered_leaves_no_certain_violation() -> None:
    states = only(*(f"10.10.1.{number}" for number in APP_NUMBERS))
    del states["app10"]
    path = proven(forbidden(*OTHERS), states)
    assert (path["status"], path["satisfied"]) == ("unknown", "unknown")
    assert path["unknown"]["reasons"] == ["app10 is excepted, and was not gathered"]


def test_excepted_names_are_resolved_or_leave_no_certain_violation() -> None:
    policy = forbidden(*OTHERS, {"dns": "monitor.example"})
    states = only("10.10.1.9")
    assert proven(forbidden(*OTHERS), states)["satisfied"] == "no"
    assert proven(policy, states)["satisfied"] == "unknown"
    assert proven(policy, states, resolver=lambda host, name: ["10.10.1.9"])["satisfied"] == "yes"
    assert proven(policy, states, resolver=lambda host, name: ["10.10.1.8"])["satisfied"] == "no"


def test_hosts_resolve_what_is_excepted_each_for_itself() -> None:
    policy = {
        "requiredPaths": [
            {
                "name": "p",
                "from": {"group": "app"},
                "to": {"group": "db", "except": {"dns": "standby.example"}},
                "service": "postgresql",
            }
        ]
    }
    asked = []

    def resolve(host: str, name: str) -> list[str]:
        asked.append((host, name))
        return ["10.20.1.11"] if len(asked) != differs else ["10.20.1.10"]

    states = small_lab(fw1=[forward(app_rule("10.10.1.0/24"))])
    differs = 0
    path = proven(policy, states, resolver=resolve)
    assert (path["satisfied"], path["share"]["pairs"]["total"]) == ("yes", 10)
    assert {host for host, _name in asked} == set(GROUPS["app"])
    asked.clear()
    differs = 3
    states["fw1"].rulesets = {"inet/filter/forward": forward()}
    path = proven(policy, states, resolver=resolve)
    assert path["satisfied"] == "unknown"
    assert path["unknown"]["reasons"] == [
        "it is excepted, and hosts resolve standby.example to different addresses"
    ]


def test_what_nobody_lets_pass_is_closed_whatever_is_excepted() -> None:
    states = only("10.77.0.1")
    states["fw1"].rulesets = {"inet/filter/forward": forward()}
    states["fw2"].rulesets = {"inet/filter/forward": forward()}
    assert proven(forbidden(*OTHERS, {"dns": "monitor.example"}), states)["satisfied"] == "yes"


def test_a_boundary_needs_an_interface_of_its_host() -> None:
    with pytest.raises(PolicyError, match="unknown interface of fw1 'ap0'") as caught:
        proven({**forbidden(), "boundaries": [{**BOUNDARY, "interface": "ap0"}]}, small_lab())
    assert "app0" in str(caught.value)


@pytest.mark.parametrize("both", [False, True])
def test_a_boundary_without_a_snapshot_is_unknown(both: bool) -> None:
    states = small_lab(fw2=[forward()])
    del states["fw1"]
    boundaries = [BOUNDARY, {**BOUNDARY, "host": "fw2"}] if both else [BOUNDARY]
    path = proven({**forbidden(*OTHERS), "boundaries": boundaries}, states)
    assert (path["satisfied"], path["unknown"]["missing"]) == ("unknown", ["fw1"])


def test_a_lost_service_address_is_cut_and_does_not_move_to_the_management_network() -> None:
    states = small_lab()
    states["db1"].interfaces["db0"].addresses = []
    states["db1"].rulesets = {}
    path = proven(required(), states, baseline=small_lab())
    assert (path["status"], path["satisfied"]) == ("blocked", "no")
    assert path["cut"]["to"] == ["10.20.1.10"]
    assert [item["reason"] for item in path["deciding"]] == ["db1 no longer has the address 10.20.1.10"]


def test_a_source_with_another_address_in_its_network_speaks_from_there() -> None:
    states = small_lab()
    states["app01"].interfaces["app0"].addresses = ["10.10.1.6/24"]
    assert proven(required(), states, baseline=small_lab())["satisfied"] == "yes"
    states["app01"].interfaces["app0"].addresses = []
    path = proven(required(), states, baseline=small_lab())
    assert path["cut"]["hosts"] == ["app01"]
    assert path["deciding"][0]["reason"] == "app01 no longer has the address 10.10.1.5"


def test_a_required_path_that_a_translation_leads_to_another_host_is_blocked() -> None:
    nat = translated(5432, "10.20.1.11", dst="10.20.1.10")
    path = proven(required(), small_lab(fw1=[nat, *small_lab()["fw1"].rulesets.values()]))
    assert (path["status"], path["satisfied"]) == ("blocked", "no")
    assert path["deciding"][0]["reason"].endswith("db2 takes the flows instead")


@pytest.mark.parametrize("value", [None, 0, 1.5, True, [None], ["other"], "replies_take_same_leg"])
def test_assume_is_a_list_of_known_names(value: Any) -> None:
    with pytest.raises(PolicyError, match="assume"):
        load_policy(required(assume=value))


@pytest.mark.parametrize(
    ("port", "target", "satisfied"),
    [(5432, "10.20.1.10", "no"), (22, "10.20.1.10", "yes"), (5432, "10.20.1.11", "yes")],
)
def test_a_translation_to_a_forbidden_destination_is_followed(port: int, target: str, satisfied: str) -> None:
    nat = translated(port, target, dst="10.10.1.1", proto="tcp", dport=15432)
    policy = forbidden(**{"from": {"group": "app"}})
    closed = proven(policy, small_lab(fw1=[nat, forward()], fw2=[forward()]))
    assert (closed["satisfied"], closed["unknown"]["reasons"]) == ("yes", [])
    inside = forward(("what was translated", match(dst="10.20.1.10", proto="tcp", sport="1024-65535")))
    guarded = [rule(1, "nobody asks directly", match(dst="10.20.1.10"), DROP)]
    raw = ruleset("ip/raw/pre", "prerouting", "permit", guarded, priority=-300, family="ip")
    path = proven(policy, small_lab(fw1=[raw, nat, inside], fw2=[forward()]))
    assert path["satisfied"] == satisfied
    if satisfied == "no":
        assert path["permitted"]["flows"][0]["dst"] == ["10.10.1.1"]
        assert path["permitted"]["flows"][0]["dst_port"] == ["15432"]


def test_a_translation_of_what_is_not_known_leaves_a_forbidden_path_unknown() -> None:
    nat = translated(5432, dst="10.10.1.1", proto="tcp", dport=15432)
    rate = Unknown("limit", "limit depends on earlier packets")
    nat.rules[0] = replace(nat.rules[0], match=both(nat.rules[0].match, rate), not_understood=("limit",))
    path = proven(forbidden(**{"from": {"group": "app"}}), small_lab(fw1=[nat, forward()], fw2=[forward()]))
    assert path["satisfied"] == "unknown"
    assert path["unknown"]["reasons"] == [
        "fw1 may translate other addresses or ports to the destination: dnat"
    ]


@pytest.mark.parametrize("to", [{"group": "db_primary"}, {"addresses": ["10.20.1.10"]}])
def test_a_redirect_on_a_forbidden_destination_leaves_it_unknown(to: Mapping[str, Any]) -> None:
    states = small_lab(fw1=[forward()], fw2=[forward()])
    asked = match(proto="tcp", dport=15432)
    moved = [rule(1, "redirect to :5432", asked, ACCEPT, [Effect("redirect", port=(5432, 5432))])]
    states["db1"].rulesets["ip/nat/pre"] = ruleset("ip/nat/pre", "prerouting", "permit", moved, type="nat")
    policy = forbidden(**{"from": {"group": "app"}, "to": to})
    assert proven(policy, states)["satisfied"] == "unknown"


@pytest.mark.parametrize("kind", ["requiredPaths", "forbiddenPaths"])
def test_a_plain_prefix_that_no_router_has_a_route_to_is_reported_as_unknown(kind: str) -> None:
    states = small_lab()
    for state in states.values():
        state.routes = [route for route in state.routes if not route.destination.endswith("/0")]
    policy = {
        kind: [
            {
                "name": "from elsewhere",
                "from": {"prefix": "192.0.2.0/24"},
                "to": {"group": "db_primary"},
                "service": "postgresql",
            }
        ]
    }
    path = proven(policy, states)
    assert (path["status"], path["satisfied"]) == ("unknown", "unknown")
    assert any("no gathered router has a route to their source" in why for why in path["unknown"]["reasons"])


def test_a_name_is_what_each_source_host_resolves_it_to() -> None:
    policy = {
        "requiredPaths": [
            {
                "name": "by name",
                "from": {"hosts": ["app01", "app02"]},
                "to": {"dns": "db.example"},
                "service": "postgresql",
            }
        ]
    }
    moved = {"app01": ["10.20.1.10"], "app02": ["10.20.1.66"]}
    path = proven(policy, small_lab(), resolver=lambda host, _name: moved[host])
    assert (path["status"], path["satisfied"]) == ("partial", "no")
    half = proven(policy, small_lab(), resolver=lambda host, _name: moved[host] if host == "app01" else [])
    assert half["satisfied"] == "unknown"
    assert "db.example resolves to no address on app02" in half["unknown"]["reasons"]
    offline = proven(policy, small_lab())
    assert offline["satisfied"] == "unknown"
    assert any("no answer is kept beside the snapshots" in why for why in offline["unknown"]["reasons"])


@pytest.mark.parametrize("to", [{"host": "db1"}, {"addresses": ["10.20.1.10"]}])
@pytest.mark.parametrize(("port", "expected"), [("5432", "blocked"), ("22", "open")])
def test_a_host_speaks_to_a_service_from_the_address_that_rules_for_it_choose(
    to: Mapping[str, Any], port: str, expected: str
) -> None:
    states = only("10.10.1.5")
    app01 = states["app01"]
    app01.interfaces["app0"].addresses.append("10.10.1.77/24")
    hops = [NextHop("app0", "10.10.1.1")]
    app01.routes.append(Route(4, "0.0.0.0/0", table="100", source="10.10.1.77", next_hops=hops))
    by_port = RouteRule(4, 9, "100", protocol="6", dst_port=port)
    app01.route_rules = [RouteRule(4, 0, "local"), by_port, RouteRule(4, 32766, "main")]
    policy = {"requiredPaths": [{"name": "p", "from": {"host": "app01"}, "to": to, "service": "postgresql"}]}
    assert proven(policy, states)["status"] == expected
    policy["requiredPaths"][0]["from"] = {"host": "app01", "addresses": ["10.10.1.5"]}
    policy["requiredPaths"][0]["to"] = {**to, "addresses": ["10.20.1.10"]}
    assert proven(policy, states)["status"] == "open"


def test_what_comes_for_an_address_on_a_loopback_may_come_by_any_interface() -> None:
    state = small_lab()["db1"]
    state.interfaces["lo"].addresses.append("10.20.1.77/32")
    state.listeners = [Listener("tcp", "0.0.0.0", 5432, "postgres", "db0")]
    asked = ("tcp", ((5432, 5432),), 4)
    for address in ("10.20.1.77", "10.20.1.10"):
        assert not nobody_listens(state, *asked, text.address_range(address)[1])
    assert nobody_listens(state, *asked, text.address_range("10.99.0.31")[1])


def test_hosts_with_a_thousand_addresses() -> None:
    """As a node of a cluster holds one for each service."""
    states = small_lab()
    for name in ("app01", "db1"):
        addresses = [f"10.96.{at >> 8}.{at & 255}/32" for at in range(1000)]
        states[name].interfaces["kube-ipvs0"] = Interface("kube-ipvs0", addresses, kind="dummy")
    network = Network(states, Space())
    begun = time.process_time()
    pair, others = choose_pair(network, "app01", "db1", 4)
    assert time.process_time() - begun < 2
    assert pair is not None
    assert [text.address_text(4, value) for value in (pair.source, pair.destination)] == [
        "10.10.1.5",
        "10.20.1.10",
    ]
    assert others == 1  # over the network for management


def test_flows_in_thousands_of_ranges_are_told() -> None:
    """What a large routing table leaves of a path to a wide prefix: what is open, what is not, and what did that."""
    now, before = (small_lab(fw1=[]) for _when in ("now", "before"))
    for states in (now, before):
        states["app01"].routes.append(Route(4, "0.0.0.0/0", next_hops=[NextHop("app0", "10.10.1.1")]))
        states["fw1"].interfaces["wan0"] = Interface("wan0", ["172.31.255.254/12"])
        states["fw1"].routes.append(Route(4, "172.16.0.0/12", next_hops=[NextHop("wan0")]))
    networks = [f"172.{16 + (at >> 9)}.{at >> 1 & 255}.{(at & 1) * 128}/26" for at in range(5000)]
    now["fw1"].routes += [Route(4, one, "blackhole") for one in networks]
    source = {"host": "app01", "addresses": ["10.10.1.5"]}
    to = {"addresses": ["172.16.0.0/12"]}
    policy = {"requiredPaths": [{"name": "p", "from": source, "to": to, "service": "postgresql"}]}
    path = proven(policy, now, baseline=before)
    assert (path["status"], path["before"]["status"]) == ("partial", "open")
    assert set(path["cut"]["to"]) == set(networks)
    assert not path["unknown"]["to"]
    [cure] = path["remedy"]
    assert cure["now"]["text"].startswith("blackhole 172.16.0.0/26; blackhole 172.16.0.128/26; ")
    assert cure["before"]["text"].endswith(" dev wan0")
