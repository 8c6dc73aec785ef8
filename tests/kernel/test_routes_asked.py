# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules ask of the routes (``fib``, ``-m rpfilter``, ``-m addrtype``), against the kernel, over random routes.

Every question has a destination of its own, so that one load and one look-up of the state serve all."""

from __future__ import annotations

import ipaddress
import os
from collections import Counter
from random import Random
from typing import Any

import pytest

from tests.kernel.ask import gathered, verdicts
from tests.kernel.settings import SEED
from tests.kernel.world import World

ROUNDS = int(os.environ.get("PATHGUARD_KERNEL_ROUTES", "4"))
_LINKS = ("in0", "in1", "out0", "out1")
_ROUTES = (
    "ip route replace 10.0.0.0/22 via 10.255.1.2",
    "ip route replace 10.0.1.0/24 via 10.255.1.2",
    "ip route replace 10.0.2.0/24 nexthop via 10.255.0.2 nexthop via 10.255.1.2",
    "ip route replace blackhole 10.0.3.0/25",
    "ip route replace default via 10.255.1.2",
    "ip route replace local 10.0.3.128/26 dev lo",
    "ip route replace prohibit 10.0.3.64/27 table local",
    "ip -6 route replace prohibit fd00::3:0/112",
    "ip -6 route replace fd00::1:0/112 via fd00:ff:1::2",
    "ip -6 route replace unreachable fd00::2:0/112",
    "ip -6 route add fd00::/64 via fd00:ff:1::2 metric 512",
    "ip -6 route replace default via fd00:ff:1::2",
    "ip -6 route replace fe80::7/128 dev in1",
)
_RULES = (
    "ip rule add pref 90 fwmark 0x7 lookup 77",
    "ip rule add pref 91 from 10.1.0.0/24 lookup 77",
    "ip rule add pref 92 iif out0 lookup 77",
    "ip rule add pref 93 to 10.0.0.0/25 prohibit",
    "ip -6 rule add pref 90 fwmark 0x7 lookup 77",
    "ip -6 rule add pref 92 iif out0 lookup 77",
)
_PLAIN = """
for f in all {links}; do echo 1 > /proc/sys/net/ipv4/conf/$f/accept_local; done
for p in 90 91 92 93; do ip rule del pref $p; ip -6 rule del pref $p; done
ip route flush table 77; ip route add 10.0.0.0/22 via 10.255.1.2 table 77
ip -6 route flush table 77; ip -6 route add fd00::/64 via fd00:ff:1::2 table 77
for n in default 10.0.1.0/24 10.0.2.0/24 'blackhole 10.0.3.0/25' 'local 10.0.3.128/26' 'prohibit 10.0.3.64/27 table local'; do ip route del $n; done
ip route replace 10.0.0.0/22 via 10.255.0.2
for n in default fd00::1:0/112 'unreachable fd00::2:0/112' 'prohibit fd00::3:0/112' fe80::7 'fd00::/64 metric 512'; do ip -6 route del $n; done
true
"""
_MARKS = """
table inet marks {
  chain p { type filter hook prerouting priority -299;
    ip saddr 10.0.0.0/23 ip saddr & 1 == 1 meta mark set 7; ip6 saddr & ::1 == ::1 meta mark set 7; }
}
"""
# At which hooks; the kernel refuses others.
_NFT = (
    ("prerouting input forward", "fib saddr . iif oif missing"),
    ("prerouting input forward", "fib saddr . iif oif exists"),
    ("prerouting forward", "fib saddr . mark . iif oif missing"),
    ("prerouting forward", "fib saddr . iif oif != 0"),
    ("prerouting forward", "fib saddr . iif oif in1"),
    ("prerouting forward", "fib saddr . iif oif != in1"),
    ("prerouting", "fib saddr . iif oif { in0, out0 }"),
    ("prerouting", 'fib saddr . iif oifname "in*"'),
    ("prerouting", "fib saddr oif in1"),
    ("prerouting", "fib saddr . mark oif { in0, in1 }"),
    ("prerouting", "fib saddr oif missing"),
    ("prerouting", "fib daddr oif out0"),
    ("prerouting", "fib daddr . iif oif exists"),
    ("prerouting input", "fib daddr . iif type local"),
    ("prerouting forward", "fib saddr type local"),
    ("prerouting forward", "fib saddr type != unicast"),
    ("prerouting", "fib saddr . iif type { local, broadcast }"),
    ("prerouting", "fib saddr . iif type unicast"),
    ("forward", "fib daddr . oif type local"),
    ("prerouting input", "fib daddr type { local, multicast }"),
    ("prerouting", "fib saddr type unreachable"),
    ("prerouting", "fib saddr type { prohibit, blackhole }"),
    ("prerouting", "fib saddr type unicast"),
)
_IPTABLES = (
    "-m rpfilter",
    "-m rpfilter --invert",
    "-m rpfilter --loose",
    "-m rpfilter --loose --invert",
    "-m rpfilter --validmark --invert",
    "-m rpfilter --accept-local",
    "-m rpfilter --loose --accept-local --invert",
    "-m addrtype --src-type UNICAST",
    "-m addrtype ! --src-type LOCAL",
    "-m addrtype --src-type LOCAL --limit-iface-in",
    "-m addrtype --src-type LOCAL,UNREACHABLE",
    "-m addrtype ! --src-type UNICAST --dst-type LOCAL,UNICAST",
)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces with raw packets need root"),
    pytest.mark.timeout(60 + 20 * ROUNDS),
]


def _targets(number: int, local: bool) -> tuple[str, str]:
    """The destinations of one question."""
    last = number + 1
    return (f"10.2.0.{last}", f"fd00:2::{last:x}") if local else (f"10.1.0.{last}", f"fd00:1::{last:x}")


def _sources(own: str) -> list[tuple[str, str]]:
    """(address, the interface that packets from it come by). ``own``: a link-local one of the firewall."""
    plain = (
        *(
            "10.0.0.5",
            "10.0.0.200",
            "10.0.1.9",
            "10.0.2.77",
            "10.0.3.7",
            "10.0.3.70",
            "10.0.3.130",
            "10.0.3.200",
        ),
        *("10.9.9.9", "10.255.0.1", "10.255.0.2", "10.255.0.255", "10.255.2.1"),
        *(
            "fd00::5",
            "fd00::1:9",
            "fd00::2:8",
            "fd00::3:8",
            "fd00:9::1",
            "fd00:ff::1",
            "fd00:ff::2",
            "fd00:ff:2::1",
        ),
        *("fe80::5", "fe80::7", own),
    )
    return [(address, link) for address in plain for link in ("in0", "in1")]


def _packets(own: str, number: int, local: bool) -> list[dict[str, Any]]:
    found = []
    four, six = _targets(number, local)
    for index, (source, link) in enumerate(_sources(own)):
        wide = ":" in source
        if wide and source.startswith("fe80") and not local:
            continue  # no router passes these on
        found.append(
            {
                "src": source,
                "dst": six if wide else four,
                "protocol": "udp",
                "src_port": 2000 + index,
                "dst_port": 53,
                "in_interface": link,
                **({} if local else {"out_interface": "out0"}),
            }
        )
    return found


def _rules(local: bool) -> tuple[str, dict[str, str], list[str]]:
    """The nft document, that of each iptables, and each question in words by its number."""
    chains: dict[str, list[str]] = {}
    words: list[str] = []
    for hooks, question in _NFT:
        for hook in hooks.split():
            if hook == ("forward" if local else "input"):
                continue
            four, six = _targets(len(words), local)
            chains.setdefault(hook, []).extend(
                f"{match} {question} drop" for match in (f"ip daddr {four}", f"ip6 daddr {six}")
            )
            words.append(f"{hook}: {question}")
    tables = {"iptables": "*mangle\n:PREROUTING ACCEPT\n", "ip6tables": "*mangle\n:PREROUTING ACCEPT\n"}
    for question in _IPTABLES:
        four, six = _targets(len(words), local)
        tables["iptables"] += f"-A PREROUTING -d {four} {question} -j DROP\n"
        tables["ip6tables"] += f"-A PREROUTING -d {six} {question} -j DROP\n"
        words.append(question)
    text = "table inet q {\n"
    for hook, lines in chains.items():
        body = "\n".join(lines)
        text += f"chain {hook} {{ type filter hook {hook} priority -10;\n{body}\n}}\n"
    return text + "}\n", {tool: table + "COMMIT\n" for tool, table in tables.items()}, words


@pytest.mark.parametrize("local", [False, True], ids=["forwarded", "to the firewall"])
def test_questions_to_the_routes(world: World, local: bool) -> None:
    text, tables, words = _rules(local)
    hook = "input" if local else "forward"
    seen: Counter[str] = Counter()
    own = world.fw.run("ip -6 -o addr show dev in0 scope link")["stdout"].split()[3].partition("/")[0]
    for number in range(ROUNDS):
        draw = Random(f"{SEED} routes asked {number}")
        settings = [*draw.sample(_ROUTES, draw.randrange(0, 6)), *draw.sample(_RULES, draw.choice((0, 1, 2)))]
        world.clear()
        world.fw.run(_PLAIN.format(links=" ".join(_LINKS)), check=False)
        for command in settings:
            world.fw.run(command, check=False)
        world.fw.run("nft -f -", stdin=text + (_MARKS if number % 2 else ""))
        variant = "legacy" if number % 3 else "nft"
        for tool, table in tables.items():
            world.fw.run(f"{tool}-{variant}-restore", stdin=table)
        state = gathered(world)
        assert not state.not_understood, state.not_understood[:3]
        asked = [(words[index], flow) for index in range(len(words)) for flow in _packets(own, index, local)]
        flows = [flow for _question, flow in asked]
        expected, got = verdicts(state, hook, flows), world.passed(hook, flows)
        wrong = [
            (question, flow["src"], flow["in_interface"], verdict, passed)
            for (question, flow), verdict, passed in zip(asked, expected, got)
            if verdict != "unknown" and (verdict == "permit") is not passed
        ]
        assert not wrong, f"{len(wrong)}: {wrong[:5]}\n" + "\n".join(settings)
        seen.update(
            f"{ipaddress.ip_address(flow['src']).version} {one}" for flow, one in zip(flows, expected)
        )
    print(dict(seen))
    for family in (4, 6):
        assert seen[f"{family} permit"]
        assert seen[f"{family} deny"]
        assert seen[f"{family} unknown"] <= 0.01 * (seen[f"{family} permit"] + seen[f"{family} deny"]), seen
