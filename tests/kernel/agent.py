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

import json
import socket
import subprocess
import sys
from typing import Any

MAGIC = b"PGtag"
ETH_P_ALL = 3
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
            except PermissionError:
                refused += 1  # what the output hook drops, the sender is told of
    return {"refused": refused}


def listen(order: dict[str, Any]) -> dict[str, Any]:
    for interface in order.get("interfaces", ()):
        hears = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        hears.bind((interface, ETH_P_ALL))
        sockets.append(hears)
    if order.get("local"):
        for family, protocols in LOCAL:
            sockets.extend(socket.socket(family, socket.SOCK_RAW, protocol) for protocol in protocols)
    for hears in sockets:
        hears.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        hears.settimeout(0)
    return {}


def heard(_order: dict[str, Any]) -> dict[str, Any]:
    """A packet's last bytes are its tag."""
    tags = set()
    for hears in sockets:
        while True:
            try:
                packet = hears.recv(4096)
            except BlockingIOError:
                break
            at = packet.rfind(MAGIC)
            if at >= 0 and len(packet) == at + len(MAGIC) + 4:
                tags.add(int.from_bytes(packet[at + len(MAGIC) :], "big"))
    return {"tags": sorted(tags)}


def caught(_order: dict[str, Any]) -> dict[str, Any]:
    """The packets themselves, by tag: the interface that they were heard on, and the frame in hex."""
    found: dict[int, tuple[str, str]] = {}
    for hears in sockets:
        while True:
            try:
                packet, address = hears.recvfrom(4096)
            except BlockingIOError:
                break
            at = packet.rfind(MAGIC)
            # What a packet socket hears of its own side's sending is no arrival.
            outgoing = hears.family == socket.AF_PACKET and address[2] == socket.PACKET_OUTGOING
            if at >= 0 and len(packet) == at + len(MAGIC) + 4 and not outgoing:
                found[int.from_bytes(packet[at + len(MAGIC) :], "big")] = (str(address[0]), packet.hex())
    return {"packets": found}


ORDERS = {"caught": caught, "run": run, "send": send, "emit": emit, "listen": listen, "heard": heard}

if __name__ == "__main__":
    for line in sys.stdin:
        wanted = json.loads(line)
        print(json.dumps(ORDERS[wanted["do"]](wanted)), flush=True)
