# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that drop neighbour discovery leave a way over IPv6 unknown, and say which they are."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.reach import Question, Reach, reach
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.walk import Start
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import In, Unknown, both, protocol
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, DROP, Rule, Ruleset
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.states import match, rule, ruleset, small_lab

SOLICIT, ADVERT = 135, 136


def message(kind: int, **more: object) -> object:
    return both(protocol(58), In("icmp_type", ((kind, kind),)), match(**more))


def drops(hook: str, kind: int, **more: object) -> Ruleset:
    return ruleset(
        f"inet/nd/{hook}", hook, "permit", [rule(1, f"icmpv6 type {kind} drop", message(kind, **more), DROP)]
    )


def ask(states: dict[str, State], family: int = 6) -> Reach:
    space = Space()
    ends = {6: ("fd00:10:1::5", "fd00:20:1::10"), 4: ("10.10.1.5", "10.20.1.10")}[family]
    flows = space.everything.only("protocol", ((6, 6),)).only("dst_port", ((5432, 5432),))
    for field, address in zip(("src", "dst"), ends):
        flows = flows.only(field, (text.address_range(address)[1:],), family)
    return reach(Network(states, space), [Start("app01", "", flows)], Question(space.nothing))


def verdict(found: Reach) -> str:
    return "+".join(name for name in ("open", "denied", "unknown") if getattr(found, name))


def said(found: Reach) -> list[str]:
    return list(dict.fromkeys(event.reason for event in found.events if event.hook == "route"))


def with_rules(host: str, *rulesets: Ruleset) -> dict[str, State]:
    states = small_lab(ipv6=True)
    states[host].rulesets.update({one.key: one for one in rulesets})
    return states


def test_what_lets_neighbours_be_found_is_open() -> None:
    assert verdict(ask(small_lab(ipv6=True))) == "open"


@pytest.mark.parametrize("host", ["app01", "fw1", "db1"])
@pytest.mark.parametrize("hook", ["input", "output", "prerouting", "postrouting"])
@pytest.mark.parametrize("kind", [SOLICIT, ADVERT])
def test_dropped_on_any_side_of_the_way(host: str, hook: str, kind: int) -> None:
    found = ask(with_rules(host, drops(hook, kind)))
    assert verdict(found) == "unknown"
    assert any(
        f"{host} drops neighbour" in why and f"icmpv6 type {kind} drop" in why for why in said(found)
    ), said(found)


def test_ipv4_does_not_need_it() -> None:
    assert verdict(ask(with_rules("fw1", drops("input", SOLICIT)), family=4)) == "open"


def test_another_interface_does_not_matter() -> None:
    assert verdict(ask(with_rules("fw1", drops("input", SOLICIT, iif="mgmt0")))) == "open"
    assert verdict(ask(with_rules("fw1", drops("input", SOLICIT, iif="db0")))) == "unknown"


def test_a_default_action_is_named() -> None:
    states = small_lab(ipv6=True)
    states["fw1"].rulesets["inet/own/input"] = ruleset("inet/own/input", "input", "deny", [])
    assert any(
        "fw1 drops neighbour solicitations on app0 by inet/own/input's default action" in why
        for why in said(ask(states))
    )


def test_a_router_asks_from_its_link_local_address() -> None:
    """RFC 4861, 7.2.2: a host asks from the address of the packet that waits, a router has none of these."""
    states = small_lab(ipv6=True)
    only_link_local = [
        rule(1, "from link-local", both(message(SOLICIT), match(src="fe80::/10"))),
        rule(2, "others", message(SOLICIT), DROP),
    ]
    states["db1"].rulesets["inet/nd/in"] = ruleset("inet/nd/in", "input", "permit", only_link_local)
    assert verdict(ask(states)) == "open", "only the router asks the database"
    states["fw1"].rulesets["inet/nd/in"] = ruleset("inet/nd/in", "input", "permit", only_link_local)
    assert any("app01 does not find fd00:10:1::1 anew" in why for why in said(ask(states)))


def test_what_is_not_certainly_dropped_does_not_count() -> None:
    """As of ``ip6 hoplimit 255``, which is true of these packets."""
    hops = Rule(1, both(message(SOLICIT), Unknown("hoplimit", "hoplimit 255")), ACCEPT, "hoplimit 255 accept")
    states = with_rules(
        "fw1", ruleset("inet/nd/in", "input", "deny", [hops, rule(2, "advert", message(ADVERT))])
    )
    assert verdict(ask(states)) == "open"


def test_a_tunnel_has_no_neighbours_to_find() -> None:
    states = with_rules("fw1", drops("input", SOLICIT))
    for name, interface in (("app01", "app0"), ("fw1", "app0"), ("fw1", "db0"), ("db1", "db0")):
        states[name].interfaces[interface].kind = "wireguard"
    assert verdict(ask(states)) == "open"


def test_rules_that_are_not_known_say_nothing_of_it() -> None:
    states = with_rules("app01", drops("output", SOLICIT))
    states["app01"].firewall_known = False
    found = ask(states)
    assert verdict(found) == "unknown"
    assert not any("neighbour" in why for why in said(found))
