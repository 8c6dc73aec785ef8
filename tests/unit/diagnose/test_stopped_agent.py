# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when a server is down: by systemd, by PostgreSQL's data, by the end of its log."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.module_utils import stopped_agent

SYSTEMD = """Id=postgresql.service
ActiveState=active
Result=success
InactiveEnterTimestampMonotonic=0

Id=postgresql@15-main.service
ActiveState=failed
Result=signal
InactiveEnterTimestampMonotonic=60000000

Id=postgresql@14-old.service
ActiveState=inactive
Result=success
InactiveEnterTimestampMonotonic=5000000
"""
LOG = """2026-11-23 07:00:00 UTC [9] app@shop STATEMENT:  select 'database secret'
2026-11-23 07:00:01 UTC [1] LOG:  received fast shutdown request
2026-11-23 07:00:02 UTC [1] LOG:  database system is shut down
"""


def without_systemd(*_arguments: Any, **_more: Any) -> Any:
    raise FileNotFoundError("systemctl")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host without systemd whose database was closed an hour ago."""
    monkeypatch.setattr(stopped_agent, "ROOT", tmp_path)
    monkeypatch.setattr(stopped_agent.subprocess, "run", without_systemd)
    found = tmp_path / "var/lib/postgresql/15/main"
    (found / "global").mkdir(parents=True)
    (found / "global/pg_control").write_bytes(b"x")
    hour_ago = time.time() - 3600
    os.utime(found / "global/pg_control", (hour_ago, hour_ago))
    logs = tmp_path / "var/log/postgresql"
    logs.mkdir(parents=True)
    (logs / "postgresql-15-main.log").write_text(LOG)
    return found


def test_the_unit_that_stopped_last(monkeypatch: pytest.MonkeyPatch) -> None:
    done = SimpleNamespace(returncode=0, stdout=SYSTEMD.encode())
    monkeypatch.setattr(stopped_agent.subprocess, "run", lambda *_arguments, **_more: done)
    found = stopped_agent.stopped(6432)
    assert (found["name"], found["state"]) == ("postgresql@15-main.service", "failed (signal)")
    assert found["since"] == pytest.approx(time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + 60, abs=2)


def test_data_that_was_closed(data: Path, tmp_path: Path) -> None:
    found = stopped_agent.stopped(5432)
    assert (found["name"], found["state"]) == (str(data), "closed")
    assert found["since"] == pytest.approx(time.time() - 3600, abs=5)
    assert (
        found["said"] == f"{tmp_path}/var/log/postgresql/postgresql-15-main.log: database system is shut down"
    )


def test_a_server_that_died_leaves_its_pid(data: Path) -> None:
    (data / "postmaster.pid").write_text("1\n")
    found = stopped_agent.stopped(5432)
    assert found["since"] is None
    assert "postmaster.pid is left" in found["state"]


def test_nothing_is_known_where_nothing_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopped_agent, "ROOT", tmp_path)
    monkeypatch.setattr(stopped_agent.subprocess, "run", without_systemd)
    assert [stopped_agent.stopped(port) for port in (5432, 6432, 22)] == [None, None, None]


def test_as_a_program() -> None:
    argument = base64.b64encode(json.dumps({"ports": [22]}).encode()).decode()
    source = Path(stopped_agent.__file__).read_text()
    done = subprocess.run(
        [sys.executable, "-", argument], input=source, text=True, capture_output=True, check=True, timeout=30
    )
    assert json.loads(done.stdout) == {"ports": {"22": None}}
