# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traps in which checkers of good name give wrong answers: the ruleset, the question, the only right answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.pathguard.network.plugins.filter.verdicts import flow_verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    In,
    Match,
    Member,
    Named,
    Not,
    Unknown,
    both,
    protocol,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    REJECT,
    RETURN,
    Chain,
    Effect,
    Rule,
    Ruleset,
    Verdict,
    VerdictMap,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import (
    Interface,
    NamedSet,
    NextHop,
    Route,
    State,
)
from ansible_collections.pathguard.network.plugins.test.verdicts import denies, permits

APP_TO_DB = {"src": "10.0.1.0/24", "dst": "10.2.0.10", "protocol": "tcp", "dst_port": 5432}
FORWARD = "inet/filter/forward"


def src(prefix: str) -> In:
    family, low, high = text.address_range(prefix)
    return In("src", ((low, high),), family)


def dst(prefix: str) -> In:
    family, low, high = text.address_range(prefix)
    return In("dst", ((low, high),), family)


def tcp(port: int) -> Match:
    return both(protocol(6), In("dst_port", ((port, port),)))


def state(
    *rules: tuple[Match, Any] | tuple[Match, Any, tuple[Effect, ...]], default: str = "deny", **more: Any
) -> State:
    listed = [
        Rule(
            number, rule[0], rule[1], f"rule {number}", rule[2] if len(rule) > 2 else (), handle=100 + number
        )
        for number, rule in enumerate(rules, 1)
    ]
    ruleset = Ruleset(FORWARD, "nft", "inet", "forward", 0, default, rules=listed)
    return State("fw1", rulesets={FORWARD: ruleset}, **more)


def ask(fw: State, flow: dict[str, Any] | None = None, ruleset: str | None = FORWARD) -> dict[str, Any]:
    return flow_verdicts(fw.to_dict(), flow or APP_TO_DB, ruleset)[0]


def parts(answer: dict[str, Any], verdict: str) -> list[str]:
    return [
        prefix
        for part in answer["parts"]
        if part["verdict"] == verdict
        for piece in part["flows"]
        for prefix in piece.get("src", ["any"])
    ]


def test_an_earlier_deny_for_a_part_is_partial_with_that_part_named() -> None:
    answer = ask(state((src("10.0.1.128/25"), DROP), (src("10.0.1.0/24"), ACCEPT)))
    assert answer["verdict"] == "mixed"
    assert parts(answer, "deny") == ["10.0.1.128/25"]
    assert parts(answer, "permit") == ["10.0.1.0/25"]
    deciding = next(part for part in answer["parts"] if part["verdict"] == "deny")["rules"]
    assert [(rule["position"], rule["text"], rule["handle"], rule["host"]) for rule in deciding] == [
        (1, "rule 1", 101, "fw1")
    ]


def test_rules_that_only_together_permit_the_set() -> None:
    answer = ask(state(*((src(f"10.0.1.{low}/26"), ACCEPT) for low in (0, 64, 128, 192))))
    assert answer["verdict"] == "permit"
    assert len(answer["rules"]) == 4


def test_rules_that_only_together_deny_the_set() -> None:
    fw = state((src("10.0.1.0/25"), DROP), (src("10.0.1.128/25"), REJECT), default="permit")
    assert ask(fw)["verdict"] == "deny"


def test_two_negations_are_no_single_box() -> None:
    """``! -s A ! -d B -j DROP`` denies only what is outside of both."""
    fw = state((both(Not(src("10.0.1.0/25")), Not(dst("10.2.0.10"))), DROP), default="permit")
    assert ask(fw)["verdict"] == "permit"
    answer = ask(fw, {**APP_TO_DB, "dst": "10.2.0.10/31"})
    assert answer["verdict"] == "mixed"
    denied = [piece for part in answer["parts"] if part["verdict"] == "deny" for piece in part["flows"]]
    assert [(piece["src"], piece["dst"]) for piece in denied] == [(["10.0.1.128/25"], ["10.2.0.11"])]


