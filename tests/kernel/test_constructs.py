# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each construct of nft and of iptables by itself, against the kernel, with what must be known and what must not.

The tables are in ``constructs_nft`` and ``constructs_iptables``. Each line has destination addresses of its own, by
which one chain sends packets to the rules of that line, so that one load serves many of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.reach import union
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from tests.kernel import constructs_iptables as iptables
from tests.kernel import constructs_nft as nft
from tests.kernel.ask import WAY, Packets, gathered, verdict_of
from tests.kernel.settings import needs_root
from tests.kernel.world import World

pytestmark = needs_root(4)
Flow = dict[str, Any]
# Source, the interface that it comes by, protocol, ports.
_PACKETS = (
    ("10.0.0.5", "in0", "tcp", 20000, 80),
    ("10.0.0.5", "in0", "udp", 53, 53),
    ("10.0.0.5", "in0", "icmp", 0, 0),
    ("10.0.1.9", "in0", "tcp", 1024, 22),
    ("10.0.1.9", "in0", "tcp", 20000, 80),
    ("10.0.2.200", "in1", "tcp", 20000, 8080),
    ("10.0.2.200", "in1", "udp", 53, 53),
    ("fd00::5", "in0", "tcp", 20000, 80),
    ("fd00::5", "in0", "icmpv6", 0, 0),
    ("fd00::1:9", "in1", "tcp", 1024, 22),
    ("fd00::1:9", "in1", "udp", 53, 53),
)
_GROUP = 20
_QUERY = {"icmp": 8, "icmpv6": 128}
# What else is asked about, and not sent, to see that what can't be known is not told.
_UNSENT = ("esp", "ah", "sctp", "dccp")


@dataclass(frozen=True)
class Line:
    """``words``: of the table; ``rules``: what they became, placeholders and all; ``known``: what is expected."""

    number: int
    words: str
    rules: tuple[str, ...]
    known: bool

    @property
    def four(self) -> str:
        return f"10.1.{self.number // 200}.{self.number % 200 + 1}"

    @property
    def six(self) -> str:
        return f"fd00:1::{self.number + 1:x}"

    def written(self) -> list[str]:
        return [rule.replace("{four}", self.four).replace("{six}", self.six) for rule in self.rules]

    def flows(self, hook: str) -> list[Flow]:
        return list(_flows(self, hook))


def _flows(line: Line, hook: str) -> Iterator[Flow]:
    for source, link, protocol, first, second in _PACKETS:
        found: Flow = {"src": source, "dst": line.six if ":" in source else line.four, "protocol": protocol}
        if hook != "output":
            found["in_interface"] = link
        if hook == "forward":
            found["out_interface"] = "out0"
        if protocol in _QUERY:
            yield {**found, "icmp_type": _QUERY[protocol]}
        else:
            yield {**found, "src_port": first, "dst_port": second}


def _lines(
    known: Sequence[tuple[str, tuple[str, ...]]], unknown: Sequence[tuple[str, tuple[str, ...]]]
) -> list[Line]:
    every = [(words, rules, True) for words, rules in known] + [
        (words, rules, False) for words, rules in unknown
    ]
    return [Line(number, words, rules, is_known) for number, (words, rules, is_known) in enumerate(every)]


def _both_ways(matches: Sequence[str], accept: str, drop: str) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for match in matches:
        found.append((f"{match}: drop", (f"{match} {drop}",)))
        found.append((f"{match}: accept", (f"{match} {accept}", drop)))
    return found


