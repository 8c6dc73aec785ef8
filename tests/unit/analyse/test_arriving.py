# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about one hook: flows come to it with what the rules before gave them, or do not come."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

FLOW: dict[str, Any] = {
    "src": "192.0.2.7",
    "dst": "203.0.113.1",
    "protocol": "tcp",
    "src_port": 40000,
    "dst_port": 80,
    "in_interface": "eth0",
}
SERVER = {**FLOW, "dst": "10.0.0.80"}
FORWARD = "iptables/filter/FORWARD"


def state(**tables: str) -> State:
    """``filter="FORWARD DROP; -A FORWARD ..."``: the chains with their policies, then rules."""
    text = ""
    for table, lines in tables.items():
        chains, *rules = lines.split("; ")
        words = chains.split()
        declared = [f":{name} {policy} [0:0]" for name, policy in zip(words[::2], words[1::2])]
        text += "\n".join([f"*{table}", *declared, *rules, "COMMIT", ""])
    found = parse_platform(
        "linux", "fw", {"iptables_nft": RawOutput("iptables_nft", "iptables-save", 0, text)}
    )
    found.firewall_known = True
    return found


def verdict(fw: State, flow: dict[str, Any], name: str | None = "forward") -> str:
    return str(verdicts(fw, [flow], name)[0]["verdict"])


MARKS = "PREROUTING ACCEPT; -A PREROUTING -p tcp --dport 80 -j MARK --set-mark 5"
WANTS_MARK = "FORWARD DROP; -A FORWARD -m mark --mark 5 -j ACCEPT"


@pytest.mark.parametrize("name", ["forward", FORWARD])
def test_marks_are_those_that_earlier_rules_set(name: str) -> None:
    fw = state(mangle=MARKS, filter=WANTS_MARK)
    assert verdict(fw, FLOW, name) == "permit"
    assert verdict(fw, {**FLOW, "dst_port": 81}, name) == "deny"
    assert verdict(fw, {**FLOW, "dst_port": "80-81"}, name) == "mixed"
    assert verdict(state(filter=WANTS_MARK), FLOW, name) == "deny", "a packet comes without a mark"


def test_a_mark_that_the_question_gives_is_what_packets_come_with() -> None:
    fw = state(mangle=MARKS, filter=WANTS_MARK)
    assert verdict(fw, {**FLOW, "dst_port": 81, "mark": 5}) == "permit"
    assert verdict(fw, {**FLOW, "mark": 6}) == "permit", "and a rule sets another"
    assert verdict(fw, {**FLOW, "mark": 6}, FORWARD) == "deny", "of a ruleset it is the mark there"


def test_a_mark_that_may_be_set_decides_nothing() -> None:
    maybe = "PREROUTING ACCEPT; -A PREROUTING -m string --algo bm --string x -j MARK --set-mark 5"
    assert verdict(state(mangle=maybe, filter=WANTS_MARK), FLOW) == "unknown"
    drops = "FORWARD DROP; -A FORWARD -m mark --mark 6 -j ACCEPT"
    assert verdict(state(mangle=maybe, filter=drops), FLOW) == "deny", "neither 0 nor 5 is 6"


def test_later_packets_may_come_with_any_mark() -> None:
    fw = state(mangle=MARKS, filter=WANTS_MARK)
    assert verdict(fw, {**FLOW, "connection": "established"}) == "permit"
    assert verdict(fw, {**FLOW, "connection": "established", "dst_port": 81}) == "mixed"


NAT = (
    "PREROUTING ACCEPT; -A PREROUTING -d 203.0.113.1/32 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.80"
)
TRANSLATED = "FORWARD DROP; -A FORWARD -m conntrack --ctstate DNAT -j ACCEPT"


@pytest.mark.parametrize("name", ["forward", FORWARD])
def test_what_a_port_forward_gives_counts_as_translated(name: str) -> None:
    fw = state(nat=NAT, filter=TRANSLATED)
    assert verdict(fw, FLOW, name) == "permit"
    assert verdict(fw, {**FLOW, "dst_port": 81}, name) == "deny"
    assert verdict(fw, SERVER, name) == "deny", "an attempt to reach the server itself is not translated"
    assert verdict(state(filter=TRANSLATED), FLOW, name) == "deny"


def test_a_translated_attempt_is_forwarded_with_its_new_ends() -> None:
    by_server = "FORWARD DROP; -A FORWARD -d 10.0.0.80/32 -p tcp --dport 80 -j ACCEPT"
    assert verdict(state(nat=NAT, filter=by_server), FLOW) == "permit"
    by_front = "FORWARD DROP; -A FORWARD -d 203.0.113.1/32 -j ACCEPT"
    assert verdict(state(nat=NAT, filter=by_front), FLOW) == "deny"
    assert verdict(state(filter=by_front), FLOW) == "permit"


