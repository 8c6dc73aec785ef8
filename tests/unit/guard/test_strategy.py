# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step speaks for all hosts of a batch: plays in which it can't are refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.batch import check_strategy


def task(strategy: Any, run_once: bool = True) -> Any:
    play = SimpleNamespace(strategy=strategy)
    return SimpleNamespace(_parent=SimpleNamespace(_play=play), run_once=run_once)


def template(value: Any) -> Any:
    return {"{{ how }}": "free"}.get(value, value)


@pytest.mark.parametrize("strategy", ["linear", "debug", "ansible.builtin.linear", "mitogen_linear", None])
def test_strategies_in_which_hosts_wait_for_each_other(strategy: str | None) -> None:
    check_strategy(task(strategy), template)
    with pytest.raises(GuardError, match="all hosts of the batch at once"):
        check_strategy(task(strategy, run_once=False), template)


@pytest.mark.parametrize(
    "strategy", ["free", "ansible.builtin.free", "host_pinned", "mitogen_free", "{{ how }}"]
)
def test_others_are_refused_and_it_is_said_why(strategy: str) -> None:
    with pytest.raises(GuardError, match="the guard is not possible with 'strategy: ") as caught:
        check_strategy(task(strategy), template)
    assert "strategy: linear" in caught.value.todo
    assert len(str(caught.value).splitlines()) <= 5
