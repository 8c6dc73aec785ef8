# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of traps, from a host's own text to the answer: the ruleset, the question, and the only right answer.

Elsewhere are: a path's need of replies (15, ``tests/unit/network``), ICMP errors (18, ``test_errors_back``), boot and
saved rules (23, ``tests/unit/parse/test_boot``), an empty required set (7, ``tests/unit/policy``), how a reject looks to
a probe (14, ``tests/integration/test_probe``).
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

TCP: dict[str, Any] = {"protocol": "tcp", "dst": "10.9.0.1", "dst_port": 5432}


def iptables(
    *rules: str, policy: str = "DROP", chains: str = "", name: str = "iptables_nft", **more: str
) -> State:
    """A state of FORWARD rules in the filter table. ``more``: other outputs of the host."""
    declared = "".join(f":{chain} - [0:0]\n" for chain in chains.split())
    body = "".join(
        f"-A {rule}\n" if rule.split()[0] in chains.split() else f"-A FORWARD {rule}\n" for rule in rules
    )
    text = f"*filter\n:FORWARD {policy} [0:0]\n{declared}{body}COMMIT\n"
    return _state(**{name: text, **more})


def nft(chains: str, **more: str) -> State:
    """A state of one inet table, in nft's own words."""
    return _state(nft_text=f"table inet t {{\n{chains}\n}}\n", **more)


def forward(*rules: str, policy: str = "drop", priority: int = 0, name: str = "forward") -> str:
    body = "\n".join(rules)
    return f"chain {name} {{ type filter hook forward priority {priority}; policy {policy};\n{body}\n}}"


def _state(**outputs: str) -> State:
    raw = {name: RawOutput(name, name, 0, text) for name, text in outputs.items()}
    found = parse_platform("linux", "fw", raw)
    assert not [item for item in found.unreadable if item["what"] in outputs], found.unreadable
    found.firewall_known = True
    return found


def ask(state: State, name: str = "forward", **flow: Any) -> dict[str, Any]:
    return Questions(state).verdict({**TCP, **flow}, name)


def verdict(state: State, **flow: Any) -> str:
    return str(ask(state, **flow)["verdict"])


def sources(answer: dict[str, Any], wanted: str) -> list[str]:
    """The sources of an answer's parts with one verdict."""
    return [
        source
        for part in answer["parts"]
        if part["verdict"] == wanted
        for piece in part["flows"]
        for source in piece["src"]
    ]


# Sets.


def test_1_partial_overlap_with_an_earlier_deny() -> None:
    state = iptables("-s 10.0.1.128/25 -j DROP", "-s 10.0.1.0/24 -j ACCEPT")
    answer = ask(state, src="10.0.1.0/24")
    assert answer["verdict"] == "mixed"
    assert sources(answer, "deny") == ["10.0.1.128/25"]
    assert sources(answer, "permit") == ["10.0.1.0/25"]


@pytest.mark.parametrize(
    ("verb", "policy", "expected"), [("accept", "drop", "permit"), ("drop", "accept", "deny")]
)
def test_2_rules_that_only_together_decide_the_set(verb: str, policy: str, expected: str) -> None:
    halves = [f"ip saddr 10.0.1.{part} {verb}" for part in ("0/26", "64/26", "128/25")]
    assert verdict(nft(forward(*halves, policy=policy)), src="10.0.1.0/24") == expected
    assert verdict(nft(forward(*halves[:2], policy=policy)), src="10.0.1.0/24") == "mixed"


def test_3_a_witness_proves_nothing_about_the_rest() -> None:
    state = iptables("-s 10.0.1.0/25 -j ACCEPT", "-s 10.0.1.192/26 -j ACCEPT")
    assert sources(ask(state, src="10.0.1.0/24"), "deny") == ["10.0.1.128/26"]