def test_an_unknown_on_an_accept_and_one_on_a_drop_differ() -> None:
    limit = Unknown("limit", "limit rate 5/second")
    accepts = ask(state((limit, ACCEPT)))
    drops = ask(state((limit, DROP), (src("10.0.1.0/24"), ACCEPT)))
    assert accepts["verdict"] == drops["verdict"] == "unknown"
    assert "limit rate" in accepts["parts"][0]["reason"]
    assert ask(state((limit, ACCEPT), (src("10.0.1.0/24"), ACCEPT)))["verdict"] == "permit", (
        "either way it passes"
    )
    assert ask(state((limit, DROP)))["verdict"] == "deny", "either way it is dropped"
    assert ask(state((Not(limit), ACCEPT)))["verdict"] == "unknown"


def test_the_same_unknown_twice_is_one_unknown() -> None:
    limit = Unknown("time", "time 09:00-17:00")
    assert ask(state((limit, ACCEPT), (Not(limit), ACCEPT)))["verdict"] == "permit"


def test_an_unknown_verdict_is_neither() -> None:
    fw = state((src("10.0.1.0/24"), Verdict("unknown", detail="queue to a program")), default="permit")
    assert ask(fw)["verdict"] == "unknown"


def test_new_flows_do_not_use_the_established_rule() -> None:
    fw = state((Named("connection", ("established", "related")), ACCEPT))
    assert ask(fw)["verdict"] == "deny"
    assert ask(fw, {**APP_TO_DB, "connection": "established"})["verdict"] == "permit"


@pytest.mark.parametrize(("kind", "verdict"), [("jump", "permit"), ("goto", "deny")])
def test_goto_returns_to_the_callers_caller(kind: str, verdict: str) -> None:
    chain = Chain("inet/filter/app", [Rule(1, src("10.9.0.0/16"), ACCEPT, "other")])
    fw = state(
        (src("10.0.1.0/24"), Verdict(kind, chain.key)),
        (src("10.0.1.0/24"), ACCEPT),
        chains={chain.key: chain},
    )
    assert ask(fw)["verdict"] == verdict


def test_return_in_a_base_chain_takes_its_default_action() -> None:
    assert (
        ask(state((src("10.0.1.0/24"), RETURN), (src("10.0.1.0/24"), DROP), default="permit"))["verdict"]
        == "permit"
    )


def test_a_loop_of_chains_is_unknown_and_ends() -> None:
    key = "inet/filter/loop"
    chain = Chain(key, [Rule(1, src("10.0.1.0/24"), Verdict("jump", key), "jump loop")])
    answer = ask(state((src("10.0.1.0/24"), Verdict("jump", key)), chains={key: chain}))
    assert answer["verdict"] == "unknown"
    assert "reached from itself" in str(answer)


def test_a_missing_chain_is_unknown() -> None:
    assert ask(state((src("10.0.1.0/24"), Verdict("jump", "inet/filter/gone"))))["verdict"] == "unknown"


def test_accept_ends_its_own_chain_only_and_drop_is_final() -> None:
    fw = state((src("10.0.1.0/24"), ACCEPT))
    late = Ruleset(
        "ip/late/forward",
        "nft",
        "ip",
        "forward",
        10,
        "permit",
        rules=[Rule(1, src("10.0.1.64/26"), DROP, "late drop")],
    )
    fw.rulesets[late.key] = late
    assert ask(fw)["verdict"] == "permit", "asked alone, the first ruleset permits all"
    answer = ask(fw, ruleset="forward")
    assert parts(answer, "deny") == ["10.0.1.64/26"]


def test_a_ruleset_of_one_family_says_nothing_of_the_other() -> None:
    fw = state()
    fw.rulesets["iptables/filter/FORWARD"] = Ruleset(
        "iptables/filter/FORWARD", "iptables", "ip", "forward", 0, "permit"
    )
    six = {"src": "fd00:1::/64", "dst": "fd00:2::a", "protocol": "tcp", "dst_port": 5432}
    assert ask(fw, six, "iptables/filter/FORWARD")["verdict"] == "unknown"


