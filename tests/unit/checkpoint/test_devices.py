# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkpoint of a device, over its whole life: on a device that has copies, a timer, and a configuration."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.copies import name_of
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.device import DeviceDriver
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import HeldError
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import CheckpointError
from tests.support.memory_device import (
    BY,
    NAME,
    NEW,
    OLD,
    OTHER,
    PLAIN,
    RUN,
    TIMED,
    WRAPS,
    Memory,
    Router,
    armed,
    order,
)


def test_who_holds_it_is_told_from_the_device() -> None:
    router = armed()
    told = TIMED.status(router)
    assert (told.state, told.remaining, told.holder) == ("armed", 300.0, BY)
    assert "go back to pathguard-20261123-1--jo--awx" in told.script
    with pytest.raises(HeldError) as refused:
        TIMED.arm(router, order(OTHER))
    assert refused.value.holder.run == f"run {RUN} of jo on awx"


def test_a_kept_change_stays() -> None:
    router = armed()
    router.change(NEW)
    TIMED.hold(router, RUN, 60.0)
    assert TIMED.confirm(router, RUN).state == "confirmed"
    assert TIMED.release(router, RUN).state == "none"
    assert (router.config, router.left, router.copies) == (NEW, None, {})


def test_a_confirmed_change_can_be_taken_back_until_its_release() -> None:
    router = armed()
    router.change(NEW)
    TIMED.confirm(router, RUN)
    told = TIMED.restore(router, RUN, "a peer could not be confirmed")
    assert (told.state, told.proven, told.changed_tables) == ("restored", True, ["running-config"])
    assert (router.config, router.copies) == (OLD, {f"{NAME}--restored": OLD})


@pytest.mark.parametrize("driver", [TIMED, WRAPS, PLAIN], ids=["timed", "wraps", "plain"])
def test_restoring_is_proven_by_what_runs_then(driver: DeviceDriver) -> None:
    router = armed(driver)
    router.change(NEW, 5 if driver is WRAPS else None)
    told = driver.restore(router, RUN, "broken")
    assert (told.state, told.proven, router.config, router.left) == ("restored", True, OLD, None)
    assert told.fingerprint["static"] == told.armed_fingerprint["static"]


def test_where_nothing_changed_nothing_is_put_back() -> None:
    router = armed()
    told = TIMED.restore(router, RUN, "")
    assert (told.proven, told.changed_tables, router.left) == (True, [], None)


def test_the_device_was_first() -> None:
    router = armed()
    router.change(NEW)
    router.time_is_up()
    assert TIMED.status(router).state == "fired"
    with pytest.raises(CheckpointError, match="first: its checkpoint is fired"):
        TIMED.confirm(router, RUN)
    told = TIMED.restore(router, RUN, "")
    assert (told.state, told.proven) == ("fired", True)


def test_a_timer_that_ends_while_a_restore_begins_is_no_failure() -> None:
    class Late(Memory):
        def back(self, device: Any) -> None:
            device.time_is_up()
            raise CheckpointError("no rollback is pending")

    driver = DeviceDriver(Late("arm_before"))
    router = Router()
    driver.arm(router, order())
    router.change(NEW)
    told = driver.restore(router, RUN, "")
    assert (told.state, told.proven, router.config) == ("fired", True, OLD)


def test_a_timer_that_somebody_else_ended_is_told() -> None:
    router = armed()
    router.change(NEW)
    router.left = None
    told = TIMED.status(router)
    assert told.state == "failed"
    assert "timer is gone" in told.messages[0]
    assert TIMED.restore(router, RUN, "").proven
    assert router.config == OLD


def test_a_restore_that_does_not_take_says_so() -> None:
    class Deaf(Memory):
        def replace(self, device: Any, name: str) -> None:
            """The device goes on with what it has."""

    driver = DeviceDriver(Deaf("none"))
    router = armed(driver)
    router.change(NEW)
    told = driver.restore(router, RUN, "")
    assert (told.state, told.proven) == ("failed", False)
    assert told.manual == ["on the device's console: go back to pathguard-20261123-1--jo--awx"]


