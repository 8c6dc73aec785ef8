# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of nft, iptables-save and ipset: what counts as a change, what is a dynamic owner's, how both are joined."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.module_utils.checkpoint import rules
from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.host import AgentError
from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.ipset import (
    ipset_refill,
    read_ipsets,
)
from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.merge import merge_rules
from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.nft import (
    is_shell,
    nft_canonical,
    nft_compose,
    nft_text,
    read_nft,
    uncounted,
    unloadable,
)
from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.owners import OWNERS, Owned
from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.xtables import (
    read_save,
    without_counters,
)

ALL = Owned(OWNERS)

NFT = """table inet filter {
\tcomment "our { own"
\tcounter hits {
\t\tpackets 3 bytes 180
\t}

\tset clients {
\t\ttype ipv4_addr
\t\tflags interval
\t\telements = { 10.0.0.0/24, 10.0.2.0/24,
\t\t\t     10.0.3.7 comment "a, b }" }
\t}

\tset banned {
\t\ttype ipv4_addr
\t\tflags dynamic,timeout
\t\ttimeout 1h
\t\telements = { 192.0.2.1 timeout 30m expires 29m1s4ms }
\t}

\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tip saddr @clients counter packets 5 bytes 300 accept comment "counter packets 1 bytes 2"
\t\tip saddr 10.1.0.0/16 jump {
\t\t\ttcp dport 22 accept
\t\t\tdrop
\t\t}
\t\tquota over 10 mbytes used 12 bytes drop
\t\tjump f2b-ssh
\t}

\tchain f2b-ssh {
\t\tip saddr 198.51.100.1 drop
\t}
}
"""


def _static(text: str) -> str:
    (table,) = read_nft(text)
    return nft_canonical(table, ALL)[0]


def test_a_table_is_read_and_written_as_nft_has_it() -> None:
    (table,) = read_nft(NFT)
    assert [block.name for block in table.blocks] == ["hits", "clients", "banned", "forward", "f2b-ssh"]
    (again,) = read_nft(nft_text(table))
    assert again == table
    chain = table.block("chain", "forward")
    assert chain is not None
    assert len(chain.lines) == 5, "an inner block belongs to its rule"


SAME = {
    "a counter": ("counter packets 5 bytes 300 accept", "counter packets 6 bytes 360 accept"),
    "a named counter": ("packets 3 bytes 180", "packets 9 bytes 900"),
    "a used quota": ("used 12 bytes", "used 99 bytes"),
    "an element that times out": ("192.0.2.1 timeout 30m expires 29m1s4ms", "192.0.2.9 expires 1s"),
    "the order of elements": ("10.0.0.0/24, 10.0.2.0/24,", "10.0.2.0/24, 10.0.0.0/24,"),
    "a rule of fail2ban": ("ip saddr 198.51.100.1 drop", "ip saddr 198.51.100.2 drop"),
    "the jump to fail2ban": ("\t\tjump f2b-ssh\n", ""),
}
OTHER = {
    "a mask": ("10.0.0.0/24", "10.0.0.0/26"),
    "a policy": ("policy drop", "policy accept"),
    "a rule in an inner block": ("tcp dport 22 accept", "tcp dport 23 accept"),
    "the limit of a quota": ("over 10 mbytes", "over 11 mbytes"),
    "a comment that looks like a counter": (
        '"counter packets 1 bytes 2"',
        '"counter packets 1 bytes 3"',
    ),
    "an element": (',\n\t\t\t     10.0.3.7 comment "a, b }"', ""),
    "the timeout of a set": ("timeout 1h", "timeout 2h"),
    "the table's comment": ("our { own", "their { own"),
}


@pytest.mark.parametrize("case", SAME)
def test_what_is_no_change(case: str) -> None:
    old, new = SAME[case]
    assert old in NFT
    assert _static(NFT.replace(old, new)) == _static(NFT)


@pytest.mark.parametrize("case", OTHER)
def test_what_is_a_change(case: str) -> None:
    old, new = OTHER[case]
    assert old in NFT
    assert _static(NFT.replace(old, new)) != _static(NFT)


@pytest.mark.parametrize("end", [1, 2, 3])
def test_text_that_is_cut_short_is_an_error(end: int) -> None:
    cut = "\n".join(NFT.splitlines()[:-end])
    with pytest.raises(AgentError, match="cut short"):
        read_nft(cut)
    with pytest.raises(AgentError, match="cut short"):
        read_save("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n")


