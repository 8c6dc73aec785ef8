# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, links, routes, routing rules, forwarding and sockets -> their part of the state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import match_to_dict
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    Listener,
    NextHop,
    Route,
    RouteRule,
    State,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import linux_facts
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.host_facts import HostFacts

LINKS = [
    {
        "ifindex": 1,
        "ifname": "lo",
        "flags": ["LOOPBACK", "UP", "LOWER_UP"],
        "mtu": 65536,
        "group": "default",
        "link_type": "loopback",
    },
    {
        "ifindex": 7,
        "link_index": 6,
        "ifname": "app0",
        "flags": ["BROADCAST", "UP"],
        "mtu": 1500,
        "group": "lan",
        "link_type": "ether",
        "linkinfo": {"info_kind": "veth"},
    },
    {
        "ifindex": 8,
        "ifname": "db0.5",
        "flags": ["BROADCAST"],
        "mtu": 1400,
        "master": "br0",
        "group": "5",
        "link_type": "ether",
        "linkinfo": {"info_kind": "vlan"},
    },
]
ADDRESSES = [
    {
        "ifname": "lo",
        "addr_info": [
            {"family": "inet", "local": "127.0.0.1", "prefixlen": 8},
            {"family": "inet6", "local": "::1", "prefixlen": 128},
        ],
    },
    {
        "ifname": "app0",
        "addr_info": [
            {"family": "inet", "local": "10.10.1.1", "prefixlen": 24, "broadcast": "10.10.1.255"},
            {"family": "inet6", "local": "fd00:10:1::1", "prefixlen": 64},
        ],
    },
    {},
]
ROUTES = [
    {
        "dst": "default",
        "gateway": "10.0.0.254",
        "dev": "app0",
        "metric": 100,
        "prefsrc": "10.10.1.1",
        "flags": [],
    },
    {
        "dst": "10.20.1.0/24",
        "nexthops": [
            {"gateway": "10.0.0.2", "dev": "app0", "weight": 1, "flags": []},
            {"gateway": "10.0.0.3", "dev": "app0", "weight": 2, "flags": ["dead", "linkdown"]},
        ],
    },
    {"dst": "10.30.0.0/16", "via": {"family": "inet6", "host": "fe80::1"}, "dev": "app0", "flags": []},
    {"type": "blackhole", "dst": "10.8.0.0/16", "flags": []},
    {"dst": "10.9.0.9", "dev": "app0", "scope": "link", "table": "77", "flags": []},
    {"type": "local", "dst": "10.10.1.1", "dev": "app0", "table": "local", "flags": []},
    {"type": "local", "dst": "127.0.0.0/8", "dev": "lo", "table": "local", "flags": []},
    {"type": "broadcast", "dst": "127.255.255.255", "dev": "lo", "table": "local", "flags": []},
    {"type": "local", "dst": "10.77.0.0/16", "dev": "lo", "table": "local", "flags": []},
]


def read(**texts: Any) -> tuple[State, HostFacts]:
    outputs = {
        name: RawOutput(name, name, 0, "") for name in ("routes4", "routes6", "rules4", "rules6", "listeners")
    }
    plain = {
        "links": LINKS,
        "addresses": ADDRESSES,
        "sysctl": "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.rp_filter = 0\n",
        **texts,
    }
    for name, value in plain.items():
        outputs[name] = RawOutput(name, name, 0, value if isinstance(value, str) else json.dumps(value))
    state = State("fw1")
    return state, linux_facts.read(state, outputs)


def test_interfaces() -> None:
    state, _facts = read()
    assert state.interfaces["app0"] == Interface(
        "app0", ["10.10.1.1/24", "fd00:10:1::1/64"], True, "veth", "", 1500, ["lan"]
    )
    assert state.interfaces["db0.5"] == Interface("db0.5", [], False, "vlan", "br0", 1400, ["5"])
    assert state.interfaces["lo"].kind == "loopback"
    assert state.unreadable == []


def test_routes() -> None:
    state, _facts = read(routes4=ROUTES)
    assert state.routes[:5] == [
        Route(4, "0.0.0.0/0", "unicast", "main", 100, "10.10.1.1", [NextHop("app0", "10.0.0.254")]),
        Route(4, "10.20.1.0/24", "unicast", "main", 0, "", [NextHop("app0", "10.0.0.2", 1)]),
        Route(4, "10.30.0.0/16", "unicast", "main", 0, "", [NextHop("app0", "fe80::1")]),
        Route(4, "10.8.0.0/16", "blackhole"),
        Route(4, "10.9.0.9/32", "unicast", "77", 0, "", [NextHop("app0")]),
    ]


def test_next_hops_that_are_numbers_alone() -> None:
    routes = [
        {"dst": "10.9.0.0/16", "nhid": 9},
        {"dst": "10.8.0.0/16", "nhid": 5, "dev": "app0", "gateway": "10.0.0.1"},
        {"type": "blackhole", "dst": "10.7.0.0/16", "nhid": 6},
    ]
    state, _facts = read(routes4=routes)
    assert [route.kind for route in state.routes] == ["by nhid 9", "unicast", "blackhole"]


