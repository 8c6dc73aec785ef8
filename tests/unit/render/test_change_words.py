# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows that fare otherwise, a line each: what tells two of them apart is seen, however narrow the screen."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.render import change_words
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render
from ansible_collections.pathguard.network.plugins.plugin_utils.render.screen import LINES, WIDTH
from tests.unit.render.test_formats import report

ENDS = {
    "src": ["10.10.1.66", "10.10.1.100", "10.10.1.200", "10.10.1.201"],
    "dst": ["10.20.1.10"],
    "protocol": ["tcp"],
    "dst_port": ["5432"],
}


def parts(*flows: dict[str, list[str]]) -> dict[str, Any]:
    return {"flows": list(flows), "more": 0, "counted": True}


def with_flows(found: dict[str, Any], flows: dict[str, Any]) -> dict[str, Any]:
    place = {"host": "fw1", "hook": "forward", "ruleset": "", "connection": "new"}
    changes = {"statement": "this change touches 1 required path: path 5432", "hosts": ["fw1"]}
    return {**found, "changes": {**changes, "entries": [{**place, "flows": flows}]}}


FLOWS = {
    "violations": {"lost": parts({**ENDS, "src_port": ["1024-65535"]})},
    "harmless": {"lost": parts({**ENDS, "src_port": ["0-1023"]}, {**ENDS, "tcp_flags": ["!", "syn"]})},
}


@pytest.mark.parametrize("paths", [1, 60])
def test_parts_with_the_same_ends_are_told_apart_on_the_screen(paths: int) -> None:
    lines = render(with_flows(report(paths), FLOWS), "text").splitlines()
    assert len(lines) <= LINES
    told = [line for line in lines if line.startswith("lost ")]
    assert len(set(told)) == len(told) == 3
    assert all(len(line) <= WIDTH for line in told)
    assert "from port 0-1023:" in told[1]
    assert "tcp_flags not syn:" in told[2]


def test_a_flow_is_told_in_full_where_there_is_room() -> None:
    lines = render(with_flows(report(), FLOWS), "text").splitlines()
    at = next(index for index, line in enumerate(lines) if "VIOLATION" in line)
    assert lines[at + 1].strip().endswith("10.20.1.10, tcp 5432")


def test_in_a_list_what_tells_flows_apart_comes_behind_their_ends() -> None:
    told = change_words.flow_text({**ENDS, "src_port": ["0-1023"]})
    assert told == "10.10.1.66,10.10.1.100,10.10.1.200,10.10.1.201 -> 10.20.1.10, tcp 5432, from port 0-1023"
