# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large work with no, or with fewer, searches for cycles of objects that nobody holds.

Rules, diagrams and proofs have next to none, and of millions of objects each search takes longer than much else.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY, _SELDOM = 200_000, 20


@contextmanager
def no_garbage() -> Iterator[None]:
    """No search meanwhile."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@contextmanager
def little_garbage() -> Iterator[None]:
    """A search for every 200,000 objects that have been made and are still there, not for every few hundred."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _MANY), _SELDOM, _SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