def test_a_mark_set_by_one_rule_is_seen_by_the_next() -> None:
    marked = In("mark", ((7, 7),))
    fw = state((src("10.0.1.0/25"), CONTINUE, (Effect("set", "mark", 7),)), (marked, ACCEPT))
    answer = ask(fw, {**APP_TO_DB, "mark": 0})
    assert parts(answer, "permit") == ["10.0.1.0/25"]


def hook(*rulesets: Ruleset, **more: Any) -> State:
    return State("fw1", rulesets={ruleset.key: ruleset for ruleset in rulesets}, **more)


def chain(key: str, name: str, priority: int, default: str, *rules: Rule, kind: str = "filter") -> Ruleset:
    return Ruleset(key, "nft", "inet", name, priority, default, kind, list(rules))


def through(fw: State, flow: dict[str, Any], *hooks: str) -> str:
    space = Space()
    return HostFirewall(fw, space).hooks(hooks, flows_from(space, flow)).verdict


VIP = {"src": "10.0.1.7", "dst": "10.3.0.1", "protocol": "tcp", "dst_port": 80}
TO_FIVE = Effect("dnat", family=4, address=(0x0A020005, 0x0A020005))


def test_what_an_unknown_translation_leads_to_is_unknown() -> None:
    nat = chain(
        "nat",
        "prerouting",
        -100,
        "permit",
        Rule(1, dst("10.3.0.1"), ACCEPT, "dnat", (Effect("unknown", "dst,dst_port"),)),
        kind="nat",
    )
    forward = chain("f", "forward", 0, "deny", Rule(1, dst("10.2.0.0/24"), ACCEPT, "in"))
    assert through(hook(nat, forward), VIP, "prerouting", "forward") == "unknown"
    elsewhere = {**VIP, "dst": "10.2.0.9"}
    assert through(hook(nat, forward), elsewhere, "prerouting", "forward") == "permit"


def test_an_unknown_effect_may_change_anything() -> None:
    odd = chain(
        "odd", "prerouting", -150, "permit", Rule(1, dst("10.3.0.1"), CONTINUE, "odd", (Effect("unknown"),))
    )
    forward = chain("f", "forward", 0, "deny", Rule(1, tcp(80), ACCEPT, "in"))
    assert through(hook(odd, forward), VIP, "prerouting", "forward") == "unknown"


@pytest.mark.parametrize(("dropped", "verdict"), [("10.2.0.5", "deny"), ("10.3.0.1", "permit")])
def test_nat_happens_at_its_own_place_whatever_its_priority(dropped: str, verdict: str) -> None:
    """Seen in the kernel: a nat chain of priority 10 translates before a filter chain of priority 0."""
    nat = chain(
        "nat", "prerouting", 10, "permit", Rule(1, dst("10.3.0.1"), ACCEPT, "dnat", (TO_FIVE,)), kind="nat"
    )
    late = chain("f", "prerouting", 0, "permit", Rule(1, dst(dropped), DROP, "drop"))
    assert through(hook(nat, late), VIP, "prerouting") == verdict


def test_a_connection_is_translated_once() -> None:
    first = chain(
        "a", "prerouting", -100, "permit", Rule(1, dst("10.3.0.1"), ACCEPT, "dnat", (TO_FIVE,)), kind="nat"
    )
    second = chain("b", "prerouting", -90, "permit", Rule(1, dst("10.2.0.5"), DROP, "drop"), kind="nat")
    assert through(hook(first, second), VIP, "prerouting") == "permit"


def test_a_verdict_map_that_cant_be_decided_is_unknown() -> None:
    verdict = VerdictMap(((Unknown("type", "fib type"), DROP),))
    assert ask(state((src("10.0.1.0/24"), verdict), default="permit"))["verdict"] == "unknown"