def test_4_ports_belong_to_a_protocol() -> None:
    state = nft(forward("tcp sport 22 drop", "ip saddr 10.0.1.0/24 accept"))
    assert verdict(state, src="10.0.1.1", src_port=22) == "deny"
    assert verdict(state, src="10.0.1.1", src_port=22, protocol="udp") == "permit"


def test_5_negations_and_holed_masks_are_no_boxes() -> None:
    state = iptables("! -s 10.0.1.0/24 ! -d 10.9.0.0/24 -j DROP", policy="ACCEPT")
    assert verdict(state, src="10.0.1.1", dst="10.8.0.1") == "permit"
    assert verdict(state, src="10.0.2.1", dst="10.9.0.1") == "permit"
    assert verdict(state, src="10.0.2.1", dst="10.8.0.1") == "deny"
    even = iptables("-s 10.0.0.0/255.255.1.1 -j ACCEPT")
    assert verdict(even, src="10.0.2.4") == "permit"
    assert verdict(even, src="10.0.3.4") == verdict(even, src="10.0.2.5") == "deny"
    assert verdict(even, src="10.0.0.0/16") == "mixed"


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        ("tcp dport 0", {"dst_port": 0}, {"dst_port": 1}),
        ("tcp dport 65535", {"dst_port": 65535}, {"dst_port": 65534}),
        ("tcp dport > 65534", {"dst_port": 65535}, {"dst_port": 65534}),
        ("tcp dport != 1-65535", {"dst_port": 0}, {"dst_port": "1-65535"}),
        ("ip saddr 0.0.0.0-127.255.255.254", {"src": "127.255.255.254"}, {"src": "127.255.255.255"}),
        ("ip saddr 255.255.255.255", {"src": "255.255.255.255"}, {"src": "255.255.255.254"}),
        ("ip saddr 0.0.0.0/0", {"src": "0.0.0.0/0"}, {"src": "::/0", "dst": "::/0"}),
        ("ip saddr 10.0.0.0/31", {"src": "10.0.0.1"}, {"src": "10.0.0.2"}),
        ("ip saddr 10.0.0.1/32", {"src": "10.0.0.1"}, {"src": "10.0.0.0"}),
        (
            "ip6 saddr 2001:db8::1/128",
            {"src": "2001:db8::1", "dst": "::1"},
            {"src": "2001:db8::2", "dst": "::1"},
        ),
    ],
)
def test_6_ends_of_ranges(rule: str, inside: dict[str, Any], outside: dict[str, Any]) -> None:
    state = nft(forward(f"{rule} accept"))
    assert verdict(state, **inside) == "permit"
    assert verdict(state, **outside) == "deny"


# What cannot be known.


UNKNOWNS = (
    "-m recent --rcheck --name bad --rsource",
    "-m limit --limit 5/sec",
    "-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-name h",
    "-m connlimit --connlimit-upto 4 --connlimit-mask 32 --connlimit-saddr",
    "-m statistic --mode random --probability 0.5",
    "-m time --timestart 08:00:00 --timestop 18:00:00",
    "-m mac --mac-source 02:00:00:00:00:01",
    '-m string --string "x" --algo bm --to 65535',
    '-m bpf --bytecode "1,6 0 0 1"',
)


@pytest.mark.parametrize("words", UNKNOWNS)
def test_8_what_is_not_modelled_is_neither(words: str) -> None:
    assert verdict(iptables(f"{words} -j ACCEPT")) == "unknown"
    assert verdict(iptables(f"{words} -j DROP", policy="ACCEPT")) == "unknown"


@pytest.mark.parametrize("words", UNKNOWNS)
def test_9_an_unknown_matters_only_where_it_decides(words: str) -> None:
    assert verdict(iptables(f"{words} -j DROP")) == "deny", "dropped either way"
    assert verdict(iptables(f"{words} -j ACCEPT", policy="ACCEPT")) == "permit"
    assert verdict(iptables("-j ACCEPT", f"{words} -j DROP")) == "permit", "an earlier rule decides"
    assert verdict(iptables(f"{words} -s 10.7.0.0/16 -j ACCEPT"), src="10.8.0.1") == "deny", "not its flow"


