# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step: what it compares, when it waits, and what it decides."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.guard import text
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.after import After
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.outcomes import HostFailure
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.report import files_after
from ansible_collections.pathguard.network.plugins.plugin_utils.policy import validate
from tests.support.guard_scene import NARROW, PATH, POLICY, WIDE, Scene

LOST = HostFailure("app01", "lost")
FAILED = HostFailure("app02", "failed", "Install")


def shown(found: After) -> str:
    return text.after(found, files_after(found.folder), diff=False)


def test_a_change_without_effect_on_the_paths_is_kept(scene: Scene) -> None:
    scene.begin()
    scene.change(WIDE)
    found = scene.end()
    assert (found.decision, found.reasons, found.good) == ("confirmed", [], True)
    assert [change.what for change in found.changes] == ["same"]
    assert not scene.site.hosts["fw1"].held
    assert scene.site.hosts["fw1"].state.rulesets[WIDE.key] == WIDE
    assert any(note.startswith("fw1: changed") for note in found.notes)


def test_it_is_proven_a_second_time_when_things_have_settled(scene: Scene) -> None:
    scene.begin()
    found = scene.end(settle=3.0)
    assert (found.decision, scene.site.reads) == ("confirmed", ["pre", "post", "settled"])
    assert scene.clock.now == 3.0


def test_what_goes_wrong_while_it_settles_is_caught(scene: Scene) -> None:
    scene.begin()
    scene.clock.at(2.0, lambda: scene.change(NARROW))
    found = scene.end(settle=3.0)
    assert (found.decision, [change.what for change in found.changes]) == ("reverted", ["newly violated"])


def test_without_settling_it_is_proven_once(scene: Scene) -> None:
    scene.begin()
    assert scene.end(settle=0.0).decision == "confirmed"
    assert scene.site.reads == ["pre", "post"]


def test_a_path_that_got_worse_is_put_back_on_all_protected_hosts(scene: Scene) -> None:
    before = scene.site.hosts["fw1"].fingerprint()
    scene.begin(probe=False)
    scene.change(NARROW)
    found = scene.end()
    assert found.decision == "reverted"
    assert found.reasons == [f"path '{PATH}' was open (10 of 10 app hosts), is partial (7 of 10 app hosts)"]
    assert scene.site.hosts["fw1"].fingerprint() == before
    assert [host for host in ("fw1", "db1") if "restore" in scene.site.hosts[host].log] == ["fw1", "db1"]


def test_an_expected_change_is_kept(scene: Scene) -> None:
    scene.begin(expected_changes=[PATH], probe=False)
    scene.change(NARROW)
    found = scene.end()
    assert (found.decision, [change.what for change in found.changes]) == ("confirmed", ["expected"])


def test_a_new_connection_that_fails_against_the_proof_is_a_reason(scene: Scene) -> None:
    scene.begin()
    scene.site.results["app03"] = "timeout"
    found = scene.end()
    assert found.decision == "failed"
    assert any("app03" in reason for reason in found.reasons)


def test_a_host_that_cant_be_read_at_once_is_read_again(scene: Scene) -> None:
    scene.begin()
    scene.site.hosts["app05"].silent_reads = 3
    found = scene.end()
    assert found.decision == "confirmed"
    assert scene.site.reads == ["pre", "post", "post", "post", "post", "settled"]
    waiting = [line for line in scene.told if "trying again" in line]
    assert waiting == ["PathGuard: can't read app05; trying again for 90 s"]


