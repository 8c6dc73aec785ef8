# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first step: what it proves and arms, and what makes it stop before anything is changed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import (
    CheckpointError,
    GatherError,
    GuardError,
    PathGuardError,
    PolicyError,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.guard import record, text
from tests.support.guard_scene import NARROW, PATH, POLICY, Scene


def test_all_is_proven_probed_armed_and_recorded(scene: Scene) -> None:
    found = scene.begin()
    assert (found.stopped, [view.satisfied for view in found.proof.paths]) == ("", ["yes"])
    assert {row.result for row in found.rows} == {"reachable"}
    assert len(found.rows) == 10
    run = record.read(scene.folder / "runs", "r1")
    assert (run.protected, run.decision, run.hops) == (["fw1", "db1"], "", list(found.states))
    assert run.fingerprints["fw1"] == scene.site.hosts["fw1"].fingerprint()
    assert run.timers_end["fw1"] == scene.clock.epoch() + 120
    assert {name for name, host in scene.site.hosts.items() if host.held} == {"fw1", "db1"}
    assert "protected for 120 s: fw1, db1" in text.before(found)


def test_by_default_every_host_with_rules_is_protected(scene: Scene) -> None:
    assert set(scene.begin(protect=None).run.protected) == {"fw1", "fw2", "db1"}


def test_check_mode_arms_nothing(scene: Scene) -> None:
    found = scene.begin(check_mode=True)
    assert (found.stopped, found.run.protected) == ("", [])
    assert [host.log for host in scene.site.hosts.values() if host.log] == []
    assert "check mode: the paths are proven, nothing is armed" in text.before(found)


def test_a_path_that_is_violated_already_stops_it(scene: Scene) -> None:
    scene.change(NARROW)
    found = scene.begin()
    assert (
        found.stopped == f"already violated before the change: {PATH}; nothing was changed, nothing is armed"
    )
    assert "path_guard_accept_violations" in found.todo
    told = text.before(found)
    assert f"path '{PATH}' is partial (7 of 10 app hosts)" in told
    assert "cut off   10.10.1.66, 10.10.1.100, 10.10.1.200 (app08-app10) to 10.20.1.10, tcp 5432" in told
    assert "rule      fw1, table inet filter, chain forward: default action: deny" in told
    assert not scene.site.hosts["fw1"].held
    assert record.read(scene.folder / "runs", "r1").decision == "stopped"


def test_a_violation_may_be_accepted(scene: Scene) -> None:
    scene.change(NARROW)
    found = scene.begin(accept_violations=True)
    assert (found.stopped, found.run.protected) == ("", ["fw1", "db1"])


def test_another_run_that_will_mend_the_violation_is_named(scene: Scene) -> None:
    scene.begin(run_id="other")
    scene.change(NARROW)
    stopped = scene.begin().stopped
    assert stopped.endswith(
        "Run other holds a checkpoint on fw1 and puts its rules back in 120 s unless it is confirmed: "
        "wait for that first"
    )


def test_a_second_run_is_told_once_who_is_in_the_way(scene: Scene) -> None:
    scene.begin(run_id="other")
    scene.clock.sleep(20)
    found = scene.begin()
    holder = scene.site.hosts["fw1"].held["by"]
    assert found.stopped == (
        f"another run is not over: run other of {holder['user']} on {holder['controller']} holds fw1, db1 (armed) "
        "since 2026-11-22T12:00:00Z, 100 s left; nothing was changed"
    )
    assert len(found.stopped) < 250
    assert "restore it by its id" in found.todo
    assert found.run.protected == []
    assert scene.site.hosts["fw1"].held["id"] == "other"


