# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of many sites: a core, a border router and a firewall of some kind for each site, and hosts behind it.

Made from a seed, the same on every machine. Configurations are texts that the parsers read; routes are added as data.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    Listener,
    NextHop,
    Route,
    State,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.benchmarks.one_run import ALL_RULES
from tests.benchmarks.rulesets import TABLE, _payload

CORES = ("core1", "core2")
# The platforms of the sites' firewalls, in turn.
KINDS = ("cisco_ios", "linux", "cisco_asa", "cisco_ios", "linux", "juniper_junos", "cisco_ios")
APPS, DATABASES = 3, 2
PORTS = (5432, 3306, 443, 8443, 6379)
_LONGEST = {"uplink": (300, 900), "outbound": (60, 150), "firewall": (150, 400), "host": (15, 40)}


@dataclass
class Wanted:
    """A connection that the policy speaks of, from one site's networks to another's. ``missing``: where nobody made a
    rule for it."""

    source: int
    target: int
    port: int
    missing: str = ""


@dataclass
class Network:
    states: dict[str, State] = field(default_factory=dict)
    raw: dict[str, list[RawOutput]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)


def network(devices: int, paths: int, seed: int) -> Network:
    """So many devices: a site has a border router, a firewall, and five hosts; what is left over are more hosts."""
    pick = random.Random(seed)
    sites = (devices - len(CORES)) // (2 + APPS + DATABASES)
    extra = devices - len(CORES) - sites * (2 + APPS + DATABASES)
    found = Network()
    wanted = _policy(found, sites, extra, paths, pick)
    for site in range(sites):
        _Site(found, site, wanted, pick).build(extra if site == 0 else 0)
    for number, name in enumerate(CORES, 1):
        _core(found, name, number, sites, pick)
    return found


def _policy(found: Network, sites: int, extra: int, paths: int, pick: random.Random) -> list[Wanted]:
    for site in range(sites):
        more = extra if site == 0 else 0
        found.groups[f"app_{site}"] = [f"app{site}-{number}" for number in range(APPS + more)]
        found.groups[f"db_{site}"] = [f"db{site}-{number}" for number in range(DATABASES)]
    pairs = [(one, other) for one in range(sites) for other in range(sites) if one != other]
    wanted: dict[tuple[int, int, int], Wanted] = {}
    required: list[dict[str, Any]] = []
    forbidden: list[dict[str, Any]] = []
    while len(required) + len(forbidden) < paths:
        source, target = pick.choice(pairs)
        port, number = pick.choice(PORTS), len(required) + len(forbidden)
        app, db = f"app_{source}", f"db_{target}"
        if number % 8 == 7:
            end: dict[str, Any] = {"prefix": f"10.{source}.0.0/16"} if number % 16 == 7 else {"group": app}
            forbidden.append({"name": f"f{number}", "from": end, "to": {"group": db}, "service": 23})
            continue
        broken = pick.choice(("edge", "fw", "host")) if pick.random() < 0.03 else ""
        wanted.setdefault((source, target, port), Wanted(source, target, port, broken))
        kind = pick.randrange(10)
        source_end: dict[str, Any] = {"group": app} if kind < 4 else {"host": pick.choice(found.groups[app])}
        target_end: dict[str, Any] = {"group": db} if kind < 3 else {"host": pick.choice(found.groups[db])}
        if kind == 9:
            source_end = {"prefix": f"10.{source}.1.0/24"}
        required.append({"name": f"r{number}", "from": source_end, "to": target_end, "service": port})
    found.policy = {"title": "bench", "requiredPaths": required, "forbiddenPaths": forbidden}
    return list(wanted.values())


