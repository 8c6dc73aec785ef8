# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's command line, as its checkpoint needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol, cast

from ...errors import CheckpointError
from ...gather.channel import Channel

# How a refusal begins an answer, perhaps below the mark of the place (``^``); further down it may be configuration.
AT_ONCE = (
    r"\A[\s^]*(?:%|[Ee]rror:|ERROR:|unknown command|syntax error|Command authorization|Permission denied).*"
)
_NOT_SHOWN = re.compile(r"\A[\s^]*% ?(?:Invalid|Auth|Permission|Access).*", re.IGNORECASE)
# Strings, hashes, and what follows the word for a secret: a device's complaint may repeat the line that it is about.
_SECRET = re.compile(
    r"\"[^\"]*\"?|'[^']*'|\$\d+\$\S+"
    r"|((?:password|secret|passphrase|community|md5|(?:pre-shared-|encrypted-|authentication-)?key(?:-string)?)\s+)\S.*",
    re.IGNORECASE,
)
_LONGEST = 200


def words_of(text: str) -> str:
    """What a device printed, fit for a message: one line, not too long, without secrets."""
    one_line = " ".join(text.replace("^", " ").split())
    return _SECRET.sub(lambda found: f"{found[1] or ''}...", one_line)[-_LONGEST:]


class Console(Protocol):
    """A session in which commands are typed that change the device."""

    host: str

    def send(
        self, line: str, *, timeout: float | None = None, answers: Mapping[str, str] | None = None
    ) -> str:
        """Type a line, and give back what the device prints until its next prompt.

        ``timeout``: seconds of silence. ``answers``: what to say where what was printed ends in a pattern. Raises
        GatherError where the answer does not come.
        """


def console(channel: Channel) -> Console:
    """The session of a channel. CheckpointError for a channel that has none."""
    session = getattr(channel, "session", None)
    if session is None:
        raise CheckpointError(
            "this transport has no command line on the device", channel.host, "use the transport netmiko"
        )
    return cast("Console", session)


def tell(
    device: Console,
    *commands: str,
    refused: str,
    answers: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Type commands, and give back all that was printed. CheckpointError with the device's words where it prints what
    ``refused`` matches; the commands after that are not typed."""
    said = ""
    for command in commands:
        said += device.send(command, timeout=timeout, answers=answers)
        wrong = re.search(refused, said, re.M)
        if wrong:
            raise CheckpointError(
                f"the device refuses {command!r}: {words_of(wrong[0])}",
                device.host,
                "look at the device's log; the login needs the right to configure it",
            )
    return said


def startup_config(device: Console) -> str:
    """What is loaded at boot, where a command shows it; empty where the login may not see it."""
    said = device.send("show startup-config")
    return "" if _NOT_SHOWN.search(said) else said
