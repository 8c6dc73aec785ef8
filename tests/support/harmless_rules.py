# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Harmless changes of rules, one function a kind: a random generator -> what is done on which host."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

Scripts = dict[str, str]
Kind = Callable[[Random], Scripts]

FILE = "/etc/nftables.conf"
NFT_HOSTS = ("fw1", "db1", "db2", "app01", "app05", "app10")
# Networks for documentation: nobody in the lab has them (RFC 5737).
ELSEWHERE = ("192.0.2", "198.51.100", "203.0.113")
WORDS = ("shop", "audit", "ticket", "release", "network team", "reviewed", "do not touch", "legacy")
PROGRAM = """python3 - <<'PROGRAM'
import pathlib, re
file = pathlib.Path({file})
before = file.read_text()
after = re.sub({pattern}, {text}, before, count={count}, flags=re.M)
assert after != before, "the pattern was found"
file.write_text(after)
PROGRAM
"""


def rewritten(file: str, pattern: str, text: str, count: int = 0) -> str:
    """A script that rewrites a file on a host, and fails where there is nothing to rewrite."""
    return PROGRAM.format(file=json.dumps(file), pattern=repr(pattern), text=repr(text), count=count)


def edit(pattern: str, text: str, count: int = 0) -> str:
    """Rewrite the saved nft rules, and load them."""
    return rewritten(FILE, pattern, text, count) + "reload-firewall\n"


def edit_iptables(pattern: str, text: str, count: int = 0) -> str:
    """Rewrite the saved IPv4 rules of the iptables router, and load them."""
    return rewritten("/etc/iptables/rules.v4", pattern, text, count) + "reload-firewall\n"


def elsewhere(random: Random) -> str:
    return f"{random.choice(ELSEWHERE)}.{random.randrange(1, 255)}"


def word(random: Random) -> str:
    return f"{random.choice(WORDS)} {random.randrange(1000)}"


def name(random: Random) -> str:
    return f"s{random.randrange(10**6)}"


def unused_port(random: Random) -> int:
    """Not the database's, and not ssh's."""
    return random.choice([80, 443, 8080, 9100, random.randrange(10000, 60000)])


APP = r"ip saddr 10\.10\.1\.0/24 ip daddr \{ 10\.20\.1\.10, 10\.20\.1\.11 \} tcp dport 5432 counter accept"
APP6 = r"ip6 saddr fd00:10:1::/64 ip6 daddr \{ fd00:20:1::a, fd00:20:1::b \} tcp dport 5432 counter accept"
DATABASES = "ip daddr { 10.20.1.10, 10.20.1.11 }"


def file_comment(random: Random) -> Scripts:
    return {random.choice(NFT_HOSTS): edit(r"\A", f"# {word(random)}\n")}


def rule_comment(random: Random) -> Scripts:
    return {"fw1": edit(r'comment "app hosts to PostgreSQL', f'comment "{word(random)}, app hosts', 2)}


def rule_comment_iptables(random: Random) -> Scripts:
    return {"fw2": edit_iptables('--comment "app hosts to PostgreSQL"', f'--comment "{word(random)}"')}


def counters_reset(random: Random) -> Scripts:
    commands = {
        "fw1": "nft reset counters; nft reset rules || true\n",
        "fw2": "iptables -Z; ip6tables -Z\n",
        "db1": "nft reset rules || true\n",
    }
    host = random.choice(sorted(commands))
    return {host: commands[host]}


def counter_removed(random: Random) -> Scripts:
    host = random.choice(["fw1", "db1", "db2"])
    return {host: edit(r"tcp dport 5432 counter accept", "tcp dport 5432 accept")}


def unrelated_rule(random: Random) -> Scripts:
    host, verb = random.choice(["fw1", "db1"]), random.choice(["add", "insert"])
    chain = {"fw1": random.choice(["input", "forward"]), "db1": "input"}[host]
    verdict = random.choice(["drop", "reject", "counter accept", "log"])
    rule = f"ip saddr {elsewhere(random)} tcp dport {unused_port(random)} {verdict}"
    return {host: f"nft {verb} rule inet filter {chain} {rule}\n"}


def unrelated_rule_iptables(random: Random) -> Scripts:
    flag = random.choice(["-A", "-I"])
    target = random.choice(["DROP", "REJECT", "ACCEPT", "LOG"])
    rule = f"-s {elsewhere(random)} -p udp --dport {unused_port(random)} -j {target}"
    return {"fw2": f"iptables {flag} FORWARD {rule}\n"}


