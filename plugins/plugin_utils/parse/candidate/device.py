# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Candidates for a network device: a configuration in the place of the running one, or lines merged into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...errors import ParseError
from ...model.raw import RawOutput
from ...model.state import State, unknown_boot
from .. import outputs as raw
from .. import parse_platform
from . import kinds
from .given import CONFIGURATION, Candidate
from .merge import MERGES

RUNNING = "running_config"
_BOOT = "this configuration is planned, and what would be loaded at boot is not"


def planned(
    platform: str, host: str, outputs: Mapping[str, RawOutput], candidates: Sequence[Candidate]
) -> State:
    """ParseError for a candidate that can't be followed, or would be refused."""
    after = dict(outputs)
    for candidate in candidates:
        kind = kinds.of_device(candidate, platform, tuple(MERGES))
        if kind == CONFIGURATION:
            text = candidate.text
        else:
            why = raw.problem(outputs, RUNNING)
            if why:
                raise ParseError(
                    f"the running configuration of {host} is not known ({why}), so nothing can be merged into it",
                    candidate.source,
                    "gather the host again, or give its whole planned configuration",
                )
            text = MERGES[platform](raw.text(after, RUNNING), candidate.text, candidate.source)
        old = after.get(RUNNING) or RawOutput(RUNNING, candidate.source, None, "")
        after[RUNNING] = replace(old, rc=None, stdout=text, stderr="", absent="")
    state = parse_platform(platform, host, after)
    if not state.firewall_known:
        why = "; ".join(f"{item['what']}: {item['reason']}" for item in state.unreadable)
        raise ParseError(
            f"the planned configuration can't be read: {why}",
            candidates[-1].source,
            "mend the candidate, or say its kind: configuration or lines",
        )
    state.boot = unknown_boot(_BOOT)
    return state