@pytest.mark.parametrize("name", ["iptables_nft", "iptables_legacy"])
@pytest.mark.parametrize("words", [*UNKNOWNS, "-m recent --set --name x --rsource", "-p tcp -f"])
def test_9_a_rule_without_a_target_decides_nothing(words: str, name: str) -> None:
    assert verdict(iptables(words, "-p tcp -j ACCEPT", name=name)) == "permit"
    assert verdict(iptables(words, "-p udp -j ACCEPT", name=name)) == "deny"


@pytest.mark.parametrize("words", ["-m newest --by day -j-like", "-m newest --by", "-m limit 5/sec -y DROP"])
def test_9_words_that_are_no_known_matchs_may_hide_a_target(words: str) -> None:
    assert verdict(iptables(words, "-p tcp -j ACCEPT")) == "unknown"


@pytest.mark.parametrize("kept", ["set cl { type ipv4_addr; flags dynamic; }", "set cl { type ipv4_addr; }"])
def test_9_who_is_in_a_set_of_ipv4_addresses_is_no_question_for_ipv6(kept: str) -> None:
    state = nft(
        kept
        + forward(
            "tcp dport 3456 add @cl { ip saddr timeout 10s }", "ip saddr @cl accept", "tcp dport 77 reject"
        )
    )
    assert verdict(state, src="2001:db8::1", dst="2001:db8::2", dst_port=77) == "deny"
    assert verdict(state, src="10.0.0.1", dst_port=77) == "unknown"


def test_9_a_set_of_ipv4_addresses_that_could_not_be_read_holds_no_ipv6() -> None:
    state = nft("set cl { type ipv4_addr; }" + forward("ip saddr @cl accept"))
    state.sets["inet/t/cl"].complete = False
    assert verdict(state, src="2001:db8::1", dst="2001:db8::2") == "deny"
    assert verdict(state, src="10.0.0.1") == "unknown"


def test_9_a_negated_unknown_is_unknown() -> None:
    assert verdict(iptables("-m mac ! --mac-source 02:00:00:00:00:01 -j ACCEPT")) == "unknown"
    assert (
        verdict(iptables("-m recent ! --rcheck --name bad --rsource -j DROP", policy="ACCEPT")) == "unknown"
    )


# Chains.


@pytest.mark.parametrize(("how", "expected"), [("-j", "permit"), ("-g", "deny")])
def test_11_goto_returns_to_the_callers_caller(how: str, expected: str) -> None:
    state = iptables("-j one", f"one {how} two", "one -j ACCEPT", "two -j RETURN", chains="one two")
    assert verdict(state) == expected


def test_11_return_in_a_built_in_chain_is_its_policy() -> None:
    assert verdict(iptables("-j RETURN", "-j ACCEPT")) == "deny"
    assert verdict(iptables("-j RETURN", "-j DROP", policy="ACCEPT")) == "permit"


@pytest.mark.parametrize(
    "target", ["", "-j LOG", "-j MARK --set-xmark 0x1/0xffffffff", "-j NFLOG", "-j TRACE"]
)
def test_11_what_does_not_end(target: str) -> None:
    assert verdict(iptables(f"-s 10.0.0.0/8 {target}", "-j ACCEPT"), src="10.0.0.1") == "permit"


def test_12_accept_ends_its_own_base_chain_and_drop_all() -> None:
    early = forward("tcp dport 5432 accept", policy="accept", priority=-10, name="early")
    late = forward("tcp dport 5432 drop", policy="accept", priority=10, name="late")
    assert verdict(nft(early + late)) == "deny"
    drops = forward("tcp dport 5432 drop", policy="accept", priority=-10, name="early")
    accepts = forward("tcp dport 5432 accept", policy="accept", priority=10, name="late")
    assert verdict(nft(drops + accepts)) == "deny"


