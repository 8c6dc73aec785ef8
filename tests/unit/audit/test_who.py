# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who changed a host, and when, by what is known: a device's own words, files, programs that make rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.audit import who
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.collect import Collected, HostRead
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.drift import drift
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.timeline import Said, said_by_device
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.states import app_rule, forward, small_lab

ALICE = Said("10:31:02 UTC Mon Nov 23 2026", "alice", saved=False)
BEFORE = "2026-11-20T00:00:00+00:00"


def fw1(source: str = "10.10.1.0/24", managed_by: str = "") -> State:
    rules = forward(app_rule(source))
    rules.rules = [*rules.rules[:-1], replace(rules.rules[-1], managed_by=managed_by)]
    return small_lab(fw1=[rules])["fw1"]


def tell(now: State, said: Said | None = None, before_said: Said | None = None) -> dict[str, Any]:
    entry = drift(fw1(), now, 30.0)
    host = HostRead("fw1", "cisco_ios", now, gathered_at="2026-11-23T00:00:00+00:00", said=said)
    who.tell([entry], Collected({"fw1": host}), {"fw1": fw1()}, {"fw1": before_said}, {"fw1": BEFORE}, None)
    return entry


def test_nobody_knows() -> None:
    found = tell(fw1("10.10.1.0/26"))
    assert (found["when"], found["by"]) == (None, None)
    assert found["evidence"] == [
        "it was otherwise 2026-11-20 00:00:00 UTC, and is so 2026-11-23 00:00:00 UTC"
    ]


def test_the_device_knows() -> None:
    found = tell(fw1("10.10.1.0/26"), ALICE)
    assert (found["when"], found["by"]) == (ALICE.at, "alice")
    assert "configuration changed at 10:31:02 UTC Mon Nov 23 2026 by alice" in found["evidence"][1]


def test_the_device_said_so_in_the_baseline_already() -> None:
    found = tell(fw1("10.10.1.0/26"), ALICE, ALICE)
    assert (found["when"], found["by"]) == (None, None)
    assert found["evidence"][1].endswith("it said so in the baseline already")


def test_a_program_made_the_rule() -> None:
    found = tell(fw1("10.10.1.0/26", managed_by="docker"))
    assert found["by"] == "managed by docker"
    assert "rules that changed are managed by docker" in found["evidence"]


def test_a_host_as_before_has_no_story() -> None:
    found = tell(fw1(), ALICE)
    assert (found["status"], found["when"], found["evidence"]) == ("same", None, [])


def test_what_a_device_says_is_taken_apart() -> None:
    text = "! Last configuration change at 10:31:02 UTC Mon Nov 23 2026 by alice\nhostname r1\n"
    raw = {"running_config": RawOutput("running_config", "show running-config", None, text)}
    assert said_by_device(raw) == ALICE
    assert said_by_device({}) is None