class _Site:
    """``10.<site>.1.0/24`` are applications, ``10.<site>.2.0/24`` databases, ``10.<site>.0.0/30`` is the link between
    firewall and border router; its links to the cores are those of ``_link``."""

    def __init__(self, found: Network, site: int, wanted: Iterable[Wanted], pick: random.Random) -> None:
        self.found, self.site, self.pick = found, site, pick
        self.mine = [one for one in wanted if site in (one.source, one.target)]

    def build(self, extra: int) -> None:
        site = self.site
        edge = self._edge()
        edge.routes = [
            *_connected(edge),
            _route(f"10.{site}.0.0/16", ("GigabitEthernet0/2", f"10.{site}.0.2")),
            _route(
                "0.0.0.0/0",
                ("GigabitEthernet0/0", _link(1, site, 1)),
                ("GigabitEthernet0/1", _link(2, site, 1)),
            ),
        ]
        firewall = getattr(self, f"_{KINDS[site % len(KINDS)]}")()
        out = next(
            item.name for item in firewall.interfaces.values() if f"10.{site}.0.2/30" in item.addresses
        )
        firewall.routes = [*_connected(firewall), _route("0.0.0.0/0", (out, f"10.{site}.0.1"))]
        firewall.forwarding = {"ipv4": True, "ipv6": False}
        for lan, kind, count in ((1, "app", APPS + extra), (2, "db", DATABASES)):
            for number in range(count):
                self._host(
                    f"{kind}{site}-{number}", f"10.{site}.{lan}.{10 + number}", f"10.{site}.{lan}.1", kind
                )

    def _rules(self, place: str) -> list[tuple[str, str, int]]:
        """(source, target, port) of the connections that a place lets through, among others that nobody asks about."""
        found = [
            (f"10.{one.source}.1.0", f"10.{one.target}.2.0", one.port)
            for one in self.mine
            if not (one.target == self.site and one.missing and one.missing in place)
        ]
        low, high = _LONGEST[place.partition(" ")[0]]
        for _each in range(max(self.pick.randrange(low, high) - len(found), 0)):
            ends = [f"11.{self.pick.randrange(100, 250)}.{self.pick.randrange(256)}.0" for _end in range(2)]
            found.append((ends[0], ends[1], self.pick.randrange(1024, 60000)))
        self.pick.shuffle(found)
        return found

    def _edge(self) -> State:
        site = self.site
        lines = _interface("GigabitEthernet0/0", _link(1, site, 2), 30, "UPLINK")
        lines += _interface("GigabitEthernet0/1", _link(2, site, 2), 30, "UPLINK")
        lines += _interface("GigabitEthernet0/2", f"10.{site}.0.1", 30, "OUTBOUND")
        lines += _list("UPLINK", self._rules("uplink edge"), self.pick)
        lines += _list("OUTBOUND", self._rules("outbound"), self.pick)
        return self._parsed(f"edge{site}", "cisco_ios", lines)

    def _cisco_ios(self) -> State:
        lines = _interface("GigabitEthernet0/0", f"10.{self.site}.0.2", 30, "INSIDE")
        lines += _interface("GigabitEthernet0/1", f"10.{self.site}.1.1", 24, "INSIDE")
        lines += _interface("GigabitEthernet0/2", f"10.{self.site}.2.1", 24, "INSIDE")
        lines += _list("INSIDE", self._rules("firewall fw"), self.pick)
        return self._parsed(f"fw{self.site}", "cisco_ios", lines)

    def _cisco_asa(self) -> State:
        lines = ["ASA Version 9.16(4)", "!"]
        ends = (("outside", 0, "0.2", 30), ("app", 50, "1.1", 24), ("db", 80, "2.1", 24))
        for number, (name, level, address, length) in enumerate(ends):
            lines += [
                f"interface GigabitEthernet0/{number}",
                f" nameif {name}",
                f" security-level {level}",
                f" ip address 10.{self.site}.{address} {_mask(length)}",
            ]
        for source, target, port in self._rules("firewall fw"):
            masks = "255.255.255.0"
            lines.append(f"access-list ALL extended permit tcp {source} {masks} {target} {masks} eq {port}")
        lines += [f"access-group ALL in interface {name}" for name, *_rest in ends]
        return self._parsed(f"fw{self.site}", "cisco_asa", lines)

    def _juniper_junos(self) -> State:
        lines = []
        for number, (address, length) in enumerate((("0.2", 30), ("1.1", 24), ("2.1", 24))):
            start = f"set interfaces ge-0/0/{number} unit 0 family inet"
            lines += [f"{start} address 10.{self.site}.{address}/{length}", f"{start} filter input ALL"]
        term = "set firewall family inet filter ALL term"
        lines += [
            f"{term} open from protocol tcp",
            f"{term} open from tcp-established",
            f"{term} open then accept",
        ]
        for number, (source, target, port) in enumerate(self._rules("firewall fw")):
            start = f"{term} t{number}"
            lines += [
                f"{start} from source-address {source}/24",
                f"{start} from destination-address {target}/24",
                f"{start} from protocol tcp",
                f"{start} from destination-port {port}",
                f"{start} then accept",
            ]
        return self._parsed(f"fw{self.site}", "juniper_junos", lines)

    def _linux(self) -> State:
        name = f"fw{self.site}"
        addresses = {
            "out0": f"10.{self.site}.0.2/30",
            "app0": f"10.{self.site}.1.1/24",
            "db0": f"10.{self.site}.2.1/24",
        }
        return self._of_linux(name, "forward", addresses, self._rules("firewall fw"))

    def _host(self, name: str, address: str, gateway: str, kind: str) -> None:
        rules = self._rules("host") if kind == "db" else []
        state = self._of_linux(name, "input", {"eth0": f"{address}/24"}, rules)
        state.routes = [*_connected(state), _route("0.0.0.0/0", ("eth0", gateway))]
        state.forwarding = {"ipv4": False, "ipv6": False}
        state.listeners = [Listener("tcp", "0.0.0.0", port) for port in PORTS] if kind == "db" else []

    def _of_linux(
        self, name: str, hook: str, addresses: dict[str, str], rules: list[tuple[str, str, int]]
    ) -> State:
        text = json.dumps({"nftables": _nft(hook, rules)})
        outputs = {one: RawOutput(one, one, 0, "", absent="the host has none") for one in ALL_RULES}
        outputs["nft_json"] = RawOutput("nft_json", "nft -j list ruleset", 0, text)
        state = parse_platform("linux", name, outputs)
        state.interfaces = {"lo": Interface("lo", ["127.0.0.1/8"], kind="loopback")}
        state.interfaces.update({key: Interface(key, [value]) for key, value in addresses.items()})
        self.found.states[name], self.found.raw[name] = state, [outputs["nft_json"]]
        state.unreadable = []
        return state

    def _parsed(self, name: str, platform: str, lines: list[str]) -> State:
        return _parsed(self.found, name, platform, lines)


