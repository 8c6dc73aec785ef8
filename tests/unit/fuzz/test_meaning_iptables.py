# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iptables: a small change to a match, a negation, a target or a policy changes the verdict of some flow.

Each change is tried under each verdict, plain and negated, v4 and v6 where it has both.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.meaning import FLOW, FLOW6, OPEN, PING, PING6, PORTLESS, TOO_BIG, UDP, Change, asked

SETS = (
    "create apps hash:net family inet\nadd apps 10.0.1.0/24\n"
    "create few hash:net family inet\nadd few 10.0.1.0/26\n"
    "create doors hash:ip,port family inet\nadd doors 10.2.0.9,tcp:5432\n"
    "create shut hash:ip,port family inet\nadd shut 10.2.0.9,udp:5432\nadd shut 10.2.0.9,tcp:5433\n"
    "create all list:set size 8\nadd all apps\ncreate none list:set size 8\nadd none few\n"
)
OWN = {**FLOW, "dst": "10.10.1.1"}
# `{}` is where a negation stands.
CHANGES = [
    Change("{}-s 10.0.1.0/24", "{}-s 10.0.1.0/26", FLOW),
    Change("{}-s 10.0.1.200/32", "{}-s 10.0.1.201/32", FLOW),
    Change("{}-s 10.0.0.200/255.0.0.255", "{}-s 10.0.0.201/255.0.0.255", FLOW),
    Change("{}-d 10.2.0.0/16", "{}-d 10.3.0.0/16", FLOW),
    Change("{}-i app0", "{}-i app1", FLOW),
    Change("{}-i app+", "{}-i apq+", FLOW),
    Change("{}-o db0", "{}-o db1", FLOW),
    Change("{}-p tcp", "{}-p udp", FLOW),
    Change("{}-p icmp", "{}-p gre", PING),
    Change("-p tcp -m tcp {}--dport 5432", "-p tcp -m tcp {}--dport 5433", FLOW),
    Change("-p tcp -m tcp {}--dport 5400:5432", "-p tcp -m tcp {}--dport 5400:5431", FLOW),
    Change("-p tcp -m tcp {}--sport 1024:65535", "-p tcp -m tcp {}--sport 2048:65535", FLOW),
    Change("-p udp -m udp {}--dport 5432", "-p udp -m udp {}--dport 5431", UDP),
    Change("-p sctp -m sctp {}--dport 5432", "-p sctp -m sctp {}--dport 5431", {**FLOW, "protocol": "sctp"}),
    Change("-p dccp -m dccp {}--sport 1500", "-p dccp -m dccp {}--sport 1501", {**FLOW, "protocol": "dccp"}),
    Change("-p tcp -m multiport {}--dports 80,5432", "-p tcp -m multiport {}--dports 80,5433", FLOW),
    Change("-p tcp -m multiport {}--dports 80,5430:5440", "-p tcp -m multiport {}--dports 80,5433:5440", FLOW),
    Change("-p tcp -m multiport {}--sports 1500", "-p tcp -m multiport {}--sports 1501", FLOW),
    Change("-p tcp -m multiport {}--ports 1500", "-p tcp -m multiport {}--ports 1501", FLOW),
    Change("-m iprange {}--src-range 10.0.1.1-10.0.1.200", "-m iprange {}--src-range 10.0.1.1-10.0.1.199", FLOW),
    Change("-m iprange {}--dst-range 10.2.0.9-10.2.0.10", "-m iprange {}--dst-range 10.2.0.10-10.2.0.11", FLOW),
    Change("-p tcp -m tcp {}--tcp-flags SYN,ACK SYN", "-p tcp -m tcp {}--tcp-flags SYN,ACK ACK", FLOW),
    Change("-p tcp -m tcp {}--syn", "-p tcp -m tcp {}--tcp-flags ALL FIN", FLOW),
    Change("-m conntrack {}--ctstate NEW,RELATED", "-m conntrack {}--ctstate RELATED", FLOW),
    Change("-m conntrack {}--ctstate RELATED,ESTABLISHED", "-m conntrack {}--ctstate RELATED", OPEN),
    Change("-m conntrack {}--ctstate RELATED", "-m conntrack {}--ctstate INVALID", TOO_BIG),
    Change("-m conntrack {}--ctstate UNTRACKED", "-m conntrack {}--ctstate NEW", {**FLOW, "connection": "untracked"}),
    Change("-m conntrack {}--ctstate INVALID", "-m conntrack {}--ctstate NEW", {**FLOW, "connection": "invalid"}),
    Change("-m state {}--state NEW", "-m state {}--state ESTABLISHED", FLOW),
    Change("-m conntrack {}--ctproto 6", "-m conntrack {}--ctproto 17", FLOW),
    Change("-m conntrack {}--ctstatus CONFIRMED", "-m conntrack {}--ctstatus DYING", OPEN),
    Change("-p icmp -m icmp {}--icmp-type 8", "-p icmp -m icmp {}--icmp-type 0", PING),
    Change("-p icmp -m icmp {}--icmp-type 3/4", "-p icmp -m icmp {}--icmp-type 3/3", TOO_BIG),
    Change("-m mark {}--mark 0x1", "-m mark {}--mark 0x2", {**FLOW, "mark": 1}),
    Change("-m mark {}--mark 0x1/0xff", "-m mark {}--mark 0x1/0xfff", {**FLOW, "mark": 0x101}),
    Change("-m connmark {}--mark 0x7", "-m connmark {}--mark 0x6", {**FLOW, "ct_mark": 7}),
    Change("-m addrtype {}--dst-type LOCAL", "-m addrtype {}--dst-type BROADCAST", OWN),
    Change("-m addrtype {}--src-type UNICAST", "-m addrtype {}--src-type LOCAL", FLOW),
    Change("-m pkttype {}--pkt-type unicast", "-m pkttype {}--pkt-type multicast", FLOW),
    Change("-m set {}--match-set apps src", "-m set {}--match-set few src", FLOW),
    Change("-m set {}--match-set apps src", "-m set {}--match-set apps dst", FLOW),
    Change("-m set {}--match-set doors dst,dst", "-m set {}--match-set shut dst,dst", FLOW),
    Change("-m set {}--match-set doors dst,dst", "-m set {}--match-set doors dst,src", FLOW),
    Change("-m set {}--match-set all src", "-m set {}--match-set none src", FLOW),
]  # fmt: skip
CHANGES6 = [
    Change("{}-s fd00:1::/64", "{}-s fd00:1::/121", FLOW6),
    Change("{}-d fd00:2::9/128", "{}-d fd00:2::a/128", FLOW6),
    Change("-p tcp -m tcp {}--dport 5432", "-p tcp -m tcp {}--dport 5433", FLOW6),
    Change("{}-p ipv6-icmp", "{}-p tcp", PING6),
    Change("-p ipv6-icmp -m icmp6 {}--icmpv6-type 128", "-p ipv6-icmp -m icmp6 {}--icmpv6-type 129", PING6),
    Change("-m iprange {}--src-range fd00:1::1-fd00:1::c8", "-m iprange {}--src-range fd00:1::1-fd00:1::c7", FLOW6),
    Change("-m conntrack {}--ctstate NEW", "-m conntrack {}--ctstate ESTABLISHED", FLOW6),
]  # fmt: skip
# What becomes of a flow that fits, and of one that does not; `{}` is the match.
VERDICTS = {
    "ACCEPT": ("DROP", "-A FORWARD {} -j ACCEPT", "permit", "deny"),
    "DROP": ("ACCEPT", "-A FORWARD {} -j DROP", "deny", "permit"),
    "REJECT": ("ACCEPT", "-A FORWARD {} -j REJECT --reject-with icmp-port-unreachable", "deny", "permit"),
    "RETURN": ("DROP", "-A FORWARD {} -j RETURN\n-A FORWARD -j ACCEPT", "deny", "permit"),
    "jump": ("DROP", "-A FORWARD {} -j OWN\n-A OWN -j ACCEPT", "permit", "deny"),
    "goto": ("ACCEPT", "-A FORWARD {} -g OWN\n-A FORWARD -j DROP\n-A OWN -j LOG", "permit", "deny"),
    "mark": ("DROP", "-A FORWARD {} -j MARK --set-xmark 0x40/0x40\n-A FORWARD -m mark --mark 0x40/0x40 -j ACCEPT",
             "permit", "deny"),
}  # fmt: skip


