# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Later packets and replies of open connections through one hook, under rules that came after they were opened."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.kernel import draw as of
from tests.kernel.ask import WAY
from tests.kernel.compare import Continued, compare
from tests.kernel.packets import ANSWERS
from tests.kernel.settings import FLOWS, RULESETS, SEED, needs_root, number_of
from tests.kernel.tally import Tally
from tests.kernel.test_paths import KINDS
from tests.kernel.test_verdicts import ruleset
from tests.kernel.world import World, turned

pytestmark = needs_root(RULESETS)

_TURNED = {"forward": "forward", "input": "output", "output": "input"}
_ACK, _PUSHED = 0x10, 0x18


def packet(draw: Random, opening: dict[str, Any], hook: str, reply: bool) -> dict[str, Any]:
    """A packet of the connection that ``opening`` opened, as it comes through ``hook``."""
    found = turned(opening) if reply else dict(opening)
    found.pop("in_interface", None)
    found.pop("out_interface", None)
    if hook != "output":
        found["in_interface"] = opening["out_interface" if reply else "in_interface"]
    if hook != "input":  # all sources are behind in0, as far as routes are concerned
        found["out_interface"] = "in0" if reply else opening["out_interface"]
    if "icmp_type" in found and reply:
        found["icmp_type"] = ANSWERS[found["icmp_type"]]
    return {**found, "tcp_flags": draw.choice((_ACK, _PUSHED)), "reply": reply, "opening": opening}


@pytest.mark.parametrize("reply", [False, True], ids=["later", "reply"])
@pytest.mark.parametrize("hook", list(WAY))
def test_open_connections(world: World, tally: Tally, hook: str, reply: bool) -> None:
    for number in range(number_of("test_open_connections")):
        kind = KINDS[number % len(KINDS)]
        name = f"{SEED} open {kind} {hook} {reply} {number}"
        draw = Random(name)
        rules = ruleset(draw, name, kind, hook)
        opened = of.flows(draw, _TURNED[hook] if reply else hook, FLOWS)
        for index, flow in enumerate(opened, 1):
            flow["id"] = index
        flows = [packet(draw, flow, hook, reply) for flow in opened]
        compare(world, rules, flows, Continued(hook), tally)
    assert tally["permit"]
    assert tally["deny"]
    assert not tally["unknown"]