def _whole(rules: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    return [(rule, tuple(part.strip() for part in rule.split(";"))) for rule in rules]


NFT = _lines(
    [*_both_ways(nft.KNOWN_MATCHES, "accept", "drop"), *_whole(nft.KNOWN_RULES)],
    [*_both_ways(nft.UNKNOWN_MATCHES, "accept", "drop"), *_whole(nft.UNKNOWN_RULES)],
)


def check(world: World, lines: Sequence[Line], hook: str = "forward", family: int = 0) -> None:
    """Every line's packets fare as the analysis says, and it says as much as the table promises."""
    state = gathered(world)
    assert state.firewall_known, state.unreadable
    wrong, vague, bold = [], [], []
    space = Space()
    firewall = HostFirewall(state, space)
    asked = [
        [flow for flow in line.flows(hook) if family != (4 if ":" in flow["src"] else 6)] for line in lines
    ]
    got = iter(world.passed(hook, [flow for flows in asked for flow in flows]))
    for line, flows, verdicts in zip(lines, asked, _verdicts(firewall, space, hook, asked)):
        passed = [next(got) for _flow in flows]
        wrong += [
            f"{line.words}: {flow}: {verdict}, kernel {came}"
            for flow, verdict, came in zip(flows, verdicts, passed)
            if verdict != "unknown" and (verdict == "permit") is not came
        ]
        if line.known and "unknown" in verdicts:
            vague.append(line.words)
        if (
            not line.known
            and "unknown" not in verdicts
            and not _unsure(firewall, space, hook, line.six if family == 6 else line.four)
        ):
            bold.append(line.words)
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:20])
    assert not vague, "unknown, and the table says known:\n" + "\n".join(vague)
    assert not bold, "known, and the table says unknown:\n" + "\n".join(bold)


def _verdicts(
    firewall: HostFirewall, space: Space, hook: str, asked: Sequence[Sequence[Flow]]
) -> Iterator[list[str]]:
    kinds = Packets(space)
    for flows in asked:
        packets = [kinds.set_of(flow) for flow in flows]
        outcome = firewall.hooks(WAY[hook], union(space.nothing, packets))
        yield [verdict_of(outcome, one) for one in packets]


def _unsure(firewall: HostFirewall, space: Space, hook: str, target: str) -> bool:
    """Whether something is unknown of packets that are not sent: other protocols, later ones of a connection."""
    there = {"dst": target, "mark": 0, "ct_mark": 0, "in_interface": "in0"}
    asked = [{**there, "protocol": protocol} for protocol in _UNSENT]
    asked.append({**there, "protocol": "tcp", "connection": "established"})
    return any(firewall.hooks(WAY[hook], flows_from(space, flow)).unknown for flow in asked)


def _nft_document(lines: Sequence[Line]) -> str:
    chains, groups = [], []
    for name, some in _grouped(lines):
        ends = [f"{some[0].four}-{some[-1].four}", f"{some[0].six}-{some[-1].six}"]
        groups += [f"ip daddr {ends[0]} goto {name}", f"ip6 daddr {ends[1]} goto {name}"]
        dispatch = []
        for line in some:
            chains.append(f"chain c{line.number} {{\n" + "\n".join(line.written()) + "\n}\n")
            dispatch += [
                f"ip daddr {line.four} goto c{line.number}",
                f"ip6 daddr {line.six} goto c{line.number}",
            ]
        chains.append(f"chain {name} {{\n" + "\n".join(dispatch) + "\n}\n")
    base = "type filter hook forward priority 0; policy accept;\n" + "\n".join(groups)
    return f"table inet constructs {{{nft.OBJECTS}{''.join(chains)}chain base {{ {base}\n}}\n}}\n"