def bad_hosts(scene: Scene, *names: str) -> None:
    for name in names:
        scene.site.hosts[name].silent_reads = 1


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (
            ("app03", "db1"),
            [
                "2 of 12 hosts could not be read; nothing was changed, nothing is armed:",
                "app03: a command has not ended after 60 s; look at it",
                "db1: a command has not ended after 60 s; look at it",
            ],
        ),
        (
            ("app01", "app02", "app03", "app04", "app05", "app06"),
            [
                "6 of 12 hosts could not be read; nothing was changed, nothing is armed:",
                "app01: a command has not ended after 60 s; look at it",
                "app02: a command has not ended after 60 s; look at it",
                "app03: a command has not ended after 60 s; look at it",
                "and 3 more (app04, app05, app06): see 'errors' in the task's result",
            ],
        ),
    ],
)
def test_hosts_that_cant_be_read_are_named_each_with_its_reason(
    scene: Scene, names: tuple[str, ...], lines: list[str]
) -> None:
    bad_hosts(scene, *names)
    with pytest.raises(GatherError) as caught:
        scene.begin()
    assert str(caught.value).splitlines() == lines
    assert not scene.site.hosts["fw1"].held


def test_one_host_that_cant_be_read(scene: Scene) -> None:
    bad_hosts(scene, "app03")
    with pytest.raises(PathGuardError) as caught:
        scene.begin()
    assert (caught.value.where, caught.value.todo) == ("app03", "look at it")


def test_rules_that_cant_be_read(scene: Scene) -> None:
    scene.site.hosts["fw1"].state.firewall_known = False
    scene.site.hosts["fw1"].state.unreadable.append({"what": "nft_json", "reason": "nft is not installed"})
    with pytest.raises(
        GuardError, match="the firewall rules of fw1 can't be read: nft_json: nft is not installed"
    ):
        scene.begin()


PROBLEMS: dict[str, tuple[dict[str, Any], type[PathGuardError], str, str]] = {
    "a host that was lost": (
        {"lost": ["app02"]},
        GuardError,
        "app02 failed or went away",
        "the play's hosts",
    ),
    "an unknown expected change": (
        {"expected_changes": ["nonesuch"]},
        GuardError,
        "the policy has no path 'nonesuch'",
        "path_guard_expected_changes[0]",
    ),
    "a host that can't be protected": (
        {"protect": ["fw1"], "policy": POLICY},
        GuardError,
        "its login does not become root",
        "fw1",
    ),
}


@pytest.mark.parametrize("case", ["a host that was lost", "an unknown expected change"])
def test_what_makes_no_sense_is_told_before_anything_is_read(scene: Scene, case: str) -> None:
    changes, kind, what, where = PROBLEMS[case]
    with pytest.raises(kind, match=what) as caught:
        scene.begin(**changes)
    assert caught.value.where == where
    assert scene.site.reads == []


def test_a_host_that_cant_be_protected_and_was_asked_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    accesses = scene.site.accesses
    monkeypatch.setattr(
        scene.site,
        "accesses",
        lambda names: [type(found)(found.name, found.address, user="ops") for found in accesses(names)],
    )
    changes, kind, what, where = PROBLEMS["a host that can't be protected"]
    with pytest.raises(kind, match=what) as caught:
        scene.begin(**changes)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("group", "words"),
    [("nobody", "unknown group 'nobody'"), ("empty", "has no host")],
)
def test_a_group_that_is_not_there_or_empty_is_told_with_the_policys_file(
    scene: Scene, group: str, words: str
) -> None:
    file = scene.folder / "policy.yml"
    file.write_text(
        f"requiredPaths: [{{name: p, from: {{group: {group}}}, to: {{group: db}}, service: ssh}}]\n"
    )
    with pytest.raises(PolicyError, match=words) as caught:
        scene.begin(policy="policy.yml", groups={"empty": [], "db": ["db1"], "all": ["db1"]})
    assert caught.value.where.startswith("$.requiredPaths[0].from")
    assert caught.value.where.endswith(f" in {file}")


def a_file(folder: Path) -> Path:
    (folder / "file").write_text("")
    return folder / "file" / "runs"


def no_room(folder: Path) -> Path:
    return folder / "runs"


