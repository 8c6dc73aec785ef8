# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a flow: their names, widths and order.

The order is that of the levels in a decision diagram (see ``diagrams``). A field takes one or more
levels of at most 256 values; an address takes sixteen, of which IPv4 uses the first four.
"""

from __future__ import annotations

from dataclasses import dataclass

CONNECTION_STATES = ("new", "established", "related", "invalid", "untracked")
FAMILIES = ("ipv4", "ipv6")
# Which ends of its connection the host translated (nf_conntrack_common.h, IPS_SRC_NAT and IPS_DST_NAT).
TRANSLATIONS = ("none", "dnat", "snat", "both")
# Which way a packet of a connection goes: that of its first packet, or the other.
DIRECTIONS = ("original", "reply")
# Where a packet is from: the network, or a socket of the host itself.
ORIGINS = ("network", "socket")

# RFC 9293 (FIN to CWR), in the order of the bits in the header's byte.
TCP_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")

# IANA protocol numbers that packet filters know by name.
PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "ipv6": 41,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ospf": 89,
    "pim": 103,
    "comp": 108,
    "vrrp": 112,
    "sctp": 132,
    "udplite": 136,
}
PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}
# What Linux' connection tracking makes of an ICMP packet that belongs to no connection
# (nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c): a query opens one, neighbour discovery and
# multicast listener messages are not tracked, and everything else is invalid.
ICMP_QUERIES: dict[int, tuple[int, ...]] = {1: (8, 13, 15, 17), 58: (128, 139)}
ICMP_UNTRACKED: dict[int, tuple[int, ...]] = {1: (), 58: (130, 131, 132, 133, 134, 135, 136, 143)}
PROTOCOLS_WITH_PORTS = (6, 17, 33, 132, 136)

BYTE = (1 << 256) - 1
OPEN = -1  # a domain without an end: interface names


@dataclass(frozen=True, slots=True)
class Field:
    """``levels``: bytes of the value; ``full``: the bit mask of all values of one level."""

    name: str
    levels: int
    full: int
    kind: str  # "address", "number", "names"
    first: int = 0

    @property
    def last(self) -> int:
        return self.first + self.levels - 1

    @property
    def maximum(self) -> int:
        return (1 << (8 * self.levels)) - 1


def _numbered(*fields: Field) -> dict[str, Field]:
    table, level = {}, 0
    for field in fields:
        table[field.name] = Field(field.name, field.levels, field.full, field.kind, level)
        level += field.levels
    return table


FIELDS = _numbered(
    Field("family", 1, 0b11, "family"),
    Field("src", 16, BYTE, "address"),
    Field("dst", 16, BYTE, "address"),
    Field("protocol", 1, BYTE, "number"),
    Field("src_port", 2, BYTE, "number"),
    Field("dst_port", 2, BYTE, "number"),
    Field("icmp_type", 1, BYTE, "number"),
    Field("icmp_code", 1, BYTE, "number"),
    Field("tcp_flags", 1, BYTE, "number"),
    Field("connection", 1, (1 << len(CONNECTION_STATES)) - 1, "state"),
    Field("in_interface", 1, OPEN, "names"),
    Field("out_interface", 1, OPEN, "names"),
    Field("in_zone", 1, OPEN, "names"),
    Field("out_zone", 1, OPEN, "names"),
    Field("ct_status", 1, (1 << len(TRANSLATIONS)) - 1, "state"),
    Field("direction", 1, (1 << len(DIRECTIONS)) - 1, "state"),
    Field("origin", 1, (1 << len(ORIGINS)) - 1, "state"),
    # The marks stay last: what depends on both is worked out below all other levels (``analyse.marks``).
    Field("mark", 4, BYTE, "number"),
    Field("ct_mark", 4, BYTE, "number"),
)
STATES = {
    "connection": CONNECTION_STATES,
    "ct_status": TRANSLATIONS,
    "direction": DIRECTIONS,
    "origin": ORIGINS,
}
FIRST_UNKNOWN_LEVEL = max(field.last for field in FIELDS.values()) + 1