def _grouped(lines: Sequence[Line]) -> Iterator[tuple[str, list[Line]]]:
    """Lines with neighbouring addresses, and the chain that tells them apart: no packet asks hundreds of rules."""
    for number, some in groupby(lines, lambda line: line.number // _GROUP):
        yield f"g{number}", list(some)


def _load(world: World, lines: Sequence[Line]) -> bool:
    world.clear()
    return bool(world.fw.run("nft -f -", stdin=_nft_document(lines), check=False)["rc"] == 0)


def _loadable(lines: Sequence[Line], load: Callable[[Sequence[Line]], bool]) -> list[Line]:
    """Those that this kernel and these tools know."""
    if load(lines):
        return list(lines)
    half = len(lines) // 2
    return [*_loadable(lines[:half], load), *_loadable(lines[half:], load)] if half else []


def test_nft(world: World) -> None:
    lines = _loadable(NFT, lambda some: _load(world, some))
    left_out = [line.words for line in NFT if line not in lines]
    assert len(left_out) < 0.1 * len(NFT), left_out
    assert _load(world, lines)
    check(world, lines)


# Where the rules of a line stand, by the word that it begins with.
_PLACES = {
    "filter": ("filter", "FORWARD"),
    "mangle": ("mangle", "FORWARD"),
    "early": ("mangle", "PREROUTING"),
    "raw": ("raw", "PREROUTING"),
}
_SETS = re.compile(r"(--(?:match|add|del|map)-set \w+)")


def _of_family(family: int) -> list[Line]:
    """The lines that a family has: each begins with its table."""

    def mine(listed: Sequence[str], table: str = "") -> list[str]:
        plain = [
            one[2:] if one[:2] == f"{family}:" else one for one in listed if one[:2] != f"{10 - family}:"
        ]
        return [f"{table}{one}" for one in plain]

    def named(rules: list[tuple[str, tuple[str, ...]]]) -> list[tuple[str, tuple[str, ...]]]:
        if family == 4:
            return rules
        return [(words, tuple(_SETS.sub(r"\g<1>6", rule) for rule in some)) for words, some in rules]

    def every(matches: Sequence[str], rules: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
        found = _both_ways(mine(matches), "-j ACCEPT", "-j DROP")
        found = [(words, (f"filter {first}", *rest)) for words, (first, *rest) in found]
        return named([*found, *_whole(mine(rules))])

    return _lines(
        every(iptables.KNOWN_MATCHES, iptables.KNOWN_RULES),
        every(iptables.UNKNOWN_MATCHES, iptables.UNKNOWN_RULES),
    )


def _names(line: Line) -> list[str]:
    """The ipsets that a line asks or fills: not every kernel has all types."""
    return [found.split()[1] for rule in line.rules for found in _SETS.findall(rule)]


def _iptables_document(lines: Sequence[Line], family: int) -> str:
    chains: dict[str, list[str]] = {}
    rules: dict[str, list[str]] = {}
    for table, hook in _PLACES.values():
        chains.setdefault(table, [":aside - [0:0]"]).append(f":{hook} ACCEPT [0:0]")
        rules[table] = ["-A aside -p tcp --dport 22 -j DROP", "-A aside -p udp -j DROP"]
    for line in lines:
        first, *others = line.written()
        place, _blank, first = first.partition(" ")
        table, hook = _PLACES[place]
        chains[table].append(f":c{line.number} - [0:0]")
        rules[table].append(f"-A {hook} -d {line.four if family == 4 else line.six} -g c{line.number}")
        rules[table] += [f"-A c{line.number} {rule}" for rule in (first, *others)]
    return "".join("\n".join([f"*{table}", *chains[table], *rules[table], "COMMIT\n"]) for table in rules)


@pytest.mark.parametrize(("family", "variant"), [(4, "nft"), (6, "legacy")])
def test_iptables(world: World, family: int, variant: str) -> None:
    every, tool = _of_family(family), f"ip{'6' if family == 6 else ''}tables-{variant}-restore"

    def load(lines: Sequence[Line]) -> bool:
        world.clear()
        for sets in iptables.IPSETS.split("\n\n"):
            world.fw.run("ipset restore", stdin=sets, check=False)
        done = world.fw.run(tool, stdin=_iptables_document(lines, family), check=False)
        return bool(done["rc"] == 0)

    load([])
    there = set(world.fw.run("ipset list -n")["stdout"].split())
    lines = _loadable([line for line in every if there.issuperset(_names(line))], load)
    left_out = [line.words for line in every if line not in lines]
    assert len(left_out) < 0.1 * len(every), left_out
    assert load(lines)
    check(world, lines, family=family)
