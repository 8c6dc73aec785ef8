# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First packets, their answers and what follows, through marks and translations, against the kernel.

``PATHGUARD_KERNEL_PATHS`` rulesets of each kind (nft, iptables of both backends), from ``PATHGUARD_KERNEL_SEED``.
A disagreement prints the smallest ruleset and flow that still show it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.journey import plain
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.reach import Question, reach
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.walk import Start
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.kernel import draw as of
from tests.kernel.generate_paths import IptablesPaths, NftPaths, iptables_text, nft_text
from tests.kernel.reduce import smallest
from tests.kernel.test_verdicts import SEED, gathered
from tests.kernel.world import LINKS, World

RULESETS = int(os.environ.get("PATHGUARD_KERNEL_PATHS", "25"))
FLOWS = 56
_EDGES = frozenset(("fw", link) for link, _side in LINKS)
_ASKED = ("src", "dst", "protocol", "src_port", "dst_port", "icmp_type")
# What is not followed: which connection a translated packet belonged to before (``ct original``).
_FOLLOWED_BUT_FOR = "before its translation is not followed"

# The long run has twenty times the rulesets, and other stages may share the machine.
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces with raw packets need root"),
    pytest.mark.timeout(60 + 30 * RULESETS),
]

Load = Callable[[World], bool]


@dataclass(frozen=True)
class Told:
    """``verdict``: of the whole exchange. ``first``: whether the first packet passes; None: not known. ``reasons``:
    why it is not known; ``said``: of whatever stops or may stop packets, where it is no rule."""

    verdict: str
    first: bool | None
    reasons: tuple[str, ...]
    said: tuple[str, ...] = ()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as found:
        yield found


def flows_of(draw: Random, count: int) -> list[dict[str, Any]]:
    """Each with a source port or identifier of its own: translated ones don't get into each other's way."""
    found = of.flows(draw, "forward", count)
    for number, flow in enumerate(found):
        flow["id"] = number + 1
        if "src_port" in flow:
            flow["src_port"] = 20000 + number
    return found


def told(state: State, flows: list[dict[str, Any]]) -> list[Told]:
    space = Space()
    network = Network({"fw": state}, space)
    found = []
    for flow in flows:
        asked = {key: flow[key] for key in _ASKED if key in flow}
        if "icmp_type" in asked:
            asked["icmp_code"] = 0
        one = plain(flows_from(space, asked))
        answer = reach(network, [Start("fw", flow["in_interface"], one)], Question(space.everything, _EDGES))
        kinds = [name for name in ("open", "denied", "unknown") if getattr(answer, name)]
        assert len(kinds) == 1, f"one flow has {kinds}: {flow}"
        undecided = [event for event in answer.events if event.verdict == "unknown"]
        denied = {event.direction for event in answer.events if event.verdict == "deny"}
        reasons = tuple(part.reason for event in undecided for part in event.parts(one))
        said = tuple(event.reason for event in answer.events if event.reason)
        found.append(Told(kinds[0], None if undecided else "new" not in denied, reasons, said))
    return found


def disagree(answer: Told, got: tuple[bool, bool, bool]) -> bool:
    if answer.first is not None and answer.first is not got[0]:
        return True
    return answer.verdict != "unknown" and (answer.verdict == "open") is not all(got)


