# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe's agent: what it makes of sockets, on this machine's loopback only."""

from __future__ import annotations

import ast
import base64
import contextlib
import errno
import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.module_utils import probe_agent as agent

Serve = Callable[[Callable[[socket.socket], None]], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server on a free loopback port; the function is given each connection."""
    with contextlib.ExitStack() as stack:

        def start(handle: Callable[[socket.socket], None]) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def accept() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        handle(listener.accept()[0])

            threading.Thread(target=accept, daemon=True).start()
            port: int = listener.getsockname()[1]
            return port

        yield start


def probe(
    port: int, handshake: str = "none", attempts: int = 2, timeout: float = 0.5, **request: Any
) -> dict[str, Any]:
    target = {"address": "127.0.0.1", "port": port, "handshake": handshake}
    answer = agent.probe(
        {"targets": [target], "sources": [], "attempts": attempts, "timeout": timeout, **request}
    )
    (row,) = answer["paths"]
    found: dict[str, Any] = row
    return found


def answer_with(*answers: bytes) -> Callable[[socket.socket], None]:
    left = list(answers)

    def handle(connection: socket.socket) -> None:
        with connection:
            if connection.recv(8) == agent.SSL_REQUEST:
                connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return handle


def test_the_request_is_postgresqls() -> None:
    """Int32(8), then Int32(80877103): PostgreSQL's message formats, SSLRequest."""
    assert agent.SSL_REQUEST == struct.pack(">II", 8, 80877103) == b"\0\0\0\x08\x04\xd2\x16\x2f"


@pytest.mark.parametrize("answer", [b"S", b"N"])
def test_a_postgresql_that_answers(serve: Serve, answer: bytes) -> None:
    row = probe(serve(answer_with(answer)), "postgresql")
    assert (row["result"], row["reachable"], row["attempts"]) == ("reachable", 2, 2)
    assert row["source"] == "127.0.0.1"
    assert 0 < row["ms"]["max"] < 500


@pytest.mark.parametrize(
    ("answer", "error"),
    [(b"E", "b'E'"), (b"HTTP/1.1", "b'H'"), (b"", "closed the connection without an answer")],
)
def test_something_else_that_answers(serve: Serve, answer: bytes, error: str) -> None:
    row = probe(serve(answer_with(answer)), "postgresql")
    assert row["result"] == "handshake_failed"
    assert error in row["error"]
    assert row["ms"] is None


def test_a_server_that_never_answers(serve: Serve) -> None:
    held: list[socket.socket] = []
    row = probe(serve(held.append), "postgresql")
    assert row["result"] == "handshake_failed"
    assert "did not answer in time" in row["error"]


def test_a_connection_is_enough_without_a_handshake(serve: Serve) -> None:
    held: list[socket.socket] = []
    assert probe(serve(held.append))["result"] == "reachable"


def test_flapping(serve: Serve) -> None:
    row = probe(serve(answer_with(b"S", b"X", b"S")), "postgresql", attempts=3)
    assert (row["result"], row["reachable"], row["failures"]) == ("flapping", 2, {"handshake_failed": 1})


def test_refused_and_reset(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert probe(port)["result"] == "refused"

    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.recv(8)
        connection.close()

    assert probe(serve(reset), "postgresql")["result"] == "reset"


def test_connections_are_not_held(serve: Serve) -> None:
    ended: list[bytes] = []

    def wait_for_end(connection: socket.socket) -> None:
        ended.append(connection.recv(8))
        connection.close()

    probe(serve(wait_for_end), attempts=3)
    for _unused in range(100):
        if len(ended) == 3:
            break
        threading.Event().wait(0.01)
    assert ended == [b"", b"", b""]


def test_sources(serve: Serve) -> None:
    held: list[socket.socket] = []
    port = serve(held.append)
    assert probe(port, sources=["127.0.0.2"])["source"] == "127.0.0.2"
    answer = agent.probe(
        {
            "targets": [{"address": "127.0.0.1", "port": port}],
            "sources": ["192.0.2.1"],
            "attempts": 1,
            "timeout": 0.2,
        }
    )
    assert answer == {"paths": [], "missing_sources": ["192.0.2.1"]}
    own = {"address": "127.0.0.1", "port": port, "source": "127.0.0.3"}
    answer = agent.probe({"targets": [own], "sources": [], "attempts": 1, "timeout": 0.2})
    assert [row["source"] for row in answer["paths"]] == ["127.0.0.3"]


def test_a_source_of_the_other_family_is_left_out(serve: Serve) -> None:
    held: list[socket.socket] = []
    target = {"address": "127.0.0.1", "port": serve(held.append)}
    answer = agent.probe(
        {"targets": [target], "sources": ["::1", "127.0.0.1"], "attempts": 1, "timeout": 0.2}
    )
    assert [row["source"] for row in answer["paths"]] == ["127.0.0.1"]


def test_names_are_resolved_here(serve: Serve) -> None:
    held: list[socket.socket] = []
    answer = agent.probe(
        {
            "targets": [
                {"address": "localhost", "port": serve(held.append)},
                {"address": "nowhere.invalid", "port": 1},
            ],
            "sources": [],
            "attempts": 1,
            "timeout": 0.2,
        }
    )
    by_address = {row["address"]: row for row in answer["paths"]}
    assert by_address["127.0.0.1"]["name"] == "localhost"
    assert by_address["127.0.0.1"]["result"] == "reachable"
    assert by_address["nowhere.invalid"]["result"] == "network_error"
    assert "can't be resolved" in by_address["nowhere.invalid"]["error"]
    assert [row["target"] for row in answer["paths"]].count(1) == 1


@pytest.mark.parametrize(
    ("kinds", "result"),
    [
        (["reachable", "reachable"], "reachable"),
        (["reachable", "timeout"], "flapping"),
        (["timeout", "refused", "timeout"], "timeout"),
        (["refused", "timeout"], "refused"),
    ],
)
def test_overall(kinds: list[str], result: str) -> None:
    assert agent.overall(kinds) == result


@pytest.mark.parametrize(
    ("code", "at_once", "kind"),
    [
        (errno.ECONNREFUSED, False, "refused"),
        (errno.ETIMEDOUT, False, "timeout"),
        (errno.ECONNRESET, False, "reset"),
        (errno.ENETUNREACH, True, "no_route"),
        (errno.EHOSTUNREACH, True, "no_route"),
        (errno.EHOSTUNREACH, False, "network_error"),
        (errno.EPERM, True, "network_error"),
        (errno.EADDRNOTAVAIL, True, "network_error"),
    ],
)
def test_kinds_of_failure(code: int, at_once: bool, kind: str) -> None:
    assert agent.failure(code, at_once)[0] == kind


def test_addresses_as_the_kernel_prints_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """proc_net_tcp.rst: 32-bit words in host order, here little endian; ::ffff:0:0/96 is IPv4 (RFC 4291)."""
    if sys.byteorder != "little":
        monkeypatch.setattr(agent.struct, "pack", lambda _format, number: number.to_bytes(4, "little"))
    assert agent.end_of("0100007F:1F90") == (socket.inet_aton("127.0.0.1"), 8080)
    assert agent.end_of("0000000000000000FFFF00000A01140A:1538") == (socket.inet_aton("10.20.1.10"), 5432)
    v6 = socket.inet_pton(socket.AF_INET6, "fd00:20:1::a")
    assert agent.end_of("200000FD00000100000000000A000000:1538") == (v6, 5432)
    assert agent.packed("fd00:20:1::a") == v6
    assert agent.packed("::ffff:10.20.1.10") == socket.inet_aton("10.20.1.10")


LINE = "0: 0100007F:0001 0100007F:1538 01 {queues} {timer} {retransmissions} 0 {probes} 1 1 0 20 4 30 10 -1"


@pytest.mark.parametrize(
    ("timer", "retransmissions", "probes", "waits"),
    [
        ("00:00000000", "00000000", "0", False),
        ("02:00000100", "00000000", "0", False),
        ("01:00000014", "00000000", "0", False),
        ("01:00000014", "00000002", "0", True),
        ("04:00000014", "00000001", "0", True),
        ("02:00000100", "00000000", "3", True),
    ],
)
def test_connections_that_wait_in_vain(timer: str, retransmissions: str, probes: str, waits: bool) -> None:
    line = LINE.format(
        queues="00000000:00000000", timer=timer, retransmissions=retransmissions, probes=probes
    )
    assert agent.stalled(line.split()) is waits


def test_pooled_connections_are_counted_but_not_our_own(serve: Serve) -> None:
    held: list[socket.socket] = []
    port = serve(held.append)
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
        assert probe(port, attempts=1)["pooled"] == {"established": 2, "alive": 2}
    with socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.5", 0)):
        assert probe(port, attempts=1, sources=["127.0.0.5"])["pooled"]["established"] == 1


def test_many_targets_with_few_open_files(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[socket.socket] = []
    monkeypatch.setattr(agent, "AT_ONCE", 3)
    targets = [{"address": "127.0.0.1", "port": serve(held.append)} for _unused in range(10)]
    answer = agent.probe({"targets": targets, "sources": [], "attempts": 2, "timeout": 1})
    assert [row["result"] for row in answer["paths"]] == ["reachable"] * 10


def test_it_runs_alone_and_answers_with_one_document(serve: Serve, tmp_path: Path) -> None:
    held: list[socket.socket] = []
    request = {
        "targets": [{"address": "127.0.0.1", "port": serve(held.append)}],
        "sources": [],
        "attempts": 1,
        "timeout": 0.5,
    }
    argument = base64.b64encode(json.dumps(request).encode()).decode()
    source = Path(agent.__file__).read_text()
    done = subprocess.run(
        [sys.executable, "-I", "-", argument],
        input=source,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert json.loads(done.stdout)["paths"][0]["result"] == "reachable"
    assert done.stderr == ""


def test_python_3_8_can_read_it() -> None:
    ast.parse(Path(agent.__file__).read_text(), feature_version=(3, 8))


def test_the_program_bears_its_name_on_the_host(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Discovery leaves its connections out by it."""
    before = Path("/proc/self/comm").read_text()
    monkeypatch.setattr(
        agent, "probe", lambda _request: {"comm": Path("/proc/self/comm").read_text().strip()}
    )
    monkeypatch.setattr(agent.sys, "argv", ["-", base64.b64encode(b"{}").decode()])
    try:
        agent.main()
    finally:
        Path("/proc/self/comm").write_text(before)
    assert json.loads(capsys.readouterr().out) == {"comm": agent.NAME}
    assert len(agent.NAME) <= 15
