# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkpoint of a device, over its whole life: on a device that has copies, a timer, and a configuration."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.copies import name_of
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.device import DeviceDriver
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.means import Traits
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.driver import Order, check_id
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import HeldError
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import CheckpointError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess

OLD, NEW = (
    "hostname r1\naccess-list 101 permit tcp any any\n",
    "hostname r1\naccess-list 101 deny ip any any\n",
)
BY = {"user": "jo", "controller": "awx"}
RUN, OTHER = "20261123-1", "20261123-2"
NAME = "pathguard-20261123-1--jo--awx"


@dataclass
class Router:
    """A device in memory. ``timed``: whether its timer begins when it is armed; else the change's commit begins it."""

    timed: bool = True
    host: str = "r1"
    config: str = OLD
    copies: dict[str, str] = field(default_factory=dict)
    before: str = ""
    left: float | None = None
    full: bool = False
    startup: str = ""

    @property
    def session(self) -> Router:
        return self

    def send(self, line: str, **_unused: Any) -> str:
        raise AssertionError("everything goes over the means here")

    def change(self, config: str, minutes: float | None = None) -> None:
        """Somebody's change; ``minutes``: of a confirmed commit."""
        if minutes is not None:
            self.before, self.left = self.config, 60 * minutes
        self.config = config

    def time_is_up(self) -> None:
        self.config, self.left = self.before, None


class Memory:
    """The means of a ``Router``."""

    def __init__(self, protection: str, **traits: Any) -> None:
        self.traits = Traits(protection, "go back to {name}", "commit it with a timer", **traits)

    def names(self, device: Any) -> list[str]:
        return sorted(device.copies)

    def save(self, device: Any, name: str) -> None:
        device.copies[name] = device.config[: 5 if device.full else None]

    def copy(self, device: Any, name: str, to: str) -> None:
        device.copies[to] = device.copies[name]

    def delete(self, device: Any, name: str) -> None:
        del device.copies[name]

    def text(self, device: Any, name: str) -> str:
        return device.copies[name]

    def running(self, device: Any) -> str:
        return f"Building configuration...\n{device.config}"

    def startup(self, device: Any) -> str:
        return device.startup

    def write(self, device: Any) -> None:
        device.startup = device.config

    def pending(self, device: Any) -> float | None:
        return device.left

    def start(self, device: Any, seconds: float) -> None:
        if device.timed and device.left is None:
            device.before = device.config
        if device.timed or device.left is not None:
            device.left = seconds

    def keep(self, device: Any) -> None:
        device.left = None

    def back(self, device: Any) -> None:
        device.time_is_up()

    def replace(self, device: Any, name: str) -> None:
        device.config = device.copies[name]


TIMED = DeviceDriver(Memory("arm_before"))
WRAPS = DeviceDriver(Memory("wraps_commit"))
PLAIN = DeviceDriver(Memory("none"))


def order(run_id: str = RUN, take_over: str = "") -> Order:
    return Order(run_id, 300.0, BY, take_over)


def armed(driver: DeviceDriver = TIMED) -> Router:
    router = Router(timed=driver is TIMED)
    told = driver.arm(router, order())
    assert (told.state, told.id, told.newly_armed) == ("armed", RUN, True)
    return router


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
    assert (again.changed_tables, router.config) == ([], OLD)
    assert driver.status(router).id == RUN


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
    assert TIMED.status(router).state == "confirmed", "it can still be restored by its id"
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
