# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that looks at a host's connections: the kernel's tables, and which end began."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.module_utils import connections_agent as agent

TCP = (
    "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.1.1 dst=10.0.2.1 sport=40000 dport=5432"
    " src=10.0.2.1 dst=10.0.1.1 sport=5432 dport=40000 [ASSURED] mark=0 zone=0 use=2"
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (TCP, (("tcp", "10.0.1.1", 40000, "10.0.2.1", 5432), "")),
        (
            TCP.replace("dst=10.0.2.1 ", "dst=10.0.9.9 "),
            (("tcp", "10.0.1.1", 40000, "10.0.9.9", 5432), "10.0.2.1:5432"),
        ),
        (TCP.replace("ESTABLISHED", "TIME_WAIT"), (("tcp", "10.0.1.1", 40000, "10.0.2.1", 5432), "")),
        (TCP.replace("ESTABLISHED", "SYN_SENT"), None),
        (TCP.replace("ESTABLISHED", "SYN_RECV"), None),
        (
            "ipv6     10 udp      17 20 src=fd00:0000:0000:0000:0000:0000:0000:0001 dst=fd00::2 sport=5000 dport=53"
            " src=fd00::2 dst=fd00::1 sport=53 dport=5000 mark=0 use=1",
            (("udp", "fd00::1", 5000, "fd00::2", 53), ""),
        ),
        (
            "ipv4     2 udp      17 20 src=10.0.1.1 dst=10.0.2.1 sport=1 dport=53 [UNREPLIED]"
            " src=10.0.2.1 dst=10.0.1.1 sport=53 dport=1 mark=0 use=1",
            None,
        ),
        (
            "ipv4     2 icmp     1 29 src=10.0.1.1 dst=10.0.2.1 type=8 code=0 id=1 src=10.0.2.1 dst=10.0.1.1",
            None,
        ),
        ("", None),
    ],
)
def test_a_line_of_connection_tracking(line: str, expected: Any) -> None:
    assert agent.tracked(line) == expected


def test_real_sockets_of_this_machine_are_seen_with_the_end_that_began() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            began = client.getsockname()[1]
            found = agent.watch(0)
    heard = [(row["address"], row["port"]) for row in found["listening"] if row["port"] == port]
    assert heard == [("127.0.0.1", port)]
    rows = [row for row in found["connections"] if port in (row["source_port"], row["destination_port"])]
    assert [(row["source_port"], row["destination_port"]) for row in rows] == [(began, port)]
    assert rows[0]["program"].startswith(("python", "pytest"))


def test_an_ipv4_address_in_ipv6s_clothes_is_one() -> None:
    assert agent.end_of("0000000000000000FFFF00000100007F:1538") == ("127.0.0.1", 5432)
    assert agent.end_of("0100007F:0016") == ("127.0.0.1", 22)
    assert agent.end_of("00000000000000000000000001000000:0016") == ("::1", 22)


def test_a_table_that_may_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[dict[str, str]] = []
    monkeypatch.setattr(agent, "TRACKED", str(tmp_path))  # a folder can't be read as a file
    monkeypatch.setenv("PATH", str(tmp_path))
    assert agent.tracked_lines(told) is None
    assert [item["what"] for item in told] == ["conntrack"]
    assert str(tmp_path) in told[0]["reason"]


def test_the_login_is_found_in_the_environment_of_those_who_started_it() -> None:
    folder = Path(agent.__file__).parent
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import connections_agent as a; print(a.login())"
    found = subprocess.run(
        [
            "env",
            "SSH_CONNECTION=10.0.0.9 5000 10.0.1.1 22",
            "sh",
            "-c",
            '"$0" -c "$1"; true',
            sys.executable,
            code,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[('tcp', '10.0.0.9', 5000, '10.0.1.1', 22)]"


def test_it_is_readable_for_the_oldest_python_on_a_managed_host() -> None:
    ast.parse(Path(agent.__file__).read_text(), feature_version=(3, 8))
