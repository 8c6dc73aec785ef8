# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this host itself knows about a path: names, routes, large packets, the server and its limits. It only reads,
and sends few packets: for each of ``pings`` three at most, for each of ``logins`` one connection that ends before any
password.

Run as ``python3 - ARGUMENT < diagnose_agent.py``, where ARGUMENT is base64 of a JSON object; each key may be missing::

    {"names": ["db.example.com"], "routes": [{"source", "address"}], "pings": [{"source", "address"}],
     "logins": [{"source", "address", "port", "user", "database"}], "files": ["/etc/nftables.conf"],
     "servers": [{"port": 5432, "clients": ["10.10.1.5"], "user": "", "database": ""}], "timeout": 2.0}

It answers with one JSON document on stdout::

    {"at": seconds since 1970 by this host's clock,
     "names": {name: {"addresses": [...], "error": ""}},
     "routes": [{"source", "address", "way": "via 10.10.1.1 dev app0", "mtu": 1500 or null, "error": ""}],
     "pings": [{"source", "address", "small": bool, "large": bool, "told": bool, "bytes": 1500, "error"}],
     "logins": [{"source", "address", "port", "result": "asked" | "refused" | "failed", "code", "message"}],
     "files": {path: {"changed": seconds since 1970, "owner": name}},
     "servers": {port: {"established", "waiting", "queue", "process", "limit", "kept",
                        "clients": {address: {"admitted": "yes" | "no" | "unknown", "line": number or null}}}}}

