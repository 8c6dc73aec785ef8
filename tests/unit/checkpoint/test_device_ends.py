# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the checkpoint of a device ends, and what is left of it: its name, the startup configuration, its hour."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import run
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.copies import name_of
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.device import DeviceDriver
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.driver import check_id
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import (
    CheckpointStatus,
    HeldError,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import (
    CheckpointError,
    GatherError,
    PathGuardError,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
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


@pytest.mark.parametrize("run_id", ["", "a b", "x/../y", "run--1", "é", "x" * 31])
def test_ids_that_are_no_file_names_are_refused(run_id: str) -> None:
    with pytest.raises(CheckpointError, match="file's name"):
        name_of(run_id, BY)


@pytest.mark.parametrize("run_id", ["x" * 31, "run--1", "-1"])
def test_an_id_is_refused_before_anything_is_read(run_id: str) -> None:
    linux, asa, router = (
        HostAccess(name, name, platform=name) for name in ("linux", "cisco_asa", "cisco_xr")
    )
    check_id(run_id, lambda: [linux, asa])
    with pytest.raises(CheckpointError, match=r"network device \(cisco_xr\)") as refused:
        check_id(run_id, lambda: [linux, router], "path_guard_run_id")
    assert refused.value.where == "path_guard_run_id"


def test_an_id_that_fits_asks_nothing() -> None:
    def never() -> list[HostAccess]:
        raise AssertionError("an inventory may be large")

    check_id("CHG-4711", never)


def test_names_are_never_longer_than_a_device_takes() -> None:
    by = {"user": "a-very-long-user.name@example.org", "controller": "controller-17.example.org"}
    for run_id in ("1", "x" * 30):
        name = name_of(run_id, by, "0123456789")
        assert len(name) <= 64
        assert DeviceDriver(Memory("none")).status(Router(copies={name: OLD})).id == run_id


def test_a_startup_configuration_that_the_change_wrote_is_put_back() -> None:
    router = Router(startup=OLD)
    assert "saved" in TIMED.arm(router, order()).armed_fingerprint
    router.change(NEW)
    router.startup = NEW
    told = TIMED.status(router)
    assert told.changed_tables == ["running-config", "startup-config"]
    assert "a reload loads what was written" in told.messages[0]
    told = TIMED.restore(router, RUN, "")
    assert (told.state, told.proven, router.startup) == ("restored", True, OLD)
    assert told.changed_tables == ["running-config", "startup-config"]
    assert told.fingerprint == told.armed_fingerprint


def test_after_the_timer_the_startup_configuration_is_still_the_changes() -> None:
    router = Router(startup=OLD)
    TIMED.arm(router, order())
    router.change(NEW)
    router.startup = NEW
    router.time_is_up()
    told = TIMED.status(router)
    assert (told.state, told.changed_tables) == ("fired", ["startup-config"])
    assert TIMED.restore(router, RUN, "").proven
    assert router.startup == OLD


def test_a_startup_configuration_that_was_another_is_not_guessed() -> None:
    router = Router(startup="hostname r1\n")
    TIMED.arm(router, order())
    router.change(NEW)
    router.startup = NEW
    told = TIMED.restore(router, RUN, "")
    assert (told.state, told.proven, router.config, router.startup) == ("failed", False, OLD, NEW)
    assert told.changed_tables == ["startup-config"]
    assert told.manual == ["look at the startup configuration, and write it anew: what it was is not kept"]


def test_a_startup_configuration_that_cant_be_written_is_told_with_the_steps() -> None:
    class Locked(Memory):
        def write(self, device: Any) -> None:
            raise CheckpointError("authorization failed")

    router = Router(startup=OLD)
    TIMED.arm(router, order())
    router.change(NEW)
    router.startup = NEW
    told = DeviceDriver(Locked("arm_before")).restore(router, RUN, "")
    assert (told.state, told.proven, router.config) == ("failed", False, OLD)
    assert told.manual == [
        "save the running configuration as the startup configuration, once it is as it was"
    ]


@pytest.mark.parametrize("driver", [TIMED, WRAPS, PLAIN], ids=["timed", "wraps", "plain"])
def test_who_asks_for_a_restore_again_is_told_that_it_was_made(driver: DeviceDriver) -> None:
    """The first answer was lost with the connection that the change had cut."""
    router = armed(driver)
    router.change(NEW)
    first = driver.restore(router, RUN, "")
    again = driver.restore(router, RUN, "")
    assert (again.state, again.proven) == (first.state, True) == ("restored", True)
    assert again.fingerprint == first.fingerprint
    assert (again.changed_tables, router.config) == (["running-config"], OLD), "what the lost answer told"
    assert driver.status(router).id == RUN


@pytest.mark.parametrize("verb", ["copy", "delete"])
def test_a_connection_that_is_lost_after_the_restore_is_no_failure(verb: str) -> None:
    class Cut(Memory):
        cut = False

        def copy(self, device: Any, name: str, to: str) -> None:
            super().copy(device, name, to)
            self.lose("copy")

        def delete(self, device: Any, name: str) -> None:
            super().delete(device, name)
            self.lose("delete")

        def lose(self, what: str) -> None:
            if what == verb and not self.cut:
                self.cut = True
                raise GatherError("the connection was lost", "r1")

    def each(names: Sequence[str], ask: run.Ask) -> dict[str, run.Answer]:
        try:
            return {"r1": ask(router, driver)}
        except PathGuardError as error:
            return {"r1": error}

    driver = DeviceDriver(Cut("arm_before"))
    router = armed()
    router.change(NEW)
    outcome = run.restore_all(each, ["r1"], RUN, "broken")
    assert outcome.decision == "restored", outcome.messages
    answer = outcome.hosts["r1"]
    assert isinstance(answer, CheckpointStatus)
    assert (answer.proven, answer.changed_tables) == (True, ["running-config"])
    assert (router.config, list(router.copies)) == (OLD, [f"{NAME}--restored"])


@pytest.mark.parametrize("done", [True, False])
def test_a_device_that_complains_may_have_done_it(done: bool) -> None:
    class Complains(Memory):
        def replace(self, device: Any, name: str) -> None:
            if done:
                super().replace(device, name)
            raise CheckpointError("the device refuses 'commit': a script says: No such file or directory")

    driver = DeviceDriver(Complains("none"))
    router = armed(driver)
    router.change(NEW)
    if done:
        assert driver.restore(router, RUN, "").proven
    else:
        with pytest.raises(CheckpointError, match="a script says"):
            driver.restore(router, RUN, "")
    assert driver.status(router).state == ("restored" if done else "armed")


def test_where_nothing_was_put_back_that_is_told_again_too() -> None:
    router = Router(startup=OLD)
    TIMED.arm(router, order())
    assert TIMED.restore(router, RUN, "").changed_tables == []
    assert TIMED.restore(router, RUN, "").changed_tables == []
    TIMED.arm(router, order())
    router.startup = NEW
    assert TIMED.restore(router, RUN, "").changed_tables == ["startup-config"]
    again = TIMED.restore(router, RUN, "")
    assert (again.state, again.changed_tables) == ("restored", ["startup-config"])


def test_what_somebody_changed_after_a_restore_is_not_put_back_by_it() -> None:
    router = armed()
    TIMED.restore(router, RUN, "")
    router.change(NEW)
    with pytest.raises(CheckpointError, match="is restored, and its running-config changed since then"):
        TIMED.restore(router, RUN, "")
    assert router.config == NEW


def test_a_timer_that_was_first_is_told_again_too() -> None:
    router = armed()
    router.change(NEW)
    router.time_is_up()
    assert TIMED.restore(router, RUN, "").state == "fired"
    assert (TIMED.restore(router, RUN, "").state, TIMED.status(router).state) == ("fired", "fired")


@pytest.mark.parametrize("run_id", [RUN, OTHER])
def test_a_restored_device_is_free(run_id: str) -> None:
    router = armed()
    TIMED.restore(router, RUN, "")
    assert not TIMED.status(router).held
    for refused in (TIMED.renew, TIMED.hold):
        with pytest.raises(CheckpointError, match="is restored"):
            refused(router, RUN, 60.0)
    with pytest.raises(CheckpointError, match="is restored"):
        TIMED.confirm(router, RUN)
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        TIMED.restore(router, "another", "")
    assert TIMED.absent(router, "another", "").state == "restored"
    assert TIMED.arm(router, order(run_id)).newly_armed
    assert list(router.copies) == [name_of(run_id, BY)]


def test_a_restore_without_room_for_its_mark_is_one_all_the_same() -> None:
    class Full(Memory):
        def copy(self, device: Any, name: str, to: str) -> None:
            raise CheckpointError("no space left on device")

    router = armed()
    router.change(NEW)
    assert DeviceDriver(Full("arm_before")).restore(router, RUN, "").proven
    assert (router.config, router.copies) == (OLD, {})


def test_nobodys_confirmed_checkpoint_ends_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its controller died between confirming and releasing."""
    router = armed()
    router.change(NEW)
    TIMED.confirm(router, RUN)
    with pytest.raises(HeldError) as refused:
        TIMED.arm(router, order(OTHER))
    assert 3590 < refused.value.holder.remaining <= 3600
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    told = TIMED.status(router)
    assert (told.state, told.id) == ("confirmed", RUN), "it can still be restored by its id"
    assert "its time is up" in told.messages[0]
    assert TIMED.arm(router, order(OTHER)).newly_armed
    assert list(router.copies) == [name_of(OTHER, BY)]
    assert router.config == NEW


def test_a_timer_that_cant_be_given_time_is_told_before_it_is_confirmed() -> None:
    class Fixed(Memory):
        def start(self, device: Any, seconds: float) -> None:
            """The device's timer can't be set anew."""

    driver = DeviceDriver(Fixed("wraps_commit"))
    router = armed(WRAPS)
    router.change(NEW, 2)
    assert driver.renew(router, RUN, 300.0).remaining == 120.0
    assert driver.hold(router, RUN, 60.0).remaining == 120.0
    router.left = 20.0
    with pytest.raises(CheckpointError, match="timer ends in 20 s"):
        driver.hold(router, RUN, 60.0)


def test_a_commit_that_somebody_made_while_a_restore_began_is_put_back_and_not_the_timers() -> None:
    class Kept(Memory):
        def back(self, device: Any) -> None:
            device.left = None
            raise CheckpointError("no rollback is pending: somebody has confirmed it")

    driver = DeviceDriver(Kept("wraps_commit"))
    router = armed(WRAPS)
    router.change(NEW, 5)
    told = driver.restore(router, RUN, "")
    assert (told.state, told.proven, router.config) == ("restored", True, OLD)


def test_what_disrupts_is_said_before_the_change_unless_the_device_is_set_otherwise() -> None:
    driver = DeviceDriver(
        Memory("wraps_commit", disruption="reboot", calm="^action reload$", warns="it reboots")
    )
    router = Router(timed=False)
    told = driver.arm(router, order())
    assert (told.disruption, told.messages[-1]) == ("reboot", "it reboots")
    calm = Router(timed=False, config=f"{OLD}action reload\n")
    told = driver.arm(calm, order())
    assert (told.disruption, len(told.messages)) == ("none", 1)
