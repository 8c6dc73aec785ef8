# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of which nft's text is all there is: the same verdicts as from its JSON, and evidence with line numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diff import differences
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

LINUX = Path(__file__).resolve().parents[2] / "fixtures" / "linux"
JSON = (LINUX / "constructs.json").read_text(encoding="utf-8")
TEXT = (LINUX / "constructs.txt").read_text(encoding="utf-8")
SCRIPT = (LINUX / "constructs.nft").read_text(encoding="utf-8")
PLAIN = re.sub(r" # handle \d+$", "", TEXT, flags=re.MULTILINE)
NO_JSON = RawOutput("nft_json", "nft -j list ruleset", 1, "", "JSON support not compiled-in\n")
FLOW = {"src": "10.10.1.5", "dst": "10.20.1.10", "protocol": "tcp", "dst_port": 5432}
SMALL = """table inet fw {
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tip saddr 10.10.1.0/24 counter packets 5 bytes 300 accept
\t}
}
"""


def saved(**texts: str) -> State:
    """From files."""
    return parse_platform(
        "linux", "fw1", {name: RawOutput(name, f"the {name}", None, text) for name, text in texts.items()}
    )


def login(*given: RawOutput) -> State:
    """From a login that found no other rules."""
    names = ("iptables_nft", "ip6tables_nft", "iptables_legacy", "ip6tables_legacy", "ipset")
    none = {name: RawOutput(name, name, 0, "", "", "not there") for name in names}
    return parse_platform("linux", "fw1", {**none, **{one.name: one for one in given}})


def forward(state: State, **flow: Any) -> str:
    return str(verdicts(state, [{**FLOW, **flow}], "forward")[0]["verdict"])


def documents(state: State) -> tuple[Any, Any]:
    shown = state.to_dict()
    for named in shown["sets"].values():  # nft 1.0.6 leaves this flag out of its JSON
        named.pop("dynamic", None)
    return shown["rulesets"], {**shown["chains"], **shown["sets"]}


def test_a_listing_with_handles_is_the_same_state_as_the_json() -> None:
    from_text = saved(nft_text=TEXT)
    assert from_text.firewall_known
    assert documents(from_text) == documents(saved(nft_json=JSON, nft_text=TEXT))


@pytest.mark.parametrize("text", [PLAIN, SCRIPT])
def test_without_handles_nothing_but_the_evidence_differs(text: str) -> None:
    from_json, from_text = saved(nft_json=JSON, nft_text=TEXT), saved(nft_script=text)
    assert from_text.firewall_known
    assert list(differences(from_json, from_text)) == []
    rules = [rule for rule in from_text.rulesets["inet/fw/forward"].rules if rule.position]
    lines = text.split("\n")
    assert len(rules) > 60
    for rule in rules:
        assert rule.handle is None
        assert rule.line is not None
        assert rule.text in lines[rule.line - 1]


def test_a_host_whose_nft_has_no_json_is_read_as_text() -> None:
    state = login(NO_JSON, RawOutput("nft_text", "nft -a list ruleset", 0, SMALL))
    assert state.firewall_known
    assert [item for item in state.unreadable if item["what"].startswith("nft")] == []
    assert (forward(state), forward(state, src="10.9.9.9")) == ("permit", "deny")


def test_a_host_whose_nft_has_no_json_may_have_no_rules() -> None:
    assert login(NO_JSON, RawOutput("nft_text", "nft -a list ruleset", 0, "")).firewall_known
    other = RawOutput("nft_json", "nft -j list ruleset", 1, "", "Operation not permitted\n")
    assert not login(other, RawOutput("nft_text", "nft -a list ruleset", 0, "")).firewall_known


def test_text_is_no_way_around_what_may_not_be_read() -> None:
    denied = "Operation not permitted (you must be root)\n"
    outputs = [RawOutput(name, name, 1, "", denied) for name in ("nft_json", "nft_text")]
    state = login(*outputs)
    assert {"what": "nft_json", "reason": f"exit status 1: {denied.strip()}"} in state.unreadable
    assert forward(state) == "unknown"


