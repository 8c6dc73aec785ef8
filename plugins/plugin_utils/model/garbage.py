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
# With so many objects that were made without a search, all are searched before more are made.
_MOST_UNSEARCHED = 5_000_000


class _Unsearched:
    """Objects that were put among the old ones, which are seldom searched, since the last search of all."""

    count = 0


@contextmanager
def no_garbage() -> Iterator[None]:
    """No search meanwhile. What was made is searched before more is made so, not right afterwards: most often, the
    process ends soon."""
    before = gc.isenabled()
    if before and _Unsearched.count > _MOST_UNSEARCHED:
        gc.collect()
        _Unsearched.count = 0
    gc.disable()
    try:
        yield
    finally:
        if before:
            _grow_old()
            gc.enable()


def _grow_old() -> None:
    """Put young objects among the old ones, where they are many."""
    made = gc.get_count()[0]
    if made < _MANY or gc.get_freeze_count():  # whoever froze objects wants them to stay so
        return
    _Unsearched.count += made
    gc.freeze()
    gc.unfreeze()


@contextmanager
def little_garbage() -> Iterator[None]:
    """A search for every 200,000 objects that have been made and are still there, not for every few hundred."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _MANY), _SELDOM, _SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
