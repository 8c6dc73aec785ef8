# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of each way in a path's report: hosts, interfaces, and how much ends there."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.states import APPS, app_rule, forward, small_lab, stateful
from tests.unit.policy.test_validate import entry, proven, required

Stage = tuple[list[str], str, str, int, int]


def stages(states: dict[str, State], **path: Any) -> dict[tuple[str, ...], list[Stage]]:
    legs = entry(proven(required(**path), states))["legs"]
    return {
        tuple(leg["hops"]): [
            (one["hosts"], one["in_interface"], one["out_interface"], one["cut"], one["unknown"])
            for one in leg["stages"]
        ]
        for leg in legs
    }


def test_all_hosts_of_a_way_with_their_interfaces() -> None:
    assert stages(small_lab()) == {
        ("fw1",): [
            (list(APPS), "", "app0", 0, 0),
            (["fw1"], "app0", "db0", 0, 0),
            (["db1"], "db0", "", 0, 0),
        ]
    }


def test_what_ends_where() -> None:
    states = small_lab(fw1=[forward(app_rule("10.10.1.0/26"))])
    states["app03"].routes = []
    states["db1"].rulesets["inet/filter/input"].rules = stateful()
    found = stages(states)
    assert found["fw1",] == [
        ([*APPS[:2], *APPS[3:]], "", "app0", 0, 0),
        (["app03"], "", "", 0, 1),
        (["fw1"], "app0", "db0", 3, 0),
        (["db1"], "db0", "", 6, 0),
    ]


@pytest.mark.parametrize("stateful_both", [True, False])
def test_each_leg_tells_its_own_and_who_stops_its_replies(stateful_both: bool) -> None:
    rules = None if stateful_both else [forward(app_rule("10.10.1.0/26"))]
    found = stages(small_lab(ecmp=True, fw2=rules))
    there = {way: {tuple(one[0]): one[3] for one in listed} for way, listed in found.items()}
    # Replies may come back by the router that has not seen their flow.
    assert there["fw1",]["fw2",] == 10
    assert there["fw2",]["fw1",] == (10 if stateful_both else 7)
    assert there["fw2",]["fw2",] == (0 if stateful_both else 3)
