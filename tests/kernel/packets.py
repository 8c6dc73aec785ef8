# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets made by hand: the first one of a connection, with a tag in its last bytes."""

from __future__ import annotations

import ipaddress
import struct
from typing import Any

MAGIC = b"PGtag"
NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}
_SYN, _ACK = 0x02, 0x10
# RFC 792, RFC 4443: a query's type -> its answer's.
ANSWERS = {8: 0, 13: 14, 128: 129}
ANSWERS |= {value: key for key, value in ANSWERS.items()}


def tagged(flow: dict[str, Any], tag: int, broken: bool = False) -> bytes:
    """The IP packet that opens ``flow`` (src, dst, protocol, ports or icmp_type). ``broken``: with a wrong checksum,
    which a host throws away unanswered; but for ICMPv6, of which raw sockets hear no such packets."""
    source, target = ipaddress.ip_address(flow["src"]), ipaddress.ip_address(flow["dst"])
    payload = MAGIC + tag.to_bytes(4, "big")
    number = NUMBERS[flow["protocol"]]
    body = _body(flow, payload, source.packed + target.packed, number, broken)
    if source.version == 4:
        head = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, number, 0, source.packed, target.packed
        )
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body
    return struct.pack("!IHBB16s16s", 6 << 28, len(body), number, 64, source.packed, target.packed) + body


def _body(flow: dict[str, Any], payload: bytes, addresses: bytes, number: int, broken: bool) -> bytes:
    if flow["protocol"] == "tcp":
        head = struct.pack(
            "!HHIIBBHHH",
            flow["src_port"],
            flow["dst_port"],
            7,
            8,
            0x50,
            flow.get("tcp_flags", _SYN),
            8192,
            0,
            0,
        )
        at = 16
    elif flow["protocol"] == "udp":
        head = struct.pack("!HHHH", flow["src_port"], flow["dst_port"], 8 + len(payload), 0)
        at = 6
    else:
        head = struct.pack("!BBHHH", flow["icmp_type"], 0, 0, flow.get("id", 1), 1)
        at = 2
    body = head + payload
    pseudo = b"" if flow["protocol"] == "icmp" else _pseudo_header(addresses, len(body), number)
    total = checksum(pseudo + body) or 0xFFFF
    if broken and flow["protocol"] != "icmpv6":
        total = total ^ 0x5555 or 0x1111  # none at all means to UDP that there is nothing to check
    return body[:at] + struct.pack("!H", total) + body[at + 2 :]


def _pseudo_header(addresses: bytes, length: int, number: int) -> bytes:
    """RFC 9293, section 3.1 for IPv4; RFC 8200, section 8.1 for IPv6."""
    if len(addresses) == 8:
        return addresses + struct.pack("!BBH", 0, number, length)
    return addresses + struct.pack("!IHBB", length, 0, 0, number)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def answer(packet: bytes) -> dict[str, Any]:
    """The flow of the reply to an IP packet that opened a connection, with its flags or its ICMP type."""
    wide = packet[0] >> 4 == 6
    number, head = (packet[6], 40) if wide else (packet[9], (packet[0] & 15) * 4)
    ends = (packet[8:24], packet[24:40]) if wide else (packet[12:16], packet[16:20])
    source, target = (str(ipaddress.ip_address(end)) for end in ends)
    name = next(name for name, one in NUMBERS.items() if one == number)
    found: dict[str, Any] = {"src": target, "dst": source, "protocol": name}
    first, second = struct.unpack("!HH", packet[head : head + 4])
    if name in ("tcp", "udp"):
        return {**found, "src_port": second, "dst_port": first, "tcp_flags": _SYN | _ACK}
    return {
        **found,
        "icmp_type": ANSWERS[packet[head]],
        "id": struct.unpack("!H", packet[head + 4 : head + 6])[0],
    }


def frame(source: str, target: str, packet: bytes) -> bytes:
    """An Ethernet frame; ``source`` and ``target`` are MAC addresses."""
    kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
    return bytes.fromhex(target.replace(":", "")) + bytes.fromhex(source.replace(":", "")) + kind + packet
