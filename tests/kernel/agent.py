# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside one network namespace and does there what it is told, a JSON object a line on stdin.

``run`` {argv, stdin}: a command -> {rc, stdout, stderr}. ``send`` {frames: [[interface, hex]]}: whole
Ethernet frames. ``emit`` {packets: [hex]}: IP packets of this host's own, header included. ``listen``
{interfaces, local}: hear packets that come by these interfaces, or that are delivered to this host.
``caught``: the packets heard since the last question, by tag, with their interface.
``heard``: the tags (see ``packets``) heard since the last question.
"""

from __future__ import annotations

import errno
import json
import socket
import struct
import subprocess
import sys
from typing import Any

MAGIC = b"PGtag"
ETH_P_ALL = 3
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
ETHERNET = 14  # bytes of a frame's header
LOCAL = ((socket.AF_INET, (6, 17, 1)), (socket.AF_INET6, (6, 17, 58)))

sockets: list[socket.socket] = []


def run(order: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        order["argv"], input=order.get("stdin", ""), capture_output=True, text=True, check=False
    )
    return {"rc": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def send(order: dict[str, Any]) -> dict[str, Any]:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
        for interface, frame in order["frames"]:
            out.sendto(bytes.fromhex(frame), (interface, 0))
    return {}


def emit(order: dict[str, Any]) -> dict[str, Any]:
    refused = 0
    with (
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as four,
        socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as six,
    ):
        for written in order["packets"]:
            packet = bytes.fromhex(written)
            try:
                if packet[0] >> 4 == 4:
                    four.sendto(packet, (socket.inet_ntop(socket.AF_INET, packet[16:20]), 0))
                else:
                    six.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENETUNREACH, errno.EHOSTUNREACH):
                    raise
                refused += 1  # what the firewall drops, or has no route for, its sender is told of
    return {"refused": refused}


def listen(order: dict[str, Any]) -> dict[str, Any]:
    for interface in order.get("interfaces", ()):
        hears = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        hears.bind((interface, ETH_P_ALL))
        sockets.append(hears)
    if order.get("local"):
        for family, protocols in LOCAL:
            for protocol in protocols:
                hears = socket.socket(family, socket.SOCK_RAW, protocol)
                if family == socket.AF_INET6:
                    hears.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
                sockets.append(hears)
    for hears in sockets:
        hears.setsockopt(
            socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24
        )  # all that is heard between two questions
        hears.settimeout(0)
    return {}


def heard(_order: dict[str, Any]) -> dict[str, Any]:
    """A packet's last bytes are its tag."""
    return {"tags": sorted(_new())}


def caught(_order: dict[str, Any]) -> dict[str, Any]:
    """The packets themselves, by tag: the interface that they were heard on, and the IP packet in hex."""
    return {"packets": {tag: (link, packet.hex()) for tag, (link, packet) in _new().items()}}


def _new() -> dict[int, tuple[str, bytes]]:
    found: dict[int, tuple[str, bytes]] = {}
    for hears in sockets:
        while True:
            try:
                packet, more, _flags, address = hears.recvmsg(4096, 128)
            except BlockingIOError:
                break
            at = packet.rfind(MAGIC)
            # What a packet socket hears of its own side's sending is no arrival.
            outgoing = hears.family == socket.AF_PACKET and address[2] == socket.PACKET_OUTGOING
            if at < 0 or len(packet) != at + len(MAGIC) + 4 or outgoing:
                continue
            tag = int.from_bytes(packet[at + len(MAGIC) :], "big")
            if hears.family == socket.AF_PACKET:
                found[tag] = (str(address[0]), packet[ETHERNET:])
            elif hears.family == socket.AF_INET6:
                found[tag] = ("", _head(hears, str(address[0]), more, len(packet)) + packet)
            else:
                found[tag] = ("", packet)
    return found


def _head(hears: socket.socket, source: str, more: list[tuple[int, int, bytes]], length: int) -> bytes:
    """The header of an IPv6 packet, which a socket leaves out (RFC 3542)."""
    target = next(data[:16] for _level, kind, data in more if kind == socket.IPV6_PKTINFO)
    ends = socket.inet_pton(socket.AF_INET6, source.partition("%")[0]) + target
    return struct.pack("!IHBB", 6 << 28, length, hears.proto, 64) + ends


ORDERS = {"caught": caught, "run": run, "send": send, "emit": emit, "listen": listen, "heard": heard}

if __name__ == "__main__":
    for line in sys.stdin:
        wanted = json.loads(line)
        print(json.dumps(ORDERS[wanted["do"]](wanted)), flush=True)
