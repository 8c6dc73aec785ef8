# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change did to flows: the states, and the only right answer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.pathguard.network.plugins.filter.firewall_diff import firewall_diff
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    ALWAYS,
    Match,
    Member,
    Unknown,
    both,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    CONTINUE,
    DROP,
    Chain,
    Effect,
    Rule,
    Verdict,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from tests.support.states import app_rule, forward, match, ruleset, small_lab

KEY = "inet/filter/forward"
INPUT = "iptables/filter/INPUT"
LIMIT = Unknown(f"{KEY}: limit rate 10/second", "limit rate 10/second: limit depends on earlier packets")
Line = tuple[str, Match, Any]


def state(*rules: Line, default: str = "deny", key: str = KEY, **sets: NamedSet) -> State:
    found = State("fw1")
    hook = "input" if key == INPUT else "forward"
    found.rulesets[key] = ruleset(
        key,
        hook,
        default,
        [
            Rule(at, matched, verdict, words, handle=at + 10)
            for at, (words, matched, verdict) in enumerate(rules, 1)
        ],
    )
    found.sets = {name: replace(named, key=name) for name, named in sets.items()}
    return found


def flows(
    entries: Sequence[dict[str, Any]], part: str, connection: str = "new"
) -> list[dict[str, list[str]]]:
    found = [entry for entry in entries if entry["connection"] == connection]
    bucket: Any = found[0] if found else {}
    for name in part.split("."):
        bucket = bucket.get(name, {})
    listed: list[dict[str, list[str]]] = bucket.get("flows", [])
    return listed


def culprits(entries: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (rule["change"], rule.get("text") or rule.get("set") or rule["ruleset"])
        for rule in entries[0]["rules"]
    ]


WEB: Line = ("web", match(src="10.0.0.0/8", proto="tcp", dport=80), ACCEPT)
SSH: Line = ("ssh", match(src="10.0.0.0/8", proto="tcp", dport=22), ACCEPT)
BAD: Line = ("bad", match(src="10.0.6.0/24"), DROP)
LIMITED: Line = ("limited", both(match(proto="tcp", dport=22), LIMIT), ACCEPT)


def test_a_narrowed_mask_is_one_finding() -> None:
    before = small_lab()["fw1"]
    after = small_lab(fw1=[forward(app_rule("10.10.1.0/26"))])["fw1"]
    found = firewall_difference(before, after)
    assert [(entry["hook"], entry["connection"]) for entry in found] == [("forward", "new")]
    assert found[0]["lost"] == {
        "flows": [
            {
                "src": ["10.10.1.64/26", "10.10.1.128/25"],
                "dst": ["10.20.1.10/31"],
                "protocol": ["tcp"],
                "dst_port": ["5432"],
            }
        ],
        "more": 0,
        "counted": True,
    }
    assert found[0]["gained"]["flows"] == []
    (rule,) = found[0]["rules"]
    assert (rule["host"], rule["ruleset"], rule["change"], rule["position"]) == ("fw1", KEY, "changed", 3)
    assert (rule["before"]["text"][:24], rule["after"]["text"][:24]) == (
        "ip saddr 10.10.1.0/24 ip",
        "ip saddr 10.10.1.0/26 ip",
    )
    assert flows(firewall_difference(after, before), "gained") == found[0]["lost"]["flows"]


def _renumbered(found: State) -> None:
    rules = found.rulesets[KEY].rules
    rules.insert(0, Rule(1, ALWAYS, CONTINUE, "counter packets 7 bytes 9"))
    found.rulesets[KEY].rules = [
        replace(rule, position=at, handle=rule.position + 90, text=f'{rule.text} comment "no {at}"')
        for at, rule in enumerate(rules, 1)
    ]


def _swapped(found: State) -> None:
    rules = found.rulesets[KEY].rules
    rules[0], rules[1] = replace(rules[1], position=1), replace(rules[0], position=2)


def _split(found: State) -> None:
    """One rule as two that say the same together."""
    rules = found.rulesets[KEY].rules
    for prefix in ("10.128.0.0/9", "10.0.0.0/9"):
        rules.insert(0, Rule(0, match(src=prefix, proto="tcp", dport=80), ACCEPT, f"web {prefix}"))
    rules[2:] = [rule for rule in rules[2:] if rule.text != "web"]


