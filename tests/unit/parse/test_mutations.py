# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged output: an error that says so, or a state that survives JSON; never a crash, never fewer rules."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import (
    ipset,
    iptables,
    nft,
    parse_platform,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.host_facts import HostFacts

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "linux"
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**40,
    "",
    "x",
    "\\*",
    [],
    ["a"],
    {},
    {"set": []},
    {"set": [1]},
    {"range": [9]},
    1.5,
]
DUMP = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:WEB - [0:0]
-A FORWARD ! -s 10.10.1.0/24 -d 10.20.1.10/32 -i app+ -p tcp -m tcp --dport 5432 -m comment --comment "a \\"b\\"" -j WEB
-A FORWARD -p udp -m multiport ! --dports 53,1024:2048 -m conntrack --ctstate NEW,RELATED -g WEB
-A FORWARD -m set --match-set apps src,dst -m iprange --src-range 10.0.0.1-10.0.0.9 -m mark --mark 0x1/0xff -j DROP
-A FORWARD -p icmp -m icmp --icmp-type 3/4 -m addrtype --dst-type LOCAL -m limit --limit 3/sec -j REJECT
-A WEB -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DNAT --to-destination 10.20.1.10:80-90
COMMIT
"""
SETS = """create apps hash:net family inet hashsize 1024 timeout 300 netmask 24
add apps 10.10.1.0/24 timeout 12
create doors hash:ip,port family inet6
add doors fd00::1,tcp:80 comment "x"
create all list:set size 8
add all apps
"""


def places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Each container of a JSON document with a key into it."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found.append((value, key))
        places(value[key], found)
    return found


@pytest.mark.parametrize("seed", range(400))
def test_nft_json_with_one_odd_value(seed: int) -> None:
    draw = Random(seed)
    document = json.loads((FOLDER / "constructs.json").read_text(encoding="utf-8"))
    container, key = draw.choice(places(document, []))
    container[key] = draw.choice(ODD)
    try:
        found = nft.parse(nft.read(json.dumps(document)), "", HostFacts())
    except ParseError:
        return
    state = State("fw", rulesets=found.rulesets, chains=found.chains, sets=found.sets)
    shown = json.loads(json.dumps(state.to_dict()))
    assert State.from_dict(shown).to_dict() == shown


def damaged(draw: Random, text: str) -> str:
    words = text.split(" ")
    for _n in range(draw.randrange(1, 4)):
        at = draw.randrange(len(words))
        words[at : at + 1] = draw.choice(
            ([], [words[at], words[at]], ["!"], ['"'], ["-j"], ["--x"], [words[at][:-1]], ["99999999999"])
        )
    return " ".join(words)


@pytest.mark.parametrize("seed", range(400))
def test_a_damaged_iptables_dump_never_loses_a_rule(seed: int) -> None:
    text = damaged(Random(seed), DUMP)
    try:
        found = iptables.parse(text, "iptables", HostFacts(), {})
    except ParseError:
        return
    rules = [rule for one in (*found.rulesets.values(), *found.chains.values()) for rule in one.rules]
    assert len(rules) == sum(line.startswith("-A ") for line in text.splitlines())


@pytest.mark.parametrize("seed", range(200))
def test_damaged_sets_are_an_error_or_incomplete(seed: int) -> None:
    text = damaged(Random(seed), SETS)
    try:
        found = ipset.parse(text)
    except ParseError:
        return
    assert all(one.named.key == f"ipset/{name}" for name, one in found.items())


FACTS = {
    "links": [
        {
            "ifindex": 1,
            "ifname": "lo",
            "flags": ["UP"],
            "mtu": 1,
            "group": "default",
            "linkinfo": {"info_kind": "x"},
        }
    ],
    "addresses": [
        {
            "ifname": "lo",
            "addr_info": [
                {"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "broadcast": "127.255.255.255"}
            ],
        }
    ],
    "routes4": [
        {
            "dst": "default",
            "gateway": "10.0.0.1",
            "dev": "lo",
            "metric": 5,
            "nexthops": [{"gateway": "10.0.0.2", "dev": "lo", "weight": 1, "flags": []}],
        }
    ],
    "rules4": [
        {"priority": 0, "src": "10.0.0.0", "srclen": 8, "table": "local", "fwmark": "0x1", "fwmask": "0x3"}
    ],
}


@pytest.mark.parametrize("seed", range(300))
def test_facts_with_one_odd_value_are_read_or_named(seed: int) -> None:
    draw = Random(seed)
    name = draw.choice(sorted(FACTS))
    document = json.loads(json.dumps(FACTS[name]))
    container, key = draw.choice(places(document, []))
    container[key] = draw.choice(ODD)
    found = parse_platform("linux", "fw", {name: RawOutput(name, name, 0, json.dumps(document))})
    shown = json.loads(json.dumps(found.to_dict()))
    assert State.from_dict(shown).to_dict() == shown
    assert found.firewall_known is False