def test_routes_that_are_for_some_packets_or_change_them() -> None:
    """As ip prints them: what encapsulates has keys that the route has, too."""
    wrapped = '{"dst":"10.30.0.0/24","encap":"ip","id":5,"src":"0.0.0.0","dst":"10.0.0.77","ttl":0,"tos":0,"dev":"app0"}'
    legs = (
        '{"dst":"10.31.0.0/24","nexthops":[{"encap":"mpls","dst":"100","gateway":"10.0.0.7","dev":"app0"}]}'
    )
    four, _facts = read(routes4=f"[{wrapped},{legs}]")
    assert [(route.destination, route.kind, route.tos) for route in four.routes] == [
        ("10.30.0.0/24", "encap ip", ""),
        ("10.31.0.0/24", "encap mpls", ""),
    ]
    some = {"dst": "default", "from": "fd00::/56", "gateway": "fe80::1", "dev": "app0", "metric": 512}
    six, _facts = read(routes6=[some, {**some, "from": "all", "metric": 1024}])
    assert [(route.destination, route.kind) for route in six.routes] == [
        ("::/0", "from fd00::/56"),
        ("::/0", "unicast"),
    ]


def test_what_is_said_of_addresses_and_links() -> None:
    info = [
        {"family": "inet", "local": "10.0.0.5", "prefixlen": 24, "scope": "global"},
        {"family": "inet", "local": "10.0.0.6", "prefixlen": 24, "scope": "link", "secondary": True},
        {"family": "inet6", "local": "fd00::5", "prefixlen": 64, "scope": "global", "deprecated": True},
        {"family": "inet6", "local": "fe80::5", "prefixlen": 64, "scope": "link"},
    ]
    links = [{"ifname": "app0", "flags": ["NO-CARRIER", "BROADCAST", "UP"]}]
    state, _facts = read(addresses=[{"ifname": "app0", "addr_info": info}], links=links)
    app0 = state.interfaces["app0"]
    assert (app0.up, app0.carrier) == (True, False)
    assert app0.address_flags == {"10.0.0.6/24": ["secondary", "link"], "fd00::5/64": ["deprecated"]}


def test_no_routes_are_no_routes() -> None:
    state, _facts = read(routes4="", routes6="[]")
    assert (state.routes, state.unreadable) == ([], [])


def test_routing_rules() -> None:
    rules = [
        {"priority": 0, "src": "all", "table": "local"},
        {
            "priority": 9,
            "src": "10.1.0.0",
            "srclen": 16,
            "dst": "10.2.0.1",
            "iif": "app0",
            "fwmark": "0x1",
            "fwmask": "0x3",
            "table": "77",
        },
        {"priority": 10, "src": "all", "action": "prohibit"},
        {"priority": 11, "src": "all", "not": None, "ipproto": "tcp", "table": "main"},
        {"priority": 12, "src": "all", "nop": None},
        {"priority": 13, "src": "all", "ipproto": "ipv6-icmp", "sport": 9, "dport_start": 1, "dport_end": 5},
        {"priority": 14, "src": "all", "uid_start": 0, "uid_end": 9, "oif": "app0", "table": "main"},
        {"priority": 15, "src": "all", "table": "main", "suppress_prefixlen": 0, "tos": "0x10"},
    ]
    state, _facts = read(rules4=rules)
    assert state.route_rules == [
        RouteRule(4, 0, "local"),
        RouteRule(4, 9, "77", "lookup", "10.1.0.0/16", "10.2.0.1", "app0", "0x1/0x3"),
        RouteRule(4, 10, "", "prohibit"),
        RouteRule(4, 11, "main", negated=True, protocol="6"),
        RouteRule(4, 13, "", protocol="58", src_port="9", dst_port="1-5"),
        RouteRule(4, 14, "main", users="0-9", out_interface="app0"),
        RouteRule(4, 15, "main", not_understood=["tos 0x10"], suppress_length=0),
    ]


def test_a_route_for_some_types_of_service() -> None:
    state, _facts = read(routes4=[{"dst": "10.9.0.0/16", "dev": "app0", "tos": "0x10", "table": "main"}])
    assert [route.tos for route in state.routes] == ["0x10"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n", {"ipv4": True, "ipv6": True}),
        ("net.ipv4.ip_forward = 0\nnet.ipv6.conf.all.forwarding = 0\n", {"ipv4": False, "ipv6": False}),
        ("net.ipv4.ip_forward = 1\n", {"ipv4": True, "ipv6": False}),
        ("net.ipv4.ip_forward = 1\nnet.ipv6.bindv6only = 0\n", {"ipv4": True, "ipv6": None}),
        ("kernel.hostname = x\n", {"ipv4": None, "ipv6": None}),
    ],
)
def test_forwarding(text: str, expected: dict[str, bool | None]) -> None:
    state, _facts = read(sysctl=text)
    assert state.forwarding == expected


