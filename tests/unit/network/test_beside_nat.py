# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of a translated connection before and after the place in a hook where they are translated."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Named
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    Effect,
    Ruleset,
)
from tests.support.states import app_rule, forward, match, rule, ruleset, small_lab
from tests.unit.network.test_walk import ask, reasons, verdict

DB1 = text.address_range("10.20.1.10")[1:]
MASQUERADE = ruleset(
    "ip/nat/postrouting",
    "postrouting",
    "permit",
    [rule(1, "masquerade", match(oif="db0"), ACCEPT, [Effect("masquerade")])],
    family="ip",
    type="nat",
    priority=100,
)


def dnat(hook: str, dst: str, dport: int = 5432) -> Ruleset:
    to = [Effect("dnat", family=4, address=DB1, port=(5432, 5432))]
    rules = [rule(1, "dnat", match(dst=dst, proto="tcp", dport=dport), ACCEPT, to)]
    return ruleset(f"ip/nat/{hook}", hook, "permit", rules, family="ip", type="nat", priority=-100)


def drops(hook: str, priority: int, **matched: str) -> Ruleset:
    """Of packets that follow the first one only."""
    rules = [rule(1, "drops", match(ct="established", **matched), DROP)]
    return ruleset(f"inet/beside/{hook}", hook, "permit", rules, priority=priority)


def test_what_is_masqueraded_counts_as_translated() -> None:
    """Its source becomes an address of the host, so that of anybody else surely changes."""
    translated = rule(1, "ct status snat drop", Named("ct_status", ("snat",)), DROP)
    marks = ruleset("inet/status/postrouting", "postrouting", "permit", [translated], priority=150)
    assert verdict(ask(small_lab(fw1=[MASQUERADE, marks]))) == "denied"


# (hook, priority) -> the address that packets have there.
@pytest.mark.parametrize(
    ("hook", "priority", "end", "seen", "other", "way"),
    [
        ("prerouting", -150, "dst", "10.20.1.1", "10.10.1.5", "reply"),
        ("prerouting", -50, "dst", "10.10.1.5", "10.20.1.1", "reply"),
        ("forward", 0, "dst", "10.10.1.5", "10.20.1.1", "reply"),
        ("postrouting", 150, "dst", "10.10.1.5", "10.20.1.1", "reply"),
        ("forward", 0, "src", "10.10.1.5", "10.20.1.1", "established"),
        ("postrouting", 90, "src", "10.10.1.5", "10.20.1.1", "established"),
        ("postrouting", 150, "src", "10.20.1.1", "10.10.1.5", "established"),
    ],
)
def test_a_translated_source(hook: str, priority: int, end: str, seen: str, other: str, way: str) -> None:
    def asked(address: str) -> tuple[str, set[str]]:
        found = ask(
            small_lab(fw1=[forward(app_rule()), MASQUERADE, drops(hook, priority, **{end: address})])
            if hook != "forward"
            else small_lab(fw1=[drops("forward", -10, **{end: address}), forward(app_rule()), MASQUERADE])
        )
        return verdict(found), {direction for direction, _host, text in reasons(found) if text == "drops"}

    assert asked(seen) == ("denied", {way})
    assert asked(other) == ("open", set())


@pytest.mark.parametrize(
    ("hook", "priority", "end", "seen", "other", "way"),
    [
        ("prerouting", -50, "src", "10.20.1.10", "10.10.1.1", "reply"),
        ("postrouting", 90, "src", "10.20.1.10", "10.10.1.1", "reply"),
        ("postrouting", 150, "src", "10.10.1.1", "10.20.1.10", "reply"),
        ("prerouting", -150, "dst", "10.10.1.1", "10.20.1.10", "established"),
        ("prerouting", -50, "dst", "10.20.1.10", "10.10.1.1", "established"),
        ("postrouting", 150, "dst", "10.20.1.10", "10.10.1.1", "established"),
    ],
)
def test_a_translated_destination(
    hook: str, priority: int, end: str, seen: str, other: str, way: str
) -> None:
    def asked(address: str) -> tuple[str, set[str]]:
        rulesets = [
            dnat("prerouting", "10.10.1.1", 6432),
            forward(app_rule()),
            drops(hook, priority, **{end: address}),
        ]
        found = ask(small_lab(fw1=rulesets), dst="10.10.1.1", port=6432)
        return verdict(found), {direction for direction, _host, text in reasons(found) if text == "drops"}

    assert asked(seen) == ("denied", {way})
    assert asked(other) == ("open", set())


@pytest.mark.parametrize(
    ("hook", "priority", "end", "seen", "other", "way"),
    [
        ("output", -150, "dst", "10.20.1.77", "10.20.1.10", "established"),
        ("output", 0, "dst", "10.20.1.10", "10.20.1.77", "established"),
        ("prerouting", -50, "src", "10.20.1.10", "10.20.1.77", "reply"),
        ("input", 0, "src", "10.20.1.10", "10.20.1.77", "reply"),
        ("input", 150, "src", "10.20.1.77", "10.20.1.10", "reply"),
    ],
)
def test_a_destination_that_the_host_itself_translates(
    hook: str, priority: int, end: str, seen: str, other: str, way: str
) -> None:
    def asked(address: str) -> tuple[str, set[str]]:
        states = small_lab(fw1=[forward(app_rule())])
        own = [dnat("output", "10.20.1.77"), drops(hook, priority, **{end: address})]
        states["app01"].rulesets = {item.key: item for item in own}
        found = ask(states, dst="10.20.1.77")
        return verdict(found), {direction for direction, _host, text in reasons(found) if text == "drops"}

    assert asked(seen) == ("denied", {way})
    assert asked(other) == ("open", set())


@pytest.mark.parametrize(
    ("hook", "priority", "end", "seen", "other", "way"),
    [
        ("prerouting", -50, "dport", "5432", "6432", "established"),
        ("input", 0, "dport", "5432", "6432", "established"),
        ("output", 0, "sport", "5432", "6432", "reply"),
        ("postrouting", 90, "sport", "5432", "6432", "reply"),
        ("postrouting", 150, "sport", "6432", "5432", "reply"),
    ],
)
def test_a_port_that_the_destination_itself_translates(
    hook: str, priority: int, end: str, seen: str, other: str, way: str
) -> None:
    def asked(port: str) -> tuple[str, set[str]]:
        states = small_lab(fw1=[forward(app_rule(port=6432))])
        own = [dnat("prerouting", "10.20.1.10", 6432), drops(hook, priority, proto="tcp", **{end: port})]
        states["db1"].rulesets = {item.key: item for item in own}
        found = ask(states, port=6432)
        return verdict(found), {direction for direction, _host, text in reasons(found) if text == "drops"}

    assert asked(seen) == ("denied", {way})
    assert asked(other) == ("open", set())


@pytest.mark.parametrize("priority", [-300, -150, -50])
def test_what_rules_write_into_packets_without_tracking_is_not_undone_for_replies(priority: int) -> None:
    """nft(8), "payload statement": ``ip daddr set``; the kernel's replies show the server's own address."""
    written = [Effect("set", field="dst", value=DB1[0], family=4)]
    rules = [rule(1, "set", match(dst="10.10.1.1"), CONTINUE, written)]
    raw = ruleset("ip/raw/pre", "prerouting", "permit", rules, family="ip", priority=priority)
    states = small_lab(fw1=[raw, forward(app_rule())])
    found = ask(states, dst="10.10.1.1")
    assert verdict(found) == "unknown"
    assert any("fw1 write addresses" in reason for _direction, _host, reason in reasons(found))
    assert verdict(ask(states)) == "open"
