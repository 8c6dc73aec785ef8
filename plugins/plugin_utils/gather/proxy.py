# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy command as a socket (ssh_config(5), ProxyCommand).

Unlike paramiko's own, it notices when the command ends, and keeps what it said.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile

# Of what it says: the most bytes, and then lines.
TAIL = 2000
LINES = 3


class ProxyCommand:
    def __init__(self, command: str) -> None:
        self.socket, theirs = socket.socketpair()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the command may speak
        # By a shell, as ssh does: the command comes from the user's own ssh configuration.
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=self._stderr,
            start_new_session=True,
        )
        theirs.close()

    def failure(self) -> str:
        """What the command said, if it has failed; it should have stayed as long as the connection."""
        try:
            status = self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            return ""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - TAIL))
        said = self._stderr.read(TAIL).decode("utf-8", "backslashreplace").split("\n")
        # Warnings and banners come first.
        last = [line.strip() for line in said if line.strip()][-LINES:]
        # One that ends well has been told to: by the end of the login, whatever that was.
        return " / ".join(last) or (f"exit status {status}" if status else "")

    def close(self) -> None:
        self.socket.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stderr.close()