def _unused_chain(found: State) -> None:
    found.chains["inet/filter/new"] = Chain("inet/filter/new", [Rule(1, ALWAYS, DROP, "drop")])


@pytest.mark.parametrize("change", [_renumbered, _swapped, _split, _unused_chain])
def test_what_does_the_same_gives_no_difference(change: Callable[[State], None]) -> None:
    """With conditions in it that can't be decided: they cancel, because what feeds them is the same."""
    owner = Unknown("-m owner", "-m owner is not modelled")
    before = state(WEB, SSH, LIMITED, ("owner", both(match(proto="udp"), owner), ACCEPT))
    after = copy.deepcopy(before)
    change(after)
    assert firewall_difference(before, after) == []
    assert firewall_difference(after, before) == []


def test_overlapping_rules_in_another_order() -> None:
    found = firewall_difference(state(WEB, BAD), state(BAD, WEB))
    assert flows(found, "lost") == [{"src": ["10.0.6.0/24"], "protocol": ["tcp"], "dst_port": ["80"]}]
    assert [change for change, _text in culprits(found)] == ["moved"]


def test_beside_an_unknown_condition_only_what_changed_is_told() -> None:
    found = firewall_difference(state(LIMITED, WEB), state(LIMITED))
    assert flows(found, "lost") == [{"src": ["10.0.0.0/8"], "protocol": ["tcp"], "dst_port": ["80"]}]
    assert flows(found, "still_unknown") == []
    assert culprits(found) == [("removed", "web")]


def test_known_and_unknown_are_kinds_of_their_own() -> None:
    found = firewall_difference(state(SSH), state(("limited ssh", both(SSH[1], LIMIT), ACCEPT)))
    ssh = [{"src": ["10.0.0.0/8"], "protocol": ["tcp"], "dst_port": ["22"]}]
    assert (flows(found, "became_unknown.permit"), flows(found, "lost")) == (ssh, [])
    assert found[0]["reasons"] == {"before": [], "after": [LIMIT.reason]}
    back = firewall_difference(state(("limited ssh", both(SSH[1], LIMIT), ACCEPT)), state(SSH))
    assert (flows(back, "became_known.permit"), flows(back, "gained")) == (ssh, [])
    denied = firewall_difference(state(), state(LIMITED))
    assert flows(denied, "became_unknown.deny") == [{"protocol": ["tcp"], "dst_port": ["22"]}]


def test_another_condition_is_another_unknown() -> None:
    other = Unknown("-m time", "-m time is not modelled")
    found = firewall_difference(state(LIMITED), state(("timed", both(LIMITED[1], other), ACCEPT)))
    assert flows(found, "still_unknown") == [{"protocol": ["tcp"], "dst_port": ["22"]}]


def _recent(mode: str, key: str) -> Unknown:
    return Unknown(f"{key}: -m recent {mode}", f"-m recent {mode} is not modelled")


def recent(source: str, position_of_feed: int = 0) -> State:
    """Who knocks on a port is put on a list, and who is on the list is dropped."""
    feed: Line = (
        f"-A INPUT -s {source} -p tcp -m tcp --dport 1 -m recent --set --name knock --rsource",
        both(match(src=source, proto="tcp", dport=1), _recent("--set --name knock --rsource", INPUT)),
        CONTINUE,
    )
    check: Line = (
        "-A INPUT -m recent --rcheck --name knock --rsource -j DROP",
        _recent("--rcheck --name knock --rsource", INPUT),
        DROP,
    )
    web = ("-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT", match(proto="tcp", dport=80), ACCEPT)
    lines = [check, web]
    lines.insert(position_of_feed, feed)
    return state(*lines, key=INPUT)


def test_a_list_that_another_rule_feeds() -> None:
    assert firewall_difference(recent("10.0.0.0/8"), recent("10.0.0.0/8")) == []
    found = firewall_difference(recent("10.0.0.0/8"), recent("0.0.0.0/0"))
    assert flows(found, "still_unknown") == [{"protocol": ["tcp"], "dst_port": ["80"]}]
    assert (flows(found, "gained"), flows(found, "lost")) == ([], [])
    assert [change for change, _text in culprits(found)] == ["changed"]
    # A rule before it that takes packets from the one that feeds it changes the list, too.
    before, after = recent("10.0.0.0/8"), recent("10.0.0.0/8")
    knock = Rule(0, match(src="10.1.0.0/16"), DROP, "-A INPUT -s 10.1.0.0/16 -j DROP")
    after.rulesets[INPUT].rules.insert(0, knock)
    assert flows(firewall_difference(before, after), "still_unknown")


