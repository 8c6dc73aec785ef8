# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS and IOS-XE: access lists, where they are bound, zones, and translations.

What each of them means is in ``config/ios_*``. Without a configuration, the access lists of ``show access-lists`` can
be asked by their names; where they are bound is not known then.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model.match import ALWAYS
from ..model.raw import RawOutput
from ..model.rules import Rule, Verdict
from ..model.state import State
from . import outputs as raw
from .config import ios_boot, ios_text, platform_marks
from .config.device import Device
from .config.ios_config import Configuration

_RUNNING = "running_config"
# Outputs that show lists alone, each of them as a configuration would have them.
_SHOWN = ("access_lists", "access_lists6")


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, "cisco_ios")
    text = raw.text(outputs, _RUNNING)
    why = platform_marks.problem(outputs, "cisco_ios") or ios_text.problem(text)
    shown = [raw.text(outputs, name) for name in _SHOWN if name in outputs]
    if why and (_RUNNING in outputs or not any(shown)):
        device.state.unreadable.append({"what": _RUNNING, "reason": why})
        device.state.firewall_known = False
        return device.finish()
    configuration = Configuration(device)
    lines = ios_text.lines_of("\n".join(shown) if why else text)
    device.define_groups(lines)
    configuration.read(lines)
    configuration.apply()
    if why:
        _bound_nowhere(device)
    device.state.boot = ios_boot.of(outputs)
    return device.finish(itself=True)


def _bound_nowhere(device: Device) -> None:
    why = "the running configuration was not given, so where lists are bound is not known"
    device.state.unreadable.append({"what": _RUNNING, "reason": why})
    rule = Rule(1, ALWAYS, Verdict("unknown", detail=why), why, not_understood=(why,))
    device.hook("interfaces", "prerouting", -150, [rule], "permit")
