# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States built by hand: a small network like the lab's, with rules as short tuples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    In,
    Match,
    Named,
    both,
    protocol,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    DROP,
    Effect,
    Rule,
    Ruleset,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    Listener,
    NextHop,
    Route,
    State,
)

APP_NUMBERS = (5, 14, 23, 33, 41, 52, 62, 66, 100, 200)
APPS = tuple(f"app{index:02}" for index in range(1, 11))


def match(**fields: Any) -> Match:
    """``src="10.0.0.0/8"``, ``dst``, ``proto="tcp"``, ``dport``, ``ct="established"``, ``iif``, ``oif``."""
    parts: list[Match] = []
    for name, value in fields.items():
        if name in ("src", "dst"):
            family = text.address_range(value if isinstance(value, str) else value[0])[0]
            values = [value] if isinstance(value, str) else list(value)
            parts.append(In(name, tuple(text.address_range(item)[1:] for item in values), family))
        elif name == "proto":
            parts.append(protocol(text.protocol_number(value)))
        elif name in ("dport", "sport"):
            field = {"dport": "dst_port", "sport": "src_port"}[name]
            parts.append(In(field, (text.number_range(str(value)),)))
        elif name == "flags":
            parts.append(In("tcp_flags", ((value, value),)))
        else:
            field = {"ct": "connection", "iif": "in_interface", "oif": "out_interface", "family": "family"}[
                name
            ]
            parts.append(Named(field, tuple(value) if not isinstance(value, str) else (value,)))
    return both(*parts)


def rule(
    position: int, words: str, matched: Match, verdict: Any = ACCEPT, effects: Sequence[Effect] = ()
) -> Rule:
    return Rule(position, matched, verdict, words, tuple(effects), handle=position + 10)


def ruleset(key: str, hook: str, default: str, rules: Iterable[Rule], **more: Any) -> Ruleset:
    return Ruleset(
        key,
        "nft",
        more.pop("family", "inet"),
        hook,
        more.pop("priority", 0),
        default,
        rules=list(rules),
        **more,
    )


def stateful(*accepts: tuple[str, Match]) -> list[Rule]:
    """established and related accepted, invalid dropped, then these."""
    rules = [
        rule(1, "ct state established,related accept", match(ct=("established", "related"))),
        rule(2, "ct state invalid drop", match(ct="invalid"), DROP),
    ]
    return rules + [rule(3 + index, words, matched) for index, (words, matched) in enumerate(accepts)]


def forward(*accepts: tuple[str, Match], default: str = "deny") -> Ruleset:
    return ruleset("inet/filter/forward", "forward", default, stateful(*accepts))


def host(
    name: str,
    interfaces: dict[str, list[str]],
    routes: dict[str, Sequence[str]],
    rulesets: Iterable[Ruleset] = (),
    forwarding: bool = False,
    listeners: Iterable[tuple[str, str, int]] = (),
) -> State:
    """``routes``: prefix -> ``["10.10.1.1 app0", ...]`` (gateway and interface), beside the connected ones."""
    state = State(name, firewall_known=True, forwarding={"ipv4": forwarding, "ipv6": forwarding})
    state.interfaces["lo"] = Interface("lo", ["127.0.0.1/8", "::1/128"], kind="loopback")
    for interface, addresses in interfaces.items():
        state.interfaces[interface] = Interface(interface, addresses)
        for address in addresses:
            family, low, _high = text.address_range(address.partition("/")[0])
            length = int(address.partition("/")[2])
            low -= low % (1 << text.WIDTH[family] - length)
            prefix = f"{text.address_text(family, low)}/{length}"
            state.routes.append(Route(family, prefix, next_hops=[NextHop(interface)]))
    for prefix, hops in routes.items():
        family = 6 if ":" in prefix else 4
        if isinstance(hops, str):
            state.routes.append(Route(family, prefix, kind=hops))
            continue
        next_hops = [NextHop(hop.split()[1], hop.split()[0]) for hop in hops]
        state.routes.append(Route(family, prefix, next_hops=next_hops))
    state.rulesets = {item.key: item for item in rulesets}
    state.listeners = [Listener(*item) for item in listeners]
    return state


