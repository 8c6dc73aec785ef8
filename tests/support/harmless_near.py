# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Harmless changes that look like faults: denies that miss, permits in other words, filters that hit nobody."""

from __future__ import annotations

from random import Random

from .harmless_rules import APP, FILE, Kind, Scripts, edit, name, rewritten

# Of the app hosts' packets to the databases, none is like these.
MISSES = (
    "ip saddr 10.10.1.0/24 tcp dport 5433 drop",
    "ip saddr 10.10.1.0/24 tcp dport 5000-5431 drop",
    "ip saddr 10.10.1.0/24 udp dport 5432 drop",
    "ip saddr 10.10.1.0/24 ip daddr 10.20.1.12 drop",
    "ip saddr 10.10.1.201-10.10.1.255 drop",
    "ip saddr 10.10.1.96/30 tcp dport 5432 drop",
    "ip6 saddr fd00:10:1::c9-fd00:10:1::ff drop",
    'iifname "app1" drop',
    "ip saddr 10.10.1.0/24 tcp dport 5432 tcp flags & (fin | syn) == (fin | syn) drop",
    "ct state new tcp flags & (fin | syn | rst | ack) != syn drop",
    "ip saddr { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4 } drop",
    "ip saddr 10.20.1.0/24 tcp sport 5432 ct state new drop",
)
MISSES_IPTABLES = (
    "-s 10.10.1.0/24 -p tcp --dport 5433 -j DROP",
    "-s 10.10.1.0/24 -p udp --dport 5432 -j DROP",
    "-p tcp -m multiport --dports 1521,3306,5433 -j DROP",
    "-m iprange --src-range 10.10.1.201-10.10.1.255 -j DROP",
    "-s 10.10.1.0/24 -d 10.20.1.12 -j REJECT",
    "-p tcp --tcp-flags ALL NONE -j DROP",
    "-p tcp ! --syn -m conntrack --ctstate NEW -j DROP",
    "-i app1 -j DROP",
)


def near_miss(random: Random) -> Scripts:
    host, chain = random.choice([("fw1", "forward"), ("db1", "input"), ("db2", "input")])
    return {host: f"nft insert rule inet filter {chain} '{random.choice(MISSES)}'\n"}


def near_miss_iptables(random: Random) -> Scripts:
    chain = random.choice(["FORWARD", "INPUT"])
    return {"fw2": f"iptables -I {chain} {random.choice(MISSES_IPTABLES)}\n"}


def near_miss_legacy(random: Random) -> Scripts:
    return {"fw1": f"iptables-legacy -I FORWARD {random.choice(MISSES_IPTABLES)}\n"}


def deny_below_the_permit(random: Random) -> Scripts:
    part = random.choice(["10.10.1.64/26", "10.10.1.5", "10.10.0.0/16"])
    host, chain = random.choice([("fw1", "forward"), ("db1", "input")])
    return {host: f"nft add rule inet filter {chain} ip saddr {part} tcp dport 5432 drop\n"}


def permit_twice(random: Random) -> Scripts:
    verb = random.choice(["add", "insert"])
    return {
        "fw1": f"nft {verb} rule inet filter forward ip saddr 10.10.1.0/25 ip daddr 10.20.1.10 tcp dport 5432 accept\n"
    }


def permit_as_a_map(_random: Random) -> Scripts:
    rule = r"ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 ip saddr vmap { 10.10.1.0/24 : accept }\n"
    return {"fw1": edit(rf"{APP}.*\n", rule)}


def permit_as_a_concatenation(random: Random) -> Scripts:
    new = name(random)
    made = (
        rf"set {new} {{\n\t\ttype ipv4_addr . ipv4_addr . inet_service\n\t\tflags interval\n\t\telements = {{"
        r" 10.10.1.0/24 . 10.20.1.10 . 5432, 10.10.1.0/24 . 10.20.1.11 . 5432 }\n\t}\n\n\tcounter dropped_forward"
    )
    rule = rf"ip saddr . ip daddr . tcp dport @{new} accept\n"
    return {"fw1": rewritten(FILE, r"counter dropped_forward", made, 1) + edit(rf"{APP}.*\n", rule)}


def segments_clamped(_random: Random) -> Scripts:
    return {"fw1": "nft insert rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu\n"}


def unused_mark(random: Random) -> Scripts:
    mark = random.randrange(1, 255)
    return {
        random.choice(["fw1", "db1"]): "nft add table ip marks\n"
        "nft 'add chain ip marks pre { type filter hook prerouting priority mangle; }'\n"
        f"nft add rule ip marks pre ip saddr 10.10.1.0/25 meta mark set {mark}\n"
    }


def names_are_not_tracked(_random: Random) -> Scripts:
    return {
        "fw1": "nft add table ip raw\nnft 'add chain ip raw pre { type filter hook prerouting priority raw; }'\n"
        "nft add rule ip raw pre udp dport 53 notrack\nnft add rule ip raw pre udp sport 53 notrack\n"
    }


def source_validation(random: Random) -> Scripts:
    """Every host here sends replies by the interface that it was asked by (RFC 3704)."""
    host = random.choice(["fw1", "db1", "db2", "app05"])
    return {host: f"sysctl -q -w net.ipv4.conf.all.rp_filter={random.choice([1, 2])}\n"}


def source_validation_by_nft(_random: Random) -> Scripts:
    return {
        "fw1": "nft add table inet rpfilter\n"
        "nft 'add chain inet rpfilter pre { type filter hook prerouting priority raw; }'\n"
        "nft add rule inet rpfilter pre fib saddr . iif oif missing drop\n"
    }


def host_route_of_the_same(_random: Random) -> Scripts:
    return {
        "fw1": "ip route replace 10.20.1.10/32 dev db0\n",
        "app05": "ip route replace 10.20.1.10/32 via 10.10.1.1\n",
    }


def mtu_elsewhere(random: Random) -> Scripts:
    return {random.choice(["fw1", "db1", "app10"]): f"ip link set mgmt0 mtu {random.randrange(1400, 1500)}\n"}


NEAR: tuple[Kind, ...] = (
    near_miss,
    near_miss_iptables,
    near_miss_legacy,
    deny_below_the_permit,
    permit_twice,
    permit_as_a_map,
    permit_as_a_concatenation,
    segments_clamped,
    unused_mark,
    names_are_not_tracked,
    source_validation,
    source_validation_by_nft,
    host_route_of_the_same,
    mtu_elsewhere,
)
