# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting back: when it is proven, and when it is not."""

from __future__ import annotations

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import control
from ansible_collections.pathguard.network.plugins.plugin_utils.guard import record
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.after import After
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.revert import Revert
from tests.support.guard_scene import NARROW, WIDE, Scene


def reverted(scene: Scene) -> tuple[After, Revert]:
    found = scene.judge().give_up("asked for")
    assert found.revert is not None
    return found, found.revert


def test_it_is_proven_by_fingerprint_paths_and_probes(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    found, back = reverted(scene)
    assert (found.decision, back.trouble, back.manual) == ("reverted", [], [])
    assert (back.fingerprint, back.paths, back.probes) == (True, True, True)
    assert (back.paths_back, back.probes_through, back.probes_asked) == (1, 10, 10)
    assert back.changed == {"fw1": ["nft/inet/filter"]}


def test_where_nothing_has_changed_nothing_is_reverted(scene: Scene) -> None:
    scene.begin()
    found, back = reverted(scene)
    assert (found.decision, back.changed, back.fingerprint) == ("failed", {}, True)


def test_without_a_protected_host_nothing_is_put_back(scene: Scene) -> None:
    scene.begin(protect=[])
    found, back = reverted(scene)
    assert found.decision == "failed"
    assert back.trouble == ["no host is protected by a checkpoint: nothing was put back"]


def test_a_restore_that_does_not_take_is_not_proven_and_has_steps_by_hand(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    scene.site.hosts["fw1"].broken = True
    found, back = reverted(scene)
    assert (found.decision, back.fingerprint, back.paths) == ("unproven", False, False)
    assert back.manual == ["fw1: as root: /restore-now"]
    assert any(item.startswith("fw1: NOT RESTORED") for item in back.trouble)


def test_paths_that_come_back_late_are_waited_for(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    scene.change(NARROW, host="fw2")
    scene.site.results["app03"] = "timeout"
    scene.clock.at(5.0, scene.site.results.clear)
    found, back = reverted(scene)
    assert (found.decision, back.probes) == ("reverted", True)
    assert 5.0 <= scene.clock.now < 10.0


def test_paths_that_stay_cut_are_not_proven(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    scene.site.results["app03"] = "timeout"
    found, back = reverted(scene)
    assert (found.decision, back.fingerprint, back.probes) == ("unproven", True, False)
    assert any(
        item.startswith("app03 (") and "to 10.20.1.10 port 5432: timeout; got through" in item
        for item in back.trouble
    )


def test_the_timer_that_was_first_is_told(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    scene.clock.sleep(200)
    found, back = reverted(scene)
    assert (found.decision, back.by_timer, back.changed) == (
        "reverted",
        ["fw1", "db1"],
        {"fw1": ["nft/inet/filter"]},
    )


def take_over(scene: Scene) -> None:
    control.arm(
        scene.site.hosts["fw1"],
        "rescue",
        600,
        by={"user": "eve", "controller": "laptop"},
        take_over="it died",
    )


def test_what_another_run_has_taken_over_and_restored_is_proven(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    take_over(scene)
    control.restore(scene.site.hosts["fw1"], "rescue")
    found, back = reverted(scene)
    assert (found.decision, back.fingerprint, back.paths, back.trouble) == ("reverted", True, True, [])
    assert back.changed == {"fw1": ["nft/inet/filter"]}
    assert found.notes == ["fw1: restored by run rescue, which had taken its checkpoint over"]


def test_what_was_taken_over_dropped_and_mended_by_hand_is_proven(scene: Scene) -> None:
    scene.begin()
    take_over(scene)
    control.absent(scene.site.hosts["fw1"], "rescue")
    found, back = reverted(scene)
    assert (back.fingerprint, back.trouble, back.changed) == (True, [], {})
    assert found.decision == "failed"


def test_what_another_run_has_taken_over_and_holds_is_its_own(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    take_over(scene)
    found, back = reverted(scene)
    assert (found.decision, back.fingerprint) == ("unproven", False)
    assert any(
        item.startswith("fw1: run rescue of eve on laptop has taken its checkpoint over (armed)")
        for item in back.trouble
    )
    assert scene.site.hosts["fw1"].held["ended"] == ""


def test_a_checkpoint_that_is_gone_from_a_changed_host_is_not_proven(scene: Scene) -> None:
    scene.begin()
    scene.change(WIDE)
    scene.site.hosts["fw1"].held = {}
    found, back = reverted(scene)
    assert (found.decision, back.fingerprint) == ("unproven", False)
    assert back.manual == ["fw1: on its own console, as root, run: /restore-now"]


def test_a_host_named_by_an_ipv6_address_is_proven_when_it_answers_again(scene: Scene) -> None:
    name = "fd00:10:1::1"
    router = scene.site.hosts[name] = scene.site.hosts.pop("fw1")
    router.host = router.state.host = name
    scene.begin(protect=[name, "db1"], hosts=[*scene.site.hosts])
    scene.change(NARROW, host=name)
    router.locked = lambda state: state.rulesets[NARROW.key] == NARROW
    found, back = reverted(scene)
    assert (found.decision, back.by_timer, back.trouble) == ("reverted", [name], [])


def test_what_was_read_before_is_not_needed_to_put_back(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    (scene.folder / "runs" / "r1" / "pre" / "app03.json").unlink()
    found, back = reverted(scene)
    assert (found.decision, back.changed) == ("reverted", {"fw1": ["nft/inet/filter"]})


def test_a_devices_command_needs_no_root(scene: Scene) -> None:
    scene.begin()
    scene.change(WIDE)
    run = record.read(scene.folder / "runs", "r1")
    run.scripts["fw1"] = "configure replace flash:x force"
    run.write(scene.folder / "runs" / "r1")
    scene.site.hosts["fw1"].held = {}
    assert reverted(scene)[1].manual == ["fw1: on its own console, run: configure replace flash:x force"]