def app_rule(source: str = "10.10.1.0/24", port: int | str = 5432) -> tuple[str, Match]:
    words = f"ip saddr {source} ip daddr {{ 10.20.1.10, 10.20.1.11 }} tcp dport {port} accept"
    return words, match(src=source, dst=("10.20.1.10", "10.20.1.11"), proto="tcp", dport=port)


def app_rule6() -> tuple[str, Match]:
    words = "ip6 saddr fd00:10:1::/64 ip6 daddr { fd00:20:1::10, fd00:20:1::11 } tcp dport 5432 accept"
    return words, match(src="fd00:10:1::/64", dst=("fd00:20:1::10", "fd00:20:1::11"), proto="tcp", dport=5432)


def small_lab(
    fw1: Iterable[Ruleset] | None = None,
    fw2: Iterable[Ruleset] | None = None,
    ecmp: bool = False,
    ipv6: bool = False,
    apps: Sequence[int] = APP_NUMBERS,
) -> dict[str, State]:
    """Ten app hosts, two routers, two databases, and a management network that all of them are in."""
    legs = (1, 2) if ecmp else (1,)
    states: dict[str, State] = {}

    def addresses(v4: str, v6: str) -> list[str]:
        return [v4, v6] if ipv6 else [v4]

    def over(side: int, interface: str) -> dict[str, list[str]]:
        far = 30 - side
        found = {f"10.{far}.1.0/24": [f"10.{side}.1.{leg} {interface}" for leg in legs]}
        if ipv6:
            found[f"fd00:{far}:1::/64"] = [f"fd00:{side}:1::{leg} {interface}" for leg in legs]
        return found

    for index, number in enumerate(apps):
        name = APPS[index]
        states[name] = host(
            name,
            {
                "app0": addresses(f"10.10.1.{number}/24", f"fd00:10:1::{number}/64"),
                "mgmt0": [f"10.99.0.{20 + index}/24"],
            },
            over(10, "app0"),
        )
    for index, rulesets in ((1, fw1), (2, fw2)):
        default = [forward(app_rule(), *([app_rule6()] if ipv6 else []))]
        states[f"fw{index}"] = host(
            f"fw{index}",
            {
                "app0": addresses(f"10.10.1.{index}/24", f"fd00:10:1::{index}/64"),
                "db0": addresses(f"10.20.1.{index}/24", f"fd00:20:1::{index}/64"),
                "mgmt0": [f"10.99.0.{10 + index}/24"],
            },
            {},
            list(rulesets) if rulesets is not None else default,
            forwarding=True,
        )
    for index in (1, 2):
        accepted = [
            ("iifname db0 tcp dport 5432 accept", match(iif="db0", proto="tcp", dport=5432)),
            ("iifname mgmt0 tcp dport 22 accept", match(iif="mgmt0", proto="tcp", dport=22)),
            ("icmpv6 type { 135, 136 } accept", both(protocol(58), In("icmp_type", ((135, 136),)))),
        ]
        states[f"db{index}"] = host(
            f"db{index}",
            {
                "db0": addresses(f"10.20.1.{9 + index}/24", f"fd00:20:1::{9 + index}/64"),
                "mgmt0": [f"10.99.0.{30 + index}/24"],
            },
            over(20, "db0"),
            [ruleset("inet/filter/input", "input", "deny", stateful(*accepted))],
            listeners=[("tcp", "0.0.0.0", 5432), ("tcp", "::", 5432), ("tcp", "0.0.0.0", 22)],
        )
    return states


GROUPS = {
    "app": list(APPS),
    "db_primary": ["db1"],
    "db_standby": ["db2"],
    "db": ["db1", "db2"],
    "firewalls": ["fw1", "fw2"],
    "all": [*APPS, "fw1", "fw2", "db1", "db2"],
}
