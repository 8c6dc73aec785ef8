# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device shows beside its configuration: routes, and the state of its interfaces."""

from __future__ import annotations

from collections.abc import Mapping

from ...model.raw import RawOutput
from ...model.state import State
from . import interface_facts, routes


def add(state: State, outputs: Mapping[str, RawOutput]) -> None:
    """Completes what the configuration said. What can't be read is named in ``unreadable``."""
    interface_facts.add(state, outputs, routes.Names(state.interfaces).long)
    routes.add(state, outputs)
