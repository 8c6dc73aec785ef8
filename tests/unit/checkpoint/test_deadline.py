# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a checkpoint fires, whatever becomes of the host's clocks."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.host import Moment
from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.timer import Deadline

ARMED = Moment(wall=1_000_000.0, boot=500.0, boot_id="first")
CASES = {
    "at once": (ARMED, 300.0),
    "a minute later": (Moment(1_000_060.0, 560.0, "first"), 240.0),
    "the host's clock set a year ahead": (Moment(32_000_060.0, 560.0, "first"), 240.0),
    "the host's clock set back to 1970": (Moment(60.0, 560.0, "first"), 240.0),
    "after a suspend, which CLOCK_BOOTTIME counts": (Moment(1_000_300.0, 800.0, "first"), 0.0),
    "rebooted": (Moment(1_000_060.0, 10.0, "second"), 240.0),
    "rebooted, too long": (Moment(1_000_900.0, 10.0, "second"), 0.0),
    "rebooted, with a boot clock that looks earlier": (Moment(1_000_060.0, 5_000.0, "second"), 240.0),
    "rebooted, without a battery for the clock: never longer than the timeout": (
        Moment(60.0, 10.0, "second"),
        300.0,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_seconds_left(case: str) -> None:
    moment, left = CASES[case]
    deadline = Deadline.after(300.0, ARMED)
    assert deadline.remaining(moment) == left
    assert Deadline.from_json(deadline.to_json()) == deadline
