# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts count as failed: those that say so, and those that say nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.guard import batch as batches
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.batch import sizes_of
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.outcomes import failures
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.record import lost_before

GOOD = {"run_id": "r1", "result": "ok", "task": ""}


def kinds(notes: dict[str, dict[str, str] | None]) -> dict[str, str]:
    return {failure.host: failure.kind for failure in failures(["a", "b"], notes, "r1")}


def test_all_good() -> None:
    assert kinds({"a": GOOD, "b": GOOD}) == {}


def test_no_note_is_lost() -> None:
    """An unreachable host never gets to rescue, so it leaves none."""
    assert kinds({"a": GOOD}) == {"b": "lost"}
    assert kinds({"a": GOOD, "b": None}) == {"b": "lost"}


def test_the_note_of_an_earlier_run_does_not_count() -> None:
    assert kinds({"a": GOOD, "b": {**GOOD, "run_id": "r0"}}) == {"b": "lost"}


def test_a_failure_names_its_task() -> None:
    found = failures(["a"], {"a": {"run_id": "r1", "result": "failed", "task": "Install"}}, "r1")
    assert [failure.text() for failure in found] == ["a failed at task 'Install'"]


@pytest.mark.parametrize("result", ["stopped", "", "anything"])
def test_what_is_not_ok_is_a_failure(result: str) -> None:
    assert kinds({"a": GOOD, "b": {"run_id": "r1", "result": result, "task": ""}}) == {"b": "stopped"}


@pytest.mark.parametrize(
    ("serial", "sizes"),
    [
        ([], []),
        ([0], [10]),
        ([3], [3, 3, 3, 1]),
        ([1, 4], [1, 4, 4, 1]),
        (["30%"], [3, 3, 3, 1]),
        (["1%"], [1] * 10),
        (5, [5, 5]),
        ([-1], [10]),
    ],
)
def test_batches_are_cut_as_ansible_does(serial: object, sizes: list[int]) -> None:
    assert sizes_of(serial, 10) == sizes


HOSTS = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("batch", "sizes", "lost"),
    [
        (["a", "b", "c", "d"], [], []),
        (["a", "c", "d"], [], ["b"]),
        (["a", "b"], [2, 2], []),
        (["d"], [2, 2], ["c"]),
        (["c"], [1, 1, 1, 1], []),
    ],
)
def test_hosts_of_a_batch_that_are_gone_before_the_guard_begins(
    batch: list[str], sizes: list[int], lost: list[str]
) -> None:
    assert lost_before(HOSTS, batch, sizes) == lost


@pytest.mark.parametrize(
    ("order", "batch", "gone"),
    [
        (None, ["a"], ["b"]),
        ("inventory", ["a", "b"], []),
        ("reverse_inventory", ["c", "d"], []),
        ("reverse_inventory", ["d"], ["c"]),
        ("reverse_sorted", ["a", "b"], []),
        ("sorted", ["d"], ["c"]),
        ("shuffle", ["a", "d"], []),
        ("shuffle", ["a"], ["d"]),
    ],
)
def test_the_order_of_the_play_says_which_hosts_are_a_batch(
    order: str | None, batch: list[str], gone: list[str]
) -> None:
    play = SimpleNamespace(serial=[2], order=order)
    task = SimpleNamespace(_parent=SimpleNamespace(_play=play))
    active = [name for name in HOSTS if name not in gone]
    assert batches.lost(task, HOSTS, batch, active) == gone
