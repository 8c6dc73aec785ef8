# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that undo a change of rules: those that surely do, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.undo import Undo
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    Chain,
    Rule,
    Ruleset,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.commands import commands_of

NFT, TABLES = "inet/filter/forward", "iptables/filter/FORWARD"
OLD = [
    "ct state established accept",
    'ip saddr 10.0.1.0/24 counter packets 7 bytes 9 accept comment "a \'b"',
    "tcp dport 22 accept",
]
SAVED = [
    "-A FORWARD -m state --state ESTABLISHED -j ACCEPT",
    '-A FORWARD -s 10.0.1.0/24 -m comment --comment "$(reboot) \\"x\\"" -j ACCEPT',
    "-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT",
]


def rules(texts: Sequence[str], key: str, managed_by: str = "") -> list[Rule]:
    of_nft = key == NFT
    return [
        Rule(
            number,
            ALWAYS,
            ACCEPT,
            text,
            handle=number + 10 if of_nft else None,
            line=None if of_nft else number,
            managed_by=managed_by,
        )
        for number, text in enumerate(texts, 1)
    ]


def state(texts: Sequence[str], key: str = NFT, default: str = "deny", managed_by: str = "") -> State:
    found = State("fw1")
    found.rulesets[key] = Ruleset(
        key, "nft", "inet", "forward", 0, default, rules=rules(texts, key, managed_by)
    )
    return found


def commands(before: State, now: State) -> list[tuple[str, ...]]:
    return [commands_of(change, before, now) for change in Undo(before, now).changes]


@pytest.mark.parametrize(
    ("key", "before", "now", "wanted"),
    [
        (NFT, OLD[:1], OLD[:2], ("nft delete rule inet filter forward handle 12",)),
        (
            NFT,
            OLD,
            [OLD[0], OLD[2]],
            (
                "nft insert rule inet filter forward handle 12 'ip saddr 10.0.1.0/24 counter accept comment \"a '\"'\"'b\"'",
            ),
        ),
        (NFT, OLD, OLD[:2], ("nft add rule inet filter forward 'tcp dport 22 accept'",)),
        (
            NFT,
            OLD,
            [*OLD[:2], "tcp dport 23 accept"],
            ("nft replace rule inet filter forward handle 13 'tcp dport 22 accept'",),
        ),
        (
            NFT,
            OLD,
            [OLD[2], *OLD[:2]],
            (
                "nft add rule inet filter forward 'tcp dport 22 accept'",
                "nft delete rule inet filter forward handle 11",
            ),
        ),
        (
            TABLES,
            SAVED[:1],
            SAVED[::2],
            ("iptables-nft -t filter -D FORWARD -p tcp -m tcp --dport 22 -j ACCEPT",),
        ),
        (
            TABLES,
            SAVED,
            SAVED[::2],
            (
                "iptables-nft -t filter -I FORWARD 2 -s 10.0.1.0/24 -m comment --comment '$(reboot) \"x\"' -j ACCEPT",
            ),
        ),
        (TABLES, SAVED, SAVED[:2], ("iptables-nft -t filter -A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT",)),
        (
            TABLES,
            SAVED,
            [SAVED[0], SAVED[1], SAVED[2].replace("22", "23")],
            ("iptables-nft -t filter -R FORWARD 3 -p tcp -m tcp --dport 22 -j ACCEPT",),
        ),
    ],
)
def test_a_rule(key: str, before: list[str], now: list[str], wanted: tuple[str, ...]) -> None:
    assert commands(state(before, key), state(now, key)) == [wanted]


def test_a_comment_may_say_anything() -> None:
    odd = 'tcp dport 22 accept comment "xt match # {1}"'
    assert commands(state([*OLD, odd]), state(OLD)) == [(f"nft add rule inet filter forward '{odd}'",)]


def test_a_default_action() -> None:
    assert commands(state(OLD), state(OLD, default="permit")) == [
        ("nft 'chain inet filter forward { policy drop; }'",)
    ]
    assert commands(state(SAVED, TABLES, "permit"), state(SAVED, TABLES)) == [
        ("iptables-nft -t filter -P FORWARD ACCEPT",)
    ]
    assert commands(State("fw1"), state([])) == [("nft 'chain inet filter forward { policy accept; }'",)]


