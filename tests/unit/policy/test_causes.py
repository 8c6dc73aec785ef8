# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change that made a path worse is named, also where another rule, on another host, then decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.rulediff import set_diff
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import In, Member, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    REJECT,
    Chain,
    Effect,
    Rule,
    Verdict,
    VerdictMap,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from ansible_collections.pathguard.network.plugins.plugin_utils.model.text import address_range
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.causes import Causes
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.ends import EndFinder
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.prove import prove
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, match, rule, ruleset, small_lab

FORWARD, INPUT = "inet/filter/forward", "inet/filter/input"
POLICY = {
    "requiredPaths": [
        {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    ]
}
DATABASE = match(dst="10.20.1.10", proto="tcp", dport=5432)
OUTSIDE = 0x0A140101  # 10.20.1.1, where fw1 meets the databases

States = dict[str, State]


def lab(ipv6: bool = False) -> States:
    """The databases accept the application network alone, by its addresses."""
    states = small_lab(ipv6=ipv6)
    for name in ("db1", "db2"):
        rules = states[name].rulesets[INPUT].rules
        rules[2] = rule(
            3, "tcp dport 5432 ip saddr 10.10.1.0/24 accept", match(src="10.10.1.0/24", dport=5432)
        )
    return states


def paths(now: Mapping[str, State], before: Mapping[str, State], policy: Any = None) -> list[dict[str, Any]]:
    report = validate(load_policy(policy or POLICY), now, GROUPS, before)
    assert problems(report, load_schema("report")) == []
    found: list[dict[str, Any]] = report["paths"]
    return found


def causes(now: Mapping[str, State], before: Mapping[str, State] | None = None) -> list[tuple[Any, ...]]:
    """``(host, chain, change, text now, text before)`` of what is named."""
    [path] = paths(now, before or lab())
    return [
        (
            cure["host"],
            cure["chain"],
            cure["change"],
            *(cure[at] and cure[at]["text"] for at in ("now", "before")),
        )
        for cure in path["remedy"]
    ]


def add(states: States, host: str, key: str, hook: str, *rules: Rule, **more: Any) -> None:
    family = key.partition("/")[0]
    more.setdefault("family", family if family in ("ip", "inet") else "ip")
    states[host].rulesets[key] = ruleset(key, hook, more.pop("default", "permit"), rules, **more)


def snat(states: States) -> Any:
    effect = Effect("snat", family=4, address=(OUTSIDE, OUTSIDE))
    words = 'oifname "db0" snat ip to 10.20.1.1'
    add(
        states,
        "fw1",
        "ip/nat/post",
        "postrouting",
        rule(1, words, match(oif="db0"), ACCEPT, [effect]),
        type="nat",
    )
    return ("fw1", "ip/nat/post", "added", words, None)


def masquerade(states: States) -> Any:
    words = 'oifname "db0" masquerade'
    add(
        states,
        "fw1",
        "ip/nat/post",
        "postrouting",
        rule(1, words, match(oif="db0"), ACCEPT, [Effect("masquerade")]),
        type="nat",
    )
    return ("fw1", "ip/nat/post", "added", words, None)


def dnat(states: States) -> Any:
    effect = Effect("dnat", family=4, address=(0x0A14010B, 0x0A14010B))
    words = "ip daddr 10.20.1.10 tcp dport 5432 dnat ip to 10.20.1.11"
    add(
        states,
        "fw1",
        "ip/nat/pre",
        "prerouting",
        rule(1, words, DATABASE, ACCEPT, [effect]),
        type="nat",
        priority=-100,
    )
    return ("fw1", "ip/nat/pre", "added", words, None)


def redirect(states: States) -> Any:
    words = "tcp dport 5432 redirect to :6432"
    effect = Effect("redirect", port=(6432, 6432))
    add(states, "db1", "ip/nat/pre", "prerouting", rule(1, words, DATABASE, ACCEPT, [effect]), type="nat")
    return ("db1", "ip/nat/pre", "added", words, None)


def notrack(states: States) -> Any:
    """Without tracking, the replies of fw1 are no replies any more."""
    words = "tcp sport 5432 notrack"
    rules = [rule(1, words, match(proto="tcp", sport=5432), CONTINUE, [Effect("notrack")])]
    add(states, "fw1", "ip/raw/pre", "prerouting", *rules, priority=-300)
    return ("fw1", "ip/raw/pre", "added", words, None)


def mark(states: States) -> Any:
    """The rule that marks is new; the one that drops what is marked was there."""
    words = "ip saddr 10.10.1.128/25 meta mark set 0x7"
    effect = Effect("set", "mark", 7)
    add(
        states,
        "fw1",
        "ip/mangle/pre",
        "prerouting",
        rule(1, words, match(src="10.10.1.128/25"), CONTINUE, [effect]),
        priority=-150,
    )
    return ("fw1", "ip/mangle/pre", "added", words, None)


def new_table(states: States) -> Any:
    words = "ip daddr 10.20.1.10 reject"
    add(
        states,
        "fw1",
        "ip/other/gate",
        "forward",
        rule(1, words, match(dst="10.20.1.10"), REJECT),
        priority=10,
    )
    return ("fw1", "ip/other/gate", "added", words, None)


def new_policy(states: States) -> Any:
    add(states, "db1", "inet/late/input", "input", default="deny", priority=10)
    return ("db1", "inet/late/input", "default_action", "default action: deny", None)


def legacy(states: States) -> Any:
    words = "-A FORWARD -s 10.10.1.200/32 -j DROP"
    add(
        states,
        "fw1",
        "iptables-legacy/filter/FORWARD",
        "forward",
        rule(1, words, match(src="10.10.1.200"), DROP),
    )
    return ("fw1", "iptables-legacy/filter/FORWARD", "added", words, None)


def state_changed(states: States) -> Any:
    rules = states["fw1"].rulesets[FORWARD].rules
    then, words = rules[0].text, "ct state related accept"
    rules[0] = rule(1, words, match(ct="related"))
    return ("fw1", FORWARD, "changed", words, then)


def established_deleted(states: States) -> Any:
    [gone, *states["fw1"].rulesets[FORWARD].rules] = states["fw1"].rulesets[FORWARD].rules
    return ("fw1", FORWARD, "removed", None, gone.text)


def accept_deleted(states: States) -> Any:
    gone = states["fw1"].rulesets[FORWARD].rules.pop(2)
    return ("fw1", FORWARD, "removed", None, gone.text)


def policy_flipped(states: States) -> Any:
    add(states, "app08", "inet/filter/output", "output", default="deny")
    return ("app08", "inet/filter/output", "default_action", "default action: deny", "default action: permit")


def forwarding_off(states: States) -> Any:
    states["fw1"].forwarding["ipv4"] = False
    return (
        "fw1",
        "",
        "forwarding",
        "forwarding of ipv4: off, forwarding of ipv6: on",
        "forwarding of ipv4: on, forwarding of ipv6: on",
    )


def interface_without_address(states: States) -> Any:
    states["fw1"].interfaces["app0"].addresses = ["10.10.9.1/24"]
    return ("fw1", "", "interfaces", "app0 up 10.10.9.1/24", "app0 up 10.10.1.1/24")


def with_more(states: States) -> States:
    """What some of the changes build on, in force before them."""
    marked = Rule(1, In("mark", ((7, 7),)), DROP, "meta mark 0x7 drop", handle=90)
    add(states, "fw1", "inet/marked/forward", "forward", marked, priority=-5)
    add(states, "app08", "inet/filter/output", "output")
    return states


CASES = (
    snat,
    masquerade,
    dnat,
    redirect,
    notrack,
    mark,
    new_table,
    new_policy,
    legacy,
    state_changed,
    established_deleted,
    accept_deleted,
    policy_flipped,
    forwarding_off,
    interface_without_address,
)


@pytest.mark.parametrize("noise", [0, 60], ids=["alone", "among others"])
@pytest.mark.parametrize("change", CASES)
def test_the_change_itself_is_named(change: Callable[[States], Any], noise: int) -> None:
    before, now = with_more(lab()), with_more(lab())
    expected = change(now)
    for number in range(noise):
        for name in ("fw1", "db1"):
            words = f"ip saddr 192.0.2.{number} tcp dport 80 accept"
            some = next(item for key, item in now[name].rulesets.items() if key.startswith("inet/filter/"))
            some.rules.insert(number % 3, rule(50 + number, words, match(src=f"192.0.2.{number}", dport=80)))
    assert causes(now, before) == [expected]


def test_who_then_decides_is_told_beside_it() -> None:
    now = lab()
    snat(now)
    [path] = paths(now, lab())
    assert path["deciding"][0]["host"] == "db1"
    assert path["deciding"][0]["rules"][0]["text"] == "default action: deny"
    [cure] = path["remedy"]
    assert (cure["pairs"], len(cure["hosts"])) == (10, 10)


def test_two_rules_in_another_order() -> None:
    before, now = lab(), lab()
    for states in (before, now):
        rules = states["fw1"].rulesets[FORWARD].rules
        rules.append(rule(4, "ip saddr 10.10.1.128/25 drop", match(src="10.10.1.128/25"), DROP))
    rules = now["fw1"].rulesets[FORWARD].rules
    rules[2:] = [replace(rules[3], position=3), replace(rules[2], position=4)]
    [(host, chain, change, text, was)] = causes(now, before)
    assert (host, chain, change) == ("fw1", FORWARD, "moved")
    assert text == was
    [path] = paths(now, before)
    [cure] = path["remedy"]
    accept, before_it = (before["fw1"].rulesets[FORWARD].rules[place].text for place in (2, 1))
    assert cure["note"].startswith(f'the rule was moved: it was rule 4, after "{accept[:50]}')
    assert f', and is rule 3, after "{before_it[:50]}' in cure["note"]


def test_an_emptied_set_is_named_with_the_rule_that_asks_it() -> None:
    def states(*members: int) -> States:
        found = lab()
        words = "-A FORWARD -m set --match-set apps src -j ACCEPT"
        asked = both(Member("ipset/apps", ("src",)), match(proto="tcp"))
        found["fw1"].rulesets[FORWARD].rules[2] = rule(3, words, asked)
        stray = both(Member("ipset/apps", ("src",)), match(ct="invalid"))
        found["fw1"].rulesets[FORWARD].rules.insert(0, rule(20, "invalid ones of @apps accept", stray))
        elements: list[Any] = [((0x0A0A0100 + number, 0x0A0A0100 + number),) for number in members]
        found["fw1"].sets["ipset/apps"] = NamedSet("ipset/apps", ("address4",), elements)
        return found

    everyone = (5, 14, 23, 33, 41, 52, 62, 66, 100, 200)
    [path] = paths(states(), states(*everyone))
    [cure] = path["remedy"]
    assert (cure["action"], cure["change"], cure["chain"]) == ("restore_members", "members", FORWARD)
    assert cure["note"].startswith("set ipset/apps: members lost: 10.10.1.5, 10.10.1.14, ")
    assert "--match-set apps src" in cure["now"]["text"]


def test_two_causes_are_told_with_what_each_costs() -> None:
    now = lab()
    accept = now["fw1"].rulesets[FORWARD].rules
    accept.insert(0, rule(8, "ip saddr 10.10.1.64/26 drop", match(src="10.10.1.64/26"), DROP))
    now["db1"].rulesets[INPUT].rules.insert(
        0, rule(9, "ip saddr 10.10.1.5 drop", match(src="10.10.1.5"), DROP)
    )
    [path] = paths(now, lab())
    assert [(cure["now"]["text"], cure["hosts"]) for cure in path["remedy"]] == [
        ("ip saddr 10.10.1.64/26 drop", ["app08", "app09"]),
        ("ip saddr 10.10.1.5 drop", ["app01"]),
    ]


def test_two_rules_of_which_each_alone_would_do_it_are_both_named() -> None:
    now = lab()
    for number, host, key in ((8, "fw1", FORWARD), (9, "db1", INPUT)):
        drop = rule(number, f"ip saddr 10.10.1.5 counter drop # {host}", match(src="10.10.1.5"), DROP)
        now[host].rulesets[key].rules.insert(0, drop)
    assert {(found[0], found[2]) for found in causes(now)} == {("fw1", "added"), ("db1", "added")}


def test_a_table_that_was_written_anew_is_compared_by_what_its_rules_say() -> None:
    now = lab()
    table = now["fw1"].rulesets[FORWARD]
    table.rules = [
        Rule(item.position, item.match, item.verdict, item.text, handle=70 - item.position)
        for item in table.rules
    ]
    words = table.rules[2].text.replace("10.10.1.0/24", "10.10.1.0/25")
    table.rules[2] = Rule(3, match(src="10.10.1.0/25", dport=5432), ACCEPT, words, handle=67)
    [(host, chain, change, text, was)] = causes(now)
    assert (host, chain, change, text) == ("fw1", FORWARD, "changed", words)
    assert "10.10.1.0/24" in was


def test_a_rule_is_told_beside_what_it_was_and_not_beside_one_of_the_other_family() -> None:
    """Each rule lost the primary. The set of the first one had a handle of its own, which is gone: in the table that was
    loaded anew, the second rule has the handle that the first one had."""
    now = small_lab(ipv6=True)
    rules = now["fw1"].rulesets[FORWARD].rules
    for at, source, lost, kept in (
        (2, "10.10.1.0/24", "10.20.1.10", "10.20.1.11"),
        (3, "fd00:10:1::/64", "fd00:20:1::10", "fd00:20:1::11"),
    ):
        old = rules[at]
        matched = match(src=source, dst=kept, proto="tcp", dport=5432)
        words = old.text.replace(f"{{ {lost}, {kept} }}", kept)
        rules[at] = Rule(old.position, matched, ACCEPT, words, handle=(old.handle or 0) - 1)
    found = {text: was for _host, _chain, _change, text, was in causes(now, small_lab(ipv6=True))}
    old4, old6 = small_lab(ipv6=True)["fw1"].rulesets[FORWARD].rules[2:]
    assert found == {rules[2].text: old4.text, rules[3].text: old6.text}


def test_a_jump_into_a_chain_that_lost_its_rules() -> None:
    def states(*rules: Rule) -> States:
        found = lab()
        found["fw1"].rulesets[FORWARD].rules[2] = rule(
            3, "jump apps", match(proto="tcp"), Verdict("jump", "inet/filter/apps")
        )
        found["fw1"].chains["inet/filter/apps"] = Chain("inet/filter/apps", list(rules))
        return found

    accept = rule(1, "accept", match())
    assert causes(states(), states(accept)) == [("fw1", "inet/filter/apps", "removed", None, "accept")]


def test_a_path_that_opened_names_what_opened_it() -> None:
    policy = {
        "forbiddenPaths": [
            {"name": "p", "from": {"group": "app"}, "to": {"prefix": "10.20.1.10/32"}, "service": "ssh"}
        ]
    }
    now = lab()
    now["fw1"].rulesets[FORWARD].rules.insert(0, rule(9, "iifname app0 accept", match(iif="app0")))
    now["db1"].rulesets[INPUT].rules.insert(0, rule(9, "tcp dport 22 accept", match(proto="tcp", dport=22)))
    [path] = paths(now, lab(), policy)
    assert path["permitted"]["to"] == ["10.20.1.10"]
    [cure] = path["remedy"]  # either of the two would do
    assert cure["now"]["text"] in ("iifname app0 accept", "tcp dport 22 accept")


def test_nothing_is_named_for_a_path_that_was_as_bad_before() -> None:
    before, now = lab(), lab()
    for states in (before, now):
        accept_deleted(states)
    new_table(now)
    assert causes(now, before) == []


def test_a_search_that_is_given_up_says_so() -> None:
    now, before = lab(), lab()
    snat(now)
    now["db1"].rulesets[INPUT].rules.insert(
        0,
        rule(9, "ip saddr 10.10.1.5 tcp dport 5432 accept", match(src="10.10.1.5", proto="tcp", dport=5432)),
    )
    space = Space()
    policy = load_policy(POLICY)
    networks = Network(now, space), Network(before, space)
    proofs = [prove(network, EndFinder(network, GROUPS), policy.paths[0]) for network in networks]
    few = Causes(*networks, lambda network: EndFinder(network, GROUPS), most_proofs=1)
    found = few.of(*proofs)
    assert len(found) == 2
    assert not any(cause.proven for cause in found)
    enough = Causes(*networks, lambda network: EndFinder(network, GROUPS))
    assert [(cause.change.key, cause.proven) for cause in enough.of(*proofs)] == [("ip/nat/post", True)]


def with_map(elements: dict[str, str], data: bool = False) -> States:
    """fw1 asks a named map, as nft's rules are read: what the map says is part of what its rule does."""
    found = lab()
    ranges = [address_range(words)[1:] for words in elements]
    named = NamedSet("inet/filter/m", ("address4",), [(one,) for one in ranges])
    if data:
        named.data = list(elements.values())
        words, key = "dnat ip to ip saddr map @m", "inet/filter/nat"
        rules = [
            rule(
                1,
                words,
                match(src=source, proto="tcp"),
                ACCEPT,
                [Effect("dnat", family=4, address=address_range(target)[1:])],
            )
            for source, target in elements.items()
        ]
        add(found, "fw1", key, "prerouting", *rules, type="nat", priority=-100)
    else:
        named.verdicts = [Verdict(kind) for kind in elements.values()]
        cases = tuple((match(src=source), Verdict(kind)) for source, kind in elements.items())
        found["fw1"].rulesets[FORWARD].rules[2] = rule(3, "ip saddr vmap @m", match(), VerdictMap(cases))
    found["fw1"].sets[named.key] = named
    return found


@pytest.mark.parametrize(
    ("now", "before", "data", "note"),
    [
        (
            {"10.10.1.0/25": "accept"},
            {"10.10.1.0/25": "accept", "10.10.1.128/25": "accept"},
            False,
            "elements lost: 10.10.1.128/25 : accept; come: none",
        ),
        (
            {"10.10.1.0/25": "accept", "10.10.1.128/25": "drop"},
            {"10.10.1.0/25": "accept", "10.10.1.128/25": "accept"},
            False,
            "elements lost: 10.10.1.128/25 : accept; come: 10.10.1.128/25 : drop",
        ),
        (
            {"10.10.1.128/25": "10.20.1.99"},
            {"10.10.1.128/25": "10.20.1.10"},
            True,
            "elements lost: 10.10.1.128/25 : 10.20.1.10; come: 10.10.1.128/25 : 10.20.1.99",
        ),
        (
            {"10.10.2.0/25": "10.20.1.98", "10.10.1.128/25": "10.20.1.99"},
            {"10.10.2.0/25": "10.20.1.98"},
            True,
            "elements lost: none; come: 10.10.1.128/25 : 10.20.1.99",
        ),
    ],
)
def test_a_map_is_named_with_the_rule_that_looks_it_up(
    now: dict[str, str], before: dict[str, str], data: bool, note: str
) -> None:
    [path] = paths(with_map(now, data), with_map(before, data))
    [cure] = path["remedy"]
    assert (cure["change"], cure["note"]) == ("members", f"map inet/filter/m: {note}")
    assert cure["now"]["text"].endswith("map @m")
    assert cure["hosts"] == ["app10"]


@pytest.mark.parametrize("others", [0, 3], ids=["alone", "among changed rules"])
def test_a_map_of_two_rules_is_one_change(others: int) -> None:
    before, now = with_map({"10.10.1.0/24": "accept"}), with_map({"10.10.1.0/24": "drop"})
    for states in (before, now):
        rules = states["fw1"].rulesets[FORWARD].rules
        rules.append(Rule(4, rules[2].match, rules[2].verdict, rules[2].text, handle=14))
    for number in range(others):
        more = rule(20 + number, f"ip saddr 192.0.2.{number} drop", match(src=f"192.0.2.{number}"), DROP)
        now["fw1"].rulesets[FORWARD].rules.insert(2 + 2 * (number % 2), more)
    [path] = paths(now, before)
    assert [cure["change"] for cure in path["remedy"]] == ["members"]


@pytest.mark.parametrize(
    ("old", "new", "removed", "added"),
    [
        (["10.10.1.0/24"], ["10.10.1.0-10.10.1.99"], ["10.10.1.100-10.10.1.255"], []),
        (["fd00::/64"], ["fd00::-fd00::c7", "fd00::c9-fd00::ffff:ffff:ffff:ffff"], ["fd00::c8"], []),
        (["10.0.0.0/25", "10.0.0.128/25"], ["10.0.0.0/24"], None, None),
        (
            ["10.0.0.1", "10.0.0.2", "10.0.0.9"],
            ["10.0.0.9", "10.0.1.0/24"],
            ["10.0.0.1", "10.0.0.2"],
            ["10.0.1.0/24"],
        ),
        (["10.0.0.0/8", "10.1.0.0/16"], ["10.0.0.0/8"], None, None),
        ([], ["10.0.0.7"], [], ["10.0.0.7"]),
    ],
)
def test_of_a_set_that_changed_the_difference_is_told(
    old: list[str], new: list[str], removed: list[str] | None, added: list[str] | None
) -> None:
    kind = "address6" if ":" in new[0] else "address4"
    sides = [NamedSet("t/s", (kind,), [(address_range(words)[1:],) for words in side]) for side in (old, new)]
    found = [(entry["removed"], entry["added"]) for entry in set_diff(*sides)]
    assert found == ([] if removed is None else [(removed, added)])
