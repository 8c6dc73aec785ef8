# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on many hosts at once, one login for each, and never wait for ever."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, TypeVar

from ..errors import GatherError, PathGuardError
from .access import HostAccess
from .channel import Channel, open_channel

T = TypeVar("T")

Progress = Callable[[int, int], None]

# Beyond the time that a host's login and work may take: threads that were not scheduled, not the host.
GRACE = 5.0


class _Job(Generic[T]):
    """One host's work in a thread of its own.

    A daemon thread, not a pool of the standard library: those are joined when the process ends, so that one
    name look-up that never returns would keep the whole play from ending.
    """

    def __init__(
        self, access: HostAccess, function: Callable[[Channel], T], limit: float, done: SimpleQueue[_Job[T]]
    ) -> None:
        self.access = access
        self.deadline = time.monotonic() + limit
        self.limit = limit
        self.result: T | PathGuardError | None = None
        self.fault: BaseException | None = None
        self._function = function
        self._done = done
        self._channel: Channel | None = None
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._work,), name=f"pathguard {access.name}", daemon=True
        )
        self._thread.start()

    def _work(self) -> None:
        with self:
            self._channel = open_channel(self.access)
            try:
                self.result = self._function(self._channel)
            finally:
                self._channel.close()

    def __enter__(self) -> None:
        """Begin the part whose end, good or bad, is handed over."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, PathGuardError):
            self.result = error
        else:
            self.fault = error
        self._done.put(self)
        return True

    def abandon(self) -> PathGuardError:
        channel = self._channel
        if channel is not None:
            threading.Thread(target=channel.close, daemon=True).start()
        return GatherError(
            f"no end after {self.limit:.0f} s",
            f"{self.access.name} ({self.access.address})",
            "look whether the host is overloaded or its network is bad, or give a longer timeout",
        )


def on_hosts(
    accesses: Sequence[HostAccess],
    function: Callable[[Channel], T],
    workers: int = 10,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> dict[str, T | PathGuardError]:
    """Run a function with a logged-in channel to each host, several hosts at a time.

    ``timeout``: the most seconds for one host, login and work together; by default four times the access's
    connect time-out and twice its command time-out. ``progress(done, all)`` is called as hosts come to an
    end, in the caller's thread. The answer has every host, in the order given; a host that failed has its
    error.
    An error that is no PathGuardError is a fault of the function, and is raised.
    """
    waiting = list(reversed(accesses))
    done: SimpleQueue[_Job[T]] = SimpleQueue()
    running: dict[str, _Job[T]] = {}
    results: dict[str, T | PathGuardError] = {}
    while waiting or running:
        while waiting and len(running) < max(1, workers):
            access = waiting.pop()
            limit = timeout if timeout is not None else 4 * access.connect_timeout + 2 * access.timeout
            running[access.name] = _Job(access, function, limit + GRACE, done)
        try:
            job = done.get(timeout=max(0.0, min(job.deadline for job in running.values()) - time.monotonic()))
        except Empty:
            now = time.monotonic()
            for name in [name for name, late in running.items() if late.deadline <= now]:
                results[name] = running.pop(name).abandon()
        else:
            if running.pop(job.access.name, None) is None:
                continue  # it was given up before
            if job.fault is not None:
                raise job.fault
            results[job.access.name] = job.result  # type: ignore[assignment]
        if progress is not None:
            progress(len(results), len(accesses))
    return {access.name: results[access.name] for access in accesses}
