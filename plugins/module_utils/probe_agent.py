# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try new TCP connections from this host, and look at the open ones. Python 3.8 and up, nothing else needed.

Run as ``python3 - ARGUMENT < probe_agent.py``, where ARGUMENT is base64 of a JSON object::

    {"targets": [{"address": "10.20.1.10", "port": 5432, "handshake": "postgresql"}],
     "sources": ["10.10.1.5"], "attempts": 3, "timeout": 2.0}

``address``: an address, or a name that is resolved on this host. ``handshake``: none or postgresql.
``sources``: addresses to connect from, as far as this host has them; empty: what routing chooses. A target may
have a ``source`` of its own.
``timeout`` in seconds, for one attempt. It answers with one JSON document on stdout::

    {"paths": [{"target": index, "source", "address", "port", "name", "handshake", "result", "reachable", "attempts",
                "failures": {kind: how often}, "error", "ms": {"min", "median", "max"},
                "pooled": {"established", "alive"}}], "missing_sources": [...]}

``result``: reachable (all attempts), flapping (some), or what most of the failed ones were: refused, timeout,
reset, handshake_failed, no_route, network_error. Connections are closed at once; none is held.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import resource
import selectors
import socket
import statistics
import struct
import sys
import time

# What this program is called on the host: 15 characters at most (TASK_COMM_LEN).
NAME = "pathguard-probe"
# Between the starts of two attempts at the same target, in seconds: later than a burst, sooner than a person.
SPACING = 0.2
# At most this many connections at once, fewer if the host's limit of open files is low.
AT_ONCE = 256
SPARE_FILES = 32
# Between the two looks at open connections, at least, in seconds; a retransmission takes 0.2 s or more.
POOL_INTERVAL = 0.5

REACHABLE = "reachable"
FLAPPING = "flapping"
REFUSED = "refused"
TIMEOUT = "timeout"
RESET = "reset"
HANDSHAKE_FAILED = "handshake_failed"
NO_ROUTE = "no_route"
NETWORK_ERROR = "network_error"

# PostgreSQL's SSLRequest: its length, then a code in place of a protocol version; the server answers with one
# byte, S or N (PostgreSQL documentation, "SSL Session Encryption" and "Message Formats"). It is the earliest
# answer that only a live server gives, before any user or database is named.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
GREETINGS = {"none": b"", "postgresql": SSL_REQUEST}
ANSWERS = {"postgresql": (b"S", b"N")}

# What a socket that never found a way is bound to.
UNSPECIFIED = frozenset({"0.0.0.0", "::"})  # noqa: S104

ESTABLISHED = "01"
# Timers in /proc/net/tcp (Documentation/networking/proc_net_tcp.rst): 1 retransmission, 2 keepalive,
# 4 window probe.
RETRANSMISSION_TIMERS = ("01", "04")


class Attempt:
    """One connection attempt: a socket on its way to a result."""

    def __init__(self, route, start):
        self.route = route
        self.start = start
        self.began = 0.0
        self.ended = 0.0
        self.connected = False
        self.local = None
        self.result = None
        self.error = ""
        self.socket = None

    def open(self, now, timeout):
        self.began = now
        self.deadline = now + timeout
        try:
            self.socket = socket.socket(self.route.family, socket.SOCK_STREAM)
            self.socket.setblocking(False)
            if self.route.source:
                self.socket.bind((self.route.source, 0))
            code = self.socket.connect_ex((self.route.address, self.route.port))
        except OSError as error:
            self.finish(*failure(error.errno, at_once=True))
            return
        if code not in (0, errno.EINPROGRESS):
            self.finish(*failure(code, at_once=True))

    def wanted(self):
        return selectors.EVENT_READ if self.connected else selectors.EVENT_WRITE

    def ready(self):
        """Go one step on."""
        try:
            if not self.connected:
                self._connected()
            else:
                self._answered()
        except OSError as error:
            self.finish(*failure(error.errno, at_once=False))

    def _connected(self):
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.finish(*failure(code, at_once=False))
            return
        self.connected = True
        greeting = GREETINGS[self.route.handshake]
        if not greeting:
            self.finish(REACHABLE)
            return
        self.socket.send(greeting)

    def _answered(self):
        answer = self.socket.recv(1)
        if answer in ANSWERS[self.route.handshake]:
            self.finish(REACHABLE)
        elif not answer:
            self.finish(HANDSHAKE_FAILED, "the server closed the connection without an answer")
        else:
            self.finish(
                HANDSHAKE_FAILED, f"the server answered {answer!r}, which is no {self.route.handshake}"
            )

    def expire(self):
        if self.connected:
            self.finish(HANDSHAKE_FAILED, "connected, but the server did not answer in time")
        else:
            self.finish(TIMEOUT)

    def finish(self, result, error=""):
        self.ended = time.monotonic()
        self.result = result
        self.error = error
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.local = self.socket.getsockname()[0]
            self.socket.close()