def test_before_connection_tracking_every_packet_is_invalid() -> None:
    """Seen in the kernel: at priority -300 there is no connection yet, which reads as invalid."""
    raw = chain("raw", "prerouting", -300, "permit", Rule(1, Named("connection", ("invalid",)), DROP, "drop"))
    assert through(hook(raw), VIP, "prerouting") == "deny"
    new = chain("raw", "prerouting", -300, "deny", Rule(1, Named("connection", ("new",)), ACCEPT, "new"))
    assert through(hook(new), VIP, "prerouting") == "deny"
    forward = chain("f", "forward", 0, "deny", Rule(1, Named("connection", ("new",)), ACCEPT, "new"))
    assert (
        through(hook(chain("raw", "prerouting", -300, "permit"), forward), VIP, "prerouting", "forward")
        == "permit"
    )


@pytest.mark.parametrize(("priority", "verdict"), [(-300, "permit"), (-150, "deny")])
def test_notrack_works_before_connection_tracking_only(priority: int, verdict: str) -> None:
    raw = chain(
        "raw", "prerouting", priority, "permit", Rule(1, tcp(80), CONTINUE, "notrack", (Effect("notrack"),))
    )
    forward = chain(
        "f", "forward", 0, "deny", Rule(1, Named("connection", ("untracked",)), ACCEPT, "untracked")
    )
    assert through(hook(raw, forward), VIP, "prerouting", "forward") == verdict


def test_a_set_is_its_members() -> None:
    members = NamedSet(
        "inet/filter/app", ("address4",), [((0x0A000100, 0x0A00010F),), ((0x0A000180, 0x0A0001FF),)]
    )
    fw = state((Member(members.key, ("src",)), ACCEPT), sets={members.key: members})
    assert parts(ask(fw), "permit") == ["10.0.1.0/28", "10.0.1.128/25"]


@pytest.mark.parametrize(
    ("change", "permit", "unknown"),
    [
        ({"complete": False}, [], ["10.0.1.0/24"]),
        (
            {"dynamic": True},
            ["10.0.1.0/28"],
            ["10.0.1.16/28", "10.0.1.32/27", "10.0.1.64/26", "10.0.1.128/25"],
        ),
        ({"expiring": [0]}, [], ["10.0.1.0/28"]),
    ],
)
def test_a_set_that_is_not_known_for_sure(
    change: dict[str, Any], permit: list[str], unknown: list[str]
) -> None:
    members = NamedSet("inet/filter/app", ("address4",), [((0x0A000100, 0x0A00010F),)], **change)
    answer = ask(state((Member(members.key, ("src",)), ACCEPT), sets={members.key: members}))
    assert parts(answer, "permit") == permit
    assert parts(answer, "unknown") == unknown


def test_a_set_that_was_not_gathered_is_unknown() -> None:
    assert ask(state((Member("inet/filter/gone", ("src",)), ACCEPT)))["verdict"] == "unknown"


def test_a_firewall_that_could_not_be_read_permits_nothing_for_sure() -> None:
    fw = State(
        "fw1", firewall_known=False, unreadable=[{"what": "nft_json", "reason": "Operation not permitted"}]
    )
    answer = ask(fw, ruleset="forward")
    assert answer["verdict"] == "unknown"
    assert "Operation not permitted" in str(answer)


def test_no_ruleset_at_a_hook_lets_all_pass() -> None:
    assert ask(State("fw1"), ruleset="forward")["verdict"] == "permit"


def router(*rules: tuple[Match, Any]) -> State:
    fw = state(*rules)
    fw.interfaces = {
        "app0": Interface("app0", ["10.0.1.1/24"]),
        "db0": Interface("db0", ["10.2.0.1/24"]),
    }
    fw.routes = [
        Route(4, "10.0.1.0/24", next_hops=[NextHop("app0")]),
        Route(4, "10.2.0.0/24", next_hops=[NextHop("db0")]),
        Route(4, "10.66.0.0/16", kind="blackhole"),
    ]
    fw.forwarding = {"ipv4": True, "ipv6": True}
    return fw


