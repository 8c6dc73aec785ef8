# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's session as a channel that can only read: commands that show something, and nothing else."""

from __future__ import annotations

import re

from ..errors import GatherError
from .access import HostAccess
from .channel import Reply
from .device_answers import for_want_of_rights, hidden_part, refusal
from .device_session import DeviceSession

# A command that shows something; what follows a bar may filter it, and write it nowhere (redirect, append, tee, save).
SHOWS = re.compile(
    r"(?:show|get)(?: [\w.:/*-]+)*(?: \| (?:display(?: [\w-]+)+|no-more|include [\w.-]+|exclude [\w.-]+))*"
)
REFUSED = 1


class DeviceChannel:
    """Logged in as soon as it is made. ``session``: for those who may do more than read."""

    def __init__(self, access: HostAccess) -> None:
        self.host = access.name
        self._access = access
        self.session = DeviceSession(access)

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        """``become`` is without meaning: the session has the rights that its access asks for. A refused command has the
        exit status 1 and the device's words in stderr. Raises GatherError for a command that does not only show."""
        if stdin or not SHOWS.fullmatch(command):
            raise GatherError(
                f"{command.split(chr(10))[0][:80]!r} is not sent to a device that is only read",
                self.host,
                "this needs a Linux host; take the device out of the task's hosts",
            )
        text = self.session.send(command, timeout=timeout)
        said = refusal(text)
        hidden = hidden_part(text)
        if hidden:
            said = f"permission denied for a part of {hidden!r}"
        if not said:
            return Reply(0, text, "")
        if for_want_of_rights(said):
            raise GatherError(
                f"the login may not run {command!r}: {said}",
                f"{self.host} ({self._access.address})",
                "let the user run it (privilege level 15, a role that reads, or TACACS+ authorization); where the "
                "platform has enable, set ansible_become: true and ansible_become_password",
            )
        return Reply(REFUSED, text, said)

    def close(self) -> None:
        self.session.close()
