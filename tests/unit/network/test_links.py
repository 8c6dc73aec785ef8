# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What links and masks do to packets, whatever the rules say: each was met with real connections."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NextHop,
    Route,
    State,
)
from tests.support.states import match, rule, ruleset, small_lab, stateful
from tests.unit.network.test_walk import ask, reasons, verdict


def without_carrier(states: dict[str, State], host: str, interface: str) -> None:
    states[host].interfaces[interface].carrier = False


@pytest.mark.parametrize(
    ("host", "interface"), [("app01", "app0"), ("fw1", "app0"), ("fw1", "db0"), ("db1", "db0")]
)
def test_a_link_without_carrier_brings_nothing(host: str, interface: str) -> None:
    states = small_lab()
    without_carrier(states, host, interface)
    found = ask(states)
    assert verdict(found) == "denied"
    assert {why for _direction, _host, why in reasons(found)} == {f"{host}: {interface} has no carrier"}


def test_a_next_hop_without_carrier_keeps_its_share() -> None:
    states = small_lab(ecmp=True)
    without_carrier(states, "fw2", "app0")
    found = ask(states)
    assert verdict(found) == "denied"
    assert {why for _direction, _host, why in reasons(found)} == {"fw2: app0 has no carrier"}


def test_another_interface_on_the_same_network_may_answer() -> None:
    """Linux answers for all of its addresses on each of its interfaces (``arp_ignore`` 0)."""
    states = small_lab()
    without_carrier(states, "db1", "db0")
    states["db1"].interfaces["mgmt0"].addresses = ["10.20.1.50/24"]
    for route in states["db1"].routes:
        route.next_hops = [NextHop("mgmt0", hop.via) for hop in route.next_hops]
    assert verdict(ask(states)) == "unknown"


@pytest.mark.parametrize(("host", "mask"), [("app01", "10.10.1.5/8"), ("db1", "10.20.1.10/8")])
def test_a_mask_too_wide_finds_nobody_for_certain(host: str, mask: str) -> None:
    states = small_lab(fw1=[])
    state = states[host]
    name = "app0" if host == "app01" else "db0"
    state.interfaces[name].addresses = [mask]
    state.routes = [route for route in state.routes if not any(hop.via for hop in route.next_hops)]
    state.routes.append(Route(4, "10.0.0.0/8", next_hops=[NextHop(name)]))
    found = ask(states)
    assert verdict(found) == "unknown"
    [why] = {why for _direction, _host, why in reasons(found)}
    assert f"{host} has " in why
    assert f"does not have {host}" in why


def test_a_narrow_mask_with_a_route_to_the_gateway_is_enough() -> None:
    states = small_lab()
    state = states["db1"]
    state.interfaces["db0"].addresses = ["10.20.1.10/30"]
    state.routes = [route for route in state.routes if route.destination != "10.20.1.0/24"]
    state.routes.append(Route(4, "10.20.1.1/32", next_hops=[NextHop("db0")]))
    assert verdict(ask(states)) == "open"


@pytest.mark.parametrize(("at", "expected"), [("app04", "open"), ("db2", "denied")])
def test_an_address_on_another_host_s_loopback_is_found_on_its_own_networks_alone(
    at: str, expected: str
) -> None:
    """An address of the database that an application host holds, too (a leftover, a virtual address of a balancer)."""
    states = small_lab()
    states[at].interfaces["lo"].addresses.append("10.20.1.10/32")
    states[at].rulesets = {"inet/f/input": ruleset("inet/f/input", "input", "deny", stateful())}
    assert verdict(ask(states)) == expected


@pytest.mark.parametrize(("host", "interface"), [("fw1", "app0"), ("db1", "db0")])
def test_an_interface_that_is_down_takes_nothing(host: str, interface: str) -> None:
    states = small_lab()
    states[host].interfaces[interface].up = False
    assert verdict(ask(states)) == "denied"
    assert f"{host}: {interface} is down" in {why for _direction, _host, why in reasons(ask(states))}


@pytest.mark.parametrize("kind", ["loopback", "dummy"])
def test_what_comes_for_an_address_on_a_loopback_comes_in_by_a_network(kind: str) -> None:
    """Most hosts accept all that comes in by lo."""
    states = small_lab()
    name = "lo" if kind == "loopback" else "vip0"
    db1 = states["db1"]
    db1.interfaces.setdefault(name, Interface(name, kind=kind)).addresses.append("10.20.1.77/32")
    states["fw1"].rulesets = {}
    by_lo = rule(1, f"iifname {name} accept", match(iif=name))
    rules = [by_lo, *stateful()[:1]]
    db1.rulesets = {"inet/f/input": ruleset("inet/f/input", "input", "deny", rules)}
    found = ask(states, dst="10.20.1.77")
    assert verdict(found) == "denied"
    assert ("new", "db1", "default action: deny") in reasons(found)
    rules.append(rule(3, "iifname db0 accept", match(iif="db0")))
    db1.rulesets = {"inet/f/input": ruleset("inet/f/input", "input", "deny", rules)}
    assert verdict(ask(states, dst="10.20.1.77")) == "open"


@pytest.mark.parametrize(("link", "expected"), [("vrrp.51", "open"), ("db0", "denied")])
def test_what_comes_for_a_virtual_router_s_address_comes_in_by_its_own_link(link: str, expected: str) -> None:
    """As keepalived has them with use_vmac: the address is alone on a macvlan, whose frames have its own address."""
    states = small_lab()
    states["fw1"].rulesets = {}
    db1 = states["db1"]
    db1.interfaces["vrrp.51"] = Interface("vrrp.51", ["10.20.1.77/32"], kind="macvlan")
    rules = [*stateful()[:1], rule(2, f"iifname {link} accept", match(iif=link))]
    db1.rulesets = {"inet/f/input": ruleset("inet/f/input", "input", "deny", rules)}
    assert verdict(ask(states, dst="10.20.1.77")) == expected