def test_json_that_is_cut_short_is_not_made_up_for() -> None:
    assert not saved(nft_json=JSON[:-40], nft_text=TEXT).firewall_known


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (SMALL[:-2], "cut short"),
        (SMALL.replace("\t}\n}", "\t}"), "cut short"),
        (SMALL.replace("policy drop", "policy zqx"), "'zqx'"),
        ("# nothing\n", "no table"),
        (f'include "/etc/nftables.d/*.nft"\n{SMALL}', "give it as `nft -f`"),
    ],
)
def test_text_without_structure_is_unreadable(text: str, what: str) -> None:
    state = saved(nft_text=text)
    (said,) = (item["reason"] for item in state.unreadable if item["what"] == "nft_text")
    assert what in said
    assert not state.firewall_known
    assert forward(state) == "unknown"


def test_what_a_script_includes_is_not_there() -> None:
    state = saved(nft_script=f'include "/etc/nftables.d/*.nft"\n{SMALL}')
    assert not state.firewall_known
    assert any("/etc/nftables.d/*.nft" in item["reason"] for item in state.unreadable)


def test_a_rule_with_a_strange_word_is_unknown_in_its_place() -> None:
    strange = SMALL.replace("ip saddr 10.10.1.0/24", "ip saddr 10.10.1.0/24 zqx 5")
    state = saved(nft_text=strange)
    assert forward(state) == forward(state, src="10.9.9.9") == "unknown"
    (said,) = state.not_understood
    assert said["where"] == "inet/fw/forward rule 1"
    assert "zqx" in said["reason"]
    before = SMALL.replace("\t\tip saddr", "\t\tip saddr 10.10.1.5 drop\n\t\tip saddr").replace(
        "/24 ", "/24 zqx "
    )
    assert forward(saved(nft_text=before)) == "deny"


@pytest.mark.parametrize("rule", ["zqx dnat to 10.20.1.10", "zqx jump far", "zqx meta mark set 5"])
def test_a_rule_that_is_not_understood_may_change_what_comes_after(rule: str) -> None:
    text = (
        "table ip nat {\n chain far {\n  dnat to 10.20.1.10\n }\n chain pre {\n"
        f"  type nat hook prerouting priority dstnat; policy accept;\n  {rule}\n }}\n}}\n"
        "table ip fw {\n chain forward {\n  type filter hook forward priority filter; policy drop;\n"
        "  ip daddr 10.20.1.10 meta mark != 5 accept\n }\n}\n"
    )
    state = saved(nft_text=text)
    flow = {
        "src": "10.10.1.5",
        "dst": "192.0.2.1" if "mark" not in rule else "10.20.1.10",
        "protocol": "tcp",
        "mark": 0,
    }
    assert verdicts(state, [{**flow, "in_interface": "a"}])[0]["verdict"] == "unknown"


def test_counters_are_no_part_of_the_fingerprint() -> None:
    later = SMALL.replace("packets 5 bytes 300", "packets 7 bytes 420")
    assert saved(nft_text=SMALL).fingerprint == saved(nft_text=later).fingerprint
    assert saved(nft_text=SMALL).fingerprint != saved(nft_text=SMALL.replace("/24", "/26")).fingerprint


def test_a_rule_by_an_empty_map_does_nothing() -> None:
    text = (
        "table ip nat {\n map to { type inet_service : ipv4_addr; }\n chain pre {\n"
        "  type nat hook prerouting priority dstnat; policy drop;\n  dnat to tcp dport map @to\n }\n}\n"
    )
    state = saved(nft_text=text)
    assert state.firewall_known
    (rule,) = state.rulesets["ip/nat/pre"].rules
    assert (rule.verdict.kind, rule.effects) == ("continue", ())  # type: ignore[union-attr]
    assert verdicts(state, [FLOW], "prerouting")[0]["verdict"] == "deny"


@pytest.mark.parametrize(
    ("lines", "timed"),
    [("flags timeout", True), ("timeout 1h", True), ("flags interval", False), ("", False)],
)
def test_a_set_whose_members_may_time_out_is_told_from_one_whose_stay(lines: str, timed: bool) -> None:
    text = f"table inet filter {{\n set s {{\n type ipv4_addr\n {lines}\n }}\n}}\n"
    [found] = saved(nft_script=text).sets.values()
    assert found.timed is timed
    assert NamedSet.from_dict(found.key, found.to_dict()) == found