def test_12_maps_sets_intervals_and_concatenations() -> None:
    sets = (
        "set nets { type ipv4_addr; flags interval; elements = { 10.0.1.0/24, 10.0.3.0-10.0.3.9 } }\n"
        "set pairs { type ipv4_addr . inet_service; elements = { 10.9.0.1 . 5432 } }\n"
        "map doors { type inet_service : verdict; elements = { 5432 : accept, 22 : drop } }\n"
    )
    state = nft(sets + forward("ip saddr @nets ip daddr . tcp dport @pairs tcp dport vmap @doors"))
    assert verdict(state, src="10.0.3.9") == "permit"
    assert verdict(state, src="10.0.3.10") == verdict(state, src="10.0.1.1", dst="10.9.0.2") == "deny"
    assert verdict(state, src="10.0.1.1", dst_port=22) == "deny"


def test_12_inet_ip_and_ip6() -> None:
    four = _state(
        nft_text="table ip a {\n"
        + forward("drop")
        + "\n}\n"
        + "table inet b {\n"
        + forward("accept")
        + "\n}\n"
    )
    assert verdict(four) == "deny"
    assert verdict(four, dst="2001:db8::1") == "permit"


def test_12_a_set_whose_elements_time_out_is_not_certain() -> None:
    banned = "set banned { type ipv4_addr; flags timeout; elements = { 10.0.0.9 timeout 1h expires 10m } }\n"
    state = nft(banned + forward("ip saddr @banned drop", policy="accept"))
    assert verdict(state, src="10.0.0.9") == "unknown"


def test_13_interface_wildcards() -> None:
    state = iptables("-i eth+ -j ACCEPT")
    assert verdict(state, in_interface="eth7") == "permit"
    assert verdict(state, in_interface="et") == "deny"
    assert verdict(iptables("! -i eth+ -j ACCEPT"), in_interface="eth7") == "deny"
    named = nft(forward('iifname { "eth0", "wg*" } accept'))
    assert verdict(named, in_interface="wg0") == verdict(named, in_interface="eth0") == "permit"
    assert verdict(named, in_interface="eth01") == "deny"


def test_14_reject_denies() -> None:
    assert verdict(iptables("-p tcp -j REJECT --reject-with tcp-reset", policy="ACCEPT")) == "deny"
    assert verdict(nft(forward("reject with icmpx admin-prohibited", policy="accept"))) == "deny"


# State and replies.


def test_15_an_established_rule_opens_nothing() -> None:
    state = nft(forward("ct state established,related accept"))
    assert verdict(state) == "deny"
    assert verdict(state, connection="established") == "permit"


def test_16_strange_packets() -> None:
    invalid = iptables("-m conntrack --ctstate INVALID -j DROP", policy="ACCEPT")
    assert verdict(invalid) == "permit"
    assert verdict(invalid, connection="invalid") == "deny"
    syn = iptables("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT")
    assert verdict(syn) == "permit"
    assert verdict(syn, connection="established", tcp_flags="ack") == "deny"
    assert verdict(syn, tcp_flags="syn,ack") == "deny"


def test_16_notrack_makes_new_packets_untracked() -> None:
    raw = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j CT --notrack\nCOMMIT\n"
    rules = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n"
    assert verdict(_state(iptables_nft=raw + rules)) == "deny"
    assert verdict(_state(iptables_nft=rules)) == "permit"


# Gathering.


BARE_XT = (
    '{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}, {"table": {"family": "ip", "name": '
    '"filter", "handle": 1}}, {"chain": {"family": "ip", "table": '
    '"filter", "name": "FORWARD", "handle": 1, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}, '
    '{"rule": {"family": "ip", "table": "filter", "chain": "FORWARD", "handle": 2, "expr": [{"match": {"op": "==", '
    '"left": {"payload": {"protocol": "ip", "field": "protocol"}}, "right": 6}}, {"xt": null}, {"accept": null}]}}]}'
)