def test_what_nft_prints_and_cannot_read() -> None:
    text = 'table ip filter {\n\tchain c {\n\t\txt match "recent" counter accept\n\t\t%s\n\t}\n}\n'
    (table,) = read_nft(text % 'ip saddr 10.0.0.1 accept comment "# xt match fine"')
    assert unloadable(table) == ['xt match "recent" counter accept']
    (table,) = read_nft(
        text.replace('xt match "recent" counter accept', "tcp dport 1 # xt_recent") % "accept"
    )
    assert len(unloadable(table)) == 1


def test_joining_keeps_dynamic_elements_and_chains_of_now() -> None:
    (recorded,) = read_nft(NFT)
    live_text = (
        NFT.replace("10.0.0.0/24", "10.0.0.0/26")
        .replace("192.0.2.1 ", "192.0.2.2 ")
        .replace(".1 drop", ".7 drop")
    )
    (live,) = read_nft(live_text)
    joined = nft_text(nft_compose(recorded, live, ALL))
    assert "10.0.0.0/24" in joined
    assert "192.0.2.2 timeout 30m expires" in joined
    assert "198.51.100.7 drop" in joined
    assert "198.51.100.1" not in joined


PLAIN = Owned(["docker", "fail2ban"])
D1, D2, D3 = "-A F -j DOCKER", "-A F -j f2b-a", "-A F -o docker0 -j DOCKER-INGRESS"
MERGES = {
    "nothing changed": (["a", D1, "b"], ["a", D1, "b"], ["a", D1, "b"]),
    "a rule deleted comes back to its place": (["a", D1, "b", "c"], ["a", D1, "c"], ["a", D1, "b", "c"]),
    "a rule added goes": (["a", D1], ["x", "a", D1], ["a", D1]),
    "a new dynamic rule at the head stays there": (["a", "b"], [D2, "a"], [D2, "a", "b"]),
    "a new dynamic rule stays behind its neighbour": (["a", "b"], ["a", D2, "x"], ["a", D2, "b"]),
    "a dynamic rule that is gone stays gone": (["a", D1, D2], ["a", D2], ["a", D2]),
    "an order that was changed comes back": (["a", "b", D1], ["b", "a", D1], ["a", "b", D1]),
    "two new ones keep their order": (["a"], [D3, D2, "a"], [D3, D2, "a"]),
}


@pytest.mark.parametrize("case", MERGES)
def test_merging_a_chain(case: str) -> None:
    recorded, live, merged = MERGES[case]
    active = {owner for owner in map(PLAIN.rule, live) if owner}
    if case == "a dynamic rule that is gone stays gone":
        active |= {"docker"}  # its chain still has rules
    assert merge_rules(recorded, live, without_counters, PLAIN, active) == merged


def test_an_owner_without_any_rule_left_was_flushed() -> None:
    assert merge_rules(["a", D1], [], without_counters, PLAIN, set()) == ["a", D1]


OWNED = {
    "-A FORWARD -o docker0 -j DOCKER": "docker",
    "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT": "docker",
    "-A FORWARD -i br-0123456789ab -o br-0123456789ab -j ACCEPT": "docker",
    "-A FORWARD -i br-lan -o br-lan -j ACCEPT": "",
    "-A FORWARD -j DOCKER-USER": "",
    "-A INPUT -i docker0 -j DROP": "",
    "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE": "docker",
    "-A POSTROUTING -s 10.0.0.0/16 -j MASQUERADE": "",
    '-A INPUT -m comment --comment "-j f2b-x" -j ACCEPT': "",
    "-A INPUT -g KUBE-FIREWALL": "kube-proxy",
    "tcp dport vmap { 22 : jump f2b-sshd, 80 : drop }": "fail2ban",
}


@pytest.mark.parametrize("rule", OWNED)
def test_whose_rule_it_is(rule: str) -> None:
    assert ALL.rule(rule) == OWNED[rule]


@pytest.mark.parametrize(
    ("chain", "owner"),
    [("DOCKER", "docker"), ("DOCKER-USER", ""), ("DOCKER-USER-X", "docker"), ("docker", "")],
)
def test_whose_chain_it_is(chain: str, owner: str) -> None:
    assert ALL.chain(chain) == owner


def test_uncounted_leaves_strings_alone() -> None:
    assert (
        uncounted('counter packets 1 bytes 2 log prefix " expires 5s "')
        == 'counter log prefix " expires 5s "'
    )


