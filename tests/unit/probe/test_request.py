# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the agent is checked before anybody logs in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Reply
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.probe import probe, request_of

GOOD = {"address": "10.0.0.1", "port": 5432}


@pytest.mark.parametrize(
    ("target", "where", "what"),
    [
        ({"address": "10.0.0.0/24", "port": 1}, "targets[0].address", "is no address"),
        ({"address": "", "port": 1}, "targets[0].address", "is no address"),
        ({"address": "-rf", "port": 1}, "targets[0].address", "is no address"),
        ({"address": "10.0.0.1", "port": 0}, "targets[0].port", "is no port"),
        ({"address": "10.0.0.1", "port": "x"}, "targets[0].port", "is no port"),
        ({**GOOD, "handshake": "mysql"}, "targets[0].handshake", "max_connect_errors"),
        ({**GOOD, "handshake": "ldap"}, "targets[0].handshake", "is no handshake"),
        ({**GOOD, "source": "x"}, "targets[0].source", "is no address"),
    ],
)
def test_mistakes_in_targets(target: dict[str, Any], where: str, what: str) -> None:
    with pytest.raises(GatherError, match=what) as caught:
        request_of([target])
    assert caught.value.where == where


@pytest.mark.parametrize("wrong", [{"targets": []}, {"attempts": 0}, {"timeout": 0}, {"sources": ["db1"]}])
def test_other_mistakes(wrong: dict[str, Any]) -> None:
    with pytest.raises(GatherError):
        request_of(**{"targets": [GOOD], **wrong})


class Host:
    host = "app01"

    def __init__(self, answer: dict[str, Any] | str, rc: int = 0) -> None:
        self.timeout: float | None = None
        self._reply = Reply(
            rc, answer if isinstance(answer, str) else json.dumps(answer), "sh: python3: not found"
        )

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        assert stdin is not None
        assert "def main" in stdin
        assert not become, "a probe needs no rights"
        self.timeout = timeout
        return self._reply

    def close(self) -> None:
        pass


def test_rows_keep_what_else_their_target_has() -> None:
    answer = {"paths": [{"target": 1, "address": "10.0.0.9", "result": "timeout"}], "missing_sources": []}
    targets = [GOOD, {"address": "db1", "port": 5432, "path": "app to primary", "expect": "cut"}]
    found = probe(Host(answer), targets)
    assert found["paths"] == [
        {"address": "10.0.0.9", "port": 5432, "path": "app to primary", "expect": "cut", "result": "timeout"}
    ]


def test_the_command_has_time_for_all_attempts() -> None:
    host = Host({"paths": [], "missing_sources": []})
    probe(host, [GOOD] * 300, attempts=3, timeout=2.0)
    assert host.timeout is not None
    assert host.timeout > 4 * 2.0


def test_no_source_is_the_hosts_own() -> None:
    with pytest.raises(GatherError, match="none of the source addresses"):
        probe(Host({"paths": [], "missing_sources": ["10.0.0.1"]}), [GOOD], ["10.0.0.1"])


@pytest.mark.parametrize("answer", ["", "[]", "Traceback"])
def test_no_python_no_answer(answer: str) -> None:
    with pytest.raises(GatherError) as caught:
        probe(Host(answer, 127), [GOOD])
    assert caught.value.where == "app01"
