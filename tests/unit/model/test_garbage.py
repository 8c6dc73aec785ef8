# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collector is as it was after large work, however that ended."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager
from weakref import ref

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model import garbage
from ansible_collections.pathguard.network.plugins.plugin_utils.model.garbage import (
    little_garbage,
    no_garbage,
)


def how() -> tuple[bool, tuple[int, int, int]]:
    return gc.isenabled(), gc.get_threshold()


@pytest.mark.parametrize("saving", [no_garbage, little_garbage])
def test_the_collector_is_spared_and_then_as_before(
    saving: Callable[[], AbstractContextManager[None]],
) -> None:
    before = how()

    def work() -> None:
        with saving():
            assert how() != before
            raise ValueError("ended")

    with pytest.raises(ValueError, match="ended"):
        work()
    assert how() == before


class Ring:
    def __init__(self) -> None:
        self.me = self


def test_what_was_made_is_searched_before_more_is_made_so_and_not_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(garbage, "_MANY", 1_000)
    monkeypatch.setattr(garbage, "_MOST_UNSEARCHED", 5_000)
    monkeypatch.setattr(garbage._Unsearched, "count", 0)
    with no_garbage():
        rings = [Ring() for _each in range(10_000)]
        gone = ref(rings[0])
        rings.clear()
        kept: list[list[int]] = [[] for _each in range(10_000)]
    assert gone() is not None, "a search came at once"
    with no_garbage():
        assert gone() is None, "none came before more was made"
    assert len(kept) == 10_000