def test_19_a_bare_xt_match_is_read_elsewhere_or_not_known() -> None:
    alone = _state(nft_json=BARE_XT)
    assert verdict(alone) == "unknown"
    saved = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p tcp -m multiport --dports 22,80 -j ACCEPT\nCOMMIT\n"
    told = _state(nft_json=BARE_XT, iptables_nft=saved)
    assert verdict(told) == "deny"
    assert verdict(told, dst_port=80) == "permit"


def test_20_legacy_rules_count_beside_the_others() -> None:
    legacy = "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -s 10.0.1.64/26 -j DROP\nCOMMIT\n"
    state = iptables("-s 10.0.1.0/24 -j ACCEPT", iptables_legacy=legacy)
    assert sources(ask(state, src="10.0.1.0/24"), "deny") == ["10.0.1.64/26"]


def test_21_a_sets_members_live_elsewhere() -> None:
    rule = "-m set --match-set app src -j ACCEPT"
    members = "create app hash:net family inet hashsize 1024 maxelem 65536\nadd app 10.0.1.0/25\n"
    assert sources(ask(iptables(rule, ipset=members), src="10.0.1.0/24"), "deny") == ["10.0.1.128/25"]
    assert verdict(iptables(rule, ipset=members.splitlines()[0] + "\n"), src="10.0.1.1") == "deny"
    assert verdict(iptables(rule), src="10.0.1.1") == "unknown"


def test_21_each_family_has_rules_of_its_own() -> None:
    six = "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"
    state = iptables("-j ACCEPT", ip6tables_nft=six)
    assert verdict(state) == "permit"
    assert verdict(state, dst="2001:db8::1") == "deny"


@pytest.mark.parametrize(
    ("rc", "text", "stderr"),
    [
        (1, "", "Operation not permitted (you must be root)"),
        (0, "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j AC", ""),
        (0, "*filter\n:FORWARD DROP [0:0]\n--More--\n-A FORWARD -j ACCEPT\nCOMMIT\n", ""),
    ],
    ids=["unprivileged", "cut short", "paged"],
)
def test_22_what_was_not_read_is_not_open(rc: int, text: str, stderr: str) -> None:
    state = parse_platform(
        "linux", "fw", {"iptables_nft": RawOutput("iptables_nft", "iptables-save", rc, text, stderr)}
    )
    assert Questions(state).verdict(TCP, "forward")["verdict"] == "unknown"
    assert "iptables_nft" in {item["what"] for item in state.unreadable}


# Addresses and names.


@pytest.mark.parametrize(
    ("rule", "src"),
    [
        ("ip6 saddr 2001:db8:0:0:0:0:0:1", "2001:db8::1"),
        ("ip6 saddr 2001:0DB8::0001", "2001:db8::1"),
        ("ip6 saddr ::ffff:10.0.0.1", "::ffff:a00:1"),
    ],
)
def test_30_spellings_of_an_address(rule: str, src: str) -> None:
    state = nft(forward(f"{rule} accept"))
    assert verdict(state, src=src, dst="::2") == "permit"
    assert verdict(state, src="10.0.0.1") == "deny", "IPv4 is no mapped IPv6 on the wire"


def test_30_any_may_mean_both_families_or_one() -> None:
    both = nft(forward("tcp dport 5432 accept"))
    one = nft(forward("meta nfproto ipv4 tcp dport 5432 accept"))
    for dst, expected in (("10.9.0.1", "permit"), ("2001:db8::1", "permit")):
        assert verdict(both, dst=dst) == expected
    assert verdict(one, dst="2001:db8::1") == "deny"
    assert Questions(one).verdict({"protocol": "tcp", "dst_port": 5432}, "forward")["verdict"] == "mixed"
