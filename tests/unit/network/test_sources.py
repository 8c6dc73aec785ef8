# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address a host gives its own packets: as a kernel was seen to choose."""

from __future__ import annotations

import ipaddress
import time

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.reach import Question, reach
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.routes import Routing, own_addresses
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.sources import as_good
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.walk import Start
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, Effect
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NextHop,
    Route,
    State,
)
from tests.support.states import host, match, rule, ruleset, small_lab, stateful
from tests.unit.network.test_routes import ways
from tests.unit.network.test_walk import ask, verdict

NEAR = {"b": ["10.9.0.1/24", "fd00:9::1/64"]}


def chosen(state: State, towards: str) -> str:
    target = ipaddress.ip_address(towards)
    value, _gateway = Routing(state).source_for(target.version, int(target))
    return text.address_text(target.version, value) if value is not None else ""


def of(addresses: list[str], *, flags: dict[str, list[str]] | None = None, **others: list[str]) -> State:
    state = host("h", {"a": addresses, **others}, {"0.0.0.0/0": ["10.0.0.254 a"], "::/0": ["fd00::fe a"]})
    state.interfaces["a"].address_flags = flags or {}
    return state


@pytest.mark.parametrize(
    ("addresses", "flags", "expected"),
    [
        (["10.0.9.1/24", "10.0.0.5/24"], {}, "10.0.0.5"),  # in the gateway's network
        (["10.0.0.7/24", "10.0.0.5/24"], {"10.0.0.7/24": ["secondary"]}, "10.0.0.5"),
        (["10.0.0.7/25", "10.0.0.5/24"], {"10.0.0.7/25": ["host"]}, "10.0.0.5"),
        (["10.0.0.7/25", "10.0.0.5/24"], {"10.0.0.7/25": ["link"]}, "10.0.0.5"),
        (["10.0.0.7/24"], {"10.0.0.7/24": ["link"]}, "10.9.0.1"),  # of another interface
    ],
)
def test_ipv4(addresses: list[str], flags: dict[str, list[str]], expected: str) -> None:
    assert chosen(of(addresses, flags=flags, **NEAR), "192.0.2.1") == expected


def test_a_route_without_a_gateway_takes_the_first_address_of_its_interface() -> None:
    state = of(["10.0.0.7/24", "10.30.0.5/24"], flags={"10.0.0.7/24": ["link"]})
    state.routes = [Route(4, "10.30.0.0/24", next_hops=[NextHop("a")])]
    assert chosen(state, "10.30.0.9") == "10.0.0.7"


@pytest.mark.parametrize(
    ("addresses", "flags", "towards", "expected"),
    [
        (["fd00::5/64", "fd00:20:1:5::1/64"], {}, "fd00:20:1::10", "fd00:20:1:5::1"),  # rule 8
        (["fd00::5/64", "2001:db8::5/64"], {}, "2001:db8:1::10", "2001:db8::5"),  # rule 6
        (["2001:db8::5/64", "fd00::5/64"], {}, "fd00:20::10", "fd00::5"),
        (["fd00::5/64", "fd00::6/64"], {"fd00::5/64": ["deprecated"]}, "fd00:20::10", "fd00::6"),  # rule 3
        (["fd00::5/64", "fd00::6/64"], {"fd00::5/64": ["dadfailed"]}, "fd00:20::10", "fd00::6"),
        (["fd00::5/64", "fd00::6/64"], {"fd00::6/64": ["temporary"]}, "fd00:20::10", "fd00::5"),  # rule 7
        (["fd00::5/64"], {}, "fd00:9::77:1", "fd00:9::1"),  # its own network: the route's interface
    ],
)
def test_ipv6(addresses: list[str], flags: dict[str, list[str]], towards: str, expected: str) -> None:
    assert chosen(of(addresses, flags=flags, **NEAR), towards) == expected


