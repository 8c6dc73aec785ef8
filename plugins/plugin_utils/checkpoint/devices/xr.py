# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS XR: the trial of a confirmed commit, and a commit that replaces the whole configuration.

Source: Cisco IOS XR System Management Command Reference, "Configuration Management Commands" (``commit confirmed
[SECONDS | minutes N]``, ``commit replace``, ``load``, ``show configuration sessions detail``) and "File System
Commands" (``copy``, ``delete``, ``dir``, ``more``).

The trial belongs to the session that committed, as people report of releases 7 and 24 (cisco.iosxr issue 260, and
transcripts of XRv9k): its own ``commit`` keeps the change ("Confirming commit for trial session"), its ``end`` goes
back at once, and where its connection is lost the timer goes back. While the trial lasts, a ``commit`` of any other
session is refused ("Cannot commit because there is an unexpired trial/rollback session"), so that nobody else can keep
it, give it time, or end it. That it lasts is shown by a second session whose client is ``commit-confirm``; for how long
is not.
"""

from __future__ import annotations

import re
import time
from typing import ClassVar

from ...errors import CheckpointError
from .console import Console, tell
from .means import Traits

# The device prints the time of day above each answer. No refusals: "% WARNING: ...", "% Confirming commit for trial
# session.", and lines of the log (%MGBL-CONFIG-6-DB_COMMIT).
_REFUSED = (
    r"^\s*%(?! ?(?:WARNING|Warning|Confirming)|[A-Z0-9_]+-[A-Z0-9_]+-\d-).*|^Cannot enter .*"
    r"|^.*(?:No such file|No space left|cannot open|[Cc]ouldn't open).*"
)
_AT_ONCE = r"\A(?:\w{3} \w{3} +\d+ [\d:.]+ \S+\n)?[\s^]*%.*"
_DISK = "disk0:/"
# "Destination file name (control-c to abort): [/NAME]?", "... already exists. Do you want to overwrite? [no]:",
# "This commit will replace or remove the entire running configuration. ... Do you wish to proceed? [no]:", and what
# else is asked.
_ASKED = {r"\[no\]: ?$": "yes", r"\]\? ?$": "", r"\[confirm\] ?$": "y"}
_TRIAL = re.compile(r"\bClient: +commit-confirm\b")
_PATIENCE = 180.0  # seconds: a commit of a large configuration
_WAIT, _EVERY = 600.0, 1.0  # seconds: for the timer of a trial that nobody else can end


class XrMeans:
    """See ``means.Means``."""

    traits: ClassVar[Traits] = Traits(
        "wraps_commit",
        "configure; load disk0:/{name}; commit replace; end",
        "commit it with 'commit confirmed minutes N'; only that same session can confirm it, so its tasks must type "
        "'commit' in it at their end, after their own checks. A plain commit has no timer",
        waits=(
            "a confirmed commit waits on the device, and only the session that made it can confirm it (IOS XR)",
            "let the change type 'commit' in its own session before the guard decides; else the device goes back",
        ),
    )

    def names(self, device: Console) -> list[str]:
        said = tell(device, f"dir {_DISK}", refused=_AT_ONCE)
        return sorted({word for word in said.split() if word.startswith("pathguard-")})

    def save(self, device: Console, name: str) -> None:
        tell(
            device, f"copy running-config {_DISK}{name}", refused=_REFUSED, answers=_ASKED, timeout=_PATIENCE
        )

    def copy(self, device: Console, name: str, to: str) -> None:
        tell(device, f"copy {_DISK}{name} {_DISK}{to}", refused=_REFUSED, answers=_ASKED)

    def delete(self, device: Console, name: str) -> None:
        tell(device, f"delete /noprompt {_DISK}{name}", refused=_REFUSED, answers=_ASKED)

    def text(self, device: Console, name: str) -> str:
        return tell(device, f"more {_DISK}{name}", refused=_AT_ONCE)

    def running(self, device: Console) -> str:
        return tell(device, "show running-config", refused=_AT_ONCE)

    def startup(self, device: Console) -> str:
        """What is committed is what is loaded at boot."""
        return ""

    def write(self, device: Console) -> None:
        """It is written by each commit."""

    def pending(self, device: Console) -> float | None:
        """0.0 while a trial lasts: the device does not show for how long."""
        said = tell(device, "show configuration sessions detail", refused=_AT_ONCE)
        return 0.0 if _TRIAL.search(said) else None

    def start(self, device: Console, seconds: float) -> None:
        """Nothing before the change's own commit, and nobody else can give that more time."""

    def keep(self, device: Console) -> None:
        what, todo = self.traits.waits
        raise CheckpointError(what, device.host, todo)

    def back(self, device: Console) -> None:
        """Wait until the trial is over: no other session can commit before that."""
        deadline = time.monotonic() + _WAIT
        while self.pending(device) is not None:
            if time.monotonic() >= deadline:
                raise CheckpointError(
                    f"{self.traits.waits[0]}; its timer did not end within {_WAIT:.0f} s",
                    device.host,
                    "type 'end' in that session and say yes: the device then goes back at once; and restore it again",
                )
            time.sleep(_EVERY)
        raise CheckpointError("the trial was over before it could be ended", device.host)

    def replace(self, device: Console, name: str) -> None:
        tell(device, "configure", refused=_REFUSED)
        try:
            for command in (f"load {_DISK}{name}", "commit replace"):
                tell(device, command, refused=_REFUSED, answers=_ASKED, timeout=_PATIENCE)
        finally:
            device.send(
                "abort"
            )  # what was loaded and not committed is dropped; after a commit there is nothing
