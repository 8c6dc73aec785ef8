# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every action that works on snapshots does alike: files in, states out, a line now and then."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible.utils.display import Display

from ..ansible_values import native
from ..errors import PathGuardError
from ..model.state import State
from .action import PROGRESS_EVERY, HostsAction
from .snapshot import files_named, read


class OfflineAction(HostsAction):
    """An action that logs in to nobody. It runs once for all hosts of the play."""

    BYPASS_HOST_LOOP = True

    def files(self, value: Any, option: str) -> dict[str, Path]:
        """The snapshot files by host: of a folder, or those of a list. Raises StateError."""
        return files_named(value, Path(self._loader.get_basedir()), option)


def groups_of(given: Any, task_vars: dict[str, Any]) -> dict[str, list[str]]:
    """The option ``groups``, or the inventory's. Raises PathGuardError."""
    value = given if given is not None else native(task_vars["groups"])
    if not isinstance(value, dict) or not all(
        isinstance(hosts, list) and all(isinstance(host, str) for host in hosts) for hosts in value.values()
    ):
        raise PathGuardError(
            "groups must map names to lists of hosts", "groups", "write {app: [app01, app02]}"
        )
    return value


def states_of(files: dict[str, Path]) -> dict[str, State]:
    return {host: State.from_dict(read(path, host).state) for host, path in files.items()}


class Told:
    """One line now and then, so that long work does not look dead and a job's log is not flooded."""

    def __init__(self) -> None:
        self._next = time.monotonic() + PROGRESS_EVERY

    def __call__(self, text: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_EVERY
            Display().display(f"PathGuard: {text}")
