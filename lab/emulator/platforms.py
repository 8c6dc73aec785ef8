# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platforms that can be emulated."""

from __future__ import annotations

from .asa import AsaDevice
from .device import Device
from .eos import EosDevice
from .ios import IosDevice
from .junos import JunosDevice
from .nxos import NxosDevice
from .settings import Settings
from .vyos import VyosDevice
from .xr import XrDevice

PLATFORMS: dict[str, type[Device]] = {
    "cisco_ios": IosDevice,
    "cisco_nxos": NxosDevice,
    "cisco_xr": XrDevice,
    "cisco_asa": AsaDevice,
    "arista_eos": EosDevice,
    "juniper_junos": JunosDevice,
    "vyos": VyosDevice,
}


def device(settings: Settings) -> Device:
    """Not started yet. KeyError for a platform that there is not."""
    return PLATFORMS[settings.platform](settings)
