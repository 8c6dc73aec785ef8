# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged input, wherever it comes in: one clear error or a state that leaves out no rule in silence.

No other exception, at most 2 s of processor time and 512 MiB for each input. A failure names target and seed;
``one(target, seed)`` of tests/support/fuzz_targets.py repeats it.
"""

from __future__ import annotations

import pytest

from tests.support.fuzz import bounded_memory, bounded_time
from tests.support.fuzz_filters import FILTERS
from tests.support.fuzz_targets import TARGETS, one

SHORT = 250
# Of the readers together; filters and proofs get as many each.
LONG = 100_000
CHUNKS = 10


def fuzzed(name: str, seeds: range) -> int:
    """The number of inputs that were read in spite of their damage."""
    read = 0
    seed = seeds.start
    try:
        for seed in seeds:
            with bounded_memory(), bounded_time():
                read += one(name, seed)
        seed = -1
    finally:
        if seed >= 0:
            print(f"one({name!r}, {seed})")
    return read


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_few_inputs(name: str) -> None:
    assert 0 < fuzzed(name, range(SHORT)) <= SHORT


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_hundred_thousand_inputs(name: str, chunk: int) -> None:
    each = LONG // CHUNKS // len(TARGETS.keys() - FILTERS.keys()) + 1
    start = 1_000_000 + chunk * each
    assert 0 < fuzzed(name, range(start, start + each)) <= each