``told``: the large packet did not get through, and the host knows of the smaller size that would. ``limit``, ``kept``:
PostgreSQL's max_connections, and those of it that are for superusers. ``admitted``: by pg_hba.conf, whose first line
that fits decides (PostgreSQL documentation, "The pg_hba.conf File"); its text is not part of the answer.
"""

from __future__ import annotations

import base64
import errno
import ipaddress
import json
import os
import pathlib
import pwd
import re
import shlex
import socket
import ssl
import struct
import subprocess
import sys
import time

PATIENCE = 10.0
PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
# What IP and ICMP add to the data of an echo request, in bytes.
HEADERS = {4: 28, 6: 48}
SMALL = 56
ETHERNET, LARGEST = 1500, 65535
ECHO_TIMEOUT = 1.0
# linux/in.h, linux/in6.h: level, MTU_DISCOVER, MTU; and the value by which a packet is never cut up.
OF_MTU = {socket.AF_INET: (socket.IPPROTO_IP, 10, 14), socket.AF_INET6: (socket.IPPROTO_IPV6, 23, 24)}
NEVER_CUT = 2
# PostgreSQL documentation, "Message Formats": SSLRequest; StartupMessage of protocol 3.0.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
PROTOCOL = 196608
MOST_OF_A_MESSAGE = 8192
# PostgreSQL documentation, "Connection Settings".
DEFAULT_LIMIT, DEFAULT_KEPT = 100, 3
SETTING = re.compile(r"^\s*(\w+)\s*=?\s*'?([^'#\s]*)'?", re.MULTILINE)
INCLUDES = ("include", "include_if_exists", "include_dir")
MOST_INCLUDES = 10  # as deep as the server itself follows them (guc-file.l, CONF_FILE_MAX_DEPTH)
ESTABLISHED, LISTEN = "01", "0A"
HOST_LINES = ("host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc")


def run(command):
    """(whether it succeeded, what it printed on both streams); a program that is not there fails."""
    environment = {**os.environ, "PATH": "{}:{}".format(os.environ.get("PATH", ""), PATH), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, done.stdout.decode(errors="replace")


def family_of(address):
    return 6 if ":" in address else 4


# Names and routes.


def name_entry(name):
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return {"addresses": [], "error": getattr(error, "strerror", None) or str(error)}
    return {"addresses": sorted({item[4][0].partition("%")[0] for item in found}), "error": ""}


def route_entry(wanted):
    source, address = wanted.get("source"), wanted["address"]
    command = ["ip", "-o", "route", "get", address] + (["from", source] if source else [])
    good, text = run(command)
    words = text.split()
    found = {
        "source": source,
        "address": address,
        "way": "",
        "mtu": None,
        "error": "" if good else text.strip(),
    }
    if good:
        parts = [f"{key} {words[words.index(key) + 1]}" for key in ("via", "dev") if key in words[:-1]]
        found["way"] = " ".join(parts)
        found["mtu"] = mtu_of(words)
    return found


def mtu_of(words):
    """What the route says, else what its interface can carry, in bytes."""
    if "mtu" in words[:-1] and words[words.index("mtu") + 1].isdigit():
        return int(words[words.index("mtu") + 1])
    if "dev" not in words[:-1]:
        return None
    try:
        with open("/sys/class/net/{}/mtu".format(words[words.index("dev") + 1])) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def ping_entry(wanted):
    """A small packet, and one as large as the first link takes, that nobody may cut up (ip(7), IP_MTU_DISCOVER)."""
    size = min(interface_mtu(wanted["address"]) or ETHERNET, LARGEST)
    found = {"source": wanted.get("source"), "address": wanted["address"], "bytes": size, "error": ""}
    try:
        with echo_socket(wanted) as link:
            found["small"] = echoed(link, SMALL)
            found["large"] = found["small"] and echoed(link, size - HEADERS[family_of(wanted["address"])])
            found["told"] = found["small"] and not found["large"] and knows_less(link, size)
    except OSError as error:
        found.update(small=False, large=False, told=False, error=str(error))
    return found


def interface_mtu(address):
    """Of the interface, whatever a route has learnt of smaller links."""
    _good, text = run(["ip", "-o", "route", "get", address])
    words = text.split()
    return mtu_of(["dev", words[words.index("dev") + 1]]) if "dev" in words[:-1] else None


def echo_socket(wanted):
    """Raises OSError where the host does not let this program have one (raw(7))."""
    six = family_of(wanted["address"]) == 6
    family = socket.AF_INET6 if six else socket.AF_INET
    found = socket.socket(family, socket.SOCK_RAW, socket.getprotobyname("ipv6-icmp" if six else "icmp"))
    try:
        level, name, _mtu = OF_MTU[family]
        found.setsockopt(level, name, NEVER_CUT)
        if wanted.get("source"):
            found.bind((wanted["source"], 0))
        found.connect((wanted["address"], 0))
    except OSError:
        found.close()
        raise
    return found


def echoed(link, size):
    """Whether an echo request with so many bytes of data is answered within a second."""
    six = link.family == socket.AF_INET6
    mark = os.urandom(4)
    body = mark + bytes(size - len(mark))
    head = [128 if six else 8, 0, 0, os.getpid() & 0xFFFF, 1]
    if not six:  # the kernel adds that of ICMPv6 (RFC 3542, 3.1)
        head[2] = checksum(struct.pack("!BBHHH", *head) + body)
    try:
        link.send(struct.pack("!BBHHH", *head) + body)
    except OSError as error:
        if error.errno == errno.EMSGSIZE:
            return False
        raise
    until = time.monotonic() + ECHO_TIMEOUT
    while time.monotonic() < until:
        link.settimeout(max(0.01, until - time.monotonic()))
        try:
            answer = link.recv(65536)
        except socket.timeout:
            return False
        except OSError as error:  # an ICMP error about the packet
            if error.errno in (errno.EMSGSIZE, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNREFUSED):
                return False
            raise
        start = 0 if six else (answer[0] & 15) * 4
        if (
            len(answer) >= start + 12
            and answer[start] == (129 if six else 0)
            and answer[start + 8 : start + 12] == mark
        ):
            return True
    return False


def checksum(packet):
    """RFC 1071."""
    words = struct.unpack(f"!{(len(packet) + 1) // 2}H", packet + b"\0" * (len(packet) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def knows_less(link, size):
    """Whether the kernel has learnt of a smaller link on the way, from the error of a router: it tells the size, and
    refuses to send the packet again."""
    level, _name, mtu = OF_MTU[link.family]
    if link.getsockopt(level, mtu) < size:
        return True
    try:
        link.send(bytes(size - HEADERS[4 if link.family == socket.AF_INET else 6]))
    except OSError as error:
        return error.errno == errno.EMSGSIZE
    return False


# A login that ends before any password.


def login_entry(wanted, timeout):
    found = {key: wanted.get(key) for key in ("source", "address", "port")}
    try:
        with connected(wanted, timeout) as plain:
            plain.sendall(SSL_REQUEST)
            answer = plain.recv(1)
            link = encrypted(plain) if answer == b"S" else plain
            link.sendall(startup(wanted["user"], wanted["database"]))
            kind, body = message(link, time.monotonic() + timeout)
            if link is not plain:
                link.close()
    except OSError as error:
        return {**found, "result": "failed", "code": "", "message": str(error)}
    if kind == b"R":
        return {**found, "result": "asked", "code": "", "message": ""}
    if kind == b"E":
        fields = {
            part[:1].decode(errors="replace"): part[1:].decode(errors="replace")
            for part in body.split(b"\0")
            if part
        }
        return {**found, "result": "refused", "code": fields.get("C", ""), "message": fields.get("M", "")}
    return {**found, "result": "failed", "code": "", "message": "the server's answer is no PostgreSQL"}


def connected(wanted, timeout):
    family = socket.AF_INET6 if family_of(wanted["address"]) == 6 else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.settimeout(timeout)
        if wanted.get("source"):
            found.bind((wanted["source"], 0))
        found.connect((wanted["address"], wanted["port"]))
    except OSError:
        found.close()
        raise
    return found


def encrypted(plain):
    """Whose certificate it is does not matter: nothing secret is said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)


