# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small hosts, whole and sound: what the damage starts from. The rules were loaded into a kernel and listed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "fuzz"


def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


LINKS = [
    {"ifindex": 1, "ifname": "lo", "flags": ["LOOPBACK", "UP"], "mtu": 65536, "link_type": "loopback", "group": "default"},
    {"ifindex": 2, "ifname": "app0", "flags": ["UP"], "mtu": 1500, "link_type": "ether", "group": "inside",
     "linkinfo": {"info_kind": "veth"}},
    {"ifindex": 3, "ifname": "db0", "flags": ["UP"], "mtu": 1500, "link_type": "ether", "group": "default", "master": "br0"},
]  # fmt: skip
ADDRESSES = [
    {"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8}]},
    {"ifname": "app0", "addr_info": [
        {"family": "inet", "local": "10.10.1.1", "prefixlen": 24, "broadcast": "10.10.1.255"},
        {"family": "inet6", "local": "fd00:10:1::1", "prefixlen": 64}]},
    {"ifname": "db0", "addr_info": [{"family": "inet", "local": "10.20.1.1", "prefixlen": 24}]},
]  # fmt: skip
ROUTES4 = [
    {"type": "local", "dst": "10.10.1.1", "dev": "app0", "table": "local", "prefsrc": "10.10.1.1", "flags": []},
    {"dst": "10.10.1.0/24", "dev": "app0", "prefsrc": "10.10.1.1", "flags": []},
    {"dst": "10.20.1.0/24", "dev": "db0", "metric": 100, "flags": []},
    {"dst": "default", "flags": [], "nexthops": [
        {"gateway": "10.20.1.253", "dev": "db0", "weight": 1, "flags": []},
        {"via": {"family": "inet6", "host": "fe80::1"}, "dev": "app0", "weight": 2, "flags": []}]},
    {"type": "blackhole", "dst": "10.66.0.0/16", "table": "66", "flags": []},
]  # fmt: skip
ROUTES6 = [
    {"dst": "fd00:10:1::/64", "dev": "app0", "metric": 256, "flags": [], "pref": "medium"},
    {"dst": "default", "gateway": "fd00:10:1::2", "dev": "app0", "metric": 1024, "flags": []},
]
RULES4 = [
    {"priority": 0, "src": "all", "table": "local"},
    {"priority": 100, "src": "10.10.1.0", "srclen": 25, "fwmark": "0x1", "fwmask": "0xff", "iif": "app0", "table": "66"},
    {"priority": 32766, "src": "all", "table": "main"},
]  # fmt: skip
SYSCTL = "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv6.conf.all.forwarding = 0\n"
LISTENERS = (
    'tcp   LISTEN 0      244          0.0.0.0:5432      0.0.0.0:*    users:(("postgres",pid=7,fd=6))\n'
    'tcp   LISTEN 0      128                *:22              *:*    users:(("sshd",pid=9,fd=3))\n'
    "udp   UNCONN 0      0      [fe80::1]%app0:546          [::]:*\n"
)
OS = 'hostname=fw1\nkernel=6.1.0\nboot_id=1-2-3\nnetns=net:[4026531840]\nuid=0\nID=debian\nPRETTY_NAME="Debian 12"\n'
UNITS = (
    "unit nftables enabled /usr/sbin/nft -f /etc/nftables.conf\nunit ufw disabled\nunit firewalld absent\n"
)
FIREWALLD = (
    "# pathguard running=yes default=public\n= runtime zones\npublic (active)\n  target: default\n"
    "  interfaces: app0\n  services: ssh\n  rich rules: \n\trule family=\"ipv4\" accept\n\n"
    "= permanent zones\npublic\n  target: default\n  interfaces: app0\n  services: ssh\n  rich rules: \n"
    "\trule family=\"ipv4\" accept\n\n= runtime direct\n= permanent direct\n"
)  # fmt: skip

FACTS: dict[str, str] = {
    "os": OS,
    "links": json.dumps(LINKS),
    "addresses": json.dumps(ADDRESSES),
    "routes4": json.dumps(ROUTES4),
    "routes6": json.dumps(ROUTES6),
    "rules4": json.dumps(RULES4),
    "rules6": json.dumps(RULES4[:1]),
    "sysctl": SYSCTL,
    "listeners": LISTENERS,
}
_UFW = (
    "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:ufw-user-input - [0:0]\n-A INPUT -j ufw-user-input\n"
    "-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n"
)
BOOT: dict[str, str] = {
    "boot_nft": f"# pathguard file=/etc/nftables.conf\n{_file('nft.txt')}",
    "boot_iptables": f"# pathguard file=/etc/iptables/rules.v4 backend=iptables\n{_file('iptables-nft.txt')}",
    "boot_ip6tables": f"# pathguard file=/etc/iptables/rules.v6 backend=ip6tables\n{_file('ip6tables-nft.txt')}",
    "boot_ufw": f"# pathguard file=/etc/ufw/user.rules backend=iptables enabled=yes ipv6=yes hooks=no\n{_UFW}",
    "boot_firewalld": FIREWALLD,
    "boot_units": UNITS,
    "saved_ipset": _file("ipset.txt"),
    "saved_iptables": _file("iptables-nft.txt"),
}
NFT: dict[str, str] = {**FACTS, "nft_json": _file("nft.json"), "nft_text": _file("nft.txt"), "ipset": ""}
IPTABLES: dict[str, str] = {
    **FACTS,
    "nft_json": _file("nft-of-iptables.json"),
    "nft_text": "",
    "iptables_nft": _file("iptables-nft.txt"),
    "ip6tables_nft": _file("ip6tables-nft.txt"),
    "ipset": _file("ipset.txt"),
}
LEGACY: dict[str, str] = {
    **FACTS,
    "iptables_legacy": _file("iptables-legacy.txt"),
    "ip6tables_legacy": _file("ip6tables-legacy.txt"),
    "ipset": _file("ipset.txt"),
}
SCRIPT = """#!/usr/sbin/nft -f
flush ruleset
define db = { 10.20.1.10, 10.20.1.11 } # the databases
define wan = "wan0"
table inet fw {
  define apps = 10.10.1.0/24
  set doors { type ipv4_addr . inet_service; flags interval; elements = { 10.20.1.10 . 80-90,
    10.20.1.11 . 5432 }; }
  chain web { tcp dport { 80, \\
    443 } accept; }
  chain forward {
    type filter hook forward priority filter - 10; policy drop;
    ct state { established, related } accept; ct state invalid drop
    iifname "app0" ip saddr $apps ip daddr { $db, 10.20.1.12 } tcp dport 5432 accept comment "the; shop"
    ip daddr . tcp dport @doors counter jump web
    meta l4proto { tcp, udp } jump { th dport 53 accept; ip ttl 1 drop; }
    tcp flags & (fin|syn) == syn limit rate 5/second accept
    oifname != $wan meta mark and 0xff == 1 tcp dport vmap { 22 : accept, 23 : goto web }
  }
}
add rule inet fw web ip saddr 10.9.0.1 drop
insert rule inet fw forward ip6 saddr fd00:10:1::/64 log prefix "six " accept
"""
HOSTS: dict[str, dict[str, str]] = {
    "nft": NFT,
    "listing": {**FACTS, "nft_text": NFT["nft_text"]},
    "script": {**FACTS, "nft_script": SCRIPT},
    "iptables": IPTABLES,
    "legacy": LEGACY,
    "boot": {**IPTABLES, "nft_text": NFT["nft_text"], **BOOT},
}
JSON_OUTPUTS = ("nft_json", "links", "addresses", "routes4", "routes6", "rules4", "rules6")
_RULES = (
    "nft_json",
    "nft_text",
    "nft_script",
    "iptables_nft",
    "ip6tables_nft",
    "iptables_legacy",
    "ip6tables_legacy",
)


def outputs(texts: Mapping[str, str]) -> dict[str, RawOutput]:
    """As a login brings them: what the host does not have is certainly absent."""
    found = {name: RawOutput(name, name, 0, text) for name, text in texts.items()}
    for name in _RULES:
        if name not in found:
            found[name] = RawOutput(name, name, 0, "", "", "not there")
    return found


POLICY = (Path(__file__).resolve().parents[1] / "fixtures" / "fuzz" / "policy.yml").read_text(
    encoding="utf-8"
)
FLOWS: list[dict[str, Any]] = [
    {"src": "10.10.1.0/24", "dst": "10.20.1.10", "protocol": "tcp", "dst_port": 5432, "in_interface": "app0"},
    {"src": "fd00:10:1::/64", "dst": "any", "protocol": ["tcp", 17], "dst_port": "1-1024, 6432", "src_port": [1, "2-9"]},
    {"src": "10.0.0.0-10.255.255.254", "protocol": "icmp", "icmp_type": 8, "icmp_code": 0, "mark": 1, "ct_mark": "0x2"},
    {"src": ["10.1.0.1", "10.2.0.0/16"], "out_interface": "db*", "connection": "established", "tcp_flags": "syn,ack"},
]  # fmt: skip