def test_temporary_addresses_go_first_where_the_kernel_is_told_so() -> None:
    state = of(["fd00::5/64", "fd00::6/64"], flags={"fd00::6/64": ["temporary"]})
    state.settings["net.ipv6.conf.a.use_tempaddr"] = 2
    assert chosen(state, "fd00:20::10") == "fd00::6"


def asked6(states: dict[str, State]) -> str:
    space = Space()
    flow = {"src": "fd00:10:1::5", "dst": "fd00:20:1::10", "protocol": "tcp", "dst_port": 5432}
    flows = flows_from(space, {**flow, "src_port": "1024-65535"})
    return verdict(reach(Network(states, space), [Start("app01", "", flows)], Question(space.nothing)))


def test_who_has_a_duplicate_address_does_not_answer_for_it() -> None:
    states = small_lab(ipv6=True, fw1=[])
    assert asked6(states) == "open"
    states["db1"].interfaces["db0"].address_flags["fd00:20:1::10/64"] = ["tentative", "dadfailed"]
    assert asked6(states) == "denied"


@pytest.mark.parametrize(("dst", "expected"), [("10.20.1.10", "10.20.1.1"), ("10.30.1.10", "10.30.1.1")])
def test_masquerading_takes_an_address_near_the_next_hop(dst: str, expected: str) -> None:
    states = small_lab(fw1=[])
    state = states["fw1"]
    state.interfaces["db0"].addresses = ["10.30.1.1/24", "10.20.1.1/24"]
    state.routes.append(Route(4, "10.30.1.0/24", next_hops=[NextHop("db0")]))
    states["db1"].interfaces["db0"].addresses.append("10.30.1.10/24")
    states["db1"].routes.append(Route(4, "10.30.1.0/24", next_hops=[NextHop("db0")]))
    masked = [rule(1, "masquerade", ALWAYS, ACCEPT, [Effect("masquerade")])]
    state.rulesets["ip/nat/post"] = ruleset(
        "ip/nat/post", "postrouting", "permit", masked, type="nat", family="ip"
    )
    only = [rule(1, f"ip saddr {expected} accept", match(src=expected)), *stateful()]
    states["db1"].rulesets = {"ip/f/input": ruleset("ip/f/input", "input", "deny", only)}
    states["app01"].routes.append(Route(4, "10.30.1.0/24", next_hops=[NextHop("app0", "10.10.1.1")]))
    assert verdict(ask(states, dst=dst)) == "open"


def test_an_address_without_its_entry_in_the_local_table_is_nobodys() -> None:
    state = of(["10.0.0.5/24"])
    state.routes.append(Route(4, "127.0.0.0/8", "local", "local", next_hops=[NextHop("lo")]))
    assert ways(state, "10.0.0.5", in_interface="a") != {"10.0.0.5": "local::"}
    state.routes.append(Route(4, "10.0.0.5/32", "local", "local", next_hops=[NextHop("a")]))
    assert ways(state, "10.0.0.5", in_interface="a") == {"10.0.0.5": "local::"}


def test_next_hops_that_are_numbers_alone_are_not_known() -> None:
    state = of(["10.0.0.5/24"])
    state.routes = [Route(4, "10.30.0.0/24", kind="by nhid 9")]
    assert ways(state, "10.30.0.1") == {"10.30.0.1": "unknown::h: which next hop nhid 9 is was not gathered"}


def test_settings_of_a_vlan() -> None:
    """sysctl(8) writes the dot of its name as a slash."""
    state = host("h", {"a.7": ["fd00::5/64", "fd00::6/64"]}, {"::/0": ["fd00::fe a.7"]})
    state.interfaces["a.7"].address_flags = {"fd00::6/64": ["temporary"]}
    state.settings["net.ipv6.conf.a/7.use_tempaddr"] = 2
    assert chosen(state, "fd00:20::10") == "fd00::6"


def test_thousands_of_addresses_between_which_the_destination_decides() -> None:
    mine = own_addresses([Interface("a", [f"fd00::{at:x}/64" for at in range(1, 10_000)])])
    begun = time.process_time()
    assert as_good(mine, "a") == mine
    assert time.process_time() - begun < 1