def failure(code, at_once):
    """The kind of a failed attempt. An error at once comes from this host's own routing or rules."""
    if code == errno.ECONNREFUSED:
        return REFUSED, ""
    if code == errno.ECONNRESET:
        return RESET, ""
    if code == errno.ETIMEDOUT:
        return TIMEOUT, ""
    name = errno.errorcode.get(code, str(code))
    if at_once and code in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return NO_ROUTE, f"{name}: this host has no route"
    if code in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return (
            NETWORK_ERROR,
            f"{name}: an ICMP error came back (a rejecting firewall), or no neighbour answers",
        )
    if at_once and code in (errno.EPERM, errno.EACCES):
        return NETWORK_ERROR, f"{name}: this host's own rules forbid it"
    return NETWORK_ERROR, f"{name}: {os.strerror(code)}"


class Route:
    """From one source address to one target."""

    def __init__(self, index, source, address, port, handshake, name):
        self.index = index
        self.source = source
        self.address = address
        self.port = port
        self.handshake = handshake
        self.name = name
        self.family = family_of(address)
        self.attempts = []


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def resolve(address):
    """The target's addresses; a name may have several."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, address)
            return [address], None
        except OSError:
            continue
    found = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)
    return sorted({item[4][0] for item in found}), address


def has_address(address):
    """Whether an address is this host's own, told by binding to it."""
    try:
        with socket.socket(family_of(address), socket.SOCK_STREAM) as test:
            test.bind((address, 0))
        return True
    except OSError:
        return False


def routes_of(targets, sources):
    """(routes, rows of targets whose name can't be resolved)."""
    routes, unresolved = [], []
    for index, target in enumerate(targets):
        handshake = target.get("handshake") or "none"
        try:
            addresses, name = resolve(target["address"])
        except OSError as error:
            text = f"the name can't be resolved on this host: {error.strerror or error}"
            name, outcomes = target["address"], [(NETWORK_ERROR, text)]
            unresolved.append(row(index, None, name, target["port"], name, handshake, outcomes))
            continue
        for address in addresses:
            wanted = [target["source"]] if target.get("source") else sources
            own = [source for source in wanted if family_of(source) == family_of(address)]
            for source in own if wanted else [None]:
                routes.append(Route(index, source, address, target["port"], handshake, name))
    return routes, unresolved


def limit():
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return AT_ONCE if soft == resource.RLIM_INFINITY else max(1, min(AT_ONCE, soft - SPARE_FILES))


def run(routes, attempts, timeout):
    """All attempts of all routes, many at once, each attempt of a route SPACING after the one before."""
    begin = time.monotonic()
    waiting = []
    for number in range(attempts):
        for route in routes:
            attempt = Attempt(route, begin + number * SPACING)
            route.attempts.append(attempt)
            waiting.append(attempt)
    waiting.reverse()
    at_once = limit()
    running = set()
    with selectors.DefaultSelector() as selector:
        while waiting or running:
            now = time.monotonic()
            while waiting and len(running) < at_once and waiting[-1].start <= now:
                attempt = waiting.pop()
                attempt.open(now, timeout)
                if attempt.result is None:
                    selector.register(attempt.socket, attempt.wanted(), attempt)
                    running.add(attempt)
            for attempt in [item for item in running if item.deadline <= now]:
                selector.unregister(attempt.socket)
                running.discard(attempt)
                attempt.expire()
            moments = [item.deadline for item in running]
            if waiting and len(running) < at_once:
                moments.append(waiting[-1].start)
            pause = max(0.0, min(moments) - now) if moments else 0.0
            for key, _events in selector.select(pause):
                step(selector, running, key.data)


def step(selector, running, attempt):
    # Unregistered first: a socket that its attempt closes can't be unregistered any more.
    selector.unregister(attempt.socket)
    attempt.ready()
    if attempt.result is None:
        selector.register(attempt.socket, attempt.wanted(), attempt)
    else:
        running.discard(attempt)


