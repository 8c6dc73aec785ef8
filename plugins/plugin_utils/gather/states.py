# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters and tests take as a state: a state's document, a snapshot's document, or a snapshot's path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..ansible_values import native
from ..errors import FlowError, StateError
from ..model.state import State
from .snapshot import read

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