def startup(user, database):
    words = ["user", user, "database", database, "application_name", "pathguard"]
    body = struct.pack("!i", PROTOCOL) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def message(link, until):
    head = exactly(link, 5, until)
    length = struct.unpack("!i", head[1:])[0] - 4
    return head[:1], exactly(link, max(0, min(length, MOST_OF_A_MESSAGE)), until)


def exactly(link, size, until):
    """``until``: by the monotonic clock; what says a byte now and then must not hold the host."""
    found = b""
    while len(found) < size:
        if time.monotonic() > until:
            raise OSError("the server does not come to the end of its answer")
        part = link.recv(size - len(found))
        if not part:
            raise OSError("the server closed the connection without an answer")
        found += part
    return found


# The server's side.


def server_entry(wanted):
    port = wanted["port"]
    found = {"established": connections(port), "waiting": None, "queue": None, "process": ""}
    found.update({"limit": None, "kept": None, "clients": {}})
    good, text = run(["ss", "-H", "-l", "-t", "-n", "-p", "sport", "=", f":{port}"])
    rows = [line.split() for line in text.splitlines() if good and line.split()[:1] == ["LISTEN"]]
    if rows:
        found["waiting"], found["queue"] = max((int(row[1]), int(row[2])) for row in rows)
    process = re.search(r'\(\("([^"]+)",pid=(\d+)', text)
    if not process:
        return found
    found["process"] = process.group(1)
    if process.group(1).startswith("postgres"):
        found.update(postgresql(int(process.group(2)), wanted))
    return found


def connections(port):
    """How many connections to this port are established here."""
    count = 0
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(path) as lines:
                next(lines, None)
                for line in lines:
                    words = line.split()
                    count += words[3] == ESTABLISHED and int(words[1].rpartition(":")[2], 16) == port
        except OSError:
            continue
    return count


def postgresql(pid, wanted):
    """``data``: the postmaster's working directory (PostgreSQL documentation, "postmaster.pid")."""
    try:
        data = pathlib.Path(os.readlink(f"/proc/{pid}/cwd"))
        with open(f"/proc/{pid}/cmdline") as file:
            arguments = arguments_in(file.read().split("\0"))
    except (OSError, ValueError):
        return {}
    main = arguments.get("config_file") or str(data / "postgresql.conf")
    settings = {**settings_in(main), **settings_in(data / "postgresql.auto.conf"), **arguments}
    kept = number(settings.get("superuser_reserved_connections"), DEFAULT_KEPT)
    rules = settings.get("hba_file") or str(data / "pg_hba.conf")
    return {
        "limit": number(settings.get("max_connections"), DEFAULT_LIMIT),
        "kept": kept + number(settings.get("reserved_connections"), 0),
        "clients": {client: admitted(rules, client, wanted) for client in wanted.get("clients", ())},
    }


def number(text, default):
    return int(text) if text and text.isdigit() else default