def test_a_host_that_can_never_be_read_ends_it_before_the_timers_do(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    scene.site.hosts["app05"].silent_reads = 1000
    found = scene.end()
    assert found.decision == "unproven", "what was put back could not be seen either"
    assert found.reasons == ["app05 can't be read after the change: a command has not ended after 60 s"]
    assert scene.site.hosts["fw1"].held["ended"] == "restored"


def test_hosts_that_failed_speak_against_the_change_and_nobody_waits(scene: Scene) -> None:
    scene.begin()
    scene.change(WIDE)
    found = scene.end([LOST, FAILED])
    assert found.decision == "reverted"
    assert found.reasons[:2] == [LOST.text(), FAILED.text()]
    assert scene.site.reads[1:2] == ["post"]


def test_check_mode_is_never_taken_for_a_test(scene: Scene) -> None:
    scene.begin(check_mode=True)
    found = scene.end()
    assert (found.decision, found.good, scene.site.reads) == ("not tested", True, ["pre"])
    assert "change not tested (check mode)" in shown(found)


def test_a_change_that_fails_in_check_mode_is_not_good(scene: Scene) -> None:
    scene.begin(check_mode=True)
    found = scene.end([FAILED])
    assert (found.decision, found.good, found.reasons) == ("not tested", False, [FAILED.text()])


def test_a_timer_that_ends_during_the_change_says_how_long_it_took(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    scene.clock.sleep(130)
    found = scene.end()
    assert found.decision == "reverted"
    assert found.reasons[0].startswith(
        "the change took 130 s, longer than path_guard_timeout (120 s), and meanwhile fw1, db1 put the rules back "
        "by the timer: set path_guard_timeout to 300 or more"
    )
    assert found.revert is not None
    assert found.revert.by_timer == ["fw1", "db1"]
    assert found.revert.changed == {"fw1": ["nft/inet/filter"]}


def test_a_change_that_took_long_is_told(scene: Scene) -> None:
    scene.begin()
    scene.clock.sleep(70)
    found = scene.end()
    assert found.decision == "confirmed"
    assert "the change took 70 s; the timers were renewed for 120 s" in found.notes


def test_a_timer_that_cant_be_given_time_is_not_thought_to_last(scene: Scene) -> None:
    """VyOS: whoever can't be read is asked again until shortly before the device goes back, and no longer."""
    scene.begin()
    scene.site.hosts["fw1"].tells = {"protection": "wraps_commit", "remaining": 70.0}
    scene.site.hosts["app01"].silent_reads = 1000
    began = scene.clock.now
    found = scene.end()
    assert found.run.timers_end["fw1"] <= scene.clock.epoch() - scene.clock.now + began + 70
    assert scene.clock.now - began < 70


def test_a_timer_that_ends_between_the_proof_and_the_confirmation(scene: Scene) -> None:
    scene.begin()
    scene.change(WIDE)

    def fires() -> None:
        scene.site.hosts["fw1"].held["deadline"] = scene.clock.now

    scene.clock.at(2.5, fires)
    found = scene.end(settle=3.0)
    assert found.decision == "reverted"
    assert "fw1 could not hold: too late to renew: fired was first" in found.reasons[0]


def test_a_checkpoint_that_was_taken_over_is_not_confirmed(scene: Scene) -> None:
    scene.begin()
    scene.site.hosts["fw1"].held["id"] = "rescue"
    found = scene.end()
    assert found.reasons[0] == "fw1: it belongs to run rescue"
    assert scene.site.hosts["fw1"].held["ended"] == ""


def lock(scene: Scene) -> None:
    """The change keeps the guard out of fw1."""
    scene.change(NARROW)
    scene.site.hosts["fw1"].locked = lambda state: state.rulesets[NARROW.key] == NARROW


def test_a_change_that_keeps_the_guard_out_is_put_back_by_the_timer_and_named(scene: Scene) -> None:
    scene.begin()
    lock(scene)
    found = scene.end()
    assert found.decision == "reverted"
    assert found.reasons == [
        "fw1 could not be read after the change (the host does not answer within 10 s) until its own timer had put "
        "back table inet filter: the change had cut the guard off"
    ]
    assert found.proof is None, "what is read then shows nothing of the change"
    assert found.revert is not None
    assert (found.revert.by_timer, found.revert.paths) == (["fw1"], True)
    assert scene.clock.now < 120 + 30
    assert "its own timer was first" in shown(found)


def test_the_same_with_a_host_that_failed_waits_for_the_timer_too(scene: Scene) -> None:
    scene.begin()
    lock(scene)
    found = scene.end([LOST])
    assert found.decision == "reverted"
    assert "the change had cut the guard off" in found.reasons[0]
    assert LOST.text() in found.reasons
    waiting = [line for line in scene.told if "its own timer puts its rules back" in line]
    assert 1 < len(waiting) < 6


def test_paths_that_cant_be_proven_any_more_end_the_change_and_not_the_guard(scene: Scene) -> None:
    policy = {
        **POLICY,
        "forbiddenPaths": [{"name": "no ssh", "from": {"host": "app02"}, "to": {"host": "db1"}}],
    }
    policy["forbiddenPaths"][0]["service"] = "ssh"
    scene.begin(policy=policy, probe=False, accept_violations=True)
    before = scene.site.hosts["fw1"].fingerprint()
    scene.change(NARROW)
    for interface in scene.site.hosts["app02"].state.interfaces.values():
        interface.addresses = []
    found = scene.end()
    assert scene.site.hosts["fw1"].fingerprint() == before
    assert found.reasons == [
        "the paths can't be proven after the change: path 'no ssh' asks about no flow at all: its two ends leave nothing"
    ]
    assert found.revert is not None
    assert found.decision == "unproven", "app02 is not as it was, so nor are the paths"
    assert found.revert.trouble[0].startswith("the paths can't be proven after the revert: path 'no ssh'")
    assert found.revert.paths is False
    assert "THE REVERT IS NOT PROVEN" in shown(found)


def test_nobody_waits_for_the_causes_before_the_rules_are_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = scene.site.hosts["fw1"].log
    looked: list[bool] = []

    class Watched(validate.Remedies):
        def __init__(self, *networks: object) -> None:
            looked.append("restore" in log)
            super().__init__(*networks)  # type: ignore[arg-type]

    monkeypatch.setattr(validate, "Remedies", Watched)
    scene.begin(probe=False)
    scene.change(NARROW)
    found = scene.end()
    assert found.decision == "reverted"
    assert looked == [True]
    assert found.proof is not None
    assert [cause["action"] for cause in found.proof.document["paths"][0]["remedy"]] == ["put_back"]


def test_a_change_that_nothing_can_be_compared_with_is_put_back(scene: Scene) -> None:
    scene.begin()
    scene.change(NARROW)
    (scene.folder / "runs" / "r1" / "pre" / "app03.json").unlink()
    found = scene.end()
    assert found.decision == "reverted"
    assert [reason for reason in found.reasons if "the paths can't be proven after the change" in reason]


def test_a_plain_commit_is_named(scene: Scene) -> None:
    scene.site.hosts["fw1"].tells = {"protection": "wraps_commit", "messages": ["committed for good"]}
    scene.begin()
    scene.change(WIDE)
    found = scene.end()
    assert (found.decision, found.notes[0]) == ("confirmed", "fw1: committed for good")


def test_what_is_committed_is_saved_on_some_devices(scene: Scene) -> None:
    scene.site.hosts["fw1"].tells = {"fingerprint": {"static": "x"}, "changed_tables": ["running-config"]}
    scene.begin()
    found = scene.end()
    assert "fw1: changed running-config" in found.notes


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        (["running-config"], "fw1: changed in memory only (running-config): a reboot loses it"),
        (["running-config", "startup-config"], "fw1: changed running-config, startup-config"),
        (["startup-config"], "fw1: changed on disk only (startup-config)"),
    ],
)
def test_running_and_startup_configurations_may_part_ways(scene: Scene, tables: list[str], told: str) -> None:
    scene.site.hosts["fw1"].tells = {"changed_tables": tables}
    scene.begin()
    assert any(note.startswith(told) for note in scene.end().notes)
