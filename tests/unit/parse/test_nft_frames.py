# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables about frames: what may drop those of a bridge's ports makes the packets of the bridge unknown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.unreachable import unreachable
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import iptables, linux_facts, nft
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.host_facts import HostFacts

LO = {"ifindex": 1, "ifname": "lo", "link_type": "loopback"}
PORT = {"ifindex": 2, "ifname": "in0", "link_type": "ether", "master": "br0"}
BRIDGE = {"ifindex": 3, "ifname": "br0", "link_type": "ether", "linkinfo": {"info_kind": "bridge"}}
VLAN = {
    "ifindex": 4,
    "ifname": "br0.5",
    "link": "br0",
    "link_type": "ether",
    "linkinfo": {"info_kind": "vlan"},
}
OTHER = {"ifindex": 5, "ifname": "eth1", "link_type": "ether"}
BRIDGED = [LO, PORT, BRIDGE, VLAN, OTHER]
ARP = "ether type arp accept"


def state(table: str, links: list[dict[str, Any]] | None) -> State:
    """A host with these rules; ``links`` None: they were not gathered."""
    found = State("h")
    outputs = {} if links is None else {"links": RawOutput("links", "ip", 0, json.dumps(links))}
    facts = linux_facts.read(found, outputs)
    rules = nft.parse(nft.read_text(table, "rules"), "", facts)
    found.rulesets, found.chains, found.sets = rules.rulesets, rules.chains, rules.sets
    return found


def bridge(hook: str, *rules: str, policy: str = "accept") -> str:
    lines = "\n".join(rules)
    return (
        f"table bridge b {{ chain c {{ type filter hook {hook} priority 0; policy {policy};\n{lines}\n}} }}"
    )


def netdev(hook: str, *rules: str, device: str = "in0") -> str:
    lines = "\n".join(rules)
    return f"table netdev n {{ chain c {{ type filter hook {hook} device {device} priority 0;\n{lines}\n}} }}"


def verdict(found: State, hooks: Iterable[str], family: str, **interfaces: str) -> str:
    """The verdict on the whole of these flows, with the reasons of what is unknown."""
    space = Space()
    firewall = HostFirewall(found, space)
    flows = space.everything.named("family", (family,))
    for field, name in interfaces.items():
        flows = flows.named(field, (name,))
    outcome = firewall.hooks(tuple(hooks), flows)
    for name in ("permit", "deny", "unknown"):
        if flows == getattr(outcome, name):
            reasons = {part.reason for part in outcome.parts if part.verdict == "unknown"}
            return f"{name} {'; '.join(sorted(reasons))}".strip()
    return "mixed"


REASON = "unknown frames of bridges may be dropped by it, and flows don't tell their form"
WAYS = {"in": ("ingress", "prerouting", "input"), "out": ("output", "postrouting", "egress")}


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize(
    ("hook", "way"),
    [("prerouting", "in"), ("input", "in"), ("output", "out"), ("postrouting", "out")],
)
@pytest.mark.parametrize(
    ("rules", "policy"),
    [
        ((ARP,), "drop"),
        (("ether type ip drop", "ether type ip6 drop"), "accept"),
        (("jump aside",), "accept"),
    ],
)
def test_what_a_bridge_may_drop_is_unknown(
    hook: str, way: str, family: str, rules: tuple[str, ...], policy: str
) -> None:
    table = bridge(hook, *rules, policy=policy).replace("chain c", "chain aside { drop; }\nchain c")
    field = f"{way}_interface"
    found = state(table, BRIDGED)
    found = State.from_dict(found.to_dict())
    assert "bridge/b/c" in found.rulesets
    assert verdict(found, WAYS[way], family, **{field: "br0"}) == REASON
    assert verdict(found, WAYS[way], family, **{field: "br0.5"}) == REASON
    assert verdict(found, WAYS[way], family, **{field: "eth1"}) == "permit"
    not_gathered = state(table, None)
    assert verdict(not_gathered, WAYS[way], family, **{field: "eth1"}) == REASON
    assert verdict(not_gathered, WAYS[way], family, **{field: "lo"}) == "permit"
    assert verdict(state(table, [LO, OTHER]), WAYS[way], family, **{field: "eth1"}) == "permit"


