# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Never more connections to a service than were promised, and each source in its turn."""

from __future__ import annotations

from collections import Counter

from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.budget import chosen, spared
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.probes import Target

TARGETS = [Target("path", f"app{number}", f"10.1.0.{number}", "10.2.0.1", 5432) for number in range(10)]
SERVICE = ("10.2.0.1", 5432)


def test_all_of_few() -> None:
    assert chosen(TARGETS, 60, {}, {})[0] == TARGETS


def test_sources_take_turns() -> None:
    turn: dict[str, int] = {}
    tried: Counter[str] = Counter()
    for _round in range(5):
        found, turn = chosen(TARGETS, 4, {}, turn)
        assert len(found) == 4
        tried.update(target.host for target in found)
    assert set(tried.values()) == {2}


def test_what_the_last_minute_has_spent_is_gone() -> None:
    assert len(chosen(TARGETS, 12, {SERVICE: 9}, {})[0]) == 3
    assert chosen(TARGETS, 12, {SERVICE: 12}, {})[0] == []
    assert len(chosen(TARGETS, 12, {("10.2.0.2", 5432): 12}, {})[0]) == 10


def test_what_failed_goes_first() -> None:
    failed = {(item.host, item.source, item.address, item.port) for item in TARGETS[7:9]}
    found, turn = chosen(TARGETS, 3, {}, {}, failed)
    assert [target.host for target in found] == ["app7", "app8", "app0"]
    assert turn == {"10.2.0.1 5432": 1}


def test_two_paths_share_a_connection() -> None:
    both = [*TARGETS, *(Target("other", item.host, item.source, item.address, item.port) for item in TARGETS)]
    found = chosen(both, 5, {}, {})[0]
    assert len(found) == 10
    assert {target.path for target in found} == {"path", "other"}


def test_mysql_is_left_alone() -> None:
    target = Target("path", "app1", "10.1.0.1", "10.2.0.1", 3306)
    assert chosen([target], 60, {}, {})[0] == []
    assert spared([target, *TARGETS]) == ["10.2.0.1 port 3306"]