def order_of_permits(_random: Random) -> Scripts:
    return {"fw1": edit(rf"^(\s*{APP} .*\n)(\s*{APP6} .*\n)", r"\2\1")}


def order_of_replies(_random: Random) -> Scripts:
    first, second = (
        r"\s*ct state established,related counter accept .*\n",
        r"\s*ct state invalid counter drop\n",
    )
    return {"fw1": edit(rf"^({first})({second})", r"\2\1")}


def order_iptables(_random: Random) -> Scripts:
    rule = r"-A FORWARD -p icmp -m icmp --icmp-type {} -j ACCEPT\n"
    return {"fw2": edit_iptables(f"({rule.format(8)})({rule.format(3)})", r"\2\1")}


def set_renamed(random: Random) -> Scripts:
    host, old = random.choice(
        [("fw1", "monitoring"), ("fw1", "admins"), ("db1", "peers4"), ("db2", "peers6")]
    )
    return {host: edit(rf"(set |@){old}\b", rf"\1{name(random)}")}


def ipset_renamed(random: Random) -> Scripts:
    old, new = random.choice(["app_hosts", "databases"]), name(random)
    return {
        "fw2": f"ipset save {old} | sed 's/ {old} / {new} /' | ipset restore\n"
        f"iptables-save | sed 's/--match-set {old} /--match-set {new} /' | iptables-restore\nipset destroy {old}\n"
    }


def ipset_of_another_kind(random: Random) -> Scripts:
    kind, size = random.choice(["hash:ip", "hash:net"]), random.choice([256, 2048, 4096])
    new = name(random)
    return {
        "fw2": f"ipset create {new} {kind} family inet hashsize {size} maxelem 1000\n"
        f"ipset save app_hosts | sed -n 's/^add app_hosts /add {new} /p' | ipset restore\n"
        f"iptables-save | sed 's/--match-set app_hosts /--match-set {new} /' | iptables-restore\n"
        "ipset destroy app_hosts\n"
    }


def ipset_reloaded(_random: Random) -> Scripts:
    return {"fw2": "reload-firewall\n"}


def list_becomes_set(random: Random) -> Scripts:
    new = name(random)
    made = rf"set {new} {{\n\t\ttype ipv4_addr\n\t\telements = {{ 10.20.1.11, 10.20.1.10 }}\n\t}}\n\n\tcounter dropped_forward"
    rest = r"tcp dport 5432 counter accept"
    return {
        "fw1": rewritten(FILE, r"counter dropped_forward", made, 1)
        + edit(rf"ip daddr \{{ 10\.20\.1\.10, 10\.20\.1\.11 \}} {rest}", f"ip daddr @{new} {rest}")
    }


def list_becomes_rules(_random: Random) -> Scripts:
    rule = "\\t\\tip saddr 10.10.1.0/24 ip daddr {} tcp dport 5432 counter accept\\n"
    return {"fw1": edit(rf"^\s*{APP} .*\n", rule.format("10.20.1.10") + rule.format("10.20.1.11"))}


def mask_split(random: Random) -> Scripts:
    halves = random.choice(
        [
            "{ 10.10.1.0/25, 10.10.1.128/25 }",
            "10.10.1.0-10.10.1.255",
            "{ 10.10.1.0/26, 10.10.1.64/26, 10.10.1.128/25 }",
        ]
    )
    host = random.choice(["fw1", "db1", "db2"])
    return {host: edit(r"ip saddr 10\.10\.1\.0/24", f"ip saddr {halves}")}


def mask_split_6(random: Random) -> Scripts:
    host = random.choice(["fw1", "db1", "db2"])
    return {host: edit(r"ip6 saddr fd00:10:1::/64", "ip6 saddr { fd00:10:1::/65, fd00:10:1:0:8000::/65 }")}


def mask_widened(random: Random) -> Scripts:
    wide = random.choice(["10.10.0.0/23", "10.10.0.0/16", "10.10.1.0-10.10.2.7"])
    return {random.choice(["fw1", "db1", "db2"]): edit(r"ip saddr 10\.10\.1\.0/24", f"ip saddr {wide}")}


def port_written_otherwise(random: Random) -> Scripts:
    form = random.choice(["tcp dport { 5432 }", "tcp dport 5432-5432", "meta l4proto tcp th dport 5432"])
    return {random.choice(["fw1", "db1"]): edit(r"tcp dport 5432 counter", f"{form} counter")}