@pytest.mark.parametrize(
    ("place", "why"), [(a_file, "Not a directory"), (no_room, "No space left on device")]
)
def test_a_folder_that_cant_be_written_is_told_before_anything_is_read(
    scene: Scene, place: Callable[[Path], Path], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int, _offset: int, _size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if place is no_room:
        monkeypatch.setattr(os, "posix_fallocate", full)
    folder = place(scene.folder)
    with pytest.raises(GatherError, match=why) as caught:
        scene.begin(snapshot_dir=folder)
    assert caught.value.where == str(folder)
    assert "path_guard_snapshot_dir" in caught.value.todo
    assert scene.site.reads == []
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_disk_without_room_for_the_rest_of_the_run_is_told_before_anything_is_armed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the rest takes is known by what was read; many small hosts take little."""
    asked: list[int] = []

    def full(_handle: int, _offset: int, size: int) -> None:
        asked.append(size)
        if len(asked) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(GatherError, match="No space left on device") as caught:
        scene.begin()
    assert "nothing was changed" in caught.value.todo
    assert scene.site.reads != []
    assert all(host.log == [] for host in scene.site.hosts.values())
    written = sum(path.stat().st_size for path in (scene.folder / "runs" / "r1" / "pre").iterdir())
    assert asked == [snapshot.USUAL, 4 * max(written, snapshot.USUAL)]


WRAPS = {"protection": "wraps_commit", "remaining": 0.0, "messages": ["the commit must be a confirmed one"]}
ALONE = {"protection": "none", "remaining": 0.0, "messages": ["no timer of the device"]}


def test_what_a_device_cant_do_is_told_before_the_change(scene: Scene) -> None:
    scene.site.hosts["fw1"].tells = WRAPS
    scene.site.hosts["db1"].tells = ALONE
    found = scene.begin(protect=["fw1", "fw2", "db1"])
    told = " ".join(text.before(found).split())
    assert (
        "protected for 120 s: fw2; from the change's own commit on, if that is a confirmed one: fw1" in told
    )
    assert "by this controller alone: db1" in told
    assert "fw1: the commit must be a confirmed one" in told
    assert set(found.run.timers_end) == {"fw1", "fw2"}, "nobody waits for a timer that there is not"


def test_a_timer_of_whole_minutes_ends_later(scene: Scene) -> None:
    scene.site.hosts["fw1"].tells = {"remaining": 180.0}
    assert scene.begin().run.timers_end["fw1"] == scene.clock.epoch() + 180


@pytest.mark.parametrize(
    "chosen", [{"protect": ["fw1"]}, {"protect": None, "hops": ["fw1"]}, {"protect": None}]
)
def test_an_id_that_a_device_cant_hold_is_refused_before_anything_is_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any]
) -> None:
    def accesses(names: Sequence[str]) -> list[HostAccess]:
        platforms = {"fw1": "cisco_xr"}
        return [HostAccess(name, name, platform=platforms.get(name, "linux")) for name in names]

    monkeypatch.setattr(scene.site, "accesses", accesses)
    with pytest.raises(CheckpointError, match=r"file's name on a network device \(fw1\)"):
        scene.begin(run_id="change-of-all-the-firewalls-2026", **chosen)
    assert scene.site.reads == []
    assert not list((scene.folder / "runs").iterdir()), "the id is free for whoever asks again"


@pytest.mark.parametrize(
    ("platform", "why"),
    [
        ("cisco_asa", "timer is that of a reload"),
        ("fortinet", "cfg-save revert"),
        ("paloalto_panos", "load config"),
    ],
)
def test_what_a_platform_cant_do_is_said_before_the_change_which_is_proven_all_the_same(
    scene: Scene, platform: str, why: str
) -> None:
    scene.site.hosts["fw1"].state.platform = platform
    found = scene.begin(protect=None)
    assert found.stopped == ""
    assert [view.satisfied for view in found.proof.paths] == ["yes"]
    told = next(note for note in found.notes if note.startswith("fw1 is not protected: "))
    assert why in told
    assert "fw1" not in found.run.protected
    with pytest.raises(GuardError, match=why):
        scene.begin(protect=["fw1"], run_id="another")
