# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.emulator SETTINGS.json``: one device, until the process ends. ``-``: the settings come on stdin.

As soon as logins are possible, one line of JSON on stdout: ``{"port": 22, "key": "ecdsa-sha2-nistp256 AAAA..."}``.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from .platforms import device
from .settings import Settings


def main() -> None:
    text = sys.stdin.read() if sys.argv[1] == "-" else Path(sys.argv[1]).read_text(encoding="utf-8")
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before there are threads that would get them
    server = device(Settings.of(json.loads(text))).start()
    print(json.dumps({"port": server.port, "key": server.key}), flush=True)
    signal.sigwait(ends)


if __name__ == "__main__":
    main()
