# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that hangs costs little, and the next time next to nothing; what is as it was is not parsed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor import site as module
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.site import MonitorSite, look_at

LATE = GatherError("no end after 15 s", "fw1", "look at it")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], int, float]]:
    """Of each pool: its hosts, how many at once, and the seconds for one. A host of which the name ends in x is late."""
    found: list[tuple[list[str], int, float]] = []

    def on_hosts(
        accesses: Sequence[HostAccess],
        _work: Callable[[Any], Any],
        workers: int,
        limit: float,
        _progress: Callable[[int, int], None],
    ) -> dict[str, Any]:
        found.append(([access.name for access in accesses], workers, limit))
        return {access.name: LATE if access.name.endswith("x") else "good" for access in accesses}

    monkeypatch.setattr(module, "on_hosts", on_hosts)
    return found


def made() -> MonitorSite:
    return MonitorSite(
        lambda names: [HostAccess(name, name) for name in names],
        4,
        lambda _doing: lambda *_counts: None,
        15.0,
    )


def test_who_was_silent_gets_less_time(asked: list[tuple[list[str], int, float]]) -> None:
    site = made()
    good, errors = site.look(["fw1", "fw2x", "app1"], {})
    assert (list(good), list(errors)) == (["fw1", "app1"], ["fw2x"])
    site.look(["fw1", "fw2x", "app1"], {})
    assert asked == [
        (["fw1", "fw2x", "app1"], 4, 15.0),
        (["fw1", "app1"], 4, 15.0),
        (["fw2x"], 1, 6.0),
    ]


def test_who_answers_again_is_one_of_the_others(asked: list[tuple[list[str], int, float]]) -> None:
    site = made()
    site.silent = {"fw1"}
    site.look(["fw1"], {})
    site.look(["fw1"], {})
    assert [limit for _names, _workers, limit in asked] == [6.0, 15.0]


def test_nobody_is_asked_for_nothing(asked: list[tuple[list[str], int, float]]) -> None:
    assert made().look([], {}) == ({}, {})
    assert asked == []


def test_what_is_as_it_was_is_not_parsed() -> None:
    raw = {"nft_text": RawOutput("nft_text", "nft -a list ruleset", 0, "", "")}
    first = look_at("fw1", "linux", raw, "")
    assert first.state is not None
    assert first.state.host == "fw1"
    assert look_at("fw1", "linux", raw, first.digest).state is None


def test_a_device_is_parsed_each_time() -> None:
    def raw(counter: int) -> dict[str, RawOutput]:
        text = f"GigabitEthernet0/1 is up, line protocol is up\n  {counter} packets input\n"
        config = "interface GigabitEthernet0/1\n ip address 10.0.0.1 255.255.255.0\n"
        return {
            "running_config": RawOutput("running_config", "show running-config", 0, config, ""),
            "interfaces": RawOutput("interfaces", "show interfaces", 0, text, ""),
        }

    first = look_at("r1", "cisco_ios", raw(1), "")
    assert first.state is not None
    assert look_at("r1", "cisco_ios", raw(2), first.digest).state is None, "counters are nothing new"
