# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checkpoint of a platform can be asked, whoever keeps it: an agent on a Linux host, or the device itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..gather.access import HostAccess
from ..gather.channel import Channel
from . import control
from .devices.copies import fits, unfit
from .devices.platforms import DEVICES
from .status import CheckpointStatus


@dataclass(frozen=True)
class Order:
    """What is armed. ``timeout`` in seconds. ``take_over``: a reason, if another run's checkpoint shall become this
    one's. ``owners`` (dynamic ones, None for all that are known) and ``boot_hook`` concern Linux hosts alone."""

    run_id: str
    timeout: float
    by: Mapping[str, str]
    take_over: str = ""
    owners: Sequence[str] | None = None
    boot_hook: str = "auto"


class Driver(Protocol):
    """The verbs of ``checkpoint.control``, for one host. All raise CheckpointError for a refusal, with its reason,
    and pass on the channel's GatherError where there is no answer."""

    def arm(self, channel: Channel, order: Order) -> CheckpointStatus: ...

    def renew(self, channel: Channel, run_id: str, timeout: float) -> CheckpointStatus: ...

    def hold(self, channel: Channel, run_id: str, margin: float) -> CheckpointStatus: ...

    def confirm(self, channel: Channel, run_id: str) -> CheckpointStatus: ...

    def release(self, channel: Channel, run_id: str) -> CheckpointStatus: ...

    def restore(self, channel: Channel, run_id: str, reason: str) -> CheckpointStatus: ...

    def absent(self, channel: Channel, run_id: str, take_over: str) -> CheckpointStatus: ...

    def status(self, channel: Channel) -> CheckpointStatus: ...


@dataclass(frozen=True)
class LinuxDriver:
    """``python``: the host's interpreter."""

    python: str = "python3"

    def arm(self, channel: Channel, order: Order) -> CheckpointStatus:
        return control.arm(
            channel,
            order.run_id,
            order.timeout,
            by=order.by,
            take_over=order.take_over,
            owners=order.owners,
            boot_hook=order.boot_hook,
            python=self.python,
        )

    def renew(self, channel: Channel, run_id: str, timeout: float) -> CheckpointStatus:
        return control.renew(channel, run_id, timeout, python=self.python)

    def hold(self, channel: Channel, run_id: str, margin: float) -> CheckpointStatus:
        return control.hold(channel, run_id, margin, python=self.python)

    def confirm(self, channel: Channel, run_id: str) -> CheckpointStatus:
        return control.confirm(channel, run_id, python=self.python)

    def release(self, channel: Channel, run_id: str) -> CheckpointStatus:
        return control.release(channel, run_id, python=self.python)

    def restore(self, channel: Channel, run_id: str, reason: str) -> CheckpointStatus:
        return control.restore(channel, run_id, reason, python=self.python)

    def absent(self, channel: Channel, run_id: str, take_over: str) -> CheckpointStatus:
        return control.absent(channel, run_id, take_over=take_over, python=self.python)

    def status(self, channel: Channel) -> CheckpointStatus:
        return control.status(channel, python=self.python)


def driver_of(access: HostAccess) -> Driver:
    """The driver of a host whose platform has one (``can_hold``)."""
    return LinuxDriver(access.python) if access.platform == "linux" else DEVICES[access.platform]


def check_id(run_id: str, accesses: Callable[[], Sequence[HostAccess]], where: str = "id") -> None:
    """Raises CheckpointError where a run of this id could not be armed on one of these hosts, before anything is read.

    ``accesses``: asked only where the id does not fit all platforms.
    """
    if fits(run_id):
        return
    devices = [access.name for access in accesses() if access.platform in DEVICES]
    if devices:
        raise unfit(run_id, where, devices)


def can_hold(platform: str) -> bool:
    """Whether a checkpoint can be made on this platform, with a timer of its own or without."""
    return platform == "linux" or platform in DEVICES