@pytest.mark.parametrize(
    "table",
    [
        bridge("input", ARP, "counter", "ip saddr 192.0.2.1 accept"),
        bridge("forward", ARP, policy="drop"),
        "table bridge b { chain c { drop; } }",
    ],
)
def test_what_drops_nothing_that_comes_to_the_host_changes_nothing(table: str) -> None:
    for way, hooks in WAYS.items():
        assert verdict(state(table, BRIDGED), hooks, "ipv4", **{f"{way}_interface": "br0"}) == "permit"


def test_a_host_without_bridges_keeps_its_rules_as_they_are_read() -> None:
    with_none = state(bridge("input", ARP, policy="drop"), [LO, OTHER]).rulesets["bridge/b/c"]
    assert (with_none.family, with_none.hook, with_none.default_action) == ("bridge", "input", "deny")


def test_all_rules_of_a_bridge_stay_visible() -> None:
    chain = state(bridge("input", ARP, "ip saddr 192.0.2.1 drop", policy="drop"), BRIDGED).rulesets[
        "bridge/b/c"
    ]
    assert [(rule.position, rule.text) for rule in chain.rules] == [
        (1, ARP),
        (2, "ip saddr 192.0.2.1 drop"),
        (3, "policy drop"),
    ]


def test_what_a_new_table_of_a_bridge_does_is_a_difference() -> None:
    found = firewall_difference(state("", BRIDGED), state(bridge("input", ARP, policy="drop"), BRIDGED))
    told = json.dumps(found, default=str)
    assert "unknown" in told
    assert "bridge/b/c" in told


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize(("hook", "way"), [("ingress", "in"), ("egress", "out")])
def test_a_chain_of_a_port_is_asked_about_what_stands_on_it(hook: str, way: str, family: str) -> None:
    field = f"{way}_interface"
    dropping = state(netdev(hook, "tcp dport 22 drop"), BRIDGED)
    assert "below the interface may be dropped" in verdict(dropping, WAYS[way], family, **{field: "br0"})
    assert "below the interface may be dropped" in verdict(dropping, WAYS[way], family, **{field: "br0.5"})
    assert verdict(dropping, WAYS[way], family, **{field: "eth1"}) == "permit"
    counting = state(netdev(hook, "tcp dport 22 counter"), BRIDGED)
    assert verdict(counting, WAYS[way], family, **{field: "br0"}) == "permit"
    alone = state(netdev(hook, "drop", device="eth1"), BRIDGED)
    assert verdict(alone, WAYS[way], family, **{field: "br0"}) == "permit"
    assert verdict(alone, WAYS[way], family, **{field: "eth1"}) == "deny"


@pytest.mark.parametrize("links", [BRIDGED, [LO, OTHER], None])
def test_no_rule_about_frames_is_told_as_unreachable(links: list[dict[str, Any]] | None) -> None:
    aside = bridge("input", ARP, "drop", "jump aside").replace("chain c", "chain aside { drop; }\nchain c")
    frames = netdev(
        "ingress", "meta protocol ip accept", "meta protocol ip6 accept", "meta protocol arp drop"
    )
    assert unreachable(state(f"{aside}\n{frames}", links)) == []


def test_rules_about_routing_headers_are_not_told_as_unreachable() -> None:
    chain = "type filter hook input priority 0;\nrt type 0 drop\nmeta protocol arp drop\ntcp dport 22 accept"
    assert unreachable(state(f"table ip6 f {{ chain c {{ {chain}\n}} }}", BRIDGED)) == []
    ufw = "*filter\n:INPUT DROP [0:0]\n-A INPUT -m rt --rt-type 0 -j DROP\n-A INPUT -j ACCEPT\nCOMMIT\n"
    found = State("h")
    found.rulesets = iptables.parse(ufw, "ip6tables", HostFacts(), {}).rulesets
    assert unreachable(found) == []
