# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of protocols, ports and ICMP messages on Cisco ASA.

Source: Cisco ASA Series General Operations CLI Configuration Guide, "Addresses, Protocols, and Ports": "Protocols and
Applications", "TCP and UDP Ports", "ICMP Types"; IANA's registry for the numbers of ICMPv6 messages. They differ from
those of IOS: ``isakmp`` is one of UDP alone, ``sip`` one of both, ``kerberos`` is 750.
"""

from __future__ import annotations

_BOTH = {
    "cifs": 3020,
    "discard": 9,
    "domain": 53,
    "echo": 7,
    "http": 80,
    "kerberos": 750,
    "nfs": 2049,
    "pim-auto-rp": 496,
    "rtsp": 554,
    "sip": 5060,
    "sunrpc": 111,
    "tacacs": 49,
    "talk": 517,
    "www": 80,
}
_TCP = {
    **_BOTH,
    "aol": 5190,
    "bgp": 179,
    "chargen": 19,
    "citrix-ica": 1494,
    "cmd": 514,
    "ctiqbe": 2748,
    "daytime": 13,
    "exec": 512,
    "finger": 79,
    "ftp": 21,
    "ftp-data": 20,
    "gopher": 70,
    "h323": 1720,
    "hostname": 101,
    "https": 443,
    "ident": 113,
    "imap4": 143,
    "irc": 194,
    "klogin": 543,
    "kshell": 544,
    "ldap": 389,
    "ldaps": 636,
    "login": 513,
    "lotusnotes": 1352,
    "lpd": 515,
    "netbios-ssn": 139,
    "nntp": 119,
    "pcanywhere-data": 5631,
    "pop2": 109,
    "pop3": 110,
    "pptp": 1723,
    "rsh": 514,
    "smtp": 25,
    "sqlnet": 1521,
    "ssh": 22,
    "telnet": 23,
    "uucp": 540,
    "whois": 43,
}
_UDP = {
    **_BOTH,
    "biff": 512,
    "bootpc": 68,
    "bootps": 67,
    "dnsix": 195,
    "isakmp": 500,
    "mobile-ip": 434,
    "nameserver": 42,
    "netbios-dgm": 138,
    "netbios-ns": 137,
    "ntp": 123,
    "pcanywhere-status": 5632,
    "radius": 1645,
    "radius-acct": 1646,
    "rip": 520,
    "secureid-udp": 5510,
    "snmp": 161,
    "snmptrap": 162,
    "syslog": 514,
    "tftp": 69,
    "time": 37,
    "vxlan": 4789,
    "who": 513,
    "xdmcp": 177,
}
TCP, UDP, SCTP = 6, 17, 132
ICMP, ICMP6 = 1, 58
# Protocols whose ports an entry can name, and the names of their ports.
PORTS = {TCP: _TCP, UDP: _UDP, SCTP: {}}
# tcp-udp stands for both, with the names that mean the same port of either, and with those of one.
TCP_UDP = (TCP, UDP)
PROTOCOLS = {
    "ah": 51,
    "ahp": 51,
    "eigrp": 88,
    "esp": 50,
    "gre": 47,
    "icmp": ICMP,
    "icmp6": ICMP6,
    "igmp": 2,
    "igrp": 9,
    "ipinip": 4,
    "ipsec": 50,
    "nos": 94,
    "ospf": 89,
    "pcp": 108,
    "pim": 103,
    "pptp": 47,
    "sctp": SCTP,
    "snp": 109,
    "tcp": TCP,
    "udp": UDP,
}
# Messages of ICMP and ICMPv6, by the protocol's number.
MESSAGES = {
    ICMP: {
        "alternate-address": 6,
        "conversion-error": 31,
        "echo": 8,
        "echo-reply": 0,
        "information-reply": 16,
        "information-request": 15,
        "mask-reply": 18,
        "mask-request": 17,
        "mobile-redirect": 32,
        "parameter-problem": 12,
        "redirect": 5,
        "router-advertisement": 9,
        "router-solicitation": 10,
        "source-quench": 4,
        "time-exceeded": 11,
        "timestamp-reply": 14,
        "timestamp-request": 13,
        "traceroute": 30,
        "unreachable": 3,
    },
    ICMP6: {
        "echo": 128,
        "echo-reply": 129,
        "membership-query": 130,
        "membership-reduction": 132,
        "membership-report": 131,
        "neighbor-advertisement": 136,
        "neighbor-redirect": 137,
        "neighbor-solicitation": 135,
        "packet-too-big": 2,
        "parameter-problem": 4,
        "router-advertisement": 134,
        "router-renumbering": 138,
        "router-solicitation": 133,
        "time-exceeded": 3,
        "unreachable": 1,
    },
}
LOG_LEVELS = (
    "emergencies",
    "alerts",
    "critical",
    "errors",
    "warnings",
    "notifications",
    "informational",
    "debugging",
    "default",
    "disable",
    *map(str, range(8)),
)
_LAST_PORT, _LAST_BYTE = 0xFFFF, 0xFF
_MOST_DIGITS = 9


def whole(word: str, most: int) -> int | None:
    """The number that a word writes in digits; None for another word, and for one that is larger than ``most``."""
    if not (word.isascii() and word.isdecimal()) or len(word) > _MOST_DIGITS or int(word) > most:
        return None
    return int(word)


def port(protocols: tuple[int, ...], word: str) -> int:
    """A port's number or name, of any of these protocols. ValueError for what is neither."""
    written = whole(word, _LAST_PORT)
    if written is not None:
        return written
    for number in protocols:
        if word in PORTS[number]:
            return PORTS[number][word]
    raise ValueError(word)


def protocol(word: str) -> int | None:
    """A protocol's number, None for ``ip``, which is any. KeyError for what is no protocol."""
    if word == "ip":
        return None
    written = whole(word, _LAST_BYTE)
    return (PROTOCOLS[word] if written is None else written) or None


def message(number: int, word: str) -> int:
    """An ICMP message's type. ValueError for what is none."""
    written = whole(word, _LAST_BYTE)
    if written is not None:
        return written
    if word not in MESSAGES[number]:
        raise ValueError(word)
    return MESSAGES[number][word]