def with_set(*addresses: int, feed: str = "", **facts: Any) -> State:
    elements: list[Any] = [((address, address),) for address in addresses]
    member: Line = ("ip saddr @seen accept", Member("inet/filter/seen", ("src",)), ACCEPT)
    lines = [member, *([(feed, match(src="10.0.0.0/8", proto="udp"), CONTINUE)] if feed else [])]
    named = NamedSet("inet/filter/seen", ("address4",), elements, **facts)
    return state(*lines, **{"inet/filter/seen": named})


def test_members_of_a_set() -> None:
    found = firewall_difference(with_set(1, 2), with_set(2, 3))
    assert (flows(found, "lost"), flows(found, "gained")) == ([{"src": ["0.0.0.1"]}], [{"src": ["0.0.0.3"]}])
    assert culprits(found) == [("members", "inet/filter/seen")]
    assert (found[0]["rules"][0]["removed"], found[0]["rules"][0]["added"]) == (["0.0.0.1"], ["0.0.0.3"])
    assert firewall_difference(with_set(1, 2), with_set(2, 1)) == []


def test_members_that_nobody_has_read_are_not_the_same() -> None:
    before, after = with_set(complete=False), with_set(complete=False)
    assert flows(firewall_difference(before, after), "still_unknown") == [{"family": ["ipv4"]}] or flows(
        firewall_difference(before, after), "still_unknown"
    ) == [{}]
    assert firewall_difference(before, before) == []


def test_a_set_that_packets_fill() -> None:
    feed = "ip protocol udp add @seen { ip saddr }"
    before = with_set(1, feed=feed, dynamic=True)
    assert firewall_difference(before, with_set(1, feed=feed, dynamic=True)) == []
    # Its one lasting member was permitted for certain, and may be a member by now or not.
    found = firewall_difference(before, with_set(feed=feed, dynamic=True))
    assert flows(found, "became_unknown.permit") == [{"src": ["0.0.0.1"]}]
    assert flows(found, "still_unknown") == []
    other = with_set(1, feed=feed.replace("ip saddr }", "ip daddr }"), dynamic=True)
    assert flows(firewall_difference(before, other), "still_unknown")


def test_the_established_rule_dropped_shows_in_established_flows_alone() -> None:
    established: Line = ("established", match(ct="established"), ACCEPT)
    found = firewall_difference(state(established, SSH), state(SSH))
    assert [entry["connection"] for entry in found] == ["established"]
    assert found[0]["gained"]["flows"] == []
    assert culprits(found) == [("removed", "established")]
    invalid: Line = ("invalid", match(ct="invalid"), DROP)
    found = firewall_difference(state(invalid, default="permit"), state(default="permit"))
    assert [(entry["connection"], entry["gained"]["flows"]) for entry in found] == [
        ("other", [{"connection": ["invalid"]}])
    ]


def test_a_default_action_and_whole_rulesets() -> None:
    found = firewall_difference(state(BAD), state(BAD, default="permit"))
    assert culprits(found) == [("default_action", KEY)]
    assert (found[0]["rules"][0]["before"], found[0]["rules"][0]["after"]) == ("deny", "permit")
    nothing = State("fw1")
    assert flows(firewall_difference(nothing, state()), "lost") == [{}]
    assert culprits(firewall_difference(nothing, state())) == [("created", KEY)]
    assert culprits(firewall_difference(state(), nothing)) == [("deleted", KEY)]


def test_a_jump_that_goes_elsewhere() -> None:
    def jumping(target: str) -> State:
        found = state(("jump", match(src="10.0.0.0/8"), Verdict("jump", f"inet/filter/{target}")))
        for name, verdict in (("one", ACCEPT), ("two", DROP)):
            key = f"inet/filter/{name}"
            found.chains[key] = Chain(key, [Rule(1, match(proto="tcp"), verdict, name)])
        return found

    found = firewall_difference(jumping("one"), jumping("two"))
    assert flows(found, "lost") == [{"src": ["10.0.0.0/8"], "protocol": ["tcp"]}]
    assert culprits(found) == [("changed", "jump")]


