# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What --diff shows: flows gained and lost by host, on one screen, whatever the rules say."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import StateError
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.flowdiff import (
    MOST_LINES,
    WIDTH,
    flow_diff,
    flow_diff_within,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import fingerprint
from tests.support.states import app_rule, forward, match, small_lab


def printed(states: dict[str, State]) -> dict[str, State]:
    return {host: replace(state, fingerprint=fingerprint.of(state)) for host, state in states.items()}


def test_flows_and_rules_of_the_host_that_changed() -> None:
    before, after = printed(small_lab()), printed(small_lab(fw1=[forward(app_rule("10.10.1.0/26"))]))
    assert flow_diff(before, after).splitlines() == [
        "fw1, forward, new connections:",
        "  - src 10.10.1.64/26,10.10.1.128/25 dst 10.20.1.10/31 protocol tcp dst_port 5432",
        "  by changed: inet/filter/forward, handle 13",
        "    - ip saddr 10.10.1.0/24 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 accept",
        "    + ip saddr 10.10.1.0/26 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 accept",
    ]
    assert flow_diff(before, before) == ""
    assert flow_diff(before, {}) == ""


def test_it_stays_on_one_screen() -> None:
    many = [
        (
            f"rule {at} \x1b[2J " + "x" * 300,
            match(src=f"10.{at}.0.0/16", dst=f"10.{at}.1.0/24", proto="tcp", dport=at * 2),
        )
        for at in range(1, 60)
    ]
    states = {f"fw{number}": printed(small_lab(fw1=[forward(*many)]))["fw1"] for number in range(1, 9)}
    before = {name: replace(printed(small_lab())["fw1"], host=name) for name in states}
    after = {name: replace(state, host=name) for name, state in states.items()}
    lines = flow_diff(before, after).splitlines()
    assert len(lines) == MOST_LINES + 1
    assert "more lines" in lines[-1]
    assert max(map(len, lines)) <= WIDTH
    assert any("more parts" in line for line in lines)
    assert any("more changes" in line for line in lines)
    assert "\x1b" not in "".join(lines)


def test_nobody_waits_for_it_for_long() -> None:
    before, after = printed(small_lab()), printed(small_lab(fw1=[forward(app_rule("10.10.1.0/26"))]))
    assert flow_diff_within(30, lambda: before, after) == flow_diff(before, after)
    ended = threading.Event()

    def slow() -> Mapping[str, State]:
        ended.wait(30)
        return before

    told = flow_diff_within(0.05, slow, after)
    ended.set()
    assert told.startswith("which flows were gained and lost was not worked out within 0 s")
    assert "firewall_diff" in told

    def damaged() -> Mapping[str, State]:
        raise StateError("the snapshot is damaged")

    assert (
        flow_diff_within(30, damaged, after)
        == "what the change did can't be shown: the snapshot is damaged\n"
    )
