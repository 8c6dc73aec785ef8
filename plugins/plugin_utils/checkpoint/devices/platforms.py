# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices on which a checkpoint can be made."""

from __future__ import annotations

from .device import DeviceDriver
from .eos import EosMeans
from .ios import IosMeans
from .junos import JunosMeans
from .nxos import NxosMeans
from .vyos import VyosMeans
from .xr import XrMeans

DEVICES: dict[str, DeviceDriver] = {
    "cisco_ios": DeviceDriver(IosMeans()),
    "cisco_nxos": DeviceDriver(NxosMeans()),
    "cisco_xr": DeviceDriver(XrMeans()),
    "arista_eos": DeviceDriver(EosMeans()),
    "juniper_junos": DeviceDriver(JunosMeans()),
    "vyos": DeviceDriver(VyosMeans()),
}