def test_whether_a_translated_attempt_is_for_the_host_is_not_a_matter_of_one_hook() -> None:
    found = verdicts(state(nat=NAT, filter="INPUT DROP"), [FLOW], "input")[0]
    assert found["verdict"] == "unknown"
    assert "translates" in found["parts"][0]["reason"]


RAW = "PREROUTING ACCEPT; -A PREROUTING -s 192.0.2.0/29 -j DROP"


def test_what_an_earlier_hook_drops_does_not_come() -> None:
    fw = state(raw=RAW, filter="FORWARD ACCEPT")
    found = verdicts(fw, [FLOW], "forward")[0]
    assert found["verdict"] == "deny"
    assert [rule["text"] for rule in found["rules"]] == ["-A PREROUTING -s 192.0.2.0/29 -j DROP"]
    assert verdict(fw, {**FLOW, "src": "192.0.2.8"}) == "permit"
    assert verdict(fw, {**FLOW, "src": "192.0.2.0/28"}) == "mixed"
    assert verdict(fw, FLOW, FORWARD) == "permit", "the ruleset itself lets it pass"


@pytest.mark.parametrize(
    "more", [{"connection": "established"}, {"mark": 0}, {"connection": "invalid"}], ids=str
)
def test_whatever_else_the_question_says(more: dict[str, Any]) -> None:
    assert verdict(state(raw=RAW, filter="FORWARD ACCEPT"), {**FLOW, **more}) == "deny"


def test_rules_that_change_packets_in_ways_not_known_hide_no_drop() -> None:
    computed = "PREROUTING ACCEPT; -A PREROUTING -s 10.7.0.0/16 -j TPROXY --on-port 1 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0"
    assert verdict(state(raw=RAW, mangle=computed, filter="FORWARD ACCEPT"), FLOW) == "deny"


def test_notrack_is_carried_on() -> None:
    raw = "PREROUTING ACCEPT; -A PREROUTING -p tcp --dport 80 -j CT --notrack"
    wants = "FORWARD DROP; -A FORWARD -m conntrack --ctstate UNTRACKED -j ACCEPT"
    assert verdict(state(raw=raw, filter=wants), FLOW) == "permit"
    assert verdict(state(filter=wants), FLOW) == "deny"


@pytest.mark.parametrize("hook", ["prerouting", "output"])
def test_the_first_hook_has_nothing_before_it(hook: str) -> None:
    chain = hook.upper()
    fw = state(mangle=f"{chain} DROP; -A {chain} -m mark --mark 0 -j ACCEPT")
    assert verdict(fw, {key: value for key, value in FLOW.items() if key != "in_interface"}, hook) == "permit"


def test_packets_come_to_postrouting_by_two_ways() -> None:
    wants = "POSTROUTING DROP; -A POSTROUTING -m mark --mark 5 -j ACCEPT"
    anywhere = {key: value for key, value in FLOW.items() if key != "in_interface"}
    assert verdict(state(mangle=wants), anywhere, "postrouting") == "deny"
    marks = wants.replace(
        "POSTROUTING DROP;", "POSTROUTING DROP OUTPUT ACCEPT; -A OUTPUT -j MARK --set-mark 5;"
    )
    assert verdict(state(mangle=marks), anywhere, "postrouting") == "unknown"
    assert verdict(state(mangle=marks), FLOW, "postrouting") == "deny", (
        "what came in was not sent by the host"
    )
    forward = state(filter="FORWARD DROP", mangle="POSTROUTING ACCEPT")
    assert verdict(forward, FLOW, "postrouting") == "deny"
    assert verdict(forward, anywhere, "postrouting") == "unknown"


def test_rules_alone_do_not_tell_whose_packets_these_are() -> None:
    """Of a host whose addresses were not gathered, packets that come in may be for it."""
    closed = state(filter="INPUT DROP FORWARD ACCEPT OUTPUT ACCEPT")
    found = verdicts(closed, [FLOW])[0]
    assert found["verdict"] == "unknown"
    assert "addresses were not gathered" in found["parts"][-1]["reason"]
    assert verdict(closed, {**FLOW, "out_interface": "eth1"}, None) == "permit", "that is forwarded"
    assert verdict(state(filter="INPUT DROP FORWARD DROP OUTPUT ACCEPT"), FLOW, None) == "deny"
    anywhere = {key: value for key, value in FLOW.items() if key != "in_interface"}
    assert verdict(state(filter="INPUT DROP FORWARD DROP OUTPUT ACCEPT"), anywhere, None) == "unknown"
    assert verdict(state(filter="INPUT DROP FORWARD DROP OUTPUT DROP"), anywhere, None) == "deny"
