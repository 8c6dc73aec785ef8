# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's hosts as the guard's site, without ssh: real hosts, read and probed by the guard's own code, many times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Channel, Reply
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.site import Site
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.integration.lab_fixture import Lab

T = TypeVar("T")


class LabChannel:
    """A root shell on a host of the lab."""

    def __init__(self, lab: Lab, host: str) -> None:
        self.host = host
        self._lab = lab

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        done = self._lab.run(self.host, command, stdin=stdin or "", timeout=timeout or 60)
        return Reply(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        """Nothing stays open."""


class LabSite(Site):
    """Reads a host once, and then again only after ``touched`` was told of it."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(
            lambda names: [HostAccess(name, name, user="root", become=True) for name in names],
            8,
            lambda _doing: lambda *_arguments: None,
        )
        self._lab = lab
        self._known: dict[str, State] = {}

    def touched(self, hosts: Sequence[str]) -> None:
        for host in hosts:
            self._known.pop(host, None)

    def read(
        self, names: Sequence[str], folder: Path, run_id: str
    ) -> tuple[dict[str, State], dict[str, PathGuardError]]:
        states, errors = super().read([name for name in names if name not in self._known], folder, run_id)
        self._known.update(states)
        return {name: self._known[name] for name in names if name in self._known}, errors

    def _on(
        self, names: Sequence[str], function: Callable[[Channel, HostAccess], T], doing: str
    ) -> tuple[dict[str, T], dict[str, PathGuardError]]:
        def ask(access: HostAccess) -> T | PathGuardError:
            try:
                return function(LabChannel(self._lab, access.name), access)
            except PathGuardError as error:
                return error

        accesses = self.accesses(names)
        with ThreadPoolExecutor(self._workers) as pool:
            answers = dict(zip(names, pool.map(ask, accesses)))
        good = {name: answer for name, answer in answers.items() if not isinstance(answer, PathGuardError)}
        return good, {name: answer for name, answer in answers.items() if isinstance(answer, PathGuardError)}