def _parsed(found: Network, name: str, platform: str, lines: list[str]) -> State:
    output = RawOutput("running_config", "running_config", None, "\n".join([*lines, ""]))
    state = parse_platform(platform, name, {"running_config": output})
    state.forwarding = {"ipv4": True, "ipv6": False}
    state.unreadable = []
    found.states[name], found.raw[name] = state, [output]
    return state


def _link(core: int, site: int, end: int) -> str:
    """The core's end is 1, the border router's is 2; 64 sites to a /24."""
    return f"172.{16 + core}.{site // 64}.{4 * (site % 64) + end}"


def _core(found: Network, name: str, number: int, sites: int, pick: random.Random) -> None:
    lines: list[str] = []
    routes = []
    for site in range(sites):
        interface = f"TenGigabitEthernet{site // 8}/{site % 8}"
        lines += _interface(interface, _link(number, site, 1), 30, "INFRASTRUCTURE")
        routes.append(_route(f"10.{site}.0.0/16", (interface, _link(number, site, 2))))
    lines.append("ip access-list extended INFRASTRUCTURE")
    lines += [f" deny udp any host 192.168.{pick.randrange(256)}.{each} eq snmp" for each in range(100)]
    lines += [" permit ip any any"]
    state = _parsed(found, name, "cisco_ios", lines)
    state.routes = [*_connected(state), *routes]


def _interface(name: str, address: str, length: int, bound: str) -> list[str]:
    return [f"interface {name}", f" ip address {address} {_mask(length)}", f" ip access-group {bound} in"]


def _mask(length: int) -> str:
    return {24: "255.255.255.0", 30: "255.255.255.252"}[length]


def _list(name: str, rules: list[tuple[str, str, int]], pick: random.Random) -> list[str]:
    lines = [f"ip access-list extended {name}", " permit tcp any any established"]
    for source, target, port in rules:
        lines.append(f" permit tcp {source} 0.0.0.255 {target} 0.0.0.255 eq {port}")
        if pick.random() < 0.1:
            lines.append(f" deny udp {source} 0.0.0.255 any range {port} {port + 50} log")
    return lines


def _nft(hook: str, rules: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
    chain = {**TABLE, "chain": hook}
    base = {**TABLE, "name": hook, "handle": 1, "type": "filter", "hook": hook, "prio": 0, "policy": "drop"}
    state = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}
    found: list[dict[str, Any]] = [
        {"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
        {"table": {"family": "inet", "name": "filter", "handle": 1}},
        {"chain": base},
        {"rule": {**chain, "handle": 2, "expr": [state, {"accept": None}]}},
    ]
    for handle, (source, target, port) in enumerate(rules, 3):
        ends = [
            _payload("ip", name, {"prefix": {"addr": address, "len": 24}})
            for name, address in (("saddr", source), ("daddr", target))
        ]
        expression = [*ends, _payload("tcp", "dport", port), {"accept": None}]
        found.append({"rule": {**chain, "handle": handle, "expr": expression}})
    return found


def _route(prefix: str, *hops: tuple[str, str]) -> Route:
    return Route(4, prefix, next_hops=[NextHop(interface, via) for interface, via in hops])


def _connected(state: State) -> list[Route]:
    found = []
    for item in state.interfaces.values():
        for address in item.addresses if item.name != "lo" else ():
            value, _slash, length = address.partition("/")
            low = value.rpartition(".")
            last = int(low[2]) & ~((1 << 32 - int(length)) - 1)
            found.append(Route(4, f"{low[0]}.{last}/{length}", next_hops=[NextHop(item.name)]))
    return found
