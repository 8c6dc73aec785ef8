# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of one run, as they are now: read them, probe from them, hold their checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..checkpoint.run import Each, over
from ..errors import GuardError, PathGuardError
from ..gather import snapshot
from ..gather.access import HostAccess
from ..gather.channel import Channel
from ..gather.firewall import gather
from ..gather.names import resolve
from ..gather.pool import Progress, on_hosts
from ..gather.probe import probe
from ..gather.several import some
from ..model.state import State
from .routers import missing_gateways

T = TypeVar("T")
Accesses = Callable[[Sequence[str]], list[HostAccess]]
ProgressOf = Callable[[str], Progress]

# More hosts than these are not searched for routers: naming the hops costs the user less than waiting.
SEARCHED = 50
# Beside the attempts' own time-out, in seconds.
PROBE_ATTEMPTS = 3


class Site:
    """``accesses``: makes the logins of inventory hosts. ``progress``: by what is done, a pool's progress."""

    def __init__(self, accesses: Accesses, workers: int, progress: ProgressOf) -> None:
        self.accesses = accesses
        self._workers = workers
        self._progress = progress

    def each(self, names: Sequence[str]) -> Each:
        """What runs a checkpoint's request on these hosts."""
        return over(self.accesses(names), self._workers) if names else _nobody

    def read(
        self, names: Sequence[str], folder: Path, run_id: str
    ) -> tuple[dict[str, State], dict[str, PathGuardError]]:
        """Gather hosts concurrently, a snapshot each: the states, and why a host could not be read."""

        def one(channel: Channel, access: HostAccess) -> State:
            return gather(channel, access.platform, folder, run_id).state

        return self._on(names, one, "read")

    def probe(
        self, targets: Mapping[str, Sequence[tuple[str, str, int, str]]], timeout: float
    ) -> tuple[dict[str, dict[str, Any]], dict[str, PathGuardError]]:
        """New connections from each host. ``targets``: host -> ``(source, address, port, handshake)`` each."""

        def one(channel: Channel, access: HostAccess) -> dict[str, Any]:
            wanted = [
                {"source": source, "address": address, "port": port, "handshake": handshake}
                for source, address, port, handshake in targets[access.name]
            ]
            return probe(channel, wanted, (), PROBE_ATTEMPTS, timeout, access.python)

        return self._on(list(targets), one, "probed from")

    def resolve(self, names: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
        """Host -> name -> its addresses, as the host resolves them. A host that can't be asked is left out."""

        def one(channel: Channel, access: HostAccess) -> dict[str, list[str]]:
            return resolve(channel, names[access.name])

        return self._on(list(names), one, "asked for names")[0]

    def read_with_routers(
        self, names: Sequence[str], others: Sequence[str], folder: Path, run_id: str
    ) -> tuple[dict[str, State], dict[str, PathGuardError]]:
        """Gather hosts, and of the ``others`` those routers that their routes lead over.

        Raises GuardError if there are too many others to look at. An other that can't be read is told only
        where a gateway stays unknown.
        """
        states, errors = self.read(names, folder, run_id)
        gateways = missing_gateways(states)
        if not gateways or errors or not others:
            return states, errors
        if len(others) > SEARCHED:
            raise GuardError(
                f"the routes lead over {some(sorted(gateways))}, and there are {len(others)} more hosts to look at",
                "path_guard_hops",
                "name the firewalls and routers on the way, such as path_guard_hops: firewalls",
            )
        more, silent = self.read(others, folder, run_id)
        routers = {name: state for name, state in more.items() if any(state.forwarding.values())}
        for name in set(more) - set(routers):
            snapshot.path_of(folder, name).unlink(missing_ok=True)
        states.update(routers)
        if missing_gateways(states):
            errors = {**errors, **silent}
        return states, errors

    def _on(
        self, names: Sequence[str], function: Callable[[Channel, HostAccess], T], doing: str
    ) -> tuple[dict[str, T], dict[str, PathGuardError]]:
        if not names:
            return {}, {}
        accesses = {access.name: access for access in self.accesses(names)}
        results = on_hosts(
            list(accesses.values()),
            lambda channel: function(channel, accesses[channel.host]),
            self._workers,
            progress=self._progress(doing),
        )
        good = {name: result for name, result in results.items() if not isinstance(result, PathGuardError)}
        bad = {name: result for name, result in results.items() if isinstance(result, PathGuardError)}
        return good, bad


def _nobody(_names: Sequence[str], _ask: Any) -> dict[str, Any]:
    return {}
