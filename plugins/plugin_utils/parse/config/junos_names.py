# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Junos prints instead of numbers, in firewall filters and in applications.

Source: Juniper, "Routing Policies, Firewall Filters, and Traffic Policers User Guide": "Firewall Filter Match
Conditions for IPv4 Traffic", "Firewall Filter Match Conditions for IPv6 Traffic".
"""

from __future__ import annotations

from ...model.match import Range

PORTS = {
    "afs": 1483,
    "bgp": 179,
    "biff": 512,
    "bootpc": 68,
    "bootps": 67,
    "cmd": 514,
    "cvspserver": 2401,
    "dhcp": 67,
    "domain": 53,
    "eklogin": 2105,
    "ekshell": 2106,
    "exec": 512,
    "finger": 79,
    "ftp": 21,
    "ftp-data": 20,
    "http": 80,
    "https": 443,
    "ident": 113,
    "imap": 143,
    "kerberos-sec": 88,
    "klogin": 543,
    "kpasswd": 761,
    "krb-prop": 754,
    "krbupdate": 760,
    "kshell": 544,
    "ldap": 389,
    "ldp": 646,
    "login": 513,
    "mobileip-agent": 434,
    "mobilip-mn": 435,
    "msdp": 639,
    "netbios-dgm": 138,
    "netbios-ns": 137,
    "netbios-ssn": 139,
    "nfsd": 2049,
    "nntp": 119,
    "ntalk": 518,
    "ntp": 123,
    "pop3": 110,
    "pptp": 1723,
    "printer": 515,
    "radacct": 1813,
    "radius": 1812,
    "rip": 520,
    "rkinit": 2108,
    "smtp": 25,
    "snmp": 161,
    "snmptrap": 162,
    "snpp": 444,
    "socks": 1080,
    "ssh": 22,
    "sunrpc": 111,
    "syslog": 514,
    "tacacs": 49,
    "tacacs-ds": 65,
    "talk": 517,
    "telnet": 23,
    "tftp": 69,
    "timed": 525,
    "who": 513,
    "xdmcp": 177,
}
PROTOCOLS = {
    "ah": 51,
    "dstopts": 60,
    "egp": 8,
    "esp": 50,
    "fragment": 44,
    "gre": 47,
    "hop-by-hop": 0,
    "icmp": 1,
    "icmp6": 58,
    "icmpv6": 58,
    "igmp": 2,
    "ipip": 4,
    "ipv6": 41,
    "no-next-header": 59,
    "ospf": 89,
    "pim": 103,
    "routing": 43,
    "rsvp": 46,
    "sctp": 132,
    "tcp": 6,
    "udp": 17,
    "vrrp": 112,
}
ICMP = {
    "echo-reply": 0,
    "echo-request": 8,
    "info-reply": 16,
    "info-request": 15,
    "mask-reply": 18,
    "mask-request": 17,
    "parameter-problem": 12,
    "redirect": 5,
    "router-advertisement": 9,
    "router-solicit": 10,
    "source-quench": 4,
    "time-exceeded": 11,
    "timestamp": 13,
    "timestamp-reply": 14,
    "unreachable": 3,
}
ICMP_CODES = {
    "communication-prohibited-by-filtering": 13,
    "destination-host-prohibited": 10,
    "destination-host-unknown": 7,
    "destination-network-prohibited": 9,
    "destination-network-unknown": 6,
    "fragmentation-needed": 4,
    "host-precedence-violation": 14,
    "host-unreachable": 1,
    "host-unreachable-for-tos": 12,
    "ip-header-bad": 0,
    "network-unreachable": 0,
    "network-unreachable-for-tos": 11,
    "port-unreachable": 3,
    "precedence-cutoff-in-effect": 15,
    "protocol-unreachable": 2,
    "redirect-for-host": 1,
    "redirect-for-network": 0,
    "redirect-for-tos-and-host": 3,
    "redirect-for-tos-and-net": 2,
    "required-option-missing": 1,
    "source-host-isolated": 8,
    "source-route-failed": 5,
    "ttl-eq-zero-during-reassembly": 1,
    "ttl-eq-zero-during-transit": 0,
}
ICMPV6 = {
    "certificate-path-advertisement": 149,
    "certificate-path-solicitation": 148,
    "destination-unreachable": 1,
    "echo-reply": 129,
    "echo-request": 128,
    "home-agent-address-discovery-reply": 145,
    "home-agent-address-discovery-request": 144,
    "inverse-neighbor-discovery-advertisement": 142,
    "inverse-neighbor-discovery-solicitation": 141,
    "membership-query": 130,
    "membership-report": 131,
    "membership-termination": 132,
    "mobile-prefix-advertisement-reply": 147,
    "mobile-prefix-solicitation": 146,
    "neighbor-advertisement": 136,
    "neighbor-solicit": 135,
    "node-information-reply": 140,
    "node-information-request": 139,
    "packet-too-big": 2,
    "parameter-problem": 4,
    "redirect": 137,
    "router-advertisement": 134,
    "router-renumbering": 138,
    "router-solicit": 133,
    "time-exceeded": 3,
}
ICMPV6_CODES = {
    "address-unreachable": 3,
    "administratively-prohibited": 1,
    "ip6-header-bad": 0,
    "no-route-to-destination": 0,
    "port-unreachable": 4,
    "ttl-eq-zero-during-reassembly": 1,
    "ttl-eq-zero-during-transit": 0,
    "unrecognized-next-header": 1,
    "unrecognized-option": 2,
}
TCP_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "push": 8, "ack": 16, "urgent": 32}


def numbers(word: str, names: dict[str, int], most: int) -> Range:
    """A name, a number, or two with a hyphen between. ValueError for what is none."""
    if word in names:
        return names[word], names[word]
    low, hyphen, high = word.partition("-")
    first = _number(low, names)
    last = _number(high, names) if hyphen else first
    if not 0 <= first <= last <= most:
        raise ValueError(f"{word!r} is no range up to {most}")
    return first, last


def _number(word: str, names: dict[str, int]) -> int:
    if word in names:
        return names[word]
    if not (word.isascii() and word.isdecimal()):
        raise ValueError(f"{word!r} is no number")
    return int(word)