def differences(world: World, load: Load, flows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The flows about which state and kernel disagree under this ruleset; none if it does not load."""
    world.clear()
    if not load(world):
        return []
    answers = told(gathered(world), flows)
    return [
        flow for flow, answer, got in zip(flows, answers, world.travelled(flows)) if disagree(answer, got)
    ]


def compare(
    world: World, load: Load, flows: list[dict[str, Any]], shrink: Callable[[dict[str, Any]], str]
) -> Counter[str]:
    world.clear()
    assert load(world), "the generated ruleset does not load"
    state = gathered(world)
    assert state.firewall_known, state.unreadable
    answers = told(state, flows)
    seen: Counter[str] = Counter()
    for flow, answer, got in zip(flows, answers, world.travelled(flows)):
        if disagree(answer, got):
            pytest.fail(f"{answer} and the kernel says {got} (new, reply, further)\n{shrink(flow)}")
        open_question = bool(answer.reasons) and all(_FOLLOWED_BUT_FOR in reason for reason in answer.reasons)
        seen["original" if answer.verdict == "unknown" and open_question else answer.verdict] += 1
        seen["new"] += 1
        seen["replies"] += got[0]
        seen["cut replies"] += got[0] and not all(got)
    return seen


def test_nft(world: World) -> None:
    seen: Counter[str] = Counter()
    for number in range(RULESETS):
        name = f"{SEED} paths nft {number}"
        draw = Random(name)
        made = NftPaths(draw)

        def load(where: World, text: str = made.text) -> bool:
            return bool(where.fw.run("nft -f -", stdin=text, check=False)["rc"] == 0)

        def shrink(flow: dict[str, Any], made: NftPaths = made, name: str = name) -> str:
            parts = [
                (chain, rule)
                for chain, (_base, rules) in enumerate(made.chains)
                for rule in range(len(rules))
            ]

            def text(kept: list[tuple[int, int]]) -> str:
                return nft_text(
                    [
                        (base, [one for rule, one in enumerate(rules) if (chain, rule) in kept])
                        for chain, (base, rules) in enumerate(made.chains)
                    ]
                )

            kept = smallest(
                parts, lambda some: bool(differences(world, lambda where: load(where, text(some)), [flow]))
            )
            return f"{name}\n{flow}\n{text(kept)}"

        # Whether a connection is picked up from its middle.
        world.fw.run(f"sysctl -qw net.netfilter.nf_conntrack_tcp_loose={number % 2}")
        seen += compare(world, load, flows_of(draw, FLOWS), shrink)
    _enough(seen)


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_iptables(world: World, variant: str) -> None:
    seen: Counter[str] = Counter()
    for number in range(RULESETS):
        name = f"{SEED} paths {variant} {number}"
        draw = Random(name)
        tables = {family: IptablesPaths(draw, family).tables for family in (4, 6)}

        def load(
            where: World, texts: tuple[str, str] = (iptables_text(tables[4]), iptables_text(tables[6]))
        ) -> bool:
            done = [
                where.fw.run(f"{family}tables-{variant}-restore", stdin=text, check=False)["rc"]
                for family, text in zip(("ip", "ip6"), texts)
            ]
            return not any(done)

        def shrink(flow: dict[str, Any], tables: Any = tables, name: str = name) -> str:
            family = 6 if ":" in flow["src"] else 4
            parts = [
                (table, rule)
                for table, (_chains, rules) in tables[family].items()
                for rule in range(len(rules))
            ]

            def text(kept: list[tuple[str, int]]) -> str:
                return iptables_text(
                    {
                        table: (chains, [one for rule, one in enumerate(rules) if (table, rule) in kept])
                        for table, (chains, rules) in tables[family].items()
                    }
                )

            def still(some: list[tuple[str, int]]) -> bool:
                texts = (text(some), "") if family == 4 else ("", text(some))
                return bool(differences(world, lambda where: load(where, texts), [flow]))

            return f"{name}\n{flow}\n{text(smallest(parts, still))}"

        # Whether a connection is picked up from its middle.
        world.fw.run(f"sysctl -qw net.netfilter.nf_conntrack_tcp_loose={number % 2}")
        seen += compare(world, load, flows_of(draw, FLOWS), shrink)
    _enough(seen)


def _enough(seen: Counter[str]) -> None:
    print(dict(seen))
    assert seen["open"]
    assert seen["denied"]
    assert seen["cut replies"] or RULESETS < 10
    assert seen["unknown"] <= 0.01 * seen["new"], seen