def port_as_multiport(_random: Random) -> Scripts:
    return {"fw2": edit_iptables("-m tcp --dport 5432", "-m multiport --dports 5432")}


def chain_split(random: Random) -> Scripts:
    new = name(random)
    chain = rf"chain {new} {{\n\t\t\3 accept\n\t}}\n\n\tchain forward {{"
    return {
        "fw1": edit(
            rf"chain forward \{{(.*\n(?:.*\n)*?)(\s*)({APP[: -len(' accept')]}) accept .*\n",
            rf"{chain}\1\2jump {new}\n",
        )
    }


def chain_split_iptables(random: Random) -> Scripts:
    new = name(random)
    flag = random.choice(["-j", "-g"])
    return {
        "fw2": rewritten(
            "/etc/iptables/rules.v4",
            r"^-A FORWARD (-i app0 .*)$",
            rf"-A FORWARD -i app0 {flag} {new}\n-A {new} \1",
        )
        + edit_iptables(r"^:OUTPUT ACCEPT \[0:0\]", rf":OUTPUT ACCEPT [0:0]\n:{new} - [0:0]")
    }


def replies_split(random: Random) -> Scripts:
    form = random.choice(
        [
            r"ct state established counter accept\n\t\tct state related counter accept",
            "ct state vmap { established : accept, related : accept }",
            "ct state { established, related } counter accept",
        ]
    )
    return {"fw1": edit(r"ct state established,related counter accept", form)}


def interface_that_is_always_so(_random: Random) -> Scripts:
    return {"fw1": edit("ip saddr 10.10.1.0/24 ip daddr", 'iifname "app0" ip saddr 10.10.1.0/24 ip daddr')}


def default_in_words(_random: Random) -> Scripts:
    return {"fw1": edit(r'counter name "dropped_forward"', 'counter name "dropped_forward"\n\t\tdrop')}


def table_renamed(random: Random) -> Scripts:
    return {random.choice(NFT_HOSTS): edit(r"table inet filter", f"table inet {name(random)}")}


def rules_logged(random: Random) -> Scripts:
    return {
        "fw1": edit(
            rf"^(\s*)({APP})",
            rf'\1ip saddr 10.10.1.0/24 limit rate 2/second log prefix "{name(random)}"\n\1\2',
        )
    }


def addresses_remembered(random: Random) -> Scripts:
    new = name(random)
    return {
        "fw1": f"nft add set inet filter {new} '{{ type ipv4_addr; flags dynamic,timeout; timeout 5m; size 1000; }}'\n"
        f"nft insert rule inet filter forward ct state new update @{new} '{{ ip saddr }}'\n"
    }


def saved_again(_random: Random) -> Scripts:
    return {
        "fw2": "iptables-save -c > /tmp/rules && iptables-restore -c < /tmp/rules && iptables-save > /etc/iptables/rules.v4\n"
    }


def saved_again_nft(random: Random) -> Scripts:
    host = random.choice(NFT_HOSTS)
    return {
        host: f"{{ echo 'flush ruleset'; nft -s list ruleset; }} > /tmp/rules && cp /tmp/rules {FILE} && reload-firewall\n"
    }


def reloaded(random: Random) -> Scripts:
    return {random.choice(NFT_HOSTS): "reload-firewall\n" * random.randrange(1, 4)}


def rule_put_anew(_random: Random) -> Scripts:
    listing = "nft -a list chain inet filter forward | grep 'app hosts to PostgreSQL\"' | sed 's/.*handle //'"
    rule = f"ip saddr 10.10.1.0/24 {DATABASES} tcp dport 5432 counter accept comment anew"
    return {"fw1": f"nft replace rule inet filter forward handle $({listing}) '{rule}'\n"}


RULES: tuple[Kind, ...] = (
    file_comment,
    rule_comment,
    rule_comment_iptables,
    counters_reset,
    counter_removed,
    unrelated_rule,
    unrelated_rule_iptables,
    order_of_permits,
    order_of_replies,
    order_iptables,
    set_renamed,
    ipset_renamed,
    ipset_of_another_kind,
    ipset_reloaded,
    list_becomes_set,
    list_becomes_rules,
    mask_split,
    mask_split_6,
    mask_widened,
    port_written_otherwise,
    port_as_multiport,
    chain_split,
    chain_split_iptables,
    replies_split,
    interface_that_is_always_so,
    default_in_words,
    table_renamed,
    rules_logged,
    addresses_remembered,
    saved_again,
    saved_again_nft,
    reloaded,
    rule_put_anew,
)