def test_where_several_rules_are_gone_nothing_names_a_place() -> None:
    assert commands(state(OLD), state(OLD[:1])) == [(), ()]
    changed = [text.replace("ACCEPT", "DROP") for text in SAVED]
    assert commands(state(SAVED, TABLES), state(changed, TABLES)) == [(), (), ()]
    added = ["tcp dport 1 drop", *OLD, "tcp dport 2 drop"]
    assert commands(state(OLD), state(added)) == [
        ("nft delete rule inet filter forward handle 11",),
        ("nft delete rule inet filter forward handle 15",),
    ]


def test_what_a_tool_could_not_read_or_a_program_owns_is_left_to_people() -> None:
    for text in (
        'xt match "statistic" drop',
        "ip saddr 10.0.0.1 # recent drop",
        '{"fwd": 1} drop',
        "x" * 300,
    ):
        assert commands(state([*OLD, text]), state(OLD)) == [()]
    assert commands(state(OLD[:1], managed_by="docker"), state(OLD[:2], managed_by="docker")) == [()]
    assert commands(state(OLD), State("fw1")) == [(), (), (), ()]
    device = replace(state(OLD[:2]), platform="cisco_ios")
    assert commands(state(OLD[:1]), device) == [()]


def named(key: str, *members: str, **more: object) -> State:
    found = State("fw1")
    elements = [(tuple(map(int, member.split("-"))),) for member in members]
    found.sets[key] = NamedSet(key, ("port",), list(elements), **more)  # type: ignore[arg-type]
    return found


def test_members_of_a_set() -> None:
    before = named("inet/filter/ports", "5432-5432", "6432-6440")
    assert commands(before, named("inet/filter/ports", "6432-6435")) == [
        ("nft add element inet filter ports '{ 5432, 6436-6440 }'",)
    ]
    assert commands(before, named("inet/filter/ports", "5432-5432", "6432-6440", "7000-7001")) == [
        ("nft delete element inet filter ports '{ 7000-7001 }'",)
    ]
    # What came is a part of an element: to delete it takes more than this.
    assert commands(before, named("inet/filter/ports", "5432-5432", "6432-6450")) == [()]
    assert commands(named("ipset/shop", "1-1", "2-2"), named("ipset/shop", "2-2", "3-3")) == [
        ("ipset del shop 3", "ipset add shop 1")
    ]
    assert commands(
        named("ipset/shop", *[f"{n}-{n}" for n in range(0, 20, 2)]), named("ipset/shop", "0-0")
    ) == [()]
    assert commands(named("ipset/shop", "1-1", dynamic=True), named("ipset/shop", "2-2", dynamic=True)) == [
        ()
    ]


def test_a_chain_without_a_hook() -> None:
    key = "inet/filter/shop"
    before, now = State("fw1"), State("fw1")
    before.chains[key] = Chain(key, rules(OLD, NFT))
    now.chains[key] = Chain(key, rules(OLD[:2], NFT))
    assert commands(before, now) == [("nft add rule inet filter shop 'tcp dport 22 accept'",)]


def test_names_of_chains_and_sets_are_no_commands() -> None:
    """iptables(8) and ipset(8) take names that a shell would run."""
    key = "iptables/filter/x;reboot"
    before, now = (State("fw1", chains={key: Chain(key, rules(some, key))}) for some in (SAVED, SAVED[:2]))
    assert commands(before, now) == [
        ("iptables-nft -t filter -A 'x;reboot' -p tcp -m tcp --dport 22 -j ACCEPT",)
    ]
    assert commands(named("ipset/$(reboot)", "1-1"), named("ipset/$(reboot)", "1-1", "3-3")) == [
        ("ipset del '$(reboot)' 3",)
    ]


@pytest.mark.parametrize(
    ("before", "now", "handle"),
    [
        ([OLD[2], OLD[1], OLD[2]], [OLD[2], OLD[2]], 12),
        ([OLD[2], OLD[2], OLD[1], OLD[0], OLD[2]], [OLD[2], OLD[2], OLD[0], OLD[2]], 13),
    ],
)
def test_a_rule_that_stood_between_two_that_say_the_same(
    before: list[str], now: list[str], handle: int
) -> None:
    [[command]] = commands(state(before), state(now))
    assert command.startswith(f"nft insert rule inet filter forward handle {handle} ")