def test_a_commit_without_a_timer_is_told() -> None:
    router = armed(WRAPS)
    assert "must be a confirmed one" in WRAPS.status(router).messages[0]
    router.change(NEW)
    assert "committed for good" in WRAPS.status(router).messages[0]
    assert WRAPS.confirm(router, RUN).state == "confirmed"


def test_a_pending_commit_is_given_time_and_confirmed() -> None:
    router = armed(WRAPS)
    router.change(NEW, 0.5)
    assert WRAPS.hold(router, RUN, 60.0).remaining == 60.0
    WRAPS.confirm(router, RUN)
    assert (router.config, router.left) == (NEW, None)


def test_somebodys_pending_commit_is_not_taken_for_ours() -> None:
    router = Router(timed=False)
    router.change(NEW, 5)
    with pytest.raises(CheckpointError, match="confirmed commit is pending"):
        WRAPS.arm(router, order())
    assert router.copies == {}


def test_a_take_over_keeps_what_the_other_run_recorded() -> None:
    router = armed()
    router.change(NEW)
    told = TIMED.arm(router, order(OTHER, "the first run died"))
    assert (told.id, told.state) == (OTHER, "armed")
    assert TIMED.restore(router, OTHER, "").proven
    assert router.config == OLD


def test_a_copy_that_is_cut_short_arms_nothing() -> None:
    router = Router(full=True)
    with pytest.raises(CheckpointError, match="not like the configuration"):
        TIMED.arm(router, order())
    assert (router.copies, router.left) == ({}, None)


def test_dropping_changes_nothing() -> None:
    router = armed()
    router.change(NEW)
    with pytest.raises(HeldError):
        TIMED.absent(router, OTHER, "")
    assert TIMED.absent(router, RUN, "").state == "none"
    assert (router.config, router.left, router.copies) == (NEW, None, {})


def test_a_transport_that_only_reads_is_refused() -> None:
    class Reader:
        host = "r1"

    with pytest.raises(CheckpointError, match="no command line"):
        TIMED.status(Reader())  # type: ignore[arg-type]


def test_the_same_run_arms_anew_when_its_timer_has_ended() -> None:
    router = armed()
    router.change(NEW)
    router.time_is_up()
    told = TIMED.arm(router, order())
    assert (told.state, told.newly_armed, router.left) == ("armed", True, 300.0)


@pytest.mark.parametrize("run_id", [RUN, OTHER])
def test_a_confirmed_one_is_armed_anew_by_a_take_over_alone(run_id: str) -> None:
    router = armed()
    router.change(NEW)
    TIMED.confirm(router, RUN)
    with pytest.raises(HeldError):
        TIMED.arm(router, order(run_id))
    told = TIMED.arm(router, order(run_id, "its controller is lost"))
    assert (told.state, told.id) == ("armed", run_id)
    router.change(OLD)
    assert TIMED.restore(router, run_id, "").proven
    assert router.config == NEW, "what was confirmed is what is gone back to"


def test_confirming_twice_is_no_fault_and_renewing_then_is() -> None:
    router = armed()
    TIMED.confirm(router, RUN)
    assert TIMED.confirm(router, RUN).state == "confirmed"
    with pytest.raises(CheckpointError, match="is confirmed"):
        TIMED.renew(router, RUN, 300.0)


def test_what_is_not_confirmed_is_not_released() -> None:
    router = armed()
    with pytest.raises(CheckpointError, match="not confirmed"):
        TIMED.release(router, RUN)
    assert TIMED.status(router).state == "armed"


def test_a_device_that_confirms_nothing_without_a_word_was_first() -> None:
    class Late(Memory):
        def keep(self, device: Any) -> None:
            device.time_is_up()  # and the commit that follows has nothing to commit

    driver = DeviceDriver(Late("wraps_commit"))
    router = armed(WRAPS)
    router.change(NEW, 5)
    with pytest.raises(CheckpointError, match="the device was first"):
        driver.confirm(router, RUN)
    assert driver.status(router).state != "confirmed"


