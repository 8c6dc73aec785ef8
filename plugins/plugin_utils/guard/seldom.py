# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of progress while the guard waits: now and then, so that it does not look dead and floods no log."""

from __future__ import annotations

import time
from collections.abc import Callable

Say = Callable[[str], None]
# Seconds between two lines.
EVERY = 30.0


class Seldom:
    """Says the first thing at once, and what comes soon after something that was said not at all."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._next = 0.0

    def __call__(self, text: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            self._say(text)
