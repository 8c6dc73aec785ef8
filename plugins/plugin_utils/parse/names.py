# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Linux' packet filters print instead of numbers.

ICMP: IANA's "ICMP Type Numbers" and "ICMPv6 Parameters", in the spellings of nft (``nft describe icmp
type``), iptables (``iptables -p icmp -h``) and ip6tables. Protocols: /etc/protocols as distributions ship it.
"""

from __future__ import annotations

from ..model.fields import PROTOCOLS
from ..model.match import Range

# name -> (type, code or None for any)
ICMP: dict[str, tuple[int, int | None]] = {
    "echo-reply": (0, None),
    "pong": (0, None),
    "destination-unreachable": (3, None),
    "network-unreachable": (3, 0),
    "host-unreachable": (3, 1),
    "protocol-unreachable": (3, 2),
    "port-unreachable": (3, 3),
    "fragmentation-needed": (3, 4),
    "source-route-failed": (3, 5),
    "network-unknown": (3, 6),
    "host-unknown": (3, 7),
    "network-prohibited": (3, 9),
    "host-prohibited": (3, 10),
    "TOS-network-unreachable": (3, 11),
    "TOS-host-unreachable": (3, 12),
    "communication-prohibited": (3, 13),
    "host-precedence-violation": (3, 14),
    "precedence-cutoff": (3, 15),
    "source-quench": (4, None),
    "redirect": (5, None),
    "network-redirect": (5, 0),
    "host-redirect": (5, 1),
    "TOS-network-redirect": (5, 2),
    "TOS-host-redirect": (5, 3),
    "echo-request": (8, None),
    "ping": (8, None),
    "router-advertisement": (9, None),
    "router-solicitation": (10, None),
    "time-exceeded": (11, None),
    "ttl-exceeded": (11, None),
    "ttl-zero-during-transit": (11, 0),
    "ttl-zero-during-reassembly": (11, 1),
    "parameter-problem": (12, None),
    "ip-header-bad": (12, 0),
    "required-option-missing": (12, 1),
    "timestamp-request": (13, None),
    "timestamp-reply": (14, None),
    "info-request": (15, None),
    "info-reply": (16, None),
    "address-mask-request": (17, None),
    "address-mask-reply": (18, None),
}

ICMPV6: dict[str, tuple[int, int | None]] = {
    "destination-unreachable": (1, None),
    "no-route": (1, 0),
    "communication-prohibited": (1, 1),
    "beyond-scope": (1, 2),
    "address-unreachable": (1, 3),
    "port-unreachable": (1, 4),
    "failed-policy": (1, 5),
    "reject-route": (1, 6),
    "packet-too-big": (2, None),
    "time-exceeded": (3, None),
    "ttl-exceeded": (3, None),
    "ttl-zero-during-transit": (3, 0),
    "ttl-zero-during-reassembly": (3, 1),
    "parameter-problem": (4, None),
    "bad-header": (4, 0),
    "unknown-header-type": (4, 1),
    "unknown-option": (4, 2),
    "echo-request": (128, None),
    "ping": (128, None),
    "echo-reply": (129, None),
    "pong": (129, None),
    "mld-listener-query": (130, None),
    "mld-listener-report": (131, None),
    "mld-listener-done": (132, None),
    "mld-listener-reduction": (132, None),
    "router-solicitation": (133, None),
    "nd-router-solicit": (133, None),
    "router-advertisement": (134, None),
    "nd-router-advert": (134, None),
    "neighbour-solicitation": (135, None),
    "neighbor-solicitation": (135, None),
    "nd-neighbor-solicit": (135, None),
    "neighbour-advertisement": (136, None),
    "neighbor-advertisement": (136, None),
    "nd-neighbor-advert": (136, None),
    "redirect": (137, None),
    "nd-redirect": (137, None),
    "router-renumbering": (138, None),
    "ind-neighbor-solicit": (141, None),
    "ind-neighbor-advert": (142, None),
    "mld2-listener-report": (143, None),
}

# `nft describe icmp code`, `icmpv6 code`: the names depend on nothing but the protocol.
ICMP_CODES = {
    "net-unreachable": 0,
    "host-unreachable": 1,
    "prot-unreachable": 2,
    "port-unreachable": 3,
    "frag-needed": 4,
    "net-prohibited": 9,
    "host-prohibited": 10,
    "admin-prohibited": 13,
}
ICMPV6_CODES = {
    "no-route": 0,
    "admin-prohibited": 1,
    "addr-unreachable": 3,
    "port-unreachable": 4,
    "policy-fail": 5,
    "reject-route": 6,
}

PROTOCOL_ALIASES = {
    "ip": 0,
    "hopopt": 0,
    "ggp": 3,
    "ipencap": 4,
    "ipv4": 4,
    "st": 5,
    "egp": 8,
    "igp": 9,
    "pup": 12,
    "hmp": 20,
    "xns-idp": 22,
    "rdp": 27,
    "iso-tp4": 29,
    "xtp": 36,
    "ddp": 37,
    "idpr-cmtp": 38,
    "ipv6-route": 43,
    "ipv6-frag": 44,
    "idrp": 45,
    "rsvp": 46,
    "skip": 57,
    "ipv6-icmp": 58,
    "icmp6": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "rspf": 73,
    "vmtp": 81,
    "eigrp": 88,
    "ospfigp": 89,
    "ax.25": 93,
    # nft and iptables take /etc/protocols' word for 94; IP in IP proper (4) is `ipencap` there.
    "ipip": 94,
    "etherip": 97,
    "encap": 98,
    "ipcomp": 108,
    "l2tp": 115,
    "isis": 124,
    "fc": 133,
    "mobility-header": 135,
    "ipv6-mh": 135,
    "mh": 135,
    "mpls-in-ip": 137,
    "manet": 138,
    "hip": 139,
    "shim6": 140,
    "wesp": 141,
    "rohc": 142,
}


def protocol_number(word: str | int) -> int:
    """A protocol as nft, iptables or ipset print it. ValueError for a word that is none."""
    text = str(word).lower()
    number = PROTOCOL_ALIASES.get(text)
    if number is None:
        number = PROTOCOLS.get(text)
    if number is None:
        number = int(text)
    if not 0 <= number <= 255:
        raise ValueError(f"{word!r} is not a protocol number (0 to 255)")
    return number


def icmp_type_code(table: dict[str, tuple[int, int | None]], word: str) -> tuple[Range, Range | None]:
    """``echo-request``, ``8``, ``3/4`` -> ranges of type and code. ValueError for a word that is none."""
    if word in table:
        kind, code = table[word]
        return (kind, kind), None if code is None else (code, code)
    kind_text, slash, code_text = word.partition("/")
    kind = int(kind_text)
    if not 0 <= kind <= 255:
        raise ValueError(f"{word!r} is not an ICMP type")
    if not slash:
        return (kind, kind), None
    code = int(code_text)
    return (kind, kind), (code, code)