def test_a_device_that_refuses_to_confirm_what_its_timer_put_back_was_first() -> None:
    """VyOS: "No confirm pending"."""

    class Late(Memory):
        def keep(self, device: Any) -> None:
            device.time_is_up()
            raise CheckpointError("No confirm pending", device.host, "")

    driver = DeviceDriver(Late("wraps_commit"))
    router = armed(WRAPS)
    router.change(NEW, 5)
    with pytest.raises(CheckpointError, match="its timer put the configuration back before it was confirmed"):
        driver.confirm(router, RUN)


def test_a_device_that_refuses_to_confirm_for_another_reason_says_which() -> None:
    class Locked(Memory):
        def keep(self, device: Any) -> None:
            raise CheckpointError("Configuration system locked", device.host, "")

    router = armed(WRAPS)
    router.change(NEW, 5)
    with pytest.raises(CheckpointError, match="system locked"):
        DeviceDriver(Locked("wraps_commit")).confirm(router, RUN)
    assert WRAPS.status(router).state == "armed"


def test_what_the_timer_put_back_is_told_when_it_is_confirmed() -> None:
    router = armed(WRAPS)
    router.change(NEW, 5)
    assert WRAPS.status(router).messages == []
    router.time_is_up()
    assert "put it back" in WRAPS.renew(router, RUN, 300.0).messages[0]
    assert "put it back" in WRAPS.confirm(router, RUN).messages[0]


@pytest.mark.parametrize("name", ["pathguard-notes.txt", "pathguard-old/", "pathguard-a--b--c--d--e"])
def test_somebody_elses_file_is_no_checkpoint(name: str) -> None:
    router = Router(copies={name: "shopping list"})
    assert TIMED.status(router).state == "none"
    assert TIMED.arm(router, order()).state == "armed"
    TIMED.restore(router, RUN, "")
    assert TIMED.absent(router, RUN, "").state == "none"
    assert router.copies == {name: "shopping list"}


def test_two_runs_at_once_are_not_both_armed() -> None:
    class Busy(Memory):
        def save(self, device: Any, name: str) -> None:
            """The other run has saved its copy in the same moment."""
            super().save(device, name_of(OTHER, BY))
            super().save(device, name)

    router = Router()
    with pytest.raises(HeldError) as refused:
        DeviceDriver(Busy("arm_before")).arm(router, order())
    assert refused.value.holder.id == OTHER
    assert (list(router.copies), router.left) == ([name_of(OTHER, BY)], None)


def test_what_a_run_that_died_left_is_told() -> None:
    router = armed()
    router.copies[name_of("20261122-9", BY)] = OLD
    assert "20261122-9--jo--awx" in TIMED.status(router).messages[0]


def test_the_mark_of_a_run_that_died_confirms_nothing() -> None:
    router = Router(copies={f"{NAME}--c68c1a2f0": NEW})
    assert TIMED.arm(router, order()).state == "armed"
    assert list(router.copies) == [NAME]


def test_a_configuration_is_shown_no_more_often_than_needed() -> None:
    class Counts(Memory):
        shown = 0

        def running(self, device: Any) -> str:
            self.shown += 1
            return super().running(device)

    means, router = Counts("arm_before"), Router()
    driver = DeviceDriver(means)
    driver.arm(router, order())
    assert means.shown == 1, "the copy was compared with it"
    driver.renew(router, RUN, 300.0)
    assert means.shown == 2
    driver.confirm(router, RUN)
    assert means.shown == 4, "before and after the claim"
    driver.release(router, RUN)
    assert means.shown == 5


def test_a_copy_that_is_not_there_arms_nothing() -> None:
    class Full(Memory):
        def save(self, device: Any, name: str) -> None:
            """The device says nothing of its full flash."""

        def delete(self, device: Any, name: str) -> None:
            raise CheckpointError("no such file")

    router = Router()
    with pytest.raises(CheckpointError, match="is not there"):
        DeviceDriver(Full("arm_before")).arm(router, order())
    assert router.left is None


def test_dropping_one_whose_timer_cant_be_ended_keeps_the_copy() -> None:
    class Busy(Memory):
        def keep(self, device: Any) -> None:
            raise CheckpointError("configuration database modified")

    router = armed()
    with pytest.raises(CheckpointError, match="database modified"):
        DeviceDriver(Busy("arm_before")).absent(router, RUN, "")
    assert TIMED.status(router).state == "armed"
