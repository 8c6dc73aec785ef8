# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watch which connections this host has, and passes on. Python 3.8 and up, nothing else needed; it sends nothing.

Run as ``python3 - ARGUMENT < connections_agent.py``, where ARGUMENT is base64 of ``{"seconds": 10.0}``: for how long it
looks, once a second. It answers with one JSON document on stdout::

    {"connections": [{"protocol", "source", "source_port", "destination", "destination_port", "way", "program",
                      "translated"}],
     "listening": [{"protocol", "address", "port", "program"}],
     "addresses": [...], "own": [{"source", ...}], "unreadable": [{"what", "reason"}]}

``way``: ``socket``, where one end is here, and which of them began it follows from what this host listens on; or
``conntrack``, of a connection that was seen by connection tracking, with the direction of its first packet.
``translated``: where connection tracking sends it instead, ``address:port``, else empty. ``own``: the login by which
this program came, which is no connection of the network's users. Sources: proc_net_tcp (kernel documentation),
proc(5), conntrack(8).
"""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

PERIOD = 1.0  # seconds between two looks
ESTABLISHED, LISTEN = "01", "0A"
UDP_BOUND, UDP_CONNECTED = "07", "01"
FILES = {"tcp": ("/proc/net/tcp", "/proc/net/tcp6"), "udp": ("/proc/net/udp", "/proc/net/udp6")}
TRACKED = "/proc/net/nf_conntrack"
# States of a connection whose handshake came to an end (nf_conntrack_proto_tcp).
OPENED = frozenset({"ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT"})


def end_of(text):
    """An address and port as the kernel prints them: 32-bit words in this machine's byte order."""
    address, _colon, port = text.partition(":")
    raw = b"".join(struct.pack("=I", int(address[at : at + 8], 16)) for at in range(0, len(address), 8))
    if len(raw) == 16 and raw.startswith(b"\0" * 10 + b"\xff\xff"):  # RFC 4291, 2.5.5.2
        raw = raw[12:]
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw), int(port, 16)


def rows(path):
    """The words of each line of a table of sockets; none where the kernel has no such family."""
    try:
        with open(path) as lines:
            next(lines, None)
            return [line.split() for line in lines]
    except FileNotFoundError:
        return []


class Programs:
    """Which program holds a socket, as far as this user may see it."""

    def __init__(self):
        self.names = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                name = (process / "comm").read_text().strip()
                for entry in (process / "fd").iterdir():
                    target = os.readlink(entry)
                    if target.startswith("socket:["):
                        self.names.setdefault(target[8:-1], name)
            except OSError:  # it has ended, or is somebody else's
                continue

    def of(self, inode):
        return self.names.get(inode, "")


def sockets():
    """``(listening, connected)``: rows of (protocol, here, there, inode)."""
    listening, connected = [], []
    for protocol, paths in FILES.items():
        open_, bound = (ESTABLISHED, LISTEN) if protocol == "tcp" else (UDP_CONNECTED, UDP_BOUND)
        for path in paths:
            for words in rows(path):
                row = (protocol, end_of(words[1]), end_of(words[2]), words[9])
                if words[3] == open_:
                    connected.append(row)
                elif words[3] == bound:
                    listening.append(row)
    return listening, connected


def directed(row, ports):
    """A socket's connection with the end first that began it: who has the listener did not."""
    protocol, here, there, _inode = row
    began, met = (there, here) if (protocol, here[1]) in ports else (here, there)
    return (protocol, began[0], began[1], met[0], met[1])