def test_packets_that_are_marked_or_translated_otherwise() -> None:
    def marking(value: int | None) -> State:
        found = state(default="permit")
        effect = (Effect("set", "mark", value),)
        found.rulesets[KEY].rules = [Rule(1, match(src="10.0.0.0/8"), CONTINUE, f"mark {value}", effect)]
        return found

    found = firewall_difference(marking(1), marking(2))
    assert flows(found, "rewritten") == [{"src": ["10.0.0.0/8"]}]
    assert culprits(found) == [("changed", "mark 2")]
    assert firewall_difference(marking(1), marking(1)) == []
    assert firewall_difference(marking(None), marking(None)) == []


def test_a_firewall_that_could_not_be_read_is_not_known() -> None:
    unread = State("fw1", firewall_known=False, unreadable=[{"what": "nft", "reason": "not permitted"}])
    assert (
        flows(firewall_difference(state(BAD, default="permit"), unread), "became_unknown.deny", "new") == []
    )
    entries = [
        entry for entry in firewall_difference(state(default="permit"), unread) if entry["hook"] == "forward"
    ]
    assert flows(entries, "became_unknown.permit") == [{}]
    assert "not permitted" in entries[0]["reasons"]["after"][0]
    both_ways = firewall_difference(unread, replace(unread))
    assert all(entry["still_unknown"]["flows"] for entry in both_ways)
    assert both_ways


def test_an_unknown_verdict_that_two_rules_jump_to() -> None:
    """Packets come to it twice, and by the second time its condition has been decided."""
    queue = "inet/filter/queue"
    found = state(
        ("mark", match(proto="udp"), CONTINUE),
        ("one", ALWAYS, Verdict("jump", queue)),
        ("two", ALWAYS, Verdict("jump", queue)),
    )
    found.rulesets[KEY].rules[0] = replace(found.rulesets[KEY].rules[0], effects=(Effect("set", "mark", 1),))
    found.chains[queue] = Chain(queue, [Rule(1, ALWAYS, Verdict("unknown", "", "queue"), "queue")])
    space = Space()
    assert HostFirewall(found, space).hooks(("forward",), space.everything).unknown == space.everything


def test_the_answer_is_bounded_and_says_what_it_leaves_out() -> None:
    ports = [(f"port {port}", match(proto="tcp", dport=port), ACCEPT) for port in range(1, 400, 2)]
    found = firewall_difference(
        state(),
        state(
            *(
                (words, both(matched, match(src=f"10.0.{at}.0/24")), verdict)
                for at, (words, matched, verdict) in enumerate(ports)
            )
        ),
        most=10,
    )
    assert (len(found[0]["gained"]["flows"]), found[0]["gained"]["more"], found[0]["gained"]["counted"]) == (
        10,
        190,
        True,
    )
    assert (len(found[0]["rules"]), found[0]["more_rules"]) == (10, 190)


def test_one_ruleset_alone() -> None:
    before, after = state(WEB, SSH), state(WEB)
    entry = firewall_difference(before, after, KEY)[0]
    assert (entry["ruleset"], entry["lost"]["flows"][0]["dst_port"]) == (KEY, ["22"])
    assert firewall_difference(before, after, "forward")[0]["lost"] == entry["lost"]
    with pytest.raises(AnsibleFilterError, match="there is no ruleset 'forwrd' before the change"):
        firewall_diff(before.to_dict(), after.to_dict(), "forwrd")
    with pytest.raises(AnsibleFilterError, match="limit is 0"):
        firewall_diff(before.to_dict(), after.to_dict(), limit=0)


def test_the_filter_reads_snapshots_and_says_what_is_wrong(tmp_path: Path) -> None:
    before, after = state(WEB, SSH).to_dict(), state(WEB).to_dict()
    taken = snapshot.Snapshot("fw1", "linux", snapshot.now(), before, [])
    path = snapshot.write(tmp_path, taken)
    assert firewall_diff(str(path), after) == firewall_diff(before, after) != []
    assert firewall_diff(str(path), str(path)) == []
    path.write_text(path.read_text()[:200])
    for wrong, words in (
        (str(path), "cut short"),
        (str(tmp_path / "fw2.json"), "can't be read"),
        ([], "a state is a mapping"),
    ):
        for pair in ((wrong, after), (before, wrong)):
            with pytest.raises(AnsibleFilterError, match=words) as caught:
                firewall_diff(*pair)
            assert len(str(caught.value).splitlines()) <= 5