def overall(kinds):
    good = kinds.count(REACHABLE)
    if good == len(kinds):
        return REACHABLE
    if good:
        return FLAPPING
    return max(kinds, key=lambda kind: (kinds.count(kind), -kinds.index(kind)))


def row(index, source, address, port, name, handshake, outcomes, times=(), pooled=None):
    """``outcomes``: (kind, error) for each attempt; ``times``: of those that got through, in ms."""
    kinds = [kind for kind, _error in outcomes]
    failures = {kind: kinds.count(kind) for kind in kinds if kind != REACHABLE}
    return {
        "target": index,
        "source": source,
        "address": address,
        "port": port,
        "name": name,
        "handshake": handshake,
        "result": overall(kinds),
        "reachable": kinds.count(REACHABLE),
        "attempts": len(kinds),
        "failures": failures,
        "error": next((error for _kind, error in outcomes if error), ""),
        "ms": {"min": min(times), "median": statistics.median(times), "max": max(times)} if times else None,
        "pooled": pooled or {"established": 0, "alive": 0},
    }


def row_of(route, pool):
    outcomes = [(attempt.result, attempt.error) for attempt in route.attempts]
    times = [
        round((attempt.ended - attempt.began) * 1000, 1)
        for attempt in route.attempts
        if attempt.result == REACHABLE
    ]
    source = route.source or next((attempt.local for attempt in route.attempts if attempt.local), None)
    if source in UNSPECIFIED:
        source = None
    pooled = pool.count(route.address, route.port, route.source)
    return row(
        route.index, source, route.address, route.port, route.name, route.handshake, outcomes, times, pooled
    )


class Pool:
    """This host's open connections, looked at twice.

    One is alive if it is still there at the second look, and nothing that it sent waits for an answer: no
    retransmissions, no keepalive or window probes without an answer. An idle connection whose packets would
    be lost can't be told from a good one; that is what new connections are for.
    """

    def __init__(self):
        self._before = established()
        self._taken = time.monotonic()
        self._after = {}

    def look_again(self):
        time.sleep(max(0.0, POOL_INTERVAL - (time.monotonic() - self._taken)))
        self._after = established()

    def count(self, address, port, source):
        remote = (packed(address), port)
        here = packed(source) if source else None
        keys = [key for key in self._before if key[1] == remote and (here is None or key[0][0] == here)]
        alive = [key for key in keys if key in self._after and not self._after[key]]
        return {"established": len(keys), "alive": len(alive)}


def established():
    """{((local address, port), (remote address, port)): whether it waits for an answer in vain}."""
    found = {}
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(path) as lines:
                next(lines, None)
                for line in lines:
                    words = line.split()
                    if words[3] == ESTABLISHED:
                        found[(end_of(words[1]), end_of(words[2]))] = stalled(words)
        except OSError:
            continue
    return found


def stalled(words):
    timer = words[5].partition(":")[0]
    retransmissions, probes = int(words[6], 16), int(words[8])
    return probes > 0 or (timer in RETRANSMISSION_TIMERS and retransmissions > 0)


def end_of(text):
    """An address and port as the kernel prints them: 32-bit words in this machine's byte order."""
    address, _colon, port = text.partition(":")
    words = [address[at : at + 8] for at in range(0, len(address), 8)]
    raw = b"".join(struct.pack("=I", int(word, 16)) for word in words)
    return unmapped(raw), int(port, 16)


def packed(address):
    return unmapped(socket.inet_pton(family_of(address), address))


def unmapped(raw):
    """An IPv4 address in IPv6's clothes (RFC 4291, 2.5.5.2) is an IPv4 address."""
    return raw[12:] if len(raw) == 16 and raw.startswith(b"\0" * 10 + b"\xff\xff") else raw


def probe(request):
    sources = [source for source in request.get("sources", ()) if has_address(source)]
    missing = [source for source in request.get("sources", ()) if source not in sources]
    if missing and not sources:
        return {"paths": [], "missing_sources": missing}
    routes, rows = routes_of(request["targets"], sources)
    pool = Pool()
    run(routes, request["attempts"], request["timeout"])
    pool.look_again()
    return {"paths": [row_of(route, pool) for route in routes] + rows, "missing_sources": missing}


def main():
    # Who sees its connections can tell whose they are (proc(5), comm).
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as file:
        file.write(NAME)
    request = json.loads(base64.b64decode(sys.argv[1]))
    json.dump(probe(request), sys.stdout)
    print()  # pylint: disable=ansible-bad-function  # a program, no module


if __name__ == "__main__":
    main()
