# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""path_trace in a real playbook, on snapshots of a network built by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES
from tests.integration.test_policy_validate import EVIL, folder, keep, play

__all__ = ["folder"]
FLOW = {"src": "app08", "dst": "db1", "dst_port": "postgresql"}


def trace(**options: Any) -> dict[str, Any]:
    asked = {"flow": FLOW, "snapshots": "now", **options}
    return {"pathguard.network.path_trace": asked, "run_once": True, "register": "trace"}


def test_a_flow_is_followed_there_and_back_and_nothing_in_it_runs(folder: Path) -> None:
    done = play(
        folder,
        trace(flow={**FLOW, "src": "app01"}),
        keep(str(folder / "one.json"), "{{ trace | to_json }}"),
        trace(flow={**FLOW, "src": "app"}),
        keep(str(folder / "all.json"), "{{ trace | to_json }}"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok: [") + done.stdout.count("changed: [") == 4
    every = json.loads((folder / "all.json").read_text(encoding="utf-8"))
    assert [(part["verdict"], part["pairs"]) for part in every["parts"]] == [("deny", 3), ("permit", 7)]
    found = json.loads((folder / "one.json").read_text(encoding="utf-8"))
    assert (found["verdict"], found["changed"]) == ("permit", False)
    assert [hop["host"] for hop in found["hops"]] == ["app01", "fw1", "db1", "db1", "fw1", "app01"]
    assert EVIL.strip() in found["hops"][1]["rule"]["text"]
    assert EVIL.strip() in found["msg"]
    assert not list(folder.rglob("pwned"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"flow": {"src": "app01"}}, "the flow says no dst"),
        ({"host": "fw1", "in_interface": "wan0"}, "unknown interface of fw1 'wan0'"),
    ],
)
def test_bad_input_is_one_clear_error(folder: Path, options: dict[str, Any], said: str) -> None:
    task = {**trace(**options), "ignore_errors": True}
    done = play(folder, task, keep(str(folder / "msg.txt"), "{{ trace.msg }}"))
    message = (folder / "msg.txt").read_text(encoding="utf-8")
    assert said in message
    assert len(message.splitlines()) <= MAX_LINES
    assert "Traceback" not in done.stdout + done.stderr
