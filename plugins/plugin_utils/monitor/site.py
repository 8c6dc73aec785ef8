# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that a monitor looks at: read cheaply, parsed only where they differ, and never waited for for long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..errors import PathGuardError
from ..gather.access import HostAccess
from ..gather.channel import Channel
from ..gather.platforms import platform_of
from ..gather.pool import on_hosts
from ..gather.probe import probe
from ..guard.site import Accesses, ProgressOf, Site
from ..model.raw import RawOutput
from ..model.state import State
from ..parse import parse_platform
from . import fingerprints

T = TypeVar("T")
Errors = dict[str, PathGuardError]

# Seconds for a host that was silent the last time: the others are not to wait for it again.
SILENT_BEFORE = 6.0


@dataclass(frozen=True)
class Look:
    """``state``: None where the host is as the caller knew it. ``raw``: what it printed."""

    digest: str
    state: State | None = None
    raw: Sequence[RawOutput] = ()


class MonitorSite(Site):
    """``limit``: seconds for one host, login and work together. ``silent``: hosts that did not answer the last time.
    ``with_boot``: whether to read what would be loaded at boot, too. ``digests``: of what was read last."""

    def __init__(
        self, accesses: Accesses, workers: int, progress: ProgressOf, limit: float, with_boot: bool = False
    ) -> None:
        super().__init__(accesses, workers, progress)
        self.limit = limit
        self.with_boot = with_boot
        self.silent: set[str] = set()
        self.looks: dict[str, Look] = {}

    def look(self, names: Sequence[str], known: Mapping[str, str]) -> tuple[dict[str, Look], Errors]:
        """How hosts are now. ``known``: host -> the digest that its state is known for."""

        def one(channel: Channel, access: HostAccess) -> Look:
            raw = platform_of(access.platform).collect(channel, self.with_boot)
            return look_at(access.name, access.platform, raw, known.get(access.name, ""))

        return self._on(names, one, "read")

    def read(self, names: Sequence[str], folder: Path, run_id: str) -> tuple[dict[str, State], Errors]:
        """As the guard's, but that no snapshot is written, and ``looks`` keeps what was seen."""
        looks, errors = self.look(names, {})
        self.looks.update(looks)
        return {name: look.state for name, look in looks.items() if look.state is not None}, errors

    def probe(
        self, targets: Mapping[str, Sequence[tuple[str, str, int, str]]], timeout: float
    ) -> tuple[dict[str, dict[str, Any]], Errors]:
        """One new connection for each target: what is tried often is tried once."""

        def one(channel: Channel, access: HostAccess) -> dict[str, Any]:
            wanted = [
                {"source": source, "address": address, "port": port, "handshake": handshake}
                for source, address, port, handshake in targets[access.name]
            ]
            return probe(channel, wanted, (), 1, timeout, access.python)

        return self._on(list(targets), one, "probed from")

    def _on(
        self, names: Sequence[str], function: Callable[[Channel, HostAccess], T], doing: str
    ) -> tuple[dict[str, T], Errors]:
        if not names:
            return {}, {}
        accesses = {access.name: access for access in self.accesses(names)}
        quick = [access for name, access in accesses.items() if name not in self.silent]
        slow = [access for name, access in accesses.items() if name in self.silent]

        def work(channel: Channel) -> T:
            return function(channel, accesses[channel.host])

        results: dict[str, T | PathGuardError] = {}
        for some, limit in ((quick, self.limit), (slow, min(SILENT_BEFORE, self.limit))):
            if some:  # the slow ones all at once: each costs a thread that waits
                workers = self._workers if some is quick else len(some)
                results |= on_hosts(some, work, workers, limit, self._progress(doing))
        good = {name: result for name, result in results.items() if not isinstance(result, PathGuardError)}
        bad = {name: result for name, result in results.items() if isinstance(result, PathGuardError)}
        self.silent = self.silent - set(good) | set(bad)
        return good, bad


def look_at(host: str, platform: str, raw: Mapping[str, RawOutput], known: str) -> Look:
    """Parse what a host printed, if it is not what is known."""
    if platform == "linux":
        digest = fingerprints.of_outputs(raw)
        if digest == known:
            return Look(digest)
        return Look(digest, parse_platform(platform, host, raw), list(raw.values()))
    state = parse_platform(platform, host, raw)
    digest = fingerprints.of_state(state)
    return Look(digest) if digest == known else Look(digest, state, list(raw.values()))
