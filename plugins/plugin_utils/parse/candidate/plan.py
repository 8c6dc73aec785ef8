# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a host has and what is planned for it to the state that it would have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...model.raw import RawOutput
from ...model.state import State
from . import device, linux_host
from .given import Candidate


def planned(
    platform: str, host: str, outputs: Mapping[str, RawOutput], candidates: Sequence[Candidate]
) -> State:
    """``outputs``: the raw text of the host's snapshot, by command; its interfaces, routes and settings stay. The
    candidates are loaded one after the other. ParseError for one that can't be followed, or would be refused."""
    if platform == "linux":
        return linux_host.planned(host, outputs, candidates)
    return device.planned(platform, host, outputs, candidates)
