# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many earlier snapshots is compared with, and what is said of when it changed."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose import history
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.history import Judge
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.question import read_question
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.timeline import (
    told_by_device,
    told_by_files,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import StateError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Ruleset
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.diagnose_scene import QUESTION, Ailing
from tests.support.states import GROUPS, app_rule, forward, small_lab

WIDE, NARROW, NARROWER = (
    forward(app_rule(prefix)) for prefix in ("10.10.1.0/24", "10.10.1.0/26", "10.10.1.0/27")
)
ASKED = {"policy": None, "paths": None, "names": None, "login": None, **QUESTION}


def with_rules(rules: Ruleset) -> dict[str, State]:
    states = small_lab()
    states["fw1"].rulesets[rules.key] = copy.deepcopy(rules)
    return states


def keep(folder: Path, at: str, states: dict[str, State]) -> None:
    for name, state in states.items():
        snapshot.write(folder, snapshot.Snapshot(name, "linux", at, state.to_dict(), []))


def judge(states: dict[str, State]) -> Judge:
    return Judge(read_question(ASKED, GROUPS, GROUPS["all"], Path()).policy, states, GROUPS, None)


def test_the_newest_in_which_it_was_open(tmp_path: Path) -> None:
    """Folders of runs hold folders of steps; names tell nothing of their order."""
    keep(tmp_path / "c" / "pre", "2026-11-01T10:00:00+00:00", with_rules(WIDE))
    keep(tmp_path / "b" / "pre", "2026-11-02T10:00:00+00:00", with_rules(WIDE))
    keep(tmp_path / "a" / "pre", "2026-11-03T10:00:00+00:00", with_rules(NARROW))
    keep(tmp_path / "d", "2026-11-04T10:00:00+00:00", with_rules(NARROWER))
    (tmp_path / "d" / "report.json").write_text('{"format": 1}')
    listed = history.moments(tmp_path)
    assert [moment.at[:10] for moment in listed] == ["2026-11-04", "2026-11-03", "2026-11-02", "2026-11-01"]
    found = history.last_open(listed, judge(with_rules(NARROWER)))
    assert found is not None
    assert (found.at[:10], found.bad_at[:10], found.whole) == ("2026-11-02", "2026-11-03", True)
    assert found.states["fw1"].to_dict() == with_rules(WIDE)["fw1"].to_dict()


def test_what_was_not_open_then_may_have_had_another_cause(tmp_path: Path) -> None:
    """When a change was first seen is told of that change alone."""
    keep(tmp_path / "a", "2026-11-01T10:00:00+00:00", with_rules(WIDE))
    keep(tmp_path / "b", "2026-11-02T10:00:00+00:00", with_rules(NARROW))
    now = with_rules(NARROWER)
    found = history.last_open(history.moments(tmp_path), judge(now))
    assert found is not None
    [narrow, narrower] = [rules.rules[2].text for rules in (NARROW, NARROWER)]
    assert found.had("fw1", NARROW.key, narrow, "", now["fw1"])
    assert not found.had("fw1", NARROW.key, narrower, "", now["fw1"])
    assert found.had("fw1", NARROW.key, "", narrower, now["fw1"])
    assert found.had("fw1", "", "a route", "", now["fw1"])
    now["fw1"].routes.pop()
    assert not found.had("fw1", "", "a route", "", now["fw1"])
    assert not found.had("fw1", NARROW.key, "default action: deny", "", now["fw1"])


def test_where_it_was_never_whole_the_newest_that_was_better(tmp_path: Path) -> None:
    keep(tmp_path / "a", "2026-11-01T10:00:00+00:00", with_rules(NARROW))
    keep(tmp_path / "b", "2026-11-02T10:00:00+00:00", with_rules(NARROWER))
    found = history.last_open(history.moments(tmp_path), judge(with_rules(NARROWER)))
    assert found is not None
    assert (found.at[:10], found.whole) == ("2026-11-01", False)


def test_nothing_that_was_better(tmp_path: Path) -> None:
    keep(tmp_path / "a", "2026-11-01T10:00:00+00:00", with_rules(NARROW))
    assert history.last_open(history.moments(tmp_path), judge(with_rules(NARROW))) is None


def test_a_moment_with_some_of_the_hosts(tmp_path: Path) -> None:
    """Others are taken as they are now; a snapshot that is damaged makes its moment none."""
    keep(tmp_path / "a", "2026-11-01T10:00:00+00:00", {"fw1": with_rules(WIDE)["fw1"]})
    keep(tmp_path / "b", "2026-11-02T10:00:00+00:00", {"fw1": with_rules(WIDE)["fw1"]})
    damaged = snapshot.path_of(tmp_path / "b", "fw1")
    damaged.write_text(damaged.read_text()[:-9])
    found = history.last_open(history.moments(tmp_path), judge(with_rules(NARROW)))
    assert found is not None
    assert found.at[:10] == "2026-11-01"
    assert set(found.states) == set(small_lab())


def test_a_moment_without_the_host_that_decides_now(ailing: Ailing) -> None:
    """What fw1 does now is not what it did then: such a folder dates nothing, and is compared with by nobody."""
    runs = ailing.folder / "runs"
    others = {name: state for name, state in small_lab().items() if name != "fw1"}
    keep(runs / "good", "2026-11-01T10:00:00+00:00", with_rules(WIDE))
    keep(runs / "without", "2026-11-02T10:00:00+00:00", others)
    ailing.change(NARROW)
    found = ailing.ask(history=runs)
    assert found.causes[0].when[0].startswith("it was open 2026-11-01 10:00:00 UTC")
    assert found.causes[0].when[0].endswith(", and is cut off now")
    found = ailing.ask(history=runs, baseline=runs / "without", run_id="again")
    assert found.causes[0].when[0].startswith("it was open 2026-11-01 10:00:00 UTC")
    assert "which lacks a host that decides" in found.case.notes[0]


def test_hosts_that_must_not_be_missing(ailing: Ailing) -> None:
    """Those that cut it off, and the routers on its ways; not its ends, where they let it pass."""
    ailing.change(NARROW)
    assert history.deciding(ailing.ask().case.paths) == {"fw1"}
    ailing.change(forward())
    assert history.deciding(ailing.ask(run_id="all").case.paths) == {"fw1"}
    ailing.change(WIDE)
    assert history.deciding(ailing.ask(run_id="none").case.paths) == set()


def test_a_folder_that_is_not_there(ailing: Ailing) -> None:
    with pytest.raises(StateError, match="no such folder of snapshots"):
        ailing.ask(history=ailing.folder / "nowhere")
    assert ailing.site.reads == []


def test_a_baseline_that_is_given(ailing: Ailing) -> None:
    """It is compared with whatever the proof says of it."""
    keep(ailing.folder / "good", "2026-11-01T10:00:00+00:00", {"fw1": with_rules(WIDE)["fw1"]})
    ailing.change(NARROW)
    found = ailing.ask(baseline=ailing.folder / "good", history=None)
    assert found.causes[0].before == WIDE.rules[-1].text
    with pytest.raises(StateError, match="no readable snapshot of any host"):
        ailing.ask(baseline=ailing.folder / "runs", run_id="again")


DEVICES = {
    "IOS": (
        "Building configuration...\n\n! Last configuration change at 10:31:02 UTC Mon Nov 23 2026 by alice\nversion 17.3\n",
        "configuration changed at 10:31:02 UTC Mon Nov 23 2026 by alice, as the device says",
    ),
    "IOS without a user": (
        "! Last configuration change at 10:31:02 UTC Mon Nov 23 2026\n",
        "configuration changed at 10:31:02 UTC Mon Nov 23 2026, as the device says",
    ),
    "IOS XR": (
        "!! IOS XR Configuration 7.3.2\n!! Last configuration change at Mon Nov 23 10:31:02 2026 by bob\n",
        "configuration changed at Mon Nov 23 10:31:02 2026 by bob, as the device says",
    ),
    "NX-OS": (
        "!Command: show running-config\n!Running configuration last done at: Mon Nov 23 10:31:02 2026\n",
        "configuration changed at Mon Nov 23 10:31:02 2026, as the device says",
    ),
    "Junos": (
        "## Last commit: 2026-11-23 10:31:02 UTC by carol\nversion 21.4R1;\n",
        "configuration changed at 2026-11-23 10:31:02 UTC by carol, as the device says",
    ),
    "ASA": (
        ": Saved\n: Written by dave at 10:31:02.184 UTC Mon Nov 23 2026\n!\n",
        "configuration changed at 10:31:02.184 UTC Mon Nov 23 2026 by dave, as the device says",
    ),
    "a remark": ("access-list 1 remark Last configuration change at noon by eve\n", ""),
}


@pytest.mark.parametrize("platform", DEVICES)
def test_what_devices_say_of_their_last_change(platform: str) -> None:
    text, told = DEVICES[platform]
    assert (
        told_by_device({"running_config": RawOutput("running_config", "show running-config", 0, text)})
        == told
    )


def test_a_saved_configuration_says_so_of_itself() -> None:
    text = "! Startup-config last modified at  Mon Nov 23 10:31:02 2026 by frank\n"
    told = told_by_device({"startup_config": RawOutput("startup_config", "show startup-config", 0, text)})
    assert (
        told
        == "saved configuration changed at  Mon Nov 23 10:31:02 2026 by frank, as the device says".replace(
            "at  ", "at "
        )
    )


def test_files_that_were_written_since() -> None:
    """Clocks of hosts may differ by a minute."""
    files = {
        "/etc/nftables.conf": {"changed": 1795407690.0, "owner": "root"},
        "/etc/iptables/rules.v4": {"changed": 1795400000.0, "owner": "ops"},
    }
    assert told_by_files(files) == [
        "/etc/nftables.conf was written 2026-11-23 04:21:30 UTC (owner root)",
        "/etc/iptables/rules.v4 was written 2026-11-23 02:13:20 UTC (owner ops)",
    ]
    assert len(told_by_files(files, "2026-11-23T04:22:00+00:00")) == 1
    assert told_by_files(files, "2026-11-23T04:23:00+00:00") == []