def test_without_a_ruleset_the_hosts_own_routes_choose_the_way_out() -> None:
    fw = router((both(Named("out_interface", ("db0",)), tcp(5432)), ACCEPT))
    assert ask(fw, ruleset=None)["verdict"] == "permit"
    assert ask(fw, {**APP_TO_DB, "dst": "10.0.1.9"}, None)["verdict"] == "deny"
    gone = ask(fw, {**APP_TO_DB, "dst": "10.66.0.1"}, None)
    assert gone["verdict"] == "deny"
    assert "blackhole" in str(gone)
    assert ask(fw, {**APP_TO_DB, "dst": "10.99.0.1"}, None)["verdict"] == "deny", "no route"


def test_the_hosts_own_packets_pass_output() -> None:
    fw = router()
    key = "inet/filter/output"
    fw.rulesets[key] = Ruleset(
        key, "nft", "inet", "output", 0, "permit", rules=[Rule(1, tcp(22), DROP, "no ssh")]
    )
    mine = {"src": "10.0.1.1", "dst": "10.2.0.9", "protocol": "tcp", "dst_port": "22-23"}
    denied = [part["flows"] for part in ask(fw, mine, None)["parts"] if part["verdict"] == "deny"]
    assert [piece["dst_port"] for pieces in denied for piece in pieces] == [["22"]]
    assert ask(fw, {**mine, "in_interface": "app0"}, None)["verdict"] == "deny", (
        "from outside it is forwarded"
    )


def test_what_is_for_the_host_itself_passes_input_not_forward() -> None:
    fw = router((tcp(22), DROP))
    key = "inet/filter/input"
    fw.rulesets[key] = Ruleset(
        key, "nft", "inet", "input", 0, "deny", rules=[Rule(1, tcp(22), ACCEPT, "ssh")]
    )
    to_me = {"src": "10.0.1.7", "dst": "10.2.0.1", "protocol": "tcp", "dst_port": 22}
    assert ask(fw, to_me, None)["verdict"] == "permit"
    assert ask(fw, {**to_me, "dst": "10.2.0.9"}, None)["verdict"] == "deny"


def test_the_tests_are_true_only_for_certain_wholes() -> None:
    whole = state((src("10.0.1.0/24"), ACCEPT)).to_dict()
    part = state((src("10.0.1.0/25"), ACCEPT)).to_dict()
    unsure = state((Unknown("limit", "limit"), ACCEPT)).to_dict()
    assert permits(whole, APP_TO_DB, FORWARD) is True
    assert permits(part, APP_TO_DB, FORWARD) is False
    assert denies(part, APP_TO_DB, FORWARD) is False
    assert permits(unsure, APP_TO_DB, FORWARD) is False
    assert denies(unsure, APP_TO_DB, FORWARD) is False
    assert permits(whole, [APP_TO_DB, {**APP_TO_DB, "src": "10.0.2.0/24"}], FORWARD) is False
    with pytest.raises(AnsibleFilterError, match="proves nothing"):
        permits(whole, [], FORWARD)


@pytest.mark.parametrize(
    ("given", "ruleset", "says"),
    [
        ({"format": 1}, FORWARD, "the state can't be read"),
        ({"format": 99, "host": "x"}, FORWARD, "format 99"),
        ("/nowhere/fw1.json", FORWARD, "No such file"),
        (7, FORWARD, "mapping or the path"),
        (None, "inet/filter/forwrad", "there is no ruleset"),
    ],
)
def test_bad_input_is_one_clear_error(given: Any, ruleset: str, says: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        flow_verdicts(state().to_dict() if given is None else given, APP_TO_DB, ruleset)
    assert says in str(error.value)
    assert len(str(error.value).splitlines()) <= 5
