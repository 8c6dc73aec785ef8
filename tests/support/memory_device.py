# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device in memory, which has copies, a timer and a configuration, and the means of its platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.device import DeviceDriver
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.means import Traits
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.driver import Order

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
