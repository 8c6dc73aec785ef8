# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts at once: bounded, in order, every failure told, faults not hidden."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import (
    GatherError,
    PathGuardError,
    UnreachableError,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import pool
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import (
    Channel,
    Reply,
    open_channel,
)


class FakeChannel:
    opened: list[str]
    closed: list[str]

    def __init__(self, access: HostAccess) -> None:
        if access.address == "down":
            raise UnreachableError("the host does not answer", access.name, "look")
        self.host = access.name
        type(self).opened.append(access.name)

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        return Reply(0, f"{self.host}: {command}", "")

    def close(self) -> None:
        type(self).closed.append(self.host)


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> type[FakeChannel]:
    FakeChannel.opened, FakeChannel.closed = [], []
    monkeypatch.setattr(pool, "open_channel", FakeChannel)
    return FakeChannel


def accesses(*names: str) -> list[HostAccess]:
    return [HostAccess(name, "down" if name.startswith("down") else "up") for name in names]


def test_results_come_in_the_order_asked_with_one_login_each(channels: type[FakeChannel]) -> None:
    names = [f"h{number}" for number in range(30)]
    results = pool.on_hosts(accesses(*names), lambda channel: channel.run("id").stdout, workers=4)
    assert results == {name: f"{name}: id" for name in names}
    assert list(results) == names
    assert sorted(channels.opened) == sorted(channels.closed) == sorted(names)


def test_no_more_at_once_than_asked_for(channels: type[FakeChannel]) -> None:
    lock, running, most = threading.Lock(), 0, 0

    def work(channel: Channel) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    pool.on_hosts(accesses(*"abcdefgh"), work, workers=3)
    assert most == 3


def test_failures_are_results(channels: type[FakeChannel]) -> None:
    def work(channel: Channel) -> str:
        if channel.host == "bad":
            raise GatherError("no", "bad", "look")
        return "fine"

    results = pool.on_hosts(accesses("good", "down1", "bad"), work)
    assert results["good"] == "fine"
    assert isinstance(results["down1"], UnreachableError)
    assert isinstance(results["bad"], GatherError)
    assert channels.closed.count("bad") == 1, "the session is closed all the same"


def test_a_fault_of_ours_is_raised(channels: type[FakeChannel]) -> None:
    with pytest.raises(ZeroDivisionError):
        pool.on_hosts(accesses("a"), lambda channel: 1 / 0)


def test_a_host_that_hangs_is_given_up_and_the_others_go_on(
    channels: type[FakeChannel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "GRACE", 0.0)
    release = threading.Event()

    def work(channel: Channel) -> str:
        if channel.host == "hang":
            release.wait(30)
        return "done"

    began = time.monotonic()
    results = pool.on_hosts(accesses("hang", "a", "b"), work, workers=1, timeout=0.3)
    assert time.monotonic() - began < 5
    error = results["hang"]
    assert isinstance(error, PathGuardError)
    assert "no end after 0 s" in str(error) or "no end after" in error.what
    assert (results["a"], results["b"]) == ("done", "done")
    release.set()


def test_progress(channels: type[FakeChannel]) -> None:
    seen: list[tuple[int, int]] = []
    pool.on_hosts(
        accesses("a", "b", "down1"),
        lambda channel: None,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_no_hosts() -> None:
    assert pool.on_hosts([], lambda channel: None) == {}


def test_unknown_transport() -> None:
    with pytest.raises(GatherError, match="transport 'pigeon'"):
        open_channel(HostAccess("h", "h", transport="pigeon"))
