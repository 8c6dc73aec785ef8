# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's command line, as its checkpoint needs it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, cast

from ...errors import CheckpointError
from ...gather.channel import Channel

# What follows a step: the device's prompt, or a pattern of what it asks.
Step = tuple[str, str]
PROMPT = ""


class Console(Protocol):
    """A session in which commands are typed that change the device."""

    host: str

    def steps(self, steps: Sequence[Step], timeout: float | None = None) -> str:
        """Type each step's text, and wait for what must follow: a pattern, or the prompt where that is empty.

        All that the device printed. Raises GatherError where it does not come in time.
        """


def console(channel: Channel) -> Console:
    """The channel as a console. CheckpointError for one that can only read."""
    if not hasattr(channel, "steps"):
        raise CheckpointError(
            "this transport reads devices, and can't change them",
            channel.host,
            "reach the device by the transport netmiko",
        )
    return cast("Console", channel)


def tell(device: Console, *steps: Step | str, refused: str, timeout: float | None = None) -> str:
    """Type commands; CheckpointError with the device's words where it prints what ``refused`` matches."""
    typed = [(step, PROMPT) if isinstance(step, str) else step for step in steps]
    said = device.steps(typed, timeout)
    wrong = re.search(refused, said, re.M)
    if wrong:
        line = next(line for line in said.splitlines() if wrong[0].splitlines()[0] in line)
        raise CheckpointError(
            f"the device refuses {typed[0][0]!r}: {line.strip()[:200]}",
            device.host,
            "look at the device's log; the login needs the right to configure it",
        )
    return said
