# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that let everything pass: what counts as everything, and where an accept opens something at all."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.late import TooLateError
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.open_rules import (
    OpenRule,
    WholeHook,
    open_rules,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.unreachable import Survey
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS, Match
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP, Chain, Rule, Verdict
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.device_texts import state as device
from tests.support.states import host, match, rule, ruleset, stateful

ETH = {"eth0": ["10.0.0.1/24"], "eth1": ["10.1.0.1/24"]}


def firewall(*accepts: tuple[str, Match], default: str = "deny", hook: str = "forward") -> State:
    rules = stateful(*accepts)
    return host("h", ETH, {}, [ruleset(f"inet/filter/{hook}", hook, default, rules)], forwarding=True)


def told(state: State) -> list[tuple[str, str, bool]]:
    found = open_rules(Survey(state))
    return [(one.rule.text, one.what, one.limited) for one in found if isinstance(one, OpenRule)]


@pytest.mark.parametrize(
    ("words", "matched", "what", "limited"),
    [
        ("accept", ALWAYS, "every service", False),
        ("meta nfproto ipv4 accept", match(family="ipv4"), "every service", False),
        ("ct state new accept", match(ct="new"), "every service", False),
        ("meta l4proto tcp accept", match(proto="tcp"), "every tcp service", False),
        ("tcp dport 0-65535 accept", match(proto="tcp", dport="0-65535"), "every tcp service", False),
        ("meta l4proto udp accept", match(proto="udp"), "every udp service", False),
        ("iifname eth0 accept", match(iif="eth0"), "every service", True),
    ],
)
def test_what_permits_everything(words: str, matched: Match, what: str, limited: bool) -> None:
    assert told(firewall((words, matched))) == [(words, what, limited)]


@pytest.mark.parametrize(
    ("words", "matched"),
    [
        ("ip saddr 0.0.0.0/1 accept", match(src="0.0.0.0/1")),
        ("ip daddr 10.0.0.0/8 accept", match(dst="10.0.0.0/8")),
        ("tcp dport 1-65535 accept", match(proto="tcp", dport="1-65535")),
        ("icmp accept", match(proto="icmp")),
        ("ct state established accept", match(ct="established")),
        ("iifname lo accept", match(iif="lo")),
    ],
)
def test_what_does_not(words: str, matched: Match) -> None:
    assert told(firewall((words, matched))) == []


def test_what_stands_before_does_not_matter() -> None:
    """One network is denied, and everybody else is let in."""
    rules = [
        rule(1, "ip saddr 192.0.2.0/24 drop", match(src="192.0.2.0/24"), DROP),
        rule(2, "accept", ALWAYS),
    ]
    state = host("h", ETH, {}, [ruleset("inet/filter/input", "input", "permit", rules)])
    assert told(state) == [("accept", "every service", False)]


def test_a_chain_is_as_open_as_what_is_sent_to_it() -> None:
    def with_jump(matched: Match) -> State:
        jump = Rule(1, matched, Verdict("jump", chain="inet/filter/c"), "jump c")
        found = host(
            "h", ETH, {}, [ruleset("inet/filter/forward", "forward", "deny", [jump])], forwarding=True
        )
        found.chains["inet/filter/c"] = Chain("inet/filter/c", [rule(1, "accept", ALWAYS)])
        return found

    assert told(with_jump(match(src="10.0.0.0/8"))) == []
    assert told(with_jump(ALWAYS)) == [("accept", "every service", False)]


def test_an_accept_where_nothing_is_denied_opens_nothing() -> None:
    """A chain that counts or marks; and a whole hook without any denial is told as that."""
    state = firewall(("accept", ALWAYS), hook="input")
    marks = ruleset("inet/mangle/input", "input", "permit", [rule(1, "accept", ALWAYS)], priority=-150)
    state.rulesets = {marks.key: marks, **state.rulesets}
    assert [one.chain for one in open_rules(Survey(state)) if isinstance(one, OpenRule)] == [
        "inet/filter/input"
    ]
    state.rulesets = {marks.key: marks}
    assert list(open_rules(Survey(state))) == [WholeHook("input", "inet/mangle/input")]


@pytest.mark.parametrize(
    ("second", "told_of"),
    [
        ([rule(1, "tcp dport 22 accept", match(proto="tcp", dport="22"))], []),
        # Each denies a network of its own, and both let everybody else in.
        (
            [
                rule(1, "ip saddr 192.0.2.0/24 drop", match(src="192.0.2.0/24"), DROP),
                rule(2, "accept", ALWAYS),
            ],
            ["inet/filter/input", "inet/second/input"],
        ),
    ],
)
def test_what_another_ruleset_of_the_hook_denies_is_not_open(second: list[Rule], told_of: list[str]) -> None:
    state = firewall(("accept", ALWAYS), hook="input")
    more = ruleset("inet/second/input", "input", "deny", second, priority=10)
    state.rulesets[more.key] = more
    assert [one.chain for one in open_rules(Survey(state)) if isinstance(one, OpenRule)] == told_of


def test_a_ruleset_of_another_family_or_hook_denies_nothing_of_it() -> None:
    narrow = [rule(1, "tcp dport 22 accept", match(proto="tcp", dport="22"))]
    state = firewall(("accept", ALWAYS), hook="input")
    six = ruleset("ip6/second/input", "input", "deny", narrow, priority=10)
    six.family = "ip6"
    other = ruleset("inet/second/forward", "forward", "deny", narrow, priority=10)
    state.rulesets.update({six.key: six, other.key: other})
    assert [one.chain for one in open_rules(Survey(state)) if isinstance(one, OpenRule)] == [
        "inet/filter/input"
    ]


def test_what_is_not_forwarded_is_not_open() -> None:
    empty = ruleset("inet/filter/forward", "forward", "permit", [])
    closed = host("h", ETH, {}, [empty], forwarding=False)
    assert list(open_rules(Survey(closed))) == []
    assert list(open_rules(Survey(host("h", ETH, {}, [empty], forwarding=True)))) == [
        WholeHook("forward", "inet/filter/forward")
    ]


def test_lists_of_devices() -> None:
    text = (
        "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip access-group A in\n"
        "ip access-list extended A\n deny tcp any any eq 22\n permit ip any any\n"
        "ip access-list extended B\n permit ip any any\n"
    )
    found = [one for one in open_rules(Survey(device("cisco_ios", text)), ["B"]) if isinstance(one, OpenRule)]
    assert {(one.chain, one.rule.line) for one in found} >= {("A", 20)}
    assert not any(one.chain == "B" for one in found)


def test_it_ends_in_time() -> None:
    with pytest.raises(TooLateError):
        list(open_rules(Survey(firewall(("accept", ALWAYS))), late=lambda: True))