def verdict(match: str, shape: str, flow: dict[str, Any], tool: str, backend: str) -> str:
    policy, rules = VERDICTS[shape][:2]
    text = (
        f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD {policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n:OWN - [0:0]\n"
        f"{rules.format(match)}\nCOMMIT\n"
    )
    return asked({f"{tool}_{backend}": text, "ipset": SETS}, flow)


@pytest.mark.parametrize(
    ("shape", "backend"), [*((shape, "nft") for shape in VERDICTS), ("ACCEPT", "legacy")]
)
@pytest.mark.parametrize(
    ("tool", "change"),
    [*(("iptables", change) for change in CHANGES), *(("ip6tables", change) for change in CHANGES6)],
    ids=lambda value: value.after if isinstance(value, Change) else value,
)
def test_a_changed_match_changes_the_verdict(tool: str, change: Change, shape: str, backend: str) -> None:
    fits, other = VERDICTS[shape][2:]
    found = [
        verdict(words.format(sign), shape, {"mark": 0, **change.flow}, tool, backend)
        for sign in ("", "! ")
        for words in (change.before, change.after)
    ]
    assert found == [fits, other, other, fits]


PORTLESS_TCP = {**PORTLESS, "protocol": "gre"}


@pytest.mark.parametrize("shape", [name for name in VERDICTS if name != "mark"])
def test_without_its_match_a_rule_holds_for_all(shape: str) -> None:
    """A rule that asks for tcp, and one that asks for nothing, part at a protocol that is not tcp."""
    fits, other = VERDICTS[shape][2:]
    assert [verdict(words, shape, PORTLESS_TCP, "iptables", "nft") for words in ("", "-p tcp")] == [
        fits,
        other,
    ]


@pytest.mark.parametrize("shape", ["ACCEPT", "DROP", "REJECT", "RETURN", "jump"])
@pytest.mark.parametrize("sign", ["", "! "])
@pytest.mark.parametrize(
    "words",
    [
        "-m length {}--length 0:100",
        "-m string {}--string GET --algo bm --to 65535",
        "-m u32 {}--u32 0x0",
        "-m ttl {}--ttl-eq 64",
        "-m mac {}--mac-source 00:11:22:33:44:55",
        "-m set {}--match-set elsewhere src",
        "-m devgroup {}--src-group 7",
    ],
)
def test_what_is_not_modelled_is_unknown_and_only_that(words: str, sign: str, shape: str) -> None:
    fits, other = VERDICTS[shape][2:]
    other_host = f"-d 10.2.0.10/32 {words.format(sign)}"
    assert verdict(words.format(sign), shape, FLOW, "iptables", "nft") == "unknown"
    assert verdict(other_host, shape, FLOW, "iptables", "nft") == other
    assert fits != other


@pytest.mark.parametrize(
    ("before", "after", "flow", "verdicts"),
    [
        ("nat PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.20.1.10:5432",
         "nat PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.20.1.11:5432",
         {"dst": "10.10.1.1", "dst_port": 8080}, ["permit", "deny"]),
        ("nat PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.20.1.10:5432",
         "nat PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.20.1.10:5433",
         {"dst": "10.10.1.1", "dst_port": 8080}, ["permit", "deny"]),
        ("mangle PREROUTING -i app0 -j MARK --set-xmark 0x1/0xff", "mangle PREROUTING -i app0 -j MARK --set-xmark 0x2/0xff",
         {"dst": "10.20.1.66"}, ["permit", "deny"]),
        ("mangle PREROUTING -i app0 -j MARK --set-xmark 0x1/0xff", "mangle PREROUTING -i app1 -j MARK --set-xmark 0x1/0xff",
         {"dst": "10.20.1.66"}, ["permit", "deny"]),
        ("raw PREROUTING -p tcp -j CT --notrack", "raw PREROUTING -p udp -j CT --notrack",
         {"dst": "10.20.1.67"}, ["permit", "deny"]),
        ("raw PREROUTING -d 10.20.1.10/32 -j DROP", "raw PREROUTING -d 10.20.1.11/32 -j DROP",
         {"dst": "10.20.1.10", "dst_port": 5432}, ["deny", "permit"]),
        ("filter FORWARD -d 10.20.1.10/32 -j DROP", "filter INPUT -d 10.20.1.10/32 -j DROP",
         {"dst": "10.20.1.10", "dst_port": 5432}, ["deny", "permit"]),
    ],
)  # fmt: skip
def test_what_other_tables_do_reaches_the_verdict(
    before: str, after: str, flow: dict[str, Any], verdicts: list[str]
) -> None:
    built_in = {
        "raw": "PREROUTING OUTPUT",
        "mangle": "PREROUTING",
        "nat": "PREROUTING POSTROUTING",
        "filter": "INPUT FORWARD OUTPUT",
    }
    found = []
    for rule in (before, after):
        table, words = rule.split(" ", 1)
        lines = dict.fromkeys(built_in, "")
        lines[table] = f"-A {words}\n"
        lines["filter"] += (
            "-A FORWARD -d 10.20.1.10/32 -p tcp -m tcp --dport 5432 -j ACCEPT\n"
            "-A FORWARD -d 10.20.1.66/32 -m mark --mark 0x1/0xff -j ACCEPT\n"
            "-A FORWARD -d 10.20.1.67/32 -m conntrack --ctstate UNTRACKED -j ACCEPT\n-A FORWARD -j DROP\n"
        )
        text = "".join(
            f"*{name}\n{''.join(f':{chain} ACCEPT [0:0]{chr(10)}' for chain in built_in[name].split())}{lines[name]}COMMIT\n"
            for name in built_in
        )
        question = {"src": "10.10.1.5", "protocol": "tcp", "dst_port": 80, "in_interface": "app0", **flow}
        found.append(asked({"iptables_legacy": text}, question, None))
    assert found == verdicts