IPTABLES = "*filter\n:INPUT ACCEPT [1:2]\n:FORWARD {} [0:0]\n:OUTPUT ACCEPT [0:0]\n{}COMMIT\n"


def _firewall(**texts: str) -> rules.Firewall:
    return rules.understand({**dict.fromkeys(rules.SOURCES, ""), **texts}, {}, ALL)


def test_a_table_that_was_never_configured_is_no_table() -> None:
    empty = _firewall(iptables=IPTABLES.format("ACCEPT", ""))
    assert rules.changed_units(_firewall(), empty) == []
    assert rules.fingerprint(_firewall()) == rules.fingerprint(empty)
    assert rules.changed_units(empty, _firewall(iptables=IPTABLES.format("DROP", ""))) == ["iptables/filter"]


NATIVE_TWIN = "table ip filter {{\n\tchain FORWARD {{\n\t\ttype filter hook forward priority filter; policy accept;\n\t\t{}\n\t}}\n}}\n"
TWINS = {
    "made by iptables-nft": ("ip saddr 10.0.0.1 counter packets 1 bytes 2 drop", "iptables/filter"),
    "a rule of nft, without a counter": ("ip saddr 10.0.0.1 drop", "nft/ip/filter"),
    "a rule of nft, with a set": (
        "ip saddr { 10.0.0.1, 10.0.0.2 } counter packets 1 bytes 2 drop",
        "nft/ip/filter",
    ),
    "a rule of nft, with a named set": ("ip saddr @x counter packets 1 bytes 2 drop", "nft/ip/filter"),
}


@pytest.mark.parametrize("case", TWINS)
def test_which_tool_owns_a_table(case: str) -> None:
    rule, unit = TWINS[case]
    shown = IPTABLES.format("ACCEPT", "[1:2] -A FORWARD -s 10.0.0.1/32 -j DROP\n")
    found = _firewall(nft=NATIVE_TWIN.format(rule), iptables=shown)
    assert list(found.units) == [unit]


def test_multiport_is_the_one_set_that_iptables_makes() -> None:
    rule = "meta l4proto tcp tcp dport { 80, 443 } counter packets 0 bytes 0 accept"
    shown = IPTABLES.format("ACCEPT", "[0:0] -A FORWARD -p tcp -m multiport --dports 80,443 -j ACCEPT\n")
    assert list(_firewall(nft=NATIVE_TWIN.format(rule), iptables=shown).units) == ["iptables/filter"]


SETS = (
    "create a hash:ip family inet hashsize 1024 maxelem 65536 initval 0x1\nadd a 10.0.0.2\nadd a 10.0.0.1\n"
)


def test_ipsets_are_compared_as_sets() -> None:
    recorded = _firewall(ipset=SETS)
    again = SETS.replace("0x1", "0x2").replace("hashsize 1024", "hashsize 2048")
    swapped = again.replace("0.2", "0.9").replace("0.1", "0.2").replace("0.9", "0.1")
    assert rules.changed_units(recorded, _firewall(ipset=swapped)) == []
    assert rules.changed_units(recorded, _firewall(ipset=SETS.replace("add a 10.0.0.1\n", ""))) == ["ipset/a"]
    timed = SETS.replace("maxelem 65536", "maxelem 65536 timeout 60")
    assert rules.changed_units(_firewall(ipset=timed), _firewall(ipset=timed.replace("0.1", "0.7"))) == []


def test_an_ipset_is_refilled_by_hand_with_what_was_recorded_only() -> None:
    script = ipset_refill(list(read_ipsets(SETS).values())).splitlines()
    assert script[0].startswith("create a hash:ip")
    assert script[1:] == ["flush a", "add a 10.0.0.2", "add a 10.0.0.1"]


@pytest.mark.parametrize(
    ("inside", "shell"),
    [
        ("", True),
        ("chain PREROUTING {\ntype filter hook prerouting priority raw; policy accept;\n}\n", True),
        ("chain PREROUTING {\ntype filter hook prerouting priority raw; policy drop;\n}\n", False),
        ("chain PREROUTING {\ntype filter hook prerouting priority raw; policy accept;\ndrop\n}\n", False),
        ("chain odd {\n}\n", False),
        ("set odd {\ntype ipv4_addr\n}\n", False),
        ("flags dormant\n", False),
    ],
)
def test_what_is_left_of_a_table_without_rules(inside: str, shell: bool) -> None:
    (table,) = read_nft(f"table ip raw {{\n{inside}}}\n")
    assert is_shell(table) is shell
