# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A generated network as what its hosts print: everything that firewall_info asks them, as text.

The states of ``networks`` have their routes and listeners as data; here they are texts, so that reading them is part of
what is measured. A Linux host prints JSON, a device its routing table as its vendor shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Route, State
from tests.benchmarks.networks import Network

# What these hosts have not, so that nothing is unknown about them.
_ABSENT = ("iptables_nft", "ip6tables_nft", "iptables_legacy", "ip6tables_legacy", "ipset")
_RULES = [{"priority": 0, "src": "all", "table": "local"}, {"priority": 32766, "src": "all", "table": "main"}]


def outputs(found: Network) -> dict[str, list[RawOutput]]:
    """Host -> what its commands print."""
    made = {}
    for name, state in found.states.items():
        rules = found.raw[name]
        if state.platform == "linux":
            made[name] = [*rules, *_of_linux(state)]
        else:
            text = "\n".join(_TABLES[state.platform](state)) + "\n"
            made[name] = [*rules, RawOutput("routes4", "show route", None, text)]
    return made


def _of_linux(state: State) -> Iterator[RawOutput]:
    def said(name: str, value: Any) -> RawOutput:
        text = value if isinstance(value, str) else json.dumps(value)
        return RawOutput(name, name, 0, f"{text}\n")

    for name in _ABSENT:
        yield RawOutput(name, name, 0, "", absent="the host has none")
    interfaces = [
        {
            "ifindex": index,
            "ifname": item.name,
            "flags": ["LOOPBACK" if item.name == "lo" else "BROADCAST", "UP", "LOWER_UP"],
            "mtu": 1500,
            "operstate": "UP",
            "group": "default",
            "link_type": "loopback" if item.name == "lo" else "ether",
        }
        for index, item in enumerate(state.interfaces.values(), 1)
    ]
    yield said("links", interfaces)
    addresses = [
        {**shown, "addr_info": [_address(text) for text in item.addresses]}
        for shown, item in zip(interfaces, state.interfaces.values())
    ]
    yield said("addresses", addresses)
    yield said("routes4", [*map(_linux_route, state.routes), *_local_routes(state)])
    yield said("routes6", [])
    yield said("rules4", _RULES)
    yield said("rules6", _RULES)
    listening = [f"tcp LISTEN 0 128 {item.address}:{item.port} 0.0.0.0:*" for item in state.listeners]
    yield said("listeners", "\n".join(listening) or "udp UNCONN 0 0 127.0.0.1:323 0.0.0.0:*")
    forwards = int(bool(state.forwarding.get("ipv4")))
    settings = [f"net.ipv4.ip_forward = {forwards}", "net.ipv6.conf.all.forwarding = 0"]
    for item in ("all", "default", *state.interfaces):
        settings += [f"net.ipv4.conf.{item}.forwarding = {forwards}", f"net.ipv4.conf.{item}.rp_filter = 0"]
    yield said("sysctl", "\n".join(settings))


def _address(text: str) -> dict[str, Any]:
    local, _slash, length = text.partition("/")
    return {"family": "inet", "local": local, "prefixlen": int(length), "scope": "global"}


def _linux_route(route: Route) -> dict[str, Any]:
    [hop] = route.next_hops
    dst = "default" if route.destination == "0.0.0.0/0" else route.destination
    shown: dict[str, Any] = {"dst": dst, "dev": hop.interface, "flags": []}
    return {**shown, "gateway": hop.via} if hop.via else {**shown, "protocol": "kernel", "scope": "link"}


def _local_routes(state: State) -> Iterator[dict[str, Any]]:
    for item in state.interfaces.values():
        for text in item.addresses:
            address = text.partition("/")[0]
            yield {"type": "local", "dst": address, "dev": item.name, "table": "local", "flags": []}


def _ios(state: State) -> Iterator[str]:
    yield "Codes: L - local, C - connected, S - static"
    yield ""
    yield "Gateway of last resort is not set"
    yield ""
    for route in state.routes:
        first, *more = [f"via {hop.via}, {hop.interface}" for hop in route.next_hops if hop.via] or [""]
        if first:
            yield f"S     {route.destination} [1/0] {first}"
            yield from (f"               [1/0] {other}" for other in more)
        else:
            yield f"C     {route.destination} is directly connected, {route.next_hops[0].interface}"


def _asa(state: State) -> Iterator[str]:
    yield "Codes: L - local, C - connected, S - static"
    yield "Gateway of last resort is not set"
    yield ""
    for route in state.routes:
        address, _slash, length = route.destination.partition("/")
        mask = ".".join(str((0xFFFFFFFF << 32 - int(length) >> shift) & 255) for shift in (24, 16, 8, 0))
        for hop in route.next_hops:
            if hop.via:
                yield f"S        {address} {mask} [1/0] via {hop.via}, {hop.interface}"
            else:
                yield f"C        {address} {mask} is directly connected, {hop.interface}"


def _junos(state: State) -> Iterator[str]:
    yield ""
    count = len(state.routes)
    yield f"inet.0: {count} destinations, {count} routes ({count} active, 0 holddown, 0 hidden)"
    yield "+ = Active Route, - = Last Active, * = Both"
    yield ""
    for route in state.routes:
        kind = "Static/5" if route.next_hops[0].via else "Direct/0"
        yield f"{route.destination:<18} *[{kind}] 2w1d 04:09:01"
        for hop in route.next_hops:
            yield f"                    >  {f'to {hop.via} ' if hop.via else ''}via {hop.interface}"


_TABLES = {"cisco_ios": _ios, "cisco_asa": _asa, "juniper_junos": _junos}