def test_listeners() -> None:
    text = (
        'tcp   LISTEN 0      128                 0.0.0.0:22         0.0.0.0:*    users:(("sshd",pid=1,fd=3))\n'
        'tcp   LISTEN 0      100   [::ffff:127.0.0.1]:8005             *:*    users:(("java",pid=9,fd=6))\n'
        'tcp   LISTEN 0      200               127.0.0.1:5432       0.0.0.0:*    users:(("postgres",pid=2,fd=6))\n'
        'tcp   LISTEN 0      511                       *:80               *:*    users:(("a \\"b\\"",pid=3,fd=6))\n'
        "tcp   LISTEN 0      128                    [::]:22            [::]:*\n"
        "udp   UNCONN 0      0        127.0.0.53%lo:53         0.0.0.0:*\n"
        "udp   UNCONN 0      0      [fe80::1]%app0:546            [::]:*\n"
    )
    state, _facts = read(listeners=text)
    assert state.listeners == [
        Listener("tcp", "0.0.0.0", 22, "sshd"),
        Listener("tcp", "127.0.0.1", 8005, "java"),
        Listener("tcp", "127.0.0.1", 5432, "postgres"),
        Listener("tcp", "::", 80, 'a \\"b\\"', v6_only=False),
        Listener("tcp", "::", 22),
        Listener("udp", "127.0.0.53", 53, interface="lo"),
        Listener("udp", "fe80::1", 546, interface="app0"),
    ]


def test_identity() -> None:
    state, _facts = read(os="hostname=fw1\nkernel=6.1\nboot_id=ab-cd\nPRETTY_NAME=Debian\n")
    assert (state.hostname, state.boot_id) == ("fw1", "ab-cd")


@pytest.mark.parametrize("name", ["links", "addresses", "routes4", "rules6"])
@pytest.mark.parametrize("text", ['[{"dst":', "Object is remote", '{"a": 1}', "[1]"])
def test_output_that_is_no_json_is_unreadable(name: str, text: str) -> None:
    state, _facts = read(**{name: text})
    assert [item["what"] for item in state.unreadable] == [name]


def test_local_and_broadcast_addresses_are_those_of_the_local_table() -> None:
    _state, facts = read(routes4=ROUTES)
    local = match_to_dict(facts.address_type("dst", "local", 4))["dst"]
    assert "10.10.1.1" in local
    assert "10.77.0.0/16" in local, "a local route needs no address"
    assert "127.255.255.255" not in local
    assert match_to_dict(facts.address_type("dst", "broadcast", 4)) == {
        "dst": ["0.0.0.0/8", "10.10.1.255", "127.255.255.255", "255.255.255.255"],
        "family": 4,
    }


def test_a_packet_for_another_host_is_neither_local_nor_broadcast() -> None:
    _state, facts = read()
    unicast = match_to_dict(facts.address_type("dst", "unicast", 4))
    assert unicast["all"][0] == {"family": ["ipv4"]}
    assert "10.10.1.1" in unicast["all"][1]["not"]["dst"]


@pytest.mark.parametrize("word", ["local", "broadcast", "unicast", "anycast"])
def test_without_addresses_nothing_is_known_about_them(word: str) -> None:
    assert "unknown" in match_to_dict(HostFacts().address_type("dst", word))


def test_interfaces_by_index_and_group() -> None:
    _state, facts = read()
    assert match_to_dict(facts.interface_of("in_interface", 7)) == {"in_interface": ["app0"]}
    assert match_to_dict(facts.interface_of("in_interface", 99)) == {"any": []}
    assert match_to_dict(facts.group("in_interface", "lan")) == {"in_interface": ["app0"]}
    assert "unknown" in match_to_dict(HostFacts().group("in_interface", "lan"))


def test_settings_that_decide_about_packets() -> None:
    text = (
        "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 2\nnet.ipv4.conf.default.rp_filter = 1\n"
        "net.ipv4.conf.eth0/7.src_valid_mark = 1\nnet.ipv4.conf.lo.accept_local = 0\n"
        "net.ipv4.conf.eth0.route_localnet = 1\n"
    )
    state, _facts = read(sysctl=text)
    assert state.settings == {
        "net.ipv4.conf.all.rp_filter": 2,
        "net.ipv4.conf.eth0/7.src_valid_mark": 1,
        "net.ipv4.conf.lo.accept_local": 0,
        "net.ipv4.conf.eth0.route_localnet": 1,
    }
    assert "rp_filter" not in [item["what"] for item in state.unreadable]
    state, _facts = read(sysctl="net.ipv4.ip_forward = 1\n")
    assert "rp_filter" in [item["what"] for item in state.unreadable]


def test_interfaces_that_do_not_forward_though_the_host_does() -> None:
    lines = (
        "net.ipv4.conf.all.forwarding = 0\nnet.ipv4.conf.a.forwarding = 0\nnet.ipv4.conf.b.forwarding = 1\n"
    )
    state, _facts = read(sysctl=f"net.ipv4.ip_forward = 1\n{lines}")
    assert state.settings == {"net.ipv4.conf.a.forwarding": 0}
    state, _facts = read(sysctl=f"net.ipv4.ip_forward = 0\n{lines}")
    assert state.settings == {}
