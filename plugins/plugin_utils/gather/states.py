# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters and tests take as a state: a state's document, a snapshot's document, or a snapshot's path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..ansible_values import native
from ..errors import FlowError, StateError
from ..home import expanded
from ..model.state import State
from .snapshot import files_in, read

# Templates ask about the same snapshot again and again; a file that changed is read anew.
_KEPT = 4


def state_from(value: Any) -> State:
    """StateError if it is neither."""
    if isinstance(value, (str, os.PathLike)):
        path = Path(str(value))
        try:
            path = path.expanduser()
            found = path.stat()
        except (OSError, ValueError, RuntimeError) as error:  # a NUL in it; the home of nobody
            raise StateError(
                f"the snapshot can't be read: {getattr(error, 'strerror', '') or error}",
                str(path),
                "check the path and its permissions",
            ) from None
        return _from_file(str(path.resolve()), found.st_mtime_ns, found.st_size)
    if not isinstance(value, Mapping):
        raise StateError(
            f"a state is a mapping or the path of a snapshot, and this is {type(value).__name__}",
            "the filter's input",
            "give firewall_info's snapshot, or its state with return_state",
        )
    document = native(value)
    return State.from_dict(document["state"] if "state" in document and "raw" in document else document)


def network_from(
    value: Any, folder: Path
) -> tuple[dict[str, State], dict[str, Path], dict[str, list[str]] | None]:
    """The states by host, the files of those that came from files, and the groups where the value has them.

    ``value``: a folder of snapshots or one snapshot's file; a list of files, states or snapshots; what firewall_info
    returned as ``firewalls`` (host -> ``{snapshot: file}``) or ``firewall``; a state or a snapshot's document; or
    ``{hosts: {name: state or file}, groups: {name: [host]}}``. Relative paths are below ``folder``. StateError for
    anything else.
    """
    document = native(value)
    groups = None
    if isinstance(document, Mapping) and isinstance(document.get("hosts"), Mapping):
        document, groups = document["hosts"], document.get("groups")
        if groups is not None and not isinstance(groups, Mapping):
            raise StateError("groups must be a mapping", "$.groups", "write {app: [app01, app02]}")
    items = [document]
    if isinstance(document, list):
        items = document
    elif isinstance(document, Mapping) and not _ONE_HOST & document.keys():
        items = list(document.values())
    states: dict[str, State] = {}
    files: dict[str, Path] = {}
    for item in items:
        for state, path in _states_of(item, folder):
            if state.host in states:
                raise StateError(f"there are two states of {state.host}", "data", "leave one of them out")
            states[state.host] = state
            if path is not None:
                files[state.host] = path
    if not states:
        raise StateError("there is no state of any host", "data", "gather the hosts with firewall_info first")
    return states, files, groups


# A document with one of these is about one host, and is no mapping of hosts.
_ONE_HOST = frozenset({"state", "rulesets", "snapshot", "platform"})


def _states_of(item: Any, folder: Path) -> Iterator[tuple[State, Path | None]]:
    if isinstance(item, Mapping) and item.get("snapshot"):
        item = item["snapshot"]
    if not isinstance(item, str):
        yield state_from(item), None
        return
    path = Path(folder, expanded(item))
    for file in files_in(path).values() if path.is_dir() else [path]:
        yield state_from(file), file


def ruleset_from(value: Any) -> str | None:
    """The name of a ruleset or hook, None where none is given. FlowError for what can't be one."""
    name: Any = native(value)
    if name is None or isinstance(name, str):
        return name
    raise FlowError(
        f"ruleset is a name, and this is {type(name).__name__}",
        "ruleset",
        "give one, such as inet/filter/forward, or a hook's name",
    )


@lru_cache(maxsize=_KEPT)
def _from_file(path: str, _changed: int, _size: int) -> State:
    return State.from_dict(read(path).state)
