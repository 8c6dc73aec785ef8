# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State against kernel: load a ruleset, ask, send, and if they disagree, print the smallest that still shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.kernel.ask import Told, gathered, told, verdicts, whole_host
from tests.kernel.rules import Rules
from tests.kernel.tally import Tally
from tests.kernel.world import Travel, World

Flow = dict[str, Any]
# Rules that have connections tracked, and decide nothing.
_TRACKING = """
table inet tracking {
  chain came { type filter hook prerouting priority -1; policy accept; ct state new counter; }
  chain own { type filter hook output priority -1; policy accept; ct state new counter; }
}
"""


@dataclass(frozen=True)
class Opened:
    """The first packets of connections, through one hook."""

    hook: str

    def prepare(self, world: World, flows: list[Flow]) -> None:
        """Whatever must be there before the ruleset is."""

    def ask(self, state: Any, flows: list[Flow]) -> list[Told]:
        return [Told(verdict) for verdict in verdicts(state, self.hook, flows)]

    def send(self, world: World, flows: list[Flow]) -> list[Any]:
        return world.passed(self.hook, flows)

    def agree(self, answer: Told, got: Any) -> bool:
        return answer.verdict == "unknown" or (answer.verdict == "permit") is got

    def count(self, tally: Tally, flow: Flow, answer: Told, got: Any) -> None:
        tally["new"] += 1


@dataclass(frozen=True)
class Continued(Opened):
    """Later packets of connections that were open before the ruleset came, through one hook. The flows are these
    packets'; ``opening`` is the flow that opened the connection."""

    def prepare(self, world: World, flows: list[Flow]) -> None:
        world.fw.run("nft -f -", stdin=_TRACKING)
        opened = world.travelled([flow["opening"] for flow in flows])
        assert all(all(one.passed) for one in opened), "not all connections are open"

    def ask(self, state: Any, flows: list[Flow]) -> list[Told]:
        found = super().ask(state, flows)
        if self.hook != "output":  # not all of the firewall's local addresses are an interface's own
            by_filter = whole_host(state, flows)
            assert by_filter == [one.verdict for one in found], "the filter says otherwise than the hooks"
        return found

    def count(self, tally: Tally, flow: Flow, answer: Told, got: Any) -> None:
        tally["reply" if flow["reply"] else "later"] += 1


@dataclass(frozen=True)
class Exchanged(Opened):
    """First packets, the answers to them as they arrived, and what follows, by whatever hooks."""

    hook: str = "all"

    def ask(self, state: Any, flows: list[Flow]) -> list[Told]:
        return told(state, flows)

    def send(self, world: World, flows: list[Flow]) -> list[Any]:
        return world.travelled(flows)

    def agree(self, answer: Told, got: Travel) -> bool:
        if answer.first is not None and answer.first is not got.passed[0]:
            return False
        return answer.verdict == "unknown" or (answer.verdict == "permit") is all(got.passed)

    def count(self, tally: Tally, flow: Flow, answer: Told, got: Travel) -> None:
        tally["new"] += 1
        tally["reply"] += got.passed[0]
        tally["later"] += got.passed[0]
        tally["answers cut"] += got.passed[0] and not got.passed[1]
        tally["cut later"] += got.passed[0] and not got.passed[2]
        tally["translated"] += got.translated


def once(
    world: World, rules: Rules, flows: list[Flow], way: Opened, checked: bool = False
) -> list[tuple[Flow, Told, Any]] | None:
    """Each flow, what the state says and what the kernel does; None if the rules don't load. ``checked``: they must
    load and be read without gaps."""
    world.clear()
    way.prepare(world, flows)
    problem = rules.load(world)
    assert not (checked and problem), f"{problem}\n{rules}"
    if problem:
        return None
    state = gathered(world)
    if checked:
        assert state.firewall_known, f"{state.unreadable}\n{rules}"
        # Packets that pass through have no socket, so it does not matter that a socket's owner is not known.
        gaps = [gap for gap in state.not_understood if not gap["reason"].startswith("meta skuid")]
        assert not gaps, f"{gaps[:3]}\n{rules}"
    return list(zip(flows, way.ask(state, flows), way.send(world, flows)))


def compare(
    world: World, rules: Rules, flows: list[Flow], way: Opened, tally: Tally, kinds: Sequence[str] = ()
) -> list[tuple[Flow, Told, Any]]:
    """Fails if state and kernel disagree. ``kinds``: what else to count each flow as."""
    found = once(world, rules, flows, way, checked=True) or []
    wrong = [one for one in found if not way.agree(*one[1:])]
    if wrong:
        flow = wrong[0][0]
        pytest.fail(
            f"{len(wrong)} of {len(flows)} flows differ\n{_smallest(world, rules, flow, way)}", pytrace=False
        )
    tally["rulesets"] += 1
    for flow, answer, got in found:
        tally["flows"] += 1
        tally[answer.verdict] += 1
        for kind in kinds:
            tally[kind] += 1
        way.count(tally, flow, answer, got)
    return found


def _smallest(world: World, rules: Rules, flow: Flow, way: Opened) -> str:
    def still(some: Rules) -> bool:
        return any(not way.agree(*one[1:]) for one in once(world, some, [flow], way) or ())

    if not still(rules):
        return f"this flow alone does not show it: {flow}\n{rules}"
    least = rules.smaller(still)
    ((_flow, answer, got),) = once(world, least, [flow], way) or [(flow, "?", "?")]
    return f"{flow}\n{answer}, and the kernel says {got}\n{least}"
