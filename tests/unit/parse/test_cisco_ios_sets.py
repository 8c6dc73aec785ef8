# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of Cisco IOS as matches: what they permit, and what answers it."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    ALWAYS,
    NEVER,
    In,
    Masked,
    Match,
    Named,
    Not,
    Unknown,
    both,
    protocol,
    unknown_reasons,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, DROP, Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.config import asks, ios_sets

WEB = asks.ports("dst_port", (80, 80))


@pytest.mark.parametrize(
    ("match", "answer"),
    [
        (ALWAYS, ALWAYS),
        (WEB, asks.ports("src_port", (80, 80))),
        (In("src", ((1, 9),), 4), In("dst", ((1, 9),), 4)),
        (Masked("dst", 1, 257, 4), Masked("src", 1, 257, 4)),
        (Named("in_zone", ("a",)), Named("out_zone", ("a",))),
        (Not(WEB), Not(asks.ports("src_port", (80, 80)))),
        (both(protocol(6), WEB), both(protocol(6), asks.ports("src_port", (80, 80)))),
        (Unknown("x", "y"), Unknown("x", "y")),
        # The first packet of a connection has SYN alone, whatever its answers have.
        (asks.flags(2, 2), ALWAYS),
        (asks.flags(16, 16), NEVER),
        (Named("connection", ("new",)), ALWAYS),
        (Named("connection", ("established",)), NEVER),
        (In("icmp_type", ((8, 8),)), In("icmp_type", ((0, 0),))),
        (In("icmp_type", ((3, 3),)), NEVER),
        (In("icmp_code", ((0, 0),)), ALWAYS),
    ],
)
def test_answers(match: Match, answer: Match) -> None:
    assert ios_sets.answers(match) == answer


def rules(count: int) -> list[Rule]:
    """A list that turns from deny to permit with each entry."""
    return [
        Rule(
            number,
            In("src", ((2 * number, 2 * number),), 4),
            DROP if number % 2 else ACCEPT,
            f"entry {number}",
        )
        for number in range(1, count + 1)
    ]


def test_what_a_list_permits_is_without_what_it_denied_before() -> None:
    first, second = rules(2)
    assert ios_sets.permitted([first, second], "L") == both(second.match, Not(first.match))
    assert ios_sets.permitted([second, first], "L") == second.match
    assert ios_sets.permitted([first], "L") == NEVER


def test_a_list_that_turns_too_often_is_not_known() -> None:
    assert not unknown_reasons(ios_sets.permitted(rules(600), "L"))
    assert "too often" in unknown_reasons(ios_sets.permitted(rules(4000), "L"))[0]