def tracked_lines(unreadable):
    """The lines of the table of connection tracking; None, with the reason told, if it can't be read."""
    reasons = []
    try:
        with open(TRACKED) as file:
            return file.read().splitlines()
    except FileNotFoundError:
        pass  # a kernel without that file has the tool's way
    except OSError as error:
        reasons.append(f"{TRACKED}: {error.strerror}")
    found, missing = [], False
    for family in ("ipv4", "ipv6"):
        try:
            done = subprocess.run(
                ["conntrack", "-L", "-f", family, "-o", "extended"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
            )
        except FileNotFoundError:
            missing = True
            break
        except (OSError, subprocess.TimeoutExpired) as error:
            reasons.append(f"conntrack: {error}")
            break
        if done.returncode != 0:
            reasons.append(f"conntrack: {' '.join(done.stderr.split())}")
            break
        found.extend(done.stdout.splitlines())
    if missing and not reasons:
        # Nothing to read it with: where the kernel tracks nothing, that is no loss.
        if not Path("/proc/sys/net/netfilter/nf_conntrack_count").exists():
            return []
        reasons.append(f"conntrack is not installed, and the kernel has no {TRACKED}")
    if reasons:
        unreadable.append({"what": "conntrack", "reason": "; ".join(reasons)})
        return None
    return found


def tracked(line):
    """A line of connection tracking -> ``(connection, translated)``, or None if nothing was answered."""
    words = line.split()
    if len(words) < 6 or words[2] not in FILES or "[UNREPLIED]" in words:
        return None
    if words[2] == "tcp" and words[5] not in OPENED:
        return None
    ends = {"src": [], "dst": [], "sport": [], "dport": []}
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in ends:
            ends[name].append(value)
    if any(len(values) != 2 for values in ends.values()):
        return None
    source, destination = plain(ends["src"][0]), plain(ends["dst"][0])
    connection = (words[2], source, int(ends["sport"][0]), destination, int(ends["dport"][0]))
    answers = (plain(ends["src"][1]), int(ends["sport"][1]))
    return connection, "" if answers == connection[3:] else f"{answers[0]}:{answers[1]}"


def plain(address):
    """An address as inet_ntop writes it: the tools write IPv6 in full."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, address))


def addresses(unreadable):
    """This host's addresses."""
    try:
        done = subprocess.run(
            ["ip", "-j", "address", "show"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        links = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        unreadable.append({"what": "addresses", "reason": f"ip -j address show: {error}"})
        return []
    return sorted({item["local"] for link in links for item in link.get("addr_info", ()) if "local" in item})


def login():
    """The ends of the SSH login that this program came by, from the environment of those who started it."""
    number = os.getpid()
    while number > 1:
        try:
            with open(f"/proc/{number}/environ", "rb") as file:
                entries = dict(
                    entry.partition(b"=")[::2] for entry in file.read().split(b"\0") if b"=" in entry
                )
            words = entries.get(b"SSH_CONNECTION", b"").decode().split()
            if len(words) == 4:
                return [("tcp", plain(words[0]), int(words[1]), plain(words[2]), int(words[3]))]
            with open(f"/proc/{number}/stat") as file:
                number = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            break
    return []


def watch(seconds):
    unreadable = []
    found = {}
    heard = {}
    end = time.monotonic() + seconds
    look_at_conntrack = True
    while True:
        programs = Programs()
        listening, connected = sockets()
        for protocol, here, _there, inode in listening:
            key = (protocol, here[0], here[1])
            heard[key] = heard.get(key) or programs.of(inode)
        ports = {(protocol, port) for protocol, _address, port in heard}
        for row in connected:
            key = directed(row, ports)
            entry = found.setdefault(key, {"way": "socket", "program": "", "translated": ""})
            entry["way"] = "socket"
            entry["program"] = entry["program"] or programs.of(row[3])
        lines = tracked_lines(unreadable) if look_at_conntrack else None
        look_at_conntrack = lines is not None
        for line in lines or ():
            one = tracked(line)
            if one is not None:
                entry = found.setdefault(one[0], {"way": "conntrack", "program": "", "translated": ""})
                entry["translated"] = one[1]
        left = end - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(PERIOD, left))
    return {
        "connections": [{**named(key), **entry} for key, entry in sorted(found.items())],
        "listening": [
            {"protocol": protocol, "address": address, "port": port, "program": program}
            for (protocol, address, port), program in sorted(heard.items())
        ],
        "addresses": addresses(unreadable),
        "own": [named(key) for key in login()],
        "unreadable": unreadable,
    }


def named(key):
    return dict(zip(("protocol", "source", "source_port", "destination", "destination_port"), key))


def main():
    request = json.loads(base64.b64decode(sys.argv[1]))
    json.dump(watch(request["seconds"]), sys.stdout)
    print()  # pylint: disable=ansible-bad-function  # a program, no module


if __name__ == "__main__":
    main()