def arguments_in(words):
    """Settings of a command line: ``-c max_connections=300``, or ``--max-connections=300``."""
    pairs = (word.split("=", 1) for word in words if "=" in word)
    return {name.lstrip("-").replace("-", "_").lower(): value for name, value in pairs}


def settings_in(path, above=()):
    """Settings of a file and of those that it includes where they stand (PostgreSQL documentation, "Managing
    Configuration File Contents"); the last one counts, and names are the same in capitals."""
    found = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            pairs = SETTING.findall(file.read())
    except OSError:
        return found
    for name, value in pairs:
        if name.lower() not in INCLUDES:
            found[name.lower()] = value
        elif len(above) < MOST_INCLUDES:
            for one in included(name.lower(), pathlib.Path(path).parent / value):
                if str(one) not in above:
                    found.update(settings_in(str(one), (*above, str(path))))
    return found


def included(name, path):
    if name != "include_dir":
        return [path]
    try:
        return sorted(one for one in path.iterdir() if one.suffix == ".conf" and one.name[:1] != ".")
    except OSError:
        return []


def admitted(path, client, wanted):
    """What the first line that fits does with a client; a line that can't be judged makes it unknown. Whether a client
    encrypts is not known: lines for one way alone decide only where those for the other ways decide the same."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = list(enumerate(file, 1))
    except OSError:
        return {"admitted": "unknown", "line": None}
    first = None
    for position, line in lines:
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            return {"admitted": "unknown", "line": position}
        if not words or words[0] == "local":
            continue
        fits = line_fits(words, ipaddress.ip_address(client), wanted)
        if fits is None:
            return {"admitted": "unknown", "line": position}
        if fits:
            told = {"admitted": judged(words, wanted), "line": position}
            first = first or told
            if told["admitted"] != first["admitted"]:
                return {"admitted": "unknown", "line": position}
            if words[0] == "host":
                return first
    return first or {"admitted": "no", "line": None}


def judged(words, wanted):
    """A line that rejects somebody rejects us surely only if it is about us."""
    if "reject" not in words[4:6]:
        return "yes"
    named = (wanted.get("database"), wanted.get("user"))
    sure = all(name or "all" in text.split(",") for text, name in zip(words[1:3], named))
    return "no" if sure else "unknown"


def line_fits(words, client, wanted):
    """True, False, or None where it can't be told."""
    if words[0] not in HOST_LINES or len(words) < 5:
        return None
    address = within(words, client)
    if address is not True:
        return address
    counts = not wanted.get("database") and "reject" not in words[4:6]  # whoever replicates is admitted, too
    parts = (
        among(words[1], wanted.get("database") or "", () if counts else ("replication",)),
        among(words[2], wanted.get("user") or "", ()),
    )
    return False if False in parts else None if None in parts else True


def within(words, client):
    text = words[3]
    try:
        if text == "all":
            return True
        if "/" not in text:
            text = f"{text}/{words[4]}"
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return network.version == client.version and client in network


def among(text, name, never):
    """Whether a list of users or databases has a name; where no name is asked for, whether it has any."""
    items = [item for item in text.split(",") if item and item not in never]
    if not name or "all" in items or name in items:
        return bool(items)
    return None if any(item[:1] in "+@/" or item.startswith("same") for item in items) else False


def file_entry(path):
    try:
        found = pathlib.Path(path).stat()
    except OSError:
        return None
    try:
        owner = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        owner = str(found.st_uid)
    return {"changed": found.st_mtime, "owner": owner}


def answer(request):
    timeout = request.get("timeout", 2.0)
    files = {path: file_entry(path) for path in request.get("files", ())}
    return {
        "at": time.time(),
        "names": {name: name_entry(name) for name in request.get("names", ())},
        "routes": [route_entry(wanted) for wanted in request.get("routes", ())],
        "pings": [ping_entry(wanted) for wanted in request.get("pings", ())],
        "logins": [login_entry(wanted, timeout) for wanted in request.get("logins", ())],
        "files": {path: found for path, found in files.items() if found},
        "servers": {str(wanted["port"]): server_entry(wanted) for wanted in request.get("servers", ())},
    }


def main():
    request = json.loads(base64.b64decode(sys.argv[1]))
    json.dump(answer(request), sys.stdout)
    print()  # pylint: disable=ansible-bad-function  # a program, no module


if __name__ == "__main__":
    main()
