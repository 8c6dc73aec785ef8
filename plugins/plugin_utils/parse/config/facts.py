# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device shows beside its configuration: routes, and the state of its interfaces."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...model.raw import RawOutput
from ...model.state import State
from .. import outputs as raw
from . import interface_facts, routes, virtual_gateways

# By which nothing comes in: loopback interfaces (VyOS has "dum0", too). The names are the same on all platforms.
_LOOPBACK = re.compile(r"(?:lo(?:opback)?\d*(?:\.\d+)?|dum\d+)", re.IGNORECASE)


def add(state: State, outputs: Mapping[str, RawOutput]) -> None:
    """Completes what the configuration said. What can't be read is named in ``unreadable``."""
    interface_facts.add(state, outputs, routes.Names(state.interfaces).long)
    routes.add(state, outputs)
    virtual_gateways.add(state, raw.text(outputs, "running_config"), routes.Names(state.interfaces).long)
    for interface in state.interfaces.values():
        if not interface.kind and _LOOPBACK.fullmatch(interface.name):
            interface.kind = "loopback"
