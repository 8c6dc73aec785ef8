# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the trainee's commands reach the drill: a socket, so that the solution lies in no file."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

MOST_BYTES = 65536


class _Server(socketserver.UnixStreamServer):
    """``reply``: what a command says."""

    reply: Callable[[Sequence[str]], str]


class _Handler(socketserver.StreamRequestHandler):
    timeout = 5.0
    server: _Server

    def handle(self) -> None:
        """One line with a JSON list of words; the answer is text, to the end of the connection."""
        try:
            words = json.loads(self.rfile.readline(MOST_BYTES))
        except (ValueError, OSError):
            return
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(self.server.reply(words).encode("utf-8"))


@contextlib.contextmanager
def listening(path: Path, reply: Callable[[Sequence[str]], str]) -> Iterator[None]:
    """Commands are answered, one at a time, as long as the block lasts."""
    server = _Server(str(path), _Handler)
    server.reply = reply
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        path.unlink(missing_ok=True)
        thread.join()
