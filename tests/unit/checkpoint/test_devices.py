# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkpoint of a device, over its whole life: on a device that has copies, a timer, and a configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.device import (
    DeviceDriver,
    name_of,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.driver import Order
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import HeldError
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import CheckpointError

OLD, NEW = (
    "hostname r1\naccess-list 101 permit tcp any any\n",
    "hostname r1\naccess-list 101 deny ip any any\n",
)
BY = {"user": "jo", "controller": "awx"}
RUN, OTHER = "20261123-1", "20261123-2"


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

    disruption = "none"
    by_hand = "go back to {name}"

    def __init__(self, protection: str) -> None:
        self.protection = protection

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
    assert (router.config, router.copies) == (OLD, {})


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


def test_a_transport_that_only_reads_is_refused() -> None:
    class Reader:
        host = "r1"

    with pytest.raises(CheckpointError, match="no command line"):
        TIMED.status(Reader())  # type: ignore[arg-type]
