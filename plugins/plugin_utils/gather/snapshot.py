# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshot files: a host's state with the raw text it came from, enough to repeat every analysis offline.

``{format, host, platform, gathered_at, run_id, state, raw: [{name, command, rc, stdout, stderr}]}``, one file
a host, named ``<host>.json``, readable by its owner alone: rules tell an attacker where to try.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ..errors import GatherError, StateError
from ..home import expanded
from ..model.raw import RawOutput
from ..model.state import State
from . import private_file

FORMAT = 1
SUFFIX = ".json"
# What may stand in a file name as it is; a slash and a leading dot may not.
PLAIN = " @+,=:[]"
REQUIRED = ("host", "platform", "gathered_at", "state", "raw")
# Bytes that a host's snapshot takes, in the middle: a router with 500 rules has 350 kB, most hosts a fifth of it.
USUAL = 1 << 18
# Of posix_fallocate(3), where a file system can't tell beforehand whether there is room.
CANT_TELL = (errno.EOPNOTSUPP, errno.EINVAL)
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Snapshot:
    """``gathered_at``: ISO 8601, UTC. ``state``: the state's document. ``run_id``: the guard's run."""

    host: str
    platform: str
    gathered_at: str
    state: dict[str, Any]
    raw: Sequence[RawOutput]
    run_id: str | None = None


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def path_of(folder: str | Path, host: str) -> Path:
    name = quote(host, safe=PLAIN)
    return Path(folder) / f"{'%2E' + name[1:] if name.startswith('.') else name}{SUFFIX}"


def prepare(folder: Path, snapshots: int, option: str = "snapshot_dir") -> None:
    """Make a folder for so many snapshots, and see that they can be written: before anything is gathered.

    ``option``: what the user names the folder by. Raises GatherError.
    """
    _make_room(folder, snapshots * USUAL, option, "read or changed")


def prepare_more(folder: Path, read: Path, times: int, option: str) -> None:
    """See that there is room for so many more of the snapshots that the folder ``read`` has: what they take is known
    then. Raises GatherError."""
    size = sum(path.stat().st_size for path in read.iterdir())
    _make_room(folder, times * max(size, USUAL), option, "changed")


def _make_room(folder: Path, size: int, option: str, nothing: str) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            _reserve(file.fileno(), size)
    except OSError as error:
        need = f" (about {max(1, size >> 20)} MiB are needed)" if error.errno in FULL else ""
        raise GatherError(
            f"snapshots can't be written here: {error.strerror}{need}",
            str(folder),
            f"make room, mend the folder's permissions, or name another by {option}; nothing was {nothing}",
        ) from None


def _reserve(handle: int, size: int) -> None:
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        if error.errno not in CANT_TELL:
            raise


def write(folder: str | Path, snapshot: Snapshot) -> Path:
    """Write it so that no reader ever sees half of it. Raises GatherError if that can't be done."""
    path = path_of(folder, snapshot.host)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_file.write(path, _pieces(snapshot))
    except OSError as error:
        raise GatherError(
            f"the snapshot can't be written: {error.strerror}",
            str(path),
            "make room or mend the folder's permissions, or name another by snapshot_dir",
        ) from None
    return path


def _pieces(snapshot: Snapshot) -> Iterator[str]:
    """The document bit by bit: a large ruleset is not held in memory a second and third time."""
    head = {
        "format": FORMAT,
        "host": snapshot.host,
        "platform": snapshot.platform,
        "gathered_at": snapshot.gathered_at,
        "run_id": snapshot.run_id,
    }
    yield _json(head)[:-1]
    yield ',\n"state":'
    yield _json(snapshot.state)
    yield ',\n"raw":['
    for index, output in enumerate(snapshot.raw):
        yield ",\n" if index else "\n"
        yield _json(output.to_dict())
    yield "]}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read(path: str | Path, host: str | None = None) -> Snapshot:
    """``host``: whose it must be. Raises StateError if the file is not what it should be."""
    where = str(path)
    todo = "gather the host again with firewall_info and snapshot_dir"
    try:
        document = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise StateError(
            f"the snapshot can't be read: {error.strerror}", where, "check the path and its permissions"
        ) from None
    except (ValueError, RecursionError) as error:
        raise StateError(f"the snapshot is cut short or is no JSON: {error}", where, todo) from None
    if not isinstance(document, dict) or "format" not in document:
        raise StateError("this is no snapshot: it has no format", where, todo)
    if document["format"] != FORMAT:
        raise StateError(
            f"the snapshot has format {document['format']!r}, and this version reads format {FORMAT}",
            where,
            todo,
        )
    missing = [key for key in REQUIRED if key not in document]
    if missing:
        raise StateError(f"the snapshot lacks {', '.join(missing)}", where, todo)
    if host is not None and document["host"] != host:
        raise StateError(f"the snapshot is of {document['host']!r}, not of {host!r}", where, "check the path")
    try:
        raw = [RawOutput.from_dict(output) for output in document["raw"]]
    except (TypeError, ValueError) as error:
        raise StateError(f"the snapshot's raw output is malformed: {error}", where, todo) from None
    return Snapshot(
        document["host"],
        document["platform"],
        document["gathered_at"],
        document["state"],
        raw,
        document.get("run_id"),
    )


def files_in(folder: str | Path) -> dict[str, Path]:
    """The snapshot files of a folder by host. Raises StateError if there are none."""
    try:
        paths = sorted(Path(folder).iterdir())
    except OSError as error:
        raise StateError(
            f"the snapshots can't be listed: {error.strerror}", str(folder), "check the path"
        ) from None
    found = {
        unquote(path.name[: -len(SUFFIX)]): path
        for path in paths
        if path.suffix == SUFFIX and not path.name.startswith(".")
    }
    if not found:
        raise StateError(
            "there are no snapshots here", str(folder), "gather the hosts with firewall_info and snapshot_dir"
        )
    return found


def files_named(value: Any, base: Path, option: str) -> dict[str, Path]:
    """The snapshot files by host: of a folder, or those of a list; relative ones below ``base``. Raises StateError."""
    if isinstance(value, str) and value.strip():
        return files_in(Path(base, expanded(value)))
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise StateError(
            "this must be a folder or a list of files", option, "name the folder of the snapshots"
        )
    found: dict[str, Path] = {}
    for item in value:
        path = Path(base, expanded(item))
        host = read(path).host
        if host in found:
            raise StateError(
                f"two snapshots are of host {host!r}", f"{found[host]} and {path}", "leave one of them out"
            )
        found[host] = path
    return found


def states(named: Sequence[str], resolve: Callable[[str], str]) -> dict[str, State]:
    """The states of snapshot folders and files by host; ``resolve`` makes a path absolute. Raises StateError."""
    found: dict[str, State] = {}
    for path in (resolve(name) for name in named):
        for file in files_in(path).values() if Path(path).is_dir() else [Path(path)]:
            snapshot = read(file)
            if snapshot.host in found:
                raise StateError(f"there are two snapshots of {snapshot.host}", str(file), "name one of them")
            found[snapshot.host] = State.from_dict(snapshot.state)
    return found
